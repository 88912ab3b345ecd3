//! Whether service stayed, in words: each departure from the promise with when, how many of how many, and at whom.

use super::nature::objective;
use super::wording::{seconds_down, seconds_up, span};
use crate::units::{counted, grouped};
use crate::verdict::{Decision, Departure, FailedAt, Measures, ObjectiveName, Verdict, Wave};

/// How many departures a sentence tells one by one.
const TOLD: usize = 2;

/// True where it is proven that service stayed: only then may it be said.
pub(in crate::report) fn stayed(verdict: &Verdict) -> bool {
    objective(verdict, ObjectiveName::STABILITY) == Some(Decision::Met)
}

/// The sentence about departures from the promise after the hold; empty where there were none.
pub(in crate::report) fn sentence(verdict: &Verdict) -> String {
    let (Some(measures), Some(stability)) = (&verdict.measures, objective(verdict, ObjectiveName::STABILITY)) else { return String::new() };
    let (wave, begun) = match measures.relapses {
        0 => (Wave::Unclear, "It is not certain that service stayed good"),
        _ => (Wave::Relapse, "Service did not stay good"),
    };
    let which: Vec<&Departure> = measures.departures.iter().filter(|departure| departure.wave == wave).collect();
    if which.is_empty() {
        return String::new();
    }
    let each: Vec<String> = which.iter().take(TOLD).map(|departure| told(departure, verdict)).collect();
    let more = match which.len().saturating_sub(TOLD) {
        0 => String::new(),
        1 => "; and once more".into(),
        more => format!("; and {more} more times"),
    };
    let why = if wave == Wave::Unclear { ": more than promised, but few enough to be coincidence" } else { "" };
    format!(" {begun}: {}{more}{why}. Objective stability: {}.", each.join("; "), stability)
}

/// What was measured of it, for a table: `1 relapse: 9 of 29 requests were bad 8.28 to 10.03 s after the fault`.
pub(in crate::report) fn measured(measures: &Measures, verdict: &Verdict) -> String {
    let relapses = if measures.relapses == 0 { "no relapse".to_owned() } else { counted(measures.relapses, "relapse") };
    let unclear = measures.departures.iter().filter(|departure| departure.wave == Wave::Unclear).count();
    let unclear = if unclear > 0 { format!(", {unclear} unclear") } else { String::new() };
    let each: Vec<String> = measures.departures.iter().take(5).map(|departure| told(departure, verdict)).collect();
    let colon = if each.is_empty() { "" } else { ": " };
    format!("{relapses}{unclear}{colon}{}", each.join("; "))
}

/// `9 of 29 requests were bad 8.28 to 10.03 s after the fault, and reached no proxy`.
fn told(departure: &Departure, verdict: &Verdict) -> String {
    let (first, last) = (seconds_down(departure.first.0), seconds_up(departure.last.0));
    let when = match departure.wave {
        Wave::Relapse => {
            let (bad, requests) = (grouped(departure.bad), counted(departure.requests, "request"));
            format!("{bad} of {requests} were bad {} to {last}", first.trim_end_matches(" s"))
        }
        Wave::Unclear => {
            let window = departure.window;
            let end = seconds_up(window.end.0);
            let (bad, requests) = (grouped(window.bad), counted(window.requests, "request"));
            format!("{bad} of {requests} were bad in the {} up to {end}", span(verdict.terms.hold))
        }
    };
    format!("{when} after the fault{}", failed_at(departure, verdict.evidence.attempts_seen))
}

/// At which provider they failed, as far as anybody saw it.
fn failed_at(departure: &Departure, seen: bool) -> String {
    match departure.failed_at.as_slice() {
        [FailedAt { provider: None, .. }] if seen => ", and reached no proxy".into(),
        [FailedAt { provider: None, .. }] => String::new(),
        [FailedAt { provider: Some(name), .. }] => format!(", at {name}"),
        several => {
            let each = several.iter().map(|at| match &at.provider {
                Some(name) => format!("{} at {name}", grouped(at.requests)),
                None => format!("{} reached no proxy", grouped(at.requests)),
            });
            format!(" ({})", each.collect::<Vec<_>>().join(", "))
        }
    }
}
