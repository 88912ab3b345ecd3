//! The inventory: contacts, credentials, providers, services, environments, and whether the names in it are all declared.

use super::document::SourceDocument;
use super::fault::a_minute;
use super::fields::MapFields;
use super::finding::{FINDINGS_MAX, Finding};
use super::reader::TreeReader;
use super::shape::{self, FileKind};
use super::tree::{Node, NodeKind};
use super::vocabulary::listed;
use super::{
    business, contact, contract, environment, evidence, listeners, mail, objective, parity, rotation, schedule, serving, store, variable,
};
use crate::model::{
    Allow, Credential, CredentialKind, CredentialSource, Criticality, Dialect, Environment, Inventory, ModelTimes, Price, Provider,
    ProviderCapacity, RateLimits, Service, Simulation,
};
use crate::units::{Duration, Money, Rate, Ratio, closest};
use std::collections::BTreeMap;

/// Reads an inventory and adds what is wrong in it to the document's findings.
pub(super) fn read(document: &mut SourceDocument) -> Inventory {
    if let Some(finding) = shape::mixed_up(document, FileKind::Inventory) {
        // Which names it declares, nobody knows.
        (document.findings, document.root) = (vec![finding], None);
    }
    let reader = TreeReader::new(&document.source);
    let mut inventory = document.root.as_ref().and_then(|root| whole(&reader, root)).unwrap_or_default();
    let found = reader.into_parts();
    document.add(found);
    inventory.environments.entry("lab".into()).or_insert_with(|| Environment { embedded: true, ..Environment::default() });
    let found = names(document, &inventory);
    document.findings.extend(found);
    inventory
}

fn whole(reader: &TreeReader<'_>, root: &Node) -> Option<Inventory> {
    let fields = reader.fields(root, "an inventory")?;
    fields.version();
    let inventory = Inventory {
        contacts: fields.optional("contacts", &|reader, node| reader.named(node, &contact::read)).unwrap_or_default(),
        mail: fields.optional("mail", &mail::read),
        credentials: fields.optional("credentials", &|reader, node| reader.named(node, &credential)).unwrap_or_default(),
        stores: fields.optional("stores", &|reader, node| reader.named(node, &store::read)).unwrap_or_default(),
        secrets: fields.optional("secrets", &|reader, node| reader.named(node, &store::secret)).unwrap_or_default(),
        providers: fields.required("providers", &|reader, node| reader.named(node, &provider)).unwrap_or_default(),
        services: fields.required("services", &|reader, node| reader.named(node, &service)).unwrap_or_default(),
        environments: fields.optional("environments", &|reader, node| reader.named(node, &environment::read)).unwrap_or_default(),
        evidence: fields.optional("evidence", &evidence::read).unwrap_or_default(),
        serve: fields.optional("serve", &serving::read).unwrap_or_default(),
    };
    // What they say is read where the whole project is known; here, what is wrong with it.
    let _ = fields.optional("schedules", &|reader, node| reader.list(node, &|reader, node| schedule::read(reader, node, true)));
    fields.finish();
    Some(inventory)
}

fn credential(reader: &TreeReader<'_>, node: &Node) -> Option<Credential> {
    let fields = reader.fields(node, "a credential")?;
    let kind = fields.required("kind", &|reader, node| reader.word(node, CredentialKind::WORDS, CredentialKind::from_word));
    let from = fields.required("from", &store::source);
    let rotates_in = fields.optional("rotates_in", &|reader, node| reader.words(node));
    let issuer = fields.optional("issuer", &rotation::issuer);
    let key_id = fields.optional("key_id", &|reader, node| reader.words(node));
    fields.finish();
    let nowhere = CredentialSource::Env(String::new());
    Some(Credential { kind: kind.unwrap_or(CredentialKind::ApiKey), from: from.unwrap_or(nowhere), rotates_in, issuer, key_id })
}

