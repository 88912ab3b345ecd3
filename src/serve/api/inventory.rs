//! What the team runs and depends on.

use super::records::{InventoryRecord, ListedEnvironment, ListedProvider, ListedService};
use super::route::ApiRoute;
use super::sources::project;
use crate::serve::App;
use crate::serve::problem::ApiAnswer;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use utoipa::openapi::path::HttpMethod;

pub(super) fn routes() -> Vec<ApiRoute> {
    let one = ApiRoute::new(HttpMethod::Get, "/inventory", "getInventory", "Services, providers and environments", get(show));
    vec![one.gives::<InventoryRecord>(StatusCode::OK, "The inventory as its files are now.")]
}

async fn show(State(app): State<App>) -> ApiAnswer<Json<InventoryRecord>> {
    let (project, findings) = project(&app).await?;
    let inventory = project.inventory;
    let service = |(name, service): (String, crate::model::Service)| ListedService {
        name,
        criticality: service.criticality.word().to_owned(),
        providers: service.providers,
    };
    let environment = |(name, environment): (String, crate::model::Environment)| ListedEnvironment {
        name,
        simulated: environment.embedded,
        protected: environment.protected,
    };
    let provider =
        |(name, provider): (String, crate::model::Provider)| ListedProvider { name, dialect: provider.dialect.word().to_owned() };
    Ok(Json(InventoryRecord {
        services: inventory.services.into_iter().map(service).collect(),
        providers: inventory.providers.into_iter().map(provider).collect(),
        environments: inventory.environments.into_iter().map(environment).collect(),
        problems: findings.into_iter().map(|finding| finding.to_string()).collect(),
    }))
}
