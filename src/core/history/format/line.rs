//! One event as one line of JSON: `{"t":…,"kind":{…}}`. Written by hand, because serde's `flatten` is slow and its diagnostics poor.

use super::event::{
    AcknowledgedRecord, AlertReceivedRecord, AlertsAwaitedRecord, AlertsLeftOutRecord, ApprovedRecord, AwaitedRecord, CancelledRecord,
    ContactedRecord, ExecutionFinishedRecord, FaultConfirmedRecord, FaultHealedRecord, FaultRequestedRecord, FinishedRecord,
    GatewayBreakerRecord, HealthSeenRecord, KeyHeldRecord, KeyMintedRecord, KeyProbedRecord, KeyRevokedRecord, KeyStoredRecord, NoteRecord,
    PageIncidentOpenedRecord, ParityProbedRecord, PhaseRecord, PlainToxiproxyRecord, ProxyClockRecord, ReactionModelledRecord,
    RemarkRecord, ResumedRecord, RunbookDrilledRecord, RunbookStartedRecord, SightGapRecord, SparedEventRecord, StepFinishedRecord,
    StepOverranRecord, StepStartedRecord, StepUndoneRecord, TokenMintedRecord, UndoStartedRecord, UpdateBegunRecord,
};
use super::first_line::FirstLine;
use super::guard::{GuardSeenRecord, GuardedRecord};
use super::overlay::OverlayReadRecord;
use super::people::{AnsweredRecord, RoleTakenRecord, StepExplainedRecord, TickedRecord};
use super::resumption::{HandedOverRecord, MendedRecord, StepSettledRecord, TakenOverRecord};
use super::started::{ExecutionStartedRecord, StartedRecord};
use super::traffic::{CarriedRecord, OverdueRecord, PacedRecord, RequestRecord, ServedRecord, ShedRecord};
use crate::history::{
    Acknowledged, AlertReceived, AlertsAwaited, AlertsLeftOut, Answered, Approved, Awaited, Cancelled, Carried, Contacted, Event,
    ExecutionFinished, ExecutionStarted, FaultConfirmed, FaultHealed, FaultRequested, Finished, Gateway, GuardSeen, Guarded, HandedOver,
    HealthSeen, KeyHeld, KeyMinted, KeyProbed, KeyRevoked, KeyStored, Mended, Note, Overdue, OverlayRead, Paced, PageIncidentOpened,
    ParityProbed, PhaseEntered, PlainToxiproxy, ProxyClock, ReactionModelled, Remark, RequestDone, Resumed, RoleTaken, RunbookDrilled,
    RunbookStarted, Served, Shed, SightGap, Spared, Stamped, Started, StepExplained, StepFinished, StepOverran, StepSettled, StepStarted,
    StepUndone, TakenOver, Ticked, TokenMinted, UndoStarted, UpdateBegun,
};
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// The facts of an event, which are written and read by the type that is their form on disk.
trait Facts: Sized {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

impl<F: Facts> Facts for Box<F> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).write(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        F::read(deserializer).map(Self::new)
    }
}

/// Facts as serde writes them.
struct Written<'f, F>(&'f F);

impl<F: Facts> Serialize for Written<'_, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// Facts as serde reads them.
struct ReadBack<F>(F);

impl<'de, F: Facts> Deserialize<'de> for ReadBack<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        F::read(deserializer).map(Self)
    }
}

macro_rules! kinds {
    ($($name:literal => $variant:ident: $facts:ident by $record:ty),+ $(,)?) => {
        /// The names of the kinds on disk.
        const KINDS: &[&str] = &[$($name),+];

        $(impl Facts for $facts {
            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                <$record>::serialize(self, serializer)
            }

            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <$record>::deserialize(deserializer)
            }
        })+

        /// Of each kind its name on disk, and the form of its facts.
        fn facts(generator: &mut schemars::SchemaGenerator) -> serde_json::Map<String, serde_json::Value> {
            let mut facts = serde_json::Map::new();
            $(facts.insert($name.to_owned(), generator.subschema_for::<$record>().to_value());)+
            facts
        }

        impl Event {
            /// The kind's name on disk.
            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name),+ }
            }
        }

        impl Serialize for Stamped {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("t", &self.t)?;
                match &self.event { $(Event::$variant(facts) => map.serialize_entry($name, &Written(facts))?),+ }
                map.end()
            }
        }

        impl<'de> Visitor<'de> for LineVisitor {
            type Value = Stamped;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an event: an object with the keys `t` and the name of its kind")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Stamped, A::Error> {
                if map.next_key::<KindName<'de>>()?.is_none_or(|name| name.0 != "t") {
                    return Err(A::Error::custom("the first key of an event is `t`"));
                }
                let t = map.next_value()?;
                let kind = map.next_key::<KindName<'de>>()?.ok_or_else(|| A::Error::custom("an event without a kind"))?;
                let event = match kind.0 {
                    $($name => Event::$variant(map.next_value::<ReadBack<_>>()?.0),)+
                    other => return Err(A::Error::unknown_field(other, KINDS)),
                };
                if map.next_key::<KindName<'de>>()?.is_some() {
                    return Err(A::Error::custom("an event has two keys only"));
                }
                Ok(Stamped { t, event })
            }
        }
    };
}

