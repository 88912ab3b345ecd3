//! One request: sent, answered, checked to its last byte.

use super::TrafficError;
use crate::dialect::{AnswerReader, Ask, Flaw, chat_request, error_code};
use crate::history::Outcome;
use crate::journal::Clock;
use crate::model::Dialect;
use bytes::Bytes;
use http_body_util::{BodyExt, Collected, Full, Limited};
use hyper::{Request, Response, Uri, body::Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::borrow::Cow;
use std::time::Duration;

/// Idle connections are given up after this: below the five seconds after which common Python servers close theirs, so that a request
/// does not meet a connection that is being closed under it.
const IDLE: Duration = Duration::from_secs(4);
/// More idle connections than this are closed as they become idle. After an outage thousands are, and giving them up all at one moment
/// would hold the generator up for a fifth of a second.
const MOST_IDLE: usize = 512;
/// An error's body is read up to here, for its code.
const ERROR_BODY: usize = 1 << 16;

/// Whom the traffic asks, and as whom.
#[derive(Debug, Clone)]
pub struct Target {
    /// Scheme, host and path prefix, as clients of the service use them: `http://127.0.0.1:4000/v1`.
    pub base_url: String,
    /// How the service speaks.
    pub dialect: Dialect,
    /// The model that is asked for.
    pub model: String,
    /// The client's credential at the service. Never printed.
    pub key: String,
}

/// Connections to one target, pooled, without retries. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    http: hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    target: std::sync::Arc<Target>,
}

/// What became of one request; moments in nanoseconds since the drill's origin.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) proof: Option<u64>,
    pub(super) done: u64,
    pub(super) outcome: Outcome,
    pub(super) why: Option<Cow<'static, str>>,
}

impl Client {
    /// Checks the address; opens nothing yet.
    ///
    /// # Errors
    /// Where the address is not an HTTP URL.
    pub fn new(target: Target) -> Result<Self, TrafficError> {
        let wrong = |problem: String| TrafficError::Address { url: target.base_url.clone(), problem };
        let uri: Uri = target.base_url.parse().map_err(|error: hyper::http::uri::InvalidUri| wrong(error.to_string()))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
            return Err(wrong("it has no scheme or no host".into()));
        }
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().wrap_connector(tcp);
        let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MOST_IDLE)
            .pool_timer(hyper_util::rt::TokioTimer::new())
            .retry_canceled_requests(false)
            .build(connector);
        Ok(Self { http, target: std::sync::Arc::new(target) })
    }

    /// The model that is asked for.
    pub fn model(&self) -> &str {
        &self.target.model
    }

    /// Asks once, and records nothing: a rehearsal before the traffic.
    ///
    /// # Errors
    /// In a word, why the answer was no service.
    pub async fn rehearse(&self, ask: &Ask, clock: Clock, within: Duration) -> Result<(), Cow<'static, str>> {
        let mut progress = Progress::default();
        let asked = tokio::time::timeout(within, self.ask(ask, clock, &mut progress)).await;
        match asked.unwrap_or_else(|_| progress.timed_out(clock.now())) {
            Answer { outcome: Outcome::Ok, .. } => Ok(()),
            Answer { why, .. } => Err(why.unwrap_or_default()),
        }
    }

    /// Asks once and reads the answer to its end. Has no deadline of its own: see [`Progress`].
    pub(super) async fn ask(&self, ask: &Ask, clock: Clock, progress: &mut Progress) -> Answer {
        let response = match self.send(ask).await {
            Ok(response) => response,
            Err(why) => return progress.failed(clock, Outcome::Error, why.into()),
        };
        progress.headers = true;
        let status = response.status();
        if !status.is_success() {
            let (head, body) = response.into_parts();
            let body = Limited::new(body, ERROR_BODY).collect().await.map(Collected::to_bytes).unwrap_or_default();
            let code = error_code(|name| head.headers.get(name)?.to_str().ok(), &body);
            let why = code.map_or_else(|| format!("status-{}", status.as_u16()), |code| format!("status-{} {code}", status.as_u16()));
            return progress.failed(clock, Outcome::Error, why.into());
        }
        read(response, AnswerReader::new(self.target.dialect, ask), clock, progress).await
    }

    async fn send(&self, ask: &Ask) -> Result<Response<Incoming>, &'static str> {
        let wire = chat_request(self.target.dialect, ask, &self.target.key);
        let mut request =
            Request::builder().method(wire.method).uri(format!("{}{}", self.target.base_url.trim_end_matches('/'), wire.path));
        for (name, value) in wire.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(wire.body))).map_err(|_| "unsendable")?;
        self.http.request(request).await.map_err(|error| if error.is_connect() { connect_word(&error) } else { "cut-before-headers" })
    }
}

/// How far a request has come, so that its deadline can say where it stood.
#[derive(Debug, Default)]
pub(super) struct Progress {
    headers: bool,
    proof: Option<u64>,
}

impl Progress {
    /// The answer of a request that was given up at its deadline.
    pub(super) fn timed_out(&self, at: u64) -> Answer {
        let why = match (self.headers, self.proof) {
            (_, Some(_)) => "stalled-in-stream",
            (true, None) => "stalled-after-headers",
            (false, None) => "no-answer",
        };
        Answer { proof: self.proof, done: at, outcome: Outcome::Timeout, why: Some(why.into()) }
    }

    /// The answer of a request that was in flight when the drill ended.
    pub(super) const fn abandoned(&self, at: u64) -> Answer {
        Answer { proof: self.proof, done: at, outcome: Outcome::Unknown, why: None }
    }

    fn failed(&self, clock: Clock, outcome: Outcome, why: Cow<'static, str>) -> Answer {
        Answer { proof: self.proof, done: clock.now(), outcome, why: Some(why) }
    }
}

async fn read(response: Response<Incoming>, mut reader: AnswerReader, clock: Clock, progress: &mut Progress) -> Answer {
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            let outcome = if progress.proof.is_some() { Outcome::Truncated } else { Outcome::Error };
            return progress.failed(clock, outcome, "cut".into());
        };
        let Some(data) = frame.data_ref() else { continue };
        reader.feed(data);
        if progress.proof.is_none() && reader.has_content() {
            progress.proof = Some(clock.now());
        }
        if reader.is_hopeless() {
            break;
        }
    }
    let done = clock.now();
    match reader.finish() {
        Ok(()) => Answer { proof: progress.proof, done, outcome: Outcome::Ok, why: None },
        Err(flaw) => {
            let outcome = if flaw == Flaw::Truncated { Outcome::Truncated } else { Outcome::Error };
            let why = match &flaw {
                Flaw::ErrorEvent(Some(code)) => format!("{} {code}", flaw.word()).into(),
                _ => flaw.word().into(),
            };
            Answer { proof: progress.proof, done, outcome, why: Some(why) }
        }
    }
}

/// A word for a connection that could not be opened.
fn connect_word(error: &(dyn std::error::Error + 'static)) -> &'static str {
    let mut source = Some(error);
    while let Some(error) = source {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return match io.kind() {
                std::io::ErrorKind::ConnectionRefused => "refused",
                std::io::ErrorKind::ConnectionReset => "reset",
                std::io::ErrorKind::TimedOut => "connect-timed-out",
                _ => "not-connected",
            };
        }
        source = error.source();
    }
    "not-connected"
}
