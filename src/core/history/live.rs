//! The one fold that a running drill needs: what the terminal shows, what guards watch and what runbooks wait for.
//!
//! It is pure: the journal applies it to every event that it writes, so nothing that it says can differ from the history.
//! It keeps a minute of detail in slices of 100 ms and counters for the rest, for each workload alike.

use super::alert::{AlertReceived, AlertSource};
use super::bill::{BilledExchange, RaisedPrice};
use super::broken::is_instead;
use super::climb::ClimbTally;
use super::edge::signed;
use super::event::{Awaited, Event, FaultConfirmed, FaultRequested, Outcome, Overdue, Phase, RequestDone, Served, Stamped, Started};
use super::health::HealthTally;
use super::live_workload::{LiveWorkload, Measure};
use super::number::workload_of;
use super::side::{Side, Sides};
use crate::model::{Action, DrillPlan, Fault, Goal, Guard, NamedWorkload, ProviderSelector, StepEnd};
use crate::units::{Duration, Money, closest};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Different names of alerts that are known at once: they are somebody else's text.
const ALERTS: usize = 256;
/// Within a longer look back, nothing may have ended for this long while requests wait.
const SILENCE: u64 = 1_000_000_000;

/// What is known of a drill while it runs.
#[derive(Debug, Clone)]
pub struct Live {
    /// The stamp of the newest event.
    pub now: u64,
    /// The drill's plan; `None` before the first event.
    pub plan: Option<Arc<DrillPlan>>,
    /// The alerts that a runbook waits for which is walked for real.
    pub awaited_outside: BTreeSet<String>,
    /// The drill's identifier.
    pub drill: String,
    /// How many steps the runbook has.
    pub steps: usize,
    /// The phase and when it began.
    pub phase: Option<(Phase, u64)>,
    /// When traffic began: the start of the baseline.
    pub traffic_since: Option<u64>,
    /// Names of providers, by place: those of the leading workload's service in its order, then the others of the plan.
    pub providers: Vec<String>,
    /// The counts of each workload, by its place in the plan. Before the first event there is one, which nothing is known of.
    pub workloads: Vec<LiveWorkload>,
    /// Nanoseconds: the latencies that somebody asks for. First those of guards, which look at every workload, then those of the runbook, which
    /// looks at the leading one.
    pub limits: Vec<u64>,
    /// How many of them are guards'.
    pub guarded_limits: usize,
    /// Of each workload, what shows whether it is well again after the faults.
    pub health: Vec<HealthTally>,
    /// How each provider does with the leading workload, where the runbook has a canary.
    pub sides: Option<Sides>,
    /// What came of a climb in steps of the leading workload, where it has one.
    pub climb: Option<ClimbTally>,
    /// What is waited for before the baseline, and since when.
    pub awaited: Option<(u64, Awaited)>,
    /// Faults, by place on the timeline.
    pub faults: Vec<LiveFault>,
    /// Alerts that arrived, by name, up to 256 different ones.
    pub alerts: BTreeMap<String, LiveAlert>,
    /// Why and when the runbook was started.
    pub runbook_started: Option<(u64, String)>,
    /// What answers to the leading workload have cost since the first fault, in billionths of a dollar, as far as their prices are known.
    pub spent: u64,
    /// The step that runs, or the last that ran.
    pub step: Option<LiveStep>,
    /// Every event but requests and exchanges, oldest first.
    pub notable: Vec<Arc<Stamped>>,
    /// True after the event `finished`.
    pub finished: bool,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            now: 0,
            plan: None,
            awaited_outside: BTreeSet::new(),
            drill: String::new(),
            steps: 0,
            phase: None,
            traffic_since: None,
            providers: Vec::new(),
            workloads: vec![LiveWorkload::default()],
            limits: Vec::new(),
            guarded_limits: 0,
            health: vec![HealthTally::default()],
            sides: None,
            climb: None,
            awaited: None,
            faults: Vec::new(),
            alerts: BTreeMap::new(),
            runbook_started: None,
            spent: 0,
            step: None,
            notable: Vec::new(),
            finished: false,
        }
    }
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

