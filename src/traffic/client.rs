//! One request: sent, answered, checked to its last byte.

use super::coding::ContentCoding;
use super::connector::ServiceConnector;
use super::first_lines::LOOKED_AT;
use super::plain_request::{ask_over_http, ask_over_tcp};
use super::pool::{CheckedOut, ConnectionPool, PooledConnection};
use super::progress::{RequestProgress, RequestResult, within};
use super::target::{ClientSettings, Target};
use super::word;
use super::{Spent, TrafficError};
use crate::dialect::{AnswerReader, ClientRequest, error_code};
use crate::history::{Outcome, Turns};
use crate::journal::Clock;
use crate::model::Connections;
use hyper::{Response, body::Incoming};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// An error's body is read up to here, for its code.
const ERROR_BODY: usize = 1 << 16;
/// How long the end of a body is waited for that has said all it will. The answer does not wait for it.
const LINGER: Duration = Duration::from_millis(50);

/// A client of one service, without retries. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    connector: Arc<ServiceConnector>,
    pool: Arc<ConnectionPool>,
    /// One for each replica but the first.
    others: Vec<Self>,
}

/// The reason why an answer was not service.
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

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.connector.target.base_url)
            .field("settings", &self.connector.settings)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Asks for chat completions with the default settings. Checks the address; opens nothing yet.
    ///
    /// # Errors
    /// Where the address is not a URL that can be asked.
    pub fn new(target: Target) -> Result<Self, TrafficError> {
        Self::with(target, ClientSettings::default())
    }

    /// Asks with these settings. Reads the file of authorities; opens nothing yet.
    ///
    /// # Errors
    /// Where the address, a header, the forward proxy or the file cannot be used.
    pub fn with(target: Target, settings: ClientSettings) -> Result<Self, TrafficError> {
        let mut replicas = target
            .replicas
            .iter()
            .map(|base_url| Self::to_one(Target { base_url: base_url.clone(), replicas: Vec::new(), ..target.clone() }, settings.clone()));
        let Some(first) = replicas.next() else { return Self::to_one(target, settings) };
        let first = first?;
        Ok(Self { others: replicas.collect::<Result<_, _>>()?, ..first })
    }

    fn to_one(target: Target, settings: ClientSettings) -> Result<Self, TrafficError> {
        let connector = ServiceConnector::new(target, settings)?;
        Ok(Self { pool: Arc::new(connector.pool()), connector: Arc::new(connector), others: Vec::new() })
    }

    /// The same, with connections of its own.
    pub(super) fn apart(&self) -> Self {
        let others = self.others.iter().map(Self::apart).collect();
        Self { pool: Arc::new(self.connector.pool()), connector: self.connector.clone(), others }
    }

    /// The replica whose turn it is with the request of this identifier.
    pub(super) fn turn_of(&self, id: u64) -> &Self {
        match Turns::drawn(self.connector.settings.seed, Turns::REPLICAS, self.others.len() + 1).of(id) {
            0 => self,
            replica => &self.others[replica - 1],
        }
    }

    /// True where connections are limited, and so must not be divided.
    pub(super) fn is_limited(&self) -> bool {
        matches!(self.connector.settings.wire.connections, Connections::AtMost(_))
    }

    /// Closes what has been idle for long.
    pub(super) fn sweep(&self) {
        self.pool.sweep();
        self.others.iter().for_each(Self::sweep);
    }

    /// The model that is asked for.
    pub fn model(&self) -> &str {
        &self.connector.target.model
    }

    /// Asks once, and records nothing: a rehearsal before the traffic. What it costs, and why the answer was no service.
    pub async fn rehearse(&self, request: &ClientRequest, clock: Clock, within: Duration) -> (Spent, Result<(), BadAnswer>) {
        let progress = RequestProgress::default();
        let asked = tokio::time::timeout(within, self.ask(request, None, clock, &progress)).await;
        let answer = asked.unwrap_or_else(|_| progress.timed_out(clock.now()));
        let bad = || BadAnswer { why: answer.why.clone().unwrap_or_default(), said: progress.said().map(str::to_owned) };
        (answer.spent, if answer.outcome == Outcome::Ok { Ok(()) } else { Err(bad()) })
    }

    /// Opens a connection, with its handshake, and closes it.
    ///
    /// # Errors
    /// Why not, in a word of a history's `why`.
    pub async fn reach(&self, within: Duration) -> Result<(), &'static str> {
        match tokio::time::timeout(within, self.connector.endpoint.open()).await {
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
        request: &ClientRequest,
        free: Option<PooledConnection>,
        clock: Clock,
        progress: &RequestProgress,
    ) -> RequestResult {
        let connector = &*self.connector;
        let turn = self.pool.turn().await;
        // The request before may have given up its turn in this very moment, and for the same reason.
        if progress.is_late(clock) {
            return progress.timed_out(clock.now());
        }
        progress.has_turn();
        match &connector.settings.plain {
            Some(plain) if connector.settings.bytes => {
                let answer = ask_over_tcp(connector, plain, clock, progress).await;
                drop(turn);
                return answer;
            }
            _ => {}
        }
        let Some(wire) = connector.http_request(request) else { return progress.failed(clock, Outcome::Error, word::UNSENDABLE.into()) };
        let limits = connector.settings.wire.timeouts;
        let pooled = match free.or_else(|| self.pool.idle()) {
            Some(pooled) => pooled,
            // Boxed, for it is large and rare.
            None => match within(limits.connect, Box::pin(self.pool.open())).await {
                Some(Ok(pooled)) => pooled,
                Some(Err(why)) => return progress.failed(clock, Outcome::Error, why.into()),
                None => return progress.timed_out(clock.now()),
            },
        };
        let mut connection = self.pool.check_out(pooled, turn);
        progress.is_sent();
        let response = match within(limits.first_byte, connection.send(wire)).await {
            Some(Ok(response)) => response,
            Some(Err(why)) => return progress.failed(clock, Outcome::Error, why.into()),
            None => return progress.timed_out(clock.now()),
        };
        progress.has_head();
        if !connector.accepts(response.status()) {
            return refused(response, connection, limits.idle, clock, progress).await;
        }
        match &connector.settings.plain {
            Some(plain) => ask_over_http(response, connection, (plain, limits.idle), clock, progress).await,
            None => {
                let reader = AnswerReader::new(connector.target.dialect, request).of(connector.settings.complete);
                read(response, connection, (reader, limits.idle), clock, progress).await
            }
        }
    }
}

/// An answer whose status is not service: its body is read for the error's code. Whatever becomes of that, the status stands, with what was
/// read by then.
async fn refused(
    response: Response<Incoming>,
    mut connection: CheckedOut<'_>,
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
        match within(idle, connection.frame(&mut body)).await {
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
        connection.give_back();
    }
    progress.timed_out(clock.now())
}

async fn read(
    response: Response<Incoming>,
    mut connection: CheckedOut<'_>,
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
        let frame = match within(idle, connection.frame(&mut body)).await {
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
        whole = tokio::time::timeout(LINGER, connection.ends(&mut body)).await.unwrap_or(false);
    }
    if whole {
        connection.give_back();
    }
    answer
}
