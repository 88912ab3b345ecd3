//! The recovery in words: when service came back, or what it was like until the end, and what began and did not hold.
//!
//! What this file does not do: say whether that is good enough (`headline`), or what came after the hold (`stability`).

use super::nature::{is_sustained, nothing_to_feel, objective};
use super::wording::{between, seconds_down, seconds_up, span, uncapital, upper};
use super::{scattered, share, stability};
use crate::history::Phase;
use crate::model::Gate;
use crate::units::{counted, grouped};
use crate::verdict::{Decision, FalseStart, Interval, Measures, Millis, ObjectiveName, Reason, Verdict, WhyNot};

/// The interval that the RTO is held against.
pub(in crate::report) const fn gate(verdict: &Verdict, measures: &Measures) -> Interval {
    match verdict.terms.gate {
        Gate::Cutover => measures.cutover,
        Gate::Restore => measures.restore,
    }
}

/// When a standby had taken over. Where nothing asks for that and it did not happen, no time says anything.
pub(in crate::report) fn cutover(verdict: &Verdict, measures: &Measures) -> String {
    match (verdict.terms.gate, measures.cutover.hi, measures.first_standby) {
        (Gate::Restore, None, None) => "none: no standby served".into(),
        (Gate::Restore, None, Some(_)) => format!("none: no standby served well for the hold of {}", span(verdict.terms.hold)),
        _ => format!("{} after the fault", between(measures.cutover)),
    }
}

/// What a gate waits for: as something that happened, as something that has not happened, and as a state that lasts.
struct Words {
    happened: String,
    /// Up to the moment that follows it.
    not_yet: String,
    never: String,
    lasts: &'static str,
    /// What serves, as the beginning of a sentence.
    served: String,
}

fn words(verdict: &Verdict, measures: &Measures) -> Words {
    match (verdict.terms.gate, &measures.share) {
        (Gate::Restore, _) => Words {
            happened: "Service was good again".into(),
            not_yet: "Service was still bad".into(),
            never: "service did not become good for the hold".into(),
            lasts: ", and stayed good,",
            served: "Service was good".into(),
        },
        (Gate::Cutover, None) => Words {
            happened: "A standby took over".into(),
            not_yet: "No standby had taken over".into(),
            never: "none served well for the hold".into(),
            lasts: " and kept serving",
            served: "A standby served well".into(),
        },
        (Gate::Cutover, Some(share)) => {
            let who = share::who(share);
            Words {
                happened: format!("Nobody waited for {who} any more"),
                not_yet: format!("Requests still failed or waited for {who}"),
                never: format!("service without {who} did not stay good for the hold"),
                lasts: ", and it stayed so,",
                served: format!("Nobody waited for {who}"),
            }
        }
    }
}

/// When service came back, as a sentence without its full stop.
pub(in crate::report) fn measured(verdict: &Verdict, measures: &Measures) -> String {
    let (interval, words) = (gate(verdict, measures), words(verdict, measures));
    if scattered::is_so(verdict, measures) {
        return scattered::measured(verdict, measures);
    }
    // The latter also counts those of which it is not known how they ended.
    let unnoticed = measures.bad == 0 && measures.outage.runs == 0 && measures.degraded_area == Millis(0);
    match (interval.hi, interval.lo) {
        (Some(_), 0) if unnoticed && verdict.terms.gate == Gate::Restore => {
            "No request failed or was late: nobody noticed the fault".into()
        }
        (Some(_), 0) if unnoticed && measures.share.is_none() => {
            format!("No request failed or was late: a standby took over within {} of the fault", upper(interval))
        }
        (Some(_), 0) => format!("{} within {} of the fault", words.happened, upper(interval)),
        (Some(_), _) => {
            let stayed = match stability::stayed(verdict) {
                false => "",
                true if is_sustained(measures, verdict.terms.gate) => words.lasts,
                // Service did, and not always by those that the gate is about.
                true => ", and service stayed good,",
            };
            format!("{} {} after the fault{}", words.happened, between(interval), stayed.trim_end_matches(','))
        }
        (None, lo) if verdict.reason == Some(Reason::RecordCannotTell) => match lo {
            ..=0 => format!("The record does not prove that {}", uncapital(&words.happened)),
            lo => format!("{} {} after the fault, and the record does not prove that this changed", words.not_yet, seconds_down(lo)),
        },
        (None, lo) if matches!(verdict.reason, Some(Reason::WhoServedUnknown | Reason::OutcomesUnknown)) => match lo {
            ..=0 => format!("It is not proven that {}", uncapital(&words.happened)),
            lo => format!("{} {} after the fault, and it is not proven that this changed", words.not_yet, seconds_down(lo)),
        },
        (None, lo) => {
            let (end, hold) = (end(verdict), span(verdict.terms.hold));
            match lo {
                ..=0 if nothing_to_feel(verdict) => format!("No request failed or was late, but {end} before the hold of {hold} was over"),
                ..=0 => format!("{} before {end}: {} of {hold}", words.not_yet, words.never),
                lo => format!("{} {} after the fault, and {} of {hold} before {end}", words.not_yet, seconds_down(lo), words.never),
            }
        }
    }
}

