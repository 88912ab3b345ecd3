//! Each limit exactly at its value and one step beyond, over one small history: what a swapped comparison or a lost factor would change.

use super::*;
use crate::history::bare;
use serde_json::{Value, json};

/// One request every 100 ms from 2 s before a fault of 30 s until 20 s after it: bad for a second, then by the standby, and by the primary after
/// the heal. The standby is asked once for each.
fn history() -> Value {
    let one = |due: i64| {
        let (outcome, by, asked) = match due {
            ..0 => ("ok", Some("primary"), "primary"),
            0..1_000 => ("error", None, "standby"),
            1_000..30_000 => ("ok", Some("standby"), "standby"),
            _ => ("ok", Some("primary"), "primary"),
        };
        let attempts = json!([{"provider": asked, "at_ms": due, "completed": outcome == "ok"}]);
        json!({"due_ms": due, "sent_ms": due, "done_ms": due + 50, "outcome": outcome, "served_by": by, "attempts": attempts})
    };
    json!({
        "bare_history": 1, "objectives": {}, "primary": ["primary"], "standbys": ["standby"], "observed_until_ms": 50_000,
        "fault": {"lo_ms": 0, "hi_ms": 0, "requests_touched": 9}, "heal": {"lo_ms": 30_000, "hi_ms": 30_000},
        "ledger": [{"acknowledged_ms": -450, "found": false}],
        "requests": (-20..500).map(|place| one(place * 100)).collect::<Vec<_>>(),
    })
}

fn evidence(change: impl FnOnce(&mut Value)) -> Evidence {
    let mut history = history();
    change(&mut history);
    bare(&serde_json::to_vec(&history).unwrap()).unwrap()
}

fn with(goals: Value) -> Verdict {
    judge(&evidence(|history| history["objectives"] = goals))
}

/// The request that is due then.
fn at(history: &mut Value, due: i64) -> &mut Value {
    history["requests"].as_array_mut().unwrap().iter_mut().find(|request| request["due_ms"] == due).unwrap()
}

fn of(verdict: &Verdict, name: &str) -> Option<Decision> {
    verdict.objectives.iter().find(|objective| objective.name.word() == name).map(|objective| objective.verdict)
}

#[test]
fn an_objective_is_met_exactly_at_its_limit_and_missed_beyond() {
    for (name, goal, at_limit, beyond) in [
        ("rto", "rto_ms", json!(1_050), json!(900)),
        ("failback", "failback_rto_ms", json!(50), json!(49)),
        ("rpo", "rpo_ms", json!(450), json!(449)),
        ("lost", "max_lost", json!(10), json!(9)),
        ("truncated", "max_truncated", json!(0), Value::Null),
        ("duplicates", "max_duplicates", json!(0), Value::Null),
        ("overshoot", "max_overshoot", json!(1.0), json!(0.9)),
    ] {
        let slo = if name == "rto" { 300 } else { 1000 };
        assert_eq!(of(&with(json!({goal: at_limit, "slo_ms": slo})), name), Some(Decision::Met), "{name} at its limit");
        // The failback was seen to have happened after 50 ms: below that it is not missed but not known.
        let wanted = if name == "failback" { Decision::Inconclusive } else { Decision::Missed };
        if !beyond.is_null() {
            assert_eq!(of(&with(json!({goal: beyond, "slo_ms": slo})), name), Some(wanted), "{name} beyond its limit");
        }
    }
}

/// Cut into the measures that the loop above only meets: one truncated answer, one execution too many.
#[test]
fn one_truncated_answer_and_one_execution_too_many_are_beyond_none() {
    let verdict = judge(&evidence(|history| {
        history["objectives"] = json!({"max_truncated": 0, "max_duplicates": 0});
        at(history, 500)["outcome"] = json!("truncated");
        at(history, 2_000)["attempts"] = json!([{"provider": "primary", "at_ms": 2_000, "completed": true},
                                                {"provider": "standby", "at_ms": 2_001, "completed": true}]);
    }));
    assert_eq!((of(&verdict, "truncated"), of(&verdict, "duplicates")), (Some(Decision::Missed), Some(Decision::Missed)));
}

