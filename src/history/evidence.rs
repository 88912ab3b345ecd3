//! What a verdict is computed from: one compact record a request, the edges of the fault, the terms of judgement.
//!
//! Both a drill's own history and a bare history (what somebody else recorded) are folded into this. All moments are `i64`
//! nanoseconds on one clock, so that before and after the fault are told apart by exact arithmetic.

use super::broken::{ProviderFault, TouchedBy};
use super::event::{Outcome, Phase, StopReason};
use super::rotation::Rotation;
use crate::model::{Gate, LossBudget, Objectives, SloOn, words};
use serde::Serialize;

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
pub struct JudgedRequest {
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
    pub outcome: Outcome,
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
    /// False where a fault answered in the provider's place.
    pub reached: bool,
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
pub struct LedgerEntry {
    /// When it was acknowledged.
    pub acknowledged: i64,
    /// Whether it was still there.
    pub found: bool,
}

/// The terms of judgement. Times in nanoseconds; see the README of `verdict` for their meaning.
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
    /// The same in the busiest second of the plan, where the rate changes.
    pub gap_busiest: Option<i64>,
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
    /// Share of requests that may still be asked of the broken provider first, `rescued_after` the fault.
    pub max_rescued: Option<f64>,
    /// From the fault.
    pub rescued_after: i64,
    /// The longest time from a key's revocation, or a planned rotation's beginning, until every replica uses the new key.
    pub rotation: i64,
    /// Requests that clients may lose until then.
    pub client_errors: Option<u64>,
}

impl Terms {
    /// Those of declared objectives, with the documented defaults for what is not declared. Gaps between requests, errors of clocks and
    /// the planned length of the fault are not known from objectives; they are 0 or absent.
    pub fn of(objectives: &Objectives) -> Self {
        let objectives = objectives.clone().or_default();
        let nanos = |duration: Option<crate::units::Duration>| signed(duration.map_or(0, crate::units::Duration::as_nanos));
        let success = objectives.success.map_or(0.99, crate::units::Ratio::get);
        Self {
            rto: nanos(objectives.rto),
            gate: objectives.gate.unwrap_or(Gate::Cutover),
            slo: nanos(objectives.slo),
            slo_on: objectives.slo_on.unwrap_or(SloOn::Done),
            deadline: nanos(objectives.deadline),
            success,
            lead_in: objectives.lead_in.unwrap_or(5),
            max_consecutive_bad: objectives.max_consecutive_bad.unwrap_or(1),
            hold: nanos(objectives.stable_for),
            gap_max: 0,
            gap_mean: 0,
            gap_busiest: None,
            lag_max: nanos(objectives.lag_max),
            clock_error: 0,
            fault_uncertainty: 0,
            baseline_min: 20,
            baseline_success: success,
            planned_fault: None,
            failback_rto: objectives.failback.map(|failback| signed(failback.as_nanos())),
            failback_hold: None,
            rpo: None,
            max_lost: match objectives.lost {
                Some(LossBudget::Requests(count)) => Some(count),
                _ => None,
            },
            max_lost_share: match objectives.lost {
                Some(LossBudget::Share(share)) => Some(share.get()),
                _ => None,
            },
            max_truncated: objectives.truncated,
            max_duplicates: objectives.duplicates,
            max_overshoot: objectives.overshoot,
            max_rescued: objectives.rescued.map(|rescued| rescued.at_most.get()),
            rescued_after: nanos(objectives.rescued.map(|rescued| rescued.after)),
            rotation: nanos(objectives.rotation.or(objectives.rto)),
            client_errors: objectives.client_errors,
        }
    }
}

/// Nanoseconds since the origin, signed. Half of the range is 292 years.
pub(super) fn signed(nanoseconds: u64) -> i64 {
    i64::try_from(nanoseconds).unwrap_or(i64::MAX / 4)
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
    pub requests: Vec<JudgedRequest>,
    /// In the order of their requests, then of their dispatch. Empty where attempts were not seen.
    pub attempts: Vec<Attempt>,
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
