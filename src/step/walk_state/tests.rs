//! Where a walk stands after what happened, without anything that happens.

use super::*;
use crate::history::{Answered, Speaker};
use crate::history::{Resumed, StepStarted, StepUndone};
use crate::model::{Action, Condition, Confirm, Goal, OnSuccess, Rotate, RotationPart, StartMode};
use crate::units::Duration;

/// Something that changes the world.
fn works() -> Action {
    Action::Rotate(Rotate { part: RotationPart::Mint, credential: "c".into(), from: None })
}

fn walk_of(steps: usize, change: impl Fn(usize, &mut Step)) -> WalkState {
    let step = |place: usize| {
        let mut step = Step::new(format!("s{place}"), works(), Duration::from_secs(2));
        step.undo = Some(works());
        change(place, &mut step);
        step
    };
    WalkState::new(Runbook {
        name: "r".into(),
        owner: None,
        reviewed: None,
        start: StartMode::ByHand,
        detect: Condition::of(Goal::Fails(3)),
        reaction: None,
        severity: None,
        roles: std::collections::BTreeMap::new(),
        escalate: Vec::new(),
        updates: Vec::new(),
        steps: (0..steps).map(step).collect(),
    })
}

fn began(step: u32) -> Event {
    Event::StepStarted(StepStarted { step, name: String::new(), attempt: 1 })
}

fn ended(step: u32, end: StepEnd) -> Event {
    Event::StepFinished(StepFinished { step, end, output: String::new(), unsure: false, value: None })
}

fn resumed(undo: bool) -> Event {
    Event::Resumed(Resumed { wall_clock: String::new(), undo })
}

fn after(mut state: WalkState, events: &[Event]) -> WalkState {
    events.iter().for_each(|event| state.apply(event));
    state
}

#[test]
fn what_was_begun_and_has_no_end_is_unknown_and_what_was_stopped_is_so_once_it_is_resumed() {
    let killed = after(walk_of(3, |_, _| {}), &[began(0), ended(0, StepEnd::Done), began(1), resumed(false)]);
    assert_eq!((killed.stage(), killed.unknown(), killed.tries(1)), (&WalkStage::Steps(1..2), vec![1], 1));
    let stopped = after(walk_of(3, |_, _| {}), &[began(0), ended(0, StepEnd::Cancelled)]);
    assert_eq!((stopped.stage(), stopped.unknown()), (&WalkStage::Ended(WalkEnd::Stopped), vec![]));
    let stopped = after(stopped, &[resumed(false)]);
    assert_eq!((stopped.stage(), stopped.unknown()), (&WalkStage::Steps(0..1), vec![0]));
    let never = after(walk_of(3, |_, _| {}), &[ended(0, StepEnd::Cancelled), resumed(false)]);
    assert_eq!((never.stage(), never.unknown()), (&WalkStage::Steps(0..1), vec![]), "it was never begun, so nobody is asked");
    let back = after(walk_of(3, |_, _| {}), &[began(0), ended(0, StepEnd::Done), began(1), resumed(true)]);
    assert_eq!((back.stage(), back.next_undo(), back.unknown()), (&WalkStage::Undo, Some(1), vec![]), "what is unknown may have been done");
}

#[test]
fn failures_lead_where_they_say_and_what_was_done_is_taken_back_once() {
    let failing = |on_failure: OnFailure| {
        let state = walk_of(3, |place, step| {
            if place == 1 {
                step.on_failure = on_failure.clone();
            }
        });
        after(state, &[began(0), ended(0, StepEnd::Done), began(1), ended(1, StepEnd::Failed)])
    };
    assert_eq!(failing(OnFailure::Continue).stage(), &WalkStage::Steps(2..3));
    let stopped = failing(OnFailure::Stop);
    assert_eq!(stopped.stage(), &WalkStage::Ended(WalkEnd::Failed));
    assert_eq!(after(stopped, &[resumed(false)]).stage(), &WalkStage::Steps(1..2), "what is known to have failed is tried again");
    let round = OnFailure::Goto { step: "s0".into(), at_most: 1 };
    let once = failing(round);
    assert_eq!(once.stage(), &WalkStage::Steps(0..1));
    let twice = after(once, &[began(0), ended(0, StepEnd::Done), began(1), ended(1, StepEnd::Failed)]);
    assert_eq!((twice.stage(), twice.next_undo()), (&WalkStage::Undo, Some(0)), "only so often");
    let undone = Event::StepUndone(StepUndone { step: 0, end: StepEnd::Done, output: String::new() });
    assert_eq!(after(twice, &[undone]).stage(), &WalkStage::Ended(WalkEnd::Undone));
}

