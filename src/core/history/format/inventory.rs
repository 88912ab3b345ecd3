//! What an inventory says of contacts, credentials, providers and services.

use super::objectives::DeclaredObjectivesRecord;
use super::record::{NotKept, Recorded, is_usual, record};
use super::store::{CredentialSourceRecord, IssuerRecord};
use crate::model::{
    Business, ComponentImpact, Contact, ContactService, Credential, CredentialKind, Criticality, Dialect, Mail, MailServer, ModelTimes,
    OpsgenieIntegration, PagerdutyService, ParityProbe, Price, ProbeDecision, ProbeText, Provider, ProviderCapacity, RateLimits,
    RefusalRule, Service, Simulation, StatusPage,
};
use crate::units::{Amount, Duration, Money, Ratio};
use serde_json::Value;
use std::collections::BTreeMap;

const fn every_one() -> Ratio {
    Ratio::ONE
}

fn is_every_one(right: &Ratio) -> bool {
    *right == Ratio::ONE
}

record! {
    struct ContactRecord of Contact {
        name: String,
        reach: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token_from: Option<CredentialSourceRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<ContactServiceRecord>,
    }
}

record! {
    #[serde(rename_all = "kebab-case")]
    enum ContactServiceRecord of ContactService {
        Pagerduty(inner: PagerdutyServiceRecord),
        Opsgenie(inner: OpsgenieIntegrationRecord),
        Statuspage(inner: StatusPageRecord),
        Instatus(inner: StatusPageRecord),
    }
}

record! {
    struct PagerdutyServiceRecord of PagerdutyService {
        key: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        api: Option<String>,
    }
}

record! {
    struct OpsgenieIntegrationRecord of OpsgenieIntegration {
        key: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<String>,
    }
}

record! {
    struct StatusPageRecord of StatusPage {
        page: String,
        token: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        components: BTreeMap<String, ComponentImpact>,
    }
}

record! {
    struct MailRecord of Mail {
        server: MailServer,
        from: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        password_from: Option<CredentialSourceRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        authority: Option<String>,
    }
}

record! {
    struct CredentialRecord of Credential {
        kind: CredentialKind,
        from: CredentialSourceRecord,
        rotates_in: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        issuer: Option<IssuerRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key_id: Option<String>,
    }
}

record! {
    struct ProviderRecord of Provider {
        dialect: Dialect,
        cloud: Option<String>,
        region: Option<String>,
        residency: Option<String>,
        base_url: Option<String>,
        credential: Option<String>,
        models: BTreeMap<String, String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        price: Option<PriceRecord>,
        simulation: SimulationRecord,
        #[serde(skip)]
        contract: NotKept,
        #[serde(skip)]
        retires: NotKept,
    }
}

record! {
    struct SimulationRecord of Simulation {
        first_token_p50: Duration,
        first_token_p95: Duration,
        tail_share: Ratio,
        tail_p50: Duration,
        token_gap: Duration,
        #[serde(default = "an_hour")]
        credential_life: Duration,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        models: BTreeMap<String, ModelTimesRecord>,
        #[serde(default, skip_serializing_if = "is_usual")]
        limits: RateLimitsRecord,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        retired: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        capacity: Option<ProviderCapacityRecord>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        refuses: Vec<RefusalRuleRecord>,
        #[serde(default = "every_one", skip_serializing_if = "is_every_one")]
        right: Ratio,
    }
}

record! {
    struct ProviderCapacityRecord of ProviderCapacity {
        concurrent: u32,
        queue: u32,
    }
}

record! {
    struct RefusalRuleRecord of RefusalRule {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contains: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tokens_above: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tenant: Option<String>,
    }
}

record! {
    struct ModelTimesRecord of ModelTimes {
        first_token_p50: Duration,
        first_token_p95: Duration,
        tail_share: Ratio,
        tail_p50: Duration,
        token_gap: Duration,
    }
}

record! {
    #[derive(Default)]
    struct RateLimitsRecord of RateLimits {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        requests: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tokens: Option<u64>,
    }
}

record! {
    struct ServiceRecord of Service {
        owner: Option<String>,
        criticality: Criticality,
        providers: Vec<String>,
        #[serde(default = "alone", skip_serializing_if = "is_alone")]
        sharing: usize,
        objectives: DeclaredObjectivesRecord,
        runbook: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        business: Option<BusinessRecord>,
        #[serde(skip)]
        parity: NoProbes,
    }
}

/// A plan has the probes that it asks, and needs none of its services' beside them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct NoProbes;

impl Recorded<Vec<ParityProbe>> for NoProbes {
    fn record(_: &Vec<ParityProbe>) -> Self {
        Self
    }

    fn restore(self) -> Vec<ParityProbe> {
        Vec::new()
    }
}

record! {
    struct ParityProbeRecord of ParityProbe {
        name: String,
        asks: ProbeTextRecord,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expect: Option<ProbeDecision>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key_from: Option<String>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        body: BTreeMap<String, Value>,
    }
}

record! {
    #[serde(rename_all = "kebab-case")]
    enum ProbeTextRecord of ProbeText {
        Prompt(inner: String),
        Tokens(inner: u64),
    }
}

record! {
    struct BusinessRecord of Business {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        requests_per_order: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        order_value: Option<Amount>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        abandon_after: Option<Duration>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revenue_per_request: Option<Amount>,
    }
}

record! {
    struct PriceRecord of Price {
        input: Money,
        output: Money,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        source: String,
    }
}

const fn an_hour() -> Duration {
    Duration::from_secs(3600)
}

const fn alone() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_alone(sharing: &usize) -> bool {
    *sharing <= 1
}
