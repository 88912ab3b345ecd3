//! Providers that are known by name: by which variables their keys are usually found, how they speak, where they answer, and a model to begin with.
//!
//! What this file does not do: say what a model costs (`price`), or whether one is still offered.

use crate::model::Dialect;

/// A provider that people call by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WellKnownProvider {
    /// As people write it, and as an inventory calls it.
    pub(super) name: &'static str,
    /// The variables that usually hold its key.
    pub(super) keys: &'static [&'static str],
    /// Variables that show that it is used, and hold no key that a client sends as it is.
    pub(super) signs: &'static [&'static str],
    /// How it speaks.
    pub(super) dialect: Dialect,
    /// Where it answers; `None` where that depends on the account or on a region.
    pub(super) base_url: Option<&'static str>,
    /// The same with a part for people to fill in.
    pub(super) base_url_form: &'static str,
    /// A model that it has.
    pub(super) model: &'static str,
}

const fn openai_like(name: &'static str, keys: &'static [&'static str], base_url: &'static str, model: &'static str) -> WellKnownProvider {
    WellKnownProvider { name, keys, signs: &[], dialect: Dialect::OpenAi, base_url: Some(base_url), base_url_form: base_url, model }
}

const KNOWN: [WellKnownProvider; 15] = [
    WellKnownProvider {
        name: "azure-openai",
        keys: &["AZURE_OPENAI_API_KEY", "AZURE_OPENAI_KEY", "AZURE_API_KEY"],
        signs: &["AZURE_OPENAI_ENDPOINT", "AZURE_API_BASE", "AZURE_OPENAI_BASE_URL"],
        dialect: Dialect::AzureOpenAi,
        base_url: None,
        base_url_form: "https://RESOURCE.openai.azure.com",
        model: "gpt-4o",
    },
    WellKnownProvider {
        name: "anthropic",
        keys: &["ANTHROPIC_API_KEY", "CLAUDE_API_KEY"],
        signs: &[],
        dialect: Dialect::Anthropic,
        base_url: Some("https://api.anthropic.com"),
        base_url_form: "https://api.anthropic.com",
        model: "claude-sonnet-4-5",
    },
    WellKnownProvider {
        name: "bedrock",
        keys: &["AWS_BEARER_TOKEN_BEDROCK"],
        signs: &["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_BEDROCK_REGION", "BEDROCK_REGION"],
        dialect: Dialect::Bedrock,
        base_url: None,
        base_url_form: "https://bedrock-runtime.REGION.amazonaws.com",
        model: "amazon.nova-lite-v1:0",
    },
    WellKnownProvider {
        name: "vertex",
        keys: &[],
        signs: &["GOOGLE_APPLICATION_CREDENTIALS", "VERTEX_PROJECT", "VERTEXAI_PROJECT", "VERTEX_LOCATION", "VERTEXAI_LOCATION"],
        dialect: Dialect::Vertex,
        base_url: None,
        base_url_form: "https://REGION-aiplatform.googleapis.com/v1/projects/PROJECT/locations/REGION/publishers/google",
        model: "gemini-2.5-flash",
    },
    openai_like("openai", &["OPENAI_API_KEY", "OPENAI_KEY"], "https://api.openai.com/v1", "gpt-4o"),
    openai_like(
        "gemini",
        &["GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"],
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "gemini-2.5-flash",
    ),
    openai_like("mistral", &["MISTRAL_API_KEY"], "https://api.mistral.ai/v1", "mistral-small-latest"),
    openai_like("groq", &["GROQ_API_KEY"], "https://api.groq.com/openai/v1", "llama-3.3-70b-versatile"),
    openai_like("deepseek", &["DEEPSEEK_API_KEY"], "https://api.deepseek.com/v1", "deepseek-chat"),
    openai_like("xai", &["XAI_API_KEY", "GROK_API_KEY"], "https://api.x.ai/v1", "grok-4"),
    openai_like("together", &["TOGETHER_API_KEY", "TOGETHERAI_API_KEY"], "https://api.together.xyz/v1", "openai/gpt-oss-20b"),
    openai_like("openrouter", &["OPENROUTER_API_KEY"], "https://openrouter.ai/api/v1", "openai/gpt-4o"),
    openai_like("fireworks", &["FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"], "https://api.fireworks.ai/inference/v1", "gpt-oss-20b"),
    openai_like("cerebras", &["CEREBRAS_API_KEY"], "https://api.cerebras.ai/v1", "gpt-oss-120b"),
    WellKnownProvider {
        name: "ollama",
        keys: &[],
        signs: &["OLLAMA_HOST", "OLLAMA_BASE_URL", "OLLAMA_API_BASE"],
        dialect: Dialect::OpenAi,
        base_url: Some("http://127.0.0.1:11434/v1"),
        base_url_form: "http://127.0.0.1:11434/v1",
        model: "gpt-oss:20b",
    },
];

/// Other names that people write.
const ALSO: [(&str, &str); 8] = [
    ("azure", "azure-openai"),
    ("aws", "bedrock"),
    ("amazon", "bedrock"),
    ("claude", "anthropic"),
    ("google", "gemini"),
    ("vertex-ai", "vertex"),
    ("gpt", "openai"),
    ("grok", "xai"),
];

impl WellKnownProvider {
    /// All names, the usual ones first.
    pub(super) fn names() -> impl Iterator<Item = &'static str> + Clone {
        KNOWN.iter().map(|known| known.name)
    }

    /// By its name, or by another that people write for it.
    pub(super) fn of_name(name: &str) -> Option<&'static Self> {
        let name = name.trim().to_lowercase().replace(['_', ' '], "-");
        let name = ALSO.iter().find(|(also, _)| *also == name).map_or(name.as_str(), |(_, own)| own);
        KNOWN.iter().find(|known| known.name == name)
    }

    /// By a variable that holds its key, or shows that it is used.
    pub(super) fn of_variable(variable: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.keys.contains(&variable) || known.signs.contains(&variable))
    }

    /// The first of those that speak so: for a hint of how an address looks.
    pub(super) fn of_dialect(dialect: Dialect) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.dialect == dialect)
    }

    /// The variable that usually holds its key.
    pub(super) fn key(&self) -> Option<&'static str> {
        self.keys.first().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_names_and_variables_and_no_variable_is_of_two() {
        for known in &KNOWN {
            assert_eq!(WellKnownProvider::of_name(known.name), Some(known));
            for variable in known.keys.iter().chain(known.signs) {
                assert_eq!(WellKnownProvider::of_variable(variable), Some(known), "{variable}");
            }
        }
        assert!(ALSO.iter().all(|(_, own)| WellKnownProvider::names().any(|name| name == *own)));
        assert_eq!(WellKnownProvider::of_name(" Azure OpenAI ").map(|known| known.name), Some("azure-openai"));
        assert_eq!(WellKnownProvider::of_name("acme"), None);
    }
}
