//! A chat completion as it is asked for: what the traffic sends, and what a provider reads.
//!
//! Every request asks for words of its own to be repeated, drawn from its number. An answer that holds them all proves that a
//! model read this prompt and that nothing was lost on the way back; an answer from a cache, or for somebody else, does not.

use super::{MARK_HEADER, Mark, Route, WireRequest, credential_header};
use crate::model::Dialect;
use serde_json::{Value, json};

/// Words that a canary is made of; each is one token or two in common vocabularies.
const WORDS: [&str; 32] = [
    "anchor", "beacon", "cabin", "deck", "ember", "ferry", "galley", "harbor", "island", "jetty", "keel", "lantern", "mast", "north",
    "oar", "pilot", "quay", "rope", "sail", "tide", "upper", "vessel", "water", "yard", "bell", "compass", "signal", "shore", "wind",
    "wave", "storm", "light",
];
/// Words in a canary.
const LENGTH: usize = 8;
/// What stands before the canary in a prompt.
const ORDER: &str = "Repeat these words in one line and write nothing else: ";

/// What one request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The request's mark.
    pub mark: Mark,
    /// The model as the service calls it.
    pub model: String,
    /// True where the answer shall come as a stream of events.
    pub streamed: bool,
}

/// The words that an answer to this request must hold.
pub fn canary(mark: Mark) -> String {
    // SplitMix64's finaliser: neighbouring numbers give unrelated words.
    let mut bits = mark.id ^ (u64::from(mark.drill) << 32) ^ 0x9e37_79b9_7f4a_7c15;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    let words: Vec<&str> = (0..LENGTH).map(|place| WORDS[(bits >> (place * 5)) as usize & 31]).collect();
    words.join(" ")
}

/// The prompt of this request.
pub fn prompt(mark: Mark) -> String {
    format!("{} {ORDER}{}", mark.in_body(), canary(mark))
}

/// A chat completion as bytes. `key` is the client's credential at whoever is asked.
pub fn chat_request(dialect: Dialect, ask: &Ask, key: &str) -> WireRequest {
    let mut body = json!({
        "model": ask.model,
        "messages": [{"role": "user", "content": prompt(ask.mark)}],
        "max_tokens": 64,
        "temperature": 0,
    });
    if ask.streamed {
        body["stream"] = json!(true);
        body["stream_options"] = json!({"include_usage": true});
    }
    WireRequest {
        method: "POST",
        path: Route::chat_path(dialect, &ask.model),
        headers: vec![
            ("content-type", "application/json".to_owned()),
            (MARK_HEADER, ask.mark.to_string()),
            credential_header(dialect, key),
        ],
        body: body.to_string().into_bytes(),
    }
}

/// A chat completion as a provider reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatAsk {
    /// The model in the body; Azure's clients may leave it out.
    pub model: Option<String>,
    /// True where the answer shall be streamed.
    pub streamed: bool,
    /// True where a stream shall end with a chunk of usage.
    pub include_usage: bool,
    /// The text of all messages.
    pub prompt: String,
    /// Upper bound of the answer's tokens.
    pub max_tokens: Option<u64>,
}

impl ChatAsk {
    /// Reads a body as strictly as OpenAI's specification has it.
    ///
    /// # Errors
    /// What is wrong with it, in words for the error's `message`.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        let body: Value =
            serde_json::from_slice(body).map_err(|error| format!("We could not parse the JSON body of your request: {error}"))?;
        let messages = body["messages"].as_array().filter(|messages| !messages.is_empty());
        let messages = messages.ok_or("Missing required parameter: 'messages'.")?;
        let mut prompt = String::new();
        for (place, message) in messages.iter().enumerate() {
            if !message["role"].is_string() {
                return Err(format!("Missing required parameter: 'messages[{place}].role'."));
            }
            match &message["content"] {
                Value::String(text) => prompt.push_str(text),
                Value::Array(parts) => prompt.extend(parts.iter().filter_map(|part| part["text"].as_str())),
                Value::Null => {}
                _ => return Err(format!("Invalid type for 'messages[{place}].content'.")),
            }
            prompt.push('\n');
        }
        let flag = |value: &Value, name: &str| match value {
            Value::Null => Ok(false),
            Value::Bool(flag) => Ok(*flag),
            _ => Err(format!("Invalid type for '{name}': expected a boolean.")),
        };
        Ok(Self {
            model: body["model"].as_str().map(str::to_owned),
            streamed: flag(&body["stream"], "stream")?,
            include_usage: flag(&body["stream_options"]["include_usage"], "stream_options.include_usage")?,
            max_tokens: body["max_completion_tokens"].as_u64().or_else(|| body["max_tokens"].as_u64()),
            prompt,
        })
    }

    /// What an obedient model answers: the words after the order in the prompt, else a sentence of its own.
    pub fn reply(&self) -> String {
        self.prompt.split_once(ORDER).map_or_else(
            || "This is a simulated provider; it repeats what a drill's traffic asks it to repeat.".to_owned(),
            |(_, rest)| rest.lines().next().unwrap_or_default().to_owned(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_asks_a_provider_reads() {
        let mark = Mark { drill: 7, id: 12 };
        for streamed in [false, true] {
            let ask = Ask { mark, model: "gpt-4o".into(), streamed };
            let request = chat_request(Dialect::OpenAi, &ask, "sk-one");
            let read = ChatAsk::parse(&request.body).unwrap();
            assert_eq!((read.streamed, read.include_usage, read.model.as_deref()), (streamed, streamed, Some("gpt-4o")));
            assert_eq!(read.reply(), canary(mark));
            assert_eq!(super::super::find_mark(None, &request.body), Some(mark));
        }
    }

    #[test]
    fn canaries_differ() {
        let all: std::collections::HashSet<String> = (0..10_000).map(|id| canary(Mark { drill: 1, id })).collect();
        assert_eq!(all.len(), 10_000);
    }

    #[test]
    fn a_body_that_is_not_a_chat_is_refused_in_words() {
        for body in ["", "[]", "{}", r#"{"messages":[]}"#, r#"{"messages":[{}]}"#, r#"{"messages":[{"role":"user","content":5}]}"#] {
            assert!(!ChatAsk::parse(body.as_bytes()).unwrap_err().is_empty(), "{body}");
        }
    }
}
