//! A project: a folder with an inventory, and what scenarios and runbooks in it become.

use super::document::SourceDocument;
use super::finding::{Finding, Findings, Severity};
use super::inside::{self, NamedFile};
use super::parameter::{self, Parameter};
use super::runbook;
use super::runbook_file::RunbookFile;
use super::scenario::{self, ScenarioFile};
use super::shape::{self, FileKind};
use super::source::SourceText;
use super::workload::RawWorkload;
use super::{allow, configuration, cross, inventory, rotation, store, sums, table, trace};
use crate::model::{DrillPlan, ExecutionPlan, Inventory, ReadFile, Runbook, SourceFile, Tokens};
use crate::units::closest;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const YAML: &str = "runbooks/inventory.yaml";
const CSV: &str = "runbooks/inventory.csv";
/// The script for k6 that is shipped.
const SHIPPED: &[u8] = include_bytes!("../../scenarios/traffic/k6.js");

/// Why there is no project to work on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProjectError {
    /// Neither the path nor the current folder lies in one.
    #[error("no project here: neither `{}` nor a folder above it holds `{YAML}` or `{CSV}`\n\nhint: {}", start.display(), no_project(stray.as_deref()))]
    NoProject {
        /// Where the search began.
        start: PathBuf,
        /// An inventory that lies where nobody looks for it.
        stray: Option<String>,
    },
}

fn no_project(stray: Option<&str>) -> String {
    match stray {
        Some(stray) => {
            format!("move `{stray}` to `runbooks/inventory.{}`", stray.rsplit('.').next().unwrap_or_default().replace("yml", "yaml"))
        }
        None => "run it in a project's folder, or name a scenario that lies in one; `lifeboat help gateway` shows a first project".into(),
    }
}

/// Where people put an inventory, from a project's folder.
const STRAYS: [&str; 9] = [
    "inventory.yaml",
    "inventory.yml",
    "inventory.csv",
    "runbooks/inventory.yml",
    "runbook/inventory.yaml",
    "runbook/inventory.csv",
    "scenarios/inventory.yaml",
    "scenarios/inventory.csv",
    "config/inventory.yaml",
];

/// A folder with an inventory.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder that holds `runbooks/`.
    pub root: PathBuf,
    /// What scenarios and runbooks may name; with placeholders where the file has errors.
    pub inventory: Inventory,
    /// The inventory's file.
    pub(super) document: SourceDocument,
}

impl Project {
    /// The nearest folder that holds an inventory, upwards from a path, then upwards from the current folder.
    ///
    /// # Errors
    /// Where neither leads to one.
    pub fn find(start: &Path) -> Result<PathBuf, ProjectError> {
        let above = |path: &Path| {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            let holds = |folder: &Path| folder.join(YAML).is_file() || folder.join(CSV).is_file();
            // The folder itself was named or gone into; in one above it that is anybody's, such as `/tmp`, anybody may have put an inventory.
            path.ancestors()
                .enumerate()
                .find(|(up, folder)| holds(folder) && (*up == 0 || !is_anybodys(folder)))
                .map(|(_, folder)| folder.to_owned())
        };
        above(start).or_else(|| above(Path::new("."))).ok_or_else(|| {
            let stray = STRAYS.into_iter().find(|stray| Path::new(stray).is_file()).map(str::to_owned);
            ProjectError::NoProject { start: start.to_owned(), stray }
        })
    }

    /// Reads the inventory of the project at `root`. The findings are those of the inventory alone.
    pub fn open(root: &Path) -> (Self, Findings) {
        let (yaml, csv) = (root.join(YAML), root.join(CSV));
        let mut document =
            if !yaml.exists() && csv.exists() { SourceDocument::read(&csv, root, table::read) } else { SourceDocument::open(&yaml, root) };
        if yaml.exists() && csv.exists() {
            let message = format!("this project has two inventories, `{YAML}` and `{CSV}`");
            document.findings.push(Finding::of_file(&shown(&csv, root), message, "keep one of them"));
        }
        let inventory = inventory::read(&mut document);
        for (id, environment) in &inventory.environments {
            let found = allow::names(&document, root, &inventory, id, environment);
            document.findings.extend(found);
            let configuration = configuration::there(&document, root, id, environment);
            document.findings.extend(configuration);
        }
        let findings = document.findings.iter().cloned().collect();
        (Self { root: root.to_owned(), inventory, document }, findings)
    }

    /// Everything that a drill of a scenario in an environment needs, with warnings.
    ///
    /// # Errors
    /// All findings of inventory, scenario and runbook and across them, if at least one is an error.
    pub fn plan(&self, scenario: &Path, environment: &str) -> Result<(DrillPlan, Findings), Findings> {
        self.plan_as_read(scenario, environment).map(|(plan, findings, _)| (plan, findings))
    }

