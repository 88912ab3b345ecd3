//! A drill as in staging: providers, a gateway and a standing fault proxy between them, none of them the drill's own, all still there
//! when it has ended.

use crate::support::{Project, Standing, quick_gateway, quick_provider, stop_all, wait_for};
use lifeboat::lab::{ReferenceGateway, SimulatedProvider};
use serde_json::Value;
use tokio::runtime::Runtime;

const KEY: &str = "sk-of-the-clients";
const TOKEN: &str = "the token of the control API";

const INVENTORY: &str = "\
version: 1
providers:
  first: {dialect: openai, base_url: FIRST}
  second: {dialect: openai, base_url: SECOND}
services:
  chat:
    criticality: recoverable
    providers: [first, second]
    objectives: {rto: 2s, slo: {first_token: 250ms}, deadline: 2s, success: 95%, stable_for: 5s, lag_max: 200ms}
environments:
  staging:
    control: {url: \"http://CONTROL\", token_from: env:PROXY_TOKEN}
    services: {chat: {url: GATEWAY, key_from: env:CLIENT_KEY}}
    allow: {faults_on: [first]}
";

/// Everything but the drill.
struct Staging {
    runtime: Runtime,
    providers: Vec<SimulatedProvider>,
    gateway: Option<ReferenceGateway>,
    proxy: Standing,
    project: Project,
}

impl Staging {
    /// `before` is put before the proxy's command line.
    fn start(before: &[&str]) -> Self {
        let project = Project::quick();
        let runtime = Runtime::new().unwrap();
        let within = runtime.enter();
        let providers = vec![quick_provider("first"), quick_provider("second")];
        let inventory = INVENTORY.replace("FIRST", &providers[0].base_url()).replace("SECOND", &providers[1].base_url());
        project.write("runbooks/inventory.yaml", &inventory.replace("CONTROL", "127.0.0.1:1").replace("GATEWAY", "http://nowhere/v1"));
        let mut command = project.after(before, &["proxy", "--env", "staging", "--api", "127.0.0.1:0", "--drain", "0s"]);
        let proxy = Standing::spawn(command.env("PROXY_TOKEN", TOKEN));
        let listen = |name: &str| {
            let path = format!("/proxies/{name}");
            wait_for(name, || Some(proxy.authorized(TOKEN, "GET", &path, "").1["listen"].as_str()?.to_owned()))
        };
        let gateway = quick_gateway(&["first", "second"].map(|name| (name, listen(name))), KEY);
        project.write("runbooks/inventory.yaml", &inventory.replace("CONTROL", &proxy.api).replace("GATEWAY", &gateway.base_url()));
        drop(within);
        Self { runtime, providers, gateway: Some(gateway), proxy, project }
    }

    /// Runs the quick drill; hands back its events.
    fn drill(&self) -> Vec<Value> {
        let mut command = self.project.command(&["run", "scenarios/quick.yaml", "--env", "staging", "--seed", "3", "--out", "drill"]);
        let run = self.project.run(command.env("PROXY_TOKEN", TOKEN).env("CLIENT_KEY", KEY));
        run.exits_with(0).says("met");
        self.project.events("drill")
    }

    fn proxies(&self) -> Value {
        self.proxy.authorized(TOKEN, "GET", "/proxies", "").1
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        stop_all(&self.runtime, self.gateway.take(), std::mem::take(&mut self.providers));
    }
}

#[test]
fn a_drill_uses_the_proxies_that_stand_there_and_leaves_them() {
    let staging = Staging::start(&[]);
    let before = staging.proxies();
    assert_eq!(before.as_object().unwrap().keys().collect::<Vec<_>>(), ["first", "second"]);
    let events = staging.drill();
    assert_eq!(staging.proxies(), before);
    let served = |by: &str| events.iter().filter(|event| event["served"]["by"] == by && event["served"]["status"].is_null()).count();
    assert!(served("first") > 50 && served("second") > 50, "{} and {}", served("first"), served("second"));
    assert!(!events.iter().any(|event| event.get("proxy_clock").is_some()), "it is the same clock");
}

#[test]
fn the_proxy_breaks_only_what_its_environment_allows() {
    let staging = Staging::start(&[]);
    let call = |method, path, body| staging.proxy.authorized(TOKEN, method, path, body);
    let toxic = r#"{"type": "latency", "attributes": {"latency": 5}}"#;
    assert_eq!(call("POST", "/proxies/first/toxics", toxic).0, 200);
    for (method, path, body) in [
        ("POST", "/proxies/second/toxics", toxic),
        ("POST", "/proxies/second", r#"{"enabled": false}"#),
        ("POST", "/proxies/second", r#"{"upstream": "http://127.0.0.1:1"}"#),
        ("POST", "/populate", r#"[{"name": "second", "upstream": "http://127.0.0.1:1"}]"#),
        ("DELETE", "/proxies/second", ""),
    ] {
        let (status, told) = call(method, path, body);
        let words = told["error"].as_str().unwrap_or_default();
        assert!(status == 403 && words.contains("faults on `second` are not allowed here"), "{method} {path}: {status} {told}");
    }
    // Nor does it make, move or name one so that the traffic of another comes to it.
    for (method, path, body) in [
        ("POST", "/proxies", r#"{"name": "mine", "upstream": "http://127.0.0.1:1", "dialect": "http", "hosts": ["second.example"]}"#),
        ("PATCH", "/proxies/first", r#"{"upstream": "http://127.0.0.1:1"}"#),
        ("PATCH", "/proxies/first", r#"{"hosts": ["second.example"]}"#),
        ("PATCH", "/proxies/first", r#"{"listen": "0.0.0.0:0"}"#),
        ("POST", "/populate", r#"[{"name": "first", "upstream": "http://127.0.0.1:1", "dialect": "openai"}]"#),
    ] {
        let (status, told) = call(method, path, body);
        assert!(status == 403 && told["hint"].as_str().is_some_and(|hint| hint.contains("inventory")), "{method} {path}: {status} {told}");
    }
    assert_eq!(staging.proxies()["first"]["toxics"].as_array().unwrap().len(), 1, "it is as it was");
    assert_eq!(call("POST", "/reset", "").0, 204);
    let mut command = staging.project.command(&["heal", "--env", "staging"]);
    staging.project.run(command.env("PROXY_TOKEN", TOKEN)).exits_with(0).says("nothing to heal: 2 proxies");
    staging.project.lifeboat(&["heal", "--env", "staging"]).exits_with(2).says("PROXY_TOKEN");
}

/// In a time namespace of its own the proxy's clock is 5,000 s ahead, as that of another host may be.
#[test]
fn a_proxy_with_another_clock_is_used_honestly() {
    let mut before = vec!["unshare", "--time", "--fork", "--kill-child", "--monotonic", "5000"];
    if !is_root() {
        before.splice(1..1, ["--user", "--map-root-user"]);
    }
    let staging = Staging::start(&before);
    let events = staging.drill();
    let clock = &events.iter().find(|event| event.get("proxy_clock").is_some()).expect("the other clock is told")["proxy_clock"];
    let (ahead, error) = (clock["ahead"].as_i64().unwrap(), clock["error"].as_u64().unwrap());
    assert!(ahead.abs_diff(5_000_000_000_000) <= error, "{clock}");
    let confirmed = &events.iter().find(|event| event.get("fault_confirmed").is_some()).unwrap()["fault_confirmed"];
    let asked = events.iter().find(|event| event.get("fault_requested").is_some()).unwrap()["t"].as_u64().unwrap();
    let (lo, hi) = (confirmed["lo"].as_u64().unwrap(), confirmed["hi"].as_u64().unwrap());
    // On the drill's clock, and not narrower than what is known of the other one.
    assert!(lo.abs_diff(asked) < 5_000_000_000 && hi > lo, "asked at {asked}, confirmed {confirmed}");
    staging.project.lifeboat(&["report", "drill"]).exits_with(0).says("on another host");
}

fn is_root() -> bool {
    std::process::Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}
