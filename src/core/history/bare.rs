//! A bare history → evidence: what somebody else recorded (an access log, another load generator), as one JSON document.
//!
//! The document's keys are those of the example in the README of `import`; times are milliseconds on one clock, with the fault near 0. Keys
//! that are absent take the defaults written here.

use super::broken::{FaultVisibility, ProviderFault};
use super::edge::Edge;
use super::event::Outcome;
use super::evidence::{Evidence, Instrument, LedgerEntry};
use super::judged_request::{Attempt, By, JudgedRequest};
use super::passage::Passage;
use crate::model::{Gate, LossBudget, Objectives, Rescues, SloOn};
use crate::units::{Duration, Explained, Ratio};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;

/// What is shown to somebody whose bare history cannot be read.
const SHOWN: &str = "`lifeboat help bare-history` shows one with all its keys";

/// Why a bare history cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BareError {
    /// It is not JSON, or a key has the wrong type.
    #[error("not a bare history: {0}")]
    Json(#[from] serde_json::Error),
    /// It is not JSON; what stands there may be anything.
    #[error("not JSON: line {line}, column {column}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// It is JSON of another kind.
    #[error("neither a drill's history nor a bare history, which has the key `bare_history`")]
    Other,
    /// Another version.
    #[error("bare_history is {0}, this build reads 1")]
    Version(u32),
    /// A number that is not a moment.
    #[error("request {0} is more than 292 years away from the fault")]
    Moment(usize),
}

impl Explained for BareError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(SHOWN))
    }
}

/// The document: what was promised, when the fault was, and every request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BareHistory {
    bare_history: u32,
    #[serde(default)]
    objectives: BareObjectives,
    #[serde(default)]
    fault: Option<BareFault>,
    #[serde(default)]
    heal: Option<BareSpan>,
    #[serde(default)]
    observed_until_ms: Option<f64>,
    primary: Vec<String>,
    standbys: Vec<String>,
    requests: Vec<BareRequest>,
    #[serde(default)]
    ledger: Vec<BareLedgerEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BareObjectives {
    rto_ms: f64,
    gate: Gate,
    slo_ms: f64,
    slo_on: SloOn,
    deadline_ms: f64,
    success: f64,
    lead_in: u32,
    max_consecutive_bad: u32,
    hold_ms: f64,
    gap_ms: f64,
    lag_max_ms: f64,
    clock_error_ms: f64,
    fault_uncertainty_ms: f64,
    baseline_min: u32,
    baseline_success: f64,
    planned_fault_ms: Option<f64>,
    failback_rto_ms: Option<f64>,
    failback_hold_ms: Option<f64>,
    rpo_ms: Option<f64>,
    max_lost: Option<u64>,
    max_truncated: Option<u64>,
    max_duplicates: Option<u64>,
    max_overshoot: Option<f64>,
    max_rescued: Option<f64>,
    rescued_after_ms: f64,
}

