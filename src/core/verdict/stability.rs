//! Whether service stayed once it had come back: what was promised, held against every stretch of time after the hold.
//!
//! # The definition
//! Service came back at the onset of the gate's recovery and held for the hold, W. For every bad request that was due later than onset + W,
//! take the window of the hold's length that ends with it: `(s − W, s]`, which cannot reach before the onset. In it *n* requests were due,
//! *k* of them bad. With θ the promised share of good requests:
//!
//! | | the window is |
//! |---|---|
//! | k ≤ max(1, ⌈n(1−θ)⌉) | within the promise |
//! | otherwise, P(X ≥ k) ≤ 1 % for X ~ Bin(n, 1−θ) | a **relapse**: who keeps the promise hardly ever shows this |
//! | otherwise | **unclear**: more than was promised, and no more than chance explains |
//!
//! Relapses whose windows overlap are one, and so are unclear windows; an unclear window that overlaps a relapse is part of it. Stability is
//! missed with a relapse, inconclusive with an unclear window, and met otherwise. Without an onset nothing is said of it.
//!
//! # Why so
//! - *A count of neighbours judges by chance.* The rule before this one counted runs of more than one bad request. A gateway that let a third
//!   of its requests fail for two seconds was met, missed, met and missed in four equivalent drills, by whether two failures happened to stand
//!   side by side; and two slow answers in 160 side by side were missed at a promise of 98 %, which allows three. A share is what was
//!   promised, so a share is what is looked at, over the time for which service had to hold before it was believed.
//! - *Bad is what users feel*: the restore predicate, also where cutover gates. A primary that serves well in the lulls of a flapping fault is no
//!   relapse.
//! - *At least one.* In a short hold ⌈n(1−θ)⌉ may be less than a request; a single one never says anything about a share.
//! - *Three answers.* Between "as promised" and "surely not" lies what a drill of this length cannot tell. Two of 50 at 99 % come by chance in
//!   9 % of windows: to call them a relapse would fail sound systems, to pass them would hide the start of a wave.
//! - *Certain on both sides.* The onset is the one with unknown readings taken as bad, and an unknown request is not counted as bad here: a
//!   relapse is proven, never supposed.
//! - *The window looks back*, so the last ones are whole when the observation ends. A wave that has only begun by then has shown few bad
//!   requests, and is unclear rather than a relapse.
//!
//! What it does not claim: windows overlap and there are many of them, so over a long fault a system that is exactly at its promise shows an
//! unclear window often and a relapse now and then. A promise should leave room.
//!
//! # Where it is held to this
//! `tests/data/measurement-vectors.yaml`: V12 (a relapse after a hold), V38 (every third request, never two side by side), V39 (two side by side
//! within the promise), V40 (unclear), V41 (the primary in the lulls), V42 (two waves are two). `tests/random_systems.rs` does the same with
//! systems that relapse, flap and degrade, and `tests/reference/` counts again in another language.

use super::Millis;
use super::window::{RequestWindow, Tri};
use crate::history::{By, Edge, Evidence};
use crate::model::words;
use crate::units::Binomial;
use std::collections::BTreeMap;

/// What chance does in one window of a hundred may be chance; what it does more rarely is not taken for it.
const RARE: f64 = 0.01;

words! {
    /// What a wave of bad requests after the hold shows.
    Wave {
        /// The promise was broken.
        Relapse = "relapse",
        /// More than was promised, and no more than chance explains.
        Unclear = "unclear",
    }
}

/// Bad requests after the hold, more than was promised.
#[derive(Debug, Clone, PartialEq)]
pub struct Departure {
    /// What they show.
    pub wave: Wave,
    /// When the first of them was due, from the disruption.
    pub first: Millis,
    /// When the last of them was due.
    pub last: Millis,
    /// How many they are.
    pub bad: u64,
    /// How many requests were due from the first to the last, good or bad.
    pub requests: u64,
    /// The window of the hold's length that shows it best.
    pub window: TellingWindow,
    /// At which provider they failed, the most frequent first.
    pub failed_at: Vec<FailedAt>,
}

/// A window that holds more bad requests than was promised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TellingWindow {
    /// When the last of its bad requests was due, with which it ends, from the disruption.
    pub end: Millis,
    /// How many bad requests it holds.
    pub bad: u64,
    /// How many requests in all.
    pub requests: u64,
    /// How likely that many or more are for who just keeps the promise.
    pub chance: f64,
}

/// Bad requests by the provider that had them last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedAt {
    /// Its name; `None` where nobody saw them reach one.
    pub provider: Option<String>,
    /// How many.
    pub requests: u64,
}

/// A window of the hold's length, or several of one kind that overlap.
struct Excess {
    wave: Wave,
    from: i64,
    until: i64,
    /// Bad requests of all requests, and where it ends: of the one, or of that of the several which shows most.
    bad: u64,
    of: u64,
    end: i64,
}

