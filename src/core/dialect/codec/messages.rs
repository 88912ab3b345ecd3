//! Anthropic's messages, whole and as server-sent events.
//!
//! A stream is `message_start`, for each block `content_block_start`, `content_block_delta`s and `content_block_stop`, then `message_delta`
//! with the reason for the end and the usage, then `message_stop`, the terminal marker; a `ping` may come anywhere.
//! Source: Anthropic's API reference.

use crate::dialect::client_request::MAX_TOKENS;
use crate::dialect::composed_answer::{AnswerEnd, ComposedAnswer};
use crate::dialect::json_body::{conversation, flag, is_count, offered_tool, text_of, texts, tool_parameters};
use crate::dialect::operation_codec::{EventMeaning, OperationCodec, RequestContent};
use crate::dialect::partial_answer::PartialAnswer;
use crate::dialect::provider_error::ProviderError;
use crate::dialect::provider_request::ProviderRequest;
use serde_json::{Value, json};

/// The codec of Anthropic's messages.
pub(in crate::dialect) struct Messages;

impl OperationCodec for Messages {
    fn encode_request(&self, content: &RequestContent<'_>) -> Value {
        let mut body = json!({"model": content.model, "max_tokens": MAX_TOKENS, "messages": [{"role": "user", "content": content.prompt}]});
        if content.streamed {
            body["stream"] = json!(true);
        }
        if let Some(name) = content.tool {
            body["tools"] = json!([{"name": name, "input_schema": tool_parameters()}]);
            body["tool_choice"] = json!({"type": "tool", "name": name});
        }
        body
    }

    fn decode_request(&self, body: &Value) -> Result<ProviderRequest, String> {
        let max_tokens = body["max_tokens"].as_u64().ok_or("max_tokens: Field required")?;
        let system = text_of(&body["system"]).unwrap_or_default();
        let is_free = body["tool_choice"]["type"] != "none";
        Ok(ProviderRequest {
            model: body["model"].as_str().map(str::to_owned),
            streamed: flag(&body["stream"], "stream")?,
            max_tokens: Some(max_tokens),
            prompt: system + &conversation(body, "messages", "content")?,
            tool: offered_tool(&body["tools"][0]["name"], &body["messages"]).filter(|_| is_free),
            ..ProviderRequest::default()
        })
    }

    fn encode_answer(&self, answer: &ComposedAnswer) -> Value {
        let content = match &answer.tool {
            Some(name) => json!([tool_use(answer, name, &answer.arguments())]),
            None if answer.tokens.is_empty() => json!([]),
            None => json!([{"type": "text", "text": answer.text()}]),
        };
        let mut message = message(answer, &content);
        message["stop_reason"] = json!(stop_reason(answer));
        message["usage"]["output_tokens"] = json!(answer.tokens.len());
        message
    }

    fn stream_start(&self, answer: &ComposedAnswer) -> Vec<u8> {
        message_start(answer).iter().flat_map(event).collect()
    }

    fn stream_token(&self, answer: &ComposedAnswer, index: usize) -> Vec<u8> {
        event(&token_delta(answer, index))
    }

    fn stream_end(&self, answer: &ComposedAnswer) -> Vec<u8> {
        end_events(answer).iter().flat_map(event).collect()
    }

    fn stream_error(&self, _error: &ProviderError, body: &Value) -> Vec<u8> {
        event(body)
    }

    fn decode_answer(&self, body: &Value, partial: &mut PartialAnswer) {
        partial.text = texts(&body["content"], "text");
        for block in body["content"].as_array().into_iter().flatten().filter(|block| block["type"] == "tool_use") {
            partial.begin_tool_call(&block["name"], &block["input"].to_string());
        }
        partial.terminal = body["stop_reason"].is_string();
        partial.usage = is_count(&body["usage"]["output_tokens"]);
    }

