//! What was promised: the recovery time objective and what counts as being served.

use super::words;
use crate::units::{Duration, Money, Ratio};
use serde::{Deserialize, Serialize};

words! {
    /// Which recovery the RTO is held against.
    Gate {
        /// Users are well served by a standby.
        Cutover = "cutover",
        /// Users are well served, by anyone.
        Restore = "restore",
    }
}

words! {
    /// Which moment of an answer the service level is held against.
    SloOn {
        /// Its last byte.
        Done = "done",
        /// The first byte of content that proves service.
        Proof = "proof",
    }
}

/// How many requests may be lost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossBudget {
    /// This many.
    Requests(u64),
    /// This share of the requests that were due while the fault lasted.
    Share(Ratio),
}

/// How many requests may still be asked of the broken provider first, although another answers them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rescues {
    /// This share of those that are due in that time.
    pub at_most: Ratio,
    /// From so long after the fault until it is healed.
    #[serde(default)]
    pub after: Duration,
}

/// Objectives as people declare them. Every field is optional, because a workload's win over its scenario's and those over its service's;
/// [`resolved`](DeclaredObjectives::resolved) fills the rest.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DeclaredObjectives {
    /// Recovery time objective: the longest time that users may be without service.
    pub rto: Option<Duration>,
    /// How long service must hold before it counts as recovered.
    pub stable_for: Option<Duration>,
    /// The share of requests that must be good while it holds, and in the baseline.
    pub success: Option<Ratio>,
    /// What the RTO is held against.
    pub gate: Option<Gate>,
    /// The longest time to `slo_on` for which an answer is good, measured from when the request was due.
    pub slo: Option<Duration>,
    /// Which moment `slo` is held against.
    pub slo_on: Option<SloOn>,
    /// When the client gives up on a request.
    pub deadline: Option<Duration>,
    /// Consecutive good requests that must open a recovery.
    pub lead_in: Option<u32>,
    /// Consecutive bad requests that a recovery may contain.
    pub max_consecutive_bad: Option<u32>,
    /// The largest lag of the generator; beyond it the drill is void.
    pub lag_max: Option<Duration>,
    /// The longest time from the heal until the primary serves again.
    pub failback: Option<Duration>,
    /// Requests that may be lost (for a stateless gateway this is its RPO).
    pub lost: Option<LossBudget>,
    /// Streams that may end early.
    pub truncated: Option<u64>,
    /// Requests that may be executed more than once.
    pub duplicates: Option<u64>,
    /// The highest load on the standby over any second, as a multiple of the offered rate.
    pub overshoot: Option<f64>,
    /// Requests that may still be rescued: asked of the broken provider first, and answered by another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rescued: Option<Rescues>,
    /// The longest time from a key's revocation, or a planned rotation's beginning, until every replica uses the new key; the RTO
    /// where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Duration>,
    /// Requests that clients may lose from then until the last replica uses the new key; none in a planned rotation where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_errors: Option<u64>,
    /// The share of the primary's load that the standby must bear; judged where the traffic climbs in steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Ratio>,
    /// The legal areas that requests may reach, as providers name theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residency: Option<Vec<String>>,
    /// What answers may cost from the first fault until traffic has moved, or until the faults end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spend: Option<Money>,
}

impl DeclaredObjectives {
    /// These, with what is missing taken from `fallback`.
    #[must_use]
    pub fn or(self, fallback: &Self) -> Self {
        Self {
            rto: self.rto.or(fallback.rto),
            stable_for: self.stable_for.or(fallback.stable_for),
            success: self.success.or(fallback.success),
            gate: self.gate.or(fallback.gate),
            slo: self.slo.or(fallback.slo),
            slo_on: self.slo_on.or(fallback.slo_on),
            deadline: self.deadline.or(fallback.deadline),
            lead_in: self.lead_in.or(fallback.lead_in),
            max_consecutive_bad: self.max_consecutive_bad.or(fallback.max_consecutive_bad),
            lag_max: self.lag_max.or(fallback.lag_max),
            failback: self.failback.or(fallback.failback),
            lost: self.lost.or(fallback.lost),
            truncated: self.truncated.or(fallback.truncated),
            duplicates: self.duplicates.or(fallback.duplicates),
            overshoot: self.overshoot.or(fallback.overshoot),
            rescued: self.rescued.or(fallback.rescued),
            rotation: self.rotation.or(fallback.rotation),
            client_errors: self.client_errors.or(fallback.client_errors),
            capacity: self.capacity.or(fallback.capacity),
            residency: self.residency.or_else(|| fallback.residency.clone()),
            spend: self.spend.or(fallback.spend),
        }
    }

