//! A chat completion as a provider answers it, whole or as server-sent events.

use super::{ChatAsk, WireAnswer};
use serde_json::{Value, json};

/// One answer, ready to be written in pieces.
#[derive(Debug, Clone)]
pub struct ChatReply {
    id: String,
    model: String,
    created: u64,
    tokens: Vec<String>,
    prompt_tokens: usize,
    whole: bool,
    include_usage: bool,
}

impl ChatReply {
    /// Answers `ask` in the name of `model`. `id` is the provider's own number for it, `created` seconds since 1970. A token is a word
    /// with the blank before it; an answer longer than `max_tokens` ends early, with the reason `length`.
    pub fn new(ask: &ChatAsk, model: &str, id: &str, created: u64) -> Self {
        let text = ask.reply();
        let mut tokens: Vec<String> = text.split_inclusive(' ').fold(Vec::new(), |mut tokens, word| {
            // `split_inclusive` leaves the blank behind the word; providers send it before the next.
            let blank = if tokens.is_empty() { "" } else { " " };
            tokens.push(format!("{blank}{}", word.trim_end()));
            tokens
        });
        let limit = ask.max_tokens.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let whole = tokens.len() <= limit;
        tokens.truncate(limit);
        Self {
            id: id.to_owned(),
            model: model.to_owned(),
            created,
            tokens,
            prompt_tokens: ask.prompt.split_whitespace().count(),
            whole,
            include_usage: ask.include_usage,
        }
    }

    /// How many tokens the answer has.
    pub const fn tokens(&self) -> usize {
        self.tokens.len()
    }

    /// The whole answer at once.
    pub fn whole(&self) -> WireAnswer {
        let body = json!({
            "id": self.id, "object": "chat.completion", "created": self.created, "model": self.model,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": self.tokens.concat(), "refusal": null},
                         "logprobs": null, "finish_reason": self.finish_reason()}],
            "usage": self.usage(), "system_fingerprint": null,
        });
        WireAnswer { status: 200, headers: vec![("content-type", "application/json".into())], body: body.to_string().into_bytes() }
    }

    /// The headers of a streamed answer.
    pub fn stream_headers() -> Vec<(&'static str, String)> {
        vec![("content-type", "text/event-stream; charset=utf-8".into()), ("cache-control", "no-cache".into())]
    }

    /// The event of one token, by its place; the first also names the role.
    pub fn token_event(&self, place: usize) -> Vec<u8> {
        let text = &self.tokens[place];
        let delta = if place == 0 { json!({"role": "assistant", "content": text, "refusal": null}) } else { json!({"content": text}) };
        self.event(&json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}]), None)
    }

    /// What follows the last token: the reason for the end, the usage where it was asked for, the terminal marker.
    pub fn end_events(&self) -> Vec<u8> {
        let mut bytes = self.event(&json!([{"index": 0, "delta": {}, "logprobs": null, "finish_reason": self.finish_reason()}]), None);
        if self.include_usage {
            bytes.extend(self.event(&json!([]), Some(self.usage())));
        }
        bytes.extend_from_slice(b"data: [DONE]\n\n");
        bytes
    }

    fn event(&self, choices: &Value, usage: Option<Value>) -> Vec<u8> {
        let mut chunk = json!({
            "id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model,
            "system_fingerprint": null, "choices": choices,
        });
        if self.include_usage {
            chunk["usage"] = usage.unwrap_or(Value::Null);
        }
        format!("data: {chunk}\n\n").into_bytes()
    }

    const fn finish_reason(&self) -> &'static str {
        if self.whole { "stop" } else { "length" }
    }

    fn usage(&self) -> Value {
        let completion = self.tokens.len();
        json!({"prompt_tokens": self.prompt_tokens, "completion_tokens": completion, "total_tokens": self.prompt_tokens + completion})
    }
}
