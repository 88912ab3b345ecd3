//! Who can be told something, and how.

use crate::model::{Contact, Mail};
use std::collections::BTreeMap;

/// Whom messages may go to, and the server that takes e-mail.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// By name.
    pub contacts: BTreeMap<String, Contact>,
    /// The mail server, where the inventory names one.
    pub mail: Option<Mail>,
}
