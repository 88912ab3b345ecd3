//! A connection to a provider that speaks HTTP/1.1 without TLS, driven by the exchange that has it, and those that wait for the next one.
//!
//! Nothing is handed from task to task: who asks reads and writes the connection. Nobody drives one that waits; whether the provider has closed
//! it is seen when it is taken, and once a second by who looks after all that wait.
//!
//! What this file does not do: TLS, HTTP/2, or anything that hyper is left to do.

use super::carrier::Carrier;
use super::pump::{poll_write, with_read};
use super::straight_answer::{BadHead, StraightAnswer};
use super::upstream_route::UpstreamConnector;
use bytes::{Buf, BytesMut};
use hyper::Uri;
use hyper::http::uri::Authority;
use std::error::Error;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tower_service::Service;

/// A connection that has waited for so long is closed: a provider would soon close it itself, in the middle of a request.
const IDLE: Duration = Duration::from_secs(60);
/// How often is looked which of those that wait are over.
const LOOK: Duration = Duration::from_secs(1);

/// A connection to a provider, in the hands of one exchange.
#[derive(Debug)]
pub(super) struct ProviderLink {
    socket: TcpStream,
    /// What came and was not read out yet.
    pub(super) came: BytesMut,
    seen: usize,
    /// Another exchange had it before.
    pub(super) is_reused: bool,
    /// Something came since this exchange has it.
    pub(super) has_heard: bool,
    /// It can be written to.
    pub(super) is_writable: bool,
    /// Some of the request was written.
    pub(super) has_said: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Bad(#[from] BadHead),
    /// The provider closed it instead.
    #[error("connection closed before message completed")]
    Closed,
    /// There is no connection.
    #[error(transparent)]
    Unreachable(Box<dyn Error + Send + Sync>),
}

impl ProviderLink {
    fn new(socket: TcpStream, is_reused: bool) -> Self {
        Self { socket, came: BytesMut::new(), seen: 0, is_reused, has_heard: false, is_writable: true, has_said: false }
    }

    /// Writes what can be written of this.
    pub(super) fn poll_say(&mut self, bytes: &mut BytesMut, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !bytes.is_empty() {
            let written = match ready!(poll_write(&self.socket, bytes, cx)) {
                Ok(written) => written,
                Err(error) => {
                    self.is_writable = false;
                    return Poll::Ready(Err(error));
                }
            };
            self.has_said = true;
            bytes.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    /// Reads what is there; 0 at the end.
    pub(super) fn poll_hear(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let came = &mut self.came;
        let count = ready!(with_read(&self.socket, usize::MAX, cx, |bytes| came.extend_from_slice(bytes)))?;
        self.has_heard |= count > 0;
        Poll::Ready(Ok(count))
    }

    /// The head of the next answer.
    pub(super) fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<StraightAnswer, LinkError>> {
        loop {
            if !self.came.is_empty()
                && let Some(answer) = StraightAnswer::take(&mut self.came, &mut self.seen)?
            {
                return Poll::Ready(Ok(answer));
            }
            if ready!(self.poll_hear(cx))? == 0 {
                return Poll::Ready(Err(LinkError::Closed));
            }
        }
    }

    /// True where the request may be sent again on another connection: this one was over before anything was said on it.
    pub(super) const fn is_unused(&self) -> bool {
        self.is_reused && !self.has_said && !self.has_heard
    }

    /// True where nothing has come, not even an end, as far as the runtime knows.
    fn is_quiet(&self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        self.came.is_empty()
            && match self.socket.poll_read_ready(&mut context) {
                Poll::Pending => true,
                Poll::Ready(_) => {
                    matches!(self.socket.try_read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
                }
            }
    }
}

/// A provider that is asked over HTTP/1.1 without TLS, with the connections to it that wait for a request.
#[derive(Debug)]
pub(super) struct StraightProvider {
    connector: UpstreamConnector,
    /// As it stands in `host`.
    pub(super) host: String,
    /// For each thread that carries connections its own.
    waiting: Vec<Mutex<WaitingLinks>>,
}

/// Connections that wait for a request.
#[derive(Debug, Default)]
struct WaitingLinks {
    /// Each with the moment since which it waits; the last that came is at the end.
    links: Vec<(TcpStream, Instant)>,
    /// Somebody looks after them.
    is_watched: bool,
}

impl StraightProvider {
    pub(super) fn new(connector: UpstreamConnector, authority: &Authority) -> Arc<Self> {
        let host = match authority.port_u16() {
            Some(port) if port != 80 => format!("{}:{port}", authority.host()),
            _ => authority.host().to_owned(),
        };
        let waiting = (0..Carrier::count()).map(|_| Mutex::default()).collect();
        Arc::new(Self { connector, host, waiting })
    }

    /// Those of one thread.
    fn waiting(&self, place: usize) -> MutexGuard<'_, WaitingLinks> {
        // A panic while the lock was held leaves connections that are still whole.
        self.waiting[place].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that waits, where there is one that is not over.
    pub(super) fn waiting_link(&self) -> Option<ProviderLink> {
        loop {
            let (socket, since) = self.waiting(Carrier::here()).links.pop()?;
            let link = ProviderLink::new(socket, true);
            if since.elapsed() < IDLE && link.is_quiet() {
                return Some(link);
            }
        }
    }

    /// A new connection.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn connect(&self) -> Result<ProviderLink, LinkError> {
        let connected = self.connector.clone().call(Uri::default()).await.map_err(LinkError::Unreachable)?;
        Ok(ProviderLink::new(connected.into_inner(), false))
    }

    /// Takes a connection back whose exchange is over, with its answer.
    pub(super) fn keep(self: &Arc<Self>, link: ProviderLink) {
        if !link.came.is_empty() || !link.is_writable {
            return;
        }
        let place = Carrier::here();
        let mut waiting = self.waiting(place);
        waiting.links.push((link.socket, Instant::now()));
        if !std::mem::replace(&mut waiting.is_watched, true) {
            tokio::spawn(watch(Arc::downgrade(self), place));
        }
    }
}

/// Closes those that are over, until none waits.
async fn watch(provider: Weak<StraightProvider>, place: usize) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(provider) = provider.upgrade() else { return };
        let mut waiting = provider.waiting(place);
        waiting.links.retain(|(socket, since)| {
            let mut context = Context::from_waker(Waker::noop());
            since.elapsed() < IDLE && socket.poll_read_ready(&mut context).is_pending()
        });
        waiting.is_watched = !waiting.links.is_empty();
        if !waiting.is_watched {
            return;
        }
    }
}
