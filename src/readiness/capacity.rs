//! How long a prompt a hop takes: by what it tells of its model, else by public lists. A prompt of that length is never sent. Pure.
//!
//! There is no common field: vLLM has `max_model_len`, Google `inputTokenLimit`, OpenRouter and others `context_length` or `context_window`.

use super::check::HopFinding;
use crate::model::HopCheck;
use crate::units::grouped;
use serde_json::Value;

/// The fields that tell it.
const FIELDS: [&str; 6] =
    ["max_model_len", "inputTokenLimit", "context_length", "context_window", "max_context_length", "max_input_tokens"];

/// The tokens of a prompt that a hop takes.
pub(super) fn of_model(body: &[u8]) -> Option<u64> {
    let told: Value = serde_json::from_slice(body).ok()?;
    let model = told.get("data").filter(|data| data.is_object()).unwrap_or(&told);
    FIELDS.iter().find_map(|field| model[*field].as_u64()).filter(|tokens| *tokens > 0)
}

/// What is told of it.
pub(super) fn look(by_model: Option<u64>, by_list: Option<u64>, otherwise: &str) -> HopFinding {
    match (by_model, by_list) {
        (Some(tokens), _) => HopFinding::fine(HopCheck::Context, format!("{} tokens, as it tells of its model", grouped(tokens))),
        (None, Some(tokens)) => HopFinding::fine(HopCheck::Context, format!("{} tokens, as public lists have it", grouped(tokens))),
        (None, None) => HopFinding::unlooked(HopCheck::Context, otherwise),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_servers_field_is_read() {
        for (body, tokens) in [
            (r#"{"id": "m", "max_model_len": 32768}"#, Some(32_768)),
            (r#"{"name": "models/g", "inputTokenLimit": 1048576}"#, Some(1_048_576)),
            (r#"{"data": {"id": "m", "context_length": 200000}}"#, Some(200_000)),
            (r#"{"id": "m", "max_model_len": 0}"#, None),
            (r#"{"id": "gpt-4o", "object": "model"}"#, None),
            ("<html>", None),
        ] {
            assert_eq!(of_model(body.as_bytes()), tokens, "{body}");
        }
    }
}
