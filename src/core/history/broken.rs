//! What was broken when, what can be seen of the requests that a fault took, and whose requests it touched.

use super::event::Served;
use crate::model::{ActsOn, Fault, Taken, words};
use serde::Serialize;

words! {
    /// What a fault leaves to see of the requests that it takes.
    FaultVisibility {
        /// Each of them, by name.
        Requests = "requests",
        /// Connections only, which are held: whoever asked waits.
        Held = "held",
        /// Connections only, which end before they carry a request.
        Closed = "closed",
        /// Nothing: not even a connection is taken.
        Nothing = "nothing",
    }
}

impl FaultVisibility {
    /// What this fault leaves.
    pub const fn of(fault: &Fault) -> Self {
        match fault.kind().acts_on {
            ActsOn::Connections(Taken::Held) => Self::Held,
            ActsOn::Connections(Taken::Closed) => Self::Closed,
            ActsOn::Connections(Taken::Refused) => Self::Nothing,
            _ => Self::Requests,
        }
    }
}

/// A fault on a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderFault {
    /// The provider's place in [`super::Evidence::providers`].
    pub provider: u16,
    /// Not in force before.
    pub from: i64,
    /// When it was healed; `None` where nobody tells.
    pub until: Option<i64>,
    /// What can be seen of what it takes.
    pub trace: FaultVisibility,
    /// Connections that it swallowed, of whomever.
    pub connections: u64,
}

impl ProviderFault {
    /// True where it was in force on this provider at this moment.
    pub fn breaks(&self, provider: u16, at: i64) -> bool {
        self.provider == provider && self.holds(at)
    }

    /// True where it was in force at this moment.
    pub fn holds(&self, at: i64) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

/// What a fault touched, by whose it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TouchedBy {
    /// Requests of the drill.
    pub drill: u64,
    /// Requests that have no mark of the drill, and are no health checks as far as that is known.
    pub others: u64,
    /// Of those without a mark the ones that only look: `GET`, `HEAD` and `OPTIONS`.
    pub health_checks: u64,
    /// Connections of which no request is known. Whose they were is not known either.
    pub connections: u64,
}

/// True for what only looks: no model is asked with these methods.
pub fn is_health_check(request: &str) -> bool {
    matches!(request.split(' ').next(), Some("GET" | "HEAD" | "OPTIONS"))
}

/// Whether a fault gave this answer in the provider's place, so that the provider never saw the attempt.
pub(super) fn is_instead(fault: &Fault, served: &Served) -> bool {
    fault.kind().acts_on == ActsOn::Requests && served.touched && served.status >= 300
}
