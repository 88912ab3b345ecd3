//! When the reference gateway leaves a provider alone. A pure state machine: the caller brings the time and tells how tries ended.
//!
//! ```text
//!            `failures` failures in a row               `cooldown` is over and a request comes
//!   closed ─────────────────────────────► open ────────────────────────────────────────► half-open
//!      ▲                                   ▲                                                  │ │
//!      │                                   └──────────────── a probe fails ───────────────────┘ │
//!      └──────────────────────────────────── `probes` probes in a row succeed ──────────────────┘
//! ```
//!
//! While it is half-open, one request at a time passes as a probe; all others are turned away to the next provider.
//!
//! Tries outlast states: with a provider that hangs, dozens are still waiting when the breaker opens, and they all fail afterwards. A
//! pass therefore carries the epoch in which it was given, and every change of state begins a new epoch. How a try of an
//! earlier epoch ended changes nothing any more: it neither extends a cooldown, nor fails a probe that it was not, nor closes
//! anything. Failures in a row are counted in the order in which tries end, not in which they began.

use crate::history;
use crate::journal::HostTime;
use crate::model;

/// The breaker of one provider.
#[derive(Debug)]
pub(super) struct CircuitBreaker {
    settings: model::BreakerSettings,
    state: BreakerState,
    epoch: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BreakerState {
    Closed { failures: u32 },
    Open { until: HostTime },
    HalfOpen { successes: u32, probing: bool },
}

/// Leave to try the provider once. Must come back to [`CircuitBreaker::settle`], or a probe's place stays taken.
#[derive(Debug)]
#[must_use]
pub(super) struct Pass {
    epoch: u64,
}

/// How a try ended, as far as it tells about the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TryEnd {
    /// The provider answered.
    Answered,
    /// It did not, or answered that it cannot.
    Failed,
    /// The client hung up first: nothing is known.
    Abandoned,
}

impl CircuitBreaker {
    /// Closed. A count of zero means one: a breaker that opens before a failure or closes before a probe is none.
    pub(super) fn new(settings: model::BreakerSettings) -> Self {
        let settings = model::BreakerSettings { failures: settings.failures.max(1), probes: settings.probes.max(1), ..settings };
        Self { settings, state: BreakerState::Closed { failures: 0 }, epoch: 0 }
    }

    /// Whether a try may be made now.
    pub(super) fn admit(&mut self, now: HostTime) -> Option<Pass> {
        match &mut self.state {
            BreakerState::Closed { .. } => {}
            BreakerState::Open { until } if now < *until => return None,
            BreakerState::Open { .. } => self.enter(BreakerState::HalfOpen { successes: 0, probing: true }),
            BreakerState::HalfOpen { probing: true, .. } => return None,
            BreakerState::HalfOpen { probing, .. } => *probing = true,
        }
        Some(Pass { epoch: self.epoch })
    }

    /// Takes in how a try ended.
    pub(super) fn settle(&mut self, pass: Pass, end: TryEnd, now: HostTime) {
        if pass.epoch != self.epoch {
            return;
        }
        match (self.state, end) {
            (BreakerState::Closed { .. }, TryEnd::Answered) => self.state = BreakerState::Closed { failures: 0 },
            (BreakerState::Closed { failures }, TryEnd::Failed) if failures + 1 < self.settings.failures => {
                self.state = BreakerState::Closed { failures: failures + 1 };
            }
            (BreakerState::HalfOpen { successes, .. }, TryEnd::Answered) if successes + 1 < self.settings.probes => {
                self.state = BreakerState::HalfOpen { successes: successes + 1, probing: false };
            }
            (BreakerState::HalfOpen { successes, .. }, TryEnd::Abandoned) => {
                self.state = BreakerState::HalfOpen { successes, probing: false }
            }
            (BreakerState::HalfOpen { .. }, TryEnd::Answered) => self.enter(BreakerState::Closed { failures: 0 }),
            (BreakerState::Closed { .. } | BreakerState::HalfOpen { .. }, TryEnd::Failed) => {
                self.enter(BreakerState::Open { until: self.cooled(now) });
            }
            (BreakerState::Closed { .. }, TryEnd::Abandoned) | (BreakerState::Open { .. }, _) => {}
        }
    }

    /// The state's word.
    pub(super) const fn state(&self) -> history::Breaker {
        match self.state {
            BreakerState::Closed { .. } => history::Breaker::Closed,
            BreakerState::Open { .. } => history::Breaker::Open,
            BreakerState::HalfOpen { .. } => history::Breaker::HalfOpen,
        }
    }

    /// Failures in a row; once it is open, those that opened it.
    pub(super) const fn failures(&self) -> u32 {
        match self.state {
            BreakerState::Closed { failures } => failures,
            BreakerState::Open { .. } | BreakerState::HalfOpen { .. } => self.settings.failures,
        }
    }

    fn enter(&mut self, state: BreakerState) {
        self.state = state;
        self.epoch += 1;
    }

