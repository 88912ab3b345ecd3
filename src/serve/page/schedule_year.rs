//! A schedule's year: each time that it is due, by its rule and by what was recorded, and the freezes of its environment.

use super::occurrences::occurrences;
use super::problem::PageProblem;
use super::year::{FrozenDays, YearMark};
use crate::model::{DrillSchedule, Inventory};
use crate::permission::{Period, Zone, calendars_within};
use crate::schedule::{Occurrence, OccurrenceEnd, OccurrenceState, first_starts};
use crate::serve::App;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::path::Path;

/// So many starts of a year are reckoned: one a minute for a day would be as many.
const STARTS: usize = 1_500;

/// A schedule's year.
#[derive(Debug)]
pub(super) struct ScheduleYear {
    zone: Zone,
    now: DateTime<Utc>,
    /// Each start, with what was recorded of it.
    starts: BTreeMap<DateTime<Utc>, Option<Occurrence>>,
    /// True where there are more than were reckoned.
    more: bool,
}

impl ScheduleYear {
    /// The year of a schedule on the clocks of its place.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub(super) async fn of(app: &App, schedule: &DrillSchedule, year: i32, now: DateTime<Utc>) -> Result<Self, PageProblem> {
        let zone = Zone::named(&schedule.when.zone);
        let (from, until) = bounds(&zone, year);
        let kept = occurrences(app, Some(&schedule.name), from, until).await?;
        Ok(Self::new(schedule, zone, (from, until), kept, now))
    }

    fn new(
        schedule: &DrillSchedule,
        zone: Zone,
        (from, until): (DateTime<Utc>, DateTime<Utc>),
        kept: Vec<Occurrence>,
        now: DateTime<Utc>,
    ) -> Self {
        let planned = first_starts(&schedule.when, from - TimeDelta::seconds(1), until, STARTS + 1);
        let more = planned.len() > STARTS;
        let mut starts: BTreeMap<DateTime<Utc>, Option<Occurrence>> = planned.into_iter().take(STARTS).map(|due| (due, None)).collect();
        // A rule that was changed since leaves what was recorded by it.
        starts.extend(kept.into_iter().map(|each| (each.due, Some(each))));
        Self { zone, now, starts, more }
    }

    /// Each start with what was recorded of it, in their order.
    pub(super) fn starts(&self) -> impl Iterator<Item = (DateTime<Utc>, Option<&Occurrence>)> {
        self.starts.iter().map(|(due, occurrence)| (*due, occurrence.as_ref()))
    }

    /// How many starts there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// True where it is never due in this year.
    pub(super) fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// A moment as a day of the place.
    pub(super) fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        self.zone.local(at).date()
    }

    /// The days with what is to be seen of them. What is past and was not recorded has no mark.
    pub(super) fn days(&self) -> Vec<(NaiveDate, YearMark)> {
        self.starts().filter_map(|(due, occurrence)| Some((self.day_of(due), mark(occurrence, due > self.now)?))).collect()
    }

    /// That there are more starts than are shown.
    pub(super) fn more(&self) -> Markup {
        html! { @if self.more { p.note.open { "It is due more than " (STARTS) " times in this year; the first of them are shown." } } }
    }
}

fn mark(occurrence: Option<&Occurrence>, is_to_come: bool) -> Option<YearMark> {
    let Some(each) = occurrence else { return is_to_come.then_some(YearMark::Planned) };
    Some(match (each.state, each.end) {
        (OccurrenceState::Due | OccurrenceState::Asked, _) => YearMark::Due,
        (OccurrenceState::Running, _) => YearMark::Running,
        (OccurrenceState::Over, Some(OccurrenceEnd::Started)) => YearMark::Started,
        (OccurrenceState::Over, Some(OccurrenceEnd::Kept)) => YearMark::Kept,
        (OccurrenceState::Over, Some(OccurrenceEnd::Late)) => YearMark::Late,
        (OccurrenceState::Over, Some(OccurrenceEnd::Missed) | None) => YearMark::Missed,
    })
}

/// When a year begins and ends on these clocks.
fn bounds(zone: &Zone, year: i32) -> (DateTime<Utc>, DateTime<Utc>) {
    let first = |year: i32| NaiveDate::from_ymd_opt(year, 1, 1).and_then(|day| day.and_hms_opt(0, 0, 0)).unwrap_or_default();
    (zone.instant(first(year)), zone.instant(first(year + 1)) - TimeDelta::seconds(1))
}

/// The freezes of a schedule's environment in a year, of calendars that are files of the project; and the names of those that are not.
pub(super) fn freezes_of(inventory: &Inventory, root: &Path, schedule: &DrillSchedule, year: i32) -> (Vec<FrozenDays>, Vec<String>) {
    let zone = Zone::named(&schedule.when.zone);
    let (from, until) = bounds(&zone, year);
    let Some(environment) = inventory.environments.get(&schedule.environment) else { return (Vec::new(), Vec::new()) };
    let (mut frozen, mut unread) = (Vec::new(), Vec::new());
    for (place, (_, read)) in calendars_within(&environment.allow, root).into_iter().enumerate() {
        let calendar = read.and_then(|read| read.calendar.ok());
        let Some(freezes) = calendar.and_then(|calendar| calendar.freezes(Period { from, until }).ok()) else {
            // An address may be a secret.
            unread.push(format!("number {}", place + 1));
            continue;
        };
        frozen.extend(freezes.into_iter().take(1_000).map(|freeze| FrozenDays {
            from: zone.local(freeze.period.from).date(),
            // The end is not in it: one that ends at midnight does not freeze that day.
            until: zone.local((freeze.period.until - TimeDelta::seconds(1)).max(freeze.period.from)).date(),
            name: freeze.name,
        }));
    }
    (frozen, unread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{MissReason, read_cron, read_rule};
    use crate::serve::page::tests::schedule;

    #[test]
    fn a_year_holds_what_is_planned_and_what_was_recorded_by_an_older_rule() {
        let mut quarterly = schedule("chat");
        quarterly.when = read_rule("second Tuesday of every quarter, 10:00 Europe/Berlin", None).unwrap();
        let zone = Zone::named(&quarterly.when.zone);
        let now = "2026-06-01T00:00:00Z".parse().unwrap();
        let mut missed = Occurrence::new("chat", "2026-03-03T03:00:00Z".parse().unwrap());
        (missed.state, missed.end, missed.reason) = (OccurrenceState::Over, Some(OccurrenceEnd::Missed), Some(MissReason::Freeze));
        let year = ScheduleYear::new(&quarterly, zone.clone(), bounds(&zone, 2026), vec![missed], now);
        assert_eq!(year.len(), 5, "{year:?}");
        // What is past and of which nothing was recorded has no mark.
        let marks: Vec<YearMark> = year.days().into_iter().map(|(_, mark)| mark).collect();
        assert_eq!(marks, [YearMark::Missed, YearMark::Planned, YearMark::Planned]);
    }

    #[test]
    fn a_schedule_of_each_minute_is_cut_and_says_so() {
        let mut often = schedule("often");
        often.when = read_cron("* * * * *", "UTC".parse().unwrap()).unwrap();
        let zone = Zone::utc();
        let year = ScheduleYear::new(&often, zone.clone(), bounds(&zone, 2026), Vec::new(), "2026-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(year.len(), STARTS);
        assert!(year.more().into_string().contains("more than 1500"));
    }
}
