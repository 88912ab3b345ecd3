//! By which hash a plan is known: what is approved, what a manifest and a dry run show, and whether the trials of a series are of one plan.
//!
//! What this file does not do: hash the files that a plan names (`permission::named_files`).

use crate::history::drill_as_recorded;
use crate::model::DrillPlan;
use crate::units::{Duration, sha256_hex};

/// The hash of a plan: of all that one drill by it does, but its seed. What was approved and what runs are the same where theirs are.
pub fn plan_hash(plan: &DrillPlan) -> String {
    configuration(plan, Duration::ZERO)
}

/// SHA-256 of all that a drill does but for its phase, in hexadecimal.
pub(super) fn configuration(plan: &DrillPlan, phase: Duration) -> String {
    // A history has no more of the team's own texts than this.
    let plan = &plan.without_prompts();
    let mut plan = drill_as_recorded(plan).unwrap_or_else(|| plan.clone());
    let baseline = &mut plan.scenario.timeline.baseline;
    *baseline = Duration::from_nanos(baseline.as_nanos().saturating_sub(phase.as_nanos()));
    let text = serde_json::to_vec(&plan).expect("a plan has text keys only");
    sha256_hex(&text)
}
