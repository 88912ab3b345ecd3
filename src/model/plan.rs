//! Everything that one drill needs, gathered from inventory, scenario and runbook, and checked across them.

use super::{Contact, Credential, Environment, Objectives, Provider, Runbook, Scenario, Service};
use crate::units::Duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that one drill needs. A history begins with it, so that a verdict can be recomputed from the file alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DrillPlan {
    /// What goes wrong. Its `objectives` are those of [`DrillPlan::objectives`] only after they were resolved.
    pub scenario: Scenario,
    /// What answers.
    pub runbook: Option<Runbook>,
    /// The name of the environment.
    pub environment_name: String,
    /// Where it runs.
    pub environment: Environment,
    /// Whose users are watched.
    pub service: Service,
    /// The providers of the service and of every fault, by name.
    pub providers: BTreeMap<String, Provider>,
    /// The credentials of those providers, by reference.
    pub credentials: BTreeMap<String, Credential>,
    /// The contacts that the runbook names.
    pub contacts: BTreeMap<String, Contact>,
    /// Resolved: the scenario's, else the service's, else the defaults. Nothing but caps is unset.
    pub objectives: Objectives,
}

impl DrillPlan {
    /// The largest gap between two requests that the arrivals plan, as far as it is known without a seed: 1/λ, one and a
    /// half of it for jittered slots, and for Poisson the length that no gap of the drill exceeds with a probability of 95 %.
    pub fn gap_expected(&self) -> Duration {
        use super::Arrivals;
        let gap = self.scenario.traffic.rate.gap();
        match self.scenario.traffic.arrivals {
            Arrivals::Constant => gap,
            Arrivals::Jittered => Duration::from_nanos(gap.as_nanos() / 2 * 3),
            Arrivals::Poisson => {
                let requests = (self.scenario.timeline.total().as_secs_f64() / gap.as_secs_f64()).max(1.0);
                std::time::Duration::from_secs_f64(gap.as_secs_f64() * (requests / 0.05).ln()).into()
            }
        }
    }
}
