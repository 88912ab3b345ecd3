//! One request: sent, answered, checked to its last byte.

use super::coding::ContentCoding;
use super::errand::{ask_over_http, ask_over_tcp};
use super::place::{ConnectOptions, Endpoint};
use super::pool::{CheckedOut, ConnectionPool, PooledConnection};
use super::progress::{RequestProgress, RequestResult, within};
use super::said::LOOKED_AT;
use super::word;
use super::{Spent, TrafficError};
use crate::dialect::{AnswerReader, ClientRequest, MARK_HEADER, WireRequest, error_code, wire_request, with_parameters};
use crate::history::{Outcome, Turns};
use crate::journal::Clock;
use crate::model::{Complete, Connections, Dialect, Errand, HttpVersion, Wire};
use crate::units::{Secret, Seed};
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, Response, Uri, body::Incoming};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// An error's body is read up to here, for its code.
const ERROR_BODY: usize = 1 << 16;
/// How long the end of a body is waited for that has said all it will. The answer does not wait for it.
const LINGER: Duration = Duration::from_millis(50);

/// Whom the traffic asks, and as whom.
#[derive(Debug, Clone)]
pub struct Target {
    /// Scheme, host and path prefix, as clients of the service use them: `http://127.0.0.1:4000/v1`; for bytes also `tcp://127.0.0.1:6379`.
    pub base_url: String,
    /// How the service speaks.
    pub dialect: Dialect,
    /// The model that is asked for.
    pub model: String,
    /// The client's credential at the service. Never printed.
    pub key: Secret,
    /// The base URLs of all replicas, whose turns are drawn; empty where there is only `base_url`.
    pub replicas: Vec<String>,
}

/// How it is asked.
#[derive(Clone, Default)]
pub struct ClientSettings {
    /// What plain requests ask; `None` asks for chat completions.
    pub errand: Option<Errand>,
    /// Where the errand is bytes over tcp.
    pub bytes: bool,
    /// Connections, version of HTTP, timeouts. Its headers are not looked at, for their variables are not filled in.
    pub wire: Wire,
    /// Headers of every request, variables filled in. Never printed.
    pub headers: Vec<(String, String)>,
    /// The service's own parameters, merged into the body of every request for a model.
    pub body: BTreeMap<String, Value>,
    /// What makes an answer of the service whole.
    pub complete: Complete,
    /// Credentials of several clients, whose turns are drawn, in place of the target's. Never printed.
    pub keys: Vec<Secret>,
    /// From which the turns of keys and replicas are drawn.
    pub seed: Seed,
    /// A file of authorities, in PEM, that are trusted beside the web's.
    pub authority: Option<PathBuf>,
    /// The forward proxy, `http://HOST:PORT`.
    pub proxy: Option<String>,
}

impl std::fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientSettings").field("errand", &self.errand).field("wire", &self.wire).finish_non_exhaustive()
    }
}

/// Connections to one target, without retries. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    target: Arc<ServiceConnector>,
    pool: Arc<ConnectionPool>,
    /// One for each replica but the first.
    others: Vec<Self>,
}

/// Why an answer was no service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadAnswer {
    /// The word for it.
    pub why: Cow<'static, str>,
    /// The first line of what it said.
    pub said: Option<String>,
}

impl std::fmt::Display for BadAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.why)?;
        self.said.as_ref().map_or(Ok(()), |said| write!(f, " ({said})"))
    }
}

