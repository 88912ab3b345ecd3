//! The reference gateway: OpenAI's chat completions, responses and embeddings towards clients, an ordered list of providers behind them.
//!
//! # The rules, exactly
//!
//! 1. Providers are tried in order; where the first of them share the load, they take turns at being the first of these. One whose breaker
//!    is open is passed over; while it is half-open, one request at a time is tried on it.
//! 2. A try fails when there is no connection, when the connection is cut before the response's headers, when they do not
//!    come within `try_timeout`, and at status 401, 403, 408, 429 or 5xx. It is repeated up to `retries` times on the same
//!    provider, at once and as far as its breaker still lets it, then the next provider is tried.
//! 3. Any other answer is the client's, as it is. It counts as a success of the provider, with 4xx too.
//! 4. Once headers have come, the body streams through unbuffered. A body that is cut is passed on as a cut, never as a polite end,
//!    and does not count for the breaker: the next try will tell. Nothing limits how long a body takes; that is the client's deadline.
//! 5. A client that hangs up ends its try, which then counts neither way.
//! 6. Where every provider failed or was passed over, the answer is 502 and says what each did.
//! 7. Keys are read when it starts, and again at `POST /reload`, from where they are kept; in between it carries what it has, refused or not.
//! 8. From a client's secret (a credential of the kind `oauth-token`, for Azure) it mints a token with the first request, and anew when a tenth
//!    of the token's time is left. Reading the keys again ends a token at once, unless `token_cache: until-expiry` says otherwise. A try that
//!    gets no token has failed by what came instead.
//! 9. `POST /prefer/NAME` lets it try the provider of this name first from then on, and the others in their order after it; `POST /prefer/` takes that
//!    back. Requests that are under way stay where they are.
//!
//! 9. With `dual_run: standby` the first standby is asked the same as soon as a primary is tried, whatever becomes of that. Its answer is read to its
//!    end and thrown away: the breaker learns nothing of it, and the client gets it only where rule 2 leads to the standby by itself.
//!
//! So with a primary that hangs, requests dispatched at times t₁, t₂, … fail at tₙ + `try_timeout`; the breaker opens with the n-th
//! of them, n being its `failures`, and every request from then on goes to the standby at once.

use super::circuit_breaker::{CircuitBreaker, Pass, TryEnd};
use super::server::{self, Body, BodyError, LabServer, json, response, whole_body};
use super::try_failure::{is_failure, refusal};
use super::upstream::{Upstream, UpstreamPool};
use super::{LabError, keylog};
use crate::dialect::{RefusalReason, Route, credential, error_answer, model, model_list};
use crate::history;
use crate::journal::HostTime;
use crate::listen::strip_connection;
use crate::model::{Dialect, GatewaySettings, Operation};
use crate::units::Secret;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Request, Response};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Requests to a standby whose answers nobody gets; of more at once none is sent.
const SHADOWS: usize = 1000;
/// The longest request that is taken from a client.
const LONGEST: usize = 1_000_000;
/// Says who answered; for the curious, since a drill believes the fault proxies only.
const PROVIDER_HEADER: HeaderName = HeaderName::from_static("x-lifeboat-provider");
/// Headers of a request that the gateway writes itself, or keeps to itself. Its own request is whole and has no trailers.
const OWN: [&str; 8] = ["host", "expect", "content-length", "te", "trailer", "authorization", "api-key", "x-api-key"];

/// A breaker changed its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// When it changed.
    pub at: HostTime,
    /// The provider whose breaker it is.
    pub provider: String,
    /// Its new state.
    pub breaker: history::Breaker,
}

/// A running gateway. Dropping it cuts every connection.
#[derive(Debug)]
pub struct ReferenceGateway {
    server: LabServer,
    core: Arc<GatewayCore>,
}

/// State of a running gateway, shared by the requests on it.
#[derive(Debug)]
struct GatewayCore {
    settings: GatewaySettings,
    key: Secret,
    routes: Vec<GatewayRoute>,
    /// How many of the first routes share the load.
    sharing: usize,
    /// Requests so far, by which those take turns.
    asked: AtomicUsize,
    /// Requests to a standby whose answers nobody gets.
    shadows: Mutex<JoinSet<()>>,
    /// The place of the route that is tried first; beyond the last where none is preferred.
    preferred: AtomicUsize,
    moves: Mutex<Moves>,
}

/// Route to one provider: its connections, its breaker and what came of the tries on it.
#[derive(Debug)]
struct GatewayRoute {
    pool: UpstreamPool,
    state: Mutex<RouteState>,
}

