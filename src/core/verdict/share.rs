//! Services whose providers share the load (active-active), of which a fault takes one away.
//!
//! Nothing is cut over there: the others serve all the time. What must happen is that the share of the broken one *moves*, so that users are
//! well served again and nobody waits for it any more. A request has moved where it is well served, by another provider, and did not wait
//! for a broken one before; cutover is the onset of that, by the same rule as any other, and so bears a request that tries the broken one
//! now and then, as the promise allows.
//!
//! Who waited is told by the proxies: an attempt at a broken provider came before the one that answered. What a fault on connections
//! swallows no proxy reads; what `rescue` makes of such requests counts here, too: who was rescued has waited, who may have been may have.
//!
//! Where nothing went bad, what shows that there was a share to move is that a request waited for a broken one, or that those gave fewer
//! answers than chance (1 %) leaves to their earlier share.
//!
//! Failback is that the broken one has a share again: it answers, service holds, and within the hold it answers as much as chance (1 %)
//! leaves to a provider with half of its earlier share.

use super::Millis;
use super::interval::Interval;
use super::rescue::{ServingPath, Usual, attempts_of};
use super::window::{RequestWindow, Tri, good, places};
use crate::history::{Balanced, By, Edge, Evidence, JudgedRequest, ProviderFault};
use crate::units::{Binomial, reaches};
use std::collections::HashMap;

/// The share of the providers that were broken, among those that share the load.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// Their names.
    pub of: Vec<String>,
    /// The part of the answers before the fault that they gave together.
    pub before: f64,
    /// Requests that were well served, though one of them was waited for.
    pub waited: u64,
    /// When the last of these was sent; `None` where there was none.
    pub until: Option<Millis>,
}

/// How improbable it must be that chance alone hides a share.
const CHANCE: f64 = 0.01;

/// How the requests due in `[fault.lo, to)` read: whether each has moved. `None` where no load is shared.
pub(super) fn moving<'e>(evidence: &'e Evidence, fault: Edge, to: i64) -> Option<RequestWindow<'e>> {
    if !evidence.shared {
        return None;
    }
    let (first, last) = places(evidence, fault.lo, to);
    let usual = Usual::before(evidence, (first, last), fault);
    let reads = (first..last).map(|place| has_moved(evidence, &usual, place)).collect();
    Some(RequestWindow { evidence, first, requests: evidence.requests.slice(first..last), reads, to })
}

fn has_moved(evidence: &Evidence, usual: &Usual, place: usize) -> Tri {
    let request = &evidence.requests.at(place);
    let broken = |provider: u16, at: i64| evidence.broken_shares().any(|broken| broken.breaks(provider, at));
    let (served, by) = match (good(&evidence.objectives, request), request.by) {
        (Tri::No, _) | (_, By::Nobody) => return Tri::No,
        (_, By::Unknown) => return Tri::Maybe,
        (served, By::Provider(by)) => (served, by),
    };
    let tries = attempts_of(evidence, place);
    let answer = tries.iter().find(|attempt| attempt.completed && attempt.provider == by);
    let Some(answer) = answer.filter(|_| usual.known) else {
        // Nobody saw when it was dispatched, so nobody can say that it did not wait.
        return if broken(by, request.sent) { Tri::No } else { Tri::Maybe };
    };
    let waited = tries.iter().any(|attempt| attempt.at < answer.at && broken(attempt.provider, attempt.at));
    if broken(by, answer.at) || waited {
        return Tri::No;
    }
    match usual.course(evidence, place).0 {
        ServingPath::Rescued { .. } => Tri::No,
        ServingPath::Perhaps { at_once: false } => Tri::Maybe,
        ServingPath::Perhaps { at_once: true } | ServingPath::Direct => served,
    }
}

/// Answers that a broken provider gave among those before the fault, and all of them.
fn before(evidence: &Evidence, provider: u16, fault: Edge) -> (u64, u64) {
    counted(evidence.requests.iter().take_while(|request| request.due < fault.lo).filter(|request| request.done < fault.lo), provider)
}

/// Answers of one provider, and of all that are known.
fn counted(requests: impl Iterator<Item = JudgedRequest>, provider: u16) -> (u64, u64) {
    let by = requests.filter_map(|request| if let By::Provider(by) = request.by { Some(by) } else { None });
    by.fold((0, 0), |(own, all), by| (own + u64::from(by == provider), all + 1))
}

