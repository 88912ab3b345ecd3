//! The clock of an execution, as plain lines: how long its step has taken, and what is left of the time in which users should be served again.
//! Pure.
//!
//! Both every thirty seconds of the execution's own time; the latter also when half of the RTO has gone, and when it is over. What was missed
//! is told once. Lines, because what people type stands on the same terminal, and a status that is drawn anew would run over it; two of them,
//! because they are short then. A drill has no clock: its panel counts by itself, and its log tells who serves.

use super::log::line;
use crate::history::{Event, Live};
use crate::model::{ExecutionPlan, Step};
use crate::units::Duration;

/// Nanoseconds.
const SECOND: u64 = 1_000_000_000;
/// How often it is told.
const BEAT: u64 = 30 * SECOND;

/// The clock lines of an execution, and which of them were told already.
#[derive(Debug)]
pub(super) struct ExecutionClock {
    /// Notable events that were there before this process recorded any.
    past: usize,
    /// The moment of the last look; `None` until an execution that goes on does so.
    seen: Option<u64>,
}

impl ExecutionClock {
    /// For an execution of which so many notable events are known from before: none where it begins.
    pub(super) fn after(past: usize) -> Self {
        Self { past, seen: (past == 0).then_some(0) }
    }

    /// The lines that are due.
    pub(super) fn lines(&mut self, live: &Live, now: u64) -> Vec<String> {
        let Some(Event::ExecutionStarted(started)) = live.notable.first().map(|first| &first.event) else { return Vec::new() };
        let mended = live.notable.iter().rev().find_map(|stamped| match &stamped.event {
            Event::Mended(mended) => Some(&mended.plan),
            _ => None,
        });
        let plan = mended.unwrap_or(&started.plan);
        // Before this process has recorded anything, the time is still that of the crash.
        if live.finished || live.notable.len() <= self.past {
            return Vec::new();
        }
        let seen = self.seen;
        self.seen = seen.max(Some(now));
        let beat = seen.is_some_and(|seen| now / BEAT > seen / BEAT);
        // Whoever goes on learns how late it is.
        let rto = plan.rto().filter(|rto| beat || seen.is_none_or(|seen| passes(*rto, seen, now)));
        let texts = beat.then(|| under_way(plan, live, now)).into_iter().chain(rto.map(|rto| users(rto, now)));
        texts.map(|text| line(now, "clock", &text)).collect()
    }
}

/// True where half of the RTO or all of it was over after `seen`, and until `now`.
fn passes(rto: Duration, seen: u64, now: u64) -> bool {
    [rto.as_nanos() / 2, rto.as_nanos()].iter().any(|moment| seen < *moment && *moment <= now)
}

/// What is left until users should be served again.
fn users(rto: Duration, now: u64) -> String {
    match now.checked_sub(rto.as_nanos()) {
        None => {
            let left = Duration::from_secs((rto.as_nanos() - now).div_ceil(SECOND));
            format!("{left} of {rto} left until users must be served again")
        }
        Some(..SECOND) => format!("the {rto} to serve users again are over"),
        Some(late) => format!("users should have been served {} ago", whole(late)),
    }
}

/// A runbook step that has begun and not ended.
struct OpenStep {
    step: u32,
    since: u64,
    doing: Doing,
}

enum Doing {
    Try(u32),
    Undo,
}

/// What was begun first, and how many more stand beside it.
fn under_way(plan: &ExecutionPlan, live: &Live, now: u64) -> String {
    let open = open(live);
    let Some((first, step)) = open.first().and_then(|first| Some((first, plan.runbook.steps.get(first.step as usize)?))) else {
        return "no step is running".to_owned();
    };
    let mut text = told(first, step, live.steps, now);
    if open.len() > 1 {
        text += &format!(", and {} more at the same time", open.len() - 1);
    }
    text
}

fn told(open: &OpenStep, step: &Step, steps: usize, now: u64) -> String {
    let taken = now.saturating_sub(open.since);
    let (before, again) = match open.doing {
        Doing::Undo => ("undoing ", String::new()),
        Doing::Try(attempt @ 2..) => ("", format!(", try {attempt}")),
        Doing::Try(_) => ("", String::new()),
    };
    let asks = matches!(open.doing, Doing::Try(_)) && step.action.asks_people();
    let how = if asks { "unanswered for" } else { "for" };
    // After its timeout a try has ended, and the next is to come.
    let most = if taken <= step.timeout.as_nanos() { format!(" of at most {}", step.timeout) } else { String::new() };
    format!("{before}step {}/{steps}, {}{again}, {how} {}{most}", open.step + 1, step.name, whole(taken))
}

