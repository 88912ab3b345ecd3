//! The one fold that a running drill needs: what the terminal shows, what guards watch and what runbooks wait for.
//!
//! It is pure: the journal applies it to every event that it writes, so nothing that it says can differ from the history.
//! It keeps a minute of detail in slices of 100 ms and counters for the rest.

use super::alert::{AlertReceived, AlertSource};
use super::event::{Awaited, Event, FaultConfirmed, Outcome, Phase, RequestDone, Served};
use super::line::Stamped;
use super::number::workload_of;
use super::open::{OpenRequests, Overdue};
use super::side::{Side, Sides};
use crate::model::{Action, DrillPlan, Fault, Goal, NamedWorkload, Objectives, ProviderSelector, StepEnd};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Length of a slice: 100 ms in nanoseconds.
const SLICE: u64 = 100_000_000;
/// Slices that are kept: one minute.
const SLICES: usize = 600;
/// Different words for failures that are counted: a body's error code is somebody else's text.
const WORDS: usize = 32;
/// Different names of alerts that are known at once, for the same reason.
const ALERTS: usize = 256;
/// Within a longer look back, nothing may have ended for this long while requests wait.
const SILENCE: u64 = 1_000_000_000;

/// What is known of a drill while it runs. Where there are several workloads, the counts are those of the first; the others are
/// in [`Live::beside`].
#[derive(Debug, Clone, Default)]
pub struct Live {
    /// The stamp of the newest event.
    pub now: u64,
    /// The drill's plan; `None` before the first event.
    pub plan: Option<Arc<DrillPlan>>,
    /// The drill's identifier.
    pub drill: String,
    /// How many steps the runbook has.
    pub steps: usize,
    /// The phase and when it began.
    pub phase: Option<(Phase, u64)>,
    /// When traffic began: the start of the baseline.
    pub traffic_since: Option<u64>,
    /// Names of providers, by place: the service's in its order, then the others of the plan.
    pub providers: Vec<String>,
    /// The last minute, oldest first.
    pub slices: VecDeque<Bucket>,
    /// Everything so far.
    pub total: Bucket,
    /// Those that have not ended, where they should have.
    pub open: OpenRequests,
    /// Nanoseconds: the latencies that the runbook asks for.
    pub limits: Vec<u64>,
    /// The workloads beside the first.
    pub beside: Vec<LiveWorkload>,
    /// How each provider does with the first workload, where the runbook has a canary.
    pub sides: Option<Sides>,
    /// Good requests in a row, up to now.
    pub good_in_a_row: u32,
    /// Bad requests in a row, up to now.
    pub bad_in_a_row: u32,
    /// How often each word for a failure was seen among the first workload's requests, up to 32 different ones.
    pub why: BTreeMap<String, u64>,
    /// What is waited for before the baseline, and since when.
    pub awaited: Option<(u64, Awaited)>,
    /// Faults, by place on the timeline.
    pub faults: Vec<LiveFault>,
    /// Alerts that arrived, by name, up to 256 different ones.
    pub alerts: BTreeMap<String, LiveAlert>,
    /// Why and when the runbook was started.
    pub runbook_started: Option<(u64, String)>,
    /// The step that runs, or the last that ran.
    pub step: Option<LiveStep>,
    /// Every event but requests and exchanges, oldest first.
    pub notable: Vec<Arc<Stamped>>,
    /// True after the event `finished`.
    pub finished: bool,
}

/// What happened in a slice of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Its number since the origin, in slices of 100 ms. Not used in totals.
    pub slice: u64,
    /// How late the latest request was sent, in nanoseconds.
    pub lag: u64,
    /// Requests that ended well: answered, whole, within the service level.
    pub good: u64,
    /// Requests that were answered, but too late to be good.
    pub slow: u64,
    /// Requests that were not answered.
    pub failed: u64,
    /// Requests that could not be sent.
    pub shed: u64,
    /// Answers below each latency of [`Live::limits`].
    pub below: Vec<u64>,
    /// At the service level, and at each latency of [`Live::limits`]: requests that have passed it while they were open, less those that have
    /// ended and had passed it before. With it each request counts once, at the first moment at which it was known to be beyond.
    pub overdue: Vec<i64>,
    /// Whole answers by provider, by place in [`Live::providers`].
    pub served: Vec<u64>,
}

