//! A question to people.

use super::Reaction;
use serde::{Deserialize, Serialize};

/// A question to a person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Confirm {
    /// The question.
    pub question: String,
    /// The answers that are allowed; none means `yes` and `no`. All but `no` go on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<String>,
    /// Who may answer, by the names of contacts; none means whoever is at the terminal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<String>,
    /// How many of the approvers must agree; 0 means one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub needed: u32,
    /// The role whose holder answers; then there are no approvers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The answer that counts where nobody answers within the step's timeout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// How long people take to answer, where it is not the runbook's reaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reaction: Option<Reaction>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Confirm {
    /// The answers that are allowed.
    pub fn allowed(&self) -> Vec<String> {
        if self.answers.is_empty() { vec!["yes".to_owned(), "no".to_owned()] } else { self.answers.clone() }
    }
}
