//! What a report shows of a history, folded one event at a time.

mod alerts;
mod answered;
mod columns;
mod hurt;
mod id_map;
mod name_map;
mod provider;
mod record;
mod spend;
mod spread;
mod traces;
mod unsettled;

pub(in crate::report) use alerts::AlertSeen;
pub(in crate::report) use columns::{Column, Columns, Ending};
pub(in crate::report) use provider::ProviderDigest;
pub(in crate::report) use spend::{AFTER, BEFORE, BilledParts, DURING, LossTally};
pub(in crate::report) use spread::Spread;
pub(in crate::report) use traces::{FindingTraces, FlowTraces, STORM, Trace};

use answered::AnsweredTally;
use hurt::HurtDigest;
use name_map::NameMap;
use provider::ProvidersDigest;

use crate::history::{
    Event, HealthState, Outcome, ParityProbed, Phase, RemarkAbout, RequestDone, Served, Shed, Stamped, Started, TouchedBy, is_health_check,
    workload_of,
};
use crate::model::{HistoryForm, NamedWorkload, Objectives};
use hdrhistogram::Histogram;
use spend::Spend;
use std::collections::BTreeMap;
use unsettled::UnsettledRequests;

/// Nanoseconds: when a fault was in force, or healed, is known at the latest so long after requests of that moment have ended.
const SETTLES: u64 = 5_000_000_000;
/// Different requests of others that are told apart.
const KINDS: usize = 20;

/// A part of the drill, for latencies and counts.
#[derive(Debug, Clone)]
pub(in crate::report) struct PeriodDigest {
    pub(in crate::report) outcomes: BTreeMap<&'static str, u64>,
    /// Milliseconds from due to the first content (or to the end, where nothing was streamed), of answered requests.
    pub(in crate::report) latency_ms: Histogram<u64>,
}

impl PeriodDigest {
    fn new() -> Self {
        // One hour in milliseconds at two digits: a few kilobytes.
        Self { outcomes: BTreeMap::new(), latency_ms: Histogram::new_with_bounds(1, 3_600_000, 2).expect("the bounds are constants") }
    }
}

/// Requests at a provider that have no mark of the drill.
#[derive(Debug, Clone, Default)]
pub(in crate::report) struct Others {
    pub(in crate::report) requests: u64,
    /// By method and path, where that is known.
    pub(in crate::report) kinds: BTreeMap<String, u64>,
}

/// What a report shows of one workload.
#[derive(Debug, Clone)]
pub(in crate::report) struct WorkloadDigest {
    /// What it is; `None` before the first event.
    pub(in crate::report) named: Option<NamedWorkload>,
    /// What was promised where nobody drilled it, so that it has no name.
    pub(in crate::report) promised: Option<Objectives>,
    pub(in crate::report) requests: u64,
    /// By when they were due, from when the traffic began.
    pub(in crate::report) columns: Columns,
    /// Before the fault, in flight when it began, during and after it, by due time.
    pub(in crate::report) periods: [PeriodDigest; 4],
    pub(in crate::report) why: BTreeMap<String, u64>,
    pub(in crate::report) late_ms: Histogram<u64>,
    /// What was hurt by the fault.
    pub(in crate::report) hurt: HurtDigest,
}

impl WorkloadDigest {
    fn new(named: Option<NamedWorkload>) -> Self {
        Self {
            named,
            promised: None,
            requests: 0,
            columns: Columns::default(),
            periods: [PeriodDigest::new(), PeriodDigest::new(), PeriodDigest::new(), PeriodDigest::new()],
            why: BTreeMap::new(),
            late_ms: Histogram::new_with_bounds(1, 3_600_000_000, 2).expect("the bounds are constants"),
            hurt: HurtDigest::default(),
        }
    }
}

impl WorkloadDigest {
    /// What its requests are held against.
    pub(in crate::report) fn objectives(&self) -> Option<&Objectives> {
        self.named.as_ref().map(|named| &named.objectives).or(self.promised.as_ref())
    }

    /// Takes a request into its column; `good` has who served it well, where it was.
    fn picture(&mut self, done: &RequestDone, since: u64, good: Option<Option<u16>>) {
        let moment = self.objectives().map_or(done.done, |objectives| done.moment(objectives));
        let column = self.columns.at(since);
        column.end(match (good, done.outcome) {
            (Some(Some(provider)), _) => Ending::GoodBy(provider),
            (Some(None), _) => Ending::Good,
            (None, Outcome::Ok) => Ending::Late,
            (None, Outcome::Error) => Ending::Error,
            (None, Outcome::Timeout) => Ending::Timeout,
            (None, Outcome::Truncated) => Ending::Truncated,
            (None, Outcome::Unsent) => Ending::Unsent,
            (None, Outcome::Unknown) => Ending::Unknown,
        });
        if done.outcome != Outcome::Ok {
            return;
        }
        column.service.record(moment);
        if let Some(proof) = done.proof {
            column.first_token.record(proof);
            column.streaming.record(done.done.saturating_sub(proof));
        }
    }
}

