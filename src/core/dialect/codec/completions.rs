//! OpenAI's chat completions, whole and as server-sent events; Azure's are the same.
//!
//! A stream ends with `[DONE]`; its reason for the end and its usage come before. Source: OpenAI's API reference.

use crate::dialect::client_request::MAX_TOKENS;
use crate::dialect::composed_answer::{AnswerEnd, ComposedAnswer};
use crate::dialect::json_body::{conversation, flag, is_count, offered_tool, tool_parameters};
use crate::dialect::operation_codec::{OperationCodec, RequestContent};
use crate::dialect::partial_answer::PartialAnswer;
use crate::dialect::provider_error::ProviderError;
use crate::dialect::provider_request::ProviderRequest;
use serde::Serialize;
use serde_json::{Value, json};

/// The codec of chat completions.
pub(in crate::dialect) struct Completions;

/// How the data of a stream's last event begins.
pub(super) const DONE: &[u8] = b"[DONE]";

impl OperationCodec for Completions {
    fn encode_request(&self, content: &RequestContent<'_>) -> Value {
        let mut body = json!({
            "model": content.model,
            "messages": [{"role": "user", "content": content.prompt}],
            "max_tokens": MAX_TOKENS,
            "temperature": 0,
        });
        if content.streamed {
            body["stream"] = json!(true);
            body["stream_options"] = json!({"include_usage": true});
        }
        if content.json {
            body["response_format"] = json!({"type": "json_object"});
        }
        if let Some(name) = content.tool {
            body["tools"] = json!([{"type": "function", "function": {"name": name, "parameters": tool_parameters()}}]);
            body["tool_choice"] = json!({"type": "function", "function": {"name": name}});
        }
        body
    }

    fn decode_request(&self, body: &Value) -> Result<ProviderRequest, String> {
        let is_free = body["tool_choice"] != "none";
        Ok(ProviderRequest {
            model: body["model"].as_str().map(str::to_owned),
            streamed: flag(&body["stream"], "stream")?,
            include_usage: flag(&body["stream_options"]["include_usage"], "stream_options.include_usage")?,
            max_tokens: body["max_completion_tokens"].as_u64().or_else(|| body["max_tokens"].as_u64()),
            prompt: conversation(body, "messages", "content")?,
            tool: offered_tool(&body["tools"][0]["function"]["name"], &body["messages"]).filter(|_| is_free),
            json: is_json(&body["response_format"]),
            ..ProviderRequest::default()
        })
    }

    fn encode_answer(&self, answer: &ComposedAnswer) -> Value {
        let mut message = json!({"role": "assistant", "content": answer.text(), "refusal": null});
        if let Some(name) = &answer.tool {
            message["content"] = Value::Null;
            message["tool_calls"] = json!([call(answer, name, &answer.text())]);
        }
        json!({
            "id": format!("chatcmpl-{}", answer.id), "object": "chat.completion", "created": answer.created, "model": answer.model,
            "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason(answer)}],
            "usage": usage(answer), "system_fingerprint": null,
        })
    }

    /// Of a call of a tool, what begins it.
    fn stream_start(&self, answer: &ComposedAnswer) -> Vec<u8> {
        let Some(name) = &answer.tool else { return Vec::new() };
        let mut call = call(answer, name, "");
        call["index"] = json!(0);
        delta(answer, &json!({"role": "assistant", "content": null, "tool_calls": [call], "refusal": null}))
    }

    /// The first token also names the role.
    fn stream_token(&self, answer: &ComposedAnswer, index: usize) -> Vec<u8> {
        let text = &answer.tokens[index];
        match (&answer.tool, index) {
            (Some(_), _) => delta(answer, &json!({"tool_calls": [{"index": 0, "function": {"arguments": text}}]})),
            (None, 0) => delta(answer, &FirstWords { content: text, refusal: (), role: "assistant" }),
            (None, _) => delta(answer, &MoreWords { content: text }),
        }
    }

    /// The reason for the end, the usage where it was asked for, the terminal marker.
    fn stream_end(&self, answer: &ComposedAnswer) -> Vec<u8> {
        let mut bytes = event(answer, json!([{"index": 0, "delta": {}, "logprobs": null, "finish_reason": finish_reason(answer)}]), None);
        if answer.include_usage {
            bytes.extend(event(answer, json!([]), Some(usage(answer))));
        }
        bytes.extend_from_slice(b"data: [DONE]\n\n");
        bytes
    }

    fn stream_error(&self, _error: &ProviderError, body: &Value) -> Vec<u8> {
        format!("data: {body}\n\n").into_bytes()
    }

