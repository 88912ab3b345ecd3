//! Everything that is measured about one drill, in the definitions of this room's README.

use super::Millis;
use super::capacity::{Capacity, capacity};
use super::dual_run::{ShadowComparison, dual_run};
use super::false_start::FalseStart;
use super::interval::Interval;
use super::onset::{HoldExtent, Index, Recovery, Start};
use super::rescue::{Dispatched, Rescued, dispatched, rescued};
use super::share::{self, Share};
use super::spent::{SpendMeasure, spent};
use super::stability::{Departure, Wave, departures};
use super::window::{RequestWindow, Tri, good, good_by, latency, places};
use crate::history::{Attempt, By, Climb, Edge, Evidence, JudgedRequest, Outcome, RequestSlice};
use crate::model::Gate;

/// How long users were without good service, summed over all runs of bad requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// From the first bad request to the last, summed.
    pub lo: Millis,
    /// From the good request before to the good request after, summed; `None` where the last run did not end.
    pub hi: Option<Millis>,
    /// How many runs.
    pub runs: u64,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Measures {
    /// Well served, by a standby, and stays so.
    pub cutover: Interval,
    /// Well served, by anyone, and stays so.
    pub restore: Interval,
    /// The first good answer of a standby.
    pub first_standby: Option<Interval>,
    /// Like the gate's measure, holding to the end of the fault.
    pub sustained: Interval,
    /// From the heal until the primary serves again and stays; `None` also where the service never left it.
    pub failback: Option<Interval>,
    /// True where no request since the fault was asked of anybody but the primary, and the primary served after the heal: there was nothing to come back
    /// from.
    pub never_left: bool,
    /// Requests that were not well served while the fault lasted.
    pub bad: u64,
    /// Their number over the offered rate (RFC 6412): an average, never a criterion.
    pub loss_derived: Millis,
    /// As users saw it.
    pub outage: Outage,
    /// Requests due while the fault lasted that were not answered.
    pub lost: u64,
    /// The same for requests that were in flight when it began.
    pub lost_in_flight: u64,
    /// The same for requests due after the heal.
    pub failback_lost: u64,
    /// Answered, but too late to be good.
    pub late: u64,
    /// Answers that ended without their terminal marker, of those that were in flight when the fault began too.
    pub truncated: u64,
    /// Of these the ones that were in flight.
    pub truncated_in_flight: u64,
    /// Executions beyond the first of each request.
    pub duplicates: Option<u64>,
    /// Largest load on the standbys over a second, as a multiple of the offered rate.
    pub overshoot: Option<f64>,
    /// Attempts a request.
    pub amplification: Option<f64>,
    /// Attempts that were dispatched, and those that reached a provider.
    pub dispatched: Option<Dispatched>,
    /// Requests that were asked of the broken provider first, and answered by another; `None` where attempts were not seen.
    pub rescued: Option<Rescued>,
    /// When a standby was first asked: an upper bound of the time to detect.
    pub first_standby_dispatch: Option<Millis>,
    /// The area under full service that was lost (the resilience triangle), in time of full outage.
    pub degraded_area: Millis,
    /// How often more was bad after the hold than was promised, and more than chance explains; see `departures`.
    pub relapses: u64,
    /// Each of these, and what may have been one, in the order of time.
    pub departures: Vec<Departure>,
    /// Bad requests within the hold.
    pub residual_bad: u64,
    /// Acknowledged writes that were not found again.
    pub acknowledged_lost: Option<u64>,
    /// Age of the oldest of them at the disruption: the recovery point actual.
    pub rpa: Option<Millis>,
    /// True where the gate's interval has no upper end.
    pub censored: bool,
    /// Good service that did not last for the hold, before or instead of the gate's recovery.
    pub false_start: Option<FalseStart>,
    /// The same after the heal, of the primary's.
    pub failback_false_start: Option<FalseStart>,
    /// What became of the share of the providers that were broken, where several share the load.
    pub share: Option<Share>,
    /// How much of its primary's load the standby bore, where the traffic climbed in steps.
    pub capacity: Option<Capacity>,
    /// What a provider did that was asked beside the one that answered.
    pub dual_run: Option<ShadowComparison>,
    /// What traffic cost; `None` where no proxy saw any answer.
    pub spend: Option<SpendMeasure>,
}

