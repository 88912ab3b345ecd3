//! A drill's events → the evidence that a verdict is computed from, one event at a time, so that a history need not fit in memory.

use super::bill::{BilledExchange, BilledExchanges, Billing, RaisedPrice};
use super::broken::{FaultVisibility, ProviderFault, TouchedBy, is_health_check, is_instead};
use super::cancelled::StopReason;
use super::climb::Climb;
use super::edge::{Edge, signed};
use super::event::{Event, Outcome, Phase, RequestDone, Served, Stamped, Started};
use super::evidence::{Caveat, Evidence, Instrument, Lost, Stopped};
use super::judged_request::{By, JudgedRequest};
use super::judged_requests::{Attempts, JudgedRequests};
use super::number::{number_of, workload_of};
use super::packed_log::PackedLog;
use super::packed_rows::{ordered, signed_again};
use super::parity::ParityProbed;
use super::passage::{Passage, PassageFold};
use super::read::{ReadError, Reader};
use super::remark::RemarkAbout;
use super::rotation::RotationFold;
use super::traffic_log::{LoggedTraffic, SeenAttempt, TrafficLog};
use crate::model::{DrillPlan, DualRun, Gate, NamedWorkload, PlannedFault, Service};
use std::io::BufRead;

/// Reads a history to its end and folds it.
///
/// # Errors
/// See [`ReadError`].
pub fn evidence(input: impl BufRead) -> Result<Evidence, ReadError> {
    let mut reader = Reader::new(input);
    let mut fold: Option<Fold> = None;
    while let Some(stamped) = reader.next_event()? {
        match (&mut fold, stamped) {
            (Some(fold), stamped) => fold.apply(&stamped),
            (none, Stamped { event: Event::Started(started), .. }) => *none = Some(Fold::new(&started)),
            _ => return Err(ReadError::NoStart),
        }
    }
    fold.map(Fold::finish).ok_or(ReadError::NoStart)
}

/// The fold in the making.
#[derive(Debug)]
pub struct Fold {
    evidence: Evidence,
    /// The place of the workload that is folded.
    workload: usize,
    /// True where it has others beside it: then only what is its own counts.
    among_others: bool,
    /// The providers of its service.
    own: Vec<String>,
    /// What went where.
    passage: PassageFold,
    /// Its requests and what was tried for them.
    traffic: TrafficLog,
    faults: Vec<FaultSpan>,
    /// What the timeline plans at the places of these.
    planned: Vec<PlannedFault>,
    rotations: Vec<RotationFold>,
    touched_seen: u64,
    touched_by: TouchedBy,
    /// Exchanges that a fault touched, of whomever: the place of the first fault that is planned on the provider, when they reached its proxy,
    /// and when they ended.
    taken: PackedLog<3>,
    phase: Phase,
    /// True once a proxy told of any exchange.
    seen: bool,
    newest: u64,
    /// Exchanges that providers bill.
    billed: BilledExchanges,
    /// True where some of what proxies saw is missing.
    gaps: bool,
    plan: DrillPlan,
    /// The instrument itself broke: the fault proxy refused or went away, and users may have suffered from that alone.
    spoiled: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct FaultSpan {
    confirmed: Option<Edge>,
    healed: Option<Edge>,
    touched: u64,
}

impl Fold {
    /// From the first event, for the workload that leads.
    pub fn new(started: &Started) -> Self {
        Self::of(started, started.plan.workloads.lead())
    }

    /// The same for the workload at this place, which the plan has.
    pub fn of(started: &Started, workload: usize) -> Self {
        let (plan, named) = (&started.plan, &started.plan.workloads[workload]);
        let (service, among_others) = (&named.service, plan.workloads.are_several());
        let mut providers = service.providers.clone();
        providers.extend(plan.providers.keys().filter(|name| !service.providers.contains(name)).cloned());
        let places = |range: std::ops::Range<usize>| range.filter_map(|place| u16::try_from(place).ok()).collect();
        let place = |name: &str| providers.iter().position(|known| known == name).and_then(|place| u16::try_from(place).ok());
        let concerns = |name: &str| !among_others || service.providers.iter().any(|own| own == name);
        let rotations = RotationFold::all(started, &named.service_name, |name| place(name).filter(|_| concerns(name)));
        Self {
            passage: PassageFold::of(started, workload, &providers),
            workload,
            among_others,
            own: service.providers.clone(),
            evidence: Evidence {
                objectives: named.objectives,
                instrument: instrument(started, workload, named),
                primary: places(0..service.primaries().len()),
                standbys: places(service.primaries().len()..service.providers.len()),
                shared: service.shares(),
                providers,
                fault: None,
                touched: 0,
                touched_by: None,
                broken: Vec::new(),
                stopped: None,
                touched_counted: true,
                heal: None,
                observed_until: 0,
                complete: false,
                requests: JudgedRequests::default(),
                attempts: Attempts::default(),
                attempts_seen: false,
                ledger: Vec::new(),
                rotations: Vec::new(),
                only_rotates: plan.only_rotates(),
                billing: Billing { only_prices: plan.only_prices(), ..Billing::default() },
                caveats: Vec::new(),
                climb: named.workload.steps.as_ref().map(Climb::planned),
                shadows: Vec::new(),
                passage: Passage::default(),
            },
            traffic: TrafficLog::new(shadow(plan, &named.service)),
            faults: Vec::new(),
            planned: plan.scenario.timeline.faults.clone(),
            rotations,
            touched_seen: 0,
            touched_by: TouchedBy::default(),
            taken: PackedLog::default(),
            phase: Phase::Preparing,
            seen: false,
            newest: 0,
            billed: BilledExchanges::default(),
            gaps: false,
            plan: plan.clone(),
            spoiled: false,
        }
    }

