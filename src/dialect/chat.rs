//! A chat completion as it is asked for: what the traffic sends, and what a provider reads.
//!
//! Every request asks for words of its own to be repeated, drawn from its number. An answer that holds them all proves that a
//! model read this prompt and that nothing was lost on the way back; an answer from a cache, or for somebody else, does not.

use super::tongue::tongue;
use super::{MARK_HEADER, Mark, WireRequest};
use crate::model::Dialect;
use serde_json::Value;

/// Words that a canary is made of; each is one token or two in common vocabularies.
const WORDS: [&str; 32] = [
    "anchor", "beacon", "cabin", "deck", "ember", "ferry", "galley", "harbor", "island", "jetty", "keel", "lantern", "mast", "north",
    "oar", "pilot", "quay", "rope", "sail", "tide", "upper", "vessel", "water", "yard", "bell", "compass", "signal", "shore", "wind",
    "wave", "storm", "light",
];
const LONGEST_WORD: usize = 7;
/// The longest answer that is asked for, in tokens.
pub(super) const MAX_TOKENS: u64 = 64;
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

/// The most tokens that a request of the traffic can have: those that are sent and those that come back. English words and hexadecimal
/// digits are more than two bytes a token in every vocabulary in use; what a chat format adds to a message is a few.
pub fn request_tokens() -> (u64, u64) {
    let longest = Mark { drill: u32::MAX, id: u64::MAX }.in_body().len() + 1 + ORDER.len() + LENGTH * (LONGEST_WORD + 1);
    (longest as u64 / 2 + 16, MAX_TOKENS)
}

/// A chat completion of the traffic as bytes. `key` is the client's credential at whoever is asked.
pub fn chat_request(dialect: Dialect, ask: &Ask, key: &str) -> WireRequest {
    let mut request = plain_request(dialect, &ask.model, &prompt(ask.mark), ask.streamed, key);
    request.headers.push((MARK_HEADER, ask.mark.to_string()));
    request
}

/// A chat completion of anybody, which bears no mark.
pub fn plain_request(dialect: Dialect, model: &str, prompt: &str, streamed: bool, key: &str) -> WireRequest {
    let tongue = tongue(dialect);
    let mut headers = vec![("content-type", "application/json".to_owned()), tongue.credential_header(key)];
    headers.extend(tongue.required_header().map(|(name, value)| (name, value.to_owned())));
    WireRequest {
        method: "POST",
        path: tongue.chat_path(model, streamed),
        headers,
        body: tongue.request(model, prompt, streamed).to_string().into_bytes(),
    }
}

/// A chat completion as a provider reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatAsk {
    /// The model in the body; `None` where the path names it.
    pub model: Option<String>,
    /// True where the body asks for a stream; in some dialects the path does.
    pub streamed: bool,
    /// True where a stream shall report its usage.
    pub include_usage: bool,
    /// The text of all messages.
    pub prompt: String,
    /// Upper bound of the answer's tokens.
    pub max_tokens: Option<u64>,
}

impl ChatAsk {
    /// Reads a body as strictly as the dialect's specification has it.
    ///
    /// # Errors
    /// What is wrong with it, in words for the error's `message`.
    pub fn parse(dialect: Dialect, body: &[u8]) -> Result<Self, String> {
        let body = serde_json::from_slice(body).map_err(|error| format!("We could not parse the JSON body of your request: {error}"))?;
        tongue(dialect).read_request(&body)
    }

    /// What an obedient model answers: the words after the order in the prompt, else a sentence of its own.
    pub fn reply(&self) -> String {
        self.prompt.split_once(ORDER).map_or_else(
            || "This is a simulated provider; it repeats what a drill's traffic asks it to repeat.".to_owned(),
            |(_, rest)| rest.lines().next().unwrap_or_default().to_owned(),
        )
    }
}

/// The text of a conversation: of all messages in the list of this name, each with its text in the field of that name.
pub(super) fn conversation(body: &Value, list: &str, text: &str) -> Result<String, String> {
    let messages = body[list].as_array().filter(|messages| !messages.is_empty());
    let messages = messages.ok_or_else(|| format!("Missing required parameter: '{list}'."))?;
    let mut prompt = String::new();
    for (place, message) in messages.iter().enumerate() {
        // Google's default is the user's.
        if !message["role"].is_string() && list == "messages" {
            return Err(format!("Missing required parameter: '{list}[{place}].role'."));
        }
        prompt += &words_of(&message[text]).ok_or_else(|| format!("Invalid type for '{list}[{place}].{text}'."))?;
        prompt.push('\n');
    }
    Ok(prompt)
}

/// The text of a content: a string, or parts of which some have a `text`. `None` for anything else.
pub(super) fn words_of(content: &Value) -> Option<String> {
    match content {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => Some(parts.iter().filter_map(|part| part["text"].as_str()).collect()),
        _ => None,
    }
}

/// A flag that may be absent.
pub(super) fn flag(value: &Value, name: &str) -> Result<bool, String> {
    match value {
        Value::Null => Ok(false),
        Value::Bool(flag) => Ok(*flag),
        _ => Err(format!("Invalid type for '{name}': expected a boolean.")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Route, find_mark};
    use super::*;

    #[test]
    fn what_a_client_asks_a_provider_reads() {
        let mark = Mark { drill: 7, id: 12 };
        for (word, streamed) in Dialect::WORDS.iter().flat_map(|word| [(word, false), (word, true)]) {
            let dialect = Dialect::from_word(word).unwrap();
            let request = chat_request(dialect, &Ask { mark, model: "gpt-4o".into(), streamed }, "sk-one");
            let read = ChatAsk::parse(dialect, &request.body).unwrap();
            let full = format!("{}{}", super::super::base_path(dialect), request.path);
            let (path, query) = full.split_once('?').map_or((full.as_str(), None), |(path, query)| (path, Some(query)));
            let Some(Route::Chat { model, streamed: by_path }) = Route::of(dialect, "POST", path, query) else { panic!("{full}") };
            assert_eq!(read.streamed || by_path, streamed, "{word}");
            assert_eq!(read.reply(), canary(mark), "{word}");
            assert_eq!(model.or(read.model).as_deref(), Some("gpt-4o"), "{word}");
            assert_eq!(find_mark(None, &request.body), Some(mark), "{word}");
            let header = |name: &str| request.headers.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str());
            assert_eq!(super::super::head_fault(dialect, header), None, "{word}");
        }
    }

    #[test]
    fn canaries_differ() {
        let all: std::collections::HashSet<String> = (0..10_000).map(|id| canary(Mark { drill: 1, id })).collect();
        assert_eq!(all.len(), 10_000);
    }

    #[test]
    fn a_body_that_is_not_a_chat_is_refused_in_words() {
        let damaged = [
            "",
            "[]",
            "{}",
            r#"{"messages":[],"contents":[]}"#,
            r#"{"messages":[{}]}"#,
            r#"{"max_tokens":1,"messages":[{"role":"user","content":5}],"contents":[{"parts":5}]}"#,
        ];
        for (body, word) in damaged.iter().flat_map(|body| Dialect::WORDS.iter().map(move |word| (body, word))) {
            assert!(!ChatAsk::parse(Dialect::from_word(word).unwrap(), body.as_bytes()).unwrap_err().is_empty(), "{word} {body}");
        }
        let unbounded = br#"{"messages":[{"role":"user","content":"hi"}]}"#;
        assert_eq!(ChatAsk::parse(Dialect::Anthropic, unbounded).unwrap_err(), "max_tokens: Field required");
    }
}
