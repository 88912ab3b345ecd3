//! One execution from its first event to its last: what is unknown is settled, then the runbook is walked, with contacts told and notes
//! taken beside it.

use super::contacts::tell;
use super::drilled::{Drilled, drill_of};
use super::folder::{Book, ExecutionError, Hands, Orders, forget_salt, salt, wall_clock};
use super::unchanged::{Walks, unchanged};
use super::values::Values;
use crate::history::{
    Event, ExecutionEnd, ExecutionFinished, ExecutionStarted, Live, Note, Remark, RemarkAbout, Resumed, RunbookStarted, Stamped,
    StepFinished, StepUndone,
};
use crate::journal::{Journal, JournalError, Recorder};
use crate::model::{Action, Repeat, StepEnd};
use crate::redact::Redactor;
use crate::secret::Unread;
use crate::step::{Attendance, Before, Context, Course, Directory, Keyring, Over, Turn, client, walk};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// A runbook that is about to be walked, or to go on.
#[derive(Debug)]
pub struct Execution {
    folder: PathBuf,
    started: ExecutionStarted,
    past: Vec<Stamped>,
    undo: bool,
    /// The drill that it takes back.
    drill: Option<Drilled>,
    hands: Hands,
    journal: Journal,
}

/// How an execution ended, this time.
#[derive(Debug)]
pub struct Finish {
    /// How.
    pub end: ExecutionEnd,
    /// True where taking back is what was asked for.
    pub undo: bool,
    /// How many steps could not be taken back.
    pub left: usize,
    /// The step that nobody could be asked about, where that is why it stopped.
    pub unanswered: Option<String>,
    /// Whether the history is whole on disk.
    pub journal: Result<(), JournalError>,
    /// Where everything is.
    pub folder: PathBuf,
    /// The folder of the drill that was taken back.
    pub drill: Option<PathBuf>,
    /// Why the file by which keys are named in the history is still there, where it should not be.
    pub salted: Option<String>,
}

impl Execution {
    /// Makes the folder and opens the history in it.
    ///
    /// # Errors
    /// Where the folder cannot be made or holds something already.
    pub fn begin(orders: Orders, hands: Hands) -> Result<Self, ExecutionError> {
        Self::over(Book::begin(orders)?, false, None, hands)
    }

    /// Opens the history in a folder again, to go on where it was interrupted, or to take back what was done.
    ///
    /// # Errors
    /// Where there is none, another process has it, nothing is left to do, or the runbook says something else by now.
    pub fn resume(folder: &Path, undo: bool, walks: Walks, hands: Hands) -> Result<Self, ExecutionError> {
        if let Some(drill) = drill_of(folder) {
            return Self::take_back(&drill, walks, hands);
        }
        let book = Book::open(folder)?;
        let mut course = course(&book.started, &book.past);
        let over = |why, hint| Err(ExecutionError::Over { path: folder.to_owned(), why, hint });
        // One that was killed after its last step has no end yet, and no report.
        let finished = book.past.last().is_some_and(|last| matches!(last.event, Event::ExecutionFinished(_)));
        match course.turn().clone() {
            Turn::Over(Over::Undone) if finished => over("what it did was undone", "start a new one without `--resume`"),
            Turn::Over(Over::Done) if finished && !undo => over("it has ended", "undo what it did with `--undo`, or start a new one"),
            _ if undo && nothing_to_undo(&mut course) => over("there is nothing to undo", "only steps with an `undo` can be undone"),
            _ => {
                unchanged(&book.started, walks, folder)?;
                Self::over(book, undo, None, hands)
            }
        }
    }

    /// Opens what a drill left behind that was killed, to take it back.
    ///
    /// # Errors
    /// Where it is no drill, still runs, or has nothing to take back.
    pub fn take_back(folder: &Path, walks: Walks, hands: Hands) -> Result<Self, ExecutionError> {
        let (drill, book) = Drilled::open(folder)?;
        if nothing_to_undo(&mut course(&book.started, &book.past)) {
            let _ = drill.settle();
            let (why, hint) = ("there is nothing to undo", "it was killed before it changed anything");
            return Err(ExecutionError::Over { path: folder.to_owned(), why, hint });
        }
        drill.unchanged(walks)?;
        Self::over(book, true, Some(drill), hands)
    }

