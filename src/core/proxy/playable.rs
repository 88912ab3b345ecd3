//! Which toxics a proxy can play: those whose moment comes on its connections.
//!
//! What this file does not do: look at the toxics that a proxy has already.

use super::server_context::ApiFlavor;
use crate::api::ApiError;
use crate::fault::{RawToxic, Toxic, ToxicError};
use crate::model::{Dialect, Needs};

/// What of a proxy decides which toxics it can play.
#[derive(Debug, Clone, Copy)]
pub(super) struct Playable<'p> {
    /// The proxy's name.
    pub(super) proxy: &'p str,
    pub(super) flavor: ApiFlavor,
    pub(super) dialect: Dialect,
    /// Its listener speaks TLS.
    pub(super) ends_tls: bool,
    /// A forward proxy hands it connections.
    pub(super) has_forward: bool,
}

impl Playable<'_> {
    /// Reads a toxic that is asked for.
    ///
    /// # Errors
    /// Where it is none, or this proxy never comes to the moment at which it acts.
    pub(super) fn read(&self, raw: &RawToxic) -> Result<Toxic, ApiError> {
        let toxic = Toxic::parse(raw).map_err(refused)?;
        let (kind, proxy) = (toxic.kind(), self.proxy);
        let sees_bytes = self.dialect == Dialect::Tcp;
        if self.flavor == ApiFlavor::Plain && !toxic.effect.is_shopifys() {
            return Err(refused(ToxicError::Type { kind: kind.to_owned() }));
        }
        if toxic.effect.needs_http() && sees_bytes {
            return Err(ApiError::bad_request(format!("the toxic `{kind}` needs HTTP, and the proxy `{proxy}` sees only bytes"))
                .with_hint("create the proxy with a dialect, for example \"openai\""));
        }
        match toxic.effect.of_kind().needs {
            Some(Needs::Certificate) if !self.ends_tls && (!self.has_forward || sees_bytes) => {
                Err(ApiError::bad_request(format!("the toxic `{kind}` acts on handshakes, and the proxy `{proxy}` has none"))
                    .with_hint("create the proxy with a dialect and \"tls\": true"))
            }
            Some(Needs::ForwardProxy) if !self.has_forward => {
                Err(ApiError::bad_request(format!("the toxic `{kind}` acts on name lookups, and here are none"))
                    .with_hint("start the proxy with --forward ADDR, and set HTTPS_PROXY to that address"))
            }
            _ => Ok(toxic),
        }
    }
}

pub(super) fn refused(error: ToxicError) -> ApiError {
    let refused = ApiError::bad_request(error.to_string());
    match error.hint() {
        Some(hint) => refused.with_hint(hint),
        None => refused,
    }
}
