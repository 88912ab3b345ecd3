//! The end of a drill in a few lines: the word, the intervals, the sentence, what to do.
//!
//! What this file does not do: lay them out (`terminal`).

use super::subject::Subject;
use super::waterfall::waterfall;
use crate::history::Event;
use crate::model::Gate;
use crate::report::digest::Digest;
use crate::report::model::{Fact, Text};
use crate::report::render::terminal;
use crate::report::words::advice::hint;
use crate::report::words::because::because;
use crate::report::words::headline::headline;
use crate::report::words::nature::{is_sustained, nameless, objective};
use crate::report::words::wording::{between, span};
use crate::report::words::{credential, recovery, rescue};
use crate::units::{counted, grouped};
use crate::verdict::{Decision, Interval, Measures, ObjectiveName, Reason, Verdict};

/// The verdict for a terminal of this width, without colour: whole at 80 columns and readable at 50.
pub fn summary(verdict: &Verdict, width: usize) -> String {
    terminal::lines(&facts(verdict, None), width)
}

/// The same with what only the history tells: where most of the time went.
pub fn summary_with(verdict: &Verdict, digest: Option<&Digest>, width: usize) -> String {
    terminal::lines(&facts(verdict, digest), width)
}

/// When it was cut over, in a few words, for a table of drills; `None` where that was not measured.
pub fn cutover(verdict: &Verdict) -> Option<String> {
    let first = verdict.workloads.first().map_or(verdict, |of| &of.verdict);
    let measures = first.measures.as_ref().filter(|_| !first.only_rotates)?;
    Some(between(if nameless(first) { measures.restore } else { measures.cutover }))
}

/// What there is to say, one group for each workload that is judged; where there are several, the verdict on them all stands before them. First of
/// all, where that is not proven, that everything is well again.
fn facts(verdict: &Verdict, digest: Option<&Digest>) -> Vec<Vec<Fact>> {
    let unproven =
        digest.and_then(Digest::unproven).map(|why| Fact::of("NOT HEALED", Text::outside(format!("health is not proven: {why}"))));
    let mut facts = verdicts(verdict, digest);
    if let (Some(unproven), Some(first)) = (unproven, facts.first_mut()) {
        first.insert(0, unproven);
    }
    facts
}

/// The same without whether everything is well again.
fn verdicts(verdict: &Verdict, digest: Option<&Digest>) -> Vec<Vec<Fact>> {
    let subjects = digest.map_or_else(Vec::new, |digest| Subject::each(verdict, digest));
    let went = |place: usize| subjects.get(place).and_then(went);
    let spared: Vec<Fact> = digest.map_or_else(Vec::new, spared);
    if verdict.workloads.is_empty() {
        let told = about(verdict, went(0)).into_iter().chain(spared);
        return vec![[Fact::of("verdict", word(verdict))].into_iter().chain(told).collect()];
    }
    let each = verdict.workloads.iter().enumerate().map(|(place, of)| {
        let workload = Fact::of("workload", format!("{} to {}: {}", of.name, of.service, word(&of.verdict)));
        [workload].into_iter().chain(about(&of.verdict, went(place))).collect()
    });
    [[Fact::of("verdict", verdict.verdict.word())].into_iter().chain(spared).collect()].into_iter().chain(each).collect()
}

/// What faults that are limited to some requests left alone.
fn spared(digest: &Digest) -> Vec<Fact> {
    let told = |event: &Event| if let Event::Spared(spared) = event { Some(Fact::of("spared", spared.told())) } else { None };
    digest.notable.iter().filter_map(|stamped| told(&stamped.event)).collect()
}

/// Where most of the time went, where it was long and that is known.
fn went(subject: &Subject<'_>) -> Option<Fact> {
    let waterfall = waterfall(subject)?;
    let came = waterfall.stages.iter().any(|stage| stage.moment == waterfall.goal && stage.at.is_some_and(|at| at.hi_ns.is_some()));
    (came && !waterfall.summary.is_empty()).then(|| Fact::of("where", waterfall.summary))
}

/// The verdict in a few words: with its reason where the sentence below does not tell that.
fn word(verdict: &Verdict) -> String {
    let told = |reason: Reason| reason.is_told_by_objectives() || headline(verdict).plain().contains(&because(verdict));
    match verdict.reason {
        Some(reason) if verdict.verdict == Decision::Inconclusive && !told(reason) => format!("inconclusive ({})", because(verdict)),
        _ => verdict.verdict.to_string(),
    }
}

