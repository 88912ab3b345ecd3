//! Known values: those of Fisher's test are SciPy's (`fisher_exact`), those of ranks come from its binomial distribution (`binom.cdf`, `binom.sf`).

use super::*;

fn interval(lo: i64, hi: impl Into<Option<i64>>) -> Interval {
    Interval { lo, hi: hi.into() }
}

#[test]
fn times_differ_where_their_intervals_do_not_overlap() {
    for (first, second, wanted) in [
        (interval(2950, 3130), interval(7900, 8100), Contrast::Smaller),
        (interval(7900, 8100), interval(2950, 3130), Contrast::Larger),
        (interval(2950, 3130), interval(3100, 3300), Contrast::Alike),
        (interval(2950, 3130), interval(2950, 3130), Contrast::Alike),
        // One is at most 3130, the other more than that.
        (interval(2950, 3130), interval(3130, 3300), Contrast::Smaller),
        (interval(2950, 3130), interval(9000, None), Contrast::Smaller),
        (interval(2950, 3130), interval(3000, None), Contrast::Alike),
        (interval(9000, None), interval(3000, None), Contrast::Unknown),
        (interval(0, 0), interval(0, 0), Contrast::Alike),
        (interval(0, 0), interval(20, 30), Contrast::Smaller),
    ] {
        assert_eq!(times(Some(first), Some(second)), wanted, "{first:?} {second:?}");
    }
    assert_eq!(times(None, Some(interval(1, 2))), Contrast::Unknown);
    assert_eq!(longer_by(interval(7900, 8100), interval(2950, 3130)), (Some(4770), Some(5150)));
    assert_eq!(longer_by(interval(9000, None), interval(2950, 3130)), (Some(5870), None));
}

#[test]
fn counts_are_held_against_each_other_by_fishers_exact_test() {
    for ((count, of), (other, of_other), wanted) in [
        ((3, 1000), (15, 1000), 0.007283223744560448),
        ((148, 951), (148, 951), 1.0),
        ((0, 50), (6, 50), 0.026661076308390465),
        ((8, 951), (21, 960), 0.023117364239901548),
        ((1, 2), (0, 2), 1.0),
        ((5, 10), (0, 4), 0.22077922077922074),
        ((12_000, 100_000), (12_500, 100_000), 0.0006656610183871517),
        ((1000, 5_000_000), (1200, 5_000_000), 2.1771677297600724e-05),
        ((0, 10), (0, 20), 1.0),
        ((10, 10), (0, 10), 1.082508822446903e-05),
        ((2, 7), (8, 10), 0.05841217605923488),
    ] {
        let (first, second) = (CountOf::new(count, of), CountOf::new(other, of_other));
        for chance in [fisher(first, second), fisher(second, first)] {
            assert!((chance - wanted).abs() <= wanted * 1e-6, "{first:?} {second:?}: {chance}, not {wanted}");
        }
    }
}

#[test]
fn a_count_differs_at_one_in_a_hundred_and_in_its_direction() {
    let of = CountOf::new;
    assert_eq!(counts(of(3, 1000), of(15, 1000)).0, Contrast::Smaller);
    assert_eq!(counts(of(15, 1000), of(3, 1000)).0, Contrast::Larger);
    assert_eq!(counts(of(8, 951), of(21, 960)).0, Contrast::Alike);
    assert_eq!(counts(of(0, 0), of(21, 960)), (Contrast::Unknown, None));
    // More than all of them are all of them.
    assert_eq!(of(12, 10), of(10, 10));
    // All of ten millions against half of them is told, and soon.
    assert_eq!(counts(of(10_000_000, 10_000_000), of(5_000_000, 10_000_000)).0, Contrast::Larger);
}

#[test]
fn a_percentile_lies_between_two_ranks() {
    for (values, quantile, wanted) in [
        (0, 0.5, (None, None)),
        (1, 0.5, (None, None)),
        (10, 0.5, (None, None)),
        (100, 0.5, (Some(34), Some(67))),
        (1000, 0.5, (Some(448), Some(553))),
        (1000, 0.95, (Some(926), Some(972))),
        (1000, 0.99, (Some(978), Some(999))),
        (20, 0.95, (Some(15), None)),
        (288, 0.95, (Some(260), Some(285))),
        (100_000, 0.99, (Some(98_895), Some(99_103))),
    ] {
        assert_eq!(percentile_ranks(values, quantile), wanted, "{values} {quantile}");
    }
    // Ten millions take no longer than is noticed.
    let (lower, upper) = percentile_ranks(10_000_000, 0.99);
    assert!(lower.is_some_and(|lower| lower < 9_900_000) && upper.is_some_and(|upper| upper > 9_900_000));
}
