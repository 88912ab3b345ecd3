//! What a drill left behind that was killed, as an execution which is only taken back.
//!
//! It lies in a folder `undo` within the drill's. Its history begins with what the drill's tells of the runbook's steps, and goes on with
//! what is taken back; the drill's own history is not touched, for it is evidence. Where taking back is interrupted, it goes on from there.

use super::folder::{ExecutionError, OpenHistory, cannot_make, wrong};
use super::unchanged::{ResumePolicy, unchanged_drill};
use crate::drill::lab_key;
use crate::history::{Event, ExecutionStarted, FORMAT, ReadError, Reader, Stamped, Started, StepStarted};
use crate::host::private;
use crate::model::{ExecutionPlan, KeySource};
use crate::run_folder::{HistoryInput, RunFile, RunFolderError, history_in, hold_history, is_running};
use crate::secret::left_in;
use crate::step::{Before, Changed, Notes, Variables};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// A drill whose process was killed before it took back what it did.
#[derive(Debug)]
pub(super) struct KilledDrill {
    pub(super) folder: PathBuf,
    notes: Notes,
    started: Started,
    /// Locked, so that nobody else takes the same back meanwhile.
    _history: File,
}

impl KilledDrill {
    /// The drill in a folder, and the history of what is taken back of it.
    pub(super) fn open(folder: &Path) -> Result<(Self, OpenHistory), ExecutionError> {
        let history = hold(folder)?;
        let path = history_in(folder);
        let (started, mut past) = steps(&path, &history)?;
        let notes = match Before::notes(folder) {
            Ok(Some(notes)) => notes,
            Ok(None) => {
                let (why, hint) = ("there is nothing to undo", "a drill that runs to its end undoes what it did by itself");
                return Err(ExecutionError::Over { path: folder.to_owned(), why, hint });
            }
            Err(source) => return Err(not_a_drill(folder, source)),
        };
        let begun = ExecutionStarted {
            format: FORMAT,
            lifeboat: env!("CARGO_PKG_VERSION").to_owned(),
            execution: format!("{}/{}", started.drill, RunFile::Undo.name()),
            seed: started.seed,
            wall_clock: started.wall_clock.clone(),
            origin: started.origin.clone(),
            root: notes.root.display().to_string(),
            plan: ExecutionPlan::of_drill(&started.plan),
        };
        past.insert(0, Stamped { t: 0, event: Event::ExecutionStarted(Box::new(begun)) });
        past.extend(switched(folder, &past));
        let undo = RunFile::Undo.within(folder);
        let inner = RunFile::History.within(&undo);
        if !inner.is_file() {
            write(&undo, &past).map_err(|source| cannot_make(&inner, source))?;
        }
        let book = OpenHistory::open(&undo)?;
        Ok((Self { folder: folder.to_owned(), notes, started, _history: history }, book))
    }

    /// An error where the runbook is not what the drill walked.
    pub(super) fn unchanged(&self, walks: ResumePolicy) -> Result<(), ExecutionError> {
        unchanged_drill(&self.started.plan, &self.notes.root, walks, &self.folder)
    }

    /// True where the lab took and made the drill's keys: they are gone with it.
    pub(super) fn of_the_lab(&self) -> bool {
        self.started.plan.environment.embedded
    }

    /// What variables stood for in the drill.
    pub(super) fn recall(&self, variables: &mut Variables) {
        for (name, value) in &self.notes.variables {
            variables.set(name.clone(), value.as_str());
        }
        if self.of_the_lab() && self.started.plan.environment.keys != KeySource::Stores {
            for name in self.started.plan.providers.keys() {
                variables.set(format!("credential.{name}"), lab_key(self.started.seed, name));
            }
            if !variables.has("service.key") {
                variables.set("service.key", lab_key(self.started.seed, "service"));
            }
        }
    }

    /// Everything is back: the old values and the notes go.
    pub(super) fn settle(&self) -> std::io::Result<()> {
        let before = Before::within(&self.folder);
        before.all().into_iter().try_for_each(|what| before.forget(&what))?;
        before.settle()
    }
}

/// The drill's folder, where this is the one in which it is taken back, and it is not yet: only there are its old values.
pub(super) fn drill_of(folder: &Path) -> Option<PathBuf> {
    let folder = folder.canonicalize().ok()?;
    let drill = folder.parent().filter(|drill| folder.ends_with(&*RunFile::Undo.name()) && Before::has_notes(drill))?;
    Some(drill.to_owned())
}

