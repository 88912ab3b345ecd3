//! A lever that is pulled: who did it, when and why, or why that cannot be known.

use super::who::{me, now};
use crate::units::{Explained, one_line};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// The form that this build writes.
const FORM: u32 = 1;

/// What stands in the file of a lever that is pulled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeverNote {
    /// The version of this form.
    #[serde(default)]
    pub lever: u32,
    /// Who pulled it: `ada@ops-1`.
    pub by: String,
    /// When, RFC 3339, by their clock.
    pub since: String,
    /// Why.
    pub reason: String,
}

/// A lever that is pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledLever {
    /// Where it is: a path or an address.
    pub place: String,
    /// Who pulled it, when and why, where that can be read.
    pub note: Option<LeverNote>,
    /// What is odd about it.
    pub trouble: Option<String>,
    /// What to type to lift it.
    pub lifted_by: String,
}

impl LeverNote {
    /// One that this user pulls now.
    pub fn now(reason: &str) -> Self {
        Self { lever: FORM, by: me(), since: now(), reason: reason.to_owned() }
    }
}

impl fmt::Display for PulledLever {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.note {
            Some(LeverNote { by, since, reason, .. }) => {
                write!(f, "{} pulled the lever at {}: {} ({}", one_line(by), one_line(since), one_line(reason), self.place)?;
                self.trouble.iter().try_for_each(|trouble| write!(f, ", which {trouble}"))?;
                f.write_str(")")
            }
            None => {
                let trouble = self.trouble.as_deref().unwrap_or("says so");
                write!(f, "the lever {} {trouble}, so it counts as pulled", self.place)
            }
        }
    }
}

impl std::error::Error for PulledLever {}

impl Explained for PulledLever {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match &self.note {
            Some(_) => format!("{}, when that is over", self.lifted_by).into(),
            None => format!("see what is wrong there; {} takes it away", self.lifted_by).into(),
        })
    }
}
