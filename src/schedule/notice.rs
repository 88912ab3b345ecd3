//! What is told about drills and schedules to whoever does not watch: webhooks, and people by their contacts.
//!
//! A notice is entered into the store once, under its key ([`DrillStore::enqueue`](crate::store::DrillStore::enqueue)), and sent from there. Its key is
//! made of what it is about, so that two replicas that see the same thing enter one.
//!
//! What this file does not do: say who is told (`model::ServePolicy`, and the schedule's `notify`), or send anything (`serve`).

use crate::model::{DrillSchedule, NoticeKind};
use crate::units::Duration;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Between what bounds the cutover was; without `upper_ms` it was not seen to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutoverBounds {
    /// Milliseconds from the disruption: not before.
    pub lower_ms: i64,
    /// Milliseconds: by then.
    pub upper_ms: Option<i64>,
}

impl CutoverBounds {
    /// From nanoseconds, rounded outwards, so that the truth stays between them.
    pub fn of_nanos(lower: i64, upper: Option<i64>) -> Self {
        const MS: i64 = 1_000_000;
        Self { lower_ms: lower.div_euclid(MS), upper_ms: upper.map(|upper| upper.div_euclid(MS) + i64::from(upper.rem_euclid(MS) > 0)) }
    }
}

/// The occurrence or the drill that a notice is about. What is not known, or is not its business, is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NoticeSubject {
    /// The schedule's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// When the occurrence was due, by its rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<DateTime<Utc>>,
    /// The drill's identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<String>,
    /// The service that is drilled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The scenario's name, or the files of a schedule's, separated by `, `.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// Where it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What the drill showed of everything that was promised: `met`, `missed` or `inconclusive`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// Between what bounds the cutover was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cutover: Option<CutoverBounds>,
    /// Milliseconds: the recovery time that was promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective_ms: Option<i64>,
    /// Why an occurrence was missed, a guard's word, or who is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Something that whoever does not watch wants to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What happened.
    pub kind: NoticeKind,
    /// What it is about, so that it is entered once: two notices of one kind with the same key are the same.
    pub key: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The occurrence or the drill.
    pub about: NoticeSubject,
    /// The same for people, in a sentence or two.
    pub told: String,
    /// Contacts of the inventory that are told, besides webhooks.
    #[serde(default)]
    pub contacts: Vec<String>,
}

impl Notice {
    /// A drill will be due.
    pub fn soon(schedule: &DrillSchedule, due: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let left = u64::try_from((due - now).num_seconds()).unwrap_or(0);
        // Nobody reckons with the seconds of days.
        let left = Duration::from_secs(if left > 3_600 { left / 60 * 60 } else { left });
        let told = format!("{} is due in {left}, {}, on {}.", schedule.name, moment(due), schedule.environment);
        Self { contacts: schedule.notify.to.clone(), ..Self::of_occurrence(NoticeKind::Soon, schedule, due, now, told) }
    }

    /// An occurrence is due.
    pub fn due(schedule: &DrillSchedule, due: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let told = format!("{} is due now, on {}.", schedule.name, schedule.environment);
        Self::of_occurrence(NoticeKind::Due, schedule, due, now, told)
    }

    /// Approvals are wanted for an occurrence; those who may give them are told.
    pub fn approval(schedule: &DrillSchedule, due: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let by = schedule.approval.as_ref().map(|wish| wish.by.clone()).unwrap_or_default();
        let told = format!("{} is due on {} and needs your approval before: `lifeboat approve` gives it.", schedule.name, moment(due));
        let mut notice = Self::of_occurrence(NoticeKind::Approval, schedule, due, now, told);
        notice.about.reason = Some(by.join(", "));
        Self { contacts: by, ..notice }
    }

    /// An occurrence was missed. `reason` is the word ([`MissReason`](super::MissReason)), `told` the same in words.
    pub fn missed(schedule: &DrillSchedule, due: DateTime<Utc>, reason: super::MissReason, told: &str, now: DateTime<Utc>) -> Self {
        let why = if told.is_empty() { reason.word() } else { told };
        let told = format!("{}, due {}, was missed: {why}.", schedule.name, moment(due));
        let mut notice = Self::of_occurrence(NoticeKind::Missed, schedule, due, now, told);
        notice.about.reason = Some(reason.word().to_owned());
        Self { contacts: schedule.notify.after.clone(), ..notice }
    }

    /// A schedule was not kept for longer than its cadence. `owners` are told; again every week that it stays so.
    pub fn overdue(schedule: &DrillSchedule, since: DateTime<Utc>, owners: Vec<String>, now: DateTime<Utc>) -> Self {
        let weeks = (now - since).num_weeks().max(0);
        let cadence = schedule.cadence.map(|cadence| format!(", and should be drilled every {cadence}")).unwrap_or_default();
        let told = format!("{} is overdue since {}{cadence}.", schedule.name, moment(since));
        let mut notice = Self::of_occurrence(NoticeKind::Overdue, schedule, since, now, told);
        notice.key = format!("{} {weeks}", notice.key);
        notice.about.due = None;
        Self { contacts: owners, ..notice }
    }

    /// Something about a drill: its identifier is in `about`. `what` tells two of one kind and one drill apart, and is empty where there is one.
    pub fn of_drill(kind: NoticeKind, about: NoticeSubject, what: &str, told: String, at: DateTime<Utc>) -> Self {
        let drill = about.drill.as_deref().unwrap_or_default();
        let key = if what.is_empty() { drill.to_owned() } else { format!("{drill} {what}") };
        Self { kind, key, at, about, told, contacts: Vec::new() }
    }

    fn of_occurrence(kind: NoticeKind, schedule: &DrillSchedule, due: DateTime<Utc>, at: DateTime<Utc>, told: String) -> Self {
        let about = NoticeSubject {
            schedule: Some(schedule.name.clone()),
            due: Some(due),
            scenario: Some(schedule.scenarios.join(", ")),
            environment: Some(schedule.environment.clone()),
            ..NoticeSubject::default()
        };
        Self { kind, key: format!("{} {}", schedule.name, due.timestamp_millis()), at, about, told, contacts: Vec::new() }
    }
}

/// For people, in the one zone that all of them can reckon from.
fn moment(at: DateTime<Utc>) -> impl std::fmt::Display {
    at.format("%Y-%m-%d %H:%M UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_rounded_outwards() {
        let bounds = CutoverBounds::of_nanos;
        assert_eq!(bounds(1_999_999, Some(2_000_001)), CutoverBounds { lower_ms: 1, upper_ms: Some(3) });
        assert_eq!(bounds(0, None), CutoverBounds { lower_ms: 0, upper_ms: None });
        assert_eq!(bounds(2_000_000, Some(3_000_000)), CutoverBounds { lower_ms: 2, upper_ms: Some(3) });
    }

    #[test]
    fn a_notice_of_a_drill_is_known_by_the_drill() {
        let about = NoticeSubject { drill: Some("d-1".to_owned()), ..NoticeSubject::default() };
        let notice = |what| Notice::of_drill(NoticeKind::Guard, about.clone(), what, String::new(), DateTime::UNIX_EPOCH).key;
        assert_eq!((notice("").as_str(), notice("spend").as_str()), ("d-1", "d-1 spend"));
    }
}
