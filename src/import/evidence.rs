//! A record and what people told about it → evidence. Each row is placed where it claims least; what cannot be told becomes a caveat.

use super::caveat::{by_nature, caveat};
use super::moment::{RecordTime, SECOND};
use super::near::{after_hold, near, spans};
use super::record::{ImportError, ImportedRecord, RecordRow, RecordedProvider};
use crate::history::{By, Caveat, Edge, Evidence, FaultVisibility, Instrument, JudgedRequest, Lost, Outcome, ProviderFault};
use crate::model::{Gate, Objectives, SloOn};
use crate::units::Duration;
use std::collections::BTreeMap;

/// How much of an access log before the fault is its baseline: a gateway's nights are no part of an outage at noon.
const BASELINE: i64 = 600 * SECOND;

/// What people told about a record.
#[derive(Debug, Clone, Default)]
pub struct StatedFacts {
    /// What was promised.
    pub objectives: Option<Objectives>,
    /// Names of the providers, the primary first.
    pub providers: Vec<String>,
    /// How many of the first share the load; 0 and 1 mean that none do.
    pub sharing: usize,
    /// The providers that broke, where several share the load.
    pub broken: Vec<String>,
    /// Providers by what the record calls them: an address, a server's name.
    pub called: BTreeMap<String, String>,
    /// When the outage began.
    pub fault: Option<RecordTime>,
    /// When its cause was gone.
    pub heal: Option<RecordTime>,
    /// How far off these two may be, either way, in nanoseconds.
    pub uncertainty: i64,
    /// True where somebody said from when on the record counts.
    pub since: bool,
}

/// Makes evidence of a record.
///
/// # Errors
/// Where the moments that were told do not lie within the record.
pub fn evidence(mut record: ImportedRecord, told: &StatedFacts) -> Result<Evidence, ImportError> {
    let fault = place(&record, "--fault-at", told.fault)?;
    let heal = place(&record, "--heal-at", told.heal)?;
    if fault.zip(heal).is_some_and(|(fault, heal)| heal < fault) {
        return Err(ImportError::Order);
    }
    if let Some(fault) = fault.filter(|_| record.nature.pace.is_none() && !told.since) {
        record.rows.retain(|row| row.sent >= fault - BASELINE);
    }
    let zero = fault.unwrap_or(record.start);
    let edge = |at: i64| Edge { lo: at - zero - told.uncertainty, hi: at - zero + told.uncertainty };
    let mut caveats = by_nature(&record);
    let mut objectives = told.objectives.unwrap_or_default();
    // Lateness is not known, and so nothing is held against it.
    objectives.lag_max = Duration::from_nanos(u64::MAX);
    let mut instrument = Instrument { clock_error: record.grain, ..Instrument::default() };
    if told.objectives.is_none() {
        caveats.insert(0, caveat(Lost::Objectives, "no objectives were given; the defaults were used to measure"));
    }
    caveats.push(caveat(
        Lost::FaultSeen,
        match fault {
            Some(_) if told.uncertainty == 0 => {
                "when the fault began is taken from --fault-at as exact; `--fault-uncertainty` says how far off it may be"
            }
            Some(_) => "when the fault began is taken from --fault-at",
            None => "when the fault began is not recorded; give it with `--fault-at`",
        },
    ));
    let named = names(&record, told);
    if named.values.iter().all(Option::is_none) {
        objectives.gate = Gate::Restore;
        caveats.push(caveat(Lost::WhoServed, named.lost(&record)));
    } else {
        caveats.push(caveat(Lost::WhoServedProven, named.doubt(&record)));
    }
    if told.sharing > 1 && objectives.gate == Gate::Cutover {
        caveats.push(caveat(
            Lost::Attempts,
            "which providers a request went to before the one that answered is not recorded, so it cannot be shown that none waited for the one that broke: \
             that its share has moved can be missed and not met; promise `gate: restore`, or drill with `lifeboat run`",
        ));
    }
    let mut reading = RowConverter { zero, grain: record.grain, objectives: &objectives, named: &named.values, by_end_only: false };
    let mut requests: Vec<JudgedRequest> = record.rows.iter().map(|row| reading.request(row)).collect();
    if reading.by_end_only {
        caveats.push(caveat(
            Lost::FirstContent,
            "when the first content of an answer came is not recorded: one that ended later than the service level proves nothing",
        ));
    }
    requests.sort_unstable_by_key(|request| (request.due, request.done));
    let longest = record.rows.iter().filter_map(|row| row.took).max().unwrap_or(0);
    // What was sent later may not have ended with the record, and then it is not in it.
    let whole = record.last.saturating_sub(longest.max(objectives.deadline.nanos()));
    let observed_until = record.until.map_or(whole, |until| until.min(whole)).saturating_sub(zero);
    spacing(&requests, fault.map(|_| 0), observed_until, &mut instrument, &mut caveats);
    instrument.fault_uncertainty = 2 * told.uncertainty;
    let spans = spans(&requests, heal.map(|heal| heal - zero), &objectives, &instrument);
    if let Some(near) = near(&record, zero, &spans).filter(|_| fault.is_some()) {
        caveats.push(near.caveat());
    }
    let after = (spans[0].1, heal.map_or(observed_until, |heal| observed_until.min(heal - zero)));
    caveats.extend(after_hold(&record, zero, &requests, after, &objectives).filter(|_| fault.is_some()));
    let providers: Vec<String> = told.providers.clone();
    let sharing = told.sharing.clamp(1, providers.len().max(1));
    let places = |range: std::ops::Range<usize>| range.filter_map(|place| u16::try_from(place).ok()).collect();
    // Which fault it was nobody tells: it may be one that swallows requests unseen.
    let (until, trace) = (heal.map(|heal| edge(heal).lo), FaultVisibility::Held);
    let broken = |(place, _): (usize, &String)| {
        Some(ProviderFault { provider: u16::try_from(place).ok()?, from: edge(fault?).lo, until, trace, connections: 0 })
    };
    let broken = providers.iter().enumerate().filter(|(_, name)| told.broken.contains(name)).filter_map(broken).collect();
    Ok(Evidence {
        objectives,
        instrument,
        primary: places(0..sharing.min(providers.len())),
        standbys: places(sharing..providers.len()),
        shared: sharing > 1,
        providers,
        fault: fault.map(edge),
        // Whoever says that there was a fault is believed, as in a bare history.
        touched: u64::from(fault.is_some()),
        touched_by: None,
        broken,
        stopped: None,
        touched_counted: false,
        heal: heal.map(edge),
        observed_until,
        complete: true,
        requests,
        attempts: Vec::new(),
        attempts_seen: false,
        ledger: Vec::new(),
        rotations: Vec::new(),
        only_rotates: false,
        caveats,
    })
}