#[test]
fn a_success_leads_on_and_back_so_often_and_an_end_is_the_end() {
    let to = |step: &str, at_most| Some(OnSuccess { step: step.into(), at_most });
    let done = |state, step| after(state, &[began(step), ended(step, StepEnd::Done)]);
    let on = walk_of(4, |place, step| step.on_success = (place == 0).then(|| to("s2", 1)).flatten());
    assert_eq!(done(on.clone(), 0).stage(), &WalkStage::Steps(2..3));
    let skipped = after(on, &[ended(0, StepEnd::Skipped)]);
    assert_eq!(skipped.stage(), &WalkStage::Steps(1..2), "what was skipped was no success");
    let mut state = walk_of(2, |place, step| step.on_success = (place == 1).then(|| to("s0", 2)).flatten());
    for _ in 0..2 {
        state = done(done(state, 0), 1);
        assert_eq!(state.stage(), &WalkStage::Steps(0..1));
    }
    assert_eq!(done(done(state, 0), 1).stage(), &WalkStage::Ended(WalkEnd::Done), "only so often");
    let end = crate::model::StopHere { end: crate::model::WalkResult::Well, message: None };
    let stops = walk_of(3, |place, step| {
        if place == 1 {
            step.action = Action::StopHere(end.clone());
        }
    });
    assert_eq!(done(done(stops.clone(), 0), 1).stage(), &WalkStage::Ended(WalkEnd::Done), "the third is never begun");
    assert_eq!(after(done(stops.clone(), 0), &[ended(1, StepEnd::Skipped)]).stage(), &WalkStage::Steps(2..3));
    let failed = after(done(stops, 0), &[began(1), ended(1, StepEnd::Failed)]);
    assert_eq!((failed.stage(), failed.next_undo()), (&WalkStage::Undo, Some(0)), "as a failure of any other step");
}

#[test]
fn a_question_that_nobody_answers_takes_nothing_back_and_is_asked_again_with_what_was_said() {
    let asking = || {
        walk_of(3, |place, step| {
            if place == 1 {
                step.action = Action::Confirm(Confirm { question: "Go on?".into(), needed: 2, ..Confirm::default() });
            }
        })
    };
    let speaker = Speaker::typed(Some("alice".into()), "op".into());
    let yes = Answered { step: 1, undo: false, answer: "yes".into(), speaker, comment: String::new() };
    let answered = || Event::Answered(yes.clone());
    let silent = after(asking(), &[began(0), ended(0, StepEnd::Done), began(1), answered(), ended(1, StepEnd::TimedOut)]);
    assert_eq!(silent.stage(), &WalkStage::Ended(WalkEnd::Stopped));
    assert_eq!(silent.unanswered().map(|step| step.name.as_str()), Some("s1"));
    let again = after(silent, &[resumed(false)]);
    assert_eq!((again.stage(), again.heard(1).answers), (&WalkStage::Steps(1..2), vec![yes.clone()]));
    let killed = after(asking(), &[began(0), ended(0, StepEnd::Done), began(1), answered(), resumed(false)]);
    assert_eq!(killed.heard(1).answers, std::slice::from_ref(&yes), "one is left to ask");
    let refused = Event::Answered(Answered { answer: "no".into(), ..yes.clone() });
    let refused = after(asking(), &[began(0), ended(0, StepEnd::Done), began(1), refused, ended(1, StepEnd::Failed)]);
    assert_eq!(refused.stage(), &WalkStage::Undo, "who says no means it");
}

