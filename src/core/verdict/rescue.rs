//! Rescue is not cutover: requests that were asked of a broken provider first, and that another answered in time. Users are served, and
//! each of them waits for the dead one first.
//!
//! What such a request paid is the time from its dispatch to the broken provider to its dispatch to the one that answered. Where a fault
//! takes whole connections (a blackhole, for one), the first dispatch is not seen: then a request counts whose first dispatch that is seen
//! came later than twice the longest that a request took to its first dispatch before the fault, and what that took is taken off from what
//! it paid. A gateway may hold requests back for other reasons, so that wait must also be longer than usual by a tenth of the service
//! level, or there must be enough connections that the fault swallowed: one for every second request that waited as long.
//!
//! Short of that it may have been rescued where it waited longer than nine in ten did before the fault: one slow request of the baseline
//! hides nobody. It may also have been where a fault leaves nothing to see, or where nobody saw any attempt while something was broken.
//!
//! `share` asks the same of each request ([`Usual::course`]), so that both tell the same on one screen.
//!
//! Whoever was sent to another provider only once the broken one was healed was not rescued for certain: a gateway that waits without end is
//! released by the heal, which is the drill's own doing. Such a request may have been rescued.
//!
//! What this file does not do: count requests that were late or failed; those are bad, whoever was asked.

use super::Millis;
use super::window::{Tri, good, places};
use crate::history::{Attempt, By, Edge, Evidence, FaultVisibility, JudgedRequest, ProviderFault, RequestAttempts};

/// Nanoseconds: waits that are longer than usual by less than this are never taken for a rescue that nobody saw.
const LEAST: i64 = 50_000_000;
/// By less than this they are not even suspected.
const SUSPECT: i64 = 10_000_000;

/// What requests waited for a broken provider before another was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paid {
    /// None of them less.
    pub lo: Millis,
    /// Half of them no more.
    pub median: Millis,
    /// None of them more.
    pub hi: Millis,
}

/// Requests due while the fault lasted that were rescued.
#[derive(Debug, Clone, PartialEq)]
pub struct Rescued {
    /// So many certainly were.
    pub requests: u64,
    /// So many may have been.
    pub at_most: u64,
    /// So many were due.
    pub of: u64,
    /// Who was asked first.
    pub asked: Vec<String>,
    /// True where some of it was told by connections and by how long requests waited, because the fault lets no request be seen.
    pub by_connection: bool,
    /// What each paid; `None` where there was none.
    pub paid: Option<Paid>,
    /// From the fault to when the last of them was due; `None` where there was none.
    pub until: Option<Millis>,
    /// True where the last answers before the heal were all rescued: nobody had stopped asking.
    pub to_the_end: bool,
    /// Those due later than the objective says.
    pub later: Later,
}

/// Rescued requests that are held against the objective.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Later {
    /// So many certainly were rescued.
    pub requests: u64,
    /// So many may have been.
    pub at_most: u64,
    /// So many were due.
    pub of: u64,
}

/// Attempts for the requests due while the fault lasted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dispatched {
    /// Those that a proxy saw.
    pub attempts: u64,
    /// Of these the ones that reached a provider: no fault answered in its place.
    pub reached: u64,
    /// Connections that faults swallowed besides, of the drill or of others: of their requests nobody knows.
    pub connections: u64,
}

/// How a request came to its answer.
pub(super) enum ServingPath {
    /// It was rescued, and paid at least and at most so much.
    Rescued { by_connection: bool, lo: i64, hi: i64, middle: i64 },
    /// It may have been. Whoever is refused at once waits for nothing, though another was asked first.
    Perhaps { at_once: bool },
    /// It was not.
    Direct,
}

