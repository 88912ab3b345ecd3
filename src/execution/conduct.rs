//! One execution from its first event to its last: what is unknown is settled, then the runbook is walked, with contacts told and notes
//! taken beside it.

use super::acknowledging::Acknowledgement;
use super::answer_routes::DoorbellContext;
use super::approvers::Approvers;
use super::correspondence::Correspondence;
use super::doorbell::{Doorbell, OpenDoorbell};
use super::ear::Ear;
use super::folder::{ExecutionError, ExecutionOrder, OpenHistory, Participants, forget, forget_salt, salt, wall_clock};
use super::killed_drill::{KilledDrill, drill_of};
use super::roles::{fill, holder};
use super::sender::Sender;
use super::unchanged::{ResumePolicy, unchanged};
use super::values::Values;
use crate::history::{
    Event, ExecutionEnd, ExecutionFinished, ExecutionStarted, Live, Note, Remark, RemarkAbout, Resumed, RunbookDrilled, RunbookStarted,
    Stamped, StepFinished, StepUndone,
};
use crate::host::private;
use crate::journal::{Journal, JournalError, Recorder};
use crate::model::{Action, Repeat, StepEnd};
use crate::redact::Redactor;
use crate::run_folder::RunFile;
use crate::secret::{SecretContext, Unread};
use crate::step::{
    Attendance, Before, Board, Context, Directory, Keyring, Outbox, Question, WalkEnd, WalkStage, WalkState, client, put_aside, walk,
};
use std::collections::BTreeMap;
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
    drill: Option<KilledDrill>,
    hands: Participants,
    journal: Journal,
    ear: Ear,
    /// Which drills have walked the runbook before; told once, when it begins.
    drilled: Vec<RunbookDrilled>,
}

/// The outcome of one run of an execution, which may have been interrupted and resumed before.
#[derive(Debug)]
pub struct ExecutionOutcome {
    /// How it ended.
    pub end: ExecutionEnd,
    /// True where taking back is what was asked for.
    pub undo: bool,
    /// How many steps could not be taken back.
    pub left: usize,
    /// The step whose question too few answered, where that is why it stopped.
    pub unheard: Option<String>,
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
    pub fn begin(orders: ExecutionOrder, hands: Participants) -> Result<Self, ExecutionError> {
        let drilled = orders.drilled.clone();
        Ok(Self { drilled, ..Self::over(OpenHistory::begin(orders)?, false, None, hands)? })
    }

    /// Opens the history in a folder again, to go on where it was interrupted, or to take back what was done.
    ///
    /// # Errors
    /// Where there is none, another process has it, nothing is left to do, or the runbook says something else by now.
    pub fn resume(folder: &Path, undo: bool, walks: ResumePolicy, hands: Participants) -> Result<Self, ExecutionError> {
        if let Some(drill) = drill_of(folder) {
            return Self::take_back(&drill, walks, hands);
        }
        let history = OpenHistory::open(folder)?;
        let mut state = state_after(&history.started, &history.past);
        let over = |why, hint| Err(ExecutionError::Over { path: folder.to_owned(), why, hint });
        // One that was killed after its last step has no end yet, and no report.
        let finished = history.past.last().is_some_and(|last| matches!(last.event, Event::ExecutionFinished(_)));
        match state.stage().clone() {
            WalkStage::Ended(WalkEnd::Undone) if finished => over("what it did was undone", "start a new one without `--resume`"),
            WalkStage::Ended(WalkEnd::Done) if finished && !undo => {
                over("it has ended", "undo what it did with `--undo`, or start a new one")
            }
            _ if undo && nothing_to_undo(&mut state) => over("there is nothing to undo", "only steps with an `undo` can be undone"),
            _ => {
                unchanged(&history.started, walks, folder)?;
                Self::over(history, undo, None, hands)
            }
        }
    }

    /// Opens what a drill left behind that was killed, to take it back.
    ///
    /// # Errors
    /// Where it is no drill, still runs, or has nothing to take back.
    pub fn take_back(folder: &Path, walks: ResumePolicy, hands: Participants) -> Result<Self, ExecutionError> {
        let (drill, history) = KilledDrill::open(folder)?;
        if nothing_to_undo(&mut state_after(&history.started, &history.past)) {
            let _ = drill.settle();
            let (why, hint) = ("there is nothing to undo", "it was killed before it changed anything");
            return Err(ExecutionError::Over { path: folder.to_owned(), why, hint });
        }
        drill.unchanged(walks)?;
        Self::over(history, true, Some(drill), hands)
    }

