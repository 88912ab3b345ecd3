//! What is wrong with a file, and where: a finding, and the order in which findings are shown.
//!
//! A finding carries everything that is shown, so that rendering is a pure function. Its source line is cut to what a
//! terminal holds, control characters are escaped, and what stands where a secret would stand is blotted out: somebody
//! who writes a key into a file by mistake must not find it in a log. What this file does not do: decide what is wrong.

use super::secretive::{keys, refers, words_of};
use crate::redact::is_secret;
use std::collections::HashMap;
use std::fmt;

/// The most findings of one kind that one file is given; a file with more was not meant for Lifeboat.
pub(super) const FINDINGS_MAX: usize = 500;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// It can, but probably not as it was meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One thing that is wrong, where it stands, and what to type instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// The file, as shown: relative to the current folder or the project's root.
    pub path: String,
    /// The line, from 1; 0 where the finding concerns the file as a whole.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// How many characters are underlined; 0 where the line is not quoted.
    pub length: usize,
    /// The line, or the part of it around the column, ready to be shown.
    pub source_line: String,
    /// The characters of `source_line` before the underlined ones.
    pub indent: usize,
    /// What is wrong, lowercase, without a full stop.
    pub message: String,
    /// What to type instead.
    pub hint: Option<String>,
    /// The section of the inventory and the name in it that this is about: one that is not declared is told once, wherever it is used.
    pub(super) about: Option<(&'static str, String)>,
    /// Where else the same is wrong, as `path:line`.
    pub(super) also: Vec<String>,
}

impl Finding {
    /// A finding that concerns a file as a whole.
    pub(super) fn of_file(path: &str, message: impl AsRef<str>, hint: impl AsRef<str>) -> Self {
        Self {
            severity: Severity::Error,
            path: path.to_owned(),
            line: 0,
            column: 0,
            length: 0,
            source_line: String::new(),
            indent: 0,
            message: clean(message.as_ref()),
            hint: Some(clean_hint(hint.as_ref())),
            about: None,
            also: Vec::new(),
        }
    }

    /// The same, known to be about a name of the inventory.
    #[must_use]
    pub(super) fn about(self, section: &'static str, name: &str) -> Self {
        Self { about: Some((section, name.to_owned())), ..self }
    }

    /// The same without the line that it points at: the file may be anything.
    #[must_use]
    pub(super) fn unquoted(self) -> Self {
        Self { length: 0, source_line: String::new(), indent: 0, ..self }
    }

    /// The same, weighing less.
    #[must_use]
    pub(super) fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}

impl fmt::Display for Finding {
    /// The plain form, several lines, with a line break at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.severity, self.message)?;
        if self.line == 0 {
            writeln!(f, "  --> {}", clean(&self.path))?;
            return self.hint.iter().try_for_each(|hint| writeln!(f, "   = hint: {hint}"));
        }
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len() + 2);
        writeln!(f, "{}--> {}:{}:{}", &gutter[1..], clean(&self.path), self.line, self.column)?;
        if self.length == 0 {
            return self.hint.iter().try_for_each(|hint| writeln!(f, "{gutter}= hint: {hint}"));
        }
        writeln!(f, "{gutter}|")?;
        writeln!(f, " {number} | {}", self.source_line.trim_end())?;
        writeln!(f, "{gutter}| {}{}", " ".repeat(self.indent), "^".repeat(self.length.max(1)))?;
        if let Some((shown, more)) =
            self.also.split_at_checked(ALSO_SHOWN).or(Some((&self.also, &[]))).filter(|(shown, _)| !shown.is_empty())
        {
            let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            writeln!(f, "{gutter}= also in {}{more}", shown.join(", "))?;
        }
        self.hint.iter().try_for_each(|hint| writeln!(f, "{gutter}= hint: {hint}"))
    }
}

