//! What a drill does not tell: what the verdict does not claim, and what nobody saw.

use super::subject::Subject;
use crate::history::{Event, Stamped};
use crate::model::{ProofStanding, StartMode};
use crate::report::digest::Digest;
use crate::report::model::{Block, Section, SectionKind, Text};
use crate::report::words::nature::nameless;
use crate::report::words::rescue;
use crate::report::words::wording::{capital, length, seconds_up, span};
use crate::units::{counted, grouped};
use crate::verdict::Verdict;

/// The section.
pub(in crate::report) fn section(verdict: &Verdict, digest: &Digest, subjects: &[Subject<'_>]) -> Section {
    let mut points: Vec<Text> = resolution(subjects);
    points.extend(people(digest));
    points.extend(never_red(digest));
    if !verdict.evidence.attempts_seen && !nameless(verdict) {
        points.push("No proxy saw who served, so a cutover could not be told from a restore.".into());
    }
    let mut waits: Vec<String> = subjects.iter().filter_map(|subject| rescue::how_known(subject.verdict)).collect();
    waits.dedup();
    points.extend(waits.into_iter().map(Text::from));
    points.extend(subjects.iter().filter_map(late_load));
    let caveats = subjects.first().into_iter().flat_map(|subject| &subject.verdict.caveats);
    points.extend(caveats.map(|caveat| Text::outside(capital(&caveat.text)).then(".")));
    points.extend(digest.notable.iter().filter_map(unread));
    points.extend(subjects.iter().map(evidence));
    Section::new(SectionKind::Limits, "What is not known").with(Block::List(points))
}

/// What people would have done, where they were not part of it.
fn people(digest: &Digest) -> Vec<Text> {
    let mut points: Vec<Text> = Vec::new();
    let modelled = |stamped: &Stamped| if let Event::ReactionModelled(reaction) = &stamped.event { reaction.length } else { 0 };
    let modelled: u64 = digest.notable.iter().map(modelled).sum();
    if modelled > 0 {
        let length = modelled as f64 / 1e9;
        points.push(format!("No people took part: {length:.2} s of their reactions were modelled, and none was measured.").into());
    }
    let Some(plan) = digest.started.as_ref().map(|started| &started.plan) else { return points };
    let began = digest.notable.iter().any(|stamped| matches!(stamped.event, Event::RunbookStarted(_)));
    if began && plan.runbook.as_ref().is_some_and(|runbook| runbook.start == StartMode::WithTheFault) {
        points.push("The runbook started with the fault, so how long it takes to notice an outage is not known.".into());
    }
    if began && plan.environment.alerts.is_none() && !plan.environment.embedded {
        points.push("The drill did not listen for alerts, so it is not known when the team would have been called.".into());
    }
    points
}

/// Whether anybody has ever seen this drill fail.
fn never_red(digest: &Digest) -> Option<Text> {
    let proof = digest.started.as_ref()?.origin.proof.as_ref()?;
    let run = "`lifeboat prove` runs it on copies of the system that are broken on purpose";
    let when = proof.at.as_ref().map_or("", |at| at.get(..10).unwrap_or_default());
    let (red, of) = (proof.red, proof.of);
    Some(match proof.standing {
        ProofStanding::Proven => {
            format!("It can fail: on {when} all of {of} copies of the system that were broken on purpose went red.").into()
        }
        ProofStanding::Unproven => {
            format!("This drill was never seen red, so it is not known whether it would notice a failure: unproven. {run}.").into()
        }
        ProofStanding::Stale => {
            let since = "the scenario, its runbook or the gateway's configuration has changed since";
            format!("This drill is unproven: {of} broken copies were tried on {when}, and {since}. {run}.").into()
        }
        ProofStanding::Blind => {
            format!("This drill is unproven: on {when} only {red} of {of} copies that were broken on purpose went red for their reason.")
                .into()
        }
    })
}

/// The load generator's own lateness, where it used up much of what is allowed.
fn late_load(subject: &Subject<'_>) -> Option<Text> {
    let (lag, limit) = (subject.verdict.evidence.lag?.0, subject.verdict.terms.lag_max);
    let told = || {
        let told = format!(
            "A request was sent up to {} late by the load generator itself; {} are allowed.",
            length(lag.unsigned_abs()),
            span(limit)
        );
        subject.name().map(|name| Text::outside(name).then(": ")).unwrap_or_default().then(told)
    };
    (lag * 2 > limit.nanos()).then(told)
}

/// A series of the team's own that is not shown, or not all of it.
fn unread(stamped: &Stamped) -> Option<Text> {
    let Event::Overlay(read) = &stamped.event else { return None };
    let told = Text::own("The series ").then(Text::outside(&read.name));
    match (&read.problem, read.of) {
        (Some(problem), _) => Some(told.then(" is not shown: ").then(Text::outside(problem)).then(".")),
        (None, Some(of)) => Some(told.then(format!(" is the first of {} that its query yields.", grouped(of)))),
        (None, None) => None,
    }
}

/// Of whom a sentence tells, where there are several.
fn of(subject: &Subject<'_>) -> Text {
    subject.name().map(|name| Text::own(" of ").then(Text::outside(name))).unwrap_or_default()
}

/// How wide an interval can be, and that one drill is one sample.
fn resolution(subjects: &[Subject<'_>]) -> Vec<Text> {
    let mut widest = Text::default();
    for subject in subjects.iter().filter(|subject| subject.verdict.measures.is_some()) {
        let pause = if widest.is_empty() { "" } else { ", " };
        widest = widest.then(format!("{pause}{}", seconds_up(subject.verdict.resolution.0))).then(of(subject));
    }
    if widest.is_empty() {
        return Vec::new();
    }
    let interval = Text::own(
        "A time such as `2.86 to 3.04 s` is an interval: service was proven bad at its start, and proven good at its end. Here it can be ",
    );
    let why = " wide, because requests were so far apart and an answer may take so long; it is wider only where service came and went between two requests.";
    let interval = interval.then(widest).then(why);
    let recorded = subjects.iter().any(|subject| subject.digest.started.is_none());
    let once = if recorded { "One outage is one sample" } else { "One drill is one sample" };
    vec![interval, format!("{once}: an objective that was met once may be missed the next time.").into()]
}

/// How much was judged.
fn evidence(subject: &Subject<'_>) -> Text {
    let evidence = &subject.verdict.evidence;
    let rest = format!(
        " were judged, {} before the fault and {} during it. Requests of other kinds and sizes may do better or worse.",
        grouped(evidence.baseline),
        grouped(evidence.during_fault)
    );
    Text::own(counted(evidence.requests, "request")).then(of(subject)).then(rest)
}
