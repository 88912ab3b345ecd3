//! Readiness as JSON.

use super::records::Moment;
use crate::store::{HopRecord, RoundRecord};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// Hops as they were found last.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReadinessRecord {
    /// Each hop of each environment.
    pub(super) hops: Vec<HopFound>,
    /// The last round of each environment.
    pub(super) rounds: Vec<RoundFound>,
}

/// How hops have changed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChangeList {
    /// The oldest first.
    pub(super) changes: Vec<HopFound>,
}

/// A hop in a round.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HopFound {
    /// The environment.
    pub(super) environment: String,
    /// A provider, or `gateway:SERVICE`.
    pub(super) hop: String,
    /// When the round began.
    #[schema(value_type = Moment)]
    pub(super) at: String,
    /// `alive`, `warning`, `dead`, `unknown` or `left-out`.
    pub(super) state: String,
    /// Why: `key-refused`, `model-gone`, …
    pub(super) reason: Option<String>,
    /// The same in words.
    pub(super) told: String,
    /// The services that use it.
    pub(super) services: Vec<String>,
    /// Since when it is so.
    #[schema(value_type = Moment)]
    pub(super) since: String,
}

/// A round.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RoundFound {
    /// The environment.
    pub(super) environment: String,
    /// When it began.
    #[schema(value_type = Moment)]
    pub(super) at: String,
    /// Requests to models.
    pub(super) requests: u64,
    /// Tokens in both directions.
    pub(super) tokens: u64,
    /// The most that it can have cost, in US dollars.
    pub(super) most_usd: f64,
}

impl HopFound {
    pub(super) fn of(record: HopRecord) -> Self {
        let HopRecord { environment, hop, at, state, reason, told, services, since, changed: _ } = record;
        let (state, reason) = (state.word().to_owned(), reason.map(|reason| reason.word().to_owned()));
        Self { environment, hop, at: written(at), state, reason, told, services, since: written(since) }
    }
}

impl RoundFound {
    pub(super) fn of(record: RoundRecord) -> Self {
        let RoundRecord { environment, at, requests, tokens, most } = record;
        Self { environment, at: written(at), requests, tokens, most_usd: most as f64 / 1e9 }
    }
}

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
