//! `review.yaml`: what people said after a runbook was walked.
//!
//! ```yaml
//! version: 1
//! execution: 2026-11-20T02-14-07-provider-outage-2a1f
//! answers:
//!   - {topic: impact, says: "Users of the chat saw errors for 4 minutes"}
//!   - {step: "Point the gateway at the standby", was_true: changed, how: "the file is gateway.yaml by now"}
//! ```
//!
//! What is said is added at its end, and whatever stands there stays byte for byte. What this file does not do: ask (`cli`), or write files.

use super::edit::quoted;
use super::finding::{Finding, Findings};
use super::reader::TreeReader;
use super::source::SourceText;
use super::tree::{self, Node, NodeKind};
use crate::model::{NightReview, ReviewEntry, ReviewTopic, StepReviewed, StepTruth};
use std::path::Path;

/// What stands at the top of a new file.
const HEAD: &str = "\
# What people said after this runbook was walked. `lifeboat review` asks what is still open and adds it at the end; whatever
# stands here stays as it is. Change, add and take away as you like: of a step the last entry counts.
";

/// A `review.yaml`, as it is and as it was read.
#[derive(Debug, Clone)]
pub struct NightReviewFile {
    text: String,
    shown: String,
    review: NightReview,
    /// Blanks before an entry.
    indent: usize,
}

