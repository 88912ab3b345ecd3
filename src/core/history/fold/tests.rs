//! Small histories, folded: who is held to have answered, what is missing, and how far the faults reached.

use super::*;
use crate::history::traffic_log::AHEAD;
use crate::history::{Cancelled, FaultConfirmed, FaultHealed, Finished, Shed};
use crate::model::Fault;
use crate::rotation_story::emergency;

const MS: u64 = 1_000_000;

/// A fault that is only a word.
fn fault(word: &str) -> Fault {
    serde_json::from_value(word.into()).unwrap()
}

/// A drill of `primary` and `standby` with two faults of the primary.
fn started() -> Started {
    emergency().but(|story| story.faults = vec![("primary", fault("refuse")), ("primary", fault("blackhole"))]).started()
}

fn folded(events: Vec<Event>) -> Evidence {
    let mut fold = Fold::new(&started());
    for (t, event) in (1..).zip(events) {
        fold.apply(&Stamped { t: t * MS, event });
    }
    fold.finish()
}

fn done(id: u64, outcome: Outcome) -> Event {
    Event::Request(RequestDone { id, due: number_of(id) * 50 * MS, lag: 0, proof: None, done: 20 * MS, outcome, why: None })
}

/// What a proxy saw of the request 0.
fn seen(by: &'static str, at: u64, status: u16, touched: bool) -> Event {
    Event::Served(Served {
        id: Some(0),
        by: by.into(),
        at: at * MS,
        took: MS,
        status,
        key: None,
        cut: false,
        touched,
        request: None,
        tenant: None,
        tokens: None,
    })
}

fn finished(requests: u64) -> Event {
    Event::Finished(Finished { observed_until: 1_000 * MS, requests, by_workload: Vec::new() })
}

/// Who is held to have answered the request 0.
fn answered(mut events: Vec<Event>, outcome: Outcome) -> Option<String> {
    events.push(done(0, outcome));
    let evidence = folded(events);
    match evidence.requests.at(0).by {
        By::Provider(place) => Some(evidence.name(place).to_owned()),
        By::Unknown => Some("unknown".into()),
        By::Nobody => None,
    }
}

#[test]
fn who_answered_is_the_one_that_did_and_unknown_where_it_cannot_be_told() {
    let ok = Outcome::Ok;
    assert_eq!(answered(vec![seen("primary", 1, 503, false), seen("standby", 5, 200, false)], ok).unwrap(), "standby");
    assert_eq!(answered(vec![seen("standby", 1, 200, false), seen("standby", 5, 200, false)], ok).unwrap(), "standby");
    let both = vec![seen("primary", 1, 200, false), seen("standby", 5, 200, false)];
    assert_eq!(answered(both, ok).unwrap(), "unknown", "the first of two is no more the one than the second");
    let late = vec![seen("primary", 1, 200, true), seen("standby", 5, 200, false)];
    assert_eq!(answered(late, ok).unwrap(), "standby", "what a fault touched is the less likely one");
    assert_eq!(answered(vec![seen("primary", 1, 200, true)], ok).unwrap(), "primary");
    assert_eq!(answered(vec![seen("primary", 1, 200, true), seen("standby", 5, 200, true)], ok).unwrap(), "unknown");
    assert_eq!(answered(Vec::new(), ok).unwrap(), "unknown", "somebody answered, and no proxy saw who");
    assert_eq!(answered(vec![seen("primary", 1, 503, false)], Outcome::Unknown).unwrap(), "unknown");
    assert_eq!(answered(vec![seen("primary", 1, 503, false)], Outcome::Error), None);
    assert_eq!(answered(vec![seen("else", 1, 200, false)], ok).unwrap(), "else", "a provider that the plan does not know");
}

#[test]
fn attempts_stand_in_the_order_of_requests_and_then_of_dispatch() {
    let evidence = folded(vec![seen("standby", 9, 200, false), seen("primary", 1, 503, true), done(0, Outcome::Ok), finished(1)]);
    let told: Vec<(&str, i64, bool)> =
        evidence.attempts.iter().map(|attempt| (evidence.name(attempt.provider), attempt.at, attempt.completed)).collect();
    assert_eq!(told, [("primary", 1_000_000, false), ("standby", 9_000_000, true)]);
    assert!(evidence.attempts_seen && evidence.complete);
    assert!(!folded(vec![done(0, Outcome::Ok)]).attempts_seen);
}

#[test]
fn a_request_that_no_event_tells_of_is_missed_and_the_others_keep_their_attempts() {
    let one = |id: u64| {
        Event::Served(Served {
            id: Some(id),
            by: "standby".into(),
            at: 1,
            took: 1,
            status: 200,
            key: None,
            cut: false,
            touched: false,
            request: None,
            tenant: None,
            tokens: None,
        })
    };
    let evidence = folded(vec![one(0), one(1), one(2), done(0, Outcome::Ok), done(2, Outcome::Timeout), finished(3)]);
    assert!(!evidence.complete);
    assert_eq!(evidence.requests.iter().map(|request| request.due).collect::<Vec<_>>(), [0, 100_000_000]);
    assert_eq!(evidence.attempts.iter().map(|attempt| attempt.request).collect::<Vec<_>>(), [0, 1]);
    assert!(!folded(vec![done(0, Outcome::Ok)]).complete, "without its last event a history breaks off");
    assert!(!folded(vec![done(0, Outcome::Ok), finished(2)]).complete, "one is missing at the end");
}

