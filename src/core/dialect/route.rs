//! The operations of providers that paths name, and the parts of paths.

use crate::model::{Dialect, Operation};

/// The route of a request: what its method, path and query ask a provider for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// An operation of a model.
    Inference {
        /// The operation.
        operation: Operation,
        /// The model or deployment, where the path names it and not the body.
        model: Option<String>,
        /// True where the path asks for a stream; elsewhere the body does.
        streamed: bool,
    },
    /// The list of models.
    Models,
    /// One of them, by its name.
    Model(String),
}

/// The ends of paths by which a model is asked for something, in these dialects and in similar ones.
const ASKED: [&str; 34] = [
    "chat",
    "completions",
    "responses",
    "embeddings",
    "generations",
    "edits",
    "variations",
    "speech",
    "transcriptions",
    "translations",
    "moderations",
    "rerank",
    "realtime",
    "messages",
    "complete",
    "converse",
    "converse-stream",
    "invoke",
    "invoke-with-response-stream",
    "async-invoke",
    "invocations",
    "generateContent",
    "streamGenerateContent",
    "predict",
    "rawPredict",
    "streamRawPredict",
    "predictLongRunning",
    "embedContent",
    "batchEmbedContents",
    "generate",
    "generate_stream",
    "embed",
    "infer",
    "score",
];

/// Whether a request asks a model for something, and does not list models, count tokens or look after files. Broader than [`Route::of`]: a
/// base URL may have a path of its own, and providers have more operations than there are codecs here. True of every request where the dialect does not tell.
pub fn is_inference(dialect: Dialect, method: &str, path: &str) -> bool {
    let last = path.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
    matches!(dialect, Dialect::Http | Dialect::Tcp) || (ASKED.contains(&last) && (method == "POST" || last == "realtime"))
}

impl Route {
    /// What is asked below the path of the list of models: all of them, or one.
    pub(super) fn models(path: &str, list: &str) -> Option<Self> {
        let rest = path.strip_prefix(list)?;
        let name = match rest.strip_prefix('/') {
            None if rest.is_empty() => return Some(Self::Models),
            name => name?,
        };
        (!name.is_empty()).then(|| Self::Model(unescaped(name)))
    }

    /// An operation whose body tells the rest.
    pub(super) const fn inference(operation: Operation) -> Self {
        Self::Inference { operation, model: None, streamed: false }
    }
}

/// The value of a query's parameter.
pub(super) fn query_value<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// A name as one segment of a path (RFC 3986, unreserved characters as they are).
pub(super) fn segment(name: &str) -> String {
    name.bytes().fold(String::new(), |path, byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => path + char::from(byte).encode_utf8(&mut [0; 4]),
        _ => path + &format!("%{byte:02X}"),
    })
}

/// A segment of a path as a name. What is no escape stays as it is.
pub(super) fn unescaped(segment: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), segment.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|digits| *first == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let escaped = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_escapes_stay_as_they_are() {
        for (segment, name) in
            [("a%3Ab", "a:b"), ("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%+f", "%+f"), ("%ff", "\u{fffd}"), ("%é", "%é")]
        {
            assert_eq!(unescaped(segment), name);
        }
    }
}
