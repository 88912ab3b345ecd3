//! What is said of a recovery that did not hold, and of one that nobody needed.

use super::*;

#[test]
fn a_recovery_that_did_not_hold_is_told_with_why() {
    fn late(told: &mut Told, id: u64, due: u64) {
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
    let told = Drill::of(UNAVAILABLE, late).told();
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
    let mut drill = Drill::of(UNAVAILABLE, retries);
    (drill.objectives.gate, drill.objectives.failback) = (Some(Gate::Restore), None);
    let told = drill.told();
    let whole = "No request failed or was late: nobody noticed the fault; the objective is 8 s: met.";
    told.says(whole).reports(whole).says("requests 400 during the fault: none bad");
}
