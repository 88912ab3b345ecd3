//! A copy of a system that is broken on purpose, so that a scenario can be seen to go red: what is broken, and why it must go red.
//!
//! What this file does not do: break anything (`proof`, `drill`), or look whether it went red for that reason (`proof`).

use super::words;
use crate::units::Duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

words! {
    /// What is broken.
    SabotageKind {
        /// The gateway knows the primary alone.
        FallbackRemoved = "fallback-removed",
        /// The gateway has a key that the standby does not take.
        StandbyKeyWrong = "standby-key-wrong",
        /// Nobody answers in the standby's place.
        StandbyDead = "standby-dead",
        /// The standby answers later than anybody waits for.
        StandbySlow = "standby-slow",
        /// The gateway waits ten times as long for an answer.
        TimeoutTimesTen = "timeout-x10",
        /// The gateway asks a provider that fails again and again.
        BreakerOff = "breaker-off",
        /// The issuer says of a key that it is revoked, and the provider takes it all the same.
        RevocationIgnored = "revocation-ignored",
        /// A step of the runbook that changes something is left out.
        StepSkipped = "step-skipped",
        /// What a command of the environment breaks.
        Command = "command",
    }
}

words! {
    /// Why a copy that is broken must go red.
    SabotageReason {
        /// No standby is asked any more.
        NoStandbyAsked = "no-standby-asked",
        /// The standby refuses the key.
        StandbyRefused = "standby-refused",
        /// The standby does not answer.
        StandbyFailed = "standby-failed",
        /// The standby answers much later.
        StandbySlower = "standby-slower",
        /// Users wait much longer for the provider that is broken.
        WaitsLonger = "waits-longer",
        /// The provider that is broken is asked by requests until its end.
        PrimaryAskedOn = "primary-asked-on",
        /// The provider takes the key that was revoked.
        OldKeyTaken = "old-key-taken",
        /// The step is not done.
        StepMissing = "step-missing",
        /// Any: it is enough that an objective is missed.
        Missed = "missed",
    }
}

impl SabotageKind {
    /// Why it must go red; of a command its environment says that.
    pub const fn reason(self) -> SabotageReason {
        match self {
            Self::FallbackRemoved => SabotageReason::NoStandbyAsked,
            Self::StandbyKeyWrong => SabotageReason::StandbyRefused,
            Self::StandbyDead => SabotageReason::StandbyFailed,
            Self::StandbySlow => SabotageReason::StandbySlower,
            Self::TimeoutTimesTen => SabotageReason::WaitsLonger,
            Self::BreakerOff => SabotageReason::PrimaryAskedOn,
            Self::RevocationIgnored => SabotageReason::OldKeyTaken,
            Self::StepSkipped => SabotageReason::StepMissing,
            Self::Command => SabotageReason::Missed,
        }
    }
}

/// What is broken in the copy that a drill is of. A history names it, so that nobody takes such a drill for one of the system itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sabotage {
    /// What it is called among the controls of its scenario: `standby-dead`, `step-skipped-2`.
    pub name: String,
    /// What is broken.
    pub kind: SabotageKind,
    /// The provider or the step that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// The same for people.
    pub what: String,
}

/// What breaks a system that is not the lab's, and what puts it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SabotageCommand {
    /// What it is called.
    pub name: String,
    /// Program and arguments; never a shell line. May contain `${root}`.
    pub run: Vec<String>,
    /// The same of what puts it back, always.
    pub undo: Vec<String>,
    /// Environment variables of both.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// The variables of Lifeboat's own environment that both are given besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pass: Vec<String>,
    /// How long each may take.
    pub within: Duration,
    /// Why the copy must go red.
    pub expect: SabotageReason,
}

impl SabotageCommand {
    /// The names of the variables that it knows.
    pub const VARIABLES: [&str; 1] = ["root"];

    /// All texts in which variables may stand.
    pub fn texts(&self) -> impl Iterator<Item = &String> {
        self.run.iter().chain(&self.undo).chain(self.env.values())
    }
}
