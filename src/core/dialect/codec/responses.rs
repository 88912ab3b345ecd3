//! OpenAI's responses, whole and as server-sent events; Azure's are the same.
//!
//! A stream is `response.created`, `response.in_progress`, then for the one item of the output `response.output_item.added`, for a text
//! `response.content_part.added`, its `delta`s and their `done`s, then `response.completed` with all of the answer and the usage, or
//! `response.incomplete` with the reason: the terminal marker. Every event is numbered, and nothing follows the last; a `[DONE]` that some
//! gateways add is passed over. It fails with an event `error`, or with `response.failed`. Sources: OpenAI's API reference, the types of its
//! Python client.

use super::completions::{DONE, is_json};
use crate::dialect::client_request::MAX_TOKENS;
use crate::dialect::composed_answer::{AnswerEnd, ComposedAnswer};
use crate::dialect::json_body::{flag, is_count, is_something, offered_tool, text_of, texts, tool_parameters};
use crate::dialect::operation_codec::{EventMeaning, OperationCodec, RequestContent};
use crate::dialect::partial_answer::PartialAnswer;
use crate::dialect::provider_error::{ProviderError, code_of, word};
use crate::dialect::provider_request::ProviderRequest;
use serde_json::{Value, json};

/// The codec of OpenAI's responses.
pub(in crate::dialect) struct Responses;

impl OperationCodec for Responses {
    fn encode_request(&self, content: &RequestContent<'_>) -> Value {
        let mut body = json!({"model": content.model, "input": content.prompt, "max_output_tokens": MAX_TOKENS, "store": false});
        if content.streamed {
            body["stream"] = json!(true);
        }
        if content.json {
            body["text"] = json!({"format": {"type": "json_object"}});
        }
        if let Some(name) = content.tool {
            body["tools"] = json!([{"type": "function", "name": name, "parameters": tool_parameters(), "strict": false}]);
            body["tool_choice"] = json!({"type": "function", "name": name});
        }
        body
    }

    fn decode_request(&self, body: &Value) -> Result<ProviderRequest, String> {
        let is_free = body["tool_choice"] != "none";
        let function = body["tools"].as_array().and_then(|tools| tools.iter().find(|tool| tool["type"] == "function"));
        Ok(ProviderRequest {
            model: body["model"].as_str().map(str::to_owned),
            streamed: flag(&body["stream"], "stream")?,
            max_tokens: body["max_output_tokens"].as_u64(),
            prompt: text_of(&body["instructions"]).unwrap_or_default() + &input(&body["input"])?,
            tool: function.and_then(|function| offered_tool(&function["name"], &body["input"])).filter(|_| is_free),
            json: is_json(&body["text"]["format"]),
            ..ProviderRequest::default()
        })
    }

    fn encode_answer(&self, answer: &ComposedAnswer) -> Value {
        let output = if answer.end == AnswerEnd::Filtered { json!([]) } else { json!([item(answer, "completed", &answer.text())]) };
        let (status, why) = match answer.end {
            AnswerEnd::Stop => ("completed", Value::Null),
            AnswerEnd::Length => ("incomplete", json!({"reason": "max_output_tokens"})),
            AnswerEnd::Filtered => ("incomplete", json!({"reason": "content_filter"})),
        };
        response(answer, status, &why, &output)
    }

    fn stream_start(&self, answer: &ComposedAnswer) -> Vec<u8> {
        let begun = response(answer, "in_progress", &Value::Null, &json!([]));
        let mut bytes = event(0, "response.created", json!({"response": begun}));
        bytes.extend(event(1, "response.in_progress", json!({"response": begun})));
        if answer.end != AnswerEnd::Filtered {
            let mut item = item(answer, "in_progress", "");
            if answer.tool.is_none() {
                item["content"] = json!([]);
            }
            bytes.extend(event(2, "response.output_item.added", json!({"output_index": 0, "item": item})));
            if answer.tool.is_none() {
                bytes.extend(event(3, "response.content_part.added", at(answer, json!({"content_index": 0, "part": part("")}))));
            }
        }
        bytes
    }

    fn stream_token(&self, answer: &ComposedAnswer, index: usize) -> Vec<u8> {
        let (number, delta) = (before_tokens(answer) + index, &answer.tokens[index]);
        if answer.tool.is_some() {
            return event(number, "response.function_call_arguments.delta", at(answer, json!({"delta": delta})));
        }
        event(number, "response.output_text.delta", at(answer, json!({"content_index": 0, "delta": delta, "logprobs": []})))
    }

