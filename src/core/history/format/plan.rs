//! The plan of a drill, and that of an execution.

use super::environment::{EnvironmentRecord, known_kind};
use super::guard::GuardsRecord;
use super::inventory::{ContactRecord, CredentialRecord, MailRecord, ParityProbeRecord, PriceRecord, ProviderRecord, ServiceRecord};
use super::objectives::DeclaredObjectivesRecord;
use super::overlay::OverlayRecord;
use super::record::{Recorded, is_usual, record};
use super::runbook::RunbookRecord;
use super::sabotage::SabotageRecord;
use super::store::{CredentialSourceRecord, SecretStoreRecord};
use super::timeline::TimelineRecord;
use super::workload::{NamedWorkloadRecord, TokensRecord};
use crate::model::{
    DrillPlan, ExecutionPlan, GatewayKind, KeptTexts, PredictedChange, Prediction, PredictionTerm, Scenario, SourceFile, Workloads,
};
use crate::units::Duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

record! {
    struct PlanRecord of DrillPlan {
        scenario: ScenarioRecord,
        runbook: Option<RunbookRecord>,
        environment_name: String,
        environment: EnvironmentRecord,
        workloads: WorkloadsRecord,
        providers: BTreeMap<String, ProviderRecord>,
        credentials: BTreeMap<String, CredentialRecord>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        stores: BTreeMap<String, SecretStoreRecord>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        secrets: BTreeMap<String, CredentialSourceRecord>,
        contacts: BTreeMap<String, ContactRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mail: Option<MailRecord>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        prices: BTreeMap<String, PriceRecord>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parity: Vec<ParityProbeRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keep: Option<KeptTexts>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sabotage: Option<SabotageRecord>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        most_tokens: BTreeMap<String, TokensRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prediction: Option<PredictionRecord>,
    }
}

record! {
    struct PredictionRecord of Prediction {
        #[serde(deserialize_with = "known_kind")]
        kind: GatewayKind,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
        provider: String,
        shape: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cutover: Option<Duration>,
        because: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wait: Option<Duration>,
        passed_on: bool,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        terms: Vec<PredictionTermRecord>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        changes: Vec<PredictedChangeRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        then: Option<Duration>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        doubts: Vec<String>,
    }
}

record! {
    struct PredictionTermRecord of PredictionTerm {
        name: String,
        value: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u64>,
    }
}

record! {
    struct PredictedChangeRecord of PredictedChange {
        setting: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u64>,
        value: String,
    }
}

record! {
    struct ScenarioRecord of Scenario {
        name: String,
        title: String,
        service: String,
        runbook: Option<String>,
        timeline: TimelineRecord,
        objectives: DeclaredObjectivesRecord,
        #[serde(default)]
        abort_when: GuardsRecord,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        overlays: Vec<OverlayRecord>,
    }
}

/// The workloads: a list of at least one, and the place of the one that leads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "WorkloadList", into = "WorkloadList")]
pub(super) struct WorkloadsRecord(WorkloadList);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
struct WorkloadList {
    each: Vec<NamedWorkloadRecord>,
    #[serde(default, skip_serializing_if = "is_usual")]
    lead: usize,
}

impl WorkloadsRecord {
    /// The first leads.
    pub(super) fn led_by(first: NamedWorkloadRecord, others: Vec<NamedWorkloadRecord>) -> Self {
        Self(WorkloadList { each: std::iter::once(first).chain(others).collect(), lead: 0 })
    }
}

impl TryFrom<WorkloadList> for WorkloadsRecord {
    type Error = &'static str;

    fn try_from(list: WorkloadList) -> Result<Self, Self::Error> {
        if list.lead < list.each.len() { Ok(Self(list)) } else { Err("no workload leads") }
    }
}

impl From<WorkloadsRecord> for WorkloadList {
    fn from(record: WorkloadsRecord) -> Self {
        record.0
    }
}

impl Recorded<Workloads> for WorkloadsRecord {
    fn record(workloads: &Workloads) -> Self {
        Self(WorkloadList { each: workloads.iter().map(NamedWorkloadRecord::record).collect(), lead: workloads.lead() })
    }

    fn restore(self) -> Workloads {
        let each = self.0.each.into_iter().map(NamedWorkloadRecord::restore).collect();
        Workloads::led_by(each, self.0.lead).expect("it was checked as it was read")
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
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        secrets: BTreeMap<String, CredentialSourceRecord>,
        contacts: BTreeMap<String, ContactRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mail: Option<MailRecord>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sources: Vec<SourceFileRecord>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        parameters: BTreeMap<String, String>,
    }
}

record! {
    struct SourceFileRecord of SourceFile {
        path: String,
        sha256: String,
    }
}
