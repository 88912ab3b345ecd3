//! A file that was read: its text, its tree, and what was found in it, so that checks across files can point into it.

use super::finding::{Finding, Severity};
use super::project::shown;
use super::source::{Source, Spot};
use super::tree::{self, Node};
use super::{inside, shape};
use std::path::Path;

/// A file that was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Document {
    pub(super) source: Source,
    /// `None` where it could not be parsed.
    pub(super) root: Option<Node>,
    pub(super) findings: Vec<Finding>,
}

impl Document {
    /// Reads and parses a YAML file of the project at `root`, or one that a person named elsewhere.
    pub(super) fn open(path: &Path, root: &Path) -> Self {
        Self::read(path, root, Self::of_yaml)
    }

    /// Reads a file likewise; `parse` makes a document of it.
    pub(super) fn read(path: &Path, root: &Path, parse: impl FnOnce(Source) -> Self) -> Self {
        let shown = shown(path, root);
        if inside::leads_out(path, root) {
            let hint = "a link leads to it: copy the file into the project instead";
            return Self::unreadable(&shown, Finding::of_file(&shown, "this leads out of the project", hint));
        }
        Source::read(path, &shown).map_or_else(|finding| Self::unreadable(&shown, *finding), parse)
    }

    /// A file that could not be read.
    pub(super) fn unreadable(shown: &str, finding: Finding) -> Self {
        Self { source: Source { path: shown.to_owned(), text: String::new() }, root: None, findings: vec![finding] }
    }

    /// Parses YAML text.
    pub(super) fn of_yaml(source: Source) -> Self {
        let (root, mut findings) = tree::parse(&source);
        if root.is_none() && findings.is_empty() {
            findings.push(Finding::of_file(&source.path, "this file is empty", "begin it with `version: 1`"));
        }
        let is_ours = root.as_ref().map_or_else(|| shape::of_text(&source.text), shape::of_tree);
        match root {
            root if is_ours => Self { source, root, findings },
            Some(_) => Self::of_others(source),
            // Where the parser stopped is told, and neither what it saw there nor what it thought of it.
            None => {
                let last = findings.pop().map(|finding| {
                    let not_yaml = finding.message.starts_with(tree::NOT_YAML);
                    Finding { message: if not_yaml { tree::NOT_YAML.to_owned() } else { finding.message.clone() }, ..finding.unquoted() }
                });
                Self { source, root, findings: last.into_iter().collect() }
            }
        }
    }

    /// A file that is not one of Lifeboat's: nothing of it is shown.
    pub(super) fn of_others(source: Source) -> Self {
        let message = "this is no inventory, scenario or runbook, so nothing of it is shown";
        let hint =
            "see that it is the right file; a scenario begins with `version: 1` and `scenario: NAME`, a runbook with `runbook: NAME`";
        let finding = Finding::of_file(&source.path, message, hint);
        Self { source, root: None, findings: vec![finding] }
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

    /// True unless the value is there and an error was found at it: then only a placeholder is known of it.
    pub(super) fn sound(&self, path: &[&str]) -> bool {
        let Some(node) = self.root.as_ref().and_then(|root| root.at(path)) else { return self.root.is_some() };
        !self
            .findings
            .iter()
            .any(|finding| finding.severity == Severity::Error && (finding.line, finding.column) == (node.spot.line, node.spot.column))
    }

    /// An error at a value.
    pub(super) fn error(&self, path: &[&str], message: impl AsRef<str>, hint: impl AsRef<str>) -> Finding {
        self.source.error(self.spot(path), message, hint)
    }
}