impl Default for BareObjectives {
    fn default() -> Self {
        Self {
            rto_ms: 5000.0,
            gate: Gate::Cutover,
            slo_ms: 1000.0,
            slo_on: SloOn::Done,
            deadline_ms: 2000.0,
            success: 0.99,
            lead_in: 5,
            max_consecutive_bad: 1,
            hold_ms: 5000.0,
            gap_ms: 100.0,
            lag_max_ms: 10.0,
            clock_error_ms: 0.0,
            fault_uncertainty_ms: 0.0,
            baseline_min: Objectives::BASELINE_MIN,
            baseline_success: 0.99,
            planned_fault_ms: None,
            failback_rto_ms: None,
            failback_hold_ms: None,
            rpo_ms: None,
            max_lost: None,
            max_truncated: None,
            max_duplicates: None,
            max_overshoot: None,
            max_rescued: None,
            rescued_after_ms: 0.0,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BareFault {
    lo_ms: f64,
    hi_ms: f64,
    /// Whoever says that there was a fault and counts nothing is believed; a count of 0 is not.
    #[serde(default)]
    requests_touched: Option<u64>,
    /// The primaries that it broke, where they share the load.
    #[serde(default)]
    on: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BareSpan {
    lo_ms: f64,
    hi_ms: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BareRequest {
    due_ms: f64,
    #[serde(default)]
    sent_ms: Option<f64>,
    #[serde(default)]
    proof_ms: Option<f64>,
    #[serde(default)]
    done_ms: Option<f64>,
    outcome: Outcome,
    #[serde(default)]
    served_by: Option<String>,
    #[serde(default)]
    attempts: Vec<BareAttempt>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BareAttempt {
    provider: String,
    at_ms: f64,
    #[serde(default)]
    completed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BareLedgerEntry {
    acknowledged_ms: f64,
    found: bool,
}

/// Reads a bare history.
///
/// # Errors
/// See [`BareError`].
pub fn bare(json: &[u8]) -> Result<Evidence, BareError> {
    let document = document(json)?;
    let mut names = ProviderIndex(Vec::new());
    let primary: Vec<u16> = document.primary.iter().map(|name| names.index(name)).collect();
    let standbys = document.standbys.iter().map(|name| names.index(name)).collect();
    let (objectives, instrument) = (objectives(&document.objectives), instrument(&document.objectives));
    let mut lines: Vec<(JudgedRequest, Vec<BareAttempt>)> = Vec::with_capacity(document.requests.len());
    for (place, line) in document.requests.into_iter().enumerate() {
        let request = request(&line, objectives.deadline.nanos(), &mut names).ok_or(BareError::Moment(place))?;
        lines.push((request, line.attempts));
    }
    lines.sort_by_key(|(request, _)| request.due);
    let attempts = attempts(&lines, &mut names)?;
    let requests: Vec<JudgedRequest> = lines.into_iter().map(|(request, _)| request).collect();
    let edge = |lo: f64, hi: f64| Some(Edge { lo: nanos(lo)?, hi: nanos(hi)? });
    let heal = document.heal.and_then(|span| edge(span.lo_ms, span.hi_ms));
    let last = requests.last().map_or(0, |request| request.due + 1);
    let fault = document.fault.as_ref().and_then(|fault| edge(fault.lo_ms, fault.hi_ms));
    let on = document.fault.as_ref().and_then(|fault| fault.on.as_ref());
    let on: Option<Vec<u16>> = on.map(|on| on.iter().map(|name| names.index(name)).collect());
    // It is the primary that goes away, where nobody says another. By which fault nobody tells, so where the load is shared, and that nobody
    // waited is to be proven, it may be one that swallows requests unseen.
    let (shared, trace) = if on.is_some() { (true, FaultVisibility::Held) } else { (false, FaultVisibility::Requests) };
    let until = heal.map(|heal| heal.lo);
    let broken = |provider: &u16| Some(ProviderFault { provider: *provider, from: fault?.lo, until, trace, connections: 0 });
    let broken = on.as_ref().unwrap_or(&primary).iter().filter_map(broken).collect();
    Ok(Evidence {
        objectives,
        instrument,
        providers: names.0,
        primary,
        standbys,
        shared,
        touched: document.fault.as_ref().map_or(0, |fault| fault.requests_touched.unwrap_or(1)),
        touched_counted: document.fault.as_ref().is_some_and(|fault| fault.requests_touched.is_some()),
        touched_by: None,
        broken,
        stopped: None,
        fault,
        observed_until: document.observed_until_ms.and_then(nanos).or_else(|| heal.map(|heal| heal.lo)).unwrap_or(last),
        heal,
        complete: true,
        attempts_seen: !attempts.is_empty(),
        requests: requests.into_iter().collect(),
        attempts: attempts.into_iter().collect(),
        ledger: document
            .ledger
            .iter()
            .filter_map(|entry| Some(LedgerEntry { acknowledged: nanos(entry.acknowledged_ms)?, found: entry.found }))
            .collect(),
        rotations: Vec::new(),
        only_rotates: false,
        caveats: Vec::new(),
        climb: None,
        shadows: Vec::new(),
        passage: Passage::default(),
        billing: super::bill::Billing::default(),
    })
}

/// The document, where it is one, in a version that is known.
fn document(json: &[u8]) -> Result<BareHistory, BareError> {
    /// Any JSON that says it is one, so that no other is quoted.
    #[derive(Deserialize)]
    struct BareHead {
        bare_history: Option<IgnoredAny>,
    }
    match serde_json::from_slice::<BareHead>(json) {
        Ok(BareHead { bare_history: Some(_) }) => {}
        Ok(BareHead { bare_history: None }) => return Err(BareError::Other),
        Err(error) => return Err(BareError::Syntax { line: error.line(), column: error.column() }),
    }
    let document: BareHistory = serde_json::from_slice(json)?;
    if document.bare_history != 1 {
        return Err(BareError::Version(document.bare_history));
    }
    Ok(document)
}

/// The tries of all requests, in the order of the requests and of time.
fn attempts(lines: &[(JudgedRequest, Vec<BareAttempt>)], names: &mut ProviderIndex) -> Result<Vec<Attempt>, BareError> {
    let mut attempts = Vec::new();
    for (place, (_, tries)) in lines.iter().enumerate() {
        let from = attempts.len();
        for attempt in tries {
            attempts.push(Attempt {
                at: nanos(attempt.at_ms).ok_or(BareError::Moment(place))?,
                request: u32::try_from(place).unwrap_or(u32::MAX),
                provider: names.index(&attempt.provider),
                completed: attempt.completed,
                reached: true,
            });
        }
        attempts[from..].sort_by_key(|attempt| attempt.at);
    }
    Ok(attempts)
}

fn request(line: &BareRequest, deadline: i64, names: &mut ProviderIndex) -> Option<JudgedRequest> {
    let due = nanos(line.due_ms)?;
    let or = |value: Option<f64>, fallback: i64| value.map_or(Some(fallback), nanos);
    let sent = or(line.sent_ms, due)?;
    let given_up = match line.outcome {
        Outcome::Timeout | Outcome::Truncated | Outcome::Unknown => sent.max(due.saturating_add(deadline)),
        Outcome::Ok | Outcome::Error | Outcome::Unsent => sent,
    };
    let done = or(line.done_ms, given_up)?;
    Some(JudgedRequest {
        due,
        sent,
        proof: or(line.proof_ms, done)?,
        done,
        by: match line.served_by.as_deref() {
            None => By::Nobody,
            Some("unknown") => By::Unknown,
            Some(name) => By::Provider(names.index(name)),
        },
        outcome: line.outcome,
    })
}

fn objectives(told: &BareObjectives) -> Objectives {
    let span = |milliseconds: f64| Duration::from_nanos(u64::try_from(length(milliseconds)).unwrap_or(0));
    let share = |share: f64| Ratio::new(share.clamp(0.0, 1.0)).unwrap_or(Ratio::ONE);
    let hold = span(told.hold_ms);
    Objectives {
        rto: span(told.rto_ms),
        gate: told.gate,
        hold,
        success: share(told.success),
        slo: span(told.slo_ms),
        slo_on: told.slo_on,
        deadline: span(told.deadline_ms),
        lead_in: told.lead_in,
        max_consecutive_bad: told.max_consecutive_bad,
        lag_max: span(told.lag_max_ms),
        baseline_min: told.baseline_min,
        baseline_success: share(told.baseline_success),
        failback: told.failback_rto_ms.map(span),
        failback_hold: told.failback_hold_ms.map_or(hold, span),
        lost: told.max_lost.map(LossBudget::Requests),
        truncated: told.max_truncated,
        duplicates: told.max_duplicates,
        overshoot: told.max_overshoot,
        rescued: told.max_rescued.map(|most| Rescues { at_most: share(most), after: span(told.rescued_after_ms) }),
        rotation: span(told.rto_ms),
        client_errors: None,
        rpo: told.rpo_ms.map(span),
        capacity: None,
        spend: None,
    }
}

fn instrument(told: &BareObjectives) -> Instrument {
    Instrument {
        gap_max: length(told.gap_ms),
        gap_mean: length(told.gap_ms),
        gap_busiest: None,
        clock_error: length(told.clock_error_ms),
        fault_uncertainty: length(told.fault_uncertainty_ms),
        planned_fault: told.planned_fault_ms.map(length),
    }
}

/// Milliseconds to nanoseconds; what is too long to be a moment is as long as can be.
fn length(milliseconds: f64) -> i64 {
    nanos(milliseconds).unwrap_or(i64::MAX / 4)
}

/// Milliseconds to nanoseconds, to the nearest; `None` for what is not a moment.
fn nanos(milliseconds: f64) -> Option<i64> {
    let nanos = (milliseconds * 1e6).round();
    (nanos.abs() < 9e18 / 4.0).then_some(nanos as i64)
}

/// The providers that were named, each by its index.
struct ProviderIndex(Vec<String>);

impl ProviderIndex {
    fn index(&mut self, name: &str) -> u16 {
        let place = self.0.iter().position(|known| known == name).unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        });
        u16::try_from(place).unwrap_or(u16::MAX)
    }
}