#[test]
fn a_number_that_runs_far_ahead_is_damage_and_one_of_another_workload_is_not_taken() {
    let far = AHEAD as u64 + 2;
    assert_eq!(folded(vec![done(0, Outcome::Ok), done(far, Outcome::Ok)]).requests.len(), 1);
    assert_eq!(folded(vec![done(0, Outcome::Ok), done(crate::history::request_id(1, 1), Outcome::Ok)]).requests.len(), 1);
}

#[test]
fn what_was_shed_is_unsent() {
    let evidence = folded(vec![Event::Shed(Shed { id: 0, due: 7 })]);
    assert_eq!((evidence.requests.at(0).outcome, evidence.requests.at(0).due), (Outcome::Unsent, 7));
}

#[test]
fn the_disruption_lasts_from_the_first_fault_to_the_last_heal() {
    let confirmed = |fault: u32, lo: u64| Event::FaultConfirmed(FaultConfirmed { fault, on: "primary".into(), lo, hi: lo + 3 });
    let healed = |fault: u32, lo: u64, touched: u64| {
        Event::FaultHealed(FaultHealed { fault, on: "primary".into(), lo, hi: lo + 2, touched: Some(touched), expired: false })
    };
    let evidence = folded(vec![confirmed(1, 200), confirmed(0, 100), healed(0, 900, 4), healed(1, 800, 5), seen("primary", 1, 503, true)]);
    assert_eq!((evidence.fault, evidence.heal), (Some(Edge { lo: 100, hi: 103 }), Some(Edge { lo: 900, hi: 902 })));
    assert_eq!((evidence.touched, evidence.instrument.fault_uncertainty), (9, 3), "what was counted, where more was counted than seen");
    let half = folded(vec![confirmed(0, 100), confirmed(1, 200), healed(0, 900, 0), seen("primary", 1, 503, true)]);
    assert_eq!((half.heal, half.touched), (None, 1), "one of them was not healed; what was seen counts where nobody counted");
    assert_eq!(half.observed_until, 4_000_000, "without its end, until its newest event");
    assert_eq!(folded(vec![healed(0, 900, 4)]).fault, None, "a fault that was never confirmed did not begin");
}

#[test]
fn a_drill_whose_fault_could_not_be_kept_is_not_whole() {
    let stopped =
        |reason| vec![done(0, Outcome::Ok), Event::Cancelled(Cancelled { reason, detail: String::new(), hint: None }), finished(1)];
    assert!(folded(stopped(StopReason::Person)).complete);
    assert!(!folded(stopped(StopReason::Fault)).complete);
}

#[test]
fn what_was_asked_only_to_compare_answers_nobody_and_is_no_attempt() {
    let folded = |sight: Vec<Event>| {
        let mut started = started();
        started.plan.environment.gateway.dual_run = crate::model::DualRun::Standby;
        let mut fold = Fold::new(&started);
        for (t, event) in (1..).zip(sight.into_iter().chain([done(0, Outcome::Ok)])) {
            fold.apply(&Stamped { t: t * MS, event });
        }
        let evidence = fold.finish();
        let by = match evidence.requests.at(0).by {
            By::Provider(place) => evidence.name(place).to_owned(),
            _ => "nobody".into(),
        };
        let shadows: Vec<(bool, bool)> = evidence.shadows.iter().map(|shadow| (shadow.completed, shadow.beside.is_some())).collect();
        (by, evidence.attempts.len(), shadows)
    };
    let (primary, standby) = (|status| seen("primary", 1, status, false), |at, status| seen("standby", at, status, false));
    assert_eq!(folded(vec![primary(200), standby(2, 200)]), ("primary".into(), 1, vec![(true, true)]));
    assert_eq!(folded(vec![primary(200), standby(2, 503)]), ("primary".into(), 1, vec![(false, true)]));
    // The primary fails, and the gateway goes to the standby itself: of its two attempts the first was for nobody.
    assert_eq!(folded(vec![primary(503), standby(2, 200), standby(5, 200)]), ("standby".into(), 2, vec![(true, true)]));
    assert_eq!(folded(vec![standby(2, 200), standby(5, 200)]), ("standby".into(), 1, vec![(true, true)]), "the primary was never reached");
    // nginx hangs up on what it mirrors once the head has come, and may ask for that after what it passes on.
    let hung_up = |at| {
        let Event::Served(served) = standby(at, 200) else { unreachable!() };
        Event::Served(Served { cut: true, ..served })
    };
    assert_eq!(folded(vec![standby(2, 200), hung_up(3)]), ("standby".into(), 1, vec![(false, true)]));
    assert_eq!(folded(vec![standby(2, 200)]), ("standby".into(), 1, vec![]), "nobody else was asked");
}
