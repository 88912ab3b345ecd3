//! The verdict of a drill with several workloads, from that of each.

use super::{Decision, Verdict};
use serde::Serialize;

/// The verdict on one workload of several.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OfWorkload {
    /// The workload's name.
    pub name: String,
    /// The service that it asked.
    pub service: String,
    /// As if it had been the only one.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// All of them together: what was measured of the first, with the decision of the worst, which is the first's where none is worse.
/// A miss is worse than a doubt, and a doubt worse than nothing to object to. `None` where there are none.
pub fn together(workloads: Vec<OfWorkload>) -> Option<Verdict> {
    let first = workloads.first()?.verdict.clone();
    let worst = workloads.iter().map(|of| &of.verdict).fold(&first, |worst, next| if rank(next) > rank(worst) { next } else { worst });
    let (verdict, reason) = (worst.verdict, worst.reason);
    Some(Verdict { verdict, reason, workloads, ..first })
}

const fn rank(verdict: &Verdict) -> u8 {
    match verdict.verdict {
        Decision::Met => 0,
        Decision::Inconclusive | Decision::Void | Decision::InvalidPlan => 1,
        Decision::Missed => 2,
    }
}
