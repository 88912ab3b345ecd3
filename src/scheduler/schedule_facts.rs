//! What is known of the project's schedules and of the drills that keep them, for metrics and for notices: read from its files and from the store.

use super::seen_project::SeenProject;
use crate::model::DrillSchedule;
use crate::schedule::{ManualRun, Occurrence, ScheduleStanding, standing};
use crate::store::{DrillEntry, DrillStore, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A schedule and how it stands.
#[derive(Debug, Clone)]
pub struct ScheduleFacts {
    /// It, as its file has it.
    pub schedule: DrillSchedule,
    /// Its occurrences, as far as they may be news.
    pub known: Vec<Occurrence>,
    /// How it stands.
    pub standing: ScheduleStanding,
    /// Contacts that own what it drills.
    pub owners: Vec<String>,
}

impl ScheduleFacts {
    /// By when it must be kept again; `None` where nothing is demanded, or it was never kept and is not overdue.
    pub fn until(&self) -> Option<DateTime<Utc>> {
        let cadence = TimeDelta::from_std(self.schedule.cadence?.std()).ok()?;
        self.standing.overdue.or_else(|| self.standing.last_kept?.checked_add_signed(cadence))
    }
}

/// What is known of schedules and drills.
#[derive(Debug, Clone, Default)]
pub struct DrillFacts {
    /// Each schedule.
    pub schedules: Vec<ScheduleFacts>,
    /// The newest drill of each scenario in each environment, the newest first.
    pub last: Vec<DrillEntry>,
    /// When somebody last looked at the schedules with success.
    pub looked: Option<DateTime<Utc>>,
}

/// What is known at a moment, by an index that is up to date.
///
/// # Errors
/// Where the store cannot be read.
pub async fn drill_facts(store: &DrillStore, project: &Arc<SeenProject>, now: DateTime<Utc>) -> Result<DrillFacts, StoreError> {
    let schedules = schedule_facts(store, project, now).await?;
    let looked = store.seen_schedules().await?.iter().filter_map(|each| each.looked).max();
    Ok(DrillFacts { schedules, last: store.newest_of_scenarios().await?, looked })
}

/// The schedules and how each stands at a moment, by an index that is up to date.
///
/// # Errors
/// Where the store cannot be read.
pub async fn schedule_facts(store: &DrillStore, project: &Arc<SeenProject>, now: DateTime<Utc>) -> Result<Vec<ScheduleFacts>, StoreError> {
    let project = Arc::clone(project);
    let read = tokio::task::spawn_blocking(move || read(&project)).await.unwrap_or_default();
    let known = known(store, now).await?;
    let since: BTreeMap<String, DateTime<Utc>> = store.seen_schedules().await?.into_iter().map(|seen| (seen.name, seen.since)).collect();
    let mut of_schedule: BTreeMap<String, Vec<Occurrence>> = BTreeMap::new();
    for each in known {
        of_schedule.entry(each.schedule.clone()).or_default().push(each);
    }
    let newest = store.newest_decisive().await?;
    let indecisive = store.indecisive(now - BACK).await?;
    let facts = read.into_iter().map(|read| {
        let known = of_schedule.remove(&read.schedule.name).unwrap_or_default();
        let runs = runs(&read, &newest, &known, &indecisive);
        let ReadSchedule { schedule, owners, .. } = read;
        let first = known.first().map(|first| first.due);
        let since = since.get(&schedule.name).copied().or(first).unwrap_or(now);
        let standing = standing(&schedule, &known, &runs, since, now);
        ScheduleFacts { schedule, known, standing, owners }
    });
    Ok(facts.collect())
}

/// For which occurrence a drill was begun: the schedule's name, and when it was due; `None` for a drill that somebody began by hand.
pub async fn occasion_of(store: &DrillStore, drill: &str) -> Option<(String, DateTime<Utc>)> {
    let known = known(store, Utc::now()).await.ok()?;
    let of = known.into_iter().find(|known| known.drills.iter().any(|known| known == drill))?;
    Some((of.schedule, of.due))
}

/// A schedule with what its files say.
#[derive(Debug)]
struct ReadSchedule {
    schedule: DrillSchedule,
    /// The name of each scenario, by its file.
    scenarios: BTreeMap<String, String>,
    owners: Vec<String>,
}

/// All schedules; of those whose scenarios cannot be read it is not known who owns what they drill.
fn read(project: &SeenProject) -> Vec<ReadSchedule> {
    let each = project.schedules().0.iter().map(|schedule| {
        let (mut scenarios, mut owners) = (BTreeMap::new(), Vec::new());
        for file in &schedule.scenarios {
            let Some(planned) = project.scenario(file, &schedule.environment) else { continue };
            scenarios.insert(file.clone(), planned.name.clone());
            let service = project.inventory.services.get(&planned.service);
            owners.extend(service.and_then(|service| service.owner.clone()).filter(|owner| !owners.contains(owner)));
        }
        ReadSchedule { schedule: schedule.clone(), scenarios, owners }
    });
    each.collect()
}

/// The newest drills of a schedule's scenarios, whoever began them; and those of its occurrences that showed nothing.
fn runs(read: &ReadSchedule, newest: &[DrillEntry], known: &[Occurrence], indecisive: &BTreeSet<String>) -> Vec<ManualRun> {
    let place = &read.schedule.environment;
    let run = |drill: &str, scenario: &str, at, counts| ManualRun {
        drill: drill.to_owned(),
        scenario: scenario.to_owned(),
        environment: place.clone(),
        at,
        counts,
    };
    let of = |(file, name): (&String, &String)| {
        let found = newest.iter().find(|entry| entry.scenario == *name && entry.environment == *place)?;
        Some(run(&found.id, file, found.started, true))
    };
    let of_occurrences = known.iter().flat_map(|each| each.drills.iter().map(move |drill| (drill, each.due)));
    let worthless = of_occurrences.filter(|(drill, _)| indecisive.contains(*drill)).map(|(drill, due)| run(drill, "", due, false));
    read.scenarios.iter().filter_map(of).chain(worthless).collect()
}

/// How far back occurrences may be news.
const BACK: TimeDelta = TimeDelta::days(400);

async fn known(store: &DrillStore, now: DateTime<Utc>) -> Result<Vec<Occurrence>, StoreError> {
    store.occurrences(None, now - BACK, now).await
}
