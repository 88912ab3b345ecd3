//! Drills that are limited to marked requests: users beside them are spared, which the proxy counts and an independent client sees.

use crate::support::{Project, Run, Standing, quick_provider, stop_all};
use lifeboat::lab::{ReferenceGateway, SimulatedProvider, Upstream};
use lifeboat::model::{BreakerSettings, CredentialKind, Dialect, GatewaySettings};
use lifeboat::units::Duration;
use serde_json::{Value, json};
use std::process::{Command, Stdio};

const INVENTORY: &str = "\
version: 1
providers:
  first: {dialect: openai, base_url: FIRST}
  second: {dialect: openai, base_url: SECOND}
services:
  chat:
    criticality: recoverable
    providers: [first, second]
    objectives: {rto: 2s, slo: {first_token: 500ms}, deadline: 2s, success: 95%, stable_for: 5s, lag_max: 500ms}
environments:
  shared:
    control: \"http://CONTROL\"
    services: {chat: {url: GATEWAY, key_from: env:CLIENT_KEY}}
    allow: {faults_on: [first]}
";

/// Users: 50 requests a second over connections that are kept, for as many seconds as are told. Of each its status, who answered, and how
/// long it took in milliseconds.
const USERS: &str = r#"
import http.client, json, sys, threading, time
host, key, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
told, lock, begin = [], threading.Lock(), time.monotonic()
def user(number):
    wire = http.client.HTTPConnection(host, timeout=10)
    body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]})
    for turn in range(int(seconds * 5)):
        due = begin + (turn + number / 10) / 5
        time.sleep(max(0, due - time.monotonic()))
        start = time.monotonic()
        wire.request("POST", "/v1/chat/completions", body, {"content-type": "application/json", "authorization": "Bearer " + key})
        answer = wire.getresponse()
        answer.read()
        took = (time.monotonic() - start) * 1000
        with lock:
            told.append((start - begin, answer.status, answer.getheader("x-lifeboat-provider"), took))
all = [threading.Thread(target=user, args=(number,)) for number in range(10)]
[each.start() for each in all]; [each.join() for each in all]
print(json.dumps(told))
"#;

/// A gateway whose breaker knows nothing of single requests: users stay where they are.
fn gateway(providers: &[(&str, String)], key: &str) -> ReferenceGateway {
    let upstreams = providers.iter().map(|(name, address)| Upstream {
        store: None,
        kind: CredentialKind::ApiKey,
        name: (*name).to_owned(),
        dialect: Dialect::OpenAi,
        base_url: format!("http://{address}/v1"),
        key: format!("sk-{name}").into(),
        model: "gpt-4o".into(),
        embedding_model: "gpt-4o".into(),
    });
    let breaker = BreakerSettings { failures: 1_000_000, cooldown: Duration::from_secs(2), probes: 1 };
    let settings = GatewaySettings { try_timeout: Duration::from_secs(2), retries: 0, breaker, ..GatewaySettings::default() };
    let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    ReferenceGateway::start(&settings, upstreams.collect(), key.into(), any).unwrap()
}

/// The drill's event of this kind, which must be there once.
fn only<'e>(events: &'e [Value], kind: &str) -> &'e Value {
    let mut found = events.iter().filter_map(|event| event.get(kind));
    let first = found.next().unwrap_or_else(|| panic!("no {kind}"));
    assert!(found.next().is_none(), "more than one {kind}");
    first
}

fn marked(project: &Project, fault: &str) {
    project.edit("scenarios/quick.yaml", "fault: blackhole", &format!("fault: {fault}"));
}

/// A gateway before two providers, each behind a standing proxy, that others use as well.
struct Shared {
    standing: Standing,
    project: Project,
    runtime: tokio::runtime::Runtime,
    gateway: ReferenceGateway,
    providers: Vec<SimulatedProvider>,
}

impl Shared {
    /// With a fault that is limited to requests with `x-lifeboat-drill`.
    fn start() -> Self {
        let (standing, project) = (Standing::start(&[]), Project::quick());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let within = runtime.enter();
        let providers = ["first", "second"].map(|name| (name, quick_provider(name)));
        let mut inventory = INVENTORY.to_owned();
        let listening = providers.each_ref().map(|(name, provider)| {
            inventory = inventory.replace(&name.to_uppercase(), &provider.base_url());
            let origin = provider.base_url().trim_end_matches("/v1").to_owned();
            let asked = json!({"name": name, "upstream": origin, "dialect": "openai"}).to_string();
            let (status, made) = standing.call("POST", "/proxies", &asked);
            assert_eq!(status, 201, "{made}");
            (*name, made["listen"].as_str().unwrap().to_owned())
        });
        let gateway = gateway(&listening, "sk-of-the-clients");
        project.write("runbooks/inventory.yaml", &inventory.replace("CONTROL", &standing.api).replace("GATEWAY", &gateway.base_url()));
        marked(&project, "{status: {code: 503, only: {header: {x-lifeboat-drill: '*'}}}}");
        drop(within);
        Self { standing, project, runtime, gateway, providers: providers.map(|(_, provider)| provider).into() }
    }

    fn lifeboat(&self, args: &[&str]) -> Run {
        self.project.run(self.project.command(args).env("CLIENT_KEY", "sk-of-the-clients"))
    }

    fn stop(self) {
        assert_eq!(self.standing.call("GET", "/proxies/first", "").1["toxics"], json!([]), "nothing is left");
        stop_all(&self.runtime, Some(self.gateway), self.providers);
    }
}

