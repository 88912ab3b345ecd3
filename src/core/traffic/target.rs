//! The service that traffic is sent to, and the settings of its clients.

use crate::model::{Complete, Dialect, PlainRequest, Wire};
use crate::units::{Secret, Seed};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The service that traffic is sent to: address, dialect, model and key.
#[derive(Debug, Clone)]
pub struct Target {
    /// Scheme, host and path prefix, as clients of the service use them: `http://127.0.0.1:4000/v1`; for bytes also `tcp://127.0.0.1:6379`.
    pub base_url: String,
    /// How the service speaks.
    pub dialect: Dialect,
    /// The model that is asked for.
    pub model: String,
    /// The client's credential at the service. Never printed.
    pub key: Secret,
    /// The base URLs of all replicas, whose turns are drawn; empty where there is only `base_url`.
    pub replicas: Vec<String>,
}

/// The settings of a client: what its requests ask for, and how its connections are made.
#[derive(Clone, Default)]
pub struct ClientSettings {
    /// What plain requests ask; `None` asks for chat completions.
    pub plain: Option<PlainRequest>,
    /// Where the plain request is bytes over tcp.
    pub bytes: bool,
    /// Connections, version of HTTP, timeouts. Its headers are not looked at, for their variables are not filled in.
    pub wire: Wire,
    /// Headers of every request, variables filled in. Never printed.
    pub headers: Vec<(String, String)>,
    /// The header in which requests name a session of the traffic's, where that matters.
    pub session: Option<String>,
    /// The service's own parameters, merged into the body of every request for a model.
    pub body: BTreeMap<String, Value>,
    /// What makes an answer of the service whole.
    pub complete: Complete,
    /// Credentials of several clients, whose turns are drawn, in place of the target's. Never printed.
    pub keys: Vec<Secret>,
    /// From which the turns of keys and replicas are drawn.
    pub seed: Seed,
    /// A file of authorities, in PEM, that are trusted beside the web's.
    pub authority: Option<PathBuf>,
    /// The forward proxy, `http://HOST:PORT`.
    pub proxy: Option<String>,
}

impl std::fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientSettings").field("plain", &self.plain).field("wire", &self.wire).finish_non_exhaustive()
    }
}