/// Folders of drills below one that were killed and left something to take back.
pub(super) fn left_over(drills: &Path) -> Vec<PathBuf> {
    let something = |folder: &PathBuf| Before::has_notes(folder) || !left_in(folder).is_empty();
    folders_below(drills).into_iter().filter(something).filter(|folder| !is_running(folder)).collect()
}

/// The folders of drills below one, in the order of their names: those that nobody but this user can have written into.
pub(super) fn folders_below(drills: &Path) -> Vec<PathBuf> {
    let below = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let own = |folder: &PathBuf| private::own_folder(folder).is_ok();
    // Trials of one scenario lie together in a folder of their own.
    // So do those of copies that were broken on purpose.
    let is_proofs = |folder: &Path| folder.file_name().is_some_and(|name| name == "proofs");
    let trials =
        |folder: &Path| if RunFile::Repeats.within(folder).exists() || is_proofs(folder) { below(folder).collect() } else { Vec::new() };
    let entries = below(drills).filter(own).flat_map(|folder| [trials(&folder), vec![folder]].concat());
    let mut folders: Vec<PathBuf> = entries.filter(own).collect();
    folders.sort();
    folders
}

/// The history of a drill that is not running, locked for as long as this is kept: nobody else takes the same back meanwhile.
///
/// # Errors
/// Where it is no drill of this user, others may have written there, or it still runs.
pub fn hold(folder: &Path) -> Result<File, ExecutionError> {
    hold_history(folder).map_err(|error| match error {
        RunFolderError::Locked { path } => ExecutionError::Running { path },
        RunFolderError::Io { source, .. } => not_a_drill(folder, source),
        other @ RunFolderError::Taken { .. } => other.into(),
    })
}

fn not_a_drill(folder: &Path, source: std::io::Error) -> ExecutionError {
    wrong(folder, source, "name the folder that `lifeboat run` made; it was printed at the start")
}

/// How the drill began, and what became of steps and keys.
fn steps(path: &Path, history: &File) -> Result<(Started, Vec<Stamped>), ExecutionError> {
    let mut reader = Reader::new(BufReader::new(HistoryInput::new(history)));
    let mut next = || reader.next_event().map_err(|source| ExecutionError::History { path: path.to_owned(), source });
    let first = next()?.ok_or_else(|| ExecutionError::History { path: path.to_owned(), source: ReadError::NoStart })?;
    let Event::Started(started) = first.event else { return Err(ExecutionError::NoDrill { path: path.to_owned() }) };
    let mut kept = Vec::new();
    while let Some(stamped) = next()? {
        let matters = matches!(
            stamped.event,
            Event::RunbookStarted(_)
                | Event::StepStarted(_)
                | Event::StepFinished(_)
                | Event::UndoStarted(_)
                | Event::StepUndone(_)
                | Event::KeyHeld(_)
                | Event::KeyMinted(_)
                | Event::KeyStored(_)
                | Event::KeyRevoked(_)
        );
        if matters {
            kept.push(stamped);
        }
    }
    Ok((*started, kept))
}

/// Steps of which an old value is kept and of whose beginning the history has not heard: where the machine itself went down, the value was
/// on the disk and the history was not.
fn switched(folder: &Path, past: &[Stamped]) -> Vec<Stamped> {
    let t = past.last().map_or(0, |last| last.t);
    let begun = |place: usize| past.iter().any(|stamped| matches!(&stamped.event, Event::StepStarted(step) if step.step as usize == place));
    let places = Before::within(folder).all().into_iter().filter(|what| matches!(what, Changed::Step(_))).map(|what| what.step());
    let unheard = places.filter(|place| !begun(*place)).filter_map(|place| u32::try_from(place).ok());
    unheard.map(|step| Stamped { t, event: Event::StepStarted(StepStarted { step, name: String::new(), attempt: 1 }) }).collect()
}

/// Begins the history of what is taken back, whole or not at all.
fn write(undo: &Path, past: &[Stamped]) -> std::io::Result<()> {
    private::folder(undo)?;
    let mut lines = Vec::new();
    for stamped in past {
        serde_json::to_writer(&mut lines, stamped)?;
        lines.push(b'\n');
    }
    private::write(&RunFile::History.within(undo), &lines)
}
