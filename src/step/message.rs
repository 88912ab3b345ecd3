//! A message to a contact, before it is known which way it takes.

use crate::model::NotifySeverity;
use serde_json::{Map, Value};

/// What somebody is told.
#[derive(Debug, Clone)]
pub struct Message {
    /// The contact, by its name in the inventory.
    pub contact: String,
    /// In one sentence.
    pub text: String,
    /// Which message of this walk it is: the same when it is sent again.
    pub key: String,
    /// How bad it is.
    pub severity: NotifySeverity,
    /// True where it says that everything is over.
    pub over: bool,
    /// What a webhook is told besides.
    pub facts: Map<String, Value>,
}
