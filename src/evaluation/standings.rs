//! How candidates stand to each other so far, by every measure, and which of it is shown.
//!
//! Each prompt of a round is one pair for every two candidates. Of quality and refusals a prompt counts once, however many rounds there are. Of
//! availability a run of failures of the same one counts once: what is down now is down for the next prompt as well.
//!
//! All pairs by all measures are one family: Holm's way of going through them keeps the probability that anything at all is shown which is not so
//! below 5 %, whatever depends on what; since each chance may be looked at always, so may all of them.

use super::measure::CompareMeasure;
use super::pair_test::PairTest;
use super::sample::AnswerSample;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// The probability that anything is shown which is not so.
pub const LEVEL: f64 = 0.05;

/// How two candidates stand to each other by one measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PairOrder {
    /// By what.
    pub measure: CompareMeasure,
    /// Who is ahead, or would be if it were shown.
    pub better: String,
    /// Who is behind.
    pub worse: String,
    /// Prompts by which the first is better.
    pub wins: u64,
    /// Prompts by which the second is.
    pub losses: u64,
    /// Prompts by which they are alike.
    pub ties: u64,
    /// The probability that chance alone would show as clear a difference, for this pair by itself.
    pub chance: f64,
    /// Whether it is shown, with all others in view.
    pub shown: bool,
}

/// Candidates by all measures, as far as they were asked.
#[derive(Debug, Clone)]
pub struct Standings {
    candidates: Vec<String>,
    tests: BTreeMap<(CompareMeasure, usize, usize), PairTest>,
    /// By how much the second's requests cost more than the first's, in billionths of a dollar.
    dearer: BTreeMap<(usize, usize), i128>,
    /// Prompts that have counted.
    counted: BTreeSet<(CompareMeasure, usize, usize, String)>,
    /// How the last pair was available.
    last: BTreeMap<(usize, usize), Ordering>,
}

impl Standings {
    /// Before anybody is asked. The measures are fixed now: those that might say something.
    pub fn new(candidates: &[String], measures: &[CompareMeasure]) -> Self {
        let mut tests = BTreeMap::new();
        for measure in measures {
            for one in 0..candidates.len() {
                (one + 1..candidates.len()).for_each(|other| _ = tests.insert((*measure, one, other), PairTest::default()));
            }
        }
        Self { candidates: candidates.to_vec(), tests, dearer: BTreeMap::new(), counted: BTreeSet::new(), last: BTreeMap::new() }
    }

    /// Takes what all candidates answered to one prompt in one round. One that was not asked is left out.
    pub fn add(&mut self, answers: &[AnswerSample]) {
        let of = |name: &String| answers.iter().find(|answer| answer.candidate == *name);
        let found: Vec<Option<&AnswerSample>> = self.candidates.iter().map(of).collect();
        for ((measure, one, other), test) in &mut self.tests {
            let Some((first, second)) = found[*one].zip(found[*other]) else { continue };
            let Some(pair) = measure.better(first, second) else { continue };
            match measure {
                CompareMeasure::Availability => {
                    let before = self.last.insert((*one, *other), pair);
                    if pair != Ordering::Equal && before == Some(pair) {
                        continue;
                    }
                }
                CompareMeasure::Cost => {
                    let nanos = |answer: &AnswerSample| answer.cost.map_or(0, |cost| i128::from(cost.as_nanos()));
                    *self.dearer.entry((*one, *other)).or_default() += nanos(second) - nanos(first);
                }
                measure if measure.counts_prompts() && !self.counted.insert((*measure, *one, *other, first.prompt.clone())) => continue,
                _ => {}
            }
            test.add(pair);
        }
    }

    /// Every pair by every measure, and which of it is shown.
    pub fn order(&self) -> Vec<PairOrder> {
        let shown = self.shown();
        let told = |((measure, one, other), test): (&(CompareMeasure, usize, usize), &PairTest)| {
            let first = test.is_first_ahead();
            let (better, worse) = if first { (one, other) } else { (other, one) };
            let (wins, losses) = if first { (test.wins, test.losses) } else { (test.losses, test.wins) };
            PairOrder {
                measure: *measure,
                better: self.candidates[*better].clone(),
                worse: self.candidates[*worse].clone(),
                wins,
                losses,
                ties: test.ties,
                chance: test.chance(),
                shown: shown.contains(&(*measure, *one, *other)),
            }
        };
        self.tests.iter().map(told).collect()
    }

    /// Whether the order of all candidates is shown by all of these measures.
    pub fn is_known(&self, measures: &[CompareMeasure]) -> bool {
        let shown = self.shown();
        self.tests.keys().filter(|(measure, ..)| measures.contains(measure)).all(|key| shown.contains(key))
    }

    /// What is shown, by Holm's way: the clearest against the whole family, the next against one less, until one is not clear enough.
    fn shown(&self) -> BTreeSet<(CompareMeasure, usize, usize)> {
        let mut each: Vec<_> = self.tests.iter().map(|(key, test)| (test.chance(), *key)).collect();
        each.sort_by(|left, right| left.0.total_cmp(&right.0));
        let left = (1..=each.len()).rev();
        let clear = each.into_iter().zip(left).take_while(|((chance, _), left)| *chance * *left as f64 <= LEVEL);
        clear.map(|((_, key), _)| key).filter(|key| self.agrees(key)).collect()
    }

    /// Who costs less for most prompts and more in all is not shown to be cheaper: a bill is a sum.
    fn agrees(&self, key: &(CompareMeasure, usize, usize)) -> bool {
        let (measure, one, other) = key;
        if *measure != CompareMeasure::Cost {
            return true;
        }
        let dearer = self.dearer.get(&(*one, *other)).copied().unwrap_or(0);
        if self.tests[key].is_first_ahead() { dearer > 0 } else { dearer < 0 }
    }
}

#[cfg(test)]
mod tests;
