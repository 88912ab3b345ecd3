//! What a person does, and what a person is asked to write.

use super::Reaction;
use serde::{Deserialize, Serialize};

/// A step that a person does by hand.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Manual {
    /// What to do; may contain variables.
    pub text: String,
    /// Where: pages to open; may contain variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<String>,
    /// What is ticked off, one after the other or in any order; may contain variables. With none, the whole step is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checklist: Vec<String>,
    /// How long people take, where it is not the runbook's reaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reaction: Option<Reaction>,
}

/// A question whose answer is any text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ask {
    /// The question; may contain variables.
    pub question: String,
    /// A regular expression that the whole answer matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The answer that counts where nobody gives one in time; may contain variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// How long people take to answer, where it is not the runbook's reaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reaction: Option<Reaction>,
}

/// Who has a role on the night.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoleHolder {
    /// A contact, by its name.
    Contact(String),
    /// It is asked when the runbook starts.
    Asked,
}
