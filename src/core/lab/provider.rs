//! A provider as its clients see it: every operation of its dialect, whole and streamed, the list of models, refusals in its own words.
//!
//! How long a request takes is drawn from the seed and the request's mark, not from a common stream of randomness: the same request gets
//! the same time in every drill with that seed, whatever else is in flight. Requests without a mark are told apart by a counter.
//! Tries of one request at one provider therefore take equally long.

use super::LabError;
use super::answer::TokenStream;
use super::attempt_log::{AttemptLog, AttemptRecord};
use super::crowding::{Crowding, Turn};
use super::issuer::LabIssuer;
use super::key_limits::{KeyLimits, Spender};
use super::keys::{KeyState, Keys};
use super::latency::Draw;
use super::refusal_rule::{RuledRequest, refused};
use super::server::{Body, BodyError, LabServer, response, whole_body};
use super::tokens::{self, MintedToken, TokenMint};
use crate::dialect::{
    MARK_HEADER, Mark, ProviderAnswer, ProviderRequest, Receipt, RefusalReason, Route, base_path, credential, error_answer, find_mark,
    head_fault, model, model_list, quota_headers, receipt_headers,
};
use crate::fault::Ruling;
use crate::journal::HostTime;
use crate::model::{CredentialKind, Dialect, Operation, Provider, RefusalRule};
use crate::secret::SecretError;
use crate::secret::issuer::KeyProbe;
use crate::units::{Fingerprint, Ratio, Secret, Seed};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Request, Response};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::mpsc;

/// Where requests name their tenant.
const TENANT_HEADERS: [&str; 2] = ["openai-organization", "x-tenant-id"];
/// The longest request that is read; real providers take some tens of megabytes.
const LONGEST: usize = 16 << 20;

/// A running provider. Dropping it cuts every connection.
#[derive(Debug)]
pub struct SimulatedProvider {
    server: LabServer,
    core: Arc<ProviderCore>,
}

/// State of a running provider, shared by the requests to it.
#[derive(Debug)]
struct ProviderCore {
    dialect: Dialect,
    region: String,
    /// Known models; empty where any is.
    models: BTreeSet<String>,
    /// Those that are there no more.
    retired: Mutex<BTreeSet<String>>,
    draw: Draw,
    /// The models that take other times.
    draws: BTreeMap<String, Draw>,
    limits: KeyLimits,
    crowding: Crowding,
    refuses: Vec<RefusalRule>,
    /// The share of prompts that say their answers which it answers so.
    right: Ratio,
    seed: Seed,
    keys: Arc<Keys>,
    attempts: AttemptLog,
    requests: AtomicU64,
    mint: TokenMint,
}

/// Head of a request for a model that reached a provider.
struct InferenceRequest<'h> {
    at: HostTime,
    number: u64,
    key: &'h str,
    /// Why it will not be answered, where that shows in its head.
    refusal: Option<RefusalReason>,
    operation: Operation,
    /// The model in its path.
    model: Option<String>,
    /// True where its path asks for a stream.
    streamed: bool,
    mark: Option<&'h str>,
    /// The tenant that its headers name.
    tenant: Option<&'h str>,
}

impl SimulatedProvider {
    /// Starts a provider that behaves as `provider` describes it and takes `key`. Needs a runtime around it.
    ///
    /// # Errors
    /// Where the address cannot be listened on, or the lab does not speak the provider's dialect.
    pub fn start(name: &str, provider: &Provider, key: Secret, seed: Seed, listen: SocketAddr) -> Result<Self, LabError> {
        if matches!(provider.dialect, Dialect::Http | Dialect::Tcp) {
            return Err(LabError::Dialect { name: name.to_owned(), dialect: provider.dialect });
        }
        let core = Arc::new(ProviderCore {
            dialect: provider.dialect,
            region: provider.region.clone().unwrap_or_else(|| "lab".to_owned()),
            models: provider.models.values().cloned().collect(),
            retired: Mutex::new(provider.simulation.retired.iter().cloned().collect()),
            draw: Draw::new(&provider.simulation.pace()),
            draws: provider.simulation.models.iter().map(|(model, pace)| (model.clone(), Draw::new(pace))).collect(),
            limits: KeyLimits::new(provider.simulation.limits),
            crowding: Crowding::new(provider.simulation.capacity),
            refuses: provider.simulation.refuses.clone(),
            right: provider.simulation.right,
            seed: seed.derive(name),
            keys: Arc::new(Keys::new(name, key)),
            attempts: AttemptLog::default(),
            requests: AtomicU64::new(0),
            mint: TokenMint::new(provider.dialect, provider.simulation.credential_life.std()),
        });
        let server = LabServer::start(name, listen, {
            let core = Arc::clone(&core);
            move |request| Arc::clone(&core).answer(request)
        })?;
        Ok(Self { server, core })
    }

