//! `lifeboat check`: every file of a project, or those that were named, and gaps in what the scenarios cover.

use super::document::SourceDocument;
use super::finding::{Finding, Findings, Severity};
use super::opened_project::{Project, ScenarioWithRunbook};
use super::shape::{self, FileKind};
use super::{clear_text, contract_doubts, cross, doubts, gaps, rotation, runbook, schedule, sums};
use std::path::{Path, PathBuf};

/// What a check found and looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// Everything that is wrong or doubtful.
    pub findings: Findings,
    /// Providers in the inventory.
    pub providers: usize,
    /// Services in the inventory.
    pub services: usize,
    /// Runbooks that were looked at.
    pub runbooks: usize,
    /// Scenarios that were looked at.
    pub scenarios: usize,
    /// Schedules that were looked at.
    pub schedules: usize,
    /// Those of them that can be read.
    pub drills: Vec<PathBuf>,
    /// Of each runbook that `lifeboat execute` cannot walk, why, as a sentence.
    pub only_for_drills: Vec<String>,
}

/// Checks files of the project at `root`; no paths means all of it, and gaps in cover as well. The inventory is always
/// checked, because everything else is checked against it. `today` is a day of the calendar, `2026-11-20`: a runbook that was reviewed more
/// than a year before is doubted, and so are contracts and models whose last day comes soon.
pub fn check(root: &Path, paths: &[PathBuf], today: &str) -> Checked {
    let root = &std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
    let (project, mut findings) = Project::open(root);
    let mut checked =
        Checked { providers: project.inventory.providers.len(), services: project.inventory.services.len(), ..Checked::default() };
    let everything = paths.is_empty();
    let roots = if everything { vec![root.join("runbooks"), root.join("scenarios"), root.join(schedule::FOLDER)] } else { paths.to_vec() };
    let mut cover = Cover::default();
    let mut named_schedules = Vec::new();
    for file in roots.iter().flat_map(|path| files_of(path)) {
        let document = SourceDocument::open(&file, root);
        if is_inventory(&file, root) {
            continue;
        }
        // What a file is, is told by its own words; only one that does not say is taken for what its folder holds.
        let kind = document.root.as_ref().and_then(shape::kind_of);
        if kind == Some(FileKind::Inventory) {
            let own = &project.document.source.path;
            let message = format!("nothing reads this inventory: that of the project is `{own}`");
            let hint = format!("move what it declares into `{own}`, or check it in a project of its own");
            findings.extend([Finding::of_file(&document.source.path, message, hint).warning()]);
            continue;
        }
        if kind == Some(FileKind::Schedule) || kind.is_none() && file.starts_with(root.join(schedule::FOLDER)) {
            // All of them are looked at together, below.
            named_schedules.push(document.source.path.clone());
            continue;
        }
        if kind == Some(FileKind::Runbook) || kind.is_none() && file.starts_with(root.join("runbooks")) {
            checked.runbooks += 1;
            findings.extend(of_runbook(&project, document, today, &mut checked));
            continue;
        }
        findings.extend(of_scenario(&project, document, file, &mut checked, &mut cover));
    }
    findings.extend(of_schedules(&project, everything, &named_schedules, &mut checked));
    findings.extend(doubts::of_environments(&project));
    findings.extend(doubts::of_stores(&project));
    findings.extend(doubts::of_addresses(&project));
    findings.extend(clear_text::of_inventory(&project));
    findings.extend(today.parse().ok().into_iter().flat_map(|today| contract_doubts::of(&project, today)));
    findings.extend(references(&project));
    findings.extend(rotated_elsewhere(&project));
    if everything {
        if project.declared().is_some() {
            findings.extend(doubts::of_promises(&project, &cover.services));
        }
        let Cover { services, walks, unclear } = cover;
        findings.extend(gaps::of(&project, Some(services).filter(|_| !unclear)));
        findings.extend(if unclear { Vec::new() } else { walks.missed() });
    }
    project.settle(&mut findings);
    checked.findings = findings;
    checked
}

/// What the scenarios cover, as far as it is known.
#[derive(Default)]
struct Cover {
    /// The services that a scenario asks.
    services: Vec<String>,
    walks: gaps::WalkCoverage,
    /// A scenario that cannot be read, or names no service, may be the one that covers it.
    unclear: bool,
}

/// What is wrong or doubtful about schedules: about all of them, or about those of the inventory and of files that were named.
fn of_schedules(project: &Project, everything: bool, named: &[String], checked: &mut Checked) -> Vec<Finding> {
    let (schedules, found) = project.schedules();
    checked.schedules = if everything { schedules.len() } else { named.len() };
    let own = &project.document.source.path;
    found.iter().filter(|finding| everything || finding.path == *own || named.contains(&finding.path)).cloned().collect()
}

