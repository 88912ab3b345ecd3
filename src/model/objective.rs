//! What was promised: the recovery time objective and what counts as being served.

use super::words;
use crate::units::{Duration, Ratio};
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

/// Objectives as declared. Every field is optional here; a scenario's win over its service's, and
/// [`Objectives::or_default`] fills the rest.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Objectives {
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
    /// The largest lateness of the generator; beyond it the drill is void.
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
}

impl Objectives {
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
        }
    }

    /// These, with documented defaults for everything but the caps (which stay unset) and the RTO (30 s, but `project`
    /// demands one): hold 10 s, success 99 %, gate cutover, SLO 1 s on the whole answer, deadline twice the SLO, lead-in 5,
    /// one consecutive bad request, lateness 5 % of the RTO but at least 20 ms.
    #[must_use]
    pub fn or_default(self) -> Self {
        let rto = self.rto.unwrap_or(Duration::from_secs(30));
        let slo = self.slo.unwrap_or(Duration::from_secs(1));
        let lag = Duration::from_nanos(rto.as_nanos() / 20).max(Duration::from_millis(20));
        self.or(&Self {
            rto: Some(rto),
            stable_for: Some(Duration::from_secs(10)),
            success: Ratio::new(0.99),
            gate: Some(Gate::Cutover),
            slo: Some(slo),
            slo_on: Some(SloOn::Done),
            deadline: Some(slo.times(2)),
            lead_in: Some(5),
            max_consecutive_bad: Some(1),
            lag_max: Some(lag),
            ..Self::default()
        })
    }
}
