//! Whose approval a drill in a protected environment began with.

use crate::model::words;

words! {
    /// How an approval was given, which says what is known of who gave it.
    ApprovalWay {
        /// The environment's name was typed in full at the terminal: who that was is what was typed, or the user of the operating system.
        Typed = "typed",
        /// A file that is signed with the key which the inventory names for this person.
        Signed = "signed",
    }
}

/// Somebody approved the drill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// Who: a contact of the inventory, or the user at whose terminal it was typed where the inventory names nobody.
    pub who: String,
    /// How.
    pub how: ApprovalWay,
    /// The name of the key that signed it.
    pub key: Option<String>,
    /// Until when it holds, RFC 3339.
    pub until: Option<String>,
    /// The hash of the plan that was approved.
    pub plan: String,
}

impl Approved {
    /// In words.
    pub fn told(&self) -> String {
        let until = self.until.as_ref().map(|until| format!(", holds until {until}")).unwrap_or_default();
        let key = self.key.as_ref().map(|key| format!(" with the key {}", key.get(..16).unwrap_or(key))).unwrap_or_default();
        match self.how {
            ApprovalWay::Typed => format!("{} (typed at the terminal; not verified){until}", self.who),
            ApprovalWay::Signed => format!("{} (signed{key}){until}", self.who),
        }
    }
}
