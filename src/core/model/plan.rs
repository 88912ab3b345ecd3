//! Everything that one drill needs, gathered from inventory, scenario and runbook, and checked across them.

use super::inventory::kind_of;
use super::{
    Contact, Credential, CredentialKind, CredentialSource, Environment, FailureMode, KeptTexts, KeySource, Mail, NamedWorkload,
    ParityProbe, Prediction, Price, Provider, Runbook, Sabotage, SabotageKind, Scenario, SecretStore, Tokens, Workload, Workloads,
    origin_and_path,
};
use crate::units::Duration;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How much longer than the timeline a k6 that the drill starts may send.
const DRIVEN_LONGER: Duration = Duration::from_secs(10);

/// How many requests it may take at the most to find out how a service answers in one way: one, another where the first might have been bad
/// luck, and one for each of the two settings of its answers that may be missing.
pub const REHEARSALS: u64 = 4;

/// Everything that one drill needs. A history begins with it, so that a verdict can be recomputed from the file alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DrillPlan {
    /// What goes wrong.
    pub scenario: Scenario,
    /// What answers.
    pub runbook: Option<Runbook>,
    /// The name of the environment.
    pub environment_name: String,
    /// Where it runs.
    pub environment: Environment,
    /// What observes: who is asked for what, and what was promised to whom.
    pub workloads: Workloads,
    /// The providers of every workload's service and of every fault, by name.
    pub providers: BTreeMap<String, Provider>,
    /// The credentials of those providers, by reference.
    pub credentials: BTreeMap<String, Credential>,
    /// The stores that they are kept in.
    pub stores: BTreeMap<String, SecretStore>,
    /// The tokens that the runbook and its contacts name, by reference.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, CredentialSource>,
    /// The contacts that the runbook names.
    pub contacts: BTreeMap<String, Contact>,
    /// The server that takes e-mail to contacts.
    pub mail: Option<Mail>,
    /// What a provider's tokens cost, by name, where that is known.
    pub prices: BTreeMap<String, Price>,
    /// Requests of which the primary and the standby of the leading workload's service must decide alike.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parity: Vec<ParityProbe>,
    /// What is kept of the team's own texts in histories; `None` keeps none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<KeptTexts>,
    /// What is broken on purpose in the copy that it is of; `None` for the system itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sabotage: Option<Sabotage>,
    /// The most tokens that one request of a workload may have, by the workload's name, where that is bounded.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub most_tokens: BTreeMap<String, Tokens>,
    /// What the gateway's configuration lets expect of the fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prediction: Option<Prediction>,
}

impl DrillPlan {
    /// The names of the alerts that its runbook waits for.
    pub fn awaited_alerts(&self) -> impl Iterator<Item = &str> {
        self.runbook.iter().flat_map(|runbook| runbook.awaited().filter_map(crate::model::Goal::alert))
    }

    /// True where its runbook waits for an alert of this name, or for its end.
    pub fn awaits_alert(&self, name: &str) -> bool {
        self.awaited_alerts().any(|awaited| awaited == name)
    }

    /// How long a k6 that the drill starts may send: it begins before the baseline and knows no better when the drill ends, which may take
    /// a little longer than planned. It is ended sooner.
    pub fn driven_for(&self) -> Duration {
        let proofs = self.scenario.timeline.faults.iter().filter_map(|planned| planned.fault.of_credential());
        proofs.fold(self.scenario.timeline.total().plus(DRIVEN_LONGER), Duration::plus)
    }

    /// The most requests that one of its workloads sends, on average: those of the timeline, and what a k6 sends beyond it.
    pub fn requests_of(&self, workload: &Workload) -> u64 {
        let until = if workload.script.is_some() { self.driven_for() } else { self.scenario.timeline.total() };
        workload.requests(until).round() as u64
    }

    /// How many requests the traffic plans, that of all workloads and the warm-up included. What is [rehearsed](Self::rehearsed) is beside that.
    pub fn requests(&self) -> u64 {
        let traffic: u64 = self.workloads.iter().map(|each| self.requests_of(&each.workload)).sum();
        let warm_up = u64::from(self.environment.start.as_ref().map_or(0, |start| start.warm_up));
        traffic + warm_up
    }

