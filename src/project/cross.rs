//! What only shows when inventory, scenario, runbook and environment are laid side by side.
//!
//! `names` asks whether what is named is declared, and runs on whatever could be read. `environment` asks what depends on where the drill
//! runs, and `unbounded` whether its cost has an end. Whether the numbers can hold together is asked in `sums`.

use super::finding::Finding;
use super::opened_project::{Project, ScenarioWithRunbook};
use super::sums::WorkloadSums;
use super::vocabulary::joined;
use super::workload::RawWorkload;
use super::{asked, guarded, inventory, overlay, rotation, store, variable};
use crate::fault;
use crate::model::{
    Action, ActsOn, Bound, CredentialSource, Dialect, DrillPlan, Environment, Guard, Inventory, KeySource, NamedWorkload, Needs,
    PlannedFault, Provider, RequestKind, Runbook, Scenario, Service, Workloads,
};
use crate::units::{Duration, Rate};

/// Names that the scenario uses and the inventory does not declare; faults that touch nobody or one another.
pub(super) fn names(project: &Project, story: &ScenarioWithRunbook) -> Vec<Finding> {
    let mut found = Vec::new();
    let (file, document) = (&story.scenario, &story.scenario.document);
    let scenario = &file.scenario;
    if !scenario.service.is_empty() {
        found.extend(inventory::unknown(document, &["service"], &scenario.service, "a service", &project.inventory.services));
    }
    for told in &file.workloads {
        found.extend(variable::unknown_in(document, &told.at(&["headers"]), &variable::KnownNames::outside(&project.inventory.providers)));
        if let Some(name) = &told.service {
            found.extend(inventory::unknown(document, &told.at(&["service"]), name, "a service", &project.inventory.services));
        }
    }
    if let Some(other) = file.workloads[0].service.as_ref().filter(|other| **other != scenario.service && !scenario.service.is_empty()) {
        let message = format!("the first workload asks `{other}`, and the scenario watches `{}`", scenario.service);
        found.push(document.error(&["traffic", "0", "service"], message, "put a workload first that asks the scenario's service"));
    }
    found.extend(overlay::names(project, story));
    found.extend(guarded::names(project, story));
    // The service of each workload, where all of its providers can be told.
    let served = |told: &RawWorkload| {
        let service = project.inventory.services.get(service_of(told, scenario));
        service.filter(|service| !service.providers.iter().any(String::is_empty))
    };
    let services: Option<Vec<&Service>> = file.workloads.iter().map(served).collect();
    found.extend(faults(project, story, services.as_deref()));
    for (told, service) in file.workloads.iter().zip(services.iter().flatten()) {
        found.extend(inventory::residency(document, &told.at(&["objectives", "residency"]), service, &project.inventory));
        let broken = scenario.timeline.faults.iter().any(|fault| service.providers.contains(&fault.on));
        if file.workloads.len() > 1 && told.judged && !broken && !scenario.timeline.faults.is_empty() {
            let message = format!("no fault breaks a provider of `{}`, so `{}` proves nothing", service_of(told, scenario), told.name);
            let hint = "write `judged: false` for pure load, or break one of its providers too";
            found.push(document.error(&told.at(&["workload"]), message, hint).warning());
        }
    }
    if let Some(service) = services.iter().flatten().next() {
        found.extend(inventory::residency(document, &["objectives", "residency"], service, &project.inventory));
    }
    found
}

