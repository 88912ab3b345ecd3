//! Gaps in cover: services of which nobody says how much they matter, that nothing would rescue, or that nobody has drilled.
//!
//! What this file does not do: call any of it an error. A project begins somewhere.

use super::finding::Finding;
use super::opened_project::{Project, ScenarioWithRunbook};
use super::table;
use super::vocabulary::joined;
use crate::model::{Criticality, Service};
use std::collections::{BTreeMap, BTreeSet};

/// What a project lacks. `covered` are the services that scenarios drill, where that is known.
pub(super) fn of(project: &Project, covered: Option<Vec<String>>) -> Vec<Finding> {
    let mut found: Vec<Finding> = unsaid_by_sheet(project).into_iter().collect();
    for (id, service) in &project.inventory.services {
        let is_drilled = covered.as_ref().is_none_or(|covered| covered.contains(id));
        let is_said = project.document.has(&["services", id, "criticality"]);
        // What is there and could not be read is told as that.
        if is_said && !project.document.sound(&["services", id, "criticality"]) || project.document.strays.contains("criticality") {
            continue;
        }
        match service.criticality {
            _ if !is_said => found.extend(unsaid(project, id, service, is_drilled)),
            Criticality::SinglePointOfFailure => found.extend(single_point(project, id, service, is_drilled)),
            Criticality::Recoverable if !is_drilled => {
                let hint = format!("add a scenario with `service: {id}` under scenarios/, or write `criticality: optional`");
                found.push(project.document.error(&["services", id, "criticality"], format!("no scenario drills `{id}`"), hint).warning());
            }
            _ => {}
        }
    }
    found
}

/// Which services' runbooks some scenario walks, so that a check can tell of those that none does. A service that names one may have a scenario without, as long as another walks one.
#[derive(Default)]
pub(super) struct WalkCoverage {
    walked: BTreeSet<String>,
    /// At the first scenario of a service that walks none.
    doubts: BTreeMap<String, Finding>,
}

impl WalkCoverage {
    /// Takes note of what a scenario does with its service's runbook.
    pub(super) fn take(&mut self, project: &Project, story: &ScenarioWithRunbook) {
        let (document, scenario) = (&story.scenario.document, &story.scenario.scenario);
        let id = &scenario.service;
        // `runbook: none` is an answer too, and so is a key that was mistyped.
        if document.has(&["runbook"]) || !document.sound(&["runbook"]) {
            self.walked.insert(id.clone());
        } else if let Some(runbook) = project.inventory.services.get(id).and_then(|service| service.runbook.as_ref()) {
            let message = format!("`{id}` has a runbook, and `{}` walks none", scenario.name);
            let hint = format!("add `runbook: {runbook}` to the scenario, or `runbook: none` if that is meant");
            self.doubts.entry(id.clone()).or_insert_with(|| document.error(&["service"], message, hint).warning());
        }
    }

    /// One of each service whose runbook no scenario walks.
    pub(super) fn missed(self) -> Vec<Finding> {
        let Self { walked, doubts } = self;
        doubts.into_iter().filter(|(id, _)| !walked.contains(id)).map(|(_, doubt)| doubt).collect()
    }
}

/// Nobody says how much it matters: then everything that is missing is told at once.
fn unsaid(project: &Project, id: &str, service: &Service, is_drilled: bool) -> Option<Finding> {
    let is_sheet = table::is_one(&project.document.source);
    let mut missing = Vec::new();
    if !is_sheet {
        missing.push(("criticality", "`criticality: single-point-of-failure`, `recoverable` or `optional`".to_owned()));
    }
    if service.runbook.is_none() {
        missing.push(("runbook", if is_sheet { "its path under `failover plan`".into() } else { "`runbook: runbooks/….yaml`".into() }));
    }
    if !is_drilled {
        missing.push(("scenario", format!("a scenario with `service: {id}` under scenarios/")));
    }
    let what = joined(missing.iter().map(|(what, _)| format!("no {what}")), "and");
    let hint = format!("add {}", joined(missing.iter().map(|(_, hint)| hint.clone()), "and"));
    let finding = || project.document.error(&["services", id], format!("`{id}` has {what}"), hint).warning();
    (!missing.is_empty()).then(finding)
}

/// Nothing else can do its work.
fn single_point(project: &Project, id: &str, service: &Service, is_drilled: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut gap = |key: &str, message: &str, hint: &str| {
        let message = format!("`{id}` is a single point of failure {message}");
        found.push(project.document.error(&["services", id, key], message, hint).warning());
    };
    if service.providers.len() == 1 && !service.primary().is_empty() {
        gap("providers", "with one provider", "add a standby to `providers`");
    }
    if service.runbook.is_none() && project.document.sound(&["services", id, "runbook"]) {
        gap("criticality", "without a runbook", "add `runbook: runbooks/….yaml` to it, with what to do when its primary is gone");
    }
    if !is_drilled {
        gap("criticality", "that no scenario drills", &format!("add a scenario with `service: {id}` under scenarios/"));
    }
    found
}

/// A sheet without the columns that say how much its services matter.
fn unsaid_by_sheet(project: &Project) -> Option<Finding> {
    let source = &project.document.source;
    project.document.root.as_ref().filter(|_| table::is_one(source))?;
    let absent: Vec<String> = table::unsaid(source).iter().map(|column| format!("`{column}`")).collect();
    let what = if absent.len() == 1 { "column" } else { "columns" };
    let message =
        format!("this sheet has no {what} {}, so nobody can tell how much its services matter", joined(absent.iter().cloned(), "and"));
    let hint = "add them to the first row; a criticality is `single-point-of-failure`, `recoverable` or `optional`";
    (!absent.is_empty()).then(|| project.document.error(&[], message, hint).warning())
}
