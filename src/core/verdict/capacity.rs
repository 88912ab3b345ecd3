//! How much of its primary's load a standby bears, by traffic that climbed in steps while the primary was broken.
//!
//! # The definition
//! Of each step the requests count that were due in its later half: what comes before that may still be the queue of the step before, or
//! connections that are being opened. A step is **borne** where no more of them were bad than was promised (the share `success`, and 95 of 100 at
//! the least, so that the 95th percentile lies within the service level), **broken** where more were and chance explains that in one of a hundred cases at
//! most, and **unclear** otherwise; see [`Bearing::of`]. Bad is what users feel: not answered, not whole, or late. Where the primary answered a part
//! of them after all, the step says nothing of the standby and is unclear.
//!
//! The capacity lies between the last step that was borne before the first broken one, and that. An objective is met where the first of the two
//! reaches it, missed where the second does not exceed it, and inconclusive between them. Where no step was broken there is no upper end.
//!
//! The climb ends with the first broken step, and the rate falls to the last one that was borne. **Recovery** is the time from then until users are
//! well served again and stay so for the hold, as after a fault.
//!
//! What this file does not do: decide while a drill runs when to end the climb (`drill::climb`, by the same rule on what is known then).

use super::interval::Interval;
use super::onset::{HoldExtent, Index, Start};
use super::window::{RequestWindow, Tri, good, latency, places};
use super::{Decision, Millis};
use crate::history::{By, Climb, Edge, Evidence, JudgedRequest, Outcome, RequestSlice};
use crate::model::Bearing;
use crate::units::{Ratio, Tally};

/// More answers of the primary than this share, and a step does not say what the standby bears.
const STRANGE: f64 = 0.05;
/// Shares of a peak that differ by less are the same.
const SAME: f64 = 1e-9;

/// What a climb showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Capacity {
    /// What the primary carries at its busiest, a second.
    pub peak: f64,
    /// Every step that was sent whole, ascending.
    pub steps: Vec<StepBorne>,
    /// The shares of the peak that were planned and not sent, because a step before them was broken.
    pub unsent: Vec<f64>,
    /// The largest share of the peak that was borne, before any that was not.
    pub borne: Option<f64>,
    /// The smallest share that was not; `None` where every step was borne or unclear.
    pub broken: Option<f64>,
    /// From the end of the climb until users were well served again; `None` where no step was broken.
    pub recovery: Option<Interval>,
    /// The rate from then on, a second.
    pub eased_to: Option<f64>,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepBorne {
    /// How many requests were due a second.
    pub rate: f64,
    /// Which share of the peak that is.
    pub share: f64,
    /// Requests of its later half.
    pub requests: u64,
    /// Of these the ones that were not well served.
    pub bad: u64,
    /// Within which time 95 of 100 of them were answered; `None` where fewer were.
    pub p95: Option<Millis>,
    /// Whether it was borne.
    pub bearing: Bearing,
}

impl Capacity {
    /// Held against the share that was promised.
    pub(super) fn held(&self, promised: Ratio) -> Decision {
        let promised = promised.get();
        if self.borne.is_some_and(|borne| borne >= promised - SAME) {
            Decision::Met
        } else if self.broken.is_some_and(|broken| broken <= promised + SAME) {
            Decision::Missed
        } else {
            Decision::Inconclusive
        }
    }
}

/// What the climb showed; `None` where there was none.
pub(super) fn capacity(evidence: &Evidence) -> Option<Capacity> {
    let climb = evidence.climb.as_ref()?;
    climb.began()?;
    let last = climb.ended.map_or(evidence.observed_until, |ended| ended.at);
    let whole = climb.steps.iter().filter(|step| step.at + climb.each <= last + climb.each / 10);
    let steps: Vec<StepBorne> = whole.map(|step| borne(evidence, climb, step.at, step.rate)).collect();
    let broken = steps.iter().position(|step| step.bearing == Bearing::Broken);
    let before = &steps[..broken.unwrap_or(steps.len())];
    let sent = steps.len();
    Some(Capacity {
        peak: climb.peak,
        borne: before.iter().rfind(|step| step.bearing == Bearing::Borne).map(|step| step.share),
        broken: broken.map(|place| steps[place].share),
        unsent: climb.planned.iter().skip(sent).map(|rate| rate / climb.peak).collect(),
        recovery: broken.and(climb.ended).map(|ended| recovery(evidence, ended.at)),
        eased_to: broken.and(climb.ended).map(|ended| ended.rate),
        steps,
    })
}

fn borne(evidence: &Evidence, climb: &Climb, at: i64, rate: f64) -> StepBorne {
    let end = climb.ended.map_or(i64::MAX, |ended| ended.at).min(at + climb.each);
    let (first, last) = places(evidence, at + climb.each / 2, end);
    let requests = evidence.requests.slice(first..last);
    let reads = |reading: Tri| requests.iter().filter(|request| good(&evidence.objectives, request) == reading).count() as u64;
    let strange = requests.iter().filter(|request| is_strange(evidence, request)).count() as f64;
    let bad = reads(Tri::No);
    let unsure = reads(Tri::Maybe) > 0 || strange > STRANGE * requests.len() as f64;
    let bearing = Bearing::of(Tally { hits: bad, of: requests.len() as u64 }, evidence.objectives.success);
    let bearing = if unsure && bearing == Bearing::Borne { Bearing::Unclear } else { bearing };
    StepBorne { rate, share: rate / climb.peak, requests: requests.len() as u64, bad, p95: p95(evidence, requests), bearing }
}

