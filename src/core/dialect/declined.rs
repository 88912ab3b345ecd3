//! Whether an answer that is no error turns its request away all the same: by a filter's word, or as the model's own refusal.
//!
//! The places are those that the providers' references name: `finish_reason` and `refusal` of OpenAI's chat completions, `stop_reason` of
//! Anthropic's messages, `stopReason` of Bedrock's Converse, `finishReason` and `promptFeedback` of Gemini's generateContent.
//!
//! What this file does not do: read what a text says; a refusal in a model's own prose is an answer.

use serde_json::Value;

/// Words that say so, by the places where they stand.
const WORDS: [(&str, &[&str]); 4] = [
    ("/choices/0/finish_reason", &["content_filter"]),
    ("/stop_reason", &["refusal"]),
    ("/stopReason", &["guardrail_intervened", "content_filtered"]),
    ("/candidates/0/finishReason", &["SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII"]),
];
/// Places where anything says so.
const PLACES: [&str; 2] = ["/choices/0/message/refusal", "/promptFeedback/blockReason"];

/// True where this whole answer turns its request away.
pub fn is_declined(body: &[u8]) -> bool {
    let Ok(said) = serde_json::from_slice::<Value>(body) else { return false };
    let word = |place: &str| said.pointer(place).and_then(Value::as_str);
    WORDS.iter().any(|(place, words)| word(place).is_some_and(|said| words.contains(&said)))
        || PLACES.iter().any(|place| word(place).is_some_and(|said| !said.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_turns_its_request_away_is_told_from_one_that_answers() {
        for body in [
            r#"{"choices":[{"finish_reason":"content_filter"}]}"#,
            r#"{"choices":[{"finish_reason":"stop","message":{"refusal":"I cannot."}}]}"#,
            r#"{"stop_reason":"refusal"}"#,
            r#"{"stopReason":"guardrail_intervened"}"#,
            r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#,
        ] {
            assert!(is_declined(body.as_bytes()), "{body}");
        }
        for body in [r#"{"choices":[{"finish_reason":"stop","message":{"refusal":null,"content":"I cannot."}}]}"#, "", "no json"] {
            assert!(!is_declined(body.as_bytes()), "{body}");
        }
    }
}
