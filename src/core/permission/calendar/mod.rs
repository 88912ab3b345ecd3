//! Calendars as iCalendar files (RFC 5545), in the forms that Google and Outlook export: whatever stands in one is a freeze.
//!
//! ```text
//!  lines       the file's lines, unfolded, and seen to be whole
//!  property    properties by their names
//!  zones       its time zones: places, what Windows calls them (windows), and those that it defines (own_zone)
//!  event       an event, its recurrences (recurrence), and what takes the place of one of its days
//! ```
//!
//! What this room does not do: fetch a calendar, or know what time it is.

mod event;
mod lines;
pub(super) mod own_zone;
mod property;
mod recurrence;
mod windows;
mod zones;

use super::period::Period;
use super::zone::Zone;
use crate::units::Problem;
use chrono::{DateTime, Utc};
use event::{CalendarEvent, CalendarTime};
use icalendar::parser::read_calendar_simple;
use std::collections::BTreeMap;
use zones::CalendarZones;

/// The largest calendar that is read, in bytes: some fifty thousand events.
pub const CALENDAR_MAX: usize = 10_000_000;

/// A calendar of freezes.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// As a person would find it: a file's path, a host.
    name: String,
    events: Vec<CalendarEvent>,
}

/// A time in which no drill may run.
#[derive(Debug, Clone, PartialEq)]
pub struct Freeze {
    /// What the event is called.
    pub name: String,
    /// In which calendar.
    pub calendar: String,
    /// When.
    pub period: Period,
    /// By whose clock.
    pub zone: Zone,
}

impl Calendar {
    /// Reads one. `usual` is the zone of whole days, where the calendar does not say.
    ///
    /// # Errors
    /// Where it is none, or any part of it cannot be read: what is not understood is no permission.
    pub fn read(name: &str, bytes: &[u8], usual: Option<&Zone>) -> Result<Self, Problem> {
        if bytes.len() > CALENDAR_MAX {
            return Err(Problem::new(format!("it is larger than {} MB", CALENDAR_MAX / 1_000_000)));
        }
        let contents = lines::contents(bytes)?;
        let mut events = Vec::new();
        for content in &contents {
            let parsed = read_calendar_simple(content).map_err(|error| {
                let near: String = error.input.lines().next().unwrap_or_default().chars().take(60).collect();
                Problem::new(format!("this is no calendar near `{near}`"))
            })?;
            for calendar in &parsed {
                let zones = CalendarZones::of_calendar(calendar, usual);
                for component in calendar.components.iter().filter(|component| component.name.as_str().eq_ignore_ascii_case("VEVENT")) {
                    events.push(CalendarEvent::of(component, &zones)?);
                }
            }
        }
        Ok(Self { name: name.to_owned(), events })
    }

    /// As a person would find it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many events it has, a series as one.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// True where nothing stands in it.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The freezes that touch a period, in order.
    ///
    /// # Errors
    /// Where a recurrence cannot be read.
    pub fn freezes(&self, within: Period) -> Result<Vec<Freeze>, Problem> {
        let mut found = Vec::new();
        let mut replaced: BTreeMap<&str, Vec<&CalendarTime>> = BTreeMap::new();
        for event in self.events.iter().filter(|event| !event.uid.is_empty()) {
            replaced.entry(&event.uid).or_default().extend(&event.replaces);
        }
        for event in self.events.iter().filter(|event| !event.is_cancelled) {
            let own = replaced.get(event.uid.as_str()).filter(|_| event.replaces.is_none());
            let freeze = |period| Freeze { name: event.name.clone(), calendar: self.name.clone(), period, zone: event.zone().clone() };
            found.extend(event.periods(within, own.map_or(&[], Vec::as_slice))?.into_iter().map(freeze));
        }
        found.sort_by(|one, other| one.period.cmp(&other.period).then_with(|| one.name.cmp(&other.name)));
        Ok(found)
    }
}

impl Freeze {
    /// What it is called and where it stands: `Christmas` of freezes.ics.
    pub fn told(&self) -> String {
        format!("`{}` of {}", self.name, self.calendar)
    }

    /// When it ends, by its own clock.
    pub fn end_told(&self) -> String {
        self.zone.told(self.period.until)
    }

    /// When it begins, by its own clock.
    pub fn begin_told(&self) -> String {
        self.zone.told(self.period.from)
    }

    /// True where it holds at a moment.
    pub fn holds(&self, at: DateTime<Utc>) -> bool {
        self.period.holds(at)
    }
}

#[cfg(test)]
mod tests;