/// The measures and what the objectives need besides.
pub(super) struct Measured {
    pub(super) measures: Measures,
    /// Requests due while the fault lasted.
    pub(super) due: usize,
    /// Of these, and of those in flight when it began, how many may have been lost beyond those that certainly were.
    pub(super) maybe_lost: u64,
    /// True where the gate's recovery has an onset.
    pub(super) onset: bool,
    /// True where the share of who broke may have moved, and it is not seen of enough requests whether they waited.
    pub(super) unseen_waits: bool,
    /// True where what the gate is about was tested: a standby answered or something went bad, or where nobody has to move, the fault bit.
    pub(super) exercised: bool,
    /// True where it is told whom the fault touched, and nothing of that was the drill's.
    pub(super) spared: bool,
}

/// Measures a valid trial whose disruption began within `fault`.
pub(super) fn measure(evidence: &Evidence, fault: Edge) -> Measured {
    let (objectives, instrument) = (&evidence.objectives, &evidence.instrument);
    let end = evidence.heal.map_or(evidence.observed_until, |heal| heal.lo.min(evidence.observed_until));
    // What is asked beyond the usual rate is the capacity's question alone.
    let end = evidence.climb.as_ref().and_then(Climb::began).map_or(end, |began| end.min(began));
    let start = Start { edge: fault, hold: objectives.hold.nanos() };
    let restoring = RequestWindow::new(evidence, fault.lo, end, |request| good(objectives, request));
    let cutting = share::moving(evidence, fault, end)
        .unwrap_or_else(|| RequestWindow::new(evidence, fault.lo, end, |request| good_by(objectives, request, &evidence.standbys)));
    let restore = restoring.recovery(start, HoldExtent::Hold, Index::Arrival);
    let cutover = cutting.recovery(start, HoldExtent::Hold, Index::Delivery);
    let (gate, gated, index) = match objectives.gate {
        Gate::Cutover => (&cutover, &cutting, Index::Delivery),
        Gate::Restore => (&restore, &restoring, Index::Arrival),
    };
    let sustained = gated.recovery(start, HoldExtent::Sustained, index).interval;
    let departures = gate.onset.map_or_else(Vec::new, |onset| departures(evidence, &restoring, onset, fault));

    let asked = restoring.requests;
    let bad = restoring.reads.iter().filter(|reading| **reading == Tri::No).count() as u64;
    let before = evidence.requests.slice(0..places(evidence, fault.lo, end).0);
    let in_flight: Vec<JudgedRequest> = before.iter().filter(|request| request.done >= fault.lo).collect();
    let (asked_ended, in_flight) = (EndCounts::of(evidence, asked.iter()), EndCounts::of(evidence, in_flight.into_iter()));
    let attempts = AttemptCounts::of(evidence, fault, end);
    // Where a load is shared, who takes it over serves all the time, and no first time says anything.
    let first_standby = if !evidence.shared { first_standby(&cutting, fault, instrument.clock_error) } else { None };
    let (failback, failback_false_start) = failback(evidence, fault).unzip();
    let never_left = never_left(evidence, fault, failback);
    let missing = evidence.ledger.iter().filter(|entry| !entry.found);
    let spared = spared(evidence);
    Measured {
        due: asked.len(),
        maybe_lost: asked_ended.unknown + in_flight.unknown,
        onset: gate.onset.is_some(),
        unseen_waits: evidence.shared
            && objectives.gate == Gate::Cutover
            && cutover.interval.hi.is_none()
            && cutting.reads.contains(&Tri::Maybe),
        exercised: bad > 0 || exercised(evidence, fault, &cutting),
        spared,
        measures: Measures {
            cutover: cutover.interval,
            restore: restore.interval,
            first_standby,
            sustained,
            failback: failback.filter(|_| !never_left),
            never_left,
            share: share::told(evidence, fault, &cutting),
            bad,
            loss_derived: Millis(i64::try_from(bad).unwrap_or(i64::MAX).saturating_mul(instrument.gap_mean)),
            outage: outage(evidence, fault, end),
            lost: asked_ended.lost,
            lost_in_flight: in_flight.lost,
            failback_lost: EndCounts::of(evidence, after_heal(evidence).iter()).lost,
            late: asked_ended.late,
            truncated: asked_ended.truncated + in_flight.truncated,
            truncated_in_flight: in_flight.truncated,
            duplicates: attempts.as_ref().map(|attempts| attempts.duplicates),
            overshoot: attempts
                .as_ref()
                .map(|attempts| attempts.busiest as f64 * instrument.gap_busiest.unwrap_or(instrument.gap_mean) as f64 / 1e9),
            amplification: attempts.as_ref().map(|attempts| attempts.count as f64 / asked.len().max(1) as f64),
            dispatched: dispatched(evidence, fault, end),
            rescued: rescued(evidence, fault, end),
            first_standby_dispatch: attempts
                .as_ref()
                .and_then(|attempts| attempts.first_standby)
                .map(|at| Millis((at - fault.lo + instrument.clock_error).max(0))),
            degraded_area: degraded_area(evidence, asked),
            relapses: departures.iter().filter(|departure| departure.wave == Wave::Relapse).count() as u64,
            departures,
            residual_bad: residual_bad(gated, gate, objectives.hold.nanos()),
            acknowledged_lost: (!evidence.ledger.is_empty()).then(|| missing.clone().count() as u64),
            rpa: (!evidence.ledger.is_empty())
                .then(|| Millis(missing.map(|entry| fault.hi - entry.acknowledged).max().unwrap_or(0).max(0))),
            censored: gate.interval.hi.is_none(),
            false_start: gated.false_start(start, gate),
            spend: spent(evidence, (fault, end), cutover.interval),
            failback_false_start: failback_false_start.flatten().filter(|_| !never_left),
            capacity: capacity(evidence),
            dual_run: dual_run(evidence),
        },
    }
}