fn provider(reader: &TreeReader<'_>, node: &Node) -> Option<Provider> {
    let fields = reader.fields(node, "a provider")?;
    let text = |name| fields.optional(name, &|reader, node| reader.words(node));
    let provider = Provider {
        dialect: fields.required("dialect", &|reader, node| reader.word(node, Dialect::WORDS, Dialect::from_word)).unwrap_or(Dialect::Http),
        cloud: text("cloud"),
        region: text("region"),
        residency: text("residency"),
        base_url: fields.optional("base_url", &|reader, node| reader.url(node)),
        credential: fields.optional("credential", &|reader, node| reader.name(node)),
        models: fields.optional("models", &|reader, node| reader.named(node, &|reader, node| reader.words(node))).unwrap_or_default(),
        price: fields.optional("price", &price),
        simulation: fields.optional("simulation", &simulation).unwrap_or_default(),
        contract: fields.optional("contract", &contract::read),
        retires: fields.optional("retires", &contract::retires).unwrap_or_default(),
    };
    fields.finish();
    Some(provider)
}

/// Of a million tokens.
fn price(reader: &TreeReader<'_>, node: &Node) -> Option<Price> {
    let fields = reader.fields(node, "a price")?;
    let money = |name| fields.required(name, &|reader, node| reader.quantity::<Money>(node));
    let (input, output) = (money("input"), money("output"));
    fields.finish();
    Some(Price { input: input?, output: output?, source: String::new() })
}

fn simulation(reader: &TreeReader<'_>, node: &Node) -> Option<Simulation> {
    let fields = reader.fields(node, "a simulation")?;
    let usual = Simulation::default();
    let pace = times(reader, &fields, usual.pace());
    let ModelTimes { first_token_p50, first_token_p95, tail_share, tail_p50, token_gap } = pace;
    let simulation = Simulation {
        first_token_p50,
        first_token_p95,
        tail_share,
        tail_p50,
        token_gap,
        credential_life: fields.optional("credential_life", &|reader, node| reader.time(node)).unwrap_or(usual.credential_life),
        models: fields.optional("models", &|reader, node| models(reader, node, pace)).unwrap_or_default(),
        limits: fields.optional("limits", &limits).unwrap_or_default(),
        retired: fields.optional("retired", &|reader, node| reader.list(node, &|reader, node| reader.words(node))).unwrap_or_default(),
        capacity: fields.optional("capacity", &capacity),
        refuses: fields.optional("refuses", &|reader, node| reader.list(node, &parity::refusal)).unwrap_or_default(),
        right: fields.optional("right", &|reader, node| reader.quantity::<Ratio>(node)).unwrap_or(usual.right),
    };
    fields.finish();
    Some(simulation)
}

/// The times that are given; the others are those of `usual`.
fn times(reader: &TreeReader<'_>, fields: &MapFields<'_>, usual: ModelTimes) -> ModelTimes {
    let time = |name| fields.optional(name, &|reader, node| reader.time(node));
    let given = (time("first_token_p50"), time("first_token_p95"));
    // Where only one of the two is given, the other keeps the usual proportion to it.
    let (first_token_p50, first_token_p95) = match given {
        (Some(p50), Some(p95)) => (p50, p95),
        (Some(p50), None) => (p50, Duration::from_nanos((p50.as_nanos() as f64 * 1.79) as u64)),
        (None, Some(p95)) => (Duration::from_nanos((p95.as_nanos() as f64 / 1.79) as u64), p95),
        (None, None) => (usual.first_token_p50, usual.first_token_p95),
    };
    if first_token_p95 < first_token_p50
        && let Some((_, node)) = fields.raw("first_token_p95")
    {
        reader.error(node.spot, "the 95th percentile is below the median", format!("write at least `{first_token_p50}`"));
    }
    ModelTimes {
        first_token_p50,
        first_token_p95,
        tail_share: fields.optional("tail_share", &|reader, node| reader.quantity::<Ratio>(node)).unwrap_or(usual.tail_share),
        tail_p50: time("tail_p50").unwrap_or(usual.tail_p50),
        token_gap: fields.optional("tokens", &|reader, node| reader.quantity::<Rate>(node)).map_or(usual.token_gap, Rate::gap),
    }
}

