//! One event as one line of JSON: `{"t":…,"kind":{…}}`. Written by hand, because serde's `flatten` is slow and its diagnostics poor.

use super::event::Event;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt;

/// An event with the journal's stamp.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamped {
    /// Nanoseconds since the drill's origin.
    pub t: u64,
    /// What happened.
    pub event: Event,
}

macro_rules! kinds {
    ($($name:literal => $variant:ident),+ $(,)?) => {
        /// The names of the kinds on disk.
        const KINDS: &[&str] = &[$($name),+];

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
                match &self.event { $(Event::$variant(facts) => map.serialize_entry($name, facts)?),+ }
                map.end()
            }
        }

        impl<'de> Visitor<'de> for LineVisitor {
            type Value = Stamped;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an event: an object with the keys `t` and the name of its kind")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Stamped, A::Error> {
                if map.next_key::<Name<'de>>()?.is_none_or(|name| name.0 != "t") {
                    return Err(A::Error::custom("the first key of an event is `t`"));
                }
                let t = map.next_value()?;
                let kind = map.next_key::<Name<'de>>()?.ok_or_else(|| A::Error::custom("an event without a kind"))?;
                let event = match kind.0 {
                    $($name => Event::$variant(map.next_value()?),)+
                    other => return Err(A::Error::unknown_field(other, KINDS)),
                };
                if map.next_key::<Name<'de>>()?.is_some() {
                    return Err(A::Error::custom("an event has two keys only"));
                }
                Ok(Stamped { t, event })
            }
        }
    };
}

kinds! {
    "started" => Started,
    "phase" => Phase,
    "fault_requested" => FaultRequested,
    "fault_confirmed" => FaultConfirmed,
    "fault_healed" => FaultHealed,
    "request" => Request,
    "shed" => Shed,
    "overdue" => Overdue,
    "served" => Served,
    "carried" => Carried,
    "proxy_clock" => ProxyClock,
    "plain_toxiproxy" => PlainToxiproxy,
    "sight_gap" => SightGap,
    "gateway" => Gateway,
    "alert_received" => AlertReceived,
    "alerts_left_out" => AlertsLeftOut,
    "runbook_started" => RunbookStarted,
    "reaction_modelled" => ReactionModelled,
    "step_started" => StepStarted,
    "step_finished" => StepFinished,
    "step_overran" => StepOverran,
    "awaited" => Awaited,
    "undo_started" => UndoStarted,
    "step_undone" => StepUndone,
    "key_held" => KeyHeld,
    "key_minted" => KeyMinted,
    "key_stored" => KeyStored,
    "key_revoked" => KeyRevoked,
    "key_probed" => KeyProbed,
    "token_minted" => TokenMinted,
    "execution_started" => ExecutionStarted,
    "resumed" => Resumed,
    "note" => Note,
    "contacted" => Contacted,
    "execution_finished" => ExecutionFinished,
    "remark" => Remark,
    "guard_tripped" => GuardTripped,
    "cancelled" => Cancelled,
    "finished" => Finished,
}

/// A key borrowed from the line, so that reading a request allocates nothing.
struct Name<'de>(&'de str);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&str>::deserialize(deserializer).map(Self)
    }
}

struct LineVisitor;

impl<'de> Deserialize<'de> for Stamped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(LineVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::{Outcome, RequestDone, Served};
    use super::*;

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
