//! What changed between two comparisons, and what of it is shown to be worse.
//!
//! Of prompts that were asked in both (told by their hashes) quality, times and costs are held against each other prompt by prompt, by the exact sign
//! test; availability and refusals as counts, by Fisher's exact test. Nothing is looked at twice here, so these are the usual tests, and all of them
//! together are wrong with a probability of 5 % at most (Bonferroni). A time or a cost that is shown to be worse must also be so by more than 5 %: the
//! hour of the day alone makes less.

use super::change::{ChangeKind, MeasureChange};
use super::comparison::Comparison;
use super::measure::CompareMeasure;
use super::sample::AnswerSample;
use super::standings::LEVEL;
use crate::units::Binomial;
use statrs::distribution::{DiscreteCDF, Hypergeometric};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// By which factor a time or a cost must have changed to be told as a change.
const NOTABLE: f64 = 1.05;

/// A comparison with its answers.
#[derive(Debug, Clone, Copy)]
pub struct ComparedAnswers<'a> {
    /// The comparison.
    pub comparison: &'a Comparison,
    /// Its answers.
    pub answers: &'a [AnswerSample],
}

/// Holds each candidate of `now` against the same one of `before`. `same` tells which prompt of now is which of then, by their names.
pub fn changes(now: ComparedAnswers<'_>, before: ComparedAnswers<'_>, same: &BTreeMap<String, String>) -> Vec<MeasureChange> {
    let mut found = Vec::new();
    for candidate in &now.comparison.candidates {
        let name = &candidate.who.name;
        if before.comparison.candidate(name).is_none() {
            continue;
        }
        let pairs = pairs(name, now.answers, before.answers, same);
        found.extend(CompareMeasure::ALL.map(|measure| held(name, measure, now.comparison, before.comparison, &pairs)));
    }
    let tests = found.iter().filter(|change| change.chance.is_some()).count().max(1) as f64;
    for change in &mut found {
        let notable = is_notable(change);
        change.change = match change.chance {
            None => ChangeKind::Unknown,
            Some(chance) if chance * tests > LEVEL || !notable => ChangeKind::Alike,
            Some(_) => change.change,
        };
    }
    found
}

/// Whether a change is large enough to be told. Of shares any is.
fn is_notable(change: &MeasureChange) -> bool {
    if !matches!(change.measure, CompareMeasure::FirstToken | CompareMeasure::Whole | CompareMeasure::Pace | CompareMeasure::Cost) {
        return true;
    }
    let (Some(before), Some(now)) = (change.before, change.now) else { return false };
    let (low, high) = if before < now { (before, now) } else { (now, before) };
    low > 0.0 && high / low >= NOTABLE
}

/// What a candidate answered to a prompt, now and then: each the middle of what it answered in all rounds.
struct PromptPair {
    now: AnswerSample,
    before: AnswerSample,
}

fn pairs(name: &str, now: &[AnswerSample], before: &[AnswerSample], same: &BTreeMap<String, String>) -> Vec<PromptPair> {
    let of = |answers: &[AnswerSample], prompt: &str| middle(answers.iter().filter(|each| each.candidate == name && each.prompt == prompt));
    same.iter().filter_map(|(now_as, before_as)| Some(PromptPair { now: of(now, now_as)?, before: of(before, before_as)? })).collect()
}

