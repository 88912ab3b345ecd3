//! Format 1, as far as it differs from the newest: what 0.1.0 wrote before its first release. It is read for ever and never written again, so
//! nothing here changes but the way in which it becomes a record of the newest format.

use super::environment::EnvironmentRecord;
use super::inventory::{ContactRecord, CredentialRecord, MailRecord, PriceRecord, ProviderRecord, ServiceRecord};
use super::objectives::ObjectivesRecord;
use super::plan::{NamedWorkloadRecord, PlanRecord, ScenarioRecord};
use super::runbook::RunbookRecord;
use super::started::{RunOriginRecord, StartedRecord};
use super::store::SecretStoreRecord;
use super::timeline::{GuardRecord, TimelineRecord};
use super::version::FORMAT;
use super::workload::WorkloadRecord;
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
    objectives: ObjectivesRecord,
    /// Empty where the only workload has no name.
    #[serde(default)]
    workload: String,
    #[serde(default)]
    beside: Vec<NamedWorkloadRecord>,
}

#[derive(Deserialize)]
struct ScenarioRecord1 {
    name: String,
    title: String,
    service: String,
    runbook: Option<String>,
    traffic: WorkloadRecord,
    timeline: TimelineRecord,
    objectives: ObjectivesRecord,
    abort_when: Option<GuardRecord>,
}

impl From<StartedRecord1> for StartedRecord {
    fn from(old: StartedRecord1) -> Self {
        let StartedRecord1 { lifeboat, drill, seed, wall_clock, wall_clock_error, gap_max, gaps_beside, drawn, plan } = old;
        let (format, origin, plan) = (FORMAT, RunOriginRecord::default(), plan.into());
        Self { format, lifeboat, drill, seed, wall_clock, wall_clock_error, origin, gap_max, gaps_beside, drawn, plan }
    }
}

impl From<PlanRecord1> for PlanRecord {
    fn from(old: PlanRecord1) -> Self {
        Self {
            scenario: old.scenario.into(),
            runbook: old.runbook,
            environment_name: old.environment_name,
            environment: old.environment,
            service: old.service,
            providers: old.providers,
            credentials: old.credentials,
            stores: old.stores,
            contacts: old.contacts,
            mail: old.mail,
            prices: old.prices,
            objectives: old.objectives,
            workload: old.workload,
            beside: old.beside,
        }
    }
}

impl From<ScenarioRecord1> for ScenarioRecord {
    fn from(old: ScenarioRecord1) -> Self {
        let ScenarioRecord1 { name, title, service, runbook, traffic, timeline, objectives, abort_when } = old;
        Self { name, title, service, runbook, traffic, timeline, objectives, abort_when }
    }
}