/// The times of single models, by the provider's identifiers, which are no names of ours.
fn models(reader: &TreeReader<'_>, node: &Node, usual: ModelTimes) -> Option<BTreeMap<String, ModelTimes>> {
    let NodeKind::Map(entries) = &node.kind else {
        reader.error(node.spot, "the times of models are a map", "write `{MODEL: {first_token_p50: 500ms, tokens: 70/s}}`");
        return None;
    };
    let pace = |node: &Node| {
        let fields = reader.fields(node, "the times of a model")?;
        let pace = times(reader, &fields, usual);
        fields.finish();
        Some(pace)
    };
    Some(entries.iter().filter_map(|(key, node)| Some((key.text.clone(), pace(node)?))).collect())
}

/// `{concurrent: 8, queue: 16}`.
fn capacity(reader: &TreeReader<'_>, node: &Node) -> Option<ProviderCapacity> {
    let fields = reader.fields(node, "a capacity")?;
    let concurrent = fields.required("concurrent", &|reader, node| reader.count(node, 1));
    let queue = fields.optional("queue", &|reader, node| reader.count(node, 0)).unwrap_or(0);
    fields.finish();
    Some(ProviderCapacity { concurrent: concurrent?, queue })
}

fn limits(reader: &TreeReader<'_>, node: &Node) -> Option<RateLimits> {
    let fields = reader.fields(node, "limits")?;
    let limits = RateLimits { requests: fields.optional("requests", &a_minute), tokens: fields.optional("tokens", &a_minute) };
    if fields.has_none(&["requests", "tokens"]) {
        reader.error(node.spot, "limits are on requests, on tokens or on both", "write `{requests: 60/min}`");
    }
    fields.finish();
    Some(limits)
}

fn service(reader: &TreeReader<'_>, node: &Node) -> Option<Service> {
    let fields = reader.fields(node, "a service")?;
    let (providers, sharing) = fields.required("providers", &serving).unwrap_or_default();
    let service = Service {
        owner: fields.optional("owner", &|reader, node| reader.name(node)),
        criticality: fields
            .optional("criticality", &|reader, node| reader.word(node, Criticality::WORDS, Criticality::from_word))
            .unwrap_or(Criticality::Recoverable),
        // The placeholder has no name, so that nobody takes it for a provider.
        providers: if providers.is_empty() { vec![String::new()] } else { providers },
        sharing,
        objectives: fields.optional("objectives", &objective::read).unwrap_or_default(),
        runbook: fields.optional("runbook", &|reader, node| reader.words(node)),
        business: fields.optional("business", &business::read),
        parity: fields.optional("parity", &parity::read).unwrap_or_default(),
    };
    fields.finish();
    Some(service)
}

/// Who serves, in order of preference, and how many of the first share the load: `[azure, openai]`, or `{share: [azure, openai], standbys:
/// [bedrock]}`.
fn serving(reader: &TreeReader<'_>, node: &Node) -> Option<(Vec<String>, usize)> {
    let names = |reader: &TreeReader<'_>, node: &Node| reader.list(node, &|reader, node| reader.name(node));
    let NodeKind::Map(_) = &node.kind else { return Some((names(reader, node)?, 1)) };
    let fields = reader.fields(node, "the providers that share the load")?;
    let sharing = fields.required("share", &names);
    let standbys = fields.optional("standbys", &names).unwrap_or_default();
    if let (Some([_]), Some((_, node))) = (sharing.as_deref(), fields.raw("share")) {
        reader.error(node.spot, "one provider shares the load with nobody", "name two or more, or write `providers: [PRIMARY, STANDBY]`");
    }
    fields.finish();
    let sharing = sharing?;
    let count = sharing.len();
    Some((sharing.into_iter().chain(standbys).collect(), count))
}

