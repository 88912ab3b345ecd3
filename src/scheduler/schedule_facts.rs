//! What is known of the project's schedules and of the drills that keep them, for metrics and for notices: read from its files and from the store.

use crate::model::DrillSchedule;
use crate::project::Project;
use crate::schedule::{ManualRun, Occurrence, ScheduleStanding, standing};
use crate::store::{DrillEntry, DrillQuery, DrillState, DrillStore, RunKind, StoreError};
use crate::verdict::Decision;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// So many of the newest drills are looked at.
const DRILLS: u64 = 2_000;
/// So long what was read is good enough for whoever asks often.
const FRESH: Duration = Duration::from_secs(5);

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

/// The same, kept for a moment. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct FactsCache(Arc<Mutex<Option<ReadFacts>>>);

/// When they were read, and what they were.
type ReadFacts = (Instant, Arc<DrillFacts>);

impl FactsCache {
    /// What is known now, or was a moment ago.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn get(&self, store: &DrillStore, root: &Path) -> Result<Arc<DrillFacts>, StoreError> {
        let mut kept = self.0.lock().await;
        if let Some((at, facts)) = kept.as_ref()
            && at.elapsed() < FRESH
        {
            return Ok(Arc::clone(facts));
        }
        let facts = Arc::new(drill_facts(store, root, Utc::now()).await?);
        *kept = Some((Instant::now(), Arc::clone(&facts)));
        Ok(facts)
    }
}

/// What is known at a moment.
///
/// # Errors
/// Where the store cannot be read.
pub async fn drill_facts(store: &DrillStore, root: &Path, now: DateTime<Utc>) -> Result<DrillFacts, StoreError> {
    store.sync(root).await?;
    let query = DrillQuery { kind: Some(RunKind::Drill), limit: Some(DRILLS), ..DrillQuery::default() };
    let drills = store.drills(&query).await?;
    let reading = root.to_owned();
    let read = tokio::task::spawn_blocking(move || read(&reading)).await.unwrap_or_default();
    let SeenSchedules { known, since, looked } = seen(store, now).await?;
    let schedules = read.into_iter().map(|read| {
        let runs = runs(&read, &drills);
        let ReadSchedule { schedule, owners, .. } = read;
        let known: Vec<Occurrence> = known.iter().filter(|known| known.schedule == schedule.name).cloned().collect();
        let since = since.get(&schedule.name).copied().unwrap_or(now);
        let standing = standing(&schedule, &known, &runs, since, now);
        ScheduleFacts { schedule, known, standing, owners }
    });
    Ok(DrillFacts { schedules: schedules.collect(), last: last_of(drills), looked })
}

/// For which occurrence a drill was begun: the schedule's name, and when it was due; `None` for a drill that somebody began by hand.
pub async fn occasion_of(store: &DrillStore, drill: &str) -> Option<(String, DateTime<Utc>)> {
    let known = seen(store, Utc::now()).await.ok()?.known;
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
fn read(root: &Path) -> Vec<ReadSchedule> {
    let (project, _) = Project::open(root);
    let (schedules, _) = project.schedules();
    let each = schedules.into_iter().map(|schedule| {
        let (mut scenarios, mut owners) = (BTreeMap::new(), Vec::new());
        for file in &schedule.scenarios {
            let Ok((plan, _)) = project.plan(&PathBuf::from(root).join(file), &schedule.environment) else { continue };
            scenarios.insert(file.clone(), plan.scenario.name.clone());
            let service = project.inventory.services.get(&plan.workloads.leading().service_name);
            owners.extend(service.and_then(|service| service.owner.clone()).filter(|owner| !owners.contains(owner)));
        }
        ReadSchedule { schedule, scenarios, owners }
    });
    each.collect()
}

/// The drills of a schedule's scenarios, whoever began them.
fn runs(read: &ReadSchedule, drills: &[DrillEntry]) -> Vec<ManualRun> {
    let of = |entry: &DrillEntry| {
        let (file, _) = read.scenarios.iter().find(|(_, name)| **name == entry.scenario)?;
        let decisive = matches!(entry.verdict, Some(Decision::Met | Decision::Missed));
        Some(ManualRun {
            drill: entry.id.clone(),
            scenario: file.clone(),
            environment: entry.environment.clone(),
            at: entry.started,
            counts: entry.state == DrillState::Over && decisive,
        })
    };
    drills.iter().filter_map(of).collect()
}

/// Of drills, the newest first, the first of each scenario in each environment that runs no more.
fn last_of(drills: Vec<DrillEntry>) -> Vec<DrillEntry> {
    let mut found: Vec<DrillEntry> = Vec::new();
    for drill in drills.into_iter().filter(|drill| drill.state != DrillState::Running) {
        if !found.iter().any(|known| known.scenario == drill.scenario && known.environment == drill.environment) {
            found.push(drill);
        }
    }
    found
}

/// What the scheduler keeps of schedules.
#[derive(Debug, Default)]
struct SeenSchedules {
    known: Vec<Occurrence>,
    since: BTreeMap<String, DateTime<Utc>>,
    looked: Option<DateTime<Utc>>,
}

/// How far back occurrences may be news.
const BACK: TimeDelta = TimeDelta::days(400);

async fn seen(store: &DrillStore, now: DateTime<Utc>) -> Result<SeenSchedules, StoreError> {
    let known = store.occurrences(None, now - BACK, now).await?;
    let seen = store.seen_schedules().await?;
    let looked = seen.iter().filter_map(|each| each.looked).max();
    Ok(SeenSchedules { known, since: seen.into_iter().map(|each| (each.name, each.since)).collect(), looked })
}
