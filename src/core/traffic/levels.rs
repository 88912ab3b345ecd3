//! The ages at which an open request is recorded as overdue: the service level, and what guards and runbooks look at.
//!
//! What this file does not do: count. `history` folds what is recorded of requests that are open for so long.

use crate::model::{DrillPlan, Goal, SloOn};
use crate::units::Duration;

/// Guards and runbooks that look back further than this are told after this long already that nothing ends.
const SILENCE: Duration = Duration::from_secs(1);

/// The ages at which an open request is recorded as overdue. What decides while the drill runs (guards, waiting steps) needs it before the request
/// has ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Levels {
    /// Nanoseconds from when a request was due, ascending.
    after: Vec<u64>,
    /// True where a request that has its first content is no longer waited for.
    pub(super) until_proof: bool,
}

impl Levels {
    /// Those of the workload at this index, which the plan has.
    pub fn of(plan: &DrillPlan, index: usize) -> Self {
        let (objectives, leads) = (&plan.workloads[index].objectives, index == plan.workloads.lead());
        let guards = plan.scenario.abort_when.iter().filter(|guard| guard.looks_at_traffic());
        let guards = guards.flat_map(|guard| guard.latencies().chain([guard.window()]));
        let looked_at = |goal: &Goal| match goal {
            Goal::Latency { below, .. } => Some(*below),
            Goal::Success { over, .. } => Some((*over).min(SILENCE)),
            _ => None,
        };
        // A runbook looks at the leading workload only.
        let goals = plan.runbook.iter().filter(|_| leads).flat_map(|runbook| runbook.awaited().filter_map(looked_at));
        let mut after: Vec<u64> = std::iter::once(objectives.slo).chain(guards).chain(goals).map(Duration::as_nanos).collect();
        after.sort_unstable();
        after.dedup();
        // What lasts longer than its service level is known to be bad; nobody asks for how much longer, but for latencies.
        Self { after, until_proof: objectives.slo_on == SloOn::Proof }
    }

    /// These, ascending, until the end of a request.
    #[cfg(test)]
    pub(super) fn at(after: &[Duration]) -> Self {
        Self { after: after.iter().map(|after| after.as_nanos()).collect(), until_proof: false }
    }

    /// Those that a request can reach before it is given up.
    pub(super) fn below(&self, deadline: Duration) -> impl Iterator<Item = u64> + '_ {
        self.after.iter().copied().take_while(move |after| *after < deadline.as_nanos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(after: &[u64]) -> Levels {
        Levels::at(&after.iter().map(|millis| Duration::from_millis(*millis)).collect::<Vec<_>>())
    }

    #[test]
    fn a_level_at_the_deadline_is_none_for_then_the_request_is_given_up() {
        let below = |deadline| levels(&[100, 200, 300]).below(Duration::from_millis(deadline)).count();
        assert_eq!([below(99), below(100), below(101), below(300), below(301)], [0, 0, 1, 2, 3]);
    }
}
