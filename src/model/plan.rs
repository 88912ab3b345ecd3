//! Everything that one drill needs, gathered from inventory, scenario and runbook, and checked across them.

use super::{Contact, Credential, Environment, Objectives, Price, Provider, Runbook, Scenario, Service, origin_and_path};
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
    /// What a provider's tokens cost, by name, where that is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prices: BTreeMap<String, Price>,
    /// Resolved: the scenario's, else the service's, else the defaults. Nothing but caps is unset.
    pub objectives: Objectives,
}

impl DrillPlan {
    /// How many requests the traffic plans, warm-up included.
    pub fn requests(&self) -> u64 {
        let planned = (self.scenario.timeline.total().as_secs_f64() * self.scenario.traffic.rate.as_per_second()).round() as u64;
        planned + u64::from(self.environment.start.as_ref().map_or(0, |start| start.warm_up))
    }

    /// True where somebody will send a bill: some provider is neither imitated nor on this very host.
    pub fn is_paid(&self) -> bool {
        let local = |url: &str| {
            let host = origin_and_path(url).0.split_once("://").map_or("", |(_, rest)| rest);
            let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
            host == "localhost" || host == "::1" || host.starts_with("127.")
        };
        let asked = |name: &&String| self.providers.get(*name).and_then(|provider| provider.base_url.as_deref());
        !self.environment.embedded && self.service.providers.iter().filter_map(|name| asked(&name)).any(|url| !local(url))
    }

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
