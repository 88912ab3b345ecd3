//! AWS Bedrock's `Converse` and `ConverseStream`.
//!
//! A stream is `messageStart`, for each block `contentBlockDelta`s and `contentBlockStop`, then `messageStop` with the reason for the
//! end, the terminal marker, then `metadata` with the usage; each is a binary frame ([`crate::dialect::eventstream`]).
//! Source: botocore's service model of `bedrock-runtime`.

use crate::dialect::client_request::MAX_TOKENS;
use crate::dialect::composed_answer::{AnswerEnd, ComposedAnswer};
use crate::dialect::eventstream::{MESSAGE_TYPE, frame};
use crate::dialect::json_body::{conversation, is_count, offered_tool, text_of, tool_parameters};
use crate::dialect::operation_codec::{OperationCodec, RequestContent};
use crate::dialect::partial_answer::PartialAnswer;
use crate::dialect::provider_error::ProviderError;
use crate::dialect::provider_request::ProviderRequest;
use serde_json::{Value, json};

/// The codec of Bedrock's `Converse` and `ConverseStream`.
pub(in crate::dialect) struct Converse;

impl OperationCodec for Converse {
    fn encode_request(&self, content: &RequestContent<'_>) -> Value {
        let mut body = json!({
            "messages": [{"role": "user", "content": [{"text": content.prompt}]}],
            "inferenceConfig": {"maxTokens": MAX_TOKENS, "temperature": 0},
        });
        if let Some(name) = content.tool {
            body["toolConfig"] = json!({
                "tools": [{"toolSpec": {"name": name, "inputSchema": {"json": tool_parameters()}}}], "toolChoice": {"tool": {"name": name}},
            });
        }
        body
    }

    fn decode_request(&self, body: &Value) -> Result<ProviderRequest, String> {
        let system = text_of(&body["system"]).unwrap_or_default();
        Ok(ProviderRequest {
            max_tokens: body["inferenceConfig"]["maxTokens"].as_u64(),
            prompt: system + &conversation(body, "messages", "content")?,
            tool: offered_tool(&body["toolConfig"]["tools"][0]["toolSpec"]["name"], &body["messages"]),
            ..ProviderRequest::default()
        })
    }

    fn encode_answer(&self, answer: &ComposedAnswer) -> Value {
        let content = match &answer.tool {
            Some(name) => json!([{"toolUse": {"toolUseId": tool_id(answer), "name": name, "input": answer.arguments()}}]),
            None if answer.tokens.is_empty() => json!([]),
            None => json!([{"text": answer.text()}]),
        };
        json!({
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": stop_reason(answer), "usage": usage(answer), "metrics": {"latencyMs": 0},
        })
    }

    fn stream_start(&self, answer: &ComposedAnswer) -> Vec<u8> {
        let mut bytes = event_frame("messageStart", &json!({"role": "assistant"}));
        if let Some(name) = &answer.tool {
            let start = json!({"toolUse": {"toolUseId": tool_id(answer), "name": name}});
            bytes.extend(event_frame("contentBlockStart", &json!({"contentBlockIndex": 0, "start": start})));
        }
        bytes
    }

    fn stream_token(&self, answer: &ComposedAnswer, index: usize) -> Vec<u8> {
        let text = &answer.tokens[index];
        let delta = if answer.tool.is_some() { json!({"toolUse": {"input": text}}) } else { json!({"text": text}) };
        event_frame("contentBlockDelta", &json!({"contentBlockIndex": 0, "delta": delta}))
    }

    fn stream_end(&self, answer: &ComposedAnswer) -> Vec<u8> {
        let mut bytes = event_frame("contentBlockStop", &json!({"contentBlockIndex": 0}));
        bytes.extend(event_frame("messageStop", &json!({"stopReason": stop_reason(answer)})));
        bytes.extend(event_frame("metadata", &json!({"usage": usage(answer), "metrics": {"latencyMs": 0}})));
        bytes
    }

    fn decode_answer(&self, body: &Value, partial: &mut PartialAnswer) {
        let content = &body["output"]["message"]["content"];
        partial.text = text_of(content).unwrap_or_default();
        for call in content.as_array().into_iter().flatten().filter_map(|part| part.get("toolUse")) {
            partial.begin_tool_call(&call["name"], &call["input"].to_string());
        }
        partial.terminal = body["stopReason"].is_string();
        partial.usage = is_count(&body["usage"]["outputTokens"]);
    }

    /// An event is an object whose one key names it, as AWS's clients show it.
    fn decode_event(&self, event: &Value, partial: &mut PartialAnswer) {
        let delta = &event["contentBlockDelta"]["delta"];
        if let Some(text) = delta["text"].as_str() {
            partial.text.push_str(text);
        }
        if let Some(call) = event["contentBlockStart"]["start"].get("toolUse") {
            partial.begin_tool_call(&call["name"], "");
        }
        partial.add_arguments(&delta["toolUse"]["input"]);
        partial.terminal |= event["messageStop"]["stopReason"].is_string();
        partial.usage |= is_count(&event["metadata"]["usage"]["outputTokens"]);
        // It is the last event, and the only one behind the marker.
        partial.over |= partial.terminal && event.get("metadata").is_some();
    }

    /// In a stream the exception's name begins in lower case.
    fn stream_error(&self, error: &ProviderError, body: &Value) -> Vec<u8> {
        let mut kind = error.kind.to_owned();
        kind[..1].make_ascii_lowercase();
        let headers = [(":exception-type", kind.as_str()), (":content-type", "application/json"), (MESSAGE_TYPE, "exception")];
        frame(&headers, body.to_string().as_bytes())
    }

    /// The encoding has none: a token without a letter.
    fn keep_alive(&self) -> Vec<u8> {
        event_frame("contentBlockDelta", &json!({"contentBlockIndex": 0, "delta": {"text": ""}}))
    }

    /// Its answers name none.
    fn model_paths(&self) -> &'static [&'static [&'static str]] {
        &[]
    }

    fn text_paths(&self) -> &'static [&'static [&'static str]] {
        &[
            &["delta", "text"],
            &["delta", "toolUse", "input"],
            &["output", "message", "content", "*", "text"],
            &["output", "message", "content", "*", "toolUse", "input", "words"],
        ]
    }
}

fn tool_id(answer: &ComposedAnswer) -> String {
    format!("tooluse_{}", answer.id)
}

/// One event as a frame.
pub(super) fn event_frame(name: &str, payload: &Value) -> Vec<u8> {
    let headers = [(":event-type", name), (":content-type", "application/json"), (MESSAGE_TYPE, "event")];
    frame(&headers, payload.to_string().as_bytes())
}

const fn stop_reason(answer: &ComposedAnswer) -> &'static str {
    match answer.end {
        AnswerEnd::Stop if answer.tool.is_some() => "tool_use",
        AnswerEnd::Stop => "end_turn",
        AnswerEnd::Length => "max_tokens",
        AnswerEnd::Filtered => "content_filtered",
    }
}

fn usage(answer: &ComposedAnswer) -> Value {
    let (input, output) = (answer.prompt_tokens, answer.tokens.len());
    json!({"inputTokens": input, "outputTokens": output, "totalTokens": input + output})
}
