//! A drill that the store knows, and where its folder is; and what pages may do that show its report within themselves.

use super::problem::PageProblem;
use super::shown::short;
use crate::serve::App;
use crate::store::DrillEntry;
use std::path::PathBuf;

/// What a page may do that shows a report within itself: what every page may, and show a page of its own server.
pub(super) const FRAMING: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; \
                                  frame-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What the store knows of a drill.
///
/// # Errors
/// Where there is none of this name.
pub(super) async fn entry(app: &App, id: &str) -> Result<DrillEntry, PageProblem> {
    let found = app.store().drill(id).await?;
    found.ok_or_else(|| PageProblem::absent(format!("The store knows no drill `{}`.", short(id, 120))))
}

/// Where its folder is: below the project where the store says so.
pub(super) fn folder_of(app: &App, drill: &DrillEntry) -> PathBuf {
    app.root().join(&drill.folder)
}
