//! What was drilled and what was not, and the control ledger.

use super::records::Moment;
use super::route::{ApiRoute, number};
use super::sources;
use super::taken::{TakenQuery, within};
use crate::serve::App;
use crate::serve::problem::Answer;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use chrono::{Datelike, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::path::HttpMethod;

/// Services by failure modes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct CoverageRecord {
    /// The moment that it is of.
    #[schema(value_type = Moment)]
    pub(super) at: String,
    /// One a service.
    pub(super) rows: Vec<CoverageRow>,
}

/// A service.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct CoverageRow {
    /// Its name.
    service: String,
    /// What its outage means.
    criticality: String,
    /// Its owner.
    owner: Option<String>,
    /// One a failure mode.
    cells: Vec<CoverageCell>,
}

/// A service under a failure.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct CoverageCell {
    /// Which failure.
    mode: String,
    /// What is known: `met`, `missed`, `stale`, `unclear`, `never`, `not possible`.
    state: String,
    /// Whether the service's criticality demands it.
    demanded: bool,
    /// Why it is stale or unclear.
    why: String,
    /// The drill that it is known from.
    drill: Option<String>,
    /// Its scenario.
    scenario: Option<String>,
    /// Where it ran.
    environment: Option<String>,
    /// When it began.
    #[schema(value_type = Option<Moment>)]
    drilled: Option<String>,
    /// Its verdict.
    verdict: Option<String>,
    /// How long the cutover took.
    #[schema(value_type = Option<Object>)]
    cutover: Option<Value>,
    /// The hash of its plan.
    plan: Option<String>,
    /// Files of scenarios that would show it and were never drilled.
    not_run: Vec<String>,
}

/// The control ledger: quarters by services and schedules.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct LedgerRecord {
    /// The moment that it is of.
    #[schema(value_type = Moment)]
    pub(super) at: String,
    /// Its columns.
    pub(super) quarters: Vec<String>,
    /// Services, then schedules.
    pub(super) rows: Vec<LedgerLine>,
}

/// A service or a schedule.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct LedgerLine {
    /// Which of the two.
    kind: String,
    /// Its name.
    name: String,
    /// What a service's outage means.
    criticality: Option<String>,
    /// A service's owner.
    owner: Option<String>,
    /// One a quarter: `quarter`, `state`, `told`, `due`, `drills`, `deferral`.
    #[schema(value_type = Vec<Object>)]
    cells: Vec<Value>,
}

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

async fn matrix(State(app): State<App>) -> Answer<Json<CoverageRecord>> {
    Ok(Json(sources::coverage(&app).await?))
}

async fn ledger(State(app): State<App>, TakenQuery(query): TakenQuery<LedgerQuery>) -> Answer<Json<LedgerRecord>> {
    let now = u64::try_from(Utc::now().year()).unwrap_or(2000);
    let year = within("year", query.year, now, 2000, 2100)?;
    Ok(Json(sources::ledger(&app, i32::try_from(year).unwrap_or(2000)).await?))
}
