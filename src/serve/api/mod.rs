//! The same for programs: JSON below `/api/v1`, and its description, `/api/v1/openapi.json`.
//!
//! ```text
//!  route     a route: how it is asked, who may, what it answers; the router and the description are both made of it
//!  routes    all of them
//!  document  all routes as an OpenAPI document
//!  taken     what handlers take from a request, with refusals that say what is wrong
//!  records   what is answered, as JSON; with drill_records, finding_records, coverage_records
//!  sources   from what the other rooms know to these records
//!  drills, findings, schedules, coverage, inventory, lever, tokens, audit, health   the routes
//! ```
//!
//! A refusal is `application/problem+json` (RFC 9457). What changes something takes JSON and nothing else, which no form of another site can send.

mod audit;
mod coverage;
mod coverage_records;
mod document;
mod drill_records;
mod drills;
mod finding_records;
mod findings;
mod health;
mod inventory;
mod lever;
mod questions;
mod readiness;
mod readiness_records;
mod records;
mod route;
mod routes;
mod schedules;
mod sources;
mod taken;
mod tokens;

use super::App;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use std::sync::LazyLock;

/// The description as it is answered: the same for everybody, and made once.
static DESCRIPTION: LazyLock<String> = LazyLock::new(|| document::document().to_string());

/// All of it.
pub(super) fn routes() -> Router<App> {
    let described = Router::new().route("/api/v1/openapi.json", get(async || ([(CONTENT_TYPE, "application/json")], DESCRIPTION.clone())));
    routes::all().into_iter().fold(described, |router, route| route.onto(router))
}

/// The description of the HTTP API, as OpenAPI 3.1.
pub fn openapi() -> serde_json::Value {
    document::document()
}
