//! Requests that only find out whether a provider is there: as short as they can be, with an answer as short as it can be.
//!
//! Where a dialect has no way to ask for something (JSON of Anthropic and Bedrock), there is no such request.

use super::operation_codec::RequestContent;
use super::registry::provider_api;
use super::request::{with_parameters, written};
use super::route::segment;
use super::wire::WireRequest;
use crate::model::{Dialect, Operation, Tokens};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a probe finds out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeForm {
    /// Whether it answers, with a stream.
    Streamed,
    /// Whether it answers, with a whole answer.
    Whole,
    /// Whether it answers in JSON.
    Json,
    /// Whether it calls a tool.
    Tool,
}

/// How a request bounds its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenLimit {
    /// As the dialect has it.
    Usual,
    /// By OpenAI's `max_completion_tokens`, which models that think take alone, and which counts what they think.
    Completion,
}

/// The tool that is offered.
const TOOL: &str = "report";
/// So many tokens are too few for a whole call or object, and enough to see that one begins.
const BEGINNING: u64 = 16;

impl ProbeForm {
    /// The most tokens that such a request and its answer can have.
    pub const fn most(self, limit: TokenLimit) -> Tokens {
        let input = match self {
            Self::Streamed | Self::Whole => 24,
            Self::Json => 40,
            Self::Tool => 160,
        };
        Tokens { input, output: self.answered(limit) }
    }

    const fn answered(self, limit: TokenLimit) -> u64 {
        match (self, limit) {
            (Self::Streamed | Self::Whole, TokenLimit::Usual) => 1,
            _ => BEGINNING,
        }
    }

    const fn prompt(self) -> &'static str {
        match self {
            Self::Streamed | Self::Whole => "Say: ok",
            Self::Json => "Answer with this JSON object and nothing else: {\"words\": \"ok\"}",
            Self::Tool => "Call the tool with the word ok.",
        }
    }
}

/// Such a request; `None` where the dialect has no way to ask for it.
pub fn probe_request(dialect: Dialect, model: &str, form: ProbeForm, limit: TokenLimit, key: &str) -> Option<WireRequest> {
    let is_json = form == ProbeForm::Json;
    if is_json && matches!(dialect, Dialect::Anthropic | Dialect::Bedrock) {
        return None;
    }
    let content = RequestContent {
        model,
        prompt: form.prompt(),
        streamed: form == ProbeForm::Streamed,
        json: is_json,
        tool: (form == ProbeForm::Tool).then_some(TOOL),
    };
    let wire = written(dialect, Operation::Chat, &content, key);
    let most = form.answered(limit);
    let bound = match (dialect, limit) {
        (Dialect::Bedrock, _) => ("inferenceConfig", json!({"maxTokens": most})),
        (Dialect::Vertex, _) => ("generationConfig", json!({"maxOutputTokens": most})),
        (Dialect::Anthropic, _) | (_, TokenLimit::Usual) => ("max_tokens", json!(most)),
        (_, TokenLimit::Completion) => ("max_completion_tokens", json!(most)),
    };
    let mut parameters = BTreeMap::from([(bound.0.to_owned(), bound.1)]);
    if bound.0 == "max_completion_tokens" {
        // Such models take no temperature but their own either.
        parameters.extend(["max_tokens", "temperature"].map(|name| (name.to_owned(), Value::Null)));
    }
    Some(WireRequest { body: with_parameters(wire.body, &parameters), ..wire })
}

/// A request for what a provider tells of one model, which costs nothing; `None` where that is another address than the one that is asked.
pub fn model_request(dialect: Dialect, model: &str, key: &str) -> Option<WireRequest> {
    let path = match dialect {
        Dialect::OpenAi | Dialect::Vertex => format!("/models/{}", segment(model)),
        Dialect::Anthropic => format!("/v1/models/{}", segment(model)),
        Dialect::AzureOpenAi | Dialect::Bedrock | Dialect::Http | Dialect::Tcp => return None,
    };
    let api = provider_api(dialect);
    let required = api.required_header().map(|(name, value)| (name, value.to_owned()));
    let headers = [api.credential_header(key)].into_iter().chain(required).collect();
    Some(WireRequest { method: "GET", path, headers, body: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::super::{ProviderRequest, Route, base_path};
    use super::*;

    const FORMS: [ProbeForm; 4] = [ProbeForm::Streamed, ProbeForm::Whole, ProbeForm::Json, ProbeForm::Tool];

    #[test]
    fn a_probe_asks_for_next_to_nothing() {
        let dialects = [Dialect::OpenAi, Dialect::AzureOpenAi, Dialect::Anthropic, Dialect::Bedrock, Dialect::Vertex];
        for (dialect, form) in dialects.into_iter().flat_map(|dialect| FORMS.map(|form| (dialect, form))) {
            let Some(wire) = probe_request(dialect, "m", form, TokenLimit::Usual, "k") else {
                assert!(form == ProbeForm::Json && matches!(dialect, Dialect::Anthropic | Dialect::Bedrock), "{dialect} {form:?}");
                continue;
            };
            let read = ProviderRequest::parse(dialect, Operation::Chat, &wire.body).unwrap();
            let most = form.most(TokenLimit::Usual);
            assert_eq!(read.max_tokens, Some(most.output), "{dialect} {form:?}");
            assert!(wire.body.len() as u64 / 2 < most.input + 160, "{dialect} {form:?}: {}", wire.body.len());
            assert_eq!((read.tool.is_some(), read.json), (form == ProbeForm::Tool, form == ProbeForm::Json), "{dialect} {form:?}");
            let full = format!("{}{}", base_path(dialect), wire.path);
            let (path, query) = full.split_once('?').map_or((full.as_str(), None), |(path, query)| (path, Some(query)));
            let Some(Route::Inference { streamed, .. }) = Route::of(dialect, "POST", path, query) else { panic!("{full}") };
            assert_eq!(read.streamed || streamed, form == ProbeForm::Streamed, "{dialect} {form:?}");
        }
    }

    #[test]
    fn models_that_think_are_bounded_by_their_own_name() {
        let wire = probe_request(Dialect::OpenAi, "o3", ProbeForm::Streamed, TokenLimit::Completion, "k").unwrap();
        let body: Value = serde_json::from_slice(&wire.body).unwrap();
        assert_eq!((body.get("max_tokens"), body.get("temperature"), &body["max_completion_tokens"]), (None, None, &json!(16)));
    }

    #[test]
    fn one_model_is_told_of_where_the_list_is() {
        for (dialect, model, headers) in [(Dialect::OpenAi, "a/b", 1), (Dialect::Anthropic, "c", 2), (Dialect::Vertex, "g", 1)] {
            let wire = model_request(dialect, model, "k").unwrap();
            let full = format!("{}{}", base_path(dialect), wire.path);
            assert_eq!(Route::of(dialect, "GET", &full, None), Some(Route::Model(model.to_owned())), "{full}");
            assert_eq!(wire.headers.len(), headers, "{dialect}");
        }
        assert_eq!(model_request(Dialect::Bedrock, "c", "k"), None);
    }
}