/// Circuit breaker of a route, with counts of the tries on it.
#[derive(Debug)]
struct RouteState {
    breaker: CircuitBreaker,
    tries: u64,
    ok: u64,
    failed: u64,
}

/// Every move so far, and who wants to hear of the next.
///
/// Their channels have no bound: a move is made under a route's lock, or where a try is dropped, and nobody can wait for room there. What bounds
/// them is the breaker, which makes three moves a cooldown at most.
#[derive(Debug, Default)]
struct Moves {
    made: Vec<Move>,
    listeners: Vec<mpsc::UnboundedSender<Move>>,
}

impl ReferenceGateway {
    /// Starts a gateway over `upstreams`, the preferred first. Clients must send `key`. Needs a runtime around it.
    ///
    /// # Errors
    /// Where the address cannot be listened on, or a base URL is none.
    pub fn start(settings: &GatewaySettings, upstreams: Vec<Upstream>, key: Secret, listen: SocketAddr) -> Result<Self, LabError> {
        Self::start_shared(settings, upstreams, 1, key, listen)
    }

    /// The same where the first `sharing` of them share the load.
    ///
    /// # Errors
    /// As in [`ReferenceGateway::start`].
    pub fn start_shared(
        settings: &GatewaySettings,
        upstreams: Vec<Upstream>,
        sharing: usize,
        key: Secret,
        listen: SocketAddr,
    ) -> Result<Self, LabError> {
        keylog::tell(keylog::KeyFate::Taken, "service", &key);
        let route = |upstream| {
            let state = RouteState { breaker: CircuitBreaker::new(settings.breaker), tries: 0, ok: 0, failed: 0 };
            Ok(GatewayRoute { pool: UpstreamPool::new(upstream, settings)?, state: Mutex::new(state) })
        };
        let routes = upstreams.into_iter().map(route).collect::<Result<Vec<_>, LabError>>()?;
        let sharing = sharing.min(routes.len());
        let core = Arc::new(GatewayCore {
            settings: *settings,
            key,
            routes,
            sharing,
            asked: AtomicUsize::new(0),
            shadows: Mutex::default(),
            preferred: AtomicUsize::new(usize::MAX),
            moves: Mutex::default(),
        });
        let server = LabServer::start("the reference gateway", listen, {
            let core = Arc::clone(&core);
            move |request| Arc::clone(&core).answer(request)
        })?;
        Ok(Self { server, core })
    }

    /// The base URL as OpenAI's clients want it, on this host.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.server.address())
    }

    /// Every move of a breaker, from the first on: those that were made already, then each as it is made. None is lost.
    pub fn moves(&self) -> mpsc::UnboundedReceiver<Move> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut moves = self.core.moves.lock().expect("nothing panics while it holds the moves");
        for made in &moves.made {
            let _ = sender.send(made.clone());
        }
        moves.listeners.push(sender);
        receiver
    }

    /// What `GET /status` answers: for each provider its breaker's state, failures in a row, and counts of tries.
    pub fn status(&self) -> Value {
        self.core.status()
    }

    /// Stops listening, gives exchanges in progress a moment, and closes every connection on both sides.
    pub async fn stop(self) {
        self.server.stop().await;
        let mut shadows = std::mem::take(&mut *self.core.shadows());
        shadows.shutdown().await;
        for route in &self.core.routes {
            route.pool.close().await;
        }
    }
}