/// What was measured, what that means, and what to do.
fn about(verdict: &Verdict, went: Option<Fact>) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(measures) = verdict.measures.as_ref().filter(|_| !verdict.only_rotates) {
        facts.extend(recovered(verdict, measures));
        facts.extend(went);
        facts.extend(went_back(verdict, measures));
        facts.push(Fact::of("requests", format!("{} during the fault: {}", grouped(verdict.evidence.during_fault), bad(measures))));
        facts.extend(only_others(verdict).map(|only| Fact::of("touched", only)));
    }
    if let Some(effect) = verdict.evidence.effect.filter(|effect| effect.proven) {
        let (worse, of) = (grouped(effect.worse), counted(effect.of, "request"));
        facts.push(Fact::of("effect", format!("{worse} of {of} failed or were slower than those before the fault")));
    }
    // A drill that proves nothing says nothing about keys either.
    if !matches!(verdict.verdict, Decision::Void | Decision::InvalidPlan) {
        facts.extend(credential::lines(verdict).into_iter().map(|(label, value)| Fact::of(label, value)));
    }
    facts.push(Fact::of("", headline(verdict)));
    facts.extend(verdict.caveats.iter().map(|caveat| Fact::of("not known", format!("{}: {}", caveat.name, caveat.text))));
    facts.extend(hint(verdict).map(|hint| Fact::of("hint", hint.into_owned())));
    facts
}

/// When service was back, and what that cost.
fn recovered(verdict: &Verdict, measures: &Measures) -> Vec<Fact> {
    let mut facts = Vec::new();
    let promised = verdict.reason != Some(Reason::ObjectivesNotTold);
    let gate = |gate: Gate| {
        if promised && verdict.terms.gate == gate { format!("   (objective: {})", span(verdict.terms.rto)) } else { String::new() }
    };
    let after = |interval: Interval| format!("{} after the fault", between(interval));
    if !nameless(verdict) {
        facts.push(Fact::of("cutover", format!("{}{}", recovery::cutover(verdict, measures), gate(Gate::Cutover))));
    }
    facts.push(Fact::of("restore", format!("{}{}", after(measures.restore), gate(Gate::Restore))));
    facts.extend(rescue::line(verdict).map(|rescued| Fact::of("rescued", rescued)));
    let stayed = objective(verdict, ObjectiveName::STABILITY);
    let unsteady = stayed.is_some_and(|decision| decision != Decision::Met);
    if unsteady || (stayed.is_some() && !is_sustained(measures, verdict.terms.gate)) {
        facts.push(Fact::of("sustained", after(measures.sustained)));
    }
    facts
}

/// When the primary served again.
fn went_back(verdict: &Verdict, measures: &Measures) -> Vec<Fact> {
    let mut facts = Vec::new();
    let promised = verdict.terms.failback;
    if let Some(failback) = measures.failback.filter(|_| !nameless(verdict) || promised.is_some()) {
        let objective = promised.map_or_else(|| "   (not promised)".into(), |limit| format!("   (objective: {})", span(limit)));
        let when = match (failback.hi, &verdict.stopped) {
            (None, Some(_)) => "not seen: the drill was stopped".to_owned(),
            (None, None) if failback.lo <= 0 => "not seen before the drill ended".to_owned(),
            _ => format!("{} after the heal", between(failback)),
        };
        facts.push(Fact::of("failback", format!("{when}{objective}")));
    }
    if measures.never_left && promised.is_some() {
        facts.push(Fact::of("failback", "none needed: the service never left its primary"));
    }
    facts
}

/// The bad ones by how, then those that were in flight when the fault began; each count as in the JSON, and none that is zero.
pub(in crate::report) fn bad(measures: &Measures) -> String {
    let (bad, late, lost) = (measures.bad, measures.late, measures.lost);
    let kinds: Vec<String> = [(late, "late"), (lost, "lost")]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, kind)| format!("{} {kind}", grouped(*count)))
        .collect();
    let mut text = match bad {
        0 => "none bad".to_owned(),
        1 if late == 1 => "1 bad (late)".to_owned(),
        1 if lost == 1 => "1 bad (lost)".to_owned(),
        _ if bad == late => format!("{} bad (all late)", grouped(bad)),
        _ if bad == lost => format!("{} bad (all lost)", grouped(bad)),
        _ if kinds.is_empty() => format!("{} bad", grouped(bad)),
        _ => format!("{} bad ({})", grouped(bad), kinds.join(", ")),
    };
    match measures.lost_in_flight {
        0 => {}
        1 => text += "; 1 more was in flight when it began, and lost",
        count => text += &format!("; {} more were in flight when it began, and lost", grouped(count)),
    }
    let after = measures.failback_lost;
    let text = if after > 0 { format!("{text}; {} lost after the heal", grouped(after)) } else { text };
    match measures.truncated {
        0 => text,
        count if count == lost + measures.lost_in_flight => text + "; all of the lost were truncated",
        count => format!("{text}; {} of the lost {} truncated", grouped(count), if count == 1 { "was" } else { "were" }),
    }
}

/// Where the fault touched nothing of the drill's: what it did touch.
fn only_others(verdict: &Verdict) -> Option<String> {
    let by = verdict.evidence.touched_by.filter(|by| by.drill == 0 && by.connections == 0)?;
    let (others, checks) = (by.others, by.health_checks);
    let kinds = [(checks, "health check"), (others, "other request")];
    let kinds: Vec<String> = kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| counted(*count, what)).collect();
    (others + checks > 0).then(|| format!("none of the drill's requests, only {}", kinds.join(" and ")))
}