impl LiveFault {
    fn requested(fault: &FaultRequested, t: u64) -> Self {
        Self { on: fault.on.clone(), what: fault.what.clone(), requested: t, confirmed: None, healed: None }
    }
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
            Event::Request(request) => self.ended(stamped.t, request),
            Event::Shed(shed) => {
                if let Some(workload) = self.workloads.get_mut(workload_of(shed.id)) {
                    workload.shed(stamped.t);
                }
                self.seen_well(workload_of(shed.id), shed.due, false);
                let lead = self.lead();
                self.climb.iter_mut().filter(|_| workload_of(shed.id) == lead).for_each(|climb| climb.shed(shed.due));
            }
            Event::Overdue(overdue) => self.overdue(stamped.t, overdue),
            Event::Served(served) => self.served(stamped.t, served),
            Event::Carried(_) | Event::TokenMinted(_) | Event::ParityProbed(_) => {}
            event => {
                if let (Event::Paced(paced), Some(climb)) = (event, &mut self.climb) {
                    climb.paced(paced);
                }
                self.note(stamped.t, event);
                self.notable.push(Arc::new(stamped.clone()));
            }
        }
    }

    /// Takes in what is neither a request nor an exchange.
    fn note(&mut self, t: u64, event: &Event) {
        match event {
            Event::Started(started) => self.started(started),
            Event::ExecutionStarted(started) => {
                self.drill.clone_from(&started.execution);
                self.steps = started.plan.runbook.steps.len();
                self.awaited_outside = started.plan.runbook.alerts_outside().map(str::to_owned).collect();
            }
            Event::Phase(entered) => {
                self.phase = Some((entered.name, t));
                self.awaited = None;
                if entered.name == Phase::Baseline {
                    self.traffic_since = Some(t);
                }
            }
            Event::FaultRequested(fault) => {
                self.faults.push(LiveFault::requested(fault, t));
                self.health.iter_mut().for_each(HealthTally::broken);
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
            Event::Awaited(awaited) => self.awaited = Some((t, awaited.clone())),
            Event::AlertReceived(alert) => self.alert(alert),
            Event::RunbookStarted(started) => self.runbook_started = Some((t, started.because.clone())),
            Event::StepStarted(step) => {
                self.step = Some(LiveStep { step: step.step, name: step.name.clone(), attempt: step.attempt, end: None });
            }
            Event::StepFinished(finished) => {
                if let Some(step) = self.step.as_mut().filter(|step| step.step == finished.step) {
                    step.end = Some(finished.end);
                }
            }
            Event::Resumed(_) => self.finished = false,
            Event::Mended(mended) => self.steps = mended.plan.runbook.steps.len(),
            Event::Finished(_) | Event::ExecutionFinished(_) => self.finished = true,
            // Whoever wants one of the others finds it among what is notable.
            _ => {}
        }
    }

    fn started(&mut self, started: &Started) {
        let plan = Arc::new(started.plan.clone());
        let own = &plan.workloads.leading().service.providers;
        self.providers.clone_from(own);
        self.providers.extend(plan.providers.keys().filter(|name| !own.contains(name)).cloned());
        self.drill.clone_from(&started.drill);
        self.workloads = vec![LiveWorkload::default(); plan.workloads.len()];
        let limit = |goal: &Goal| if let Goal::Latency { below, .. } = goal { Some(below.as_nanos()) } else { None };
        self.health = vec![HealthTally::default(); plan.workloads.len()];
        let guarded = plan.scenario.abort_when.iter().flat_map(Guard::latencies).map(Duration::as_nanos);
        self.limits = guarded.collect();
        self.guarded_limits = self.limits.len();
        self.limits.extend(plan.runbook.iter().flat_map(|runbook| runbook.awaited().filter_map(limit)));
        let steps = plan.runbook.iter().flat_map(|runbook| &runbook.steps);
        self.sides = steps.clone().any(|step| matches!(step.action, Action::Canary(_))).then(Sides::default);
        self.steps = steps.count();
        let leading = plan.workloads.leading();
        self.climb = leading.workload.steps.as_ref().map(|steps| ClimbTally::new(steps, &leading.objectives));
        self.plan = Some(plan);
    }

    /// True where there is a drill's traffic to look at; false where a runbook is walked for real, or a drill's is taken back.
    pub fn in_drill(&self) -> bool {
        self.plan.is_some()
    }

    /// The place of the leading workload.
    pub fn lead(&self) -> usize {
        self.plan.as_ref().map_or(0, |plan| plan.workloads.lead())
    }

    /// The counts of the leading workload.
    pub fn leading(&self) -> &LiveWorkload {
        &self.workloads[self.lead()]
    }

    /// The others: their places, what they are, and their counts.
    pub fn others(&self) -> impl Iterator<Item = (usize, &NamedWorkload, &LiveWorkload)> {
        let named = self.plan.iter().flat_map(|plan| plan.workloads.others());
        named.filter_map(|(place, named)| Some((place, named, self.workloads.get(place)?)))
    }

    /// Whether the live traffic meets a goal at `now`. `succeeds` and `fails` count good and bad requests in a row; the others
    /// look at whole slices that have ended, and need at least one request in them and a record as long as they look back. A request that
    /// is open for too long is one of them, and not a good one.
    pub fn meets(&self, goal: &Goal, now: u64) -> bool {
        let leading = self.leading();
        match goal {
            Goal::Fails(count) => leading.bad_in_a_row >= *count,
            Goal::Succeeds(count) => leading.good_in_a_row >= *count,
            Goal::Success { ratio, over } => {
                let seen = leading.over(over.as_nanos(), now);
                let all = seen.known(0);
                let is_heard = self.looks_back(over.as_nanos(), now) && !self.is_silent(over.as_nanos().min(SILENCE), now);
                is_heard && all > 0 && seen.good as f64 >= ratio.get() * all as f64
            }
            Goal::Latency { share, below, over } => {
                let seen = leading.over(over.as_nanos(), now);
                let place = self.limits.iter().position(|limit| *limit == below.as_nanos());
                let in_time = place.and_then(|place| seen.below.get(place)).copied().unwrap_or(0);
                let all = place.map_or(0, |place| seen.known(place + 1));
                self.looks_back(over.as_nanos(), now) && all > 0 && in_time as f64 >= share.get() * all as f64
            }
            // The traffic does not say what somebody else would answer.
            Goal::Asked(_) => false,
            Goal::Spend(most) => self.spent >= most.as_nanos(),
            Goal::Alert(name) => self.fires(name),
            Goal::Resolved(name) => self.alerts.get(name).is_some_and(|alert| alert.firing.is_empty()),
            Goal::ServedBy { who, over } => {
                let seen = leading.over(over.as_nanos(), now);
                let total: u64 = seen.served.iter().sum();
                let wanted: u64 = seen.served.iter().enumerate().filter(|(place, _)| self.is(*place, who)).map(|(_, count)| count).sum();
                self.looks_back(over.as_nanos(), now) && total > 0 && wanted == total
            }
        }
    }

    /// The alert that is waited for and probably meant by another of this name: `providerdown` for `ProviderDown`.
    pub fn meant_by(&self, name: &str) -> Option<&str> {
        let in_drill = self.plan.iter().flat_map(|plan| plan.awaited_alerts());
        let awaited: Vec<&str> = in_drill.chain(self.awaited_outside.iter().map(String::as_str)).collect();
        closest(name, awaited.iter().copied()).filter(|_| !awaited.contains(&name))
    }

    /// True while an alert of this name fires.
    pub fn fires(&self, name: &str) -> bool {
        self.alerts.get(name).is_some_and(|alert| !alert.firing.is_empty())
    }

    fn alert(&mut self, alert: &AlertReceived) {
        // What is waited for must never be crowded out, however much of other things comes.
        let in_drill = self.plan.as_ref().is_some_and(|plan| plan.awaits_alert(&alert.name));
        let is_awaited = in_drill || self.awaited_outside.contains(&alert.name);
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
        let own = self.plan.as_ref().map_or(0, |plan| plan.workloads.leading().service.providers.len());
        (sides.of(|place| self.is(place, who)), sides.of(|place| place < own && !self.is(place, who)))
    }

    /// Answers that are billed from the beginning, whole or not: of each provider of the service, how many, and true where `who` names it.
    pub fn billed(&self, who: &ProviderSelector) -> Vec<(&str, u64, bool)> {
        let own = self.plan.as_ref().map_or(0, |plan| plan.workloads.leading().service.providers.len());
        let named = self.providers.iter().take(own).enumerate();
        named
            .map(|(place, name)| (name.as_str(), self.sides.as_ref().map_or(0, |sides| sides.billed(place)), self.is(place, who)))
            .collect()
    }

    fn looks_back(&self, span: u64, now: u64) -> bool {
        self.traffic_since.is_some_and(|since| since + span <= now)
    }

    fn is(&self, place: usize, who: &ProviderSelector) -> bool {
        let service = self.plan.as_ref().map(|plan| &plan.workloads.leading().service);
        let (primaries, all) = service.map_or((1, 0), |service| (service.primaries().len(), service.providers.len()));
        match who {
            ProviderSelector::Primary => place < primaries,
            ProviderSelector::Standby => (primaries..all).contains(&place),
            ProviderSelector::Provider(name) => self.providers.get(place) == Some(name),
        }
    }

    fn ended(&mut self, t: u64, request: &RequestDone) {
        let (place, lead) = (workload_of(request.id), self.lead());
        let measure = measure(self.plan.as_deref(), (&self.limits, self.guarded_limits), &self.faults, place);
        let Some(workload) = self.workloads.get_mut(place) else { return };
        workload.ended(t, request, &measure);
        if request.outcome != Outcome::Unknown {
            let good = measure.objectives.is_none_or(|objectives| request.is_good(objectives));
            self.seen_well(place, request.due, good);
            self.climb.iter_mut().filter(|_| place == lead).for_each(|climb| climb.ended(request, good));
        }
        if let Some(sides) = self.sides.as_mut().filter(|_| place == lead) {
            sides.ended(request.id, request.outcome);
        }
    }

    /// A request of this workload, which was due then, was good or not.
    fn seen_well(&mut self, place: usize, due: u64, good: bool) {
        let Some(health) = self.health.get_mut(place) else { return };
        let is_healed = |fault: &LiveFault| fault.healed.is_some_and(|healed| healed <= due);
        if self.faults.is_empty() {
            health.before(good);
        } else if self.faults.iter().all(is_healed) {
            health.after(good);
        }
    }

    fn overdue(&mut self, t: u64, overdue: &Overdue) {
        let place = workload_of(overdue.id);
        let measure = measure(self.plan.as_deref(), (&self.limits, self.guarded_limits), &self.faults, place);
        if let Some(workload) = self.workloads.get_mut(place) {
            workload.overdue(t, overdue, &measure);
        }
        let lead = self.lead();
        self.climb.iter_mut().filter(|_| place == lead).for_each(|climb| climb.overdue(overdue));
    }

    /// An exchange with a provider ended. What has no mark is not this traffic's: gateways ask providers for their models, too.
    fn served(&mut self, t: u64, served: &Served) {
        let Some(id) = served.id else { return };
        let workload = workload_of(id);
        self.spends(workload, served);
        let is_compared = self.sides.is_some() && workload == self.lead();
        if !is_compared && !served.completed() {
            return;
        }
        let provider = self.place(&served.by);
        if let Some(sides) = self.sides.as_mut().filter(|_| is_compared) {
            sides.served(provider, id, served);
        }
        // While nothing is broken, a standby that is asked beside the primary answers nobody.
        let asks_both = self.plan.as_ref().is_some_and(|plan| !plan.environment.gateway.dual_run.is_off());
        let for_nobody = asks_both && self.faults.is_empty() && self.is(provider, &ProviderSelector::Standby);
        if let Some(workload) = self.workloads.get_mut(workload).filter(|_| served.completed() && !for_nobody) {
            workload.served(t, provider);
        }
    }

    /// An exchange may cost something.
    fn spends(&mut self, workload: usize, served: &Served) {
        let Some(plan) = self.plan.clone().filter(|plan| workload == plan.workloads.lead()) else { return };
        let Some(began) = self.faults.first().map(|fault| fault.confirmed.unwrap_or(fault.requested)) else { return };
        let reached = !self.faults.iter().any(|fault| fault.on == served.by && is_instead(&fault.what, served));
        let Some(billed) = BilledExchange::of(served, 0, reached).filter(|_| served.at >= began) else { return };
        let raised = |fault: &'_ LiveFault| (signed(fault.confirmed.unwrap_or(fault.requested)), fault.healed.map(signed));
        let raised: Vec<_> = self
            .faults
            .iter()
            .filter_map(|fault| {
                let (from, until) = raised(fault);
                RaisedPrice::of(&fault.on, &fault.what, from, until)
            })
            .collect();
        let answer = billed.priced(&plan, (&plan.workloads[workload].name, &served.by), &raised);
        self.spent = self.spent.saturating_add(answer.cost.map_or(0, Money::as_nanos));
    }

    fn place(&mut self, provider: &str) -> usize {
        self.providers.iter().position(|name| name == provider).unwrap_or_else(|| {
            self.providers.push(provider.to_owned());
            self.providers.len() - 1
        })
    }
}

