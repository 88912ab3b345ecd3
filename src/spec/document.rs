//! A file that was read: its text, its tree, and what was found in it, so that checks across files can point into it.

use super::finding::{Finding, Severity};
use super::source::{Source, Spot};
use super::tree::{self, Node};
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
    /// Reads and parses a YAML file.
    pub(super) fn open(path: &Path, shown: &str) -> Self {
        Source::read(path, shown).map_or_else(|finding| Self::unreadable(shown, *finding), Self::of_yaml)
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
        Self { source, root, findings }
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