/// Findings in the order in which they are shown: by path, line and column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Adds more and keeps the order; what is there already is not shown twice.
    pub fn extend(&mut self, more: impl IntoIterator<Item = Finding>) {
        self.0.extend(more);
        self.0.sort_by(|one, two| {
            let key = |finding: &Finding| (finding.line, finding.column, finding.severity);
            one.path.cmp(&two.path).then(key(one).cmp(&key(two))).then_with(|| one.message.cmp(&two.message))
        });
        self.0.dedup();
        self.join();
    }

    /// What is about the same name becomes one finding that says where else.
    fn join(&mut self) {
        let mut first: HashMap<(&'static str, String), usize> = HashMap::new();
        let mut kept: Vec<Finding> = Vec::with_capacity(self.0.len());
        for finding in self.0.drain(..) {
            let Some(about) = finding.about.clone() else {
                kept.push(finding);
                continue;
            };
            match first.get(&about) {
                Some(place) => {
                    let also = &mut kept[*place].also;
                    also.push(format!("{}:{}", clean(&finding.path), finding.line));
                    also.extend(finding.also);
                    also.sort();
                    also.dedup();
                }
                None => {
                    first.insert(about, kept.len());
                    kept.push(finding);
                }
            }
        }
        self.0 = kept;
    }

    /// Leaves out what is about a name of which something else is known: it is declared, and its declaration has an error of its own.
    pub(super) fn without(&mut self, is_declared: impl Fn(&str, &str) -> bool) {
        self.0.retain(|finding| !finding.about.as_ref().is_some_and(|(section, name)| is_declared(section, name)));
    }

    /// True where at least one is an error: then nothing may run.
    pub fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    /// How many are errors.
    pub fn errors(&self) -> usize {
        self.0.iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    /// How many are warnings.
    pub fn warnings(&self) -> usize {
        self.0.len() - self.errors()
    }

    /// True where nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.0.iter()
    }
}

impl FromIterator<Finding> for Findings {
    fn from_iter<I: IntoIterator<Item = Finding>>(findings: I) -> Self {
        let mut all = Self::default();
        all.extend(findings);
        all
    }
}

impl IntoIterator for Findings {
    type Item = Finding;
    type IntoIter = std::vec::IntoIter<Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Findings {
    type Item = &'a Finding;
    type IntoIter = std::slice::Iter<'a, Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Display for Findings {
    /// All of them, with an empty line between two.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{finding}")?;
        }
        Ok(())
    }
}

/// So many places are named where the same is wrong.
const ALSO_SHOWN: usize = 5;
/// More characters of a message are not shown.
const LONGEST: usize = 400;
/// So many characters behind those that are shown are looked at: a key that is cut off is one nevertheless.
pub(super) const AHEAD: usize = 200;

/// A message as it may be shown: one line, no control characters, no keys, and not longer than a paragraph.
pub(super) fn clean(text: &str) -> String {
    shown(text, blotted)
}

/// A hint as it may be shown. It is ours, and its forms (`token: …`) are no secrets; what it repeats of a file may be a key.
pub(super) fn clean_hint(text: &str) -> String {
    shown(text, |text| {
        let mut shown = text.to_vec();
        keys(text).into_iter().for_each(|place| shown[place].fill('•'));
        shown
    })
}

