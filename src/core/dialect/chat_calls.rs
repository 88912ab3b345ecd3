//! The tools that an answer calls, all of them, put together from its events or read from the whole.

use crate::model::Dialect;
use serde_json::Value;
use std::collections::BTreeMap;

/// A tool that an answer calls.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChatCall {
    /// Its name.
    pub name: String,
    /// Its arguments, as JSON.
    pub arguments: String,
}

/// The calls so far, by their places in the answer.
#[derive(Debug, Default)]
pub(super) struct ChatCalls(BTreeMap<u64, ChatCall>);

impl ChatCalls {
    /// Reads what a whole answer or an event says of them.
    pub(super) fn read(&mut self, dialect: Dialect, said: &Value) {
        match dialect {
            Dialect::Anthropic => self.blocks(said),
            Dialect::Bedrock => self.converse(said),
            Dialect::Vertex => self.parts(&said["candidates"][0]["content"]["parts"]),
            Dialect::OpenAi | Dialect::AzureOpenAi | Dialect::Http | Dialect::Tcp => self.functions(&said["choices"][0]),
        }
    }

    /// Whether something of a call has come.
    pub(super) fn has_begun(&self) -> bool {
        self.0.values().any(|call| !call.arguments.is_empty())
    }

    /// All of them.
    pub(super) fn all(self) -> Vec<ChatCall> {
        let empty = |call: ChatCall| if call.arguments.is_empty() { ChatCall { arguments: "{}".to_owned(), ..call } } else { call };
        self.0.into_values().map(empty).collect()
    }

    fn begin(&mut self, place: u64, name: &Value) {
        let call = self.0.entry(place).or_default();
        if let (Some(name), true) = (name.as_str(), call.name.is_empty()) {
            name.clone_into(&mut call.name);
        }
    }

    fn add(&mut self, place: u64, arguments: &Value) {
        if let Some(more) = arguments.as_str() {
            self.0.entry(place).or_default().arguments.push_str(more);
        }
    }

    fn whole(&mut self, place: u64, name: &Value, arguments: &Value) {
        self.begin(place, name);
        self.0.entry(place).or_default().arguments = arguments.to_string();
    }

    fn functions(&mut self, choice: &Value) {
        let calls = [&choice["message"]["tool_calls"], &choice["delta"]["tool_calls"]].into_iter().filter_map(Value::as_array);
        for (place, call) in calls.flat_map(|calls| (0..).zip(calls)) {
            let place = call["index"].as_u64().unwrap_or(place);
            self.begin(place, &call["function"]["name"]);
            self.add(place, &call["function"]["arguments"]);
        }
    }

    fn blocks(&mut self, said: &Value) {
        for (place, block) in (0..).zip(said["content"].as_array().into_iter().flatten()).filter(|(_, block)| block["type"] == "tool_use") {
            self.whole(place, &block["name"], &block["input"]);
        }
        let place = said["index"].as_u64().unwrap_or(0);
        if said["content_block"]["type"] == "tool_use" {
            self.begin(place, &said["content_block"]["name"]);
        }
        if said["delta"]["type"] == "input_json_delta" {
            self.add(place, &said["delta"]["partial_json"]);
        }
    }

    fn converse(&mut self, said: &Value) {
        let content = said["output"]["message"]["content"].as_array().into_iter().flatten();
        for (place, call) in (0..).zip(content).filter_map(|(place, part)| Some((place, part.get("toolUse")?))) {
            self.whole(place, &call["name"], &call["input"]);
        }
        let (start, delta) = (&said["contentBlockStart"], &said["contentBlockDelta"]);
        if let Some(call) = start["start"].get("toolUse") {
            self.begin(start["contentBlockIndex"].as_u64().unwrap_or(0), &call["name"]);
        }
        if let Some(call) = delta["delta"].get("toolUse") {
            self.add(delta["contentBlockIndex"].as_u64().unwrap_or(0), &call["input"]);
        }
    }

    /// Each comes whole, in an event of its own or with others.
    fn parts(&mut self, parts: &Value) {
        for call in parts.as_array().into_iter().flatten().filter_map(|part| part.get("functionCall")) {
            self.whole(self.0.len() as u64, &call["name"], &call["args"]);
        }
    }
}