#[test]
fn steps_together_end_together() {
    let both = || walk_of(3, |place, step| step.together = (place < 2).then(|| "both".into()));
    assert_eq!(both().stage(), &WalkStage::Steps(0..2));
    let half = after(both(), &[began(0), began(1), ended(1, StepEnd::Failed)]);
    assert_eq!((half.stage(), half.waiting()), (&WalkStage::Steps(0..2), vec![0]), "the other runs to its end");
    let failed = after(half, &[ended(0, StepEnd::Done)]);
    assert_eq!((failed.stage(), failed.next_undo()), (&WalkStage::Undo, Some(0)));
    let killed = after(both(), &[began(0), began(1), ended(0, StepEnd::Done), resumed(false)]);
    assert_eq!((killed.waiting(), killed.unknown()), (vec![1], vec![1]), "the one that is done is not done again");
}

fn undone(step: u32, end: StepEnd) -> Event {
    Event::StepUndone(StepUndone { step, end, output: String::new() })
}

#[test]
fn what_could_not_be_taken_back_is_tried_again_and_nobody_guesses_about_an_undo_that_timed_out() {
    let done = [began(0), ended(0, StepEnd::Done), began(1), ended(1, StepEnd::Done), began(2), ended(2, StepEnd::Failed)];
    let failed = after(after(walk_of(3, |_, _| {}), &done), &[undone(1, StepEnd::Failed), undone(0, StepEnd::Done)]);
    assert_eq!((failed.stage(), failed.left()), (&WalkStage::Ended(WalkEnd::PartlyUndone), &[1][..]));
    let again = after(failed, &[resumed(true)]);
    assert_eq!((again.stage(), again.to_undo(), again.undo_unknown()), (&WalkStage::Undo, vec![1], vec![]));
    let over = after(again, &[undone(1, StepEnd::Done)]);
    assert_eq!((over.stage(), over.left()), (&WalkStage::Ended(WalkEnd::Undone), &[][..]));

    let late = after(after(walk_of(3, |_, _| {}), &done), &[undone(1, StepEnd::TimedOut), undone(0, StepEnd::TimedOut)]);
    let again = after(late, &[resumed(true)]);
    assert_eq!((again.to_undo(), again.undo_unknown()), (vec![1, 0], vec![1, 0]), "both may have been taken back");
}

#[test]
fn a_step_that_failed_is_taken_back_where_it_says_so_and_what_reads_never_is() {
    let end = |change: fn(&mut Step), end: StepEnd| after(walk_of(1, |_, step| change(step)), &[began(0), ended(0, end)]);
    let plain = end(|_| {}, StepEnd::Failed);
    assert_eq!((plain.stage(), plain.to_undo(), plain.not_taken_back()), (&WalkStage::Ended(WalkEnd::Failed), vec![], vec![0]));
    let told = end(|step| step.undo_on_failure = true, StepEnd::Failed);
    assert_eq!((told.stage(), told.to_undo(), told.not_taken_back()), (&WalkStage::Undo, vec![0], vec![]));
    let reads = |step: &mut Step| step.action = Action::Pause(Duration::from_secs(1));
    let late = end(reads, StepEnd::TimedOut);
    assert_eq!((late.to_undo(), late.not_taken_back()), (vec![], vec![]));
    assert_eq!(after(late, &[resumed(true)]).to_undo(), [0; 0]);
    assert_eq!(end(reads, StepEnd::Done).to_undo(), [0], "what it says to do on the way back is done");
    let stopping = |step: &mut Step| {
        step.action = Action::Pause(Duration::from_secs(1));
        step.on_failure = OnFailure::Stop;
    };
    let again = after(end(stopping, StepEnd::TimedOut), &[resumed(false)]);
    assert_eq!((again.waiting(), again.unknown()), (vec![0], vec![]), "nobody is asked about it");
}

