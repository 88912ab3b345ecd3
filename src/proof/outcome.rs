//! What came of the controls of one scenario: which went red for their reason, and what is kept of that.

use super::control::LeftOutControl;
use crate::model::{Proven, ProvenControl, SabotageKind, SabotageReason, words};
use crate::verdict::Decision;
use serde::Serialize;

words! {
    /// What became of a copy that is broken.
    ControlEnd {
        /// It went red, for its own reason.
        Red = "red",
        /// It went red, and not for its own reason.
        OtherReason = "red for another reason",
        /// It stayed green.
        Green = "green",
        /// It is not known: its drill was void, inconclusive, stopped, or did not begin.
        Untold = "could not tell",
    }
}

/// One control that was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ControlResult {
    /// What it is called.
    pub name: String,
    /// What is broken.
    pub kind: SabotageKind,
    /// The same for people.
    pub what: String,
    /// Why it had to go red.
    pub expected: SabotageReason,
    /// What became of it.
    pub end: ControlEnd,
    /// The verdict on its drill; `None` where it has none.
    pub verdict: Option<Decision>,
    /// The objectives that were missed.
    pub missed: Vec<String>,
    /// What was seen, in words.
    pub seen: String,
    /// What would have noticed it; empty where it was noticed.
    pub advice: String,
    /// Its drill, by its folder from the project's root.
    pub drill: Option<String>,
}

/// The controls of one scenario, and the drill as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofOutcome {
    /// The scenario's name.
    pub scenario: String,
    /// The environment's name.
    pub environment: String,
    /// When it was run, RFC 3339.
    pub at: String,
    /// The hash of what was proven.
    pub sha256: String,
    /// The verdict on the drill as it is; `None` where it has none.
    pub as_it_is: Option<Decision>,
    /// What is to be known of that, where it does not allow to tell anything.
    pub untold: Option<String>,
    /// The drill as it is, by its folder from the project's root.
    pub drill: Option<String>,
    /// Those that were run, in their order.
    pub controls: Vec<ControlResult>,
    /// Those that apply and were not asked for.
    pub not_asked: Vec<String>,
    /// Those that do not apply.
    pub left_out: Vec<LeftOutControl>,
}

impl ProofOutcome {
    /// How many ended so.
    pub fn count(&self, end: ControlEnd) -> usize {
        self.controls.iter().filter(|control| control.end == end).count()
    }

    /// True where at least one was run, and every one went red for its reason.
    pub fn is_red(&self) -> bool {
        self.untold.is_none() && !self.controls.is_empty() && self.count(ControlEnd::Red) == self.controls.len()
    }

    /// True where something stayed green, or went red for another reason.
    pub fn is_blind(&self) -> bool {
        self.count(ControlEnd::Green) + self.count(ControlEnd::OtherReason) > 0
    }

    /// What is kept of it. Controls that were not asked for this time are as they were, where nothing has changed since.
    pub fn kept(&self, before: Option<&Proven>) -> Proven {
        let before = before.filter(|before| before.sha256 == self.sha256);
        let known = |name: &str| before.and_then(|before| before.controls.iter().find(|control| control.name == name)).cloned();
        let ran = self.controls.iter().map(|control| ProvenControl {
            name: control.name.clone(),
            red: control.end == ControlEnd::Red,
            reason: control.seen.clone(),
            drill: control.drill.clone(),
        });
        let rest = self.not_asked.iter().map(|name| {
            let unknown = || ProvenControl { name: name.clone(), red: false, reason: "not run".to_owned(), drill: None };
            known(name).unwrap_or_else(unknown)
        });
        Proven {
            environment: self.environment.clone(),
            at: self.at.clone(),
            sha256: self.sha256.clone(),
            controls: ran.chain(rest).collect(),
        }
    }
}

/// What would notice that something is broken so.
pub(super) const fn advice(kind: SabotageKind) -> &'static str {
    match kind {
        SabotageKind::FallbackRemoved | SabotageKind::StandbyKeyWrong | SabotageKind::StandbyDead => {
            "nothing in its objectives needs a standby: `gate: cutover` with an `rto` shorter than the fault would, or `rpo: {requests_lost: 1%}`"
        }
        SabotageKind::StandbySlow => {
            "nothing in its objectives notices a slow standby: a shorter `slo`, or `success` nearer to 100%, would"
        }
        SabotageKind::TimeoutTimesTen => {
            "nothing in its objectives notices how long users wait: a shorter `slo` or `rto` would, or `rescued: {at_most: 10%, after: 5s}`"
        }
        SabotageKind::BreakerOff => {
            "nothing in its objectives notices that the broken provider is asked on: `rescued: {at_most: 10%, after: 5s}` would, or an `slo` shorter than the gateway's timeout"
        }
        SabotageKind::RevocationIgnored => "nothing in its objectives notices that the old key is still taken",
        SabotageKind::StepSkipped => "nothing in its objectives depends on this step: is it needed, or is what it is for not watched?",
        SabotageKind::Command => "nothing in its objectives notices it",
    }
}
