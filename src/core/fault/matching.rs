//! Which requests a toxic on requests takes: its attribute `match`.
//!
//! | field | takes requests |
//! |---|---|
//! | `requests` | that ask a model for something (`inference`), or `all` |
//! | `method` | of this method, in any case |
//! | `path` | of this path, without its query; with `*` at its end, of paths that begin so |
//! | `model` | for this model or deployment; `*` likewise |
//! | `stream` | whose answer must be streamed, or not |
//! | `key` | with the credential of this fingerprint |
//! | `header` | with this header, as `name` or `name: value`; `*` likewise |
//!
//! What says neither `requests` nor `method` or `path` takes those that are of its nature, as its file says (`FaultEffect::requests`). A provider
//! that is out of quota, limits a rate, is overloaded or has withdrawn a model says so to those who ask a model for something: its list of
//! models is given as ever, and so are answers to health checks. An answer that is damaged, slow or empty is a model's. A key that is no
//! longer valid is refused whatever is asked for, and a server that is broken (5xx) answers nobody. Where a dialect does not tell what asks
//! a model (`http`), every request counts.

use super::Effect;
use super::attributes::{AttributeReader, Attributes, bad};
use super::toxic_error::ToxicError;
use crate::dialect::is_inference;
use crate::model::{Aim, Dialect, Fault, Match, Operation, Requests, header_parts};
use crate::redact::is_secret_header;
use crate::units::Fingerprint;
use serde_json::json;

/// A request as a toxic sees it.
pub trait Matched {
    /// How its provider speaks.
    fn dialect(&self) -> Dialect;
    /// Its method.
    fn method(&self) -> &str;
    /// Its path, without the query.
    fn path(&self) -> &str;
    /// The value of a header.
    fn header(&self, name: &str) -> Option<&str>;
    /// Where its connection comes from, where that is known.
    fn address(&self) -> Option<&str> {
        None
    }
    /// Its credential.
    fn key(&self) -> Option<Fingerprint>;
    /// What it is for.
    fn ask(&self) -> Asking;
    /// Its body; empty where it is too long to be looked at.
    fn body(&self) -> &[u8];
    /// True where it asks a model for something, or where its dialect does not tell.
    fn is_inference(&self) -> bool {
        is_inference(self.dialect(), self.method(), self.path())
    }
}

/// Which requests a toxic takes by what they are for.
fn scope(effect: &Effect, matching: &Match) -> Requests {
    let named = matching.method.is_some() || matching.path.is_some();
    matching.requests.unwrap_or_else(|| if named { Requests::All } else { effect.by_nature() })
}

/// What its aim leaves unsaid about a fault, as it follows both: `, inference requests only`, or nothing.
pub fn unsaid(fault: &Fault, aim: &Aim) -> &'static str {
    let only = Effect::of(fault).is_some_and(|effect| scope(&effect, &aim.matching) == Requests::Inference);
    if only && aim.matching.requests.is_none() { ", inference requests only" } else { "" }
}

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// What the provider shall do; a chat where nobody knows.
    pub operation: Operation,
    /// The model or deployment.
    pub model: Option<String>,
    /// True where the answer must be streamed.
    pub streamed: bool,
}

pub(super) fn read(attributes: Attributes) -> Result<Match, ToxicError> {
    let mut fields = AttributeReader::of(attributes);
    let no_key = |_| bad("key", "write a credential's fingerprint, never the credential");
    let requests = |word: String| Requests::from_word(&word).ok_or_else(|| bad("requests", "write `inference` or `all`"));
    let read = Match {
        requests: fields.word("requests")?.map(requests).transpose()?,
        method: fields.word("method")?,
        path: fields.word("path")?,
        model: fields.word("model")?,
        stream: fields.truth("stream")?,
        key: fields.word("key")?.map(|key| key.parse().map_err(no_key)).transpose()?,
        header: fields.word("header")?,
    };
    fields.end("match")?;
    if read.header.as_deref().is_some_and(is_secret_header) {
        return Err(bad("header", "credentials are matched by their fingerprint: write `key`"));
    }
    Ok(read)
}

pub(super) fn attributes(matching: &Match) -> Attributes {
    let Match { requests, method, path, model, stream, key, header } = matching;
    let requests = requests.map(|requests| requests.word().to_owned());
    let texts = [("requests", &requests), ("method", method), ("path", path), ("model", model), ("header", header)];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?)))).collect::<Vec<_>>();
    let key = key.map(|key| ("key".to_owned(), json!(key.to_string())));
    texts.into_iter().chain(key).chain(stream.map(|stream| ("stream".to_owned(), json!(stream)))).collect()
}

fn like(pattern: &str, text: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == text, |start| text.starts_with(start))
}

/// True where a request has this header, as `name: value`.
pub(super) fn has_header(header: &str, request: &dyn Matched) -> bool {
    let (name, value) = header_parts(header);
    request.header(name).is_some_and(|there| like(value, there.trim()))
}

/// True where the head of this request does not keep it from being taken by a toxic that does this.
pub(super) fn takes_head(effect: &Effect, matching: &Match, request: &dyn Matched) -> bool {
    let Match { requests: _, method, path, key, header, model: _, stream: _ } = matching;
    (scope(effect, matching) == Requests::All || request.is_inference())
        && method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(request.method()))
        && path.as_ref().is_none_or(|path| like(path, request.path()))
        && key.is_none_or(|key| request.key() == Some(key))
        && header.as_ref().is_none_or(|header| has_header(header, request))
}

