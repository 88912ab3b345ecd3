//! The verdict of a drill with several workloads, from that of each.

use super::{Decision, Verdict};

/// The verdict on one workload of several.
#[derive(Debug, Clone, PartialEq)]
pub struct OfWorkload {
    /// The workload's name.
    pub name: String,
    /// The service that it asked.
    pub service: String,
    /// As if it had been the only one.
    pub verdict: Verdict,
}

/// All of them together: what was measured of the one that leads, at this place among them, with the decision of the worst, which is the
/// leading one's where none is worse. A miss is worse than a doubt, and a doubt worse than nothing to object to. `None` where there is none at
/// that place.
pub fn together(workloads: Vec<OfWorkload>, lead: usize) -> Option<Verdict> {
    let leading = workloads.get(lead)?.verdict.clone();
    let worst = workloads.iter().map(|of| &of.verdict).fold(&leading, |worst, next| if rank(next) > rank(worst) { next } else { worst });
    let (verdict, reason) = (worst.verdict, worst.reason);
    Some(Verdict { verdict, reason, workloads, ..leading })
}

const fn rank(verdict: &Verdict) -> u8 {
    match verdict.verdict {
        Decision::Met => 0,
        Decision::Inconclusive | Decision::Void | Decision::InvalidPlan => 1,
        Decision::Missed => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::super::VerdictRecord;
    use super::*;
    use crate::history::bare;

    /// A verdict from nothing, with this decision.
    fn of(name: &str, verdict: Decision) -> OfWorkload {
        let empty = br#"{"bare_history": 1, "primary": ["a"], "standbys": ["b"], "requests": []}"#;
        let judged = super::super::judge(&bare(empty).unwrap());
        OfWorkload { name: name.into(), service: "chat".into(), verdict: Verdict { verdict, ..judged } }
    }

    #[test]
    fn the_worst_decides_and_one_leads() {
        use Decision::{Inconclusive, InvalidPlan, Met, Missed, Void};
        for (each, wanted) in [
            (vec![Met, Met], Met),
            (vec![Met, Missed], Missed),
            (vec![Inconclusive, Missed], Missed),
            (vec![Met, Void, Inconclusive], Void),
            (vec![Inconclusive, Void], Inconclusive),
            (vec![InvalidPlan, Met], InvalidPlan),
        ] {
            let workloads = each.iter().map(|verdict| of("w", *verdict)).collect();
            assert_eq!(together(workloads, 0).unwrap().verdict, wanted, "{each:?}");
        }
        assert_eq!(together(Vec::new(), 0), None);
        let both = together(vec![of("first", Met), of("second", Missed)], 0).unwrap();
        let text = serde_json::to_value(VerdictRecord::new(&both, None)).unwrap();
        assert_eq!((&text["workloads"][1]["name"], &text["workloads"][1]["verdict"]), (&"second".into(), &"missed".into()));
        assert!(text["workloads"][0].get("workloads").is_none(), "one verdict does not hold others");
    }
}
