//! A round: every hop once, standbys first, within what may be spent.

use super::check::HopFinding;
use super::hop::{Hop, HopKind};
use super::order::RoundOrder;
use super::probe::{HopProbe, most_tokens};
use super::reading::{HopReading, ProbeCost};
use super::service::ServiceReadiness;
use super::{dates, standin};
use crate::asking::{AskError, AskedProvider, QuestionClient};
use crate::model::{CredentialSource, Dialect, HopCheck, HopReason, HopState, Price, Provider};
use crate::price::{context_window, price_of};
use crate::secret::{SecretContext, SecretError, held};
use crate::units::{Day, Money, Problem, counted, with_causes};
use chrono::{DateTime, Local, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// So many hops are asked at once.
const AT_ONCE: usize = 8;

/// What a round found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadinessRound {
    /// The environment.
    pub environment: String,
    /// When it began.
    pub at: DateTime<Utc>,
    /// What it found of each service.
    pub services: Vec<ServiceReadiness>,
    /// Each hop once.
    pub hops: Vec<HopReading>,
    /// What all of it cost.
    pub cost: ProbeCost,
}

impl ReadinessRound {
    /// Says since when each hop is as it is, by its name in the round.
    pub fn since(&mut self, known: impl Fn(&str) -> Option<DateTime<Utc>>) {
        for reading in &mut self.hops {
            reading.since = known(&reading.hop.id());
        }
        for service in &mut self.services {
            service.tell(&self.hops);
        }
    }

    /// Whether a hop of it is in this state.
    pub fn has(&self, state: HopState) -> bool {
        self.hops.iter().any(|reading| reading.state == state)
    }

    /// What it cost, in words.
    pub fn spent(&self) -> String {
        let ProbeCost { requests, tokens, most, unpriced } = self.cost;
        let most = if unpriced == requests && requests > 0 { String::new() } else { format!(", at most {most:.6}") };
        let unknown = match unpriced {
            0 => String::new(),
            unpriced if unpriced == requests => "; their price is not known".to_owned(),
            unpriced => format!("; of {} the price is not known", counted(unpriced, "request")),
        };
        format!("{}, {}{most}{unknown}", counted(requests, "request"), counted(tokens, "token"))
    }
}

/// The hops of the services that are asked for, each once: standbys first, then primaries, then gateways. So what may be spent is spent on those of which
/// nobody hears otherwise.
pub fn hops(order: &RoundOrder<'_>) -> Vec<Hop> {
    let mut hops: BTreeMap<&str, Hop> = BTreeMap::new();
    let mut gateways = Vec::new();
    for (name, service) in &order.inventory.services {
        for provider in &service.providers {
            let hop = hops.entry(provider).or_insert_with(|| Hop {
                kind: HopKind::Provider,
                name: provider.clone(),
                services: Vec::new(),
                is_primary: false,
            });
            hop.services.push(name.clone());
            hop.is_primary |= service.primaries().contains(provider);
        }
    }
    for (name, _) in ServiceReadiness::chosen(order.inventory, order.services) {
        if order.environment.services.contains_key(name) {
            gateways.push(Hop { kind: HopKind::Gateway, name: name.clone(), services: vec![name.clone()], is_primary: false });
        }
    }
    let is_asked_for = |hop: &Hop| order.services.is_empty() || hop.services.iter().any(|service| order.services.contains(service));
    let mut all: Vec<Hop> = hops.into_values().filter(is_asked_for).collect();
    all.sort_by_key(|hop| hop.is_primary);
    all.extend(gateways);
    all
}

