//! What a verdict is computed from: one compact record a request, the edges of the fault, what was promised.
//!
//! Both a drill's own history and a bare history (what somebody else recorded) are folded into this. All moments are `i64`
//! nanoseconds on one clock, so that before and after the fault are told apart by exact arithmetic.

use super::bill::Billing;
use super::broken::{ProviderFault, TouchedBy};
use super::cancelled::StopReason;
use super::climb::Climb;
use super::edge::Edge;
use super::event::Phase;
use super::judged_requests::{Attempts, JudgedRequests};
use super::passage::Passage;
use super::rotation::Rotation;
use crate::model::{Objectives, words};
use serde::Serialize;

/// One acknowledged write, looked for after the disruption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerEntry {
    /// When it was acknowledged.
    pub acknowledged: i64,
    /// Whether it was still there.
    pub found: bool,
}

/// How finely a drill can tell when service went and came back: what of its precision is known beforehand, in nanoseconds. None of it was
/// promised to anybody; the README of `verdict` says how a verdict takes it into account.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Instrument {
    /// The largest planned gap between two requests.
    pub gap_max: i64,
    /// The mean planned gap, 1/λ.
    pub gap_mean: i64,
    /// The same in the busiest second of the plan, where the rate changes.
    pub gap_busiest: Option<i64>,
    /// Largest error between the clocks of generator and proxy.
    pub clock_error: i64,
    /// How far apart the edges of the fault may be, as planned.
    pub fault_uncertainty: i64,
    /// How long the fault was planned to last.
    pub planned_fault: Option<i64>,
}

/// Everything that a verdict is computed from.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// What was promised.
    pub objectives: Objectives,
    /// How finely it can be told.
    pub instrument: Instrument,
    /// Names of providers, by place.
    pub providers: Vec<String>,
    /// Places of the providers whose answers count as not failed over.
    pub primary: Vec<u16>,
    /// Places of the providers whose answers count as failed over.
    pub standbys: Vec<u16>,
    /// True where the primaries share the load.
    pub shared: bool,
    /// When the disruption began; `None` where none was confirmed.
    pub fault: Option<Edge>,
    /// Requests that the fault touched, by the proxy's count.
    pub touched: u64,
    /// The same by whose they were; `None` where nobody tells.
    pub touched_by: Option<TouchedBy>,
    /// What was broken, each fault by itself.
    pub broken: Vec<ProviderFault>,
    /// Why it was stopped before its end; `None` where it was not.
    pub stopped: Option<Stopped>,
    /// False where somebody only says that there was a fault, and counted nothing.
    pub touched_counted: bool,
    /// When the last fault was healed; `None` where the record ends before.
    pub heal: Option<Edge>,
    /// No request that was due before this is missing.
    pub observed_until: i64,
    /// False where the record breaks off: the drill was killed.
    pub complete: bool,
    /// In the order of their due times.
    pub requests: JudgedRequests,
    /// In the order of their requests, then of their dispatch. Empty where attempts were not seen.
    pub attempts: Attempts,
    /// True where attempts were recorded at all.
    pub attempts_seen: bool,
    /// Acknowledged writes, where the service has any.
    pub ledger: Vec<LedgerEntry>,
    /// Rotations of keys, one for each provider whose key the timeline revokes or rotates.
    pub rotations: Vec<Rotation>,
    /// True where the timeline breaks nothing and only rotates keys.
    pub only_rotates: bool,
    /// What this evidence cannot tell. Empty for a drill's own history, whose proxies see all of it, unless they are a plain Toxiproxy's;
    /// never empty for somebody else's record.
    pub caveats: Vec<Caveat>,
    /// How the rate climbed in steps, where it was to.
    pub climb: Option<Climb>,
    /// What was asked of a provider only to compare it with the one that answered; in the order of their requests. None of it is in `attempts`.
    pub shadows: Vec<Shadow>,
    /// What went to which provider, with which credential. Empty for somebody else's record.
    pub passage: Passage,
    /// What its answers cost.
    pub billing: Billing,
}

/// An attempt whose answer nobody got: a provider was asked the same as the one that answered (`dual_run:`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shadow {
    /// The request's place in [`Evidence::requests`].
    pub request: u32,
    /// Who was asked.
    pub provider: u16,
    /// How long it took.
    pub took: i64,
    /// True where the answer began well. Some gateways hang up then: nobody wants the rest.
    pub answered: bool,
    /// True where it was whole as well.
    pub completed: bool,
    /// How long the answer took of the provider that answered the request, by its proxy; `None` where it was not seen to answer whole.
    pub beside: Option<i64>,
}

/// The end of a drill before its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// Why.
    pub reason: StopReason,
    /// In words.
    pub detail: String,
    /// What to do about it, where somebody said.
    pub hint: Option<String>,
    /// In which phase.
    pub phase: Phase,
}

/// A claim that a record cannot support, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Caveat {
    /// What is lost.
    pub name: Lost,
    /// Why, and what follows from it, in a sentence for people.
    pub text: String,
}

words! {
    /// What a record cannot tell.
    Lost {
        /// What was promised.
        Objectives = "objectives",
        /// When the fault began, by a proxy's own stamp.
        FaultSeen = "fault_seen",
        /// What would have happened to requests that a closed model held back.
        OpenModel = "open_model",
        /// When each request was due, and with it how late it was sent.
        DueTimes = "due_times",
        /// When some requests were sent.
        SendTimes = "send_times",
        /// Who served.
        WhoServed = "who_served",
        /// Who was asked before the one that answered.
        Attempts = "attempts",
        /// Proof of who served, by a proxy that only looks on.
        WhoServedProven = "who_served_proven",
        /// How many requests the fault touched.
        Touched = "touched",
        /// Whether answers were whole.
        Completeness = "completeness",
        /// How long answers took.
        AnswerTimes = "answer_times",
        /// When the first content of an answer came.
        FirstContent = "first_content",
        /// Requests that were not answered.
        Unanswered = "unanswered",
        /// Requests that never reached the log.
        Unreached = "unreached",
        /// Times finer than they were written.
        FineTimes = "fine_times",
        /// The lines that could not be read.
        EveryLine = "every_line",
        /// Lines that could not be read, of the time that decides.
        LinesNearFault = "lines_near_fault",
        /// As many lines that could not be read after the hold as may hide that service did not stay.
        LinesAfterHold = "lines_after_hold",
        /// How closely requests followed each other once the fault had begun.
        Spacing = "spacing",
    }
}

impl Evidence {
    /// True where this cannot be told.
    pub fn lacks(&self, lost: Lost) -> bool {
        self.caveats.iter().any(|caveat| caveat.name == lost)
    }

    /// True where it is a record that somebody else made: no drill's proxy saw the fault.
    pub fn is_record(&self) -> bool {
        self.lacks(Lost::FaultSeen)
    }

    /// The faults on providers that share the load.
    pub fn broken_shares(&self) -> impl Iterator<Item = &ProviderFault> {
        self.broken.iter().filter(|broken| self.shared && self.primary.contains(&broken.provider))
    }

    /// The name of a provider.
    pub fn name(&self, place: u16) -> &str {
        &self.providers[usize::from(place)]
    }
}
