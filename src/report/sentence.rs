//! The verdict in words: one sentence, and where it is not decisive, why and what to do.

use super::{credential, rescue, share, stability, stopped};
use crate::history::{Lost, Phase};
use crate::model::Gate;
use crate::units::{Duration, reaches};
use crate::verdict::{Decision, Effect, Interval, Measures, Millis, Reason, Stop, Verdict};
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
            return "Without the moment of the fault there is nothing to measure from.".into();
        }
        let this = if is_record(verdict) { "record" } else { "drill" };
        let told = match verdict.verdict {
            Decision::Void => format!("This {this} proves nothing about the objective of {objective}: {}.", because(verdict)),
            Decision::InvalidPlan => format!("This {this} could never have told about the objective of {objective}: {}.", because(verdict)),
            _ => format!("This {this} does not tell about the objective of {objective}: {}.", because(verdict)),
        };
        return told + &early(verdict);
    };
    let (interval, state) = match verdict.terms.gate {
        Gate::Cutover if measures.share.is_some() => (measures.cutover, "well served with nobody waiting for what broke"),
        Gate::Cutover => (measures.cutover, "well served by a standby"),
        Gate::Restore => (measures.restore, "well served again"),
    };
    let rto = verdict.objectives.iter().find(|objective| objective.name == "rto").map_or(verdict.verdict, |objective| objective.verdict);
    let measured = match interval.hi {
        Some(_) if interval.lo == 0 => format!("Users were {state} at the latest {} after the fault", upper(interval)),
        Some(_) => {
            let stayed = match stability::stayed(verdict) {
                false => "",
                true if is_sustained(measures, verdict.terms.gate) => ", and stayed so,",
                // Users were, and not always by whom the gate is about.
                true => ", and stayed well served,",
            };
            format!("Users were {state}{stayed} {} after the fault", between(interval))
        }
        None if verdict.reason == Some(Reason::RecordCannotTell) => match interval.lo {
            ..=0 => format!("The record does not prove that users were {state}"),
            lo => format!("The record does not prove that users were {state}; {} after the fault they were not", seconds_down(lo)),
        },
        None => {
            // Once it was healed, a stop ended the watching only.
            let stopped = verdict.stopped.as_ref().is_some_and(|stop| stop.phase != Phase::Watch);
            let end = if stopped { "the drill was stopped" } else { "the fault ended" };
            match interval.lo {
                ..=0 if nothing_to_feel(verdict) => format!("No request went bad, and {end} before it could be told that this lasts"),
                ..=0 => format!("Users were not stably {state} before {end}"),
                lo => format!("Users were not {state} {} after the fault, and not stably so before {end}", seconds_down(lo)),
            }
        }
    };
    if verdict.reason == Some(Reason::ObjectivesNotTold) {
        return format!("{measured}. That is held against nothing: {}.", because(verdict));
    }
    let mut text = match (rto, verdict.reason) {
        (Decision::Inconclusive, Some(_)) => {
            format!("{measured}; the objective is {objective}: inconclusive, because {}.", because(verdict))
        }
        (Decision::Inconclusive, None) if interval.hi.is_some() => {
            format!("{measured}; the objective of {objective} lies within what could be measured: inconclusive.")
        }
        (rto, _) => format!("{measured}; the objective is {objective}: {rto}."),
    };
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

/// Whether what the gate is about lasted to the end of the fault. Of restoration `stability` decides, which bears what was promised.
pub(super) fn is_sustained(measures: &Measures, gate: Gate) -> bool {
    gate == Gate::Restore || measures.sustained.hi == measures.cutover.hi
}