/// True where a toxic that does this takes this request.
pub(super) fn takes(effect: &Effect, matching: &Match, request: &dyn Matched) -> bool {
    let Match { model, stream, .. } = matching;
    takes_head(effect, matching, request)
        && ((model.is_none() && stream.is_none()) || {
            let asked = request.ask();
            stream.is_none_or(|stream| stream == asked.streamed)
                && model.as_ref().is_none_or(|wanted| asked.model.is_some_and(|model| like(wanted, &model)))
        })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::fault::{
        Corrupt, CredentialRevoked, Cut, EmptyAnswer, EndEarly, ErrorEvent, KeepAlive, Malformed, Noop, RateLimit, Refused, SlowStream,
        Stall, StallMidstream, Status, WrongModel,
    };
    use crate::model::Refusal;

    /// A request of OpenAI's.
    #[derive(Debug, Default)]
    pub(in crate::fault) struct Example {
        pub(in crate::fault) body: &'static str,
        /// Where it lists models instead of asking one.
        pub(in crate::fault) lists: bool,
        pub(in crate::fault) streamed: bool,
        pub(in crate::fault) dialect: Option<Dialect>,
    }

    impl Matched for Example {
        fn dialect(&self) -> Dialect {
            self.dialect.unwrap_or(Dialect::OpenAi)
        }

        fn method(&self) -> &str {
            if self.lists { "GET" } else { "POST" }
        }

        fn path(&self) -> &str {
            if self.lists { "/v1/models" } else { "/v1/chat/completions" }
        }

        fn header(&self, name: &str) -> Option<&str> {
            (name == "x-team").then_some("blue")
        }

        fn key(&self) -> Option<Fingerprint> {
            Some(Fingerprint::of("sk-one"))
        }

        fn ask(&self) -> Asking {
            Asking { operation: Operation::Chat, model: Some("gpt-4o".to_owned()), streamed: self.streamed }
        }

        fn body(&self) -> &[u8] {
            self.body.as_bytes()
        }
    }

    #[test]
    fn each_field_must_be_so() {
        let key = Fingerprint::of("sk-one").to_string();
        for (matching, taken) in [
            (json!({}), true),
            (json!({"method": "post", "path": "/v1/*", "model": "gpt-4*", "stream": false, "key": key, "header": "x-team: blue"}), true),
            (json!({"method": "GET"}), false),
            (json!({"path": "/v1/chat"}), false),
            (json!({"model": "gpt-4"}), false),
            (json!({"stream": true}), false),
            (json!({"key": "00000000"}), false),
            (json!({"header": "x-team"}), true),
            (json!({"header": "x-team: red"}), false),
            (json!({"header": "x-team: b*"}), true),
            (json!({"header": "x-team: *"}), true),
            (json!({"header": "x-other: *"}), false),
            (json!({"requests": "all"}), true),
            (json!({"requests": "inference", "method": "POST"}), true),
        ] {
            let read = read(serde_json::from_value(matching.clone()).unwrap()).unwrap();
            assert_eq!(takes(&Effect::Noop(Noop), &read, &Example::default()), taken, "{matching}");
            assert_eq!(serde_json::Value::from(attributes(&read)), matching);
        }
        let nonsense = read(serde_json::from_value(json!({"requests": "some"})).unwrap()).unwrap_err();
        assert!(nonsense.to_string().contains("`inference` or `all`"), "{nonsense}");
    }

    /// One of each kind of fault on requests or answers, and whether a health check meets it.
    #[test]
    fn each_fault_takes_the_requests_that_are_of_its_nature() {
        let status = |code| Fault::from(Status { code, retry_after: None, retry_form: None });
        let refused = |error| Fault::from(Refused { error, retry_after: None, retry_form: None });
        let second = crate::units::Duration::from_secs(1);
        let all = [
            status(401),
            status(403),
            status(500),
            status(503),
            refused(Refusal::Expired),
            refused(Refusal::Forbidden),
            CredentialRevoked.into(),
            Stall { hold: None }.into(),
        ];
        let inference = [
            status(400),
            status(402),
            status(404),
            status(429),
            status(529),
            refused(Refusal::RateLimit),
            refused(Refusal::Quota),
            refused(Refusal::Overloaded),
            refused(Refusal::ModelWithdrawn),
            refused(Refusal::ContentFilter),
            RateLimit { requests: Some(1), tokens: None }.into(),
            StallMidstream { after: 0, hold: None }.into(),
            SlowStream { rate: "1/s".parse().unwrap() }.into(),
            KeepAlive { after: 0, every: second }.into(),
            Cut { after: 0 }.into(),
            EndEarly { after: 0 }.into(),
            ErrorEvent { after: 0, error: None }.into(),
            Malformed { after: 0 }.into(),
            EmptyAnswer.into(),
            WrongModel.into(),
            Corrupt.into(),
        ];
        let (check, chat) = (Example { lists: true, ..Example::default() }, Example::default());
        for (fault, checks) in all.into_iter().map(|fault| (fault, true)).chain(inference.into_iter().map(|fault| (fault, false))) {
            let effect = Effect::of(&fault).unwrap();
            let met = |matching: &Match, request: &Example| takes(&effect, matching, request);
            assert!(met(&Match::default(), &chat), "{fault}");
            assert_eq!(met(&Match::default(), &check), checks, "{fault}");
            assert_eq!(unsaid(&fault, &Aim::default()).is_empty(), checks, "{fault}");
            // Unless it is told otherwise.
            let told = |requests| Match { requests: Some(requests), ..Match::default() };
            assert!(met(&told(Requests::All), &check) && !met(&told(Requests::Inference), &check), "{fault}");
            let named = Match { path: Some("/v1/*".to_owned()), ..Match::default() };
            assert!(met(&named, &check), "{fault}");
            // Nobody knows what asks a model there.
            assert!(met(&Match::default(), &Example { lists: true, dialect: Some(Dialect::Http), ..Example::default() }), "{fault}");
        }
    }
}