    /// The workloads, by their places, with whose requests it is rehearsed how answers end: one of each way in which the drill asks a service
    /// that the environment names. Each is asked once; more often only where that does not go well, and [so often](REHEARSALS) at the most.
    pub fn rehearsed(&self) -> Vec<usize> {
        let mut seen = BTreeSet::new();
        let mut asks = |each: &NamedWorkload| {
            let (workload, name) = (&each.workload, &each.service_name);
            let is_own = workload.errand.is_none() && workload.script.is_none() && self.environment.services.contains_key(name);
            is_own && seen.insert((name.clone(), workload.request.word()))
        };
        self.workloads.iter().enumerate().filter(|(_, each)| asks(each)).map(|(place, _)| place).collect()
    }

    /// In how many ways such a request is sent: to each replica of the service, and with each client's key.
    pub fn ways_of(&self, service: &str) -> u64 {
        let keys = self.environment.services.get(service).map_or(0, |binding| binding.keys_from.len());
        self.replicas_of(service).max(keys) as u64
    }

    /// How many requests that may be for one workload.
    pub fn rehearsals_of(&self, service: &str) -> u64 {
        self.ways_of(service) * REHEARSALS
    }

    /// The credential that a provider takes, by its name in the inventory; the provider's own name where the inventory gives it none.
    pub fn credential_of<'p>(&'p self, provider: &'p str) -> &'p str {
        self.providers.get(provider).and_then(|provider| provider.credential.as_deref()).unwrap_or(provider)
    }

    /// The credentials that it replaces or revokes, by name.
    pub fn rotated(&self) -> BTreeSet<&str> {
        let faults = self.scenario.timeline.faults.iter().filter(|planned| planned.fault.of_credential().is_some());
        let revoked = faults.map(|planned| self.credential_of(&planned.on));
        let rotated = self.runbook.iter().flat_map(Runbook::rotations).map(|rotate| rotate.credential.as_str());
        revoked.chain(rotated).collect()
    }

    /// Where it writes keys: stores of the inventory, and none that the lab keeps in memory.
    pub fn written(&self) -> Vec<&CredentialSource> {
        if self.environment.embedded && self.environment.keys != KeySource::Stores {
            return Vec::new();
        }
        let writes = self.runbook.iter().flat_map(Runbook::rotations).filter(|rotate| rotate.part.writes());
        let credentials: BTreeSet<&str> = writes.map(|rotate| rotate.credential.as_str()).collect();
        credentials.into_iter().filter_map(|name| Some(&self.credentials.get(name)?.from)).collect()
    }

    /// What the credential of a provider is; a key where nothing says otherwise.
    pub fn kind_of(&self, provider: &Provider) -> CredentialKind {
        kind_of(&self.credentials, provider)
    }

    /// Over how many replicas the requests of a service go; 1 where that is not known.
    pub fn replicas_of(&self, service: &str) -> usize {
        match self.environment.services.get(service) {
            Some(binding) => binding.replicas.len().max(1),
            None if self.environment.embedded && self.environment.start.is_none() => self.environment.gateway.replicas as usize,
            None => 1,
        }
    }

    /// True where this is broken on purpose.
    pub fn has_sabotage(&self, kind: SabotageKind) -> bool {
        self.sabotage.as_ref().is_some_and(|sabotage| sabotage.kind == kind)
    }

    /// Whom it is about, where this is broken on purpose.
    pub fn sabotaged(&self, kind: SabotageKind) -> Option<&str> {
        self.sabotage.as_ref().filter(|sabotage| sabotage.kind == kind)?.on.as_deref()
    }

    /// True where the timeline breaks nothing and only rotates credentials.
    pub fn only_rotates(&self) -> bool {
        self.scenario.timeline.faults.iter().all(|planned| planned.fault.is_rotation())
    }

    /// True where every fault only changes what answers cost, so that nobody is failed by them.
    pub fn only_prices(&self) -> bool {
        let faults = &self.scenario.timeline.faults;
        !faults.is_empty() && faults.iter().all(|planned| planned.fault.mode() == Some(FailureMode::Price))
    }

    /// True where somebody will send a bill: some provider is neither imitated nor on this very host.
    pub fn is_paid(&self) -> bool {
        let local = |url: &str| {
            let host = origin_and_path(url).0.split_once("://").map_or("", |(_, rest)| rest);
            let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
            host == "localhost" || host == "::1" || host.starts_with("127.")
        };
        let asked = |name: &&String| self.providers.get(*name).and_then(|provider| provider.base_url.as_deref());
        let mut services = self.workloads.iter().map(|each| &each.service);
        !self.environment.embedded
            && services.any(|service| service.providers.iter().filter_map(|name| asked(&name)).any(|url| !local(url)))
    }
}