/// The broken providers, each once.
fn broken(evidence: &Evidence) -> Vec<u16> {
    let mut providers: Vec<u16> = evidence.broken_shares().map(|broken| broken.provider).collect();
    providers.sort_unstable();
    providers.dedup();
    providers
}

/// Whether it shows that there was a share to move; `None` where no load is shared.
pub(super) fn exercised(evidence: &Evidence, fault: Edge, window: &RequestWindow<'_>) -> Option<bool> {
    if !evidence.shared {
        return None;
    }
    let waited = window.requests.iter().zip(&window.reads).any(|(request, reading)| *reading == Tri::No && moved_late(evidence, &request));
    Some(waited || evidence.broken_shares().any(|broken| gives_less(evidence, broken, fault, window)))
}

/// Whether another provider than the broken ones answered a request.
fn moved_late(evidence: &Evidence, request: &JudgedRequest) -> bool {
    let is_broken = |by: u16| evidence.broken_shares().any(|broken| broken.breaks(by, request.sent));
    good(&evidence.objectives, request) == Tri::Yes && matches!(request.by, By::Provider(by) if !is_broken(by))
}

/// Whether this provider answered less while it was broken than chance leaves to the share that it had.
fn gives_less(evidence: &Evidence, broken: &ProviderFault, fault: Edge, window: &RequestWindow<'_>) -> bool {
    let (own_before, all_before) = before(evidence, broken.provider, fault);
    let since = window.requests.iter().filter(|request| broken.holds(request.sent));
    let (own, all) = counted(since, broken.provider);
    own_before > 0 && Binomial::hitting(own_before as f64 / all_before as f64, all).at_most(own) <= CHANCE
}

/// The providers that a moved share is moved to.
pub(super) fn others(evidence: &Evidence) -> Vec<u16> {
    if !evidence.shared {
        return evidence.standbys.clone();
    }
    let works = |place: &&u16| !evidence.broken.iter().any(|broken| broken.provider == **place);
    evidence.primary.iter().chain(&evidence.standbys).filter(works).copied().collect()
}

/// What is told of a share beside the intervals.
pub(super) fn told(evidence: &Evidence, fault: Edge, window: &RequestWindow<'_>) -> Option<Share> {
    if !evidence.shared {
        return None;
    }
    let providers = broken(evidence);
    let counts: Vec<(u64, u64)> = providers.iter().map(|provider| before(evidence, *provider, fault)).collect();
    let all = counts.first().map_or(0, |(_, all)| *all);
    let stayed = window.requests.iter().zip(&window.reads).filter(|(_, reading)| **reading == Tri::No);
    let mut waited = (0, None);
    for (request, _) in stayed.filter(|(request, _)| good(&evidence.objectives, request) == Tri::Yes) {
        waited = (waited.0 + 1, Some(request.sent));
    }
    Some(Share {
        of: providers.iter().map(|provider| evidence.name(*provider).to_owned()).collect(),
        before: counts.iter().map(|(own, _)| own).sum::<u64>() as f64 / all.max(1) as f64,
        waited: waited.0,
        until: waited.1.map(|sent| Millis((sent - fault.lo).max(0))),
    })
}

/// From the heal until every provider that was broken has a share again; `None` where none of them had one.
pub(super) fn failback(evidence: &Evidence, fault: Edge, heal: Edge) -> Option<Interval> {
    let window = RequestWindow::new(evidence, heal.lo, evidence.observed_until, |request| good(&evidence.objectives, request));
    let back = |provider: u16| {
        let (own, all) = before(evidence, provider, fault);
        (own > 0).then(|| Back { window: &window, provider, half: own as f64 / all as f64 / 2.0, heal }.interval())
    };
    broken(evidence)
        .into_iter()
        .filter_map(back)
        .reduce(|one, other| Interval { lo: one.lo.max(other.lo), hi: one.hi.zip(other.hi).map(|(one, other)| one.max(other)) })
}

/// The search for the moment from which one provider has a share again.
struct Back<'w> {
    window: &'w RequestWindow<'w>,
    provider: u16,
    /// Half of the share that it had.
    half: f64,
    heal: Edge,
}

