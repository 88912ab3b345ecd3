//! What is said of a recovery that did not hold, and of one that nobody needed.

use super::*;

#[test]
fn a_recovery_that_did_not_hold_is_told_with_why() {
    fn late(told: &mut Recorded, id: u64, due: u64) {
        match due {
            FAULT..26_000 => told.done(id, due, 5, Outcome::Error),
            26_000..HEAL => {
                told.seen(Some(id), "standby", due + 2, 10, 200);
                told.done(id, due, 15, Outcome::Ok);
            }
            36_000.. => told.usual(id, due),
            _ if due >= HEAL => told.done(id, due, 5, Outcome::Error),
            _ => told.usual(id, due),
        }
    }
    let told = Drill::of(unavailable(), late).told();
    let whole = "No standby had taken over 15.94 s after the fault, and none served well for the hold of 6 s before the fault ended; \
                 the objective is 8 s: missed. A standby served well from 16.00 s on, which does not count: the fault ended at 20.00 s, before \
                 the hold of 6 s was over.";
    told.says(whole).reports(whole);
    // The same of the primary, after the heal.
    let back = "The primary did not serve well 5.94 s after the heal, nor for the hold before the drill ended; the objective is 9 s: inconclusive. \
                It served well from 6.00 s after the heal on, which does not count: the drill ended at 10.00 s, before the hold was over.";
    told.says(back).reports(back);
    let start = &told.json["measures"]["false_start"];
    assert_eq!((&start["from_ms"], &start["why"]["ended_before"]["at_ms"]), (&json!(16_000.0), &json!(20_000.0)));
}

#[test]
fn where_nobody_noticed_anything_that_is_said_and_no_count_of_zero() {
    let mut drill = Drill::of(unavailable(), retries);
    (drill.objectives.gate, drill.objectives.failback) = (Some(Gate::Restore), None);
    let told = drill.told();
    let whole = "No request failed or was late: nobody noticed the fault; the objective is 8 s: met.";
    told.says(whole).reports(whole).says("requests 400 during the fault: none bad");
}

/// A gateway without a timeout: whoever still waits for the dead primary is released by the heal, and goes to the standby then.
fn hangs(told: &mut Recorded, id: u64, due: u64) {
    match due {
        28_000..HEAL => {
            told.seen(Some(id), "standby", HEAL + 5, 10, 200);
            told.done(id, due, HEAL + 15 - due, Outcome::Ok);
        }
        FAULT..28_000 | 30_500..31_000 => told.done(id, due, 5, Outcome::Error),
        _ => told.usual(id, due),
    }
}

#[test]
fn what_the_heal_released_is_no_rescue_and_no_answer_comes_before_its_request() {
    let mut drill = Drill::of(Blackhole.into(), hangs);
    drill.objectives.failback = None;
    let told = drill.told();
    assert_eq!(told.json["measures"]["rescued"]["requests"], json!(0), "{}", told.screen);
    told.never("went to primary before another").never("went to primary first");
    told.reports("| the gateway asks a standby, by itself | 20.00 s |").reports("| first good answer from a standby | 20.00 to 20.02 s |");
    told.says("360 bad (all lost); 10 lost after the heal").says("(not promised)");
}

#[test]
fn answers_past_every_proxy_are_told_as_the_reason_with_what_to_do() {
    fn past(told: &mut Recorded, id: u64, due: u64) {
        match due {
            FAULT..10_150 => told.done(id, due, 5, Outcome::Error),
            10_150..HEAL => told.done(id, due, 20, Outcome::Ok),
            _ => told.usual(id, due),
        }
    }
    let told = Drill::of(unavailable(), past).told();
    let because = "397 good answers passed no proxy, so it is not known who served";
    assert_eq!((&told.json["reason"], &told.json["because"]), (&json!("who_served_unknown"), &json!(because)), "{}", told.screen);
    let hint = "the gateway reaches a standby past its proxy: point it at the proxy before standby (`lifeboat doctor` names the addresses), \
                or write `gate: restore`";
    assert_eq!(told.json["hint"], hint);
    told.says(because).says(hint).reports(because).reports(hint).never("none served well");
}

#[test]
fn a_drill_that_proves_nothing_is_void_and_says_why_once() {
    let told = Drill { touched: 0, ..Drill::of(unavailable(), Recorded::usual) }.told();
    assert_eq!(told.verdict.verdict, Decision::Void, "{}", told.screen);
    told.says("verdict void ").never("inconclusive").never("2.86 to 3.04 s");
    assert_eq!(told.line().matches("the fault touched no request").count(), 1, "{}", told.screen);
}

#[test]
fn one_rescued_request_is_told_as_one() {
    fn once(told: &mut Recorded, id: u64, due: u64) {
        match due {
            12_000 => retries(told, id, due),
            FAULT..HEAL => {
                told.seen(Some(id), "standby", due + 2, 10, 200);
                told.done(id, due, 20, Outcome::Ok);
            }
            _ => told.usual(id, due),
        }
    }
    let told = Drill::of(unavailable(), once).told();
    told.reports("1 of 400 requests went to primary first and was then answered by another provider. That cost it ");
}
