//! A provider as its clients see it: chat completions whole and streamed, the list of models, refusals in its own words.
//!
//! How long a request takes is drawn from the seed and the request's mark, not from a common stream of randomness: the same request gets
//! the same time in every drill with that seed, whatever else is in flight. Requests without a mark are told apart by a counter.
//! Tries of one request at one provider therefore take equally long.

use super::LabError;
use super::answer::TokenStream;
use super::attempts::{AttemptRecord, Attempts};
use super::keys::{KeyState, Keys};
use super::latency::Draw;
use super::server::{Body, BodyError, Server, response, whole_body};
use super::tokens;
use crate::dialect::{
    ChatAsk, ChatReply, MARK_HEADER, Mark, ProviderFault, Receipt, Route, base_path, credential, error_answer, find_mark, head_fault,
    model_list, receipt_headers,
};
use crate::journal::HostTime;
use crate::model::{Dialect, Provider};
use crate::units::{Fingerprint, Seed};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Request, Response};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// The longest request that is read; real providers take some tens of megabytes.
const LONGEST: usize = 16 << 20;

/// A running provider. Dropping it cuts every connection.
#[derive(Debug)]
pub struct SimulatedProvider {
    server: Server,
    core: Arc<Core>,
}

#[derive(Debug)]
struct Core {
    dialect: Dialect,
    region: String,
    /// Known models; empty where any is.
    models: BTreeSet<String>,
    draw: Draw,
    seed: Seed,
    keys: Keys,
    attempts: Attempts,
    requests: AtomicU64,
    /// How long a minted token is taken.
    credential_life: Duration,
}

/// The head of a chat completion that reached a provider.
struct Asked<'h> {
    at: HostTime,
    number: u64,
    key: &'h str,
    /// Why it will not be answered, where that shows in its head.
    refusal: Option<ProviderFault>,
    /// The model in its path.
    model: Option<String>,
    /// True where its path asks for a stream.
    streamed: bool,
    mark: Option<&'h str>,
}