impl GatewayCore {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        // Nobody needs a key for these, so a web page must not make its visitor's browser ask.
        if (matches!(request.uri().path(), "/status" | "/reload" | "/v1/reload") || preferred(request.uri().path()).is_some())
            && let Some(refused) = server::refusal(&request)
        {
            return refused;
        }
        let (head, body) = request.into_parts();
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        match (head.method.as_str(), head.uri.path()) {
            ("GET", "/health") => return response(crate::dialect::WireAnswer { status: 200, headers: vec![], body: b"ok\n".to_vec() }),
            ("GET", "/status") => return json(200, &self.status()),
            ("POST", "/reload" | "/v1/reload") => return self.reload().await,
            ("POST", path) if preferred(path).is_some() => return self.prefer(preferred(path).unwrap_or_default()),
            _ => {}
        }
        match Route::of(Dialect::OpenAi, head.method.as_str(), head.uri.path(), head.uri.query()) {
            None => refuse(&RefusalReason::NoSuchPath),
            Some(_) if credential(Dialect::OpenAi, header) != Some(self.key.expose()) => refuse(&RefusalReason::InvalidKey),
            Some(Route::Models) => self.models(),
            Some(Route::Model(name)) => self.model(&name),
            Some(Route::Inference { operation, .. }) => {
                match whole_body(body, LONGEST).await.map(|bytes| serde_json::from_slice::<Value>(&bytes)) {
                    Ok(Ok(asked @ Value::Object(_))) => self.pass(operation, &passed_on(&head.headers), &asked).await,
                    Ok(_) => refuse(&RefusalReason::BadRequest("We could not parse the JSON body of your request.".to_owned())),
                    Err(BodyError::TooLong) => refuse(&RefusalReason::Status { code: 413, retry_after: None }),
                    Err(BodyError::Cut) => refuse(&RefusalReason::BadRequest("The request's body ended early.".to_owned())),
                }
            }
        }
    }

    fn is_primary(&self, route: &GatewayRoute) -> bool {
        self.routes[..self.sharing].iter().any(|own| std::ptr::eq(own, route))
    }

    /// The routes in the order in which this request tries them.
    fn in_turn(&self) -> impl Iterator<Item = &GatewayRoute> {
        let (shared, rest) = self.routes.split_at(self.sharing);
        let (later, first) = shared.split_at(self.asked.fetch_add(1, Relaxed) % self.sharing.max(1));
        let preferred = self.routes.get(self.preferred.load(Relaxed));
        let is_preferred = move |route: &&GatewayRoute| preferred.is_some_and(|preferred| std::ptr::eq(preferred, *route));
        preferred.into_iter().chain(first.iter().chain(later).chain(rest).filter(move |route| !is_preferred(route)))
    }

    /// Lets the provider of this name be tried first from now on; none where there is no name.
    fn prefer(&self, name: &str) -> Response<Body> {
        let place = self.routes.iter().position(|route| route.pool.upstream.name == name);
        if place.is_none() && !name.is_empty() {
            return json(404, &json!({"error": format!("no provider here is called {name}")}));
        }
        self.preferred.store(place.unwrap_or(usize::MAX), Relaxed);
        json(200, &json!({"preferred": if name.is_empty() { Value::Null } else { name.into() }}))
    }

    fn shadows(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.shadows.lock().expect("nothing panics while it holds the shadows")
    }

    /// Asks the first standby the same, for nobody.
    fn shadow(self: &Arc<Self>, operation: Operation, headers: &HeaderMap, asked: &Value) {
        let (core, headers) = (Arc::clone(self), headers.clone());
        let Some(body) = self.routes.get(self.sharing).map(|route| route.pool.body(operation, asked.clone())) else { return };
        let mut shadows = self.shadows();
        while shadows.try_join_next().is_some() {}
        if shadows.len() < SHADOWS {
            shadows.spawn(async move {
                let pool = &core.routes[core.sharing].pool;
                if let Ok(answer) = pool.ask(operation, &headers, body, core.settings.try_timeout.std()).await {
                    let _ = answer.into_body().collect().await;
                }
            });
        }
    }

    async fn pass(self: &Arc<Self>, operation: Operation, headers: &HeaderMap, asked: &Value) -> Response<Body> {
        let mut story = Vec::new();
        let mut is_shadowed = self.settings.dual_run.is_off();
        for route in self.in_turn() {
            let name = &route.pool.upstream.name;
            let body = route.pool.body(operation, asked.clone());
            for place in 0..=self.settings.retries {
                let Some(attempt) = GatewayTry::begin(self, route) else {
                    if place == 0 {
                        story.push(format!("{name}: not tried, its breaker is open"));
                    }
                    break;
                };
                if !std::mem::replace(&mut is_shadowed, true) && self.is_primary(route) {
                    self.shadow(operation, headers, asked);
                }
                match route.pool.ask(operation, headers, body.clone(), self.settings.try_timeout.std()).await {
                    Ok(response) if is_failure(response.status()) => {
                        // The breaker learns it now; reading what the refusal says may take a moment longer.
                        attempt.end(TryEnd::Failed);
                        story.push(format!("{name}: {}", refusal(response).await));
                    }
                    Ok(response) => {
                        attempt.end(TryEnd::Answered);
                        return streamed_through(response, name);
                    }
                    Err(failure) => {
                        attempt.end(TryEnd::Failed);
                        story.push(format!("{name}: {failure}"));
                    }
                }
            }
        }
        let message = format!("No provider answered. {}", story.join("; "));
        json(502, &json!({"error": {"message": message, "type": "server_error", "param": null, "code": "no_provider_answered"}}))
    }

    /// Reads every provider's credential again, as a restart would. Where a store does not answer, those after it keep what they have.
    async fn reload(&self) -> Response<Body> {
        let mut keys = serde_json::Map::new();
        for route in &self.routes {
            match route.pool.reload().await {
                Ok(Some(key)) => drop(keys.insert(route.pool.upstream.name.clone(), key.to_string().into())),
                Ok(None) => {}
                Err(problem) => return json(503, &json!({"error": problem})),
            }
        }
        json(200, &json!({"keys": keys}))
    }

    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .routes
            .iter()
            .flat_map(|route| [route.pool.upstream.model.as_str(), route.pool.upstream.embedding_model.as_str()])
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn models(&self) -> Response<Body> {
        response(model_list(Dialect::OpenAi, &self.names()))
    }

    fn model(&self, name: &str) -> Response<Body> {
        let is_there = self.names().contains(&name);
        response(if is_there {
            model(Dialect::OpenAi, name)
        } else {
            error_answer(Dialect::OpenAi, &RefusalReason::NoSuchModel(name.to_owned()))
        })
    }

    fn status(&self) -> Value {
        let provider = |route: &GatewayRoute| {
            let state = route.state();
            json!({"name": route.pool.upstream.name, "breaker": state.breaker.state().word(),
                   "consecutive_failures": state.breaker.failures(), "tries": state.tries, "ok": state.ok, "failed": state.failed})
        };
        json!({"providers": self.routes.iter().map(provider).collect::<Vec<_>>()})
    }

    /// Lets `act` change a route, and tells everybody who listens if its breaker moved. Under the route's lock, so that the moves of
    /// one provider are told in the order in which they were made.
    fn change<T>(&self, route: &GatewayRoute, act: impl FnOnce(&mut RouteState, HostTime) -> T) -> T {
        let mut state = route.state();
        let (at, before) = (HostTime::now(), state.breaker.state());
        let result = act(&mut state, at);
        let breaker = state.breaker.state();
        if breaker != before {
            let made = Move { at, provider: route.pool.upstream.name.clone(), breaker };
            let mut moves = self.moves.lock().expect("nothing panics while it holds the moves");
            moves.listeners.retain(|listener| listener.send(made.clone()).is_ok());
            moves.made.push(made);
        }
        result
    }
}

