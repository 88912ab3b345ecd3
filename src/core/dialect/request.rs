//! Requests in each dialect: as a client writes them, and as a provider reads them.

use super::client_request::{ClientRequest, prompt};
use super::mark::MARK_HEADER;
use super::operation_codec::RequestContent;
use super::provider_request::ProviderRequest;
use super::registry::{operation_codec, provider_api};
use super::wire::WireRequest;
use crate::model::{Dialect, Operation, merge_all};
use serde_json::Value;
use std::collections::BTreeMap;

/// A request of the traffic as bytes. `key` is the client's credential at the service.
pub fn wire_request(dialect: Dialect, request: &ClientRequest, key: &str) -> WireRequest {
    let prompt = prompt(request.mark, &request.expect);
    let content = RequestContent {
        model: &request.model,
        prompt: &prompt,
        streamed: request.streamed,
        json: request.expect.json,
        tool: request.expect.tool.as_deref(),
    };
    let mut wire = written(dialect, request.operation, &content, key);
    wire.headers.push((MARK_HEADER, request.mark.to_string()));
    wire
}

/// A request's body with a service's own parameters in it, merged as RFC 7396 has it. What is no object stays as it is.
pub fn with_parameters(body: Vec<u8>, parameters: &BTreeMap<String, Value>) -> Vec<u8> {
    let Some(Value::Object(mut fields)) = (!parameters.is_empty()).then(|| serde_json::from_slice(&body).unwrap_or_default()) else {
        return body;
    };
    merge_all(&mut fields, parameters);
    Value::Object(fields).to_string().into_bytes()
}

/// A chat completion without a mark, as any client sends it.
pub fn plain_request(dialect: Dialect, model: &str, prompt: &str, streamed: bool, key: &str) -> WireRequest {
    written(dialect, Operation::Chat, &RequestContent { model, prompt, streamed, json: false, tool: None }, key)
}

pub(super) fn written(dialect: Dialect, operation: Operation, content: &RequestContent<'_>, key: &str) -> WireRequest {
    WireRequest {
        method: "POST",
        path: provider_api(dialect).path(operation, content.model, content.streamed),
        headers: headers(dialect, key),
        body: operation_codec(dialect, operation).encode_request(content).to_string().into_bytes(),
    }
}

/// The headers of every request of a dialect, with this key.
pub(super) fn headers(dialect: Dialect, key: &str) -> Vec<(&'static str, String)> {
    let api = provider_api(dialect);
    let mut headers = vec![("content-type", "application/json".to_owned()), api.credential_header(key)];
    headers.extend(api.required_header().map(|(name, value)| (name, value.to_owned())));
    headers
}

impl ProviderRequest {
    /// Reads a body as strictly as the dialect's specification has it.
    ///
    /// # Errors
    /// What is wrong with it, in words for the error's `message`.
    pub fn parse(dialect: Dialect, operation: Operation, body: &[u8]) -> Result<Self, String> {
        let body = serde_json::from_slice(body).map_err(|error| format!("We could not parse the JSON body of your request: {error}"))?;
        Ok(Self { operation, ..operation_codec(dialect, operation).decode_request(&body)? })
    }
}
/// The tokens that a provider takes off its limit before it answers: a quarter of the prompt's length in bytes and all tokens that may be
/// answered. What cannot be read counts a quarter of its length.
pub fn estimated_tokens(dialect: Dialect, operation: Operation, body: &[u8]) -> u64 {
    let quarter = |length: usize| (length as u64).div_ceil(4);
    ProviderRequest::parse(dialect, operation, body).map_or_else(
        |_| quarter(body.len()),
        |request| quarter(request.prompt.trim().len()).saturating_add(request.max_tokens.unwrap_or(0)),
    )
}

#[cfg(test)]
mod tests {
    use super::super::answer_format::AnswerFormat;
    use super::super::samples::{formats, sample_request};
    use super::super::{Route, base_path, canary, find_mark, head_fault, request_tokens};
    use super::*;
    use crate::model::Expect;
    use std::sync::Arc;

