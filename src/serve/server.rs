//! The server: where it listens, which routes it has, how it ends.

use super::{App, api, live, metrics, page};
use crate::listen::{self, HEAD_WITHIN, ServerLimits};
use crate::units::Explained;
use axum::Router;
use hyper_util::service::TowerToHyperService;
use std::borrow::Cow;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How many connections may be open.
const CONNECTIONS: usize = 1_024;

/// Where and how it serves.
#[derive(Debug, Clone)]
pub struct ServeSettings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
}

/// Why it cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// It cannot listen there.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// The operating system's words.
        source: std::io::Error,
    },
}

impl Explained for ServeError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some("choose another address with `--listen`; port 0 takes a free one".into())
    }
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    app: App,
}

impl Server {
    /// Listens.
    ///
    /// # Errors
    /// Where it cannot.
    pub async fn listen(settings: &ServeSettings, app: App) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Listen { address: settings.listen, source };
        let listener = TcpListener::bind(settings.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address, app })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until it is stopped.
    pub async fn serve(self, mut stop: watch::Receiver<bool>) {
        let watching = live::LiveHub::default();
        let routes: Router<App> =
            page::routes().merge(live::routes(watching.clone())).merge(api::routes()).merge(metrics::routes());
        let routes = routes.layer(axum::middleware::from_fn_with_state(self.app.clone(), page::around)).with_state(self.app);
        let limits = ServerLimits { head: HEAD_WITHIN, most: CONNECTIONS };
        let stopping = async move {
            let _ = stop.wait_for(|stop| *stop).await;
            // Streams never end by themselves.
            watching.close();
        };
        listen::serve(self.listener, TowerToHyperService::new(routes), limits, stopping).await;
    }
}