/// That it was stopped, where that is not the reason of the verdict.
fn early(verdict: &Verdict) -> String {
    let stop = verdict.stopped.as_ref().filter(|_| of_stop(verdict).is_none());
    stop.map(|stop| format!(" {}.", capital(&stopped::because(verdict, stop)))).unwrap_or_default()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Objectives that no sentence of their own tells, and that were not met.
fn others(verdict: &Verdict) -> String {
    let departed = !stability::sentence(verdict).is_empty();
    let told = |name: &str| name == "rto" || credential::tells(name) || (departed && name == "stability");
    let bad = verdict.objectives.iter().filter(|objective| !told(objective.name) && objective.verdict != Decision::Met);
    bad.map(|objective| format!(" Objective {}: {}.", objective.name, objective.verdict)).collect()
}

/// Why a verdict is not decisive, as the end of a sentence.
pub(super) fn because(verdict: &Verdict) -> String {
    let (terms, evidence) = (&verdict.terms, &verdict.evidence);
    if let Some(stop) = of_stop(verdict) {
        return stopped::because(verdict, stop);
    }
    if let Some(because) = share::because(verdict).or_else(|| rescue::because(verdict)) {
        return because;
    }
    match verdict.reason {
        Some(Reason::Stopped) => "the drill was stopped".into(),
        Some(Reason::ScheduleIncomplete) if !evidence.complete => "the record breaks off before the drill's end".into(),
        Some(Reason::ScheduleIncomplete) => format!("{} requests were due and could not be sent", evidence.unsent),
        Some(Reason::DriverLag) => format!(
            "the load generator sent a request {:.0} ms late, and {:.0} ms is the most that this objective bears",
            evidence.lag.map_or(0, |lag| lag.0) as f64 / 1e6,
            terms.lag_max.0 as f64 / 1e6
        ),
        Some(Reason::BaselineUnstable) if evidence.requests == 0 => "the drill ended before its traffic began".into(),
        Some(Reason::BaselineUnstable) => unsteady(verdict),
        Some(Reason::FaultNotEffective) => match evidence.effect {
            None if evidence.touched.is_some_and(|touched| touched > 0) => "the fault touched none of the drill's requests".into(),
            None => "the fault touched no request".into(),
            Some(Effect { worse: 0, .. }) if verdict.measures.as_ref().is_some_and(|measures| measures.bad > 0) => {
                "no request fared worse than the worst before it, so nothing shows that the fault bit".into()
            }
            Some(Effect { worse: 0, .. }) => "no request failed or was slower than before it, so nothing shows that the fault bit".into(),
            Some(Effect { worse, of, .. }) => {
                format!("{worse} of {of} requests failed or were slower than before it, too few to show that the fault bit")
            }
        },
        Some(Reason::RotationNotBegun) => "the rotation never began".into(),
        Some(Reason::CutoverNotExercised) => "nothing went bad and no standby ever answered, so the path was not tested".into(),
        Some(Reason::ResolutionExceedsRto) => format!("its probes resolve {} only", seconds_up(verdict.resolution.0)),
        Some(Reason::HoldTooShort) => format!("fewer than five requests fall into the hold of {}", span(terms.hold)),
        Some(Reason::DeadlineBelowSlo) => "clients give up before an answer could be late".into(),
        Some(Reason::HorizonTooShort) => {
            format!("the fault is shorter than objective and hold together ({})", span(Millis(terms.rto.0 + terms.hold.0)))
        }
        Some(Reason::ObjectivesNotTold) => "nobody said what was promised".into(),
        Some(Reason::FaultNotTold) => "nobody said when the fault began".into(),
        Some(Reason::RecordCannotTell) if nothing_to_feel(verdict) => "nothing went bad, and nobody counted what the fault touched".into(),
        Some(Reason::RecordCannotTell) => "the record cannot tell what the objective needs".into(),
        None => "the evidence does not tell".into(),
    }
}

/// The stop that keeps a verdict from being decisive.
fn of_stop(verdict: &Verdict) -> Option<&Stop> {
    let of_it = matches!(verdict.reason, Some(Reason::Stopped | Reason::BaselineUnstable | Reason::ScheduleIncomplete));
    verdict.stopped.as_ref().filter(|_| of_it)
}

/// What ailed the traffic before the fault.
fn unsteady(verdict: &Verdict) -> String {
    let evidence = &verdict.evidence;
    let (requests, good, by_primary) = (evidence.baseline, evidence.baseline_good, evidence.baseline_by_primary);
    let too_few = |count: u64| !reaches(count, requests, verdict.terms.baseline_success);
    if too_few(good) {
        format!("the traffic before the fault was not steady: only {good} of {requests} requests were well served")
    } else if too_few(by_primary) {
        format!("the traffic before the fault was not the primary's: it answered only {by_primary} of {requests} requests")
    } else {
        format!("only {requests} requests ended before the fault, too few to compare with")
    }
}

/// True where users felt nothing, so that only a count of what the fault touched could show that there was something to feel.
fn nothing_to_feel(verdict: &Verdict) -> bool {
    let met = verdict.objectives.iter().any(|objective| objective.name == "rto" && objective.verdict == Decision::Met);
    verdict.terms.gate == Gate::Restore && !met && verdict.measures.as_ref().is_some_and(|measures| measures.bad == 0)
}

/// What to do about a verdict that is not decisive.
pub(super) fn hint(verdict: &Verdict) -> Option<Cow<'static, str>> {
    if let Some(stop) = of_stop(verdict) {
        return Some(stopped::hint(stop).into());
    }
    let balanced = verdict.evidence.balanced.as_ref().filter(|_| verdict.reason == Some(Reason::BaselineUnstable));
    balanced.map(|balanced| balanced.hint().into()).or_else(|| of_kind(verdict).map(Cow::Borrowed))
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
        Reason::Stopped => "the event `cancelled` of its history tells why; mend that, and run it again",
        Reason::ScheduleIncomplete if !verdict.evidence.complete => {
            "run it again; a drill that was killed or whose fault proxy failed leaves what it saw, and no more"
        }
        Reason::ScheduleIncomplete => "raise `traffic: max_in_flight`, or lower the rate",
        Reason::DriverLag => "run it on a machine with less to do, or state `objectives: lag_max`",
        Reason::BaselineUnstable if verdict.evidence.requests == 0 => {
            "the event `cancelled` of its history tells why; mend that, and run it again"
        }
        Reason::BaselineUnstable => "look at the requests before the fault: whatever ails them is there without any drill",
        Reason::FaultNotEffective if verdict.evidence.effect.is_some() => {
            "use a fault that the gateway must notice, see that it goes through this proxy, or drill with `lifeboat proxy`, which counts what it touches"
        }
        Reason::FaultNotEffective => {
            "aim the fault at a provider that serves this traffic, and see that the gateway goes through its proxy"
        }
        Reason::RotationNotBegun => "the event `cancelled` of its history tells why; mend that, and run it again",
        Reason::CutoverNotExercised => "use a fault that retries on the primary cannot hide",
        Reason::ResolutionExceedsRto => "raise the rate or shorten the service level",
        Reason::HoldTooShort => "raise the rate, or `objectives: stable_for`",
        Reason::DeadlineBelowSlo => "raise `objectives: deadline`",
        Reason::HorizonTooShort => "lengthen the fault's `for:`",
        Reason::ObjectivesNotTold | Reason::FaultNotTold | Reason::RecordCannotTell => return for_record(verdict),
    })
}

