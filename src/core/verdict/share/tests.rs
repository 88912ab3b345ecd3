//! Loads that are shared, of which `a` is broken from 0 to 16 s: what became of each request decides, and where nothing did, nothing is decided.

use crate::history::{Attempts, Evidence, FaultVisibility, bare};
use crate::verdict::{Decision, Reason, Verdict, judge};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What becomes of a request.
#[derive(Clone, Copy)]
struct Fate {
    by: &'static str,
    /// From when it was sent until the provider that answered was asked, in milliseconds.
    wait: i64,
    /// True where `a` was seen to be asked at once.
    asked: bool,
}

const fn by(by: &'static str) -> Fate {
    Fate { by, wait: 2, asked: false }
}

const fn waits(wait: i64) -> Fate {
    Fate { by: "b", wait, asked: false }
}

fn turn(number: usize) -> &'static str {
    ["a", "b"][number % 2]
}

/// One request every 100 ms from 5 s before the fault until 16 s after its heal. `a` and `b` take turns but where `fate` says otherwise.
fn evidence(goals: Value, fault: Value, fate: impl Fn(usize, i64) -> Option<Fate>) -> Evidence {
    let mut requests = Vec::new();
    for (number, due) in (-4_950..32_000).step_by(100).enumerate() {
        let Fate { by, wait, asked } = fate(number, due).unwrap_or(Fate { by: turn(number), wait: 2, asked: false });
        let first = asked.then(|| json!({"provider": "a", "at_ms": due + 2, "completed": false}));
        let answer = json!({"provider": by, "at_ms": due + wait, "completed": by != "nobody"});
        let attempts: Vec<Value> = first.into_iter().chain([answer].into_iter().filter(|_| by != "nobody")).collect();
        let (outcome, served) = if by == "nobody" { ("error", Value::Null) } else { ("ok", json!(by)) };
        requests.push(json!({"due_ms": due, "done_ms": due + wait + 80, "outcome": outcome, "served_by": served, "attempts": attempts}));
    }
    let mut edge = json!({"lo_ms": 0, "hi_ms": 0, "on": ["a"]});
    edge.as_object_mut().unwrap().extend(fault.as_object().unwrap().clone());
    let mut objectives = json!({"rto_ms": 8_000, "slo_ms": 2_500, "deadline_ms": 8_000});
    objectives.as_object_mut().unwrap().extend(goals.as_object().unwrap().clone());
    let history = json!({
        "bare_history": 1, "objectives": objectives, "primary": ["a", "b"], "standbys": [], "fault": edge,
        "heal": {"lo_ms": 16_000, "hi_ms": 16_000}, "observed_until_ms": 32_000, "requests": requests,
    });
    bare(&serde_json::to_vec(&history).unwrap()).unwrap()
}

/// The same under a fault of a kind that swallows so many connections.
fn under(trace: FaultVisibility, connections: u64, fate: impl Fn(usize, i64) -> Option<Fate>) -> Verdict {
    let mut evidence = evidence(json!({}), json!({"requests_touched": 40}), fate);
    (evidence.broken[0].trace, evidence.broken[0].connections) = (trace, connections);
    judge(&evidence)
}

fn decided(verdict: &Verdict) -> (Decision, Option<Reason>) {
    (verdict.verdict, verdict.reason)
}

/// While the fault lasts.
fn during(due: i64, fate: Fate) -> Option<Fate> {
    (0..16_000).contains(&due).then_some(fate)
}

#[test]
fn a_load_that_nothing_happened_to_is_neither_met_nor_missed() {
    let nothing = |_: usize, _: i64| None;
    let not_exercised = (Decision::Inconclusive, Some(Reason::CutoverNotExercised));
    for fault in [json!({}), json!({"requests_touched": 40})] {
        assert_eq!(decided(&judge(&evidence(json!({}), fault.clone(), nothing))), not_exercised, "{fault}");
        let mut blind = evidence(json!({}), fault, nothing);
        (blind.attempts, blind.attempts_seen) = (Attempts::default(), false);
        assert_eq!(decided(&judge(&blind)), not_exercised);
    }
    let restore = judge(&evidence(json!({"gate": "restore"}), json!({}), nothing));
    assert_eq!(decided(&restore), (Decision::Inconclusive, Some(Reason::RecordCannotTell)));
    // Restored is what users are whom a proven fault did not touch.
    let bitten = judge(&evidence(json!({"gate": "restore"}), json!({"requests_touched": 40}), nothing));
    assert_eq!(bitten.verdict, Decision::Met);
}

#[test]
fn a_share_that_moved_at_once_is_told_by_how_seldom_the_broken_one_answers() {
    // Of 160 answers 80 were its own; as few as 60 are less likely than one in a hundred, 75 are not.
    let all = under(FaultVisibility::Requests, 0, |_, due| during(due, by("b")));
    assert_eq!(decided(&all), (Decision::Met, None));
    let gave = |count: usize| {
        under(FaultVisibility::Requests, 0, move |number, due| during(due, by(if number < 50 + 2 * count { turn(number) } else { "b" })))
    };
    assert_ne!(gave(60).reason, Some(Reason::CutoverNotExercised));
    assert_eq!(gave(75).reason, Some(Reason::CutoverNotExercised));
    // Who had no share can lose none.
    assert_eq!(
        decided(&under(FaultVisibility::Requests, 0, |_, _| Some(by("b")))),
        (Decision::Inconclusive, Some(Reason::CutoverNotExercised))
    );
}