/// Does a round.
///
/// # Errors
/// Where nothing can be asked from here at all. What is wrong with a hop is in its reading.
pub async fn round(order: &RoundOrder<'_>, site: SecretContext<'_>) -> Result<ReadinessRound, Problem> {
    let at = Utc::now();
    let client = AskedProvider::client()?;
    let mut services: Vec<ServiceReadiness> = ServiceReadiness::chosen(order.inventory, order.services)
        .map(|(name, service)| ServiceReadiness::of(name, service, order.environment.services.contains_key(name)))
        .collect();
    let (mut readings, mut probes, mut left) = (Vec::new(), JoinSet::new(), order.cap());
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    for hop in hops(order) {
        match prepared(order, site, hop, &client).await {
            Err(reading) => readings.push(*reading),
            Ok(probe) => {
                let most = probe.price.as_ref().map_or(Money::ZERO, |price| most_of(order, price));
                if most > left {
                    let told = format!("asking it could cost {most:.4}, and of the round's {:.4} only {left:.4} are left", order.cap());
                    readings.push(HopReading::unasked(probe.hop, HopReason::SpendCap, &told));
                    continue;
                }
                left = Money::from_nanos(left.as_nanos() - most.as_nanos());
                let turns = Arc::clone(&turns);
                probes.spawn(async move {
                    let _turn = turns.acquire().await;
                    probe.run().await
                });
            }
        }
    }
    while let Some(done) = probes.join_next().await {
        readings.push(done.map_err(|error| Problem::new("a probe ended before its time").caused_by(error))?);
    }
    readings.sort_by_key(|reading| place(&services, &reading.hop));
    standin::weigh(&mut readings, &services);
    for service in &mut services {
        service.tell(&readings);
    }
    let cost = readings.iter().fold(ProbeCost::default(), |sum, reading| sum.plus(reading.cost));
    Ok(ReadinessRound { environment: order.environment_name.to_owned(), at, services, hops: readings, cost })
}

/// Where a hop stands in the services' order.
fn place(services: &[ServiceReadiness], hop: &Hop) -> (usize, usize) {
    let id = hop.id();
    let found = services.iter().enumerate().find_map(|(place, service)| Some((place, service.hops.iter().position(|own| own.hop == id)?)));
    found.unwrap_or((usize::MAX, 0))
}

fn most_of(order: &RoundOrder<'_>, price: &Price) -> Money {
    most_tokens(order.depth).into_iter().map(|tokens| price.of(tokens.input, tokens.output)).fold(Money::ZERO, Money::plus)
}

/// A hop ready to be asked, or what is known of one that cannot be.
async fn prepared(order: &RoundOrder<'_>, site: SecretContext<'_>, hop: Hop, client: &QuestionClient) -> Result<HopProbe, Box<HopReading>> {
    let resolved = match hop.kind {
        HopKind::Provider => provider(order, site, &hop).await,
        HopKind::Gateway => gateway(order, site, &hop).await,
    };
    let (asked, provider) = match resolved {
        Ok(resolved) => resolved,
        Err(findings) => return Err(Box::new(HopReading::of(hop, findings, "it was not asked", ProbeCost::default()))),
    };
    let is_provider = hop.kind == HopKind::Provider;
    let binding = order.environment.services.get(&hop.name).filter(|_| !is_provider);
    Ok(HopProbe {
        client: client.clone(),
        depth: order.depth,
        within: order.within,
        price: price_of(provider, SystemTime::now()),
        region: provider.region.clone(),
        context: context_window(asked.dialect, &asked.model),
        body: binding.map(|binding| binding.body.clone()).unwrap_or_default(),
        known: if is_provider { known(provider) } else { Vec::new() },
        cost: ProbeCost::default(),
        hop,
        asked,
    })
}

/// Why a hop is not asked.
fn unasked(reason: HopReason, told: impl Into<String>) -> HopFinding {
    HopFinding { reason: Some(reason), ..HopFinding::unlooked(HopCheck::Answer, told) }
}

/// Whether a provider may be asked here.
fn is_allowed(order: &RoundOrder<'_>, name: &str) -> bool {
    let is_used = order.inventory.services.values().any(|service| service.providers.iter().any(|known| known == name));
    order.environment.allow.may_ask(name, is_used)
}

/// A provider, with its key.
async fn provider<'o>(
    order: &RoundOrder<'o>,
    site: SecretContext<'_>,
    hop: &Hop,
) -> Result<(AskedProvider, &'o Provider), Vec<HopFinding>> {
    let Some(provider) = order.inventory.providers.get(&hop.name) else {
        return Err(vec![unasked(HopReason::NotAsked, "the inventory does not have it")]);
    };
    if !is_allowed(order, &hop.name) {
        let told = format!("`allow.asks` of the environment {} does not name it", order.environment_name);
        return Err(vec![unasked(HopReason::NotAllowed, told)]);
    }
    if !provider.models.is_empty() && !provider.models.contains_key("chat") {
        return Err(vec![unasked(HopReason::ServesNoModels, "the inventory names no chat model of it, and others are not asked")]);
    }
    match AskedProvider::of(&hop.name, order.inventory, site).await {
        Ok(asked) => Ok((asked, provider)),
        Err(error) => Err(known(provider).into_iter().chain([unaskable(&error)]).collect()),
    }
}

