//! What the project's files say: read once, and again whenever one of them has changed. All that ask for it again and again (pages, the API, metrics,
//! notices) share what was read.
//!
//! What this file does not do: look into drills (`store`).

use crate::coverage::{PastFile, PlannedScenario};
use crate::evidence::StartedFiles;
use crate::exercise::{known_proof, plan_hash, priced, proof_file};
use crate::model::{DrillSchedule, FailureMode, Inventory, Runbook};
use crate::project::{Finding, Project, runbooks_of, scenarios_of};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

/// The folders whose files are looked at.
const FOLDERS: [&str; 3] = ["runbooks", "scenarios", "schedules"];
/// So many files are looked at.
const FILES: usize = 10_000;
/// Runbooks that are read.
const RUNBOOKS: usize = 1_000;
/// Scenarios that are planned.
const SCENARIOS: usize = 1_000;

/// A file, when it was written, and how long it is.
type FileStamp = (PathBuf, Option<SystemTime>, u64);

/// The project's files as they were read last. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct SeenProjects(Arc<Mutex<Option<LastReading>>>);

/// The files that were there, and what they said.
type LastReading = (Vec<FileStamp>, Arc<SeenProject>);

/// A project's files as they were read.
#[derive(Debug)]
pub struct SeenProject {
    /// Where it is.
    pub root: PathBuf,
    /// The inventory; with placeholders where it has errors.
    pub inventory: Inventory,
    /// What is wrong with the inventory, a finding each.
    pub problems: Vec<String>,
    project: Project,
    runbooks: OnceLock<Vec<SeenRunbook>>,
    schedules: OnceLock<(Vec<DrillSchedule>, Vec<String>)>,
    planned: Mutex<BTreeMap<ScenarioPlace, Option<Arc<PlannedScenario>>>>,
    /// What a drill would start, or ask with, such as the gateway's configuration.
    started: Mutex<BTreeSet<FileStamp>>,
}

/// A scenario's file, and the environment that it is planned for.
type ScenarioPlace = (String, String);

/// A file that may be a runbook.
#[derive(Debug)]
pub struct SeenRunbook {
    /// From the project's root.
    pub path: String,
    /// What stands in it; `None` where it cannot be read.
    pub runbook: Option<Runbook>,
    /// What is wrong with it.
    pub problems: Vec<String>,
}

impl SeenProjects {
    /// Reads what has changed since the last time. It may take a while: not for a task that others wait for.
    pub fn look(&self, root: &Path) -> Arc<SeenProject> {
        let stamp = stamp_of(root);
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, project)) = seen.as_ref().filter(|(known, seen)| *known == stamp && seen.is_current()) {
            return Arc::clone(project);
        }
        let project = Arc::new(SeenProject::read(root));
        *seen = Some((stamp, Arc::clone(&project)));
        project
    }
}

impl SeenProject {
    fn read(root: &Path) -> Self {
        let (project, findings) = Project::open(root);
        let problems = told(&findings.into_iter().collect::<Vec<_>>());
        Self {
            root: root.to_owned(),
            inventory: project.inventory.clone(),
            problems,
            project,
            runbooks: OnceLock::new(),
            schedules: OnceLock::new(),
            planned: Mutex::default(),
            started: Mutex::default(),
        }
    }

    /// The schedules, and what is wrong in their files.
    pub fn schedules(&self) -> &(Vec<DrillSchedule>, Vec<String>) {
        self.schedules.get_or_init(|| {
            let (schedules, findings) = self.project.schedules();
            (schedules, told(&findings.into_iter().collect::<Vec<_>>()))
        })
    }

    /// The scenarios as they would be drilled today in an environment; those that cannot be are left out.
    pub fn planned(&self, environment: &str) -> Vec<Arc<PlannedScenario>> {
        let files: Vec<String> = self.scenarios().into_iter().take(SCENARIOS).collect();
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(files.len()).max(1);
        let all = |part: &[String]| part.iter().filter_map(|file| self.scenario(file, environment)).collect::<Vec<_>>();
        std::thread::scope(|scope| {
            let parts: Vec<_> = files.chunks(files.len().div_ceil(threads).max(1)).map(|part| scope.spawn(move || all(part))).collect();
            parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
        })
    }

