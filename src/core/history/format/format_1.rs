//! Format 1, as far as it differs from the newest: what 0.1.0 wrote before its first release. It is read for ever and never written again, so
//! nothing here changes but the way in which it becomes a record of the newest format.

use super::environment::EnvironmentRecord;
use super::guard::GuardsRecord;
use super::inventory::{ContactRecord, CredentialRecord, MailRecord, PriceRecord, ProviderRecord, ServiceRecord};
use super::objectives::DeclaredObjectivesRecord;
use super::plan::{PlanRecord, ScenarioRecord, WorkloadsRecord};
use super::runbook::RunbookRecord;
use super::started::{RunOriginRecord, StartedRecord};
use super::store::SecretStoreRecord;
use super::timeline::TimelineRecord;
use super::version::FORMAT;
use super::workload::{NamedWorkloadRecord, WorkloadRecord};
use crate::units::Seed;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A drill's first event.
#[derive(Deserialize)]
pub(super) struct StartedRecord1 {
    lifeboat: String,
    drill: String,
    seed: Seed,
    wall_clock: String,
    /// 0 where it was not recorded.
    #[serde(default)]
    wall_clock_error: u64,
    /// Of the first workload.
    gap_max: u64,
    /// Of those beside it.
    #[serde(default)]
    gaps_beside: Vec<u64>,
    #[serde(default)]
    drawn: bool,
    plan: PlanRecord1,
}

/// A plan: the first workload is that of the scenario, with the plan's service and objectives, and others may stand beside it.
#[derive(Deserialize)]
struct PlanRecord1 {
    scenario: ScenarioRecord1,
    runbook: Option<RunbookRecord>,
    environment_name: String,
    environment: EnvironmentRecord,
    service: ServiceRecord,
    providers: BTreeMap<String, ProviderRecord>,
    credentials: BTreeMap<String, CredentialRecord>,
    #[serde(default)]
    stores: BTreeMap<String, SecretStoreRecord>,
    contacts: BTreeMap<String, ContactRecord>,
    #[serde(default)]
    mail: Option<MailRecord>,
    #[serde(default)]
    prices: BTreeMap<String, PriceRecord>,
    objectives: DeclaredObjectivesRecord,
    /// Empty where the only workload has no name.
    #[serde(default)]
    workload: String,
    #[serde(default)]
    beside: Vec<NamedWorkloadRecord1>,
}

/// A workload beside the first.
#[derive(Deserialize)]
struct NamedWorkloadRecord1 {
    name: String,
    service_name: String,
    service: ServiceRecord,
    objectives: DeclaredObjectivesRecord,
    judged: bool,
    workload: WorkloadRecord,
}

#[derive(Deserialize)]
struct ScenarioRecord1 {
    name: String,
    title: String,
    service: String,
    runbook: Option<String>,
    traffic: WorkloadRecord,
    timeline: TimelineRecord,
    objectives: DeclaredObjectivesRecord,
    #[serde(default)]
    abort_when: GuardsRecord,
}

impl From<StartedRecord1> for StartedRecord {
    fn from(old: StartedRecord1) -> Self {
        let StartedRecord1 { lifeboat, drill, seed, wall_clock, wall_clock_error, gap_max, gaps_beside, drawn, plan } = old;
        let (format, origin, plan) = (FORMAT, RunOriginRecord::default(), plan.into());
        let gaps = std::iter::once(gap_max).chain(gaps_beside).collect();
        Self { format, lifeboat, drill, seed, wall_clock, wall_clock_error, origin, gaps, drawn, plan }
    }
}

impl From<PlanRecord1> for PlanRecord {
    fn from(old: PlanRecord1) -> Self {
        let PlanRecord1 { scenario, service, objectives, workload, beside, .. } = old;
        let (scenario, traffic) = scenario.split();
        let first = NamedWorkloadRecord {
            name: if workload.is_empty() { scenario.service.clone() } else { workload },
            service_name: scenario.service.clone(),
            service,
            objectives: objectives.into(),
            residency: Vec::new(),
            judged: true,
            workload: traffic,
        };
        Self {
            prediction: None,
            scenario,
            runbook: old.runbook,
            environment_name: old.environment_name,
            environment: old.environment,
            workloads: WorkloadsRecord::led_by(first, beside.into_iter().map(Into::into).collect()),
            providers: old.providers,
            credentials: old.credentials,
            stores: old.stores,
            secrets: BTreeMap::new(),
            contacts: old.contacts,
            mail: old.mail,
            prices: old.prices,
            parity: Vec::new(),
            keep: None,
            sabotage: None,
            most_tokens: BTreeMap::new(),
        }
    }
}

impl From<NamedWorkloadRecord1> for NamedWorkloadRecord {
    fn from(old: NamedWorkloadRecord1) -> Self {
        let NamedWorkloadRecord1 { name, service_name, service, objectives, judged, workload } = old;
        Self { name, service_name, service, objectives: objectives.into(), residency: Vec::new(), judged, workload }
    }
}

impl ScenarioRecord1 {
    /// The scenario, and what its first workload sends.
    fn split(self) -> (ScenarioRecord, WorkloadRecord) {
        let Self { name, title, service, runbook, traffic, timeline, objectives, abort_when } = self;
        (ScenarioRecord { name, title, service, runbook, timeline, objectives, abort_when, overlays: Vec::new() }, traffic)
    }
}
