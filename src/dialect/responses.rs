//! OpenAI's responses, whole and as server-sent events; Azure's are the same.
//!
//! A stream is `response.created`, `response.in_progress`, then for the one item of the output `response.output_item.added`, for a text
//! `response.content_part.added`, its `delta`s and their `done`s, then `response.completed` with all of the answer and the usage, or
//! `response.incomplete` with the reason: the terminal marker. Every event is numbered, and nothing follows the last; a `[DONE]` that some
//! gateways add is passed over. It fails with an event `error`, or with `response.failed`. Sources: OpenAI's API reference, the types of its
//! Python client.

use super::ask::MAX_TOKENS;
use super::completions::{DONE, is_json};
use super::demand::{flag, offered, parameters, texts, words_of};
use super::failure::{code_of, word};
use super::form::{EventMeaning, OperationCodec, PartialAnswer, RequestContent, is_count, is_something};
use super::reply::AnswerEnd;
use super::tongue::{ProviderApi, ProviderError};
use super::{ProviderAnswer, ProviderRequest};
use serde_json::{Value, json};

/// Speaks them.
pub(super) struct Responses;

impl OperationCodec for Responses {
    fn request(&self, wish: &RequestContent<'_>) -> Value {
        let mut body = json!({"model": wish.model, "input": wish.prompt, "max_output_tokens": MAX_TOKENS, "store": false});
        if wish.streamed {
            body["stream"] = json!(true);
        }
        if wish.json {
            body["text"] = json!({"format": {"type": "json_object"}});
        }
        if let Some(name) = wish.tool {
            body["tools"] = json!([{"type": "function", "name": name, "parameters": parameters(), "strict": false}]);
            body["tool_choice"] = json!({"type": "function", "name": name});
        }
        body
    }

    fn read_request(&self, body: &Value) -> Result<ProviderRequest, String> {
        let is_free = body["tool_choice"] != "none";
        let function = body["tools"].as_array().and_then(|tools| tools.iter().find(|tool| tool["type"] == "function"));
        Ok(ProviderRequest {
            model: body["model"].as_str().map(str::to_owned),
            streamed: flag(&body["stream"], "stream")?,
            max_tokens: body["max_output_tokens"].as_u64(),
            prompt: words_of(&body["instructions"]).unwrap_or_default() + &input(&body["input"])?,
            tool: function.and_then(|function| offered(&function["name"], &body["input"])).filter(|_| is_free),
            json: is_json(&body["text"]["format"]),
            ..ProviderRequest::default()
        })
    }

    fn whole(&self, reply: &ProviderAnswer) -> Value {
        let output = if reply.end == AnswerEnd::Filtered { json!([]) } else { json!([item(reply, "completed", &reply.text())]) };
        let (status, why) = match reply.end {
            AnswerEnd::Stop => ("completed", Value::Null),
            AnswerEnd::Length => ("incomplete", json!({"reason": "max_output_tokens"})),
            AnswerEnd::Filtered => ("incomplete", json!({"reason": "content_filter"})),
        };
        response(reply, status, &why, &output)
    }

    fn start(&self, reply: &ProviderAnswer) -> Vec<u8> {
        let begun = response(reply, "in_progress", &Value::Null, &json!([]));
        let mut bytes = event(0, "response.created", json!({"response": begun}));
        bytes.extend(event(1, "response.in_progress", json!({"response": begun})));
        if reply.end != AnswerEnd::Filtered {
            let mut item = item(reply, "in_progress", "");
            if reply.tool.is_none() {
                item["content"] = json!([]);
            }
            bytes.extend(event(2, "response.output_item.added", json!({"output_index": 0, "item": item})));
            if reply.tool.is_none() {
                bytes.extend(event(3, "response.content_part.added", at(reply, json!({"content_index": 0, "part": part("")}))));
            }
        }
        bytes
    }

    fn token(&self, reply: &ProviderAnswer, place: usize) -> Vec<u8> {
        let (number, delta) = (before_tokens(reply) + place, &reply.tokens[place]);
        if reply.tool.is_some() {
            return event(number, "response.function_call_arguments.delta", at(reply, json!({"delta": delta})));
        }
        event(number, "response.output_text.delta", at(reply, json!({"content_index": 0, "delta": delta, "logprobs": []})))
    }

    fn end(&self, reply: &ProviderAnswer) -> Vec<u8> {
        let (text, mut number, mut bytes) = (reply.text(), before_tokens(reply) + reply.tokens.len(), Vec::new());
        let mut tell = |kind: &str, fields: Value| {
            bytes.extend(event(number, kind, fields));
            number += 1;
        };
        if reply.end != AnswerEnd::Filtered {
            match &reply.tool {
                Some(name) => {
                    tell("response.function_call_arguments.done", at(reply, json!({"name": name, "arguments": text})));
                }
                None => {
                    tell("response.output_text.done", at(reply, json!({"content_index": 0, "text": text, "logprobs": []})));
                    tell("response.content_part.done", at(reply, json!({"content_index": 0, "part": part(&text)})));
                }
            }
            tell("response.output_item.done", json!({"output_index": 0, "item": item(reply, "completed", &text)}));
        }
        let kind = if reply.end == AnswerEnd::Stop { "response.completed" } else { "response.incomplete" };
        tell(kind, json!({"response": self.whole(reply)}));
        bytes
    }

    /// Its number would have to be known; the first is what a client that counts takes least amiss.
    fn error_event(&self, _tongue: &dyn ProviderApi, refusal: &ProviderError) -> Vec<u8> {
        let code = if refusal.code.is_empty() { refusal.kind } else { refusal.code };
        let code = if code.is_empty() { refusal.status.to_string() } else { code.to_owned() };
        event(0, "error", json!({"code": code, "message": refusal.message, "param": null}))
    }