impl Bucket {
    /// Requests that ended or were shed.
    pub const fn requests(&self) -> u64 {
        self.good + self.slow + self.failed + self.shed
    }

    /// Requests of which it is known whether they are beyond the service level (0) or the latency after it, open ones among them.
    pub fn known(&self, level: usize) -> u64 {
        self.requests().saturating_add_signed(self.overdue.get(level).copied().unwrap_or(0))
    }

    fn add(&mut self, other: &Self) {
        self.lag = self.lag.max(other.lag);
        self.good += other.good;
        self.slow += other.slow;
        self.failed += other.failed;
        self.shed += other.shed;
        for (sums, more) in [(&mut self.served, &other.served), (&mut self.below, &other.below)] {
            if sums.len() < more.len() {
                sums.resize(more.len(), 0);
            }
            sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
        other.overdue.iter().enumerate().for_each(|(level, more)| self.shift(level, *more));
    }

    fn shift(&mut self, level: usize, by: i64) {
        if self.overdue.len() <= level {
            self.overdue.resize(level + 1, 0);
        }
        self.overdue[level] += by;
    }
}

/// A workload beside the first.
#[derive(Debug, Clone)]
pub struct LiveWorkload {
    /// What it is.
    pub named: NamedWorkload,
    /// The last minute, oldest first.
    pub slices: VecDeque<Bucket>,
    /// Everything so far.
    pub total: Bucket,
    /// How often each word for a failure was seen, up to 32 different ones.
    pub why: BTreeMap<String, u64>,
    /// Those that have not ended, where they should have.
    pub open: OpenRequests,
}

/// A fault on the timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveFault {
    /// The provider.
    pub on: String,
    /// What.
    pub what: Fault,
    /// When it was requested.
    pub requested: u64,
    /// When the proxy had it in force.
    pub confirmed: Option<u64>,
    /// When the proxy had removed it.
    pub healed: Option<u64>,
}

/// An alert of the team's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveAlert {
    /// Who sent it.
    pub source: AlertSource,
    /// Those of this name that fire.
    pub firing: BTreeSet<String>,
    /// When the first of them arrived, or the end of the last.
    pub since: u64,
}

/// A step of the runbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveStep {
    /// Its place, from 0.
    pub step: u32,
    /// Its name.
    pub name: String,
    /// Which try, from 1.
    pub attempt: u32,
    /// How it ended; `None` while it runs.
    pub end: Option<StepEnd>,
}

