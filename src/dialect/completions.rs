//! OpenAI's chat completions, whole and as server-sent events; Azure's are the same.
//!
//! A stream ends with `[DONE]`; its reason for the end and its usage come before. Source: OpenAI's API reference.

use super::ask::MAX_TOKENS;
use super::demand::{conversation, flag, offered, parameters};
use super::form::{OperationCodec, PartialAnswer, RequestContent, is_count};
use super::reply::AnswerEnd;
use super::tongue::{ProviderApi, ProviderError};
use super::{ProviderAnswer, ProviderRequest};
use serde_json::{Value, json};

/// Speaks them.
pub(super) struct Completions;

/// How the data of a stream's last event begins.
pub(super) const DONE: &[u8] = b"[DONE]";

impl OperationCodec for Completions {
    fn request(&self, wish: &RequestContent<'_>) -> Value {
        let mut body = json!({
            "model": wish.model,
            "messages": [{"role": "user", "content": wish.prompt}],
            "max_tokens": MAX_TOKENS,
            "temperature": 0,
        });
        if wish.streamed {
            body["stream"] = json!(true);
            body["stream_options"] = json!({"include_usage": true});
        }
        if wish.json {
            body["response_format"] = json!({"type": "json_object"});
        }
        if let Some(name) = wish.tool {
            body["tools"] = json!([{"type": "function", "function": {"name": name, "parameters": parameters()}}]);
            body["tool_choice"] = json!({"type": "function", "function": {"name": name}});
        }
        body
    }

    fn read_request(&self, body: &Value) -> Result<ProviderRequest, String> {
        let is_free = body["tool_choice"] != "none";
        Ok(ProviderRequest {
            model: body["model"].as_str().map(str::to_owned),
            streamed: flag(&body["stream"], "stream")?,
            include_usage: flag(&body["stream_options"]["include_usage"], "stream_options.include_usage")?,
            max_tokens: body["max_completion_tokens"].as_u64().or_else(|| body["max_tokens"].as_u64()),
            prompt: conversation(body, "messages", "content")?,
            tool: offered(&body["tools"][0]["function"]["name"], &body["messages"]).filter(|_| is_free),
            json: is_json(&body["response_format"]),
            ..ProviderRequest::default()
        })
    }

    fn whole(&self, reply: &ProviderAnswer) -> Value {
        let mut message = json!({"role": "assistant", "content": reply.text(), "refusal": null});
        if let Some(name) = &reply.tool {
            message["content"] = Value::Null;
            message["tool_calls"] = json!([call(reply, name, &reply.text())]);
        }
        json!({
            "id": format!("chatcmpl-{}", reply.id), "object": "chat.completion", "created": reply.created, "model": reply.model,
            "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason(reply)}],
            "usage": usage(reply), "system_fingerprint": null,
        })
    }

    /// Of a call of a tool, what begins it.
    fn start(&self, reply: &ProviderAnswer) -> Vec<u8> {
        let Some(name) = &reply.tool else { return Vec::new() };
        let mut call = call(reply, name, "");
        call["index"] = json!(0);
        delta(reply, &json!({"role": "assistant", "content": null, "tool_calls": [call], "refusal": null}))
    }

    /// The first token also names the role.
    fn token(&self, reply: &ProviderAnswer, place: usize) -> Vec<u8> {
        let text = &reply.tokens[place];
        let said = match (&reply.tool, place) {
            (Some(_), _) => json!({"tool_calls": [{"index": 0, "function": {"arguments": text}}]}),
            (None, 0) => json!({"role": "assistant", "content": text, "refusal": null}),
            (None, _) => json!({"content": text}),
        };
        delta(reply, &said)
    }

    /// The reason for the end, the usage where it was asked for, the terminal marker.
    fn end(&self, reply: &ProviderAnswer) -> Vec<u8> {
        let mut bytes = event(reply, &json!([{"index": 0, "delta": {}, "logprobs": null, "finish_reason": finish_reason(reply)}]), None);
        if reply.include_usage {
            bytes.extend(event(reply, &json!([]), Some(usage(reply))));
        }
        bytes.extend_from_slice(b"data: [DONE]\n\n");
        bytes
    }

    fn error_event(&self, api: &dyn ProviderApi, refusal: &ProviderError) -> Vec<u8> {
        format!("data: {}\n\n", api.error_body(refusal)).into_bytes()
    }

    fn hear_whole(&self, body: &Value, heard: &mut PartialAnswer) {
        let choice = &body["choices"][0];
        let function = &choice["message"]["tool_calls"][0]["function"];
        heard.text = choice["message"]["content"].as_str().unwrap_or_default().to_owned();
        if function.is_object() {
            heard.call(&function["name"], function["arguments"].as_str().unwrap_or_default());
        }
        heard.terminal = choice["finish_reason"].is_string();
        heard.usage = is_count(&body["usage"]["completion_tokens"]);
    }

    fn hear(&self, event: &Value, heard: &mut PartialAnswer) {
        let delta = &event["choices"][0]["delta"];
        if let Some(text) = delta["content"].as_str() {
            heard.text.push_str(text);
        }
        for call in delta["tool_calls"].as_array().into_iter().flatten().filter(|call| call["index"].as_u64().unwrap_or(0) == 0) {
            let function = &call["function"];
            if function["name"].is_string() {
                heard.call(&function["name"], "");
            }
            heard.argue(&function["arguments"]);
        }
        heard.finished |= event["choices"][0]["finish_reason"].is_string();
        heard.usage |= is_count(&event["usage"]["completion_tokens"]);
    }

    fn is_marker(&self, data: &[u8]) -> bool {
        data.starts_with(DONE)
    }

    fn text_at(&self) -> &'static [&'static [&'static str]] {
        &[
            &["choices", "*", "delta", "content"],
            &["choices", "*", "delta", "tool_calls", "*", "function", "arguments"],
            &["choices", "*", "message", "content"],
            &["choices", "*", "message", "tool_calls", "*", "function", "arguments"],
        ]
    }
}

/// True where a format for answers is one of the two that are JSON.
pub(super) fn is_json(format: &Value) -> bool {
    matches!(format["type"].as_str(), Some("json_object" | "json_schema"))
}

fn call(reply: &ProviderAnswer, name: &str, arguments: &str) -> Value {
    json!({"id": format!("call_{}", reply.id), "type": "function", "function": {"name": name, "arguments": arguments}})
}

fn delta(reply: &ProviderAnswer, said: &Value) -> Vec<u8> {
    event(reply, &json!([{"index": 0, "delta": said, "logprobs": null, "finish_reason": null}]), None)
}

fn event(reply: &ProviderAnswer, choices: &Value, usage: Option<Value>) -> Vec<u8> {
    let mut chunk = json!({
        "id": format!("chatcmpl-{}", reply.id), "object": "chat.completion.chunk", "created": reply.created, "model": reply.model,
        "system_fingerprint": null, "choices": choices,
    });
    if reply.include_usage {
        chunk["usage"] = usage.unwrap_or(Value::Null);
    }
    format!("data: {chunk}\n\n").into_bytes()
}

const fn finish_reason(reply: &ProviderAnswer) -> &'static str {
    match reply.end {
        AnswerEnd::Stop if reply.tool.is_some() => "tool_calls",
        AnswerEnd::Stop => "stop",
        AnswerEnd::Length => "length",
        AnswerEnd::Filtered => "content_filter",
    }
}

fn usage(reply: &ProviderAnswer) -> Value {
    let (prompt, completion) = (reply.prompt_tokens, reply.tokens.len());
    json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion})
}
