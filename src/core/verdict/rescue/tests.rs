//! Requests that waited while the primary was broken from 0 to 16 s: which of them were rescued, which may have been, and what that decides.

use crate::history::{FaultVisibility, bare};
use crate::verdict::{Decision, Reason, Verdict, judge};
use serde_json::{Value, json};

/// One request every 100 ms: bad for a second, then served by the standby after `wait` milliseconds, unless nobody saw whom it asked. The
/// first one of all took `cold`.
fn judged(trace: FaultVisibility, connections: u64, (wait, cold): (i64, i64), seen: bool) -> Verdict {
    let one = |number: usize, due: i64| {
        let (by, after) = match due {
            0..16_000 => ("beta", wait),
            _ => ("alpha", if number == 0 { cold } else { 2 }),
        };
        if (0..1_000).contains(&due) {
            return json!({"due_ms": due, "done_ms": due + 900, "outcome": "error"});
        }
        let attempts = json!([{"provider": by, "at_ms": due + after, "completed": true}]);
        let attempts = if by == "alpha" || seen { attempts } else { json!([]) };
        json!({"due_ms": due, "done_ms": due + after + 80, "outcome": "ok", "served_by": by, "attempts": attempts})
    };
    let requests: Vec<Value> = (-4_950..16_000).step_by(100).enumerate().map(|(number, due)| one(number, due)).collect();
    let history = json!({
        "bare_history": 1, "primary": ["alpha"], "standbys": ["beta"], "requests": requests,
        "objectives": {"rto_ms": 8_000, "slo_ms": 2_500, "deadline_ms": 8_000, "max_rescued": 0.05, "rescued_after_ms": 2_000},
        "fault": {"lo_ms": 0, "hi_ms": 0, "requests_touched": 40}, "heal": {"lo_ms": 16_000, "hi_ms": 16_000},
    });
    let mut evidence = bare(&serde_json::to_vec(&history).unwrap()).unwrap();
    (evidence.broken[0].trace, evidence.broken[0].connections) = (trace, connections);
    judge(&evidence)
}

/// The objective's judgement, why the verdict is not decisive, and how many of the 140 were and may have been rescued.
fn told(verdict: &Verdict) -> (Decision, Option<Reason>, u64, u64) {
    let objective = verdict.objectives.iter().find(|objective| objective.name.word() == "rescued").unwrap().verdict;
    let later = verdict.measures.as_ref().unwrap().rescued.as_ref().unwrap().later;
    (objective, verdict.reason, later.requests, later.at_most)
}

const UNSEEN: (Decision, Option<Reason>, u64, u64) = (Decision::Inconclusive, Some(Reason::RecordCannotTell), 0, 140);

#[test]
fn one_slow_request_of_the_baseline_hides_nobody() {
    assert_eq!(told(&judged(FaultVisibility::Held, 160, (1_400, 2), true)), (Decision::Missed, None, 126, 140));
    assert_eq!(told(&judged(FaultVisibility::Held, 160, (1_400, 1_450), true)), UNSEEN);
    assert_eq!(told(&judged(FaultVisibility::Held, 160, (2, 1_450), true)), (Decision::Met, None, 0, 0));
}

#[test]
fn a_queue_is_no_proof_of_rescue_where_few_connections_were_swallowed() {
    assert_eq!(told(&judged(FaultVisibility::Held, 3, (120, 2), true)), UNSEEN);
    assert_eq!(told(&judged(FaultVisibility::Held, 84, (120, 2), true)), UNSEEN, "ten of them are those of the requests that failed");
    assert_eq!(told(&judged(FaultVisibility::Held, 85, (120, 2), true)), (Decision::Missed, None, 139, 140));
    // A tenth of the service level is 250 ms.
    assert_eq!(told(&judged(FaultVisibility::Held, 3, (251, 2), true)), UNSEEN);
    assert_eq!(told(&judged(FaultVisibility::Held, 3, (252, 2), true)), (Decision::Missed, None, 137, 140));
}

#[test]
fn who_was_served_while_nobody_saw_whom_it_asked_may_have_been_rescued() {
    assert_eq!(told(&judged(FaultVisibility::Requests, 0, (2, 2), false)), UNSEEN);
    assert_eq!(told(&judged(FaultVisibility::Requests, 0, (2, 2), true)), (Decision::Met, None, 0, 0));
}

#[test]
fn a_fault_that_leaves_nothing_to_see_tells_of_nobody() {
    assert_eq!(told(&judged(FaultVisibility::Nothing, 0, (2, 2), true)), UNSEEN);
    assert_eq!(told(&judged(FaultVisibility::Closed, 9, (2, 2), true)), UNSEEN);
    assert_eq!(told(&judged(FaultVisibility::Closed, 0, (2, 2), true)), (Decision::Met, None, 0, 0));
}

/// A gateway without a timeout waits until the heal releases it: of the last second's requests none was rescued for certain.
#[test]
fn who_was_released_by_the_heal_was_not_rescued() {
    let one = |due: i64| {
        let waits = (15_000..16_000).contains(&due);
        let first = json!({"provider": "alpha", "at_ms": due + 2, "completed": false});
        let last = json!({"provider": "beta", "at_ms": if waits { 16_005 } else { due + 5 }, "completed": true});
        let (by, attempts, done) = match due {
            ..0 | 16_000.. => ("alpha", json!([{"provider": "alpha", "at_ms": due + 2, "completed": true}]), due + 80),
            _ if waits => ("beta", json!([first, last]), 16_080),
            _ => ("beta", json!([last]), due + 80),
        };
        json!({"due_ms": due, "done_ms": done, "outcome": "ok", "served_by": by, "attempts": attempts})
    };
    let history = json!({
        "bare_history": 1, "primary": ["alpha"], "standbys": ["beta"], "objectives": {"rto_ms": 8_000, "slo_ms": 2_500, "deadline_ms": 8_000},
        "requests": (-4_950..18_000).step_by(100).map(one).collect::<Vec<Value>>(),
        "fault": {"lo_ms": 0, "hi_ms": 0, "requests_touched": 40}, "heal": {"lo_ms": 16_000, "hi_ms": 16_000},
    });
    let rescued = judge(&bare(&serde_json::to_vec(&history).unwrap()).unwrap()).measures.unwrap().rescued.unwrap();
    assert_eq!((rescued.requests, rescued.at_most, rescued.paid, rescued.to_the_end), (0, 10, None, false));
}
