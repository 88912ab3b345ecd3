//! Connections to one endpoint: which of them a request takes, and where it goes when the request is done.
//!
//! A connection of HTTP/1.1 is driven by the request that has it, in that request's own task, so that nothing is handed from task to task;
//! nobody drives one that is idle, and whether the other side has closed it is seen when the next request takes it. A connection of HTTP/2
//! is shared, and has a task of its own.

use super::answer_head::{BUFFER, HEAD};
use super::endpoint::{Endpoint, TransportStream};
use super::http2_greeting::{GreetingReader, Http2Greeting};
use super::openings::{MOMENT, Openings};
use super::word;
use crate::journal::Clock;
use crate::listen::HEAD_LINES;
use crate::model::{Connections, HttpVersion};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::ext::ReasonPhrase;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};

/// Idle connections are given up after this: below the five seconds after which common Python servers close theirs, so that a request
/// does not meet a connection that is being closed under it.
pub(super) const IDLE: u64 = 4_000_000_000;
/// More idle connections than this are closed as they become idle. After an outage thousands are, and giving them up all at one moment
/// would hold the generator up for a fifth of a second.
pub(super) const MOST_IDLE: usize = 512;
/// Requests that share a connection of HTTP/2: what servers allow that follow the standard's advice (RFC 9113, section 6.5.2).
const STREAMS: usize = 100;

/// The body of requests.
type OutgoingBody = Full<Bytes>;

/// An HTTP/1.1 connection. The request that has it drives it.
pub(super) struct Http1Connection {
    send: http1::SendRequest<OutgoingBody>,
    drive: http1::Connection<TokioIo<TransportStream>, OutgoingBody>,
    /// True once there is nothing left to drive.
    is_over: bool,
    /// When it became idle.
    since: u64,
}

impl Http1Connection {
    fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.is_over && Pin::new(&mut self.drive).poll(cx).is_ready() {
            self.is_over = true;
        }
    }

    /// Whether a request can be sent now. The other side may have closed it since it was last looked at.
    fn is_ready(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        !self.is_over && self.send.is_ready()
    }
}

/// An HTTP/2 connection, which several requests share.
struct Http2Connection {
    send: http2::SendRequest<OutgoingBody>,
    /// Requests that are on it.
    streams: Arc<AtomicUsize>,
    /// What the other side began with.
    greeting: Http2Greeting,
}

/// The pool of connections to one endpoint. Requests check connections out and give them back.
pub(super) struct ConnectionPool {
    endpoint: Arc<Endpoint>,
    clock: Clock,
    connections: Connections,
    version: HttpVersion,
    /// The last that became idle is at the end.
    #[expect(clippy::vec_box, reason = "a connection is large, and it moves from hand to hand")]
    idle: Mutex<Vec<Box<Http1Connection>>>,
    http2: Mutex<Vec<Http2Connection>>,
    /// Who opens a connection of HTTP/2 for all.
    opening: tokio::sync::Mutex<()>,
    /// Turns, where connections are limited.
    turns: Option<Semaphore>,
    openings: Mutex<Openings>,
    /// Told whenever a connection becomes idle.
    freed: Notify,
}

/// A connection that a request has checked out. Dropping it before the answer was whole gives the request up: an HTTP/1.1 connection is closed
/// by it.
pub(super) struct CheckedOut<'p> {
    pool: &'p ConnectionPool,
    connection: PooledConnection,
    turn: Option<SemaphorePermit<'p>>,
}

/// A connection of the pool: one of HTTP/1.1, or a stream of HTTP/2.
pub(super) enum PooledConnection {
    Http1(Box<Http1Connection>),
    Http2 { send: http2::SendRequest<OutgoingBody>, greeting: Http2Greeting, _slot: StreamSlot },
}

/// One of the streams that an HTTP/2 connection may have. Dropping it gives the stream back.
pub(super) struct StreamSlot(Arc<AtomicUsize>);

