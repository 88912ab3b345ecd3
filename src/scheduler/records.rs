//! What coverage and the control ledger are made of: the project as it is today, its past drills, and what the store knows besides. Whoever shows
//! them (a command, the page, the API) gathers it here.
//!
//! What this file does not do: decide anything (`coverage`).

use crate::coverage::{Ledger, LedgerFacts, Matrix, PastDrill, PastFile, PlannedScenario, ledger, matrix};
use crate::evidence::{Manifest, StartedFiles};
use crate::exercise::{plan_hash, priced};
use crate::history::{Event, Reader, Started};
use crate::model::{DrillSchedule, FailureMode, Inventory};
use crate::project::{Project, scenarios_of};
use crate::run_folder::RunFile;
use crate::schedule::{Deferral, Occurrence, Quarter};
use crate::store::{DrillStore, StoreError};
use crate::verdict::VerdictRecord;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// How far back the ledger of a year may look.
const BACK: TimeDelta = TimeDelta::days(1_200);
/// The largest `verdict.json` that is read, in bytes.
const LARGEST: u64 = 4 << 20;

/// The project as it is today, its past drills, and what the store knows besides.
#[derive(Debug, Clone, Default)]
pub struct ProjectRecords {
    /// The inventory.
    pub inventory: Inventory,
    /// Its schedules.
    pub schedules: Vec<DrillSchedule>,
    /// Its scenarios, in each environment that they were drilled in or are due in.
    pub scenarios: Vec<PlannedScenario>,
    /// Its past drills.
    pub drills: Vec<PastDrill>,
    /// What a daemon kept of the times that schedules were due.
    pub occurrences: Vec<Occurrence>,
    /// What was deferred.
    pub deferrals: Vec<Deferral>,
}

impl ProjectRecords {
    /// Those of the project at `root`.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn of(root: &Path, store: &DrillStore) -> Result<Self, StoreError> {
        let (deferrals, now) = (store.deferrals().await?, Utc::now());
        let occurrences = store.occurrences(None, now - BACK, now + BACK).await?;
        let root = root.to_owned();
        let read = tokio::task::spawn_blocking(move || Self::of_files(&root)).await.unwrap_or_default();
        Ok(Self { occurrences, deferrals, ..read })
    }

    fn of_files(root: &Path) -> Self {
        let (project, _) = Project::open(root);
        let (schedules, _) = project.schedules();
        let drills = past_drills(root);
        let scenarios = planned(&project, &schedules, &drills);
        Self { inventory: project.inventory, schedules, scenarios, drills, ..Self::default() }
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

/// Each scenario that is valid, in each environment that matters: where it was drilled, where it is due, and in the lab.
fn planned(project: &Project, schedules: &[DrillSchedule], drills: &[PastDrill]) -> Vec<PlannedScenario> {
    let root = &project.root;
    let mut environments: BTreeSet<&str> = drills.iter().map(|drill| drill.environment.as_str()).collect();
    environments.extend(schedules.iter().map(|schedule| schedule.environment.as_str()));
    environments.insert("lab");
    let mut found = Vec::new();
    for path in scenarios_of(root) {
        let file = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        for environment in &environments {
            let Ok((mut plan, _)) = project.plan(&path, environment) else { continue };
            // What costs too much is known by its hash all the same.
            let _ = priced(&mut plan);
            let started = StartedFiles::of(&plan, root);
            found.push(PlannedScenario {
                file: file.clone(),
                name: plan.scenario.name.clone(),
                service: plan.scenario.service.clone(),
                environment: (*environment).to_owned(),
                plan: plan_hash(&plan),
                modes: FailureMode::of_plan(&plan),
                files: started.hashes().map(|(path, sha256)| PastFile { path: path.to_owned(), sha256: sha256.to_owned() }).collect(),
            });
        }
    }
    found
}

/// The drills in `drills/` of a project, the trials of series among them, oldest first.
fn past_drills(root: &Path) -> Vec<PastDrill> {
    let folders = |path: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect()
    };
    let mut found: Vec<PastDrill> = Vec::new();
    for folder in folders(&root.join("drills")) {
        match past_drill(&folder) {
            Some(drill) => found.push(drill),
            None => found.extend(folders(&folder).iter().filter_map(|folder| past_drill(folder))),
        }
    }
    found.sort_by(|one, other| (one.started, &one.id).cmp(&(other.started, &other.id)));
    found
}

/// A drill by its folder; `None` where that holds none.
fn past_drill(folder: &Path) -> Option<PastDrill> {
    let file = File::open(RunFile::History.within(folder)).ok()?;
    let Event::Started(started) = Reader::new(BufReader::new(file)).next_event().ok()??.event else { return None };
    let record = verdict(folder);
    let manifest = Manifest::read(folder).ok();
    let (sha256, manifest) = manifest.map(|read| (read.sha256, read.manifest)).unzip();
    let measures = record.as_ref().filter(|record| !record.only_rotates).and_then(|record| record.measures.as_ref());
    let files = manifest.iter().flat_map(|manifest| &manifest.inputs);
    Some(PastDrill {
        id: started.drill.clone(),
        service: started.plan.scenario.service.clone(),
        scenario: started.plan.scenario.name.clone(),
        environment: started.plan.environment_name.clone(),
        started: began(&started)?,
        ended: None,
        verdict: record.as_ref().map(|record| record.verdict),
        cutover: measures.map(|measures| measures.cutover.into()),
        plan: manifest.as_ref().and_then(|manifest| manifest.plan_sha256.clone()).unwrap_or_else(|| plan_hash(&started.plan)),
        modes: FailureMode::of_plan(&started.plan),
        files: files.map(|file| PastFile { path: file.path.clone(), sha256: file.sha256.clone() }).collect(),
        evidence: sha256,
        who: manifest.and_then(|manifest| manifest.user).unwrap_or_default(),
    })
}

fn began(started: &Started) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(&started.wall_clock).ok().map(|moment| moment.to_utc())
}

fn verdict(folder: &Path) -> Option<VerdictRecord> {
    let path = RunFile::Verdict.within(folder);
    // What is no file would be waited for.
    path.metadata().ok().filter(|facts| facts.is_file() && facts.len() <= LARGEST)?;
    let mut text = Vec::new();
    File::open(&path).ok()?.take(LARGEST).read_to_end(&mut text).ok()?;
    VerdictRecord::read(&text).ok()
}