    /// Events are told apart by their names; one without a name is seen by no client.
    fn event_meaning(&self, name: Option<&[u8]>, data: &[u8]) -> EventMeaning {
        match name {
            None | Some(b"ping") => EventMeaning::Nothing,
            Some(b"error") => EventMeaning::Error,
            Some(_) if data.is_empty() => EventMeaning::Nothing,
            Some(_) => EventMeaning::Json,
        }
    }

    fn decode_event(&self, event: &Value, partial: &mut PartialAnswer) {
        match event["type"].as_str() {
            Some("content_block_start") => match event["content_block"]["type"].as_str() {
                Some("tool_use") => partial.begin_tool_call(&event["content_block"]["name"], ""),
                Some("text") => partial.text.push_str(event["content_block"]["text"].as_str().unwrap_or_default()),
                _ => {}
            },
            Some("content_block_delta") => {
                if event["delta"]["type"] == "text_delta" {
                    partial.text.push_str(event["delta"]["text"].as_str().unwrap_or_default());
                }
                partial.add_arguments(&event["delta"]["partial_json"]);
            }
            Some("message_delta") => {
                partial.finished |= event["delta"]["stop_reason"].is_string();
                partial.usage |= is_count(&event["usage"]["output_tokens"]);
            }
            Some("message_stop") => (partial.terminal, partial.over) = (true, true),
            _ => {}
        }
    }

    fn keep_alive(&self) -> Vec<u8> {
        event(&json!({"type": "ping"}))
    }

    /// A stream's first event holds the message without its text.
    fn model_paths(&self) -> &'static [&'static [&'static str]] {
        &[&["model"], &["message", "model"]]
    }

    fn text_paths(&self) -> &'static [&'static [&'static str]] {
        &[&["delta", "text"], &["delta", "partial_json"], &["content", "*", "text"], &["content", "*", "input", "words"]]
    }
}

/// An event is named as its data says.
fn event(data: &Value) -> Vec<u8> {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default()).into_bytes()
}

/// What precedes the first token.
pub(super) fn message_start(answer: &ComposedAnswer) -> [Value; 3] {
    let block = answer.tool.as_ref().map_or_else(|| json!({"type": "text", "text": ""}), |name| tool_use(answer, name, &json!({})));
    [
        json!({"type": "message_start", "message": message(answer, &json!([]))}),
        json!({"type": "content_block_start", "index": 0, "content_block": block}),
        json!({"type": "ping"}),
    ]
}

/// One token.
pub(super) fn token_delta(answer: &ComposedAnswer, index: usize) -> Value {
    let text = &answer.tokens[index];
    let delta = match answer.tool {
        Some(_) => json!({"type": "input_json_delta", "partial_json": text}),
        None => json!({"type": "text_delta", "text": text}),
    };
    json!({"type": "content_block_delta", "index": 0, "delta": delta})
}

/// What follows the last token.
pub(super) fn end_events(answer: &ComposedAnswer) -> [Value; 3] {
    [
        json!({"type": "content_block_stop", "index": 0}),
        json!({
            "type": "message_delta",
            "delta": {"stop_reason": stop_reason(answer), "stop_sequence": null},
            "usage": {"output_tokens": answer.tokens.len()},
        }),
        json!({"type": "message_stop"}),
    ]
}

fn tool_use(answer: &ComposedAnswer, name: &str, input: &Value) -> Value {
    json!({"type": "tool_use", "id": format!("toolu_{}", answer.id), "name": name, "input": input})
}

/// A message that has not ended.
fn message(answer: &ComposedAnswer, content: &Value) -> Value {
    json!({
        "id": format!("msg_{}", answer.id), "type": "message", "role": "assistant", "model": answer.model, "content": content,
        "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": answer.prompt_tokens, "output_tokens": 1},
    })
}

const fn stop_reason(answer: &ComposedAnswer) -> &'static str {
    match answer.end {
        AnswerEnd::Stop if answer.tool.is_some() => "tool_use",
        AnswerEnd::Stop => "end_turn",
        AnswerEnd::Length => "max_tokens",
        AnswerEnd::Filtered => "refusal",
    }
}