/// The items of a service's providers, each with the path to it.
fn providers_of<'d>(document: &'d SourceDocument, id: &str) -> Vec<(Vec<String>, &'d Node)> {
    let lists: [&[&str]; 3] = [&[], &["share"], &["standbys"]];
    let each = lists.into_iter().flat_map(|last| {
        let path: Vec<&str> = ["services", id, "providers"].into_iter().chain(last.iter().copied()).collect();
        let found = items(document, &path).iter().enumerate();
        let named = |place: usize| path.iter().map(|part| (*part).to_owned()).chain([place.to_string()]).collect();
        found.map(|(place, item)| (named(place), item)).collect::<Vec<_>>()
    });
    each.collect()
}

/// Names that the inventory uses and does not declare, standbys that are the primary, providers outside a residency.
fn names(document: &SourceDocument, inventory: &Inventory) -> Vec<Finding> {
    let mut found = Vec::new();
    // Each loop ends where a file has more mistakes than anybody reads.
    let enough = |found: &Vec<Finding>| found.len() >= FINDINGS_MAX;
    for (id, provider) in &inventory.providers {
        if enough(&found) {
            return found;
        }
        if let Some(name) = &provider.credential {
            let path = ["providers", id, "credential"];
            found.extend(unknown(document, &path, name, "a credential", &inventory.credentials));
        }
    }
    for (id, from) in &inventory.secrets {
        if enough(&found) {
            return found;
        }
        found.extend(store::named(document, &["secrets", id, "from"], from, &inventory.stores));
    }
    for (id, credential) in &inventory.credentials {
        if enough(&found) {
            return found;
        }
        found.extend(store::named(document, &["credentials", id, "from"], &credential.from, &inventory.stores));
        found.extend(rotation::one_slot(document, id, credential));
    }
    for (id, service) in &inventory.services {
        if enough(&found) {
            return found;
        }
        if let Some(name) = &service.owner {
            found.extend(unknown(document, &["services", id, "owner"], name, "a contact", &inventory.contacts));
        }
        let providers = providers_of(document, id);
        for (index, (path, item)) in providers.iter().enumerate() {
            if enough(&found) {
                return found;
            }
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let NodeKind::Text(name) = &item.kind else { continue };
            found.extend(unknown(document, &path, name, "a provider", &inventory.providers));
            let first = providers.iter().position(|(_, other)| other.kind == item.kind);
            if let Some(first) = first.filter(|first| *first < index) {
                let message = match (first < service.sharing, service.shares()) {
                    (true, true) => format!("`{name}` shares the load already"),
                    (true, false) => format!("the standby `{name}` is the primary"),
                    (false, _) => format!("the standby `{name}` is a standby already"),
                };
                found.push(document.error(&path, message, "name a different provider, or take it away"));
            }
        }
        found.extend(residency(document, &["services", id, "objectives", "residency"], service, inventory));
    }
    found.extend(contract::names(document, inventory).into_iter().chain(serving::names(document, inventory)));
    found.extend(variable::unknown_secrets_in(document, &["contacts"], &inventory.secrets));
    for (id, environment) in &inventory.environments {
        found.extend(names_in_environment(document, inventory, id, environment));
    }
    found
}

