//! Two providers that were asked the same, of whom one answered: how the other's answers would have compared.
//!
//! The pairs are those requests of which both were seen at their proxies. What is compared is whole answers and what they took at the provider; what
//! was in them nobody but the gateway sees. What this file does not do: price it (`report`).

use super::Millis;
use crate::history::{Evidence, Shadow};
use crate::units::Tally;

/// What a shadow did beside the provider that answered.
#[derive(Debug, Clone, PartialEq)]
pub struct ShadowComparison {
    /// The provider that was asked beside.
    pub shadow: String,
    /// Requests that were asked of both.
    pub asked: u64,
    /// Of these the ones that the shadow did not begin to answer well.
    pub failed: u64,
    /// The same of whoever was to answer them.
    pub failed_beside: u64,
    /// By how much the shadow's share of failures is larger, at least and at most (each bound at 95 %).
    pub more: (f64, f64),
    /// Within which time half of those were answered that both answered whole: by the shadow, and by the other.
    pub median: Option<(Millis, Millis)>,
    /// The same of 95 of 100.
    pub p95: Option<(Millis, Millis)>,
}

/// `None` where nobody was asked beside.
pub(super) fn dual_run(evidence: &Evidence) -> Option<ShadowComparison> {
    let shadows = &evidence.shadows;
    let provider = shadows.first()?.provider;
    let asked = shadows.len() as u64;
    let failures = |failed: fn(&Shadow) -> bool| Tally { hits: shadows.iter().filter(|shadow| failed(shadow)).count() as u64, of: asked };
    let (own, rest) = (failures(|shadow| !shadow.answered), failures(|shadow| shadow.beside.is_none()));
    let both = || shadows.iter().filter(|shadow| shadow.completed).filter_map(|shadow| Some((shadow.took, shadow.beside?)));
    let (mut own_times, mut rest_times): (Vec<i64>, Vec<i64>) = both().unzip();
    own_times.sort_unstable();
    rest_times.sort_unstable();
    let at = |percent: usize| {
        let place = (own_times.len() * percent).div_ceil(100).checked_sub(1)?;
        Some((Millis(own_times[place]), Millis(rest_times[place])))
    };
    Some(ShadowComparison {
        shadow: evidence.name(provider).to_owned(),
        asked,
        failed: own.hits,
        failed_beside: rest.hits,
        more: own.beyond(rest),
        median: at(50),
        p95: at(95),
    })
}
