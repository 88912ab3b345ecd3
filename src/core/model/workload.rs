//! The traffic that observes a drill.

use super::{Bursts, Expect, LoadSteps, PlainRequest, Ramp, RequestKind, Tokens, Trace, Wire, words};
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
        /// As somebody recorded them.
        Trace = "trace",
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
    /// The mean rate; of a ramp the one that it begins with, and without bursts.
    pub rate: Rate,
    /// How the rate changes, where it does (in YAML a list in the place of the rate).
    #[serde(default, skip_serializing_if = "Ramp::is_empty")]
    pub ramp: Ramp,
    /// What comes on top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bursts: Option<Bursts>,
    /// What is played instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
    /// When requests are due.
    pub arrivals: Arrivals,
    /// What each asks for.
    pub request: RequestKind,
    /// What an answer must be beyond whole.
    #[serde(default, skip_serializing_if = "Expect::is_empty")]
    pub expect: Expect,
    /// A script of k6 that sends them, as a path from the project's root; `None` where the drill sends them itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// Requests that may be open at once. One that is due beyond this is shed, and the history says so.
    pub max_in_flight: u32,
    /// The most tokens that one of them can have, where it is not one of the traffic's own and somebody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<Tokens>,
    /// What each asks and expects where it is plain HTTP or tcp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errand: Option<PlainRequest>,
    /// How each goes over the wire.
    #[serde(default, skip_serializing_if = "Wire::is_usual")]
    pub wire: Wire,
    /// How the rate climbs in steps while the primary is broken, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<LoadSteps>,
}

impl Workload {
    /// What a script's k6 is given of Lifeboat's environment: whom it trusts, and by whom it goes out. An address there may hold a password.
    pub const PASSED: [&str; 8] =
        ["SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy"];

    /// Short chats at this rate, in jittered slots, one at a time.
    pub fn steady(rate: Rate) -> Self {
        let (arrivals, request) = (Arrivals::Jittered, RequestKind::Chat);
        Self {
            rate,
            ramp: Ramp::default(),
            bursts: None,
            trace: None,
            arrivals,
            request,
            expect: Expect::default(),
            script: None,
            max_in_flight: 1,
            max_tokens: None,
            errand: None,
            wire: Wire::default(),
            steps: None,
        }
    }
}
