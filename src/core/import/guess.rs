//! Guesses which tool wrote a record, by its first lines: every tool's own reader is tried on them, and those that can read them are named.
//!
//! The reader that is tried is the one that would read the whole, so a guess cannot be right and the reading wrong for another reason than
//! what comes later. What this file does not do: choose between two that fit.

use super::plain::plain;
use super::read::{ImportSettings, read};
use super::record::ImportError;
use super::source::RecordSource;
use std::io::{BufRead, Read};

/// As much of a record as shows whose it is: k6 begins with a line for each of its metrics, a gateway with some of its own start.
const HEAD: u64 = 1 << 18;

/// The tools that may have written a record. A format line leaves only the access logs that it is one of.
///
/// # Errors
/// Where the file cannot be unpacked.
pub fn guess(input: impl BufRead, template: Option<&str>) -> Result<Vec<RecordSource>, ImportError> {
    let mut head = Vec::new();
    plain(input)?.take(HEAD).read_to_end(&mut head)?;
    // A line that is cut off belongs to no format.
    if head.len() as u64 == HEAD
        && let Some(end) = head.iter().rposition(|byte| *byte == b'\n')
    {
        head.truncate(end + 1);
    }
    let fits = |source: &RecordSource| {
        let template = template.map(str::to_owned);
        let settings = ImportSettings { source: *source, pace: None, template, served_by: None, since: None, until: None };
        read(&head[..], &settings).is_ok()
    };
    Ok(RecordSource::WORDS.iter().filter_map(|word| RecordSource::from_word(word)).filter(fits).collect())
}
