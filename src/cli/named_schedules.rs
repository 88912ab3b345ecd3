//! The schedules of the project that a command names, and how its lists are written.

use super::{Exit, say};
use crate::model::DrillSchedule;
use crate::project::{Finding, Project, Severity};
use crate::units::{closest, printable};
use std::path::Path;

/// Columns of a table.
pub(super) const WIDTH: usize = 80;

/// As what a list is written.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum ScheduleFormat {
    /// Rows for people
    Table,
    /// An array of objects
    Json,
}

/// The project's schedules that were named, and whether all of them could be read. What is wrong with one is said.
pub(super) fn named(names: &[String]) -> anyhow::Result<(Project, Vec<DrillSchedule>, Exit)> {
    let (project, _) = Project::open(&Project::find(Path::new("."))?);
    let (schedules, findings) = project.schedules();
    let errors: Vec<&Finding> = findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    for error in &errors {
        say(error.to_string().trim_end());
    }
    let mut exit = if errors.is_empty() { Exit::Met } else { Exit::Usage };
    let known = || schedules.iter().map(|schedule| schedule.name.as_str());
    for name in names.iter().filter(|name| !known().any(|known| known == *name)) {
        let hint = match closest(name, known()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`lifeboat schedule` lists them".to_owned(),
        };
        say(&format!("error: there is no schedule `{name}`\n\nhint: {hint}"));
        exit = Exit::Usage;
    }
    let wanted = schedules.into_iter().filter(|schedule| names.is_empty() || names.contains(&schedule.name)).collect();
    Ok((project, wanted, exit))
}

/// A text on one line in so many columns.
pub(super) fn fit(text: &str, width: usize) -> String {
    let text = printable(text).replace(['\n', '\t'], " ");
    if text.chars().count() <= width { text } else { text.chars().take(width - 1).chain(['…']).collect() }
}