/// True where somebody other than a standby answered.
fn is_strange(evidence: &Evidence, request: &JudgedRequest) -> bool {
    matches!(request.by, By::Provider(place) if !evidence.standbys.contains(&place)) && !evidence.standbys.is_empty()
}

/// Who was not answered counts as slower than anybody.
fn p95(evidence: &Evidence, requests: RequestSlice<'_>) -> Option<Millis> {
    let mut times: Vec<i64> = requests
        .iter()
        .map(|request| if request.outcome == Outcome::Ok { latency(&evidence.objectives, &request) } else { i64::MAX })
        .collect();
    times.sort_unstable();
    let place = (times.len() * 95).div_ceil(100).checked_sub(1)?;
    times.get(place).copied().filter(|time| *time < i64::MAX).map(Millis)
}

/// From the end of the climb until service is back and stays.
fn recovery(evidence: &Evidence, eased: i64) -> Interval {
    let end = evidence.heal.map_or(evidence.observed_until, |heal| heal.lo.min(evidence.observed_until));
    let window = RequestWindow::new(evidence, eased, end, |request| good(&evidence.objectives, request));
    let start = Start { edge: Edge { lo: eased, hi: eased }, hold: evidence.objectives.hold.nanos() };
    window.recovery(start, HoldExtent::Hold, Index::Arrival).interval
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{ClimbStep, bare};

    const SECOND: i64 = 1_000_000_000;

    /// Steps of four seconds at these rates, of which a share of the requests is bad, and a second of recovery at 10 a second.
    fn climbed(steps: &[(i64, i64)], answered_by: u16) -> Capacity {
        let json = br#"{"bare_history": 1, "primary": ["a"], "standbys": ["b"], "requests": [], "objectives": {"hold_ms": 5000, "success": 0.95}}"#;
        let mut evidence = bare(json).unwrap();
        let (mut at, mut requests, mut begun) = (10 * SECOND, Vec::new(), Vec::new());
        let one = |due: i64, bad: bool| {
            let outcome = if bad { Outcome::Error } else { Outcome::Ok };
            let done = due + 100_000_000;
            JudgedRequest { due, sent: due, proof: done, done, by: if bad { By::Nobody } else { By::Provider(answered_by) }, outcome }
        };
        for (rate, bad_of_ten) in steps {
            begun.push(ClimbStep { at, rate: *rate as f64 });
            requests.extend((0..4 * rate).map(|place| one(at + place * SECOND / rate, place % 10 < *bad_of_ten)));
            at += 4 * SECOND;
        }
        requests.extend((0..100).map(|place| one(at + place * SECOND / 10, place < 10)));
        evidence.climb = Some(Climb {
            peak: 40.0,
            each: 4 * SECOND,
            planned: vec![10.0, 20.0, 30.0, 40.0],
            steps: begun,
            ended: Some(ClimbStep { at, rate: 10.0 }),
        });
        evidence.observed_until = at + 10 * SECOND;
        evidence.requests = requests.into_iter().collect();
        capacity(&evidence).unwrap()
    }

    fn share(text: &str) -> Ratio {
        text.parse().unwrap()
    }

    #[test]
    fn it_lies_between_the_last_step_that_was_borne_and_the_first_that_was_not() {
        let seen = climbed(&[(10, 0), (20, 0), (30, 5)], 1);
        assert_eq!((seen.borne, seen.broken, seen.unsent.as_slice()), (Some(0.5), Some(0.75), &[1.0][..]));
        assert_eq!([seen.steps[1].requests, seen.steps[2].requests, seen.steps[2].bad], [40, 60, 30]);
        assert_eq!((seen.steps[1].p95, seen.steps[2].p95), (Some(Millis(100_000_000)), None), "half of them were never answered");
        let held = |promised: &str| seen.held(share(promised));
        assert_eq!(
            [held("50%"), held("60%"), held("75%"), held("90%")],
            [Decision::Met, Decision::Inconclusive, Decision::Missed, Decision::Missed]
        );
        // Bad for the first second at the lower rate: the tenth was the last.
        let recovery = seen.recovery.unwrap();
        assert_eq!((recovery.lo, recovery.hi), (900_000_000, Some(SECOND)));
    }

    #[test]
    fn without_a_broken_step_it_has_no_upper_end_and_without_a_borne_one_no_lower() {
        let all = climbed(&[(10, 0), (20, 0), (30, 0), (40, 0)], 1);
        assert_eq!((all.borne, all.broken, all.recovery), (Some(1.0), None, None));
        assert_eq!(all.held(share("100%")), Decision::Met);
        let none = climbed(&[(10, 9)], 1);
        assert_eq!((none.borne, none.broken, none.held(share("25%"))), (None, Some(0.25), Decision::Missed));
        let few = climbed(&[(10, 0), (20, 1)], 1);
        assert_eq!((few.steps[1].bearing, few.held(share("50%"))), (Bearing::Unclear, Decision::Inconclusive), "4 of 40 at 95 %");
    }

    #[test]
    fn a_step_that_the_primary_answered_says_nothing_of_the_standby() {
        let strange = climbed(&[(10, 0), (20, 0)], 0);
        assert!(strange.steps.iter().all(|step| step.bearing == Bearing::Unclear) && strange.borne.is_none(), "{strange:?}");
    }
}
