//! Typed reading of a tree, collecting everything that is wrong instead of stopping at the first.
//!
//! A reader returns `None` for what it cannot use and has then left a finding; the caller puts a placeholder in its place
//! and reads on. A value with a placeholder never leaves the room, because a file with an error is never used. Which words
//! and keys a file may hold is said by the callers, one file a concept.

use super::address;
use super::fields::MapFields;
use super::finding::{FINDINGS_MAX, Finding};
use super::source::{SourceText, Spot};
use super::tree::{Key, Node, NodeKind};
use super::vocabulary::{self, pick};
use crate::units::{Duration, ParseError};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

/// What a function that reads a value looks like.
pub(super) type Read<'f, T> = &'f dyn Fn(&TreeReader<'_>, &Node) -> Option<T>;

/// So many words are told where one of them was guessed.
const WORDS_TOLD: usize = 4;

/// What a map is called whose keys are names of the writer's choosing.
const NAMES: &str = "a map of names";

/// Reads values from the tree of one file, and keeps what was found wrong with it so far.
pub(super) struct TreeReader<'a> {
    pub(super) source: &'a SourceText,
    findings: RefCell<Vec<Finding>>,
    strays: RefCell<BTreeSet<String>>,
}

impl<'a> TreeReader<'a> {
    pub(super) fn new(source: &'a SourceText) -> Self {
        Self { source, findings: RefCell::default(), strays: RefCell::default() }
    }

    /// What was found, and the keys that are not where they should be.
    pub(super) fn into_parts(self) -> (Vec<Finding>, BTreeSet<String>) {
        (self.findings.into_inner(), self.strays.into_inner())
    }

    /// Remembers a key that nobody knows, or the one that was meant: whoever looks for it later is not told that it is missing.
    pub(super) fn stray(&self, key: &str) {
        let mut strays = self.strays.borrow_mut();
        if strays.len() < FINDINGS_MAX {
            strays.insert(key.to_owned());
        }
    }

    /// Leaves an error.
    pub(super) fn error(&self, spot: Spot, message: impl AsRef<str>, hint: impl AsRef<str>) {
        self.leave(|| self.source.error(spot, message, hint));
    }

    /// Leaves an error whose line is not quoted, for a secret stands in it.
    pub(super) fn error_unquoted(&self, spot: Spot, message: impl AsRef<str>, hint: impl AsRef<str>) {
        self.leave(|| self.source.error(spot, message, hint).unquoted());
    }

    fn leave(&self, finding: impl FnOnce() -> Finding) {
        let mut findings = self.findings.borrow_mut();
        match findings.len() {
            FINDINGS_MAX => {
                let message = format!("this file has more than {FINDINGS_MAX} errors; the rest is not shown");
                findings.push(Finding::of_file(&self.source.path, message, "see that this is the right file"));
            }
            count if count < FINDINGS_MAX => findings.push(finding()),
            _ => {}
        }
    }

    /// Any scalar, as it was written.
    pub(super) fn text(&self, node: &Node) -> Option<String> {
        match &node.kind {
            NodeKind::Text(text) => Some(text.clone()),
            _ => {
                self.error(node.spot, format!("a text is expected here, not {}", node.describe()), "write one value");
                None
            }
        }
    }

    /// A text that a person reads or that is sent as it stands; never empty.
    pub(super) fn words(&self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        if text.trim().is_empty() {
            self.error(node.spot, "this text is empty", "write at least one word");
            return None;
        }
        Some(text)
    }

    /// A name: it becomes part of paths and URLs, so only letters, digits, `-`, `_` and `.`.
    pub(super) fn name(&self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        self.is_name(&text, node.spot).then_some(text)
    }

    /// True for a name; else leaves an error.
    pub(super) fn is_name(&self, text: &str, spot: Spot) -> bool {
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let good = text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.len() <= 100 && text.chars().all(letter);
        if !good {
            let hint = "use letters, digits, `-`, `_` and `.`, at most 100, with a letter or digit first";
            self.error(spot, format!("`{text}` is not a name"), hint);
        }
        good
    }

    /// A quantity with its unit.
    pub(super) fn quantity<T: FromStr<Err = ParseError>>(&self, node: &Node) -> Option<T> {
        match self.text(node)?.parse::<T>() {
            Ok(quantity) => Some(quantity),
            Err(ParseError { problem, hint }) => {
                self.error(node.spot, problem, hint);
                None
            }
        }
    }

    /// A duration above zero.
    pub(super) fn time(&self, node: &Node) -> Option<Duration> {
        let time = self.quantity::<Duration>(node)?;
        if time == Duration::ZERO {
            self.error(node.spot, "this must be longer than zero", "write a duration such as `30s`");
            return None;
        }
        Some(time)
    }

    /// A whole number from `least` to `most`.
    pub(super) fn number(&self, node: &Node, least: u64, most: u64) -> Option<u64> {
        let text = self.text(node)?;
        match text.parse::<u64>() {
            Ok(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                let range = if most >= u64::from(u32::MAX) { format!("of at least {least}") } else { format!("from {least} to {most}") };
                // `1,000`, `1_000` and `3x` are numbers to people.
                let digits: String = text.chars().filter(|c| !matches!(c, ',' | '_' | ' ' | '\'')).collect();
                let digits = digits.trim_end_matches(|c: char| c.is_alphabetic());
                let meant = digits.parse::<u64>().ok().filter(|number| (least..=most).contains(number));
                let example = meant.unwrap_or_else(|| least.max(1));
                let hint = if meant.is_some() { format!("write `{example}`") } else { format!("write a number such as `{example}`") };
                self.error(node.spot, format!("`{text}` is not a whole number {range}"), hint);
                None
            }
        }
    }