fn mended(state: &WalkState, change: impl Fn(&mut Vec<Step>)) -> Event {
    let mut runbook = state.runbook().clone();
    change(&mut runbook.steps);
    let plan = crate::model::ExecutionPlan {
        runbook,
        environment_name: None,
        environment: crate::model::Environment::default(),
        service_name: None,
        service: None,
        providers: BTreeMap::new(),
        credentials: BTreeMap::new(),
        stores: BTreeMap::new(),
        contacts: BTreeMap::new(),
        mail: None,
        secrets: BTreeMap::new(),
        parameters: BTreeMap::new(),
        sources: Vec::new(),
    };
    Event::Mended(Box::new(crate::history::Mended { plan, difference: String::new(), by: "me".into() }))
}

#[test]
fn a_mended_runbook_goes_on_at_the_first_step_that_is_not_done() {
    let state = || {
        let state = walk_of(3, |place, step| step.on_failure = if place == 2 { OnFailure::Stop } else { OnFailure::Continue });
        let past = [began(0), ended(0, StepEnd::Done), began(1), ended(1, StepEnd::Failed), began(2), ended(2, StepEnd::Failed)];
        after(after(state, &past), &[resumed(false)])
    };
    let new = || Step::new("new", works(), Duration::from_secs(2));
    assert_eq!(state().failed(), [2]);
    let same = after(state(), &[mended(&state(), |_| {})]);
    assert_eq!((same.waiting(), same.failed(), same.to_undo()), (vec![2], vec![2], vec![0]));
    // A step is put in the middle: it comes first, and what was passed after it stays so.
    let longer = after(state(), &[mended(&state(), |steps| steps.insert(1, new()))]);
    assert_eq!((longer.waiting(), longer.to_undo(), longer.number(2)), (vec![1], vec![0], 1), "old values stay where they were");
    assert_eq!(after(longer.clone(), &[began(1), ended(1, StepEnd::Done)]).waiting(), [3]);
    assert_eq!(longer.number(1), 3, "and no two are kept in one place");
    // The one that had failed, and was passed, is another now: it is tried again.
    let passed = after(state(), &[mended(&state(), |steps| steps[1].retries = 5)]);
    assert_eq!(passed.waiting(), [1]);
    // The one that failed is mended: nobody is asked whether it comes again.
    let repaired = after(state(), &[mended(&state(), |steps| steps[2].retries = 5)]);
    assert_eq!((repaired.waiting(), repaired.failed()), (vec![2], vec![]));
    // In the middle of taking back, only how that is done changes.
    let back = after(after(walk_of(2, |_, _| {}), &[began(0), ended(0, StepEnd::Done)]), &[resumed(true)]);
    let first = after(back.clone(), &[mended(&back, |steps| steps.insert(0, new()))]);
    assert_eq!((first.stage(), first.to_undo()), (&WalkStage::Undo, vec![1]));
}

#[test]
fn no_mended_runbook_forgets_what_was_done() {
    use crate::step::cannot_mend;
    let state = after(walk_of(3, |_, _| {}), &[began(0), ended(0, StepEnd::Done), began(1), resumed(false)]);
    let why = |change: &dyn Fn(&mut Vec<Step>)| {
        let Event::Mended(mended) = mended(&state, change) else { unreachable!() };
        cannot_mend(&state, &mended.plan.runbook).unwrap_or_default()
    };
    assert_eq!(why(&|steps| steps[2].name = "another".into()), "");
    assert!(why(&|steps| steps[0].name = "another".into()).contains("`s0` was done and can be undone, and the mended runbook has no step"));
    assert!(why(&|steps| steps[0].undo = None).contains("the mended one cannot be undone"));
    assert!(why(&|steps| drop(steps.remove(1))).contains("`s1` was started, and it is not known how it ended"));
}
