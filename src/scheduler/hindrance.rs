//! What stands in the way of an occurrence now: its files, a lever, hours and freezes, approvals, money, another drill's locks. Each is told in words
//! and has the reason with which the occurrence is missed, should it still stand there when the window is over.

use super::healing::{HealOrder, stray_faults};
use super::not_begun::NotBegun;
use super::running::RunningDrills;
use crate::execution::leftovers;
use crate::exercise::{ExerciseError, PlannedDrill, ReadScenario, approvals_in, levers_of, lock_order, permits, take_approvals};
use crate::model::{DrillSchedule, Executable};
use crate::permission::trust::{TRUSTED, TrustBook, TrustStanding, known};
use crate::permission::{ApprovalProblem, NotPermitted, held_by};
use crate::schedule::MissReason;
use crate::units::{one_line, with_causes};
use chrono::Utc;
use std::path::{Path, PathBuf};

/// The folder of a project in which approvals for its scheduled drills are looked for.
pub const APPROVALS: &str = "approvals";

/// Something that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hindrance {
    pub(super) reason: MissReason,
    pub(super) told: String,
}

impl Hindrance {
    pub(super) fn new(reason: MissReason, told: impl AsRef<str>) -> Self {
        Self { reason, told: one_line(told.as_ref()) }
    }
}

impl From<&NotBegun> for Hindrance {
    fn from(error: &NotBegun) -> Self {
        let reason = match error {
            NotBegun::Unaffordable(_) => MissReason::Spend,
            NotBegun::Approval(_) => MissReason::Approval,
            NotBegun::Exercise(ExerciseError::Stopped(_)) => MissReason::Lever,
            NotBegun::Exercise(ExerciseError::Locked(_)) => MissReason::Lock,
            NotBegun::Exercise(ExerciseError::NotPermitted(refused)) => reason_of(refused),
            // W8 may tell more of why a drill did not begin.
            _ => MissReason::Invalid,
        };
        Self::new(reason, with_causes(error))
    }
}

const fn reason_of(refused: &NotPermitted) -> MissReason {
    match refused {
        NotPermitted::Approval(_) => MissReason::Approval,
        NotPermitted::Frozen { .. } | NotPermitted::Outside { .. } | NotPermitted::Calendar { .. } => MissReason::Freeze,
    }
}

/// Looks at everything that can be seen without beginning: all scenarios of a schedule must be valid, and the first must be permitted now. The
/// files of the approvals of each. What killed drills left where the first is to run is healed.
pub(super) async fn hindered(running: &RunningDrills, schedule: &DrillSchedule) -> Result<Vec<Vec<PathBuf>>, Hindrance> {
    let (root, now) = (running.root(), Utc::now());
    let mut approvals = Vec::new();
    for (scenario, place) in schedule.scenarios.iter().zip(0..) {
        let mut planned = read(root, scenario, &schedule.environment)?;
        is_trusted(&planned)?;
        let (files, problem) = approvals_in(&root.join(APPROVALS), &planned, now);
        take_approvals(std::slice::from_mut(&mut planned), &files, now).map_err(|error| unapproved(&error))?;
        approvals.push(files);
        if place == 0 {
            if let Some(pulled) = levers_of(&planned.plan, root).pulled().await {
                return Err(Hindrance::new(MissReason::Lever, pulled.to_string()));
            }
            permits(&planned, now).await.map_err(|refused| match (&refused, problem) {
                (NotPermitted::Approval(_), Some(problem)) => unapproved(&problem),
                _ => Hindrance::new(reason_of(&refused), with_causes(&refused)),
            })?;
            is_free(running, &planned).await?;
        }
    }
    Ok(approvals)
}

/// Whether nobody drills what this drill touches, and nothing is left there of one that was killed.
async fn is_free(running: &RunningDrills, planned: &PlannedDrill) -> Result<(), Hindrance> {
    let (root, plan) = (running.root(), &planned.plan);
    let order = lock_order(plan, root, None, running.locks().as_ref());
    // A table of locks may take as long as a network does.
    let held = tokio::task::spawn_blocking(move || order.wishes.iter().find_map(held_by)).await.ok().flatten();
    if let Some(holder) = held {
        return Err(Hindrance::new(MissReason::Lock, holder.to_string()));
    }
    let Some(binding) = &plan.environment.control else { return Ok(()) };
    let heal = HealOrder { roots: vec![root.to_owned()], wait: None, locks: running.locks() };
    for left in leftovers(&[root.join("drills")], &[root.to_owned()]) {
        if left.standing.as_ref().is_some_and(|note| note.control == binding.url) {
            let healed = heal.leftover(&left, |line| tracing::info!("{line}")).await;
            healed.map_err(|problem| Hindrance::new(MissReason::Lock, with_causes(&problem)))?;
        }
    }
    let names: Vec<String> = plan.providers.keys().cloned().collect();
    match stray_faults(binding, &plan.environment, root, &names).await.into_iter().next() {
        None => Ok(()),
        Some((name, faults)) => {
            let told =
                format!("there are faults at {} that no drill holds ({name}: {faults}): `lifeboat heal` takes them away", binding.url);
            Err(Hindrance::new(MissReason::Lock, told))
        }
    }
}

fn unapproved(problem: &ApprovalProblem) -> Hindrance {
    Hindrance::new(MissReason::Approval, with_causes(problem))
}

fn read(root: &Path, scenario: &str, environment: &str) -> Result<PlannedDrill, Hindrance> {
    let read =
        ReadScenario::of(&root.join(scenario), environment).map_err(|error| Hindrance::new(MissReason::Invalid, error.to_string()))?;
    if let Some(problem) = &read.unaffordable {
        return Err(Hindrance::new(MissReason::Spend, with_causes(problem)));
    }
    let has_errors = read.findings.has_errors();
    read.planned.filter(|_| !has_errors).ok_or_else(|| {
        let first = read.findings.into_iter().next().map_or_else(|| format!("{scenario} is not valid"), |finding| finding.to_string());
        Hindrance::new(MissReason::Invalid, first.lines().next().unwrap_or_default())
    })
}

/// Whether this user has agreed to what a drill starts on this host.
fn is_trusted(planned: &PlannedDrill) -> Result<(), Hindrance> {
    let executables = Executable::of_drill(&planned.plan, &planned.evidence);
    let is_told = std::env::var(TRUSTED).is_ok_and(|value| !matches!(value.trim(), "" | "0" | "false" | "no"));
    if executables.is_empty() || is_told {
        return Ok(());
    }
    let untrusted = |why: String| Hindrance::new(MissReason::Invalid, why);
    let commands = known(&planned.root, &executables).map_err(|error| untrusted(with_causes(&error)))?;
    match TrustBook::open().map(|book| book.standing(&planned.root, &commands)) {
        Ok(TrustStanding::Trusted) => Ok(()),
        _ => Err(untrusted("it starts commands that nobody on this host has agreed to: `lifeboat trust` shows them".to_owned())),
    }
}