/// Faults on providers that are not declared or not used, and faults that touch one another.
fn faults(project: &Project, story: &ScenarioWithRunbook, services: Option<&[&Service]>) -> Vec<Finding> {
    let mut found = Vec::new();
    let (file, document, scenario) = (&story.scenario, &story.scenario.document, &story.scenario.scenario);
    for (index, (fault, place)) in scenario.timeline.faults.iter().zip(&file.order).enumerate() {
        let at = |key: &'static str| ["timeline", "faults", place.as_str(), key];
        if !fault.on.is_empty() {
            found.extend(inventory::unknown(document, &at("on"), &fault.on, "a provider", &project.inventory.providers));
        }
        found.extend(on_provider(project, story, services, fault, place));
        // What breaks a provider and what is done to its key are two things that may well come together.
        let alike = |earlier: &PlannedFault| earlier.fault.of_credential().is_some() == fault.fault.of_credential().is_some();
        let earlier = scenario.timeline.faults[..index]
            .iter()
            .find(|earlier| earlier.on == fault.on && !fault.on.is_empty() && alike(earlier) && fault.at < earlier.at.plus(earlier.length));
        if let Some(earlier) = earlier.filter(|_| document.sound(&at("at"))) {
            let end = earlier.at.plus(earlier.length);
            let message = format!("the fault before it on `{}` lasts until {end}", fault.on);
            found.push(document.error(
                &at("at"),
                message,
                format!("let this one begin at `{}` or later, or shorten the other", end.typed()),
            ));
        }
    }
    if let (Some(first), Some(place)) = (scenario.timeline.faults.first(), file.order.first())
        && first.at > Duration::ZERO
    {
        let message = format!("the first fault begins at {}, but zero is the moment of the first fault", first.at);
        found.push(document.error(
            &["timeline", "faults", place, "at"],
            message,
            "write `at: 0s`, and a longer `baseline` if more calm is wanted",
        ));
    }
    found
}

/// What a fault cannot do to its provider.
fn on_provider(
    project: &Project,
    story: &ScenarioWithRunbook,
    services: Option<&[&Service]>,
    fault: &PlannedFault,
    place: &str,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let (document, scenario) = (&story.scenario.document, &story.scenario.scenario);
    let at = |key: &'static str| ["timeline", "faults", place, key];
    if let (Some(services), Some(provider)) = (services, project.inventory.providers.get(&fault.on)) {
        if !services.iter().any(|service| service.providers.contains(&fault.on)) {
            let message = format!("`{}` does not use `{}`, so this fault will touch nobody", scenario.service, fault.on);
            found.push(document.error(&at("on"), message, format!("break `{}`, its primary", services[0].primary())).warning());
        }
        if provider.dialect == Dialect::Tcp && (fault.fault.needs_http() || fault.fault.of_credential().is_some()) {
            let message = format!("the fault `{}` acts on requests, and the proxy of `{}` sees bytes only", fault.fault.word(), fault.on);
            let hint = format!("use {}, or give the provider an HTTP dialect", joined(on_bytes(), "or"));
            found.push(document.error(&at("fault"), message, hint));
        }
        if let Some(pointless) = fault.fault.kind().pointless.iter().find(|pointless| pointless.dialect == provider.dialect) {
            found.push(document.error(&at("fault"), format!("`{}` {}", fault.on, pointless.why), pointless.hint));
        }
    }
    found
}

/// The service that a workload asks.
pub(super) fn service_of<'a>(told: &'a RawWorkload, scenario: &'a Scenario) -> &'a str {
    told.service.as_deref().unwrap_or(&scenario.service)
}

/// A workload with its service and its objectives: its own, then the scenario's where it asks the scenario's service, then its service's.
fn resolved(project: &Project, scenario: &Scenario, told: &RawWorkload, thinned: f64) -> Option<NamedWorkload> {
    let service_name = service_of(told, scenario).to_owned();
    let service = project.inventory.services.get(&service_name).filter(|service| !service.providers.iter().any(String::is_empty))?.clone();
    let mut objectives = told.objectives.clone();
    if service_name == scenario.service {
        objectives = objectives.or(&scenario.objectives);
    }
    let mut objectives = objectives.or(&service.objectives);
    let residency = objectives.residency.take().unwrap_or_default();
    let objectives = objectives.resolved();
    let mut workload = if thinned < 1.0 { told.workload.thinned(thinned) } else { told.workload.clone() };
    if !told.bound_given {
        let open = workload.busiest(scenario.timeline.total()) * objectives.deadline.as_secs_f64() * 2.0;
        workload.max_in_flight = open.ceil().clamp(1000.0, f64::from(u32::MAX)) as u32;
    }
    let name = if told.name.is_empty() { service_name.clone() } else { told.name.clone() };
    Some(NamedWorkload { name, service_name, service, objectives, residency, judged: told.judged, workload })
}

