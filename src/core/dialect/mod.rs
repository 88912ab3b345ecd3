//! How providers speak: requests, answers, streams, errors. Pure bytes in, bytes out, shared by traffic, lab and proxy.
//!
//! A client ([`wire_request`], [`AnswerReader`]), a server ([`Route`], [`ProviderRequest`], [`ProviderAnswer`]) and what a proxy must
//! recognise on the way ([`find_mark`], [`credential`], [`error_answer`]) are written against the same codecs, so that what the lab
//! answers and what the traffic checks cannot drift apart. What keeps them honest is that unmodified clients and gateways of
//! others talk to both sides.
//!
//! # Layout
//!
//! A dialect is a *provider* (`provider/`: paths, keys, limits, errors) and a *codec* for each operation (`codec/`: requests, answers,
//! streams). A file uses only files above it:
//!
//! ```text
//!  data       wire, mark, client_request, provider_request, answer_format, composed_answer, partial_answer, provider_error, route, limit
//!  encodings  sse, eventstream (AWS's binary frames), lenient (JSON), json_body, json_path, http_date, usage (tokens)
//!  traits     operation_codec, provider_api
//!  codec/     completions, responses, embeddings, messages, converse, invoke, generate_content
//!  provider/  openai, azure, anthropic, bedrock, vertex
//!  registry   which provider and which codecs a dialect has
//!  own chats  chat, chat_body, chat_request (conversations of somebody's own), chat_reader, chat_calls (their answers)
//!  both sides request, probe_request (one token), told_quota (limits as a client reads them), provider_answer, answer_reader, error_answer, headers, endpoints, stream (events of a stream), tamper (broken answers), usage_reader (tokens of answers on their way)
//! ```
//!
//! So the words of a 429 of Bedrock are in `provider/bedrock.rs` (`error`), and the end of a chat's stream in `codec/completions.rs`.
//!
//! # Adding a dialect
//!
//! 1. Name it in [`Dialect`](crate::model::Dialect), with the operations that it has.
//! 2. Write `provider/NAME.rs`, a `ProviderApi`: its table of errors is most of it.
//! 3. Write `codec/OPERATION.rs`, an `OperationCodec`, for each operation that no codec has yet.
//! 4. Enter both in `registry.rs`, and a column in the table of errors that the test in `error_answer.rs` holds. The other tests of this room
//!    cover it by themselves (`samples.rs`). The compiler names what else must know it: its list prices in `price`.
//!
//! What this room does not do: sockets, time, randomness, or deciding which fault to play.

mod answer_format;
mod answer_reader;
mod chat;
mod chat_body;
mod chat_calls;
mod chat_reader;
mod chat_request;
mod client_request;
mod codec;
mod composed_answer;
mod declined;
mod endpoints;
mod error_answer;
mod eventstream;
mod headers;
mod http_date;
mod json_body;
mod json_path;
mod lenient;
mod limit;
mod mark;
mod operation_codec;
mod partial_answer;
mod probe_request;
mod provider;
mod provider_answer;
mod provider_api;
mod provider_error;
mod provider_request;
mod registry;
mod request;
mod route;
#[cfg(test)]
mod samples;
mod sse;
mod stream;
mod tamper;
mod told_quota;
mod usage;
mod usage_reader;
mod wire;

pub use answer_format::AnswerFormat;
pub use answer_reader::{AnswerReader, Flaw, Glimpse};
pub use chat::{Chat, ChatForm, ChatMessage, ChatRole, ChatTool};
pub use chat_calls::ChatCall;
pub use chat_reader::{ChatAnswer, ChatFailure, ChatReader};
pub use chat_request::{chat_request, chat_tokens};
pub use client_request::{ClientRequest, canary, prompt, request_tokens};
pub use declined::is_declined;
pub use endpoints::{base_path, model, model_list};
pub use error_answer::{error_answer, error_event, error_reply};
pub use headers::{credential, credential_header, head_fault, quota_headers, receipt_headers, retry_headers, tenant};
pub use limit::{Quota, Quotas};
pub use mark::{MARK_HEADER, Mark, find_mark};
pub use probe_request::{ProbeForm, TokenLimit, model_request, probe_request};
pub use provider_answer::{ProviderAnswer, is_stream};
pub use provider_error::{RefusalReason, error_code};
pub use provider_request::{ProviderRequest, Vectors};
pub use request::{estimated_tokens, plain_request, wire_request, with_parameters};
pub use route::{Route, is_inference};
pub use stream::{Boundary, EventSplitter, StreamEvent};
pub use tamper::{error_midway, has_data, is_terminal, malformed, sign_of_life, with_dearer_usage, with_garbled_text, with_other_model};
pub use told_quota::{ToldQuota, told_quotas};
pub use usage::reported_tokens;
pub use usage_reader::UsageReader;
pub use wire::{Receipt, WireAnswer, WireRequest};
