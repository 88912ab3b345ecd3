//! Whether what is about to be walked is still what the project says: what goes on after an interruption is walked as its history recorded
//! it, which somebody may have changed meanwhile, as the runbook.
//!
//! Both are compared: the hashes of the runbook's files with those that were recorded at the start, which names the file that has changed,
//! and the recorded plan with the one that the files give now.

use super::folder::{ExecutionError, OpenHistory};
use super::texts::{RunbookChange, difference};
use crate::history::{ExecutionStarted, execution_as_recorded, runbook_as_recorded};
use crate::model::{DrillPlan, ExecutionPlan};
use crate::project::Project;
use crate::run_folder::{RunFile, history_in};
use std::path::Path;

/// The policy for an interrupted walk whose runbook may have changed meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResumePolicy {
    /// What was recorded, if the runbook still says the same.
    #[default]
    Unchanged,
    /// What was recorded, whatever the runbook says by now: a person has seen that.
    Recorded,
    /// What the runbook says by now.
    Mended,
}

/// What has changed since an execution was begun or mended; `None` where nothing has.
///
/// # Errors
/// Where there is no such execution, or another process has it.
pub fn changes(folder: &Path) -> Result<Option<RunbookChange>, ExecutionError> {
    // What a drill did is taken back as it was recorded.
    if folder.canonicalize().is_ok_and(|folder| folder.ends_with(&*RunFile::Undo.name())) {
        return Ok(None);
    }
    Ok(change(&OpenHistory::open(folder)?.started, folder))
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
    let change = RunbookChange { what: format!("the runbook {path} has changed"), difference: String::new() };
    Err(ExecutionError::Changed { change, path: history_in(folder), mendable: false })
}

pub(super) fn change(started: &ExecutionStarted, folder: &Path) -> Option<RunbookChange> {
    let what = changed(started)?;
    Some(RunbookChange { what, difference: difference(&started.plan, Path::new(&started.root), folder) })
}

/// The plan as the project gives it now.
pub(super) fn plan_now(started: &ExecutionStarted) -> Result<ExecutionPlan, String> {
    let (plan, root) = (&started.plan, Path::new(&started.root));
    let Some(file) = plan.sources.first() else { return Err("it is not known from which file it was started".to_owned()) };
    let (project, _) = Project::open(root);
    let now = project.execution(&root.join(&file.path), plan.environment_name.as_deref(), plan.service_name.as_deref(), &plan.parameters);
    now.map(|(plan, _)| plan).map_err(|findings| {
        let all: Vec<String> = findings.iter().map(ToString::to_string).collect();
        all.join("\n")
    })
}

fn changed(started: &ExecutionStarted) -> Option<String> {
    let plan = &started.plan;
    let Some(file) = plan.sources.first() else { return Some("it is not known whether the runbook has changed".to_owned()) };
    let whole = || format!("the runbook {} has changed", file.path);
    let Ok(now) = plan_now(started) else { return Some(whole()) };
    if let Some(other) = plan.sources.iter().find(|source| !now.sources.contains(source)) {
        return Some(format!("the runbook {} has changed", other.path));
    }
    let Some(now) = execution_as_recorded(&now) else { return Some(whole()) };
    if plan.runbook != now.runbook {
        return Some(format!("the history or {} has changed", file.path));
    }
    (*plan != now).then(|| "the inventory has changed".to_owned())
}