impl Excess {
    /// By how many standard deviations it holds more bad requests than was promised, but for a constant factor. It chooses what is told, and
    /// decides nothing.
    fn excess(&self, success: f64) -> f64 {
        (self.bad as f64 - self.of as f64 * (1.0 - success)) / (self.of as f64).sqrt()
    }
}

/// Every departure from what was promised after the hold that began with the request at `onset` of this window, which reads what users feel.
pub(super) fn departures(evidence: &Evidence, window: &RequestWindow<'_>, onset: usize, fault: Edge) -> Vec<Departure> {
    let success = evidence.objectives.success.get();
    let (mut all, mut unclear) = (Vec::<Excess>::new(), Vec::<Excess>::new());
    for next in beyond_promise(evidence, window, onset) {
        let own = if next.wave == Wave::Relapse { &mut all } else { &mut unclear };
        match own.last_mut().filter(|last| next.from < last.until) {
            Some(last) => {
                last.until = next.until;
                if next.excess(success) > last.excess(success) {
                    (last.bad, last.of, last.end) = (next.bad, next.of, next.end);
                }
            }
            None => own.push(next),
        }
    }
    unclear.retain(|stretch| !all.iter().any(|relapse| stretch.from < relapse.until && relapse.from < stretch.until));
    all.append(&mut unclear);
    all.sort_by_key(|stretch| stretch.from);
    all.iter().map(|stretch| departure(evidence, window, stretch, fault)).collect()
}

/// The windows after the hold that hold more bad requests than was promised, by their ends. One pass: every pointer only moves on.
fn beyond_promise(evidence: &Evidence, window: &RequestWindow<'_>, onset: usize) -> Vec<Excess> {
    let (success, hold) = (evidence.objectives.success.get(), evidence.objectives.hold.nanos());
    let (requests, reads) = (window.requests.since(onset), &window.reads[onset..]);
    let hold_ends = requests.due(0) + hold;
    // How many bad requests make a relapse, by how many requests there are.
    let mut fewest: BTreeMap<u64, u64> = BTreeMap::new();
    let (mut first, mut next, mut bad) = (0, 0, 0_u64);
    let mut found = Vec::new();
    for (request, _) in requests.iter().zip(reads).filter(|(request, reading)| **reading == Tri::No && request.due > hold_ends) {
        while next < requests.len() && requests.due(next) <= request.due {
            bad += u64::from(reads[next] == Tri::No);
            next += 1;
        }
        while requests.due(first) <= request.due - hold {
            bad -= u64::from(reads[first] == Tri::No);
            first += 1;
        }
        let count = (next - first) as u64;
        let promise = Binomial::beyond(success, count);
        if bad <= promise.expected().max(1) {
            continue;
        }
        let relapse = bad >= *fewest.entry(count).or_insert_with(|| promise.fewest(RARE));
        let wave = if relapse { Wave::Relapse } else { Wave::Unclear };
        found.push(Excess { wave, from: request.due - hold, until: request.due, bad, of: count, end: request.due });
    }
    found
}

fn departure(evidence: &Evidence, window: &RequestWindow<'_>, stretch: &Excess, fault: Edge) -> Departure {
    let place = |moment: i64| window.requests.first_due(moment.saturating_add(1));
    let (from, to) = (place(stretch.from), place(stretch.until));
    let bad: Vec<usize> = (from..to).filter(|place| window.reads[*place] == Tri::No).collect();
    let (first, last) = (bad.first().copied().unwrap_or(from), bad.last().copied().unwrap_or(from));
    let mut failed_at: BTreeMap<Option<u16>, u64> = BTreeMap::new();
    for place in &bad {
        *failed_at.entry(had_last(evidence, window.first + place)).or_default() += 1;
    }
    let mut failed_at: Vec<FailedAt> = failed_at
        .into_iter()
        .map(|(provider, requests)| FailedAt { provider: provider.map(|place| evidence.name(place).to_owned()), requests })
        .collect();
    failed_at.sort_by_key(|at| std::cmp::Reverse(at.requests));
    let after = |place: usize| Millis(window.requests.due(place) - fault.lo);
    Departure {
        wave: stretch.wave,
        first: after(first),
        last: after(last),
        bad: bad.len() as u64,
        requests: (last - first + 1) as u64,
        window: TellingWindow {
            end: Millis(stretch.end - fault.lo),
            bad: stretch.bad,
            requests: stretch.of,
            chance: Binomial::beyond(evidence.objectives.success.get(), stretch.of).at_least(stretch.bad),
        },
        failed_at,
    }
}

