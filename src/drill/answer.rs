//! The team's answer: the runbook, from what starts it to its undoing. What another process must know to take it back, where this one is
//! killed, is written down before the first step.

use super::DrillStop;
use crate::history::{Event, ReactionModelled, Remark, RemarkAbout, RunbookStarted};
use crate::journal::Recorder;
use crate::model::{DrillPlan, Runbook, StartMode};
use crate::step::{Attendance, Context, Notes, OpenAlert, Question, WalkState, WalkStops, detected, undo, walk};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The team's runbook, walked beside the drill, and the two words that are passed to it: the outage is over, the drill ends.
#[derive(Default)]
pub(super) struct RunbookTask {
    answer: Option<JoinHandle<Result<(), DrillStop>>>,
    pub(super) over: watch::Sender<bool>,
    stop: watch::Sender<bool>,
}

impl RunbookTask {
    pub(super) fn call(&mut self, plan: &DrillPlan, context: Context, recorder: &Recorder) {
        if let Some(runbook) = plan.runbook.clone() {
            let answering = answer(runbook, context, recorder.clone(), self.over.subscribe(), self.stop.subscribe());
            self.answer = Some(tokio::spawn(answering));
        }
    }

    /// Stops the runbook and waits until what it did is taken back.
    pub(super) async fn dismiss(&mut self) -> Result<(), DrillStop> {
        self.stop.send_replace(true);
        match self.answer.take() {
            Some(answer) => answer.await.unwrap_or(Ok(())),
            None => Ok(()),
        }
    }
}

/// Waits for what starts the runbook and for as long as people would take who are not there, walks it, waits until the faults are healed (the outage is over), and takes back what its steps did, so
/// that the environment is left as it was found and the way back is measured too. `over` becomes true when the faults are healed,
/// `stop` when the drill ends.
async fn answer(
    runbook: Runbook,
    context: Context,
    recorder: Recorder,
    mut over: watch::Receiver<bool>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), DrillStop> {
    let because = tokio::select! {
        because = begin(&runbook, &context) => because,
        _ = over.wait_for(|over| *over) => None,
        _ = stop.wait_for(|stop| *stop) => None,
    };
    let Some(because) = because else { return Ok(()) };
    note(&runbook, &context)?;
    recorder.record(Event::RunbookStarted(RunbookStarted { runbook: runbook.name.clone(), because })).await;
    if let Some(reaction) = context.stand_in.and_then(|stand_in| stand_in.reaction) {
        let length = reaction.drawn(context.seed.derive("reaction to the outage"));
        recorder.record(Event::ReactionModelled(ReactionModelled { step: None, length: length.as_nanos() })).await;
        tokio::select! {
            () = tokio::time::sleep(length.std()) => {}
            _ = stop.wait_for(|stop| *stop) => return settled(0, &context),
        }
    }
    let mut state = WalkState::new(runbook);
    let stops = WalkStops { at_once: stop.clone(), after_step: watch::channel(false).1 };
    walk(&mut state, &context, &recorder, &stops).await;
    tokio::select! {
        _ = over.wait_for(|over| *over) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
    undo(&mut state, &context, &recorder).await;
    close_alerts(&context, &recorder).await;
    settled(state.left().len(), &context)
}

/// The alerts that its steps opened are resolved: what they are about is over.
async fn close_alerts(context: &Context, recorder: &Recorder) {
    for OpenAlert { name, whose, desk } in context.outbox.open_alerts() {
        if let Err(problem) = desk.resolve(&name, "the drill is over", context).await {
            let text = context.presentable(&format!("the alert at {} ({whose}) stays open: {problem}", desk.vendor()));
            recorder.record(Event::Remark(Remark { about: RemarkAbout::Open, text })).await;
        }
    }
}

/// Writes down what a process that takes this back must know.
fn note(runbook: &Runbook, context: &Context) -> Result<(), DrillStop> {
    if runbook.steps.iter().all(|step| step.undo.is_none()) {
        return Ok(());
    }
    let notes = Notes { root: context.folder.clone(), variables: context.variables.plain() };
    context.before.note(&notes).map_err(|error| {
        DrillStop::environment(format!("the runbook was not started, because nothing could be recorded to undo it by: {error}"))
            .with_hint("make room on the disk, or choose another folder with --out")
    })
}

/// Forgets the old values, where everything is back.
fn settled(left: usize, context: &Context) -> Result<(), DrillStop> {
    if left > 0 {
        return Ok(());
    }
    let forgotten =
        context.before.all().into_iter().try_for_each(|what| context.before.forget(&what)).and_then(|()| context.before.settle());
    forgotten
        .map_err(|error| DrillStop::environment(format!("everything was restored, but the saved old values cannot be removed: {error}")))
}

/// Why it starts now; `None` where it never does.
async fn begin(runbook: &Runbook, context: &Context) -> Option<String> {
    match (runbook.start, &context.attendance) {
        (StartMode::WithTheFault, _) => Some("the fault".to_owned()),
        (StartMode::OnDetection, _) => detected(&runbook.detect, context).await.ok(),
        (StartMode::ByHand, Attendance::Unattended) => Some("started with the fault; nobody was asked, because of --yes".to_owned()),
        (StartMode::ByHand, attendance) => {
            let answer = attendance.put(Question::of_words(format!("Start the runbook {}?", runbook.name), &["yes", "no"])).await?;
            (answer.word() == "yes").then(|| "a person started it".to_owned())
        }
    }
}
