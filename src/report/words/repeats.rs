//! What several drills of one scenario say together, and what they do not: no sentence claims more than their number carries.
//!
//! What this file does not do: compute any of it (`verdict::repeats`).

use super::wording::{between, seconds_down, seconds_up, span};
use crate::model::Gate;
use crate::report::model::Text;
use crate::report::repeated::{JudgedTrial, RepeatedDrills};
use crate::units::counted;
use crate::verdict::record::{RepeatsEnd, ResetWay};
use crate::verdict::repeats::{SequentialDecision, SequentialTest, TrialCounts, TrialResult, covers, trials_needed};
use crate::verdict::{Decision, ObjectiveName, Verdict};

/// The claim that people ask for, and the next one.
const CLAIMS: [f64; 2] = [0.90, 0.95];

/// What all of them say in a sentence or two.
pub(in crate::report) fn headline(drills: &RepeatedDrills) -> Text {
    let counts = drills.repeats.counts;
    if counts.counted() == 0 {
        return format!("Nothing can be said yet: {}.", uncounted(counts)).into();
    }
    let mut text = format!("{}{}.", results(drills), slowest(drills));
    if counts.excluded > 0 {
        text += &format!(
            " {} more {} nothing and {} not count.",
            counts.excluded,
            plural(counts.excluded, "proves", "prove"),
            plural(counts.excluded, "does", "do")
        );
    }
    text += &rate(drills);
    text.into()
}

fn plural<'t>(count: u64, one: &'t str, several: &'t str) -> &'t str {
    if count == 1 { one } else { several }
}

/// Why no trial counts.
fn uncounted(counts: TrialCounts) -> String {
    match counts.excluded {
        0 => "no trial came as far as the fault".into(),
        excluded => format!("{} that proves nothing is all there is", counted(excluded, "trial"))
            .replace("trials that proves nothing is", "trials that prove nothing are"),
    }
}

/// How many were met, and what became of the others.
fn results(drills: &RepeatedDrills) -> String {
    let counts = drills.repeats.counts;
    let (met, all) = (counts.met, counts.counted());
    let held = rto_met(drills);
    let what = match rto(drills) {
        Some(rto) if held == met => format!("met the RTO of {rto}"),
        _ => "met every objective".to_owned(),
    };
    let mut text = format!("{met} of {} {what}", counted(all, "trial"));
    let others = [(counts.missed, "missed it"), (counts.inconclusive, "did not tell"), (counts.stopped, "stopped before that was known")];
    for (count, did) in others.into_iter().filter(|(count, _)| *count > 0) {
        let did = if did.starts_with("stopped") { format!("{} {did}", plural(count, "was", "were")) } else { did.to_owned() };
        text += &format!(", {count} {did}");
    }
    if let Some(rto) = rto(drills).filter(|_| held != met) {
        text += &format!("; the RTO of {rto} was met in {held}");
    }
    text
}

/// The slowest recovery.
fn slowest(drills: &RepeatedDrills) -> String {
    let Some(worst) = drills.repeats.worst.filter(|_| rto(drills).is_some()) else { return String::new() };
    let did = recovered(drills);
    match worst.hi {
        Some(_) => format!("; the slowest {did} {} after the fault", between(worst)),
        None => format!("; the slowest had not {did} {} after the fault", seconds_down(worst.lo)),
    }
}

/// What a trial waits for, as something that happened.
pub(in crate::report) fn recovered(drills: &RepeatedDrills) -> &'static str {
    match leading(drills).map(|verdict| verdict.terms.gate) {
        Some(Gate::Restore) => "was good again",
        _ => "cut over",
    }
}

/// The bound on the true rate.
fn rate(drills: &RepeatedDrills) -> String {
    let repeats = &drills.repeats;
    if drills.strangers().next().is_some() {
        return " The trials are not alike, so nothing is claimed of them together.".into();
    }
    if repeats.counts.excludes_too_many() {
        return " More than a fifth of the trials prove nothing, so no rate is claimed.".into();
    }
    let lo = (repeats.pass_rate.lo * 100.0).floor();
    if lo < 1.0 {
        return String::new();
    }
    format!(" With 95% confidence, the true pass rate for this fault, load and configuration exceeds {lo}%.")
}

/// Of the trial that tells what was promised.
fn leading(drills: &RepeatedDrills) -> Option<&Verdict> {
    drills.judged().next().map(|judged| &judged.verdict)
}

/// The RTO, where one was promised.
pub(in crate::report) fn rto(drills: &RepeatedDrills) -> Option<String> {
    leading(drills).filter(|verdict| !verdict.only_rotates).map(|verdict| span(verdict.terms.rto))
}

fn holds_rto(verdict: &Verdict) -> bool {
    let met = |verdict: &Verdict| {
        verdict.objectives.iter().any(|objective| objective.name == ObjectiveName::RTO && objective.verdict == Decision::Met)
    };
    if verdict.workloads.is_empty() { met(verdict) } else { verdict.workloads.iter().all(|of| met(&of.verdict)) }
}

