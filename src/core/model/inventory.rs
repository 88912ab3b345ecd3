//! What the team runs and depends on: contacts, credentials, providers, services, environments.

use super::{
    Business, Contact, Contract, CredentialSource, DeclaredObjectives, Dialect, Environment, EvidencePolicy, Issuer, Mail, Operation,
    ParityProbe, Price, RefusalRule, SecretStore, ServePolicy, words,
};
use crate::units::{Day, Duration, Ratio};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that scenarios and runbooks may name. Keys are the names used everywhere else.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Inventory {
    /// People and channels to reach.
    pub contacts: BTreeMap<String, Contact>,
    /// The server that takes e-mail to contacts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<Mail>,
    /// Credentials by reference; never their values.
    pub credentials: BTreeMap<String, Credential>,
    /// Where credentials are kept, besides the environment and files.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stores: BTreeMap<String, SecretStore>,
    /// Tokens of other things than providers, by reference; never their values. `${secret.NAME}` in a runbook.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, CredentialSource>,
    /// Places that serve models.
    pub providers: BTreeMap<String, Provider>,
    /// What the team runs on them.
    pub services: BTreeMap<String, Service>,
    /// Where drills may run. `lab` exists even if no file names it.
    pub environments: BTreeMap<String, Environment>,
    /// What is done with each drill's record so that others can check it.
    #[serde(default)]
    pub evidence: EvidencePolicy,
    /// How `lifeboat serve` is set up.
    #[serde(default)]
    pub serve: ServePolicy,
}

impl Inventory {
    /// What the credential of a provider is; a key where nothing says otherwise.
    pub fn kind_of(&self, provider: &Provider) -> CredentialKind {
        kind_of(&self.credentials, provider)
    }
}

/// What the credential of a provider is among these; a key where nothing says otherwise.
pub(super) fn kind_of(credentials: &BTreeMap<String, Credential>, provider: &Provider) -> CredentialKind {
    let credential = provider.credential.as_ref().and_then(|name| credentials.get(name));
    credential.map_or(CredentialKind::ApiKey, |credential| credential.kind)
}

words! {
    /// What a credential is.
    CredentialKind {
        /// A static key sent with each request.
        ApiKey = "api-key",
        /// A short-lived token minted from something else.
        OauthToken = "oauth-token",
        /// A key pair that signs requests.
        SigningKey = "signing-key",
    }
}

/// A credential by reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// What it is.
    pub kind: CredentialKind,
    /// Where its value is found when it is needed.
    pub from: CredentialSource,
    /// The runbook that rotates it, as a path from the project's root.
    pub rotates_in: Option<String>,
    /// Who mints and revokes it, where a runbook may ask for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Issuer>,
    /// How its issuer names the key that is in use, so that it can be revoked. Not a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
}

/// One place that serves models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provider {
    /// How it speaks.
    pub dialect: Dialect,
    /// Whose cloud it stands in, as the team calls it.
    pub cloud: Option<String>,
    /// The cloud's region.
    pub region: Option<String>,
    /// The legal area of its data centres, for residency objectives.
    pub residency: Option<String>,
    /// Where it answers: scheme, host, optional port and path prefix. `None` where only the lab imitates it.
    pub base_url: Option<String>,
    /// The credential's name in the inventory.
    pub credential: Option<String>,
    /// The provider's model identifier by the role that the service asks for, for example `chat: gpt-4o`, `embeddings: …`.
    pub models: BTreeMap<String, String>,
    /// What its chat model costs, where the list price is not what the team pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// How the lab imitates it.
    pub simulation: Simulation,
    /// What the contract with it says; never part of a plan or of a history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<Box<Contract>>,
    /// The last days of its models, by their identifiers; never part of a plan or of a history.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub retires: BTreeMap<String, Day>,
}

impl Provider {
    /// What a plan needs of it: everything but what stands in its contract.
    #[must_use]
    pub fn planned(&self) -> Self {
        Self { contract: None, retires: BTreeMap::new(), ..self.clone() }
    }

    /// As the lab imitates it before its own gateway, which passes on requests in OpenAI's dialect and translates none.
    #[must_use]
    pub fn imitated(self) -> Self {
        if self.dialect.has_openai_bodies() { self } else { Self { dialect: Dialect::OpenAi, ..self } }
    }