    fn over(book: Book, undo: bool, drill: Option<Drilled>, hands: Hands) -> Result<Self, ExecutionError> {
        let (live, clock) = (book.live(), book.clock());
        let Book { folder, file, started, past } = book;
        let journal = Journal::durable(file, clock, live, salt(&folder)?)?;
        Ok(Self { folder, started, past, undo, drill, hands, journal })
    }

    /// What is known of it while it runs.
    pub fn live(&self) -> watch::Receiver<Arc<Live>> {
        self.journal.live()
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of the drill that it takes back.
    pub fn drill(&self) -> Option<&Path> {
        self.drill.as_ref().map(|drill| &*drill.folder)
    }

    /// What it walks, and for whom.
    pub const fn started(&self) -> &ExecutionStarted {
        &self.started
    }

    /// Walks to the end, or to where it is stopped.
    pub async fn run(self) -> Finish {
        let recorder = self.journal.recorder();
        let Self { folder, started, past, undo, drill, hands, journal } = self;
        let started = Arc::new(started);
        let mut values = Values::of(&started.plan, Path::new(&started.root), Redactor::new(recorder.salt())).await;
        let root = PathBuf::from(&started.root);
        if let Some(drill) = &drill {
            drill.recall(&mut values.variables);
        }
        // The lab's keys are gone with it.
        let of_the_lab = drill.as_ref().is_some_and(Drilled::of_the_lab);
        let keyring = if of_the_lab { Keyring::default() } else { values.keyring(&started.plan, &root, recorder.clone()) };
        keyring.recall(&past).await;
        let unread = values.unread;
        let context = Context {
            variables: values.variables,
            redactor: values.redactor,
            live: journal.live(),
            clock: recorder.clock(),
            attendance: hands.attendance,
            stand_in: None,
            directory: Directory { contacts: started.plan.contacts.clone(), mail: started.plan.mail.clone() }.into(),
            folder: root,
            http: client(),
            seed: started.seed,
            keeper: Some(hands.keeper),
            before: Before::within(drill.as_ref().map_or(&folder, |drill| &drill.folder)),
            keyring,
            stores: started.plan.stores.clone().into(),
        };
        let mut course = course(&started, &past);
        let first = if past.is_empty() {
            Event::ExecutionStarted(Box::new(started.as_ref().clone()))
        } else {
            Event::Resumed(Resumed { wall_clock: wall_clock(), undo })
        };
        // What cannot be written is not begun: the walk's first event would fail the same way.
        let _ = recorder.record_durably(first.clone()).await;
        course.apply(&first);
        for Unread { whose, why } in unread {
            let problem = context.redactor.redact(why.split("\n\n").next().unwrap_or_default());
            let text = format!("{whose} cannot be read, so it cannot be recognized and hidden in output: {problem}");
            recorder.record(Event::Remark(Remark { about: RemarkAbout::Redaction, text })).await;
        }
        let began = past.iter().any(|stamped| matches!(stamped.event, Event::RunbookStarted(_)));
        if !began {
            let event = RunbookStarted { runbook: started.plan.runbook.name.clone(), because: "a person started it".into() };
            recorder.record(Event::RunbookStarted(event)).await;
        }
        // Where only the end is left to be written, or what was done is taken back, nobody is told of an outage that was.
        let (ending, over) = watch::channel(undo || matches!(course.turn(), Turn::Over(_)));
        let mut telling = tell(&started, &past, &context, &recorder, &over);
        let (leaving, over_with) = watch::channel(false);
        let notes = tokio::spawn(take_notes(hands.notes, context.clone(), recorder.clone(), over_with));
        let unanswered = settle(&mut course, &context, &recorder).await;
        if unanswered.is_none() {
            walk(&mut course, &context, &recorder, &hands.stop).await;
        }
        let left = course.left();
        if left == 0
            && let Some(drill) = &drill
            && let Err(error) = drill.settle()
        {
            let text =
                format!("everything was restored, but the saved old values in {} cannot be removed: {error}", drill.folder.display());
            let _ = recorder.record_durably(Event::Note(Note { text })).await;
        }
        // A message that is under way still comes into the history, and whatever is typed meanwhile.
        ending.send_replace(true);
        while telling.join_next().await.is_some() {}
        leaving.send_replace(true);
        let _ = notes.await;
        let end = match course.turn() {
            Turn::Over(Over::Done) => ExecutionEnd::Done,
            Turn::Over(Over::Failed) => ExecutionEnd::Failed,
            Turn::Over(Over::Undone) => ExecutionEnd::Undone,
            Turn::Over(Over::Stopped) | Turn::Steps(_) | Turn::Undo => ExecutionEnd::Stopped,
        };
        let _ = recorder.record_durably(Event::ExecutionFinished(ExecutionFinished { end })).await;
        drop((recorder, context));
        let drill = drill.map(|drill| drill.folder);
        let journal = journal.close().await;
        // One that failed or was stopped may go on.
        let over = journal.is_ok() && matches!(end, ExecutionEnd::Done | ExecutionEnd::Undone);
        let salted = Some(()).filter(|()| over).and_then(|()| forget_salt(&folder).err()).map(|error| error.to_string());
        Finish { end, undo, left, unanswered, journal, folder, drill, salted }
    }
}

fn nothing_to_undo(course: &mut Course) -> bool {
    course.apply(&Event::Resumed(Resumed { wall_clock: String::new(), undo: true }));
    course.next_undo().is_none()
}

/// Where the walk stands after what was recorded.
fn course(started: &ExecutionStarted, past: &[Stamped]) -> Course {
    let mut course = Course::new(started.plan.runbook.clone());
    past.iter().for_each(|stamped| course.apply(&stamped.event));
    course
}

/// What a person says of a step that was begun and of which it is not known how it ended.
enum Said {
    Repeat,
    Done,
    Stop,
}

/// Finds out what becomes of each step whose outcome is unknown. The name of the first that nobody could be asked about, or that a
/// person wants to leave so.
async fn settle(course: &mut Course, context: &Context, recorder: &Recorder) -> Option<String> {
    for place in course.unknown() {
        let step = course.runbook().steps[place].clone();
        if step.repeat == Repeat::Safe {
            continue;
        }
        let question =
            format!("Step {}, {}, was started, and it is not known how it ended. Repeat it, or is it done?", place + 1, step.name);
        match said(question, context).await {
            Said::Repeat => {}
            Said::Done => {
                let (end, output) = (StepEnd::Done, "a person said that it is done".to_owned());
                let finished = StepFinished { step: number(place), end, output, unsure: false, value: None };
                let finished = Event::StepFinished(finished);
                recorder.record_durably(finished.clone()).await.ok()?;
                course.apply(&finished);
            }
            Said::Stop => return Some(step.name),
        }
    }
    if let Some(place) = course.undo_unknown() {
        let step = course.runbook().steps[place].clone();
        if matches!(step.undo, Some(Action::SwitchBack(_))) {
            // It looks before it writes, so it may be done twice.
            return None;
        }
        let question = format!(
            "Undoing step {}, {}, was started, and it is not known how that ended. Repeat it, or is it done?",
            place + 1,
            step.name
        );
        match said(question, context).await {
            Said::Repeat => {}
            Said::Done => {
                let undone = StepUndone { step: number(place), end: StepEnd::Done, output: "a person said that it is done".into() };
                let undone = Event::StepUndone(undone);
                recorder.record_durably(undone.clone()).await.ok()?;
                course.apply(&undone);
            }
            Said::Stop => return Some(format!("undoing {}", step.name)),
        }
    }
    None
}

async fn said(question: String, context: &Context) -> Said {
    let answers = ["repeat", "done", "stop"].map(str::to_owned).to_vec();
    if matches!(context.attendance, Attendance::Unattended) {
        return Said::Stop;
    }
    match context.attendance.put(question, answers, Vec::new()).await {
        Some(answer) if answer.word == "repeat" => Said::Repeat,
        Some(answer) if answer.word == "done" => Said::Done,
        _ => Said::Stop,
    }
}

/// Records what is typed; once nothing more is waited for, what was typed until then.
async fn take_notes(mut notes: mpsc::Receiver<String>, context: Context, recorder: Recorder, mut left: watch::Receiver<bool>) {
    let left = async {
        let _ = left.wait_for(|left| *left).await;
    };
    tokio::pin!(left);
    let mut open = true;
    loop {
        let typed = tokio::select! {
            biased;
            typed = notes.recv() => typed,
            () = &mut left, if open => {
                notes.close();
                open = false;
                continue;
            }
        };
        let Some(text) = typed else { return };
        let _ = recorder.record_durably(Event::Note(Note { text: context.presentable(&text) })).await;
    }
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
