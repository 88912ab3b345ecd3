//! What objectives are called, in `verdict.json` and in reports.

use crate::model::words;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

words! {
    /// A promise about a rotation; its name as an objective.
    Criterion {
        /// The provider itself takes the new key.
        NewKeyAccepted = "new_key_accepted",
        /// The provider itself refuses the old key once its revocation had time to spread, and answered no request with it after that.
        OldKeyRefused = "old_key_refused",
        /// No replica uses the old key any more.
        OldKeyUnused = "old_key_unused",
        /// Clients lost no more requests than was agreed.
        ClientErrors = "client_errors",
        /// Every replica used the new key in time.
        Rotation = "rotation",
        /// Another provider answered while this one refused the old key.
        Fallback = "fallback",
        /// The primary serves well again with its new key, and stays.
        PrimaryResumed = "primary_resumed",
        /// Tokens are minted from the new key, and those of the old one are answered no more.
        TokensReminted = "tokens_reminted",
    }
}

words! {
    /// A promise about an outage; its name as an objective.
    OutageObjective {
        /// Recovery within the recovery time objective.
        Rto = "rto",
        /// Service stays after it has recovered.
        Stability = "stability",
        /// Requests lost while the fault lasted.
        Lost = "lost",
        /// Streams that ended early.
        Truncated = "truncated",
        /// Requests that were executed more than once.
        Duplicates = "duplicates",
        /// Load on the standby beyond what was offered.
        Overshoot = "overshoot",
        /// Requests that were asked of the broken provider before another answered.
        Rescued = "rescued",
        /// The primary serves again after the heal.
        Failback = "failback",
        /// Acknowledged requests of which nothing was kept.
        Rpo = "rpo",
        /// The share of the primary's load that the standby bears.
        Capacity = "capacity",
        /// Requests went nowhere but to the legal areas that are permitted.
        Residency = "residency",
        /// The standby refuses what the primary refuses, and answers what it answers.
        Parity = "parity",
        /// What answers cost until traffic had moved.
        Spend = "spend",
    }
}

/// The name of an objective: of an outage, or of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectiveName {
    /// What was promised for an outage.
    Outage(OutageObjective),
    /// What was promised of a rotation.
    Rotation(Criterion),
}

impl ObjectiveName {
    /// [`OutageObjective::Rto`].
    pub const RTO: Self = Self::Outage(OutageObjective::Rto);
    /// [`OutageObjective::Stability`].
    pub const STABILITY: Self = Self::Outage(OutageObjective::Stability);
    /// [`OutageObjective::Failback`].
    pub const FAILBACK: Self = Self::Outage(OutageObjective::Failback);
    /// [`OutageObjective::Rescued`].
    pub const RESCUED: Self = Self::Outage(OutageObjective::Rescued);
    /// [`OutageObjective::Lost`].
    pub const LOST: Self = Self::Outage(OutageObjective::Lost);
    /// [`OutageObjective::Truncated`].
    pub const TRUNCATED: Self = Self::Outage(OutageObjective::Truncated);

    /// [`OutageObjective::Spend`].
    pub const SPEND: Self = Self::Outage(OutageObjective::Spend);

    /// The name as it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Outage(objective) => objective.word(),
            Self::Rotation(criterion) => criterion.word(),
        }
    }

    /// The objective of a name; `None` for any other text.
    pub fn from_word(text: &str) -> Option<Self> {
        OutageObjective::from_word(text).map(Self::Outage).or_else(|| Criterion::from_word(text).map(Self::Rotation))
    }
}

impl fmt::Display for ObjectiveName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl schemars::JsonSchema for ObjectiveName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ObjectiveName".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let words: Vec<&str> = OutageObjective::WORDS.iter().chain(Criterion::WORDS).copied().collect();
        schemars::json_schema!({"type": "string", "enum": words, "description": "The name of an objective."})
    }
}

impl Serialize for ObjectiveName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for ObjectiveName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_word(&text).ok_or_else(|| serde::de::Error::custom(format_args!("`{text}` is no objective")))
    }
}
