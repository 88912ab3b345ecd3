//! The list of steps of a runbook while it is put together: its own, those that run at the same time, and those of the runbooks that it includes.

use super::document::SourceDocument;
use super::finding::Finding;
use super::inside::{self, NamedFile};
use super::parameter::{self, Parameter};
use super::runbook_document::{self, WholeRunbook};
use super::runbook_file::StepLocation;
use super::shape::{self, FileKind};
use super::step::StepEntry;
use super::update::Templates;
use crate::model::{Inventory, OnFailure, OnSuccess, RoleHolder, SourceFile, Step, When};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The most steps of a runbook, with those of all that it includes.
const STEPS_MAX: usize = 1_000;

/// The list of steps while it is put together.
pub(super) struct StepList<'a> {
    pub(super) root: &'a Path,
    pub(super) inventory: Option<&'a Inventory>,
    /// Of the runbook itself, and of those that it includes where it has none of that name.
    pub(super) templates: Templates,
    pub(super) included: Vec<SourceDocument>,
    pub(super) sources: Vec<SourceFile>,
    pub(super) places: Vec<StepLocation>,
    pub(super) steps: Vec<Step>,
    /// Of those that are included.
    pub(super) roles: BTreeMap<String, RoleHolder>,
    pub(super) findings: Vec<Finding>,
}

impl StepList<'_> {
    /// Adds what stands in one document. `open` are the files that are being read, outermost first.
    pub(super) fn add(&mut self, entries: Vec<StepEntry>, number: usize, document: &SourceDocument, prefix: &str, open: &mut Vec<PathBuf>) {
        for (index, entry) in entries.into_iter().enumerate() {
            let path = vec!["steps".to_owned(), index.to_string()];
            if self.steps.len() > STEPS_MAX {
                let hint = "see that no runbook is included more often than it is needed";
                self.findings.push(document.error(&["steps", &path[1]], format!("this runbook has more than {STEPS_MAX} steps"), hint));
                return;
            }
            match entry {
                StepEntry::Nothing => {}
                StepEntry::One(step) => self.push(prefixed(*step, prefix), StepLocation { document: number, path }),
                StepEntry::Parallel { name, steps } => {
                    let name = format!("{prefix}{name}");
                    // Two groups that stand next to each other are not one.
                    let before = self.steps.last().and_then(|step| step.together.clone());
                    let alike =
                        before.filter(|before| *before == name || before.strip_prefix(&name).is_some_and(|rest| rest.starts_with(" (")));
                    let together = alike.map_or_else(|| name.clone(), |_| format!("{name} ({})", self.steps.len()));
                    for (inner, step) in steps.into_iter().enumerate().filter_map(|(inner, step)| Some((inner, step?))) {
                        let path = [&path[..], &["parallel".to_owned(), inner.to_string()]].concat();
                        let mut step = prefixed(step, prefix);
                        step.name = format!("{name}: {}", &step.name[prefix.len()..]);
                        step.together = Some(together.clone());
                        self.push(step, StepLocation { document: number, path });
                    }
                }
                StepEntry::Include { name, file, with } => self.include(&file, &with, document, &path, &format!("{prefix}{name}: "), open),
            }
        }
    }

    fn push(&mut self, step: Step, place: StepLocation) {
        self.steps.push(step);
        self.places.push(place);
    }

    /// Keeps what a runbook that is included says for the whole, where the outer one says nothing. Its steps.
    fn shared(&mut self, (runbook, entries, templates): WholeRunbook) -> Vec<StepEntry> {
        for (role, holder) in runbook.roles {
            self.roles.entry(role).or_insert(holder);
        }
        for (name, words) in templates {
            self.templates.entry(name).or_insert(words);
        }
        entries
    }

    /// Whether what an include gives is what the included runbook takes.
    fn fits(
        &mut self,
        file: &str,
        with: &BTreeMap<String, String>,
        declared: &BTreeMap<String, Parameter>,
        from: &SourceDocument,
        path: &[String],
    ) {
        for name in with.keys().filter(|name| !declared.contains_key(*name)) {
            let message = format!("`{file}` has no parameter `{name}`");
            let hint = format!("add `parameters: {{{name}: }}` to it, or take this away");
            self.findings.push(from.error(&[path[0].as_str(), path[1].as_str(), "with", name], message, hint));
        }
        for name in declared.iter().filter(|(name, one)| one.default.is_none() && !with.contains_key(*name)).map(|(name, _)| name) {
            let message = format!("`{file}` needs the parameter `{name}`");
            self.findings.push(from.error(
                &[path[0].as_str(), path[1].as_str(), "include"],
                message,
                format!("add `with: {{{name}: …}}` to this step"),
            ));
        }
        for (name, problem) in with.iter().filter_map(|(name, value)| Some((name, declared.get(name)?.refuses(value)?))) {
            // What a step gives is known only when it is walked.
            if !with[name].contains("${") {
                let at = [path[0].as_str(), path[1].as_str(), "with", name];
                self.findings.push(from.error(&at, format!("the value of `{name}` {problem}"), format!("see `parameters:` of `{file}`")));
            }
        }
    }

    fn include(
        &mut self,
        file: &str,
        with: &BTreeMap<String, String>,
        from: &SourceDocument,
        path: &[String],
        prefix: &str,
        open: &mut Vec<PathBuf>,
    ) {
        let at = [path[0].as_str(), path[1].as_str(), "include"];
        let named = inside::named(self.root, file);
        let wrong = inside::wrong(&named, "runbook", file);
        let NamedFile::File(target) = named else {
            let hint = "write the runbook's path from the project's root, for example `runbooks/tell-users.yaml`";
            let (message, hint) = wrong.unwrap_or_else(|| (format!("the runbook `{file}` does not exist"), hint));
            self.findings.push(from.error(&at, message, hint));
            return;
        };
        // By its own path: one that is included by two names is one.
        if open.contains(&target) {
            let message = format!("`{file}` includes itself, so this runbook would never end");
            self.findings.push(from.error(&at, message, "take one of the two includes away"));
            return;
        }
        let mut document = SourceDocument::open(&self.root.join(file), self.root);
        if let Some(finding) = shape::mixed_up(&document, FileKind::Runbook) {
            let hint = "name a runbook, for example `runbooks/tell-users.yaml`";
            self.findings.push(from.error(&at, format!("`{file}`: {}", finding.message), hint));
            return;
        }
        let declared = parameter::declared(&document);
        self.fits(file, with, &declared, from, path);
        let whole = runbook_document::filled(&mut document, parameter::values(&declared, with), self.inventory, file);
        let entries = whole.map(|whole| self.shared(whole)).unwrap_or_default();
        self.findings.extend(document.findings.iter().cloned());
        self.included.push(document.clone());
        self.sources.push(document.source.recorded(&target, self.root));
        open.push(target);
        self.add(entries, self.included.len(), &document, prefix, open);
        open.pop();
    }
}

/// A step under the name of what holds it, with the names of steps that it speaks of.
fn prefixed(mut step: Step, prefix: &str) -> Step {
    let of = |name: &str| format!("{prefix}{name}");
    step.name = of(&step.name);
    if let OnFailure::Goto { step: target, .. } = &mut step.on_failure {
        *target = of(target);
    }
    if let Some(OnSuccess { step: target, .. }) = &mut step.on_success {
        *target = of(target);
    }
    match &mut step.when {
        Some(When::Ended { step: earlier, .. }) => *earlier = of(earlier),
        Some(When::Holds { within, .. }) => *within = format!("{prefix}{within}"),
        _ => {}
    }
    step
}
