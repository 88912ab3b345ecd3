//! A configuration that was broken on purpose: its text, and what was changed.
//!
//! What this file does not do: know any gateway.

use crate::model::SabotageKind;

/// A key that no provider takes. It is none.
pub(super) const WRONG_KEY: &str = "sk-wrong-on-purpose";

/// A configuration that is broken on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditedConfiguration {
    /// Its text.
    pub text: String,
    /// What was changed, for people: `removed fallbacks of router_settings`.
    pub what: String,
}

/// The text with what was changed, where anything was.
pub(super) fn edited(text: String, changed: &[String], nothing: &str) -> Result<EditedConfiguration, String> {
    if changed.is_empty() {
        return Err(nothing.to_owned());
    }
    let mut told: Vec<&str> = Vec::new();
    for each in changed {
        if !told.contains(&each.as_str()) {
            told.push(each);
        }
    }
    Ok(EditedConfiguration { text, what: told.join(", ") })
}

/// What is said of a sabotage that is none of a configuration.
pub(super) fn elsewhere(kind: SabotageKind) -> String {
    format!("{kind} is none of a configuration")
}