    /// The same with the files that it was read from, as they were read: the inventory, the scenario, and the runbook with what it includes.
    ///
    /// # Errors
    /// As [`Project::plan`].
    pub fn plan_as_read(&self, scenario: &Path, environment: &str) -> Result<(DrillPlan, Findings, Vec<ReadFile>), Findings> {
        let mut findings: Findings = self.document.findings.iter().cloned().collect();
        let (story, found) = self.story(scenario);
        findings.extend(found);
        let known = self.inventory.environments.get(environment);
        if known.is_none() && self.declared().is_some() {
            let hint = inventory::name_hint(environment, "an environment", self.inventory.environments.keys());
            let message = format!("`{environment}` is not an environment of this inventory");
            findings.extend([Finding::of_file(&self.document.source.path, message, hint)]);
        }
        let files = story.as_ref().map(|story| self.files_of(story, scenario)).unwrap_or_default();
        let plan = story.and_then(|story| {
            let plan = cross::plan(self, &story, environment)?;
            findings.extend(sums::sums(self, &story, &plan));
            if known.is_some() {
                findings.extend(cross::environment(self, &story, &plan));
                // What cannot hold together is not reckoned with.
                let sound = !findings.has_errors();
                findings.extend(if sound { sums::chances(self, &story, &plan) } else { Vec::new() });
            }
            Some(plan)
        });
        self.settle(&mut findings);
        match plan {
            Some(plan) if !findings.has_errors() => Ok((plan, findings, files)),
            _ => Err(findings),
        }
    }

    /// The files that a drill's plan is read from, as they were read.
    fn files_of(&self, story: &ScenarioWithRunbook, scenario: &Path) -> Vec<ReadFile> {
        let read = |document: &SourceDocument, path: &Path| document.source.as_read(document.source.recorded(path, &self.root));
        let inventory = read(&self.document, &self.root.join(if self.root.join(YAML).exists() { YAML } else { CSV }));
        let own = read(&story.scenario.document, scenario);
        let mut files = vec![inventory, own];
        if let Some((path, file)) = story.scenario.scenario.runbook.as_ref().zip(story.runbook.as_ref()) {
            files.push(read(&file.document, &self.root.join(path)));
            files.extend(file.included.iter().zip(&file.sources).map(|(document, named)| document.source.as_read(named.clone())));
        }
        files
    }

    /// Everything that an execution of a runbook needs, with warnings. Without a service's name it is the one that names this runbook, if
    /// there is exactly one.
    ///
    /// # Errors
    /// All findings of inventory and runbook, if at least one is an error.
    pub fn execution(
        &self,
        runbook: &Path,
        environment: Option<&str>,
        service: Option<&str>,
        given: &BTreeMap<String, String>,
    ) -> Result<(ExecutionPlan, Findings), Findings> {
        let mut findings: Findings = self.document.findings.iter().cloned().collect();
        let (file, found) = self.runbook_told(runbook, given);
        findings.extend(found);
        let mut unknown = |name: &str, what: &str, hint: String| {
            let message = format!("`{name}` is not {what} of this inventory");
            findings.extend([Finding::of_file(&self.document.source.path, message, hint)]);
        };
        let inventory = &self.inventory;
        if let Some(name) = environment.filter(|name| !inventory.environments.contains_key(*name)) {
            unknown(name, "an environment", inventory::name_hint(name, "an environment", inventory.environments.keys()));
        }
        if let Some(name) = service.filter(|name| !inventory.services.contains_key(*name)) {
            unknown(name, "a service", inventory::name_hint(name, "a service", inventory.services.keys()));
        }
        if let Some(file) = &file {
            findings.extend(parameter::wrong(&file.document, &file.parameters, given));
            findings.extend(file.without_traffic());
            let listens = environment.and_then(|name| inventory.environments.get(name)).is_some_and(|place| place.alerts.is_some());
            findings.extend(file.unheard(environment, listens));
            findings.extend(rotation::impossible(file, inventory, true));
        }
        self.settle(&mut findings);
        let Some(file) = file.filter(|_| !findings.has_errors()) else { return Err(findings) };
        let here = std::path::absolute(runbook).unwrap_or_else(|_| runbook.to_owned());
        let names_it = |path: &String| std::path::absolute(self.root.join(path)).is_ok_and(|path| path == here);
        let mut of = inventory.services.iter().filter(|(_, service)| service.runbook.as_ref().is_some_and(names_it));
        let only = of.next().map(|(name, _)| name.clone()).filter(|_| of.next().is_none());
        let service_name = service.map(str::to_owned).or(only);
        let own = file.document.source.recorded(runbook, &self.root);
        let told: BTreeMap<&String, _> = file.runbook.reached().filter_map(|name| inventory.contacts.get_key_value(name)).collect();
        let texts = serde_json::to_string(&(&file.runbook, &told)).unwrap_or_default();
        let plan = ExecutionPlan {
            secrets: store::secrets_in(&texts, inventory),
            sources: std::iter::once(own).chain(file.sources).collect(),
            runbook: file.runbook,
            environment_name: environment.map(str::to_owned),
            environment: environment.and_then(|name| inventory.environments.get(name)).cloned().unwrap_or_default(),
            service: service_name.as_ref().and_then(|name| inventory.services.get(name)).cloned(),
            service_name,
            providers: inventory.providers.clone(),
            credentials: inventory.credentials.clone(),
            stores: inventory.stores.clone(),
            contacts: inventory.contacts.clone(),
            mail: inventory.mail.clone(),
            parameters: parameter::values(&file.parameters, given),
        };
        Ok((plan, findings))
    }