/// A moment on the record's clock; an error where it lies outside of the record.
fn place(record: &ImportedRecord, what: &'static str, moment: Option<RecordTime>) -> Result<Option<i64>, ImportError> {
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

/// The providers that the record's names stand for.
struct ProviderNames {
    values: Vec<Option<u16>>,
}

fn names(record: &ImportedRecord, told: &StatedFacts) -> ProviderNames {
    let provider = |name: &str| {
        let name = told.called.get(name).map_or(name, String::as_str);
        told.providers.iter().position(|provider| provider == name).and_then(|place| u16::try_from(place).ok())
    };
    // HAProxy's `backend/server` may be known by both, by the server, or by the backend.
    let any = |name: &String| {
        provider(name).or_else(|| name.split_once('/').and_then(|(left, right)| provider(right).or_else(|| provider(left))))
    };
    ProviderNames { values: record.names.iter().map(any).collect() }
}

impl ProviderNames {
    /// Names that stand for no provider.
    fn strange<'r>(&self, record: &'r ImportedRecord) -> Vec<&'r str> {
        record.names.iter().zip(&self.values).filter(|(_, provider)| provider.is_none()).map(|(name, _)| name.as_str()).take(4).collect()
    }

    fn lost(&self, record: &ImportedRecord) -> String {
        let text = "who served is not known, so a cutover cannot be told from a restore, and the record is judged by when users were served by anyone";
        match self.strange(record)[..] {
            [] => format!("{text}; record it, and name the field with `--served-by`"),
            [first, ..] => format!(
                "{text}; the record names {}: say which provider that is with `--map {first}=PROVIDER`",
                self.strange(record).join(", ")
            ),
        }
    }

    fn doubt(&self, record: &ImportedRecord) -> String {
        let text = "who served is taken from the record; no proxy in front of each provider saw it";
        match self.strange(record)[..] {
            [] => text.to_owned(),
            [..] => format!("{text}; {} are mapped to no provider (`--map`)", self.strange(record).join(", ")),
        }
    }
}

/// How rows become requests.
struct RowConverter<'a> {
    zero: i64,
    grain: i64,
    objectives: &'a Objectives,
    named: &'a [Option<u16>],
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
            (Outcome::Ok | Outcome::Unknown, RecordedProvider::Name(place)) => {
                self.named.get(usize::from(place)).copied().flatten().map_or(By::Unknown, By::Provider)
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
