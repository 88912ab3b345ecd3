//! The lab: simulated providers and a reference gateway, on loopback, in the process that starts them.
//!
//! A [`SimulatedProvider`] answers as a real one of its dialect does, so that unmodified clients and gateways of others talk to it: believable
//! latency, streams, keys that can be revoked, errors in its dialect's own shape, a record of every attempt. The [`ReferenceGateway`] fails over
//! between providers by rules that are written down exactly, so that the moment of its cutover can be predicted and the
//! instrument checked against it.
//!
//! ```text
//!  latency      how long until the first token (pure)      circuit_breaker      when a provider is left alone (pure)
//!  keys         which credentials are valid                upstream             one provider as the gateway sees it
//!  attempt_log  what reached a provider                    gateway              ordered tries, streamed answers, /status
//!  answer       tokens on their due times                  server               the accept loop of both
//!  key_limits   how much a key may ask for                 provider             the simulated provider
//!  issuer       who mints and revokes a provider's keys    shelf                where they are kept when nobody else does
//!  tokens       minted from a key by a provider            upstream_credential  the key or token that the gateway's requests carry
//!  keylog       tells tests of every simulated key         crowding             how many requests are worked on at once
//! ```
//!
//! What this room does not do: break anything. Faults are the proxy's, which stands between gateway and provider.

mod answer;
mod attempt_log;
mod circuit_breaker;
mod crowding;
mod gateway;
mod issuer;
mod key_limits;
pub mod keylog;
mod keys;
mod latency;
mod provider;
mod refusal_rule;
#[cfg(test)]
mod rig;
mod server;
mod shelf;
mod tokens;
mod try_failure;
mod upstream;
mod upstream_credential;

pub use attempt_log::AttemptRecord;
pub use gateway::{Move, ReferenceGateway};
pub use issuer::LabIssuer;
pub use keys::KeyState;
pub use latency::Draw;
pub use provider::SimulatedProvider;
pub use shelf::Shelf;
pub use tokens::MintedToken;
pub use upstream::Upstream;

use crate::model::Dialect;
use crate::units::Explained;
use std::borrow::Cow;
use std::net::SocketAddr;

/// Why something of the lab could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The address cannot be listened on.
    #[error("{who} cannot listen on {address}: {source}")]
    Listen {
        /// The provider's name, or `the reference gateway`.
        who: String,
        /// Where it should have listened.
        address: SocketAddr,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// The provider speaks a protocol that the lab does not.
    #[error("the lab cannot simulate the provider `{name}`, because it speaks `{dialect}`")]
    Dialect {
        /// The provider.
        name: String,
        /// What it speaks.
        dialect: Dialect,
    },
    /// The reference gateway does not translate.
    #[error("the reference gateway cannot use `{name}`, because that speaks `{dialect}`, and the gateway only OpenAI's dialect")]
    Upstream {
        /// The provider.
        name: String,
        /// What it speaks.
        dialect: Dialect,
    },
    /// A base URL that nothing can be sent to.
    #[error("the gateway cannot reach `{name}` at `{url}`: {problem}")]
    Url {
        /// The provider.
        name: String,
        /// Its base URL.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The TLS library refuses to start.
    #[error("TLS towards providers cannot be set up: {0}")]
    Tls(String),
}

impl Explained for LabError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match self {
            Self::Listen { .. } => "choose another port, or 0 for any free one",
            Self::Dialect { .. } => "give it the dialect of a provider of models in the lab",
            Self::Upstream { .. } => {
                "give the service `openai` and `azure-openai` providers, or the environment a gateway of your own (`start:` or `services:`)"
            }
            Self::Url { .. } => "write scheme, host and port, for example http://127.0.0.1:9201/v1",
            Self::Tls(_) => "use http:// base URLs, as the lab's own providers have",
        }))
    }
}