impl SimulatedProvider {
    /// Starts a provider that behaves as `provider` describes it and takes `key`. Needs a runtime around it.
    ///
    /// # Errors
    /// Where the address cannot be listened on, or the lab does not speak the provider's dialect.
    pub fn start(name: &str, provider: &Provider, key: String, seed: Seed, listen: SocketAddr) -> Result<Self, LabError> {
        if matches!(provider.dialect, Dialect::Http | Dialect::Tcp) {
            return Err(LabError::Dialect { name: name.to_owned(), dialect: provider.dialect });
        }
        let core = Arc::new(Core {
            dialect: provider.dialect,
            region: provider.region.clone().unwrap_or_else(|| "lab".to_owned()),
            models: provider.models.values().cloned().collect(),
            draw: Draw::new(&provider.simulation),
            seed: seed.derive(name),
            keys: Keys::new(key),
            attempts: Attempts::default(),
            requests: AtomicU64::new(0),
            credential_life: provider.simulation.credential_life.std(),
        });
        let server = Server::start(name, listen, {
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
    pub fn set_key(&self, key: &str, state: KeyState) {
        self.core.keys.set(key, state);
    }

    /// The state of the key with this fingerprint; `None` for one that was never set.
    pub fn key_state(&self, key: Fingerprint) -> Option<KeyState> {
        self.core.keys.state(key)
    }

    /// The last 100,000 chat completions that reached it, in the order of their arrival, refused ones too.
    pub fn attempts(&self) -> Vec<AttemptRecord> {
        self.core.attempts.all()
    }

    /// Stops listening, gives exchanges in progress a moment, and closes every connection.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

impl Core {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let started = Instant::now();
        let (at, number) = (HostTime::now(), self.requests.fetch_add(1, Ordering::Relaxed));
        let (head, body) = request.into_parts();
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let key = credential(self.dialect, header).unwrap_or_default();
        let refusal = self.keys.refusal(key).or_else(|| head_fault(self.dialect, header));
        if self.dialect == Dialect::Vertex && head.method == hyper::Method::POST && head.uri.path() == tokens::PATH {
            let form = whole_body(body, LONGEST).await.unwrap_or_default();
            return response(tokens::mint(&self.keys, &form, number, self.credential_life));
        }
        let route = Route::of(self.dialect, head.method.as_str(), head.uri.path(), head.uri.query());
        let mut answer = match route {
            None => self.refuse(&ProviderFault::NoSuchPath),
            Some(Route::Models) => match refusal {
                Some(fault) => self.refuse(&fault),
                None => response(model_list(self.dialect, &self.models.iter().map(String::as_str).collect::<Vec<_>>())),
            },
            Some(Route::Chat { model, streamed }) => {
                let bytes = whole_body(body, LONGEST).await;
                let asked = Asked { at, number, key, refusal, model, streamed, mark: header(MARK_HEADER) };
                self.chat(asked, bytes).await
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

    /// A chat completion, recorded whatever comes of it.
    async fn chat(&self, asked: Asked<'_>, body: Result<Bytes, BodyError>) -> Response<Body> {
        let bytes = body.as_ref().map_or(&[][..], |bytes| bytes);
        let (mark, ask) = (find_mark(asked.mark, bytes), ChatAsk::parse(self.dialect, bytes));
        let ask = ask.map(|ask| ChatAsk { streamed: ask.streamed || asked.streamed, ..ask });
        let model = asked.model.or_else(|| ask.as_ref().ok().and_then(|ask| ask.model.clone()));
        let attempt = self.attempts.begin(AttemptRecord {
            at: asked.at,
            mark,
            key: Fingerprint::of(asked.key),
            model: model.clone().unwrap_or_default(),
            streamed: ask.as_ref().is_ok_and(|ask| ask.streamed),
            status: 0,
        });
        let answer = match (asked.refusal, ask, model, body) {
            (Some(fault), ..) => self.refuse(&fault),
            (_, _, _, Err(BodyError::TooLong)) => self.refuse(&ProviderFault::Status { code: 413, retry_after: None }),
            (_, Err(problem), _, _) => self.refuse(&ProviderFault::BadRequest(problem)),
            (_, _, None, _) => self.refuse(&ProviderFault::BadRequest("you must provide a model parameter".to_owned())),
            (_, _, Some(model), _) if !self.models.is_empty() && !self.models.contains(&model) => {
                self.refuse(&ProviderFault::NoSuchModel(model))
            }
            (None, Ok(ask), Some(model), _) => {
                let reply = ChatReply::new(self.dialect, &ask, &model, &self.id(asked.number), seconds_since_1970());
                self.complete(&ask, reply, self.first_token(mark, asked.number)).await
            }
        };
        self.attempts.answered(attempt, answer.status().as_u16());
        answer
    }

    /// Takes the time that a model takes. The headers of a stream go out with its first token, as those of real providers do.
    async fn complete(&self, ask: &ChatAsk, reply: ChatReply, first_token: Duration) -> Response<Body> {
        let gap = self.draw.token_gap();
        if !ask.streamed {
            tokio::time::sleep(first_token + gap * u32::try_from(reply.tokens()).unwrap_or(u32::MAX)).await;
            return response(reply.whole());
        }
        tokio::time::sleep(first_token).await;
        let mut builder = Response::builder();
        for (name, value) in reply.stream_headers() {
            builder = builder.header(name, value);
        }
        builder.body(TokenStream::new(reply, gap).boxed_unsync()).expect("the dialect writes valid headers")
    }

    fn first_token(&self, mark: Option<Mark>, number: u64) -> Duration {
        let (purpose, stream) = mark.map_or(("unmarked", number), |mark| ("marked", mark.id));
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed.derive(purpose).0);
        rng.set_stream(stream);
        self.draw.first_token(&mut rng)
    }

    fn refuse(&self, fault: &ProviderFault) -> Response<Body> {
        response(error_answer(self.dialect, fault))
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
mod tests {
    use super::super::rig::{Got, ask, client, loopback, quick};
    use super::*;

    const SEED: Seed = Seed(0x2a);

    fn start(dialect: Dialect) -> SimulatedProvider {
        SimulatedProvider::start("primary", &quick(dialect), "sk-one".into(), SEED, loopback()).unwrap()
    }

    #[tokio::test]
    async fn every_dialect_answers_whole_and_streamed_and_records_the_attempt() {
        for (dialect, wanted) in [
            (Dialect::OpenAi, "openai-processing-ms"),
            (Dialect::AzureOpenAi, "apim-request-id"),
            (Dialect::Anthropic, "request-id"),
            (Dialect::Bedrock, "x-amzn-requestid"),
            (Dialect::Vertex, "content-type"),
        ] {
            let provider = start(dialect);
            for (id, streamed) in [(1, false), (2, true)] {
                let got = ask(dialect, &provider.base_url(), "sk-one", id, streamed).await;
                assert_eq!((got.status, got.judgement()), (200, Ok(())), "{dialect} {streamed}");
                assert!(got.headers.contains_key(wanted), "{:?}", got.headers);
            }
            let attempts = provider.attempts();
            let seen: Vec<_> = attempts.iter().map(|entry| (entry.mark.unwrap().id, entry.streamed, entry.status)).collect();
            assert_eq!(seen, [(1, false, 200), (2, true, 200)]);
            assert!(attempts.iter().all(|entry| entry.key == Fingerprint::of("sk-one") && entry.model == "gpt-4o"));
            provider.stop().await;
        }
    }

    #[tokio::test]
    async fn a_revoked_key_is_refused_in_the_dialects_words_and_its_successor_is_taken() {
        for (dialect, status, code) in [
            (Dialect::OpenAi, 401, "invalid_api_key"),
            (Dialect::AzureOpenAi, 401, "401"),
            (Dialect::Anthropic, 401, "authentication_error"),
            (Dialect::Bedrock, 403, "UnrecognizedClientException"),
            (Dialect::Vertex, 401, "UNAUTHENTICATED"),
        ] {
            let provider = start(dialect);
            let url = provider.base_url();
            provider.set_key("sk-two", KeyState::Valid);
            provider.set_key("sk-one", KeyState::Revoked);
            for key in ["sk-one", "sk-never-seen", ""] {
                let got = ask(dialect, &url, key, 1, true).await;
                assert_eq!((got.status, got.code().as_deref()), (status, Some(code)), "{dialect} {key}");
            }
            assert_eq!(ask(dialect, &url, "sk-two", 2, true).await.judgement(), Ok(()));
            assert_eq!(provider.key_state(Fingerprint::of("sk-one")), Some(KeyState::Revoked));
            let statuses: Vec<u16> = provider.attempts().iter().map(|entry| entry.status).collect();
            assert_eq!(statuses, [status, status, status, 200]);
        }
    }

    #[tokio::test]
    async fn a_key_that_is_known_and_refused_is_told_why() {
        let codes = [
            (Dialect::OpenAi, ["invalid_api_key", "unsupported_country_region_territory", "credit_balance_exhausted"]),
            (Dialect::AzureOpenAi, ["401", "403", "429"]),
            (Dialect::Anthropic, ["authentication_error", "permission_error", "billing_error"]),
            (Dialect::Bedrock, ["ExpiredTokenException", "AccessDeniedException", "ServiceQuotaExceededException"]),
            (Dialect::Vertex, ["UNAUTHENTICATED", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED"]),
        ];
        for (dialect, codes) in codes {
            let provider = start(dialect);
            for (state, code) in [KeyState::Expired, KeyState::Forbidden, KeyState::OutOfQuota].into_iter().zip(codes) {
                provider.set_key("sk-one", state);
                let got = ask(dialect, &provider.base_url(), "sk-one", 1, true).await;
                assert_eq!(got.code().as_deref(), Some(code), "{dialect} {state:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_signed_request_is_known_by_its_access_key_and_anthropics_needs_a_version() {
        let bedrock = start(Dialect::Bedrock);
        let signed = |key: &str| {
            let credential = format!("Credential={key}/20260102/lab/bedrock/aws4_request, SignedHeaders=host, Signature=00");
            let body = r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#;
            let request = client().post(format!("{}/model/gpt-4o/converse", bedrock.base_url())).body(body);
            request.header("authorization", format!("AWS4-HMAC-SHA256 {credential}")).send()
        };
        assert_eq!(signed("sk-one").await.unwrap().status(), 200);
        assert_eq!(signed("sk-two").await.unwrap().status(), 403);
        assert_eq!(bedrock.attempts()[0].key, Fingerprint::of("sk-one"));
        let anthropic = start(Dialect::Anthropic);
        let bare = client().post(format!("{}/v1/messages", anthropic.base_url())).header("x-api-key", "sk-one").body("{}");
        let got = Got::read(bare.send().await.unwrap(), 0, false).await;
        assert_eq!((got.status, got.code().as_deref()), (400, Some("invalid_request_error")));
    }

    #[tokio::test]
    async fn models_are_listed_as_each_dialect_lists_them() {
        for (dialect, path, pointer, name) in [
            (Dialect::AzureOpenAi, "/openai/models?api-version=2024-10-21", "/data/0/id", "gpt-4o"),
            (Dialect::Anthropic, "/v1/models", "/data/0/id", "gpt-4o"),
            (Dialect::Bedrock, "/foundation-models", "/modelSummaries/0/modelId", "gpt-4o"),
            (Dialect::Vertex, "/models", "/models/0/name", "models/gpt-4o"),
        ] {
            let provider = start(dialect);
            let request = client().get(format!("{}{path}", provider.base_url())).header("anthropic-version", "2023-06-01");
            let (header, key) = crate::dialect::credential_header(dialect, "sk-one");
            let listed = request.header(header, key).send().await.unwrap().json::<serde_json::Value>().await.unwrap();
            assert_eq!(listed.pointer(pointer).and_then(|name| name.as_str()), Some(name), "{dialect}: {listed}");
        }
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_request_is_told_in_the_dialects_shape() {
        let provider = start(Dialect::OpenAi);
        let url = provider.base_url();
        let post = async |path: &str, body: &str| {
            let sent = client().post(format!("{url}{path}")).bearer_auth("sk-one").body(body.to_owned()).send().await.unwrap();
            Got::read(sent, 0, false).await
        };
        for (path, body, status, code) in [
            ("/chat/completions", "{oops", 400, Some("invalid_request_error")),
            ("/chat/completions", r#"{"messages":[{"role":"user","content":"hi"}]}"#, 400, Some("invalid_request_error")),
            ("/chat/completions", r#"{"model":"gpt-9","messages":[{"role":"user","content":"hi"}]}"#, 404, Some("model_not_found")),
            ("/completions", "{}", 404, Some("unknown_url")),
        ] {
            let got = post(path, body).await;
            assert_eq!((got.status, got.code().as_deref()), (status, code), "{path} {body}");
        }
        let listed = client().get(format!("{url}/models")).bearer_auth("sk-one").send().await.unwrap();
        assert_eq!(listed.json::<serde_json::Value>().await.unwrap()["data"][0]["id"], "gpt-4o");
        assert_eq!(client().get(format!("{url}/models")).send().await.unwrap().status(), 401);
    }

    #[tokio::test]
    async fn a_request_takes_as_long_as_its_seed_says_whatever_else_is_in_flight() {
        let (one, other) = (start(Dialect::OpenAi), start(Dialect::AzureOpenAi));
        let mark = |id| Some(Mark { drill: 1, id });
        let times = |provider: &SimulatedProvider| (0..50).map(|id| provider.core.first_token(mark(id), 7)).collect::<Vec<_>>();
        assert_eq!(times(&one), times(&other), "same name, seed and simulation");
        assert!(times(&one).windows(2).any(|pair| pair[0] != pair[1]));
        assert_eq!(one.core.first_token(Some(Mark { drill: 2, id: 3 }), 8), times(&one)[3], "the drill's tag changes from run to run");
    }

    #[tokio::test]
    async fn a_stream_takes_its_first_token_plus_its_gaps() {
        let mut slow = quick(Dialect::OpenAi);
        slow.simulation.first_token_p50 = crate::units::Duration::from_millis(60);
        slow.simulation.first_token_p95 = slow.simulation.first_token_p50;
        slow.simulation.token_gap = crate::units::Duration::from_millis(10);
        let provider = SimulatedProvider::start("slow", &slow, "k".into(), SEED, loopback()).unwrap();
        for streamed in [true, false] {
            let got = ask(Dialect::OpenAi, &provider.base_url(), "k", 1, streamed).await;
            // A canary has 8 tokens: the whole takes 8 gaps, a stream 7, since its first token costs none. A timer is never early.
            let wanted = Duration::from_millis(if streamed { 60 + 70 } else { 60 + 80 });
            assert!(got.took >= wanted, "{streamed}: {:?}", got.took);
            assert!(got.headers_after >= Duration::from_millis(60), "headers come with the first token, not before");
            assert!(!streamed || got.took - got.headers_after >= Duration::from_millis(60), "tokens are spread: {got:?}");
        }
    }

    #[tokio::test]
    async fn a_client_that_hangs_up_is_never_answered_and_stopping_does_not_wait_for_it() {
        let mut slow = quick(Dialect::OpenAi);
        slow.simulation.first_token_p50 = crate::units::Duration::from_secs(3600);
        slow.simulation.first_token_p95 = slow.simulation.first_token_p50;
        let provider = SimulatedProvider::start("slow", &slow, "k".into(), SEED, loopback()).unwrap();
        let url = provider.base_url();
        let asking = tokio::spawn(async move { ask(Dialect::OpenAi, &url, "k", 1, true).await });
        while provider.attempts().is_empty() {
            tokio::task::yield_now().await;
        }
        // The handler holds the core while it works: two remain, the provider's own and the accept loop's.
        assert!(Arc::strong_count(&provider.core) > 3, "the request is being worked on");
        asking.abort();
        let ended = async {
            while Arc::strong_count(&provider.core) > 2 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), ended).await.expect("the work ends with the connection, not with the hour");
        assert_eq!(provider.attempts()[0].status, 0);
        tokio::time::timeout(Duration::from_secs(10), provider.stop()).await.expect("nothing is left to wait for");
    }

    #[tokio::test]
    async fn what_cannot_start_says_why() {
        let first = start(Dialect::OpenAi);
        let taken = SimulatedProvider::start("second", &quick(Dialect::OpenAi), "k".into(), SEED, first.server.address()).unwrap_err();
        assert!(taken.to_string().contains("second cannot listen on 127.0.0.1:") && taken.to_string().contains("hint: "), "{taken}");
        let foreign = SimulatedProvider::start("third", &quick(Dialect::Tcp), "k".into(), SEED, loopback()).unwrap_err();
        assert!(foreign.to_string().starts_with("the lab cannot imitate the provider `third`, because it speaks `tcp`"), "{foreign}");
    }
}