/// Everything about a target that is the same for all its requests.
pub(super) struct ServiceConnector {
    pub(super) target: Target,
    pub(super) manner: ClientSettings,
    pub(super) place: Arc<Endpoint>,
    /// What stands before a path: the base URL's own path, and its origin too where a forward proxy or HTTP/2 wants it.
    prefix: String,
    /// The same with the errand's path.
    errand_uri: Uri,
    headers: HeaderMap,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.target.target.base_url)
            .field("manner", &self.target.manner)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Asks for chat completions in the usual manner. Checks the address; opens nothing yet.
    ///
    /// # Errors
    /// Where the address is not a URL that can be asked.
    pub fn new(target: Target) -> Result<Self, TrafficError> {
        Self::with(target, ClientSettings::default())
    }

    /// Asks in a manner of one's own. Reads the file of authorities; opens nothing yet.
    ///
    /// # Errors
    /// Where the address, a header, the forward proxy or the file cannot be used.
    pub fn with(target: Target, manner: ClientSettings) -> Result<Self, TrafficError> {
        let mut replicas = target
            .replicas
            .iter()
            .map(|base_url| Self::to_one(Target { base_url: base_url.clone(), replicas: Vec::new(), ..target.clone() }, manner.clone()));
        let Some(first) = replicas.next() else { return Self::to_one(target, manner) };
        let first = first?;
        Ok(Self { others: replicas.collect::<Result<_, _>>()?, ..first })
    }

    fn to_one(target: Target, manner: ClientSettings) -> Result<Self, TrafficError> {
        let wrong = |problem: String| TrafficError::Address { url: target.base_url.clone(), problem };
        let uri: Uri = target.base_url.parse().map_err(|error: hyper::http::uri::InvalidUri| wrong(error.to_string()))?;
        let known = matches!(uri.scheme_str(), Some("http" | "https")) || (manner.bytes && uri.scheme_str() == Some("tcp"));
        let Some(authority) = uri.authority().filter(|authority| known && !authority.host().is_empty()) else {
            return Err(wrong("it has no scheme or no host".into()));
        };
        let ways = ConnectOptions {
            authority: manner.authority.as_deref(),
            proxy: manner.proxy.as_deref(),
            http2: manner.wire.http == HttpVersion::Two && !manner.bytes,
            bytes: manner.bytes,
        };
        let place = Arc::new(Endpoint::new(&uri, ways).map_err(wrong)?);
        let path = target.base_url.trim_end_matches('/').splitn(4, '/').nth(3).map_or_else(String::new, |path| format!("/{path}"));
        let whole = place.is_asked_of_proxy() || ways.http2;
        let origin = if whole { format!("{}://{authority}", uri.scheme_str().unwrap_or("http")) } else { String::new() };
        let prefix = origin + &path;
        let errand_path = manner.errand.as_ref().map_or("", |errand| errand.path.as_str());
        let errand_uri = uri_of(&prefix, errand_path).map_err(|()| wrong(format!("`{errand_path}` is not a path")))?;
        let mut headers = HeaderMap::new();
        if !ways.http2 {
            let host = HeaderValue::from_str(authority.as_str()).map_err(|error| wrong(error.to_string()))?;
            headers.insert(HOST, host);
            if manner.wire.connections == Connections::PerRequest {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
        }
        let way = ServiceConnector { place, prefix, errand_uri, headers, manner, target };
        Ok(Self { pool: Arc::new(way.pool()), target: Arc::new(way), others: Vec::new() })
    }

    /// The same, with connections of its own.
    pub(super) fn apart(&self) -> Self {
        let others = self.others.iter().map(Self::apart).collect();
        Self { pool: Arc::new(self.target.pool()), target: self.target.clone(), others }
    }

    /// The replica whose turn it is with the request of this identifier.
    pub(super) fn turn_of(&self, id: u64) -> &Self {
        match Turns::drawn(self.target.manner.seed, Turns::REPLICAS, self.others.len() + 1).of(id) {
            0 => self,
            place => &self.others[place - 1],
        }
    }

    /// True where connections are limited, and so must not be divided.
    pub(super) fn is_limited(&self) -> bool {
        matches!(self.target.manner.wire.connections, Connections::AtMost(_))
    }

    /// Closes what has been idle for long.
    pub(super) fn sweep(&self) {
        self.pool.sweep();
        self.others.iter().for_each(Self::sweep);
    }

    /// The model that is asked for.
    pub fn model(&self) -> &str {
        &self.target.target.model
    }

    /// Asks once, and records nothing: a rehearsal before the traffic. What it costs, and why the answer was no service.
    pub async fn rehearse(&self, ask: &ClientRequest, clock: Clock, within: Duration) -> (Spent, Result<(), BadAnswer>) {
        let progress = RequestProgress::default();
        let asked = tokio::time::timeout(within, self.ask(ask, None, clock, &progress)).await;
        let answer = asked.unwrap_or_else(|_| progress.timed_out(clock.now()));
        let bad = || BadAnswer { why: answer.why.clone().unwrap_or_default(), said: progress.said().map(str::to_owned) };
        (answer.spent, if answer.outcome == Outcome::Ok { Ok(()) } else { Err(bad()) })
    }

    /// Opens a connection, with its handshake, and closes it.
    ///
    /// # Errors
    /// Why not, in a word of a history's `why`.
    pub async fn reach(&self, within: Duration) -> Result<(), &'static str> {
        match tokio::time::timeout(within, self.target.place.open()).await {
            Ok(opened) => opened.map(drop),
            Err(_) => Err(word::CONNECT_TIMED_OUT),
        }
    }

    /// Waits until a request may begin; see [`ConnectionPool::admit`].
    pub(super) async fn admit(&self) -> Option<PooledConnection> {
        self.pool.admit().await
    }

    /// Asks once, on this connection where there is one, and reads the answer to its end. Has no deadline of its own: see [`RequestProgress`].
    pub(super) async fn ask(
        &self,
        ask: &ClientRequest,
        free: Option<PooledConnection>,
        clock: Clock,
        progress: &RequestProgress,
    ) -> RequestResult {
        let way = &*self.target;
        let turn = self.pool.turn().await;
        // Whoever had the turn may have given it up in this very moment, and for the same reason.
        if progress.is_late(clock) {
            return progress.timed_out(clock.now());
        }
        progress.has_turn();
        match &way.manner.errand {
            Some(errand) if way.manner.bytes => {
                let answer = ask_over_tcp(way, errand, clock, progress).await;
                drop(turn);
                return answer;
            }
            _ => {}
        }
        let request = match &way.manner.errand {
            Some(errand) => way.errand_request(errand, ask),
            None => way.chat_request(ask),
        };
        let Some(request) = request else { return progress.failed(clock, Outcome::Error, word::UNSENDABLE.into()) };
        let limits = way.manner.wire.timeouts;
        let hold = match free.or_else(|| self.pool.idle()) {
            Some(hold) => hold,
            // Boxed, for it is large and rare.
            None => match within(limits.connect, Box::pin(self.pool.open())).await {
                Some(Ok(hold)) => hold,
                Some(Err(why)) => return progress.failed(clock, Outcome::Error, why.into()),
                None => return progress.timed_out(clock.now()),
            },
        };
        let mut held = self.pool.held(hold, turn);
        progress.is_sent();
        let response = match within(limits.first_byte, held.send(request)).await {
            Some(Ok(response)) => response,
            Some(Err(why)) => return progress.failed(clock, Outcome::Error, why.into()),
            None => return progress.timed_out(clock.now()),
        };
        progress.has_head();
        let good = way.manner.errand.as_ref().map_or_else(|| response.status().is_success(), |errand| response.status() == errand.status);
        if !good {
            return refused(response, held, limits.idle, clock, progress).await;
        }
        match &way.manner.errand {
            Some(errand) => ask_over_http(response, held, (errand, limits.idle), clock, progress).await,
            None => {
                read(response, held, (AnswerReader::new(way.target.dialect, ask).of(way.manner.complete), limits.idle), clock, progress)
                    .await
            }
        }
    }
}