/// What a report shows of a history. Counts and shapes for people; verdicts never use them.
#[derive(Debug, Clone)]
pub struct Digest {
    pub(in crate::report) started: Option<Box<Started>>,
    /// How the history's file is kept.
    pub(in crate::report) form: HistoryForm,
    /// Everything but requests and exchanges, in order.
    pub(in crate::report) notable: Vec<Stamped>,
    /// One for each workload; never empty.
    pub(in crate::report) flows: Vec<WorkloadDigest>,
    pub(in crate::report) providers: Vec<String>,
    /// Attempts for requests of the drill, and those of them that were answered whole.
    pub(in crate::report) attempts: NameMap<(u64, u64)>,
    /// What else was asked of each provider.
    pub(in crate::report) others: NameMap<Others>,
    /// Exchanges that faults touched at each provider. Connections are not among them.
    pub(in crate::report) touched: NameMap<TouchedBy>,
    /// Connections and bytes, up and down, where a proxy saw no more.
    pub(in crate::report) carried: NameMap<[u64; 3]>,
    /// Attempts of the drill's that a provider bills, whole or broken off.
    pub(in crate::report) billed: NameMap<u64>,
    /// Who answered requests that are still to be told of.
    answered: AnsweredTally,
    /// What was paid, and what users lost.
    pub(in crate::report) spend: Spend,
    /// What each provider's proxy saw over time.
    pub(in crate::report) at: ProvidersDigest,
    /// When the last event was stamped.
    pub(in crate::report) last: u64,
    /// What shows findings.
    pub(in crate::report) traces: FindingTraces,
    /// Requests whose part of the drill may not be known yet.
    unsettled: UnsettledRequests,
    traffic_since: Option<u64>,
    fault_since: Option<u64>,
    fault_until: Option<u64>,
    /// Faults that are still to be healed.
    unhealed: usize,
}

impl Default for Digest {
    fn default() -> Self {
        Self {
            started: None,
            form: HistoryForm::Plain,
            notable: Vec::new(),
            flows: vec![WorkloadDigest::new(None)],
            providers: Vec::new(),
            attempts: NameMap::default(),
            others: NameMap::default(),
            touched: NameMap::default(),
            carried: NameMap::default(),
            billed: NameMap::default(),
            answered: AnsweredTally::default(),
            traces: FindingTraces::default(),
            spend: Spend::default(),
            at: ProvidersDigest::default(),
            unsettled: UnsettledRequests::default(),
            last: 0,
            traffic_since: None,
            fault_since: None,
            fault_until: None,
            unhealed: 0,
        }
    }
}

impl Digest {
    /// Takes one more event in.
    pub fn apply(&mut self, stamped: &Stamped) {
        self.last = self.last.max(stamped.t);
        let line = self.traces.read(matches!(&stamped.event, Event::Remark(remark) if remark.about == RemarkAbout::Format));
        let settled = stamped.t.saturating_sub(SETTLES);
        while let Some((line, done)) = self.unsettled.pop_before(settled) {
            self.request(&done, line);
        }
        self.settle_spend(settled);
        self.at.apply(stamped);
        match &stamped.event {
            Event::Request(done) => return self.unsettled.push(stamped.t, line, done),
            Event::Shed(shed) => return self.shed(shed, line),
            Event::Carried(carried) => {
                let sums = self.carried.of(&carried.by);
                for (sum, more) in sums.iter_mut().zip([1, carried.up, carried.down]) {
                    *sum += more;
                }
                return;
            }
            Event::Served(served) => {
                self.traces.served(served, line, (self.fault_since, self.fault_until.filter(|_| self.unhealed == 0)));
                // What a probe costs is none of a workload's.
                if let Some(id) = served.id.filter(|id| workload_of(*id) != ParityProbed::PLACE) {
                    self.spend.served(stamped.t, workload_of(id), served);
                }
                return self.served(served);
            }
            Event::Started(started) => {
                self.providers.clone_from(&started.plan.workloads.leading().service.providers);
                self.flows = started.plan.workloads.iter().cloned().map(|named| WorkloadDigest::new(Some(named))).collect();
                self.unhealed = (0..started.plan.scenario.timeline.faults.len()).filter(|place| breaks(started, *place)).count();
                self.started = Some(started.clone());
            }
            Event::Phase(entered) if entered.name == Phase::Baseline => self.traffic_since = Some(stamped.t),
            Event::FaultRequested(fault) => self.traces.requested(fault),
            Event::FaultConfirmed(fault) if self.breaks(fault.fault) => {
                self.traces.confirmed(fault);
                self.fault_since = Some(self.fault_since.map_or(fault.lo, |since| since.min(fault.lo)));
            }
            Event::FaultHealed(fault) if self.breaks(fault.fault) => {
                self.traces.healed(fault);
                self.fault_until = Some(self.fault_until.map_or(fault.lo, |until| until.max(fault.lo)));
                self.unhealed = self.unhealed.saturating_sub(1);
            }
            _ => {}
        }
        self.traces.notable.push(line);
        self.notable.push(stamped.clone());
    }

