//! When a drill may run in an environment: within its hours, outside its freezes, from its beginning to its planned end.
//!
//! Times are given by whoever asks, so that the same question can be asked of any moment.

use super::calendar::{Calendar, Freeze};
use super::freeze::calendars;
use super::hours::{are_open, open};
use super::period::{Period, without};
use super::refusal::{NotPermitted, RunsInto};
use super::zone::Zone;
use crate::model::{Allow, DrillPlan};
use crate::units::{Duration, Problem, WeekHours};
use chrono::{DateTime, TimeDelta, Utc};
use std::path::Path;

/// How far ahead a next time is looked for.
const AHEAD: TimeDelta = TimeDelta::days(400);

/// When drills may run in an environment.
#[derive(Debug, Clone, Default)]
pub struct Timetable {
    environment: String,
    hours: Vec<WeekHours>,
    calendars: Vec<Calendar>,
}

impl Timetable {
    /// Of a plan's environment, with its calendars as they are now.
    ///
    /// # Errors
    /// Where a calendar cannot be read.
    pub async fn of(plan: &DrillPlan, root: &Path) -> Result<Self, NotPermitted> {
        Self::of_environment(&plan.environment_name, &plan.environment.allow, root).await
    }

    /// The same of an environment by its name and what it allows.
    ///
    /// # Errors
    /// Where a calendar cannot be read.
    pub async fn of_environment(environment: &str, allow: &Allow, root: &Path) -> Result<Self, NotPermitted> {
        let mut read = Vec::new();
        for each in calendars(allow, root).await {
            read.push(each.calendar.map_err(|problem| unreadable(environment, &each.name, problem))?);
        }
        Ok(Self::new(environment, allow.hours.clone(), read))
    }

    /// Of calendars that were read.
    pub fn new(environment: &str, hours: Vec<WeekHours>, calendars: Vec<Calendar>) -> Self {
        Self { environment: environment.to_owned(), hours, calendars }
    }

    /// Whether a drill may run from a moment on, so long.
    ///
    /// # Errors
    /// What stands in its way first, and when the next time is.
    pub fn permits(&self, from: DateTime<Utc>, takes: Duration) -> Result<(), NotPermitted> {
        let asked = Period::of(from, delta(takes));
        let frozen = self.freezes(asked)?.into_iter().next();
        // What stands in the way from the beginning is told before what comes later.
        if let Some(freeze) = frozen.as_ref().filter(|freeze| freeze.period.from <= from) {
            return Err(self.frozen(freeze, asked)?);
        }
        let closes = self.closes(asked);
        match (frozen, closes) {
            (Some(freeze), closes) if closes.is_none_or(|closes| freeze.period.from <= closes) => Err(self.frozen(&freeze, asked)?),
            (_, Some(closes)) => Err(self.outside(closes, asked)?),
            (_, None) => Ok(()),
        }
    }

    /// When a drill that takes so long fits next, from a moment on; `None` within more than a year.
    ///
    /// # Errors
    /// Where a recurrence in a calendar cannot be read.
    pub fn next(&self, after: DateTime<Utc>, takes: Duration) -> Result<Option<DateTime<Utc>>, NotPermitted> {
        let takes = delta(takes);
        let within = Period::of(after, AHEAD);
        let closed = self.freezes(within)?.into_iter().map(|freeze| freeze.period);
        // One that takes no time stands in the way of what runs at its moment: it closes that minute.
        let closed = closed.map(|period| if period.from == period.until { Period::of(period.from, TimeDelta::seconds(1)) } else { period });
        let left = without(open(&self.hours, within), closed.collect());
        Ok(left.into_iter().find(|period| period.until - period.from >= takes).map(|period| period.from))
    }

    /// The next freeze: the one that holds, or the one that begins first after a moment.
    ///
    /// # Errors
    /// Where a recurrence in a calendar cannot be read.
    pub fn next_freeze(&self, after: DateTime<Utc>) -> Result<Option<Freeze>, NotPermitted> {
        Ok(self.freezes(Period::of(after, AHEAD))?.into_iter().next())
    }

    fn freezes(&self, within: Period) -> Result<Vec<Freeze>, NotPermitted> {
        let mut found = Vec::new();
        for calendar in &self.calendars {
            let freezes = calendar.freezes(within);
            found.extend(freezes.map_err(|problem| unreadable(&self.environment, calendar.name(), problem))?);
        }
        // Of those that have begun the one that lasts longest: until then nothing runs.
        found.sort_by_key(|freeze| {
            if freeze.period.from <= within.from { (within.from, -freeze.period.until.timestamp()) } else { (freeze.period.from, 0) }
        });
        Ok(found)
    }

    /// The first moment of a period that lies in no hours.
    fn closes(&self, asked: Period) -> Option<DateTime<Utc>> {
        if !are_open(&self.hours, asked.from) {
            return Some(asked.from);
        }
        let first = open(&self.hours, asked).into_iter().next().map_or(asked.from, |period| period.until);
        (first < asked.until).then_some(first)
    }

    /// By whose clock times are told that no calendar names.
    fn zone(&self) -> Zone {
        self.hours.first().map_or(Zone::utc(), |hours| Zone::named(hours.zone()))
    }

    fn frozen(&self, freeze: &Freeze, asked: Period) -> Result<NotPermitted, NotPermitted> {
        let ends = (freeze.period.from > asked.from)
            .then(|| Box::new(RunsInto { ends: freeze.zone.told(asked.until), limit: freeze.begin_told() }));
        let (environment, until, what) = (self.environment.clone(), freeze.end_told(), freeze.told());
        Ok(NotPermitted::Frozen { environment, freeze: what, until, runs_into: ends, next: self.next_told(asked, &freeze.zone)? })
    }

    fn outside(&self, closes: DateTime<Utc>, asked: Period) -> Result<NotPermitted, NotPermitted> {
        let zone = self.zone();
        let hours = self.hours.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let (environment, now) = (self.environment.clone(), zone.told(asked.from));
        let runs_into = (closes > asked.from).then(|| Box::new(RunsInto { ends: zone.told(asked.until), limit: zone.told(closes) }));
        Ok(NotPermitted::Outside { environment, hours, now, runs_into, next: self.next_told(asked, &zone)? })
    }

    fn next_told(&self, asked: Period, zone: &Zone) -> Result<Option<String>, NotPermitted> {
        let takes = Duration::from((asked.until - asked.from).to_std().unwrap_or_default());
        Ok(self.next(asked.from, takes)?.map(|next| zone.told(next)))
    }
}

/// How long a drill's plan lasts from its first request on: what must fit.
pub fn takes(plan: &DrillPlan) -> Duration {
    plan.scenario.timeline.total()
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration.std()).unwrap_or(TimeDelta::MAX)
}

fn unreadable(environment: &str, calendar: &str, problem: Problem) -> NotPermitted {
    NotPermitted::Calendar { environment: environment.to_owned(), calendar: calendar.to_owned(), problem }
}
