//! Which of a provider's operations a path names.

use super::tongue::provider_api;
use crate::model::{Dialect, Operation};

/// An operation of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Something that a model does.
    Inference {
        /// What.
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

/// The path that a base URL of this dialect ends with: OpenAI's clients are given `https://…/v1`, Azure's the bare host.
pub fn base_path(dialect: Dialect) -> &'static str {
    provider_api(dialect).base_path()
}

/// The ends of paths by which a model is asked for something, in the dialects that are spoken here and in those that are near to them.
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
/// base URL may have a path of its own, and providers do more than is spoken here. True of every request where the dialect does not tell.
pub fn is_inference(dialect: Dialect, method: &str, path: &str) -> bool {
    let last = path.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
    matches!(dialect, Dialect::Http | Dialect::Tcp) || (ASKED.contains(&last) && (method == "POST" || last == "realtime"))
}

impl Route {
    /// What a request's method, path and query name; `None` where the provider would answer 404.
    pub fn of(dialect: Dialect, method: &str, path: &str, query: Option<&str>) -> Option<Self> {
        provider_api(dialect).route(method, path, query)
    }

    /// Path and query of an operation after the base URL.
    pub fn path(dialect: Dialect, operation: Operation, model: &str, streamed: bool) -> String {
        provider_api(dialect).path(operation, model, streamed)
    }

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
    use super::super::ask::tests::speeches;
    use super::super::form::AnswerFormat;
    use super::*;

    #[test]
    fn a_path_that_a_client_asks_for_is_one_that_a_provider_knows() {
        let name = "eu.maker.model-v1:0/half";
        for AnswerFormat { dialect, operation, streamed } in speeches() {
            let full = format!("{}{}", base_path(dialect), Route::path(dialect, operation, name, streamed));
            let (path, query) = full.split_once('?').map_or((full.as_str(), None), |(path, query)| (path, Some(query)));
            let Some(Route::Inference { operation: named, model, streamed: asked }) = Route::of(dialect, "POST", path, query) else {
                panic!("{full}")
            };
            assert!(named == operation && model.is_none_or(|model| model == name), "{full}");
            assert_eq!(asked, streamed && matches!(dialect, Dialect::Bedrock | Dialect::Vertex), "{full}");
            assert_eq!(Route::of(dialect, "GET", path, query), None);
        }
        for (dialect, path, query) in [
            (Dialect::OpenAi, "/v1/models", None),
            (Dialect::AzureOpenAi, "/openai/models", Some("api-version=1")),
            (Dialect::AzureOpenAi, "/openai/v1/models", None),
            (Dialect::Anthropic, "/v1/models", None),
            (Dialect::Vertex, "/v1beta/models", None),
            (Dialect::Bedrock, "/foundation-models", None),
        ] {
            let asked = |path: &str| Route::of(dialect, "GET", path, query);
            assert_eq!((asked(path), asked(&format!("{path}/"))), (Some(Route::Models), None), "{path}");
            assert_eq!(asked(&format!("{path}/gpt-4o%2Fa")), Some(Route::Model("gpt-4o/a".to_owned())), "{path}");
            assert_eq!(asked(&format!("{path}x")), None, "{path}");
        }
        for (dialect, path) in [
            (Dialect::OpenAi, "/v1/completions"),
            (Dialect::AzureOpenAi, "/openai/deployments/d/chat/completions"),
            (Dialect::AzureOpenAi, "/openai/responses"),
            (Dialect::Vertex, "/v1beta/models/m:streamGenerateContent"),
            (Dialect::Bedrock, "/model//converse"),
        ] {
            assert_eq!(Route::of(dialect, "POST", path, None), None, "{path}");
        }
    }

    /// Under `v1` the body names the deployment, and no version is asked for.
    #[test]
    fn azure_is_asked_in_its_old_and_in_its_new_way() {
        let version = Some("api-version=2025-04-01-preview");
        for (path, query, operation) in [
            ("/openai/v1/chat/completions", None, Operation::Chat),
            ("/openai/v1/embeddings", version, Operation::Embeddings),
            ("/openai/responses", version, Operation::Responses),
        ] {
            assert_eq!(Route::of(Dialect::AzureOpenAi, "POST", path, query), Some(Route::inference(operation)), "{path}");
        }
        assert_eq!(Route::of(Dialect::AzureOpenAi, "GET", "/openai/v1/models", None), Some(Route::Models));
        assert_eq!(Route::of(Dialect::AzureOpenAi, "POST", "/openai/deployments/d/responses", version), None);
    }

    #[test]
    fn vertex_names_a_project_and_a_location_before_the_model() {
        let path = "/v1/projects/p/locations/europe-west1/publishers/google/models/gemini:generateContent";
        let wanted = Route::Inference { operation: Operation::Chat, model: Some("gemini".into()), streamed: false };
        assert_eq!(Route::of(Dialect::Vertex, "POST", path, None), Some(wanted));
        assert_eq!(Route::of(Dialect::Vertex, "POST", "/v1/tunedmodels/gemini:generateContent", None), None);
    }

    #[test]
    fn what_asks_a_model_is_told_from_what_looks_after_it() {
        for AnswerFormat { dialect, operation, streamed } in speeches() {
            let full = format!("{}{}", base_path(dialect), Route::path(dialect, operation, "eu.maker.model-v1:0", streamed));
            let path = full.split_once('?').map_or(full.as_str(), |(path, _)| path);
            assert!(is_inference(dialect, "POST", path) && is_inference(dialect, "POST", &format!("/team/blue{path}/")), "{path}");
            assert!(!is_inference(dialect, "GET", path) && is_inference(Dialect::Http, "GET", path), "{path}");
        }
        for (method, path, asks) in [
            ("POST", "/v1/completions", true),
            ("GET", "/v1/realtime", true),
            ("GET", "/v1/models", false),
            ("GET", "/v1/chat/completions", false),
            ("POST", "/v1/messages/count_tokens", false),
            ("POST", "/v1/messages/batches", false),
            ("POST", "/v1/files", false),
            ("POST", "/v1/responses/resp_1/cancel", false),
            ("POST", "/v1beta/models/m:countTokens", false),
            ("HEAD", "/", false),
            ("GET", "", false),
        ] {
            assert_eq!(is_inference(Dialect::OpenAi, method, path), asks, "{method} {path}");
        }
    }

    #[test]
    fn damaged_escapes_stay_as_they_are() {
        for (segment, name) in
            [("a%3Ab", "a:b"), ("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%+f", "%+f"), ("%ff", "\u{fffd}"), ("%é", "%é")]
        {
            assert_eq!(unescaped(segment), name);
        }
    }
}
