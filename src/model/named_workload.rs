//! A workload with whom it asks and what was promised to those whom it stands for.

use super::{DrillPlan, Objectives, Service, Workload};
use serde::{Deserialize, Serialize};

/// The most workloads that a drill can have.
pub const WORKLOADS_MAX: usize = 16;

/// One of the workloads of a drill. The first is the instrument; its verdict leads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedWorkload {
    /// Its name. Where a scenario gives the only one none, that of its service.
    pub name: String,
    /// The name of the service that it asks.
    pub service_name: String,
    /// That service.
    pub service: Service,
    /// What was promised: its own, else those of its service, else the defaults.
    pub objectives: Objectives,
    /// False for pure load: nothing is held against its objectives.
    pub judged: bool,
    /// What it sends, and when.
    pub workload: Workload,
}

impl NamedWorkload {
    /// How many of its requests may be on their way at once, where a k6 sends them.
    pub fn on_the_way(&self) -> u64 {
        let open = self.workload.rate.as_per_second() * self.objectives.deadline.as_secs_f64();
        (open.ceil() as u64).min(u64::from(self.workload.max_in_flight))
    }
}

impl DrillPlan {
    /// Every workload, the first one first.
    pub fn workloads(&self) -> Vec<NamedWorkload> {
        let service_name = &self.scenario.service;
        let first = NamedWorkload {
            name: if self.workload.is_empty() { service_name.clone() } else { self.workload.clone() },
            service_name: service_name.clone(),
            service: self.service.clone(),
            objectives: self.objectives,
            judged: true,
            workload: self.scenario.traffic.clone(),
        };
        std::iter::once(first).chain(self.beside.iter().cloned()).collect()
    }

    /// The plan as if the workload at this place were the only one. Out of place, the plan of the first.
    #[must_use]
    pub fn alone(&self, place: usize) -> Self {
        let mut plan = Self { beside: Vec::new(), ..self.clone() };
        if let Some(other) = place.checked_sub(1).and_then(|place| self.beside.get(place)).cloned() {
            plan.workload = other.name;
            plan.scenario.service = other.service_name;
            plan.scenario.traffic = other.workload;
            plan.service = other.service;
            plan.objectives = other.objectives;
        }
        plan
    }
}