/// What the requests of the workload at this place are counted by.
fn measure<'a>(plan: Option<&'a DrillPlan>, (limits, guarded): (&'a [u64], usize), faults: &[LiveFault], place: usize) -> Measure<'a> {
    let leads = place == plan.map_or(0, |plan| plan.workloads.lead());
    let objectives = plan.and_then(|plan| plan.workloads.get(place)).map(|named| &named.objectives);
    Measure { objectives, limits: if leads { limits } else { limits.get(..guarded).unwrap_or_default() }, is_faulted: !faults.is_empty() }
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
        assert!(at(&live, 90.0, 200) && !at(&live, 91.0, 200), "{:?}", live.leading().over(second, 2 * second - 1));
        assert!(!at(&live, 1.0, 50) && !at(&live, 1.0, 123), "a latency that nobody counts is met by none");
        assert!(!live.meets(&goal(1.0, 200), 4 * second), "the last while has none");
    }

    fn alert_of(at: u64, name: &str, instance: &str, firing: bool) -> AlertReceived {
        let (name, instance) = (name.to_owned(), instance.to_owned());
        AlertReceived { at, source: AlertSource::Json, name, instance, firing, starts_at: None, ends_at: None }
    }

    #[test]
    fn an_alert_fires_until_each_of_its_name_is_over() {
        let mut live = Live::default();
        let goals = [Goal::Alert("Down".into()), Goal::Resolved("Down".into())];
        let mut tell = |at, instance: &str, firing| {
            let alert = alert_of(at, "Down", instance, firing);
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
        let mut live = Live { plan: Some(super::super::guard::tests::waiting_for("Down").into()), ..Live::default() };
        let mut tell = |name: String, instance: u32, firing| {
            let alert = alert_of(1, &name, &instance.to_string(), firing);
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
            let served = Served {
                id,
                by: by.into(),
                at: 0,
                took: 1,
                status: 200,
                key: None,
                cut: false,
                touched: false,
                request: None,
                tenant: None,
                tokens: None,
            };
            live.apply(&Stamped { t: 1, event: Event::Served(served) });
        }
        assert_eq!((&live.providers, &live.leading().total.served), (&vec!["primary".to_owned()], &vec![1]));
    }
}
