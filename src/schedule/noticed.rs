//! What there is to tell of a schedule at a moment. Asked again and again: the same thing has the same key each time, and is told once.

use super::notice::Notice;
use super::occurrence::{MissReason, Occurrence, OccurrenceEnd, OccurrenceState};
use super::starts::next_due;
use crate::model::DrillSchedule;
use crate::units::Duration;
use chrono::{DateTime, TimeDelta, Utc};

/// What is longer ago is no news.
const NEWS: TimeDelta = TimeDelta::days(7);

/// What is to be told of a schedule. `known` are occurrences, `overdue` says since when it is overdue, and `owners` are told of that.
pub fn noticed(
    schedule: &DrillSchedule,
    known: &[Occurrence],
    overdue: Option<DateTime<Utc>>,
    owners: &[String],
    now: DateTime<Utc>,
) -> Vec<Notice> {
    let mut found = Vec::new();
    if let Some(due) = next_due(schedule, now) {
        let is_near = |before: Duration| TimeDelta::from_std(before.std()).is_ok_and(|before| due - now <= before);
        if schedule.approval.as_ref().is_some_and(|wish| is_near(wish.before)) {
            found.push(Notice::approval(schedule, due, now));
        }
        if schedule.notify.before.is_some_and(is_near) {
            found.push(Notice::soon(schedule, due, now));
        }
    }
    for occurrence in known.iter().filter(|known| known.schedule == schedule.name && now - known.due < NEWS && known.due <= now) {
        match (occurrence.state, occurrence.end) {
            (OccurrenceState::Over, Some(OccurrenceEnd::Missed)) => {
                let reason = occurrence.reason.unwrap_or(MissReason::Invalid);
                found.push(Notice::missed(schedule, occurrence.due, reason, &occurrence.told, occurrence.over.unwrap_or(now)));
            }
            (OccurrenceState::Over, Some(OccurrenceEnd::Kept)) => {}
            _ => found.push(Notice::due(schedule, occurrence.due, occurrence.due)),
        }
    }
    if let Some(since) = overdue {
        found.push(Notice::overdue(schedule, since, owners.to_vec(), now));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ApprovalWish, NoticeKind, ScheduleNotices};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn schedule() -> DrillSchedule {
        DrillSchedule {
            name: "quarterly".to_owned(),
            environment: "staging".to_owned(),
            cadence: Some(Duration::from_secs(90 * 86_400)),
            approval: Some(ApprovalWish { by: vec!["ann".to_owned()], before: Duration::from_secs(2 * 86_400) }),
            notify: ScheduleNotices {
                before: Some(Duration::from_secs(86_400)),
                to: vec!["oncall".to_owned()],
                after: vec!["board".to_owned()],
            },
            when: crate::schedule::read_cron("0 10 1 * *", crate::units::ZoneName::utc()).unwrap(),
            ..crate::schedule::example("every day 07:00 UTC")
        }
    }

    fn told(found: &[Notice]) -> Vec<(NoticeKind, &str, &str)> {
        found.iter().map(|notice| (notice.kind, notice.told.as_str(), notice.contacts.first().map_or("", String::as_str))).collect()
    }

    #[test]
    fn people_are_told_before_and_asked_for_their_approval() {
        let schedule = schedule();
        assert_eq!(noticed(&schedule, &[], None, &[], at("2026-02-25T00:00:00Z")), []);
        let asked = noticed(&schedule, &[], None, &[], at("2026-02-28T00:00:00Z"));
        assert_eq!(told(&asked).iter().map(|(kind, _, to)| (*kind, *to)).collect::<Vec<_>>(), [(NoticeKind::Approval, "ann")]);
        let both = noticed(&schedule, &[], None, &[], at("2026-02-28T10:00:00Z"));
        let soon = (NoticeKind::Soon, "quarterly is due in 24 h, 2026-03-01 10:00 UTC, on staging.", "oncall");
        assert_eq!(told(&both)[1], soon);
        assert_eq!(both[0].key, asked[0].key, "asked again, it is the same");
    }

    #[test]
    fn what_was_missed_is_told_with_its_reason_and_no_longer_after_a_week() {
        let schedule = schedule();
        let mut missed = Occurrence::new("quarterly", at("2026-03-01T10:00:00Z"));
        let now = at("2026-03-01T10:00:01Z");
        assert_eq!(told(&noticed(&schedule, std::slice::from_ref(&missed), None, &[], now))[0].0, NoticeKind::Due);
        (missed.state, missed.end) = (OccurrenceState::Over, Some(OccurrenceEnd::Missed));
        (missed.reason, missed.told) = (Some(MissReason::Freeze), "year's end".to_owned());
        let found = noticed(&schedule, std::slice::from_ref(&missed), None, &[], now);
        let right = (NoticeKind::Missed, "quarterly, due 2026-03-01 10:00 UTC, was missed: year's end.", "board");
        assert_eq!((told(&found), found[0].about.reason.as_deref()), (vec![right], Some("freeze")));
        assert_eq!(noticed(&schedule, &[missed], None, &[], at("2026-03-09T00:00:00Z")), []);
    }

    #[test]
    fn who_owns_what_is_overdue_is_told_again_each_week() {
        let schedule = schedule();
        let since = at("2026-03-02T00:00:00Z");
        let tell = |now| noticed(&schedule, &[], Some(since), &["owner".to_owned()], at(now)).remove(0);
        let first = tell("2026-03-02T00:00:00Z");
        assert_eq!((first.kind, first.contacts.as_slice()), (NoticeKind::Overdue, ["owner".to_owned()].as_slice()));
        assert_eq!(first.told, "quarterly is overdue since 2026-03-02 00:00 UTC, and should be drilled every 90 days.");
        assert_eq!(first.key, tell("2026-03-08T00:00:00Z").key);
        assert_ne!(first.key, tell("2026-03-09T00:00:00Z").key);
    }
}
