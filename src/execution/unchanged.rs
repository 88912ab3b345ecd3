//! Whether what is about to be walked is still what the project says: what goes on after an interruption is walked as its history recorded
//! it, which somebody may have changed meanwhile, as the runbook.
//!
//! Both are compared: the hashes of the runbook's files with those that were recorded at the start, which names the file that has changed,
//! and the recorded plan with the one that the files give now.

use super::folder::ExecutionError;
use crate::history::{ExecutionStarted, execution_as_recorded, runbook_as_recorded};
use crate::model::DrillPlan;
use crate::project::Project;
use crate::run_folder::RunFile;
use std::path::Path;

/// The policy for an interrupted walk whose runbook may have changed meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResumePolicy {
    /// What was recorded, if the runbook still says the same.
    Unchanged,
    /// What was recorded, whatever the runbook says by now: a person has seen that.
    Recorded,
}

/// The same of a drill, of which only the runbook's steps are walked.
pub(super) fn unchanged_drill(plan: &DrillPlan, root: &Path, walks: ResumePolicy, folder: &Path) -> Result<(), ExecutionError> {
    let Some(path) = plan.scenario.runbook.as_ref().filter(|_| walks == ResumePolicy::Unchanged && plan.runbook.is_some()) else {
        return Ok(());
    };
    let now = Project::open(root).0.runbook_now(path);
    if now.and_then(|now| runbook_as_recorded(&now)) == plan.runbook {
        return Ok(());
    }
    Err(ExecutionError::Changed { what: format!("the runbook {path} has changed"), path: RunFile::History.within(folder) })
}

/// An error where the runbook, or what it is walked with, is not what was recorded.
pub(super) fn unchanged(started: &ExecutionStarted, walks: ResumePolicy, folder: &Path) -> Result<(), ExecutionError> {
    match changed(started).filter(|_| walks == ResumePolicy::Unchanged) {
        Some(what) => Err(ExecutionError::Changed { what, path: RunFile::History.within(folder) }),
        None => Ok(()),
    }
}

fn changed(started: &ExecutionStarted) -> Option<String> {
    let (plan, root) = (&started.plan, Path::new(&started.root));
    let Some(file) = plan.sources.first() else { return Some("it is not known whether the runbook has changed".to_owned()) };
    let (project, _) = Project::open(root);
    let whole = || format!("the runbook {} has changed", file.path);
    let Ok((now, _)) =
        project.execution(&root.join(&file.path), plan.environment_name.as_deref(), plan.service_name.as_deref(), &plan.parameters)
    else {
        return Some(whole());
    };
    if let Some(other) = plan.sources.iter().find(|source| !now.sources.contains(source)) {
        return Some(format!("the runbook {} has changed", other.path));
    }
    let Some(now) = execution_as_recorded(&now) else { return Some(whole()) };
    if plan.runbook != now.runbook {
        return Some(format!("the history or {} has changed", file.path));
    }
    (*plan != now).then(|| "the inventory has changed".to_owned())
}