/// In how many of the trials that count the RTO was met.
fn rto_met(drills: &RepeatedDrills) -> u64 {
    let counts = |(judged, result): (Option<&JudgedTrial>, TrialResult)| {
        result.is_counted() && judged.is_some_and(|judged| holds_rto(&judged.verdict))
    };
    drills.each().map(|(trial, counted)| (trial.judged(), counted.result)).filter(|pair| counts(*pair)).count() as u64
}

/// What may be said of them, in points.
pub(in crate::report) fn may_be_said(drills: &RepeatedDrills) -> Vec<Text> {
    let repeats = &drills.repeats;
    let mut points: Vec<Text> = vec![gate(drills).into()];
    let is_claim = !repeats.counts.excludes_too_many() && drills.strangers().next().is_none() && repeats.counts.counted() > 0;
    if !is_claim {
        return points;
    }
    let (lo, hi) = ((repeats.pass_rate.lo * 100.0).floor(), (repeats.pass_rate.hi * 100.0).ceil());
    let mut rate = format!("With 95% confidence at least {lo}% of drills like these are met");
    if hi < 100.0 {
        rate += &format!("; with the same confidence at most {hi}% are");
    }
    points.push((rate + ".").into());
    points.extend(quantiles(drills).map(Text::own));
    if let Some((decision, test)) = repeats.sequential.zip(drills.record.test()) {
        points.push(sequential(decision, &test).into());
    }
    points
}

/// Whether one of them refutes that it always holds.
fn gate(drills: &RepeatedDrills) -> String {
    let counts = drills.repeats.counts;
    match (drills.repeats.gate, counts.counted()) {
        (_, 0) => "Nothing: no trial counts.".into(),
        (Decision::Missed, _) => {
            let missed: Vec<String> = numbers(drills, TrialResult::Missed);
            format!("It does not always hold: an objective is a limit for every single event, and trial {} missed it.", and(&missed))
        }
        (Decision::Met, all) => format!("None of {} refutes that it always holds.", counted(all, "trial")),
        _ => "No trial missed; those that did not tell neither confirm nor refute that it always holds.".into(),
    }
}

fn numbers(drills: &RepeatedDrills, result: TrialResult) -> Vec<String> {
    drills.each().filter(|(_, counted)| counted.result == result).map(|(trial, _)| trial.planned.trial.to_string()).collect()
}

/// `3`, `3 and 7`, `3, 7 and 9`.
fn and(items: &[String]) -> String {
    match items.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => items.concat(),
    }
}