kinds! {
    "started" => Started: Started by FirstLine::<StartedRecord>,
    "approved" => Approved: Approved by ApprovedRecord,
    "phase" => Phase: PhaseEntered by PhaseRecord,
    "fault_requested" => FaultRequested: FaultRequested by FaultRequestedRecord,
    "fault_confirmed" => FaultConfirmed: FaultConfirmed by FaultConfirmedRecord,
    "fault_healed" => FaultHealed: FaultHealed by FaultHealedRecord,
    "spared" => Spared: Spared by SparedEventRecord,
    "request" => Request: RequestDone by RequestRecord,
    "shed" => Shed: Shed by ShedRecord,
    "overdue" => Overdue: Overdue by OverdueRecord,
    "paced" => Paced: Paced by PacedRecord,
    "served" => Served: Served by ServedRecord,
    "carried" => Carried: Carried by CarriedRecord,
    "proxy_clock" => ProxyClock: ProxyClock by ProxyClockRecord,
    "plain_toxiproxy" => PlainToxiproxy: PlainToxiproxy by PlainToxiproxyRecord,
    "sight_gap" => SightGap: SightGap by SightGapRecord,
    "gateway" => Gateway: Gateway by GatewayBreakerRecord,
    "alert_received" => AlertReceived: AlertReceived by AlertReceivedRecord,
    "alerts_awaited" => AlertsAwaited: AlertsAwaited by AlertsAwaitedRecord,
    "alerts_left_out" => AlertsLeftOut: AlertsLeftOut by AlertsLeftOutRecord,
    "runbook_drilled" => RunbookDrilled: RunbookDrilled by RunbookDrilledRecord,
    "runbook_started" => RunbookStarted: RunbookStarted by RunbookStartedRecord,
    "reaction_modelled" => ReactionModelled: ReactionModelled by ReactionModelledRecord,
    "step_started" => StepStarted: StepStarted by StepStartedRecord,
    "step_finished" => StepFinished: StepFinished by StepFinishedRecord,
    "step_overran" => StepOverran: StepOverran by StepOverranRecord,
    "awaited" => Awaited: Awaited by AwaitedRecord,
    "undo_started" => UndoStarted: UndoStarted by UndoStartedRecord,
    "step_undone" => StepUndone: StepUndone by StepUndoneRecord,
    "key_held" => KeyHeld: KeyHeld by KeyHeldRecord,
    "key_minted" => KeyMinted: KeyMinted by KeyMintedRecord,
    "key_stored" => KeyStored: KeyStored by KeyStoredRecord,
    "key_revoked" => KeyRevoked: KeyRevoked by KeyRevokedRecord,
    "key_probed" => KeyProbed: KeyProbed by KeyProbedRecord,
    "token_minted" => TokenMinted: TokenMinted by TokenMintedRecord,
    "execution_started" => ExecutionStarted: ExecutionStarted by FirstLine::<ExecutionStartedRecord>,
    "resumed" => Resumed: Resumed by ResumedRecord,
    "mended" => Mended: Mended by MendedRecord,
    "step_settled" => StepSettled: StepSettled by StepSettledRecord,
    "handed_over" => HandedOver: HandedOver by HandedOverRecord,
    "taken_over" => TakenOver: TakenOver by TakenOverRecord,
    "step_explained" => StepExplained: StepExplained by StepExplainedRecord,
    "answered" => Answered: Answered by AnsweredRecord,
    "ticked" => Ticked: Ticked by TickedRecord,
    "role_taken" => RoleTaken: RoleTaken by RoleTakenRecord,
    "note" => Note: Note by NoteRecord,
    "contacted" => Contacted: Contacted by ContactedRecord,
    "update_begun" => UpdateBegun: UpdateBegun by UpdateBegunRecord,
    "acknowledged" => Acknowledged: Acknowledged by AcknowledgedRecord,
    "page_incident_opened" => PageIncidentOpened: PageIncidentOpened by PageIncidentOpenedRecord,
    "execution_finished" => ExecutionFinished: ExecutionFinished by ExecutionFinishedRecord,
    "remark" => Remark: Remark by RemarkRecord,
    "overlay" => Overlay: OverlayRead by OverlayReadRecord,
    "guard_tripped" => GuardTripped: Guarded by GuardedRecord,
    "guard_seen" => GuardSeen: GuardSeen by GuardSeenRecord,
    "parity_probed" => ParityProbed: ParityProbed by ParityProbedRecord,
    "health" => Health: HealthSeen by HealthSeenRecord,
    "cancelled" => Cancelled: Cancelled by CancelledRecord,
    "finished" => Finished: Finished by FinishedRecord,
}

