//! One execution from its first event to its last: what is unknown is settled, then the runbook is walked, with contacts told and notes
//! taken beside it.

use super::acknowledging::Acknowledgement;
use super::answer_routes::DoorbellContext;
use super::approvers::Approvers;
use super::correspondence::Correspondence;
use super::doorbell::{Doorbell, OpenDoorbell};
use super::ear::Ear;
use super::folder::{ExecutionError, ExecutionOrder, OpenHistory, Participants, forget, forget_salt, salt, wall_clock};
use super::hand_over::{Listening, me};
use super::killed_drill::{KilledDrill, drill_of};
use super::others::taken_from;
use super::roles::{fill, holder};
use super::sender::Sender;
use super::settle::{Settling, StepOrder, Unsettled, orders_fit};
use super::texts::keep_texts;
use super::unchanged::{ResumePolicy, change, plan_now};
use super::values::Values;
use crate::history::{
    Event, ExecutionEnd, ExecutionFinished, ExecutionStarted, Live, Mended, Note, Remark, RemarkAbout, Resumed, RunbookDrilled,
    RunbookStarted, Stamped, TakenOver,
};
use crate::host::{self, private};
use crate::journal::{Journal, JournalError, Recorder};
use crate::redact::Redactor;
use crate::run_folder::RunFile;
use crate::secret::{SecretContext, Unread};
use crate::step::{
    Attendance, Before, Board, Context, Directory, Keyring, Outbox, WalkEnd, WalkStage, WalkState, WalkStops, cannot_mend, client, walk,
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
    orders: ResumeOrder,
    /// What is recorded where it goes on with another runbook.
    mended: Option<Mended>,
    /// The drill that it takes back.
    drill: Option<KilledDrill>,
    hands: Participants,
    journal: Journal,
    ear: Ear,
    /// Which drills have walked the runbook before; told once, when it begins.
    drilled: Vec<RunbookDrilled>,
}

/// How an execution that was interrupted goes on.
#[derive(Debug, Clone, Default)]
pub struct ResumeOrder {
    /// By taking back what was done.
    pub undo: bool,
    /// With which runbook.
    pub walks: ResumePolicy,
    /// What becomes of steps that failed or whose end is unknown, where that is said beforehand.
    pub steps: Vec<StepOrder>,
    /// In the place of another process, which was asked to stop for it.
    pub takes_over: bool,
}