impl Drop for StreamSlot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ConnectionPool {
    pub(super) fn new(endpoint: Arc<Endpoint>, connections: Connections, version: HttpVersion) -> Self {
        let turns = match connections {
            Connections::AtMost(most) => Some(Semaphore::new(most as usize)),
            _ => None,
        };
        Self {
            endpoint,
            clock: Clock::start(),
            connections,
            version,
            idle: Mutex::default(),
            http2: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            turns,
            openings: Mutex::default(),
            freed: Notify::new(),
        }
    }

    /// Waits for this request's turn, where connections are limited.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        match &self.turns {
            // The semaphore is never closed.
            Some(turns) if self.version == HttpVersion::One => turns.acquire().await.ok(),
            _ => None,
        }
    }

    /// A connection that is there already.
    pub(super) fn idle(&self) -> Option<PooledConnection> {
        match (self.connections, self.version) {
            (Connections::PerRequest, _) => None,
            (_, HttpVersion::One) => self.idle_http1(),
            (_, HttpVersion::Two) => self.free_http2(),
        }
    }

    /// A connection as a request has it.
    pub(super) const fn check_out<'p>(&'p self, connection: PooledConnection, turn: Option<SemaphorePermit<'p>>) -> CheckedOut<'p> {
        CheckedOut { pool: self, connection, turn }
    }

    fn idle_http1(&self) -> Option<PooledConnection> {
        let now = self.clock.now();
        loop {
            let mut connection = lock(&self.idle).pop()?;
            if now < connection.since + IDLE && connection.is_ready() {
                return Some(PooledConnection::Http1(connection));
            }
        }
    }

    fn free_http2(&self) -> Option<PooledConnection> {
        let mut http2 = lock(&self.http2);
        http2.retain(|connection| !connection.send.is_closed());
        let connection = http2.iter().min_by_key(|connection| connection.streams.load(Ordering::Relaxed))?;
        let is_full = connection.streams.load(Ordering::Relaxed) >= STREAMS;
        let is_last = matches!(self.connections, Connections::AtMost(most) if http2.len() >= most as usize);
        (!is_full || is_last).then(|| stream_on(connection))
    }

    /// Waits until a request may begin: a connection is free for it, which it is given, or one may be opened for it, or it waits for its turn
    /// later. Whatever is ready goes first, for answers that have come free their connections. Must not be waited for by two at a time.
    pub(super) async fn admit(&self) -> Option<PooledConnection> {
        if self.version == HttpVersion::Two || self.connections != Connections::Pooled {
            return None;
        }
        if let Some(connection) = self.idle_http1() {
            return Some(connection);
        }
        tokio::task::yield_now().await;
        loop {
            let connection = self.idle_http1();
            if connection.is_some() || self.may_open() {
                return connection;
            }
            let _ = tokio::time::timeout(Duration::from_nanos(MOMENT), self.freed.notified()).await;
        }
    }

    /// Asked only where no connection was found idle a moment ago.
    fn may_open(&self) -> bool {
        let mut openings = lock(&self.openings);
        openings.was_looked();
        openings.may_begin(self.clock.now())
    }

    /// A new connection, or in a word why there is none.
    pub(super) async fn open(&self) -> Result<PooledConnection, &'static str> {
        if self.version == HttpVersion::One {
            let stream = self.endpoint.open().await?;
            let shaken = http1::Builder::new().max_buf_size(BUFFER).max_headers(HEAD_LINES).handshake(TokioIo::new(stream)).await;
            let (send, drive) = shaken.map_err(|error| word::of_exchange(&error))?;
            return Ok(PooledConnection::Http1(Box::new(Http1Connection { send, drive, is_over: false, since: 0 })));
        }
        let shared = self.connections != Connections::PerRequest;
        let _opening = if shared { Some(self.opening.lock().await) } else { None };
        if let Some(stream) = shared.then(|| self.free_http2()).flatten() {
            return Ok(stream);
        }
        let stream = self.endpoint.open().await?;
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.timer(TokioTimer::new()).max_header_list_size(BUFFER as u32).max_concurrent_reset_streams(STREAMS);
        let (stream, greeting) = GreetingReader::to(stream);
        let (send, drive) = builder.handshake(TokioIo::new(stream)).await.map_err(|error| word::of_exchange(&error))?;
        // It ends when the last sender is gone, or the other side closes it.
        tokio::spawn(drive);
        let connection = Http2Connection { send, streams: Arc::default(), greeting };
        let stream = stream_on(&connection);
        if shared {
            lock(&self.http2).push(connection);
        }
        Ok(stream)
    }

    /// Closes what has been idle for long.
    pub(super) fn sweep(&self) {
        let now = self.clock.now();
        let mut idle = lock(&self.idle);
        let old = idle.partition_point(|connection| connection.since + IDLE <= now);
        drop(idle.drain(..old));
    }
}

