//! Typed reading of a tree, collecting everything that is wrong instead of stopping at the first.
//!
//! A reader returns `None` for what it cannot use and has then left a finding; the caller puts a placeholder in its place
//! and reads on. A value with a placeholder never leaves the room, because a file with an error is never used. Which words
//! and keys a file may hold is said by the callers, one file a concept.

use super::finding::{FINDINGS_MAX, Finding};
use super::source::{Source, Spot};
use super::tree::{Key, Kind, Node};
use crate::units::{ByteRate, Duration, Money, ParseError, Rate, Ratio};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::str::FromStr;

/// What a function that reads a value looks like.
pub(super) type Read<'f, T> = &'f dyn Fn(&Reader<'_>, &Node) -> Option<T>;

/// A file that is being read, and what was found in it so far.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Source,
    findings: RefCell<Vec<Finding>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        Self { source, findings: RefCell::default() }
    }

    /// What was found.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings.into_inner()
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
            Kind::Text(text) => Some(text.clone()),
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
    pub(super) fn quantity<T: Quantity>(&self, node: &Node) -> Option<T> {
        let text = self.text(node)?;
        match text.parse::<T>() {
            Ok(quantity) => Some(quantity),
            Err(ParseError { problem, hint }) => {
                let bare = text.trim().parse::<f64>().is_ok_and(|number| number >= 0.0);
                let with_unit = format!("{}{}", text.trim(), T::UNIT);
                let hint =
                    if bare && with_unit.parse::<T>().is_ok() { format!("write `{with_unit}` if that is meant; {hint}") } else { hint };
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
                self.error(
                    node.spot,
                    format!("`{text}` is not a whole number {range}"),
                    format!("write a number such as `{}`", least.max(1)),
                );
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
                self.error(node.spot, format!("`{text}` is neither true nor false"), "write `true` or `false`");
                None
            }
        }
    }

    /// A word of a closed list.
    pub(super) fn word<T>(&self, node: &Node, words: &[&str], from_word: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(node)?;
        let value = from_word(&text);
        if value.is_none() {
            self.error(node.spot, format!("`{text}` is not one of the words that may stand here"), pick(&text, words.iter().copied()));
        }
        value
    }

    /// A URL with a scheme and a host; one that begins with a variable is taken as it is.
    pub(super) fn url(&self, node: &Node) -> Option<String> {
        let text = self.words(node)?;
        if text.starts_with("${") {
            return Some(text);
        }
        let rest = ["http://", "https://", "tcp://"].iter().find_map(|scheme| text.strip_prefix(scheme));
        let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
        match host {
            Some(host) if host.contains('@') => {
                self.error(node.spot, "a URL must not hold a user or a password", "name a credential instead");
                None
            }
            Some(host) if !host.is_empty() && !text.contains(char::is_whitespace) => Some(text),
            _ => {
                self.error(node.spot, format!("`{text}` is not a URL"), "write scheme and host, for example `https://gateway.example/v1`");
                None
            }
        }
    }

    /// A list that is not empty, each item read by `read`; items that cannot be read are left out.
    pub(super) fn list<T>(&self, node: &Node, read: Read<'_, T>) -> Option<Vec<T>> {
        match &node.kind {
            Kind::List(items) if items.is_empty() => {
                self.error(node.spot, "this list is empty", "write at least one item, for example `[first]`");
                None
            }
            Kind::List(items) => Some(items.iter().filter_map(|item| read(self, item)).collect()),
            _ => {
                self.error(node.spot, format!("a list is expected here, not {}", node.describe()), "write `[first, second]`");
                None
            }
        }
    }

    /// A map whose keys are names of the writer's choosing.
    pub(super) fn named<T>(&self, node: &Node, read: Read<'_, T>) -> Option<BTreeMap<String, T>> {
        let entries = self.entries(node, "a map of names")?;
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

    /// The entries of a map with fixed keys.
    pub(super) fn fields<'n>(&'n self, node: &'n Node, what: &'static str) -> Option<Fields<'n>> {
        let entries = self.entries(node, what)?;
        Some(Fields { reader: self, entries, spot: node.spot, what, known: RefCell::default() })
    }

    fn entries<'n>(&self, node: &'n Node, what: &str) -> Option<&'n [(Key, Node)]> {
        match &node.kind {
            Kind::Map(entries) => Some(entries),
            Kind::Nothing => {
                self.error(
                    node.spot,
                    format!("{what} is expected here, and there is nothing"),
                    "write `key: value` lines, or `{}` for none",
                );
                None
            }
            _ => {
                self.error(node.spot, format!("{what} is expected here, not {}", node.describe()), "write `key: value` lines");
                None
            }
        }
    }

    /// The value of a key, unless there is none.
    fn given<'n>(&self, key: &Key, node: &'n Node) -> Option<&'n Node> {
        if node.kind == Kind::Nothing {
            self.error(key.spot, format!("`{}` has no value", key.text), "write a value, or take the key away");
            return None;
        }
        Some(node)
    }
}

/// A map with fixed keys. Every key that is asked for is known; [`Fields::finish`] reports the others.
pub(super) struct Fields<'n> {
    pub(super) reader: &'n Reader<'n>,
    entries: &'n [(Key, Node)],
    pub(super) spot: Spot,
    what: &'static str,
    known: RefCell<Vec<&'static str>>,
}

