//! The workloads of a drill, each with whom it asks and what was promised to those whom it stands for.

use super::{Objectives, Service, Workload};
use serde::Serialize;
use std::ops::Deref;

/// The most workloads that a drill can have.
pub const WORKLOADS_MAX: usize = 16;

/// One workload of a drill: what it sends to which service, and what was promised to the users whom it stands for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NamedWorkload {
    /// Its name. Where a scenario gives the only one none, that of its service.
    pub name: String,
    /// The name of the service that it asks.
    pub service_name: String,
    /// That service.
    pub service: Service,
    /// What was promised: its own, else the scenario's where it asks the scenario's service, else those of its service, else the defaults.
    pub objectives: Objectives,
    /// The legal areas that its requests may reach; empty where nothing was promised of that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub residency: Vec<String>,
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

/// The workloads of a drill: a list of at least one, in the order of the scenario. All are alike but for one thing: one of them leads. It is the
/// instrument that bars, guards of a runbook and canaries look at, and whose measures stand first in a verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Workloads {
    each: Vec<NamedWorkload>,
    lead: usize,
}

impl Workloads {
    /// From a scenario's list, whose first leads; `None` where it has none.
    pub fn new(each: Vec<NamedWorkload>) -> Option<Self> {
        Self::led_by(each, 0)
    }

    /// The same with the one at this place leading; `None` where there is none there.
    pub fn led_by(each: Vec<NamedWorkload>, lead: usize) -> Option<Self> {
        (lead < each.len()).then_some(Self { each, lead })
    }

    /// The place of the one that leads.
    pub const fn lead(&self) -> usize {
        self.lead
    }

    /// The one that leads.
    pub fn leading(&self) -> &NamedWorkload {
        &self.each[self.lead]
    }

    /// The others with their places.
    pub fn others(&self) -> impl Iterator<Item = (usize, &NamedWorkload)> {
        self.each.iter().enumerate().filter(|(place, _)| *place != self.lead)
    }

    /// True where it must be said which one is meant.
    pub fn are_several(&self) -> bool {
        self.each.len() > 1
    }
}

impl From<NamedWorkload> for Workloads {
    fn from(only: NamedWorkload) -> Self {
        Self { each: vec![only], lead: 0 }
    }
}

impl Deref for Workloads {
    type Target = [NamedWorkload];

    fn deref(&self) -> &[NamedWorkload] {
        &self.each
    }
}

impl std::ops::DerefMut for Workloads {
    fn deref_mut(&mut self) -> &mut [NamedWorkload] {
        &mut self.each
    }
}

impl<'a> IntoIterator for &'a Workloads {
    type Item = &'a NamedWorkload;
    type IntoIter = std::slice::Iter<'a, NamedWorkload>;

    fn into_iter(self) -> Self::IntoIter {
        self.each.iter()
    }
}