    fn hear_whole(&self, body: &Value, heard: &mut PartialAnswer) {
        for item in body["output"].as_array().into_iter().flatten() {
            match item["type"].as_str() {
                Some("function_call") => heard.call(&item["name"], item["arguments"].as_str().unwrap_or_default()),
                Some("message") => heard.text.push_str(&texts(&item["content"], "output_text")),
                _ => {}
            }
        }
        heard.terminal = matches!(body["status"].as_str(), Some("completed" | "incomplete"));
        heard.usage = is_count(&body["usage"]["output_tokens"]);
    }

    fn hear(&self, event: &Value, heard: &mut PartialAnswer) {
        match event["type"].as_str() {
            Some("response.output_text.delta") => heard.text.push_str(event["delta"].as_str().unwrap_or_default()),
            Some("response.output_item.added") if event["item"]["type"] == "function_call" => heard.call(&event["item"]["name"], ""),
            Some("response.function_call_arguments.delta") => heard.argue(&event["delta"]),
            Some("response.completed" | "response.incomplete") => {
                (heard.terminal, heard.over) = (true, true);
                heard.usage |= is_count(&event["response"]["usage"]["output_tokens"]);
            }
            _ => {}
        }
    }

    /// Some gateways end it as they end chats.
    fn part(&self, _name: Option<&[u8]>, data: &[u8]) -> EventMeaning {
        if data.starts_with(DONE) { EventMeaning::Nothing } else { EventMeaning::Said }
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

    fn model_at(&self) -> &'static [&'static [&'static str]] {
        &[&["model"], &["response", "model"]]
    }

    fn text_at(&self) -> &'static [&'static [&'static str]] {
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
            for (place, item) in items.iter().enumerate() {
                if !item["role"].is_string() && !item["type"].is_string() {
                    return Err(format!("Missing required parameter: 'input[{place}].role'."));
                }
                prompt += &words_of(&item["content"]).ok_or_else(|| format!("Invalid type for 'input[{place}].content'."))?;
                prompt.push('\n');
            }
            Ok(prompt)
        }
        Value::Null | Value::Array(_) => Err(missing()),
        _ => Err("Invalid type for 'input': expected a string or an array.".to_owned()),
    }
}

/// How many events precede the first token.
const fn before_tokens(reply: &ProviderAnswer) -> usize {
    match (reply.end, &reply.tool) {
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
fn at(reply: &ProviderAnswer, mut fields: Value) -> Value {
    fields["item_id"] = json!(item_id(reply));
    fields["output_index"] = json!(0);
    fields
}

fn part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

fn item_id(reply: &ProviderAnswer) -> String {
    format!("{}_{}", if reply.tool.is_some() { "fc" } else { "msg" }, reply.id)
}

fn item(reply: &ProviderAnswer, status: &str, text: &str) -> Value {
    let (id, status) = (item_id(reply), if reply.end == AnswerEnd::Length && status == "completed" { "incomplete" } else { status });
    match &reply.tool {
        Some(name) => {
            let call = format!("call_{}", reply.id);
            json!({"id": id, "type": "function_call", "status": status, "call_id": call, "name": name, "arguments": text})
        }
        None => json!({"id": id, "type": "message", "status": status, "role": "assistant", "content": [part(text)]}),
    }
}

fn response(reply: &ProviderAnswer, status: &str, why: &Value, output: &Value) -> Value {
    let (input, tokens) = (reply.prompt_tokens, reply.tokens.len());
    let usage = json!({
        "input_tokens": input, "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": tokens, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": input + tokens,
    });
    json!({
        "id": format!("resp_{}", reply.id), "object": "response", "created_at": reply.created, "status": status, "error": null,
        "incomplete_details": why, "instructions": null, "max_output_tokens": null, "model": reply.model, "output": output,
        "parallel_tool_calls": true, "previous_response_id": null, "reasoning": {"effort": null, "summary": null}, "store": false,
        "temperature": 1.0, "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [], "top_p": 1.0,
        "truncation": "disabled", "usage": if status == "in_progress" { Value::Null } else { usage }, "user": null, "metadata": {},
    })
}

#[cfg(test)]
mod tests {
    use super::super::AnswerReader;
    use super::super::ask::tests::ask;
    use super::super::form::AnswerFormat;
    use super::*;
    use crate::dialect::Flaw;
    use crate::model::{Dialect, Operation};

    fn judge(streamed: bool, body: &str) -> Result<(), Flaw> {
        let speech = AnswerFormat { dialect: Dialect::OpenAi, operation: Operation::Responses, streamed };
        let mut reader = AnswerReader::new(Dialect::OpenAi, &ask(speech));
        reader.feed(body.as_bytes());
        reader.finish()
    }

    #[test]
    fn events_are_numbered_without_a_gap() {
        for (tool, end) in [(None, AnswerEnd::Stop), (Some("t".to_owned()), AnswerEnd::Length), (None, AnswerEnd::Filtered)] {
            let demand =
                ProviderRequest { operation: Operation::Responses, prompt: "hi".into(), tool: tool.clone(), ..ProviderRequest::default() };
            let mut reply = ProviderAnswer::new(Dialect::OpenAi, &demand, "m", "1", 0);
            reply.end = end;
            let reply = if end == AnswerEnd::Filtered { reply.filtered() } else { reply };
            let events = (0..reply.tokens()).flat_map(|place| reply.token_event(place)).chain(reply.end_events());
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