#[test]
fn a_load_above_the_rate_is_an_overshoot_and_one_below_is_none() {
    let twice = |limit: f64| {
        let verdict = judge(&evidence(|history| {
            history["objectives"] = json!({"max_overshoot": limit});
            for due in 0..10 {
                let attempt = at(history, due * 100)["attempts"][0].clone();
                at(history, due * 100)["attempts"] = json!([attempt, attempt]);
            }
        }));
        (verdict.measures.as_ref().unwrap().overshoot, of(&verdict, "overshoot"))
    };
    assert_eq!(twice(1.9), (Some(2.0), Some(Decision::Missed)));
    assert_eq!(twice(2.0), (Some(2.0), Some(Decision::Met)));
    assert_eq!(twice(2.1), (Some(2.0), Some(Decision::Met)));
}

/// Ten of the 300 requests that were due while the fault lasted are lost.
#[test]
fn a_share_that_may_be_lost_is_of_the_requests_due_while_the_fault_lasted() {
    let lost = |share: f64, more: i64| {
        let mut evidence = evidence(|history| (10..10 + more).for_each(|place| at(history, place * 100)["outcome"] = json!("error")));
        evidence.objectives.lost = crate::units::Ratio::new(share).map(crate::model::LossBudget::Share);
        of(&judge(&evidence), "lost")
    };
    assert_eq!((lost(0.05, 5), lost(0.05, 6)), (Some(Decision::Met), Some(Decision::Missed)));
    assert_eq!(
        (lost(0.29, 77), lost(0.29, 78)),
        (Some(Decision::Met), Some(Decision::Missed)),
        "0.41 × 300 is 123, whatever floats make of it"
    );
}

#[test]
fn a_plan_is_valid_exactly_at_its_limits() {
    let reason = |goals: Value| {
        let verdict = with(goals);
        (verdict.verdict == Decision::InvalidPlan).then_some(verdict.reason).flatten()
    };
    assert_eq!(reason(json!({"hold_ms": 500})), None);
    assert_eq!(reason(json!({"hold_ms": 499.999})), Some(Reason::HoldTooShort));
    assert_eq!(reason(json!({"deadline_ms": 1_000})), None);
    assert_eq!(reason(json!({"deadline_ms": 999.999})), Some(Reason::DeadlineBelowSlo));
    assert_eq!(reason(json!({"planned_fault_ms": 10_000})), None);
    assert_eq!(reason(json!({"planned_fault_ms": 9_999.999})), Some(Reason::HorizonTooShort));
    // 100 + 1000 + 30 + 2 × 10.
    assert_eq!(reason(json!({"rto_ms": 1_150.001, "fault_uncertainty_ms": 30, "clock_error_ms": 10})), None);
    assert_eq!(reason(json!({"rto_ms": 1_150, "fault_uncertainty_ms": 30, "clock_error_ms": 10})), Some(Reason::ResolutionExceedsRto));
}

#[test]
fn a_trial_is_valid_exactly_at_its_limits() {
    let reason = |change: &dyn Fn(&mut Value)| {
        let verdict = judge(&evidence(change));
        (verdict.verdict == Decision::Void).then_some(verdict.reason).flatten()
    };
    // Twenty requests are due before the fault, and all of them ended.
    assert_eq!(reason(&|history| history["objectives"] = json!({"baseline_min": 20})), None);
    assert_eq!(reason(&|history| history["objectives"] = json!({"baseline_min": 21})), Some(Reason::BaselineUnstable));
    assert_eq!(reason(&|history| at(history, -100)["done_ms"] = json!(-0.001)), None);
    assert_eq!(
        reason(&|history| at(history, -100)["done_ms"] = json!(0)),
        Some(Reason::BaselineUnstable),
        "what ends with the fault is in flight"
    );
    let one_bad = |success: f64| {
        reason(&|history: &mut Value| {
            history["objectives"] = json!({"baseline_success": success});
            at(history, -1_000)["outcome"] = json!("error");
        })
    };
    assert_eq!((one_bad(0.95), one_bad(0.951)), (None, Some(Reason::BaselineUnstable)));
    let by = |history: &mut Value| at(history, -1_000)["served_by"] = json!("standby");
    assert_eq!(reason(&by), Some(Reason::BaselineUnstable), "19 of 20 by the primary are not 99 %");
    assert_eq!(reason(&|history| at(history, 5_000)["sent_ms"] = json!(5_010)), None);
    assert_eq!(reason(&|history| at(history, 5_000)["sent_ms"] = json!(5_010.001)), Some(Reason::DriverLag));
}

#[test]
fn the_primary_must_hold_as_long_as_was_said_after_the_heal() {
    // The observation ends 20 s after the heal.
    let failback = |goals: Value| with(goals).measures.unwrap().failback.unwrap().hi;
    assert_eq!(failback(json!({"failback_hold_ms": 20_000})), Some(50_000_000), "a hold that ends with the observation is whole");
    assert_eq!(failback(json!({"failback_hold_ms": 20_001})), None);
    assert_eq!(failback(json!({"hold_ms": 20_001})), None, "without one of its own it is the recovery's");
    assert_eq!(failback(json!({"hold_ms": 20_001, "failback_hold_ms": 5_000})), Some(50_000_000));
}