    /// The model identifier that answers chat requests.
    pub fn chat_model(&self) -> &str {
        self.models.get("chat").map_or("gpt-4o", String::as_str)
    }

    /// Whose offer it is: that of its cloud; where none is named, of whoever has its dialect to himself, else of this provider alone.
    pub fn vendor<'p>(&'p self, name: &'p str) -> &'p str {
        match (&self.cloud, self.dialect) {
            (Some(cloud), _) => cloud,
            (None, Dialect::AzureOpenAi | Dialect::Anthropic | Dialect::Bedrock | Dialect::Vertex) => self.dialect.word(),
            (None, Dialect::OpenAi | Dialect::Http | Dialect::Tcp) => name,
        }
    }

    /// The model identifier that is asked for this: vectors come from a model of their own, where the inventory names one.
    pub fn model_for(&self, operation: Operation) -> &str {
        let own = self.models.get("embeddings").filter(|_| operation == Operation::Embeddings);
        own.map_or_else(|| self.chat_model(), String::as_str)
    }
}

/// Of a URL the origin, `https://host:port`, and the path after it without a slash at its end.
pub fn origin_and_path(url: &str) -> (&str, &str) {
    let host = url.find("://").map_or(0, |place| place + 3);
    let end = url[host..].find('/').map_or(url.len(), |place| host + place);
    (&url[..end], url[end..].trim_end_matches('/'))
}

/// How the lab imitates a provider: time to the first token as a mixture of two log-normal distributions (a body, and a
/// tail that one log-normal cannot reach), then tokens at a steady speed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Simulation {
    /// Median time to the first token, body.
    pub first_token_p50: Duration,
    /// 95th percentile of the body.
    pub first_token_p95: Duration,
    /// Share of requests drawn from the tail instead.
    pub tail_share: Ratio,
    /// Median of the tail.
    pub tail_p50: Duration,
    /// Time between two tokens.
    pub token_gap: Duration,
    /// How long a token is taken that was minted from a key (Vertex, Azure OpenAI).
    #[serde(default = "an_hour")]
    pub credential_life: Duration,
    /// Models that take other times.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, ModelTimes>,
    /// How much each key may ask for in a minute.
    #[serde(default, skip_serializing_if = "RateLimits::is_empty")]
    pub limits: RateLimits,
    /// Models that were there once: who asks for one is told that there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<String>,
    /// How much it can work on at once; without an end where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<ProviderCapacity>,
    /// What it refuses, though key and model are right.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refuses: Vec<RefusalRule>,
    /// The share of prompts with `Answer with: …` in them that it answers so; each prompt always alike.
    #[serde(default = "every_one", skip_serializing_if = "is_every_one")]
    pub right: Ratio,
}

/// How much a simulated provider can work on. Requests beyond `concurrent` wait in line, so that they take longer; where `queue` of them wait
/// already, the next is refused at once as the provider refuses whoever comes while it is overloaded (503, of Anthropic 529).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderCapacity {
    /// Requests that are worked on at once, each for as long as a model's times say.
    pub concurrent: u32,
    /// Requests that may wait beside them.
    pub queue: u32,
}

/// The times of one model, as [`Simulation`] has them for all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ModelTimes {
    /// Median time to the first token, body.
    pub first_token_p50: Duration,
    /// 95th percentile of the body.
    pub first_token_p95: Duration,
    /// Share of requests drawn from the tail instead.
    pub tail_share: Ratio,
    /// Median of the tail.
    pub tail_p50: Duration,
    /// Time between two tokens.
    pub token_gap: Duration,
}

/// Limits a minute; at most a billion each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RateLimits {
    /// Requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<u64>,
    /// Tokens, as providers take them off before they answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
}

impl RateLimits {
    /// True where nothing is limited.
    pub const fn is_empty(&self) -> bool {
        self.requests.is_none() && self.tokens.is_none()
    }
}

impl Simulation {
    /// The times of all models but those that have their own.
    pub const fn pace(&self) -> ModelTimes {
        ModelTimes {
            first_token_p50: self.first_token_p50,
            first_token_p95: self.first_token_p95,
            tail_share: self.tail_share,
            tail_p50: self.tail_p50,
            token_gap: self.token_gap,
        }
    }
}

const fn an_hour() -> Duration {
    Duration::from_secs(3600)
}