impl NightReviewFile {
    /// A new one, about this execution.
    pub fn fresh(execution: &str, shown: &str) -> Self {
        let text = format!("{HEAD}version: 1\nexecution: {}\nanswers:\n", quoted(execution));
        Self { text, shown: shown.to_owned(), review: NightReview::default(), indent: 2 }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// All that is wrong with it, each with its line and what to write instead.
    pub fn read(path: &Path) -> Result<Self, Findings> {
        let shown = path.display().to_string();
        SourceText::read(path, &shown).map_err(|finding| all([*finding])).and_then(|source| Self::of(&source))
    }

    fn of(source: &SourceText) -> Result<Self, Findings> {
        let (root, findings) = tree::parse(source);
        let root = match root {
            Some(root) if findings.is_empty() => root,
            None if findings.is_empty() => {
                return Err(all([Finding::of_file(&source.path, "this file is empty", "take it away; Lifeboat writes a new one")]));
            }
            _ => return Err(all(findings)),
        };
        let reader = TreeReader::new(source);
        let review = file(&reader, &root);
        let (findings, _) = reader.into_parts();
        let indent = match root.at(&["answers"]).map(|node| &node.kind) {
            Some(NodeKind::List(items)) => items.last().map_or(2, |item| item.spot.column.saturating_sub(3)),
            _ => 2,
        };
        match review {
            Some(review) if findings.is_empty() => Ok(Self { text: source.text.clone(), shown: source.path.clone(), review, indent }),
            _ => Err(all(findings)),
        }
    }

    /// What was said.
    pub const fn review(&self) -> &NightReview {
        &self.review
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same with one more thing said, at its end.
    ///
    /// # Errors
    /// Where the file is written so that nothing can be added at its end.
    pub fn saying(&self, entry: ReviewEntry) -> Result<Self, Findings> {
        let line = match &entry {
            ReviewEntry::Topic { topic, says } => format!("{{topic: {topic}, says: {}}}", quoted(says)),
            ReviewEntry::Step(StepReviewed { step, truth, how }) => {
                let how = how.as_ref().map_or_else(String::new, |how| format!(", how: {}", quoted(how)));
                format!("{{step: {}, was_true: \"{truth}\"{how}}}", quoted(step))
            }
        };
        let end = if self.text.ends_with('\n') { "" } else { "\n" };
        let text = format!("{}{end}{}- {line}\n", self.text, " ".repeat(self.indent));
        let mut wanted = self.review.clone();
        wanted.entries.push(entry);
        let read =
            SourceText::from_bytes(text.into_bytes(), &self.shown).map_err(|finding| all([*finding])).and_then(|source| Self::of(&source));
        read.ok().filter(|read| read.review == wanted).ok_or_else(|| {
            let hint = "let `answers:` be the last key of the file, with an entry a line below it: `  - {topic: impact, says: \"…\"}`";
            all([Finding::of_file(&self.shown, "nothing can be added at the end of this file", hint)])
        })
    }
}

fn all(findings: impl IntoIterator<Item = Finding>) -> Findings {
    let mut all = Findings::default();
    all.extend(findings);
    all
}

fn file(reader: &TreeReader<'_>, root: &Node) -> Option<NightReview> {
    let fields = reader.fields(root, "a review")?;
    fields.version();
    let _ = fields.optional("execution", &|reader, node| reader.text(node));
    let answers = fields.raw("answers").filter(|(_, node)| node.kind != NodeKind::Nothing);
    let entries = answers.and_then(|(_, node)| reader.list(node, &entry)).unwrap_or_default();
    fields.finish();
    Some(NightReview { entries })
}

fn entry(reader: &TreeReader<'_>, node: &Node) -> Option<ReviewEntry> {
    let fields = reader.fields(node, "an answer")?;
    let found = match fields.exactly_one(&["topic", "step"])? {
        "topic" => {
            let topic = fields.required("topic", &|reader, node| reader.word(node, ReviewTopic::WORDS, ReviewTopic::from_word));
            let says = fields.required("says", &|reader, node| reader.words(node));
            topic.zip(says).map(|(topic, says)| ReviewEntry::Topic { topic, says })
        }
        _ => {
            let step = fields.required("step", &|reader, node| reader.words(node));
            let truth = fields.required("was_true", &|reader, node| reader.word(node, StepTruth::WORDS, StepTruth::from_word));
            let how = fields.optional("how", &|reader, node| reader.words(node));
            step.zip(truth).map(|(step, truth)| ReviewEntry::Step(StepReviewed { step, truth, how }))
        }
    };
    fields.finish();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<NightReviewFile, String> {
        let source = SourceText::from_bytes(text.as_bytes().to_vec(), "review.yaml").map_err(|finding| finding.to_string())?;
        NightReviewFile::of(&source).map_err(|findings| findings.iter().map(ToString::to_string).collect())
    }

    fn said(says: &str) -> ReviewEntry {
        ReviewEntry::Topic { topic: ReviewTopic::Impact, says: says.into() }
    }

    #[test]
    fn what_is_said_is_added_and_everything_else_stays_byte_for_byte() {
        let truth = |truth, how: Option<&str>| {
            ReviewEntry::Step(StepReviewed { step: "Switch: \"now\"".into(), truth, how: how.map(str::to_owned) })
        };
        let fresh = NightReviewFile::fresh("night-1", "review.yaml");
        let entries = [said("nobody: at \"all\"\nor so"), truth(StepTruth::No, None), truth(StepTruth::Changed, Some("# by hand"))];
        let file = entries.iter().cloned().fold(fresh, |file, entry| file.saying(entry).unwrap());
        assert_eq!(file.review().entries, entries);
        assert_eq!(file.review().of_step("Switch: \"now\"").unwrap().truth, StepTruth::Changed, "the last counts");
        assert_eq!(read(file.text()).unwrap().review(), file.review());
        // As people leave files: a comment, another order, another indentation, no line at the end.
        let by_hand =
            "# ours\nversion: 1\nanswers:   # all of them\n- topic: lucky\n  says: it was   Sunday\n- {topic: impact, says: none} # yes";
        let more = read(by_hand).unwrap().saying(said("some")).unwrap();
        assert_eq!(more.text(), format!("{by_hand}\n- {{topic: impact, says: \"some\"}}\n"));
        let closed = read("version: 1\nanswers: [{topic: impact, says: x}]\n").unwrap().saying(said("y")).unwrap_err();
        assert!(closed.iter().next().unwrap().to_string().contains("let `answers:` be the last key"));
        assert!(read("version: 1\nanswers:\n  - {topic: weather, says: x}\n").unwrap_err().contains("`weather`"));
    }
}