/// The form of a line of a history, for machines.
pub fn history_schema() -> serde_json::Value {
    let mut generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
    let mut properties = facts(&mut generator);
    let t = serde_json::json!({"type": "integer", "minimum": 0, "description": "When it was stamped, in nanoseconds since the history's origin."});
    properties.insert("t".to_owned(), t);
    serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of a history",
        "description": "A history is a file of lines, each an event: when, and what. Moments and lengths of time that are numbers are nanoseconds, \
                        moments since the history's origin. A newer build may add kinds of events and keys.",
        "type": "object",
        "required": ["t"],
        "minProperties": 2,
        "maxProperties": 2,
        "properties": properties,
        "additionalProperties": false,
        "$defs": generator.take_definitions(true),
    })
}

/// A key borrowed from the line, so that reading a request allocates nothing.
struct KindName<'de>(&'de str);

impl<'de> Deserialize<'de> for KindName<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&str>::deserialize(deserializer).map(Self)
    }
}

/// True where a line is an event of a kind that this build does not know.
pub(crate) fn is_of_unknown_kind(line: &[u8]) -> bool {
    let Ok(keys) = serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(line) else { return false };
    keys.len() == 2 && keys.contains_key("t") && keys.keys().all(|key| key == "t" || !KINDS.contains(&key.as_str()))
}

struct LineVisitor;

impl<'de> Deserialize<'de> for Stamped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(LineVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Outcome;

    fn round_trip(event: Event) -> String {
        let stamped = Stamped { t: 98_230_114_000, event };
        let line = serde_json::to_string(&stamped).unwrap();
        assert_eq!(serde_json::from_str::<Stamped>(&line).unwrap(), stamped, "{line}");
        line
    }

    #[test]
    fn a_request_and_its_attempt_fit_in_250_bytes() {
        let request = round_trip(Event::Request(RequestDone {
            id: 9_999,
            due: 98_031_003_412,
            lag: 41_210,
            proof: Some(160_123_456),
            done: 267_123_456,
            outcome: Outcome::Ok,
            why: None,
        }));
        let served = round_trip(Event::Served(Served {
            id: Some(9_999),
            by: "azure-swedencentral".into(),
            at: 98_031_501_222,
            took: 266_200_111,
            status: 200,
            key: Some(crate::units::Fingerprint(0x3fa9_c1d2)),
            cut: false,
            touched: false,
            request: None,
            tenant: None,
            tokens: None,
        }));
        assert!(request.len() + served.len() + 2 <= 250, "{} + {}:\n{request}\n{served}", request.len(), served.len());
    }

    #[test]
    fn what_is_not_an_event_is_refused() {
        for line in [
            "{}",
            r#"{"t":1}"#,
            r#"{"phase":{"name":"watch"},"t":1}"#,
            r#"{"t":1,"surprise":{}}"#,
            r#"{"t":1,"phase":{"name":"watch"},"x":1}"#,
            r#"{"t":-1,"phase":{"name":"watch"}}"#,
        ] {
            assert!(serde_json::from_str::<Stamped>(line).is_err(), "{line}");
        }
    }
}
