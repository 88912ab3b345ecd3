//! `lifeboat ready`: a hop that is dead is named with its own reason, each hop is asked once, and nobody is asked who may not be.

mod servers;

use super::support::{Project, Served, wait_for};
use lifeboat::lab::{KeyState, SimulatedProvider};
use lifeboat::model::{Dialect, Provider, RateLimits, Simulation};
use lifeboat::units::{Duration, Ratio, Seed};
use serde_json::Value;
use servers::{Behaviour, certified, closed_port, server};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::Command;

/// A provider of the lab that serves the model `m-1` for the key `sk-NAME`.
fn provider(name: &str, dialect: Dialect, set: impl FnOnce(&mut Provider)) -> SimulatedProvider {
    let simulation = Simulation {
        first_token_p50: Duration::from_millis(5),
        first_token_p95: Duration::from_millis(8),
        tail_share: Ratio::new(0.0).unwrap(),
        ..Simulation::default()
    };
    let mut provider = Provider {
        dialect,
        cloud: None,
        region: None,
        residency: None,
        base_url: None,
        credential: None,
        models: BTreeMap::from([("chat".to_owned(), "m-1".to_owned())]),
        price: None,
        simulation,
        contract: None,
        retires: BTreeMap::new(),
    };
    set(&mut provider);
    SimulatedProvider::start(name, &provider, format!("sk-{name}").into(), Seed(1), "127.0.0.1:0".parse().unwrap()).unwrap()
}

/// An inventory in the making: services with hops, each a line of YAML.
#[derive(Default)]
struct Hops {
    providers: String,
    credentials: String,
    keys: Vec<(String, String)>,
}

impl Hops {
    /// A hop at this address, asked with the key `sk-NAME`; `more` is what else the inventory says of it.
    fn add(&mut self, name: &str, dialect: &str, base_url: &str, more: &str) {
        let variable = format!("READY_{}", name.replace('-', "_").to_uppercase());
        let more = if more.is_empty() { String::new() } else { format!(", {more}") };
        let models = if more.contains("models:") { "" } else { ", models: {chat: m-1}" };
        let price = if more.contains("price:") { "" } else { ", price: {input: 2.50 USD, output: 10 USD}" };
        writeln!(self.providers, "  {name}: {{dialect: {dialect}, base_url: '{base_url}', credential: {name}{models}{price}{more}}}")
            .unwrap();
        writeln!(self.credentials, "  {name}: {{kind: api-key, from: 'env:{variable}'}}").unwrap();
        self.keys.push((variable, format!("sk-{name}")));
    }

    fn without_key(&mut self, name: &str) {
        let variable = format!("READY_{}", name.replace('-', "_").to_uppercase());
        self.keys.retain(|(known, _)| *known != variable);
    }

    fn write(&self, project: &Project, rest: &str) {
        let text = format!("version: 1\ncredentials:\n{}providers:\n{}{rest}", self.credentials, self.providers);
        project.write("runbooks/inventory.yaml", &text);
    }

