//! The providers, one file each: paths, keys, limits and errors. Here it stands with which status, code and words each refuses.

mod anthropic;
mod azure;
mod bedrock;
mod openai;
mod vertex;

pub(super) use anthropic::Anthropic;
pub(super) use azure::Azure;
pub(super) use bedrock::Bedrock;
pub(super) use openai::OpenAi;
pub(super) use vertex::Vertex;
