//! The verdict in words: one sentence, and where it is not decisive, why and what to do.

use super::{credential, open, recovery, rescue, scattered, share, stability, stopped};
use crate::history::Lost;
use crate::model::Gate;
use crate::units::{Duration, counted, grouped, reaches};
use crate::verdict::{Decision, EarlyStop, Interval, Measures, Millis, ObservedEffect, Reason, Verdict};
use std::borrow::Cow;

/// The verdict in one sentence, with the measured interval against the objective.
pub fn headline(verdict: &Verdict) -> String {
    let objective = span(if verdict.only_rotates { verdict.terms.rotation } else { verdict.terms.rto });
    if verdict.only_rotates && verdict.measures.is_some() {
        // Nothing was broken: what users lost is among what was promised of the rotation.
        return format!("{}{}", credential::headline(verdict), others(verdict));
    }
    let Some(measures) = &verdict.measures else {
        if verdict.reason == Some(Reason::FaultNotTold) {
            return "Nothing can be measured without the moment at which the fault began.".into();
        }
        let this = if is_record(verdict) { "record" } else { "drill" };
        let told = match verdict.verdict {
            Decision::Void => format!("This {this} proves nothing about the objective of {objective}: {}.", because(verdict)),
            Decision::InvalidPlan => format!("This {this} could not have tested the objective of {objective}: {}.", because(verdict)),
            _ => format!("This {this} does not show whether the objective of {objective} is met: {}.", because(verdict)),
        };
        return told + &early(verdict);
    };
    let rto = verdict.objectives.iter().find(|objective| objective.name == "rto").map_or(verdict.verdict, |objective| objective.verdict);
    let measured = recovery::measured(verdict, measures);
    if verdict.reason == Some(Reason::ObjectivesNotTold) {
        return format!("{measured}. There is no objective to compare that with: {}.", because(verdict));
    }
    let mut text = match (rto, verdict.reason) {
        (Decision::Inconclusive, Some(Reason::RtoWithinInterval)) => {
            format!("{measured}; the objective of {objective} lies between the two, so it may have been met or missed: inconclusive.")
        }
        (Decision::Inconclusive, Some(reason)) if !reason.is_told_by_objectives() => {
            format!("{measured}; the objective is {objective}: inconclusive, because {}.", because(verdict))
        }
        (rto, _) => format!("{measured}; the objective is {objective}: {rto}."),
    };
    text.push_str(&scattered::why_late(verdict, measures));
    text.push_str(&recovery::false_start(verdict, measures));
    text.push_str(&stability::sentence(verdict));
    text.push_str(&share::sentence(verdict));
    text.push_str(&rescue::still_asked(verdict));
    text.push_str(&others(verdict));
    text.push_str(&early(verdict));
    let rotation = credential::headline(verdict);
    // What is worse comes first.
    match (rotation.is_empty(), rto != Decision::Missed && verdict.verdict == Decision::Missed) {
        (true, _) => text,
        (false, true) => format!("{rotation} {text}"),
        (false, false) => format!("{text} {rotation}"),
    }
}

/// Whether what the gate is about lasted to the end of the fault. Of restoration `stability` decides, which knows what was promised.
pub(super) fn is_sustained(measures: &Measures, gate: Gate) -> bool {
    gate == Gate::Restore || measures.sustained.hi == measures.cutover.hi
}

/// That it was stopped, where that is not the reason of the verdict.
fn early(verdict: &Verdict) -> String {
    let stop = verdict.stopped.as_ref().filter(|_| of_stop(verdict).is_none());
    stop.map(|stop| format!(" {}.", capital(&stopped::because(verdict, stop)))).unwrap_or_default()
}

/// The same with a capital letter at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Objectives that no sentence of their own tells, and that were not met.
fn others(verdict: &Verdict) -> String {
    let departed = !stability::sentence(verdict).is_empty();
    let failback = recovery::failback(verdict);
    let told = |name: &str| {
        name == "rto" || (name == "failback" && !failback.is_empty()) || credential::tells(name) || (departed && name == "stability")
    };
    let bad = verdict.objectives.iter().filter(|objective| !told(objective.name) && objective.verdict != Decision::Met);
    failback.clone() + &bad.map(|objective| format!(" Objective {}: {}.", objective.name, objective.verdict)).collect::<String>()
}