    fn ready(&self, project: &Project, args: &[&str]) -> Command {
        let mut command = project.command(&[&["ready", "--env", "here"], args].concat());
        // Nobody's forward proxy answers in the place of a name that has no address.
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
            command.env_remove(name);
        }
        command.envs(self.keys.iter().map(|(name, key)| (name.as_str(), key.as_str())));
        command
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// State and reason of each hop.
fn found(round: &Value) -> BTreeMap<String, (String, String)> {
    let hops = round["hops"].as_array().unwrap().iter();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    hops.map(|hop| (word(&hop["hop"]["name"]), (word(&hop["state"]), word(&hop["reason"])))).collect()
}

#[test]
fn each_hop_that_is_dead_is_named_with_its_own_reason() {
    let runtime = runtime();
    let _inside = runtime.enter();
    let project = Project::empty().unsearched();
    let mut hops = Hops::default();
    let mut labs = Vec::new();
    let mut lab =
        |hops: &mut Hops, name: &str, dialect: Dialect, more: &str, set: &dyn Fn(&mut Provider), then: &dyn Fn(&SimulatedProvider)| {
            let started = provider(name, dialect, set);
            then(&started);
            hops.add(name, dialect.word(), &started.base_url(), more);
            labs.push((name.to_owned(), started));
        };
    let (as_is, nothing) = (|_: &mut Provider| {}, |_: &SimulatedProvider| {});
    lab(&mut hops, "primary", Dialect::OpenAi, "", &as_is, &nothing);
    lab(&mut hops, "key-missing", Dialect::OpenAi, "", &as_is, &nothing);
    lab(&mut hops, "key-refused", Dialect::Anthropic, "", &as_is, &|lab| lab.set_key("sk-key-refused", KeyState::Revoked));
    lab(&mut hops, "key-forbidden", Dialect::Bedrock, "", &as_is, &|lab| lab.set_key("sk-key-forbidden", KeyState::Forbidden));
    lab(&mut hops, "model-gone", Dialect::Vertex, "", &as_is, &|lab| lab.retire("m-1"));
    lab(&mut hops, "quota-used-up", Dialect::OpenAi, "", &as_is, &|lab| lab.set_key("sk-quota-used-up", KeyState::OutOfQuota));
    let one_token = |provider: &mut Provider| provider.simulation.limits = RateLimits { requests: None, tokens: Some(1) };
    lab(&mut hops, "rate-limited", Dialect::OpenAi, "", &one_token, &nothing);
    let in_us = |provider: &mut Provider| provider.region = Some("East US 2".to_owned());
    lab(&mut hops, "wrong-region", Dialect::AzureOpenAi, "region: swedencentral", &in_us, &nothing);
    lab(&mut hops, "contract-ends", Dialect::OpenAi, "contract: {ends: 2020-01-31}", &as_is, &nothing);
    lab(&mut hops, "model-retires", Dialect::OpenAi, "retires: {m-1: 2020-01-31}", &as_is, &nothing);
    lab(&mut hops, "outside", Dialect::OpenAi, "", &as_is, &nothing);
    hops.without_key("key-missing");
    for (name, behaviour) in [
        ("no-streaming", Behaviour::NoStreaming),
        ("no-tools", Behaviour::NoTools),
        ("no-json", Behaviour::NoJson),
        ("clock-off", Behaviour::AnHourAhead),
        ("unavailable", Behaviour::Unavailable),
        ("bad-answer", Behaviour::Web),
    ] {
        hops.add(name, "openai", &format!("http://{}/v1", server(behaviour)), "");
    }
    hops.add("certificate-ends", "openai", &format!("https://localhost:{}/v1", certified(-30)), "");
    hops.add("certificate-refused", "openai", &format!("https://localhost:{}/v1", certified(300)), "");
    hops.add("name-unknown", "openai", "http://no-such-host.invalid/v1", "");
    hops.add("no-answer", "openai", &format!("http://127.0.0.1:{}/v1", closed_port()), "");
    hops.add("no-such-path", "openai", &format!("http://{}/v2", server(Behaviour::NoSuchPath)), "");
    hops.add("price-unknown", "openai", &format!("http://{}/v1", server(Behaviour::Well)), "models: {chat: house-model}, price: null");
    let names: Vec<String> = hops.providers.lines().filter_map(|line| Some(line.trim().split_once(':')?.0.to_owned())).collect();
    let dead: Vec<&String> = names.iter().filter(|name| !matches!(name.as_str(), "primary" | "outside" | "price-unknown")).collect();
    assert!(dead.len() >= 12, "{dead:?}");
    let allowed: Vec<&str> = names.iter().map(String::as_str).filter(|name| *name != "outside").collect();
    let providers = hops.providers.replace(", price: null", "");
    hops.providers = providers;
    hops.write(
        &project,
        &format!(
            "services:\n  chat: {{criticality: recoverable, providers: [{}]}}\nenvironments:\n  here: {{allow: {{asks: [{}]}}}}\n",
            names.join(", "),
            allowed.join(", ")
        ),
    );
    let run = project.run(&mut hops.ready(&project, &["--format", "json", "--within", "5s"]));
    run.exits_with(1);
    let round: Value = serde_json::from_str(&run.stdout).unwrap();
    let found = found(&round);
    for name in dead {
        assert_eq!(found[name], ("dead".to_owned(), name.clone()), "{name}: {:#}", round["hops"]);
    }
    let is = |name: &str, state: &str, reason: &str| assert_eq!(found[name], (state.to_owned(), reason.to_owned()), "{:#}", round["hops"]);
    is("primary", "alive", "");
    is("price-unknown", "warning", "price-unknown");
    is("outside", "left-out", "not-allowed");
    for (name, started) in &labs {
        let asked = started.attempts().len();
        match name.as_str() {
            "outside" | "key-missing" => assert_eq!(asked, 0, "nothing is sent to {name}"),
            "primary" => assert_eq!(asked, 3, "a stream, a tool's call, JSON"),
            _ => assert!((1..=3).contains(&asked), "{name} was asked {asked} times"),
        }
    }
    let cost = &round["cost"];
    assert!(cost["requests"].as_u64().unwrap() < 60 && cost["tokens"].as_u64().unwrap() < 6000, "{cost}");
    let table = project.run(&mut hops.ready(&project, &["--within", "5s"]));
    table.exits_with(1).says("its key is refused (401, authentication_error)").says("nor a public list says what house-model costs");
    table.says("`allow.asks` of the environment here does not name it").says("requests, ").says(" tokens, at most 0.0");
    assert!(labs.iter().any(|(name, started)| name == "outside" && started.attempts().is_empty()));
}

#[test]
fn a_hop_is_asked_once_however_many_services_use_it_and_its_history_is_kept() {
    let runtime = runtime();
    let _inside = runtime.enter();
    let project = Project::empty().unsearched();
    let (first, second) = (provider("first", Dialect::OpenAi, |_| {}), provider("second", Dialect::Anthropic, |_| {}));
    let mut hops = Hops::default();
    hops.add("first", "openai", &first.base_url(), "");
    hops.add("second", "anthropic", &second.base_url(), "");
    let services = "services:\n  chat: {criticality: recoverable, providers: [first, second]}\n  search: {criticality: optional, providers: [second, first]}\n";
    hops.write(&project, &format!("{services}environments:\n  here: {{}}\n"));
    let well = project.run(&mut hops.ready(&project, &[]));
    well.exits_with(0).says("chat: 2 of 2 hops alive").says("search: 2 of 2 hops alive").says("5 requests, ");
    assert_eq!((first.attempts().len(), second.attempts().len()), (3, 2), "Anthropic has no way to ask for JSON");
    second.set_key("sk-second", KeyState::Revoked);
    let dead = project.run(&mut hops.ready(&project, &["--quiet"]));
    dead.exits_with(1)
        .says("chat: 1 of 2 hops alive; the standby `second` is dead: its key is refused (401, authentication_error), since 2");
    dead.says("search: 1 of 2 hops alive; the primary `second` is dead");
    let again = project.run(&mut hops.ready(&project, &["chat", "--light"]));
    again.exits_with(1).says("so since 2");
    let read = |args: &[&str]| project.lifeboat(&[&["ready"], args].concat());
    let history = read(&["--history"]);
    let lines: Vec<&str> = history.exits_with(0).stdout.lines().filter(|line| line.contains("UTC")).collect();
    assert_eq!(lines.len(), 3, "both began, and one has changed: {lines:#?}");
    assert!(lines[2].contains("dead      second in here"), "{lines:#?}");
    // What changed is put back where the store is gone.
    for name in ["lifeboat.db", "lifeboat.db-wal", "lifeboat.db-shm"] {
        let _ = std::fs::remove_file(project.path("drills").join(name));
    }
    project.lifeboat(&["store", "rebuild"]).exits_with(0);
    assert_eq!(read(&["--since", "7d"]).stdout, history.stdout);
    let junit = project.run(&mut hops.ready(&project, &["--format", "junit"]));
    junit.exits_with(1).says("<failure message=\"its key is refused (401, authentication_error)\" type=\"key-refused\"");
    project.run(&mut hops.ready(&project, &["caht"])).exits_with(2).says("did you mean `chat`?");
}

#[test]
fn what_may_be_spent_is_spent_on_standbys_and_a_gateway_is_a_hop_as_well() {
    let runtime = runtime();
    let _inside = runtime.enter();
    let project = Project::empty().unsearched();
    let (first, second) = (provider("first", Dialect::OpenAi, |_| {}), provider("second", Dialect::OpenAi, |_| {}));
    let gateway = provider("gateway", Dialect::OpenAi, |_| {});
    let mut hops = Hops::default();
    hops.add("first", "openai", &first.base_url(), "");
    hops.add("second", "openai", &second.base_url(), "");
    hops.keys.push(("READY_CLIENT".to_owned(), "sk-gateway".to_owned()));
    let services = "services:\n  chat: {criticality: recoverable, providers: [first, second]}\n";
    let binding = format!("services: {{chat: {{url: '{}', key_from: 'env:READY_CLIENT'}}}}", gateway.base_url());
    hops.write(&project, &format!("{services}environments:\n  here: {{{binding}}}\n"));
    project.run(&mut hops.ready(&project, &[])).exits_with(0).says("chat: 3 of 3 hops alive").says("its gateway: answers in");
    let before = (first.attempts().len(), second.attempts().len(), gateway.attempts().len());
    assert_eq!(before, (3, 3, 3));
    // One hop can cost some 0.0014 USD.
    let capped = project.run(&mut hops.ready(&project, &["--max-spend", "0.002 USD"]));
    capped.exits_with(3).says("second (standby): answers in").says("of the round's 0.002 USD only");
    let history = project.lifeboat(&["ready", "--history"]);
    assert_eq!(history.stdout.lines().count(), 3, "what there was no money for has not changed: {}", history.stdout);
    assert_eq!((first.attempts().len(), second.attempts().len(), gateway.attempts().len()), (3, 6, 3));
    // A gateway asks its providers: where one of them may not be asked, it is not asked either.
    hops.write(&project, &format!("{services}environments:\n  here: {{{binding}, allow: {{asks: [second]}}}}\n"));
    project.run(&mut hops.ready(&project, &["--light"])).exits_with(0).says("its gateway: it asks first, which");
    assert_eq!((first.attempts().len(), second.attempts().len(), gateway.attempts().len()), (3, 7, 3));
}

#[test]
fn a_provider_whose_requests_are_signed_is_asked_by_a_signature() {
    let runtime = runtime();
    let _inside = runtime.enter();
    let project = Project::empty().unsearched();
    let bedrock = provider("bedrock", Dialect::Bedrock, |_| {});
    // The access key names the secret that signs; the lab's providers take it by that name.
    bedrock.set_key("AKIAREADY", KeyState::Valid);
    let mut hops = Hops::default();
    hops.add("bedrock", "bedrock", &bedrock.base_url(), "region: eu-central-1");
    hops.credentials = hops.credentials.replace("api-key", "signing-key");
    hops.keys[0].1 = r#"{"Version": 1, "AccessKeyId": "AKIAREADY", "SecretAccessKey": "never-sent"}"#.to_owned();
    hops.write(&project, "services:\n  chat: {criticality: recoverable, providers: [bedrock]}\nenvironments:\n  here: {}\n");
    let run = project.run(&mut hops.ready(&project, &["--all"]));
    run.exits_with(0).says("chat: 1 of 1 hop alive").says("its dialect has no way to ask for JSON").says("it calls a tool");
    assert_eq!(bedrock.attempts().len(), 2);
}

#[test]
fn rounds_begin_by_themselves_and_page_api_and_metrics_tell_what_they_found() {
    let runtime = runtime();
    let _inside = runtime.enter();
    let project = Project::empty().unsearched();
    let (first, second) = (provider("first", Dialect::OpenAi, |_| {}), provider("second", Dialect::AzureOpenAi, |_| {}));
    let mut hops = Hops::default();
    hops.add("first", "openai", &first.base_url(), "");
    hops.add("second", "azure-openai", &second.base_url(), "");
    hops.credentials = hops.credentials.replace("env:", "dotenv:.env#");
    project.write(".env", &hops.keys.iter().map(|(name, key)| format!("{name}={key}\n")).collect::<String>());
    hops.write(&project, "services:\n  chat: {criticality: recoverable, providers: [first, second]}\nenvironments:\n  here: {}\n");
    let served = Served::start(&project, &["--no-schedules", "--ready-every", "1s", "--ready-env", "here"]);
    let told = |value: &str| {
        let line = format!("lifeboat_hop_ready{{service=\"chat\",provider=\"second\",environment=\"here\"}} {value}");
        served.ask("GET", "/metrics", &[], "").body.contains(&line).then_some(())
    };
    wait_for("a round in which it is alive", || told("1.0"));
    second.set_key("sk-second", KeyState::Revoked);
    wait_for("a round in which it is dead", || told("0.0"));
    assert!(served.ask("GET", "/metrics", &[], "").body.contains("lifeboat_ready_last_round_timestamp_seconds{environment=\"here\"} 1"));
    let page = served.ask("GET", "/ready", &[], "").body;
    assert!(page.contains("1 hop of 2 is dead") && page.contains("its key is refused (401)"), "{page}");
    let api = served.ask("GET", "/api/v1/ready", &[], "").json();
    let found = api["hops"].as_array().unwrap().iter().find(|hop| hop["hop"] == "second").unwrap();
    assert_eq!((&found["state"], &found["reason"]), (&"dead".into(), &"key-refused".into()), "{api:#}");
    let changes = served.ask("GET", "/api/v1/ready/changes?days=1", &[], "").json();
    assert_eq!(changes["changes"].as_array().unwrap().len(), 3, "{changes:#}");
}
