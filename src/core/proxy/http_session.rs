//! HTTP on one connection of a gateway, with what runs beside it, as one thing to poll.

use super::connection_flow::{ConnectionFlow, WriteProgress};
use super::connection_tasks::ConnectionTasks;
use super::gateway_socket::poll_drain;
use super::proxy_context::ProxyContext;
use super::serving::HeadTimer;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::net::TcpStream;

/// Session of HTTP on a connection: its server, its exchanges, and who looks whether the gateway is still there. Dropped, all of it ends.
pub(super) struct HttpSession<'c, S> {
    shared: &'c ProxyContext,
    socket: &'c TcpStream,
    flow: &'c ConnectionFlow,
    /// `None` once HTTP has ended.
    server: Option<Pin<Box<S>>>,
    tasks: ConnectionTasks,
    head_timer: HeadTimer,
}

impl<'c, S: Future<Output = Result<(), Box<dyn Error + Send + Sync>>>> HttpSession<'c, S> {
    pub(super) fn new(
        shared: &'c ProxyContext,
        socket: &'c TcpStream,
        flow: &'c ConnectionFlow,
        server: S,
        tasks: ConnectionTasks,
    ) -> Self {
        Self { shared, socket, flow, server: Some(Box::pin(server)), tasks, head_timer: HeadTimer::default() }
    }

    /// All exchanges shall look again: another fault set is in force.
    pub(super) fn stir(&self) {
        self.tasks.stir();
    }

    /// Ready once nothing goes on, or the gateway keeps a place for half of a request. `gone` tells that it has hung up.
    pub(super) fn poll(&mut self, gone: Pin<&mut impl Future<Output = ()>>, cx: &mut Context<'_>) -> Poll<()> {
        let (shared, flow) = (self.shared, self.flow);
        if let Some(server) = &mut self.server
            && let Poll::Ready(ended) = server.as_mut().poll(cx)
        {
            if let Err(error) = ended {
                tracing::debug!(proxy = %shared.proxy, %error, "a connection ended badly");
            }
            self.server = None;
        }
        self.tasks.poll(cx);
        // Not all who write to the socket ask it again once they have flushed.
        if poll_drain(self.socket, flow, &shared.counters, cx).is_ready() && flow.state().written != WriteProgress::Partly {
            flow.flushed();
        }
        if self.server.is_some() && self.head_timer.poll(flow, shared.head, cx).is_ready() {
            // Anyone who sends half of something keeps no place for it.
            return Poll::Ready(());
        }
        // Only then: idle, its end is seen by the server.
        if self.server.is_some() && flow.is_underway() && gone.poll(cx).is_ready() {
            tracing::debug!(proxy = %shared.proxy, "the gateway has hung up");
            self.server = None;
        }
        if self.server.is_none() && self.tasks.end_http() { Poll::Ready(()) } else { Poll::Pending }
    }
}
