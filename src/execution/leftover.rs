//! What drills have left that were killed: found at the next start, by the register of those that run and by what lies in their folders.
//!
//! ```text
//!  standing   faults and proxies at a standing proxy: healed (`Leftover::heal`)
//!  undo       what a runbook did, and keys in stores: `lifeboat run --undo DIR`, for it does things in somebody's name
//!  history    read, so that whoever is told knows whether it can be judged
//! ```
//!
//! What this file does not do: ask whether anything is to be done, or take a lock: whoever heals sees to it that no other drill runs there.

use super::killed_drill::{folders_below, left_over};
use super::left_process::{LeftProcess, left_processes};
use crate::control::{Control, ControlError, is_here};
use crate::drill::StandingNote;
use crate::history::{Event, Reader};
use crate::host::private;
use crate::permission::{RegisterEntry, registered};
use crate::run_folder::{HistoryInput, RunFile, history_in, is_running};
use crate::secret::{self, left_in};
use crate::step::Before;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// What a drill that was killed has left.
#[derive(Debug)]
pub struct Leftover {
    /// Its folder.
    pub folder: PathBuf,
    /// What was noted of it while it ran, and where; `None` where another user or host ran it, or it began long ago.
    pub entry: Option<(PathBuf, RegisterEntry)>,
    /// What it has at a standing proxy.
    pub standing: Option<StandingNote>,
    /// Why the note of that cannot be read, where there is one.
    pub unread: Option<String>,
    /// True where something that its runbook did, or a key in a store, is to be taken back.
    pub undo: bool,
    /// Processes of the system that it started, which still run.
    pub processes: Vec<LeftProcess>,
    /// What can be read of its history.
    pub history: LeftHistory,
}

/// What can be read of a history that nobody writes any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftHistory {
    /// It was killed before it had one.
    None,
    /// All of it, and it ends as a drill does.
    Whole(u64),
    /// All of it, up to the kill.
    Cut(u64),
    /// Not all of it.
    Broken(String),
}

/// What is left below these folders of drills, and what drills of these projects left wherever their folders are; the oldest first.
pub fn leftovers(drills: &[PathBuf], roots: &[PathBuf]) -> Vec<Leftover> {
    let whole = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let (drills, roots): (Vec<PathBuf>, Vec<PathBuf>) = (drills.iter().map(whole).collect(), roots.iter().map(whole).collect());
    let is_ours = |entry: &RegisterEntry| roots.contains(&entry.root) || drills.iter().any(|drills| entry.folder.parent() == Some(drills));
    let dead = registered().into_iter().filter(|(_, entry)| is_ours(entry) && !entry.runs());
    let mut found: Vec<Leftover> = Vec::new();
    for (note, entry) in dead {
        if private::own_folder(&entry.folder).is_err() {
            // Somebody took the folder away, or it is not ours to believe: there is nothing to be done in it.
            let _ = std::fs::remove_file(note);
            continue;
        }
        if !is_running(&entry.folder) {
            found.push(Leftover::of(entry.folder.clone(), Some((note, entry))));
        }
    }
    for folder in drills.iter().flat_map(|drills| [left_over(drills), standing_in(drills)].concat()) {
        if !found.iter().any(|left| left.folder == folder) {
            found.push(Leftover::of(folder, None));
        }
    }
    found
}

/// Folders below one that hold the note of a standing proxy, and of which no drill runs.
fn standing_in(drills: &Path) -> Vec<PathBuf> {
    let noted = |folder: &PathBuf| RunFile::Standing.within(folder).exists() && !is_running(folder);
    folders_below(drills).into_iter().filter(noted).collect()
}

impl Leftover {
    fn of(folder: PathBuf, entry: Option<(PathBuf, RegisterEntry)>) -> Self {
        let (standing, unread) = match StandingNote::of(&folder) {
            Ok(standing) => (standing, None),
            Err(error) => (None, Some(error.to_string())),
        };
        let undo = Before::has_notes(&folder) || !left_in(&folder).is_empty();
        let history = LeftHistory::of(&folder);
        let processes = left_processes(&folder);
        Self { folder, entry, standing, unread, undo, processes, history }
    }

    /// True where nothing is to be done.
    pub const fn is_harmless(&self) -> bool {
        self.standing.is_none() && self.unread.is_none() && !self.undo && self.processes.is_empty()
    }

    /// Takes away what it has left at the standing proxy; what was done, in words. Nobody else's drill may run there meanwhile.
    ///
    /// # Errors
    /// Where the server does not do it, or cannot be asked.
    pub async fn heal(&self) -> Result<Vec<String>, ControlError> {
        let Some(note) = &self.standing else { return Ok(Vec::new()) };
        let token = note.token_from.as_deref().and_then(secret::variable);
        let control = Control::connect_with(&note.control, token.as_ref().map(|token| token.expose().trim())).await;
        let done = match control {
            Ok(control) => note.heal(&control).await?,
            // A server on this host that is gone has taken its faults with it.
            Err(error) if error.is_of_nobody() && is_here(&note.control) => {
                vec![format!("nobody listens at {} any more: its faults ended with it", note.control)]
            }
            Err(error) => return Err(error),
        };
        let _ = StandingNote::forget(&self.folder);
        Ok(done)
    }

    /// Forgets that it ran, once nothing of it is left to be told.
    pub fn forget(&self) {
        if let Some((note, _)) = &self.entry {
            let _ = std::fs::remove_file(note);
        }
    }
}

impl LeftHistory {
    /// Of the history in a folder.
    pub fn of(folder: &Path) -> Self {
        let path = history_in(folder);
        if path.metadata().map_or(true, |about| !about.is_file()) {
            return Self::None;
        }
        let Ok(file) = File::open(&path) else { return Self::Broken("it cannot be opened".to_owned()) };
        let (mut reader, mut count, mut is_over) = (Reader::new(BufReader::new(HistoryInput::new(file))), 0, false);
        loop {
            match reader.next_event() {
                Ok(Some(stamped)) => {
                    count += 1;
                    is_over |= matches!(stamped.event, Event::Finished(_));
                }
                Ok(None) if count == 0 => return Self::None,
                Ok(None) => return if is_over { Self::Whole(count) } else { Self::Cut(count) },
                Err(error) => return Self::Broken(error.to_string()),
            }
        }
    }

    /// In words.
    pub fn told(&self) -> String {
        match self {
            Self::None => "it had no history yet".to_owned(),
            Self::Whole(events) => format!("its history is whole ({events} events); its report is not: `lifeboat report` writes it again"),
            Self::Cut(events) => format!("its history can be read up to the kill ({events} events)"),
            Self::Broken(why) => format!("its history cannot be read to its end: {why}"),
        }
    }
}
