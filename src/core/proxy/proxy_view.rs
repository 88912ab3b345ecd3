//! A proxy as it is asked for with its toxics, and as it is shown with its counters.

use super::counters::Counters;
use super::listener::resolve;
use crate::api::{ApiError, ProxyRecord, ProxyRequest, ToxicRecord};
use crate::fault::RawToxic;
use std::sync::Arc;

/// A proxy as it is asked for, with what breaks it from the beginning.
#[derive(Debug, Clone, Default)]
pub(super) struct RawProxy {
    pub(super) request: ProxyRequest,
    pub(super) toxics: Vec<RawToxic>,
}

/// A proxy as it is shown, with what `GET /metrics` tells of it.
#[derive(Debug, Clone)]
pub(super) struct ProxyView {
    pub(super) record: ProxyRecord,
    pub(super) counters: Arc<Counters>,
}

impl ProxyView {
    /// True where this request asks for the same addresses, and for nothing else that it shows.
    ///
    /// # Errors
    /// Where its address is none.
    pub(super) async fn leads_as(&self, request: &ProxyRequest) -> Result<bool, ApiError> {
        let own = &self.record;
        let listen = resolve(request.listen.as_deref().unwrap_or_default()).await?;
        let same_place = own.listen == listen.to_string() && request.upstream.as_ref() == Some(&own.upstream);
        let same_dialect = request.dialect.is_none() || request.dialect == own.dialect;
        let same_tls = request.tls.is_none_or(|tls| own.tls.unwrap_or(false) == tls);
        Ok(same_place && same_dialect && same_tls && (request.hosts.is_none() || request.hosts == own.hosts))
    }

    /// What asks for one as this was.
    pub(super) fn again(self) -> RawProxy {
        let ProxyRecord { name, listen, upstream, enabled, dialect, tls, hosts, toxics } = self.record;
        let (name, listen, upstream, enabled) = (Some(name), Some(listen), Some(upstream), Some(enabled));
        let request = ProxyRequest { name, listen, upstream, enabled, dialect, tls, hosts };
        RawProxy { request, toxics: toxics.into_iter().map(asked_again).collect() }
    }
}

/// What asks for a toxic as this was, with what is left of its lease.
fn asked_again(toxic: ToxicRecord) -> RawToxic {
    RawToxic {
        name: Some(toxic.name),
        kind: Some(toxic.kind),
        stream: Some(toxic.stream),
        toxicity: Some(toxic.toxicity),
        attributes: Some(toxic.attributes),
        ttl_ms: toxic.ttl_ms,
    }
}
