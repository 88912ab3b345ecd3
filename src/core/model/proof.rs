//! What is known of a scenario's negative controls: which copies of the system were broken on purpose, and whether each went red for its reason.
//!
//! `drills/proofs/SCENARIO.json` holds a [`ProofFile`], which can be committed; a drill's history holds the [`KnownProof`] of that moment.
//!
//! What this file does not do: read or write files (`exercise`), or run anything (`proof`).

use super::words;
use serde::{Deserialize, Serialize};

words! {
    /// Whether a scenario was ever seen red.
    ProofStanding {
        /// Each copy that was broken went red, for its own reason.
        Proven = "proven",
        /// No copy was ever tried.
        Unproven = "unproven",
        /// The scenario, the runbook or the gateway's configuration has changed since.
        Stale = "stale",
        /// A copy that was broken stayed green, or went red for another reason.
        Blind = "blind",
    }
}

/// What was known of a scenario's proof when a drill began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownProof {
    /// Whether it was ever seen red.
    pub standing: ProofStanding,
    /// When the controls were run, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// How many went red for their reason.
    #[serde(default)]
    pub red: u32,
    /// How many there were.
    #[serde(default)]
    pub of: u32,
}

impl KnownProof {
    /// Where no copy was ever tried.
    pub const NONE: Self = Self { standing: ProofStanding::Unproven, at: None, red: 0, of: 0 };

    /// True where it was seen red, as it is today.
    pub fn is_proven(&self) -> bool {
        self.standing == ProofStanding::Proven
    }
}

/// The proofs of one scenario, one for each environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofFile {
    /// The form of this file; 1.
    pub proofs: u32,
    /// The scenario's name.
    pub scenario: String,
    /// By environment.
    pub of: Vec<Proven>,
}

/// The controls of one scenario in one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proven {
    /// The environment's name.
    pub environment: String,
    /// When they were run, RFC 3339.
    pub at: String,
    /// SHA-256 of what was proven: the plan, and the files of the gateway.
    pub sha256: String,
    /// Each of those that apply; those that were not run yet are not red.
    pub controls: Vec<ProvenControl>,
}

/// One control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvenControl {
    /// What it is called.
    pub name: String,
    /// True where the copy went red for its own reason.
    pub red: bool,
    /// What was seen, in words.
    pub reason: String,
    /// The drill, by its folder from the project's root; `None` where it was not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<String>,
}

impl ProofFile {
    /// The form that is written.
    pub const FORM: u32 = 1;

    /// With nothing in it.
    pub const fn new(scenario: String) -> Self {
        Self { proofs: Self::FORM, scenario, of: Vec::new() }
    }

    /// The proof in an environment.
    pub fn in_environment(&self, environment: &str) -> Option<&Proven> {
        self.of.iter().find(|proven| proven.environment == environment)
    }

    /// Takes a proof in, in the place of an older one of the same environment.
    pub fn take(&mut self, proven: Proven) {
        self.of.retain(|other| other.environment != proven.environment);
        self.of.push(proven);
        self.of.sort_by(|one, other| one.environment.cmp(&other.environment));
    }

    /// What it says of a scenario whose plan and files have this hash today.
    pub fn known(&self, environment: &str, sha256: &str) -> KnownProof {
        let Some(proven) = self.in_environment(environment) else { return KnownProof::NONE };
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (red, of) = (count(proven.controls.iter().filter(|control| control.red).count()), count(proven.controls.len()));
        let standing = match () {
            () if proven.sha256 != sha256 => ProofStanding::Stale,
            () if red == of && of > 0 => ProofStanding::Proven,
            () => ProofStanding::Blind,
        };
        KnownProof { standing, at: Some(proven.at.clone()), red, of }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(name: &str, red: bool) -> ProvenControl {
        ProvenControl { name: name.into(), red, reason: String::new(), drill: None }
    }

    #[test]
    fn a_scenario_is_proven_where_every_control_was_red_and_nothing_has_changed_since() {
        let mut file = ProofFile::new("outage".into());
        assert_eq!(file.known("lab", "aa"), KnownProof::NONE);
        let proven = |controls: Vec<ProvenControl>| Proven {
            environment: "lab".into(),
            at: "2026-11-30T10:00:00Z".into(),
            sha256: "aa".into(),
            controls,
        };
        file.take(proven(vec![control("fallback-removed", true), control("standby-dead", true)]));
        let known = file.known("lab", "aa");
        assert!(known.is_proven() && (known.red, known.of) == (2, 2));
        assert_eq!(file.known("lab", "bb").standing, ProofStanding::Stale);
        assert_eq!(file.known("staging", "aa").standing, ProofStanding::Unproven);
        file.take(proven(vec![control("fallback-removed", true), control("standby-dead", false)]));
        assert_eq!((file.known("lab", "aa").standing, file.of.len()), (ProofStanding::Blind, 1));
        file.take(proven(Vec::new()));
        assert_eq!(file.known("lab", "aa").standing, ProofStanding::Blind, "nothing was shown");
    }
}
