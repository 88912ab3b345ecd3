//! Whether a fault bit, told by the requests alone: where no proxy counts what a fault touches.
//!
//! If the fault did nothing, requests after it fare as those before it, and which of them fare worst is chance. So: of the requests due
//! after the fault, `k` went worse than the r-th worst before it (no answer is worse than any latency). Among the k + r − 1 worst of all,
//! then, fewer than r are from before, of which the probability is hypergeometric; where it is small, the fault bit. Nothing is assumed
//! about how latencies are distributed, only that a request before and one after are alike.
//!
//! It is asked four times, each time with a quarter of the risk: of as many requests after the fault as there are before it, because a
//! service that is rescued suffers at the beginning only, and of all of them; against the worst before it, and against the worst that the
//! objective allows to be bad, because a baseline may have an outlier.
//!
//! What this file does not do: say which request the fault touched. It cannot.

use super::window::{latency, places};
use crate::history::{Edge, Evidence, JudgedRequest, Outcome};
use crate::model::Objectives;
use crate::units::spare;

/// The risk that chance is taken for a fault.
const RISK: f64 = 0.01;
/// How often it is asked.
const QUESTIONS: f64 = 4.0;

/// What the requests tell of the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObservedEffect {
    /// Requests that failed, or were slower than those before the fault.
    pub worse: u64,
    /// Of so many.
    pub of: u64,
    /// True where chance does not explain them.
    pub proven: bool,
}

/// What is told by the requests due while a fault lasted that began within `fault`.
pub(super) fn effect(evidence: &Evidence, fault: Edge) -> ObservedEffect {
    let objectives = &evidence.objectives;
    let end = evidence.heal.map_or(evidence.observed_until, |heal| heal.lo.min(evidence.observed_until));
    let (first, last) = places(evidence, fault.hi, end);
    let ended = |request: &JudgedRequest| request.due < fault.lo && request.done < fault.lo;
    let mut before: Vec<i64> =
        evidence.requests.slice(0..first).iter().filter(ended).map(|request| badness(objectives, &request, i64::MAX)).collect();
    before.sort_unstable_by(|left, right| right.cmp(left));
    // What is unknown may have been good.
    let after: Vec<i64> = evidence.requests.slice(first..last).iter().map(|request| badness(objectives, &request, i64::MIN)).collect();
    let allowed = spare(before.len() as u64, objectives.baseline_success.get()) as usize;
    let mut told = None;
    for rank in [1, 1 + allowed] {
        let Some(limit) = before.get(rank - 1) else { break };
        // Nothing is worse than no answer: of whom that was allowed, nothing is told by what failed.
        if *limit == i64::MAX {
            continue;
        }
        for window in [&after[..], &after[..after.len().min(before.len())]] {
            let worse = window.iter().filter(|badness| *badness > limit).count();
            let proven = chance(before.len(), window.len(), worse, rank) <= RISK / QUESTIONS;
            let effect = ObservedEffect { worse: worse as u64, of: window.len() as u64, proven };
            if proven {
                return effect;
            }
            told.get_or_insert(effect);
        }
    }
    told.unwrap_or(ObservedEffect { worse: 0, of: after.len() as u64, proven: false })
}

/// How badly a request went: no answer is worse than any latency.
const fn badness(objectives: &Objectives, request: &JudgedRequest, unknown: i64) -> i64 {
    match request.outcome {
        Outcome::Ok => latency(objectives, request),
        Outcome::Unknown | Outcome::Unsent => unknown,
        Outcome::Error | Outcome::Timeout | Outcome::Truncated => i64::MAX,
    }
}

