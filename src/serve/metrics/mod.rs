//! What Prometheus scrapes, and what an orchestrator asks.
//!
//! ```text
//!  GET /metrics   drills, schedules, the scheduler, notices; OpenMetrics or Prometheus' text, as the caller likes
//!  GET /healthz   this process answers
//!  GET /readyz    the store answers too, and the project can be read
//! ```
//!
//! Everything is a gauge of what the store holds at that moment, so that replicas tell the same, and a restart resets nothing. The names and the labels
//! are those of `runbooks/monitoring/`.

mod observed;
mod page;

use super::{AccessRole, App, Caller};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use observed::MetricFacts;
use page::TextForm;

/// `GET /metrics`, `/healthz`, `/readyz`.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/metrics", get(metrics)).route("/healthz", get(alive)).route("/readyz", get(ready))
}

async fn metrics(caller: Caller, State(app): State<App>, headers: HeaderMap) -> Result<Response, StatusCode> {
    caller.must(AccessRole::Read)?;
    let observed = MetricFacts::of(&app).await.map_err(|error| {
        tracing::warn!(?error, "metrics cannot be read");
        StatusCode::SERVICE_UNAVAILABLE
    })?;
    let form = TextForm::wanted(headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()));
    let text = page::page(&observed, form).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(([(header::CONTENT_TYPE, form.content_type())], text).into_response())
}

async fn alive() -> &'static str {
    "ok\n"
}

async fn ready(State(app): State<App>) -> (StatusCode, String) {
    match app.store().now().await {
        Ok(_) => (StatusCode::OK, "ok\n".to_owned()),
        // Where the store is stands in its message: that is for the log.
        Err(error) => {
            tracing::warn!("not ready: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n".to_owned())
        }
    }
}
