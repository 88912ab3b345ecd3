//! A request of the traffic.
//!
//! Every request asks for words of its own to be repeated, drawn from its number. An answer that holds them all proves that a
//! model read this prompt and that nothing was lost on the way back; an answer from a cache, or for somebody else, does not. Vectors repeat
//! nothing: of them it is only proved that one came whole for this text, and was counted.

use super::form::{AnswerFormat, RequestContent, form};
use super::tongue::provider_api;
use super::{MARK_HEADER, Mark, WireRequest};
use crate::model::{Dialect, Expect, Operation, merge_all};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

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
/// What stands before the canary in a prompt: for text, for JSON, for a tool's call.
pub(super) const ORDERS: [&str; 3] = [
    "Repeat these words in one line and write nothing else: ",
    "Write a JSON object whose only field `words` repeats these words in one line, and nothing else: ",
    "Call the tool with these words in one line as its argument `words`, and write nothing else: ",
];
/// Tokens that the offer of a tool may add to a request, beside its name.
const OFFER: u64 = 120;

/// What one request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRequest {
    /// The request's mark.
    pub mark: Mark,
    /// The model as the service calls it.
    pub model: String,
    /// What it is asked to do.
    pub operation: Operation,
    /// True where the answer shall come as a stream of events.
    pub streamed: bool,
    /// What the answer must be beyond whole.
    pub expect: Arc<Expect>,
}

impl ClientRequest {
    /// A chat completion, of which nothing is expected but that it is whole.
    pub fn chat(mark: Mark, model: &str, streamed: bool) -> Self {
        Self { mark, model: model.to_owned(), operation: Operation::Chat, streamed, expect: Arc::default() }
    }

