//! An event of a calendar, with its recurrences.
//!
//! | what | what becomes of it |
//! |---|---|
//! | `STATUS:CANCELLED` | it freezes nothing; of one day of a series, that day |
//! | `TRANSP:TRANSPARENT` | it freezes as any other: Google and Outlook mark what lasts a whole day so by themselves |
//! | `STATUS:TENTATIVE` | it freezes as any other |
//! | no end | a day lasts a day, a time no time: it stands in the way of a drill that runs at that moment |
//! | `RECURRENCE-ID` | it takes the place of one day of its series |
//! | `RECURRENCE-ID;RANGE=THISANDFUTURE` | it cannot be read; neither Google nor Outlook writes it |
//! | `EXRULE` | it is left out, as the standard says, so that more is frozen, and never less |

use super::property::{all, one, parameter};
use super::recurrence::{duration, occurrences};
use super::zones::CalendarZones;
use crate::permission::period::Period;
use crate::permission::zone::Zone;
use crate::units::{Problem, one_line};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use icalendar::parser::{Component, Property};
use std::collections::BTreeSet;

/// A date, or a date with a time, by the clock that it is told by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CalendarTime {
    local: NaiveDateTime,
    zone: Zone,
    is_day: bool,
}

impl CalendarTime {
    fn instant(&self) -> DateTime<Utc> {
        self.zone.instant(self.local)
    }
}

/// When an occurrence ends.
#[derive(Debug, Clone, PartialEq)]
enum EventEnd {
    At(CalendarTime),
    /// So many days by the clock, and then so much time.
    After(TimeDelta, TimeDelta),
}

/// An event, or what takes the place of one day of a series.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CalendarEvent {
    pub(super) uid: String,
    pub(super) name: String,
    pub(super) is_cancelled: bool,
    /// The day of a series whose place it takes.
    pub(super) replaces: Option<CalendarTime>,
    start: CalendarTime,
    end: EventEnd,
    rules: Vec<String>,
    /// Further days of it, some with an end of their own.
    added: Vec<(CalendarTime, Option<EventEnd>)>,
    left_out: Vec<CalendarTime>,
}

impl CalendarEvent {
    /// Of a component VEVENT.
    ///
    /// # Errors
    /// Where it has no beginning, or a part of it cannot be read.
    pub(super) fn of(component: &Component<'_>, zones: &CalendarZones) -> Result<Self, Problem> {
        let text = |name| one(component, name).map(|property| property.val.as_str().trim().to_owned()).filter(|text| !text.is_empty());
        let uid = text("UID").unwrap_or_default();
        let name = text("SUMMARY").map_or_else(|| "an event without a name".to_owned(), |name| one_line(&name).chars().take(100).collect());
        let read = || {
            let start = one(component, "DTSTART").ok_or_else(|| Problem::new("it has no DTSTART"))?;
            let start = time(start, start.val.as_str(), zones)?;
            let end = match (one(component, "DTEND"), one(component, "DURATION")) {
                (Some(end), _) => EventEnd::At(time(end, end.val.as_str(), zones)?),
                (None, Some(length)) => length_of(length.val.as_str())?,
                (None, None) if start.is_day => EventEnd::After(TimeDelta::days(1), TimeDelta::zero()),
                (None, None) => EventEnd::After(TimeDelta::zero(), TimeDelta::zero()),
            };
            let replaces = match one(component, "RECURRENCE-ID") {
                Some(property) if parameter(property, "RANGE").is_some() => {
                    return Err(Problem::new("it changes all days after one of its series (RANGE), which is not understood"));
                }
                property => property.map(|property| time(property, property.val.as_str(), zones)).transpose()?,
            };
            let times = |property: &Property<'_>| {
                property.val.as_str().split(',').map(|text| time(property, text, zones)).collect::<Result<Vec<_>, _>>()
            };
            let left_out = all(component, "EXDATE").map(times).collect::<Result<Vec<_>, _>>()?.concat();
            let mut added = Vec::new();
            for property in all(component, "RDATE") {
                for text in property.val.as_str().split(',') {
                    added.push(day_added(property, text, zones)?);
                }
            }
            let event = Self {
                uid: uid.clone(),
                name: name.clone(),
                is_cancelled: text("STATUS").is_some_and(|status| status.eq_ignore_ascii_case("CANCELLED")),
                replaces,
                start,
                end,
                rules: all(component, "RRULE").map(|rule| rule.val.as_str().trim().to_owned()).collect(),
                added,
                left_out,
            };
            // A rule that cannot be read is told of here, and not on the day that it would matter.
            for rule in &event.rules {
                occurrences(rule, event.start.local, event.start.local, |at| event.start.zone.local(at))?;
            }
            if event.end_of(event.start.local, &event.end) < event.start.instant() {
                return Err(Problem::new("it ends before it begins"));
            }
            Ok(event)
        };
        read().map_err(|problem| {
            Problem::new(format!("the event `{name}`: {}", problem.message)).hint("correct it in the calendar, or take it away there")
        })
    }

    /// Its clock.
    pub(super) const fn zone(&self) -> &Zone {
        &self.start.zone
    }

    /// When it is, as far as that touches a period. `replaced` are the days whose place others take.
    ///
    /// # Errors
    /// Where a rule of it cannot be read.
    pub(super) fn periods(&self, within: Period, replaced: &[&CalendarTime]) -> Result<Vec<Period>, Problem> {
        let clock = &self.start.zone;
        // A clock is at most a day ahead.
        let last = within.until.naive_utc().checked_add_signed(TimeDelta::days(1)).unwrap_or(NaiveDateTime::MAX);
        let mut starts = BTreeSet::from([self.start.local]);
        for rule in self.rules.iter().filter(|_| self.replaces.is_none()) {
            let found = occurrences(rule, self.start.local, last, |at| clock.local(at));
            starts.extend(found.map_err(|problem| Problem::new(format!("the event `{}`: {}", self.name, problem.message)))?);
        }
        let own = starts.into_iter().map(|local| (local, &self.end));
        let added = self.added.iter().map(|(time, end)| (clock.local(time.instant()), end.as_ref().unwrap_or(&self.end)));
        // A day names all that begin on it; a time that alone.
        let (mut days_gone, mut times_gone) = (BTreeSet::new(), BTreeSet::new());
        for time in self.left_out.iter().chain(replaced.iter().copied()) {
            if time.is_day {
                days_gone.insert(time.local.date());
            } else if self.start.is_day {
                days_gone.insert(clock.local(time.instant()).date());
            } else {
                times_gone.insert(time.instant());
            }
        }
        let gone = |local: &NaiveDateTime| {
            days_gone.contains(&local.date()) || !times_gone.is_empty() && times_gone.contains(&clock.instant(*local))
        };
        let days = own.chain(added).filter(|(local, _)| !gone(local));
        let periods = days.map(|(local, end)| Period { from: clock.instant(local), until: self.end_of(local, end) });
        Ok(periods.filter(|period| period.touches(&within)).collect())
    }

    /// When the occurrence ends that begins then: at the same time by the clock as the first one does.
    fn end_of(&self, local: NaiveDateTime, end: &EventEnd) -> DateTime<Utc> {
        let clock = &self.start.zone;
        let plus = |at: NaiveDateTime, length| at.checked_add_signed(length).unwrap_or(NaiveDateTime::MAX);
        match end {
            EventEnd::At(end) if end.zone == *clock => clock.instant(plus(local, end.local - self.start.local)),
            EventEnd::At(end) => clock.instant(local) + (end.instant() - self.start.instant()),
            EventEnd::After(days, rest) => clock.instant(plus(local, *days)) + *rest,
        }
    }
}

