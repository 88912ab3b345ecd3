//! The end of a drill on the terminal: a few lines, whole at 80 columns and readable at 50.

use super::sentence::{because, between, headline, hint, is_sustained, nameless, span};
use super::{credential, rescue};
use crate::model::Gate;
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

/// The verdict in a few words.
fn word(verdict: &Verdict) -> String {
    match verdict.verdict {
        Decision::Void => format!("inconclusive (void: {})", because(verdict)),
        Decision::Inconclusive if verdict.reason.is_some() => format!("inconclusive ({})", because(verdict)),
        decision => decision.to_string(),
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
            put("cutover", &format!("{} after the fault{}", between(measures.cutover), gate(Gate::Cutover)));
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
            let objective = verdict.terms.failback.map(|limit| format!("   (objective: {})", span(limit))).unwrap_or_default();
            put("failback", &format!("{} after the heal{objective}", between(failback)));
        }
        if measures.never_left && verdict.terms.failback.is_some() {
            put("failback", "not applicable: the service never left its primary");
        }
        let (bad, due) = (measures.bad, verdict.evidence.during_fault);
        let (late, lost) = (measures.late, measures.lost);
        put("requests", &format!("{due} while it lasted: {bad} bad, of these {late} late and {lost} lost{}", beside(measures)));
        if let Some(only) = only_others(verdict) {
            put("touched", &only);
        }
    }
    if let Some(effect) = verdict.evidence.effect.filter(|effect| effect.proven) {
        put("it bit", &format!("{} of {} requests failed or were slower than those before the fault", effect.worse, effect.of));
    }
    // A drill that proves nothing says nothing of keys either.
    let judged = !matches!(verdict.verdict, Decision::Void | Decision::InvalidPlan);
    for (label, value) in credential::lines(verdict).into_iter().filter(|_| judged) {
        put(label, &value);
    }
    put("", &headline(verdict));
    for caveat in &verdict.caveats {
        put("not told", &format!("{}: {}", caveat.name, caveat.text));
    }
    if let Some(hint) = hint(verdict) {
        put("hint", &hint);
    }
}

/// Lost ones that were in flight when the fault began, and truncated ones, each as in the JSON.
fn beside(measures: &Measures) -> String {
    let in_flight = match measures.lost_in_flight {
        0 => String::new(),
        count => format!("; {count} more lost that were in flight when it began"),
    };
    match measures.truncated {
        0 => in_flight,
        count => format!("{in_flight}; {count} of the lost ended early"),
    }
}

/// Where the fault touched nothing of the drill's: what it did touch.
fn only_others(verdict: &Verdict) -> Option<String> {
    let by = verdict.evidence.touched_by.filter(|by| by.drill == 0 && by.connections == 0)?;
    let (others, checks) = (by.others, by.health_checks);
    (others + checks > 0).then(|| format!("none of the drill's requests; {checks} health checks, {others} others"))
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