impl Live {
    /// Takes one more event in.
    pub fn apply(&mut self, stamped: &Stamped) {
        self.now = stamped.t;
        match &stamped.event {
            Event::Request(request) => return self.request(stamped.t, request),
            Event::Served(served) => {
                self.exchange(served);
                // What has no mark is not this traffic's: gateways ask providers for their models, too.
                if let Some(id) = served.id.filter(|_| served.completed()) {
                    let place = self.place(&served.by);
                    self.count(stamped.t, id, |bucket| {
                        if bucket.served.len() <= place {
                            bucket.served.resize(place + 1, 0);
                        }
                        bucket.served[place] += 1;
                    });
                }
                return;
            }
            Event::Carried(_) | Event::TokenMinted(_) => return,
            Event::Overdue(overdue) => return self.overdue(stamped.t, overdue),
            Event::Shed(shed) => {
                self.row(shed.id, false);
                return self.count(stamped.t, shed.id, |bucket| bucket.shed += 1);
            }
            Event::Started(started) => {
                let plan = Arc::new(started.plan.clone());
                self.providers = plan.service.providers.clone();
                self.providers.extend(plan.providers.keys().filter(|name| !plan.service.providers.contains(name)).cloned());
                self.drill.clone_from(&started.drill);
                let beside = |named: &NamedWorkload| LiveWorkload {
                    named: named.clone(),
                    slices: VecDeque::new(),
                    total: Bucket::default(),
                    why: BTreeMap::new(),
                    open: OpenRequests::default(),
                };
                self.beside = plan.beside.iter().map(beside).collect();
                let limit = |goal: &Goal| if let Goal::Latency { below, .. } = goal { Some(below.as_nanos()) } else { None };
                self.limits = plan.runbook.iter().flat_map(|runbook| runbook.awaited().filter_map(limit)).collect();
                let steps = plan.runbook.iter().flat_map(|runbook| &runbook.steps);
                self.sides = steps.clone().any(|step| matches!(step.action, Action::Canary(_))).then(Sides::default);
                self.steps = steps.count();
                self.plan = Some(plan);
            }
            Event::Phase(entered) => {
                self.phase = Some((entered.name, stamped.t));
                self.awaited = None;
                if entered.name == Phase::Baseline {
                    self.traffic_since = Some(stamped.t);
                }
            }
            Event::FaultRequested(fault) => {
                self.faults.push(LiveFault {
                    on: fault.on.clone(),
                    what: fault.what.clone(),
                    requested: stamped.t,
                    confirmed: None,
                    healed: None,
                });
            }
            Event::FaultConfirmed(FaultConfirmed { fault, hi, .. }) => {
                if let Some(live) = self.faults.get_mut(*fault as usize) {
                    live.confirmed = Some(*hi);
                }
            }
            Event::FaultHealed(healed) => {
                if let Some(live) = self.faults.get_mut(healed.fault as usize) {
                    live.healed = Some(healed.hi);
                }
            }
            Event::Awaited(awaited) => self.awaited = Some((stamped.t, awaited.clone())),
            Event::AlertReceived(alert) => self.alert(alert),
            Event::RunbookStarted(started) => self.runbook_started = Some((stamped.t, started.because.clone())),
            Event::StepStarted(step) => {
                self.step = Some(LiveStep { step: step.step, name: step.name.clone(), attempt: step.attempt, end: None });
            }
            Event::StepFinished(finished) => {
                if let Some(step) = self.step.as_mut().filter(|step| step.step == finished.step) {
                    step.end = Some(finished.end);
                }
            }
            Event::ExecutionStarted(started) => {
                self.drill.clone_from(&started.execution);
                self.steps = started.plan.runbook.steps.len();
            }
            Event::Resumed(_) => self.finished = false,
            Event::Finished(_) | Event::ExecutionFinished(_) => self.finished = true,
            Event::ProxyClock(_)
            | Event::PlainToxiproxy(_)
            | Event::KeyHeld(_)
            | Event::KeyMinted(_)
            | Event::KeyStored(_)
            | Event::KeyRevoked(_)
            | Event::KeyProbed(_)
            | Event::SightGap(_)
            | Event::AlertsLeftOut(_)
            | Event::Gateway(_)
            | Event::ReactionModelled(_)
            | Event::StepOverran(_)
            | Event::UndoStarted(_)
            | Event::StepUndone(_)
            | Event::Note(_)
            | Event::Remark(_)
            | Event::Contacted(_)
            | Event::GuardTripped(_)
            | Event::Cancelled(_) => {}
        }
        self.notable.push(Arc::new(stamped.clone()));
    }

    /// What happened from `span` nanoseconds before `now` until `now`, in whole slices.
    pub fn over(&self, span: u64, now: u64) -> Bucket {
        over(&self.slices, span, now)
    }

    /// Whether the live traffic meets a goal at `now`. `succeeds` and `fails` count good and bad requests in a row; the others
    /// look at whole slices that have ended, and need at least one request in them and a record as long as they look back. A request that
    /// is open for too long is one of them, and not a good one.
    pub fn meets(&self, goal: &Goal, now: u64) -> bool {
        match goal {
            Goal::Fails(count) => self.bad_in_a_row >= *count,
            Goal::Succeeds(count) => self.good_in_a_row >= *count,
            Goal::Success { ratio, over } => {
                let seen = self.over(over.as_nanos(), now);
                let all = seen.known(0);
                let is_heard = self.looks_back(over.as_nanos(), now) && !self.is_silent(over.as_nanos().min(SILENCE), now);
                is_heard && all > 0 && seen.good as f64 >= ratio.get() * all as f64
            }
            Goal::Latency { share, below, over } => {
                let (seen, place) = (self.over(over.as_nanos(), now), self.limits.iter().position(|limit| *limit == below.as_nanos()));
                let in_time = place.and_then(|place| seen.below.get(place)).copied().unwrap_or(0);
                let all = place.map_or(0, |place| seen.known(place + 1));
                self.looks_back(over.as_nanos(), now) && all > 0 && in_time as f64 >= share.get() * all as f64
            }
            Goal::Alert(name) => self.fires(name),
            Goal::Resolved(name) => self.alerts.get(name).is_some_and(|alert| alert.firing.is_empty()),
            Goal::ServedBy { who, over } => {
                let seen = self.over(over.as_nanos(), now);
                let total: u64 = seen.served.iter().sum();
                let wanted: u64 = seen.served.iter().enumerate().filter(|(place, _)| self.is(*place, who)).map(|(_, count)| count).sum();
                self.looks_back(over.as_nanos(), now) && total > 0 && wanted == total
            }
        }
    }

