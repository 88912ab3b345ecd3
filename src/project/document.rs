//! A file that was read: its text, its tree, and what was found in it, so that checks across files can point into it.

use super::finding::{Finding, Severity};
use super::opened_project;
use super::source::{SourceText, Spot};
use super::tree::{self, Node, NodeKind};
use super::{check, inside, secretive, shape, syntax};
use crate::units::closest;
use std::collections::BTreeSet;
use std::path::Path;

/// A file of the project that was read: its text, its tree and what was found in it.
#[derive(Debug, Clone, Default)]
pub(super) struct SourceDocument {
    pub(super) source: SourceText,
    /// `None` where it could not be parsed.
    pub(super) root: Option<Node>,
    pub(super) findings: Vec<Finding>,
    /// Keys that stand where nobody knows them, and those that were meant: none of these is missing elsewhere.
    pub(super) strays: BTreeSet<String>,
}

impl SourceDocument {
    /// Reads and parses a YAML file of the project at `root`, or one that a person named elsewhere.
    pub(super) fn open(path: &Path, root: &Path) -> Self {
        Self::read(path, root, Self::of_yaml)
    }

    /// Reads a file likewise; `parse` makes a document of it.
    pub(super) fn read(path: &Path, root: &Path, parse: impl FnOnce(SourceText) -> Self) -> Self {
        let shown = opened_project::shown(path, root);
        if inside::leads_out(path, root) {
            let hint = "a link leads to it: copy the file into the project instead";
            return Self::unreadable(&shown, Finding::of_file(&shown, "this leads out of the project", hint));
        }
        if let Some(finding) = absent(path, root, &shown) {
            return Self::unreadable(&shown, finding);
        }
        SourceText::read(path, &shown).map_or_else(|finding| Self::unreadable(&shown, *finding), parse)
    }

    /// A file that could not be read.
    pub(super) fn unreadable(shown: &str, finding: Finding) -> Self {
        Self {
            source: SourceText { path: shown.to_owned(), text: String::new() },
            root: None,
            findings: vec![finding],
            strays: BTreeSet::new(),
        }
    }

    /// Parses YAML text.
    pub(super) fn of_yaml(source: SourceText) -> Self {
        let (root, mut findings) = tree::parse(&source);
        if root.is_none() && findings.is_empty() {
            findings.push(Finding::of_file(
                &source.path,
                "this file is empty",
                "begin it with `version: 1` and `scenario: NAME` or `runbook: NAME`, or take it away",
            ));
        }
        let is_ours = root.as_ref().map_or_else(|| shape::of_text(&source.text), shape::of_tree);
        match root {
            root if is_ours => {
                let mut document = Self { source, root, findings, strays: BTreeSet::new() };
                let keys = secretive::keys_in(&document);
                document.findings.extend(keys);
                document
            }
            Some(root) => Self::of_others(source, shape::of_others(&root)),
            // Where the parser stopped is told, and neither what it saw there nor what it thought of it.
            None => {
                let last = findings.pop().map(|finding| {
                    if !finding.message.starts_with(tree::NOT_YAML) {
                        return finding.unquoted();
                    }
                    Finding { message: tree::NOT_YAML.to_owned(), hint: Some(syntax::USUAL.to_owned()), ..finding.unquoted() }
                });
                Self { source, root, findings: last.into_iter().collect(), strays: BTreeSet::new() }
            }
        }
    }

    /// A file that is not one of Lifeboat's: nothing of it is shown.
    pub(super) fn of_others(source: SourceText, other: Option<&str>) -> Self {
        let usual =
            "see that it is the right file; a scenario begins with `version: 1` and `scenario: NAME`, a runbook with `runbook: NAME`";
        let (message, hint) = match other {
            Some(what) => (
                format!("this looks like {what}, and is no inventory, scenario or runbook, so nothing of it is shown"),
                "keep it elsewhere, for example under `scenarios/gateways/`, where nothing is checked",
            ),
            None => ("this is no inventory, scenario or runbook, so nothing of it is shown".to_owned(), usual),
        };
        let finding = Finding::of_file(&source.path, message, hint);
        Self { source, root: None, findings: vec![finding], strays: BTreeSet::new() }
    }

    /// Adds what was found in it, and the keys that are not where they should be. A key that stands in a file is told of once.
    pub(super) fn add(&mut self, (found, strays): (Vec<Finding>, BTreeSet<String>)) {
        let known: Vec<(usize, usize)> = self.findings.iter().map(|finding| (finding.line, finding.column)).collect();
        self.findings.extend(found.into_iter().filter(|finding| !known.contains(&(finding.line, finding.column))));
        self.strays.extend(strays);
    }

    /// Where a value stands; where it is absent, the nearest that is there around it.
    pub(super) fn spot(&self, path: &[&str]) -> Spot {
        let Some(root) = &self.root else { return Spot { line: 1, column: 1, length: 1, offset: 0 } };
        (0..=path.len()).rev().find_map(|length| root.at(&path[..length])).map_or(root.spot, |node| node.spot)
    }

    /// True where a value is there.
    pub(super) fn has(&self, path: &[&str]) -> bool {
        self.root.as_ref().is_some_and(|root| root.at(path).is_some())
    }

    /// True unless an error was found at the value, and only a placeholder is known of it. A value that is absent is sound too, unless it may
    /// be there in other words: its key stands elsewhere or was mistyped, or what should hold it could not be read.
    pub(super) fn sound(&self, path: &[&str]) -> bool {
        let Some(root) = &self.root else { return false };
        let is_wrong = |node: &Node| {
            let at = (node.spot.line, node.spot.column);
            self.findings.iter().any(|finding| finding.severity == Severity::Error && (finding.line, finding.column) == at)
        };
        match root.at(path) {
            Some(node) => !is_wrong(node),
            None => {
                let above = (1..path.len()).rev().find_map(|length| root.at(&path[..length]));
                let unread = above.is_some_and(|node| !matches!(node.kind, NodeKind::Map(_)) && is_wrong(node));
                !unread && !path.iter().any(|key| self.strays.contains(*key))
            }
        }
    }

    /// An error at a value.
    pub(super) fn error(&self, path: &[&str], message: impl AsRef<str>, hint: impl AsRef<str>) -> Finding {
        self.source.error(self.spot(path), message, hint)
    }
}

/// What to say of a path that leads nowhere, or to a folder.
fn absent(path: &Path, root: &Path, shown: &str) -> Option<Finding> {
    let below =
        |folder: &Path| -> Vec<String> { check::files_below(folder).iter().map(|file| opened_project::shown(file, root)).collect() };
    if path.is_dir() {
        let first = below(path).into_iter().next().unwrap_or_else(|| "scenarios/outage.yaml".into());
        return Some(Finding::of_file(
            shown,
            "this is a folder, and a file is expected here",
            format!("name a file, for example `{first}`"),
        ));
    }
    let error = std::fs::metadata(path).err()?;
    if error.kind() != std::io::ErrorKind::NotFound {
        return None;
    }
    let there: Vec<String> = ["scenarios", "runbooks"].iter().flat_map(|folder| below(&root.join(folder))).collect();
    // `outage` is `scenarios/outage.yaml` to whoever types it.
    let stem = |file: &str| Path::new(file).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let of_name = there.iter().find(|file| stem(file) == stem(shown)).map(String::as_str);
    let hint = match of_name.or_else(|| closest(shown, there.iter().map(String::as_str))) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "see that the path is right, from the folder that you are in".into(),
    };
    Some(Finding::of_file(shown, "there is no such file", hint))
}
