//! The time zones of a calendar: by their names in the time zone database, by what Windows calls them, or as the calendar defines them itself.

use super::own_zone::OwnZone;
use super::property::one;
use super::windows;
use crate::permission::zone::Zone;
use crate::units::{Problem, ZoneName, one_line};
use icalendar::parser::Component;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The time zones of a calendar.
#[derive(Debug, Clone)]
pub(super) struct CalendarZones {
    /// Those that it defines, or why they cannot be read.
    own: BTreeMap<String, Result<Zone, String>>,
    /// That of whole days, and of times that name none.
    days: Zone,
}

impl CalendarZones {
    /// Of a component VCALENDAR. Whole days are those of the zone that the calendar names (`X-WR-TIMEZONE`, as Google does), else of the only one
    /// that it defines, else of `usual`.
    pub(super) fn of_calendar(calendar: &Component<'_>, usual: Option<&Zone>) -> Self {
        let mut own = BTreeMap::new();
        for component in calendar.components.iter().filter(|component| component.name.as_str().eq_ignore_ascii_case("VTIMEZONE")) {
            let Some(name) = one(component, "TZID") else { continue };
            let place = one(component, "X-LIC-LOCATION").and_then(|place| known(place.val.as_str()));
            let zone =
                place.map_or_else(|| OwnZone::of(component).map(|zone| Zone::Own(Arc::new(zone))).map_err(|problem| problem.message), Ok);
            own.insert(bare(name.val.as_str()).to_owned(), zone);
        }
        let mut zones = Self { own, days: Zone::utc() };
        let named =
            ["X-WR-TIMEZONE", "TIMEZONE-ID"].iter().find_map(|name| one(calendar, name)).and_then(|name| zones.of(name.val.as_str()).ok());
        let only = || if zones.own.len() == 1 { zones.own.keys().next().and_then(|name| zones.of(name).ok()) } else { None };
        zones.days = named.or_else(only).or_else(|| usual.cloned()).unwrap_or_else(Zone::utc);
        zones
    }

    /// The zone of whole days, and of times that name none.
    pub(super) const fn of_days(&self) -> &Zone {
        &self.days
    }

    /// The zone of this name.
    ///
    /// # Errors
    /// Where nobody knows it.
    pub(super) fn of(&self, name: &str) -> Result<Zone, Problem> {
        let name = bare(name);
        if let Some(zone) = known(name) {
            return Ok(zone);
        }
        match self.own.get(name) {
            Some(Ok(zone)) => Ok(zone.clone()),
            Some(Err(why)) => Err(Problem::new(format!("its time zone `{}` cannot be read: {why}", one_line(name)))),
            None => Err(Problem::new(format!("its time zone `{}` is not known, and the calendar does not define it", one_line(name)))),
        }
    }
}

/// Without the quotation marks that a parameter may have.
fn bare(name: &str) -> &str {
    name.trim().trim_matches('"').trim()
}

/// A zone that needs no definition.
fn known(name: &str) -> Option<Zone> {
    let name = bare(name);
    let place = |name: &str| name.parse::<chrono_tz::Tz>().ok().map(Zone::Place);
    // Some put a path before the name, as `/freeassociation.sourceforge.net/Europe/Berlin`.
    let ends = || {
        let after = name.strip_prefix('/')?.match_indices('/').map(|(place, _)| &name[place + 2..]);
        after.filter(|rest| rest.contains('/') || *rest == "UTC").find_map(place)
    };
    let windows = || windows::place(name).and_then(place);
    let distance = || name.parse::<ZoneName>().ok().filter(|zone| zone.fixed_minutes().is_some()).map(|zone| Zone::named(&zone));
    place(name).or_else(windows).or_else(ends).or_else(distance)
}
