//! Service that was mostly good and never good enough: bad answers were scattered over the fault.
//!
//! There "no standby had taken over after 18 s" contradicts what else stands on the screen: one answered all the time. What tells is the share
//! that was good, and what made the others late. What this file does not do: decide.

use super::wording::{seconds_up, span};
use crate::units::{counted, grouped};
use crate::verdict::{Measures, Millis, Verdict};

/// Bad answers in at least so many runs are scattered.
const RUNS: u64 = 3;

/// Whether it was so, where no recovery was seen: more than half were good, and fewer than promised.
pub(in crate::report) fn is_so(verdict: &Verdict, measures: &Measures) -> bool {
    let (due, bad) = (verdict.evidence.during_fault, measures.bad);
    let share = due.saturating_sub(bad) as f64 / due.max(1) as f64;
    measures.censored && measures.outage.runs >= RUNS && 2 * bad < due && share < verdict.terms.success.get()
}

/// `Only 86.5% of the requests during the fault were good, and 95% are promised`.
pub(in crate::report) fn measured(verdict: &Verdict, measures: &Measures) -> String {
    let due = verdict.evidence.during_fault.max(1);
    // Downwards, so that it never reads as if the promise had been kept.
    let tenths = due.saturating_sub(measures.bad) * 1000 / due;
    let share = if tenths.is_multiple_of(10) { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) };
    let promised = verdict.terms.success.to_string();
    let are = if promised == "1%" { "is" } else { "are" };
    format!("{share}% of the requests during the fault were good, and {promised} {are} promised")
}

/// What made answers late, where most bad ones were late and the good ones had waited; empty otherwise.
pub(in crate::report) fn why_late(verdict: &Verdict, measures: &Measures) -> String {
    let late = measures.late;
    let rescued = measures.rescued.as_ref().filter(|_| is_so(verdict, measures) && late > 0 && 2 * late >= measures.bad);
    let Some((rescued, paid)) = rescued.and_then(|rescued| Some((rescued, rescued.paid?))) else { return String::new() };
    let slo = verdict.terms.slo;
    if 4 * paid.median.0 < slo.nanos() {
        return String::new();
    }
    let Millis(median) = paid.median;
    let (who, were) = (rescued.asked.join(" or "), if late == 1 { "was" } else { "were" });
    format!(
        " {} {were} late: waiting for {who} took {} (median over {} that were rescued), and {} after it was due an answer is late.",
        counted(late, "answer"),
        seconds_up(median),
        grouped(rescued.requests),
        span(slo)
    )
}

#[cfg(test)]
mod tests {
    use crate::history::bare;
    use crate::report::summary;
    use crate::verdict::{Decision, judge};
    use serde_json::{Value, json};

    #[test]
    fn mostly_good_and_never_good_enough_is_told_by_its_share_and_by_the_wait() {
        // Each waits 2 s for the dead one; every seventh takes longer than 3 s in all.
        let one = |number: i64, due: i64| {
            if due < 0 {
                let attempts = json!([{"provider": "a", "at_ms": due + 2, "completed": true}]);
                return json!({"due_ms": due, "done_ms": due + 300, "outcome": "ok", "served_by": "a", "attempts": attempts});
            }
            let attempts =
                json!([{"provider": "a", "at_ms": due + 2, "completed": false}, {"provider": "b", "at_ms": due + 2002, "completed": true}]);
            let took = if number % 7 == 0 { 3_100 } else { 2_700 };
            json!({"due_ms": due, "done_ms": due + took, "outcome": "ok", "served_by": "b", "attempts": attempts})
        };
        let history = json!({
            "bare_history": 1, "primary": ["a"], "standbys": ["b"], "observed_until_ms": 25_000,
            "objectives": {"rto_ms": 8_000, "slo_ms": 3_000, "deadline_ms": 8_000, "success": 0.95, "baseline_success": 0.95},
            "fault": {"lo_ms": 0, "hi_ms": 0, "requests_touched": 9}, "heal": {"lo_ms": 20_000, "hi_ms": 20_000},
            "requests": (-50..200).map(|place| one(place, place * 100)).collect::<Vec<Value>>(),
        });
        let verdict = judge(&bare(&serde_json::to_vec(&history).unwrap()).unwrap());
        assert_eq!(verdict.verdict, Decision::Missed, "{verdict:?}");
        let screen = summary(&verdict, 100).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            screen.contains("85.5% of the requests during the fault were good, and 95% are promised; the objective is 8 s: missed."),
            "{screen}"
        );
        assert!(screen.contains("29 answers were late: waiting for a took 2.00 s (median"), "{screen}");
        assert!(!screen.contains("none served well") && !screen.contains("does not count"), "{screen}");
    }
}