    fn decode_answer(&self, body: &Value, partial: &mut PartialAnswer) {
        let choice = &body["choices"][0];
        let function = &choice["message"]["tool_calls"][0]["function"];
        partial.text = choice["message"]["content"].as_str().unwrap_or_default().to_owned();
        if function.is_object() {
            partial.begin_tool_call(&function["name"], function["arguments"].as_str().unwrap_or_default());
        }
        partial.terminal = choice["finish_reason"].is_string();
        partial.usage = is_count(&body["usage"]["completion_tokens"]);
    }

    fn decode_event(&self, event: &Value, partial: &mut PartialAnswer) {
        let delta = &event["choices"][0]["delta"];
        if let Some(text) = delta["content"].as_str() {
            partial.text.push_str(text);
        }
        for call in delta["tool_calls"].as_array().into_iter().flatten().filter(|call| call["index"].as_u64().unwrap_or(0) == 0) {
            let function = &call["function"];
            if function["name"].is_string() {
                partial.begin_tool_call(&function["name"], "");
            }
            partial.add_arguments(&function["arguments"]);
        }
        partial.finished |= event["choices"][0]["finish_reason"].is_string();
        partial.usage |= is_count(&event["usage"]["completion_tokens"]);
    }

    fn is_end_marker(&self, data: &[u8]) -> bool {
        data.starts_with(DONE)
    }

    fn text_paths(&self) -> &'static [&'static [&'static str]] {
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

fn call(answer: &ComposedAnswer, name: &str, arguments: &str) -> Value {
    json!({"id": format!("call_{}", answer.id), "type": "function", "function": {"name": name, "arguments": arguments}})
}

/// An event of a stream, its keys in the order in which `Value` writes them. There is one for every token of every answer.
#[derive(Serialize)]
struct CompletionChunk<'a, C> {
    choices: C,
    created: u64,
    id: String,
    model: &'a str,
    object: &'static str,
    system_fingerprint: (),
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Value>,
}

/// The only choice of an event, before its end.
#[derive(Serialize)]
struct OpenChoice<D> {
    delta: D,
    finish_reason: (),
    index: u32,
    logprobs: (),
}

/// What the first event of a text says.
#[derive(Serialize)]
struct FirstWords<'a> {
    content: &'a str,
    refusal: (),
    role: &'static str,
}

/// What the others say.
#[derive(Serialize)]
struct MoreWords<'a> {
    content: &'a str,
}

fn delta(answer: &ComposedAnswer, said: &impl Serialize) -> Vec<u8> {
    event(answer, [OpenChoice { delta: said, finish_reason: (), index: 0, logprobs: () }], None)
}

fn event(answer: &ComposedAnswer, choices: impl Serialize, usage: Option<Value>) -> Vec<u8> {
    let chunk = CompletionChunk {
        choices,
        created: answer.created,
        id: format!("chatcmpl-{}", answer.id),
        model: &answer.model,
        object: "chat.completion.chunk",
        system_fingerprint: (),
        usage: answer.include_usage.then(|| usage.unwrap_or(Value::Null)),
    };
    let mut bytes = b"data: ".to_vec();
    serde_json::to_writer(&mut bytes, &chunk).expect("text and numbers are written into memory");
    bytes.extend_from_slice(b"\n\n");
    bytes
}

const fn finish_reason(answer: &ComposedAnswer) -> &'static str {
    match answer.end {
        AnswerEnd::Stop if answer.tool.is_some() => "tool_calls",
        AnswerEnd::Stop => "stop",
        AnswerEnd::Length => "length",
        AnswerEnd::Filtered => "content_filter",
    }
}

fn usage(answer: &ComposedAnswer) -> Value {
    let (prompt, completion) = (answer.prompt_tokens, answer.tokens.len());
    json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_written_as_values_are() {
        for include_usage in [false, true] {
            let ask = ProviderRequest { prompt: "say \"hi\"".into(), include_usage, ..ProviderRequest::default() };
            let answer = ComposedAnswer::new(&ask, "m", "7", 9);
            let all =
                [Completions.stream_token(&answer, 0), Completions.stream_token(&answer, 1), Completions.stream_end(&answer)].concat();
            let text = String::from_utf8(all).unwrap();
            let mut chunks =
                text.split_terminator("\n\n").map(|event| event.strip_prefix("data: ").unwrap()).filter(|data| *data != "[DONE]");
            for chunk in chunks.by_ref() {
                let value: Value = serde_json::from_str(chunk).unwrap();
                assert_eq!((value.to_string(), value.get("usage").is_some()), (chunk.to_owned(), include_usage));
                assert_eq!((&value["id"], &value["object"]), (&json!("chatcmpl-7"), &json!("chat.completion.chunk")));
            }
            let first: Value = serde_json::from_str(text.split("\n\n").next().unwrap().strip_prefix("data: ").unwrap()).unwrap();
            let delta = json!({"role": "assistant", "content": answer.tokens[0], "refusal": null});
            assert_eq!(first["choices"], json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}]));
        }
    }
}
