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
use crate::units::Fingerprint;
use serde_json::json;

/// What a request must be; what is absent may be anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Match {
    method: Option<String>,
    path: Option<String>,
    model: Option<String>,
    stream: Option<bool>,
    key: Option<String>,
    header: Option<String>,
}

/// A request as a match sees it.
pub trait Matched {
    /// Its method.
    fn method(&self) -> &str;
    /// Its path, without the query.
    fn path(&self) -> &str;
    /// The value of a header.
    fn header(&self, name: &str) -> Option<&str>;
    /// Its credential.
    fn key(&self) -> Option<Fingerprint>;
    /// The model or deployment that it is for, and whether the answer shall be streamed.
    fn ask(&self) -> (Option<String>, bool);
}

impl Match {
    pub(super) fn read(attributes: Attributes) -> Result<Self, ToxicError> {
        let mut fields = Fields::of(attributes);
        let read = Self {
            method: fields.word("method")?,
            path: fields.word("path")?,
            model: fields.word("model")?,
            stream: fields.truth("stream")?,
            key: fields.word("key")?,
            header: fields.word("header")?,
        };
        fields.end("match")?;
        let fingerprint = |key: &String| key.parse::<Fingerprint>().is_ok();
        if read.key.as_ref().is_some_and(|key| !fingerprint(key)) {
            return Err(bad("key", "write a credential's fingerprint, never the credential"));
        }
        Ok(read)
    }

    pub(super) fn attributes(&self) -> Attributes {
        let texts = [("method", &self.method), ("path", &self.path), ("model", &self.model), ("key", &self.key), ("header", &self.header)];
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?))));
        texts.chain(self.stream.map(|stream| ("stream".to_owned(), json!(stream)))).collect()
    }

    /// True where it takes this request.
    pub fn takes(&self, request: &impl Matched) -> bool {
        let like = |pattern: &str, text: &str| pattern.strip_suffix('*').map_or(pattern == text, |start| text.starts_with(start));
        self.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(request.method()))
            && self.path.as_ref().is_none_or(|path| like(path, request.path()))
            && self.key.as_ref().is_none_or(|key| request.key().is_some_and(|other| *key == other.to_string()))
            && self.header.as_ref().is_none_or(|header| match header.split_once(':') {
                Some((name, value)) => request.header(name.trim()) == Some(value.trim()),
                None => request.header(header.trim()).is_some(),
            })
            && ((self.model.is_none() && self.stream.is_none()) || {
                let (model, streamed) = request.ask();
                self.stream.is_none_or(|stream| stream == streamed)
                    && self.model.as_ref().is_none_or(|wanted| model.is_some_and(|model| like(wanted, &model)))
            })
    }
}
