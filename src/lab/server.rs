//! The accept loop that provider and gateway share: HTTP/1.1 with keep-alive, one task a connection, every task joined.
//!
//! Stopping is graceful first: idle connections close at once, exchanges in progress may end within [`GRACE`], the rest is cut.
//! A client that hangs up ends the work on its request; one that only ends its direction waits for the answer and gets it.

use super::LabError;
use crate::dialect::WireAnswer;
use crate::listen::{self, Callers, Progress, Reached};
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// How long exchanges in progress may take to end when the server is stopped.
const GRACE: Duration = Duration::from_millis(250);

/// How long the head of a request may take. As long as real servers wait: a fault on bytes before a provider may make it late.
const HEAD: Duration = Duration::from_secs(60);
pub(super) use crate::listen::HEAD_LINES;

/// The body of every answer here.
pub(super) type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// A running accept loop. Dropping it cuts every connection; [`Server::stop`] is the polite way.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens and answers every request with `handle`. Needs a runtime around it.
    pub(super) fn start<H, F>(who: &str, listen: SocketAddr, handle: H) -> Result<Self, LabError>
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let bound = || -> std::io::Result<(TcpListener, SocketAddr)> {
            let listener = std::net::TcpListener::bind(listen)?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok((TcpListener::from_std(listener)?, address))
        };
        let (listener, address) = bound().map_err(|source| LabError::Listen { who: who.to_owned(), address: listen, source })?;
        let (stop, stopped) = watch::channel(false);
        Ok(Self { address, stop, task: tokio::spawn(accept(listener, handle, stopped)) })
    }

    /// Where a client on this host reaches it: loopback where it listens on every address.
    pub(super) fn address(&self) -> SocketAddr {
        let ip = if self.address.ip().is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { self.address.ip() };
        SocketAddr::new(ip, self.address.port())
    }

    /// Stops listening and waits until every connection is closed.
    pub(super) async fn stop(mut self) {
        self.stop.send_replace(true);
        // The loop does not panic and nobody else aborts it; if it did, it is over, which is all that is asked.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept<H, F>(listener: TcpListener, handle: H, stopped: watch::Receiver<bool>)
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let (mut connections, mut stop) = (JoinSet::new(), stopped.clone());
    loop {
        tokio::select! {
            _ = stop.changed() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => {
                    let handle = handle.clone();
                    let service = service_fn(move |request| {
                        let answer = handle(request);
                        async { Ok::<_, Infallible>(answer.await) }
                    });
                    // As many as come: how many clients there are is part of what is drilled here.
                    connections.spawn(listen::converse(socket, service, Arc::new(Progress::new(HEAD)), stopped.clone()));
                }
                // Out of file descriptors, or a client that was gone at once: the first needs a moment, neither an end.
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            },
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
    connections.shutdown().await;
}

/// Why a request that only programs may make is refused, where a web page makes it.
pub(super) fn refusal(request: &Request<Incoming>) -> Option<Response<Body>> {
    let reached = request.extensions().get::<Reached>()?;
    let callers = Callers::of(reached.address, [], "nothing: the lab is known by its address only");
    let refusal = callers.refuse(request.uri(), request.headers(), reached.address.ip())?;
    Some(json(403, &serde_json::json!({"error": refusal.error, "hint": refusal.hint})))
}

/// Why a request's body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    TooLong,
    Cut,
}

/// A request's body as far as `limit` bytes.
pub(super) async fn whole_body(body: Incoming, limit: usize) -> Result<Bytes, BodyError> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(BodyError::TooLong),
        Err(_) => Err(BodyError::Cut),
    }
}

/// A body that is at hand.
pub(super) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A dialect's answer as hyper sends it.
pub(super) fn response(answer: WireAnswer) -> Response<Body> {
    let mut builder = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        builder = builder.header(name, value);
    }
    builder.body(full(answer.body)).expect("the dialect writes valid statuses and headers")
}

/// A JSON answer.
pub(super) fn json(status: u16, body: &serde_json::Value) -> Response<Body> {
    response(WireAnswer { status, headers: vec![("content-type", "application/json".into())], body: body.to_string().into_bytes() })
}
