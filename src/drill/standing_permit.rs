//! What permitted a drill to begin, asked once more right before its first fault: hours, freezes, and approvals that end; and the longest that it may take.

use super::DrillStop;
use super::interrupts::Interrupt;
use crate::history::StopReason;
use crate::model::{DrillPlan, Timeline};
use crate::permission::{Approval, NotPermitted, Timetable, overran};
use crate::units::Duration;
use std::path::Path;

/// What permits a drill, as it stands now.
pub(super) struct StandingPermit<'a> {
    timetable: Timetable,
    approvals: &'a [Approval],
}

impl<'a> StandingPermit<'a> {
    /// Reads the calendars anew.
    ///
    /// # Errors
    /// Where one cannot be read.
    pub(super) async fn of(plan: &DrillPlan, root: &Path, approvals: &'a [Approval]) -> Result<Self, DrillStop> {
        let timetable = Timetable::of(plan, root).await.map_err(|error| stop(&error))?;
        Ok(Self { timetable, approvals })
    }

    /// Whether the rest of the drill may run, from its first fault on.
    ///
    /// # Errors
    /// What stands in its way by now.
    pub(super) fn still_holds(&self, timeline: &Timeline) -> Result<(), DrillStop> {
        let now = chrono::Utc::now();
        let rest = timeline.total().as_nanos().saturating_sub(timeline.baseline.as_nanos());
        self.timetable.permits(now, Duration::from_nanos(rest)).map_err(|error| stop(&error))?;
        self.approvals.iter().try_for_each(|approval| approval.holds(now)).map_err(|error| stop(&NotPermitted::from(error)))
    }
}

/// Ends with the interrupt, once the drill takes longer than its environment allows.
pub(super) fn overrun(plan: &DrillPlan) -> impl Future<Output = Interrupt> + Send + use<> {
    let (name, allow) = (plan.environment_name.clone(), plan.environment.allow.clone());
    async move { Interrupt::Stop(DrillStop::of(StopReason::Guard, &overran(&name, &allow).await)) }
}

fn stop(refused: &NotPermitted) -> DrillStop {
    DrillStop::of(StopReason::Guard, refused)
}
