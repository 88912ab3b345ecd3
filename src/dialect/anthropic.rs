//! Anthropic's messages and list of models.
//!
//! A stream is `message_start`, for each block `content_block_start`, `content_block_delta`s and `content_block_stop`, then `message_delta`
//! with the reason for the end and the usage, then `message_stop`, the terminal marker; a `ping` may come anywhere.
//! Sources: Anthropic's API reference, its pages on errors and streaming, the error types of its Python client.

use super::ask::MAX_TOKENS;
use super::credential::bearer;
use super::demand::{conversation, flag, offered, parameters, texts, words_of};
use super::form::{EventMeaning, OperationCodec, PartialAnswer, RequestContent, is_count};
use super::moment::internet_date;
use super::reply::AnswerEnd;
use super::tongue::{HeaderLookup, ProviderApi, ProviderError};
use super::{ProviderAnswer, ProviderFault, ProviderRequest, Quota, Quotas, Receipt, Route};
use crate::model::Operation;
use serde_json::{Value, json};

/// Speaks it.
pub(super) struct Anthropic;

impl ProviderApi for Anthropic {
    /// Its clients are given the bare host.
    fn base_path(&self) -> &'static str {
        ""
    }

    fn path(&self, _operation: Operation, _model: &str, _streamed: bool) -> String {
        "/v1/messages".to_owned()
    }

    fn route(&self, method: &str, path: &str, _query: Option<&str>) -> Option<Route> {
        match (method, path) {
            ("POST", "/v1/messages") => Some(Route::inference(Operation::Chat)),
            ("GET", path) => Route::models(path, "/v1/models"),
            _ => None,
        }
    }

    fn credential<'h>(&self, header: HeaderLookup<'_, 'h>) -> Option<&'h str> {
        header("x-api-key").map(str::trim).or_else(|| bearer(header))
    }

    fn credential_header(&self, key: &str) -> (&'static str, String) {
        ("x-api-key", key.to_owned())
    }

    fn required_header(&self) -> Option<(&'static str, &'static str)> {
        Some(("anthropic-version", "2023-06-01"))
    }

    fn models(&self, names: &[&str]) -> Value {
        let models: Vec<_> =
            names.iter().map(|id| json!({"type": "model", "id": id, "display_name": id, "created_at": "1970-01-01T00:00:00Z"})).collect();
        json!({"data": models, "has_more": false, "first_id": names.first(), "last_id": names.last()})
    }

    fn refusal(&self, fault: &ProviderFault) -> ProviderError {
        let (status, kind, message) = match fault {
            ProviderFault::InvalidKey => (401, "authentication_error", "invalid x-api-key"),
            ProviderFault::ExpiredToken => (401, "authentication_error", "OAuth token has expired."),
            ProviderFault::Forbidden => (403, "permission_error", "Your API key does not have permission to use the specified resource."),
            ProviderFault::OutOfQuota => (402, "billing_error", "Your credit balance is too low to access the API."),
            ProviderFault::RateLimited { .. } => (429, "rate_limit_error", "This request would exceed your organization's rate limit."),
            ProviderFault::Overloaded => (529, "overloaded_error", "Overloaded"),
            ProviderFault::ServerError | ProviderFault::Status { .. } => (500, "api_error", "Internal server error"),
            ProviderFault::Timeout => (504, "timeout_error", "Request timed out"),
            ProviderFault::NoSuchModel(model) => return ProviderError::new(404, "not_found_error", "", format!("model: {model}")),
            ProviderFault::NoSuchPath => (404, "not_found_error", "Not found"),
            ProviderFault::BadRequest(message) => return ProviderError::new(400, "invalid_request_error", "", message.clone()),
            ProviderFault::ContentFiltered => (400, "invalid_request_error", "Output blocked by content filtering policy"),
            ProviderFault::ContextTooLong => (400, "invalid_request_error", "prompt is too long: 200001 tokens > 200000 maximum"),
        };
        ProviderError::new(status, kind, "", message)
    }

    /// The request's identifier is in the header `request-id`.
    fn error_body(&self, refusal: &ProviderError) -> Value {
        json!({"type": "error", "error": {"type": refusal.kind, "message": refusal.message}, "request_id": null})
    }

    fn quota_headers(&self, quotas: &Quotas, wall: u64) -> Vec<(String, String)> {
        let tell = |(name, quota): (&str, Quota)| {
            let reset = wall.saturating_add(quota.reset.as_nanos().div_ceil(1_000_000_000));
            [
                (format!("anthropic-ratelimit-{name}-limit"), quota.limit.to_string()),
                (format!("anthropic-ratelimit-{name}-remaining"), quota.remaining.to_string()),
                (format!("anthropic-ratelimit-{name}-reset"), internet_date(reset)),
            ]
        };
        quotas.named().flat_map(tell).collect()
    }

    fn receipt(&self, receipt: &Receipt<'_>) -> Vec<(&'static str, String)> {
        vec![
            ("request-id", format!("req_{}", receipt.id)),
            ("anthropic-organization-id", "00000000-0000-4000-8000-000000000000".to_owned()),
        ]
    }
}