/// Counts the rescued among the requests due in `[fault.lo, end)`. `None` where attempts were not seen.
pub(super) fn rescued(evidence: &Evidence, fault: Edge, end: i64) -> Option<Rescued> {
    if !evidence.attempts_seen {
        return None;
    }
    let (first, last) = places(evidence, fault.lo, end);
    let usual = Usual::before(evidence, (first, last), fault);
    let mut found = Rescued {
        requests: 0,
        at_most: 0,
        of: (last - first) as u64,
        asked: Vec::new(),
        by_connection: false,
        paid: None,
        until: None,
        to_the_end: false,
        later: Later::default(),
    };
    let (mut asked, mut paid): (Vec<u16>, Vec<[i64; 3]>) = (Vec::new(), Vec::new());
    let mut in_a_row = 0;
    let later = evidence.objectives.rescued.map_or(0, |rescues| rescues.after.nanos());
    for place in first..last {
        let request = &evidence.requests.at(place);
        let since = request.due - fault.lo;
        let is_later = since >= later;
        found.later.of += u64::from(is_later);
        let is_good = good(&evidence.objectives, request) != Tri::No;
        let (course, broken) = if is_good { usual.course(evidence, place) } else { (ServingPath::Direct, None) };
        let released =
            matches!(course, ServingPath::Rescued { .. }) && broken.is_some_and(|broken| is_released(evidence, place, broken, end));
        let course = if released { ServingPath::Perhaps { at_once: false } } else { course };
        let counts = match course {
            ServingPath::Rescued { by_connection, lo, hi, middle } => {
                found.requests += 1;
                found.later.requests += u64::from(is_later);
                found.by_connection |= by_connection;
                found.until = Some(Millis(since));
                paid.push([lo, middle, hi]);
                asked.extend(broken.filter(|broken| !asked.contains(broken)));
                in_a_row += 1;
                true
            }
            ServingPath::Perhaps { .. } => true,
            ServingPath::Direct => {
                // Whoever still waited when the fault was healed tells nothing of whom it would have been sent to.
                in_a_row = if is_good && request.done < end { 0 } else { in_a_row };
                false
            }
        };
        found.at_most += u64::from(counts);
        found.later.at_most += u64::from(counts && is_later);
    }
    found.to_the_end = in_a_row >= evidence.objectives.lead_in;
    found.asked = asked.into_iter().map(|place| evidence.name(place).to_owned()).collect();
    found.paid = summed(&mut paid);
    Some(found)
}

/// Whether the provider that answered was asked only once the one that was asked first had been healed.
fn is_released(evidence: &Evidence, place: usize, asked: u16, end: i64) -> bool {
    let By::Provider(served) = evidence.requests.at(place).by else { return false };
    let answered = attempts_of(evidence, place).iter().rev().find(|attempt| attempt.provider == served);
    answered.is_some_and(|answered| answered.at >= end || !evidence.broken.iter().any(|broken| broken.breaks(asked, answered.at)))
}

/// From the attempts for the requests due in `[fault.lo, end)`.
pub(super) fn dispatched(evidence: &Evidence, fault: Edge, end: i64) -> Option<Dispatched> {
    let (first, last) = places(evidence, fault.lo, end);
    let within = || evidence.attempts.within(first..last);
    evidence.attempts_seen.then(|| Dispatched {
        attempts: within().count() as u64,
        reached: within().filter(|attempt| attempt.reached).count() as u64,
        connections: evidence.broken.iter().map(|broken| broken.connections).sum(),
    })
}

fn summed(paid: &mut [[i64; 3]]) -> Option<Paid> {
    let lo = paid.iter().map(|[lo, ..]| *lo).min()?;
    let hi = paid.iter().map(|[.., hi]| *hi).max()?;
    paid.sort_unstable_by_key(|[_, middle, _]| *middle);
    let [_, median, _] = paid[(paid.len() - 1) / 2];
    Some(Paid { lo: Millis(lo), median: Millis(median), hi: Millis(hi) })
}

/// The attempts of the request at this place, in their order.
pub(super) fn attempts_of(evidence: &Evidence, place: usize) -> RequestAttempts<'_> {
    evidence.attempts.of(place)
}

/// How long requests took to their first dispatch before the fault.
pub(super) struct Usual {
    shortest: i64,
    median: i64,
    /// Nine in ten took no longer.
    often: i64,
    longest: i64,
    /// For each fault, whether it swallowed enough connections to explain every request that waited.
    swallowed: Vec<bool>,
    /// False where no attempt was seen before the fault.
    pub(super) known: bool,
}

impl Usual {
    /// From the requests that ended before the fault; `first` and `last` are the places of those due while it lasted.
    pub(super) fn before(evidence: &Evidence, (first, last): (usize, usize), fault: Edge) -> Self {
        let ended = evidence.requests.slice(0..first).iter().enumerate().filter(|(_, request)| request.done < fault.lo);
        let wait = |(place, request): (usize, JudgedRequest)| Some(attempts_of(evidence, place).first()?.at - request.sent);
        let mut waits: Vec<i64> = ended.filter_map(wait).collect();
        waits.sort_unstable();
        let at = |place: usize| waits.get(place).copied().unwrap_or(0).max(0);
        let last_wait = waits.len().saturating_sub(1);
        let mut usual = Self {
            shortest: at(0),
            median: at(last_wait / 2),
            often: at(last_wait * 9 / 10),
            longest: at(last_wait),
            swallowed: Vec::new(),
            known: !waits.is_empty(),
        };
        usual.swallowed = evidence.broken.iter().map(|broken| usual.swallowed(evidence, (first, last), broken)).collect();
        usual
    }

