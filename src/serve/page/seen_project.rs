//! The project's files as pages show them, read again whenever one of them has changed.
//!
//! What this file does not do: look into drills (`store`).

use crate::model::{Inventory, Runbook};
use crate::project::{Finding, Project, runbooks_of};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

/// The folders whose files are looked at.
const FOLDERS: [&str; 3] = ["runbooks", "scenarios", "schedules"];
/// So many files are looked at.
const FILES: usize = 10_000;
/// Runbooks that are read.
const RUNBOOKS: usize = 1_000;

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
        if let Some((known, project)) = seen.as_ref().filter(|(known, _)| *known == stamp) {
            debug_assert_eq!(known, &stamp);
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
        Self { root: root.to_owned(), inventory: project.inventory.clone(), problems, project, runbooks: OnceLock::new() }
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
