//! Bytes of answers that went wrong half-way: what a stream's events look like to whoever breaks them.
//!
//! Events are those of server-sent events, each with the blank line at its end; a whole answer is its JSON body. Spoken here: OpenAI's
//! shapes, which Azure OpenAI shares.

use crate::model::Dialect;
use serde_json::{Value, json};

/// A comment that keeps a stream alive and says nothing.
pub const PING: &[u8] = b": keep-alive\n\n";

/// The data of an event, or the whole of anything else.
fn data(piece: &[u8]) -> Option<&[u8]> {
    piece.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"data:")).map(<[u8]>::trim_ascii)
}

/// True where an event carries data, and is no mere comment.
pub fn has_data(event: &[u8]) -> bool {
    data(event).is_some()
}

/// True where an event says that the stream has come to its end.
pub fn is_terminal(event: &[u8]) -> bool {
    data(event) == Some(b"[DONE]")
}

/// The error that a provider of this dialect sends in the middle of an answer; as an event where the answer is a stream.
pub fn error_midway(_dialect: Dialect, streamed: bool) -> Vec<u8> {
    let error = json!({"error": {
        "message": "The server had an error while processing your request. Sorry about that!",
        "type": "server_error", "param": null, "code": "server_error",
    }});
    if streamed { format!("data: {error}\n\n") } else { error.to_string() }.into_bytes()
}

/// The piece with what `change` makes of its JSON; `None` where it holds none, or nothing that changes.
fn changed(piece: &[u8], streamed: bool, change: impl FnOnce(&mut Value) -> bool) -> Option<Vec<u8>> {
    let mut json: Value = serde_json::from_slice(if streamed { data(piece)? } else { piece }).ok()?;
    change(&mut json).then(|| if streamed { format!("data: {json}\n\n") } else { json.to_string() }.into_bytes())
}

/// The piece as another model would have sent it; `None` where it names no model.
pub fn with_other_model(piece: &[u8], streamed: bool) -> Option<Vec<u8>> {
    changed(piece, streamed, |json| {
        let Some(model) = json.get_mut("model").filter(|model| model.is_string()) else { return false };
        *model = json!("lifeboat-another-model");
        true
    })
}

/// The piece with every letter of its text turned into another one; `None` where it carries no text.
pub fn with_garbled_text(piece: &[u8], streamed: bool) -> Option<Vec<u8>> {
    changed(piece, streamed, |json| {
        let Some(choices) = json.get_mut("choices").and_then(Value::as_array_mut) else { return false };
        let mut any = false;
        for choice in choices {
            let Some(Value::String(text)) =
                choice.get_mut(if streamed { "delta" } else { "message" }).and_then(|said| said.get_mut("content"))
            else {
                continue;
            };
            any |= text.contains(|letter: char| letter.is_ascii_alphabetic());
            *text = text.chars().map(turned).collect();
        }
        any
    })
}

/// A letter thirteen places on, as the dullest of ciphers does it.
const fn turned(letter: char) -> char {
    match letter {
        'a'..='m' | 'A'..='M' => (letter as u8 + 13) as char,
        'n'..='z' | 'N'..='Z' => (letter as u8 - 13) as char,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_changes() {
        let event = b"data: {\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\" Anchor\"}}]}\n\n";
        let other: Value = serde_json::from_slice(data(&with_other_model(event, true).unwrap()).unwrap()).unwrap();
        assert_eq!((&other["model"], &other["choices"][0]["delta"]["content"]), (&json!("lifeboat-another-model"), &json!(" Anchor")));
        let garbled: Value = serde_json::from_slice(data(&with_garbled_text(event, true).unwrap()).unwrap()).unwrap();
        assert_eq!((&garbled["model"], &garbled["choices"][0]["delta"]["content"]), (&json!("m"), &json!(" Napube")));
        for piece in [&b"data: [DONE]\n\n"[..], PING, b"data: {\"choices\":[]}\n\n", b"", b"data: {oops\n\n"] {
            assert!(with_other_model(piece, true).is_none() && with_garbled_text(piece, true).is_none());
        }
        assert!(is_terminal(b"event: end\r\ndata:[DONE]\r\n\r\n") && !has_data(PING));
    }
}
