//! The plan of a drill, and that of an execution.

use super::environment::EnvironmentRecord;
use super::inventory::{ContactRecord, CredentialRecord, MailRecord, PriceRecord, ProviderRecord, ServiceRecord};
use super::objectives::ObjectivesRecord;
use super::record::record;
use super::runbook::RunbookRecord;
use super::store::SecretStoreRecord;
use super::timeline::{GuardRecord, TimelineRecord};
use super::workload::WorkloadRecord;
use crate::model::{DrillPlan, ExecutionPlan, NamedWorkload, Scenario, SourceFile};
use std::collections::BTreeMap;

record! {
    struct PlanRecord of DrillPlan {
        scenario: ScenarioRecord,
        runbook: Option<RunbookRecord>,
        environment_name: String,
        environment: EnvironmentRecord,
        service: ServiceRecord,
        providers: BTreeMap<String, ProviderRecord>,
        credentials: BTreeMap<String, CredentialRecord>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        stores: BTreeMap<String, SecretStoreRecord>,
        contacts: BTreeMap<String, ContactRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mail: Option<MailRecord>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        prices: BTreeMap<String, PriceRecord>,
        objectives: ObjectivesRecord,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        workload: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        beside: Vec<NamedWorkloadRecord>,
    }
}

record! {
    struct ScenarioRecord of Scenario {
        name: String,
        title: String,
        service: String,
        runbook: Option<String>,
        traffic: WorkloadRecord,
        timeline: TimelineRecord,
        objectives: ObjectivesRecord,
        abort_when: Option<GuardRecord>,
    }
}

record! {
    struct NamedWorkloadRecord of NamedWorkload {
        name: String,
        service_name: String,
        service: ServiceRecord,
        objectives: ObjectivesRecord,
        judged: bool,
        workload: WorkloadRecord,
    }
}

record! {
    struct ExecutionPlanRecord of ExecutionPlan {
        runbook: RunbookRecord,
        environment_name: Option<String>,
        environment: EnvironmentRecord,
        service_name: Option<String>,
        service: Option<ServiceRecord>,
        providers: BTreeMap<String, ProviderRecord>,
        credentials: BTreeMap<String, CredentialRecord>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        stores: BTreeMap<String, SecretStoreRecord>,
        contacts: BTreeMap<String, ContactRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mail: Option<MailRecord>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sources: Vec<SourceFileRecord>,
    }
}

record! {
    struct SourceFileRecord of SourceFile {
        path: String,
        sha256: String,
    }
}