    fn stream_end(&self, answer: &ComposedAnswer) -> Vec<u8> {
        let (text, mut number, mut bytes) = (answer.text(), before_tokens(answer) + answer.tokens.len(), Vec::new());
        let mut tell = |kind: &str, fields: Value| {
            bytes.extend(event(number, kind, fields));
            number += 1;
        };
        if answer.end != AnswerEnd::Filtered {
            match &answer.tool {
                Some(name) => {
                    tell("response.function_call_arguments.done", at(answer, json!({"name": name, "arguments": text})));
                }
                None => {
                    tell("response.output_text.done", at(answer, json!({"content_index": 0, "text": text, "logprobs": []})));
                    tell("response.content_part.done", at(answer, json!({"content_index": 0, "part": part(&text)})));
                }
            }
            tell("response.output_item.done", json!({"output_index": 0, "item": item(answer, "completed", &text)}));
        }
        let kind = if answer.end == AnswerEnd::Stop { "response.completed" } else { "response.incomplete" };
        tell(kind, json!({"response": self.encode_answer(answer)}));
        bytes
    }

    /// Its number would have to be known; the first is what a client that counts takes least amiss.
    fn stream_error(&self, error: &ProviderError, _body: &Value) -> Vec<u8> {
        let code = if error.code.is_empty() { error.kind } else { error.code };
        let code = if code.is_empty() { error.status.to_string() } else { code.to_owned() };
        event(0, "error", json!({"code": code, "message": error.message, "param": null}))
    }

    fn decode_answer(&self, body: &Value, partial: &mut PartialAnswer) {
        for item in body["output"].as_array().into_iter().flatten() {
            match item["type"].as_str() {
                Some("function_call") => partial.begin_tool_call(&item["name"], item["arguments"].as_str().unwrap_or_default()),
                Some("message") => partial.text.push_str(&texts(&item["content"], "output_text")),
                _ => {}
            }
        }
        partial.terminal = matches!(body["status"].as_str(), Some("completed" | "incomplete"));
        partial.usage = is_count(&body["usage"]["output_tokens"]);
    }

    fn decode_event(&self, event: &Value, partial: &mut PartialAnswer) {
        match event["type"].as_str() {
            Some("response.output_text.delta") => partial.text.push_str(event["delta"].as_str().unwrap_or_default()),
            Some("response.output_item.added") if event["item"]["type"] == "function_call" => {
                partial.begin_tool_call(&event["item"]["name"], "");
            }
            Some("response.function_call_arguments.delta") => partial.add_arguments(&event["delta"]),
            Some("response.completed" | "response.incomplete") => {
                (partial.terminal, partial.over) = (true, true);
                partial.usage |= is_count(&event["response"]["usage"]["output_tokens"]);
            }
            _ => {}
        }
    }

    /// Some gateways end it as they end chats.
    fn event_meaning(&self, _name: Option<&[u8]>, data: &[u8]) -> EventMeaning {
        if data.starts_with(DONE) { EventMeaning::Nothing } else { EventMeaning::Json }
    }

    /// An answer that has failed says `error` in itself, a stream in the answer that its last event holds, or in an event of its own.
    fn error_in(&self, said: &Value) -> Option<Option<String>> {
        let code = |error: &Value| error["code"].as_str().or_else(|| error["type"].as_str()).filter(|code| !code.is_empty()).map(word);
        match said["type"].as_str() {
            Some("error") if said["error"].is_object() => Some(code_of(said)),
            Some("error") => Some(said["code"].as_str().map(word)),
            Some("response.failed") => Some(code(&said["response"]["error"])),
            _ if said["status"] == "failed" || said.get("error").is_some_and(is_something) => Some(code(&said["error"])),
            _ => None,
        }
    }

    fn model_paths(&self) -> &'static [&'static [&'static str]] {
        &[&["model"], &["response", "model"]]
    }

    fn text_paths(&self) -> &'static [&'static [&'static str]] {
        &[
            &["delta"],
            &["text"],
            &["arguments"],
            &["part", "text"],
            &["item", "arguments"],
            &["item", "content", "*", "text"],
            &["output", "*", "arguments"],
            &["output", "*", "content", "*", "text"],
            &["response", "output", "*", "arguments"],
            &["response", "output", "*", "content", "*", "text"],
        ]
    }
}

/// What the model shall read: a text, or items of which some have contents.
fn input(input: &Value) -> Result<String, String> {
    let missing = || "Missing required parameter: 'input'.".to_owned();
    match input {
        Value::String(text) => Ok(text.clone()),
        Value::Array(items) if !items.is_empty() => {
            let mut prompt = String::new();
            for (index, item) in items.iter().enumerate() {
                if !item["role"].is_string() && !item["type"].is_string() {
                    return Err(format!("Missing required parameter: 'input[{index}].role'."));
                }
                prompt += &text_of(&item["content"]).ok_or_else(|| format!("Invalid type for 'input[{index}].content'."))?;
                prompt.push('\n');
            }
            Ok(prompt)
        }
        Value::Null | Value::Array(_) => Err(missing()),
        _ => Err("Invalid type for 'input': expected a string or an array.".to_owned()),
    }
}

