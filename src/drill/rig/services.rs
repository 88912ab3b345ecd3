//! The services of a rig: whom each workload asks and how, and the reference gateway where a service has none of its own.

use super::Rig;
use crate::drill::DrillStop;
use crate::drill::manner;
use crate::drill::names::{ResolvedNames, text_of};
use crate::drill::preflight::Preflight;
use crate::drill::site::{ANY_PORT, RigSite, lab_key, wrong_key};
use crate::history::{Event, Gateway};
use crate::journal::Recorder;
use crate::lab::{Move, ReferenceGateway, Upstream};
use crate::model::{NamedWorkload, Operation, RouteCredentials, RouteResidency, SabotageKind, ServiceBinding};
use crate::traffic::{ClientSettings, Target};
use crate::units::Secret;
use std::collections::BTreeMap;
use std::path::Path;
use tokio::sync::mpsc;

impl Rig {
    /// Whom each workload asks, and how. Without every proxy only those whose address is known anyway.
    pub(super) fn asking(
        &mut self,
        site: &RigSite<'_>,
        names: &mut ResolvedNames,
        stand: bool,
        preflight: &mut Preflight,
    ) -> Result<(), DrillStop> {
        let plan = site.plan;
        let mut services: BTreeMap<String, Target> = BTreeMap::new();
        for (place, each) in plan.workloads.iter().enumerate() {
            let binding = plan.environment.services.get(&each.service_name);
            let known = binding.filter(|binding| !binding.url.contains("${")).map(|binding| bare(binding, site.root));
            if !stand || names.lacks && binding.is_some_and(|binding| text_of(binding).contains("${credential.")) {
                // What follows from what was told already is not told again; whether it can be reached is.
                if let Some((target, manner)) = known {
                    self.targets.push(target);
                    self.manners.push(manner);
                }
                continue;
            }
            let target = match services.get(&each.service_name) {
                Some(target) => Ok(target.clone()),
                None => self.serve(site, names, each, place == plan.workloads.lead()),
            };
            let manner = manner::of(each, plan, site.seed, site.root, names);
            let asked = preflight.need(target)?.zip(preflight.need(manner)?);
            services.extend(asked.iter().map(|(target, _)| (each.service_name.clone(), target.clone())));
            if let Some((target, manner)) = asked.or(known) {
                self.targets.push(target);
                self.manners.push(manner);
            }
        }
        let guards = plan.scenario.abort_when.iter().zip(0..).filter_map(|(guard, place)| Some((place, guard.service()?)));
        for (place, guard) in guards.filter(|_| stand) {
            let each = &guard.probe;
            let target = match services.get(&each.service_name) {
                Some(target) => Ok(target.clone()),
                None => self.serve(site, names, each, false),
            };
            let manner = manner::of(each, plan, site.seed, site.root, names);
            if let Some((target, manner)) = preflight.need(target)?.zip(preflight.need(manner)?) {
                services.insert(each.service_name.clone(), target.clone());
                self.guarded.insert(place, (target, manner));
            }
        }
        Ok(())
    }

    /// Where a service answers; its gateway is started where it has none of its own. What the first is called has shorter names too.
    fn serve(&mut self, site: &RigSite<'_>, names: &mut ResolvedNames, named: &NamedWorkload, first: bool) -> Result<Target, DrillStop> {
        let (plan, name) = (site.plan, &named.service_name);
        let service = plan.environment.services.get(name);
        let operation = named.workload.request.operation();
        let own = || plan.providers.get(named.service.primary()).map_or("gpt-4o", |provider| provider.model_for(operation));
        let model = service.and_then(|service| service.model.as_deref()).unwrap_or_else(own).to_owned();
        let keys = manner::keys(service, name)?;
        let key = match service.and_then(|service| service.key_from.as_deref()) {
            Some(variable) => manner::key(variable, name)?,
            None if !keys.is_empty() => keys[0].clone(),
            None => lab_key(site.seed, &if first { "service".to_owned() } else { format!("service {name}") }),
        };
        if first {
            names.values.set("service.key", key.clone());
        }
        let mut replicas = Vec::new();
        if let Some(service) = service {
            for url in std::iter::once(&service.url).filter(|_| service.replicas.is_empty()).chain(&service.replicas) {
                replicas.push(names.expand(url)?);
            }
        } else if plan.environment.embedded && plan.environment.start.is_none() {
            replicas = self.gateways(site, names, named, &key)?;
        }
        let base_url = replicas.first().cloned().ok_or_else(|| {
            DrillStop::environment(format!("the environment `{}` does not say where {name} answers", plan.environment_name))
                .with_hint(format!("add `services: {{{name}: {{url: …}}}}` to it"))
        })?;
        names.redactor.learn(&format!("clients of {name}"), &key);
        for (place, key) in keys.iter().enumerate().skip(1) {
            names.redactor.learn(&format!("client {} of {name}", place + 1), key);
        }
        if first {
            names.values.set("service.url", base_url.clone());
            names.values.set("gateway.url", base_url.clone());
            for (place, url) in replicas.iter().enumerate() {
                names.values.set(format!("replica.{}.url", place + 1), url.clone());
            }
        }
        Ok(Target { base_url, dialect: plan.environment.dialect_of(name), model, key, replicas })
    }

