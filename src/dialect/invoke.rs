//! AWS Bedrock's `InvokeModel` and `InvokeModelWithResponseStream`, for Anthropic's models.
//!
//! What is asked and answered is the model's maker's own, here Anthropic's messages, whose model stands in the path and whose version in the
//! body. A stream is Anthropic's too, each event in a frame `chunk` as the base64 of its JSON (`bytes`); what goes wrong in it is a frame
//! of AWS's. Models of other makers (Titan, Llama, Nova …) have forms of their own, which are not spoken.
//! Sources: botocore's service model of `bedrock-runtime`, AWS's page on Anthropic's messages.

use super::anthropic::{Anthropic, end_events, message_start, token_delta};
use super::bedrock::{Bedrock, event};
use super::form::{OperationCodec, PartialAnswer, RequestContent};
use super::tongue::{ProviderApi, ProviderError};
use super::{ProviderAnswer, ProviderRequest, lenient};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// Speaks it.
pub(super) struct Invoke;

/// The version that bodies name.
const VERSION: &str = "bedrock-2023-05-31";

impl OperationCodec for Invoke {
    fn request(&self, wish: &RequestContent<'_>) -> Value {
        let mut body = Anthropic.request(&RequestContent { streamed: false, ..*wish });
        if let Some(fields) = body.as_object_mut() {
            fields.remove("model");
        }
        body["anthropic_version"] = json!(VERSION);
        body
    }

    fn read_request(&self, body: &Value) -> Result<ProviderRequest, String> {
        if body["anthropic_version"] != VERSION {
            return Err(format!("anthropic_version: Input should be '{VERSION}'"));
        }
        Ok(ProviderRequest { model: None, streamed: false, ..Anthropic.read_request(body)? })
    }

    fn whole(&self, reply: &ProviderAnswer) -> Value {
        Anthropic.whole(reply)
    }

    fn headers(&self, reply: &ProviderAnswer, streamed: bool) -> Vec<(&'static str, String)> {
        if streamed {
            return vec![("x-amzn-bedrock-content-type", "application/json".to_owned())];
        }
        vec![
            ("x-amzn-bedrock-input-token-count", reply.prompt_tokens.to_string()),
            ("x-amzn-bedrock-output-token-count", reply.tokens.len().to_string()),
        ]
    }

    fn start(&self, reply: &ProviderAnswer) -> Vec<u8> {
        message_start(reply).iter().flat_map(chunk).collect()
    }

    fn token(&self, reply: &ProviderAnswer, place: usize) -> Vec<u8> {
        chunk(&token_delta(reply, place))
    }

    /// The last event tells what AWS counted.
    fn end(&self, reply: &ProviderAnswer) -> Vec<u8> {
        let mut events = end_events(reply);
        if let Some(last) = events.last_mut() {
            last["amazon-bedrock-invocationMetrics"] = json!({
                "inputTokenCount": reply.prompt_tokens, "outputTokenCount": reply.tokens.len(), "invocationLatency": 0, "firstByteLatency": 0,
            });
        }
        events.iter().flat_map(chunk).collect()
    }

    fn error_event(&self, api: &dyn ProviderApi, refusal: &ProviderError) -> Vec<u8> {
        Bedrock.error_event(api, refusal)
    }

    fn sign_of_life(&self) -> Vec<u8> {
        chunk(&json!({"type": "ping"}))
    }

    fn hear_whole(&self, body: &Value, heard: &mut PartialAnswer) {
        Anthropic.hear_whole(body, heard);
    }

    fn hear(&self, event: &Value, heard: &mut PartialAnswer) {
        Anthropic.hear(event, heard);
    }

    fn model_at(&self) -> &'static [&'static [&'static str]] {
        Anthropic.model_at()
    }

    fn text_at(&self) -> &'static [&'static [&'static str]] {
        Anthropic.text_at()
    }

    fn opened(&self, payload: Value) -> Option<Value> {
        lenient::value(&BASE64_STANDARD.decode(payload["bytes"].as_str()?).ok()?)
    }

    fn closed(&self, said: Value) -> Value {
        json!({"bytes": BASE64_STANDARD.encode(said.to_string())})
    }

    fn event(&self, _name: &str, said: Value) -> Value {
        said
    }
}

fn chunk(said: &Value) -> Vec<u8> {
    event("chunk", &Invoke.closed(said.clone()))
}

#[cfg(test)]
mod tests {
    use super::super::AnswerReader;
    use super::super::ask::tests::ask;
    use super::super::form::AnswerFormat;
    use super::*;
    use crate::dialect::Flaw;
    use crate::model::{Dialect, Operation};

    #[test]
    fn a_chunk_that_is_not_what_its_maker_says_is_malformed() {
        let ask = ask(AnswerFormat { dialect: Dialect::Bedrock, operation: Operation::Invoke, streamed: true });
        let oops = BASE64_STANDARD.encode("{oops");
        for payload in [json!({}), json!({"bytes": "not base64"}), json!({"bytes": oops})] {
            let mut reader = AnswerReader::new(Dialect::Bedrock, &ask);
            reader.feed(&event("chunk", &payload));
            assert_eq!(reader.finish(), Err(Flaw::Malformed), "{payload}");
        }
        let body = br#"{"max_tokens":5,"messages":[{"role":"user","content":"hi"}]}"#;
        assert!(ProviderRequest::parse(Dialect::Bedrock, Operation::Invoke, body).unwrap_err().starts_with("anthropic_version"));
    }
}