    /// Whether this fault swallowed a connection for every second request that waited for long, besides those of requests that failed.
    fn swallowed(&self, evidence: &Evidence, (first, last): (usize, usize), broken: &ProviderFault) -> bool {
        let (mut waited, mut failed) = (0_u64, 0_u64);
        for place in first..last {
            let request = &evidence.requests.at(place);
            let asked = attempts_of(evidence, place).first().filter(|_| broken.holds(request.sent));
            match good(&evidence.objectives, request) {
                Tri::No => failed += u64::from(asked.is_none() && broken.holds(request.sent)),
                _ => waited += u64::from(asked.is_some_and(|attempt| attempt.at - request.sent > self.limit())),
            }
        }
        2 * broken.connections.saturating_sub(failed) >= waited
    }

    /// Whoever waited longer did not do so as others did before the fault.
    fn limit(&self) -> i64 {
        self.longest + self.longest.max(LEAST)
    }

    /// How the request at this place came to its answer, and who was asked first where it was rescued.
    pub(super) fn course(&self, evidence: &Evidence, place: usize) -> (ServingPath, Option<u16>) {
        let request = &evidence.requests.at(place);
        let attempts = attempts_of(evidence, place);
        let Some(first) = attempts.first() else {
            // Nobody saw how it came to its answer.
            let unseen = evidence.broken.iter().any(|broken| broken.holds(request.sent));
            return (if unseen { ServingPath::Perhaps { at_once: false } } else { ServingPath::Direct }, None);
        };
        let breaks = |provider: u16, at: i64| evidence.broken.iter().any(|broken| broken.breaks(provider, at));
        let served = match request.by {
            By::Provider(served) => served,
            By::Unknown if breaks(first.provider, first.at) => return (ServingPath::Perhaps { at_once: false }, None),
            By::Unknown | By::Nobody => return (ServingPath::Direct, None),
        };
        if breaks(first.provider, first.at) {
            let answered = attempts.iter().rev().find(|attempt| attempt.provider == served);
            return match answered {
                Some(answered) if first.provider != served => {
                    let paid = answered.at - first.at;
                    let rescued = ServingPath::Rescued { by_connection: false, lo: paid, hi: paid, middle: paid };
                    let certain = good(&evidence.objectives, request) == Tri::Yes;
                    (if certain { rescued } else { ServingPath::Perhaps { at_once: false } }, Some(first.provider))
                }
                _ => (ServingPath::Direct, None),
            };
        }
        self.unseen(evidence, request, &first, served)
    }

    /// The same where the first attempt that is seen went to a provider that works: the one before it may have been swallowed.
    fn unseen(&self, evidence: &Evidence, request: &JudgedRequest, first: &Attempt, served: u16) -> (ServingPath, Option<u16>) {
        // Places are in the order of preference, where the load is not shared; nobody asks one that comes later first.
        let comes_first = |provider: u16| if evidence.shared { provider != served } else { provider < served };
        let swallows = |broken: &&ProviderFault| {
            broken.trace != FaultVisibility::Requests && comes_first(broken.provider) && broken.holds(request.sent)
        };
        let Some((place, broken)) = evidence.broken.iter().enumerate().find(|(_, broken)| swallows(broken)) else {
            return (ServingPath::Direct, None);
        };
        let wait = first.at - request.sent;
        let explained = wait >= self.longest + evidence.objectives.slo.nanos() / 10 || self.swallowed.get(place) == Some(&true);
        if wait > self.limit() && explained && good(&evidence.objectives, request) == Tri::Yes {
            let (lo, hi) = (wait - self.longest, wait - self.shortest);
            return (ServingPath::Rescued { by_connection: true, lo, hi, middle: wait - self.median }, Some(broken.provider));
        }
        let long = wait > self.often + SUSPECT;
        let perhaps = match broken.trace {
            FaultVisibility::Held => long,
            FaultVisibility::Closed => long || broken.connections > 0,
            FaultVisibility::Nothing => true,
            FaultVisibility::Requests => false,
        };
        let at_once = broken.trace == FaultVisibility::Nothing && !long;
        (if perhaps { ServingPath::Perhaps { at_once } } else { ServingPath::Direct }, None)
    }
}

#[cfg(test)]
mod tests;
