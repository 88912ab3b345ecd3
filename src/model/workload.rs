//! The traffic that observes a drill.

use super::words;
use crate::units::{Duration, Rate};
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

words! {
    /// Who sends.
    Engine {
        /// The drill itself.
        Own = "own",
        /// A k6 that the drill starts.
        K6 = "k6",
    }
}

/// What is sent, and when. A drill's traffic is one of these or several, see [`super::NamedWorkload`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// The mean rate.
    pub rate: Rate,
    /// When requests are due.
    pub arrivals: Arrivals,
    /// What each asks for.
    pub request: RequestKind,
    /// A script of k6 that sends them, as a path from the project's root; `None` where the drill sends them itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// Requests that may be open at once. One that is due beyond this is shed, and the history says so.
    pub max_in_flight: u32,
}

impl Workload {
    /// How many requests are due before a moment of the traffic, on average.
    pub fn requests(&self, until: Duration) -> f64 {
        until.as_secs_f64() * self.rate.as_per_second()
    }

    /// The largest gap between two requests that the arrivals plan over a time, as far as it is known without a seed: 1/λ, one and a
    /// half of it for jittered slots, and for Poisson the length that no gap exceeds with a probability of 95 %.
    pub fn gap_expected(&self, over: Duration) -> Duration {
        let gap = self.rate.gap();
        match self.arrivals {
            Arrivals::Constant => gap,
            Arrivals::Jittered => Duration::from_nanos(gap.as_nanos() / 2 * 3),
            Arrivals::Poisson => {
                let requests = (over.as_secs_f64() / gap.as_secs_f64()).max(1.0);
                std::time::Duration::from_secs_f64(gap.as_secs_f64() * (requests / 0.05).ln()).into()
            }
        }
    }
}