    /// The base URL as clients of its dialect want it, on this host.
    pub fn base_url(&self) -> String {
        format!("http://{}{}", self.server.address(), base_path(self.core.dialect))
    }

    /// Sets what becomes of requests with this key that come from now on.
    pub fn set_key(&self, key: impl Into<Secret>, state: KeyState) {
        self.core.keys.set(key.into(), state);
    }

    /// From now on its issuer says of a key that it is revoked, and it is taken all the same: broken on purpose.
    pub fn ignores_revocations(&self) {
        self.core.keys.last();
    }

    /// Says what its keys are. Of an `oauth-token` of Azure's only the tokens are taken that are minted from it, as Entra ID has it; a Vertex takes
    /// both.
    pub fn takes(&self, kind: CredentialKind) {
        self.core.mint.takes(kind);
    }

    /// Takes a model away: from now on there is none of this name.
    pub fn retire(&self, model: &str) {
        self.core.retired().insert(model.to_owned());
    }

    /// Who mints and revokes its keys.
    ///
    /// # Errors
    /// Where requests to it cannot be made.
    pub fn issuer(&self, name: &str) -> Result<LabIssuer, SecretError> {
        let model = self.core.models.first().map_or("gpt-4o", String::as_str);
        let probe = KeyProbe::of(self.core.dialect, &self.base_url(), model, name)?;
        let probe = if self.core.mint.is_the_only_way() { probe.by_token(tokens::ENTRA_PATH, tokens::form_of) } else { probe };
        Ok(LabIssuer::new(name, Arc::clone(&self.core.keys), self.core.seed, probe))
    }

    /// Every token that it mints from now on.
    pub fn minted_tokens(&self) -> mpsc::Receiver<MintedToken> {
        self.core.mint.listen()
    }

    /// The state of the key with this fingerprint; `None` for one that was never set.
    pub fn key_state(&self, key: Fingerprint) -> Option<KeyState> {
        self.core.keys.state(key)
    }

    /// The last 100,000 requests for a model that reached it, in the order of their arrival, refused ones too.
    pub fn attempts(&self) -> Vec<AttemptRecord> {
        self.core.attempts.all()
    }

