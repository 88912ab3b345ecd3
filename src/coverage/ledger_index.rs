//! What a ledger is made of, by what its cells ask for: each is found by its key, however many drills and schedules there are.

use super::ledger::LedgerFacts;
use super::{PastDrill, PlannedScenario};
use crate::model::DrillSchedule;
use crate::schedule::{Deferral, DeferredSubject, Occurrence, Quarter};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// What a ledger is made of, found by keys.
pub(super) struct LedgerIndex<'a> {
    /// The first thing that was recorded of anything.
    pub(super) first: Option<DateTime<Utc>>,
    scenarios: BTreeMap<&'a str, &'a PlannedScenario>,
    drills: BTreeMap<&'a str, &'a PastDrill>,
    ran: BTreeMap<(&'a str, &'a str), Vec<&'a PastDrill>>,
    counting: BTreeMap<&'a str, Vec<&'a PastDrill>>,
    occurrences: BTreeMap<&'a str, BTreeMap<DateTime<Utc>, &'a Occurrence>>,
    deferrals: BTreeMap<(DeferredSubject, &'a str, Quarter), &'a Deferral>,
    schedules: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> LedgerIndex<'a> {
    pub(super) fn of(facts: &LedgerFacts<'a>) -> Self {
        let mut index = Self {
            first: None,
            scenarios: BTreeMap::new(),
            drills: BTreeMap::new(),
            ran: BTreeMap::new(),
            counting: BTreeMap::new(),
            occurrences: BTreeMap::new(),
            deferrals: BTreeMap::new(),
            schedules: BTreeMap::new(),
        };
        for scenario in facts.scenarios {
            index.scenarios.entry(bare(&scenario.file)).or_insert(scenario);
        }
        let mut drills: Vec<&PastDrill> = facts.drills.iter().collect();
        drills.sort_by_key(|drill| drill.started);
        for drill in &drills {
            index.drills.insert(&drill.id, drill);
            index.ran.entry((&drill.environment, &drill.scenario)).or_default().push(drill);
            if drill.counts() {
                index.counting.entry(&drill.service).or_default().push(drill);
            }
        }
        for each in facts.occurrences {
            index.occurrences.entry(&each.schedule).or_default().entry(each.due).or_insert(each);
        }
        for each in facts.deferrals {
            let newest = index.deferrals.entry((each.subject, &each.name, each.quarter)).or_insert(each);
            if newest.made <= each.made {
                *newest = each;
            }
        }
        for schedule in facts.schedules {
            for service in schedule.scenarios.iter().filter_map(|file| index.scenarios.get(bare(file))).map(|scenario| &scenario.service) {
                index.schedules.entry(service).or_default().push(&schedule.name);
            }
        }
        let others = facts.occurrences.iter().map(|each| each.due).chain(facts.deferrals.iter().map(|each| each.made));
        index.first = drills.first().map(|drill| drill.started).into_iter().chain(others).min();
        index
    }

    /// The newest deferral of this in a quarter.
    pub(super) fn deferral(&self, subject: DeferredSubject, name: &'a str, quarter: Quarter) -> Option<&'a Deferral> {
        self.deferrals.get(&(subject, name, quarter)).copied()
    }

    /// The newest in a quarter of the schedules that drill a service.
    pub(super) fn deferral_by_schedules(&self, service: &str, quarter: Quarter) -> Option<&'a Deferral> {
        let schedules = self.schedules.get(service).into_iter().flatten();
        schedules.filter_map(|name| self.deferral(DeferredSubject::Schedule, name, quarter)).max_by_key(|each| each.made)
    }

    /// A drill by its identifier.
    pub(super) fn drill(&self, id: &str) -> Option<&'a PastDrill> {
        self.drills.get(id).copied()
    }

    /// The drills of a service that count, the oldest first.
    pub(super) fn counting(&self, service: &str) -> Vec<&'a PastDrill> {
        self.counting.get(service).cloned().unwrap_or_default()
    }

    /// The drills of each of a schedule's scenarios where it runs, the oldest first; `None` where one of the scenarios is not known today.
    pub(super) fn ran(&self, schedule: &'a DrillSchedule) -> Option<Vec<&[&'a PastDrill]>> {
        let of = |file: &String| {
            let scenario = self.scenarios.get(bare(file))?;
            Some(self.ran.get(&(schedule.environment.as_str(), scenario.name.as_str())).map_or(&[][..], Vec::as_slice))
        };
        schedule.scenarios.iter().map(of).collect()
    }

    /// The times that a schedule was due, as far as somebody kept them.
    pub(super) fn occurrences(&self, schedule: &str) -> Option<&BTreeMap<DateTime<Utc>, &'a Occurrence>> {
        self.occurrences.get(schedule)
    }
}

fn bare(path: &str) -> &str {
    path.trim_start_matches("./")
}
