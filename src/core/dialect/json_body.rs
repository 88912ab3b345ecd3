//! Parts of JSON bodies that several dialects share: conversations, flags, offered tools, counts.

use serde_json::{Value, json};

/// The text of a conversation: of all messages in the list of this name, each with its text in the field of that name.
pub(super) fn conversation(body: &Value, list: &str, text: &str) -> Result<String, String> {
    let messages = body[list].as_array().filter(|messages| !messages.is_empty());
    let messages = messages.ok_or_else(|| format!("Missing required parameter: '{list}'."))?;
    let mut prompt = String::new();
    for (index, message) in messages.iter().enumerate() {
        // Google's default is the user's.
        if !message["role"].is_string() && list == "messages" {
            return Err(format!("Missing required parameter: '{list}[{index}].role'."));
        }
        prompt += &text_of(&message[text]).ok_or_else(|| format!("Invalid type for '{list}[{index}].{text}'."))?;
        prompt.push('\n');
    }
    Ok(prompt)
}

/// The text of a content: a string, or parts of which some have a `text`. `None` for anything else.
pub(super) fn text_of(content: &Value) -> Option<String> {
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
pub(super) fn offered_tool(name: &Value, messages: &Value) -> Option<String> {
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
pub(super) fn tool_parameters() -> Value {
    json!({"type": "object", "properties": {"words": {"type": "string"}}, "required": ["words"]})
}

/// True where clients take the value for one: Python's and JavaScript's look whether it is true.
pub(super) fn is_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

/// True for a number of tokens; some gateways count in floats.
pub(super) fn is_count(value: &Value) -> bool {
    value.as_f64().is_some_and(|count| count >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(offered_tool(&tool, &messages), None, "{messages}");
        }
        assert_eq!(offered_tool(&tool, &json!([{"role": "user", "content": "hi"}])).as_deref(), Some("t"));
        assert_eq!((offered_tool(&tool, &json!("hi")).as_deref(), offered_tool(&Value::Null, &json!("hi"))), (Some("t"), None));
    }
}