impl Back<'_> {
    fn interval(&self) -> Interval {
        let (requests, clock_error) = (self.window.requests, self.window.evidence.instrument.clock_error);
        let found = self.found();
        let last = found.unwrap_or(requests.len());
        let bad = self.window.reads[..last].iter().rposition(|reading| *reading == Tri::No);
        let proof = bad.max(self.absent_from(last));
        let lo = proof.map_or(0, |place| (requests.at(place).sent - self.heal.hi - clock_error).max(0));
        Interval { lo, hi: found.map(|place| requests.at(place).proof - self.heal.lo + clock_error) }
    }

    fn answered(&self, request: JudgedRequest) -> bool {
        request.by == By::Provider(self.provider)
    }

    /// The first request of the provider's that opens a hold in which users are well served and it has a share. Counts are kept as sums from
    /// the beginning and runs are found from the end, so that no hold is read twice.
    fn found(&self) -> Option<usize> {
        let RequestWindow { evidence, requests, reads, to, .. } = self.window;
        let objectives = &evidence.objectives;
        let sums = |counts: &dyn Fn(usize) -> bool| -> Vec<u64> {
            let mut sum = 0;
            std::iter::once(0)
                .chain((0..requests.len()).map(|place| {
                    sum += u64::from(counts(place));
                    sum
                }))
                .collect()
        };
        let good = sums(&|place| reads[place] == Tri::Yes);
        let own = sums(&|place| self.answered(requests.at(place)));
        let runs = self.long_runs(objectives.max_consecutive_bad as usize);
        let mut chances: HashMap<(u64, u64), bool> = HashMap::new();
        let mut has_share =
            |held: u64, own: u64| *chances.entry((held, own)).or_insert_with(|| Binomial::hitting(self.half, held).at_most(own) > CHANCE);
        let hold = objectives.failback_hold.nanos();
        let mut end = 0;
        for (place, first) in requests.iter().enumerate() {
            end = end.max(place);
            let ends = first.due + hold;
            if ends > *to {
                return None;
            }
            while end < requests.len() && requests.due(end) < ends {
                end += 1;
            }
            if !self.answered(first) || first.sent < self.heal.hi + self.window.evidence.instrument.clock_error {
                continue;
            }
            let (lead, held) = ((place + objectives.lead_in as usize).min(requests.len()), (end - place) as u64);
            if good[lead] - good[place] == u64::from(objectives.lead_in)
                && reaches(good[end] - good[place], held, objectives.success.get())
                && runs[place].is_none_or(|run_ends| run_ends > end)
                && has_share(held, own[end] - own[place])
            {
                return Some(place);
            }
        }
        None
    }

    /// For each place, where the first run from there on that is longer than `longest` gets too long.
    fn long_runs(&self, longest: usize) -> Vec<Option<usize>> {
        let reads = &self.window.reads;
        let (mut run, mut first) = (0, None);
        let mut runs: Vec<Option<usize>> = (0..reads.len())
            .rev()
            .map(|place| {
                run = if reads[place] == Tri::Yes { 0 } else { run + 1 };
                first = if run > longest { Some(place + longest + 1) } else { first };
                first
            })
            .collect();
        runs.reverse();
        runs
    }

    /// Where the last run of requests before `last` begins that is too long to have left the provider out by chance.
    fn absent_from(&self, last: usize) -> Option<usize> {
        let enough = (CHANCE.ln() / (-self.half).ln_1p()).ceil() as usize;
        let mut run = 0;
        (0..last).rev().find(|place| {
            let other = matches!(self.window.requests.at(*place).by, By::Provider(by) if by != self.provider);
            run = if other { run + 1 } else { 0 };
            run >= enough
        })
    }
}

/// The providers among which the load was balanced before the fault, though they were not said to share it.
pub(super) fn balanced(evidence: &Evidence) -> Option<Balanced> {
    let before = evidence.fault.map_or(i64::MAX, |fault| fault.lo);
    let mut counts = vec![0_u64; evidence.providers.len()];
    for request in evidence.requests.iter().filter(|request| request.due < before && request.done < before) {
        if let By::Provider(by) = request.by {
            counts[usize::from(by)] += 1;
        }
    }
    // A record may name nobody.
    let own = evidence.primary.iter().chain(&evidence.standbys).filter(|place| usize::from(**place) < counts.len());
    let own = own.map(|place| (evidence.name(*place), counts[usize::from(*place)]));
    Balanced::of(own, evidence.primary.len(), counts.iter().sum(), evidence.objectives.baseline_success.get())
}

#[cfg(test)]
mod tests;
