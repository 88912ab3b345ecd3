//! What is broken on purpose in the copy that a drill is of, and what was known of its scenario's negative controls.

use super::record::record;
use crate::model::{KnownProof, ProofStanding, Sabotage, SabotageCommand, SabotageKind, SabotageReason};
use crate::units::Duration;
use std::collections::BTreeMap;

record! {
    struct SabotageRecord of Sabotage {
        name: String,
        kind: SabotageKind,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on: Option<String>,
        what: String,
    }
}

record! {
    struct SabotageCommandRecord of SabotageCommand {
        name: String,
        run: Vec<String>,
        undo: Vec<String>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        env: BTreeMap<String, String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pass: Vec<String>,
        within: Duration,
        expect: SabotageReason,
    }
}

record! {
    struct KnownProofRecord of KnownProof {
        standing: ProofStanding,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<String>,
        #[serde(default)]
        red: u32,
        #[serde(default)]
        of: u32,
    }
}
