//! What is to be looked into after a drill: what failed or nearly failed, by whom and until when.

use super::text::Text;
use serde::{Deserialize, Serialize};

/// Something that a drill showed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DrillFinding {
    /// What it is in a few words with hyphens, the same in each drill that shows it, as `dead-primary-asked`.
    pub id: String,
    /// The workload, credential or step that it is about, where a drill may show it of several.
    pub about: Option<String>,
    /// How much it matters.
    pub severity: FindingSeverity,
    /// What was seen, in a sentence with its numbers.
    pub says: Text,
    /// The objective that it is about, in the word of `verdict.json`.
    pub objective: Option<String>,
    /// What shows it.
    pub evidence: FindingEvidence,
    /// What would mend it, where that is known.
    pub suggestion: Option<Suggestion>,
    /// Who looks into it; a person writes that.
    pub owner: Option<String>,
    /// Until when; a person writes that.
    pub due: Option<String>,
    /// Where it is tracked; a person writes that.
    pub ticket: Option<String>,
    /// Whether it is new.
    pub state: FindingState,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingSeverity {
    /// Worth knowing: the drill itself, or what nearly failed.
    Low,
    /// Users were worse served, or the drill proves less than it was to.
    Medium,
    /// An objective was missed, or something was left behind.
    High,
}

/// What shows a finding.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct FindingEvidence {
    /// Lines of `history.jsonl`, from 1, the first few.
    pub events: Vec<u64>,
    /// Numbers of requests, the first few.
    pub requests: Vec<u64>,
    /// How many requests or events show it in all; `None` where that is no question of a count.
    pub count: Option<u64>,
}

/// What would mend a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// The gateway that it is a setting of, as `litellm`; `None` where the gateway is not known or it is none of its settings.
    pub gateway: Option<String>,
    /// The setting, as the gateway's own documentation writes it.
    pub setting: Option<String>,
    /// The value.
    pub value: Option<String>,
    /// What to do, in a sentence.
    pub text: Text,
}

/// What became of a finding since the drill before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingState {
    /// It was not there before.
    New,
    /// It was there before.
    StillThere,
    /// It was there before, and is not any more.
    Gone,
    /// A person decided to live with it.
    Accepted,
}