impl OperationCodec for Anthropic {
    fn request(&self, wish: &RequestContent<'_>) -> Value {
        let mut body = json!({"model": wish.model, "max_tokens": MAX_TOKENS, "messages": [{"role": "user", "content": wish.prompt}]});
        if wish.streamed {
            body["stream"] = json!(true);
        }
        if let Some(name) = wish.tool {
            body["tools"] = json!([{"name": name, "input_schema": parameters()}]);
            body["tool_choice"] = json!({"type": "tool", "name": name});
        }
        body
    }

    fn read_request(&self, body: &Value) -> Result<ProviderRequest, String> {
        let max_tokens = body["max_tokens"].as_u64().ok_or("max_tokens: Field required")?;
        let system = words_of(&body["system"]).unwrap_or_default();
        let is_free = body["tool_choice"]["type"] != "none";
        Ok(ProviderRequest {
            model: body["model"].as_str().map(str::to_owned),
            streamed: flag(&body["stream"], "stream")?,
            max_tokens: Some(max_tokens),
            prompt: system + &conversation(body, "messages", "content")?,
            tool: offered(&body["tools"][0]["name"], &body["messages"]).filter(|_| is_free),
            ..ProviderRequest::default()
        })
    }

    fn whole(&self, reply: &ProviderAnswer) -> Value {
        let content = match &reply.tool {
            Some(name) => json!([tool_use(reply, name, &reply.arguments())]),
            None if reply.tokens.is_empty() => json!([]),
            None => json!([{"type": "text", "text": reply.text()}]),
        };
        let mut message = message(reply, &content);
        message["stop_reason"] = json!(stop_reason(reply));
        message["usage"]["output_tokens"] = json!(reply.tokens.len());
        message
    }

    fn start(&self, reply: &ProviderAnswer) -> Vec<u8> {
        message_start(reply).iter().flat_map(event).collect()
    }

    fn token(&self, reply: &ProviderAnswer, place: usize) -> Vec<u8> {
        event(&token_delta(reply, place))
    }

    fn end(&self, reply: &ProviderAnswer) -> Vec<u8> {
        end_events(reply).iter().flat_map(event).collect()
    }

    fn error_event(&self, api: &dyn ProviderApi, refusal: &ProviderError) -> Vec<u8> {
        event(&api.error_body(refusal))
    }

    fn hear_whole(&self, body: &Value, heard: &mut PartialAnswer) {
        heard.text = texts(&body["content"], "text");
        for block in body["content"].as_array().into_iter().flatten().filter(|block| block["type"] == "tool_use") {
            heard.call(&block["name"], &block["input"].to_string());
        }
        heard.terminal = body["stop_reason"].is_string();
        heard.usage = is_count(&body["usage"]["output_tokens"]);
    }