/// The providers that a plan's services use, its guards ask and its faults break. The lab's own gateway passes on one dialect, so before it all
/// are imitated in that.
fn providers_of(
    inventory: &Inventory,
    environment: &Environment,
    scenario: &Scenario,
    workloads: &Workloads,
) -> std::collections::BTreeMap<String, Provider> {
    let asked = workloads.iter().flat_map(|each| &each.service.providers);
    let probed = scenario.abort_when.iter().filter_map(Guard::service).flat_map(|guard| &guard.probe.service.providers);
    let named = asked.chain(probed).chain(scenario.timeline.faults.iter().map(|fault| &fault.on));
    let is_bound = |each: &NamedWorkload| environment.services.contains_key(&each.service_name);
    let imitates = environment.embedded && environment.start.is_none() && !workloads.iter().any(is_bound);
    let provider_of = |name: &String| {
        let provider = inventory.providers.get(name)?.planned();
        Some((name.clone(), if imitates { provider.imitated() } else { provider }))
    };
    named.filter_map(provider_of).collect()
}

/// The plan of a story, objectives resolved; `None` where a name is not declared. It may still be unsound: ask [`sums`].
pub(super) fn plan(project: &Project, story: &ScenarioWithRunbook, environment_name: &str) -> Option<DrillPlan> {
    let inventory = &project.inventory;
    let mut scenario = story.scenario.scenario.clone();
    scenario.abort_when = guarded::resolved(&scenario.abort_when, inventory);
    let environment = inventory.environments.get(environment_name).cloned().unwrap_or_default();
    let workloads = &story.scenario.workloads;
    let total = scenario.timeline.total();
    let offered: f64 = workloads.iter().map(|told| told.workload.busiest(total)).sum();
    // Every workload gives way alike.
    let thinned = environment.carries.map_or(1.0, |most| (most.as_per_second() / offered).min(1.0));
    let mut workloads = workloads.iter().map(|told| resolved(project, &scenario, told, thinned)).collect::<Option<Vec<_>>>()?;
    // Nothing is proven by a drill whose instrument is not judged.
    workloads.iter_mut().take(1).for_each(|first| first.judged = true);
    // The plan has the probes that it asks.
    let own = workloads.iter_mut().map(|each| std::mem::take(&mut each.service.parity)).next().unwrap_or_default();
    let parity = if story.scenario.parity.is_empty() { own } else { story.scenario.parity.clone() };
    let workloads = Workloads::new(workloads)?;
    let runbook = story.runbook.as_ref().map(|file| file.runbook.clone());
    let providers = providers_of(inventory, &environment, &scenario, &workloads);
    let rotated = runbook.iter().flat_map(|runbook| &runbook.steps).filter_map(|step| match &step.action {
        Action::Rotate(rotate) => Some(&rotate.credential),
        _ => None,
    });
    let credentials = providers.values().filter_map(|provider| provider.credential.as_ref()).chain(rotated);
    let credentials: std::collections::BTreeMap<_, _> =
        credentials.filter_map(|name| Some((name.clone(), inventory.credentials.get(name)?.clone()))).collect();
    let clusters: Vec<String> = runbook.iter().flat_map(Runbook::clusters).cloned().collect();
    let reached = runbook.iter().flat_map(Runbook::reached);
    let contacts = reached
        .chain(&workloads.leading().service.owner)
        .filter_map(|name| Some((name.clone(), inventory.contacts.get(name)?.clone())))
        .collect();
    let texts = serde_json::to_string(&(&runbook, &contacts, &scenario.abort_when)).unwrap_or_default();
    let secrets = store::secrets_in(&texts, inventory);
    let kept = credentials.values().filter_map(|credential| credential.from.store());
    let kept = kept.chain(secrets.values().filter_map(CredentialSource::store)).map(|(name, _)| name.to_owned());
    let stores = kept.chain(clusters).filter_map(|name| inventory.stores.get(&name).cloned().map(|store| (name, store))).collect();
    Some(DrillPlan {
        secrets,
        prices: std::collections::BTreeMap::new(),
        sabotage: None,
        most_tokens: std::collections::BTreeMap::new(),
        environment,
        environment_name: environment_name.to_owned(),
        scenario,
        workloads,
        runbook,
        providers,
        credentials,
        stores,
        contacts,
        mail: inventory.mail.clone(),
        parity,
        keep: story.scenario.keep.or(inventory.evidence.keep),
        prediction: None,
    })
}

