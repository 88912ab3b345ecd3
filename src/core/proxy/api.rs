//! The control API over HTTP: Shopify Toxiproxy's paths, statuses and bodies, and what we add to them.
//!
//! Added: `dialect`, `tls` and `hosts` of a proxy, `GET /authority`, `ttl_ms` of a toxic (creating or changing it with one begins its lease again; shown is what is left),
//! `applied` and `touched` in every answer about a toxic, `hint` in errors, `GET /events`, and in `GET /version` what tells that this
//! server has them; `/lever`, which stops the drills that use it (`GET`, `POST` with `reason` and `by`, `DELETE`). A `DELETE` of a toxic answers 204 as Shopify's does, or with `x-lifeboat: 1` 200 and the toxic as it was. As a plain
//! Toxiproxy it adds nothing.

use super::call_body::{self, CallBody};
use super::events;
use super::listener::resolve;
use super::metrics;
use super::proxy_actor::ActorCommand;
use super::proxy_view::RawProxy;
use super::registry::Registry;
use super::server_context::ApiFlavor;
use super::stop_signal::StopSignal;
use crate::api::{ApiError, ProxyRecord, VersionRecord};
use crate::fault::RawToxic;
use crate::journal::{HostTime, boot_id};
use crate::listen::{self, Callers, Reached, ServerLimits, Unfinished};
use crate::units::Secret;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// The version of Toxiproxy's API that this one follows.
const TOXIPROXY: &str = "2.12.0";
/// Connections that may be open, and kept files must suffice for. One that waits for nothing gives way to the next.
const MOST: usize = 64;
/// Standing readers of events, so that there is always a place for calls.
const READERS: usize = 32;
/// The longest body.
const LONGEST: usize = 2 << 20;
/// How long open calls may take to end when the proxy is stopped.
const DRAIN: Duration = Duration::from_secs(3);

#[derive(Clone)]
struct Api {
    registry: Arc<Registry>,
    stopped: StopSignal,
    guard: Arc<ApiGuard>,
    readers: Arc<Semaphore>,
}

/// Guard of the control API: who may call it.
#[derive(Debug)]
pub(super) struct ApiGuard {
    /// What a caller must know, where anything.
    pub(super) token: Option<Secret>,
    pub(super) callers: Callers,
}

/// Result of a call, which an error turns into a JSON answer.
type ApiResult = Result<Response, ApiError>;

/// Serves until `stopped` says so, then ends all proxies.
pub(super) async fn serve(listener: TcpListener, registry: Arc<Registry>, guard: ApiGuard, mut stopped: StopSignal) {
    let limits = ServerLimits { head: registry.context.head, most: MOST, stall: None };
    let api =
        Api { registry: registry.clone(), stopped: stopped.clone(), guard: Arc::new(guard), readers: Arc::new(Semaphore::new(READERS)) };
    let toxic = get(show_toxic).post(change_toxic).patch(change_toxic).delete(remove_toxic);
    let routes = Router::new()
        .route("/version", get(version))
        .route("/metrics", get(meters))
        .route("/reset", post(reset))
        .route("/populate", post(populate))
        .route("/events", get(stream_events))
        .route("/authority", get(authority))
        .route("/lever", get(show_lever).post(pull_lever).delete(lift_lever))
        .route("/proxies", get(list).post(create))
        .route("/proxies/{proxy}", get(show).post(configure).patch(configure).delete(remove))
        .route("/proxies/{proxy}/toxics", get(toxics).post(add_toxic))
        .route("/proxies/{proxy}/toxics/{toxic}", toxic)
        .fallback(async || (StatusCode::NOT_FOUND, "404 page not found\n"))
        .layer(from_fn_with_state(api.clone(), read_whole))
        .layer(from_fn_with_state(api.clone(), refuse_strangers))
        .layer(from_fn_with_state(api.clone(), refuse_browsers))
        .layer(from_fn(number))
        .with_state(api);
    let stop = |mut stopped: StopSignal| async move {
        let _ = stopped.wait_for(Option::is_some).await;
    };
    let server = listen::serve(listener, TowerToHyperService::new(routes), limits, stop(stopped.clone()));
    let late = {
        let stopped = stopped.clone();
        async move {
            stop(stopped).await;
            tokio::time::sleep(DRAIN).await;
        }
    };
    let grace = async {
        // A sender that is gone is a stop as well, and an impatient one.
        let grace = stopped.wait_for(Option::is_some).await.ok().and_then(|grace| *grace).unwrap_or_default();
        // An actor that cannot be ended within this has a task that does not yield; nothing more can be done for it.
        let _ = timeout(grace + DRAIN, registry.end(grace)).await;
    };
    let served = async {
        tokio::select! {
            () = server => {}
            () = late => {}
        }
    };
    tokio::join!(served, grace);
}

