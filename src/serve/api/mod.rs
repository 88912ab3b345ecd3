//! The same for programs: JSON below `/api/v1`, and its description, `/api/v1/openapi.json`.

use super::App;
use axum::Router;

/// All of it.
pub(super) fn routes() -> Router<App> {
    Router::new()
}
