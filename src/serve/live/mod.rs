//! A drill while it runs: begun, watched, its questions answered, stopped.

use super::App;
use axum::Router;

/// Pages and event streams below `/drills/`.
pub(super) fn routes() -> Router<App> {
    Router::new()
}
