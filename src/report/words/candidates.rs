//! Candidate providers in sentences: who is ahead by what, and what is not shown.

use crate::evaluation::{CompareMeasure, Comparison, ComparisonEnd, PairOrder};
use crate::units::counted;
use std::cmp::Ordering;

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

/// The pairs of a measure.
fn pairs(measure: CompareMeasure, comparison: &Comparison) -> Vec<&PairOrder> {
    comparison.order.iter().filter(|pair| pair.measure == measure).collect()
}

/// How far the order by a measure is shown: the whole, a part, nothing.
fn extent(measure: CompareMeasure, comparison: &Comparison) -> Ordering {
    let pairs = pairs(measure, comparison);
    let shown = pairs.iter().filter(|pair| pair.shown).count();
    match shown {
        0 => Ordering::Less,
        all if all == pairs.len() => Ordering::Greater,
        _ => Ordering::Equal,
    }
}

/// The measures that were looked at and come this far.
fn to_the(extent_wanted: Ordering, comparison: &Comparison) -> Vec<CompareMeasure> {
    let looked_at = TOLD.into_iter().filter(|measure| !pairs(*measure, comparison).is_empty());
    looked_at.filter(|measure| extent(*measure, comparison) == extent_wanted).collect()
}

fn names(measures: &[CompareMeasure]) -> String {
    row(&measures.iter().map(|measure| name(*measure)).collect::<Vec<_>>())
}

/// Who is ahead of whom by each measure in which anything is shown, a line each; nothing where two are compared, since the headline says it.
pub(in crate::report) fn orders(comparison: &Comparison) -> Vec<String> {
    if comparison.candidates.len() < 3 || !comparison.says_something() {
        return Vec::new();
    }
    let each: Vec<&str> = comparison.candidates.iter().map(|candidate| candidate.who.name.as_str()).collect();
    let line = |measure: CompareMeasure| {
        let pairs = pairs(measure, comparison);
        let behind =
            |one: &str| pairs.iter().filter(|pair| pair.shown && pair.better == one).map(|pair| pair.worse.as_str()).collect::<Vec<_>>();
        match extent(measure, comparison) {
            Ordering::Less => None,
            Ordering::Greater => {
                let mut order = each.clone();
                order.sort_by_key(|one| std::cmp::Reverse(behind(one).len()));
                Some(format!("{}: {}", name(measure), order.join(", then ")))
            }
            Ordering::Equal => {
                let ahead = each.iter().filter(|one| !behind(one).is_empty()).map(|one| format!("{one} before {}", row(&behind(one))));
                let open = pairs.iter().filter(|pair| !pair.shown).map(|pair| format!("{} and {}", pair.better, pair.worse));
                let open = open.collect::<Vec<_>>().join(", or ");
                Some(format!("{}: {}; nothing is shown between {open}", name(measure), ahead.collect::<Vec<_>>().join(", ")))
            }
        }
    };
    TOLD.into_iter().filter_map(line).collect()
}

/// Of two candidates, what each does better.
fn of_two(comparison: &Comparison) -> Vec<String> {
    let better = |one: &str| {
        let shown = comparison.order.iter().filter(|pair| pair.shown && pair.better == one);
        let measures: Vec<&PairOrder> =
            TOLD.into_iter().flat_map(|measure| shown.clone().filter(move |pair| pair.measure == measure)).collect();
        let does: Vec<&str> = measures.iter().map(|pair| does(pair.measure)).collect();
        Some(format!("{one} {} than {}.", row(&does), measures.first()?.worse))
    };
    comparison.candidates.iter().filter_map(|candidate| better(&candidate.who.name)).collect()
}

/// The sentences of the first screen.
pub(in crate::report) fn headline(comparison: &Comparison) -> Vec<String> {
    let mut said = Vec::new();
    let worse = comparison.changes.iter().filter(|change| change.is_worse());
    let worse: Vec<String> = worse.map(|change| format!("the {} of {}", name(change.measure), change.candidate)).collect();
    if !worse.is_empty() {
        said.push(format!("Worse than before: {}.", worse.join(", ")));
    }
    let silent = comparison.silent();
    if !silent.is_empty() {
        said.push(format!("{} answered nothing.", row(&silent)));
    }
    if !comparison.says_something() {
        said.push("Nothing can be said: too few of the candidates answered.".to_owned());
        return said;
    }
    let [whole, part, none] = [Ordering::Greater, Ordering::Equal, Ordering::Less].map(|extent| to_the(extent, comparison));
    if comparison.candidates.len() == 2 {
        said.extend(of_two(comparison));
    } else {
        let whole = (!whole.is_empty()).then(|| format!("the whole order is shown in {}", names(&whole)));
        let part = (!part.is_empty()).then(|| format!("a part of it in {}", names(&part)));
        let told = whole.into_iter().chain(part).collect::<Vec<_>>().join("; ");
        let capital = told.chars().next().map(|first| first.to_uppercase().collect::<String>() + &told[first.len_utf8()..]);
        said.extend(capital.map(|told| told.replace("A part of it", "A part of the order is shown") + "."));
    }
    if !none.is_empty() {
        said.push(format!("No difference is shown in {}.", names(&none)));
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