    /// Starts the reference gateway's replicas; their base URLs.
    fn gateways(
        &mut self,
        site: &RigSite<'_>,
        names: &ResolvedNames,
        named: &NamedWorkload,
        client: &Secret,
    ) -> Result<Vec<String>, DrillStop> {
        let plan = site.plan;
        let settings = &plan.environment.gateway;
        let upstream = |name: &String| {
            let provider = plan.providers.get(name)?;
            let base_url = names.values.get(&format!("proxy.{name}.url"))?.to_owned();
            let bears = if settings.credentials == RouteCredentials::Primary { named.service.primary() } else { name.as_str() };
            let (key, model) = (names.key(bears), provider.chat_model().to_owned());
            let embedding_model = provider.model_for(Operation::Embeddings).to_owned();
            let is_sabotaged = plan.sabotaged(SabotageKind::StandbyKeyWrong) == Some(name.as_str());
            // What is read again is the right one.
            let store = self.keyring.store(plan.credential_of(bears)).filter(|_| !is_sabotaged);
            let key = if is_sabotaged { wrong_key(site.seed, name) } else { key };
            let kind = plan.kind_of(provider);
            Some(Upstream { name: name.clone(), dialect: provider.dialect, base_url, key, kind, store, model, embedding_model })
        };
        let may_be_asked = |name: &&String| {
            let place = plan.providers.get(*name).and_then(|provider| provider.residency.as_ref());
            settings.residency == RouteResidency::Ignored
                || named.residency.is_empty()
                || place.is_some_and(|place| named.residency.contains(place))
        };
        let kept = if plan.has_sabotage(SabotageKind::FallbackRemoved) { named.service.primaries() } else { &named.service.providers };
        let upstreams: Vec<Upstream> = kept.iter().filter(may_be_asked).filter_map(upstream).collect();
        let mut replicas = Vec::new();
        for _ in 0..settings.replicas {
            let sharing = named.service.primaries().iter().filter(may_be_asked).count();
            let each = upstreams.clone();
            let gateway =
                ReferenceGateway::start_shared(settings, each, sharing, client.clone(), ANY_PORT).map_err(DrillStop::environment_error)?;
            replicas.push(gateway.base_url());
            self.moves.push(tokio::spawn(record_moves(gateway.moves(), site.recorder.clone())));
            self.gateways.push(gateway);
        }
        Ok(replicas)
    }
}

/// A service, as far as it takes to reach it.
fn bare(binding: &ServiceBinding, root: &Path) -> (Target, ClientSettings) {
    let target = Target {
        base_url: binding.url.clone(),
        dialect: binding.dialect,
        model: String::new(),
        key: Secret::default(),
        replicas: binding.replicas.clone(),
    };
    let authority = binding.ca.as_ref().map(|path| root.join(path));
    (target, ClientSettings { authority, proxy: binding.proxy.clone(), ..ClientSettings::default() })
}

async fn record_moves(mut moves: mpsc::UnboundedReceiver<Move>, recorder: Recorder) {
    while let Some(Move { at, provider, breaker }) = moves.recv().await {
        recorder.record(Event::Gateway(Gateway { at: recorder.clock().at(at), provider, breaker })).await;
    }
}
