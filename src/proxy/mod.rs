//! The fault proxy: what stands between a gateway and a provider, and breaks it when told to over the control API.
//!
//! ```text
//!  control API ──► registry ──► keeper (one a proxy: listener, toxics, leases)
//!    (api)                        │ publishes a Hold to every link
//!                                 ▼
//!  gateway ◄──► gate ◄──► link: bytes (tcp), or exchange (HTTP) ◄──► upstream
//!                                 │
//!                                 └─► sight: events of exchanges and faults, GET /events
//! ```
//!
//! # How a fault takes hold
//!
//! A keeper publishes the set of faults in force as one `Hold`. Each open connection is one task that watches for a new
//! hold before it does anything else; it lets go of the old one only when it obeys the new one. When the last has let go, the
//! keeper stamps `hi` and answers. What is sent after that is affected, on open and pooled connections too. Acts on bytes
//! (refuse, blackhole, reset, latency, bandwidth) work at the gateway's socket, beneath HTTP, so both modes share them.
//!
//! # What it sees
//!
//! With a dialect, each exchange becomes an event when it ends: whole once its last byte was taken by the operating system for
//! the gateway's connection, else `cut`. A request that a blackhole keeps from being read leaves no exchange.
//!
//! What this room does not do: decide what a fault's bytes or delays are (`fault`, `dialect`), or speak TLS towards the gateway.

mod api;
mod events;
mod exchange;
mod flow;
mod gate;
mod hold;
mod keeper;
mod link;
mod listener;
mod registry;
mod sight;
mod upstream;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Why a proxy could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// The address of the control API cannot be bound.
    #[error(
        "the control API cannot listen on {address}: {source}\n\nhint: choose another port, or 0 for any free one; `ss -ltnp` shows who has it"
    )]
    Bind {
        /// The address that was asked for.
        address: SocketAddr,
        /// The operating system's words.
        source: std::io::Error,
    },
}

/// A running proxy. It starts empty; everything else goes over its control API. Dropping it ends it without waiting.
#[derive(Debug)]
pub struct Proxy {
    api: SocketAddr,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl Proxy {
    /// Starts the control API on `api` within the current tokio runtime; port 0 takes any free one.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub async fn start(api: SocketAddr) -> Result<Self, ProxyError> {
        let bind = |source| ProxyError::Bind { address: api, source };
        let listener = TcpListener::bind(api).await.map_err(bind)?;
        let api = listener.local_addr().map_err(bind)?;
        let (stop, stopped) = watch::channel(false);
        let registry = Arc::new(registry::Registry::new());
        let server = tokio::spawn(api::serve(listener, registry, stopped));
        Ok(Self { api, stop, server })
    }

    /// Where the control API listens.
    pub const fn api(&self) -> SocketAddr {
        self.api
    }

    /// Ends every proxy, connection and reader, and waits until they have ended.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        // An error here would be a panic of the server's task; there is nothing left to stop then.
        let _ = self.server.await;
    }
}
