//! Where a drill runs.

use super::overlay::PrometheusBindingRecord;
use super::record::{is_usual, record};
use super::sabotage::SabotageCommandRecord;
use crate::model::{
    AlertsBinding, Allow, Approvals, Approver, BreakerSettings, CalendarSource, Complete, ControlBinding, Dialect, DualRun, Environment,
    GatewayConfiguration, GatewayKind, GatewaySettings, KeySource, LeverBinding, LocksBinding, ProxyBinding, ResetCommand,
    RouteCredentials, RouteResidency, ServiceBinding, StartCommand, StreamEnd, TokenCache, UsageReport,
};
use crate::units::{Duration, Money, Rate, WeekHours};
use serde::Deserialize as _;
use serde_json::Value;
use std::collections::BTreeMap;

record! {
    struct EnvironmentRecord of Environment {
        embedded: bool,
        #[serde(default, skip_serializing_if = "is_usual")]
        keys: KeySource,
        gateway: GatewaySettingsRecord,
        start: Option<StartCommandRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        carries: Option<Rate>,
        services: BTreeMap<String, ServiceBindingRecord>,
        proxies: BTreeMap<String, ProxyBindingRecord>,
        control: Option<ControlBindingRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lever: Option<LeverBindingRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        locks: Option<LocksBindingRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alerts: Option<AlertsBindingRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prometheus: Option<PrometheusBindingRecord>,
        allow: AllowRecord,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        protected: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approvals: Option<ApprovalsRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        configuration: Option<GatewayConfigurationRecord>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sabotage: Vec<SabotageCommandRecord>,
    }
}

record! {
    struct GatewayConfigurationRecord of GatewayConfiguration {
        #[serde(deserialize_with = "known_kind")]
        kind: GatewayKind,
        file: String,
    }
}

record! {
    struct AlertsBindingRecord of AlertsBinding {
        listen: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token_from: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        hosts: Vec<String>,
    }
}

record! {
    struct ServiceBindingRecord of ServiceBinding {
        url: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        replicas: Vec<String>,
        key_from: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        keys_from: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ca: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proxy: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known_gateway")]
        gateway: Option<GatewayKind>,
        #[serde(default = "usual_dialect", skip_serializing_if = "is_usual_dialect")]
        dialect: Dialect,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers_from: BTreeMap<String, String>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        body: BTreeMap<String, Value>,
        #[serde(default, skip_serializing_if = "is_usual")]
        complete: CompleteRecord,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reset: Option<ResetCommandRecord>,
    }
}

record! {
    struct ResetCommandRecord of ResetCommand {
        run: Vec<String>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        env: BTreeMap<String, String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pass: Vec<String>,
        within: Duration,
    }
}

record! {
    struct ControlBindingRecord of ControlBinding {
        url: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token_from: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lease: Option<Duration>,
    }
}

record! {
    struct LeverBindingRecord of LeverBinding {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token_from: Option<String>,
    }
}

record! {
    struct LocksBindingRecord of LocksBinding {
        folder: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lease: Option<Duration>,
    }
}

record! {
    struct ProxyBindingRecord of ProxyBinding {
        listen: Option<String>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        tls: bool,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        hosts: Vec<String>,
    }
}

record! {
    struct AllowRecord of Allow {
        faults_on: Option<Vec<String>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asks: Option<Vec<String>>,
        max_rate: Option<Rate>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_spend: Option<Money>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_requests: Option<u64>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        revoke: Vec<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        stores: Vec<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        hours: Vec<WeekHours>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        freezes: Vec<CalendarSource>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_duration: Option<Duration>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        sabotage: bool,
    }
}

record! {
    struct ApprovalsRecord of Approvals {
        of: Vec<ApproverRecord>,
        needed: u32,
    }
}

record! {
    struct ApproverRecord of Approver {
        contact: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    }
}

record! {
    struct StartCommandRecord of StartCommand {
        run: Vec<String>,
        env: BTreeMap<String, String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pass: Vec<String>,
        ready: String,
        within: Duration,
        #[serde(default)]
        warm_up: u32,
    }
}

record! {
    struct GatewaySettingsRecord of GatewaySettings {
        try_timeout: Duration,
        retries: u32,
        breaker: BreakerSettingsRecord,
        #[serde(default = "one", skip_serializing_if = "is_one")]
        replicas: u32,
        #[serde(default, skip_serializing_if = "is_usual")]
        token_cache: TokenCache,
        #[serde(default, skip_serializing_if = "is_usual")]
        dual_run: DualRun,
        #[serde(default, skip_serializing_if = "is_usual")]
        residency: RouteResidency,
        #[serde(default, skip_serializing_if = "is_usual")]
        credentials: RouteCredentials,
    }
}

record! {
    struct BreakerSettingsRecord of BreakerSettings {
        failures: u32,
        cooldown: Duration,
        probes: u32,
    }
}

record! {
    #[derive(Default)]
    struct CompleteRecord of Complete {
        #[serde(default, skip_serializing_if = "is_usual")]
        stream_ends_with: StreamEnd,
        #[serde(default, skip_serializing_if = "is_usual")]
        usage: UsageReport,
    }
}

/// A gateway that only a newer build knows is one that this build has no settings of: the set is open.
fn known_gateway<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<GatewayKind>, D::Error> {
    let word = Option::<String>::deserialize(deserializer)?;
    Ok(word.map(|word| GatewayKind::from_word(&word).unwrap_or(GatewayKind::Other)))
}

pub(super) fn known_kind<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<GatewayKind, D::Error> {
    known_gateway(deserializer).map(|kind| kind.unwrap_or(GatewayKind::Other))
}

const fn usual_dialect() -> Dialect {
    Dialect::OpenAi
}

fn is_usual_dialect(dialect: &Dialect) -> bool {
    *dialect == usual_dialect()
}

const fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_one(count: &u32) -> bool {
    *count == 1
}
