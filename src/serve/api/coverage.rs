//! What was drilled and what was not, and the control ledger.

use super::coverage_records::{CoverageRecord, LedgerRecord};
use super::route::{ApiRoute, number};
use super::sources;
use super::taken::{TakenQuery, within};
use crate::serve::App;
use crate::serve::problem::ApiAnswer;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use chrono::{Datelike, Utc};
use serde::Deserialize;
use utoipa::openapi::path::HttpMethod;

/// Of which year.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LedgerQuery {
    year: Option<u64>,
}

pub(super) fn routes() -> Vec<ApiRoute> {
    vec![
        ApiRoute::new(
            HttpMethod::Get,
            "/coverage",
            "getCoverage",
            "Services by failure modes: what was drilled, and what is missing",
            get(matrix),
        )
        .gives::<CoverageRecord>(StatusCode::OK, "The matrix."),
        ApiRoute::new(HttpMethod::Get, "/ledger", "getLedger", "The control ledger: what was done in each quarter", get(ledger))
            .query([number("year", "Of this year; the current one where it is not said.", 2000, 2100)])
            .gives::<LedgerRecord>(StatusCode::OK, "The ledger."),
    ]
}

async fn matrix(State(app): State<App>) -> ApiAnswer<Json<CoverageRecord>> {
    Ok(Json(sources::coverage(&app).await?))
}

async fn ledger(State(app): State<App>, TakenQuery(query): TakenQuery<LedgerQuery>) -> ApiAnswer<Json<LedgerRecord>> {
    let now = u64::try_from(Utc::now().year()).unwrap_or(2000);
    let year = within("year", query.year, now, 2000, 2100)?;
    Ok(Json(sources::ledger(&app, i32::try_from(year).unwrap_or(2000)).await?))
}