    /// What they come to, with the documented defaults for all but the caps. (The RTO has one as well, though `project` demands that it is
    /// declared.)
    #[must_use]
    pub fn resolved(self) -> Objectives {
        let rto = self.rto.unwrap_or(Duration::from_secs(30));
        let slo = self.slo.unwrap_or(Duration::from_secs(1));
        let hold = self.stable_for.unwrap_or(Duration::from_secs(10));
        let success = self.success.unwrap_or(SUCCESS);
        let lag = Duration::from_nanos(rto.as_nanos() / 20).max(Duration::from_millis(20));
        Objectives {
            rto,
            gate: self.gate.unwrap_or(Gate::Cutover),
            hold,
            success,
            slo,
            slo_on: self.slo_on.unwrap_or(SloOn::Done),
            deadline: self.deadline.unwrap_or(slo.times(2)),
            lead_in: self.lead_in.unwrap_or(5),
            max_consecutive_bad: self.max_consecutive_bad.unwrap_or(1),
            lag_max: self.lag_max.unwrap_or(lag),
            baseline_min: Objectives::BASELINE_MIN,
            baseline_success: success,
            failback: self.failback,
            failback_hold: hold,
            lost: self.lost,
            truncated: self.truncated,
            duplicates: self.duplicates,
            overshoot: self.overshoot,
            rescued: self.rescued,
            rotation: self.rotation.unwrap_or(rto),
            client_errors: self.client_errors,
            rpo: None,
            capacity: self.capacity,
            spend: self.spend,
        }
    }
}

/// What was promised, resolved: what a drill is planned by, watched by and judged by. `project` makes it once of what people declared, the
/// plan carries it, and the history keeps it, so that a verdict holds nothing against a service that was not agreed before. Only what may be
/// left without a limit is optional.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Objectives {
    /// Recovery time objective: the longest time that users may be without service.
    pub rto: Duration,
    /// What the RTO is held against.
    pub gate: Gate,
    /// How long service must hold before it counts as recovered (`stable_for` in YAML).
    pub hold: Duration,
    /// The share of requests that must be good while it holds.
    pub success: Ratio,
    /// The service level: the longest time to `slo_on` for which an answer is good, measured from when the request was due.
    pub slo: Duration,
    /// Which moment `slo` is held against.
    pub slo_on: SloOn,
    /// When the client gives up on a request.
    pub deadline: Duration,
    /// Consecutive good requests that must open a recovery.
    pub lead_in: u32,
    /// Consecutive bad requests that a recovery may contain.
    pub max_consecutive_bad: u32,
    /// The largest lag of the generator; beyond it the drill is void.
    pub lag_max: Duration,
    /// Requests that a baseline needs before it says anything.
    pub baseline_min: u32,
    /// The share of them that must be good, and served by the primary.
    pub baseline_success: Ratio,
    /// The longest time from the heal until the primary serves again; without a limit where absent, as all that follow.
    pub failback: Option<Duration>,
    /// How long the primary must hold then.
    pub failback_hold: Duration,
    /// Requests that may be lost (for a stateless gateway this is its RPO).
    pub lost: Option<LossBudget>,
    /// Streams that may end early.
    pub truncated: Option<u64>,
    /// Requests that may be executed more than once.
    pub duplicates: Option<u64>,
    /// The highest load on the standby over any second, as a multiple of the offered rate.
    pub overshoot: Option<f64>,
    /// Requests that may still be rescued: asked of the broken provider first, and answered by another.
    pub rescued: Option<Rescues>,
    /// The longest time from a key's revocation, or a planned rotation's beginning, until every replica uses the new key.
    pub rotation: Duration,
    /// Requests that clients may lose until then; none in a planned rotation where absent.
    pub client_errors: Option<u64>,
    /// The oldest acknowledged write that may be lost, where a service acknowledges any.
    pub rpo: Option<Duration>,
    /// The share of the primary's load that the standby must bear; judged where the traffic climbs in steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Ratio>,
    /// What answers may cost from the first fault until traffic has moved, or until the faults end.
    pub spend: Option<Money>,
}

/// The share of good requests where nobody says another.
const SUCCESS: Ratio = Ratio::new(0.99).expect("a constant from 0 to 1");

impl Objectives {
    /// Requests that a baseline needs where nobody says another number.
    pub const BASELINE_MIN: u32 = 20;
}

impl Default for Objectives {
    fn default() -> Self {
        DeclaredObjectives::default().resolved()
    }
}
