//! The traffic that observes a drill.

use super::words;
use crate::units::Rate;
use serde::{Deserialize, Serialize};

words! {
    /// When requests are due, in an open model: none waits for another.
    Arrivals {
        /// Every 1/rate.
        Constant = "constant",
        /// Exponential gaps: no phase lock with anything periodic, but unbounded gaps.
        Poisson = "poisson",
        /// One a slot of 1/rate, at a random place in its first half: no phase lock either, and gaps of at most one and a half slots.
        Jittered = "jittered",
    }
}

words! {
    /// What one request asks for.
    RequestKind {
        /// A chat completion, answered whole.
        Chat = "chat",
        /// A chat completion, streamed.
        ChatStream = "chat-stream",
    }
}

/// The traffic of a drill.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// The mean rate.
    pub rate: Rate,
    /// When requests are due.
    pub arrivals: Arrivals,
    /// What each asks for.
    pub request: RequestKind,
    /// Requests that may be open at once. One that is due beyond this is shed, and the history says so.
    pub max_in_flight: u32,
}
