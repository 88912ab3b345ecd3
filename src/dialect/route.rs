//! Which of a provider's operations a path names.

use crate::model::Dialect;

/// An operation of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// A chat completion. On Azure the path names the deployment; elsewhere the body names the model.
    Chat {
        /// The deployment in the path.
        deployment: Option<String>,
    },
    /// The list of models.
    Models,
}

/// The path that a base URL of this dialect ends with: OpenAI's clients are given `https://…/v1`, Azure's the bare host.
pub const fn base_path(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::AzureOpenAi => "",
        _ => "/v1",
    }
}

impl Route {
    /// What a request's method, path and query name; `None` where the provider would answer 404.
    pub fn of(dialect: Dialect, method: &str, path: &str, query: Option<&str>) -> Option<Self> {
        match dialect {
            Dialect::AzureOpenAi => {
                // Azure refuses a call without a version as it refuses an unknown path.
                query?.split('&').find_map(|pair| pair.strip_prefix("api-version=")).filter(|version| !version.is_empty())?;
                match (method, path.strip_prefix("/openai/")?) {
                    ("GET", "models") => Some(Self::Models),
                    ("POST", rest) => {
                        let (deployment, operation) = rest.strip_prefix("deployments/")?.split_once('/')?;
                        (operation == "chat/completions").then(|| Self::Chat { deployment: Some(deployment.to_owned()) })
                    }
                    _ => None,
                }
            }
            _ => match (method, path) {
                ("POST", "/v1/chat/completions") => Some(Self::Chat { deployment: None }),
                ("GET", "/v1/models") => Some(Self::Models),
                _ => None,
            },
        }
    }

    /// Path and query of a chat completion after the base URL.
    pub fn chat_path(dialect: Dialect, model: &str) -> String {
        match dialect {
            Dialect::AzureOpenAi => format!("/openai/deployments/{model}/chat/completions?api-version=2024-10-21"),
            _ => "/chat/completions".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_a_client_asks_for_is_one_that_a_provider_knows() {
        for dialect in [Dialect::OpenAi, Dialect::AzureOpenAi] {
            let full = format!("{}{}", base_path(dialect), Route::chat_path(dialect, "gpt-4o"));
            let (path, query) = full.split_once('?').map_or((full.as_str(), None), |(path, query)| (path, Some(query)));
            assert!(matches!(Route::of(dialect, "POST", path, query), Some(Route::Chat { .. })), "{full}");
            assert_eq!(Route::of(dialect, "GET", path, query), None);
        }
        assert_eq!(Route::of(Dialect::AzureOpenAi, "POST", "/openai/deployments/d/chat/completions", None), None);
    }
}