#[test]
fn who_was_rescued_unseen_has_waited_and_who_may_have_been_may_have() {
    let half = |wait: i64, cold: i64| {
        move |number: usize, due: i64| {
            match due {
                0..16_000 if number.is_multiple_of(2) => Some(waits(wait)),
                ..0 if number == 0 => Some(Fate { by: "a", wait: cold, asked: false }),
                _ => None,
            }
            .or_else(|| during(due, by("b")))
        }
    };
    // Less than a tenth of the service level, and a connection for every second of them.
    let missed = under(FaultVisibility::Held, 40, half(200, 2));
    assert_eq!(
        (missed.verdict, missed.measures.as_ref().unwrap().rescued.as_ref().unwrap().requests),
        (Decision::Missed, 79),
        "the last one was released by the heal"
    );
    assert_eq!(missed.measures.unwrap().share.unwrap().waited, 80);
    let unseen = (Decision::Inconclusive, Some(Reason::RecordCannotTell));
    assert_eq!(decided(&under(FaultVisibility::Held, 3, half(200, 2))), unseen, "three connections do not explain eighty that waited");
    let cold = under(FaultVisibility::Held, 40, half(2_000, 1_200));
    assert_eq!(decided(&cold), unseen, "one slow request of the baseline hides nobody");
    let told = cold.measures.unwrap();
    assert_eq!((told.share.unwrap().waited, told.rescued.map(|rescued| (rescued.requests, rescued.at_most))), (0, Some((0, 80))));
    assert_eq!((told.cutover.lo, told.cutover.hi), (0, None));
    // Refused at once is no wait; refused after one is.
    assert_eq!(under(FaultVisibility::Nothing, 0, half(2, 2)).verdict, Decision::Met);
    assert_eq!(decided(&under(FaultVisibility::Nothing, 0, half(30, 2))), unseen);
}

#[test]
fn where_a_fault_lets_every_request_be_seen_a_queue_is_no_wait_for_it() {
    let queued = |number: usize, due: i64| match due {
        0..1_000 if number.is_multiple_of(2) => Some(Fate { by: "nobody", wait: 2, asked: true }),
        0..16_000 => Some(waits(300)),
        _ => None,
    };
    let verdict = under(FaultVisibility::Requests, 0, queued);
    let cutover = verdict.measures.as_ref().unwrap().cutover;
    assert_eq!(verdict.verdict, Decision::Met, "{verdict:#?}");
    assert_eq!((cutover.lo, cutover.hi), (850_000_000, Some(1_330_000_000)));
}

#[test]
fn until_when_requests_waited_is_not_told_by_one_that_failed() {
    let verdict = under(FaultVisibility::Requests, 0, |number, due| match due {
        0..2_000 if number.is_multiple_of(2) => Some(Fate { by: "b", wait: 200, asked: true }),
        12_050 => Some(Fate { by: "nobody", wait: 2, asked: true }),
        _ => during(due, by("b")),
    });
    let share = verdict.measures.unwrap().share.unwrap();
    assert_eq!((share.waited, share.until.unwrap().seconds()), (10, 1.85));
}

#[test]
fn a_broken_standby_is_nobody_to_move_to() {
    let mut shared = evidence(json!({}), json!({}), |_, _| None);
    shared.standbys = vec![2, 3];
    shared.providers.extend(["c".into(), "d".into()]);
    shared.broken.push(crate::history::ProviderFault { provider: 2, ..shared.broken[0] });
    assert_eq!(super::others(&shared), [1, 3]);
    shared.shared = false;
    assert_eq!(super::others(&shared), [2, 3], "where no load is shared, whom it leaves for is a standby, whatever ails it");
}

#[test]
fn a_share_that_never_comes_back_is_looked_for_in_one_pass() {
    let one = |place: i64| {
        let (due, name) = (place - 20_000, if place < 20_000 && place % 2 == 0 { "a" } else { "b" });
        // One in fifty is a probe of `a`, so that each of them opens a hold.
        let name = if place > 40_000 && place % 50 == 0 { "a" } else { name };
        json!({"due_ms": due, "done_ms": due + 5, "outcome": "ok", "served_by": name})
    };
    let history = json!({
        "bare_history": 1, "objectives": {"hold_ms": 60_000, "rto_ms": 8_000, "failback_rto_ms": 9_000, "gap_ms": 1}, "primary": ["a", "b"],
        "standbys": [], "fault": {"lo_ms": 0, "hi_ms": 0, "on": ["a"]}, "heal": {"lo_ms": 20_000, "hi_ms": 20_000},
        "observed_until_ms": 180_000, "requests": (0..200_000).map(one).collect::<Vec<_>>(),
    });
    let evidence = bare(&serde_json::to_vec(&history).unwrap()).unwrap();
    let began = Instant::now();
    assert_eq!(judge(&evidence).measures.unwrap().failback.unwrap().hi, None);
    // 2,800 holds of 60,000 requests each take minutes where each is read anew.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}