/// Every answer can be told from every other.
async fn number(request: Request, next: Next) -> Response {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let id = format!("{:012x}{:08x}", HostTime::now().0 >> 10 & 0xffff_ffff_ffff, COUNT.fetch_add(1, Ordering::Relaxed));
    let mut response = next.run(request).await;
    if let Ok(id) = id.parse() {
        response.headers_mut().insert("x-toxiproxy-request-id", id);
    }
    response
}

/// Where there is a token, anyone who does not know it is turned away.
async fn refuse_strangers(State(api): State<Api>, request: Request, next: Next) -> Response {
    if api.guard.token.is_some() && listen::bearer(request.headers()) != api.guard.token {
        return ApiError::unauthorized().into_response();
    }
    next.run(request).await
}

/// A web page must not reach the control API through the browser of a visitor.
async fn refuse_browsers(State(api): State<Api>, request: Request, next: Next) -> Response {
    if request.headers().get(header::USER_AGENT).is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla/")) {
        return (StatusCode::FORBIDDEN, "User agent not allowed\n").into_response();
    }
    let reached = request.extensions().get::<Reached>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |reached| reached.address.ip());
    match api.guard.callers.refuse(request.uri(), request.headers(), reached) {
        Some(refusal) => ApiError::forbidden(refusal.error).with_hint(refusal.hint).into_response(),
        None => next.run(request).await,
    }
}