    /// Takes one more event in.
    pub fn apply(&mut self, stamped: &Stamped) {
        self.newest = stamped.t;
        self.rotations.iter_mut().for_each(|watch| watch.apply(stamped));
        match &stamped.event {
            Event::Request(done) => self.place(done.id, &request(done)),
            Event::Shed(shed) => {
                let due = signed(shed.due);
                self.place(shed.id, &JudgedRequest { due, sent: due, proof: due, done: due, by: By::Nobody, outcome: Outcome::Unsent });
            }
            Event::Served(served) => self.served(served),
            Event::Paced(paced) => self.evidence.climb.iter_mut().for_each(|climb| climb.paced(paced)),
            Event::Carried(carried) => {
                if let Some(place) = self.place_of(&carried.by) {
                    self.passage.carried(place, carried);
                }
            }
            Event::ParityProbed(probed) => self.passage.probed(probed),
            Event::SightGap(gap) if gap.missed > 0 => self.passage.blinded(),
            Event::Remark(remark) if remark.about == RemarkAbout::Sight => self.passage.blinded(),
            Event::FaultConfirmed(fault) if self.concerns(&fault.on) => {
                self.fault(fault.fault).confirmed = Some(Edge { lo: signed(fault.lo), hi: signed(fault.hi) });
            }
            Event::FaultHealed(fault) if self.concerns(&fault.on) => {
                let span = self.fault(fault.fault);
                span.healed = Some(Edge { lo: signed(fault.lo), hi: signed(fault.hi) });
                span.touched = fault.touched.unwrap_or(0);
            }
            Event::PlainToxiproxy(_) => self.blinded(),
            Event::SightGap(_) => self.gaps = true,
            // What is told while a drill drains belongs to what it did before.
            Event::Phase(entered) if entered.name != Phase::Draining => self.phase = entered.name,
            Event::Cancelled(cancelled) => {
                self.spoiled |= cancelled.reason == StopReason::Fault;
                let (reason, (detail, hint)) = (cancelled.reason, cancelled.told());
                let (detail, hint) = (detail.to_owned(), hint.map(str::to_owned));
                self.evidence.stopped = Some(Stopped { reason, detail, hint, phase: self.phase });
            }
            // What the runbook waited for may have come, and nobody took it.
            Event::AlertsLeftOut(left_out) => self.spoiled |= left_out.awaited > 0,
            Event::Finished(finished) => {
                self.evidence.observed_until = signed(finished.observed_until);
                let requests = finished.by_workload.get(self.workload).copied().unwrap_or(finished.requests);
                self.evidence.complete = self.traffic.len() as u64 == requests;
            }
            _ => {}
        }
    }

    /// Nobody will tell who serves or what a fault touches.
    fn blinded(&mut self) {
        self.passage.blinded();
        let evidence = &mut self.evidence;
        let served = match std::mem::replace(&mut evidence.objectives.gate, Gate::Restore) {
            Gate::Cutover => {
                "so the drill is judged by when users were served by anyone (`gate: restore`), not by the cutover that was promised"
            }
            Gate::Restore => "so the drill is judged by when users were served by anyone, as was promised",
        };
        let touched = "a plain Toxiproxy does not count what a fault touches: that it took effect is taken from the requests themselves, of which more \
                       fail or are slow than before it by chance";
        evidence.caveats = vec![
            Caveat { name: Lost::WhoServed, text: format!("a plain Toxiproxy does not see who served, {served}") },
            Caveat { name: Lost::Touched, text: touched.to_owned() },
        ];
    }