    /// A whole number that fits a `u32`.
    pub(super) fn count(&self, node: &Node, least: u32) -> Option<u32> {
        self.number(node, u64::from(least), u64::from(u32::MAX)).and_then(|number| u32::try_from(number).ok())
    }

    /// `true` or `false`.
    pub(super) fn truth(&self, node: &Node) -> Option<bool> {
        match self.text(node)?.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            text => {
                let meant = vocabulary::truth(text).map_or_else(|| "write `true` or `false`".into(), |truth| format!("write `{truth}`"));
                self.error(node.spot, format!("`{text}` is neither true nor false"), meant);
                None
            }
        }
    }

    /// A word of a closed list.
    pub(super) fn word<T>(&self, node: &Node, words: &[&str], from_word: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(node)?;
        let value = from_word(&text);
        if value.is_none() {
            let meant = pick(&text, words.iter().copied());
            // A short list is told whole: the word that comes nearest need not be the one that is meant.
            let is_guess = meant.ends_with('?') && words.len() <= WORDS_TOLD;
            let hint = if is_guess { format!("{meant} the words are {}", vocabulary::all_of(words.iter().copied())) } else { meant };
            self.error(node.spot, format!("`{text}` is not allowed here"), hint);
        }
        value
    }

    /// A URL with a scheme and a host; one that begins with a variable is taken as it is.
    pub(super) fn url(&self, node: &Node) -> Option<String> {
        let text = self.words(node)?;
        match address::wrong(&text) {
            None => Some(text),
            Some((message, hint)) => {
                self.error(node.spot, message, hint);
                None
            }
        }
    }

    /// A list that is not empty, each item read by `read`; items that cannot be read are left out.
    pub(super) fn list<T>(&self, node: &Node, read: Read<'_, T>) -> Option<Vec<T>> {
        match &node.kind {
            NodeKind::List(items) if items.is_empty() => {
                self.error(node.spot, "this list is empty", "write at least one item, for example `[first]`");
                None
            }
            NodeKind::List(items) => Some(items.iter().filter_map(|item| read(self, item)).collect()),
            kind => {
                let hint = match kind {
                    NodeKind::Text(text) => format!("write `[{}]`", text.split(',').map(str::trim).collect::<Vec<_>>().join(", ")),
                    NodeKind::Map(_) => "write `- ` before each item".into(),
                    _ => "write `[first, second]`".into(),
                };
                self.error(node.spot, format!("a list is expected here, not {}", node.describe()), hint);
                None
            }
        }
    }

    /// A map whose keys are names of the writer's choosing.
    pub(super) fn named<T>(&self, node: &Node, read: Read<'_, T>) -> Option<BTreeMap<String, T>> {
        let entries = self.entries(node, NAMES)?;
        Some(
            entries
                .iter()
                .filter(|(key, _)| self.is_name(&key.text, key.spot))
                .filter_map(|(key, node)| Some((key.text.clone(), self.given(key, node).and_then(|node| read(self, node))?)))
                .collect(),
        )
    }

    /// A map from texts to texts, such as headers.
    pub(super) fn texts(&self, node: &Node) -> Option<BTreeMap<String, String>> {
        let entries = self.entries(node, "a map of texts")?;
        Some(
            entries
                .iter()
                .filter_map(|(key, node)| Some((key.text.clone(), self.given(key, node).and_then(|node| self.text(node))?)))
                .collect(),
        )
    }

    /// A map whose keys are texts of others, such as groups and e-mail addresses, each value read by `read`.
    pub(super) fn keyed<T>(&self, node: &Node, what: &str, read: Read<'_, T>) -> Option<BTreeMap<String, T>> {
        let entries = self.entries(node, what)?;
        let read = |(key, node): &(Key, Node)| Some((key.text.clone(), self.given(key, node).and_then(|node| read(self, node))?));
        Some(entries.iter().filter_map(read).collect())
    }

    /// The entries of a map with fixed keys.
    pub(super) fn fields<'n>(&'n self, node: &'n Node, what: &'static str) -> Option<MapFields<'n>> {
        let entries = self.entries(node, what)?;
        Some(MapFields::of(self, entries, node.spot, what))
    }

    fn entries<'n>(&self, node: &'n Node, what: &str) -> Option<&'n [(Key, Node)]> {
        match &node.kind {
            NodeKind::Map(entries) => Some(entries),
            NodeKind::Nothing => {
                self.error(
                    node.spot,
                    format!("{what} is expected here, and there is nothing"),
                    "write `key: value` lines, or `{}` for none",
                );
                None
            }
            kind => {
                let hint = match kind {
                    NodeKind::List(items) if what == NAMES => {
                        let name = items.iter().find_map(|item| Some(item.at(&["name"])?.as_text()?.to_owned()));
                        format!("take the `- ` away, and write each name as a key: `{}: {{…}}`", name.unwrap_or_else(|| "NAME".into()))
                    }
                    NodeKind::List(_) => "take the `- ` away, and write `key: value` lines".into(),
                    _ => "write `key: value` lines".into(),
                };
                self.error(node.spot, format!("{what} is expected here, not {}", node.describe()), hint);
                None
            }
        }
    }

    /// The value of a key, unless there is none.
    pub(super) fn given<'n>(&self, key: &Key, node: &'n Node) -> Option<&'n Node> {
        if node.kind == NodeKind::Nothing {
            self.error(key.spot, format!("`{}` has no value", key.text), "write a value, or take the key away");
            return None;
        }
        Some(node)
    }
}