/// Workloads whose requests may cost anything, where there is a ceiling.
pub(super) fn unbounded(project: &Project, story: &ScenarioWithRunbook, plan: &DrillPlan) -> Vec<Finding> {
    let Some(ceiling) = plan.environment.allow.max_spend else { return Vec::new() };
    let name = &plan.environment_name;
    let unknown = |(told, each): (&RawWorkload, &NamedWorkload)| {
        let (key, what) = match (&each.workload.script, &each.workload.errand) {
            _ if plan.is_bounded(each) => return None,
            _ if each.workload.bound() != Bound::Unknown => {
                let at = ["environments", name, "services", &each.service_name, "body"];
                let message =
                    format!("nothing bounds the tokens of a request with this `body:`, and the environment `{name}` allows {ceiling}");
                return Some(project.document.error(&at, message, "give it a bound, for example `max_completion_tokens: 64`"));
            }
            (Some(script), _) => ("script", format!("what the requests of `{script}` cost only the script knows")),
            (None, Some(errand)) if each.workload.request == RequestKind::Http => {
                let path = if errand.path.is_empty() { "/" } else { &errand.path };
                ("body", format!("nothing bounds the tokens of a POST to `{path}`"))
            }
            _ => ("send", "nobody can tell what these bytes ask for".into()),
        };
        let hint =
            "say the most of one request, `max_tokens: {input: 2000, output: 4000}`, or limit `max_requests` in the place of `max_spend`";
        let message = format!("{what}, and the environment `{name}` allows {ceiling}");
        Some(story.scenario.document.error(&told.at(&[key]), message, hint))
    };
    story.scenario.workloads.iter().zip(&plan.workloads).filter_map(unknown).collect()
}

/// What depends on where the drill runs.
pub(super) fn environment(project: &Project, story: &ScenarioWithRunbook, plan: &DrillPlan) -> Vec<Finding> {
    let mut found = asked::here(story, plan);
    found.extend(overlay::here(story, plan));
    found.extend(guarded::here(story, plan));
    found.extend(too_much(story, plan));
    found.extend(too_long(story, plan));
    found.extend(unbounded(project, story, plan));
    found.extend(faults_not_allowed(story, plan));
    found.extend(writes_not_allowed(story, plan));
    // What the lab makes and keeps itself, it can rotate in every way.
    let place = &plan.environment;
    for file in story.runbook.iter().filter(|_| !place.embedded || place.keys == KeySource::Stores) {
        found.extend(rotation::impossible(file, &project.inventory, !place.embedded));
    }
    found.extend(of_reference_gateway(project, story, plan));
    found.extend(faults_out_of_place(story, plan));
    if let Some(alert) = plan.runbook.as_ref().and_then(Runbook::awaited_alert).filter(|_| place.alerts.is_none()) {
        let message =
            format!("the runbook waits for the alert `{alert}`, and the environment `{}` listens for none", plan.environment_name);
        let hint = "add `alerts: {listen: \"127.0.0.1:9099\"}` to the environment, and let your monitoring post there";
        found.push(story.scenario.document.error(&["runbook"], message, hint));
    }
    found.extend(without_address(project, plan));
    found
}

/// More requests than the environment carries or allows.
fn too_much(story: &ScenarioWithRunbook, plan: &DrillPlan) -> Vec<Finding> {
    let mut found = Vec::new();
    let (document, name, place) = (&story.scenario.document, &plan.environment_name, &plan.environment);
    let workloads = &plan.workloads;
    let rates_sound = story.scenario.workloads.iter().all(|told| document.sound(&told.pace()));
    let rate_at = if workloads.len() > 1 { vec!["traffic"] } else { story.scenario.workloads[0].pace() };
    let total = plan.scenario.timeline.total();
    let busiest = |each: &NamedWorkload| each.workload.busiest(total);
    let offered = workloads.iter().map(busiest).sum();
    let played: f64 = workloads.iter().filter(|each| each.workload.trace.is_some()).map(busiest).sum();
    if let Some(most) = place.carries.filter(|most| played > most.as_per_second()) {
        let message = format!("the trace has up to {played} requests a second, and the environment `{name}` carries {most}");
        found.push(document.error(&rate_at, message, "a trace is not thinned: play it slower with `speed:`"));
    }
    if let Some((rate, most)) = Rate::per_second(offered).zip(place.allow.max_rate).filter(|(rate, most)| rate > most && rates_sound) {
        let together = if workloads.len() > 1 { " of all workloads together" } else { "" };
        let message = format!("{rate}{together} is more than the {most} that the environment `{name}` allows");
        found.push(document.error(&rate_at, message, format!("write `rate: {most}` or less, or raise `max_rate` in the inventory")));
    }
    if let Some(most) = place.allow.max_requests.filter(|most| plan.requests() > *most && rates_sound) {
        let message = format!("{} requests are more than the {most} that the environment `{name}` allows", plan.requests());
        let hint = "lower the rate, shorten the timeline, or raise `max_requests` in the inventory";
        found.push(document.error(&rate_at, message, hint));
    }
    found
}

