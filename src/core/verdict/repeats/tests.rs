//! The numbers of the statistics, against exact ones that were computed apart, and against a library of others.

use super::*;
use statrs::distribution::{Beta, ContinuousCDF};

fn trials(word: &str) -> Vec<RepeatTrial> {
    let result = |letter| match letter {
        'P' => TrialResult::Met,
        'F' => TrialResult::Missed,
        '?' => TrialResult::Inconclusive,
        's' => TrialResult::Stopped,
        'v' => TrialResult::Excluded,
        _ => TrialResult::NotRun,
    };
    word.chars().map(|letter| RepeatTrial { result: result(letter), interval: None }).collect()
}

fn repeats(word: &str) -> Repeats {
    Repeats::of(trials(word), None)
}

fn close(left: f64, right: f64, within: f64) {
    assert!((left - right).abs() <= within, "{left} is not {right}");
}

#[test]
fn all_met_bounds_the_rate_as_the_table_says() {
    for (trials, wanted) in [(5, 0.549), (10, 0.741), (14, 0.807), (20, 0.861), (29, 0.902), (59, 0.9505)] {
        let bound = PassRate::of(trials, trials, trials);
        close(bound.lo, wanted, 5e-4);
        // The exact bound of nothing but passes.
        close(bound.lo, 0.05_f64.powf(1.0 / trials as f64), 2e-9);
        assert_eq!(bound.hi, 1.0);
    }
    close(PassRate::of(19, 19, 20).lo, 0.784, 5e-4);
    close(PassRate::of(4, 4, 5).lo, 0.343, 5e-4);
    assert_eq!(PassRate::of(0, 0, 0), PassRate { lo: 0.0, hi: 1.0 });
    assert_eq!(PassRate::of(0, 0, 7).lo, 0.0);
}

/// The same bounds from the inverse of the incomplete beta function, as another library has it.
#[test]
fn the_bounds_are_those_of_the_beta_distribution() {
    for trials in [1_u64, 2, 5, 19, 20, 46, 93, 500] {
        for passes in [0, 1, trials / 3, trials / 2, trials - 1, trials] {
            let bound = PassRate::of(passes, passes, trials);
            let beta = |a: u64, b: u64| Beta::new(a as f64, b as f64).unwrap();
            let lo = if passes == 0 { 0.0 } else { beta(passes, trials - passes + 1).inverse_cdf(0.05) };
            let hi = if passes == trials { 1.0 } else { beta(passes + 1, trials - passes).inverse_cdf(0.95) };
            close(bound.lo, lo, 1e-6);
            close(bound.hi, hi, 1e-6);
        }
    }
}

#[test]
fn so_many_trials_support_a_claim() {
    assert_eq!([0, 1].map(|misses| trials_needed(0.90, misses)), [Some(29), Some(46)]);
    assert_eq!([0, 1].map(|misses| trials_needed(0.95, misses)), [Some(59), Some(93)]);
    assert_eq!(trials_needed(1.0, 0), None);
}

#[test]
fn a_quantile_is_bounded_by_the_time_of_a_rank() {
    let ranks = |trials| [0.5, 0.8, 0.9, 0.95].map(|share| quantile_rank(share, trials));
    assert_eq!(ranks(5), [Some(5), None, None, None]);
    assert_eq!(ranks(10), [Some(9), None, None, None]);
    assert_eq!(ranks(14), [Some(11), Some(14), None, None]);
    assert_eq!(ranks(20), [Some(15), Some(20), None, None]);
    assert_eq!(ranks(29), [Some(20), Some(28), Some(29), None]);
    assert_eq!(ranks(59), [Some(37), Some(53), Some(58), Some(59)]);
    for (trials, wanted) in [(5, 0.226), (9, 0.370), (10, 0.401), (14, 0.512), (20, 0.642), (29, 0.774), (59, 0.9515)] {
        close(covers(0.95, trials), wanted, 5e-4);
    }
    let between = |lo, hi| RepeatTrial { result: TrialResult::Met, interval: Some(Interval { lo, hi }) };
    let mut five: Vec<RepeatTrial> = (1..=5).map(|place| between(place, Some(place * 10))).collect();
    let bound = |trials: &[RepeatTrial]| Repeats::of(trials.to_vec(), None).quantiles[0];
    assert_eq!(bound(&five), QuantileBound { share: 0.5, rank: Some(5), within: Some(50) });
    five[1] = between(9, None);
    assert_eq!(bound(&five).within, None, "a recovery that was not seen is later than any other");
    assert_eq!(Repeats::of(five, None).worst, Some(Interval { lo: 9, hi: None }));
}

