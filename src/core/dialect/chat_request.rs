//! The request that asks for the answer to a conversation of somebody's own, as bytes in each dialect, and the most tokens that it can have.

use super::chat::{Chat, ChatForm};
use super::chat_body::body;
use super::registry::provider_api;
use super::request::headers;
use super::wire::WireRequest;
use crate::model::{Dialect, Operation};

/// The request for an answer to a conversation, as bytes. `key` is the provider's own.
pub fn chat_request(dialect: Dialect, chat: &Chat, model: &str, streamed: bool, key: &str) -> WireRequest {
    WireRequest {
        method: "POST",
        path: provider_api(dialect).path(Operation::Chat, model, streamed),
        headers: headers(dialect, key),
        body: body(dialect, chat, model, streamed).to_string().into_bytes(),
    }
}

/// The most tokens that a conversation and its answer can have: what is sent, and what comes back. Texts are more than two bytes a token in every
/// vocabulary in use; what a chat's form adds to a message, a tool or a schema is a few.
pub fn chat_tokens(chat: &Chat) -> (u64, u64) {
    let schema = if let ChatForm::Schema(schema) = &chat.form { schema.to_string().len() + 64 } else { 64 };
    let tools = chat.tools.iter().map(|tool| tool.name.len() + tool.description.len() + tool.parameters.to_string().len() + 240);
    let said = chat.messages.iter().map(|message| message.text.len() + 32).sum::<usize>() + tools.sum::<usize>() + schema;
    (said as u64 / 2, chat.max_tokens)
}

#[cfg(test)]
mod tests {
    use super::super::chat::{ChatMessage, ChatRole, ChatTool};
    use super::super::provider_request::ProviderRequest;
    use super::super::{Route, base_path};
    use super::*;
    use serde_json::Value;
    use serde_json::json;

    fn asked() -> Chat {
        let message = |role, text: &str| ChatMessage { role, text: text.to_owned() };
        Chat {
            messages: vec![
                message(ChatRole::System, "Be short."),
                message(ChatRole::User, "Hello?"),
                message(ChatRole::Assistant, "Yes."),
                message(ChatRole::User, "What is 2 + 2?"),
            ],
            max_tokens: 77,
            ..Chat::default()
        }
    }

    const DIALECTS: [Dialect; 5] = [Dialect::OpenAi, Dialect::AzureOpenAi, Dialect::Anthropic, Dialect::Bedrock, Dialect::Vertex];

    /// The lab's own reader of requests, which is as strict as the providers' specifications, takes them all.
    #[test]
    fn every_dialects_provider_reads_what_is_asked() {
        for dialect in DIALECTS {
            for streamed in [false, true] {
                let request = chat_request(dialect, &asked(), "gpt-4o", streamed, "sk-one");
                let read = ProviderRequest::parse(dialect, Operation::Chat, &request.body).unwrap();
                let full = format!("{}{}", base_path(dialect), request.path);
                let (path, query) = full.split_once('?').map_or((full.as_str(), None), |(path, query)| (path, Some(query)));
                let Some(Route::Inference { model, streamed: by_path, .. }) = Route::of(dialect, "POST", path, query) else {
                    panic!("{full}")
                };
                assert_eq!(model.or(read.model).as_deref(), Some("gpt-4o"), "{dialect}");
                assert_eq!((read.streamed || by_path, read.max_tokens), (streamed, Some(77)), "{dialect}");
                let place = |text: &str| read.prompt.find(text).unwrap_or_else(|| panic!("{dialect}: {text} is not in {}", read.prompt));
                assert!(place("Be short.") < place("Hello?") && place("Yes.") < place("What is 2 + 2?"), "{dialect}");
            }
        }
    }

    #[test]
    fn tools_and_json_are_asked_for_as_each_dialect_does_or_in_words() {
        let tool = ChatTool { name: "weather".into(), description: "of a city".into(), parameters: json!({"type": "object"}) };
        for dialect in DIALECTS {
            let chat = Chat { tools: vec![tool.clone()], form: ChatForm::Schema(json!({"type": "object", "title": "T"})), ..asked() };
            let body = chat_request(dialect, &chat, "m", true, "k").body;
            let read = ProviderRequest::parse(dialect, Operation::Chat, &body).unwrap();
            assert_eq!(read.tool.as_deref(), Some("weather"), "{dialect}");
            let text = String::from_utf8(body).unwrap();
            assert!(read.json || read.prompt.contains("Answer with JSON after this schema"), "{dialect}: {text}");
            assert!(text.contains(r#"title"#), "{dialect}");
        }
    }

    #[test]
    fn newer_models_of_openai_get_the_limit_by_its_newer_name() {
        let body = |model| serde_json::from_slice::<Value>(&chat_request(Dialect::OpenAi, &asked(), model, false, "k").body).unwrap();
        assert_eq!((body("gpt-4o")["max_tokens"].as_u64(), body("gpt-5-mini")["max_completion_tokens"].as_u64()), (Some(77), Some(77)));
        assert!(body("o3")["max_tokens"].is_null() && body("o3")["temperature"].is_null());
    }

    #[test]
    fn a_bound_of_tokens_is_above_what_texts_have() {
        let (input, output) = chat_tokens(&asked());
        assert!(input > 30 && output == 77, "{input}");
    }
}
