//! The codecs, one file an operation: how its requests, answers and streams are written and read.

mod completions;
mod converse;
mod embeddings;
mod generate_content;
mod invoke;
mod messages;
mod responses;

pub(super) use completions::Completions;
pub(super) use converse::Converse;
pub(super) use embeddings::Embeddings;
pub(super) use generate_content::GenerateContent;
pub(super) use invoke::Invoke;
pub(super) use messages::Messages;
pub(super) use responses::Responses;
