//! The control API over HTTP: Shopify Toxiproxy's paths, statuses and bodies, and what we add to them.
//!
//! Added: `dialect` of a proxy, `ttl_ms` of a toxic (creating or changing it with one renews its lease), `applied` and `touched` in
//! every answer about a toxic, `GET /events`, and in `GET /version` what tells that this server has them. A `DELETE` of a toxic answers
//! 204 as Shopify's does, or with `x-lifeboat: 1` 200 and the toxic as it was.

use super::events;
use super::keeper::{Command, RawProxy};
use super::registry::{ApiError, Registry};
use crate::fault::RawToxic;
use crate::journal::{HostTime, boot_id};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

/// The version of Toxiproxy's API that this one follows.
const TOXIPROXY: &str = "2.12.0";
/// How long open calls may take to end when the proxy is stopped.
const DRAIN: Duration = Duration::from_secs(3);

#[derive(Clone)]
struct Api {
    registry: Arc<Registry>,
    stopped: watch::Receiver<bool>,
}

type Answer = Result<Response, ApiError>;

/// Serves until `stopped` says so, then ends all proxies.
pub(super) async fn serve(listener: TcpListener, registry: Arc<Registry>, stopped: watch::Receiver<bool>) {
    let api = Api { registry: registry.clone(), stopped: stopped.clone() };
    let toxic = get(show_toxic).post(change_toxic).patch(change_toxic).delete(remove_toxic);
    let routes = Router::new()
        .route("/version", get(version))
        .route("/reset", post(reset))
        .route("/events", get(stream_events))
        .route("/proxies", get(list).post(create))
        .route("/proxies/{proxy}", get(show).post(configure).patch(configure).delete(remove))
        .route("/proxies/{proxy}/toxics", get(toxics).post(add_toxic))
        .route("/proxies/{proxy}/toxics/{toxic}", toxic)
        .layer(from_fn(refuse_browsers))
        .with_state(api);
    let stop = |mut stopped: watch::Receiver<bool>| async move {
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    let server = axum::serve(listener, routes).with_graceful_shutdown(stop(stopped.clone()));
    let late = async {
        stop(stopped).await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        served = server => if let Err(error) = served { tracing::error!(%error, "the control API ended badly") },
        () = late => {}
    }
    // A keeper that cannot be ended within this has a task that does not yield; nothing more can be done for it.
    let _ = timeout(DRAIN, registry.end()).await;
}

/// A web page must not reach the control API through the browser of whoever visits it.
async fn refuse_browsers(request: Request, next: Next) -> Response {
    let browser = request.headers().get(header::USER_AGENT).is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla/"));
    if browser { (StatusCode::FORBIDDEN, "User agent not allowed\n").into_response() } else { next.run(request).await }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        json(StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &self)
    }
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let body = serde_json::to_vec(body).expect("these types have only text keys and finite numbers");
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::bad_request(format!("bad request body: {error}")))
}

async fn version() -> Response {
    let version = serde_json::json!({
        "version": TOXIPROXY,
        "lifeboat": env!("CARGO_PKG_VERSION"),
        "boot_id": boot_id(),
        "now": HostTime::now(),
    });
    json(StatusCode::OK, &version)
}

async fn reset(State(api): State<Api>) -> Answer {
    api.registry.reset().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn stream_events(State(api): State<Api>) -> Response {
    ([(header::CONTENT_TYPE, "application/jsonl")], events::body(&api.registry, api.stopped)).into_response()
}

async fn list(State(api): State<Api>) -> Response {
    json(StatusCode::OK, &api.registry.views().await)
}

async fn create(State(api): State<Api>, body: Bytes) -> Answer {
    Ok(json(StatusCode::CREATED, &api.registry.create(read(&body)?).await?))
}

async fn show(State(api): State<Api>, Path(proxy): Path<String>) -> Answer {
    Ok(json(StatusCode::OK, &api.registry.ask(&proxy, Command::Show).await?))
}

async fn configure(State(api): State<Api>, Path(proxy): Path<String>, body: Bytes) -> Answer {
    let change: RawProxy = read(&body)?;
    Ok(json(StatusCode::OK, &api.registry.ask(&proxy, |reply| Command::Configure(change, reply)).await?))
}

async fn remove(State(api): State<Api>, Path(proxy): Path<String>) -> Answer {
    api.registry.remove(&proxy).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn toxics(State(api): State<Api>, Path(proxy): Path<String>) -> Answer {
    Ok(json(StatusCode::OK, &api.registry.ask(&proxy, Command::Show).await?.toxics))
}

async fn add_toxic(State(api): State<Api>, Path(proxy): Path<String>, body: Bytes) -> Answer {
    let raw: RawToxic = read(&body)?;
    // Shopify's server answers 200 here, although it created something.
    Ok(json(StatusCode::OK, &api.registry.ask(&proxy, |reply| Command::AddToxic(raw, reply)).await?))
}

async fn show_toxic(State(api): State<Api>, Path((proxy, toxic)): Path<(String, String)>) -> Answer {
    Ok(json(StatusCode::OK, &api.registry.ask(&proxy, |reply| Command::ShowToxic(toxic, reply)).await?))
}

async fn change_toxic(State(api): State<Api>, Path((proxy, toxic)): Path<(String, String)>, body: Bytes) -> Answer {
    let raw: RawToxic = read(&body)?;
    Ok(json(StatusCode::OK, &api.registry.ask(&proxy, |reply| Command::ChangeToxic(toxic, raw, reply)).await?))
}

async fn remove_toxic(State(api): State<Api>, Path((proxy, toxic)): Path<(String, String)>, headers: HeaderMap) -> Answer {
    let removed = api.registry.ask(&proxy, |reply| Command::RemoveToxic(toxic, reply)).await?;
    let ours = headers.get("x-lifeboat").is_some_and(|value| value == "1");
    Ok(if ours { json(StatusCode::OK, &removed) } else { StatusCode::NO_CONTENT.into_response() })
}
