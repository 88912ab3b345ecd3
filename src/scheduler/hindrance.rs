//! What stands in the way of an occurrence now: its files, a lever, hours and freezes, approvals, money, another drill's locks. Each is told in words
//! and has the reason with which the occurrence is missed, should it still stand there when the window is over.

use super::running::NotBegun;
use crate::exercise::{ExerciseError, PlannedDrill, ReadScenario, approvals_in, levers_of, permits, take_approvals};
use crate::model::{DrillSchedule, Executable};
use crate::permission::trust::{TRUSTED, TrustBook, TrustStanding, known};
use crate::permission::{ApprovalProblem, NotPermitted};
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
/// files of the approvals of each.
pub(super) async fn hindered(root: &Path, schedule: &DrillSchedule) -> Result<Vec<Vec<PathBuf>>, Hindrance> {
    let now = Utc::now();
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
        }
    }
    Ok(approvals)
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