/// Why a verdict is not decisive, as the end of a sentence.
pub(super) fn because(verdict: &Verdict) -> String {
    let (terms, evidence) = (&verdict.terms, &verdict.evidence);
    if let Some(stop) = of_stop(verdict) {
        return stopped::because(verdict, stop);
    }
    if let Some(because) = share::because(verdict).or_else(|| rescue::because(verdict)).or_else(|| open::because(verdict)) {
        return because;
    }
    match verdict.reason {
        Some(Reason::Stopped) => "the drill was stopped".into(),
        Some(Reason::ScheduleIncomplete) if !evidence.complete => "the record breaks off before the drill's end".into(),
        Some(Reason::ScheduleIncomplete) => format!(
            "{} that {} due could not be sent",
            counted(evidence.unsent, "request"),
            if evidence.unsent == 1 { "was" } else { "were" }
        ),
        Some(Reason::DriverLag) => format!(
            "the load generator sent a request {} ms late, and this objective allows {} ms at most",
            grouped(evidence.lag.map_or(0, |lag| lag.0.max(0).unsigned_abs()).div_ceil(1_000_000)),
            grouped(terms.lag_max.as_nanos() / 1_000_000)
        ),
        Some(Reason::BaselineUnstable) if evidence.requests == 0 => "the drill ended before its traffic began".into(),
        Some(Reason::BaselineUnstable) => unsteady(verdict),
        Some(Reason::FaultNotEffective) => match evidence.effect {
            None if evidence.touched.is_some_and(|touched| touched > 0) => "the fault touched none of the drill's requests".into(),
            None => "the fault touched no request".into(),
            Some(ObservedEffect { worse: 0, .. }) if verdict.measures.as_ref().is_some_and(|measures| measures.bad > 0) => {
                "no request did worse than the worst one before the fault, so nothing shows that the fault took effect".into()
            }
            Some(ObservedEffect { worse: 0, .. }) => {
                "no request failed or was slower than before the fault, so nothing shows that the fault took effect".into()
            }
            Some(ObservedEffect { worse, of, .. }) => {
                format!(
                    "{} of {} failed or were slower than before the fault, too few to show that the fault took effect",
                    grouped(worse),
                    counted(of, "request")
                )
            }
        },
        Some(Reason::RotationNotBegun) => "the rotation never began".into(),
        Some(Reason::CutoverNotExercised) => {
            "no request failed or was late, and no standby ever answered, so the way to the standby was not tested".into()
        }
        Some(Reason::ResolutionExceedsRto) => {
            format!("requests were so far apart that a recovery is known to within {} only", seconds_up(verdict.resolution.0))
        }
        Some(Reason::HoldTooShort) => format!("fewer than five requests were due within the hold of {}", span(terms.hold)),
        Some(Reason::DeadlineBelowSlo) => "clients give up (`deadline`) before an answer could be too late (`slo`)".into(),
        Some(Reason::HorizonTooShort) => {
            format!("the fault is shorter than the objective and the hold together ({})", span(terms.rto.plus(terms.hold)))
        }
        Some(Reason::ObjectivesNotTold) => "none was given".into(),
        Some(Reason::FaultNotTold) => "the moment of the fault was not given".into(),
        Some(Reason::RecordCannotTell) if nothing_to_feel(verdict) => {
            "no request failed or was late, and what the fault touched was not counted".into()
        }
        Some(Reason::RecordCannotTell) => "the record lacks what the objective needs".into(),
        _ => "the evidence does not show it".into(),
    }
}

/// The stop that keeps a verdict from being decisive.
fn of_stop(verdict: &Verdict) -> Option<&EarlyStop> {
    let of_it = matches!(verdict.reason, Some(Reason::Stopped | Reason::BaselineUnstable | Reason::ScheduleIncomplete));
    verdict.stopped.as_ref().filter(|_| of_it)
}

/// What ailed the traffic before the fault.
fn unsteady(verdict: &Verdict) -> String {
    let evidence = &verdict.evidence;
    let (requests, good, by_primary) = (evidence.baseline, evidence.baseline_good, evidence.baseline_by_primary);
    let too_few = |count: u64| !reaches(count, requests, verdict.terms.baseline_success.get());
    if too_few(good) {
        format!("the traffic before the fault was not steady: only {} of {} were good", grouped(good), counted(requests, "request"))
    } else if too_few(by_primary) {
        format!(
            "the traffic before the fault did not go to the primary: it answered only {} of {}",
            grouped(by_primary),
            counted(requests, "request")
        )
    } else {
        format!("only {} ended before the fault, too few to compare with", counted(requests, "request"))
    }
}

/// True where users felt nothing, so that only a count of what the fault touched could show that there was something to feel.
pub(super) fn nothing_to_feel(verdict: &Verdict) -> bool {
    let met = verdict.objectives.iter().any(|objective| objective.name == "rto" && objective.verdict == Decision::Met);
    verdict.terms.gate == Gate::Restore && !met && verdict.measures.as_ref().is_some_and(|measures| measures.bad == 0)
}

/// What to do about a verdict that is not decisive.
pub(super) fn hint(verdict: &Verdict) -> Option<Cow<'static, str>> {
    if let Some(stop) = of_stop(verdict) {
        return Some(stopped::hint(stop).into());
    }
    let balanced = verdict.evidence.balanced.as_ref().filter(|_| verdict.reason == Some(Reason::BaselineUnstable));
    balanced
        .map(|balanced| balanced.hint().into())
        .or_else(|| open::hint(verdict, is_record(verdict)))
        .or_else(|| of_kind(verdict).map(Cow::Borrowed))
}

