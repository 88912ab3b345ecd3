//! The accept loop that provider and gateway share: HTTP/1.1 with keep-alive, and HTTP/2 where a client begins with its preface (prior
//! knowledge, RFC 9113, section 3.3; there is no TLS here in which it could be offered). One task a connection, every task joined.
//!
//! Stopping is graceful first: idle connections close at once, exchanges in progress may end within [`GRACE`], the rest is cut.
//! A client that hangs up ends the work on its request; one that only ends its direction waits for the answer and gets it.

use super::LabError;
use crate::dialect::WireAnswer;
use crate::listen::{self, Callers, ConnectionProgress, Reached};
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// How long exchanges in progress may take to end when the server is stopped.
const GRACE: Duration = Duration::from_millis(250);

/// How long the head of a request may take. As long as real servers wait: a fault on bytes before a provider may make it late.
const HEAD: Duration = Duration::from_secs(60);
pub(super) use crate::listen::HEAD_LINES;

/// How HTTP/2 begins, as far as nothing else does.
const PREFACE: &[u8; 6] = b"PRI * ";

/// The body of every answer here.
pub(super) type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// A running accept loop. Dropping it cuts every connection; [`LabServer::stop`] is the polite way.
#[derive(Debug)]
pub(super) struct LabServer {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl LabServer {
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

impl Drop for LabServer {
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
                    connections.spawn(converse(socket, service, stopped.clone()));
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

/// Serves one connection in the version of HTTP that its first bytes say.
async fn converse<S>(socket: TcpStream, service: S, mut stopped: watch::Receiver<bool>)
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
{
    let is_http2 = tokio::select! {
        begins = begins_http2(&socket) => begins,
        () = tokio::time::sleep(HEAD) => return,
        _ = stopped.wait_for(|stop| *stop) => return,
    };
    if !is_http2 {
        return listen::converse(socket, service, Arc::new(ConnectionProgress::new(HEAD)), stopped).await;
    }
    let _ = socket.set_nodelay(true);
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.timer(TokioTimer::new()).keep_alive_interval(HEAD);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(socket), service));
    // How a connection ends is the client's affair.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|stop| *stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

/// Whether a connection begins with the preface of HTTP/2. Takes nothing of it.
async fn begins_http2(socket: &TcpStream) -> bool {
    let mut first = [0; PREFACE.len()];
    loop {
        match socket.peek(&mut first).await {
            Ok(count) if count > 0 && PREFACE.starts_with(&first[..count]) => {
                if count == PREFACE.len() {
                    return true;
                }
                // What is looked at is not taken, so the socket stays readable: the rest is on its way.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            _ => return false,
        }
    }
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
