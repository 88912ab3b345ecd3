//! Candidate providers in sentences: who is ahead by what, and what is not shown.

use crate::evaluation::{CompareMeasure, Comparison, ComparisonEnd, PairOrder};
use crate::units::counted;

/// In which order measures are told: what matters to users, then what it costs.
pub(in crate::report) const TOLD: [CompareMeasure; 7] = [
    CompareMeasure::Quality,
    CompareMeasure::Availability,
    CompareMeasure::FirstToken,
    CompareMeasure::Whole,
    CompareMeasure::Pace,
    CompareMeasure::Cost,
    CompareMeasure::Refusals,
];

/// What a measure is called in a table.
pub(in crate::report) const fn name(measure: CompareMeasure) -> &'static str {
    match measure {
        CompareMeasure::Availability => "availability",
        CompareMeasure::FirstToken => "time to the first token",
        CompareMeasure::Whole => "time to the end",
        CompareMeasure::Pace => "pace",
        CompareMeasure::Cost => "cost of a request",
        CompareMeasure::Quality => "quality",
        CompareMeasure::Refusals => "refusals",
    }
}

/// What who is ahead does, before `than`.
const fn does(measure: CompareMeasure) -> &'static str {
    match measure {
        CompareMeasure::Availability => "answers more often",
        CompareMeasure::FirstToken => "begins to answer sooner",
        CompareMeasure::Whole => "has answered sooner",
        CompareMeasure::Pace => "writes faster",
        CompareMeasure::Cost => "costs less",
        CompareMeasure::Quality => "is right more often",
        CompareMeasure::Refusals => "refuses less",
    }
}

/// Names in a row: `a, b and c`.
pub(in crate::report) fn row(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// What is shown by a measure, in a phrase; `None` where nothing is.
fn shown(measure: CompareMeasure, comparison: &Comparison) -> Option<String> {
    let pairs: Vec<&PairOrder> = comparison.order.iter().filter(|pair| pair.measure == measure && pair.shown).collect();
    let ahead = |name: &str| {
        let behind: Vec<&str> = pairs.iter().filter(|pair| pair.better == name).map(|pair| pair.worse.as_str()).collect();
        (!behind.is_empty()).then(|| format!("{name} {} than {}", does(measure), row(&behind)))
    };
    let each: Vec<String> = comparison.candidates.iter().filter_map(|candidate| ahead(&candidate.who.name)).collect();
    (!each.is_empty()).then(|| each.join(", "))
}

/// The sentences of the first screen.
pub(in crate::report) fn headline(comparison: &Comparison) -> Vec<String> {
    let mut said = Vec::new();
    let worse: Vec<String> = comparison
        .changes
        .iter()
        .filter(|change| change.is_worse())
        .map(|change| format!("the {} of {}", name(change.measure), change.candidate))
        .collect();
    if !worse.is_empty() {
        said.push(format!("Worse than before: {}.", worse.join(", ")));
    }
    if !comparison.says_something() {
        said.push("Nothing can be said: too few of the candidates answered.".to_owned());
        return said;
    }
    let measures: Vec<CompareMeasure> =
        TOLD.into_iter().filter(|measure| comparison.order.iter().any(|pair| pair.measure == *measure)).collect();
    let clear: Vec<String> = measures.iter().filter_map(|measure| shown(*measure, comparison)).collect();
    let open: Vec<&str> = measures.iter().filter(|measure| shown(**measure, comparison).is_none()).map(|measure| name(*measure)).collect();
    if !clear.is_empty() {
        said.push(format!("Shown: {}.", clear.join("; ")));
    }
    if !open.is_empty() && comparison.candidates.len() > 1 {
        said.push(format!("No difference is shown in {}.", row(&open)));
    }
    said
}

/// Why it ended, in a sentence.
pub(in crate::report) fn ended(comparison: &Comparison) -> String {
    let prompts = counted(comparison.head.prompts, "prompt");
    match comparison.head.ended {
        ComparisonEnd::Known => "It ended when the order that was asked for was shown.".to_owned(),
        ComparisonEnd::Rounds => match comparison.head.rounds {
            1 => format!("Each of {prompts} was asked once."),
            rounds => format!("Each of {prompts} was asked {rounds} times."),
        },
        ComparisonEnd::Limit => "It ended at the limit of prompts.".to_owned(),
        ComparisonEnd::Budget => "It ended where the next prompt might have cost more than was allowed.".to_owned(),
        ComparisonEnd::Stopped => "Somebody stopped it; this is what was known by then.".to_owned(),
    }
}