#[test]
fn of_fifty_users_a_second_beside_a_marked_drill_none_is_touched_and_its_cutover_is_measured() {
    let shared = Shared::start();
    let project = &shared.project;
    let host = shared.gateway.base_url().trim_start_matches("http://").trim_end_matches("/v1").to_owned();
    let users = Command::new("python3").args(["-c", USERS, &host, "sk-of-the-clients", "16"]).stdout(Stdio::piped()).spawn().unwrap();
    let run = shared.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--env", "shared", "--yes", "--out", "drill"]);
    run.exits_with(0).says("cutover").says("spared").says("the fault touched none");
    let users: Vec<(f64, u16, String, f64)> = serde_json::from_slice(&users.wait_with_output().unwrap().stdout).unwrap();

    // What the proxy counted, and what the users saw themselves.
    let events = project.events("drill");
    let spared = only(&events, "spared");
    assert_eq!((&spared["on"], &spared["unmarked_touched"]), (&json!("first"), &json!(0)), "{spared}");
    let seen = spared["unmarked_seen"].as_u64().unwrap();
    assert!(seen >= 50, "50 a second for the fault's whole time, or at least a second of it on a busy machine: {spared}");
    assert!(users.len() == 800 && users.iter().all(|(_, status, by, _)| (*status, by.as_str()) == (200, "first")), "{users:?}");
    let healed = only(&events, "fault_healed");
    assert!(healed["touched"].as_u64().unwrap() > 0, "{healed}");
    let verdict = project.json("drill/verdict.json");
    assert!(verdict["measures"]["cutover"].is_object() || verdict["measures"]["cutover"].is_array(), "{:#}", verdict["measures"]);
    let report = std::fs::read_to_string(project.path("drill/report.md")).unwrap();
    assert!(report.contains("only requests with x-lifeboat-drill") && report.contains("the fault touched none"), "{report}");
    // Told, not asserted: a busy machine is slow for everybody.
    let mut took: Vec<f64> = users.iter().map(|(.., took)| *took).collect();
    took.sort_by(f64::total_cmp);
    println!("{seen} requests of users passed the fault; half took less than {:.1} ms, 99% less than {:.1} ms", took[400], took[792]);
    shared.stop();
}

#[test]
fn a_header_that_does_not_reach_the_provider_is_told_before_anything_is_broken() {
    let project = Project::quick();
    marked(&project, "{status: {code: 503, only: {header: {x-lifeboat-drill: 'mine'}}}}");
    // The traffic says something else by itself, as behind a gateway that puts its own in the place of the client's.
    project.edit("scenarios/quick.yaml", "traffic: {", "traffic: {headers: {x-lifeboat-drill: other}, ");
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"]);
    run.exits_with(3).says("first is asked without the header `x-lifeboat-drill`, so the fault would touch nothing");
    run.says("hint: no fault was injected; let the gateway pass that header on");
    let events = project.stopped_cleanly("drill", "baseline-unsteady");
    assert!(!events.iter().any(|event| event.get("fault_requested").is_some()), "nothing was broken");
}

#[test]
fn the_preflight_tells_it_of_a_gateway_that_is_asked_beforehand() {
    let shared = Shared::start();
    let doctor = ["doctor", "scenarios/quick.yaml", "--env", "shared", "--yes"];
    shared.lifeboat(&doctor).exits_with(0).says("chat: 1 of 1 answered, by first");
    // The gateway's clients say something else in that header.
    shared.project.edit(
        "runbooks/inventory.yaml",
        "key_from: env:CLIENT_KEY",
        "key_from: env:CLIENT_KEY, headers: {x-lifeboat-drill: other}",
    );
    marked_value(&shared.project);
    let told = "chat: first is asked without the header `x-lifeboat-drill`, so the fault would touch nothing";
    shared.lifeboat(&doctor).exits_with(3).says(told).says("forward_client_headers_to_llm_api");
    shared.stop();
}

/// Only requests that say this are taken.
fn marked_value(project: &Project) {
    project.edit("scenarios/quick.yaml", "x-lifeboat-drill: '*'", "x-lifeboat-drill: 'mine'");
}

#[test]
fn a_share_of_sessions_is_taken_always_or_never_and_the_same_with_the_same_seed() {
    let project = Project::quick();
    marked(&project, "{status: {code: 503, only: {sessions: 50%, by: x-session-id}}}");
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"]);
    let events = project.events("drill");
    let spared = only(&events, "spared");
    assert_eq!(spared["unmarked_touched"], 0, "{spared}");
    let (touched, seen) = (only(&events, "fault_healed")["touched"].as_u64().unwrap(), spared["unmarked_seen"].as_u64().unwrap());
    assert!(touched > 0 && seen > 0, "half of them: {touched} and {seen}\n{}", run.stderr);
    assert_eq!(run.code.map(|code| code < 4), Some(true), "{}", run.stderr);
    let asked = only(&events, "fault_requested");
    assert_eq!(asked["aim"]["only"]["sessions"], json!({"share": "50%", "by": "x-session-id"}), "{asked}");
}

#[test]
fn what_cannot_be_limited_is_refused_with_what_can() {
    let project = Project::quick();
    marked(&project, "{blackhole: {only: {header: {x-lifeboat-drill: '*'}}}}");
    let said = "`blackhole` acts on whole connections, which the requests of users share, so it cannot be limited to some requests";
    project.lifeboat(&["check"]).exits_with(2).says(said).says("such as `{stall: {}}`");
    // Shopify's server sees bytes only.
    let standing = Standing::start(&["--plain"]);
    let project = Project::quick();
    project.environment("plain", &format!("control: \"http://{}\"", standing.api));
    marked(&project, "{cut: {only: {header: {x-lifeboat-drill: '*'}}}}");
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--env", "plain", "--out", "drill"]);
    run.exits_with(3).says("the plain Toxiproxy at").says("needs a proxy that reads requests");
}
