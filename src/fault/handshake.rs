//! `tls` (ours): what goes wrong in the handshakes of a proxy that stands for its provider with a certificate of its own. Handshakes that
//! are over stay as they are.

use super::ToxicError;
use super::fields::{Attributes, Fields, bad};
use crate::model::TlsProblem;
use serde_json::json;

pub(super) fn read(fields: &mut Fields) -> Result<TlsProblem, ToxicError> {
    let problem = fields.word("problem")?.and_then(|word| TlsProblem::from_word(&word));
    problem.ok_or_else(|| bad("problem", format!("write one of {}", TlsProblem::WORDS.join(", "))))
}

pub(super) fn attributes(problem: TlsProblem) -> Attributes {
    Attributes::from_iter([("problem".to_owned(), json!(problem.word()))])
}
