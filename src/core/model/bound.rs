//! The most tokens that one request of a workload can have, as far as that can be told from what it sends.
//!
//! Known are the traffic's own chats, requests that send nothing, and bodies in the forms of the known APIs that bound their answer
//! (`max_tokens` and its like) and hold nothing but their text. What a script or an application makes of a request nobody can tell from here;
//! the workload's `max_tokens:` says it then.

use super::{Dialect, DrillPlan, NamedWorkload, Operation, Tokens, Workload};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// See the head of this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// One of the traffic's own requests to a model, whose length is known where it is written.
    Own,
    /// So many.
    Tokens(Tokens),
    /// Nobody can tell.
    Unknown,
}

/// What a chat's form may add to its text.
const FORM: u64 = 16;
/// Where a body says how long its answer may be.
const LIMITS: [&str; 7] = [
    "/max_tokens",
    "/max_completion_tokens",
    "/max_output_tokens",
    "/max_tokens_to_sample",
    "/inferenceConfig/maxTokens",
    "/generationConfig/maxOutputTokens",
    "/generation_config/max_output_tokens",
];
/// Where it says how many answers it wants.
const COUNTS: [&str; 4] = ["/n", "/best_of", "/generationConfig/candidateCount", "/generation_config/candidate_count"];
/// Names of what makes a prompt longer than its text.
const ELSEWHERE: [&str; 14] = [
    "image_url",
    "image",
    "input_image",
    "inlineData",
    "inline_data",
    "fileData",
    "file_data",
    "file_id",
    "input_file",
    "input_audio",
    "document",
    "previous_response_id",
    "conversation",
    "cachedContent",
];

impl Workload {
    /// The most tokens of one of its requests.
    pub fn bound(&self) -> Bound {
        if let Some(told) = self.max_tokens {
            return Bound::Tokens(told);
        }
        if self.script.is_some() {
            return Bound::Unknown;
        }
        let Some(errand) = &self.errand else { return Bound::Own };
        match &errand.send {
            // Whoever only looks asks no model.
            None => Bound::Tokens(Tokens::default()),
            Some(bytes) if self.request == super::RequestKind::Tcp => {
                if bytes.contains("HTTP/") {
                    Bound::Unknown
                } else {
                    Bound::Tokens(Tokens::default())
                }
            }
            Some(body) => of_body(&errand.path, body).map_or(Bound::Unknown, Bound::Tokens),
        }
    }
}

impl DrillPlan {
    /// False where nobody can tell how many tokens a request of this workload may have: of itself, or since its service's own parameters take the
    /// limit out of the traffic's requests.
    pub fn is_bounded(&self, each: &NamedWorkload) -> bool {
        let is_own = match each.workload.bound() {
            Bound::Unknown => return false,
            Bound::Own => true,
            Bound::Tokens(tokens) => each.workload.script.is_some() && tokens == Tokens::OF_SHIPPED_SCRIPT,
        };
        let parameters = self.environment.services.get(&each.service_name).map(|service| &service.body);
        let Some(parameters) = parameters.filter(|parameters| is_own && !parameters.is_empty()) else { return true };
        stays_bounded(self.environment.dialect_of(&each.service_name), each.workload.request.operation(), parameters)
    }
}

/// Whether the traffic's own requests have a limit when these parameters are merged into them.
pub fn stays_bounded(dialect: Dialect, operation: Operation, parameters: &BTreeMap<String, Value>) -> bool {
    let mut body = own_limit(dialect, operation);
    merge_all(&mut body, parameters);
    let path = if operation == Operation::Embeddings { "/embeddings" } else { "" };
    of_body(path, &Value::Object(body).to_string()).is_some()
}

/// Where one of the traffic's own requests says how long its answer may be.
fn own_limit(dialect: Dialect, operation: Operation) -> Map<String, Value> {
    let body = match (operation, dialect) {
        (Operation::Embeddings, _) => json!({}),
        (Operation::Responses, _) => json!({"max_output_tokens": 1}),
        (Operation::Chat, Dialect::Bedrock) => json!({"inferenceConfig": {"maxTokens": 1}}),
        (Operation::Chat, Dialect::Vertex) => json!({"generationConfig": {"maxOutputTokens": 1}}),
        (Operation::Chat | Operation::Invoke, _) => json!({"max_tokens": 1}),
    };
    if let Value::Object(body) = body { body } else { Map::new() }
}

/// Merges a service's own parameters into a body, as RFC 7396 has it.
pub fn merge_all(fields: &mut Map<String, Value>, parameters: &BTreeMap<String, Value>) {
    parameters.iter().for_each(|(name, value)| merge(fields, name, value));
}

