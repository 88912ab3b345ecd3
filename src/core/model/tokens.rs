//! How many tokens a request has.

use serde::{Deserialize, Serialize};

/// Tokens of one request: what is sent, and what comes back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Of its prompt.
    pub input: u64,
    /// Of its answer.
    pub output: u64,
}

impl Tokens {
    /// The most that a request of the shipped script for k6 can have.
    pub const OF_SHIPPED_SCRIPT: Self = Self { input: 128, output: 64 };
}
