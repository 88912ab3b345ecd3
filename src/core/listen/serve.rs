//! The accept loop of a server with few places, and the life of one connection of any of our servers: HTTP/1.1 with keep-alive.
//!
//! A new connection always gets a place: where all are taken, the one that has waited longest without being answered goes. So half-sent
//! requests, however many, keep nobody out.

use super::progress::ConnectionProgress;
use crate::peer::{SharedSocket, gone, probe};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::error::Error;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;

/// How many headers a request or an answer may have. Nobody needs as many, but room for them is made for each head that is read.
pub const HEAD_LINES: usize = 2_048;

/// Limits of a server: how long a head may take, and how many connections may be open.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// How long the head of a request may take.
    pub head: Duration,
    /// How many connections may be open.
    pub most: usize,
    /// How long a client may take none of its answer; `None` waits for ever.
    pub stall: Option<Duration>,
}

/// To which address a request came; every request has it among its extensions.
#[derive(Debug, Clone)]
pub struct Reached {
    /// The address of this end of the connection.
    pub address: SocketAddr,
    /// The address of the other end.
    pub from: SocketAddr,
    progress: Arc<ConnectionProgress>,
}

/// Open connections of a server, each with its place.
#[derive(Debug, Default)]
struct OpenConnections {
    tasks: JoinSet<()>,
    places: Vec<(Arc<ConnectionProgress>, AbortHandle)>,
}

impl OpenConnections {
    /// Makes the one that has waited longest give up its place. Does nothing where all are being answered.
    fn make_room(&mut self) {
        self.places.retain(|(_, task)| !task.is_finished());
        let waiting = self.places.iter().filter_map(|(progress, task)| Some((progress.rank()?, progress, task)));
        if let Some((_, progress, task)) = waiting.min_by_key(|(rank, ..)| *rank)
            && progress.leave()
        {
            task.abort();
        }
    }
}

/// Answers every request with `service` until `stopping` is over, then waits until every connection has ended. Those that wait for nothing end
/// at once; how long the others may take is the caller's to say.
pub async fn serve<S, B>(listener: TcpListener, service: S, limits: ServerLimits, stopping: impl Future<Output = ()>)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (mut open, mut stopping) = (OpenConnections::default(), pin!(stopping));
    let (stop, stopped) = watch::channel(false);
    'accepting: loop {
        let socket = tokio::select! {
            () = &mut stopping => break,
            Some(_) = open.tasks.join_next() => continue,
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => socket,
                Err(_) => {
                    // Out of files, or a client that was gone at once: the first needs a moment, neither an end.
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    continue;
                }
            },
        };
        while open.tasks.len() >= limits.most {
            open.make_room();
            tokio::select! {
                () = &mut stopping => break 'accepting,
                _ = open.tasks.join_next() => {}
            }
        }
        let progress = Arc::new(ConnectionProgress::new(limits.head).with_stall(limits.stall));
        let task = open.tasks.spawn(converse(socket, service.clone(), progress.clone(), stopped.clone()));
        open.places.retain(|(_, task)| !task.is_finished());
        open.places.push((progress, task));
    }
    drop(listener);
    stop.send_replace(true);
    while open.tasks.join_next().await.is_some() {}
}

/// Serves one connection to its end. It ends early where a head takes too long, and where it is told to stop while it waits for nothing.
pub async fn converse<S, B>(socket: TcpStream, service: S, progress: Arc<ConnectionProgress>, mut stopped: watch::Receiver<bool>)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    // An answer must not wait for more; where this fails the connection is already dead.
    let _ = socket.set_nodelay(true);
    // Anyone who vanished keeps no place, even where nothing is said to them.
    probe(&socket);
    let (Ok(address), Ok(from)) = (socket.local_addr(), socket.peer_addr()) else { return };
    let reached = Reached { address, from, progress: progress.clone() };
    let service = service_fn(move |mut request: Request<Incoming>| {
        let turn = reached.progress.asked().then(|| RequestTurn(reached.progress.clone()));
        request.extensions_mut().insert(reached.clone());
        let answer = turn.is_some().then(|| service.call(request));
        async move {
            let (Some(turn), Some(answer)) = (turn, answer) else { return pending().await };
            answer.await.map(|response| response.map(|body| TurnBody { body, _turn: turn }))
        }
    });
    let socket = Arc::new(socket);
    let watched = ProgressSocket { socket: SharedSocket(socket.clone()), progress: progress.clone() };
    let mut builder = http1::Builder::new();
    // A client may end its direction after the request: whether it waits for the answer is asked of its socket.
    builder.half_close(true).max_headers(HEAD_LINES);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(watched), service));
    let mut gone = pin!(gone(&socket, progress.talk()));
    // How a connection ends is the client's affair.
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = gone.as_mut() => return,
        () = progress.overdue() => return,
        () = progress.stalled() => return,
        // A sender that is gone is a stop as well.
        _ = stopped.wait_for(|stop| *stop) => {}
    }
    if progress.is_waiting() {
        return;
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        biased;
        _ = connection.as_mut() => {}
        () = gone => {}
        () = progress.overdue() => {}
        () = progress.stalled() => {}
    }
}

impl Reached {
    /// Its request is whole and will be answered: from now on nobody takes its place.
    pub async fn engage(&self) {
        if !self.progress.engage() {
            // The connection is being ended: nothing may happen any more that nobody would be told of.
            pending::<()>().await;
        }
    }

    /// Ends its connection, whatever is on its way: for a client that has not read what was sent to it for too long.
    pub fn cut(&self) {
        self.progress.cut();
    }

    /// Its answer never ends by itself: a client that ends its direction has no end to wait for.
    pub fn go_on_forever(&self) {
        self.progress.talk().go_on_forever();
    }
}

/// Why a body is not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfinished {
    /// It is too long.
    TooLong,
    /// It did not come in time.
    Late,
    /// The client ended it.
    Cut,
}

/// A request's body of at most `most` bytes, which may take so long.
///
/// # Errors
/// Why it is not whole.
pub async fn whole<B>(body: B, most: usize, patience: Duration) -> Result<Bytes, Unfinished>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    match timeout(patience, Limited::new(body, most).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Unfinished::TooLong),
        Ok(Err(_)) => Err(Unfinished::Cut),
        Err(_) => Err(Unfinished::Late),
    }
}

/// Turn of one request; dropped with the end of its answer.
#[derive(Debug)]
struct RequestTurn(Arc<ConnectionProgress>);

impl Drop for RequestTurn {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// Body of an answer, which holds the request's turn until its end.
#[derive(Debug)]
struct TurnBody<B> {
    body: B,
    _turn: RequestTurn,
}

impl<B: Body + Unpin> Body for TurnBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Socket that tells the connection's progress when something came.
#[derive(Debug)]
struct ProgressSocket {
    socket: SharedSocket,
    progress: Arc<ConnectionProgress>,
}

impl AsyncRead for ProgressSocket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            self.progress.came();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ProgressSocket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write(cx, bytes);
        let written = ready!(self.progress.written(poll))?;
        self.progress.talk().said();
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write_vectored(cx, slices);
        let written = ready!(self.progress.written(poll))?;
        self.progress.talk().said();
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