/// What the requests tell of the fault, where no proxy counted.
pub(super) fn bit(verdict: &Verdict) -> Option<String> {
    let Effect { worse, of, proven } = verdict.evidence.effect?;
    let told = if proven { "chance does not explain that: it bit" } else { "chance explains that" };
    Some(format!("{worse} of {of} requests failed or were slower than those before the fault; {told}"))
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
        Reason::ObjectivesNotTold => "name what was promised: --objectives SCENARIO",
        Reason::FaultNotTold => "say when it began by the record's clock: --fault-at 2026-11-20T14:03:07Z, or --fault-at +42s",
        Reason::RecordCannotTell if nothing_to_feel(verdict) => "see that --fault-at is the right moment, by the record's own clock",
        Reason::RecordCannotTell => "the caveats say which claim is lost, and what would have to be recorded",
        Reason::ScheduleIncomplete => "give the generator more to send with, or drive a lower rate",
        Reason::BaselineUnstable => "look at the requests before the fault; --since leaves out what came long before it",
        Reason::FaultNotEffective | Reason::CutoverNotExercised => "see that --fault-at is the right moment, by the record's own clock",
        Reason::ResolutionExceedsRto | Reason::HoldTooShort => {
            "requests came too seldom before the fault; --since leaves out quiet hours, and --fault-uncertainty may be too wide"
        }
        Reason::DriverLag | Reason::DeadlineBelowSlo | Reason::HorizonTooShort | Reason::RotationNotBegun | Reason::Stopped => return None,
    })
}

/// `3.08 to 3.29 s`, rounded outwards so that what is shown contains what was measured.
pub(super) fn between(interval: Interval) -> String {
    match interval.hi {
        Some(_) => format!("{} to {}", seconds_down(interval.lo).trim_end_matches(" s"), upper(interval)),
        None => format!("more than {}", seconds_down(interval.lo)),
    }
}

fn upper(interval: Interval) -> String {
    interval.hi.map_or_else(|| "not seen".into(), seconds_up)
}

pub(super) fn seconds_down(nanoseconds: i64) -> String {
    format!("{:.2} s", (nanoseconds as f64 / 1e7).floor() / 100.0)
}

pub(super) fn seconds_up(nanoseconds: i64) -> String {
    format!("{:.2} s", (nanoseconds as f64 / 1e7).ceil() / 100.0)
}

/// A declared length of time, as it would be written in a file.
pub(super) fn span(millis: Millis) -> String {
    Duration::from_nanos(u64::try_from(millis.0).unwrap_or(0)).to_string()
}