    const fn cooled(&self, now: HostTime) -> HostTime {
        HostTime(now.0.saturating_add(self.settings.cooldown.std().as_nanos() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::TryEnd::{Abandoned, Answered, Failed};
    use super::*;
    use crate::history::Breaker::{Closed, HalfOpen, Open};
    use crate::units::Duration;

    /// What happens in a row of a table; tries are named by numbers.
    enum Act {
        /// A request comes and must pass.
        Passes(usize),
        /// A request comes and must be turned away.
        Refused,
        /// A try ends.
        Ends(usize, TryEnd),
    }
    use Act::{Ends, Passes, Refused};

    /// Three failures open it for 100 ns, two probes close it.
    fn play(table: &[(u64, Act, history::Breaker)]) {
        let mut breaker = CircuitBreaker::new(model::BreakerSettings { failures: 3, cooldown: Duration::from_nanos(100), probes: 2 });
        let mut passes: Vec<Option<Pass>> = (0..10).map(|_| None).collect();
        for (row, (now, act, after)) in table.iter().enumerate() {
            let now = HostTime(*now);
            match act {
                Passes(name) => passes[*name] = Some(breaker.admit(now).unwrap_or_else(|| panic!("row {row}: refused"))),
                Refused => assert!(breaker.admit(now).is_none(), "row {row}: passed"),
                Ends(name, end) => breaker.settle(passes[*name].take().unwrap(), *end, now),
            }
            assert_eq!(breaker.state(), *after, "after row {row}");
        }
    }

    #[test]
    fn failures_in_a_row_open_it_and_an_answer_between_them_starts_the_count_again() {
        play(&[
            (0, Passes(0), Closed),
            (1, Ends(0, Failed), Closed),
            (2, Passes(0), Closed),
            (3, Ends(0, Failed), Closed),
            (4, Passes(0), Closed),
            (5, Ends(0, Answered), Closed),
            (6, Passes(0), Closed),
            (7, Passes(1), Closed),
            (8, Passes(2), Closed),
            (9, Ends(0, Failed), Closed),
            (9, Ends(1, Failed), Closed),
            (10, Ends(2, Failed), Open),
            (109, Refused, Open),
        ]);
    }

    fn opened_at_10_with_two_late() -> Vec<(u64, Act, history::Breaker)> {
        let mut table: Vec<_> = (0..5).map(|name| (0, Passes(name), Closed)).collect();
        table.extend([(10, Ends(0, Failed), Closed), (10, Ends(1, Failed), Closed), (10, Ends(2, Failed), Open)]);
        table
    }

    #[test]
    fn one_probe_at_a_time_and_two_in_a_row_close_it() {
        let mut table = opened_at_10_with_two_late();
        table.extend([
            (109, Refused, Open),
            (110, Passes(5), HalfOpen),
            (111, Refused, HalfOpen),
            (120, Ends(5, Answered), HalfOpen),
            (121, Passes(6), HalfOpen),
            (121, Refused, HalfOpen),
            (130, Ends(6, Answered), Closed),
            (131, Passes(7), Closed),
            (131, Passes(8), Closed),
        ]);
        play(&table);
    }

    #[test]
    fn a_failed_probe_opens_it_for_a_fresh_cooldown() {
        let mut table = opened_at_10_with_two_late();
        table.extend([
            (110, Passes(5), HalfOpen),
            (120, Ends(5, Answered), HalfOpen),
            (121, Passes(5), HalfOpen),
            (150, Ends(5, Failed), Open),
            (249, Refused, Open),
            (250, Passes(5), HalfOpen),
            (251, Ends(5, Answered), HalfOpen),
            (252, Passes(6), HalfOpen),
            (253, Ends(6, Answered), Closed),
        ]);
        play(&table);
    }

    #[test]
    fn tries_from_before_it_opened_change_nothing_when_they_end() {
        let mut table = opened_at_10_with_two_late();
        table.extend([
            (90, Ends(3, Failed), Open),
            (110, Passes(5), HalfOpen),
            // Neither is the probe: the one may not fail it, nor free its place.
            (111, Ends(4, Failed), HalfOpen),
            (112, Refused, HalfOpen),
            (120, Ends(5, Answered), HalfOpen),
        ]);
        play(&table);
        let mut table = opened_at_10_with_two_late();
        table.extend([(20, Ends(3, Answered), Open), (109, Refused, Open), (110, Passes(5), HalfOpen), (111, Ends(4, Answered), HalfOpen)]);
        play(&table);
    }

    #[test]
    fn a_client_that_hangs_up_frees_the_probes_place_and_proves_nothing() {
        let mut table = opened_at_10_with_two_late();
        table.extend([
            (110, Passes(5), HalfOpen),
            (115, Ends(5, Abandoned), HalfOpen),
            (116, Passes(5), HalfOpen),
            (117, Ends(5, Answered), HalfOpen),
            (118, Passes(5), HalfOpen),
            (119, Ends(5, Abandoned), HalfOpen),
            (120, Passes(5), HalfOpen),
            (121, Ends(5, Answered), Closed),
        ]);
        play(&table);
    }
}
