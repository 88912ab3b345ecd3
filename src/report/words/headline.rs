//! The verdict in one sentence, with the measured interval against the objective; more sentences where more is to be said.

use super::because::because;
use super::nature::{is_record, objective as objective_of};
use super::wording::{capital, span};
use super::{credential, recovery, rescue, scattered, share, stability, stopped};
use crate::report::model::Text;
use crate::verdict::{Decision, Measures, ObjectiveName, Reason, Verdict};

/// The verdict in one sentence, with the measured interval against the objective.
pub(in crate::report) fn headline(verdict: &Verdict) -> Text {
    match &verdict.measures {
        None => unmeasured(verdict).into(),
        // Nothing was broken: what users lost is among what was promised of the rotation.
        Some(_) if verdict.only_rotates => credential::headline(verdict).then(others(verdict)),
        Some(measures) => measured(verdict, measures),
    }
}

/// Where nothing was measured: why.
fn unmeasured(verdict: &Verdict) -> String {
    if verdict.reason == Some(Reason::FaultNotTold) {
        return "Nothing can be measured without the moment at which the fault began.".into();
    }
    let objective = span(if verdict.only_rotates { verdict.terms.rotation } else { verdict.terms.rto });
    let this = if is_record(verdict) { "record" } else { "drill" };
    let told = match verdict.verdict {
        Decision::Void => format!("This {this} proves nothing about the objective of {objective}: {}.", because(verdict)),
        Decision::InvalidPlan => format!("This {this} could not have tested the objective of {objective}: {}.", because(verdict)),
        _ => format!("This {this} does not show whether the objective of {objective} is met: {}.", because(verdict)),
    };
    told + &early(verdict)
}

fn measured(verdict: &Verdict, measures: &Measures) -> Text {
    let objective = span(verdict.terms.rto);
    let rto = objective_of(verdict, ObjectiveName::RTO).unwrap_or(verdict.verdict);
    let measured = recovery::measured(verdict, measures);
    if verdict.reason == Some(Reason::ObjectivesNotTold) {
        return format!("{measured}. There is no objective to compare that with: {}.", because(verdict)).into();
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
    let (text, rotation) = (Text::own(text), credential::headline(verdict));
    // What is worse comes first.
    match (rotation.is_empty(), rto != Decision::Missed && verdict.verdict == Decision::Missed) {
        (true, _) => text,
        (false, true) => rotation.then(" ").then(text),
        (false, false) => text.then(" ").then(rotation),
    }
}

/// That it was stopped, where that is not the reason of the verdict.
fn early(verdict: &Verdict) -> String {
    let stop = verdict.stopped.as_ref().filter(|_| stopped::decisive(verdict).is_none());
    stop.map(|stop| format!(" {}.", capital(&stopped::because(verdict, stop)))).unwrap_or_default()
}

/// Objectives that no sentence of their own tells, and that were not met.
fn others(verdict: &Verdict) -> String {
    let departed = !stability::sentence(verdict).is_empty();
    let failback = recovery::failback(verdict);
    let told = |name: ObjectiveName| {
        name == ObjectiveName::RTO
            || (name == ObjectiveName::FAILBACK && !failback.is_empty())
            || credential::tells(name)
            || (departed && name == ObjectiveName::STABILITY)
    };
    let bad = verdict.objectives.iter().filter(|objective| !told(objective.name) && objective.verdict != Decision::Met);
    failback.clone() + &bad.map(|objective| format!(" Objective {}: {}.", objective.name, objective.verdict)).collect::<String>()
}
