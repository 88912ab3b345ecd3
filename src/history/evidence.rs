//! What a verdict is computed from: one compact record a request, the edges of the fault, the terms of judgement.
//!
//! Both a drill's own history and a bare history (what somebody else recorded) are folded into this. All moments are `i64`
//! nanoseconds on one clock, so that before and after the fault are told apart by exact arithmetic.

use crate::model::{Gate, SloOn};

/// How a request ended, as the judgement sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Answered, whole and as asked.
    Ok,
    /// Known not to have been served.
    Error,
    /// No answer by the deadline.
    Timeout,
    /// Ended without its terminal marker.
    Truncated,
    /// It cannot be known.
    Unknown,
    /// Due and never sent.
    Unsent,
}

/// Who produced an answer, as proven by a proxy's sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Nobody.
    Nobody,
    /// Somebody, but it cannot be told who.
    Unknown,
    /// The provider at this place in [`Evidence::providers`].
    Provider(u16),
}

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// When it was due.
    pub due: i64,
    /// When it was sent.
    pub sent: i64,
    /// When its first byte of content came; its end where that is not known.
    pub proof: i64,
    /// When it ended.
    pub done: i64,
    /// Who answered.
    pub by: By,
    /// How it ended.
    pub kind: Kind,
}

/// One try of one request at one provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// When it was dispatched.
    pub at: i64,
    /// The request's place in [`Evidence::requests`].
    pub request: u32,
    /// The provider's place in [`Evidence::providers`].
    pub provider: u16,
    /// True where the provider answered it whole.
    pub completed: bool,
}

/// A change that happened somewhere in `[lo, hi]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// Not before.
    pub lo: i64,
    /// Not after.
    pub hi: i64,
}

/// One acknowledged write, looked for after the disruption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ledger {
    /// When it was acknowledged.
    pub acknowledged: i64,
    /// Whether it was still there.
    pub found: bool,
}

/// The terms of judgement. Times in nanoseconds; see `measurement` in the README for their meaning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Recovery time objective.
    pub rto: i64,
    /// What it is held against.
    pub gate: Gate,
    /// The longest good answer, from when it was due.
    pub slo: i64,
    /// Which moment of the answer that is held against.
    pub slo_on: SloOn,
    /// The client gives up.
    pub deadline: i64,
    /// Share of requests that must be good while service holds.
    pub success: f64,
    /// Good requests that must open a recovery.
    pub lead_in: u32,
    /// Consecutive bad requests that a recovery may contain.
    pub max_consecutive_bad: u32,
    /// How long service must hold.
    pub hold: i64,
    /// The largest planned gap between two requests.
    pub gap_max: i64,
    /// The mean planned gap, 1/λ.
    pub gap_mean: i64,
    /// The largest lateness that the generator may show.
    pub lag_max: i64,
    /// Largest error between the clocks of generator and proxy.
    pub clock_error: i64,
    /// How far apart the edges of the fault may be, as planned.
    pub fault_uncertainty: i64,
    /// Requests that a baseline needs.
    pub baseline_min: u32,
    /// Share of them that must be good, and served by the primary.
    pub baseline_success: f64,
    /// How long the fault was planned to last.
    pub planned_fault: Option<i64>,
    /// The longest time from the heal until the primary serves again.
    pub failback_rto: Option<i64>,
    /// How long the primary must hold; the recovery's hold where absent.
    pub failback_hold: Option<i64>,
    /// The oldest acknowledged write that may be lost.
    pub rpo: Option<i64>,
    /// Requests that may be lost.
    pub max_lost: Option<u64>,
    /// The same as a share of the requests due while the fault lasted.
    pub max_lost_share: Option<f64>,
    /// Answers that may end early.
    pub max_truncated: Option<u64>,
    /// Executions beyond the first that may happen.
    pub max_duplicates: Option<u64>,
    /// Largest load on the standby over a second, as a multiple of the offered rate.
    pub max_overshoot: Option<f64>,
}

/// Everything that a verdict is computed from.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The terms.
    pub terms: Terms,
    /// Names of providers, by place.
    pub providers: Vec<String>,
    /// Places of the providers whose answers count as not failed over.
    pub primary: Vec<u16>,
    /// Places of the providers whose answers count as failed over.
    pub standbys: Vec<u16>,
    /// When the disruption began; `None` where none was confirmed.
    pub fault: Option<Edge>,
    /// Requests that the fault touched, by the proxy's count.
    pub touched: u64,
    /// When the last fault was healed; `None` where the record ends before.
    pub heal: Option<Edge>,
    /// No request that was due before this is missing.
    pub observed_until: i64,
    /// False where the record breaks off: the drill was killed.
    pub complete: bool,
    /// In the order of their due times.
    pub requests: Vec<Request>,
    /// In the order of their requests, then of their dispatch. Empty where attempts were not seen.
    pub attempts: Vec<Attempt>,
    /// True where attempts were recorded at all.
    pub attempts_seen: bool,
    /// Acknowledged writes, where the service has any.
    pub ledger: Vec<Ledger>,
}

impl Evidence {
    /// The name of a provider.
    pub fn name(&self, place: u16) -> &str {
        &self.providers[usize::from(place)]
    }
}
