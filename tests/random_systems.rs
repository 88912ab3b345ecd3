//! Random systems whose moment of recovery is known: the interval contains it, and no decisive verdict is wrong.

use lifeboat::history::bare;
use lifeboat::verdict::{Decision, Verdict, judge};
use proptest::prelude::*;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

/// A system under test whose disruption and recovery are decided beforehand, in nanoseconds from the disruption.
#[derive(Debug, Clone)]
struct System {
    seed: u64,
    /// Gap between two due times, and how far each is moved within its slot.
    gap: i64,
    jitter: f64,
    slo: i64,
    rto: i64,
    /// When service by the standby begins; `None` where it never does.
    recovers: Option<i64>,
    /// Requests that arrive before the recovery wait for it instead of failing.
    parks: bool,
    /// How far the fault's edges are apart, and the error of the proxy's clock at most.
    edges: i64,
    clock_error: i64,
    gate: &'static str,
}

const MS: i64 = 1_000_000;

fn systems() -> impl Strategy<Value = System> {
    let clocks = (0..30 * MS, 0..60 * MS, prop_oneof![Just("cutover"), Just("restore")]);
    (
        any::<u64>(),
        10 * MS..200 * MS,
        0.0..0.5_f64,
        50 * MS..800 * MS,
        1000 * MS..12_000 * MS,
        proptest::option::weighted(0.9, 0..20_000 * MS),
        any::<bool>(),
        clocks,
    )
        .prop_map(|(seed, gap, jitter, slo, rto, recovers, parks, (clock_error, edges, gate))| System {
            seed,
            gap,
            jitter,
            slo,
            rto,
            recovers,
            parks,
            edges,
            clock_error,
            gate,
        })
}

impl System {
    /// The longest planned gap between two requests.
    fn gap_max(&self) -> i64 {
        self.gap + (self.gap as f64 * self.jitter).ceil() as i64
    }

    /// Runs it: a minute of traffic around the disruption, then the verdict.
    fn judged(&self) -> Verdict {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let ms = |nanos: i64| nanos as f64 / 1e6;
        // The true disruption is at 0; the proxy stamps it within `edges`, by a clock that is off by up to `clock_error`.
        let off = random.random_range(-self.clock_error..=self.clock_error);
        let before = random.random_range(0..=self.edges);
        let stamped = (off - before, off + self.edges - before);
        let (end, deadline) = (40_000 * MS, self.slo * 2);
        let mut requests = Vec::new();
        let mut due_slot = -5_000 * MS - random.random_range(0..self.gap);
        while due_slot < end {
            let due = due_slot + (random.random::<f64>() * self.jitter * self.gap as f64) as i64;
            due_slot += self.gap;
            let sent = due + random.random_range(0..2 * MS);
            let quick = random.random_range(MS..self.slo * 3 / 4);
            let (outcome, by, proof) = match self.recovers {
                _ if sent < 0 && sent + quick < 0 => ("ok", Some("primary"), sent + quick),
                // What was in flight is cut, later than the proxy's clock can say that it happened.
                _ if sent < 0 => ("truncated", None, (sent + quick).max(self.clock_error)),
                Some(recovers) if sent >= recovers => ("ok", Some("standby"), sent + quick.min(due + self.slo - sent)),
                Some(recovers) if self.parks && recovers + quick <= due + deadline => ("ok", Some("standby"), recovers + quick),
                // Nothing fails so early that the proxy's clock would put it before the disruption: that would be a bad baseline.
                _ if random.random::<bool>() => ("error", None, (sent + quick).max(self.clock_error)),
                _ => ("timeout", None, due + deadline),
            };
            requests.push(json!({"due_ms": ms(due), "sent_ms": ms(sent), "done_ms": ms(proof), "outcome": outcome, "served_by": by}));
        }
        let document = json!({
            "bare_history": 1,
            "objectives": {"rto_ms": ms(self.rto), "gate": self.gate, "slo_ms": ms(self.slo), "deadline_ms": ms(deadline), "gap_ms": ms(self.gap_max()),
                           "hold_ms": 5000, "clock_error_ms": ms(self.clock_error), "fault_uncertainty_ms": ms(self.edges)},
            "fault": {"lo_ms": ms(stamped.0), "hi_ms": ms(stamped.1), "requests_touched": 9}, "heal": {"lo_ms": ms(end), "hi_ms": ms(end)},
            "observed_until_ms": ms(end), "primary": ["primary"], "standbys": ["standby"], "requests": requests,
        });
        judge(&bare(&serde_json::to_vec(&document).unwrap()).unwrap())
    }

    /// When users are truly served again, as the gate indexes it: by arrival for restore, by delivery for cutover. With parking, service
    /// by arrival begins as early as the wait for the recovery stays within the service level, so the truth is bracketed.
    fn truth(&self) -> Option<(i64, i64)> {
        let recovers = self.recovers?.max(0);
        let earliest = if self.parks && self.gate == "restore" { (recovers - self.slo).max(0) } else { recovers };
        Some((earliest, recovers))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_interval_holds_the_truth_and_no_decisive_verdict_is_wrong(system in systems()) {
        let verdict = system.judged();
        let Some(measures) = &verdict.measures else {
            prop_assert_eq!(verdict.verdict, Decision::InvalidPlan, "only a plan that cannot resolve its RTO goes unmeasured: {:?}", verdict);
            prop_assert!(verdict.resolution.0 >= system.rto);
            return Ok(());
        };
        let interval = if system.gate == "cutover" { measures.cutover } else { measures.restore };
        let rto = verdict.objectives[0].verdict;
        match system.truth() {
            None => {
                prop_assert_eq!(interval.hi, None);
                prop_assert!(rto != Decision::Met);
            }
            Some((earliest, latest)) => {
                prop_assert!(interval.lo <= latest, "{:?} begins after the recovery at {}", interval, latest);
                let hi = interval.hi.expect("a recovery within the first half of the fault is seen");
                prop_assert!(hi >= earliest, "{:?} ends before the recovery at {}", interval, earliest);
                prop_assert!(hi - interval.lo <= verdict.resolution.0, "{:?} is wider than the resolution {:?}", interval, verdict.resolution);
                prop_assert!(rto != Decision::Met || earliest <= system.rto, "met, but the recovery came after the RTO");
                prop_assert!(rto != Decision::Missed || latest >= system.rto, "missed, but the recovery came before the RTO");
            }
        }
    }
}
