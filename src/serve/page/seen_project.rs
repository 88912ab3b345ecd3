//! The project's files as pages show them, read again whenever one of them has changed.
//!
//! What this file does not do: look into drills (`store`).

use crate::coverage::{PastFile, PlannedScenario};
use crate::exercise::{plan_hash, priced};
use crate::model::{DrillSchedule, FailureMode, Inventory, Runbook};
use crate::project::{Finding, Project, runbooks_of, scenarios_of};
use std::collections::BTreeMap;
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

/// The project's files as they were read last.
#[derive(Debug, Default)]
pub(in crate::serve) struct SeenProjects(Mutex<Option<(Vec<FileStamp>, Arc<SeenProject>)>>);

/// A project's files as they were read.
#[derive(Debug)]
pub(in crate::serve) struct SeenProject {
    /// Where it is.
    pub(in crate::serve) root: PathBuf,
    /// The inventory; with placeholders where it has errors.
    pub(in crate::serve) inventory: Inventory,
    /// What is wrong with the inventory, a finding each.
    pub(in crate::serve) problems: Vec<String>,
    project: Project,
    runbooks: OnceLock<Vec<SeenRunbook>>,
    schedules: OnceLock<(Vec<DrillSchedule>, Vec<String>)>,
    planned: Mutex<BTreeMap<String, Arc<Vec<PlannedScenario>>>>,
}

/// A file that may be a runbook.
#[derive(Debug)]
pub(in crate::serve) struct SeenRunbook {
    /// From the project's root.
    pub(in crate::serve) path: String,
    /// What stands in it; `None` where it cannot be read.
    pub(in crate::serve) runbook: Option<Runbook>,
    /// What is wrong with it.
    pub(in crate::serve) problems: Vec<String>,
}

impl SeenProjects {
    /// Reads what has changed since the last time. It may take a while: not for a task that others wait for.
    pub(in crate::serve) fn look(&self, root: &Path) -> Arc<SeenProject> {
        let stamp = stamp_of(root);
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, project)) = seen.as_ref().filter(|(known, _)| *known == stamp) {
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
        }
    }

    /// The schedules, and what is wrong in their files.
    pub(in crate::serve) fn schedules(&self) -> &(Vec<DrillSchedule>, Vec<String>) {
        self.schedules.get_or_init(|| {
            let (schedules, findings) = self.project.schedules();
            (schedules, told(&findings.into_iter().collect::<Vec<_>>()))
        })
    }

    /// The scenarios as they would be drilled today in an environment; those that cannot be are left out.
    pub(in crate::serve) fn planned(&self, environment: &str) -> Arc<Vec<PlannedScenario>> {
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(planned.entry(environment.to_owned()).or_insert_with(|| Arc::new(self.plan(environment))))
    }

    fn plan(&self, environment: &str) -> Vec<PlannedScenario> {
        let root = std::path::absolute(&self.root).unwrap_or_else(|_| self.root.clone());
        let one = |path: PathBuf| {
            let (mut plan, _, files) = self.project.plan_as_read(&path, environment).ok()?;
            // What costs too much is known by its hash all the same.
            let _ = priced(&mut plan);
            Some(PlannedScenario {
                file: path.strip_prefix(&root).ok()?.to_string_lossy().into_owned(),
                name: plan.scenario.name.clone(),
                service: plan.workloads.leading().service_name.clone(),
                environment: environment.to_owned(),
                plan: plan_hash(&plan),
                modes: FailureMode::of_plan(&plan),
                files: files.into_iter().map(|read| PastFile { path: read.file.path, sha256: read.file.sha256 }).collect(),
            })
        };
        scenarios_of(&root).into_iter().take(SCENARIOS).filter_map(one).collect()
    }

    /// The files that may be runbooks, in the order of their paths; read when somebody asks for the first time.
    pub(in crate::serve) fn runbooks(&self) -> &[SeenRunbook] {
        self.runbooks.get_or_init(|| {
            let root = std::path::absolute(&self.root).unwrap_or_else(|_| self.root.clone());
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