impl ServiceConnector {
    fn pool(&self) -> ConnectionPool {
        ConnectionPool::new(self.place.clone(), self.manner.wire.connections, self.manner.wire.http)
    }

    fn chat_request(&self, ask: &ClientRequest) -> Option<Request<Full<Bytes>>> {
        let keys = &self.manner.keys;
        let turn = Turns::drawn(self.manner.seed, Turns::KEYS, keys.len()).of(ask.mark.id);
        let key = keys.get(turn).unwrap_or(&self.target.key);
        let WireRequest { method, path, headers, body } = wire_request(self.target.dialect, ask, key.expose());
        let uri = uri_of(&self.prefix, &path).ok()?;
        let mut all = self.headers.clone();
        for (name, value) in headers {
            all.insert(HeaderName::from_static(name), HeaderValue::try_from(value).ok()?);
        }
        let body = with_parameters(body, &self.manner.body);
        self.finish(Method::from_bytes(method.as_bytes()).ok()?, uri, all, body.into())
    }

    fn errand_request(&self, errand: &Errand, ask: &ClientRequest) -> Option<Request<Full<Bytes>>> {
        let mut all = self.headers.clone();
        all.insert(HeaderName::from_static(MARK_HEADER), HeaderValue::try_from(ask.mark.to_string()).ok()?);
        let (method, body) = errand.send.as_ref().map_or((Method::GET, Bytes::new()), |body| (Method::POST, body.clone().into()));
        self.finish(method, self.errand_uri.clone(), all, body)
    }

