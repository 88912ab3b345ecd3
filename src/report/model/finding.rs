//! What is to be looked into after a drill: what failed or nearly failed, by whom and until when.

use super::text::Text;
use crate::model::{FindingId, FindingSeverity, FindingState};
use serde::Serialize;

/// Something that a drill or an execution showed.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ReportFinding {
    /// What it is in a few words with hyphens, the same in each drill that shows it: a word of [`FindingId`], or what people called a finding of
    /// their own in `findings.yaml`.
    pub id: String,
    /// The workload, credential, step or provider that it is about, where a drill may show it of several.
    pub about: Option<String>,
    /// How much it matters.
    pub severity: FindingSeverity,
    /// What was seen, in a sentence with its numbers and its full stop.
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
    /// What people wrote about it.
    pub notes: Option<String>,
    /// The drill that showed it first, by its identifier.
    pub since: Option<String>,
    /// Whether it is new.
    pub state: FindingState,
}

impl ReportFinding {
    /// One that nobody has taken yet.
    pub fn new(id: FindingId, severity: FindingSeverity, says: impl Into<Text>) -> Self {
        Self {
            id: id.word().to_owned(),
            about: None,
            severity,
            says: says.into(),
            objective: None,
            evidence: FindingEvidence::default(),
            suggestion: None,
            owner: None,
            due: None,
            ticket: None,
            notes: None,
            since: None,
            state: FindingState::New,
        }
    }

    /// Which of Lifeboat's own it is; `None` for one that people added, or that a newer build knows.
    pub fn kind(&self) -> Option<FindingId> {
        FindingId::from_word(&self.id)
    }
}

/// What shows a finding.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
pub struct FindingEvidence {
    /// Lines of `history.jsonl`, from 1, the first few.
    pub events: Vec<u64>,
    /// Numbers of requests, the first few.
    pub requests: Vec<u64>,
    /// How many requests or events show it in all; `None` where that is no question of a count.
    pub count: Option<u64>,
}

/// What would mend a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
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