fn merge(fields: &mut Map<String, Value>, name: &str, value: &Value) {
    match value {
        Value::Null => drop(fields.remove(name)),
        Value::Object(patch) => {
            let own = fields.entry(name).or_insert(Value::Null);
            if !own.is_object() {
                *own = Value::Object(Map::new());
            }
            if let Value::Object(own) = own {
                patch.iter().for_each(|(name, value)| merge(own, name, value));
            }
        }
        other => drop(fields.insert(name.to_owned(), other.clone())),
    }
}

/// The most tokens of a request with this body, where it is bounded.
pub fn of_body(path: &str, body: &str) -> Option<Tokens> {
    let said: Value = serde_json::from_str(body).ok().filter(Value::is_object)?;
    if reaches_elsewhere(&said) {
        return None;
    }
    // No token is shorter than a byte.
    let input = body.len() as u64 + FORM;
    let at = |places: &[&str]| -> Option<Vec<u64>> {
        places.iter().filter_map(|place| said.pointer(place)).filter(|value| !value.is_null()).map(Value::as_u64).collect()
    };
    let path = path.split('?').next().unwrap_or_default().trim_end_matches('/');
    let limit = at(&LIMITS)?.into_iter().max();
    let each = limit.or_else(|| ["/embeddings", "/moderations"].iter().any(|end| path.ends_with(end)).then_some(0))?;
    let answers = at(&COUNTS)?.into_iter().max().unwrap_or(1).max(1);
    Some(Tokens { input, output: each.saturating_mul(answers) })
}

fn reaches_elsewhere(said: &Value) -> bool {
    match said {
        Value::Object(fields) => fields.iter().any(|(name, value)| ELSEWHERE.contains(&name.as_str()) || reaches_elsewhere(value)),
        Value::Array(items) => items.iter().any(reaches_elsewhere),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{PlainRequest, RequestKind};

    fn sending(request: RequestKind, path: &str, send: Option<&str>) -> Bound {
        let errand = PlainRequest { path: path.into(), send: send.map(str::to_owned), ..PlainRequest::default() };
        Workload { request, errand: Some(errand), ..Workload::steady("1/s".parse().unwrap()) }.bound()
    }

    #[test]
    fn a_body_is_bounded_by_what_it_says_itself() {
        let output = |body: &str| match sending(RequestKind::Http, "/chat/completions", Some(body)) {
            Bound::Tokens(Tokens { input, output }) => {
                assert_eq!(input, body.len() as u64 + FORM);
                Some(output)
            }
            _ => None,
        };
        assert_eq!(output(r#"{"messages": [], "max_tokens": 4000}"#), Some(4000));
        assert_eq!(output(r#"{"max_tokens": 10, "max_completion_tokens": 4000, "n": 3}"#), Some(12_000));
        assert_eq!(output(r#"{"inferenceConfig": {"maxTokens": 5}}"#), Some(5));
        assert_eq!(output(r#"{"generationConfig": {"maxOutputTokens": 7, "candidateCount": 2}}"#), Some(14));
        for body in [
            r#"{"messages": []}"#,
            r#"{"max_tokens": null}"#,
            r#"{"max_tokens": "4000"}"#,
            r#"{"max_tokens": 4, "n": 1.5}"#,
            r#"{"max_tokens": 4, "messages": [{"content": [{"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}]}]}"#,
            r#"{"max_output_tokens": 4, "previous_response_id": "resp_1"}"#,
            r#"["max_tokens"]"#,
            "max_tokens: 4000",
        ] {
            assert_eq!(output(body), None, "{body}");
        }
        assert!(matches!(
            sending(RequestKind::Http, "/embeddings?v=1", Some(r#"{"input": "a"}"#)),
            Bound::Tokens(Tokens { output: 0, .. })
        ));
    }

    #[test]
    fn whoever_only_looks_spends_nothing_and_what_others_make_of_a_request_is_not_known() {
        let nothing = Bound::Tokens(Tokens::default());
        assert_eq!(sending(RequestKind::Http, "/health", None), nothing);
        assert_eq!(sending(RequestKind::Tcp, "", None), nothing);
        assert_eq!(sending(RequestKind::Tcp, "", Some("PING")), nothing);
        assert_eq!(sending(RequestKind::Tcp, "", Some("POST / HTTP/1.1\r\n\r\n")), Bound::Unknown);
        assert_eq!(sending(RequestKind::Http, "/ask", Some(r#"{"question": "why?"}"#)), Bound::Unknown);
        let chats = Workload::steady("1/s".parse().unwrap());
        assert_eq!(chats.bound(), Bound::Own);
        let driven = Workload { script: Some("own.js".into()), ..chats };
        assert_eq!(driven.bound(), Bound::Unknown);
        let told = Tokens { input: 5, output: 6 };
        assert_eq!(Workload { max_tokens: Some(told), ..driven }.bound(), Bound::Tokens(told));
    }
}
