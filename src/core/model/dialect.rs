//! The protocols that providers speak.

use super::words;

words! {
    /// The protocol that a provider speaks.
    Dialect {
        /// OpenAI's HTTP API.
        OpenAi = "openai",
        /// OpenAI's bodies on Azure's paths, headers and errors.
        AzureOpenAi = "azure-openai",
        /// Anthropic's messages API.
        Anthropic = "anthropic",
        /// AWS Bedrock's converse and invoke APIs.
        Bedrock = "bedrock",
        /// Google Vertex AI and Gemini.
        Vertex = "vertex",
        /// Any HTTP service.
        Http = "http",
        /// Any TCP service: the proxy sees bytes only.
        Tcp = "tcp",
    }
}

impl Dialect {
    /// True where a chat completion has the body that OpenAI gave it, so that who speaks OpenAI's dialect can pass it on.
    pub const fn has_openai_bodies(self) -> bool {
        !matches!(self, Self::Anthropic | Self::Bedrock | Self::Vertex)
    }
}