    /// Stops listening, gives exchanges in progress a moment, and closes every connection.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

impl ProviderCore {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let started = Instant::now();
        let (at, number) = (HostTime::now(), self.requests.fetch_add(1, Ordering::Relaxed));
        let (head, body) = request.into_parts();
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let key = credential(self.dialect, header).unwrap_or_default();
        let refusal = self.refusal(key).or_else(|| head_fault(self.dialect, header));
        if tokens::are_minted_at(self.dialect, head.method.as_str(), head.uri.path()) {
            let form = whole_body(body, LONGEST).await.unwrap_or_default();
            return response(self.mint.answer(&self.keys, &form, number).await);
        }
        let route = Route::of(self.dialect, head.method.as_str(), head.uri.path(), head.uri.query());
        let mut answer = match route {
            None => self.refuse(&RefusalReason::NoSuchPath),
            Some(Route::Models) => match refusal {
                Some(fault) => self.refuse(&fault),
                None => self.list(),
            },
            Some(Route::Model(name)) => match refusal {
                Some(fault) => self.refuse(&fault),
                None if self.models.contains(&name) && self.has(&name) => response(model(self.dialect, &name)),
                None => self.refuse(&RefusalReason::NoSuchModel(name)),
            },
            Some(Route::Inference { operation, model, streamed }) => {
                let bytes = whole_body(body, LONGEST).await;
                let tenant = TENANT_HEADERS.iter().find_map(|name| header(name));
                let asked = InferenceRequest { at, number, key, refusal, operation, model, streamed, mark: header(MARK_HEADER), tenant };
                self.infer(asked, bytes).await
            }
        };
        let (id, client_id) = (self.id(number), header("x-ms-client-request-id"));
        let receipt = Receipt { id: &id, client_id, region: &self.region, took_ms: started.elapsed().as_millis() };
        for (name, value) in receipt_headers(self.dialect, &receipt) {
            if let Ok(value) = HeaderValue::from_str(&value) {
                answer.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        answer
    }

    /// Why a request with this key or token is refused.
    fn refusal(&self, key: &str) -> Option<RefusalReason> {
        let only_mints = self.mint.is_the_only_way() && self.keys.may_mint(&key.into());
        if only_mints { Some(RefusalReason::InvalidKey) } else { self.keys.refusal(key) }
    }

    fn list(&self) -> Response<Body> {
        let retired = self.retired();
        let there = self.models.iter().filter(|model| !retired.contains(*model));
        response(model_list(self.dialect, &there.map(String::as_str).collect::<Vec<_>>()))
    }

    fn retired(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.retired.lock().expect("nothing panics while it holds the retired models")
    }

    /// True where a request for this model can be answered.
    fn has(&self, model: &str) -> bool {
        (self.models.is_empty() || self.models.contains(model)) && !self.retired().contains(model)
    }

    fn draw(&self, model: &str) -> &Draw {
        self.draws.get(model).unwrap_or(&self.draw)
    }

    /// What a model does, recorded whatever comes of it.
    async fn infer(&self, asked: InferenceRequest<'_>, body: Result<Bytes, BodyError>) -> Response<Body> {
        let bytes = body.as_ref().map_or(&[][..], |bytes| bytes);
        let (mark, request) = (find_mark(asked.mark, bytes), ProviderRequest::parse(self.dialect, asked.operation, bytes));
        let request = request.map(|request| ProviderRequest { streamed: request.streamed || asked.streamed, ..request });
        let model = asked.model.or_else(|| request.as_ref().ok().and_then(|request| request.model.clone()));
        let attempt = self.attempts.begin(AttemptRecord {
            at: asked.at,
            mark,
            key: Fingerprint::of(asked.key),
            model: model.clone().unwrap_or_default(),
            streamed: request.as_ref().is_ok_and(|request| request.streamed),
            status: 0,
        });
        let answer = match (asked.refusal, request, model, &body) {
            (Some(reason), ..) => self.refuse(&reason),
            (_, _, _, Err(BodyError::TooLong)) => self.refuse(&RefusalReason::Status { code: 413, retry_after: None }),
            (_, Err(problem), _, _) => self.refuse(&RefusalReason::BadRequest(problem)),
            (_, _, None, _) => self.refuse(&RefusalReason::BadRequest("you must provide a model parameter".to_owned())),
            (_, _, Some(model), _) if !self.has(&model) => self.refuse(&RefusalReason::NoSuchModel(model)),
            (None, Ok(request), Some(model), _) => {
                let ruled = RuledRequest { prompt: &request.prompt, body: bytes, tenant: asked.tenant };
                if let Some(reason) = refused(&self.refuses, &ruled) {
                    let answer = self.refuse(&reason);
                    self.attempts.answered(attempt, answer.status().as_u16());
                    return answer;
                }
                let wall = seconds_since_1970();
                let spender = Spender { dialect: self.dialect, operation: asked.operation, key: Fingerprint::of(asked.key), body: bytes };
                let Ruling { instead, quotas } = self.limits.rule(&spender, asked.at.0, wall);
                let mut answer = match instead {
                    Some(refused) => response(refused),
                    None => match self.crowding.turn().await {
                        None => self.refuse(&RefusalReason::Overloaded),
                        Some(turn) => {
                            let request = self.understood(request);
                            let reply = ProviderAnswer::new(self.dialect, &request, &model, &self.id(asked.number), wall);
                            let draw = self.draw(&model);
                            self.complete(&request, reply, (self.first_token(draw, mark, asked.number), draw.token_gap()), turn).await
                        }
                    },
                };
                for (name, value) in quota_headers(self.dialect, &quotas, wall) {
                    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                        answer.headers_mut().insert(name, value);
                    }
                }
                answer
            }
        };
        self.attempts.answered(attempt, answer.status().as_u16());
        answer
    }

    /// The request as the model understands it, the same prompt always alike: wrongly in the share of those that say their answers which it gets wrong.
    fn understood(&self, request: ProviderRequest) -> ProviderRequest {
        let drawn = self.seed.derive("right").derive(&request.prompt).0 as f64 / u64::MAX as f64;
        if request.tells_its_answer() && drawn >= self.right.get() { request.misunderstood() } else { request }
    }

    /// Takes the time that a model takes. The headers of a stream go out with its first token, as those of real providers do.
    async fn complete(&self, request: &ProviderRequest, reply: ProviderAnswer, times: (Duration, Duration), turn: Turn) -> Response<Body> {
        let (first_token, gap) = times;
        if !request.streamed {
            tokio::time::sleep(first_token + gap * u32::try_from(reply.tokens()).unwrap_or(u32::MAX)).await;
            return response(reply.whole());
        }
        tokio::time::sleep(first_token).await;
        let mut builder = Response::builder();
        for (name, value) in reply.stream_headers() {
            builder = builder.header(name, value);
        }
        builder.body(TokenStream::new(reply, gap, turn).boxed_unsync()).expect("the dialect writes valid headers")
    }

    fn first_token(&self, draw: &Draw, mark: Option<Mark>, number: u64) -> Duration {
        let (purpose, stream) = mark.map_or(("unmarked", number), |mark| ("marked", mark.id));
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed.derive(purpose).0);
        rng.set_stream(stream);
        draw.first_token(&mut rng)
    }

    fn refuse(&self, reason: &RefusalReason) -> Response<Body> {
        response(error_answer(self.dialect, reason))
    }

    /// A request's identifier: unlike any other of this provider, and the same again in a drill with the same seed.
    fn id(&self, number: u64) -> String {
        format!("{:016x}{number:016x}", self.seed.derive("request ids").0)
    }
}

fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