    /// True while an alert of this name fires.
    pub fn fires(&self, name: &str) -> bool {
        self.alerts.get(name).is_some_and(|alert| !alert.firing.is_empty())
    }

    fn alert(&mut self, alert: &AlertReceived) {
        // What is waited for must never be crowded out, however much of other things comes.
        let is_awaited = self.plan.as_ref().is_some_and(|plan| plan.awaits_alert(&alert.name));
        if self.alerts.len() >= ALERTS && !is_awaited && !self.alerts.contains_key(&alert.name) {
            return;
        }
        let unknown = || LiveAlert { source: alert.source, firing: BTreeSet::new(), since: alert.at };
        let live = self.alerts.entry(alert.name.clone()).or_insert_with(unknown);
        let before = live.firing.is_empty();
        if !alert.firing {
            live.firing.remove(&alert.instance);
        } else if is_awaited || live.firing.len() < ALERTS {
            live.firing.insert(alert.instance.clone());
        }
        if live.firing.is_empty() != before {
            live.since = alert.at;
        }
    }

    /// How those that `who` names have done from the beginning, and how the other providers of the service.
    pub fn beside_each_other(&self, who: &ProviderSelector) -> (Side, Side) {
        let Some(sides) = &self.sides else { return Default::default() };
        let own = self.plan.as_ref().map_or(0, |plan| plan.service.providers.len());
        (sides.of(|place| self.is(place, who)), sides.of(|place| place < own && !self.is(place, who)))
    }

    fn looks_back(&self, span: u64, now: u64) -> bool {
        self.traffic_since.is_some_and(|since| since + span <= now)
    }

    fn is(&self, place: usize, who: &ProviderSelector) -> bool {
        let (primaries, all) = self.plan.as_ref().map_or((1, 0), |plan| (plan.service.primaries().len(), plan.service.providers.len()));
        match who {
            ProviderSelector::Primary => place < primaries,
            ProviderSelector::Standby => (primaries..all).contains(&place),
            ProviderSelector::Provider(name) => self.providers.get(place) == Some(name),
        }
    }

    /// An attempt of the first workload, for whoever compares providers.
    fn exchange(&mut self, served: &Served) {
        let Some(id) = served.id.filter(|id| self.sides.is_some() && workload_of(*id) == 0) else { return };
        let place = self.place(&served.by);
        if let Some(sides) = &mut self.sides {
            sides.served(place, id, served);
        }
    }

    fn place(&mut self, provider: &str) -> usize {
        self.providers.iter().position(|name| name == provider).unwrap_or_else(|| {
            self.providers.push(provider.to_owned());
            self.providers.len() - 1
        })
    }

