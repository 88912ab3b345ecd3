//! One question to a provider itself, outside of any drill: the request as bytes, the answer as pieces with their moments.
//!
//! What compares providers, and what looks whether they are there today, asks through here, so that there is one place that resolves where a
//! provider is and which key it takes, and one clock of what an answer took.
//!
//! What this room does not do: drive load (`traffic` does), decide whether a provider may be asked ([`crate::model::Allow::may_ask`] says it),
//! read what an answer means (`dialect` does), or follow a redirect.

mod proof;
mod provider;
mod question;

pub use proof::RequestProof;
pub use provider::{AskError, AskedProvider};
pub use question::{AnswerPieces, TimedPiece};
pub use reqwest::Client as QuestionClient;
