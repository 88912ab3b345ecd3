//! A record and what people state about it → evidence. Each row is placed where it claims least; what is not recorded becomes a caveat.

use super::caveat::{by_nature, caveat};
use super::moment::{RecordTime, SECOND};
use super::near::{after_hold, near, spans};
use super::provider_names::ProviderNames;
use super::record::{ImportError, ImportedRecord, RecordRow, RecordedProvider};
use super::stated::StatedFacts;
use crate::history::{
    Attempts, Billing, By, Caveat, Edge, Evidence, FaultVisibility, Instrument, JudgedRequest, Lost, Outcome, Passage, ProviderFault,
};
use crate::model::{Gate, Objectives, SloOn};
use crate::units::Duration;

/// How much of an access log before the fault is its baseline: a gateway's nights are no part of an outage at noon.
const BASELINE: i64 = 600 * SECOND;

/// Makes evidence of a record.
///
/// # Errors
/// Where the moments that are stated do not lie within the record.
pub fn evidence(mut record: ImportedRecord, stated: &StatedFacts) -> Result<Evidence, ImportError> {
    let times = OutageTimes::of(&record, stated)?;
    if let Some(fault) = times.fault.filter(|_| record.nature.pace.is_none() && !stated.since) {
        record.rows.retain(|row| row.sent >= fault - BASELINE);
    }
    let names = ProviderNames::of(&record, stated);
    let objectives = objectives(stated, &names);
    let mut instrument = Instrument { clock_error: record.grain, ..Instrument::default() };
    let mut caveats = caveats(&record, stated, &times, &names, &objectives);
    let requests = requests(&record, times.zero, &objectives, &names, &mut caveats);
    let observed_until = observed_until(&record, times.zero, &objectives);
    spacing(&requests, times.fault.map(|_| 0), observed_until, &mut instrument, &mut caveats);
    instrument.fault_uncertainty = 2 * stated.uncertainty;
    caveats.extend(unread_lines(&record, &times, &requests, observed_until, (&objectives, &instrument)));
    let providers = stated.providers.clone();
    let sharing = stated.sharing.clamp(1, providers.len().max(1));
    let indices = |range: std::ops::Range<usize>| range.filter_map(|index| u16::try_from(index).ok()).collect();
    Ok(Evidence {
        objectives,
        instrument,
        primary: indices(0..sharing.min(providers.len())),
        standbys: indices(sharing..providers.len()),
        shared: sharing > 1,
        broken: times.broken(stated),
        providers,
        fault: times.fault.map(|at| times.edge(at)),
        // A fault that is stated is believed, as in a bare history.
        touched: u64::from(times.fault.is_some()),
        touched_by: None,
        stopped: None,
        touched_counted: false,
        heal: times.heal.map(|at| times.edge(at)),
        observed_until,
        complete: true,
        requests: requests.into_iter().collect(),
        attempts: Attempts::default(),
        attempts_seen: false,
        ledger: Vec::new(),
        rotations: Vec::new(),
        only_rotates: false,
        caveats,
        climb: None,
        shadows: Vec::new(),
        passage: Passage::default(),
        billing: Billing::default(),
    })
}

/// The times of the outage on the record's clock, as people state them.
struct OutageTimes {
    fault: Option<i64>,
    heal: Option<i64>,
    /// Where the evidence counts from: the fault, else the record's start.
    zero: i64,
    uncertainty: i64,
}

impl OutageTimes {
    fn of(record: &ImportedRecord, stated: &StatedFacts) -> Result<Self, ImportError> {
        let fault = moment_in(record, "--fault-at", stated.fault)?;
        let heal = moment_in(record, "--heal-at", stated.heal)?;
        if fault.zip(heal).is_some_and(|(fault, heal)| heal < fault) {
            return Err(ImportError::Order);
        }
        Ok(Self { fault, heal, zero: fault.unwrap_or(record.start), uncertainty: stated.uncertainty })
    }

    fn edge(&self, at: i64) -> Edge {
        Edge { lo: at - self.zero - self.uncertainty, hi: at - self.zero + self.uncertainty }
    }