    #[test]
    fn what_a_client_asks_a_provider_reads() {
        for format in formats() {
            let (dialect, ask) = (format.dialect, sample_request(format));
            let request = wire_request(dialect, &ask, "sk-one");
            let read = ProviderRequest::parse(dialect, format.operation, &request.body).unwrap();
            let full = format!("{}{}", base_path(dialect), request.path);
            let (path, query) = full.split_once('?').map_or((full.as_str(), None), |(path, query)| (path, Some(query)));
            let Some(Route::Inference { operation, model, streamed }) = Route::of(dialect, "POST", path, query) else { panic!("{full}") };
            assert_eq!((operation, read.streamed || streamed), (format.operation, format.streamed), "{format:?}");
            assert_eq!(read.reply(), canary(ask.mark), "{format:?}");
            assert_eq!(model.or(read.model).as_deref(), Some("gpt-4o"), "{format:?}");
            assert_eq!(find_mark(None, &request.body), Some(ask.mark), "{format:?}");
            let header = |name: &str| request.headers.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str());
            assert_eq!(head_fault(dialect, header), None, "{format:?}");
        }
    }

    #[test]
    fn what_is_expected_is_asked_for() {
        let json = Expect { json: true, ..Expect::default() };
        let tool = Expect { tool: Some("repeat".into()), ..Expect::default() };
        for format in formats().into_iter().filter(|format| format.operation != Operation::Embeddings) {
            for (expect, offered) in [(&json, None), (&tool, Some("repeat"))] {
                let ask = ClientRequest { expect: Arc::new(expect.clone()), ..sample_request(format) };
                let request = wire_request(format.dialect, &ask, "k");
                let read = ProviderRequest::parse(format.dialect, format.operation, &request.body).unwrap();
                assert_eq!(read.tool.as_deref(), offered, "{format:?}");
                assert_eq!(read.reply(), format!("{{\"words\":\"{}\"}}", canary(ask.mark)), "{format:?}");
            }
        }
        assert!(request_tokens(&Expect::default()) < request_tokens(&json) && request_tokens(&json) < request_tokens(&tool));
    }

    #[test]
    fn a_services_own_parameters_are_merged_and_the_mark_stays() {
        let parameters = [
            ("max_tokens", Value::Null),
            ("max_completion_tokens", 64.into()),
            ("stream_options", serde_json::json!({"include_usage": null, "chunk": 1})),
            ("metadata", serde_json::json!({"team": "drills", "none": null})),
        ];
        let parameters: BTreeMap<String, Value> = parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let ask = sample_request(AnswerFormat { dialect: Dialect::OpenAi, operation: Operation::Chat, streamed: true });
        let body = with_parameters(wire_request(Dialect::OpenAi, &ask, "k").body, &parameters);
        let read: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((read.get("max_tokens"), &read["max_completion_tokens"], &read["temperature"]), (None, &64.into(), &0.into()));
        assert_eq!(
            (&read["stream_options"], &read["metadata"]),
            (&serde_json::json!({"chunk": 1}), &serde_json::json!({"team": "drills"}))
        );
        assert_eq!(find_mark(None, &body), Some(ask.mark));
        assert_eq!(ProviderRequest::parse(Dialect::OpenAi, Operation::Chat, &body).unwrap().reply(), canary(ask.mark));
        assert_eq!(with_parameters(b"plain".to_vec(), &parameters), b"plain");
    }

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
        for (body, format) in damaged.iter().flat_map(|body| formats().into_iter().map(move |format| (body, format))) {
            let refused = ProviderRequest::parse(format.dialect, format.operation, body.as_bytes()).unwrap_err();
            assert!(!refused.is_empty(), "{format:?} {body}");
        }
        let unbounded = br#"{"messages":[{"role":"user","content":"hi"}]}"#;
        assert_eq!(ProviderRequest::parse(Dialect::Anthropic, Operation::Chat, unbounded).unwrap_err(), "max_tokens: Field required");
    }

    #[test]
    fn tokens_are_estimated_from_what_is_asked() {
        let body = br#"{"max_tokens":100,"messages":[{"role":"user","content":"twelve bytes"}]}"#;
        assert_eq!(estimated_tokens(Dialect::OpenAi, Operation::Chat, body), 103);
        assert_eq!(estimated_tokens(Dialect::OpenAi, Operation::Chat, b"12345"), 2);
        let body = br#"{"input":["twelve bytes"]}"#;
        assert_eq!(estimated_tokens(Dialect::AzureOpenAi, Operation::Embeddings, body), 3);
    }
}