    /// A scenario as it would be drilled today in an environment, by its file; `None` where it cannot be.
    pub fn scenario(&self, file: &str, environment: &str) -> Option<Arc<PlannedScenario>> {
        let key = (file.trim_start_matches("./").to_owned(), environment.to_owned());
        let planned = || self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = planned().get(&key) {
            return known.clone();
        }
        let found = self.plan(&key.0, environment).map(Arc::new);
        planned().insert(key, found.clone());
        found
    }

    fn plan(&self, file: &str, environment: &str) -> Option<PlannedScenario> {
        let root = self.absolute();
        let (mut plan, _) = self.project.plan(&root.join(file), environment).ok()?;
        // What costs too much is known by its hash all the same.
        let _ = priced(&mut plan);
        let started = StartedFiles::of(&plan, &root);
        let mut stamps = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        stamps.extend(started.hashes().map(|(path, _)| stamp(root.join(path))));
        stamps.insert(stamp(proof_file(&root, &plan.scenario.name)));
        Some(PlannedScenario {
            file: file.to_owned(),
            name: plan.scenario.name.clone(),
            service: plan.workloads.leading().service_name.clone(),
            environment: environment.to_owned(),
            plan: plan_hash(&plan),
            proven: known_proof(&plan, &root).is_proven(),
            modes: FailureMode::of_plan(&plan),
            files: started.hashes().map(|(path, sha256)| PastFile { path: path.to_owned(), sha256: sha256.to_owned() }).collect(),
        })
    }

    /// The files of scenarios, from the root.
    fn scenarios(&self) -> Vec<String> {
        let root = self.absolute();
        let below = |path: PathBuf| Some(path.strip_prefix(&root).ok()?.to_string_lossy().into_owned());
        scenarios_of(&root).into_iter().filter_map(below).collect()
    }

    fn absolute(&self) -> PathBuf {
        std::path::absolute(&self.root).unwrap_or_else(|_| self.root.clone())
    }

    /// True where what drills would start is as it was when it was read.
    fn is_current(&self) -> bool {
        let known = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().all(|known| stamp(known.0.clone()) == *known)
    }

    /// The files that may be runbooks, in the order of their paths; read when somebody asks for the first time.
    pub fn runbooks(&self) -> &[SeenRunbook] {
        self.runbooks.get_or_init(|| {
            let root = self.absolute();
            let paths = runbooks_of(&root).into_iter().take(RUNBOOKS);
            paths.filter_map(|path| Some(self.runbook(path.strip_prefix(&root).ok()?.to_string_lossy().into_owned()))).collect()
        })
    }

    fn runbook(&self, path: String) -> SeenRunbook {
        let (runbook, findings) = self.project.runbook_as_read(&path);
        SeenRunbook { path, runbook, problems: told(&findings) }
    }
}

/// The first of what was found, each in its own words.
fn told(findings: &[Finding]) -> Vec<String> {
    findings.iter().take(50).map(ToString::to_string).collect()
}

fn stamp(path: PathBuf) -> FileStamp {
    let facts = path.metadata().ok();
    let written = facts.as_ref().and_then(|facts| facts.modified().ok());
    (path, written, facts.map_or(0, |facts| facts.len()))
}

/// What shows that a file has changed.
fn stamp_of(root: &Path) -> Vec<FileStamp> {
    let mut stamps = Vec::new();
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(facts) = entry.metadata() else { continue };
            if facts.is_dir() {
                folders.push(entry.path());
            } else if stamps.len() < FILES {
                stamps.push((entry.path(), facts.modified().ok(), facts.len()));
            }
        }
    }
    stamps.sort();
    stamps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_again_once_they_have_changed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir(root.join("runbooks")).unwrap();
        let inventory = |more: &str| {
            let text = format!("version: 1\nproviders: {{a: {{dialect: openai}}{more}}}\n");
            std::fs::write(root.join("runbooks/inventory.yaml"), text).unwrap();
        };
        inventory("");
        let seen = SeenProjects::default();
        let first = seen.look(root);
        assert_eq!(first.inventory.providers.len(), 1, "{:?}", first.problems);
        assert!(Arc::ptr_eq(&first, &seen.look(root)));
        inventory(", b: {dialect: openai}");
        assert_eq!(seen.look(root).inventory.providers.len(), 2);
        std::fs::write(root.join("runbooks/broken.yaml"), "version: 1\nrunbook: [\n").unwrap();
        let last = seen.look(root);
        let broken = &last.runbooks()[0];
        assert!(broken.path == "runbooks/broken.yaml" && broken.runbook.is_none() && !broken.problems.is_empty(), "{broken:?}");
    }
}
