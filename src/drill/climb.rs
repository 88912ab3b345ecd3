//! The climb of a drill whose traffic does so in steps: when each begins, and when it ends.
//!
//! It begins so long after the first fault is in force, and each step lasts as long as the others. A step is looked at twice: when it ends, by
//! the requests of which everything is known by then, and a service level later, by all of them. Once one is broken the rate falls to that of the last
//! step before it, or to the usual rate: what is not borne is asked of nobody for longer than it takes to see it, and whether the standby
//! recovers is seen too.
//!
//! What this file does not do: judge (`verdict::capacity`).

use crate::history::{ClimbTally, Live};
use crate::journal::Clock;
use crate::model::{Bearing, DrillPlan, LoadSteps, NamedWorkload};
use crate::traffic::{PaceOrder, Throttle};
use crate::units::{Duration, Rate};
use std::sync::Arc;
use tokio::sync::watch;

/// Events need so long from where they happen to the live view.
const ON_THE_WAY: Duration = Duration::from_millis(100);

/// Climbs, where the leading workload of the plan does so.
pub(super) async fn climb(plan: &DrillPlan, throttle: Throttle, live: watch::Receiver<Arc<Live>>, clock: Clock) {
    let leading = plan.workloads.leading();
    let Some(steps) = &leading.workload.steps else { return };
    let climber = Climber { steps, leading, throttle, live, clock };
    climber.run().await;
}

struct Climber<'p> {
    steps: &'p LoadSteps,
    leading: &'p NamedWorkload,
    throttle: Throttle,
    live: watch::Receiver<Arc<Live>>,
    clock: Clock,
}

impl Climber<'_> {
    async fn run(mut self) {
        let confirmed = |live: &Arc<Live>| live.faults.iter().filter_map(|fault| fault.confirmed).min();
        let Ok(zero) = self.live.wait_for(|live| confirmed(live).is_some()).await.map(|live| confirmed(&live).unwrap_or(0)) else { return };
        let (mut at, slo) = (zero + self.steps.after.as_nanos(), self.leading.objectives.slo.plus(ON_THE_WAY).as_nanos());
        for (place, rate) in self.steps.rates.iter().enumerate() {
            self.until(at).await;
            self.order(*rate, u32::try_from(place).ok());
            if place > 0 {
                self.until(at + slo).await;
                if self.is_broken(place - 1, false) {
                    return self.ease(place - 1);
                }
            }
            at += self.steps.each.as_nanos();
            self.until(at).await;
            if self.is_broken(place, true) {
                return self.ease(place);
            }
        }
        self.until(at + slo).await;
        let last = self.steps.rates.len() - 1;
        if self.is_broken(last, false) { self.ease(last) } else { self.order(self.leading.workload.rate, None) }
    }

    /// Falls back to what was borne before this step.
    fn ease(&self, broken: usize) {
        let borne = broken.checked_sub(1).map_or(self.leading.workload.rate, |before| self.steps.rates[before]);
        self.order(borne, None);
    }

    fn order(&self, rate: Rate, step: Option<u32>) {
        self.throttle.set(PaceOrder { at: self.clock.now(), rate, step });
    }

    fn is_broken(&self, step: usize, settled: bool) -> bool {
        let seen = |climb: &ClimbTally| Bearing::of(climb.bad(step, settled), self.leading.objectives.success) == Bearing::Broken;
        self.live.borrow().climb.as_ref().is_some_and(seen)
    }

    async fn until(&self, moment: u64) {
        tokio::time::sleep(self.clock.until(moment)).await;
    }
}