    fn request(&mut self, t: u64, request: &RequestDone) {
        let good = match workload_of(request.id).checked_sub(1) {
            None => self.plan.as_ref().is_none_or(|plan| request.is_good(&plan.objectives)),
            Some(place) => self.beside.get(place).is_some_and(|beside| request.is_good(&beside.named.objectives)),
        };
        let words = match workload_of(request.id).checked_sub(1) {
            None => Some(&mut self.why),
            Some(place) => self.beside.get_mut(place).map(|beside| &mut beside.why),
        };
        if let Some((why, words)) = request.why.as_ref().zip(words)
            && (words.len() < WORDS || words.contains_key(why.as_ref()))
        {
            *words.entry(why.to_string()).or_default() += 1;
        }
        let was_open = self.open_of(request.id).map_or(0, |open| open.ended(request.id, t));
        // Empty as a rule, and then it costs nothing.
        let levels = if was_open > 0 { self.levels(request.id) } else { Vec::new() };
        // Where it was open for too long already, it has been counted in the row then.
        if levels.first().is_none_or(|slo| was_open < *slo) {
            self.row(request.id, good);
        }
        if good && self.faults.is_empty() {
            self.open_of(request.id).into_iter().for_each(|open| open.usual(request.done));
        }
        if let Some(sides) = self.sides.as_mut().filter(|_| workload_of(request.id) == 0) {
            sides.ended(request.id, request.outcome);
        }
        let limits = if workload_of(request.id) == 0 && request.outcome == Outcome::Ok { self.limits.clone() } else { Vec::new() };
        let moment = self.plan.as_ref().map_or(request.done, |plan| request.moment(&plan.objectives));
        self.count(t, request.id, |bucket| {
            bucket.below.resize(bucket.below.len().max(limits.len()), 0);
            bucket.below.iter_mut().zip(&limits).for_each(|(count, limit)| *count += u64::from(moment < *limit));
            bucket.lag = bucket.lag.max(request.lag);
            (0..levels.len()).filter(|place| levels[*place] <= was_open).for_each(|place| bucket.shift(place, -1));
            match request.outcome {
                Outcome::Ok if good => bucket.good += 1,
                Outcome::Ok => bucket.slow += 1,
                _ => bucket.failed += 1,
            }
        });
    }

    /// A request has been open for so long.
    fn overdue(&mut self, t: u64, overdue: &Overdue) {
        let Some(open) = self.open_of(overdue.id) else { return };
        open.overdue(overdue);
        let levels = self.levels(overdue.id);
        self.count(t, overdue.id, |bucket| {
            (0..levels.len()).filter(|place| levels[*place] == overdue.after).for_each(|place| bucket.shift(place, 1));
        });
        if levels[0] == overdue.after {
            self.row(overdue.id, false);
        }
    }

    /// The open requests of the workload that one belongs to.
    fn open_of(&mut self, id: u64) -> Option<&mut OpenRequests> {
        match workload_of(id).checked_sub(1) {
            None => Some(&mut self.open),
            Some(place) => self.beside.get_mut(place).map(|beside| &mut beside.open),
        }
    }

    /// The service level of a request in nanoseconds, and the latencies that a runbook asks for.
    fn levels(&self, id: u64) -> Vec<u64> {
        let slo = |objectives: &Objectives| objectives.slo.as_nanos();
        match workload_of(id).checked_sub(1) {
            None => {
                let slo = self.plan.as_ref().map_or(u64::MAX, |plan| slo(&plan.objectives));
                std::iter::once(slo).chain(self.limits.iter().copied()).collect()
            }
            Some(place) => vec![self.beside.get(place).map_or(u64::MAX, |beside| slo(&beside.named.objectives))],
        }
    }

    /// Requests of the first workload in a row.
    fn row(&mut self, id: u64, good: bool) {
        if workload_of(id) > 0 {
            return;
        }
        let (longer, broken) =
            if good { (&mut self.good_in_a_row, &mut self.bad_in_a_row) } else { (&mut self.bad_in_a_row, &mut self.good_in_a_row) };
        *longer = longer.saturating_add(1);
        *broken = 0;
    }

    /// Counts what became of a request where its workload is counted.
    fn count(&mut self, t: u64, id: u64, change: impl Fn(&mut Bucket)) {
        let (total, slices) = match workload_of(id).checked_sub(1) {
            None => (&mut self.total, &mut self.slices),
            Some(place) => match self.beside.get_mut(place) {
                Some(beside) => (&mut beside.total, &mut beside.slices),
                None => return,
            },
        };
        change(total);
        let slice = t / SLICE;
        if slices.back().is_none_or(|last| last.slice < slice) {
            slices.push_back(Bucket { slice, ..Bucket::default() });
            if slices.len() > SLICES {
                slices.pop_front();
            }
        }
        if let Some(last) = slices.back_mut() {
            change(last);
        }
    }
}

impl LiveWorkload {
    /// What happened from `span` nanoseconds before `now` until `now`, in whole slices.
    pub fn over(&self, span: u64, now: u64) -> Bucket {
        over(&self.slices, span, now)
    }
}

