//! AWS Bedrock's `InvokeModel` and `InvokeModelWithResponseStream`, for Anthropic's models.
//!
//! Requests and answers are those of the model's maker, here Anthropic's messages, whose model stands in the path and whose version in the
//! body. A stream is Anthropic's too, each event in a frame `chunk` as the base64 of its JSON (`bytes`); what goes wrong in it is a frame
//! of AWS's. Models of other makers (Titan, Llama, Nova …) have formats of their own, which are not supported.
//! Sources: botocore's service model of `bedrock-runtime`, AWS's page on Anthropic's messages.

use super::converse::{Converse, event_frame};
use super::messages::{Messages, end_events, message_start, token_delta};
use crate::dialect::composed_answer::ComposedAnswer;
use crate::dialect::lenient;
use crate::dialect::operation_codec::{OperationCodec, RequestContent};
use crate::dialect::partial_answer::PartialAnswer;
use crate::dialect::provider_error::ProviderError;
use crate::dialect::provider_request::ProviderRequest;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// The codec of Bedrock's `InvokeModel` for Anthropic's models.
pub(in crate::dialect) struct Invoke;

/// The version that bodies name.
const VERSION: &str = "bedrock-2023-05-31";

impl OperationCodec for Invoke {
    fn encode_request(&self, content: &RequestContent<'_>) -> Value {
        let mut body = Messages.encode_request(&RequestContent { streamed: false, ..*content });
        if let Some(fields) = body.as_object_mut() {
            fields.remove("model");
        }
        body["anthropic_version"] = json!(VERSION);
        body
    }

    fn decode_request(&self, body: &Value) -> Result<ProviderRequest, String> {
        if body["anthropic_version"] != VERSION {
            return Err(format!("anthropic_version: Input should be '{VERSION}'"));
        }
        Ok(ProviderRequest { model: None, streamed: false, ..Messages.decode_request(body)? })
    }

    fn encode_answer(&self, answer: &ComposedAnswer) -> Value {
        Messages.encode_answer(answer)
    }

    fn answer_headers(&self, answer: &ComposedAnswer, streamed: bool) -> Vec<(&'static str, String)> {
        if streamed {
            return vec![("x-amzn-bedrock-content-type", "application/json".to_owned())];
        }
        vec![
            ("x-amzn-bedrock-input-token-count", answer.prompt_tokens.to_string()),
            ("x-amzn-bedrock-output-token-count", answer.tokens.len().to_string()),
        ]
    }

    fn stream_start(&self, answer: &ComposedAnswer) -> Vec<u8> {
        message_start(answer).iter().flat_map(chunk).collect()
    }

    fn stream_token(&self, answer: &ComposedAnswer, index: usize) -> Vec<u8> {
        chunk(&token_delta(answer, index))
    }

    /// The last event tells what AWS counted.
    fn stream_end(&self, answer: &ComposedAnswer) -> Vec<u8> {
        let mut events = end_events(answer);
        if let Some(last) = events.last_mut() {
            last["amazon-bedrock-invocationMetrics"] = json!({
                "inputTokenCount": answer.prompt_tokens, "outputTokenCount": answer.tokens.len(), "invocationLatency": 0, "firstByteLatency": 0,
            });
        }
        events.iter().flat_map(chunk).collect()
    }

    fn stream_error(&self, error: &ProviderError, body: &Value) -> Vec<u8> {
        Converse.stream_error(error, body)
    }

    fn keep_alive(&self) -> Vec<u8> {
        chunk(&json!({"type": "ping"}))
    }

    fn decode_answer(&self, body: &Value, partial: &mut PartialAnswer) {
        Messages.decode_answer(body, partial);
    }

    fn decode_event(&self, event: &Value, partial: &mut PartialAnswer) {
        Messages.decode_event(event, partial);
    }

    fn model_paths(&self) -> &'static [&'static [&'static str]] {
        Messages.model_paths()
    }

    fn text_paths(&self) -> &'static [&'static [&'static str]] {
        Messages.text_paths()
    }

    fn frame_content(&self, payload: Value) -> Option<Value> {
        lenient::value(&BASE64_STANDARD.decode(payload["bytes"].as_str()?).ok()?)
    }

    fn frame_payload(&self, said: Value) -> Value {
        json!({"bytes": BASE64_STANDARD.encode(said.to_string())})
    }

    fn frame_event(&self, _name: &str, said: Value) -> Value {
        said
    }
}

fn chunk(said: &Value) -> Vec<u8> {
    event_frame("chunk", &Invoke.frame_payload(said.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{AnswerFormat, AnswerReader, Flaw, samples::sample_request};
    use crate::model::{Dialect, Operation};

    #[test]
    fn a_chunk_that_is_not_what_its_maker_says_is_malformed() {
        let request = sample_request(AnswerFormat { dialect: Dialect::Bedrock, operation: Operation::Invoke, streamed: true });
        let oops = BASE64_STANDARD.encode("{oops");
        for payload in [json!({}), json!({"bytes": "not base64"}), json!({"bytes": oops})] {
            let mut reader = AnswerReader::new(Dialect::Bedrock, &request);
            reader.feed(&event_frame("chunk", &payload));
            assert_eq!(reader.finish(), Err(Flaw::Malformed), "{payload}");
        }
        let body = br#"{"max_tokens":5,"messages":[{"role":"user","content":"hi"}]}"#;
        assert!(ProviderRequest::parse(Dialect::Bedrock, Operation::Invoke, body).unwrap_err().starts_with("anthropic_version"));
    }
}