/// The outcome of one run of an execution, which may have been interrupted and resumed before.
#[derive(Debug)]
pub struct ExecutionOutcome {
    /// How it ended.
    pub end: ExecutionEnd,
    /// True where taking back is what was asked for.
    pub undo: bool,
    /// The steps that could not be taken back, in the order in which that would be tried again.
    pub left: Vec<String>,
    /// The steps that failed and whose own undo was left out.
    pub not_taken_back: Vec<String>,
    /// Who goes on with it in the place of this process.
    pub handed_over: Option<String>,
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
        Ok(Self { drilled, ..Self::over(OpenHistory::begin(orders)?, ResumeOrder::default(), None, None, hands)? })
    }

    /// Opens the history in a folder again, to go on where it was interrupted, or to take back what was done.
    ///
    /// # Errors
    /// Where there is none, another process has it, nothing is left to do, or the runbook says something else by now.
    pub fn resume(folder: &Path, orders: ResumeOrder, hands: Participants) -> Result<Self, ExecutionError> {
        if let Some(drill) = drill_of(folder) {
            return Self::take_back(&drill, orders.walks, hands);
        }
        let mut history = OpenHistory::open(folder)?;
        let mut state = state_after(&history.started, &history.past);
        let over = |why, hint| Err(ExecutionError::Over { path: folder.to_owned(), why, hint });
        // One that was killed after its last step has no end yet, and no report.
        let finished = history.past.last().is_some_and(|last| matches!(last.event, Event::ExecutionFinished(_)));
        match state.stage().clone() {
            WalkStage::Ended(WalkEnd::Undone) if finished => return over("what it did was undone", "start a new one without `--resume`"),
            WalkStage::Ended(WalkEnd::PartlyUndone) if finished && !orders.undo => {
                return over("not everything that it did could be undone", "undo the rest with `--undo`");
            }
            WalkStage::Ended(WalkEnd::Done) if finished && !orders.undo => {
                return over("it has ended", "undo what it did with `--undo`, or start a new one");
            }
            // One that was killed after its last undo has only its end to write.
            WalkStage::Ended(WalkEnd::Undone) => {}
            _ if orders.undo && nothing_to_undo(&mut state.clone()) => {
                return over("there is nothing to undo", "only steps with an `undo` can be undone");
            }
            _ => {}
        }
        state.apply(&Event::Resumed(Resumed { wall_clock: String::new(), undo: orders.undo }));
        let mended = mended(&mut history, &state, orders.walks, folder)?;
        if let Some(mended) = &mended {
            state.apply(&Event::Mended(Box::new(mended.clone())));
        }
        orders_fit(&orders.steps, &state)?;
        Self::over(history, orders, mended, None, hands)
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
        Self::over(history, ResumeOrder { undo: true, ..ResumeOrder::default() }, None, Some(drill), hands)
    }

    fn over(
        history: OpenHistory,
        orders: ResumeOrder,
        mended: Option<Mended>,
        drill: Option<KilledDrill>,
        hands: Participants,
    ) -> Result<Self, ExecutionError> {
        let (live, clock) = (history.live(), history.clock());
        let OpenHistory { folder, file, started, past } = history;
        let journal = Journal::durable(file, clock, live, salt(&folder)?)?;
        Ok(Self { folder, started, past, orders, mended, drill, hands, journal, ear: Ear::default(), drilled: Vec::new() })
    }

    /// The same with a place for the environment's alerts, where something is still walked that may wait for one.
    ///
    /// # Errors
    /// Where a step waits for an alert, and nobody can listen for it: then there is no folder either.
    pub async fn listening(mut self) -> Result<Self, ExecutionError> {
        if !self.orders.undo {
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
        let Self { folder, started, past, orders, mended, drill, hands, journal, ear, drilled } = self;
        let started = Arc::new(started);
        let Participants { supervisor, attendance, doorbell, notes, stop } = hands;
        let undo = orders.undo;
        let beginning =
            Beginning { folder: &folder, started: &started, past: &past, orders: &orders, drill: drill.as_ref(), recorder: &recorder };
        let (mut context, unread) = beginning.context(supervisor, attendance, journal.live()).await;
        let mut state = state_after(&started, &past);
        beginning.record(&mut state, mended, unread, &context.redactor).await;
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
        let hands = Hands::of(&folder, &recorder, stop);
        let role = if undo { None } else { fill(&started.plan.runbook, &past, &mut context, &recorder).await };
        let unanswered = match role {
            Some(role) => Some(format!("naming the {role}")),
            None => hands.go_on(&mut state, &context, &recorder, &orders.steps).await,
        };
        let handed_over = hands.away().await;
        let unheard = state.unanswered().map(|step| step.name.clone());
        if let Some(drill) = drill.as_ref().filter(|_| state.left().is_empty()) {
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
        // One that failed or was stopped may go on, and what is left may be tried again.
        let over = journal.is_ok() && matches!(end, ExecutionEnd::Done | ExecutionEnd::Undone);
        let salted = Some(()).filter(|()| over).and_then(|()| forget_salt(&folder).err()).map(|error| error.to_string());
        let named = |places: &[usize]| places.iter().rev().map(|place| state.runbook().steps[*place].name.clone()).collect();
        let (left, not_taken_back) = (named(state.left()), named(&state.not_taken_back()));
        ExecutionOutcome { end, undo, left, not_taken_back, handed_over, unheard, unanswered, journal, folder, drill, salted }
    }
}

/// The walk in the hands of a person here, until somebody takes it out of them.
struct Hands {
    stops: WalkStops,
    by: watch::Receiver<Option<String>>,
    listening: tokio::task::JoinHandle<()>,
}

impl Hands {
    fn of(folder: &Path, recorder: &Recorder, stop: watch::Receiver<bool>) -> Self {
        let ((at_once, stops_now), (after_step, stops_later)) = (watch::channel(*stop.borrow()), watch::channel(false));
        let (by, taken) = watch::channel(None);
        let (folder, recorder) = (folder.to_owned(), recorder.clone());
        let listening = tokio::spawn(Listening { folder, recorder, stop, at_once, after_step, by }.listen());
        Self { stops: WalkStops { at_once: stops_now, after_step: stops_later }, by: taken, listening }
    }

    /// Walks once everything is settled. The step that nobody could be asked about, where that is why nothing more is done.
    async fn go_on(&self, state: &mut WalkState, context: &Context, recorder: &Recorder, orders: &[StepOrder]) -> Option<String> {
        let (stop, mut after_step) = (self.stops.at_once.clone(), self.stops.after_step.clone());
        let mut settling = Settling { context, recorder, orders, stop };
        let settled = tokio::select! {
            settled = settling.settle(state) => settled,
            _ = after_step.wait_for(|stop| *stop) => Err(Unsettled::Stopped),
        };
        match settled {
            Ok(()) => {
                walk(state, context, recorder, &self.stops).await;
                None
            }
            Err(Unsettled::Stopped) => None,
            Err(Unsettled::Unanswered(step)) => Some(step),
        }
    }

    /// To whom it was handed over. From here on nobody can ask for it.
    async fn away(self) -> Option<String> {
        self.listening.abort();
        // What it holds of the journal must be gone before that is closed.
        let _ = self.listening.await;
        self.by.borrow().clone()
    }
}

/// What is to be recorded where it goes on with the runbook as it is now; the history has that plan then.
fn mended(history: &mut OpenHistory, state: &WalkState, walks: ResumePolicy, folder: &Path) -> Result<Option<Mended>, ExecutionError> {
    if walks == ResumePolicy::Recorded {
        return Ok(None);
    }
    let Some(change) = change(&history.started, folder) else { return Ok(None) };
    if walks == ResumePolicy::Unchanged {
        return Err(ExecutionError::Changed { change, path: RunFile::History.within(folder), mendable: true });
    }
    let plan = plan_now(&history.started).map_err(|why| ExecutionError::CannotMend { why })?;
    if let Some(why) = cannot_mend(state, &plan.runbook) {
        return Err(ExecutionError::CannotMend { why });
    }
    keep_texts(&plan.sources, Path::new(&history.started.root), folder).map_err(|source| ExecutionError::Folder {
        path: folder.to_owned(),
        source,
        hint: "make room on the disk",
    })?;
    history.started.plan = plan.clone();
    Ok(Some(Mended { plan, difference: change.difference, by: host::user() }))
}

/// The beginning of a run: what its steps need is put together, and what is known before the first of them is recorded.
struct Beginning<'a> {
    folder: &'a Path,
    started: &'a ExecutionStarted,
    past: &'a [Stamped],
    orders: &'a ResumeOrder,
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
    async fn record(&self, state: &mut WalkState, mended: Option<Mended>, unread: Vec<Unread>, redactor: &Redactor) {
        let first = if self.past.is_empty() {
            let origin = self.started.origin.clone().redacted(|text| redactor.redact(text));
            Event::ExecutionStarted(Box::new(ExecutionStarted { origin, ..self.started.clone() }))
        } else {
            Event::Resumed(Resumed { wall_clock: wall_clock(), undo: self.orders.undo })
        };
        // What cannot be written is not begun: the walk's first event would fail the same way.
        let _ = self.recorder.record_durably(first.clone()).await;
        state.apply(&first);
        if self.orders.takes_over {
            let taken = TakenOver { by: me(), from: taken_from(self.started, self.past) };
            let _ = self.recorder.record_durably(Event::TakenOver(taken)).await;
        }
        if let Some(mended) = mended {
            let difference = redactor.redact(&mended.difference);
            let mended = Event::Mended(Box::new(Mended { difference, ..mended }));
            let _ = self.recorder.record_durably(mended.clone()).await;
            state.apply(&mended);
        }
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
        WalkStage::Ended(WalkEnd::PartlyUndone) => ExecutionEnd::PartlyUndone,
        WalkStage::Ended(WalkEnd::Stopped) | WalkStage::Steps(_) | WalkStage::Undo => ExecutionEnd::Stopped,
    }
}

fn nothing_to_undo(state: &mut WalkState) -> bool {
    state.apply(&Event::Resumed(Resumed { wall_clock: String::new(), undo: true }));
    state.next_undo().is_none()
}

/// Where the walk stands after what was recorded.
fn state_after(started: &ExecutionStarted, past: &[Stamped]) -> WalkState {
    // It began with its first plan, whatever is in force by now.
    let first = match past.first().map(|first| &first.event) {
        Some(Event::ExecutionStarted(first)) => &first.plan,
        _ => &started.plan,
    };
    let mut state = WalkState::new(first.runbook.clone());
    past.iter().for_each(|stamped| state.apply(&stamped.event));
    state
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