fn over(slices: &VecDeque<Bucket>, span: u64, now: u64) -> Bucket {
    let first = now.saturating_sub(span) / SLICE;
    let mut sum = Bucket::default();
    for bucket in slices.iter().rev().take_while(|bucket| bucket.slice >= first) {
        sum.add(bucket);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_is_that_of_all_requests_of_the_last_while() {
        let goal = |percent: f64, ms| Goal::Latency {
            share: crate::units::Ratio::new(percent / 100.0).unwrap(),
            below: crate::units::Duration::from_millis(ms),
            over: crate::units::Duration::from_secs(1),
        };
        let second = 1_000_000_000;
        let mut live = Live { limits: vec![200_000_000, 50_000_000], traffic_since: Some(0), ..Live::default() };
        assert!(!live.meets(&goal(50.0, 200), 2 * second), "there was no request");
        // 18 answers in 100 ms, one in 200, one that never came: 19 of 20 ended, 18 below 200 ms.
        for number in 0..20 {
            let (outcome, done) = match number {
                0 => (Outcome::Timeout, 1_000_000),
                1 => (Outcome::Ok, 200_000_000),
                _ => (Outcome::Ok, 100_000_000),
            };
            let done = RequestDone { id: number, due: 0, lag: 0, proof: None, done, outcome, why: None };
            live.apply(&Stamped { t: second + number * 10_000_000, event: Event::Request(done) });
        }
        let at = |live: &Live, percent, ms| live.meets(&goal(percent, ms), 2 * second - 1);
        assert!(at(&live, 90.0, 200) && !at(&live, 91.0, 200), "{:?}", live.over(second, 2 * second - 1));
        assert!(!at(&live, 1.0, 50) && !at(&live, 1.0, 123), "a latency that nobody counts is met by none");
        assert!(!live.meets(&goal(1.0, 200), 4 * second), "the last while has none");
    }

    #[test]
    fn an_alert_fires_until_each_of_its_name_is_over() {
        let mut live = Live::default();
        let goals = [Goal::Alert("Down".into()), Goal::Resolved("Down".into())];
        let mut tell = |at, instance: &str, firing| {
            let alert = AlertReceived { at, source: AlertSource::Json, name: "Down".into(), instance: instance.into(), firing };
            live.apply(&Stamped { t: at, event: Event::AlertReceived(alert) });
            (goals.clone().map(|goal| live.meets(&goal, at)), live.alerts["Down"].since)
        };
        assert_eq!(tell(1, "eu", true), ([true, false], 1));
        assert_eq!(tell(2, "us", true), ([true, false], 1), "it has fired since the first");
        assert_eq!(tell(3, "eu", false), ([true, false], 1));
        assert_eq!(tell(4, "us", false), ([false, true], 4));
        assert_eq!(tell(5, "us", false), ([false, true], 4));
        assert_eq!(tell(6, "us", true), ([true, false], 6));
        assert!(!live.meets(&Goal::Resolved("Other".into()), 9), "what never fired is not over");
    }

    #[test]
    fn others_do_not_crowd_out_an_alert_that_the_plan_waits_for() {
        let mut live = Live { plan: Some(super::super::open::tests::waiting_for("Down").into()), ..Live::default() };
        let mut tell = |name: String, instance: u32, firing| {
            let alert = AlertReceived { at: 1, source: AlertSource::Json, name, instance: instance.to_string(), firing };
            live.apply(&Stamped { t: 1, event: Event::AlertReceived(alert) });
            (live.fires("Down"), live.alerts.len())
        };
        for place in 0..1_000 {
            tell(format!("Other{place}"), 0, true);
        }
        for instance in 0..500 {
            tell("Down".into(), instance, true);
        }
        for instance in 0..499 {
            assert_eq!(tell("Down".into(), instance, false), (true, ALERTS + 1), "another still fires");
        }
        assert!(!tell("Down".into(), 499, false).0);
    }

    #[test]
    fn only_what_bears_a_mark_is_an_answer_to_this_traffic() {
        let mut live = Live::default();
        for (id, by) in [(None, "standby"), (Some(3), "primary")] {
            let served = Served { id, by: by.into(), at: 0, took: 1, status: 200, key: None, cut: false, touched: false, request: None };
            live.apply(&Stamped { t: 1, event: Event::Served(served) });
        }
        assert_eq!((live.providers, live.total.served), (vec!["primary".to_owned()], vec![1]));
    }
}