/// The edges of each window: which of two requests that lie exactly on them belongs to it.
#[test]
fn windows_begin_with_their_first_moment_and_end_before_their_last() {
    let verdict = with(json!({}));
    assert_eq!(verdict.evidence.during_fault, 300, "due at 0 is within the fault, due at 30 s is not");
    assert_eq!((verdict.measures.as_ref().unwrap().bad, verdict.measures.as_ref().unwrap().failback_lost), (10, 0));
    // The hold of 5 s that begins at 1000 ends before 6000.
    let cutover = |due: i64, goals: Value| {
        let verdict = judge(&evidence(|history| {
            history["objectives"] = goals;
            at(history, due)["outcome"] = json!("error");
        }));
        verdict.measures.unwrap().cutover.hi
    };
    assert_eq!(cutover(6_000, json!({})), Some(1_050_000_000));
    assert_eq!(cutover(5_900, json!({})), Some(6_050_000_000));
    // A hold that ends with the fault is whole: from 1000, 29 s remain.
    assert_eq!(with(json!({"hold_ms": 29_000, "rto_ms": 2_000})).measures.unwrap().cutover.hi, Some(1_050_000_000));
    assert_eq!(with(json!({"hold_ms": 29_000.001, "rto_ms": 2_000})).measures.unwrap().cutover.hi, None);
    // What was sent exactly when the fault was wholly in force proves something, what was sent before does not.
    let edge = |hi: f64| {
        let all_well = |history: &mut Value| {
            history["fault"]["hi_ms"] = json!(hi);
            (0..10).for_each(|place| {
                at(history, place * 100)["outcome"] = json!("ok");
                at(history, place * 100)["served_by"] = json!("standby");
            });
        };
        judge(&evidence(all_well)).measures.unwrap().restore.hi
    };
    assert_eq!((edge(100.0), edge(100.001)), (Some(100_000_000), Some(200_000_000)));
}

#[test]
fn a_lead_in_and_a_run_count_exactly() {
    let onset = |bad: &[i64], goals: Value| {
        let verdict = judge(&evidence(|history| {
            history["objectives"] = goals;
            bad.iter().for_each(|due| at(history, *due)["outcome"] = json!("error"));
        }));
        verdict.measures.unwrap().restore.hi
    };
    let loose = json!({"success": 0.9});
    assert_eq!(onset(&[1_500], loose.clone()), Some(1_000_000_000), "five good ones lead in");
    assert_eq!(onset(&[1_400], loose.clone()), Some(1_500_000_000), "four do not");
    assert_eq!(onset(&[2_000, 2_100], loose), Some(2_200_000_000), "one after another may be bad, and not two");
    assert_eq!(onset(&[2_000, 2_100], json!({"success": 0.9, "max_consecutive_bad": 2})), Some(1_000_000_000));
}

#[test]
fn a_service_that_a_third_provider_served_has_left_its_primary() {
    let by = |third: &str| {
        judge(&evidence(|history| {
            history["objectives"] = json!({"failback_rto_ms": 1_000, "gate": "restore"});
            for request in history["requests"].as_array_mut().unwrap() {
                let due = request["due_ms"].as_i64().unwrap();
                let asked = if (1_000..30_000).contains(&due) { third } else { "primary" };
                request["attempts"][0]["provider"] = json!(asked);
                if request["outcome"] == "ok" {
                    request["served_by"] = json!(asked);
                }
            }
        }))
    };
    let (third, primary) = (by("third"), by("primary"));
    assert_eq!((of(&third, "failback"), third.measures.unwrap().never_left), (Some(Decision::Met), false));
    assert_eq!((of(&primary, "failback"), primary.measures.unwrap().never_left), (None, true));
}

/// Where answers take longer than the hold, one that was asked for just as it ends may come first: it proves nothing of the hold.
#[test]
fn a_hold_is_proven_by_who_was_asked_within_it() {
    let verdict = judge(&evidence(|history| {
        history["objectives"] = json!({"hold_ms": 500});
        (10..15).for_each(|place| at(history, place * 100)["done_ms"] = json!(place * 100 + 900));
    }));
    assert_eq!(verdict.measures.unwrap().cutover.hi, Some(1_900_000_000));
}
