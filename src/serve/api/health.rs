//! How the server is.

use super::records::{CallerRecord, Health};
use super::route::ApiRoute;
use crate::serve::{App, Caller};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use utoipa::openapi::path::HttpMethod;

pub(super) fn routes() -> Vec<ApiRoute> {
    let one = ApiRoute::new(HttpMethod::Get, "/health", "getHealth", "How the server is, and who calls", get(show));
    vec![one.gives::<Health>(StatusCode::OK, "How it is.")]
}

async fn show(State(app): State<App>, caller: Caller) -> Json<Health> {
    Json(Health {
        lifeboat: env!("CARGO_PKG_VERSION"),
        store_answers: app.store().now().await.is_ok(),
        store_is_shared: app.store().is_shared(),
        running: app.running().all().len(),
        caller: CallerRecord { name: caller.name, roles: caller.roles },
    })
}
