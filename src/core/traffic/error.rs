//! Errors of the traffic.

use crate::units::Explained;
use std::borrow::Cow;

/// The reason why traffic cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TrafficError {
    /// The service's address cannot be used.
    #[error("`{url}` is not an address that traffic can be sent to: {problem}")]
    Address {
        /// As configured.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The operating system gave no thread.
    #[error("cannot start the pacing thread")]
    Thread(#[from] std::io::Error),
}

impl Explained for TrafficError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Address { .. } => Some(Cow::Borrowed("write scheme and host, for example http://127.0.0.1:4000/v1")),
            Self::Thread(_) => None,
        }
    }
}
