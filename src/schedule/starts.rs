//! When a schedule is due.

use crate::model::{DrillSchedule, DuePattern};
use chrono::{DateTime, Utc};

/// When a schedule is due after one moment, and up to another that is included; in their order, without jitter. At most 100,000.
pub fn starts(schedule: &DrillSchedule, after: DateTime<Utc>, until: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let mut found = Vec::new();
    let mut at = after;
    while let Some(next) = next_due(schedule, at).filter(|next| *next <= until && found.len() < 100_000) {
        found.push(next);
        at = next;
    }
    found
}

/// When it is due next, after a moment; `None` where it never is again.
pub fn next_due(schedule: &DrillSchedule, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let DuePattern::Cron(pattern) = &schedule.when.rule;
    let zone: chrono_tz::Tz = schedule.when.zone.as_str().parse().ok()?;
    let cron: croner::Cron = pattern.parse().ok()?;
    cron.find_next_occurrence(&after.with_timezone(&zone), false).ok().map(|next| next.with_timezone(&Utc))
}
