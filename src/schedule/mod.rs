//! When drills are due, and what becomes of each time that they were: pure questions to a schedule, with the moment as a parameter.
//!
//! ```text
//!  rule        a rule's text → a rule: words its words, cron its five fields
//!  due_days    whether a day of the calendar is one of a rule's
//!  wall_clock  which moment it is when a clock on a wall shows something
//!  starts      when a schedule is due, from one moment to another
//!  local       starts as people read them
//!  gaps        how far apart its starts lie
//!  window      from when until when an occurrence may begin
//!  occurrence  one such time, and as what it ended
//!  quarter     a quarter of a year
//!  deferral    somebody decided that it is done later
//!  export      schedules as crontab, systemd timers, CronJobs, workflows, calendars
//!  notice      what is told about them to whoever does not watch; noticed, what there is to tell at a moment
//!  reckon      what is to be done about a schedule at a moment
//!  standing    what is next, what was last, and what is overdue
//! ```
//!
//! `src/schedule/README.md` tells people how to write one, and what each of its settings means.
//!
//! What this room does not do: look at a clock, keep anything (`store`), or start a drill (`scheduler`).

mod cron;
mod deferral;
mod due_days;
pub mod export;
mod gaps;
mod local;
mod notice;
mod noticed;
mod occurrence;
mod quarter;
mod reckon;
mod rule;
mod standing;
mod starts;
mod wall_clock;
mod window;
mod words;

pub use deferral::{Deferral, DeferredSubject};
pub use gaps::{StartGaps, is_ever_due, is_ever_open, start_gaps};
pub use local::{starts_of_days, told_local, told_zoned};
pub use notice::{CutoverBounds, Notice, NoticeSubject};
pub use noticed::noticed;
pub use occurrence::{MissReason, Occurrence, OccurrenceEnd, OccurrenceState};
pub use quarter::Quarter;
pub use reckon::{Act, ENTERED_MAX, ManualRun, reckon};
pub use rule::{is_either_day, read_cron, read_rule};
pub use standing::{ScheduleStanding, standing};
pub use starts::{first_starts, next_due, starts};
pub use window::{begins, closes, jitter_of};

/// A schedule of this rule, for tests.
#[cfg(test)]
fn example(rule: &str) -> crate::model::DrillSchedule {
    use crate::model::{IfMissed, OverlapPolicy, ScheduleNotices};
    crate::model::DrillSchedule {
        name: "example".to_owned(),
        scenarios: vec!["scenarios/outage.yaml".to_owned()],
        environment: "lab".to_owned(),
        when: read_rule(rule, None).expect("a rule"),
        window: crate::units::Duration::from_secs(3_600),
        jitter: crate::units::Duration::ZERO,
        if_missed: IfMissed::RunLate,
        overlap: OverlapPolicy::Skip,
        cadence: None,
        approval: None,
        notify: ScheduleNotices::default(),
    }
}