/// Whether what the gate is about was tested, where nothing went bad.
fn exercised(evidence: &Evidence, fault: Edge, cutting: &RequestWindow<'_>) -> bool {
    let restores = evidence.objectives.gate == Gate::Restore;
    // Who shares the load serves all the time, so that an answer of theirs shows nothing.
    let moved = share::exercised(evidence, fault, cutting).unwrap_or_else(|| cutting.reads.contains(&Tri::Yes));
    // Where only prices change nobody is failed: traffic that stays where it was has not moved, and that is what is asked.
    moved || ((restores || evidence.billing.only_prices) && bitten(evidence))
}

/// Whether it is proven that the fault touched requests, and not only said. Those of others show nothing of what users were spared.
fn bitten(evidence: &Evidence) -> bool {
    evidence.touched_counted && evidence.touched > 0 && !spared(evidence)
}

/// Whether the fault touched health checks and requests of others, and nothing that may have been the drill's.
fn spared(evidence: &Evidence) -> bool {
    evidence.touched_by.is_some_and(|by| by.drill == 0 && by.connections == 0 && by.others + by.health_checks > 0)
}

/// Bad requests within the hold.
fn residual_bad(window: &RequestWindow<'_>, gate: &Recovery, hold: i64) -> u64 {
    let Some(onset) = gate.onset else { return 0 };
    let ends = window.requests.due(onset) + hold;
    let within = window.requests.since(onset).iter().zip(&window.reads[onset..]).take_while(|(request, _)| request.due < ends);
    within.filter(|(_, reading)| **reading == Tri::No).count() as u64
}

