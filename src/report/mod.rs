//! Verdict and history → what people read. Bytes out, no files.
//!
//! `digest` folds a history into what a report shows, one event at a time; `sentence` says the verdict in words, and `recovery` when service came back, `open` why nobody can tell; `summary` is the end of
//! a drill on the terminal; `markdown` is the report that is attached to an incident review,
//! `credential` its part about a key that was replaced; `json` is `verdict.json`;
//! `execution` is the report of a runbook that was walked for real.
//!
//! What this room does not do: measure (`verdict` does; nothing here computes a number that a verdict depends on), or read and write
//! files (`exercise`).

mod credential;
mod digest;
mod execution;
mod keys;
mod markdown;
mod moments;
mod open;
mod providers;
mod recovery;
mod rescue;
mod scattered;
mod sentence;
mod share;
mod stability;
mod stopped;
mod summary;
#[cfg(test)]
mod tests;

pub use digest::Digest;
pub use execution::execution;
pub use markdown::markdown;
pub use sentence::headline;
pub use summary::{cutover, summary};

use crate::units::is_unprintable;
use crate::verdict::{Verdict, VerdictRecord};

/// `verdict.json` of a drill, or of what others recorded, of which there is no digest: with its reason in words, and what to do, as the terminal and
/// the report have them. Two blanks of indentation, a line break at the end. What could drive a terminal is escaped, as JSON escapes it.
pub fn json(verdict: &Verdict, digest: Option<&Digest>) -> String {
    let started = digest.and_then(|digest| digest.started.as_deref());
    let undecided = verdict.reason.is_some();
    let because = undecided.then(|| sentence::because(verdict));
    let hint = sentence::hint(verdict).filter(|_| undecided).map(Into::into);
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
