//! Which requests a toxic on requests takes: its attribute `match`.
//!
//! | field | takes requests |
//! |---|---|
//! | `method` | of this method, in any case |
//! | `path` | of this path, without its query; with `*` at its end, of paths that begin so |
//! | `model` | for this model or deployment; `*` likewise |
//! | `stream` | whose answer shall be streamed, or not |
//! | `key` | with the credential of this fingerprint |
//! | `header` | with this header, as `name` or `name: value` |

use super::ToxicError;
use super::fields::{Attributes, Fields, bad};
use crate::model::{Dialect, Match, Operation};
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
    /// Its credential.
    fn key(&self) -> Option<Fingerprint>;
    /// What it is for.
    fn ask(&self) -> Asking;
    /// Its body; empty where it is too long to be looked at.
    fn body(&self) -> &[u8];
}

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// What the provider shall do; a chat where nobody knows.
    pub operation: Operation,
    /// The model or deployment.
    pub model: Option<String>,
    /// True where the answer shall be streamed.
    pub streamed: bool,
}

pub(super) fn read(attributes: Attributes) -> Result<Match, ToxicError> {
    let mut fields = Fields::of(attributes);
    let no_key = |_| bad("key", "write a credential's fingerprint, never the credential");
    let read = Match {
        method: fields.word("method")?,
        path: fields.word("path")?,
        model: fields.word("model")?,
        stream: fields.truth("stream")?,
        key: fields.word("key")?.map(|key| key.parse().map_err(no_key)).transpose()?,
        header: fields.word("header")?,
    };
    fields.end("match")?;
    if read.header.as_deref().is_some_and(Match::is_secret) {
        return Err(bad("header", "a credential is matched by its fingerprint: write `key`"));
    }
    Ok(read)
}

pub(super) fn attributes(matching: &Match) -> Attributes {
    let Match { method, path, model, stream, key, header } = matching;
    let texts = [("method", method), ("path", path), ("model", model), ("header", header)];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?))));
    let key = key.map(|key| ("key".to_owned(), json!(key.to_string())));
    texts.chain(key).chain(stream.map(|stream| ("stream".to_owned(), json!(stream)))).collect()
}

fn like(pattern: &str, text: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == text, |start| text.starts_with(start))
}

/// True where the head of this request does not keep it from being taken.
pub(super) fn takes_head(matching: &Match, request: &dyn Matched) -> bool {
    let Match { method, path, key, header, model: _, stream: _ } = matching;
    method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(request.method()))
        && path.as_ref().is_none_or(|path| like(path, request.path()))
        && key.is_none_or(|key| request.key() == Some(key))
        && header.as_ref().is_none_or(|header| match header.split_once(':') {
            Some((name, value)) => request.header(name.trim()) == Some(value.trim()),
            None => request.header(header.trim()).is_some(),
        })
}

/// True where it takes this request.
pub(super) fn takes(matching: &Match, request: &dyn Matched) -> bool {
    let Match { model, stream, .. } = matching;
    takes_head(matching, request)
        && ((model.is_none() && stream.is_none()) || {
            let asked = request.ask();
            stream.is_none_or(|stream| stream == asked.streamed)
                && model.as_ref().is_none_or(|wanted| asked.model.is_some_and(|model| like(wanted, &model)))
        })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A request of OpenAI's.
    #[derive(Debug, Default)]
    pub(in crate::fault) struct Example {
        pub(in crate::fault) body: &'static str,
        pub(in crate::fault) streamed: bool,
        pub(in crate::fault) dialect: Option<Dialect>,
    }

    impl Matched for Example {
        fn dialect(&self) -> Dialect {
            self.dialect.unwrap_or(Dialect::OpenAi)
        }

        fn method(&self) -> &str {
            "POST"
        }

        fn path(&self) -> &str {
            "/v1/chat/completions"
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
        ] {
            let read = read(serde_json::from_value(matching.clone()).unwrap()).unwrap();
            assert_eq!(takes(&read, &Example::default()), taken, "{matching}");
            assert_eq!(serde_json::Value::from(attributes(&read)), matching);
        }
    }
}