/// The probability that `worse` or more of `after` requests exceed the `rank`-th worst of `before` others that are alike.
fn chance(before: usize, after: usize, worse: usize, rank: usize) -> f64 {
    // Fewer exceed it at least as easily; so many leave the worst of all to draw from.
    let worse = worse.min((after + 1).saturating_sub(rank));
    if worse == 0 {
        return 1.0;
    }
    let (before, after, drawn) = (before as f64, after as f64, (worse + rank - 1) as f64);
    // None of the drawn is from before; then one, two, …
    let mut term: f64 = (0..worse + rank - 1).map(|place| (after - place as f64) / (before + after - place as f64)).product();
    let mut sum = 0.0;
    for of_before in 0..rank {
        sum += term;
        let of_before = of_before as f64;
        term *= (before - of_before) / (of_before + 1.0) * (drawn - of_before) / (after - drawn + of_before + 1.0);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::bare;

    #[test]
    fn chance_is_the_negative_hypergeometric_one() {
        // By enumeration: of the 20 orders of three before and three after, one puts all three after on top, four at least two
        // above the worst before.
        let near = |left: f64, right: f64| assert!((left - right).abs() < 1e-12, "{left} {right}");
        near(chance(3, 3, 3, 1), 1.0 / 20.0);
        near(chance(3, 3, 2, 1), 4.0 / 20.0);
        near(chance(3, 3, 1, 1), 10.0 / 20.0);
        // At least two above the second worst: all but the orders whose three worst have two or three from before.
        near(chance(3, 3, 2, 2), 10.0 / 20.0);
        near(chance(3, 3, 0, 1), 1.0);
    }

    /// A hundred requests before the fault and a hundred after, 100 ms apart, each with this latency; `None` is an error.
    fn told(before: impl Fn(u32) -> Option<u32>, after: impl Fn(u32) -> Option<u32>) -> ObservedEffect {
        let evidence = evidence(before, after);
        effect(&evidence, evidence.fault.unwrap())
    }

    /// The same, to be judged.
    fn evidence(before: impl Fn(u32) -> Option<u32>, after: impl Fn(u32) -> Option<u32>) -> Evidence {
        let line = |due: i64, took: Option<u32>| match took {
            Some(took) => format!(r#"{{"due_ms": {due}, "done_ms": {}, "outcome": "ok"}}"#, due + i64::from(took)),
            None => format!(r#"{{"due_ms": {due}, "outcome": "error"}}"#),
        };
        let before = (0..100).map(|place| line(i64::from(place) * 100 - 12_000, before(place)));
        let lines: Vec<String> = before.chain((0..100).map(|place| line(i64::from(place) * 100 + 10, after(place)))).collect();
        let text = format!(
            r#"{{"bare_history": 1, "primary": ["a"], "standbys": ["b"], "fault": {{"lo_ms": 0, "hi_ms": 0}}, "heal": {{"lo_ms": 10000, "hi_ms": 10000}}, "objectives": {{"baseline_success": 0.97, "hold_ms": 4000, "rto_ms": 4000}}, "requests": [{}]}}"#,
            lines.join(",")
        );
        bare(text.as_bytes()).unwrap()
    }

    #[test]
    fn refused_and_slow_requests_prove_that_a_fault_bit_and_chance_does_not() {
        let usual = |place: u32| Some(20 + place * 37 % 100);
        assert_eq!(told(usual, usual), ObservedEffect { worse: 0, of: 100, proven: false });
        // A rescued service: no request is bad, and the first are slow.
        assert_eq!(
            told(usual, |place| if place < 12 { Some(300) } else { usual(place) }),
            ObservedEffect { worse: 12, of: 100, proven: true }
        );
        assert_eq!(told(usual, |place| (place >= 12).then(|| 20 + place)), ObservedEffect { worse: 12, of: 100, proven: true });
        assert_eq!(told(usual, |place| if place < 3 { None } else { usual(place) }), ObservedEffect { worse: 3, of: 100, proven: false });
        // Where some failed before, more must.
        let shaky = |place: u32| if place % 50 == 7 { None } else { usual(place) };
        assert!(!told(shaky, |place| if place < 12 { None } else { usual(place) }).proven);
        assert!(told(shaky, |place| if place < 30 { None } else { usual(place) }).proven);
    }

    #[test]
    fn failures_that_were_allowed_before_do_not_hide_those_after() {
        let mut shaky = evidence(|place| (place % 10 != 3).then(|| 20 + place), |_| None);
        shaky.objectives.baseline_success = crate::units::Ratio::new(0.9).unwrap();
        assert_eq!(effect(&shaky, shaky.fault.unwrap()), ObservedEffect { worse: 100, of: 100, proven: true });
        // What failed before is no measure of what is told: some did fare worse than what answered.
        let few = told(|place| (place % 50 != 7).then(|| 20 + place), |place| if place < 4 { None } else { Some(30) });
        assert_eq!(few, ObservedEffect { worse: 4, of: 100, proven: false });
    }

    #[test]
    fn where_no_proxy_counts_a_fault_that_nobody_felt_proves_nothing_and_one_that_was_felt_is_judged() {
        use crate::history::{Caveat, Lost};
        use crate::verdict::{Decision, Reason, judge};
        let judged = |after: &dyn Fn(u32) -> Option<u32>| {
            let mut evidence = evidence(|place| Some(20 + place * 37 % 100), after);
            let caveat = |name| Caveat { name, text: String::new() };
            evidence.caveats = vec![caveat(Lost::WhoServed), caveat(Lost::Touched)];
            evidence.objectives.gate = crate::model::Gate::Restore;
            evidence.requests =
                evidence.requests.iter().map(|request| JudgedRequest { by: crate::history::By::Unknown, ..request }).collect();
            evidence.touched = 0;
            judge(&evidence)
        };
        let nothing = judged(&|place| Some(20 + place * 37 % 100));
        assert_eq!(
            (nothing.verdict, nothing.reason, nothing.objectives.len()),
            (Decision::Inconclusive, Some(Reason::FaultNotEffective), 0)
        );
        assert_eq!(nothing.evidence.touched, None);
        // Twelve are rescued late: good, and proof that something was there to be rescued from.
        let rescued = judged(&|place| if place < 12 { Some(900) } else { Some(50) });
        assert_eq!((rescued.verdict, rescued.measures.unwrap().bad), (Decision::Met, 0));
        let failed = judged(&|place| (place >= 12).then_some(50));
        assert_eq!((failed.verdict, failed.evidence.effect.map(|effect| effect.worse)), (Decision::Met, Some(12)));
        assert_eq!(judged(&|_| None).verdict, Decision::Missed);
    }

    #[test]
    fn of_five_hundred_faults_that_do_nothing_chance_proves_no_more_than_it_may() {
        // SplitMix64, so that every run draws the same.
        let mut state = 7_u64;
        let mut draw = move || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (mixed ^ (mixed >> 31)) % 1000
        };
        let mut proven = 0;
        for _ in 0..500 {
            let fares: Vec<Option<u32>> = (0..200).map(|_| Some(draw()).filter(|drawn| *drawn >= 20).map(|drawn| drawn as u32)).collect();
            proven += u32::from(told(|place| fares[place as usize], |place| fares[100 + place as usize]).proven);
        }
        assert!(proven <= 12, "{proven} of 500, where 5 are expected at most");
    }
}