fn shown(text: &str, blot: impl Fn(&[char]) -> Vec<char>) -> String {
    let looked_at: Vec<char> = text.chars().take(LONGEST + AHEAD).collect();
    let mut shown: String = blot(&looked_at).into_iter().take(LONGEST).map(escaped).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// A character as it may be shown: control characters and those that turn the direction of writing as escapes.
pub(super) fn escaped(character: char) -> String {
    match character {
        '\t' => "→".into(),
        '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{3000}' => character.escape_unicode().to_string(),
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => character.escape_unicode().to_string(),
        _ if character.is_control() => character.escape_default().to_string(),
        _ => character.to_string(),
    }
}

/// The same number of characters, with `•` for each that may belong to a secret: the values of keys that hold one, unless they
/// refer to it (`env:`, `file:`, `${…}`), and whatever is a key wherever it stands.
pub(super) fn blotted(line: &[char]) -> Vec<char> {
    let mut shown = line.to_vec();
    keys(line).into_iter().for_each(|place| shown[place].fill('•'));
    for place in words_of(line, |c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
        let end = place.end;
        let written: String = line[place].iter().take(64).collect();
        let name = written.to_lowercase();
        // `from` tells where one is, and people write it there; credentials are called by their names everywhere.
        let is_secret = name == "from" || is_secret(&written) && !name.contains("credential");
        if is_secret && let Some(value) = value_after(line, end) {
            let text: String = line[value.clone()].iter().collect();
            // Our own hints show forms: `key: value`, `token: …`. What stands in a map has names of its own.
            let is_form = ["value`", "…", "{"].iter().any(|form| text.starts_with(form));
            let is_mail = name == "from" && is_mail(&text);
            if !(refers(&text) || is_form || is_mail) {
                shown[value].fill('•');
            }
        }
    }
    shown
}

/// True for an address of e-mail, which stands under `from:` as well.
fn is_mail(text: &str) -> bool {
    let host = text.split_once('@').map(|(_, host)| host.trim_end_matches('>'));
    host.is_some_and(|host| host.contains('.') && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')))
}

/// Where the value of the key that ends before `end` stands on this line.
fn value_after(line: &[char], end: usize) -> Option<std::ops::Range<usize>> {
    let mut at = end;
    if matches!(line.get(at), Some('"' | '\'')) {
        at += 1;
    }
    if line.get(at) != Some(&':') {
        return None;
    }
    at += 1;
    while line.get(at) == Some(&' ') {
        at += 1;
    }
    let quote = line.get(at).copied().filter(|c| matches!(c, '"' | '\''));
    let start = if quote.is_some() { at + 1 } else { at };
    let stops = |c: char| quote.map_or(matches!(c, ',' | '}' | ']' | '\n' | '\r'), |quote| c == quote);
    let length = line.get(start..)?.iter().position(|c| stops(*c)).unwrap_or(line.len() - start);
    (length > 0).then_some(start..start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> String {
        blotted(&line.chars().collect::<Vec<_>>()).into_iter().collect()
    }

    #[test]
    fn secrets_written_by_mistake_are_blotted_out() {
        assert_eq!(shown("  k: {kind: api-key, from: hunter2}"), "  k: {kind: api-key, from: •••••••}");
        assert_eq!(shown("  from: \"env:AZURE_KEY\""), "  from: \"env:AZURE_KEY\"");
        assert_eq!(shown("headers: {\"Authorization\": \"Bearer abc\"}"), "headers: {\"Authorization\": \"••••••••••\"}");
        assert_eq!(shown("run: [sk-0123456789abcdef]"), "run: [•••••••••••••••••••]");
        assert_eq!(shown("first_token: 2500ms"), "first_token: 2500ms");
        assert_eq!(shown("headers: {x-gateway-token: abcdef}"), "headers: {x-gateway-token: ••••••}");
        assert_eq!(shown("body: {apiKey: abc, max_tokens: 64}"), "body: {apiKey: •••, max_tokens: 64}");
        assert_eq!(shown("credential: azure-key"), "credential: azure-key");
    }

    #[test]
    fn keys_are_blotted_out_wherever_they_stand() {
        for (line, wanted) in [
            ("{reqest: x, headers: {x-config: ghp_0123456789abcdefghij}}", "{reqest: x, headers: {x-config: ••••••••••••••••••••••••}}"),
            ("title: ghp_0123456789abcdefghij: x", "title: ••••••••••••••••••••••••: x"),
            ("title: AIza0123456789abcdef", "title: ••••••••••••••••••••"),
            ("x-note: Bearer abcd1234, reqest: x", "x-note: Bearer ••••••••, reqest: x"),
            ("x-plan: Basic tier", "x-plan: Basic tier"),
            ("model: xai-grok-4-fast-reasoning", "model: xai-grok-4-fast-reasoning"),
            ("{x-api-key: $ecretPassw0rd, reqest: x}", "{x-api-key: ••••••••••••••, reqest: x}"),
            ("from: secrets.hunter2abc", "from: ••••••••••••••••••"),
            ("from: $A_KEY", "from: $A_KEY"),
        ] {
            assert_eq!(shown(line), wanted);
        }
        let hint = "put the text into quotes: `title: \"ghp_0123456789abcdefghij: x\"`";
        assert_eq!(clean_hint(hint), "put the text into quotes: `title: \"••••••••••••••••••••••••: x\"`");
        let cut = format!("{} sk-0123456789abcdef", "x".repeat(LONGEST - 8));
        assert!(!clean(&cut).contains("sk-"), "a key that is cut off is none the less one");
    }

    #[test]
    fn our_own_hints_are_shown_whole() {
        for hint in [
            "write `key: value` lines",
            "take the `- ` away, and write `key: value` lines",
            "add `password: hunter2`",
            "write for example `{kind: vault, login: {token: TOKEN}}`",
            "write `from: PLACE`",
        ] {
            assert_eq!(clean_hint(hint), hint);
        }
        assert_eq!(clean_hint("write `sk-0123456789abcdef`"), "write `•••••••••••••••••••`");
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(clean("a\u{1b}[31mb\u{202e}c"), "a\\u{1b}[31mb\\u{202e}c");
        assert_eq!(clean(&"x".repeat(1000)).chars().count(), 401);
    }
}
