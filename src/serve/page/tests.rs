//! What tests of pages share.

use crate::model::{DrillSchedule, IfMissed, OverlapPolicy, ScheduleNotices};
use crate::schedule::read_rule;
use crate::units::Duration;

/// A schedule of this name, due each quarter.
pub(super) fn schedule(name: &str) -> DrillSchedule {
    DrillSchedule {
        name: name.to_owned(),
        scenarios: vec!["scenarios/outage.yaml".to_owned()],
        environment: "lab".to_owned(),
        when: read_rule("second Tuesday of every quarter, 10:00 Europe/Berlin", None).unwrap(),
        window: Duration::from_secs(3_600),
        jitter: Duration::ZERO,
        if_missed: IfMissed::Ask,
        overlap: OverlapPolicy::Skip,
        cadence: None,
        approval: None,
        notify: ScheduleNotices::default(),
    }
}
