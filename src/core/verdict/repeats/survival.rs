//! The share of trials that had not recovered by a moment, where some were not seen to recover (Kaplan and Meier). It describes, and bounds nothing.
//!
//! It is right where trials were cut off by a plan, and not where somebody stopped them because of how they went: those count as not recovered.

use super::Interval;

/// For each moment at which a trial recovered, the share that had not by then. Of each trial: when, and whether it was seen to recover then or only
/// not to have recovered until then.
pub fn survival(trials: &[(i64, bool)]) -> Vec<(i64, f64)> {
    let mut moments: Vec<i64> = trials.iter().filter(|(_, recovered)| *recovered).map(|(at, _)| *at).collect();
    moments.sort_unstable();
    moments.dedup();
    let mut share = 1.0;
    let step = |moment: i64| {
        let at_risk = trials.iter().filter(|(at, _)| *at >= moment).count();
        let recovered = trials.iter().filter(|(at, recovered)| *recovered && *at == moment).count();
        share *= 1.0 - recovered as f64 / at_risk as f64;
        (moment, share)
    };
    moments.into_iter().map(step).collect()
}

/// When half had recovered: not before `lo`, and by `hi` where that was seen.
pub fn half_within(intervals: &[Interval]) -> Option<Interval> {
    let half = |trials: &[(i64, bool)]| survival(trials).into_iter().find(|(_, share)| *share <= 0.5 + 1e-9).map(|(at, _)| at);
    let early: Vec<(i64, bool)> = intervals.iter().map(|interval| (interval.lo, interval.hi.is_some())).collect();
    let late: Vec<(i64, bool)> = intervals.iter().map(|interval| (interval.hi.unwrap_or(interval.lo), interval.hi.is_some())).collect();
    Some(Interval { lo: half(&early)?, hi: half(&late) })
}
