//! Which request is due next, and when no more are: the schedule, what changes its rate, and what ends it.
//!
//! What this file does not do: wait.

use super::{Budget, Observed, PaceOrder, Schedule, Throttle};
use crate::history::{Event, Paced, Shed, request_id};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// So many requests are shed before whoever asks does something else.
const MOST_SHED: usize = 256;

/// The requests that are in flight, on all threads, and how many may be.
#[derive(Debug)]
pub(super) struct InFlight {
    count: AtomicUsize,
    bound: usize,
}

impl InFlight {
    pub(super) fn new(bound: u32) -> Self {
        Self { count: AtomicUsize::new(0), bound: bound as usize }
    }

    /// Counts one more, where there may be one. Only one thread does.
    fn begin(&self) -> bool {
        let may = self.count.load(Ordering::Relaxed) < self.bound;
        if may {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
        may
    }

    /// So many have ended and are recorded.
    pub(super) fn end(&self, count: usize) {
        self.count.fetch_sub(count, Ordering::Relaxed);
    }
}

/// The due times of a workload's requests.
#[derive(Debug)]
pub(super) struct PacedSchedule {
    schedule: Schedule,
    workload: usize,
    budget: Arc<Budget>,
    throttle: Throttle,
    stop: Arc<AtomicBool>,
    in_flight: Arc<InFlight>,
    /// From here on due times count, until the rate is changed from outside.
    zero: u64,
    /// The next; `None` once the schedule has none.
    next: Option<u64>,
    number: u64,
    /// When it was last looked at.
    looked: u64,
}

/// What is to be done at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextDue {
    /// This request is due, and counts as in flight.
    Now { id: u64, due: u64 },
    /// The next is due at this moment, if nothing changes.
    Later(u64),
    /// No more are.
    Ended(Observed),
}

impl PacedSchedule {
    /// Whose time zero is this moment.
    pub(super) fn new(
        mut schedule: Schedule,
        (workload, zero): (usize, u64),
        budget: Arc<Budget>,
        throttle: Throttle,
        stop: Arc<AtomicBool>,
        in_flight: Arc<InFlight>,
    ) -> Self {
        let next = schedule.next().map(|offset| zero + offset);
        Self { schedule, workload, budget, throttle, stop, in_flight, zero, next, number: 0, looked: zero }
    }

    /// What is next. What is not sent, and a change of rate, is added to `records`.
    pub(super) fn next(&mut self, now: u64, records: &mut Vec<Event>) -> NextDue {
        for _ in 0..MOST_SHED {
            let Some(due) = self.look(now, records) else { return self.ended(now) };
            if self.stop.load(Ordering::Relaxed) {
                return self.ended(due.min(now));
            }
            if due > now {
                return NextDue::Later(due);
            }
            let id = request_id(self.workload, self.number);
            let is_sent = self.in_flight.begin();
            if is_sent && !self.budget.begin(id) {
                self.in_flight.end(1);
                return self.ended(due);
            }
            self.number += 1;
            self.next = self.schedule.next().map(|offset| self.zero + offset);
            if is_sent {
                return NextDue::Now { id, due };
            }
            records.push(Event::Shed(Shed { id, due }));
        }
        NextDue::Later(now)
    }

    /// When the next is due, at the rate that counts now.
    fn look(&mut self, now: u64, records: &mut Vec<Event>) -> Option<u64> {
        if let Some(order) = self.throttle.take() {
            self.repace(order, records);
        }
        self.looked = now;
        self.next
    }

    const fn ended(&self, until: u64) -> NextDue {
        NextDue::Ended(Observed { requests: self.number, until })
    }

    /// From this moment on requests are due at another rate.
    fn repace(&mut self, PaceOrder { at, rate, step }: PaceOrder, records: &mut Vec<Event>) {
        let place = step.map_or_else(|| "eased".to_owned(), |step| format!("step {step}"));
        // What was due until it was last looked for was sent.
        self.zero = at.max(self.looked);
        self.schedule = self.schedule.at_rate(rate, &place);
        self.next = self.schedule.next().map(|offset| self.zero + offset);
        records.push(Event::Paced(Paced { at: self.zero, rate, step }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Arrivals, Workload};
    use crate::units::{Rate, Seed};

    const SECOND: u64 = 1_000_000_000;

    fn paced_schedule(bound: u32, budget: Budget) -> (PacedSchedule, Throttle, Arc<AtomicBool>) {
        let workload = Workload { arrivals: Arrivals::Constant, ..Workload::steady(Rate::per_second(10.0).unwrap()) };
        let (throttle, stop) = (Throttle::default(), Arc::new(AtomicBool::new(false)));
        let schedule = Schedule::new(&workload, Seed(1));
        let times =
            PacedSchedule::new(schedule, (0, SECOND), Arc::new(budget), throttle.clone(), stop.clone(), Arc::new(InFlight::new(bound)));
        (times, throttle, stop)
    }

    fn free() -> Budget {
        Budget::new(None, None, Vec::new())
    }

    #[test]
    fn what_is_due_beyond_the_bound_is_shed_and_said() {
        let (mut times, ..) = paced_schedule(1, free());
        let mut records = Vec::new();
        assert!(matches!(times.next(SECOND - 1, &mut records), NextDue::Later(due) if due < SECOND + SECOND / 10));
        assert!(matches!(times.next(2 * SECOND, &mut records), NextDue::Now { id: 0, .. }));
        assert!(matches!(times.next(2 * SECOND, &mut records), NextDue::Later(due) if due > 2 * SECOND));
        // Ten a second were due.
        let shed: Vec<u64> =
            records.iter().map(|event| if let Event::Shed(shed) = event { shed.id } else { panic!("{event:?}") }).collect();
        assert_eq!(shed, (1..10).collect::<Vec<u64>>());
        times.in_flight.end(1);
        assert!(matches!(times.next(3 * SECOND, &mut records), NextDue::Now { id: 10, .. }));
    }

    #[test]
    fn a_rate_changes_from_its_order_on_and_what_was_due_next_is_not() {
        let (mut times, throttle, stop) = paced_schedule(9, free());
        let mut records = Vec::new();
        throttle.set(PaceOrder { at: 5 * SECOND, rate: Rate::per_second(1000.0).unwrap(), step: Some(0) });
        assert!(matches!(times.next(5 * SECOND, &mut records), NextDue::Later(due) if due < 5 * SECOND + SECOND / 1000));
        assert_eq!(times.zero, 5 * SECOND);
        assert!(matches!(records.as_slice(), [Event::Paced(Paced { step: Some(0), .. })]));
        assert!(matches!(times.next(5 * SECOND + SECOND / 500, &mut records), NextDue::Now { id: 0, .. }));
        stop.store(true, Ordering::Relaxed);
        assert!(matches!(times.next(5 * SECOND, &mut records), NextDue::Ended(Observed { requests: 1, until }) if until == 5 * SECOND));
    }

    #[test]
    fn a_budget_that_is_spent_ends_it_before_the_request_that_it_does_not_pay() {
        let (mut times, ..) = paced_schedule(9, Budget::new(None, Some(1), Vec::new()));
        let mut records = Vec::new();
        assert!(matches!(times.next(2 * SECOND, &mut records), NextDue::Now { id: 0, .. }));
        assert!(matches!(times.next(2 * SECOND, &mut records), NextDue::Ended(Observed { requests: 1, .. })));
    }
}