#[test]
fn one_miss_decides_the_gate_and_what_is_open_counts_against_it() {
    for (word, gate, lo, hi) in [
        ("PPPPP", Decision::Met, 0.5493, 1.0),
        ("PPPPPPPPPPPPPPPPPPPF", Decision::Missed, 0.7839, 0.9974),
        ("PPPP?", Decision::Inconclusive, 0.3426, 1.0),
        // Stopped for safety: met by neither count.
        ("PPPPs", Decision::Inconclusive, 0.3426, 0.9898),
        ("PPPPv", Decision::Met, 0.4729, 1.0),
        ("PPPP.", Decision::Met, 0.4729, 1.0),
        ("", Decision::Inconclusive, 0.0, 1.0),
    ] {
        let repeats = repeats(word);
        assert_eq!(repeats.gate, gate, "{word}");
        close(repeats.pass_rate.lo, lo, 5e-5);
        close(repeats.pass_rate.hi, hi, 5e-5);
    }
    assert_eq!(repeats("PPPPv").verdict(), Decision::Met, "a fifth is not more than a fifth");
    let many = repeats("PPPvPPv");
    assert_eq!((many.gate, many.verdict(), many.claim(0.1)), (Decision::Met, Decision::Inconclusive, Decision::Inconclusive));
    assert_eq!(repeats("PFvvv").verdict(), Decision::Missed, "a miss is a miss");
    assert_eq!(repeats(&"P".repeat(29)).claim(0.9), Decision::Met);
    assert_eq!(repeats("PPPFFFFFFF").claim(0.9), Decision::Missed);
}

#[test]
fn the_sequential_test_has_the_boundaries_and_chances_of_its_design() {
    let test = SequentialTest::within(100);
    let at = |limits: &[SequentialBoundary]| limits.iter().map(|limit| (limit.misses, limit.trials)).collect::<Vec<_>>();
    assert_eq!(at(&test.accept), [(0, 10), (1, 17)]);
    assert_eq!(
        at(&test.reject),
        [(2, 4), (3, 10), (4, 17), (5, 20), (6, 20), (7, 20)].into_iter().chain((8..=20).map(|misses| (misses, 20))).collect::<Vec<_>>()
    );
    let good = test.chances(0.95);
    close(good.accepted, 0.819, 5e-4);
    close(good.rejected, 0.026, 5e-4);
    close(good.undecided, 0.155, 5e-4);
    close(good.trials, 13.0, 0.05);
    let bad = test.chances(0.70);
    close(bad.rejected, 0.847, 5e-4);
    close(bad.accepted, 0.038, 5e-4);
    close(bad.trials, 9.3, 0.05);
    for rate in [0.0, 0.3, 0.7, 0.95, 1.0] {
        let SequentialChances { accepted, rejected, undecided, .. } = test.chances(rate);
        close(accepted + rejected + undecided, 1.0, 1e-12);
    }
}

