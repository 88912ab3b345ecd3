//! Which provider's API and which codec belong to a dialect. A new dialect is entered here.

use super::answer_format::AnswerFormat;
use super::codec::{Completions, Converse, Embeddings, GenerateContent, Invoke, Messages, Responses};
use super::operation_codec::OperationCodec;
use super::provider::{Anthropic, Azure, Bedrock, OpenAi, Vertex};
use super::provider_api::ProviderApi;
use crate::model::{Dialect, Operation};

/// The API of a dialect's provider. A service of plain HTTP or tcp is taken to have OpenAI's, as gateways do.
pub(super) const fn provider_api(dialect: Dialect) -> &'static dyn ProviderApi {
    match dialect {
        Dialect::OpenAi | Dialect::Http | Dialect::Tcp => &OpenAi,
        Dialect::AzureOpenAi => &Azure,
        Dialect::Anthropic => &Anthropic,
        Dialect::Bedrock => &Bedrock,
        Dialect::Vertex => &Vertex,
    }
}

/// The codec of an operation; that of a chat where the dialect does not have the operation (`check` refuses such traffic).
pub(super) const fn operation_codec(dialect: Dialect, operation: Operation) -> &'static dyn OperationCodec {
    match (dialect, operation) {
        (Dialect::Bedrock, Operation::Invoke) => &Invoke,
        (Dialect::Bedrock, _) => &Converse,
        (Dialect::Anthropic, _) => &Messages,
        (Dialect::Vertex, _) => &GenerateContent,
        (_, Operation::Responses) => &Responses,
        (_, Operation::Embeddings) => &Embeddings,
        _ => &Completions,
    }
}

impl AnswerFormat {
    pub(super) fn codec(self) -> &'static dyn OperationCodec {
        operation_codec(self.dialect, self.operation)
    }
}
