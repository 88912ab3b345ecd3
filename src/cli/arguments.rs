//! What several commands take and print alike: a seed, and a path as it is typed.

use crate::units::{ParseError, Seed};
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
