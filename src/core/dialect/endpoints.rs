//! The paths of each provider: which operation is found where, and the answers to requests for its list of models.

use super::registry::provider_api;
use super::route::Route;
use super::wire::WireAnswer;
use crate::model::{Dialect, Operation};

/// The path that a base URL of this dialect ends with: OpenAI's clients are given `https://…/v1`, Azure's the bare host.
pub fn base_path(dialect: Dialect) -> &'static str {
    provider_api(dialect).base_path()
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
}

/// The list of models as a provider of this dialect gives it.
pub fn model_list(dialect: Dialect, names: &[&str]) -> WireAnswer {
    WireAnswer::json(200, &provider_api(dialect).models(names))
}

/// One model as a provider of this dialect tells it by itself.
pub fn model(dialect: Dialect, name: &str) -> WireAnswer {
    WireAnswer::json(200, &provider_api(dialect).model(name))
}
#[cfg(test)]
mod tests {
    use super::super::answer_format::AnswerFormat;
    use super::super::is_inference;
    use super::super::samples::formats;
    use super::*;

    #[test]
    fn a_path_that_a_client_asks_for_is_one_that_a_provider_knows() {
        let name = "eu.maker.model-v1:0/half";
        for AnswerFormat { dialect, operation, streamed } in formats() {
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
        for AnswerFormat { dialect, operation, streamed } in formats() {
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
}
