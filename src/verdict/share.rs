//! Services whose providers share the load (active-active), of which a fault takes one away.
//!
//! Nothing is cut over there: the others serve all the time. What must happen is that the share of the broken one *moves*, so that users are
//! well served again and nobody waits for it any more. A request has moved where it is well served, by another provider, and did not wait
//! for a broken one before; cutover is the onset of that, by the same rule as any other, and so bears a request that tries the broken one
//! now and then, as the promise allows.
//!
//! Who waited is told by the proxies: an attempt at a broken provider came before the one that answered. What a blackhole swallows no proxy
//! reads, so there the time until the first attempt that was seen tells: a request that reached nobody for longer than twice what any
//! request of the baseline took, and for more than a tenth of the service level, waited for somebody who could not be seen.
//!
//! Failback is that the broken one has a share again: it answers, service holds, and within the hold it answers as much as chance (1 %)
//! leaves to a provider with half of its earlier share.

use super::Millis;
use super::measures::Interval;
use super::trial::reaches;
use super::window::{Tri, Window, good, places};
use crate::history::{Attempt, Balanced, By, Edge, Evidence, Faulted, Request, Terms};
use crate::units::binomial;
use serde::Serialize;

/// The share of the providers that were broken, among those that share the load.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Share {
    /// Their names.
    pub of: Vec<String>,
    /// The part of the answers before the fault that they gave together.
    pub before: f64,
    /// Requests that were well served, though one of them was waited for.
    pub waited: u64,
    /// When the last request was sent that one of them was waited for, or that was not well served; `None` where there was none.
    #[serde(rename = "until_ms")]
    pub until: Option<Millis>,
}

/// How improbable it must be that chance alone hides a share.
const CHANCE: f64 = 0.01;

/// How the requests due in `[from, to)` read: whether each has moved. `None` where no load is shared.
pub(super) fn moving<'e>(evidence: &'e Evidence, from: i64, to: i64) -> Option<Window<'e>> {
    let faulted = evidence.shared.as_ref()?;
    let (first, last) = places(evidence, from, to);
    let patience = patience(evidence, from);
    let reads = (first..last).map(|place| has_moved(evidence, faulted, place, patience)).collect();
    Some(Window { requests: &evidence.requests[first..last], reads, to })
}

/// The attempts of the request at this place.
fn attempts(evidence: &Evidence, place: usize) -> &[Attempt] {
    let at = |place: usize| evidence.attempts.partition_point(|attempt| (attempt.request as usize) < place);
    &evidence.attempts[at(place)..at(place + 1)]
}

/// How long after it was sent a request may reach its first provider without having waited for anybody; `None` where nothing tells.
fn patience(evidence: &Evidence, fault: i64) -> Option<i64> {
    let before = evidence.requests.iter().enumerate().take_while(|(_, request)| request.due < fault);
    let delays = before.filter_map(|(place, request)| Some(attempts(evidence, place).first()?.at - request.sent));
    let longest = delays.max()?.max(0);
    Some((2 * longest).max(longest + evidence.terms.slo / 10))
}

fn has_moved(evidence: &Evidence, faulted: &[Faulted], place: usize, patience: Option<i64>) -> Tri {
    let request = &evidence.requests[place];
    let broken = |provider: u16, at: i64| faulted.iter().any(|fault| fault.is(provider, at));
    let (served, by) = match (good(&evidence.terms, request), request.by) {
        (Tri::No, _) | (_, By::Nobody) => return Tri::No,
        (_, By::Unknown) => return Tri::Maybe,
        (served, By::Provider(by)) => (served, by),
    };
    let tries = attempts(evidence, place);
    let Some((answer, patience)) = tries.iter().find(|attempt| attempt.completed && attempt.provider == by).zip(patience) else {
        // Nobody saw when it was dispatched, so nobody can say that it did not wait.
        return if broken(by, request.sent) { Tri::No } else { Tri::Maybe };
    };
    let waited = tries.iter().any(|attempt| attempt.at < answer.at && broken(attempt.provider, attempt.at));
    let unseen = tries[0].at - request.sent > patience;
    if broken(by, answer.at) || waited || unseen { Tri::No } else { served }
}

/// Answers that a broken provider gave among those before the fault, and all of them.
fn before(evidence: &Evidence, provider: u16, fault: Edge) -> (u64, u64) {
    let ended = evidence.requests.iter().take_while(|request| request.due < fault.lo).filter(|request| request.done < fault.lo);
    let by = ended.filter_map(|request| if let By::Provider(by) = request.by { Some(by) } else { None });
    by.fold((0, 0), |(own, all), by| (own + u64::from(by == provider), all + 1))
}

/// The broken providers, each once.
fn broken(evidence: &Evidence) -> Option<Vec<u16>> {
    let mut providers: Vec<u16> = evidence.shared.as_ref()?.iter().map(|fault| fault.provider).collect();
    providers.sort_unstable();
    providers.dedup();
    Some(providers)
}

/// Whether there was a share to move; `None` where no load is shared.
pub(super) fn exercised(evidence: &Evidence, fault: Edge) -> Option<bool> {
    Some(broken(evidence)?.iter().any(|provider| before(evidence, *provider, fault).0 > 0))
}

