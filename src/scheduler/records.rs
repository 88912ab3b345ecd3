//! What coverage and the control ledger are made of: the project as it is today, its past drills, and what the store knows besides. Whoever shows
//! them (a command, the page, the API) gathers it here, from an index that is up to date.
//!
//! What this file does not do: decide anything (`coverage`), or look at drills' folders (`store`).

use super::seen_project::SeenProject;
use crate::coverage::{Ledger, LedgerFacts, Matrix, PastDrill, PastFile, PlannedScenario, ledger, matrix};
use crate::model::{DrillSchedule, Inventory};
use crate::schedule::{Deferral, Occurrence, Quarter};
use crate::store::{DrillEntry, DrillSources, DrillStore, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How far back from its first quarter the ledger looks: a drill that made up for an earlier quarter counts for none that is shown.
const BACK: TimeDelta = TimeDelta::days(400);

/// The project as it is today, its past drills, and what the store knows besides.
#[derive(Debug, Clone, Default)]
pub struct ProjectRecords {
    /// The inventory.
    pub inventory: Inventory,
    /// Its schedules.
    pub schedules: Vec<DrillSchedule>,
    /// Its scenarios, in each environment that they were drilled in or are due in.
    pub scenarios: Vec<PlannedScenario>,
    /// Its past drills, as far as they matter; the oldest first.
    pub drills: Vec<PastDrill>,
    /// What a daemon kept of the times that schedules were due.
    pub occurrences: Vec<Occurrence>,
    /// What was deferred.
    pub deferrals: Vec<Deferral>,
}

impl ProjectRecords {
    /// What coverage is made of: of drills that were made of the same and ended alike, the newest.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn of_coverage(project: &Arc<SeenProject>, store: &DrillStore) -> Result<Self, StoreError> {
        Ok(Self::today(project, store.newest_alike().await?).await)
    }

    /// What the ledger of these quarters is made of.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn of_ledger(project: &Arc<SeenProject>, store: &DrillStore, quarters: &[Quarter]) -> Result<Self, StoreError> {
        let now = Utc::now();
        let from = quarters.iter().map(|quarter| quarter.start()).min().unwrap_or(now) - BACK;
        let occurrences = store.occurrences(None, from, now + BACK).await?;
        let deferrals = store.deferrals().await?;
        let today = Self::today(project, store.drills_since(from).await?).await;
        Ok(Self { occurrences, deferrals, ..today })
    }

    async fn today(project: &Arc<SeenProject>, drills: Vec<(DrillEntry, DrillSources)>) -> Self {
        let drills: Vec<PastDrill> = drills.into_iter().map(|(entry, sources)| past(entry, sources)).collect();
        let project = Arc::clone(project);
        let made = move || {
            let (inventory, schedules) = (project.inventory.clone(), project.schedules().0.clone());
            let drilled = drills.iter().map(|drill| drill.environment.as_str());
            let due = schedules.iter().map(|schedule| schedule.environment.as_str());
            let places: BTreeSet<&str> =
                drilled.chain(due).filter(|place| inventory.environments.contains_key(*place)).chain(["lab"]).collect();
            let scenarios = places.into_iter().flat_map(|place| project.planned(place)).map(|planned| (*planned).clone()).collect();
            Self { inventory, schedules, scenarios, drills, ..Self::default() }
        };
        tokio::task::spawn_blocking(made).await.unwrap_or_default()
    }

    /// Services by failure modes.
    pub fn matrix(&self, now: DateTime<Utc>) -> Matrix {
        matrix(&self.inventory, &self.scenarios, &self.drills, now)
    }

    /// The control ledger of these quarters.
    pub fn ledger(&self, quarters: &[Quarter], now: DateTime<Utc>) -> Ledger {
        let facts = LedgerFacts {
            inventory: &self.inventory,
            schedules: &self.schedules,
            scenarios: &self.scenarios,
            occurrences: &self.occurrences,
            deferrals: &self.deferrals,
            drills: &self.drills,
        };
        ledger(&facts, quarters, now)
    }
}

fn past(entry: DrillEntry, sources: DrillSources) -> PastDrill {
    let DrillEntry { id, service, scenario, environment, started, ended, verdict, cutover, plan, modes, who, .. } = entry;
    let files = sources.files.into_iter().map(|(path, sha256)| PastFile { path, sha256 }).collect();
    PastDrill { id, service, scenario, environment, started, ended, verdict, cutover, plan, modes, files, evidence: sources.evidence, who }
}