/// A timeline that is longer than the environment allows.
fn too_long(story: &ScenarioWithRunbook, plan: &DrillPlan) -> Option<Finding> {
    let (document, name) = (&story.scenario.document, &plan.environment_name);
    let (total, longest) = (plan.scenario.timeline.total(), plan.environment.allow.max_duration?);
    if total <= longest || !document.sound(&["timeline"]) {
        return None;
    }
    let message = format!("this drill takes {total}, and the environment `{name}` allows {longest}");
    Some(document.error(&["timeline"], message, "shorten `baseline`, the faults or `watch`, or raise `max_duration` in the inventory"))
}

/// Faults that the environment does not allow: on a provider, or on a key for real.
fn faults_not_allowed(story: &ScenarioWithRunbook, plan: &DrillPlan) -> Vec<Finding> {
    let mut found = Vec::new();
    let (document, name, place) = (&story.scenario.document, &plan.environment_name, &plan.environment);
    for (fault, index) in plan.scenario.timeline.faults.iter().zip(&story.scenario.order) {
        let allowed = place.allow.faults_on.as_ref().is_none_or(|allowed| allowed.contains(&fault.on));
        if !allowed && !fault.on.is_empty() {
            let message = format!("the environment `{name}` allows no faults on `{}`", fault.on);
            let hint = "choose another environment with `--env`, or add the provider to `allow: {faults_on: […]}` in the inventory";
            found.push(document.error(&["timeline", "faults", index, "on"], message, hint));
        }
    }
    for (fault, index) in plan.scenario.timeline.faults.iter().zip(&story.scenario.order) {
        let credential = plan.credential_of(&fault.on);
        if fault.fault.is_revocation() && !place.embedded && !place.allow.revoke.iter().any(|allowed| allowed == credential) {
            let message =
                format!("the environment `{name}` does not allow `{credential}` to be revoked for real, and what is revoked stays so");
            let hint = format!(
                "drill it in the lab; or add `allow: {{revoke: [{credential}]}}` to the environment in the inventory, if a new key can be minted"
            );
            found.push(document.error(&["timeline", "faults", index, "fault"], message, hint));
        }
    }
    found
}

/// Sources of credentials into which the environment does not allow a drill to write.
fn writes_not_allowed(story: &ScenarioWithRunbook, plan: &DrillPlan) -> Vec<Finding> {
    let mut found = Vec::new();
    let (document, name, place) = (&story.scenario.document, &plan.environment_name, &plan.environment);
    for source in plan.written().into_iter().filter(|source| place.embedded && !place.allow.takes(source)) {
        let message = format!("the environment `{name}` does not allow a drill to write into `{source}`, where a real key may be");
        let short = source.to_string();
        let short = short.split('#').next().unwrap_or_default();
        let hint = format!(
            "add `allow: {{stores: [\"{short}\"]}}` to the environment in the inventory: what is there is kept and put back; or take `keys: stores` away"
        );
        found.push(document.error(&["runbook"], message, hint));
    }
    found
}

/// True where the lab's own gateway and providers stand for a service's.
fn is_imitated(plan: &DrillPlan, service: &str) -> bool {
    plan.environment.embedded && plan.environment.start.is_none() && !plan.environment.services.contains_key(service)
}

