//! The parts of `verdict.json` about what went where: residency, parity, and keys that reached a provider which they are not for.

use super::parts::{RecordOf, record};
use crate::model::ProbeDecision;
use crate::units::Fingerprint;
use crate::verdict::{Decision, LeakedKey, Millis, OutsideArea, ProbedDecision, ProbedParity, Residency};
use serde::{Deserialize, Serialize};

record! {
    /// Where requests went, against where they may go.
    ResidencyRecord of Residency {
        permitted: Vec<String>,
        attempts: u64,
        outside: Vec<OutsideAreaRecord>,
        unseen: u64,
        #[serde(rename = "blind")]
        is_blind: bool,
        verdict: Decision,
    }
}

record! {
    /// What reached a provider outside of the areas that are permitted.
    OutsideAreaRecord of OutsideArea {
        provider: String,
        residency: Option<String>,
        attempts: u64,
        connections: u64,
        nameless: u64,
        first_request: Option<u64>,
        #[serde(rename = "first_ms")]
        first: Option<Millis>,
    }
}

record! {
    /// How one request was decided by primary and standby.
    ProbedParityRecord of ProbedParity {
        name: String,
        expected: Option<ProbeDecision>,
        primary: Vec<ProbedDecisionRecord>,
        standby: Vec<ProbedDecisionRecord>,
        verdict: Decision,
    }
}

record! {
    /// A decision, with who made it.
    ProbedDecisionRecord of ProbedDecision {
        by: Option<String>,
        status: u16,
        decision: ProbeDecision,
        times: u64,
    }
}

record! {
    /// A key that reached a provider which it is not for.
    LeakedKeyRecord of LeakedKey {
        key: Fingerprint,
        of: String,
        of_primary: bool,
        to: String,
        requests: u64,
        first_request: Option<u64>,
        #[serde(rename = "first_ms")]
        first: Option<Millis>,
    }
}
