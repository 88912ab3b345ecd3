//! The end of a drill on the terminal: a few lines, whole at 80 columns and readable at 50.

use super::sentence::{because, between, headline, hint, is_sustained, nameless, span};
use super::{credential, recovery, rescue};
use crate::model::Gate;
use crate::units::{counted, grouped};
use crate::verdict::{Decision, Measures, Reason, Verdict};

/// The verdict for people, without colour: the word, the sentence, the intervals, what to do.
pub fn summary(verdict: &Verdict, width: usize) -> String {
    let mut text = String::new();
    if verdict.workloads.is_empty() {
        put(&mut text, width, "verdict", &word(verdict));
        about(&mut text, width, verdict);
        return text;
    }
    put(&mut text, width, "verdict", verdict.verdict.word());
    for of in &verdict.workloads {
        text.push('\n');
        put(&mut text, width, "workload", &format!("{} to {}: {}", of.name, of.service, word(&of.verdict)));
        about(&mut text, width, &of.verdict);
    }
    text
}

/// When it was cut over, in a few words, for a table of drills; `None` where that was not measured.
pub fn cutover(verdict: &Verdict) -> Option<String> {
    let first = verdict.workloads.first().map_or(verdict, |of| &of.verdict);
    let measures = first.measures.as_ref().filter(|_| !first.only_rotates)?;
    Some(between(if nameless(first) { measures.restore } else { measures.cutover }))
}

/// The verdict in a few words: with its reason where the sentence below does not tell that.
fn word(verdict: &Verdict) -> String {
    let told = |reason: Reason| reason.is_told_by_objectives() || headline(verdict).contains(&because(verdict));
    match verdict.reason {
        Some(reason) if verdict.verdict == Decision::Inconclusive && !told(reason) => format!("inconclusive ({})", because(verdict)),
        _ => verdict.verdict.to_string(),
    }
}

/// A label and what stands beside it, in as many lines as it takes.
fn put(text: &mut String, width: usize, label: &str, value: &str) {
    let indent = 14;
    let room = width.clamp(40, 100) - indent;
    for (place, line) in wrapped(value, room).iter().enumerate() {
        text.push_str(&format!("{:<indent$}{line}\n", if place == 0 { label } else { "" }));
    }
}

/// What was measured, and what to do.
fn about(text: &mut String, width: usize, verdict: &Verdict) {
    let mut put = |label: &str, value: &str| put(text, width, label, value);
    let nameless = nameless(verdict);
    if let Some(measures) = verdict.measures.as_ref().filter(|_| !verdict.only_rotates) {
        let promised = verdict.reason != Some(Reason::ObjectivesNotTold);
        let gate = |gate: Gate| {
            if promised && verdict.terms.gate == gate { format!("   (objective: {})", span(verdict.terms.rto)) } else { String::new() }
        };
        if !nameless {
            put("cutover", &format!("{}{}", recovery::cutover(verdict, measures), gate(Gate::Cutover)));
        }
        put("restore", &format!("{} after the fault{}", between(measures.restore), gate(Gate::Restore)));
        if let Some(rescued) = rescue::line(verdict) {
            put("rescued", &rescued);
        }
        let stayed = verdict.objectives.iter().find(|objective| objective.name == "stability");
        let unsteady = stayed.is_some_and(|objective| objective.verdict != Decision::Met);
        if unsteady || (stayed.is_some() && !is_sustained(measures, verdict.terms.gate)) {
            put("sustained", &format!("{} after the fault", between(measures.sustained)));
        }
        if let Some(failback) = measures.failback.filter(|_| !nameless || verdict.terms.failback.is_some()) {
            let objective =
                verdict.terms.failback.map_or_else(|| "   (not promised)".into(), |limit| format!("   (objective: {})", span(limit)));
            let when = match (failback.hi, &verdict.stopped) {
                (None, Some(_)) => "not seen: the drill was stopped".to_owned(),
                (None, None) if failback.lo <= 0 => "not seen before the drill ended".to_owned(),
                _ => format!("{} after the heal", between(failback)),
            };
            put("failback", &format!("{when}{objective}"));
        }
        if measures.never_left && verdict.terms.failback.is_some() {
            put("failback", "none needed: the service never left its primary");
        }
        put("requests", &format!("{} during the fault: {}", grouped(verdict.evidence.during_fault), bad(measures)));
        if let Some(only) = only_others(verdict) {
            put("touched", &only);
        }
    }
    if let Some(effect) = verdict.evidence.effect.filter(|effect| effect.proven) {
        let (worse, of) = (grouped(effect.worse), counted(effect.of, "request"));
        put("effect", &format!("{worse} of {of} failed or were slower than those before the fault"));
    }
    // A drill that proves nothing says nothing about keys either.
    let judged = !matches!(verdict.verdict, Decision::Void | Decision::InvalidPlan);
    for (label, value) in credential::lines(verdict).into_iter().filter(|_| judged) {
        put(label, &value);
    }
    put("", &headline(verdict));
    for caveat in &verdict.caveats {
        put("not known", &format!("{}: {}", caveat.name, caveat.text));
    }
    if let Some(hint) = hint(verdict) {
        put("hint", &hint);
    }
}

/// The bad ones by how, then those that were in flight when the fault began; each count as in the JSON, and none that is zero.
pub(super) fn bad(measures: &Measures) -> String {
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

/// Words in lines of at most `room` characters.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