    /// A name that is declared with an error in its declaration is not told to be undeclared.
    pub(super) fn settle(&self, findings: &mut Findings) {
        let has_errors = self.document.findings.iter().any(|finding| finding.severity == Severity::Error);
        // Nor is one of a section that could not be read at all.
        let is_unread = |section: &str| self.document.root.as_ref().and_then(|root| root.at(&[section])).is_some_and(|node| !node.is_map());
        findings.without(|section, name| has_errors && (is_unread(section) || self.document.has(&[section, name])));
    }

    /// What a runbook may be told, by name; nothing where it cannot be read.
    pub fn parameters(&self, runbook: &Path) -> BTreeMap<String, Parameter> {
        self.runbook(runbook).0.map(|file| file.parameters).unwrap_or_default()
    }

    /// A runbook of the project as it is now, by its path from the root; `None` where it has errors.
    pub fn runbook_now(&self, path: &str) -> Option<Runbook> {
        let (file, found) = self.runbook(&self.root.join(path));
        let is_error = |finding: &Finding| finding.severity == Severity::Error;
        file.filter(|_| !found.iter().any(is_error)).map(|file| file.runbook)
    }

    /// The same with placeholders where it has errors, and with what is wrong.
    pub fn runbook_as_read(&self, path: &str) -> (Option<Runbook>, Vec<Finding>) {
        let (file, found) = self.runbook(&self.root.join(path));
        (file.map(|file| file.runbook), found)
    }

    /// The text of one of the files below a project's root, as it is now, and how a history would name it; `None` where it cannot be read.
    pub fn text(root: &Path, path: &str) -> Option<(String, SourceFile)> {
        let source = SourceText::of_project(root, path)?;
        let named = source.recorded(&root.join(path), root);
        Some((source.text, named))
    }

    /// The inventory, unless its file could not even be parsed: then nobody knows which names it declares.
    pub(super) fn declared(&self) -> Option<&Inventory> {
        self.document.root.as_ref().map(|_| &self.inventory)
    }

    /// A scenario and its runbook, with what is wrong in each and with their names.
    pub(super) fn story(&self, path: &Path) -> (Option<ScenarioWithRunbook>, Vec<Finding>) {
        let document = SourceDocument::open(path, &self.root);
        self.story_of(document)
    }

    /// The same for a scenario that was opened already.
    pub(super) fn story_of(&self, document: SourceDocument) -> (Option<ScenarioWithRunbook>, Vec<Finding>) {
        let mut scenario = match scenario::read(document) {
            Ok(scenario) => scenario,
            Err(found) => return (None, found),
        };
        let mut found = scenario.document.findings.clone();
        let total = scenario.scenario.timeline.total();
        for told in &mut scenario.workloads {
            found.extend(self.script(&scenario.document, told));
            found.extend(trace::load(&self.root, &scenario.document, told, total));
        }
        let runbook = scenario.scenario.runbook.as_ref().and_then(|path| {
            if let Some(finding) = self.missing(&scenario.document, &["runbook"], path) {
                found.push(finding);
                return None;
            }
            let (runbook, of_runbook) = self.runbook(&self.root.join(path));
            found.extend(of_runbook);
            found.extend(runbook.as_ref().and_then(RunbookFile::unfilled));
            runbook
        });
        let story = ScenarioWithRunbook { scenario, runbook };
        if self.declared().is_some() {
            found.extend(cross::names(self, &story));
        }
        (Some(story), found)
    }