/// In the order in which they began.
fn open(live: &Live) -> Vec<OpenStep> {
    let mut open: Vec<OpenStep> = Vec::new();
    for stamped in &live.notable {
        let (step, doing) = match &stamped.event {
            Event::StepStarted(started) => (started.step, Some(Doing::Try(started.attempt))),
            Event::UndoStarted(undo) => (undo.step, Some(Doing::Undo)),
            Event::StepFinished(finished) => (finished.step, None),
            Event::StepUndone(undone) => (undone.step, None),
            // Of what was begun before the crash, nothing runs.
            Event::Resumed(_) => {
                open.clear();
                continue;
            }
            _ => continue,
        };
        open.retain(|other| other.step != step);
        open.extend(doing.map(|doing| OpenStep { step, since: stamped.t, doing }));
    }
    open
}

/// In whole seconds.
const fn whole(nanoseconds: u64) -> Duration {
    Duration::from_secs(nanoseconds / SECOND)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{SampleHistory, outage};
    use super::*;
    use crate::history::{ExecutionEnd, ExecutionFinished, Note, Resumed, StepEnd, StepFinished, StepStarted, StepUndone, UndoStarted};
    use crate::model::{Action, Confirm};

    const NAMES: [&str; 2] = ["Wait for the replicas", "Ask"];

    /// Of two steps, the second of which asks.
    fn execution(rto: Option<&str>) -> SampleHistory {
        SampleHistory::execution(|plan| {
            plan.service.as_mut().unwrap().objectives.rto = rto.map(|rto| rto.parse().unwrap());
            plan.runbook.steps[0].name = NAMES[0].into();
            plan.runbook.steps[1].name = NAMES[1].into();
            plan.runbook.steps[0].timeout = "11m".parse().unwrap();
            plan.runbook.steps[1].timeout = "5m".parse().unwrap();
            plan.runbook.steps[1].action = Action::Confirm(Confirm { question: "Are they informed?".into(), ..Confirm::default() });
        })
    }

    fn begins(step: u32, attempt: u32) -> Event {
        Event::StepStarted(StepStarted { step, name: NAMES[step as usize].into(), attempt })
    }

    fn ends(step: u32, end: StepEnd) -> Event {
        Event::StepFinished(StepFinished { step, end, output: String::new(), unsure: false, value: None })
    }

    fn resumed() -> Event {
        Event::Resumed(Resumed { wall_clock: "2026-11-20T15:10:00Z".into(), undo: false })
    }

    /// Looks ten times a second, as the terminal does, until this second; the lines that it sees.
    fn watched(clock: &mut ExecutionClock, history: &SampleHistory, until: u64) -> Vec<String> {
        let from = history.live.now / SECOND * 10;
        (from..=until * 10).flat_map(|frame| clock.lines(&history.live, frame * SECOND / 10)).collect()
    }

    #[test]
    fn a_long_step_is_told_of_until_it_ends_and_so_is_what_is_left_of_the_rto() {
        let (mut history, mut clock) = (execution(Some("50s")), ExecutionClock::after(0));
        history.tell(12_000, begins(0, 1));
        let seen = watched(&mut clock, &history, 60);
        let wanted = "  25.0 s  clock     25 s of 50 s left until users must be served again
  30.0 s  clock     step 1/2, Wait for the replicas, for 18 s of at most 11 min
  30.0 s  clock     20 s of 50 s left until users must be served again
  50.0 s  clock     the 50 s to serve users again are over
  60.0 s  clock     step 1/2, Wait for the replicas, for 48 s of at most 11 min
  60.0 s  clock     users should have been served 10 s ago";
        assert_eq!(seen.join("\n"), wanted);
        history.tell(80_000, ends(0, StepEnd::Done));
        history.tell(80_010, begins(1, 1));
        let seen = watched(&mut clock, &history, 119);
        let wanted = ["step 2/2, Ask, unanswered for 9 s of at most 5 min", "users should have been served 40 s ago"];
        assert_eq!(seen, wanted.map(|text| format!("  90.0 s  clock     {text}")));
        history.tell(119_000, ends(1, StepEnd::Done));
        let wanted = ["no step is running", "users should have been served 1 min 10 s ago"];
        assert_eq!(watched(&mut clock, &history, 120), wanted.map(|text| format!(" 120.0 s  clock     {text}")));
        history.tell(121_000, Event::ExecutionFinished(ExecutionFinished { end: ExecutionEnd::Done }));
        assert_eq!(watched(&mut clock, &history, 500), [""; 0]);
    }

    #[test]
    fn without_an_rto_it_tells_of_the_steps_alone() {
        let doing = |events: Vec<(u64, Event)>, now: u64| {
            let mut history = execution(None);
            events.into_iter().for_each(|(ms, event)| history.tell(ms, event));
            let lines = ExecutionClock::after(0).lines(&history.live, now * SECOND);
            assert_eq!(lines.len(), 1, "{lines:?}");
            lines[0].split_once("clock     ").unwrap().1.to_owned()
        };
        for (events, now, said) in [
            (vec![], 30, "no step is running"),
            (vec![(1_000, begins(0, 1)), (21_500, begins(0, 2))], 30, "step 1/2, Wait for the replicas, try 2, for 8 s of at most 11 min"),
            (vec![(1_000, begins(0, 1))], 661, "step 1/2, Wait for the replicas, for 11 min of at most 11 min"),
            (vec![(1_000, begins(0, 1))], 690, "step 1/2, Wait for the replicas, for 11 min 29 s"),
            (
                vec![(1_000, begins(0, 1)), (2_000, begins(1, 1))],
                30,
                "step 1/2, Wait for the replicas, for 29 s of at most 11 min, and 1 more at the same time",
            ),
            (
                vec![(1_000, begins(0, 1)), (2_000, begins(1, 1)), (3_000, ends(0, StepEnd::Done))],
                30,
                "step 2/2, Ask, unanswered for 28 s of at most 5 min",
            ),
            (vec![(1_000, begins(0, 1)), (2_000, ends(0, StepEnd::Failed))], 30, "no step is running"),
            (
                vec![(1_000, begins(1, 1)), (2_000, ends(1, StepEnd::Done)), (3_000, Event::UndoStarted(UndoStarted { step: 1 }))],
                31,
                "undoing step 2/2, Ask, for 28 s of at most 5 min",
            ),
            (
                vec![
                    (3_000, Event::UndoStarted(UndoStarted { step: 1 })),
                    (4_000, Event::StepUndone(StepUndone { step: 1, end: StepEnd::Done, output: String::new() })),
                ],
                30,
                "no step is running",
            ),
            (vec![(1_000, begins(0, 1)), (29_000, resumed())], 30, "no step is running"),
        ] {
            assert_eq!(doing(events, now), said, "{now}");
        }
    }

    #[test]
    fn whoever_goes_on_learns_once_how_late_it_is_and_nothing_that_was_missed() {
        let mut history = execution(Some("30s"));
        history.tell(1_000, begins(0, 1));
        history.tell(5_000, Event::Note(Note { text: "the status page is red".into() }));
        let mut clock = ExecutionClock::after(history.live.notable.len());
        // So far the time is that of the crash.
        assert_eq!(watched(&mut clock, &history, 31), [""; 0]);
        history.tell(600_000, resumed());
        history.tell(600_010, begins(0, 2));
        let seen = watched(&mut clock, &history, 630);
        let wanted = " 600.0 s  clock     users should have been served 9 min 30 s ago
 630.0 s  clock     step 1/2, Wait for the replicas, try 2, for 29 s of at most 11 min
 630.0 s  clock     users should have been served 10 min ago";
        assert_eq!(seen.join("\n"), wanted);
        // In time, and without an RTO.
        for (rto, said) in [(Some("1h"), vec![" 600.0 s  clock     50 min of 1 h left until users must be served again"]), (None, vec![])] {
            let mut history = execution(rto);
            let mut clock = ExecutionClock::after(history.live.notable.len());
            history.tell(600_000, resumed());
            assert_eq!(watched(&mut clock, &history, 629), said);
        }
    }

    #[test]
    fn what_was_missed_is_told_once_and_a_look_back_tells_nothing() {
        let (history, mut clock) = (execution(Some("30s")), ExecutionClock::after(0));
        let missed = ["  95.0 s  clock     no step is running", "  95.0 s  clock     users should have been served 1 min 5 s ago"];
        assert_eq!(clock.lines(&history.live, 95 * SECOND), missed);
        // An event may bear an earlier stamp than the look before it.
        assert_eq!([89, 95, 119].map(|second| clock.lines(&history.live, second * SECOND).len()), [0, 0, 0]);
        assert_eq!(clock.lines(&history.live, 120 * SECOND).len(), 2);
    }

    #[test]
    fn a_drill_has_none() {
        let history = outage(12_500);
        assert_eq!(watched(&mut ExecutionClock::after(0), &history, 500), [""; 0]);
    }

    #[test]
    fn a_name_drives_no_terminal() {
        let mut history = SampleHistory::execution(|plan| plan.runbook.steps[0].name = "Wait\u{1b}[2J\nlong".into());
        history.tell(1_000, begins(0, 1));
        assert_eq!(ExecutionClock::after(0).lines(&history.live, 30 * SECOND), ["  30.0 s  clock     step 1/2, Wait[2J long, for 29 s"]);
    }
}
