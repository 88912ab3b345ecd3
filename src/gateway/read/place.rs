//! Who a provider is by the name or the address that a gateway's configuration has: its dialect, its well-known address, a name for an inventory.

use crate::model::Dialect;

/// Providers by the names that gateways give them, how they speak, and where they are if nobody says it.
const KNOWN: &[(&str, Dialect, &str)] = &[
    ("openai", Dialect::OpenAi, "https://api.openai.com/v1"),
    ("anthropic", Dialect::Anthropic, "https://api.anthropic.com"),
    ("azure", Dialect::AzureOpenAi, ""),
    ("azure-openai", Dialect::AzureOpenAi, ""),
    ("azure_ai", Dialect::OpenAi, ""),
    ("bedrock", Dialect::Bedrock, ""),
    ("vertex_ai", Dialect::Vertex, ""),
    ("vertex-ai", Dialect::Vertex, ""),
    ("gemini", Dialect::Vertex, "https://generativelanguage.googleapis.com/v1beta"),
    ("google", Dialect::Vertex, "https://generativelanguage.googleapis.com/v1beta"),
    ("groq", Dialect::OpenAi, "https://api.groq.com/openai/v1"),
    ("mistral", Dialect::OpenAi, "https://api.mistral.ai/v1"),
    ("mistral-ai", Dialect::OpenAi, "https://api.mistral.ai/v1"),
    ("deepseek", Dialect::OpenAi, "https://api.deepseek.com/v1"),
    ("together_ai", Dialect::OpenAi, "https://api.together.xyz/v1"),
    ("together-ai", Dialect::OpenAi, "https://api.together.xyz/v1"),
    ("fireworks_ai", Dialect::OpenAi, "https://api.fireworks.ai/inference/v1"),
    ("fireworks-ai", Dialect::OpenAi, "https://api.fireworks.ai/inference/v1"),
    ("openrouter", Dialect::OpenAi, "https://openrouter.ai/api/v1"),
    ("xai", Dialect::OpenAi, "https://api.x.ai/v1"),
    ("x-ai", Dialect::OpenAi, "https://api.x.ai/v1"),
    ("perplexity", Dialect::OpenAi, "https://api.perplexity.ai"),
    ("perplexity-ai", Dialect::OpenAi, "https://api.perplexity.ai"),
    ("cerebras", Dialect::OpenAi, "https://api.cerebras.ai/v1"),
    ("hosted_vllm", Dialect::OpenAi, ""),
    ("ollama", Dialect::OpenAi, ""),
    ("custom_openai", Dialect::OpenAi, ""),
];

/// How a provider of this name speaks, and where it is if nobody says it; `None` for one that nobody here knows.
pub(super) fn known(provider: &str, region: Option<&str>) -> Option<(Dialect, Option<String>)> {
    let (_, dialect, url) = KNOWN.iter().find(|(name, ..)| *name == provider)?;
    let url = match (dialect, region) {
        (Dialect::Bedrock, Some(region)) => Some(format!("https://bedrock-runtime.{region}.amazonaws.com")),
        _ => Some((*url).to_owned()).filter(|url| !url.is_empty()),
    };
    Some((*dialect, url))
}

/// How whoever is at this host speaks, as far as its name says it: OpenAI's API is what most others imitate.
pub(super) fn dialect_of_host(host: &str) -> Dialect {
    let host = host.to_ascii_lowercase();
    match () {
        () if host.contains("openai.azure.com") || host.contains("cognitiveservices.azure.com") => Dialect::AzureOpenAi,
        () if host.contains("anthropic.com") => Dialect::Anthropic,
        () if host.contains("bedrock-runtime") => Dialect::Bedrock,
        () if host.contains("aiplatform.googleapis.com") || host.contains("generativelanguage.googleapis.com") => Dialect::Vertex,
        () => Dialect::OpenAi,
    }
}

/// The path that the base URL of a known host ends with, where a gateway that passes paths through does not name it.
pub(super) fn path_of_host(host: &str) -> &'static str {
    let is_own = |known: &&(&str, Dialect, &str)| known.2.strip_prefix("https://").is_some_and(|rest| rest.split('/').next() == Some(host));
    let Some((.., url)) = KNOWN.iter().find(is_own) else { return "" };
    url["https://".len()..].find('/').map_or("", |slash| &url["https://".len() + slash..])
}

/// The region that stands in the name of a host.
pub(super) fn region_of_host(host: &str) -> Option<String> {
    let mut labels = host.split('.');
    let first = labels.next()?;
    match first {
        "bedrock-runtime" => labels.next().map(str::to_owned),
        _ => first.strip_suffix("-aiplatform").map(str::to_owned),
    }
}

/// Names for an inventory, each once.
#[derive(Debug, Default)]
pub(super) struct HopNames(Vec<String>);

impl HopNames {
    /// A name made from this text: letters, digits and dashes.
    pub(super) fn next(&mut self, text: &str) -> String {
        let dashed: String =
            text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' }).collect();
        let parts: Vec<&str> = dashed.split('-').filter(|part| !part.is_empty()).collect();
        let base: String = parts.join("-").chars().take(60).collect();
        let base = if base.is_empty() { "provider".to_owned() } else { base };
        let free = |name: &String| !self.0.contains(name);
        let name = std::iter::once(base.clone()).chain((2..).map(|number| format!("{base}-{number}"))).find(free).unwrap_or(base);
        self.0.push(name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_known_by_name_and_by_host() {
        assert_eq!(known("groq", None).unwrap().1.as_deref(), Some("https://api.groq.com/openai/v1"));
        assert_eq!(known("bedrock", Some("eu-west-1")).unwrap().1.as_deref(), Some("https://bedrock-runtime.eu-west-1.amazonaws.com"));
        assert!(known("nobody", None).is_none());
        assert_eq!(dialect_of_host("acme.openai.azure.com"), Dialect::AzureOpenAi);
        assert_eq!((path_of_host("api.openai.com"), path_of_host("acme.example")), ("/v1", ""));
        assert_eq!(region_of_host("bedrock-runtime.eu-west-1.amazonaws.com").as_deref(), Some("eu-west-1"));
        assert_eq!(region_of_host("europe-west4-aiplatform.googleapis.com").as_deref(), Some("europe-west4"));
    }

    #[test]
    fn names_are_an_inventorys_and_differ() {
        let mut names = HopNames::default();
        assert_eq!(
            (names.next("Azure/GPT 4o"), names.next("azure-gpt-4o"), names.next("…")),
            ("azure-gpt-4o".into(), "azure-gpt-4o-2".into(), "provider".into())
        );
    }
}