#[test]
fn the_sequential_test_ends_when_the_answer_is_known() {
    let test = SequentialTest::within(20);
    let decide = |word: &str| Repeats::of(trials(word), Some(&test)).sequential.unwrap();
    for (word, wanted) in [
        ("PPPPPPPPPP", SequentialDecision::Accepted(10)),
        ("PPPPPPPPP", SequentialDecision::Open),
        ("FF", SequentialDecision::Rejected(2)),
        ("PFF", SequentialDecision::Rejected(3)),
        ("PPPFF", SequentialDecision::Open),
        ("PPPPPFPPPPPPPPPPP", SequentialDecision::Accepted(17)),
        ("PPPPPFPPPPPFPPPPPPPP", SequentialDecision::Undecided),
        ("PPPPPPPFFF", SequentialDecision::Rejected(10)),
        // Open ends neither accept nor reject.
        ("??", SequentialDecision::Open),
        ("ss", SequentialDecision::Rejected(2)),
        ("PPPPPPPPP?", SequentialDecision::Open),
        // Those that do not count are no trials.
        ("vPPPPPPPPPP", SequentialDecision::Accepted(10)),
    ] {
        assert_eq!(decide(word), wanted, "{word}");
    }
}

/// An end that depends on how trials come out has bounds of its own: at the bound itself, an end as good is as rare as the confidence leaves.
#[test]
fn the_bounds_of_a_test_that_may_end_early_hold_for_that_test() {
    let test = SequentialTest::within(20);
    let bound = |word: &str| Repeats::of(trials(word), Some(&test)).pass_rate;
    close(bound("PPPPPPPPPP").lo, 0.05_f64.powf(0.1), 2e-9);
    assert_eq!(bound("PPPPPPPPPP").hi, 1.0);
    let late = bound("PPPPPFPPPPPPPPPPP");
    close(test.chances(late.lo).accepted, 0.05, 1e-6);
    assert!(late.lo < PassRate::of(16, 16, 17).lo, "that somebody looked after each trial costs something");
    let rejected = bound("FF");
    close((1.0 - rejected.hi).powi(2), 0.05, 1e-6);
    // Before anything is known, nothing is.
    assert_eq!(bound(""), PassRate { lo: 0.0, hi: 1.0 });
    let open = bound("PPPPP");
    close(open.lo, 0.05_f64.powf(0.2), 2e-9);
}

#[test]
fn an_order_that_grows_is_told_from_one_that_does_not() {
    let second = |lo: i64| Interval { lo: lo * 100, hi: Some(lo * 100 + 50) };
    let of = |order: &[i64]| Drift::of(&order.iter().map(|place| second(*place)).collect::<Vec<_>>());
    let grows = of(&[1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
    assert_eq!((grows.longer, grows.shorter), (28, 0));
    assert!(grows.is_trend(), "{grows:?}");
    let mixed = of(&[3, 1, 4, 8, 5, 2, 6, 7]).unwrap();
    assert!(!mixed.is_trend(), "{mixed:?}");
    // All of them overlap: nothing is known to be longer than anything else.
    let same = Drift::of(&(0..20).map(|place| Interval { lo: place, hi: Some(1000 + place) }).collect::<Vec<_>>()).unwrap();
    assert_eq!((same.longer, same.shorter, same.chance), (0, 0, 1.0));
    assert_eq!(of(&[1, 2, 3, 4, 5]), None);
    let unseen = Drift::of(&(0..8).map(|place| Interval { lo: place * 100, hi: None }).collect::<Vec<_>>()).unwrap();
    assert_eq!((unseen.longer, unseen.shorter), (0, 0));
}

#[test]
fn survival_is_that_of_the_definition() {
    let told = survival(&[(2, true), (3, true), (3, false), (5, true), (8, true), (10, false)]);
    for ((at, share), (wanted_at, wanted)) in told.iter().zip([(2, 0.8333), (3, 0.6667), (5, 0.4444), (8, 0.2222)]) {
        assert_eq!(*at, wanted_at);
        close(*share, wanted, 5e-5);
    }
    assert_eq!(told.len(), 4);
    let between = |lo, hi| Interval { lo, hi };
    assert_eq!(half_within(&[between(1, Some(2)), between(3, Some(5)), between(4, None)]), Some(between(3, Some(5))));
    assert_eq!(half_within(&[between(1, None), between(3, None)]), None);
    assert_eq!(half_within(&[]), None);
}
