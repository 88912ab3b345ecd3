//! Candidates whose truth is known, asked in many seeded runs: how often what is said to be shown is wrong, and how often the truth is found.

use super::*;
use crate::units::Money;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// A candidate whose truth is known.
struct Truth {
    name: &'static str,
    /// Median until the first token, in milliseconds.
    first_token: f64,
    /// In billionths of a dollar a token.
    price: u64,
    /// The share that is right.
    right: f64,
}

const TRUTH: [Truth; 3] = [
    Truth { name: "a", first_token: 600.0, price: 1000, right: 0.92 },
    Truth { name: "b", first_token: 640.0, price: 1000, right: 0.95 },
    Truth { name: "c", first_token: 600.0, price: 1150, right: 0.95 },
];
const MEASURES: [CompareMeasure; 4] =
    [CompareMeasure::Availability, CompareMeasure::FirstToken, CompareMeasure::Cost, CompareMeasure::Quality];

/// The answer of a candidate to a prompt at an hour of the day that is as slow for all. A bell curve is a sum of twelve.
fn answer(truth: &Truth, prompt: u64, hour: f64, rng: &mut SmallRng) -> AnswerSample {
    let bell: f64 = (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
    let tokens = 50 + rng.random_range(0..100);
    let failed = (rng.random::<f64>() < 0.002).then(|| "http-503".to_owned());
    AnswerSample {
        prompt: prompt.to_string(),
        candidate: truth.name.to_owned(),
        failed,
        first_token_ms: Some(truth.first_token * hour * (bell * 0.35).exp()),
        cost: Some(Money::from_nanos(truth.price * tokens)),
        right: Some(rng.random::<f64>() < truth.right),
        ..AnswerSample::default()
    }
}

/// Asks until all is known or the prompts are used up, looking after every prompt; how many were asked.
fn run(seed: u64, prompts: u64) -> (Vec<PairOrder>, u64) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let names: Vec<String> = TRUTH.iter().map(|truth| truth.name.to_owned()).collect();
    let mut standings = Standings::new(&names, &MEASURES);
    for prompt in 0..prompts {
        let hour = 1.0 + 0.5 * (prompt as f64 / 200.0).sin();
        let answers: Vec<AnswerSample> = TRUTH.iter().map(|truth| answer(truth, prompt, hour, &mut rng)).collect();
        standings.add(&answers);
        if prompt % 20 == 0 && standings.is_known(&[CompareMeasure::Quality]) {
            return (standings.order(), prompt + 1);
        }
    }
    (standings.order(), prompts)
}

/// Whether the first is truly better than the second; `None` where they are alike.
fn truly(measure: CompareMeasure, better: &str, worse: &str) -> Option<bool> {
    let of = |name: &str| TRUTH.iter().find(|truth| truth.name == name).unwrap();
    let (one, other) = (of(better), of(worse));
    let order = match measure {
        CompareMeasure::FirstToken => other.first_token.total_cmp(&one.first_token),
        CompareMeasure::Cost => other.price.cmp(&one.price),
        CompareMeasure::Quality => one.right.total_cmp(&other.right),
        _ => Ordering::Equal,
    };
    (order != Ordering::Equal).then_some(order == Ordering::Greater)
}

/// What 200 seeded runs come to: runs in which anything shown is wrong; of what is truly so, how often it was shown.
#[test]
fn over_200_runs_what_is_shown_is_wrong_in_at_most_5_of_100() {
    let (mut wrong, mut found, mut all) = (0, BTreeMap::new(), BTreeMap::new());
    for seed in 0..200 {
        let (order, _) = run(seed, 4000);
        wrong += u32::from(order.iter().any(|pair| pair.shown && truly(pair.measure, &pair.better, &pair.worse) != Some(true)));
        for pair in order.iter().filter(|pair| truly(pair.measure, &pair.better, &pair.worse).is_some()) {
            *all.entry(pair.measure).or_insert(0) += 1;
            *found.entry(pair.measure).or_insert(0) += u32::from(pair.shown);
        }
    }
    let share = |measure| f64::from(found[&measure]) / f64::from(all[&measure]);
    let told = format!(
        "wrong in {wrong} of 200; found: first token {:.3}, cost {:.3}, quality {:.3}",
        share(CompareMeasure::FirstToken),
        share(CompareMeasure::Cost),
        share(CompareMeasure::Quality)
    );
    tell(&told);
    assert!(wrong <= 10, "{told}");
    // A test that shows nothing is never wrong: it must find what is there as well. 92 % and 95 % differ in one prompt of eight.
    assert!(
        share(CompareMeasure::FirstToken) > 0.9 && share(CompareMeasure::Cost) > 0.99 && share(CompareMeasure::Quality) > 0.6,
        "{told}"
    );
}

/// Shown with `--nocapture`.
fn tell(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[test]
fn a_prompt_that_is_asked_ten_times_is_one_prompt_and_a_row_of_failures_is_one() {
    let names = ["a".to_owned(), "b".to_owned()];
    let mut standings = Standings::new(&names, &[CompareMeasure::Quality, CompareMeasure::Availability]);
    let sample = |candidate: &str, right, failed: bool| AnswerSample {
        prompt: "p".into(),
        candidate: candidate.into(),
        right: Some(right),
        failed: failed.then(|| "http-503".to_owned()),
        ..AnswerSample::default()
    };
    (0..10).for_each(|_| standings.add(&[sample("a", true, false), sample("b", false, false)]));
    (0..10).for_each(|_| standings.add(&[sample("a", true, false), sample("b", false, true)]));
    let order = standings.order();
    let of = |measure| order.iter().find(|pair| pair.measure == measure).unwrap();
    assert_eq!((of(CompareMeasure::Quality).wins, of(CompareMeasure::Availability).wins), (1, 1));
    assert!(order.iter().all(|pair| !pair.shown));
}

#[test]
fn who_is_cheaper_for_most_prompts_and_dearer_in_all_is_not_shown_to_be_cheaper() {
    let names = ["a".to_owned(), "b".to_owned()];
    let mut standings = Standings::new(&names, &[CompareMeasure::Cost]);
    let sample = |candidate: &str, nanos| AnswerSample {
        candidate: candidate.into(),
        cost: Some(Money::from_nanos(nanos)),
        ..AnswerSample::default()
    };
    (0..100).for_each(|_| standings.add(&[sample("a", 9), sample("b", 10)]));
    assert!(standings.order()[0].shown && standings.order()[0].better == "a");
    standings.add(&[sample("a", 1_000_000), sample("b", 10)]);
    assert!(!standings.order()[0].shown);
}