fn length_of(text: &str) -> Result<EventEnd, Problem> {
    let length = duration(text).ok_or_else(|| Problem::new(format!("`{text}` is no length of time")))?;
    Ok(EventEnd::After(length.0, length.1))
}

/// A further day of an event: a date, a time, or a period with an end or a length of its own.
fn day_added(property: &Property<'_>, text: &str, zones: &CalendarZones) -> Result<(CalendarTime, Option<EventEnd>), Problem> {
    let Some((from, until)) = text.split_once('/') else { return Ok((time(property, text, zones)?, None)) };
    let from = time(property, from, zones)?;
    if until.trim_start_matches(['+', '-']).starts_with(['P', 'p']) {
        return Ok((from, Some(length_of(until)?)));
    }
    let length = time(property, until, zones)?.instant() - from.instant();
    Ok((from, Some(EventEnd::After(TimeDelta::zero(), length))))
}

/// `20261224`, `20261224T180000`, `20261224T170000Z`, with the zone that the property names.
fn time(property: &Property<'_>, text: &str, zones: &CalendarZones) -> Result<CalendarTime, Problem> {
    let text = text.trim();
    let wrong = || Problem::new(format!("`{}` of {} is no date", one_line(text), property.name.as_str()));
    let day = |text: &str| NaiveDate::parse_from_str(text, "%Y%m%d").ok().filter(|_| text.len() == 8);
    if let Some(day) = day(text) {
        return Ok(CalendarTime { local: day.and_time(NaiveTime::MIN), zone: zones.of_days().clone(), is_day: true });
    }
    let plain = text.trim_end_matches(['Z', 'z']);
    // A leap second is the last of its minute.
    let plain_second = plain.strip_suffix("60").map_or_else(|| plain.to_owned(), |minute| format!("{minute}59"));
    let local = NaiveDateTime::parse_from_str(&plain_second, "%Y%m%dT%H%M%S").map_err(|_| wrong())?;
    let zone = match parameter(property, "TZID") {
        _ if plain.len() < text.len() => Zone::utc(),
        Some(name) => zones.of(name)?,
        None => zones.of_days().clone(),
    };
    Ok(CalendarTime { local, zone, is_day: false })
}
