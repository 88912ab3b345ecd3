//! `findings.yaml`: what a drill showed, and what people write beside it.
//!
//! ```yaml
//! version: 1
//! drill: 2026-11-20T14-03-07-azure-outage-2a1f
//! findings:
//!   - id: dead-primary-asked
//!     severity: medium
//!     says: "LiteLLM asked azure 412 times after another provider had taken over."
//!     since: 2026-11-13T14-00-02-azure-outage-77f0
//!     state: still-there
//!     owner: ann                 # these four are people's
//!     due: 2026-12-01
//!     ticket: OPS-412
//!     notes: waits for the new gateway
//! ```
//!
//! It is written once, and from then on only single values of Lifeboat's own are replaced in it: whatever else stands there stays byte for byte,
//! comments and order included. What this file does not do: decide what became of a finding (`report`), or write files (`exercise`).

use super::edit::{quoted, yaml_like};
use super::finding::{Finding, Findings};
use super::reader::TreeReader;
use super::source::SourceText;
use super::tree::{self, Key, Node, NodeKind};
use crate::model::{FindingSeverity, FindingState, KeptFinding, KeptFindings};
use serde_saphyr::granit_parser::{Event, Parser};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// What stands at the top of a new file.
const HEAD: &str = "\
# What this drill showed that somebody should look into. Lifeboat writes it, and keeps what people write here:
# owner, due, ticket, notes and comments stay, in this file and in that of the next drill of the same scenario.
# `state: accepted` is for what you decide to live with. Findings of your own may stand here too, under an id of your choice.
";

/// More than these are no findings of one drill.
const MOST: usize = 600;

/// A `findings.yaml` that was read.
#[derive(Debug, Clone)]
pub struct ReviewFile {
    source: SourceText,
    root: Node,
    kept: KeptFindings,
}

/// Why a file cannot be brought up to date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}: {problem}")]
pub struct ReviewError {
    path: String,
    line: usize,
    problem: &'static str,
}

impl crate::units::Explained for ReviewError {
    fn hint(&self) -> Option<std::borrow::Cow<'_, str>> {
        Some("write each finding as lines of its own below `findings:`, beginning with `  - id: …`".into())
    }
}

impl ReviewFile {
    /// Reads a file.
    ///
    /// # Errors
    /// All that is wrong with it, each with its line and what to write instead.
    pub fn read(path: &Path) -> Result<Self, Findings> {
        let shown = path.display().to_string();
        SourceText::read(path, &shown).map_err(|finding| all([*finding])).and_then(Self::of)
    }

    /// The same of bytes.
    ///
    /// # Errors
    /// As [`ReviewFile::read`].
    pub fn from_bytes(bytes: Vec<u8>, shown: &str) -> Result<Self, Findings> {
        SourceText::from_bytes(bytes, shown).map_err(|finding| all([*finding])).and_then(Self::of)
    }

    fn of(source: SourceText) -> Result<Self, Findings> {
        let (root, findings) = tree::parse(&source);
        let empty = || Finding::of_file(&source.path, "this file is empty", "take it away; Lifeboat writes a new one");
        let root = match root {
            Some(root) if findings.is_empty() => root,
            None if findings.is_empty() => return Err(all([empty()])),
            _ => return Err(all(findings)),
        };
        let reader = TreeReader::new(&source);
        let kept = file(&reader, &root);
        let (findings, _) = reader.into_parts();
        match kept {
            Some(kept) if findings.is_empty() => Ok(Self { root, kept, source }),
            _ => Err(all(findings)),
        }
    }

    /// What stands in it.
    pub const fn kept(&self) -> &KeptFindings {
        &self.kept
    }

    /// Its text with what Lifeboat says brought up to date; what people wrote is not touched. What is new comes at the end.
    ///
    /// # Errors
    /// Where it is written in a form that single values cannot be replaced in.
    pub fn updated(&self, new: &KeptFindings) -> Result<String, ReviewError> {
        self.with(new, |entry| ours(entry).to_vec())
    }

    /// Its text with what people decided about findings: owner, due day, ticket, notes and state. Nothing else is touched.
    ///
    /// # Errors
    /// As [`ReviewFile::updated`].
    pub fn decided(&self, new: &KeptFindings) -> Result<String, ReviewError> {
        self.with(new, |entry| ours(entry).into_iter().chain(peoples(entry)).collect())
    }

