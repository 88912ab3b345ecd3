//! Toxics of a proxy with their leases, and those whose lease is over.

use super::fault_set::ActiveToxic;
use super::server_context::ApiFlavor;
use crate::api::{ApiError, AppliedSpan, ExpiredToxic, ToxicRecord};
use crate::fault::{RawToxic, Toxic};
use crate::journal::HostTime;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A toxic in force, with its lease.
#[derive(Debug)]
pub(super) struct ToxicEntry {
    pub(super) active: Arc<ActiveToxic>,
    ttl: Option<Duration>,
    pub(super) until: Option<Instant>,
    pub(super) applied: AppliedSpan,
}

/// A toxic that ended because nobody renewed its lease, remembered by its name.
#[derive(Debug)]
pub(super) struct ExpiredEntry {
    pub(super) name: String,
    pub(super) record: ExpiredToxic,
}

impl ToxicEntry {
    /// One that is not in force yet.
    pub(super) fn new(toxic: Toxic) -> Self {
        let now = HostTime::now().into();
        Self { active: ActiveToxic::new(toxic), ttl: None, until: None, applied: AppliedSpan { lo: now, hi: now } }
    }

    /// Begins the lease again with the length that is given; one without a length goes on as it was.
    pub(super) fn renew(&mut self, ttl_ms: Option<u64>) {
        self.ttl = ttl_ms.map(Duration::from_millis).or(self.ttl);
        if ttl_ms.is_some() {
            // A lease beyond what the clock can hold has no end.
            self.until = self.ttl.and_then(|ttl| Instant::now().checked_add(ttl));
        }
    }

    pub(super) fn record(&self, flavor: ApiFlavor) -> ToxicRecord {
        let ours = flavor == ApiFlavor::Lifeboat;
        let toxic = &self.active.toxic;
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        ToxicRecord {
            name: toxic.name.clone(),
            kind: toxic.kind().to_owned(),
            stream: toxic.stream.word().to_owned(),
            toxicity: toxic.toxicity,
            attributes: toxic.attributes(),
            ttl_ms: self.until.map(|until| millis(until.saturating_duration_since(Instant::now()))),
            applied: ours.then_some(self.applied),
            touched: ours.then(|| self.active.touched()),
            spared: self.active.spared().filter(|_| ours),
        }
    }
}

/// # Errors
/// Where a change names what the toxic is, and otherwise.
pub(super) fn stays(toxic: &Toxic, change: &RawToxic) -> Result<(), ApiError> {
    let is_other = |field: &Option<String>, own: &str| field.as_deref().is_some_and(|given| !given.is_empty() && given != own);
    let stream = change.stream.as_ref().map(|stream| stream.to_lowercase());
    let fixed = [
        ("name", is_other(&change.name, &toxic.name)),
        ("type", is_other(&change.kind, toxic.kind())),
        ("stream", is_other(&stream, toxic.stream.word())),
    ];
    match fixed.into_iter().find(|(_, is_other)| *is_other) {
        Some((field, _)) => Err(ApiError::bad_request(format!("the {field} of the toxic `{}` cannot be changed", toxic.name))
            .with_hint("remove it and add the other one")),
        None => Ok(()),
    }
}
