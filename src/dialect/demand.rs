//! A request as a provider reads it.

use super::ask::ORDERS;
use super::form::form;
use crate::model::{Dialect, Operation};
use serde_json::{Value, json};

/// What a provider is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderRequest {
    /// What it shall do.
    pub operation: Operation,
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
    /// The first tool that is offered, where the conversation does not end with what a tool has answered.
    pub tool: Option<String>,
    /// True where the text must be JSON.
    pub json: bool,
    /// The vectors that are wanted.
    pub vectors: Vectors,
}

/// Vectors as they are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vectors {
    /// The texts, one for each vector.
    pub texts: Vec<String>,
    /// How many numbers each has; `None` leaves it to the model.
    pub dimensions: Option<usize>,
    /// True where they shall come as the base64 of their bytes.
    pub base64: bool,
}

impl Default for ProviderRequest {
    /// Nothing is asked for yet.
    fn default() -> Self {
        Self {
            operation: Operation::Chat,
            model: None,
            streamed: false,
            include_usage: true,
            prompt: String::new(),
            max_tokens: None,
            tool: None,
            json: false,
            vectors: Vectors::default(),
        }
    }
}

impl ProviderRequest {
    /// Reads a body as strictly as the dialect's specification has it.
    ///
    /// # Errors
    /// What is wrong with it, in words for the error's `message`.
    pub fn parse(dialect: Dialect, operation: Operation, body: &[u8]) -> Result<Self, String> {
        let body = serde_json::from_slice(body).map_err(|error| format!("We could not parse the JSON body of your request: {error}"))?;
        Ok(Self { operation, ..form(dialect, operation).read_request(&body)? })
    }

    /// What an obedient model answers: the words after the order in the prompt, else a sentence of its own; as JSON where that is wanted,
    /// or for a tool.
    pub fn reply(&self) -> String {
        let words = ORDERS
            .iter()
            .find_map(|order| self.prompt.split_once(order))
            .map_or("This is a simulated provider; it repeats what a drill's traffic asks it to repeat.", |(_, rest)| {
                rest.lines().next().unwrap_or_default()
            });
        let is_json = self.json || self.tool.is_some() || self.prompt.contains(ORDERS[1]);
        if is_json { json!({"words": words}).to_string() } else { words.to_owned() }
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

/// The text of an answer's parts of this type.
pub(super) fn texts(parts: &Value, kind: &str) -> String {
    parts.as_array().into_iter().flatten().filter(|part| part["type"] == kind).filter_map(|part| part["text"].as_str()).collect()
}

/// A flag that may be absent.
pub(super) fn flag(value: &Value, name: &str) -> Result<bool, String> {
    match value {
        Value::Null => Ok(false),
        Value::Bool(flag) => Ok(*flag),
        _ => Err(format!("Invalid type for '{name}': expected a boolean.")),
    }
}

/// The tool of this name, unless the last message of the list is what a tool has answered: then it is the model's turn to speak.
pub(super) fn offered(name: &Value, messages: &Value) -> Option<String> {
    let name = name.as_str()?;
    let last = messages.as_array().and_then(|messages| messages.last()).unwrap_or(&Value::Null);
    let is_result = |part: &Value| {
        matches!(part["type"].as_str(), Some("tool_result" | "function_call_output"))
            || part.get("toolResult").is_some()
            || part.get("functionResponse").is_some()
    };
    let parts = [&last["content"], &last["parts"]].into_iter().filter_map(Value::as_array).flatten();
    let is_answered = last["role"] == "tool" || is_result(last) || parts.into_iter().any(is_result);
    (!is_answered).then(|| name.to_owned())
}

/// The arguments that a tool of ours takes, as JSON Schema.
pub(super) fn parameters() -> Value {
    json!({"type": "object", "properties": {"words": {"type": "string"}}, "required": ["words"]})
}

#[cfg(test)]
mod tests {
    use super::super::ask::tests::speeches;
    use super::*;

    #[test]
    fn a_body_that_is_no_such_request_is_refused_in_words() {
        let damaged = [
            "",
            "[]",
            "{}",
            r#"{"messages":[],"contents":[],"input":[]}"#,
            r#"{"messages":[{}],"input":[{}]}"#,
            r#"{"max_tokens":1,"messages":[{"role":"user","content":5}],"contents":[{"parts":5}],"input":{"a":5}}"#,
        ];
        for (body, speech) in damaged.iter().flat_map(|body| speeches().into_iter().map(move |speech| (body, speech))) {
            let refused = ProviderRequest::parse(speech.dialect, speech.operation, body.as_bytes()).unwrap_err();
            assert!(!refused.is_empty(), "{speech:?} {body}");
        }
        let unbounded = br#"{"messages":[{"role":"user","content":"hi"}]}"#;
        assert_eq!(ProviderRequest::parse(Dialect::Anthropic, Operation::Chat, unbounded).unwrap_err(), "max_tokens: Field required");
    }

    #[test]
    fn who_was_told_what_a_tool_has_answered_speaks() {
        let tool = json!("t");
        for messages in [
            json!([{"role": "tool", "content": "5"}]),
            json!([{"role": "user", "content": [{"type": "tool_result", "content": "5"}]}]),
            json!([{"role": "user", "content": [{"toolResult": {}}]}]),
            json!([{"role": "user", "parts": [{"functionResponse": {}}]}]),
            json!([{"type": "function_call_output", "output": "5"}]),
        ] {
            assert_eq!(offered(&tool, &messages), None, "{messages}");
        }
        assert_eq!(offered(&tool, &json!([{"role": "user", "content": "hi"}])).as_deref(), Some("t"));
        assert_eq!((offered(&tool, &json!("hi")).as_deref(), offered(&Value::Null, &json!("hi"))), (Some("t"), None));
    }
}