    /// The providers that broke, from the fault to the heal. Which fault it was nobody states: it may be one that swallows requests unseen.
    fn broken(&self, stated: &StatedFacts) -> Vec<ProviderFault> {
        let until = self.heal.map(|heal| self.edge(heal).lo);
        let broken = |(index, _): (usize, &String)| {
            let from = self.edge(self.fault?).lo;
            Some(ProviderFault { provider: u16::try_from(index).ok()?, from, until, trace: FaultVisibility::Held, connections: 0 })
        };
        stated.providers.iter().enumerate().filter(|(_, name)| stated.broken.contains(name)).filter_map(broken).collect()
    }

    fn caveat(&self) -> Caveat {
        let text = match self.fault {
            Some(_) if self.uncertainty == 0 => {
                "when the fault began is taken from --fault-at as exact; `--fault-uncertainty` says how far off it may be"
            }
            Some(_) => "when the fault began is taken from --fault-at",
            None => "when the fault began is not recorded; give it with `--fault-at`",
        };
        caveat(Lost::FaultSeen, text)
    }
}

/// A stated moment on the record's clock; an error where it lies outside of the record.
fn moment_in(record: &ImportedRecord, what: &'static str, moment: Option<RecordTime>) -> Result<Option<i64>, ImportError> {
    let Some(moment) = moment else { return Ok(None) };
    let at = match moment {
        RecordTime::At(at) => at,
        RecordTime::After(after) => record.start.saturating_add(after),
    };
    if (record.start..=record.last).contains(&at) {
        return Ok(Some(at));
    }
    let shown = |at: i64| record.shown(at);
    Err(ImportError::Outside { what, moment: shown(at), from: shown(record.start), to: shown(record.last) })
}

/// What was promised, as far as a record can be held against it.
fn objectives(stated: &StatedFacts, names: &ProviderNames) -> Objectives {
    let objectives = stated.objectives.unwrap_or_default();
    let gate = if names.are_unknown() { Gate::Restore } else { objectives.gate };
    // Lateness is not known, and so nothing is held against it.
    Objectives { gate, lag_max: Duration::from_nanos(u64::MAX), ..objectives }
}

/// What the record cannot show, before its requests are looked at.
fn caveats(
    record: &ImportedRecord,
    stated: &StatedFacts,
    times: &OutageTimes,
    names: &ProviderNames,
    objectives: &Objectives,
) -> Vec<Caveat> {
    let mut caveats = by_nature(record);
    if stated.objectives.is_none() {
        caveats.insert(0, caveat(Lost::Objectives, "no objectives were given; the defaults were used to measure"));
    }
    caveats.push(times.caveat());
    caveats.push(names.caveat(record));
    if stated.sharing > 1 && objectives.gate == Gate::Cutover {
        caveats.push(caveat(
            Lost::Attempts,
            "which providers a request went to before the one that answered is not recorded, so it cannot be shown that none waited for the one that broke: \
             that its share has moved can be missed and not met; promise `gate: restore`, or drill with `lifeboat run`",
        ));
    }
    caveats
}

/// The record's requests, in the order in which they were due.
fn requests(
    record: &ImportedRecord,
    zero: i64,
    objectives: &Objectives,
    names: &ProviderNames,
    caveats: &mut Vec<Caveat>,
) -> Vec<JudgedRequest> {
    let mut rows = RowConverter { zero, grain: record.grain, objectives, providers: &names.providers, by_end_only: false };
    let mut requests: Vec<JudgedRequest> = record.rows.iter().map(|row| rows.request(row)).collect();
    if rows.by_end_only {
        caveats.push(caveat(
            Lost::FirstContent,
            "when the first content of an answer came is not recorded: one that ended later than the service level proves nothing",
        ));
    }
    requests.sort_unstable_by_key(|request| (request.due, request.done));
    requests
}

/// Until when no request is missing: one that was sent later may not have ended with the record, and then it is not in it.
fn observed_until(record: &ImportedRecord, zero: i64, objectives: &Objectives) -> i64 {
    let longest = record.rows.iter().filter_map(|row| row.took).max().unwrap_or(0);
    let whole = record.last.saturating_sub(longest.max(objectives.deadline.nanos()));
    record.until.map_or(whole, |until| until.min(whole)).saturating_sub(zero)
}