fn first_standby(window: &RequestWindow<'_>, fault: Edge, clock_error: i64) -> Option<Interval> {
    let first = window.reads.iter().position(|reading| *reading == Tri::Yes)?;
    // An unknown reading before it may have been the first: the lower bound lies before that.
    let doubt = window.reads[..first].iter().position(|reading| *reading == Tri::Maybe).unwrap_or(first);
    let last_bad = window.reads[..doubt].iter().rposition(|reading| *reading == Tri::No);
    let lo = last_bad.map_or(0, |place| (window.requests.at(place).sent - fault.hi - clock_error).max(0));
    let proofs = window.requests.since(first).iter().zip(&window.reads[first..]).filter(|(_, reading)| **reading == Tri::Yes);
    let hi = proofs.map(|(request, _)| request.proof).min()?;
    Some(Interval { lo, hi: Some(hi - fault.lo + clock_error) })
}

fn after_heal(evidence: &Evidence) -> RequestSlice<'_> {
    let Some(heal) = evidence.heal else { return evidence.requests.slice(0..0) };
    let (first, last) = places(evidence, heal.lo, evidence.observed_until);
    evidence.requests.slice(first..last)
}

/// The recovery of the primary after the heal, and what began and did not count; `None` where nothing was due then.
fn failback(evidence: &Evidence, fault: Edge) -> Option<(Interval, Option<FalseStart>)> {
    let objectives = &evidence.objectives;
    let heal = evidence.heal.filter(|_| !after_heal(evidence).is_empty())?;
    if evidence.shared {
        return share::failback(evidence, fault, heal).map(|interval| (interval, None));
    }
    let window = RequestWindow::new(evidence, heal.lo, evidence.observed_until, |request| good_by(objectives, request, &evidence.primary));
    let start = Start { edge: heal, hold: objectives.failback_hold.nanos() };
    let recovery = window.recovery(start, HoldExtent::Hold, Index::Delivery);
    Some((recovery.interval, window.false_start(start, &recovery)))
}

/// Whether there was nothing to come back from. A primary that did not serve in time after the heal is no such case, whoever was asked.
fn never_left(evidence: &Evidence, fault: Edge, failback: Option<Interval>) -> bool {
    let in_time =
        failback.and_then(|interval| interval.hi).is_some_and(|hi| evidence.objectives.failback.is_none_or(|limit| hi <= limit.nanos()));
    let first = places(evidence, fault.lo, fault.lo).0;
    // Not only standbys: whoever else was asked, it was left.
    let is_other = |provider: u16| !evidence.primary.contains(&provider);
    let asked = |attempt: Attempt| is_other(attempt.provider);
    let served = |request: JudgedRequest| match request.by {
        By::Nobody => false,
        By::Unknown => true,
        By::Provider(place) => is_other(place),
    };
    !evidence.shared
        && in_time
        && evidence.attempts_seen
        && !evidence.attempts.within(first..evidence.requests.len()).any(asked)
        && !evidence.requests.all().since(first).iter().any(served)
}

/// Runs of requests that were not well served, among those in flight at the fault and those due while it lasted.
fn outage(evidence: &Evidence, fault: Edge, end: i64) -> Outage {
    let (first, last) = places(evidence, fault.lo, end);
    let in_flight = evidence.requests.slice(0..first).iter().filter(|request| request.done >= fault.lo);
    let mut outage = Outage { lo: Millis(0), hi: Some(Millis(0)), runs: 0 };
    let mut previous_good = fault.lo;
    // The run that has not ended: its first bad request after the fault began, and its last.
    let mut run: Option<(Option<i64>, i64)> = None;
    let close = |run: (Option<i64>, i64), outage: &mut Outage| outage.lo.0 += run.0.map_or(0, |first| run.1 - first);
    for request in in_flight.chain(evidence.requests.slice(first..last).iter()) {
        match good(&evidence.objectives, &request) {
            Tri::Yes => {
                if let Some(ended) = run.take() {
                    close(ended, &mut outage);
                    if let Some(hi) = &mut outage.hi {
                        hi.0 += (request.due - previous_good).max(0);
                    }
                }
                previous_good = request.due.max(fault.lo);
            }
            Tri::No => {
                let due = (request.due >= fault.lo).then_some(request.due);
                outage.runs += u64::from(run.is_none());
                let (began, _) = run.unwrap_or((None, 0));
                run = Some((began.or(due), request.due));
            }
            // It may have been good: what is certainly an outage ends here, what may be one goes on.
            Tri::Maybe => {
                if let Some((began, last)) = &mut run {
                    outage.lo.0 += began.take().map_or(0, |first| *last - first);
                }
            }
        }
    }
    if let Some(open) = run {
        close(open, &mut outage);
        outage.hi = None;
    }
    outage
}