/// How long most drills take at the most.
fn quantiles(drills: &RepeatedDrills) -> Option<String> {
    rto(drills)?;
    let done = if recovered(drills) == "cut over" { "cut over" } else { "are good again" };
    let bounds = drills.repeats.quantiles.iter().filter_map(|bound| Some((share(bound.share), seconds_up(bound.within?))));
    let told = bounds.enumerate().map(|(place, (share, within))| {
        let who = if place == 0 { format!(" of drills like these {done}") } else { String::new() };
        format!("{share}{who} within {within}")
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| format!("With 95% confidence, {}.", and(&told)))
}

fn share(share: f64) -> String {
    if share == 0.5 { "half".into() } else { format!("{:.0}%", share * 100.0) }
}

fn sequential(decision: SequentialDecision, test: &SequentialTest) -> String {
    let percent = |share: f64| format!("{:.0}%", share * 100.0);
    let (good, bad, risk) = (percent(test.good), percent(test.bad), percent(test.risk));
    match decision {
        SequentialDecision::Accepted(at) => {
            let wrongly = test.chances(test.bad).accepted * 100.0;
            format!(
                "The sequential test accepted after {at} trials: of systems that meet {bad} of such drills, {wrongly:.1}% get that far."
            )
        }
        SequentialDecision::Rejected(at) => {
            let wrongly = test.chances(test.good).rejected * 100.0;
            format!("The sequential test rejected after {at} trials: of systems that meet {good} of such drills, {wrongly:.1}% end there.")
        }
        SequentialDecision::Undecided => {
            format!("The sequential test of {good} against {bad} (risks of {risk}) did not decide in {} trials.", test.most)
        }
        SequentialDecision::Open => format!("The sequential test of {good} against {bad} (risks of {risk}) has not decided yet."),
    }
}

/// What must not be said of them.
pub(in crate::report) fn must_not_be_said(drills: &RepeatedDrills) -> Vec<Text> {
    let repeats = &drills.repeats;
    let mut points: Vec<Text> = Vec::new();
    points.extend(claims(drills).map(Text::own));
    let all = repeats.counts.counted();
    if let Some(rto) = rto(drills).filter(|_| all > 0 && repeats.quantiles.iter().any(|bound| bound.share == 0.95 && bound.rank.is_none()))
    {
        let sure = (covers(0.95, all) * 100.0).floor();
        let point = format!(
            "Not that 95% of such outages end within {rto}: it is only {sure}% sure that the slowest of {} is slower than 95% of all.",
            counted(all, "trial")
        );
        points.push(point.into());
    }
    points.push("Nothing of another fault, load, configuration or version than these.".into());
    if drills.record.reset == ResetWay::Nothing && drills.trials.len() > 1 {
        points.push("The system was not put back between the trials, so one may feel what the one before it left behind; `reset:` of the service in the inventory does that.".into());
    }
    points.extend(order(drills).map(Text::own));
    points.extend(differ(drills).map(Text::own));
    points
}

/// The next claim that so many trials do not support, and how many it takes.
fn claims(drills: &RepeatedDrills) -> Option<String> {
    let repeats = &drills.repeats;
    let misses = repeats.counts.counted() - repeats.counts.met;
    let next = CLAIMS.into_iter().find(|claim| repeats.claim(*claim) != Decision::Met)?;
    let percent = format!("{:.0}%", next * 100.0);
    if repeats.claim(next) == Decision::Missed {
        return Some(format!("Not that {percent} of drills like these are met: that is refuted."));
    }
    let takes = match (trials_needed(next, 0), trials_needed(next, 1), misses) {
        (Some(none), Some(one), 0..=1) => format!(": that takes {none} trials without a miss, or {one} with one"),
        (_, _, misses) => {
            trials_needed(next, misses).map_or_else(String::new, |trials| format!(": with {misses} misses that takes {trials} trials"))
        }
    };
    Some(format!("Not that {percent} of drills like these are met{takes}."))
}

/// What their order says.
fn order(drills: &RepeatedDrills) -> Option<String> {
    let Some(drift) = drills.repeats.drift else {
        return (drills.repeats.counts.counted() > 1)
            .then(|| "Whether later trials took longer: there are too few of them to tell.".into());
    };
    let leans = if drift.longer > drift.shorter { "longer" } else { "less long" };
    drift.is_trend().then(|| {
        format!("Later trials took {leans} than earlier ones, by more than chance explains. The bounds above hold for trials whose order does not matter: find out what changed.")
    })
}

/// Which trials are not alike.
fn differ(drills: &RepeatedDrills) -> Option<String> {
    let strange: Vec<String> = drills.strangers().map(|trial| trial.planned.trial.to_string()).collect();
    (!strange.is_empty()).then(|| format!("Anything of all of them: trial {} ran with a plan other than the others.", and(&strange)))
}

/// Why no more trials followed, where not all of them ran.
pub(in crate::report) fn ended(drills: &RepeatedDrills) -> Option<Text> {
    let of = drills.record.trials.len();
    let Some(end) = &drills.record.ended else {
        return Some(Text::own("The series was cut short: what is told here is what its trials left behind."));
    };
    let problem = end.problem.as_ref().map(|problem| Text::own(": ").then(Text::outside(problem))).unwrap_or_default();
    Some(match end.why {
        RepeatsEnd::AllRan => return None,
        RepeatsEnd::Known => format!("It ended with trial {} of {of}, as planned: the sequential test knew the answer.", end.after).into(),
        RepeatsEnd::Person => Text::own(format!("A person stopped the series in trial {} of {of}.", end.after)),
        RepeatsEnd::Trial => Text::own(format!("The series ended with trial {} of {of}", end.after)).then(problem).then("."),
        RepeatsEnd::Reset => Text::own(format!("The series ended after trial {} of {of}: the system could not be put back", end.after))
            .then(problem)
            .then("."),
    })
}

/// What to do next.
pub(in crate::report) fn advice(drills: &RepeatedDrills) -> Option<Text> {
    if let Some(hint) = drills.record.ended.as_ref().and_then(|end| end.hint.as_ref()) {
        return Some(Text::own("What to do next: ").then(Text::outside(hint)).then("."));
    }
    let worst = |result: TrialResult| {
        let trials = drills.each().filter(|(_, counted)| counted.result == result);
        let slowest =
            trials.max_by_key(|(_, counted)| counted.interval.map_or((0, 0), |interval| (interval.hi.unwrap_or(i64::MAX), interval.lo)));
        slowest.map(|(trial, _)| format!("`{}/report.md`", trial.planned.folder))
    };
    let counts = drills.repeats.counts;
    let text = if let Some(missed) = worst(TrialResult::Missed) {
        format!("read {missed} first, {}", plural(counts.missed, "the one that missed", "the slowest of those that missed"))
    } else if let Some(open) = worst(TrialResult::Inconclusive).or_else(|| worst(TrialResult::Stopped)) {
        format!("read {open}: it says why it did not tell")
    } else if let Some(void) = worst(TrialResult::Excluded) {
        format!("read {void}: it says why it proves nothing")
    } else {
        let next = CLAIMS.into_iter().find(|claim| drills.repeats.claim(*claim) != Decision::Met)?;
        let trials = trials_needed(next, 0)?;
        format!("if {:.0}% is to be claimed, run {trials} trials: `--repeat {trials}`", next * 100.0)
    };
    Some(format!("What to do next: {text}.").into())
}