    /// A request was not sent.
    fn shed(&mut self, shed: &Shed, line: Option<u64>) {
        let (zero, part) = (self.zero(), self.part(shed.due));
        self.traces.shed(shed, line, part);
        let Some(flow) = self.flows.get_mut(workload_of(shed.id)) else { return };
        flow.requests += 1;
        flow.columns.at(shed.due.saturating_sub(zero)).end(Ending::Unsent);
        *flow.periods[part].outcomes.entry("not sent").or_default() += 1;
        self.spend.shed(workload_of(shed.id), part > 0);
        if part == 2 {
            flow.hurt.due(shed.due);
        }
    }

    /// Why it is not proven that everything was well again at the end, in a sentence without its stop; `None` where it is, or nothing was broken.
    pub fn unproven(&self) -> Option<&str> {
        self.notable.iter().find_map(|stamped| match &stamped.event {
            Event::Health(seen) if seen.state == HealthState::Unproven => Some(seen.detail.as_str()),
            _ => None,
        })
    }

    /// Its events came from a file of this form.
    pub fn kept_as(&mut self, form: HistoryForm) {
        self.form = form;
    }

    /// How the file is kept that its events came from.
    pub const fn form(&self) -> HistoryForm {
        self.form
    }

    /// To be called when no more events come.
    pub fn settle(&mut self) {
        self.unhealed = 0;
        while let Some((line, done)) = self.unsettled.pop() {
            self.request(&done, line);
        }
        self.settle_spend(u64::MAX);
    }

    /// Counts billed answers whose part of the drill is known by now.
    fn settle_spend(&mut self, before: u64) {
        while let Some(attempt) = self.spend.settled(before) {
            let part = match self.part(attempt.at) {
                0 | 1 => BEFORE,
                2 => DURING,
                _ => AFTER,
            };
            self.spend.count(attempt, part);
        }
    }

    /// Whether the fault at this place of the timeline is one that users can suffer from; a planned rotation is, where there is nothing else.
    fn breaks(&self, place: u32) -> bool {
        self.started.as_ref().is_none_or(|started| breaks(started, place as usize))
    }

    fn served(&mut self, served: &Served) {
        if served.touched {
            let by = self.touched.of(&served.by);
            match (served.id, &served.request) {
                (Some(_), _) => by.drill += 1,
                (None, Some(request)) if is_health_check(request) => by.health_checks += 1,
                (None, _) => by.others += 1,
            }
        }
        let Some(id) = served.id else {
            let others = self.others.of(&served.by);
            others.requests += 1;
            if let Some(kind) = &served.request
                && (others.kinds.len() < KINDS || others.kinds.contains_key(kind))
            {
                *others.kinds.entry(kind.clone()).or_default() += 1;
            }
            return;
        };
        let attempts = self.attempts.of(&served.by);
        attempts.0 += 1;
        if served.status < 400 {
            *self.billed.of(&served.by) += 1;
        }
        if served.completed() {
            attempts.1 += 1;
            let place = u16::try_from(self.place(&served.by)).unwrap_or(u16::MAX);
            self.answered.by(id, place, served.touched);
        }
    }

    /// What was decided before it began; `None` for what nobody drilled.
    pub fn started(&self) -> Option<&Started> {
        self.started.as_deref()
    }

    /// The runbook's steps that could not be taken back, by name.
    pub fn not_undone(&self) -> Vec<&str> {
        let runbook = self.started.iter().filter_map(|started| started.plan.runbook.as_ref());
        let names: Vec<&str> = runbook.flat_map(|runbook| &runbook.steps).map(|step| step.name.as_str()).collect();
        let left = self.notable.iter().filter_map(|stamped| match &stamped.event {
            Event::StepUndone(step) if step.end != crate::model::StepEnd::Done => names.get(step.step as usize).copied(),
            _ => None,
        });
        left.collect()
    }