/// How requests ended, counted in one pass over them.
#[derive(Debug, Default)]
struct EndCounts {
    /// Known not to have been answered whole.
    lost: u64,
    /// Of these the ones whose answer broke off.
    truncated: u64,
    /// Nobody knows.
    unknown: u64,
    /// Answered, and too late to be good.
    late: u64,
}

impl EndCounts {
    fn of(evidence: &Evidence, requests: impl Iterator<Item = JudgedRequest>) -> Self {
        let mut ended = Self::default();
        for request in requests {
            match request.outcome {
                Outcome::Ok => ended.late += u64::from(good(&evidence.objectives, &request) == Tri::No),
                Outcome::Truncated => (ended.lost, ended.truncated) = (ended.lost + 1, ended.truncated + 1),
                Outcome::Error | Outcome::Timeout => ended.lost += 1,
                Outcome::Unknown => ended.unknown += 1,
                Outcome::Unsent => {}
            }
        }
        ended
    }
}

/// Σ (1 − q)/λ: q is 1 within the service level, falls to 0 at the deadline, and is 0 where nothing came.
fn degraded_area(evidence: &Evidence, requests: RequestSlice<'_>) -> Millis {
    let (slo, deadline) = (evidence.objectives.slo.nanos(), evidence.objectives.deadline.nanos());
    let lost = |request: JudgedRequest| -> f64 {
        let latency = latency(&evidence.objectives, &request);
        match request.outcome {
            Outcome::Ok if latency <= slo => 0.0,
            Outcome::Ok if latency < deadline => 1.0 - (deadline - latency) as f64 / (deadline - slo) as f64,
            _ => 1.0,
        }
    };
    Millis((requests.iter().map(lost).sum::<f64>() * evidence.instrument.gap_mean as f64).round() as i64)
}

/// What the proxies saw of the requests due while the fault lasted.
struct AttemptCounts {
    count: u64,
    duplicates: u64,
    /// Most dispatches to standbys in one second, counted in seconds from the fault.
    busiest: u64,
    first_standby: Option<i64>,
}

impl AttemptCounts {
    fn of(evidence: &Evidence, fault: Edge, end: i64) -> Option<Self> {
        if !evidence.attempts_seen {
            return None;
        }
        let (first, last) = places(evidence, fault.lo, end);
        let mut attempts = Self { count: 0, duplicates: 0, busiest: 0, first_standby: None };
        let mut seconds: Vec<u64> = Vec::new();
        let others = share::others(evidence);
        // The request of the attempt before, and whether it was answered whole already.
        let mut previous = (u32::MAX, false);
        for attempt in evidence.attempts.within(first..last) {
            attempts.count += 1;
            let answered = previous == (attempt.request, true);
            attempts.duplicates += u64::from(answered && attempt.completed);
            previous = (attempt.request, answered || attempt.completed);
            if !others.contains(&attempt.provider) {
                continue;
            }
            if !evidence.shared {
                attempts.first_standby = Some(attempts.first_standby.map_or(attempt.at, |first| first.min(attempt.at)));
            }
            let second = usize::try_from((attempt.at - fault.lo).max(0) / 1_000_000_000).unwrap_or(0).min(10_000_000);
            if second >= seconds.len() {
                seconds.resize(second + 1, 0);
            }
            seconds[second] += 1;
        }
        attempts.busiest = seconds.into_iter().max().unwrap_or(0);
        Some(attempts)
    }
}
