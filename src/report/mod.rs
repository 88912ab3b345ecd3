//! Verdict and history → what people read. Bytes out, no files.
//!
//! `digest` folds a history into what a report shows, one event at a time; `sentence` says the verdict in words, and `recovery` when service came back, `open` why nobody can tell; `summary` is the end of
//! a drill on the terminal; `markdown` is the report that is attached to an incident review,
//! `credential` its part about a key that was replaced; `json` is `verdict.json`;
//! `execution` is the report of a runbook that was walked for real.
//!
//! What this room does not do: measure (`verdict` does; nothing here computes a number that a verdict depends on), or read and write
//! files (`exercise`).

mod advice;
mod because;
mod chart;
mod credential;
mod credential_section;
mod digest;
mod drill;
mod execution;
mod faults;
mod findings;
mod headline;
mod keys;
mod limits;
mod markdown;
mod milestones;
mod model;
mod nature;
mod objectives;
mod open;
mod origin;
mod providers;
mod recovery;
mod rescue;
mod runbook;
mod scattered;
mod share;
mod stability;
mod stopped;
mod subject;
mod summary;
mod terminal;
#[cfg(test)]
mod tests;
mod traffic;
mod wording;

pub use digest::Digest;
pub use drill::drill;
pub use execution::execution;
pub use markdown::markdown;
pub use model::{
    Block, ChartSeries, ChartShade, Fact, Grade, Paragraph, ParagraphKind, Phrase, PhraseForm, PhraseSource, Quantity, Report,
    ReportStatus, ReportTable, Section, SectionKind, TableCell, TableRow, Text, TrafficChart,
};
pub use summary::{cutover, summary};

use crate::units::is_unprintable;
use crate::verdict::{Verdict, VerdictRecord};

/// `verdict.json` of a drill, or of what others recorded, of which there is no digest: with its reason in words, and what to do, as the terminal and
/// the report have them. Two blanks of indentation, a line break at the end. What could drive a terminal is escaped, as JSON escapes it.
pub fn json(verdict: &Verdict, digest: Option<&Digest>) -> String {
    let started = digest.and_then(|digest| digest.started.as_deref());
    let undecided = verdict.reason.is_some();
    let because = undecided.then(|| because::because(verdict));
    let hint = advice::hint(verdict).filter(|_| undecided).map(Into::into);
    let record = VerdictRecord { because, hint, ..VerdictRecord::new(verdict, started) };
    let text = serde_json::to_string_pretty(&record).expect("a verdict has text keys only");
    let mut safe = String::with_capacity(text.len() + 1);
    for letter in text.chars() {
        match letter {
            // Each stands within a text; all of them are of the basic plane.
            letter if is_unprintable(letter) => safe.push_str(&format!("\\u{:04x}", u32::from(letter))),
            letter => safe.push(letter),
        }
    }
    safe + "\n"
}
