//! What stops a drill for safety.
//!
//! Until format 2.3 there was at most one guard, on the share of good requests: an object with `success_below` and `length`, or `null`. What can
//! still be said so is written so; everything else is a list.

use super::inquiry::InquiryRecord;
use super::record::{Recorded, record};
use super::workload::NamedWorkloadRecord;
use crate::history::{GuardEvidence, GuardSays, GuardSeen, Guarded};
use crate::model::{Guard, GuardWatch, OutsideGuard, PercentileLimit, ServiceGuard, SuccessLimit, Unreachable};
use crate::units::{Duration, Money, Ratio};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

record! {
    struct GuardRecord of Guard {
        watches: GuardWatchRecord,
        length: Duration,
    }
}

record! {
    #[serde(rename_all = "kebab-case")]
    enum GuardWatchRecord of GuardWatch {
        Success(inner: SuccessLimitRecord),
        Latency(inner: PercentileLimitRecord),
        Spend(inner: Money),
        Service(inner: Box<ServiceGuardRecord>),
        Outside(inner: Box<OutsideGuardRecord>),
    }
}

record! {
    struct SuccessLimitRecord of SuccessLimit {
        below: Ratio,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clears_at: Option<Ratio>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        over: Option<Duration>,
    }
}

record! {
    struct PercentileLimitRecord of PercentileLimit {
        share: Ratio,
        above: Duration,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clears_at: Option<Duration>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        over: Option<Duration>,
    }
}

record! {
    struct ServiceGuardRecord of ServiceGuard {
        probe: NamedWorkloadRecord,
        every: Duration,
        timeout: Duration,
        limit: SuccessLimitRecord,
    }
}

record! {
    struct OutsideGuardRecord of OutsideGuard {
        asked: InquiryRecord,
        clears_after: Duration,
        unreachable: Unreachable,
    }
}

/// The only guard that there could be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
struct OnlyGuard {
    success_below: Ratio,
    length: Duration,
}

/// The guards of a scenario, in the order in which they are written.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct GuardsRecord(Vec<GuardRecord>);

impl GuardsRecord {
    /// The guard, where it is the only one and of the kind that there always was.
    fn only(&self) -> Option<OnlyGuard> {
        match &self.0[..] {
            [GuardRecord { watches: GuardWatchRecord::Success(SuccessLimitRecord { below, clears_at: None, over: None }), length }] => {
                Some(OnlyGuard { success_below: *below, length: *length })
            }
            _ => None,
        }
    }
}

impl Recorded<Vec<Guard>> for GuardsRecord {
    fn record(guards: &Vec<Guard>) -> Self {
        Self(Recorded::record(guards))
    }

    fn restore(self) -> Vec<Guard> {
        self.0.restore()
    }
}

impl Serialize for GuardsRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.only() {
            Some(only) => only.serialize(serializer),
            None if self.0.is_empty() => serializer.serialize_none(),
            None => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for GuardsRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GuardsVisitor)
    }
}

struct GuardsVisitor;

impl<'de> Visitor<'de> for GuardsVisitor {
    type Value = GuardsRecord;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a guard, a list of them, or null")
    }

    fn visit_unit<E>(self) -> Result<GuardsRecord, E> {
        Ok(GuardsRecord::default())
    }

    fn visit_none<E>(self) -> Result<GuardsRecord, E> {
        Ok(GuardsRecord::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<GuardsRecord, A::Error> {
        let OnlyGuard { success_below, length } = OnlyGuard::deserialize(MapAccessDeserializer::new(map))?;
        Ok(GuardsRecord(vec![GuardRecord::record(&Guard::success(success_below, length))]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<GuardsRecord, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(GuardsRecord)
    }
}

impl schemars::JsonSchema for GuardsRecord {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "GuardsRecord".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let (only, list) = (generator.subschema_for::<OnlyGuard>(), generator.subschema_for::<Vec<GuardRecord>>());
        schemars::json_schema!({"anyOf": [only, list, {"type": "null"}], "description": "What stops the drill for safety: one guard, or a list."})
    }
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "Guarded")]
pub(super) struct GuardedRecord {
    guard: String,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "super::record::Via::<Option<GuardEvidenceRecord>>")]
    #[schemars(with = "Option<GuardEvidenceRecord>")]
    evidence: Option<GuardEvidence>,
}

record! {
    struct GuardEvidenceRecord of GuardEvidence {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<u32>,
        value: String,
        threshold: String,
        since: u64,
        at: u64,
        from: String,
    }
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "GuardSeen")]
pub(super) struct GuardSeenRecord {
    guard: u32,
    says: GuardSays,
    detail: String,
}
