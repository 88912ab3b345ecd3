//! What is recorded of requests of which primary and standby must decide alike.
//!
//! Who decided is what the fault proxies saw of the request with this number; the client alone knows whether an answer refuses in its words.

use super::number::request_id;
use crate::model::{ProbeDecision, words};

words! {
    /// When a probe was asked.
    ProbeRound {
        /// Before the fault, while the primary serves.
        Baseline = "baseline",
        /// While it is broken, once the standby should serve.
        Fault = "fault",
    }
}

/// A probe was asked, and decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParityProbed {
    /// Its place in the plan's list, from 0.
    pub probe: u32,
    /// The number of the request.
    pub id: u64,
    /// When it was asked.
    pub round: ProbeRound,
    /// Nanoseconds since the origin: when it was sent.
    pub at: u64,
    /// From `at` to its end.
    pub took: u64,
    /// HTTP status of the answer; 0 where none came.
    pub status: u16,
    /// What was decided; absent where nothing was, since it failed.
    pub decision: Option<ProbeDecision>,
}

impl ParityProbed {
    /// Requests of this kind have the place of no workload.
    pub const PLACE: usize = 4000;

    /// The number of the request that asks for the so-manieth time.
    pub const fn id(number: u64) -> u64 {
        request_id(Self::PLACE, number)
    }
}