    /// What was gathered. A history without its last event is marked as incomplete.
    pub fn finish(mut self) -> Evidence {
        let breaks = |place: usize| {
            let rotates = |planned: &PlannedFault| planned.fault.is_rotation();
            self.evidence.only_rotates || !self.planned.get(place).is_some_and(rotates)
        };
        let broken = self.faults.iter().enumerate().filter(|(place, _)| breaks(*place)).map(|(_, span)| span);
        let confirmed = broken.filter(|span| span.confirmed.is_some());
        self.evidence.fault = confirmed.clone().filter_map(|span| span.confirmed).min_by_key(|edge| edge.lo);
        let all_healed = confirmed.clone().all(|span| span.healed.is_some());
        self.evidence.heal = if all_healed { confirmed.filter_map(|span| span.healed).max_by_key(|edge| edge.lo) } else { None };
        // What a proxy counts is the touched requests of all workloads; only where it saw none by name is that all there is.
        let counted = self.faults.iter().map(|span| span.touched).sum::<u64>();
        self.evidence.touched = if self.among_others && self.seen { self.touched_seen } else { counted.max(self.touched_seen) };
        if let Some(edge) = self.evidence.fault {
            self.evidence.instrument.fault_uncertainty = edge.hi - edge.lo;
        }
        if self.evidence.observed_until == 0 {
            self.evidence.observed_until = signed(self.newest);
        }
        self.rotated();
        self.broken();
        self.bill();
        let traffic = std::mem::replace(&mut self.traffic, TrafficLog::new(None)).finish();
        let LoggedTraffic { requests, attempts, shadows, attempts_seen, whole } = traffic;
        self.evidence.passage = std::mem::take(&mut self.passage).finish();
        // Places that no event told of: in a finished drill there are none, in a killed one those that were in flight.
        self.evidence.complete &= whole && !self.spoiled;
        Evidence { requests, attempts, shadows, attempts_seen, ..self.evidence }
    }

    /// Closes the fold of each rotation, with when the last fault of another kind on its provider was healed.
    fn rotated(&mut self) {
        for watch in std::mem::take(&mut self.rotations) {
            let mut rotation = watch.finish();
            let name = &self.evidence.providers[usize::from(rotation.provider)];
            let others = self.faults.iter().zip(&self.planned);
            let others = others.filter(|(_, planned)| planned.on == *name && planned.fault.of_credential().is_none());
            rotation.cleared = others.filter_map(|(span, _)| span.healed).max_by_key(|edge| edge.hi);
            self.evidence.rotations.push(rotation);
        }
    }

    /// What was broken, and whose requests it touched.
    fn broken(&mut self) {
        for (span, planned) in self.faults.iter().zip(&self.planned) {
            let Some(confirmed) = span.confirmed.filter(|_| !planned.fault.is_rotation()) else { continue };
            let Some(place) = self.evidence.providers.iter().position(|name| *name == planned.on) else { continue };
            let (from, until) = (confirmed.lo, span.healed.map(|healed| healed.lo));
            let first = self.planned.iter().position(|other| other.on == planned.on).unwrap_or_default() as u64;
            let in_force = |[on, at, end]: &[u64; 3]| {
                *on == first && signed_again(*end) >= from && until.is_none_or(|until| signed_again(*at) < until)
            };
            let requests = self.taken.iter().filter(in_force).count() as u64;
            let trace = FaultVisibility::of(&planned.fault);
            // Where a fault takes requests, and the proxy sees them, each that it touched is an exchange.
            let counts = trace != FaultVisibility::Requests || !self.seen;
            let connections = if counts { span.touched.saturating_sub(requests) } else { 0 };
            self.touched_by.connections += connections;
            self.evidence.broken.push(ProviderFault {
                provider: u16::try_from(place).unwrap_or(u16::MAX),
                from,
                until,
                trace,
                connections,
            });
        }
        self.evidence.touched_by = Some(self.touched_by);
    }

    /// What each answer cost.
    fn bill(&mut self) {
        let rise = |(span, planned): (&FaultSpan, &'_ PlannedFault)| {
            let (from, until) = (span.confirmed?.lo, span.healed.map(|healed| healed.hi));
            Some((planned.on.clone(), planned.fault.clone(), from, until))
        };
        let spans: Vec<_> = self.faults.iter().zip(&self.planned).filter_map(rise).collect();
        let raised: Vec<_> = spans.iter().filter_map(|(on, fault, from, until)| RaisedPrice::of(on, fault, *from, *until)).collect();
        let workload = &self.plan.workloads[self.workload].name;
        let billed = std::mem::take(&mut self.billed);
        if self.evidence.objectives.spend.is_some() || billed.any_reported() {
            self.evidence.billing.answers = billed.priced(&self.plan, (workload, &self.evidence.providers), &raised);
        }
        self.evidence.billing.complete = self.seen && !self.gaps;
    }

    /// Whether a fault on this provider is one that users of this workload could meet.
    fn concerns(&self, provider: &str) -> bool {
        !self.among_others || self.own.iter().any(|own| own == provider)
    }

    fn place(&mut self, id: u64, request: &JudgedRequest) {
        if workload_of(id) == self.workload {
            self.traffic.end(number_of(id), request);
        }
    }

