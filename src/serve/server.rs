//! The server: where it listens, which routes it has, how it ends.

use super::access::{self, SiteSettings};
use super::{App, api, live, metrics, page};
use crate::listen::{self, HEAD_WITHIN, ServerLimits};
use crate::project::{Findings, Project};
use crate::store::StoreError;
use crate::units::Explained;
use axum::Router;
use axum::middleware::from_fn_with_state;
use hyper_util::service::TowerToHyperService;
use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How many connections may be open.
const CONNECTIONS: usize = 1_024;
/// How long a client may take none of its answer: a watcher's connection is cut then, and their browser comes again.
const STALL: Duration = Duration::from_secs(10);

/// Where and how it serves.
#[derive(Debug, Clone)]
pub struct ServeSettings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How it is reached by people.
    pub site: SiteSettings,
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
    /// Everybody who can reach it could do everything.
    #[error("{place} can be reached from elsewhere, and nobody has to say who they are")]
    Open {
        /// Where it would listen, or how it would be called.
        place: String,
    },
    /// Who may sign in stands in a file that cannot be read.
    #[error("who may sign in stands in the inventory, and the project is not valid: {}", first(findings))]
    Inventory {
        /// What is wrong.
        findings: Box<Findings>,
    },
    /// The store does not tell whether there are tokens.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn first(findings: &Findings) -> String {
    findings.into_iter().next().map(ToString::to_string).unwrap_or_default()
}

impl Explained for ServeError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Listen { .. } => Some("choose another address with `--listen`; port 0 takes a free one".into()),
            Self::Open { .. } => Some(
                "make a token first: `lifeboat token create NAME --role admin`; or let people sign in, with `serve: {oidc: …}` in the inventory".into(),
            ),
            Self::Inventory { .. } => Some("`lifeboat check` tells all of it".into()),
            Self::Store(error) => error.hint(),
        }
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
    /// Listens. Elsewhere than on loopback it does so only where there is a token, or a provider of sign-in.
    ///
    /// # Errors
    /// Where it cannot, or must not.
    pub async fn listen(settings: &ServeSettings, app: App) -> Result<Self, ServeError> {
        let root = app.root().to_owned();
        let opened = tokio::task::spawn_blocking(move || Project::open(&root)).await;
        let (project, findings) = opened.map_err(|error| ServeError::Listen { address: settings.listen, source: error.into() })?;
        if findings.has_errors() {
            return Err(ServeError::Inventory { findings: Box::new(findings) });
        }
        let failed = |source| ServeError::Listen { address: settings.listen, source };
        let listener = TcpListener::bind(settings.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        // Asked of the socket, which answers nobody yet.
        let is_near = address.ip().to_canonical().is_loopback();
        let public = settings.site.public_url.as_ref().filter(|url| !url.is_loopback());
        let is_told = project.inventory.serve.oidc.is_some() || app.store().has_tokens().await?;
        if !is_told && (!is_near || public.is_some()) {
            let place = public.map_or_else(|| address.to_string(), ToString::to_string);
            return Err(ServeError::Open { place });
        }
        app.access().settle(address, settings.site.clone(), &project.inventory);
        Ok(Self { listener, address, app })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// True where tokens and cookies travel as plain text over a network.
    pub fn is_overheard(&self, settings: &ServeSettings) -> bool {
        let is_https = settings.site.public_url.as_ref().is_some_and(super::PublicUrl::is_https);
        !self.address.ip().to_canonical().is_loopback() && !is_https
    }

    /// Answers until it is stopped.
    pub async fn serve(self, mut stop: watch::Receiver<bool>) {
        let limits = ServerLimits { head: HEAD_WITHIN, most: CONNECTIONS, stall: Some(STALL) };
        let watching = live::LiveHub::default();
        let routes = routes(self.app, &watching);
        let stopping = async move {
            let _ = stop.wait_for(|stop| *stop).await;
            // Streams never end by themselves.
            watching.close();
        };
        listen::serve(self.listener, TowerToHyperService::new(routes), limits, stopping).await;
    }
}

/// Every route, behind the one gate.
fn routes(app: App, watching: &live::LiveHub) -> Router {
    let routes = page::routes().merge(live::routes(watching.clone())).merge(api::routes()).merge(metrics::routes()).merge(access::routes());
    let routes = routes.fallback(async || axum::http::StatusCode::NOT_FOUND).layer(from_fn_with_state(app.clone(), page::around));
    routes.layer(from_fn_with_state(app.clone(), access::guard)).with_state(app)
}