impl GatewayRoute {
    fn state(&self) -> MutexGuard<'_, RouteState> {
        self.state.lock().expect("nothing panics while it holds a route")
    }
}

/// One try. A try that is dropped before its end was abandoned by its client.
struct GatewayTry<'c> {
    core: &'c GatewayCore,
    route: &'c GatewayRoute,
    pass: Option<Pass>,
}

impl<'c> GatewayTry<'c> {
    /// A try on this route, if its breaker allows one now.
    fn begin(core: &'c GatewayCore, route: &'c GatewayRoute) -> Option<Self> {
        let pass = core.change(route, |state, now| {
            let pass = state.breaker.admit(now)?;
            state.tries += 1;
            Some(pass)
        })?;
        Some(Self { core, route, pass: Some(pass) })
    }

    fn end(mut self, end: TryEnd) {
        self.settle(end);
    }

    fn settle(&mut self, end: TryEnd) {
        let Some(pass) = self.pass.take() else { return };
        self.core.change(self.route, |state, now| {
            match end {
                TryEnd::Answered => state.ok += 1,
                TryEnd::Failed => state.failed += 1,
                TryEnd::Abandoned => {}
            }
            state.breaker.settle(pass, end, now);
        });
    }
}

impl Drop for GatewayTry<'_> {
    fn drop(&mut self) {
        self.settle(TryEnd::Abandoned);
    }
}

/// The provider that a path asks to be tried first; empty for none.
fn preferred(path: &str) -> Option<&str> {
    path.strip_prefix("/v1").unwrap_or(path).strip_prefix("/prefer/")
}

/// The client's headers that a provider is sent: all but those of the connection, and no credential.
fn passed_on(headers: &HeaderMap) -> HeaderMap {
    let mut passed = headers.clone();
    strip_connection(&mut passed);
    for name in OWN {
        passed.remove(name);
    }
    passed
}

/// A provider's answer as the client gets it. An error in its body becomes an error of this body, at which the server cuts the connection.
fn streamed_through(response: Response<Incoming>, provider: &str) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    strip_connection(&mut head.headers);
    if let Ok(name) = HeaderValue::from_str(provider) {
        head.headers.insert(PROVIDER_HEADER, name);
    }
    head.version = hyper::Version::HTTP_11;
    Response::from_parts(head, body.map_err(Into::into).boxed_unsync())
}

fn refuse(fault: &RefusalReason) -> Response<Body> {
    response(error_answer(Dialect::OpenAi, fault))
}

#[cfg(test)]
mod tests;