    /// True for a drill with more than one workload.
    pub fn has_several_workloads(&self) -> bool {
        self.flows.len() > 1
    }

    /// Nanoseconds since the origin: when traffic began.
    pub(in crate::report) fn zero(&self) -> u64 {
        self.traffic_since.unwrap_or(0)
    }

    /// When the first fault was in force and when the last was healed, in nanoseconds of the traffic.
    pub(in crate::report) fn fault_span(&self) -> Option<(u64, Option<u64>)> {
        let since = |moment: u64| moment.saturating_sub(self.zero());
        self.fault_since.map(|from| (since(from), self.fault_until.map(since)))
    }

    /// A moment of the history in nanoseconds after the first fault was in force; after the traffic began, where none was.
    pub(in crate::report) fn since_fault(&self, moment: u64) -> i64 {
        let since = self.fault_since.unwrap_or_else(|| self.zero());
        i64::try_from(moment).unwrap_or(i64::MAX).saturating_sub(i64::try_from(since).unwrap_or(i64::MAX))
    }

    /// A moment after the first fault was in force, by the history's clock; `None` where none was.
    pub(in crate::report) fn after_fault(&self, since: i64) -> Option<u64> {
        self.fault_since?.checked_add_signed(since)
    }

    /// Alerts by name, each with when it arrived first, who sent it, and when it fired.
    pub(in crate::report) fn alerts(&self) -> BTreeMap<&str, AlertSeen> {
        alerts::alerts(self)
    }

    fn request(&mut self, done: &RequestDone, line: Option<u64>) {
        let (zero, part) = (self.zero(), self.part_of(done));
        let by = self.answered.take(done.id);
        let Some(flow) = self.flows.get_mut(workload_of(done.id)) else { return };
        let good = flow.objectives().is_none_or(|objectives| done.is_good(objectives));
        self.traces.request(done, line, good, part);
        let terms = flow.named.as_ref().map(|named| (&named.objectives, named.service.business.as_ref()));
        self.spend.request(workload_of(done.id), done, part > 0, terms);
        flow.requests += 1;
        flow.picture(done, done.due.saturating_sub(zero), if good { Some(by) } else { None });
        flow.late_ms.saturating_record(done.lag / 1000);
        if let Some(why) = &done.why
            && (flow.why.len() < 100 || flow.why.contains_key(why.as_ref()))
        {
            *flow.why.entry(why.to_string()).or_default() += 1;
        }
        let word = match done.outcome {
            Outcome::Ok if !good => "late",
            other => other.word(),
        };
        if !good && (part == 1 || part == 2) {
            flow.hurt.done(done);
        }
        let part = &mut flow.periods[part];
        *part.outcomes.entry(word).or_default() += 1;
        if done.outcome == Outcome::Ok {
            part.latency_ms.saturating_record(done.proof.unwrap_or(done.done) / 1_000_000);
        }
    }

    /// Which part of the drill a request is in.
    fn part_of(&self, done: &RequestDone) -> usize {
        let in_flight = self.fault_since.is_some_and(|since| done.due < since && done.due + done.done >= since);
        if in_flight { 1 } else { self.part(done.due) }
    }

    /// Whether the fault at this place of the timeline is about a credential at its issuer, which nothing heals.
    pub(in crate::report) fn of_credential(&self, fault: u32) -> bool {
        let faults = self.started.as_ref().map(|started| &started.plan.scenario.timeline.faults);
        faults.and_then(|faults| faults.get(fault as usize)).is_some_and(|planned| planned.fault.of_credential().is_some())
    }

    /// Whether the fault at this place of the timeline is the planned rotation of a key, which breaks nothing.
    pub(in crate::report) fn rotates(&self, fault: u32) -> bool {
        let faults = self.started.as_ref().map(|started| &started.plan.scenario.timeline.faults);
        faults.and_then(|faults| faults.get(fault as usize)).is_some_and(|planned| planned.fault.is_rotation())
    }

    /// Which part of the drill a moment is in.
    fn part(&self, due: u64) -> usize {
        match (self.fault_since, self.fault_until) {
            (Some(since), _) if due < since => 0,
            (None, _) => 0,
            (_, Some(until)) if due >= until && self.unhealed == 0 => 3,
            _ => 2,
        }
    }

    fn place(&mut self, provider: &str) -> usize {
        self.providers.iter().position(|name| name == provider).unwrap_or_else(|| {
            self.providers.push(provider.to_owned());
            self.providers.len() - 1
        })
    }
}

fn breaks(started: &Started, place: usize) -> bool {
    let rotates = started.plan.scenario.timeline.faults.get(place).is_some_and(|planned| planned.fault.is_rotation());
    started.plan.only_rotates() || !rotates
}