    fn over(history: OpenHistory, undo: bool, drill: Option<KilledDrill>, hands: Participants) -> Result<Self, ExecutionError> {
        let (live, clock) = (history.live(), history.clock());
        let OpenHistory { folder, file, started, past } = history;
        let journal = Journal::durable(file, clock, live, salt(&folder)?)?;
        Ok(Self { folder, started, past, undo, drill, hands, journal, ear: Ear::default(), drilled: Vec::new() })
    }

    /// The same with a place for the environment's alerts, where something is still walked that may wait for one.
    ///
    /// # Errors
    /// Where a step waits for an alert, and nobody can listen for it: then there is no folder either.
    pub async fn listening(mut self) -> Result<Self, ExecutionError> {
        if !self.undo {
            self.ear = match Ear::of(&self.started.plan).await {
                Ok(ear) => ear,
                Err(error) => {
                    if self.past.is_empty() {
                        forget(&self.folder);
                    }
                    return Err(error);
                }
            };
        }
        Ok(self)
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
    pub async fn run(self) -> ExecutionOutcome {
        let recorder = self.journal.recorder();
        let Self { folder, started, past, undo, drill, hands, journal, ear, drilled } = self;
        let started = Arc::new(started);
        let Participants { supervisor, attendance, doorbell, notes, stop } = hands;
        let beginning = Beginning { folder: &folder, started: &started, past: &past, undo, drill: drill.as_ref(), recorder: &recorder };
        let (mut context, unread) = beginning.context(supervisor, attendance, journal.live()).await;
        let mut state = state_after(&started, &past);
        beginning.record(&mut state, unread, &context.redactor).await;
        for drill in drilled {
            recorder.record(Event::RunbookDrilled(drill)).await;
        }
        let receiver = ear.open(&recorder).await;
        // Where only the end is left to be written, or what was done is taken back, nobody is told of an outage that was.
        let over = undo || matches!(state.stage(), WalkStage::Ended(_));
        let (acknowledge, acknowledgements) = mpsc::channel(16);
        let listening = match doorbell {
            Some(doorbell) => answered_elsewhere(doorbell, (&started, &folder), &mut context, &recorder, acknowledge.clone()).await,
            None => None,
        };
        let sender = Sender { started: started.clone(), context: context.clone(), recorder: recorder.clone() };
        let (say, inside) = mpsc::channel(16);
        let mut correspondence = Correspondence::begin(sender, past.clone(), over, (say.clone(), inside), acknowledgements).await;
        let (leaving, over_with) = watch::channel(false);
        let notes = tokio::spawn(take_notes(notes, say, context.clone(), recorder.clone(), over_with));
        let role = if undo { None } else { fill(&started.plan.runbook, &past, &mut context, &recorder).await };
        let unanswered = match role {
            Some(role) => Some(format!("naming the {role}")),
            None => settle(&mut state, &context, &recorder).await,
        };
        if unanswered.is_none() {
            walk(&mut state, &context, &recorder, &stop).await;
        }
        let left = state.left();
        let unheard = state.unanswered().map(|step| step.name.clone());
        if let Some(drill) = drill.as_ref().filter(|_| left == 0) {
            forget_old_values(drill, &recorder).await;
        }
        if let Some(receiver) = receiver {
            receiver.stop().await;
        }
        // A message that is under way still comes into the history, and whatever is typed meanwhile.
        let end = end_of(state.stage());
        correspondence.end(end).await;
        leaving.send_replace(true);
        let _ = notes.await;
        correspondence.close().await;
        close(listening, &mut context, &folder).await;
        let _ = recorder.record_durably(Event::ExecutionFinished(ExecutionFinished { end })).await;
        drop((recorder, context));
        let drill = drill.map(|drill| drill.folder);
        let journal = journal.close().await;
        // One that failed or was stopped may go on.
        let over = journal.is_ok() && matches!(end, ExecutionEnd::Done | ExecutionEnd::Undone);
        let salted = Some(()).filter(|()| over).and_then(|()| forget_salt(&folder).err()).map(|error| error.to_string());
        ExecutionOutcome { end, undo, left, unheard, unanswered, journal, folder, drill, salted }
    }
}

/// The beginning of a run: what its steps need is put together, and what is known before the first of them is recorded.
struct Beginning<'a> {
    folder: &'a Path,
    started: &'a ExecutionStarted,
    past: &'a [Stamped],
    undo: bool,
    drill: Option<&'a KilledDrill>,
    recorder: &'a Recorder,
}

