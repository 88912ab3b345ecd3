//! What Prometheus scrapes.

use super::App;
use axum::Router;

/// `GET /metrics`.
pub(super) fn routes() -> Router<App> {
    Router::new()
}
