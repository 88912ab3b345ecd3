//! Looking into the project's files for a page, off the tasks that others wait for.

use super::problem::PageProblem;
use crate::scheduler::SeenProject;
use crate::serve::App;
use std::sync::Arc;

/// What is made of the project's files as they are now.
///
/// # Errors
/// Where it could not be made.
pub(super) async fn seen<T: Send + 'static>(app: &App, make: impl FnOnce(&SeenProject) -> T + Send + 'static) -> Result<T, PageProblem> {
    let app = app.clone();
    apart(move || make(&app.seen().look(app.root()))).await
}

/// The project's files as they are now.
///
/// # Errors
/// Where they could not be looked at.
pub(in crate::serve) async fn looked(app: &App) -> Result<Arc<SeenProject>, PageProblem> {
    let app = app.clone();
    apart(move || app.seen().look(app.root())).await
}

/// Work that takes a while, on a thread of its own.
///
/// # Errors
/// Where it broke down.
pub(super) async fn apart<T: Send + 'static>(make: impl FnOnce() -> T + Send + 'static) -> Result<T, PageProblem> {
    tokio::task::spawn_blocking(make).await.map_err(|error| PageProblem::Failed(error.to_string()))
}
