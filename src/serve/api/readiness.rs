//! Hops as they were found last, and what changed.

use super::readiness_records::{ChangeList, HopFound, ReadinessRecord, RoundFound};
use super::route::{ApiRoute, number};
use super::sources::hops;
use super::taken::{TakenQuery, within};
use crate::serve::App;
use crate::serve::problem::ApiAnswer;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use chrono::{TimeDelta, Utc};
use serde::Deserialize;
use utoipa::openapi::path::HttpMethod;

/// How far back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangesQuery {
    days: Option<u64>,
}

pub(super) fn routes() -> Vec<ApiRoute> {
    vec![
        ApiRoute::new(
            HttpMethod::Get,
            "/ready",
            "getReadiness",
            "Each hop as it was found last: alive or dead, since when and why",
            get(show),
        )
        .gives::<ReadinessRecord>(StatusCode::OK, "The hops, and the last round of each environment."),
        ApiRoute::new(HttpMethod::Get, "/ready/changes", "listReadinessChanges", "How hops have changed, the oldest first", get(changes))
            .query([number("days", "Of so many days; 90 where it is not said.", 1, 3650)])
            .gives::<ChangeList>(StatusCode::OK, "The changes."),
    ]
}

async fn show(State(app): State<App>) -> ApiAnswer<Json<ReadinessRecord>> {
    let hops = hops(&app).await?.into_iter().map(HopFound::of).collect();
    let rounds = app.store().last_rounds().await?.into_iter().map(RoundFound::of).collect();
    Ok(Json(ReadinessRecord { hops, rounds }))
}

async fn changes(State(app): State<App>, TakenQuery(query): TakenQuery<ChangesQuery>) -> ApiAnswer<Json<ChangeList>> {
    let days = within("days", query.days, 90, 1, 3650)?;
    let since = Utc::now() - TimeDelta::days(i64::try_from(days).unwrap_or(90));
    let changes = app.store().readiness_changes(None, since).await?;
    Ok(Json(ChangeList { changes: changes.into_iter().map(HopFound::of).collect() }))
}
