//! Who did what, for admins.

use super::records::AuditRecord;
use super::route::{ApiRoute, number};
use super::taken::{TakenQuery, within};
use crate::model::AccessRole;
use crate::serve::App;
use crate::serve::problem::{ApiAnswer, CallProblem};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::path::{HttpMethod, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// How an entry is named.
const ENTRY: &str = "^[0-9]{13}-[0-9]{6}-[0-9a-f]{1,8}$";

/// A page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
struct AuditPage {
    /// Entries, the newest first.
    entries: Vec<AuditRecord>,
    /// What `before` is for the next page; null on the last.
    earlier: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuditQuery {
    before: Option<String>,
    limit: Option<u64>,
}

pub(super) fn routes() -> Vec<ApiRoute> {
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(ENTRY)).build();
    let told = "Only entries before this one, by its `id`.";
    let before: Parameter =
        ParameterBuilder::new().name("before").parameter_in(ParameterIn::Query).description(Some(told)).schema(Some(schema)).build();
    let one = ApiRoute::new(HttpMethod::Get, "/audit", "listAudit", "Who did what, the newest first", get(list)).may(AccessRole::Admin);
    vec![one.query([before, number("limit", "At most so many entries.", 1, 500)]).gives::<AuditPage>(StatusCode::OK, "Entries.")]
}

async fn list(State(app): State<App>, TakenQuery(query): TakenQuery<AuditQuery>) -> ApiAnswer<Json<AuditPage>> {
    let limit = within("limit", query.limit, 100, 1, 500)?;
    if query.before.as_ref().is_some_and(|before| !is_entry(before)) {
        return Err(CallProblem::new(StatusCode::BAD_REQUEST, "`before` is the `id` of an entry"));
    }
    let entries = app.store().audit(query.before.as_deref(), limit).await?;
    let earlier = entries.last().filter(|_| entries.len() as u64 == limit).map(|last| last.id.clone());
    Ok(Json(AuditPage { entries: entries.into_iter().map(AuditRecord::from).collect(), earlier }))
}

fn is_entry(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut of = |lengths: std::ops::RangeInclusive<usize>, radix| {
        parts.next().is_some_and(|part| lengths.contains(&part.len()) && part.chars().all(|c| c.is_digit(radix) && !c.is_ascii_uppercase()))
    };
    of(13..=13, 10) && of(6..=6, 10) && of(1..=8, 16) && parts.next().is_none()
}