fn of_kind(verdict: &Verdict) -> Option<&'static str> {
    if is_record(verdict) {
        return for_record(verdict);
    }
    if let Some(hint) = share::hint(verdict).or_else(|| rescue::hint(verdict)) {
        return Some(hint);
    }
    if verdict.reason == Some(Reason::RecordCannotTell) && nothing_to_feel(verdict) {
        return Some("count the requests that it touched: `fault: requests_touched`");
    }
    Some(match verdict.reason? {
        Reason::Stopped => "the event `cancelled` in its history says why; fix that, and run it again",
        Reason::ScheduleIncomplete if !verdict.evidence.complete => {
            "run it again; a drill that was killed, or whose fault proxy failed, can only show what it saw until then"
        }
        Reason::ScheduleIncomplete => "raise `traffic: max_in_flight`, or lower the rate",
        Reason::DriverLag => "run it on a machine with less to do, or allow more with `objectives: lag_max`",
        Reason::BaselineUnstable if verdict.evidence.requests == 0 => {
            "the event `cancelled` in its history says why; fix that, and run it again"
        }
        Reason::BaselineUnstable => "look at the requests before the fault: what is wrong with them has nothing to do with the drill",
        Reason::FaultNotEffective if verdict.evidence.effect.is_some() => {
            "use a fault that the gateway cannot miss, make sure that it goes through this proxy, or drill with `lifeboat proxy`, which counts what a fault touches"
        }
        Reason::FaultNotEffective => {
            "aim the fault at a provider that serves this traffic, and make sure that the gateway reaches it through its proxy"
        }
        Reason::RotationNotBegun => "the event `cancelled` in its history says why; fix that, and run it again",
        Reason::CutoverNotExercised => "use a fault that retries on the primary cannot hide",
        Reason::ResolutionExceedsRto => "raise the rate or shorten the service level",
        Reason::HoldTooShort => "raise the rate, or `objectives: stable_for`",
        Reason::DeadlineBelowSlo => "raise `objectives: deadline`",
        Reason::HorizonTooShort => "lengthen the fault's `for:`",
        Reason::ObjectivesNotTold | Reason::FaultNotTold | Reason::RecordCannotTell => return for_record(verdict),
        _ => return None,
    })
}

/// What the requests tell of the fault, where no proxy counted.
pub(super) fn bit(verdict: &Verdict) -> Option<String> {
    let ObservedEffect { worse, of, proven } = verdict.evidence.effect?;
    let told = if proven { "that is no coincidence: it took effect" } else { "that can be coincidence" };
    Some(format!("{} of {} failed or were slower than those before the fault; {told}", grouped(worse), counted(of, "request")))
}

/// True where who served is not known.
pub(super) fn nameless(verdict: &Verdict) -> bool {
    verdict.caveats.iter().any(|caveat| caveat.name == Lost::WhoServed)
}

/// True of a verdict on what somebody else recorded.
fn is_record(verdict: &Verdict) -> bool {
    verdict.caveats.iter().any(|caveat| caveat.name == Lost::FaultSeen)
}

/// The same for somebody else's record, which was not planned and cannot be run again.
fn for_record(verdict: &Verdict) -> Option<&'static str> {
    Some(match verdict.reason? {
        Reason::ObjectivesNotTold => "give the scenario with the objectives: `--objectives SCENARIO`",
        Reason::FaultNotTold => "say when it began by the record's clock: `--fault-at 2026-11-20T14:03:07Z`, or `--fault-at +42s`",
        Reason::RecordCannotTell if nothing_to_feel(verdict) => "check that `--fault-at` is the right moment, by the record's own clock",
        Reason::RecordCannotTell => "see under `not known` what the record lacks, and what would have to be recorded",
        Reason::ScheduleIncomplete => "give the load generator more workers, or use a lower rate",
        Reason::BaselineUnstable => "look at the requests before the fault; `--since` leaves out what came long before it",
        Reason::FaultNotEffective | Reason::CutoverNotExercised => "check that `--fault-at` is the right moment, by the record's own clock",
        Reason::ResolutionExceedsRto | Reason::HoldTooShort => {
            "there were too few requests before the fault; `--since` leaves out quiet hours, and `--fault-uncertainty` may be too wide"
        }
        _ => return None,
    })
}

/// `3.08 to 3.29 s`, rounded outwards so that what is shown contains what was measured.
pub(super) fn between(interval: Interval) -> String {
    match interval.hi {
        Some(_) => format!("{} to {}", seconds_down(interval.lo).trim_end_matches(" s"), upper(interval)),
        // "More than 0 s" says nothing.
        None if interval.lo <= 0 => "not proven at any time".to_owned(),
        None => format!("more than {}", seconds_down(interval.lo)),
    }
}

pub(super) fn upper(interval: Interval) -> String {
    interval.hi.map_or_else(|| "not seen".into(), seconds_up)
}

pub(super) fn seconds_down(nanoseconds: i64) -> String {
    format!("{:.2} s", (nanoseconds as f64 / 1e7).floor() / 100.0)
}

pub(super) fn seconds_up(nanoseconds: i64) -> String {
    format!("{:.2} s", (nanoseconds as f64 / 1e7).ceil() / 100.0)
}

/// A declared length of time.
pub(super) fn span(length: impl Into<Millis>) -> String {
    Duration::from_nanos(u64::try_from(length.into().0).unwrap_or(0)).to_string()
}
