//! What several commands take and print alike: a seed, and a path as it is typed.

use crate::units::{ParseError, Seed, closest};
use std::path::Path;

/// A seed on the command line.
pub(super) fn seed(text: &str) -> Result<Seed, String> {
    text.parse().map_err(|ParseError { problem, hint }| format!("{problem}\n\nhint: {hint}"))
}

/// A path as somebody would type it here.
pub(super) fn relative(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}

/// One of these words on the command line.
pub(super) fn word<T>(text: &str, words: &[&'static str], of: impl Fn(&str) -> Option<T>) -> Result<T, String> {
    of(text).ok_or_else(|| {
        let meant = closest(text, words.iter().copied()).map_or_else(String::new, |word| format!("; did you mean `{word}`?"));
        format!("it is one of {}{meant}", words.join(", "))
    })
}