/// Nothing is done for a request that is not whole, and one that does not become whole keeps no place.
async fn read_whole(State(api): State<Api>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let reached = parts.extensions.get::<Reached>().cloned();
    let body = match listen::whole(body, LONGEST, api.registry.context.head).await {
        Ok(body) => body,
        Err(Unfinished::TooLong) => return ApiError::too_long("the body of a request may have at most 2 MB").into_response(),
        Err(Unfinished::Late | Unfinished::Cut) => return ApiError::late("the body of the request did not arrive").into_response(),
    };
    if let Some(reached) = reached {
        reached.engage().await;
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
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

/// An answer that says what was left out of what was asked (RFC 9111, 5.5), as the log does: no client breaks of it.
fn warned(mut response: Response, left_out: &[String]) -> Response {
    for what in left_out {
        tracing::warn!("{what}");
        let plain: String =
            what.chars().filter(|letter| (' '..='~').contains(letter)).map(|letter| if letter == '"' { '\'' } else { letter }).collect();
        if let Ok(value) = format!("299 lifeboat \"{plain}\"").parse() {
            response.headers_mut().append(header::WARNING, value);
        }
    }
    response
}

async fn version(State(api): State<Api>) -> Response {
    if api.registry.flavor() == ApiFlavor::Plain {
        // To the byte: there are clients that compare it as text.
        let body = format!("{{\"version\": \"{TOXIPROXY}\"}}\n");
        return ([(header::CONTENT_TYPE, "application/json;charset=utf-8")], body).into_response();
    }
    let version = VersionRecord {
        boot_id: Some(boot_id()),
        forward: api.registry.context.forward.map(|forward| forward.to_string()),
        lifeboat: Some(env!("CARGO_PKG_VERSION").to_owned()),
        now: Some(HostTime::now().into()),
        version: TOXIPROXY.to_owned(),
    };
    json(StatusCode::OK, &version)
}

async fn reset(State(api): State<Api>) -> ApiResult {
    api.registry.reset().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn populate(State(api): State<Api>, body: Bytes) -> Response {
    let CallBody { asked, left_out } = match call_body::proxies(&body, api.registry.flavor()) {
        Ok(reading) => reading,
        Err(error) => return error.into_response(),
    };
    let populated = api.registry.populate(asked).await;
    let status = populated.status.map_or(Ok(StatusCode::CREATED), StatusCode::from_u16).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    warned(json(status, &populated), &left_out)
}

async fn meters(State(api): State<Api>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics::text(&api.registry.views().await)).into_response()
}

async fn stream_events(State(api): State<Api>, request: Request) -> Response {
    if api.registry.flavor() == ApiFlavor::Plain {
        return (StatusCode::NOT_FOUND, "404 page not found\n").into_response();
    }
    let Ok(place) = api.readers.try_acquire_owned() else {
        return ApiError::unavailable(format!("{READERS} clients already read these events")).into_response();
    };
    if let Some(reached) = request.extensions().get::<Reached>() {
        reached.go_on_forever();
    }
    ([(header::CONTENT_TYPE, "application/jsonl")], events::body(&api.registry, api.stopped, place)).into_response()
}

/// The certificate to trust where proxies speak TLS; never its key.
async fn authority(State(api): State<Api>) -> Response {
    if api.registry.flavor() == ApiFlavor::Plain {
        return (StatusCode::NOT_FOUND, "404 page not found\n").into_response();
    }
    let pem = api.registry.context.trust.authority().pem();
    ([(header::CONTENT_TYPE, "application/x-pem-file")], pem).into_response()
}

async fn show_lever(State(api): State<Api>) -> Response {
    match api.registry.flavor() {
        ApiFlavor::Plain => (StatusCode::NOT_FOUND, "404 page not found\n").into_response(),
        ApiFlavor::Lifeboat => json(StatusCode::OK, &api.registry.lever.shown()),
    }
}

async fn pull_lever(State(api): State<Api>, body: Bytes) -> ApiResult {
    if api.registry.flavor() == ApiFlavor::Plain {
        return Ok((StatusCode::NOT_FOUND, "404 page not found\n").into_response());
    }
    Ok(json(StatusCode::OK, &api.registry.lever.pull(&body)?))
}

async fn lift_lever(State(api): State<Api>) -> Response {
    match api.registry.flavor() {
        ApiFlavor::Plain => (StatusCode::NOT_FOUND, "404 page not found\n").into_response(),
        ApiFlavor::Lifeboat => json(StatusCode::OK, &api.registry.lever.lift()),
    }
}

async fn list(State(api): State<Api>) -> Response {
    let views = api.registry.views().await;
    let records: BTreeMap<&String, &ProxyRecord> = views.iter().map(|(name, view)| (name, &view.record)).collect();
    json(StatusCode::OK, &records)
}

async fn create(State(api): State<Api>, body: Bytes) -> ApiResult {
    let CallBody { asked, left_out } = call_body::proxy(&body, api.registry.flavor())?;
    Ok(warned(json(StatusCode::CREATED, &api.registry.create(asked).await?.record), &left_out))
}

async fn show(State(api): State<Api>, Path(proxy): Path<String>) -> ApiResult {
    Ok(json(StatusCode::OK, &api.registry.ask(&proxy, ActorCommand::Show).await?.record))
}

async fn configure(State(api): State<Api>, Path(proxy): Path<String>, body: Bytes) -> ApiResult {
    let CallBody { asked: RawProxy { request: mut change, toxics }, mut left_out } = call_body::proxy(&body, api.registry.flavor())?;
    // Clients of Shopify's send back all that they know of a proxy. To follow it could bring back what was removed meanwhile.
    // Leading elsewhere breaks it as well as carrying nothing does.
    if change.enabled == Some(false) {
        api.registry.lever.refuses()?;
    }
    if change.enabled == Some(false) || change.upstream.is_some() || change.listen.is_some() || change.hosts.is_some() {
        api.registry.guard(&proxy)?;
    }
    if let Some(listen) = &mut change.listen {
        // A name is asked for here, where no lease of the proxy waits for the answer.
        *listen = resolve(listen).await?.to_string();
    }
    let record = api.registry.ask(&proxy, |reply| ActorCommand::Configure(change, reply)).await?.record;
    let is_there = |toxic: &RawToxic| record.toxics.iter().any(|there| Some(&there.name) == toxic.name.as_ref());
    if !toxics.iter().all(is_there) {
        left_out.push("toxics in a change are ignored: add each at /proxies/NAME/toxics".into());
    }
    Ok(warned(json(StatusCode::OK, &record), &left_out))
}

async fn remove(State(api): State<Api>, Path(proxy): Path<String>) -> ApiResult {
    api.registry.guard(&proxy)?;
    api.registry.remove(&proxy).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn toxics(State(api): State<Api>, Path(proxy): Path<String>) -> ApiResult {
    Ok(json(StatusCode::OK, &api.registry.ask(&proxy, ActorCommand::Show).await?.record.toxics))
}

async fn add_toxic(State(api): State<Api>, Path(proxy): Path<String>, body: Bytes) -> ApiResult {
    let CallBody { asked, left_out } = call_body::toxic(&body, api.registry.flavor())?;
    api.registry.lever.refuses()?;
    api.registry.guard(&proxy)?;
    // Shopify's server answers 200 here, although it created something.
    Ok(warned(json(StatusCode::OK, &api.registry.ask(&proxy, |reply| ActorCommand::AddToxic(asked, reply)).await?), &left_out))
}

async fn show_toxic(State(api): State<Api>, Path((proxy, toxic)): Path<(String, String)>) -> ApiResult {
    Ok(json(StatusCode::OK, &api.registry.ask(&proxy, |reply| ActorCommand::ShowToxic(toxic, reply)).await?))
}

async fn change_toxic(State(api): State<Api>, Path((proxy, toxic)): Path<(String, String)>, body: Bytes) -> ApiResult {
    let CallBody { asked, left_out } = call_body::toxic(&body, api.registry.flavor())?;
    Ok(warned(json(StatusCode::OK, &api.registry.ask(&proxy, |reply| ActorCommand::ChangeToxic(toxic, asked, reply)).await?), &left_out))
}

async fn remove_toxic(State(api): State<Api>, Path((proxy, toxic)): Path<(String, String)>, headers: HeaderMap) -> ApiResult {
    let removed = api.registry.ask(&proxy, |reply| ActorCommand::RemoveToxic(toxic, reply)).await?;
    let ours = api.registry.flavor() == ApiFlavor::Lifeboat && headers.get("x-lifeboat").is_some_and(|value| value == "1");
    Ok(if ours { json(StatusCode::OK, &removed) } else { StatusCode::NO_CONTENT.into_response() })
}
