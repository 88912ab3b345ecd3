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
use crate::verdict::Verdict;
use serde::Serialize;
use std::borrow::Cow;

/// A verdict with its reason in words, and what to do, as the terminal and the report have them.
#[derive(Serialize)]
struct VerdictFile<'a> {
    #[serde(flatten)]
    verdict: &'a Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<Cow<'static, str>>,
}

/// `verdict.json`: two blanks of indentation, a line break at the end. What could drive a terminal is escaped, as JSON escapes it.
pub fn json(verdict: &Verdict) -> String {
    let undecided = verdict.reason.is_some();
    let told = VerdictFile {
        verdict,
        because: undecided.then(|| sentence::because(verdict)),
        hint: sentence::hint(verdict).filter(|_| undecided),
    };
    let text = serde_json::to_string_pretty(&told).expect("a verdict has text keys only");
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
