//! One request: sent, answered, checked to its last byte.

use super::answer_check::{AnswerCheck, CheckStep};
use super::connector::ServiceConnector;
use super::plain_request::ask_over_tcp;
use super::pool::{CheckedOut, ConnectionPool, PooledConnection};
use super::progress::{RequestProgress, RequestResult, within};
use super::target::{ClientSettings, Target};
use super::word;
use super::{Spent, TrafficError};
use crate::dialect::ClientRequest;
use crate::history::{Outcome, Turns};
use crate::journal::Clock;
use crate::model::Connections;
use hyper::body::Incoming;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// How long the end of a body is waited for that has said all it will. The answer does not wait for it.
pub(super) const LINGER: Duration = Duration::from_millis(50);

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

    /// What is the same for all requests to each replica, in the order of their turns.
    pub(super) fn connectors(&self) -> Vec<&Arc<ServiceConnector>> {
        std::iter::once(&self.connector).chain(self.others.iter().map(|other| &other.connector)).collect()
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
        if progress.is_late(clock.now()) {
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
        let (head, mut body) = response.into_parts();
        match AnswerCheck::new(connector, request, head.status, &head.headers, progress) {
            Ok(check) => read(&mut body, connection, (check, limits.idle), clock, progress).await,
            Err(why) => progress.failed(clock, Outcome::Error, why.into()),
        }
    }
}

/// Reads an answer to its end, or to where no more is waited for.
async fn read(
    body: &mut Incoming,
    mut connection: CheckedOut<'_>,
    (mut check, idle): (AnswerCheck, Option<crate::units::Duration>),
    clock: Clock,
    progress: &RequestProgress,
) -> RequestResult {
    let mut whole = loop {
        match within(idle, connection.frame(body)).await {
            None => return check.stalled(clock.now(), progress),
            Some(None) => break true,
            Some(Some(Err(_))) => return check.cut(clock.now(), progress),
            Some(Some(Ok(frame))) => {
                let Some(data) = frame.data_ref() else { continue };
                match check.feed(data, clock.now(), progress) {
                    CheckStep::More => {}
                    CheckStep::Enough => break false,
                    CheckStep::Failed(answer) => return answer,
                }
            }
        }
    };
    let answer = check.conclude(clock.now(), progress);
    if check.is_over() && !whole {
        // The end of the body follows at once where servers keep to the form; then the connection can be used again.
        progress.is_over(&answer);
        whole = tokio::time::timeout(LINGER, connection.ends(body)).await.unwrap_or(false);
    }
    if whole {
        connection.give_back();
    }
    answer
}