/// The providers that a moved share is moved to.
pub(super) fn others(evidence: &Evidence) -> Vec<u16> {
    let broken = broken(evidence).unwrap_or_default();
    let sharing = evidence.primary.iter().filter(|_| evidence.shared.is_some()).filter(|provider| !broken.contains(provider));
    sharing.chain(&evidence.standbys).copied().collect()
}

/// What is told of a share beside the intervals.
pub(super) fn told(evidence: &Evidence, fault: Edge, window: &Window<'_>) -> Option<Share> {
    let providers = broken(evidence)?;
    let counts: Vec<(u64, u64)> = providers.iter().map(|provider| before(evidence, *provider, fault)).collect();
    let all = counts.first().map_or(0, |(_, all)| *all);
    let stayed = window.requests.iter().zip(&window.reads).filter(|(_, reading)| **reading == Tri::No);
    Some(Share {
        of: providers.iter().map(|provider| evidence.name(*provider).to_owned()).collect(),
        before: counts.iter().map(|(own, _)| own).sum::<u64>() as f64 / all.max(1) as f64,
        waited: stayed.clone().filter(|(request, _)| good(&evidence.terms, request) == Tri::Yes).count() as u64,
        until: stayed.last().map(|(request, _)| Millis((request.sent - fault.lo).max(0))),
    })
}

/// From the heal until every provider that was broken has a share again; `None` where none of them had one.
pub(super) fn failback(evidence: &Evidence, fault: Edge, heal: Edge) -> Option<Interval> {
    let window = Window::new(evidence, heal.lo, evidence.observed_until, |request| good(&evidence.terms, request));
    let back = |provider: u16| {
        let (own, all) = before(evidence, provider, fault);
        (own > 0).then(|| Back { window: &window, provider, half: own as f64 / all as f64 / 2.0, heal }.interval(&evidence.terms))
    };
    broken(evidence)?
        .into_iter()
        .filter_map(back)
        .reduce(|one, other| Interval { lo: one.lo.max(other.lo), hi: one.hi.zip(other.hi).map(|(one, other)| one.max(other)) })
}

/// The search for the moment from which one provider has a share again.
struct Back<'w> {
    window: &'w Window<'w>,
    provider: u16,
    /// Half of the share that it had.
    half: f64,
    heal: Edge,
}

impl Back<'_> {
    fn interval(&self, terms: &Terms) -> Interval {
        let requests = self.window.requests;
        let found = (0..requests.len()).find(|place| self.has_share(terms, *place));
        let last = found.unwrap_or(requests.len());
        let bad = self.window.reads[..last].iter().rposition(|reading| *reading == Tri::No);
        let proof = bad.max(self.absent_from(last));
        let lo = proof.map_or(0, |place| (requests[place].sent - self.heal.hi - terms.clock_error).max(0));
        Interval { lo, hi: found.map(|place| requests[place].proof - self.heal.lo + terms.clock_error) }
    }

    fn answered(&self, request: &Request) -> bool {
        request.by == By::Provider(self.provider)
    }

    /// Whether the request at this place is the provider's, and opens a hold in which users are well served and it has a share.
    fn has_share(&self, terms: &Terms, place: usize) -> bool {
        let Window { requests, reads, to } = self.window;
        let (first, ends) = (&requests[place], requests[place].due + terms.failback_hold.unwrap_or(terms.hold));
        if !self.answered(first) || first.sent < self.heal.hi + terms.clock_error || ends > *to {
            return false;
        }
        let end = place + requests[place..].partition_point(|request| request.due < ends);
        let held = &reads[place..end];
        let is_good = |reading: &&Tri| **reading == Tri::Yes;
        let lead_in = reads[place..].iter().take(terms.lead_in as usize).filter(is_good).count() == terms.lead_in as usize;
        let run = held
            .chunk_by(|left, right| (*left == Tri::Yes) == (*right == Tri::Yes))
            .filter(|run| run[0] != Tri::Yes)
            .map(<[Tri]>::len)
            .max();
        let good = held.iter().filter(is_good).count() as u64;
        let own = requests[place..end].iter().filter(|request| self.answered(request)).count() as u64;
        lead_in
            && reaches(good, held.len() as u64, terms.success)
            && run.unwrap_or(0) <= terms.max_consecutive_bad as usize
            && binomial::at_most(own, held.len() as u64, self.half) > CHANCE
    }

    /// Where the last run of requests before `last` begins that is too long to have left the provider out by chance.
    fn absent_from(&self, last: usize) -> Option<usize> {
        let enough = (CHANCE.ln() / (-self.half).ln_1p()).ceil() as usize;
        let mut run = 0;
        (0..last).rev().find(|place| {
            let other = matches!(self.window.requests[*place].by, By::Provider(by) if by != self.provider);
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
    let own = evidence.primary.iter().chain(&evidence.standbys).map(|place| (evidence.name(*place), counts[usize::from(*place)]));
    Balanced::of(own, evidence.primary.len(), counts.iter().sum(), evidence.terms.baseline_success)
}
