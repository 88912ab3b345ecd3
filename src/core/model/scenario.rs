//! A story of what goes wrong.

use super::{Aim, DeclaredObjectives, Fault, Guard, Overlay};
use crate::units::{Duration, Money};
use serde::{Deserialize, Serialize};

/// A story of what goes wrong, and what is expected then.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scenario {
    /// Its name, for example `azure-outage`.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// The service whose users are watched.
    pub service: String,
    /// The runbook that answers, as a path from the project's root; `None` leaves recovery to the gateway.
    pub runbook: Option<String>,
    /// What happens when.
    pub timeline: Timeline,
    /// What was promised; wins over the service's objectives.
    pub objectives: DeclaredObjectives,
    /// When to stop for safety: each of these does it alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub abort_when: Vec<Guard>,
    /// Series of the team's own that its report shows (`overlay` in YAML).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overlays: Vec<Overlay>,
}

impl Scenario {
    /// The least that any of its guards lets it spend.
    pub fn spend_above(&self) -> Option<Money> {
        let spend = |guard: &Guard| if let super::GuardWatch::Spend(most) = guard.watches { Some(most) } else { None };
        self.abort_when.iter().filter_map(spend).min()
    }
}

/// What happens when. Zero is the moment of the first fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// Undisturbed traffic before the first fault.
    pub baseline: Duration,
    /// Faults in the order of their starts. Never empty.
    pub faults: Vec<PlannedFault>,
    /// Traffic after the last fault is healed: failback is measured too.
    pub watch: Duration,
}

impl Timeline {
    /// From the first fault to the last heal.
    pub fn disruption(&self) -> Duration {
        self.faults.iter().map(|fault| fault.at.plus(fault.length)).max().unwrap_or(Duration::ZERO)
    }

    /// The same of those faults alone that touch one of these providers; of all where none does.
    pub fn disruption_of(&self, providers: &[String]) -> Duration {
        let touching = || self.faults.iter().filter(|fault| providers.contains(&fault.on));
        let from = touching().map(|fault| fault.at).min().unwrap_or(Duration::ZERO);
        let until = touching().map(|fault| fault.at.plus(fault.length)).max().unwrap_or_else(|| self.disruption());
        Duration::from_nanos(until.as_nanos().saturating_sub(from.as_nanos()))
    }

    /// From the first request to the last.
    pub fn total(&self) -> Duration {
        self.baseline.plus(self.disruption()).plus(self.watch)
    }
}

/// One fault on the timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedFault {
    /// From the first fault.
    pub at: Duration,
    /// The provider that is broken.
    pub on: String,
    /// How.
    pub fault: Fault,
    /// Which requests it takes (in YAML beside the fault's own settings).
    #[serde(default, skip_serializing_if = "Aim::is_everything")]
    pub aim: Aim,
    /// For how long (`for` in YAML).
    pub length: Duration,
}