/// What is wrong or doubtful about a runbook.
fn of_runbook(project: &Project, document: SourceDocument, today: &str, checked: &mut Checked) -> Vec<Finding> {
    match runbook::read(document, project.declared(), &project.root, &std::collections::BTreeMap::new()) {
        Ok(file) => {
            let mut findings = doubts::of_runbook(&file, today);
            findings.extend(clear_text::of_runbook(&file));
            checked.only_for_drills.extend(file.only_for_drills());
            findings.extend(file.document.findings);
            findings
        }
        Err(found) => found.into_iter().collect(),
    }
}

/// What is wrong or doubtful about a scenario.
fn of_scenario(project: &Project, document: SourceDocument, file: PathBuf, checked: &mut Checked, cover: &mut Cover) -> Vec<Finding> {
    checked.scenarios += 1;
    let (story, mut findings) = project.story_of(document);
    cover.unclear |= project.declared().is_none()
        || story.as_ref().is_none_or(|story| !project.inventory.services.contains_key(&story.scenario.scenario.service));
    let Some(story) = story else { return findings };
    checked.drills.push(file);
    cover.walks.take(project, &story);
    cover.services.push(story.scenario.scenario.service.clone());
    let judged = story.scenario.workloads.iter().filter(|told| told.judged);
    cover.services.extend(judged.filter_map(|told| told.service.clone()));
    // Where it runs is not known here; what depends on that is checked when the drill is planned.
    if let Some(plan) = cross::plan(project, &story, "lab") {
        let sums = sums::sums(project, &story, &plan);
        // What cannot hold together is not reckoned with.
        let is_sound = sums.iter().all(|finding| finding.severity == Severity::Warning);
        let chances = if is_sound { sums::chances(project, &story, &plan) } else { Vec::new() };
        findings.extend(sums.into_iter().chain(chances));
    }
    findings.extend(unpaid(project, &story));
    findings
}

/// What no ceiling of an environment that has the story's service can bound: there the drill will be refused.
fn unpaid(project: &Project, story: &ScenarioWithRunbook) -> Vec<Finding> {
    let service = &story.scenario.scenario.service;
    let there = project.inventory.environments.iter().filter(|(_, place)| place.services.contains_key(service));
    let plans = there.filter_map(|(name, _)| cross::plan(project, story, name));
    plans.flat_map(|plan| cross::unbounded(project, story, &plan)).map(Finding::warning).collect()
}

fn is_inventory(file: &Path, root: &Path) -> bool {
    file == root.join("runbooks/inventory.yaml") || file.extension().is_some_and(|extension| extension == "csv")
}

/// Runbooks that the inventory names and that are not there.
fn references(project: &Project) -> Vec<Finding> {
    let of_services = project.inventory.services.iter().map(|(id, service)| (["services", id, "runbook"], &service.runbook));
    let of_credentials =
        project.inventory.credentials.iter().map(|(id, credential)| (["credentials", id, "rotates_in"], &credential.rotates_in));
    of_services.chain(of_credentials).filter_map(|(path, runbook)| project.missing(&project.document, &path, runbook.as_ref()?)).collect()
}

/// Credentials whose runbook rotates others.
fn rotated_elsewhere(project: &Project) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, credential) in &project.inventory.credentials {
        let Some((path, file)) = credential.rotates_in.as_ref().and_then(|path| Some((path, project.file(path)?))) else { continue };
        let (file, _) = project.runbook(&file);
        if file.is_some_and(|file| rotation::rotates_others(&file.runbook, id)) {
            let hint = "name the runbook that does, or take this away";
            let message = format!("`{path}` rotates other credentials, and not `{id}`");
            found.push(project.document.error(&["credentials", id, "rotates_in"], message, hint).warning());
        }
    }
    found
}

/// The files of a project that may be scenarios.
pub fn scenarios_of(root: &Path) -> Vec<PathBuf> {
    files_below(&root.join("scenarios"))
}

/// The files of a project that may be runbooks.
pub fn runbooks_of(root: &Path) -> Vec<PathBuf> {
    files_below(&root.join("runbooks")).into_iter().filter(|file| !is_inventory(file, root)).collect()
}

/// A file itself, or the YAML files below a folder.
fn files_of(path: &Path) -> Vec<PathBuf> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if path.is_dir() {
        files_below(&path)
    } else if path.ends_with("runbooks") || path.ends_with("scenarios") || path.ends_with(schedule::FOLDER) {
        // A project need not have both folders.
        Vec::new()
    } else {
        vec![path]
    }
}

/// The YAML files below a folder, in order, without the configurations of others: of gateways, and of what watches Lifeboat.
pub(super) fn files_below(folder: &Path) -> Vec<PathBuf> {
    const FILES_MAX: usize = 10_000;
    const OTHERS: [&str; 2] = ["scenarios/gateways", "runbooks/monitoring"];
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            // Links to folders are not followed: they may lead in circles.
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && !OTHERS.iter().any(|other| path.ends_with(other)) {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") && found.len() < FILES_MAX {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
