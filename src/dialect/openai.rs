//! OpenAI's chat completions and list of models.
//!
//! Sources: OpenAI's API reference, its guide to error codes, recorded 401 and 403 bodies.

use super::chat::{MAX_TOKENS, conversation, flag};
use super::credential::bearer;
use super::limit::go_duration;
use super::reply::End;
use super::tongue::{Header, Heard, Refusal, Tongue};
use super::{ChatAsk, ChatReply, ProviderFault, Quota, Quotas, Receipt, Route};
use serde_json::{Value, json};

/// Speaks it.
pub(super) struct OpenAi;

/// The last line of a stream.
const DONE: &[u8] = b"[DONE]";

impl Tongue for OpenAi {
    fn base_path(&self) -> &'static str {
        "/v1"
    }

    fn chat_path(&self, _model: &str, _streamed: bool) -> String {
        "/chat/completions".to_owned()
    }

    fn route(&self, method: &str, path: &str, _query: Option<&str>) -> Option<Route> {
        match (method, path) {
            ("POST", "/v1/chat/completions") => Some(Route::Chat { model: None, streamed: false }),
            ("GET", "/v1/models") => Some(Route::Models),
            _ => None,
        }
    }

    fn credential<'h>(&self, header: Header<'_, 'h>) -> Option<&'h str> {
        bearer(header).or_else(|| header("api-key").map(str::trim))
    }

    fn credential_header(&self, key: &str) -> (&'static str, String) {
        ("authorization", format!("Bearer {key}"))
    }

    fn request(&self, model: &str, prompt: &str, streamed: bool) -> Value {
        let mut body = json!({
            "model": model,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": MAX_TOKENS,
            "temperature": 0,
        });
        if streamed {
            body["stream"] = json!(true);
            body["stream_options"] = json!({"include_usage": true});
        }
        body
    }

    fn read_request(&self, body: &Value) -> Result<ChatAsk, String> {
        Ok(ChatAsk {
            model: body["model"].as_str().map(str::to_owned),
            streamed: flag(&body["stream"], "stream")?,
            include_usage: flag(&body["stream_options"]["include_usage"], "stream_options.include_usage")?,
            max_tokens: body["max_completion_tokens"].as_u64().or_else(|| body["max_tokens"].as_u64()),
            prompt: conversation(body, "messages", "content")?,
        })
    }

    fn whole(&self, reply: &ChatReply) -> Value {
        json!({
            "id": format!("chatcmpl-{}", reply.id), "object": "chat.completion", "created": reply.created, "model": reply.model,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": reply.text(), "refusal": null},
                         "logprobs": null, "finish_reason": finish_reason(reply)}],
            "usage": usage(reply), "system_fingerprint": null,
        })
    }

    /// The first token also names the role.
    fn token(&self, reply: &ChatReply, place: usize) -> Vec<u8> {
        let text = &reply.tokens[place];
        let delta = if place == 0 { json!({"role": "assistant", "content": text, "refusal": null}) } else { json!({"content": text}) };
        event(reply, &json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}]), None)
    }

    /// The reason for the end, the usage where it was asked for, the terminal marker.
    fn end(&self, reply: &ChatReply) -> Vec<u8> {
        let mut bytes = event(reply, &json!([{"index": 0, "delta": {}, "logprobs": null, "finish_reason": finish_reason(reply)}]), None);
        if reply.include_usage {
            bytes.extend(event(reply, &json!([]), Some(usage(reply))));
        }
        bytes.extend_from_slice(b"data: [DONE]\n\n");
        bytes
    }

    fn models(&self, names: &[&str]) -> Value {
        let models: Vec<_> =
            names.iter().map(|id| json!({"id": id, "object": "model", "created": 0, "owned_by": "lifeboat-lab"})).collect();
        json!({"object": "list", "data": models})
    }

    fn hear_whole(&self, body: &Value, heard: &mut Heard) {
        let choice = &body["choices"][0];
        heard.text = choice["message"]["content"].as_str().unwrap_or_default().to_owned();
        heard.terminal = choice["finish_reason"].is_string();
        heard.usage = body["usage"]["completion_tokens"].is_u64();
    }

    fn hear(&self, event: &Value, heard: &mut Heard) {
        if let Some(text) = event["choices"][0]["delta"]["content"].as_str() {
            heard.text.push_str(text);
        }
        heard.usage |= event["usage"]["completion_tokens"].is_u64();
    }

    fn hear_line(&self, line: &[u8], heard: &mut Heard) -> bool {
        heard.terminal |= line == DONE;
        line == DONE
    }

    fn refusal(&self, fault: &ProviderFault) -> Refusal {
        let invalid = "invalid_request_error";
        match fault {
            ProviderFault::InvalidKey => Refusal::new(
                401,
                invalid,
                "invalid_api_key",
                "Incorrect API key provided. You can find your API key in your account settings.",
            ),
            ProviderFault::ExpiredToken => Refusal::new(401, invalid, "invalid_api_key", "Your API key has expired."),
            ProviderFault::Forbidden => Refusal::new(
                403,
                "request_forbidden",
                "unsupported_country_region_territory",
                "Country, region, or territory not supported",
            ),
            ProviderFault::OutOfQuota => Refusal::new(
                429,
                "insufficient_quota",
                "credit_balance_exhausted",
                "You exceeded your current quota, please check your plan and billing details.",
            ),
            ProviderFault::RateLimited { .. } => Refusal::new(429, "requests", "rate_limit_exceeded", "Rate limit reached for requests."),
            ProviderFault::Overloaded => Refusal::new(
                503,
                "service_unavailable_error",
                "server_is_overloaded",
                "The server is currently overloaded. Please try again later.",
            ),
            ProviderFault::ServerError | ProviderFault::Status { .. } => {
                Refusal::new(500, "server_error", "", "The server had an error while processing your request.")
            }
            ProviderFault::Timeout => Refusal::new(504, "server_error", "", "The request timed out."),
            ProviderFault::NoSuchModel(model) => Refusal::new(
                404,
                invalid,
                "model_not_found",
                format!("The model `{model}` does not exist or you do not have access to it."),
            ),
            ProviderFault::NoSuchPath => Refusal::new(404, invalid, "unknown_url", "Unknown request URL."),
            ProviderFault::BadRequest(message) => Refusal::new(400, invalid, "", message.clone()),
            ProviderFault::ContentFiltered => {
                Refusal::new(400, invalid, "content_policy_violation", "Your request was rejected as a result of our safety system.")
            }
            ProviderFault::ContextTooLong => Refusal::new(
                400,
                invalid,
                "context_length_exceeded",
                "This model's maximum context length is 128000 tokens. Please reduce the length of the messages.",
            ),
        }
    }

    fn error_body(&self, refusal: &Refusal) -> Value {
        let code = if refusal.code.is_empty() { Value::Null } else { json!(refusal.code) };
        json!({"error": {"message": refusal.message, "type": refusal.kind, "param": null, "code": code}})
    }

    fn error_event(&self, refusal: &Refusal) -> Vec<u8> {
        format!("data: {}\n\n", self.error_body(refusal)).into_bytes()
    }

    fn quota_headers(&self, quotas: &Quotas, _wall: u64) -> Vec<(String, String)> {
        let tell = |(name, quota): (&str, Quota)| {
            [
                (format!("x-ratelimit-limit-{name}"), quota.limit.to_string()),
                (format!("x-ratelimit-remaining-{name}"), quota.remaining.to_string()),
                (format!("x-ratelimit-reset-{name}"), go_duration(quota.reset)),
            ]
        };
        quotas.named().flat_map(tell).collect()
    }

    fn filter_is_an_answer(&self) -> bool {
        false
    }

    fn text_at(&self) -> &'static [&'static [&'static str]] {
        &[&["choices", "*", "delta", "content"], &["choices", "*", "message", "content"]]
    }

    fn receipt(&self, receipt: &Receipt<'_>) -> Vec<(&'static str, String)> {
        vec![
            ("x-request-id", format!("req_{}", receipt.id)),
            ("openai-organization", "lifeboat-lab".to_owned()),
            ("openai-version", "2020-10-01".to_owned()),
            ("openai-processing-ms", receipt.took_ms.to_string()),
        ]
    }
}

fn event(reply: &ChatReply, choices: &Value, usage: Option<Value>) -> Vec<u8> {
    let mut chunk = json!({
        "id": format!("chatcmpl-{}", reply.id), "object": "chat.completion.chunk", "created": reply.created, "model": reply.model,
        "system_fingerprint": null, "choices": choices,
    });
    if reply.include_usage {
        chunk["usage"] = usage.unwrap_or(Value::Null);
    }
    format!("data: {chunk}\n\n").into_bytes()
}

const fn finish_reason(reply: &ChatReply) -> &'static str {
    match reply.end {
        End::Stop => "stop",
        End::Length => "length",
        End::Filtered => "content_filter",
    }
}

fn usage(reply: &ChatReply) -> Value {
    let (prompt, completion) = (reply.prompt_tokens, reply.tokens.len());
    json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion})
}