/// What began before the recovery that counts, or in place of one, and why it did not count; empty where nothing did, and where the objective was met
/// all the same.
pub(in crate::report) fn false_start(verdict: &Verdict, measures: &Measures) -> String {
    let met = objective(verdict, ObjectiveName::RTO) == Some(Decision::Met);
    let Some(false_start) = measures.false_start.filter(|_| !met && !scattered::is_so(verdict, measures)) else {
        return String::new();
    };
    let hold = format!("the hold of {}", span(verdict.terms.hold));
    let why = why(false_start, &hold, end(verdict));
    format!(" {} from {} on, which does not count: {why}.", words(verdict, measures).served, seconds_down(false_start.from.0))
}

/// The primary's return, where an objective about it was not met; empty otherwise.
pub(in crate::report) fn failback(verdict: &Verdict) -> String {
    let measured = verdict.measures.as_ref().and_then(|measures| Some((measures, measures.failback?)));
    let (Some((measures, interval)), Some(limit)) = (measured, verdict.terms.failback) else { return String::new() };
    // What a stop left no time for is told with the stop.
    let open = |decision| decision == Decision::Missed || (decision == Decision::Inconclusive && verdict.stopped.is_none());
    let Some(objective) = verdict.objectives.iter().find(|objective| objective.name == ObjectiveName::FAILBACK && open(objective.verdict))
    else {
        return String::new();
    };
    let again = match &measures.share {
        Some(share) => format!("{} had its share again", share::who(share)),
        None => "The primary served again".to_owned(),
    };
    let told = match (interval.hi, interval.lo, &measures.share) {
        (Some(_), ..) => format!("{again} {} after the heal", between(interval)),
        (None, 1.., None) => {
            format!("The primary did not serve well {} after the heal, nor for the hold before the drill ended", seconds_down(interval.lo))
        }
        (None, ..) => format!("It is not proven that {} for the hold before the drill ended", uncapital(&again)),
    };
    let false_start = measures.failback_false_start.map_or_else(String::new, |start| {
        let why = why(start, "the hold", "the drill ended");
        format!(" It served well from {} after the heal on, which does not count: {why}.", seconds_down(start.from.0))
    });
    format!(" {told}; the objective is {}: {}.{false_start}", span(limit), objective.verdict)
}

/// Why good service did not count. Its times are by the same clock as the beginning's.
fn why(FalseStart { why, .. }: FalseStart, hold: &str, end: &str) -> String {
    match why {
        WhyNot::EndedBefore { at: Millis(at) } => format!("{end} at {}, before {hold} was over", seconds_up(at)),
        WhyNot::Bad { bad, requests, first: Millis(first) } => {
            let many = if bad == 1 { "was" } else { "were" };
            let first = seconds_down(first);
            format!("{} of {} within {hold} {many} bad, the first at {first}", grouped(bad), counted(requests, "request"))
        }
        WhyNot::Unknown { unknown, requests } => {
            format!("it is not known how {} of {} within {hold} ended", grouped(unknown), counted(requests, "request"))
        }
    }
}

/// What ended the time in which recovery counts. Once the fault was healed, a stop ended the watching only.
fn end(verdict: &Verdict) -> &'static str {
    let stopped = verdict.stopped.as_ref().is_some_and(|stop| stop.phase != Phase::Watch);
    if stopped { "the drill was stopped" } else { "the fault ended" }
}