    fn served(&mut self, served: &Served) {
        self.seen = true;
        if served.touched {
            self.touched(served);
        }
        let own = served.id.filter(|id| workload_of(*id) == self.workload).map(number_of);
        let reached = !(served.touched && self.planned.iter().any(|planned| planned.on == served.by && is_instead(&planned.fault, served)));
        let known = self.place_of(&served.by);
        if let Some(place) = known.filter(|_| own.is_none()) {
            self.passage.served(place, served, false, reached);
        }
        let Some(id) = own else { return };
        let names = &mut self.evidence.providers;
        let Some(provider) = known.or_else(|| {
            names.push(served.by.clone().into_owned());
            u16::try_from(names.len() - 1).ok()
        }) else {
            return;
        };
        BilledExchange::of(served, provider, reached).into_iter().for_each(|billed| self.billed.push(billed));
        self.passage.served(provider, served, true, reached);
        let (at, completed, touched, took) = (signed(served.at), served.completed(), served.touched, signed(served.took));
        let answered = (200..300).contains(&served.status);
        self.traffic.attempt(id, SeenAttempt { at, took, provider, completed, touched, reached, answered });
    }

    /// Takes in whose exchange a fault touched.
    fn touched(&mut self, served: &Served) {
        let at = signed(served.at);
        if let Some(on) = self.planned.iter().position(|planned| planned.on == served.by) {
            self.taken.push([on as u64, ordered(at), ordered(at + signed(served.took))]);
        }
        let by = &mut self.touched_by;
        match (served.id, &served.request) {
            (Some(id), _) if [self.workload, ParityProbed::PLACE].contains(&workload_of(id)) => by.drill += 1,
            (None, Some(request)) if is_health_check(request) => by.health_checks += 1,
            _ => by.others += 1,
        }
        if served.id.map_or(!self.among_others, |id| workload_of(id) == self.workload) {
            self.touched_seen += 1;
        }
    }

    fn place_of(&self, name: &str) -> Option<u16> {
        self.evidence.providers.iter().position(|known| known == name).and_then(|place| u16::try_from(place).ok())
    }

    fn fault(&mut self, place: u32) -> &mut FaultSpan {
        let place = place.min(1024) as usize;
        if place >= self.faults.len() {
            self.faults.resize(place + 1, FaultSpan::default());
        }
        &mut self.faults[place]
    }
}

fn request(done: &RequestDone) -> JudgedRequest {
    let due = signed(done.due);
    let end = due + signed(done.done);
    JudgedRequest {
        due,
        sent: due + signed(done.lag),
        proof: done.proof.map_or(end, |proof| due + signed(proof)),
        done: end,
        by: By::Nobody,
        outcome: done.outcome,
    }
}

/// The place of the provider of a service that its gateway asks beside the one that answers.
fn shadow(plan: &DrillPlan, service: &Service) -> Option<u16> {
    let place = service.primaries().len();
    let is_on = plan.environment.gateway.dual_run == DualRun::Standby && place < service.providers.len();
    is_on.then(|| u16::try_from(place).ok()).flatten()
}

/// How finely the requests of a workload show what becomes of service.
fn instrument(started: &Started, workload: usize, named: &NamedWorkload) -> Instrument {
    let (timeline, traffic) = (&started.plan.scenario.timeline, &named.workload);
    let mut broken = timeline.clone();
    broken.faults.retain(|planned| !planned.fault.is_rotation());
    let planned = match (!started.plan.workloads.are_several(), broken.faults.len() < timeline.faults.len()) {
        (true, false) => timeline.disruption(),
        // A rotation on the timeline breaks nothing: the rest of it is what was planned to be broken.
        (true, true) => broken.disruption_of(&broken.faults.iter().map(|fault| fault.on.clone()).collect::<Vec<_>>()),
        (false, _) => broken.disruption_of(&named.service.providers),
    };
    let (planned, mean, busiest) = match &traffic.steps {
        // A recovery is judged before the climb, at the usual rate.
        Some(steps) => (planned.min(steps.after), traffic.rate, None),
        None => (planned, traffic.mean(timeline.total()), (!traffic.is_steady()).then(|| traffic.busiest(timeline.total()))),
    };
    Instrument {
        gap_max: signed(started.gaps.get(workload).copied().unwrap_or(0)),
        gap_mean: signed(mean.gap().as_nanos()),
        gap_busiest: busiest.map(|busiest| (1e9 / busiest.max(1.0)) as i64),
        // Generator, proxies and lab share one host's clock; a proxy on another host is refused until its offset is measured.
        clock_error: 0,
        // Known once the fault is confirmed.
        fault_uncertainty: 0,
        planned_fault: Some(signed(planned.as_nanos())),
    }
}

#[cfg(test)]
mod tests;