impl Beginning<'_> {
    /// What steps need, and which secrets nobody could read.
    async fn context(&self, supervisor: PathBuf, attendance: Attendance, live: watch::Receiver<Arc<Live>>) -> (Context, Vec<Unread>) {
        let (plan, root) = (&self.started.plan, PathBuf::from(&self.started.root));
        let mut values = Values::of(plan, &root, Redactor::new(self.recorder.salt())).await;
        for (role, declared) in &plan.runbook.roles {
            if let Some(holder) = holder(role, declared, self.past) {
                values.variables.set(format!("role.{role}"), holder);
            }
        }
        if let Some(drill) = self.drill {
            drill.recall(&mut values.variables);
        }
        // The lab's keys are gone with it.
        let of_the_lab = self.drill.is_some_and(KilledDrill::of_the_lab);
        let keyring = if of_the_lab { Keyring::default() } else { values.keyring(plan, &root, self.recorder.clone()) };
        keyring.recall(self.past).await;
        let context = Context {
            variables: values.variables,
            redactor: values.redactor,
            live,
            clock: self.recorder.clock(),
            attendance,
            board: None,
            interview: None,
            stand_in: None,
            directory: Directory { contacts: plan.contacts.clone(), mail: plan.mail.clone() }.into(),
            folder: root,
            http: client(),
            seed: self.started.seed,
            supervisor: Some(supervisor),
            before: Before::within(self.drill.map_or(self.folder, |drill| &drill.folder)),
            keyring,
            outbox: self.outbox(),
            stores: plan.stores.clone().into(),
            lacking: BTreeMap::new(),
        };
        (context, values.unread)
    }

    fn outbox(&self) -> Outbox {
        let ExecutionStarted { execution, seed, wall_clock, .. } = self.started;
        match self.drill {
            // What a drill did is taken back without a word to customers.
            Some(_) => Outbox::of_drill(execution, *seed),
            None => Outbox::of_execution(execution, *seed, wall_clock, self.recorder.clone()),
        }
    }

    /// Records that it begins or goes on, and what cannot be hidden in its output.
    async fn record(&self, state: &mut WalkState, unread: Vec<Unread>, redactor: &Redactor) {
        let first = if self.past.is_empty() {
            let origin = self.started.origin.clone().redacted(|text| redactor.redact(text));
            Event::ExecutionStarted(Box::new(ExecutionStarted { origin, ..self.started.clone() }))
        } else {
            Event::Resumed(Resumed { wall_clock: wall_clock(), undo: self.undo })
        };
        // What cannot be written is not begun: the walk's first event would fail the same way.
        let _ = self.recorder.record_durably(first.clone()).await;
        state.apply(&first);
        for Unread { whose, why, .. } in unread {
            let problem = redactor.redact(&why);
            let text = format!("{whose} cannot be read, so it cannot be recognized and hidden in output: {problem}");
            self.recorder.record(Event::Remark(Remark { about: RemarkAbout::Redaction, text })).await;
        }
        let began = self.past.iter().any(|stamped| matches!(stamped.event, Event::RunbookStarted(_)));
        if !began {
            let event = RunbookStarted { runbook: self.started.plan.runbook.name.clone(), because: "a person started it".into() };
            self.recorder.record(Event::RunbookStarted(event)).await;
        }
    }
}

/// Lets people answer from elsewhere from now on, and says in the folder where.
async fn answered_elsewhere(
    doorbell: Doorbell,
    (started, folder): (&Arc<ExecutionStarted>, &Path),
    context: &mut Context,
    recorder: &Recorder,
    acknowledge: mpsc::Sender<Acknowledgement>,
) -> Option<OpenDoorbell> {
    let site = SecretContext { stores: &started.plan.stores, root: Path::new(&started.root) };
    let (approvers, unread) = Approvers::of(&started.plan.contacts, site).await;
    for Unread { whose, why, .. } in unread {
        let text = format!("{whose} cannot be read, so it lets nobody in: {}", context.redactor.redact(&why));
        recorder.record(Event::Remark(Remark { about: RemarkAbout::Redaction, text })).await;
    }
    let board = Board::new(doorbell.base(), context.redactor.clone());
    let place = serde_json::json!({"url": doorbell.base(), "pid": std::process::id()});
    let (live, redactor) = (context.live.clone(), context.redactor.clone());
    let parts = DoorbellContext::new(board.clone(), started.clone(), live, recorder.clone(), redactor, (approvers.into(), acknowledge));
    let open = doorbell.open(parts).ok()?;
    // Who looks there and finds nothing asks at the terminal.
    let _ = private::write(&RunFile::Listening.within(folder), place.to_string().as_bytes());
    context.board = Some(board);
    Some(open)
}