    /// A runbook, with what is wrong in it.
    pub(super) fn runbook(&self, path: &Path) -> (Option<RunbookFile>, Vec<Finding>) {
        self.runbook_told(path, &BTreeMap::new())
    }

    /// The same with values for its parameters.
    fn runbook_told(&self, path: &Path, given: &BTreeMap<String, String>) -> (Option<RunbookFile>, Vec<Finding>) {
        match runbook::read(SourceDocument::open(path, &self.root), self.declared(), &self.root, given) {
            Ok(file) => {
                let found = file.document.findings.clone();
                (Some(file), found)
            }
            Err(found) => (None, found),
        }
    }

    /// The file of the project that a value names, where it is one.
    pub(super) fn file(&self, path: &str) -> Option<PathBuf> {
        matches!(inside::named(&self.root, path), NamedFile::File(_)).then(|| self.root.join(path))
    }

    /// An error where a workload's script is not a file of the project, or not one of JavaScript: k6 quotes what it cannot read. One that is
    /// absent is told of when the drill begins.
    fn script(&self, document: &SourceDocument, told: &mut RawWorkload) -> Option<Finding> {
        let script = told.workload.script.as_ref()?;
        // Of the shipped one it is known how long its requests are.
        let is_shipped = matches!(inside::named(&self.root, script), NamedFile::File(path) if is(&path, SHIPPED));
        told.workload.max_tokens = told.workload.max_tokens.or(is_shipped.then_some(Tokens::OF_SHIPPED_SCRIPT));
        let is_script =
            Path::new(script).extension().is_some_and(|extension| ["js", "mjs", "cjs", "ts"].iter().any(|one| extension == *one));
        let other = || (format!("the script `{script}` is not one for k6"), "name a `.js` file, for example `scenarios/traffic/k6.js`");
        let wrong = inside::wrong(&inside::named(&self.root, script), "script", script).or_else(|| (!is_script).then(other));
        wrong.map(|(message, hint)| document.error(&told.at(&["script"]), message, hint))
    }

    /// An error unless the file that a value names is there.
    pub(super) fn missing(&self, document: &SourceDocument, at: &[&str], path: &str) -> Option<Finding> {
        let named = inside::named(&self.root, path);
        if let Some((message, hint)) = inside::wrong(&named, "runbook", path) {
            return Some(document.error(at, message, hint));
        }
        if let NamedFile::File(_) = named {
            let other = SourceDocument::open(&self.root.join(path), &self.root);
            let kind = other.root.as_ref().and_then(shape::kind_of).filter(|kind| *kind != FileKind::Runbook)?;
            let hint = "name a runbook, for example `runbooks/fail-over-to-standby.yaml`";
            return Some(document.error(at, format!("`{path}` is {}, and a runbook is expected here", kind.named()), hint));
        }
        let there: Vec<String> = super::check::files_below(&self.root.join("runbooks"))
            .iter()
            .filter_map(|file| Some(file.strip_prefix(&self.root).ok()?.to_string_lossy().into_owned()))
            .filter(|file| file != YAML)
            .collect();
        let hint = match closest(path, there.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "write the runbook's path from the project's root, for example `runbooks/fail-over-to-standby.yaml`".into(),
        };
        Some(document.error(at, format!("the runbook `{path}` does not exist"), hint))
    }
}

/// A scenario with the runbook that answers it: what a drill is planned from.
pub(super) struct ScenarioWithRunbook {
    pub(super) scenario: ScenarioFile,
    pub(super) runbook: Option<RunbookFile>,
}

/// True for a folder in which every user may put things, such as `/tmp`.
fn is_anybodys(folder: &Path) -> bool {
    const STICKY_AND_OPEN: u32 = 0o1002;
    folder.metadata().is_ok_and(|folder| folder.permissions().mode() & STICKY_AND_OPEN == STICKY_AND_OPEN)
}

/// A path as it is shown: from the current folder, else from the project's root, else as it is.
pub(super) fn shown(path: &Path, root: &Path) -> String {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let path = absolute(path);
    let short =
        [absolute(Path::new(".")), absolute(root)].into_iter().find_map(|folder| path.strip_prefix(folder).map(Path::to_owned).ok());
    short.unwrap_or(path).to_string_lossy().into_owned()
}
/// Whether a file holds exactly this.
fn is(file: &Path, text: &[u8]) -> bool {
    let as_long = std::fs::metadata(file).is_ok_and(|told| told.is_file() && told.len() == text.len() as u64);
    as_long && std::fs::read(file).is_ok_and(|read| read == text)
}
