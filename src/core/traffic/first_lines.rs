//! What a failed answer said, in one line that people can read: the first line of its body.
//!
//! Histories have a word for each failure and nothing more; this is for people who have to find out why a drill cannot begin. Of each word only
//! the first answer's line is kept, by workload. It is cleaned and bounded here; secrets in it are taken out where it is shown.

use crate::units::one_line;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// As much of a body is looked at.
pub(super) const LOOKED_AT: usize = 4096;
/// The most letters of a line.
const LONGEST: usize = 200;
/// The most words of which a line is kept.
const MOST: usize = 64;

/// The first line of a body; of JSON, which people write over many lines, the beginning of the whole. `None` where there is none.
pub(super) fn first_line(body: &[u8]) -> Option<String> {
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(json) => json.to_string(),
        Err(_) => String::from_utf8_lossy(&body[..body.len().min(LOOKED_AT)]).into_owned(),
    };
    let line = one_line(text.lines().map(str::trim).find(|line| !line.is_empty())?);
    let mut letters = line.chars();
    let shown: String = letters.by_ref().take(LONGEST).collect();
    Some(if letters.next().is_some() { shown + "…" } else { shown })
}

/// The first lines of failed answers: of the first answer that failed with each word, by the index of its workload.
#[derive(Debug, Default)]
pub struct FirstLines(Mutex<BTreeMap<usize, BTreeMap<String, String>>>);

impl FirstLines {
    pub(super) fn note(&self, workload: usize, why: &str, line: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = all.entry(workload).or_default();
        if lines.len() < MOST && !lines.contains_key(why) {
            lines.insert(why.to_owned(), line.to_owned());
        }
    }

    /// What the first answer said of this workload's that failed with this word.
    pub fn of(&self, workload: usize, why: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&workload)?.get(why).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_one_line_that_drives_no_terminal() {
        let pretty = "{\n  \"error\": {\n    \"message\": \"Unsupported parameter: 'max_tokens'\"\n  }\n}";
        assert_eq!(first_line(pretty.as_bytes()).as_deref(), Some(r#"{"error":{"message":"Unsupported parameter: 'max_tokens'"}}"#));
        assert_eq!(first_line(b"\r\n\n <html>\x1b[2J \nmore").as_deref(), Some("<html>\\u{1b}[2J"));
        assert_eq!((first_line(b""), first_line(b" \n ")), (None, None));
        let long = first_line("ä".repeat(5000).as_bytes()).unwrap();
        assert!(long.chars().count() == LONGEST + 1 && long.ends_with('…'));
    }

    #[test]
    fn the_first_line_of_each_word_is_kept_and_no_more_than_so_many() {
        let lines = FirstLines::default();
        lines.note(1, "status-500", "another workload's");
        lines.note(0, "status-500", "one");
        lines.note(0, "status-500", "two");
        (0..1000).for_each(|number| lines.note(0, &format!("status-{number}"), "x"));
        assert_eq!((lines.of(0, "status-500").as_deref(), lines.of(0, "status-999")), (Some("one"), None));
        assert_eq!((lines.of(1, "status-500").as_deref(), lines.of(2, "status-500")), (Some("another workload's"), None));
    }
}
