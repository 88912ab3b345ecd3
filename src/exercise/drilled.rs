//! Which drills have walked a runbook before it is walked for real: those whose recorded runbook has the same steps, and else the newest that walked
//! an older version.

use super::earlier::{DrillFilter, earlier_drills};
use crate::history::{RunbookDrilled, runbook_as_recorded};
use crate::model::Runbook;
use crate::report::EarlierDrill;
use crate::units::sha256_hex;
use std::path::Path;

/// So many drills of a runbook are looked at, the newest.
const LOOKED_AT: usize = 1_000;
/// So many that walked these very steps are told one by one.
const TOLD: usize = 5;

/// What is recorded of the drills in a folder that have walked this runbook, the newest last. Never empty: that none did is told as well.
#[must_use]
pub fn drills_of(runbook: &Runbook, drills: &Path) -> Vec<RunbookDrilled> {
    let filter = DrillFilter { runbook: Some(runbook.name.clone()), ..DrillFilter::default() };
    let found = earlier_drills(drills, &filter, LOOKED_AT).drills;
    // As a history has it: what a newer version adds and nobody has set makes no other version of it.
    let recorded = runbook_as_recorded(runbook).unwrap_or_else(|| runbook.clone());
    let steps = fingerprint(&recorded);
    let is_same = |drill: &EarlierDrill| walked(drill).is_some_and(|walked| walked.steps == recorded.steps);
    let (same, others): (Vec<&EarlierDrill>, Vec<&EarlierDrill>) = found.iter().partition(|drill| is_same(drill));
    let more = same.len().saturating_sub(TOLD);
    let one = |drill: &EarlierDrill, same: bool| of(drill, &steps, same, more as u64);
    let mut told: Vec<RunbookDrilled> = others.last().filter(|_| same.is_empty()).map(|drill| one(drill, false)).into_iter().collect();
    told.extend(same.iter().skip(more).map(|drill| one(drill, true)));
    if told.is_empty() {
        told.push(RunbookDrilled {
            steps,
            drill: None,
            started: None,
            verdict: None,
            cutover_lo: None,
            cutover_hi: None,
            same: false,
            more: 0,
        });
    }
    told
}

fn walked(drill: &EarlierDrill) -> Option<&Runbook> {
    drill.started.as_ref()?.plan.runbook.as_ref()
}

fn of(drill: &EarlierDrill, steps: &str, same: bool, more: u64) -> RunbookDrilled {
    RunbookDrilled {
        steps: steps.to_owned(),
        drill: Some(drill.name.clone()),
        started: Some(drill.started_at.clone()),
        verdict: Some(drill.verdict.to_string()),
        cutover_lo: drill.cutover.map(|cutover| cutover.lo),
        cutover_hi: drill.cutover.and_then(|cutover| cutover.hi),
        same,
        more,
    }
}

/// What makes a version of a runbook: its steps, and nothing of when it starts or whom it tells.
fn fingerprint(runbook: &Runbook) -> String {
    let text = serde_json::to_string(&runbook.steps).unwrap_or_default();
    sha256_hex(text.as_bytes())
}
