//! Bytes of answers that go wrong: what a stream's events look like to whoever breaks them, and refusals that need words of their own.
//!
//! Events are those of server-sent events, each with the blank line at its end; a whole answer is its JSON body. Spoken here: OpenAI's
//! shapes, which Azure OpenAI shares.

use super::{ProviderFault, WireAnswer, error_answer};
use crate::model::{Dialect, Refusal};
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

/// The answer of a provider that refuses for this reason.
pub fn refusal(dialect: Dialect, refusal: Refusal) -> WireAnswer {
    let azure = dialect == Dialect::AzureOpenAi;
    let (status, kind, code, message) = match refusal {
        Refusal::Quota if azure => {
            (403, Value::Null, json!("403"), "Out of call volume quota. Quota will be replenished at the start of the next billing period.")
        }
        Refusal::Quota => (
            429,
            json!("insufficient_quota"),
            json!("insufficient_quota"),
            "You exceeded your current quota, please check your plan and billing details.",
        ),
        Refusal::Expired if azure => {
            (401, Value::Null, json!("401"), "Unauthorized. Access token is missing, invalid, audience is incorrect, or have expired.")
        }
        Refusal::Expired => (401, json!("invalid_request_error"), json!("token_expired"), "The access token has expired."),
        Refusal::Forbidden if azure => (403, Value::Null, json!("403"), "Access denied due to Virtual Network/Firewall rules."),
        Refusal::Forbidden => {
            (403, json!("invalid_request_error"), json!("model_access_denied"), "Your project does not have access to this model.")
        }
        Refusal::ContentFilter if azure => (
            400,
            Value::Null,
            json!("content_filter"),
            "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.",
        ),
        Refusal::ContentFilter => (
            400,
            json!("invalid_request_error"),
            json!("content_policy_violation"),
            "Your request was rejected as a result of our safety system.",
        ),
        Refusal::ModelWithdrawn if azure => return error_answer(dialect, &ProviderFault::NoSuchModel(String::new())),
        Refusal::ModelWithdrawn => {
            (404, json!("invalid_request_error"), json!("model_not_found"), "The model has been deprecated and is no longer available.")
        }
        Refusal::RateLimit => return error_answer(dialect, &ProviderFault::Status { code: 429, retry_after: None }),
        Refusal::Overloaded => return error_answer(dialect, &ProviderFault::Status { code: 503, retry_after: None }),
    };
    let error = if kind.is_null() {
        json!({"error": {"code": code, "message": message}})
    } else {
        json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
    };
    WireAnswer { status, headers: vec![("content-type", "application/json".to_owned())], body: error.to_string().into_bytes() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_a_code_of_its_own_or_a_status() {
        use crate::dialect::error_code;
        for dialect in [Dialect::OpenAi, Dialect::AzureOpenAi] {
            let answers = Refusal::WORDS.iter().map(|word| refusal(dialect, Refusal::from_word(word).unwrap()));
            let told: std::collections::BTreeSet<_> = answers.map(|answer| (answer.status, answer.body)).collect();
            assert_eq!(told.len(), Refusal::WORDS.len());
            assert!(told.iter().all(|(status, body)| (400..600).contains(status) && error_code(|_| None, body).is_some()), "{told:?}");
        }
        assert_eq!(error_code(|_| None, &refusal(Dialect::OpenAi, Refusal::Quota).body).as_deref(), Some("insufficient_quota"));
        assert_eq!(error_code(|_| None, &refusal(Dialect::AzureOpenAi, Refusal::ContentFilter).body).as_deref(), Some("content_filter"));
    }

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