/// Names that an environment uses and the inventory does not declare.
fn names_in_environment(document: &SourceDocument, inventory: &Inventory, id: &str, environment: &Environment) -> Vec<Finding> {
    let mut found = Vec::new();
    let environment_names = |section: [&'static str; 2]| ["environments", id, section[0], section[1]];
    for name in environment.services.keys() {
        let path = ["environments", id, "services", name];
        found.extend(unknown(document, &path, name, "a service", &inventory.services));
    }
    for name in environment.proxies.keys() {
        let path = ["environments", id, "proxies", name];
        found.extend(unknown(document, &path, name, "a provider", &inventory.providers));
    }
    for (index, name) in environment.allow.faults_on.iter().flatten().enumerate() {
        let at = index.to_string();
        let [root, id, allow, faults_on] = environment_names(["allow", "faults_on"]);
        found.extend(unknown(document, &[root, id, allow, faults_on, &at], name, "a provider", &inventory.providers));
    }
    for (index, name) in environment.allow.asks.iter().flatten().enumerate() {
        let at = index.to_string();
        let [root, id, allow, asks] = environment_names(["allow", "asks"]);
        found.extend(unknown(document, &[root, id, allow, asks, &at], name, "a provider", &inventory.providers));
    }
    for (index, place) in environment.allow.stores.iter().enumerate() {
        let alone = Allow { stores: vec![place.clone()], ..Allow::default() };
        if !inventory.credentials.values().any(|credential| alone.takes(&credential.from)) {
            let hint = "write what stands under `from:` of a credential, that without `#` and what follows it, or the name of a store";
            let path = ["environments", id, "allow", "stores", &index.to_string()];
            found.push(document.error(&path, format!("no credential is kept in `{place}`"), hint).warning());
        }
    }
    found.extend(listeners::of(document, id, environment, inventory));
    let known = variable::KnownNames::outside(&inventory.providers);
    found.extend(variable::unknown_in(document, &["environments", id], &known));
    found
}

/// The items of the list at a path.
fn items<'d>(document: &'d SourceDocument, path: &[&str]) -> &'d [Node] {
    match document.root.as_ref().and_then(|root| root.at(path)).map(|node| &node.kind) {
        Some(NodeKind::List(items)) => items,
        _ => &[],
    }
}

/// An error unless `name` is declared.
pub(super) fn unknown<T>(
    document: &SourceDocument,
    path: &[&str],
    name: &str,
    what: &str,
    declared: &BTreeMap<String, T>,
) -> Option<Finding> {
    if declared.contains_key(name) {
        return None;
    }
    let finding = document.error(path, format!("`{name}` is not {what} of this inventory"), name_hint(name, what, declared.keys()));
    Some(finding.about(section(what), name))
}

/// The section of an inventory in which something is declared.
pub(super) fn section(what: &str) -> &'static str {
    match what {
        "a contact" => "contacts",
        "a credential" => "credentials",
        "a secret" => "secrets",
        "a store" => "stores",
        "a service" => "services",
        "an environment" => "environments",
        _ => "providers",
    }
}

/// What to type instead of a name that is not declared.
pub(super) fn name_hint<'n>(name: &str, what: &str, declared: impl Iterator<Item = &'n String> + Clone) -> String {
    let names = || declared.clone().map(String::as_str);
    match closest(name, names()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if names().next().is_none() => format!("the inventory declares none; add `{}: {{{name}: …}}` to it", section(what)),
        None if names().nth(8).is_some() => format!("{what} is declared in runbooks/inventory.yaml"),
        None => format!("write {}, or declare it in the inventory", listed(names())),
    }
}

/// Providers of a service that stand outside the places that an objective allows.
pub(super) fn residency(document: &SourceDocument, path: &[&str], service: &Service, inventory: &Inventory) -> Vec<Finding> {
    let places: Vec<&str> = items(document, path)
        .iter()
        .filter_map(|item| if let NodeKind::Text(text) = &item.kind { Some(text.as_str()) } else { None })
        .collect();
    if places.is_empty() {
        return Vec::new();
    }
    let outside = service.providers.iter().filter_map(|id| Some((id, inventory.providers.get(id)?)));
    outside
        .filter(|(_, provider)| !provider.residency.as_deref().is_some_and(|place| places.contains(&place)))
        .map(|(id, provider)| {
            let (message, hint) = match &provider.residency {
                Some(place) => (
                    format!("the provider `{id}` stands in `{place}`, outside this objective"),
                    format!(
                        "take `{id}` from the service; or leave it, and a drill shows whether anything is sent there although it is not permitted"
                    ),
                ),
                None => (
                    format!("the provider `{id}` says no residency, so nothing that is sent there can meet this objective"),
                    format!("write `residency: …` to `{id}`: the legal area of its data centres"),
                ),
            };
            document.error(path, message, hint).warning()
        })
        .collect()
}