    /// How it is answered in this dialect.
    pub const fn speech(&self, dialect: Dialect) -> AnswerFormat {
        AnswerFormat { dialect, operation: self.operation, streamed: self.streamed }
    }
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

/// The prompt of a request of which this is expected.
pub fn prompt(mark: Mark, expect: &Expect) -> String {
    let [text, json, tool] = ORDERS;
    let order = match expect {
        Expect { tool: Some(_), .. } => tool,
        Expect { json: true, .. } => json,
        _ => text,
    };
    format!("{} {order}{}", mark.in_body(), canary(mark))
}

/// The most tokens that a request of the traffic can have: those that are sent and those that come back. English words and hexadecimal
/// digits are more than two bytes a token in every vocabulary in use; what a chat format adds to a message is a few.
pub fn request_tokens(expect: &Expect) -> (u64, u64) {
    let longest = Mark { drill: u32::MAX, id: u64::MAX };
    let prompt = prompt(longest, expect).len() - canary(longest).len() + LENGTH * (LONGEST_WORD + 1);
    let offer = expect.tool.as_ref().map_or(0, |name| OFFER + name.len() as u64);
    (prompt as u64 / 2 + 16 + offer, MAX_TOKENS)
}

/// A request of the traffic as bytes. `key` is the client's credential at whoever is asked.
pub fn wire_request(dialect: Dialect, ask: &ClientRequest, key: &str) -> WireRequest {
    let prompt = prompt(ask.mark, &ask.expect);
    let wish = RequestContent {
        model: &ask.model,
        prompt: &prompt,
        streamed: ask.streamed,
        json: ask.expect.json,
        tool: ask.expect.tool.as_deref(),
    };
    let mut request = written(dialect, ask.operation, &wish, key);
    request.headers.push((MARK_HEADER, ask.mark.to_string()));
    request
}

/// A request's body with a service's own parameters in it, merged as RFC 7396 has it. What is no object stays as it is.
pub fn with_parameters(body: Vec<u8>, parameters: &BTreeMap<String, Value>) -> Vec<u8> {
    let Some(Value::Object(mut fields)) = (!parameters.is_empty()).then(|| serde_json::from_slice(&body).unwrap_or_default()) else {
        return body;
    };
    merge_all(&mut fields, parameters);
    Value::Object(fields).to_string().into_bytes()
}

/// A chat completion of anybody, which has no mark.
pub fn plain_request(dialect: Dialect, model: &str, prompt: &str, streamed: bool, key: &str) -> WireRequest {
    written(dialect, Operation::Chat, &RequestContent { model, prompt, streamed, json: false, tool: None }, key)
}

fn written(dialect: Dialect, operation: Operation, wish: &RequestContent<'_>, key: &str) -> WireRequest {
    let api = provider_api(dialect);
    let mut headers = vec![("content-type", "application/json".to_owned()), api.credential_header(key)];
    headers.extend(api.required_header().map(|(name, value)| (name, value.to_owned())));
    WireRequest {
        method: "POST",
        path: api.path(operation, wish.model, wish.streamed),
        headers,
        body: form(dialect, operation).request(wish).to_string().into_bytes(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{ProviderRequest, Route, find_mark};
    use super::*;

    /// Every pair of a dialect and an operation that it has, each whole and, where there are streams, streamed.
    pub(in crate::dialect) fn speeches() -> Vec<AnswerFormat> {
        let dialects = [Dialect::OpenAi, Dialect::AzureOpenAi, Dialect::Anthropic, Dialect::Bedrock, Dialect::Vertex];
        let operations = Operation::WORDS.iter().map(|word| Operation::from_word(word).unwrap());
        let pairs = operations.flat_map(|operation| dialects.map(|dialect| (dialect, operation)));
        let both = pairs.flat_map(|(dialect, operation)| [true, false].map(|streamed| AnswerFormat { dialect, operation, streamed }));
        both.filter(|speech| speech.dialect.has(speech.operation) && !(speech.streamed && speech.operation == Operation::Embeddings))
            .collect()
    }

    /// A request that is answered so.
    pub(in crate::dialect) fn ask(speech: AnswerFormat) -> ClientRequest {
        ClientRequest { operation: speech.operation, ..ClientRequest::chat(Mark { drill: 3, id: 99 }, "gpt-4o", speech.streamed) }
    }

    #[test]
    fn what_a_client_asks_a_provider_reads() {
        for speech in speeches() {
            let (dialect, ask) = (speech.dialect, ask(speech));
            let request = wire_request(dialect, &ask, "sk-one");
            let read = ProviderRequest::parse(dialect, speech.operation, &request.body).unwrap();
            let full = format!("{}{}", super::super::base_path(dialect), request.path);
            let (path, query) = full.split_once('?').map_or((full.as_str(), None), |(path, query)| (path, Some(query)));
            let Some(Route::Inference { operation, model, streamed }) = Route::of(dialect, "POST", path, query) else { panic!("{full}") };
            assert_eq!((operation, read.streamed || streamed), (speech.operation, speech.streamed), "{speech:?}");
            assert_eq!(read.reply(), canary(ask.mark), "{speech:?}");
            assert_eq!(model.or(read.model).as_deref(), Some("gpt-4o"), "{speech:?}");
            assert_eq!(find_mark(None, &request.body), Some(ask.mark), "{speech:?}");
            let header = |name: &str| request.headers.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str());
            assert_eq!(super::super::head_fault(dialect, header), None, "{speech:?}");
        }
    }

    #[test]
    fn what_is_expected_is_asked_for() {
        let json = Expect { json: true, ..Expect::default() };
        let tool = Expect { tool: Some("repeat".into()), ..Expect::default() };
        for speech in speeches().into_iter().filter(|speech| speech.operation != Operation::Embeddings) {
            for (expect, offered) in [(&json, None), (&tool, Some("repeat"))] {
                let ask = ClientRequest { expect: Arc::new(expect.clone()), ..ask(speech) };
                let request = wire_request(speech.dialect, &ask, "k");
                let read = ProviderRequest::parse(speech.dialect, speech.operation, &request.body).unwrap();
                assert_eq!(read.tool.as_deref(), offered, "{speech:?}");
                assert_eq!(read.reply(), format!("{{\"words\":\"{}\"}}", canary(ask.mark)), "{speech:?}");
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
        let ask = ask(AnswerFormat { dialect: Dialect::OpenAi, operation: Operation::Chat, streamed: true });
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
    fn canaries_differ() {
        let all: std::collections::HashSet<String> = (0..10_000).map(|id| canary(Mark { drill: 1, id })).collect();
        assert_eq!(all.len(), 10_000);
    }
}