async fn close(listening: Option<OpenDoorbell>, context: &mut Context, folder: &Path) {
    if let Some(open) = listening {
        open.stop().await;
        let _ = std::fs::remove_file(RunFile::Listening.within(folder));
    }
    context.board = None;
}

/// Everything is back, so the drill's old values go; that they could not is told in the history.
async fn forget_old_values(drill: &KilledDrill, recorder: &Recorder) {
    if let Err(error) = drill.settle() {
        let text = format!("everything was restored, but the saved old values in {} cannot be removed: {error}", drill.folder.display());
        let _ = recorder.record_durably(Event::Note(Note { text })).await;
    }
}

const fn end_of(stage: &WalkStage) -> ExecutionEnd {
    match stage {
        WalkStage::Ended(WalkEnd::Done) => ExecutionEnd::Done,
        WalkStage::Ended(WalkEnd::Failed) => ExecutionEnd::Failed,
        WalkStage::Ended(WalkEnd::Undone) => ExecutionEnd::Undone,
        WalkStage::Ended(WalkEnd::Stopped) | WalkStage::Steps(_) | WalkStage::Undo => ExecutionEnd::Stopped,
    }
}

fn nothing_to_undo(state: &mut WalkState) -> bool {
    state.apply(&Event::Resumed(Resumed { wall_clock: String::new(), undo: true }));
    state.next_undo().is_none()
}

/// Where the walk stands after what was recorded.
fn state_after(started: &ExecutionStarted, past: &[Stamped]) -> WalkState {
    let mut state = WalkState::new(started.plan.runbook.clone());
    past.iter().for_each(|stamped| state.apply(&stamped.event));
    state
}

/// A person's decision on a step that was begun and of which it is not known how it ended.
enum ResumeDecision {
    Repeat,
    Done,
    Stop,
}

/// Finds out what becomes of each step whose outcome is unknown. The name of the first that nobody could be asked about, or that a
/// person wants to leave so.
async fn settle(state: &mut WalkState, context: &Context, recorder: &Recorder) -> Option<String> {
    for place in state.unknown() {
        let step = state.runbook().steps[place].clone();
        if step.repeat == Repeat::Safe {
            continue;
        }
        let question =
            format!("Step {}, {}, was started, and it is not known how it ended. Repeat it, or is it done?", place + 1, step.name);
        match said(question, context).await {
            ResumeDecision::Repeat => {}
            ResumeDecision::Done => {
                let (end, output) = (StepEnd::Done, "a person said that it is done".to_owned());
                let finished = StepFinished { step: number(place), end, output, unsure: false, value: None };
                let finished = Event::StepFinished(finished);
                recorder.record_durably(finished.clone()).await.ok()?;
                state.apply(&finished);
            }
            ResumeDecision::Stop => return Some(step.name),
        }
    }
    if let Some(place) = state.undo_unknown() {
        let step = state.runbook().steps[place].clone();
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
            ResumeDecision::Repeat => {}
            ResumeDecision::Done => {
                let undone = StepUndone { step: number(place), end: StepEnd::Done, output: "a person said that it is done".into() };
                let undone = Event::StepUndone(undone);
                recorder.record_durably(undone.clone()).await.ok()?;
                state.apply(&undone);
            }
            ResumeDecision::Stop => return Some(format!("undoing {}", step.name)),
        }
    }
    None
}

async fn said(question: String, context: &Context) -> ResumeDecision {
    let question = Question::of_words(question, &["repeat", "done", "stop"]);
    if matches!(context.attendance, Attendance::Unattended) {
        return ResumeDecision::Stop;
    }
    match put_aside(question, context).await {
        Some(answer) if answer.word() == "repeat" => ResumeDecision::Repeat,
        Some(answer) if answer.word() == "done" => ResumeDecision::Done,
        _ => ResumeDecision::Stop,
    }
}

/// Records what is typed; once nothing more is waited for, what was typed until then.
async fn take_notes(
    mut notes: mpsc::Receiver<String>,
    acknowledge: mpsc::Sender<Acknowledgement>,
    context: Context,
    recorder: Recorder,
    mut left: watch::Receiver<bool>,
) {
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
        if let Some(acknowledgement) = Acknowledgement::typed(&text) {
            let _ = acknowledge.send(acknowledgement).await;
            continue;
        }
        let _ = recorder.record_durably(Event::Note(Note { text: context.presentable(&text) })).await;
    }
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
