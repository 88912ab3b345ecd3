//! Listens while a runbook is walked, so that people answer its questions from elsewhere than the terminal.
//!
//! | call | what it does |
//! |---|---|
//! | `GET /v1/execution` | the runbook, the step that runs and the open questions, as JSON |
//! | `POST /v1/questions/ID` | `{"answer": "yes", "comment": "…"}`; of a checklist `"1 2"`, `"all"` or `"failed"` |
//! | `POST /v1/notes` | `{"text": "…"}` becomes a note in the history |
//! | `POST /v1/acknowledge` | `{"comment": "…"}`: somebody has taken it on |
//! | `GET /a/TOKEN` | the page behind a one-time link: a form, and nothing happens |
//! | `POST /a/TOKEN` | answers by that link, once |
//!
//! Who calls is told by a token (`Authorization: Bearer …`) that the inventory names for a contact (`token_from`), or by a signature with it: then
//! the body has `by`, `time` (seconds since 1970) and `signature` too, which is HMAC-SHA-256 in hexadecimal over the lines `ID`, `by`, `time`,
//! `answer`, `comment`. A good signature counts once, and for five minutes. The token of `--token-from` reads and takes notes, and answers nothing.
//!
//! 200 says that it is in the history. Anything else says why it is not: 400 and 422 for what is no answer, 401 for who is not known, 403 for who is
//! not asked, 404 for what never was, 409 for who is too late, 410 for what is over or used up, 413 and 415 for bodies, 503 where nothing can be
//! written.

use super::answer_routes::{DoorbellContext, routes};
use crate::listen::{self, HEAD_WITHIN, ServerLimits};
use crate::units::{Explained, Secret};
use hyper_util::service::TowerToHyperService;
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Connections that may be open. One that waits for nothing gives way to the next.
const MOST_OPEN: usize = 128;
/// How long calls that are under way may take to end.
const DRAIN: Duration = Duration::from_secs(1);

/// Why nobody listens.
#[derive(Debug, thiserror::Error)]
pub enum DoorbellError {
    /// Nobody can listen there.
    #[error("cannot listen on {listen}: {source}")]
    Bind {
        /// Where, as it was asked for.
        listen: String,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// The token that readers must send is not there.
    #[error("{problem}")]
    NoToken {
        /// What is wrong, and what to type.
        problem: String,
    },
    /// Anyone who can reach it could read what goes on.
    #[error("everybody who can reach {address} could follow this runbook")]
    Open {
        /// Where.
        address: SocketAddr,
    },
}

impl Explained for DoorbellError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match self {
            Self::NoToken { .. } => return None,
            Self::Bind { .. } => "choose another address with `--listen HOST:PORT`; port 0 takes a free one",
            Self::Open { .. } => "require a token with `--token-from env:NAME`, or listen on 127.0.0.1",
        }))
    }
}

/// A port that is taken, where nobody is answered yet.
#[derive(Debug)]
pub struct Doorbell {
    listener: TcpListener,
    address: SocketAddr,
    base: String,
    token: Option<Secret>,
}

impl Doorbell {
    /// Takes `HOST:PORT`; port 0 takes a free one. `token` is what readers must send; `base` is how others reach it, where that is not by
    /// its address.
    ///
    /// # Errors
    /// Where the port cannot be taken, or is open to others without a token.
    pub fn bind(listen: &str, token: Option<Secret>, base: Option<String>) -> Result<Self, DoorbellError> {
        let wrong = |source| DoorbellError::Bind { listen: listen.to_owned(), source };
        let listener = TcpListener::bind(listen).map_err(wrong)?;
        listener.set_nonblocking(true).map_err(wrong)?;
        let address = listener.local_addr().map_err(wrong)?;
        if token.is_none() && !address.ip().to_canonical().is_loopback() {
            return Err(DoorbellError::Open { address });
        }
        let ip = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let base = base.unwrap_or_else(|| format!("http://{}", SocketAddr::new(ip, address.port())));
        Ok(Self { listener, address, base: base.trim_end_matches('/').to_owned(), token })
    }

    /// How others reach it, without a slash at its end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Answers from now on.
    pub(super) fn open(self, mut context: DoorbellContext) -> std::io::Result<OpenDoorbell> {
        let host = self.base.split("//").nth(1).unwrap_or_default().split(['/', ':']).next().unwrap_or_default();
        context.guarded(self.address, host.to_owned(), self.token);
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let (stop, mut stopped) = watch::channel(false);
        let mut late = stopped.clone();
        let stopping = async move {
            // A sender that is gone is a stop as well.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        let limits = ServerLimits { head: HEAD_WITHIN, most: MOST_OPEN, stall: None };
        let server = listen::serve(listener, TowerToHyperService::new(routes(context)), limits, stopping);
        let task = tokio::spawn(async move {
            tokio::select! {
                () = server => {}
                () = async {
                    let _ = late.wait_for(|stop| *stop).await;
                    tokio::time::sleep(DRAIN).await;
                } => {}
            }
        });
        Ok(OpenDoorbell { stop, task })
    }
}

/// One that answers. Dropping it ends it.
#[derive(Debug)]
pub(super) struct OpenDoorbell {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl OpenDoorbell {
    /// Answers nobody more.
    pub(super) async fn stop(self) {
        self.stop.send_replace(true);
        let _ = self.task.await;
    }
}