    /// Events are told apart by their names; one without a name is seen by no client.
    fn part(&self, name: Option<&[u8]>, data: &[u8]) -> EventMeaning {
        match name {
            None | Some(b"ping") => EventMeaning::Nothing,
            Some(b"error") => EventMeaning::Error,
            Some(_) if data.is_empty() => EventMeaning::Nothing,
            Some(_) => EventMeaning::Said,
        }
    }

    fn hear(&self, event: &Value, heard: &mut PartialAnswer) {
        match event["type"].as_str() {
            Some("content_block_start") => match event["content_block"]["type"].as_str() {
                Some("tool_use") => heard.call(&event["content_block"]["name"], ""),
                Some("text") => heard.text.push_str(event["content_block"]["text"].as_str().unwrap_or_default()),
                _ => {}
            },
            Some("content_block_delta") => {
                if event["delta"]["type"] == "text_delta" {
                    heard.text.push_str(event["delta"]["text"].as_str().unwrap_or_default());
                }
                heard.argue(&event["delta"]["partial_json"]);
            }
            Some("message_delta") => {
                heard.finished |= event["delta"]["stop_reason"].is_string();
                heard.usage |= is_count(&event["usage"]["output_tokens"]);
            }
            Some("message_stop") => (heard.terminal, heard.over) = (true, true),
            _ => {}
        }
    }

    fn sign_of_life(&self) -> Vec<u8> {
        event(&json!({"type": "ping"}))
    }

    /// A stream's first event holds the message without its text.
    fn model_at(&self) -> &'static [&'static [&'static str]] {
        &[&["model"], &["message", "model"]]
    }

    fn text_at(&self) -> &'static [&'static [&'static str]] {
        &[&["delta", "text"], &["delta", "partial_json"], &["content", "*", "text"], &["content", "*", "input", "words"]]
    }
}

/// An event is named as its data says.
fn event(data: &Value) -> Vec<u8> {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default()).into_bytes()
}

/// What precedes the first token.
pub(super) fn message_start(reply: &ProviderAnswer) -> [Value; 3] {
    let block = reply.tool.as_ref().map_or_else(|| json!({"type": "text", "text": ""}), |name| tool_use(reply, name, &json!({})));
    [
        json!({"type": "message_start", "message": message(reply, &json!([]))}),
        json!({"type": "content_block_start", "index": 0, "content_block": block}),
        json!({"type": "ping"}),
    ]
}

/// One token.
pub(super) fn token_delta(reply: &ProviderAnswer, place: usize) -> Value {
    let text = &reply.tokens[place];
    let delta = match reply.tool {
        Some(_) => json!({"type": "input_json_delta", "partial_json": text}),
        None => json!({"type": "text_delta", "text": text}),
    };
    json!({"type": "content_block_delta", "index": 0, "delta": delta})
}

/// What follows the last token.
pub(super) fn end_events(reply: &ProviderAnswer) -> [Value; 3] {
    [
        json!({"type": "content_block_stop", "index": 0}),
        json!({
            "type": "message_delta",
            "delta": {"stop_reason": stop_reason(reply), "stop_sequence": null},
            "usage": {"output_tokens": reply.tokens.len()},
        }),
        json!({"type": "message_stop"}),
    ]
}

fn tool_use(reply: &ProviderAnswer, name: &str, input: &Value) -> Value {
    json!({"type": "tool_use", "id": format!("toolu_{}", reply.id), "name": name, "input": input})
}

/// A message that has not ended.
fn message(reply: &ProviderAnswer, content: &Value) -> Value {
    json!({
        "id": format!("msg_{}", reply.id), "type": "message", "role": "assistant", "model": reply.model, "content": content,
        "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": reply.prompt_tokens, "output_tokens": 1},
    })
}

const fn stop_reason(reply: &ProviderAnswer) -> &'static str {
    match reply.end {
        AnswerEnd::Stop if reply.tool.is_some() => "tool_use",
        AnswerEnd::Stop => "end_turn",
        AnswerEnd::Length => "max_tokens",
        AnswerEnd::Filtered => "refusal",
    }
}
