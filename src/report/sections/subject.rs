//! One workload of a drill, with its verdict and what was seen of it: what most sections are about.

use crate::model::GatewayKind;
use crate::report::digest::{Digest, FlowTraces, WorkloadDigest};
use crate::verdict::Verdict;

/// What a section is about.
#[derive(Clone, Copy)]
pub(in crate::report) struct Subject<'a> {
    /// The verdict on it.
    pub(in crate::report) verdict: &'a Verdict,
    /// What was seen of the whole drill.
    pub(in crate::report) digest: &'a Digest,
    /// What was seen of the workload.
    pub(in crate::report) workload: &'a WorkloadDigest,
}

impl<'a> Subject<'a> {
    /// One for each workload that is judged.
    pub(in crate::report) fn each(verdict: &'a Verdict, digest: &'a Digest) -> Vec<Self> {
        let first = &digest.flows[digest.started.as_ref().map_or(0, |started| started.plan.workloads.lead())];
        if verdict.workloads.is_empty() {
            return vec![Self { verdict, digest, workload: first }];
        }
        let seen = |name: &str| {
            let named = |flow: &&WorkloadDigest| flow.named.as_ref().is_some_and(|named| named.name == name);
            digest.flows.iter().find(named).unwrap_or(first)
        };
        verdict.workloads.iter().map(|of| Self { verdict: &of.verdict, digest, workload: seen(&of.name) }).collect()
    }

    /// The name of the workload, where there are several.
    pub(in crate::report) fn name(&self) -> Option<&'a str> {
        self.workload.named.as_ref().filter(|_| self.digest.has_several_workloads()).map(|named| named.name.as_str())
    }

    /// Its place among the workloads of the plan.
    pub(in crate::report) fn place(&self) -> usize {
        self.digest.flows.iter().position(|flow| std::ptr::eq(flow, self.workload)).unwrap_or(0)
    }

    /// What shows findings about it.
    pub(in crate::report) fn traces(&self) -> FlowTraces {
        let place = self.digest.flows.iter().position(|flow| std::ptr::eq(flow, self.workload));
        place.and_then(|place| self.digest.traces.flows.get(&place)).cloned().unwrap_or_default()
    }

    /// Which gateway answers for its service, where that is known.
    pub(in crate::report) fn gateway(&self) -> Option<GatewayKind> {
        let (started, named) = self.digest.started.as_ref().zip(self.workload.named.as_ref())?;
        started.plan.environment.gateway_of(&named.service_name)
    }

    /// The same at the beginning of a sentence.
    pub(in crate::report) fn gateway_name(&self) -> &'static str {
        match self.gateway() {
            None | Some(GatewayKind::Other) => "The gateway",
            Some(GatewayKind::Reference) => "The reference gateway",
            Some(known) => known.name(),
        }
    }

    /// The providers of its service that faults were on, each once. Keys that were revoked or replaced are no such faults.
    pub(in crate::report) fn broken(&self) -> Vec<&'a str> {
        let (Some(started), Some(named)) = (&self.digest.started, &self.workload.named) else { return Vec::new() };
        let mut broken: Vec<&str> = Vec::new();
        for planned in &started.plan.scenario.timeline.faults {
            let is_own =
                named.service.providers.contains(&planned.on) && planned.fault.of_credential().is_none() && !planned.fault.is_rotation();
            if is_own && !broken.contains(&planned.on.as_str()) {
                broken.push(&planned.on);
            }
        }
        broken
    }

    /// The providers of its service that no fault was on, and that serve only where another does not.
    pub(in crate::report) fn standbys(&self) -> Vec<&'a str> {
        let Some(named) = &self.workload.named else { return Vec::new() };
        let broken = self.broken();
        let primaries = named.service.primaries();
        named
            .service
            .providers
            .iter()
            .filter(|name| !primaries.contains(name))
            .map(String::as_str)
            .filter(|name| !broken.contains(name))
            .collect()
    }
}
