//! What coverage and the ledger are made of: the project as it is today, and the drills that the store knows.

use super::problem::PageProblem;
use super::project::looked;
use crate::schedule::Quarter;
use crate::scheduler::ProjectRecords;
use crate::serve::App;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

/// What coverage is made of, as it is now.
///
/// # Errors
/// Where the store does not answer.
pub(in crate::serve) async fn coverage_facts(app: &App) -> Result<ProjectRecords, PageProblem> {
    Ok(ProjectRecords::of_coverage(&looked(app).await?, app.store()).await?)
}

/// What the ledger of these quarters is made of, as it is now.
///
/// # Errors
/// Where the store does not answer.
pub(in crate::serve) async fn ledger_facts(app: &App, quarters: &[Quarter]) -> Result<ProjectRecords, PageProblem> {
    Ok(ProjectRecords::of_ledger(&looked(app).await?, app.store(), quarters).await?)
}

/// A file to be kept.
pub(super) fn saved(name: &str, kind: &'static str, text: String) -> Response {
    ([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))], text).into_response()
}
