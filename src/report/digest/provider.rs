//! What the proxies saw at each provider over time: who was asked in vain and when, how long answers took, what was refused, and what health
//! checks heard.
//!
//! Counts in tenths of a second and histograms: a history of any length takes no more than that. What this file does not do: decide anything.

use super::name_map::NameMap;
use crate::history::{Event, FaultRequested, Served, Stamped, is_health_check, workload_of};
use crate::model::Setting;
use crate::units::Duration;
use hdrhistogram::Histogram;
use std::collections::BTreeMap;

/// Nanoseconds of one count of attempts.
const TENTH: u64 = 100_000_000;
/// So many counts are kept: an hour's. What comes later is in the last.
const TENTHS: usize = 36_000;
/// So many different statuses are told apart.
const STATUSES: usize = 30;

/// What the proxy before one provider saw.
#[derive(Debug, Clone)]
pub(in crate::report) struct ProviderDigest {
    /// Attempts of each workload's that a fault touched, in tenths of a second since the first fault was asked for.
    touched: BTreeMap<usize, Vec<u32>>,
    /// Milliseconds that its whole answers to the drill took at its proxy, where no fault touched them.
    pub(in crate::report) took_ms: Histogram<u64>,
    /// Attempts of the drill's that it refused itself, by status: no fault touched them.
    pub(in crate::report) refused: BTreeMap<u16, u64>,
    /// Health checks while a fault was on it: those that were answered well, and the others.
    pub(in crate::report) checks: [u64; 2],
    /// When a fault said that the gateway should come back, and how many attempts came before that; absent where it said nothing.
    pub(in crate::report) retry: Option<RetryDigest>,
    /// Faults that are on it.
    faults: u32,
}

/// What became of a provider's word when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) struct RetryDigest {
    /// The word.
    pub(in crate::report) after: Duration,
    /// Refusals that said so.
    pub(in crate::report) told: u64,
    /// Attempts that came sooner than the refusal before them asked for. Those that were on their way already are not among them.
    pub(in crate::report) sooner: u64,
    /// When the last refusal ended.
    last: u64,
}

impl Default for ProviderDigest {
    fn default() -> Self {
        Self {
            touched: BTreeMap::new(),
            took_ms: Histogram::new_with_bounds(1, 3_600_000, 2).expect("the bounds are constants"),
            refused: BTreeMap::new(),
            checks: [0; 2],
            retry: None,
            faults: 0,
        }
    }
}

/// The same of all providers.
#[derive(Debug, Clone, Default)]
pub(in crate::report) struct ProvidersDigest {
    each: NameMap<ProviderDigest>,
    /// When the first fault was asked for.
    origin: Option<u64>,
}

impl ProvidersDigest {
    /// Takes one more event in.
    pub(super) fn apply(&mut self, stamped: &Stamped) {
        match &stamped.event {
            Event::FaultRequested(fault) => {
                self.origin.get_or_insert(stamped.t);
                let provider = self.each.of(&fault.on);
                provider.faults += 1;
                provider.retry = provider.retry.or_else(|| retry(fault));
            }
            Event::FaultHealed(fault) => {
                if let Some(provider) = self.each.get_mut(&fault.on) {
                    provider.faults = provider.faults.saturating_sub(1);
                }
            }
            Event::Served(served) => self.each.of(&served.by).served(served, self.origin),
            _ => {}
        }
    }

    /// What was seen at one; `None` where nothing was.
    pub(in crate::report) fn of(&self, provider: &str) -> Option<&ProviderDigest> {
        self.each.get(provider)
    }

    /// Attempts of the drill's at this provider that a fault touched, from this moment of the history on: at least so many.
    pub(in crate::report) fn asked_in_vain_since(&self, provider: &str, moment: u64) -> u64 {
        let workloads = self.each.get(provider).into_iter().flat_map(|seen| seen.touched.keys());
        workloads.map(|workload| self.asked_in_vain_by(*workload, provider, moment)).sum()
    }

    /// The same for requests of the workload at this place of the plan.
    pub(in crate::report) fn asked_in_vain_by(&self, workload: usize, provider: &str, moment: u64) -> u64 {
        let touched = self.each.get(provider).and_then(|seen| seen.touched.get(&workload));
        let (Some(origin), Some(touched)) = (self.origin, touched) else { return 0 };
        let first = usize::try_from(moment.saturating_sub(origin).div_ceil(TENTH)).unwrap_or(usize::MAX);
        // In the last count is also what came before the moment.
        if first >= TENTHS { 0 } else { touched.iter().skip(first).map(|count| u64::from(*count)).sum() }
    }
}

fn retry(fault: &FaultRequested) -> Option<RetryDigest> {
    let attributes = fault.what.kind().attributes.iter().zip(&fault.what.settings().0);
    let (_, after) = attributes.into_iter().find(|(attribute, _)| attribute.name == "retry_after")?;
    let Some(Setting::Time(after)) = after else { return None };
    Some(RetryDigest { after: *after, told: 0, sooner: 0, last: 0 })
}

impl ProviderDigest {
    fn served(&mut self, served: &Served, origin: Option<u64>) {
        let end = served.at + served.took;
        let Some(id) = served.id else {
            let checks = self.faults > 0 && served.request.as_deref().is_some_and(is_health_check);
            if checks {
                self.checks[usize::from(!served.completed() || served.touched)] += 1;
            }
            return;
        };
        if !served.touched {
            if served.completed() {
                self.took_ms.saturating_record(served.took / 1_000_000);
            } else if served.status >= 400 && (self.refused.len() < STATUSES || self.refused.contains_key(&served.status)) {
                *self.refused.entry(served.status).or_default() += 1;
            }
            return;
        }
        let tenth = served.at.saturating_sub(origin.unwrap_or(served.at)) / TENTH;
        let place = usize::try_from(tenth).unwrap_or(usize::MAX).min(TENTHS - 1);
        let touched = self.touched.entry(workload_of(id)).or_default();
        if touched.len() <= place {
            touched.resize(place + 1, 0);
        }
        touched[place] = touched[place].saturating_add(1);
        if let Some(retry) = &mut self.retry {
            let asked_again = retry.told > 0 && served.at >= retry.last;
            retry.sooner += u64::from(asked_again && served.at < retry.last + retry.after.as_nanos());
            retry.told += 1;
            retry.last = retry.last.max(end);
        }
    }
}