/// The provider that had this request last, as far as anybody saw: that of its last attempt, else whoever answered it.
fn had_last(evidence: &Evidence, place: usize) -> Option<u16> {
    match (evidence.attempts.of(place).last(), evidence.requests.at(place).by) {
        (Some(attempt), _) => Some(attempt.provider),
        (None, By::Provider(provider)) => Some(provider),
        (None, By::Nobody | By::Unknown) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Decision, Verdict, VerdictRecord, judge};
    use super::*;
    use crate::history::bare;
    use serde_json::{Value, json};

    /// What a request is told to be: due at a moment in milliseconds, good or bad, with the providers that were asked.
    fn request(due: i64, good: bool, asked: &[&str]) -> Value {
        let attempts: Vec<Value> = asked.iter().map(|name| json!({"provider": name, "at_ms": due, "completed": good})).collect();
        let (outcome, by) = if good { ("ok", json!("beta")) } else { ("error", Value::Null) };
        json!({"due_ms": due, "done_ms": due + 20, "outcome": outcome, "served_by": by, "attempts": attempts})
    }

    /// One request every 100 ms around a fault that lasts 30 s: bad for a second, then good but at these moments.
    fn judged(change: impl Fn(&mut Value), bad: &[i64]) -> Verdict {
        let mut requests: Vec<Value> =
            (-30..0).map(|place| json!({"due_ms": place * 100, "outcome": "ok", "served_by": "alpha"})).collect();
        requests.extend((0..300).map(|place| request(place * 100, place >= 10 && !bad.contains(&(place * 100)), &[])));
        let mut history = json!({
            "bare_history": 1, "primary": ["alpha"], "standbys": ["beta"], "fault": {"lo_ms": 0, "hi_ms": 0, "requests_touched": 9},
            "heal": {"lo_ms": 30000, "hi_ms": 30000}, "observed_until_ms": 30000, "objectives": {}, "requests": requests,
        });
        change(&mut history);
        judge(&bare(&serde_json::to_vec(&history).unwrap()).unwrap())
    }

    fn stability(verdict: &Verdict) -> Decision {
        verdict.objectives.iter().find(|objective| objective.name.word() == "stability").unwrap().verdict
    }

    fn plain(bad: &[i64]) -> (Decision, u64) {
        let verdict = judged(|_| {}, bad);
        (stability(&verdict), verdict.measures.unwrap().relapses)
    }

    #[test]
    fn one_is_within_any_promise_two_are_unclear_and_four_are_a_relapse() {
        assert_eq!(plain(&[12_000]), (Decision::Met, 0));
        assert_eq!(plain(&[12_000, 16_900]), (Decision::Inconclusive, 0));
        assert_eq!(plain(&[12_000, 13_000, 14_000]), (Decision::Inconclusive, 0));
        assert_eq!(plain(&[12_000, 13_000, 14_000, 15_000]), (Decision::Missed, 1));
        let strict = |history: &mut Value| history["objectives"]["success"] = json!(1.0);
        assert_eq!(stability(&judged(strict, &[12_000])), Decision::Met, "a single one says nothing about a share, not even about all");
        assert_eq!(stability(&judged(strict, &[12_000, 14_000])), Decision::Missed);
    }

    /// (s − W, s]: the request that lies a whole hold before the last is outside of its window.
    #[test]
    fn a_window_is_open_at_its_beginning() {
        assert_eq!(plain(&[12_000, 17_000]), (Decision::Met, 0));
        assert_eq!(plain(&[12_000, 16_900]), (Decision::Inconclusive, 0));
    }

    /// The onset is at 1000, the hold lasts until 6000: what is bad at 6000 is not later than that.
    #[test]
    fn what_ends_with_the_hold_is_not_after_it() {
        let tolerant = |history: &mut Value| history["objectives"]["success"] = json!(0.98);
        let (at_the_end, after) = (judged(tolerant, &[5_000, 6_000]), judged(tolerant, &[5_000, 6_100]));
        assert_eq!((at_the_end.measures.as_ref().unwrap().cutover.hi, stability(&at_the_end)), (Some(1_020_000_000), Decision::Met));
        assert_eq!((after.measures.as_ref().unwrap().cutover.hi, stability(&after)), (Some(1_020_000_000), Decision::Inconclusive));
    }

    #[test]
    fn hundred_requests_at_99_per_cent_may_contain_one_bad_and_not_two() {
        let longer = |history: &mut Value| history["objectives"]["hold_ms"] = json!(10_000);
        assert_eq!(stability(&judged(longer, &[21_000, 22_000])), Decision::Inconclusive, "100 × 0.01 is 1, whatever floats make of it");
    }

    #[test]
    fn relapses_whose_windows_overlap_are_one() {
        let wave = |from: i64| [from, from + 100, from + 200, from + 300];
        let (one, apart) = ([wave(8_000), wave(12_700)].concat(), [wave(8_000), wave(13_300)].concat());
        assert_eq!(plain(&one), (Decision::Missed, 1));
        assert_eq!(plain(&apart), (Decision::Missed, 2));
    }

    #[test]
    fn all_bad_to_the_end_is_one_relapse_and_a_wave_that_just_begins_is_unclear() {
        let to_the_end: Vec<i64> = (100..300).map(|place| place * 100).collect();
        let verdict = judged(|_| {}, &to_the_end);
        let departures = &verdict.measures.as_ref().unwrap().departures;
        assert_eq!((departures.len(), departures[0].bad, departures[0].requests), (1, 200, 200));
        assert_eq!((departures[0].window.bad, departures[0].window.requests), (50, 50));
        assert_eq!(plain(&[29_800, 29_900]), (Decision::Inconclusive, 0));
    }

    #[test]
    fn the_window_that_is_told_has_an_end_of_its_own() {
        let verdict = judged(|_| {}, &[12_000, 12_500, 13_000, 17_500]);
        let departures = &verdict.measures.as_ref().unwrap().departures;
        assert_eq!((departures.len(), departures[0].wave, departures[0].last.0), (1, Wave::Unclear, 17_500_000_000));
        let window = departures[0].window;
        assert_eq!((window.bad, window.requests, window.end.0), (3, 50, 13_000_000_000));
    }

    #[test]
    fn unknown_requests_are_no_relapse() {
        let unknown = |history: &mut Value| {
            for request in
                history["requests"].as_array_mut().unwrap().iter_mut().filter(|request| request["due_ms"].as_i64() >= Some(12_000))
            {
                request["outcome"] = json!("unknown");
            }
        };
        assert_eq!(stability(&judged(unknown, &[])), Decision::Met, "nobody saw one fail");
    }

    #[test]
    fn a_departure_tells_when_how_many_of_how_many_and_at_whom() {
        let asked = |history: &mut Value| {
            for request_at in history["requests"].as_array_mut().unwrap() {
                let asked: &[&str] = match request_at["due_ms"].as_i64().unwrap() {
                    8_000 | 8_300 => &["alpha", "beta"],
                    8_600 => &["alpha"],
                    8_900 => &[],
                    _ => continue,
                };
                *request_at = request(request_at["due_ms"].as_i64().unwrap(), false, asked);
            }
        };
        let verdict = judged(asked, &[8_000, 8_300, 8_600, 8_900]);
        let json = serde_json::to_value(VerdictRecord::new(&verdict, None)).unwrap();
        let departure = &json["measures"]["departures"][0];
        assert_eq!(
            (&departure["wave"], &departure["first_ms"], &departure["last_ms"]),
            (&json!("relapse"), &json!(8_000.0), &json!(8_900.0))
        );
        assert_eq!((&departure["bad"], &departure["requests"]), (&json!(4), &json!(10)));
        let window = &departure["window"];
        assert_eq!((&window["bad"], &window["requests"]), (&json!(4), &json!(50)));
        assert!((window["chance"].as_f64().unwrap() - 0.001_596).abs() < 1e-6);
        let at = json!([{"provider": "beta", "requests": 2}, {"provider": null, "requests": 1}, {"provider": "alpha", "requests": 1}]);
        assert_eq!(departure["failed_at"], at);
        assert!(
            serde_json::to_value(VerdictRecord::new(&judged(|_| {}, &[]), None)).unwrap()["measures"].get("departures").is_none(),
            "nothing is said where nothing was"
        );
    }

    /// A long record with a bad request in a thousand, and with everything bad: quick, and without a number that overflows.
    #[test]
    fn many_requests_are_judged_in_one_pass() {
        let at = |place: i64, bad: bool| {
            let outcome = if bad { crate::history::Outcome::Error } else { crate::history::Outcome::Ok };
            let due = place * 1_000_000;
            crate::history::JudgedRequest { due, sent: due, proof: due, done: due, by: By::Nobody, outcome }
        };
        let empty =
            bare(br#"{"bare_history": 1, "primary": ["a"], "standbys": ["b"], "requests": [], "objectives": {"hold_ms": 60000}}"#).unwrap();
        let fault = Edge { lo: 0, hi: 0 };
        let found = |bad: fn(i64) -> bool| {
            let evidence = Evidence { requests: (0..300_000).map(|place| at(place, bad(place))).collect(), ..empty.clone() };
            let window = RequestWindow::new(&evidence, 0, i64::MAX, |request| super::super::window::good(&evidence.objectives, request));
            departures(&evidence, &window, 0, fault)
        };
        assert_eq!(found(|place| place % 1_000 == 999), Vec::new());
        let all = found(|place| place > 0);
        assert_eq!((all.len(), all[0].bad, all[0].window.chance), (1, 299_998, 0.0), "the first window begins after the second request");
    }
}
