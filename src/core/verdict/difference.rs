//! Whether what two drills showed differs by more than noise. Pure numbers; `report` has the words.
//!
//! - **Times** are intervals that contain what they measure, so two times differ where their intervals do not overlap: that is no question of
//!   chance, but of what probes can hide. Whether the next drill would differ as well is another question, which two drills cannot answer.
//! - **Counts** out of so many requests are held against each other by Fisher's exact test, two-sided, as R's `fisher.test` and SciPy's
//!   `fisher_exact` do: the sum of the probabilities of all tables with the same margins that are no likelier than the one that was seen.
//! - **Percentiles** of a latency are intervals, too: the two order statistics between which the percentile of all such requests lies with a
//!   confidence of 99.9%, exact by the binomial distribution and whatever the shape of the latencies. They differ where these do not overlap.
//!
//! The last two take requests as independent of each other, which those of one outage are not quite. So the levels are strict: 1 in 100 for a
//! count, 1 in 1,000 on each side for a percentile.
//!
//! What this file does not do: judge. Nothing here is part of a verdict.

use super::interval::Interval;
use statrs::distribution::{Binomial, Discrete, Hypergeometric};

/// The probability below which a difference of counts is more than noise.
const LEVEL: f64 = 0.01;
/// The probability that a percentile lies beyond either end of its interval.
const TAIL: f64 = 0.0005;
/// Floats that differ by less than this share are the same probability.
const SAME: f64 = 1e-7;

/// How the first of two compares with the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contrast {
    /// It is smaller by more than noise.
    Smaller,
    /// It is larger by more than noise.
    Larger,
    /// Nothing shows that they differ.
    Alike,
    /// One of them was not measured.
    Unknown,
}

/// How the first of two times compares with the second.
pub fn times(first: Option<Interval>, second: Option<Interval>) -> Contrast {
    let Some((first, second)) = first.zip(second) else { return Contrast::Unknown };
    // Each is `lo < T ≤ hi`, so intervals that only touch do not overlap.
    let before = |one: Interval, other: Interval| one.hi.is_some_and(|hi| hi <= other.lo);
    match (before(first, second), before(second, first)) {
        // Of neither is anything left between its ends.
        (true, true) => Contrast::Alike,
        (true, _) => Contrast::Smaller,
        (_, true) => Contrast::Larger,
        // Of neither is it known when it ended.
        _ if first.hi.is_none() && second.hi.is_none() => Contrast::Unknown,
        _ => Contrast::Alike,
    }
}

/// By how much the first time is longer than the second, in nanoseconds; less than 0 where it is shorter.
pub const fn longer_by(first: Interval, second: Interval) -> (Option<i64>, Option<i64>) {
    let least = match second.hi {
        Some(hi) => Some(first.lo - hi),
        None => None,
    };
    let most = match first.hi {
        Some(hi) => Some(hi - second.lo),
        None => None,
    };
    (least, most)
}

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountOf {
    /// How many.
    pub count: u64,
    /// Of how many.
    pub of: u64,
}

impl CountOf {
    /// So many of so many, and never more.
    pub const fn new(count: u64, of: u64) -> Self {
        Self { count: if count > of { of } else { count }, of }
    }
}

/// How the first of two counts compares with the second, and the probability that chance alone makes a difference as large; `None` where one of
/// them is a count of nothing.
pub fn counts(first: CountOf, second: CountOf) -> (Contrast, Option<f64>) {
    if first.of == 0 || second.of == 0 {
        return (Contrast::Unknown, None);
    }
    let chance = fisher(first, second);
    let less = u128::from(first.count) * u128::from(second.of) < u128::from(second.count) * u128::from(first.of);
    let contrast = match chance < LEVEL {
        false => Contrast::Alike,
        true if less => Contrast::Smaller,
        true => Contrast::Larger,
    };
    (contrast, Some(chance))
}

/// Fisher's exact test, two-sided.
fn fisher(first: CountOf, second: CountOf) -> f64 {
    let (population, hits, draws) = (first.of + second.of, first.count + second.count, first.of);
    let Ok(chances) = Hypergeometric::new(population, hits, draws) else { return 1.0 };
    let (least, most) = ((hits + draws).saturating_sub(population), hits.min(draws));
    let of = |count: u64| chances.ln_pmf(count).exp();
    let middle = ((u128::from(draws) + 1) * (u128::from(hits) + 1) / (u128::from(population) + 2)) as u64;
    let middle = middle.clamp(least, most);
    let limit = of(first.count) * (1.0 + SAME);
    if of(middle) <= limit {
        return 1.0;
    }
    // On either side of the likeliest table the probabilities only fall.
    let below = last_where(least, middle, |count| of(count) <= limit);
    let above = first_where(middle, most, |count| of(count) <= limit);
    let lower = below.map_or(0.0, |from| falling((least..=from).rev().map(of)));
    let upper = above.map_or(0.0, |from| falling((from..=most).map(of)));
    (lower + upper).min(1.0)
}

/// The sum of probabilities that only fall, as far as they matter.
fn falling(chances: impl Iterator<Item = f64>) -> f64 {
    let mut sum = 0.0;
    for chance in chances {
        sum += chance;
        if chance <= sum * 1e-14 {
            break;
        }
    }
    sum
}

/// The last number within `least..=most` of which it holds, where it holds up to some number and not from there on.
fn last_where(least: u64, most: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut from, mut until) = (least, most + 1);
    while from < until {
        let half = from + (until - from) / 2;
        if holds(half) { from = half + 1 } else { until = half }
    }
    (from > least).then(|| from - 1)
}

/// The first number within `least..=most` of which it holds, where it holds from some number on.
fn first_where(least: u64, most: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut from, mut until) = (least, most + 1);
    while from < until {
        let half = from + (until - from) / 2;
        if holds(half) { until = half } else { from = half + 1 }
    }
    (from <= most).then_some(from)
}

/// Between which of so many values in order, counted from 1, the percentile of all such values lies: with 99.9% confidence, whatever their
/// distribution. `None` for an end that so few values do not give.
pub fn percentile_ranks(values: u64, quantile: f64) -> (Option<u64>, Option<u64>) {
    let Ok(chances) = Binomial::new(quantile, values) else { return (None, None) };
    let of = |count: u64| chances.ln_pmf(count).exp();
    // Beyond this there is less than any tail that matters.
    let far = (12.0 * (values as f64 * quantile * (1.0 - quantile)).sqrt()).ceil() as u64 + 40;
    let middle = (values as f64 * quantile) as u64;
    // The r-th value lies above the percentile where fewer than r values lie below it.
    let (mut lower, mut sum) = (None, 0.0);
    for rank in middle.saturating_sub(far) + 1..=values {
        sum += of(rank - 1);
        if sum > TAIL {
            break;
        }
        lower = Some(rank);
    }
    // It lies below the percentile where at least r values do.
    let (mut upper, mut sum) = (None, 0.0);
    let mut rank = values.min(middle + far);
    while rank > 0 {
        sum += of(rank);
        if sum > TAIL {
            break;
        }
        upper = Some(rank);
        rank -= 1;
    }
    (lower, upper)
}

#[cfg(test)]
mod tests;