/// Of answers to one prompt, one with the medians of their times and costs, and right as the first was.
fn middle<'a>(answers: impl Iterator<Item = &'a AnswerSample>) -> Option<AnswerSample> {
    let answered: Vec<&AnswerSample> = answers.filter(|answer| answer.is_answered()).collect();
    let mut middle = (*answered.first()?).clone();
    let median = |of: fn(&AnswerSample) -> Option<f64>| {
        let mut values: Vec<f64> = answered.iter().filter_map(|answer| of(answer)).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    middle.first_token_ms = median(|answer| answer.first_token_ms);
    middle.whole_ms = median(|answer| answer.whole_ms);
    let mut costs: Vec<_> = answered.iter().filter_map(|answer| answer.cost).collect();
    costs.sort_unstable();
    middle.cost = costs.get(costs.len() / 2).copied();
    Some(middle)
}

fn held(name: &str, measure: CompareMeasure, now: &Comparison, before: &Comparison, pairs: &[PromptPair]) -> MeasureChange {
    let (value_now, value_before) = (value(name, measure, now), value(name, measure, before));
    let base = |of, chance, change| MeasureChange {
        candidate: name.to_owned(),
        measure,
        before: value_before,
        now: value_now,
        of,
        chance,
        change,
    };
    if matches!(measure, CompareMeasure::Availability | CompareMeasure::Refusals) {
        let of = |comparison: &Comparison| {
            let candidate = comparison.candidate(name)?;
            Some(if measure == CompareMeasure::Availability { candidate.availability } else { candidate.refusals })
        };
        let (Some(then), Some(here)) = (of(before), of(now)) else { return base(0, None, ChangeKind::Unknown) };
        let less = here.hits * then.of < then.hits * here.of;
        let worse = less == (measure == CompareMeasure::Availability);
        let chance = fisher((here.hits, here.of), (then.hits, then.of));
        return base(here.of, chance, if worse { ChangeKind::Worse } else { ChangeKind::Better });
    }
    let (mut better, mut worse) = (0_u64, 0_u64);
    for pair in pairs {
        match measure.better(&pair.now, &pair.before) {
            Some(Ordering::Greater) => better += 1,
            Some(Ordering::Less) => worse += 1,
            _ => {}
        }
    }
    let is_measured = value_now.is_some() && value_before.is_some() && !pairs.is_empty();
    let chance = is_measured.then(|| (2.0 * Binomial::hitting(0.5, better + worse).at_least(better.max(worse))).min(1.0));
    base(pairs.len() as u64, chance, if worse > better { ChangeKind::Worse } else { ChangeKind::Better })
}

/// A candidate's number by a measure.
fn value(name: &str, measure: CompareMeasure, comparison: &Comparison) -> Option<f64> {
    let candidate = comparison.candidate(name)?;
    match measure {
        CompareMeasure::Availability => candidate.availability.share(),
        CompareMeasure::FirstToken => candidate.first_token_ms.map(|times| times.p50.value),
        CompareMeasure::Whole => candidate.end_ms.map(|times| times.p50.value),
        CompareMeasure::Pace => candidate.tokens_a_second.map(|pace| pace.value),
        CompareMeasure::Cost => candidate.request_usd,
        CompareMeasure::Quality => candidate.quality.and_then(super::bounds::CountedShare::share),
        CompareMeasure::Refusals => candidate.refusals.share(),
    }
}

/// Fisher's exact test, two-sided by doubling the smaller tail; `None` of nothing.
fn fisher(one: (u64, u64), other: (u64, u64)) -> Option<f64> {
    if one.1 == 0 || other.1 == 0 {
        return None;
    }
    let tables = Hypergeometric::new(one.1 + other.1, one.0 + other.0, one.1).ok()?;
    let lower = tables.cdf(one.0);
    let upper = if one.0 == 0 { 1.0 } else { 1.0 - tables.cdf(one.0 - 1) };
    Some((2.0 * lower.min(upper)).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::super::comparison::{COMPARISON_FORMAT, CandidateFacts, ComparisonEnd, ComparisonHead};
    use super::*;
    use crate::units::{Money, Seed};

    fn head(prompts: u64) -> ComparisonHead {
        ComparisonHead {
            format: COMPARISON_FORMAT,
            lifeboat: "0".into(),
            id: "x".into(),
            started_at: "2026-11-30T12:00:00Z".into(),
            seconds: 1.0,
            environment: "lab".into(),
            seed: Seed(1),
            salt: "00".into(),
            files: Vec::new(),
            prompts,
            expecting: prompts,
            rounds: 1,
            volume: None,
            requests_a_month: None,
            until: Vec::new(),
            ended: ComparisonEnd::Rounds,
            spent: Money::ZERO,
            unscored: 0,
            ceiling: None,
        }
    }

    /// A comparison of one candidate, with so many right and all times so long.
    fn compared(right: u64, prompts: u64, first_token_ms: f64) -> (Comparison, Vec<AnswerSample>) {
        let sample = |number: u64| AnswerSample {
            number,
            round: 1,
            prompt: number.to_string(),
            candidate: "a".into(),
            first_token_ms: Some(first_token_ms + number as f64 * 0.001),
            whole_ms: Some(1000.0),
            right: Some(number < right),
            ..AnswerSample::default()
        };
        let answers: Vec<AnswerSample> = (0..prompts).map(sample).collect();
        let who = CandidateFacts {
            name: "a".into(),
            dialect: "openai".into(),
            model: "m".into(),
            region: None,
            input_price: None,
            output_price: None,
            price_source: None,
        };
        (Comparison::of(head(prompts), vec![who], &answers, None), answers)
    }

    fn changed(now: (u64, f64), before: (u64, f64)) -> BTreeMap<CompareMeasure, ChangeKind> {
        let ((now, now_answers), (then, then_answers)) = (compared(now.0, 100, now.1), compared(before.0, 100, before.1));
        let same = (0..100).map(|number| (number.to_string(), number.to_string())).collect();
        let all = changes(
            ComparedAnswers { comparison: &now, answers: &now_answers },
            ComparedAnswers { comparison: &then, answers: &then_answers },
            &same,
        );
        all.into_iter().map(|change| (change.measure, change.change)).collect()
    }

    #[test]
    fn what_got_worse_is_told_and_what_is_noise_is_not() {
        let worse = changed((80, 600.0), (95, 500.0));
        assert_eq!((worse[&CompareMeasure::Quality], worse[&CompareMeasure::FirstToken]), (ChangeKind::Worse, ChangeKind::Worse));
        assert_eq!((worse[&CompareMeasure::Whole], worse[&CompareMeasure::Cost]), (ChangeKind::Alike, ChangeKind::Unknown));
        let alike = changed((94, 510.0), (96, 500.0));
        assert_eq!((alike[&CompareMeasure::Quality], alike[&CompareMeasure::FirstToken]), (ChangeKind::Alike, ChangeKind::Alike));
        assert_eq!(changed((95, 500.0), (80, 500.0))[&CompareMeasure::Quality], ChangeKind::Better);
    }

    /// R: `fisher.test(matrix(c(1, 9, 11, 3), 2), alternative = "less")` is 0.00138; doubled.
    #[test]
    fn counts_are_held_against_each_other_exactly() {
        let chance = fisher((1, 10), (11, 14)).unwrap();
        assert!((chance - 2.0 * 0.001_379_728).abs() < 1e-6, "{chance}");
        assert_eq!((fisher((5, 5), (5, 5)), fisher((0, 0), (1, 2))), (Some(1.0), None));
    }
}
