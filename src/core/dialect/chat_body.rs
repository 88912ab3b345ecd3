//! The bodies of requests for an answer to a conversation of somebody's own, in each dialect.
//!
//! Sources: the API references of OpenAI, Anthropic and Google, and botocore's service model of `bedrock-runtime`.

use super::chat::{Chat, ChatForm, ChatMessage, ChatRole};
use crate::model::Dialect;
use serde_json::{Value, json};

/// The body, for this model.
pub(super) fn body(dialect: Dialect, chat: &Chat, model: &str, streamed: bool) -> Value {
    match dialect {
        Dialect::Anthropic => anthropic(chat, model, streamed),
        Dialect::Bedrock => bedrock(chat),
        Dialect::Vertex => vertex(chat),
        Dialect::OpenAi | Dialect::AzureOpenAi | Dialect::Http | Dialect::Tcp => openai(chat, model, streamed),
    }
}

fn openai(chat: &Chat, model: &str, streamed: bool) -> Value {
    let said: Vec<Value> = chat.messages.iter().map(|said| json!({"role": said.role.word(), "content": said.text})).collect();
    let mut body = json!({"model": model, "messages": said});
    // Models that think refuse the older name.
    let thinks = ["o1", "o3", "o4", "gpt-5"].iter().any(|family| model.starts_with(family));
    body[if thinks { "max_completion_tokens" } else { "max_tokens" }] = json!(chat.max_tokens);
    if let Some(temperature) = chat.temperature {
        body["temperature"] = json!(temperature);
    }
    if streamed {
        body["stream"] = json!(true);
        body["stream_options"] = json!({"include_usage": true});
    }
    match &chat.form {
        ChatForm::Text => {}
        ChatForm::Json => body["response_format"] = json!({"type": "json_object"}),
        ChatForm::Schema(schema) => {
            body["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}});
        }
    }
    let tool = |name: &str, about: &str, parameters: &Value| json!({"type": "function", "function": {"name": name, "description": about, "parameters": parameters}});
    with_tools(&mut body, "tools", chat, tool);
    body
}

fn anthropic(chat: &Chat, model: &str, streamed: bool) -> Value {
    let said: Vec<Value> = chat.turns().map(|said| json!({"role": said.role.word(), "content": said.text})).collect();
    let mut body = json!({"model": model, "max_tokens": chat.max_tokens, "messages": said});
    let system = chat.system(false);
    if !system.is_empty() {
        body["system"] = json!(system);
    }
    if let Some(temperature) = chat.temperature {
        body["temperature"] = json!(temperature);
    }
    if streamed {
        body["stream"] = json!(true);
    }
    let tool = |name: &str, about: &str, parameters: &Value| json!({"name": name, "description": about, "input_schema": parameters});
    with_tools(&mut body, "tools", chat, tool);
    body
}

/// The path says whether it is streamed, and which model it is.
fn bedrock(chat: &Chat) -> Value {
    let turn = |said: &ChatMessage| json!({"role": said.role.word(), "content": [{"text": said.text}]});
    let mut body = json!({
        "messages": chat.turns().map(turn).collect::<Vec<_>>(),
        "inferenceConfig": {"maxTokens": chat.max_tokens},
    });
    let system = chat.system(false);
    if !system.is_empty() {
        body["system"] = json!([{"text": system}]);
    }
    if let Some(temperature) = chat.temperature {
        body["inferenceConfig"]["temperature"] = json!(temperature);
    }
    if !chat.tools.is_empty() {
        let tool = |name: &str, about: &str, parameters: &Value| {
            let about = if about.is_empty() { name } else { about };
            json!({"toolSpec": {"name": name, "description": about, "inputSchema": {"json": parameters}}})
        };
        with_tools(&mut body["toolConfig"], "tools", chat, tool);
    }
    body
}

fn vertex(chat: &Chat) -> Value {
    let turn = |said: &ChatMessage| {
        let role = if said.role == ChatRole::Assistant { "model" } else { "user" };
        json!({"role": role, "parts": [{"text": said.text}]})
    };
    let mut body = json!({
        "contents": chat.turns().map(turn).collect::<Vec<_>>(),
        "generationConfig": {"maxOutputTokens": chat.max_tokens},
    });
    let system = chat.system(true);
    if !system.is_empty() {
        body["systemInstruction"] = json!({"parts": [{"text": system}]});
    }
    let config = &mut body["generationConfig"];
    if let Some(temperature) = chat.temperature {
        config["temperature"] = json!(temperature);
    }
    if chat.form != ChatForm::Text {
        config["responseMimeType"] = json!("application/json");
    }
    if let ChatForm::Schema(schema) = &chat.form {
        config["responseJsonSchema"] = schema.clone();
    }
    if !chat.tools.is_empty() {
        let tool = |name: &str, about: &str, parameters: &Value| json!({"name": name, "description": about, "parameters": parameters});
        let mut declared = json!({});
        with_tools(&mut declared, "functionDeclarations", chat, tool);
        body["tools"] = json!([declared]);
    }
    body
}

/// The tools under this key, each as the dialect has it.
fn with_tools(body: &mut Value, key: &str, chat: &Chat, tool: impl Fn(&str, &str, &Value) -> Value) {
    if !chat.tools.is_empty() {
        body[key] = chat.tools.iter().map(|each| tool(&each.name, &each.description, &each.parameters)).collect();
    }
}