fn stream_on(connection: &Http2Connection) -> PooledConnection {
    connection.streams.fetch_add(1, Ordering::Relaxed);
    PooledConnection::Http2 {
        send: connection.send.clone(),
        greeting: connection.greeting.clone(),
        _slot: StreamSlot(connection.streams.clone()),
    }
}

/// The length of an answer's head as HTTP/1.1 writes it: its status line, a line for each field, an empty one.
fn head_of(response: &Response<Incoming>) -> usize {
    let reason = response.extensions().get::<ReasonPhrase>().map(|reason| reason.as_bytes().len());
    let reason = reason.or_else(|| response.status().canonical_reason().map(str::len)).unwrap_or(0);
    let line = "HTTP/1.1 200 ".len() + reason + 2;
    response.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>() + line + 2
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CheckedOut<'_> {
    /// Sends a request; the head of its answer, or in a word why there is none.
    pub(super) async fn send(&mut self, request: Request<OutgoingBody>) -> Result<Response<Incoming>, &'static str> {
        let answered = match &mut self.connection {
            PooledConnection::Http2 { send, greeting, .. } => {
                let answered = send.send_request(request).await;
                if answered.is_err() && greeting.is_no_http_2() {
                    return Err(word::NOT_HTTP_2);
                }
                answered
            }
            PooledConnection::Http1(connection) => {
                let mut answer = pin!(connection.send.send_request(request));
                poll_fn(|cx| {
                    connection.drive(cx);
                    answer.as_mut().poll(cx)
                })
                .await
            }
        };
        let response = answered.map_err(|error| word::of_exchange(&error))?;
        if head_of(&response) > HEAD || response.headers().len() > HEAD_LINES { Err(word::HEAD_TOO_LONG) } else { Ok(response) }
    }

    /// The next piece of the body; `None` at its end.
    pub(super) async fn frame(&mut self, body: &mut Incoming) -> Option<Result<Frame<Bytes>, hyper::Error>> {
        poll_fn(|cx| {
            let PooledConnection::Http1(connection) = &mut self.connection else { return Pin::new(&mut *body).poll_frame(cx) };
            // The body says that it wants more, the connection brings it.
            if let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(cx) {
                return Poll::Ready(frame);
            }
            connection.drive(cx);
            Pin::new(&mut *body).poll_frame(cx)
        })
        .await
    }

    /// Whether the body ends. What still comes of it is lost.
    pub(super) async fn ends(&mut self, body: &mut Incoming) -> bool {
        loop {
            match self.frame(body).await {
                None => return true,
                Some(Ok(_)) => {}
                Some(Err(_)) => return false,
            }
        }
    }

    /// Back to the pool, after a whole answer.
    pub(super) fn give_back(self) {
        let Self { pool, connection, turn } = self;
        if let PooledConnection::Http1(mut connection) = connection
            && pool.connections != Connections::PerRequest
            && connection.is_ready()
        {
            connection.since = pool.clock.now();
            let mut idle = lock(&pool.idle);
            if idle.len() < MOST_IDLE {
                idle.push(connection);
                drop(idle);
                pool.freed.notify_one();
            }
        }
        drop(turn);
    }
}