/// How many events precede the first token.
const fn before_tokens(answer: &ComposedAnswer) -> usize {
    match (answer.end, &answer.tool) {
        (AnswerEnd::Filtered, _) => 2,
        (_, Some(_)) => 3,
        (_, None) => 4,
    }
}

fn event(number: usize, kind: &str, mut fields: Value) -> Vec<u8> {
    fields["type"] = json!(kind);
    fields["sequence_number"] = json!(number);
    format!("event: {kind}\ndata: {fields}\n\n").into_bytes()
}

/// An event's fields with the item that it is about.
fn at(answer: &ComposedAnswer, mut fields: Value) -> Value {
    fields["item_id"] = json!(item_id(answer));
    fields["output_index"] = json!(0);
    fields
}

fn part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

fn item_id(answer: &ComposedAnswer) -> String {
    format!("{}_{}", if answer.tool.is_some() { "fc" } else { "msg" }, answer.id)
}

fn item(answer: &ComposedAnswer, status: &str, text: &str) -> Value {
    let (id, status) = (item_id(answer), if answer.end == AnswerEnd::Length && status == "completed" { "incomplete" } else { status });
    match &answer.tool {
        Some(name) => {
            let call = format!("call_{}", answer.id);
            json!({"id": id, "type": "function_call", "status": status, "call_id": call, "name": name, "arguments": text})
        }
        None => json!({"id": id, "type": "message", "status": status, "role": "assistant", "content": [part(text)]}),
    }
}

fn response(answer: &ComposedAnswer, status: &str, why: &Value, output: &Value) -> Value {
    let (input, tokens) = (answer.prompt_tokens, answer.tokens.len());
    let usage = json!({
        "input_tokens": input, "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": tokens, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": input + tokens,
    });
    json!({
        "id": format!("resp_{}", answer.id), "object": "response", "created_at": answer.created, "status": status, "error": null,
        "incomplete_details": why, "instructions": null, "max_output_tokens": null, "model": answer.model, "output": output,
        "parallel_tool_calls": true, "previous_response_id": null, "reasoning": {"effort": null, "summary": null}, "store": false,
        "temperature": 1.0, "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [], "top_p": 1.0,
        "truncation": "disabled", "usage": if status == "in_progress" { Value::Null } else { usage }, "user": null, "metadata": {},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{AnswerFormat, AnswerReader, Flaw, ProviderAnswer, samples::sample_request};
    use crate::model::{Dialect, Operation};

    fn judge(streamed: bool, body: &str) -> Result<(), Flaw> {
        let format = AnswerFormat { dialect: Dialect::OpenAi, operation: Operation::Responses, streamed };
        let mut reader = AnswerReader::new(Dialect::OpenAi, &sample_request(format));
        reader.feed(body.as_bytes());
        reader.finish()
    }

    #[test]
    fn events_are_numbered_without_a_gap() {
        for (tool, end) in [(None, AnswerEnd::Stop), (Some("t".to_owned()), AnswerEnd::Length), (None, AnswerEnd::Filtered)] {
            let request =
                ProviderRequest { operation: Operation::Responses, prompt: "hi".into(), tool: tool.clone(), ..ProviderRequest::default() };
            let mut reply = ProviderAnswer::new(Dialect::OpenAi, &request, "m", "1", 0);
            reply.content.end = end;
            let reply = if end == AnswerEnd::Filtered { reply.filtered() } else { reply };
            let events = (0..reply.tokens()).flat_map(|index| reply.token_event(index)).chain(reply.end_events());
            let text = String::from_utf8(events.collect()).unwrap();
            let data = text.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
            let numbers: Vec<u64> = data.map(|event| event["sequence_number"].as_u64().unwrap()).collect();
            assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>(), "{tool:?} {end:?}: {text}");
        }
    }

    #[test]
    fn each_way_to_fail_is_told_by_its_code() {
        let code = |code: &str| Err(Flaw::ErrorEvent(Some(code.to_owned())));
        for (event, wanted) in [
            (r#"{"type":"error","code":"insufficient_quota","message":"m","sequence_number":1}"#, code("insufficient_quota")),
            (r#"{"type":"error","error":{"code":null,"type":"server_error"}}"#, code("server_error")),
            (
                r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"rate_limit_exceeded"}}}"#,
                code("rate_limit_exceeded"),
            ),
            (r#"{"type":"error","code":null,"message":"m"}"#, Err(Flaw::ErrorEvent(None))),
        ] {
            assert_eq!(judge(true, &format!("event: x\ndata: {event}\n\n")), wanted, "{event}");
        }
        assert_eq!(judge(false, r#"{"status":"failed","error":{"code":"server_error","message":"m"}}"#), code("server_error"));
    }

    #[test]
    fn a_chat_completion_is_no_response() {
        assert_eq!(judge(true, "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n"), Err(Flaw::Truncated));
    }
}