const fn every_one() -> Ratio {
    Ratio::ONE
}

fn is_every_one(right: &Ratio) -> bool {
    *right == Ratio::ONE
}

impl Default for Simulation {
    /// GPT-4o over 24 hours of public probes: p50 639 ms, p95 1144 ms; 80 tokens a second. The probes' p99 of 4517 ms would take a tail of
    /// 2 % around 4.5 s, by which alone one drill of three misses a promise of 98 % within 2.5 s. A drill measures the gateway and not its
    /// luck, so the tail is shorter where nobody states one.
    fn default() -> Self {
        Self {
            first_token_p50: Duration::from_millis(639),
            first_token_p95: Duration::from_millis(1144),
            tail_share: Ratio::new(0.01).expect("a constant from 0 to 1"),
            tail_p50: Duration::from_millis(1200),
            token_gap: Duration::from_micros(12_500),
            credential_life: an_hour(),
            models: BTreeMap::new(),
            limits: RateLimits::default(),
            retired: Vec::new(),
            capacity: None,
            refuses: Vec::new(),
            right: every_one(),
        }
    }
}

words! {
    /// What an outage of a service means.
    Criticality {
        /// Nothing else can do its work.
        SinglePointOfFailure = "single-point-of-failure",
        /// Its users can wait or work around.
        Recoverable = "recoverable",
        /// Nobody is harmed by its absence.
        Optional = "optional",
    }
}

/// What the team runs: a gateway entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// A contact's name.
    pub owner: Option<String>,
    /// What its outage means.
    pub criticality: Criticality,
    /// Providers in order of preference: those that serve when nothing is wrong, then the standbys. Never empty.
    pub providers: Vec<String>,
    /// How many of the first share the load (active-active); 1 where the first alone serves.
    #[serde(default = "alone", skip_serializing_if = "is_alone")]
    pub sharing: usize,
    /// Declared objectives; a scenario may override each.
    pub objectives: DeclaredObjectives,
    /// The runbook that answers its outage, as a path from the project's root.
    pub runbook: Option<String>,
    /// What its requests are worth, where the team says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business: Option<Business>,
    /// Requests of which primary and standby must decide alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parity: Vec<ParityProbe>,
}

impl Service {
    /// The provider that serves when nothing is wrong; the first of several that share the load.
    pub fn primary(&self) -> &str {
        &self.providers[0]
    }

    /// The providers that serve when nothing is wrong.
    pub fn primaries(&self) -> &[String] {
        &self.providers[..self.sharing.clamp(1, self.providers.len())]
    }

    /// The providers that serve when those do not.
    pub fn standbys(&self) -> &[String] {
        &self.providers[self.primaries().len()..]
    }

    /// True where several providers share the load.
    pub fn shares(&self) -> bool {
        self.primaries().len() > 1
    }

    /// In what order they serve: `azure, then openai`, or `azure and openai sharing the load, then bedrock`.
    pub fn order(&self) -> String {
        let standbys = self.standbys().iter().map(|name| format!(", then {name}")).collect::<String>();
        let shared = if self.shares() { " sharing the load" } else { "" };
        format!("{}{shared}{standbys}", self.primaries().join(" and "))
    }
}

const fn alone() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_alone(sharing: &usize) -> bool {
    *sharing <= 1
}

#[cfg(test)]
mod tests {
    use super::{Service, origin_and_path};

    #[test]
    fn who_shares_is_told_before_who_stands_by() {
        let service = |sharing: usize| {
            let text = format!(
                r#"{{"owner":null,"criticality":"recoverable","providers":["a","b","c"],"sharing":{sharing},"objectives":{{}},"runbook":null}}"#
            );
            serde_json::from_str::<Service>(&text).unwrap()
        };
        assert_eq!((service(1).order().as_str(), service(1).standbys().len()), ("a, then b, then c", 2));
        assert_eq!((service(2).order().as_str(), service(2).primaries().len()), ("a and b sharing the load, then c", 2));
        assert!(!service(0).shares() && service(9).standbys().is_empty());
    }

    #[test]
    fn an_address_is_an_origin_and_a_path() {
        assert_eq!(origin_and_path("https://api.openai.com/v1/"), ("https://api.openai.com", "/v1"));
        assert_eq!(origin_and_path("http://127.0.0.1:80"), ("http://127.0.0.1:80", ""));
    }
}