impl<'n> Fields<'n> {
    /// The key and value as they stand.
    pub(super) fn raw(&self, name: &'static str) -> Option<&'n (Key, Node)> {
        self.known.borrow_mut().push(name);
        self.entries.iter().find(|(key, _)| key.text == name)
    }

    /// The value if the key is there and its value can be read.
    pub(super) fn optional<T>(&self, name: &'static str, read: Read<'_, T>) -> Option<T> {
        let (key, node) = self.raw(name)?;
        self.reader.given(key, node).and_then(|node| read(self.reader, node))
    }

    /// The value; a key that is missing is an error.
    pub(super) fn required<T>(&self, name: &'static str, read: Read<'_, T>) -> Option<T> {
        if !self.entries.iter().any(|(key, _)| key.text == name) {
            self.missing(name);
        }
        self.optional(name, read)
    }

    /// True where none of these keys is there.
    pub(super) fn has_none(&self, names: &[&str]) -> bool {
        !self.entries.iter().any(|(key, _)| names.contains(&key.text.as_str()))
    }

    /// The one key of `names` that is there. None, or more than one, is an error.
    pub(super) fn exactly_one(&self, names: &[&'static str]) -> Option<&'static str> {
        self.known.borrow_mut().extend(names);
        let there: Vec<&Key> = self.entries.iter().map(|(key, _)| key).filter(|key| names.contains(&key.text.as_str())).collect();
        match there.as_slice() {
            [key] => names.iter().copied().find(|name| *name == key.text),
            [] => {
                self.reader.error(
                    self.spot,
                    format!("{} needs one of {}", self.what, listed(names.iter().copied())),
                    format!("write `{}: …`", names[0]),
                );
                None
            }
            [first, second, ..] => {
                let message = format!("{} has `{}` and `{}`, and may have only one of them", self.what, first.text, second.text);
                self.reader.error(second.spot, message, format!("take `{}` or `{}` away", first.text, second.text));
                None
            }
        }
    }

    /// `version: 1`.
    pub(super) fn version(&self) {
        let read = |reader: &Reader<'_>, node: &Node| {
            let text = reader.text(node)?;
            if text != "1" {
                reader.error(node.spot, format!("version {text} of this format is not known"), "write `version: 1`");
            }
            Some(())
        };
        self.required("version", &read);
    }

    /// Reports every key that nobody asked for.
    pub(super) fn finish(self) {
        // A key may have been asked for more than once, and is told once.
        let mut known: Vec<&'static str> = Vec::new();
        for name in self.known.borrow().iter() {
            if !known.contains(name) {
                known.push(name);
            }
        }
        for (key, _) in self.entries.iter().filter(|(key, _)| !known.contains(&key.text.as_str())) {
            let hint = match closest(&key.text, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None if known.is_empty() => "take it away: there is nothing to set".into(),
                None => format!("it may have {}", listed(known.iter().copied())),
            };
            self.reader.error(key.spot, format!("`{}` is not a key of {}", key.text, self.what), hint);
        }
    }

    fn missing(&self, name: &str) {
        let example = if name == "version" { "1" } else { "…" };
        self.reader.error(self.spot, format!("{} needs `{name}`", self.what), format!("add `{name}: {example}`"));
    }
}

/// A text form with a unit, and the unit that a bare number most likely meant.
pub(super) trait Quantity: FromStr<Err = ParseError> {
    const UNIT: &'static str;
}

impl Quantity for Duration {
    const UNIT: &'static str = "s";
}

impl Quantity for Rate {
    const UNIT: &'static str = "/s";
}

impl Quantity for ByteRate {
    const UNIT: &'static str = "KB/s";
}

impl Quantity for Money {
    const UNIT: &'static str = " USD";
}

impl Quantity for Ratio {
    const UNIT: &'static str = "%";
}

/// The hint for a word that is not in a list: the one that was probably meant, else the whole list.
pub(super) fn pick<'w>(word: &str, words: impl Iterator<Item = &'w str> + Clone) -> String {
    match closest(word, words.clone()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("write {}", listed(words)),
    }
}

/// The word of a list that was probably meant.
pub fn closest<'w>(word: &str, words: impl Iterator<Item = &'w str> + Clone) -> Option<&'w str> {
    // A comparison costs the product of both lengths; nobody mistypes a hundred letters.
    const LONGEST: usize = 64;
    const CANDIDATES_MAX: usize = 300;
    let plain = |word: &str| word.to_lowercase().replace(['_', ' '], "-");
    if word.len() > LONGEST {
        return None;
    }
    let word = plain(word);
    // `azure` for `azure-swedencentral`, as long as it can only be one.
    let mut longer = words.clone().take(CANDIDATES_MAX).filter(|candidate| word.len() >= 3 && plain(candidate).starts_with(&word));
    if let (Some(only), None) = (longer.next(), longer.next()) {
        return Some(only);
    }
    let allowed = (word.chars().count() / 3).max(1);
    words
        .take(CANDIDATES_MAX)
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (strsim::damerau_levenshtein(&word, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `a`, `b` or `c`.
pub(super) fn listed<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [] => "nothing".into(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}
