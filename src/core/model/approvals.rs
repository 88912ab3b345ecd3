//! Whose approval a drill needs in a protected environment.

use serde::{Deserialize, Serialize};

/// The approvers of an environment, and how many of them it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approvals {
    /// Who may approve; never empty, each once.
    pub of: Vec<Approver>,
    /// How many different ones it takes; at least 1, and at most all of them.
    pub needed: u32,
}

/// Somebody who may approve drills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approver {
    /// The contact's name in the inventory.
    pub contact: String,
    /// The key that signs this one's approvals: its name (64 hexadecimal digits), or the file of its public half in PEM, from the project's root.
    /// `None` where this one approves at the terminal.
    pub key: Option<String>,
}

impl Approver {
    /// True where the key is told by its name, and not by its file.
    pub fn is_key_name(key: &str) -> bool {
        key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    }
}

impl Approvals {
    /// The approver of this name.
    pub fn approver(&self, contact: &str) -> Option<&Approver> {
        self.of.iter().find(|approver| approver.contact == contact)
    }
}