/// What the reference gateway cannot do, or not so fast.
fn of_reference_gateway(project: &Project, story: &ScenarioWithRunbook, plan: &DrillPlan) -> Vec<Finding> {
    let mut found = Vec::new();
    let (name, place) = (&plan.environment_name, &plan.environment);
    let cooldown = place.gateway.breaker.cooldown;
    for terms in WorkloadSums::of(project, story, plan).iter().filter(|terms| is_imitated(plan, &terms.named.service_name)) {
        let hold = terms.named.objectives.hold;
        if hold < cooldown.times(2) && terms.sound("stable_for") {
            let message = format!("a hold of {hold} is shorter than two cooldowns of the breaker in `{name}`, {cooldown} each");
            let finding = terms.error("stable_for", message, format!("write `stable_for: {}`", cooldown.times(2).typed())).warning();
            found.extend(Some(finding).filter(|finding| !found.contains(finding)));
        }
    }
    let reference_gateway = plan.workloads.iter().any(|each| is_imitated(plan, &each.service_name));
    for (id, _) in place.proxies.iter().filter(|(id, binding)| reference_gateway && binding.tls && plan.providers.contains_key(*id)) {
        let hint = "leave it out, or start a gateway of your own with `start:` and give it `${proxy.authority}`";
        let message = format!("the reference gateway of `{name}` trusts no authority of a fault proxy");
        found.push(project.document.error(&["environments", name, "proxies", id, "tls"], message, hint));
    }
    found
}

/// Faults whose proxy has not what they need in this environment.
fn faults_out_of_place(story: &ScenarioWithRunbook, plan: &DrillPlan) -> Vec<Finding> {
    let mut found = Vec::new();
    let (document, name, place) = (&story.scenario.document, &plan.environment_name, &plan.environment);
    for (fault, index) in plan.scenario.timeline.faults.iter().zip(&story.scenario.order) {
        let on = &fault.on;
        let problem = match fault.fault.kind().needs {
            Some(Needs::Certificate) if !place.proxies.get(on).is_some_and(|binding| binding.tls) => Some((
                format!("the fault proxy of `{on}` shows no certificate in the environment `{name}`"),
                format!("add `proxies: {{{on}: {{tls: true}}}}` to it, and let the gateway trust `${{proxy.authority}}`"),
            )),
            Some(Needs::ForwardProxy) if place.control.is_none() => Some((
                format!("names are looked up by a forward proxy, and the environment `{name}` has none"),
                "start `lifeboat proxy --env … --forward …`, and name its control API under `control:`".into(),
            )),
            _ => None,
        };
        if let Some((message, hint)) = problem {
            found.push(document.error(&["timeline", "faults", index, "fault"], message, hint));
        }
    }
    found
}

/// Services and providers that nobody imitates, and whose address nobody tells.
fn without_address(project: &Project, plan: &DrillPlan) -> Vec<Finding> {
    let mut found = Vec::new();
    let (inventory, name, place) = (&project.document, &plan.environment_name, &plan.environment);
    let (workloads, imitated) = (&plan.workloads, place.embedded && place.start.is_none());
    let bound = |service: &String| place.services.contains_key(service);
    let mut unbound: Vec<&String> =
        workloads.iter().map(|each| &each.service_name).filter(|service| !imitated && !bound(service)).collect();
    unbound.dedup();
    for service in unbound {
        let message = format!("the environment `{name}` has no address for the service `{service}`");
        let hint = format!("add `services: {{{service}: {{url: \"https://gateway.example/v1\"}}}}` to it");
        found.push(inventory.error(&["environments", name], message, hint));
    }
    if !place.embedded {
        for id in plan.providers.iter().filter(|(_, provider)| provider.base_url.is_none()).map(|(id, _)| id) {
            let message = format!("the provider `{id}` has no `base_url`, and the environment `{name}` does not imitate it");
            found.push(inventory.error(&["providers", id], message, "add `base_url: https://provider.example/v1`"));
        }
    }
    found
}

/// The words of the faults that any proxy can play: on bytes, or on connections that need nothing more.
fn on_bytes() -> impl Iterator<Item = String> {
    let plain = fault::kinds().filter(|kind| !kind.needs_http() && kind.needs.is_none() && !matches!(kind.acts_on, ActsOn::Issuer(_)));
    plain.filter_map(|kind| kind.word.map(str::to_owned))
}