/// The gateway of a service, where this environment has one that answers whether a drill runs or not. It costs what the primary costs.
async fn gateway<'o>(order: &RoundOrder<'o>, site: SecretContext<'_>, hop: &Hop) -> Result<(AskedProvider, &'o Provider), Vec<HopFinding>> {
    let not = |reason, told: &str| Err(vec![unasked(reason, told)]);
    let inventory = order.inventory;
    let service = inventory.services.get(&hop.name);
    let primary = service.and_then(|service| inventory.providers.get(service.primary()));
    let (Some(service), Some(primary), Some(binding)) = (service, primary, order.environment.services.get(&hop.name)) else {
        return not(HopReason::NotAsked, "its service has no provider");
    };
    if let Some(outside) = service.providers.iter().find(|name| !is_allowed(order, name)) {
        let told = format!("it asks {outside}, which `allow.asks` of the environment {} does not name", order.environment_name);
        return not(HopReason::NotAllowed, &told);
    }
    if binding.url.contains("${") || order.environment.start.is_some() {
        return not(HopReason::ServesNoModels, "it is there while a drill runs alone");
    }
    if matches!(binding.dialect, Dialect::Http | Dialect::Tcp) {
        return not(HopReason::ServesNoModels, "it serves no models");
    }
    if binding.ca.is_some() || binding.proxy.is_some() || !binding.headers.is_empty() || !binding.headers_from.is_empty() {
        return not(HopReason::NotAsked, "its `ca`, `proxy` or `headers` are of drills alone so far");
    }
    let key = match binding.key_from.as_ref().or_else(|| binding.keys_from.first()) {
        Some(name) => Some(held(&CredentialSource::Env(name.clone()), site).await.map_err(|error| vec![key_finding(&error)])?),
        None => None,
    };
    let model = binding.model.as_deref().unwrap_or_else(|| primary.chat_model());
    Ok((AskedProvider::at(&hop.to_string(), binding.dialect, &binding.url, key, model), primary))
}

/// What the inventory alone tells of a provider.
fn known(provider: &Provider) -> Vec<HopFinding> {
    let today: Option<Day> = Local::now().format("%Y-%m-%d").to_string().parse().ok();
    let price = match price_of(provider, SystemTime::now()) {
        Some(price) => {
            let told = format!("{} and {} a million tokens, {}", price.input, price.output, by(&price.source));
            HopFinding::fine(HopCheck::Price, told)
        }
        None => {
            let told = format!("neither `price:` of it nor a public list says what {} costs", provider.chat_model());
            HopFinding::warning(HopCheck::Price, HopReason::PriceUnknown, told)
        }
    };
    today.map(|today| dates::look(provider, today)).into_iter().chain([price]).collect()
}

fn by(source: &str) -> String {
    if source == "the inventory" { "by the inventory".to_owned() } else { "by a public list".to_owned() }
}

/// Why a hop cannot be asked.
fn unaskable(error: &AskError) -> HopFinding {
    match error {
        AskError::Key { source, .. } => key_finding(source),
        AskError::NoToken { why, .. } if why.starts_with("status 4") => {
            HopFinding::failing(HopCheck::Key, HopReason::KeyRefused, format!("its key gets no token: {why}"))
        }
        AskError::NoToken { why, .. } => unasked(HopReason::NotAsked, format!("its key gets no token: {why}")),
        AskError::NoModels { dialect, .. } => unasked(HopReason::ServesNoModels, format!("it speaks `{dialect}`, and serves no models")),
        AskError::Nowhere { .. } => unasked(HopReason::NotAsked, "the inventory gives it no `base_url`"),
        AskError::Unknown { .. } | AskError::Signed { .. } => unasked(HopReason::NotAsked, with_causes(error)),
    }
}

/// What a key that cannot be read says of its hop: one that is certainly not there is missing, of any other nobody can tell.
fn key_finding(error: &SecretError) -> HopFinding {
    match error {
        SecretError::Absent { .. } => {
            HopFinding::failing(HopCheck::Key, HopReason::KeyMissing, format!("its key is missing: {}", with_causes(error)))
        }
        other => unasked(HopReason::NotAsked, format!("its key cannot be read: {}", with_causes(other))),
    }
}