/// What follows from lines that could not be read, where a fault is stated.
fn unread_lines(
    record: &ImportedRecord,
    times: &OutageTimes,
    requests: &[JudgedRequest],
    observed_until: i64,
    (objectives, instrument): (&Objectives, &Instrument),
) -> Vec<Caveat> {
    if times.fault.is_none() {
        return Vec::new();
    }
    let heal = times.heal.map(|heal| heal - times.zero);
    let spans = spans(requests, heal, objectives, instrument);
    let near = near(record, times.zero, &spans).map(|near| near.caveat());
    let after = (spans[0].1, heal.map_or(observed_until, |heal| observed_until.min(heal)));
    near.into_iter().chain(after_hold(record, times.zero, requests, after, objectives)).collect()
}

/// The conversion of rows into requests, on the evidence's clock.
struct RowConverter<'a> {
    zero: i64,
    grain: i64,
    objectives: &'a Objectives,
    /// The providers that the record's names stand for.
    providers: &'a [Option<u16>],
    by_end_only: bool,
}

impl RowConverter<'_> {
    fn request(&mut self, row: &RecordRow) -> JudgedRequest {
        let sent = row.sent - self.zero;
        let took = row.took.unwrap_or(0);
        let kind = match (row.kind, row.took) {
            // Nothing proves that it came in time, and nothing that it did not.
            (Outcome::Ok, None) => Outcome::Unknown,
            (Outcome::Ok, Some(took)) => self.in_time(took, row.head),
            (kind, _) => kind,
        };
        // A good request counts from the earliest moment at which it may have been sent, a bad one from the latest; and no bad one
        // proves more than that service was bad at the earliest.
        let is_bad = matches!(kind, Outcome::Error | Outcome::Timeout | Outcome::Truncated | Outcome::Unsent);
        let due = if is_bad { sent + self.grain } else { sent };
        let proof = match row.head {
            Some(head) if self.objectives.slo_on == SloOn::Proof && head > self.objectives.slo.nanos() => due + head,
            _ => due + took,
        };
        let by = match (kind, row.who) {
            (Outcome::Ok | Outcome::Unknown, RecordedProvider::Name(index)) => {
                self.providers.get(usize::from(index)).copied().flatten().map_or(By::Unknown, By::Provider)
            }
            (Outcome::Ok | Outcome::Unknown, _) => By::Unknown,
            _ => By::Nobody,
        };
        JudgedRequest { due, sent: due - row.doubt, proof, done: due + took, by, outcome: kind }
    }

    /// Whether an answer was in time, where that is asked of its first content and only its head and its end were recorded: it was if the
    /// end was, it was not if not even the head was.
    fn in_time(&mut self, took: i64, head: Option<i64>) -> Outcome {
        let late_head = head.is_some_and(|head| head > self.objectives.slo.nanos());
        if self.objectives.slo_on == SloOn::Proof
            && took > self.objectives.slo.nanos()
            && took <= self.objectives.deadline.nanos()
            && !late_head
        {
            self.by_end_only = true;
            return Outcome::Unknown;
        }
        Outcome::Ok
    }
}

/// How closely requests followed each other before the fault stands for the plan that nobody knows; what came after is said.
fn spacing(requests: &[JudgedRequest], fault: Option<i64>, until: i64, instrument: &mut Instrument, caveats: &mut Vec<Caveat>) {
    let before = requests.partition_point(|request| fault.is_none_or(|fault| request.due < fault));
    let of = |requests: &[JudgedRequest]| {
        let largest = requests.windows(2).map(|pair| pair[1].due - pair[0].due).max()?;
        let whole = requests.last()?.due - requests.first()?.due;
        Some((largest, whole / (i64::try_from(requests.len()).ok()? - 1).max(1)))
    };
    let Some((largest, mean)) = of(&requests[..before]).or_else(|| of(requests)) else { return };
    // A century between two requests is as hopeless as a thousand years, and sums of such gaps must fit.
    let hopeless = 100 * 365 * 86_400 * SECOND / 8;
    (instrument.gap_max, instrument.gap_mean) = (largest.min(hopeless), mean.min(hopeless));
    let watched =
        &requests[before.saturating_sub(1)..requests.partition_point(|request| request.due < until).max(before.saturating_sub(1))];
    if let Some((later, _)) = of(watched).filter(|(later, _)| fault.is_some() && *later > 2 * largest.max(instrument.clock_error)) {
        let seconds = |nanos: i64| nanos as f64 / 1e9;
        caveats.push(caveat(
            Lost::Spacing,
            format!(
                "before the fault, requests were at most {:.2} s apart, after it up to {:.2} s: what happened in between is not known",
                seconds(largest),
                seconds(later)
            ),
        ));
    }
}
