//! How providers speak: requests, answers, streams, errors. Pure bytes in, bytes out, shared by traffic, lab and proxy.
//!
//! A client ([`chat_request`], [`AnswerReader`]), a server ([`Route`], [`ChatAsk`], [`ChatReply`]) and what a proxy must
//! recognise on the way ([`find_mark`], [`credential`], [`error_answer`]) are written against the same shapes, so that what the lab
//! answers and what the traffic checks cannot drift apart. What keeps them honest is that unmodified clients and gateways of
//! others talk to both sides.
//!
//! Spoken here: OpenAI chat completions, whole and streamed (server-sent events), and the same on Azure OpenAI's paths, headers and
//! errors. What this room does not do: sockets, time, randomness, or deciding which fault to play.

mod answer;
mod chat;
mod credential;
mod failure;
mod mark;
mod reply;
mod route;

pub use answer::{AnswerReader, Flaw};
pub use chat::{Ask, ChatAsk, canary, chat_request, prompt};
pub use credential::{credential, credential_header};
pub use failure::{ProviderFault, error_answer, error_code};
pub use mark::{MARK_HEADER, Mark, find_mark};
pub use reply::ChatReply;
pub use route::{Route, base_path};

/// A request as bytes: what follows the base URL of whoever is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireRequest {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Path and query after the base URL; begins with `/`.
    pub path: String,
    /// Header names in lower case, and values. `host` and `content-length` are the client's business.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// An answer as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireAnswer {
    /// HTTP status.
    pub status: u16,
    /// Header names in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}