    /// Its text with these values of findings that are others now, and with the findings that are new.
    fn with(
        &self,
        new: &KeptFindings,
        values: impl Fn(&KeptFinding) -> Vec<(&'static str, Option<String>)>,
    ) -> Result<String, ReviewError> {
        let mut edits = Edits { source: &self.source, ends: ends(&self.source.text), list: Vec::new() };
        let top = Entry::of(&self.root, "version");
        for (key, value) in head(new) {
            edits.set(&top, key, value.as_deref());
        }
        let items: &[Node] = match self.root.at(&["findings"]).map(|node| &node.kind) {
            Some(NodeKind::List(items)) => items,
            _ => &[],
        };
        for (node, old) in items.iter().zip(&self.kept.entries) {
            let Some(entry) = new.of(&old.id, old.about.as_deref()).filter(|entry| *entry != old) else { continue };
            let was = values(old);
            for ((key, value), (_, was)) in values(entry).into_iter().zip(was).filter(|((_, value), (_, was))| value != was) {
                // Nothing is said of what is not known now and was not before.
                if value.is_some() || was.is_some() {
                    edits.set(&Entry::of(node, "id"), key, value.as_deref());
                }
            }
        }
        let added = new.entries.iter().filter(|entry| self.kept.of(&entry.id, entry.about.as_deref()).is_none());
        edits.append(&self.root, items, &added.map(block).collect::<Vec<_>>());
        let text = edits.applied();
        // Whatever was written must be read as what was meant.
        let read = Self::from_bytes(text.clone().into_bytes(), &self.source.path);
        match read {
            Ok(read) if read.kept.entries == new.entries => Ok(text),
            _ => Err(ReviewError {
                path: self.source.path.clone(),
                line: items.first().map_or(1, |node| node.spot.line),
                problem: "this file is written in a form in which Lifeboat cannot change single values",
            }),
        }
    }

    /// A new file.
    pub fn fresh(new: &KeptFindings) -> String {
        let mut text = format!("{HEAD}version: 1\n");
        for (key, value) in head(new) {
            if let Some(value) = value {
                text += &format!("{key}: {}\n", written("", &value));
            }
        }
        if new.entries.is_empty() {
            return text + "findings: []\n";
        }
        text + "findings:\n" + &new.entries.iter().map(block).collect::<Vec<_>>().join("\n")
    }
}

fn all(findings: impl IntoIterator<Item = Finding>) -> Findings {
    let mut all = Findings::default();
    all.extend(findings);
    all
}

fn file(reader: &TreeReader<'_>, root: &Node) -> Option<KeptFindings> {
    let fields = reader.fields(root, "a file of findings")?;
    fields.version();
    let text = |name: &'static str| fields.raw(name).and_then(|(_, node)| written_by_people(reader, node));
    let mut kept = KeptFindings {
        drill: text("drill"),
        scenario: text("scenario"),
        environment: text("environment"),
        started: text("started"),
        compared_with: text("compared_with"),
        entries: Vec::new(),
    };
    if let Some((_, node)) = fields.raw("findings").filter(|(_, node)| node.kind != NodeKind::Nothing) {
        match &node.kind {
            NodeKind::List(items) if items.len() > MOST => {
                reader.error(node.spot, format!("these are more than {MOST} findings"), "take those away that are gone");
            }
            NodeKind::List(items) => kept.entries = items.iter().filter_map(|item| entry(reader, item)).collect(),
            _ => drop(reader.list(node, &entry)),
        }
        twice(reader, node, &kept.entries);
    }
    fields.finish();
    Some(kept)
}

/// Two of one name about one thing cannot be told apart.
fn twice(reader: &TreeReader<'_>, node: &Node, entries: &[KeptFinding]) {
    let NodeKind::List(items) = &node.kind else { return };
    for (place, (entry, item)) in entries.iter().zip(items).enumerate() {
        if entries[..place].iter().any(|other| (&other.id, &other.about) == (&entry.id, &entry.about)) {
            reader.error(
                item.spot,
                format!("`{}` is here twice", entry.id),
                "keep one of the two, or write what each is about: `about: …`",
            );
        }
    }
}

fn entry(reader: &TreeReader<'_>, node: &Node) -> Option<KeptFinding> {
    let fields = reader.fields(node, "a finding")?;
    fields.looks_like("{id: dead-primary-asked, says: \"…\"}");
    let text = |name: &'static str| fields.raw(name).and_then(|(_, node)| written_by_people(reader, node));
    let id = fields.required("id", &|reader, node| reader.name(node));
    let severity = fields.optional("severity", &|reader, node| reader.word(node, FindingSeverity::WORDS, FindingSeverity::from_word));
    let state = fields.optional("state", &|reader, node| reader.word(node, FindingState::WORDS, FindingState::from_word));
    let kept = KeptFinding {
        id: id.clone().unwrap_or_default(),
        about: text("about"),
        severity: severity.unwrap_or(FindingSeverity::Medium),
        says: text("says").unwrap_or_default(),
        suggestion: text("suggestion"),
        since: text("since"),
        last_seen: text("last_seen"),
        state: state.unwrap_or(FindingState::New),
        owner: text("owner"),
        due: text("due"),
        ticket: text("ticket"),
        notes: text("notes"),
    };
    fields.finish();
    id.map(|_| kept)
}

/// A text that may be left empty.
fn written_by_people(reader: &TreeReader<'_>, node: &Node) -> Option<String> {
    if node.kind == NodeKind::Nothing { None } else { reader.text(node).filter(|text| !text.trim().is_empty()) }
}

/// Which drill it is about.
fn head(kept: &KeptFindings) -> [(&'static str, Option<String>); 5] {
    let KeptFindings { drill, scenario, environment, started, compared_with, entries: _ } = kept.clone();
    [("drill", drill), ("scenario", scenario), ("environment", environment), ("started", started), ("compared_with", compared_with)]
}

/// What Lifeboat says of a finding; its name and what it is about never change.
fn ours(entry: &KeptFinding) -> [(&'static str, Option<String>); 6] {
    [
        ("severity", Some(entry.severity.word().to_owned())),
        ("says", Some(entry.says.clone())),
        ("suggestion", entry.suggestion.clone()),
        ("since", entry.since.clone()),
        ("last_seen", entry.last_seen.clone()),
        ("state", Some(entry.state.word().to_owned())),
    ]
}

/// What people say of it.
fn peoples(entry: &KeptFinding) -> [(&'static str, Option<String>); 4] {
    [("owner", entry.owner.clone()), ("due", entry.due.clone()), ("ticket", entry.ticket.clone()), ("notes", entry.notes.clone())]
}

/// The lines of a finding in a new place.
fn block(entry: &KeptFinding) -> String {
    let mut lines = format!("  - id: {}\n", written("", &entry.id));
    let mut line =
        |key: &str, value: Option<&str>| lines += &format!("    {key}: {}\n", value.map_or_else(String::new, |value| written("", value)));
    if entry.about.is_some() {
        line("about", entry.about.as_deref());
    }
    for (key, value) in ours(entry).iter().filter(|(_, value)| value.is_some()) {
        line(key, value.as_deref());
    }
    for (key, value) in peoples(entry) {
        line(key, value.as_deref());
    }
    lines.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// A value as it is written in the place of another.
fn written(old: &str, new: &str) -> String {
    let kept = yaml_like(old, new);
    let is_plain = !kept.starts_with(['"', '\'']);
    let means_itself = !matches!(new, "" | "~" | "null" | "Null" | "NULL" | "true" | "false");
    // What could drive a terminal, or is no letter of YAML's, is escaped; a quote of one kind cannot do that.
    if (is_plain && means_itself) || (!is_plain && !new.chars().any(crate::units::is_unprintable)) {
        return kept;
    }
    let escape = |letter: char| match u32::from(letter) {
        code if !crate::units::is_unprintable(letter) || code < 0x20 => letter.to_string(),
        code if code <= 0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    };
    quoted(new).chars().map(escape).collect()
}

/// Where each scalar that begins at an offset ends, as the parser sees it.
fn ends(text: &str) -> BTreeMap<usize, usize> {
    let spans = Parser::new_from_str(text).filter_map(Result::ok).filter_map(|(event, span)| {
        let is_scalar = matches!(event, Event::Scalar(..));
        Some((span.start.byte_offset()?, span.end.byte_offset()?)).filter(|_| is_scalar)
    });
    spans.filter(|(start, end)| start < end).collect()
}

/// A map of the file, and the key behind which what is missing is written.
struct Entry<'n> {
    fields: &'n [(Key, Node)],
    anchor: &'static str,
}

impl<'n> Entry<'n> {
    fn of(node: &'n Node, anchor: &'static str) -> Self {
        let fields: &[(Key, Node)] = if let NodeKind::Map(fields) = &node.kind { fields } else { &[] };
        Self { fields, anchor }
    }

    fn field(&self, name: &str) -> Option<&'n (Key, Node)> {
        self.fields.iter().find(|(key, _)| key.text == name)
    }
}

/// What is to be replaced in a text.
struct Edits<'a> {
    source: &'a SourceText,
    ends: BTreeMap<usize, usize>,
    list: Vec<(Range<usize>, String)>,
}

impl Edits<'_> {
    fn text(&self) -> &str {
        &self.source.text
    }

    /// The end of the line in which this byte stands.
    fn line_end(&self, at: usize) -> usize {
        self.text()[at..].find(['\n', '\r']).map_or(self.text().len(), |end| at + end)
    }

    /// Puts a value at a key, which may have to be written first.
    fn set(&mut self, entry: &Entry<'_>, name: &str, value: Option<&str>) {
        let Some((key, node)) = entry.field(name) else {
            return value.map_or((), |value| self.insert(entry, name, value));
        };
        let start = node.spot.offset;
        match (&node.kind, self.ends.get(&start), self.ends.get(&key.spot.offset)) {
            (NodeKind::Text(old), ..) if Some(old.as_str()) == value => {}
            (NodeKind::Text(_), Some(end), _) => {
                let old = &self.text()[start..*end];
                let mut new = value.map_or_else(|| "null".to_owned(), |value| written(old, value));
                // A text in lines ends with that of its last one.
                new.extend(old.ends_with('\n').then_some('\n'));
                self.list.push((start..*end, new));
            }
            (NodeKind::Nothing, end, Some(key_end)) => {
                let Some(value) = value else { return };
                let range = end.map(|end| start..*end).filter(|range| !self.text()[range.clone()].is_empty());
                let colon = self.text()[*key_end..].find(':').map_or(*key_end, |at| key_end + at + 1);
                self.list
                    .push(range.map_or_else(|| (colon..colon, format!(" {}", written("", value))), |range| (range, written("", value))));
            }
            _ => {}
        }
    }

    /// Writes a key that is not there.
    fn insert(&mut self, entry: &Entry<'_>, name: &str, value: &str) {
        let Some((key, node)) = entry.field(entry.anchor) else { return };
        let Some(end) = self.ends.get(&node.spot.offset).copied() else { return };
        let line_start = self.text()[..key.spot.offset].rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let before = &self.text()[line_start..key.spot.offset];
        let value = written("", value);
        if before.contains(['{', ',']) {
            self.list.push((end..end, format!(", {name}: {value}")));
        } else {
            let at = self.line_end(end);
            self.list.push((at..at, format!("\n{}{name}: {value}", " ".repeat(before.chars().count()))));
        }
    }

    /// Puts these findings behind the last one.
    fn append(&mut self, root: &Node, items: &[Node], blocks: &[String]) {
        if blocks.is_empty() {
            return;
        }
        let lines = blocks.join("\n");
        let length = self.text().len();
        let Some((last, (key, node))) = Some(items.last()).zip(Entry::of(root, "version").field("findings")) else {
            let pause = if self.text().ends_with('\n') { "" } else { "\n" };
            return self.list.push((length..length, format!("{pause}findings:\n{lines}")));
        };
        let Some(last) = last else {
            // `findings: []`, or nothing behind the colon.
            let key_end = self.ends.get(&key.spot.offset).copied().unwrap_or(length);
            let colon = self.text()[key_end..].find(':').map_or(length, |at| key_end + at + 1);
            let is_list = matches!(node.kind, NodeKind::List(_));
            let own =
                if is_list { self.text()[colon..].find(']').map(|at| colon + at + 1) } else { self.ends.get(&node.spot.offset).copied() };
            let old_end = own.filter(|end| *end > colon).unwrap_or(colon);
            let at = self.line_end(old_end);
            self.list.extend((old_end > colon).then(|| (colon..old_end, String::new())));
            return self.list.push((at..at, format!("\n{}", lines.trim_end_matches('\n'))));
        };
        let first = items.first().unwrap_or(last).spot.offset;
        let line_start = self.text()[..first].rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let indent = self.text()[line_start..first].chars().take_while(|letter| *letter == ' ').count();
        let end = last_end(last, &self.ends);
        let is_whole = self.text()[..end].ends_with('\n');
        let (at, pause) = if is_whole { (end, "\n") } else { (self.line_end(end), "\n\n") };
        let shifted = |line: &str| if line.is_empty() { String::new() } else { format!("{}{}", " ".repeat(indent), &line[2..]) };
        let lines = lines.lines().map(shifted).collect::<Vec<_>>().join("\n");
        let tail = if is_whole || at == length { "\n" } else { "" };
        self.list.push((at..at, format!("{pause}{lines}{tail}")));
    }

    fn applied(mut self) -> String {
        // From the end, so that what comes before keeps its place; of two at one place the first comes first.
        self.list.reverse();
        self.list.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
        let mut text = self.source.text.clone();
        for (range, new) in self.list {
            text.replace_range(range, &new);
        }
        text
    }
}

/// Where the last scalar of a node ends.
fn last_end(node: &Node, ends: &BTreeMap<usize, usize>) -> usize {
    let own = |offset: usize| ends.get(&offset).copied().unwrap_or(offset);
    match &node.kind {
        NodeKind::Map(fields) => {
            let each = fields
                .iter()
                .map(|(key, node)| own(key.spot.offset).max(if node.kind == NodeKind::Nothing { 0 } else { last_end(node, ends) }));
            each.max().unwrap_or(node.spot.offset)
        }
        NodeKind::List(items) => items.iter().map(|item| last_end(item, ends)).max().unwrap_or(node.spot.offset),
        NodeKind::Text(_) | NodeKind::Nothing => own(node.spot.offset),
    }
}

#[cfg(test)]
mod tests;
