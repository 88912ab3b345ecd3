//! stub
use super::*;
use crate::model::DrillSchedule;
use chrono::{DateTime, Utc};
/// x
pub enum Act {
    /// x
    Enter(Occurrence),
    /// x
    Begin {
        /// x
        due: DateTime<Utc>,
        /// x
        end: OccurrenceEnd,
    },
    /// x
    Close {
        /// x
        due: DateTime<Utc>,
        /// x
        end: OccurrenceEnd,
        /// x
        reason: Option<MissReason>,
        /// x
        drills: Vec<String>,
        /// x
        told: String,
    },
    /// x
    Ask {
        /// x
        due: DateTime<Utc>,
    },
}
/// x
pub struct ManualRun;
/// x
pub fn reckon(
    _schedule: &DrillSchedule,
    _known: &[Occurrence],
    _runs: &[ManualRun],
    _since: DateTime<Utc>,
    _looked: Option<DateTime<Utc>>,
    _now: DateTime<Utc>,
) -> Vec<Act> {
    vec![]
}
/// x
pub fn jitter_of(_: &DrillSchedule) -> crate::units::Duration {
    crate::units::Duration::ZERO
}
impl crate::project::Project {
    /// x
    pub fn schedules(&self) -> (Vec<DrillSchedule>, crate::project::Findings) {
        todo()
    }
}
fn todo() -> ! {
    panic!()
}
