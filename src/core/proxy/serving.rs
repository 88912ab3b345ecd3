//! HTTP/1.1 or HTTP/2 towards the gateway, within TLS where the proxy speaks it.

use super::connection_flow::ConnectionFlow;
use super::connection_tasks::ConnectionExecutor;
use super::exchange::Exchanger;
use super::gateway_socket::GatewaySocket;
use super::interim::{GatewayIo, InterimWriter};
use super::message_head::HEAD_BYTES;
use super::opening::{Opening, send_away};
use super::straight_path::{PathEnd, StraightPath};
use super::upstream::HEAD_LIST;
use crate::listen::HEAD_LINES;
use bytes::BytesMut;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::Builder;
use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use tokio_rustls::TlsAcceptor;

/// HTTP server of one connection, with TLS where the proxy terminates it.
pub(super) struct Serving {
    pub(super) exchanger: Arc<Exchanger>,
    pub(super) executor: ConnectionExecutor,
    pub(super) interim: InterimWriter,
    pub(super) flow: Arc<ConnectionFlow>,
    /// Ends after one exchange: the next request may be for somebody else.
    pub(super) is_single: bool,
    /// Ends as soon as it carries nothing, once this is true.
    pub(super) draining: Arc<AtomicBool>,
}

impl Serving {
    /// Serves until one of both ends it.
    pub(super) async fn run(self, gateway: GatewaySocket, acceptor: Option<TlsAcceptor>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let Some(acceptor) = acceptor else { return self.serve(gateway, false).await };
        let secured = acceptor.accept(gateway).await?;
        let is_framed = secured.get_ref().1.alpn_protocol() == Some(b"h2");
        // The handshake asked for nothing.
        self.flow.state().heard = false;
        self.serve(secured, is_framed).await
    }

    /// `is_framed` where TLS agreed on HTTP/2.
    async fn serve(
        self,
        mut io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        is_framed: bool,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let Self { exchanger, executor, interim, flow, is_single, draining } = self;
        let mut ahead = BytesMut::with_capacity(1024);
        let opening = {
            let mut opening = pin!(Opening::read(&mut io, &mut ahead, is_framed));
            poll_fn(|cx| if draining.load(Ordering::Relaxed) { Poll::Ready(Ok(None)) } else { opening.as_mut().poll(cx).map_ok(Some) })
                .await?
        };
        match opening {
            // It carries nothing, and nothing new is taken.
            None => return Ok(()),
            Some(Opening::Http1) => {}
            Some(Opening::Http2) => flow.state().is_framed = true,
            Some(Opening::Neither) => return Ok(send_away(&mut io).await?),
        }
        let mut is_handed = false;
        if let Some(provider) = &exchanger.upstream.straight
            && !is_single
            && !flow.state().is_framed
        {
            let path = StraightPath::new(io, ahead, exchanger.clone(), provider.clone(), draining.clone());
            match path.run().await? {
                PathEnd::Over => return Ok(()),
                PathEnd::Handed(back, rest) => {
                    (io, ahead, is_handed) = (back, rest, true);
                }
            }
        }
        let io = GatewayIo::new(io, ahead.freeze(), interim, flow);
        let service = service_fn(move |request| {
            let exchanger = exchanger.clone();
            async move { exchanger.exchange(request).await }
        });
        let mut builder = Builder::new(executor);
        if is_handed {
            // What began as HTTP/1.1 goes on as that.
            builder = builder.http1_only();
        }
        // The date is the provider's to say, not ours.
        builder.http1().keep_alive(!is_single).auto_date_header(false);
        builder.http2().auto_date_header(false);
        // A gateway may end its direction after the request: whether it waits for the answer is asked of its socket, by the connection.
        builder.http1().half_close(true);
        builder.http1().max_buf_size(HEAD_BYTES).max_headers(HEAD_LINES);
        builder.http2().max_header_list_size(HEAD_LIST);
        let mut connection = pin!(builder.serve_connection_with_upgrades(TokioIo::new(io), service));
        let mut is_told = false;
        poll_fn(|cx| {
            if !is_told && draining.load(Ordering::Relaxed) {
                is_told = true;
                connection.as_mut().graceful_shutdown();
            }
            connection.as_mut().poll(cx)
        })
        .await
    }
}

/// Timer for the head of a request, or a handshake. It runs while the gateway is half-way through one.
#[derive(Debug, Default)]
pub(super) struct HeadTimer(Option<Pin<Box<Sleep>>>);

impl HeadTimer {
    /// Ready where that took longer than it may. To be polled after whatever reads.
    pub(super) fn poll(&mut self, flow: &ConnectionFlow, may: Duration, cx: &mut Context<'_>) -> Poll<()> {
        if !flow.is_halfway() {
            self.0 = None;
            return Poll::Pending;
        }
        self.0.get_or_insert_with(|| Box::pin(sleep(may))).as_mut().poll(cx)
    }
}

/// What the gateway says first, still to be read; `None` where it closed instead.
pub(super) async fn first_byte(socket: &TcpStream) -> Option<u8> {
    let mut first = [0];
    matches!(socket.peek(&mut first).await, Ok(1..)).then_some(first[0])
}
