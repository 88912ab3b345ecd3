//! `tls` (ours): what goes wrong in the handshakes of a proxy that stands for its provider with a certificate of its own. Connections
//! that are open have done theirs: they end as soon as they carry nothing, so that a new handshake must follow. No request is cut.

use super::ToxicError;
use super::deed::{Deed, On};
use super::fields::{AttributeReader, Attributes, bad};
use crate::model::TlsProblem;
use serde_json::json;

/// The toxic's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tls {
    /// What goes wrong.
    pub problem: TlsProblem,
}

impl Deed for Tls {
    fn read(fields: &mut AttributeReader) -> Result<Self, ToxicError> {
        let problem = fields.word("problem")?.and_then(|word| TlsProblem::from_word(&word));
        let problem = problem.ok_or_else(|| bad("problem", format!("write one of {}", TlsProblem::WORDS.join(", "))))?;
        Ok(Self { problem })
    }

    fn attributes(&self) -> Attributes {
        Attributes::from_iter([("problem".to_owned(), json!(self.problem.word()))])
    }

    fn on(&self) -> On {
        On::Connections
    }
}