    /// Headers of one's own come last, and win.
    fn finish(&self, method: Method, uri: Uri, mut headers: HeaderMap, body: Bytes) -> Option<Request<Full<Bytes>>> {
        for (name, value) in &self.manner.headers {
            headers.insert(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
        }
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Some(request)
    }
}

fn uri_of(prefix: &str, path: &str) -> Result<Uri, ()> {
    let text = format!("{prefix}{path}");
    let text = if text.is_empty() || text.starts_with('?') { format!("/{text}") } else { text };
    if text.starts_with('/') { PathAndQuery::try_from(text).map(Uri::from).map_err(|_| ()) } else { Uri::try_from(text).map_err(|_| ()) }
}

/// An answer whose status is not service: its body is read for the error's code. Whatever becomes of that, the status stands, with what was
/// read by then.
async fn refused(
    response: Response<Incoming>,
    mut held: CheckedOut<'_>,
    idle: Option<crate::units::Duration>,
    clock: Clock,
    progress: &RequestProgress,
) -> RequestResult {
    let (head, mut body) = response.into_parts();
    let status = head.status.as_u16();
    let tell = |text: &[u8]| {
        let code = error_code(|name| head.headers.get(name)?.to_str().ok(), text);
        progress.is_refused(code.map_or_else(|| format!("status-{status}"), |code| format!("status-{status} {code}")));
    };
    let mut coding = ContentCoding::of(&head.headers).ok();
    let mut text = Vec::new();
    tell(&text);
    let whole = loop {
        match within(idle, held.frame(&mut body)).await {
            Some(None) => break true,
            Some(Some(Ok(frame))) if text.len() <= ERROR_BODY => {
                let data = frame.data_ref().map_or(&[][..], |data| data);
                if let Some(plain) = coding.as_mut().and_then(|coding| coding.undo(data)) {
                    text.extend_from_slice(&plain);
                    tell(&text);
                }
            }
            Some(Some(_)) | None => break false,
        }
    };
    progress.says(&text);
    if whole {
        held.give_back();
    }
    progress.timed_out(clock.now())
}

async fn read(
    response: Response<Incoming>,
    mut held: CheckedOut<'_>,
    (mut reader, idle): (AnswerReader, Option<crate::units::Duration>),
    clock: Clock,
    progress: &RequestProgress,
) -> RequestResult {
    let mut coding = match ContentCoding::of(response.headers()) {
        Ok(coding) => coding,
        Err(why) => return progress.failed(clock, Outcome::Error, why.into()),
    };
    let mut body = response.into_body();
    let (mut whole, mut begin) = (false, Vec::new());
    while !whole && !reader.is_hopeless() && !reader.is_over() {
        let frame = match within(idle, held.frame(&mut body)).await {
            None => return progress.timed_out(clock.now()),
            Some(None) => {
                whole = true;
                continue;
            }
            Some(Some(Err(_))) => return progress.cut(clock),
            Some(Some(Ok(frame))) => frame,
        };
        let Some(data) = frame.data_ref() else { continue };
        let Some(data) = coding.undo(data) else { return progress.failed(clock, Outcome::Error, "malformed".into()) };
        begin.extend_from_slice(&data[..data.len().min(LOOKED_AT.saturating_sub(begin.len()))]);
        reader.feed(&data);
        if reader.has_content() {
            progress.is_proven(clock);
        }
    }
    let done = clock.now();
    let is_over = reader.is_over();
    reader.close();
    progress.has_used(reader.tokens());
    let answer = match reader.judge() {
        Ok(()) => progress.served(done),
        Err(flaw) => {
            progress.says(&begin);
            let outcome = if flaw.is_early_end() { Outcome::Truncated } else { Outcome::Error };
            let why = flaw.code().map_or_else(|| flaw.word().into(), |code| format!("{} {code}", flaw.word()).into());
            progress.flawed(done, outcome, why)
        }
    };
    if is_over && !whole {
        // The end of the body follows at once where servers keep to the form; then the connection can be used again.
        progress.is_over(&answer);
        whole = tokio::time::timeout(LINGER, held.ends(&mut body)).await.unwrap_or(false);
    }
    if whole {
        held.give_back();
    }
    answer
}
