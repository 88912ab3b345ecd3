//! Locks: one drill at a time for what drills share, across processes; whoever waits is told for whom, and nobody waits for the dead.

use crate::support::{Project, Standing, quick_gateway, quick_provider, stop_all, wait_for};

fn run<'a>(out: &'a str, env: &'a str) -> [&'a str; 8] {
    ["run", "scenarios/quick.yaml", "--seed", "7", "--env", env, "--out", out]
}

fn with<'a>(args: [&'a str; 8], more: &[&'a str]) -> Vec<&'a str> {
    args.into_iter().chain(more.iter().copied()).collect()
}

/// The quick project with an environment over this server.
fn over(standing: &Standing) -> Project {
    let (project, inventory) = (Project::quick(), "runbooks/inventory.yaml");
    // How fast it is does not matter here, and other tests may slow it down.
    project.edit(inventory, "first_token: 250ms", "first_token: 1s").edit(inventory, "lag_max: 200ms", "lag_max: 1s");
    let gateway = "gateway: {try_timeout: 300ms, breaker: {failures: 5, cooldown: 2s, probes: 1}}";
    project.environment("standing", &format!("{gateway}, control: {{url: 'http://{}', lease: 2s}}", standing.api));
    project
}

#[test]
fn a_lock_holds_across_processes_survives_a_kill_and_is_taken_over_from_the_dead() {
    let standing = Standing::start(&[]);
    let project = over(&standing);
    let mut first = project.start(&run("a", "standing"));
    first.until("blackhole on first active");
    let second = project.lifeboat(&run("b", "standing"));
    second.exits_with(4).says(&format!("the standing proxy http://{} is held by ", standing.api)).says(" since ");
    second.says("for quick in standing (process ").says("--wait 10m");
    assert!(!project.path("b").exists(), "it has not begun");
    project.lifeboat(&["heal"]).exits_with(0).says("nothing was left");
    assert!(
        !standing.call("GET", "/proxies/first", "").1["toxics"].as_array().unwrap().is_empty(),
        "nothing is taken from a drill that runs"
    );
    project.lifeboat(&with(run("b", "standing"), &["--wait", "300ms"])).exits_with(4).says("waiting: ").says("; waited 300 ms for it");
    let mut third = project.start(&with(run("b", "standing"), &["--wait", "60s", "--heal"]));
    third.until("waiting: the standing proxy ");
    first.signal(9);
    first.finish();
    // The lock is there as it was; only its process is not.
    third.until("taken over: the lock of a drill whose process is gone: ").until("a: this drill was killed").until("environment standing");
    third.until("blackhole on first active").signal(2);
    third.finish().exits_with(4);
    assert_eq!(standing.call("GET", "/proxies", "").1, serde_json::json!({}));
    let locks: Vec<String> = std::fs::read_dir(project.path("drills/locks"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    assert!(locks.len() == 1 && locks[0].contains("\"free\": true"), "{locks:?}");
}

#[test]
fn a_lock_of_another_host_is_waited_for_until_it_has_not_been_renewed_for_a_lease() {
    let standing = Standing::start(&[]);
    let project = over(&standing);
    project.edit("runbooks/inventory.yaml", "lease: 2s}", "lease: 2s}, locks: {folder: shared, lease: 2s}");
    let mut first = project.start(&run("a", "standing"));
    first.until("blackhole on first active").signal(9);
    first.finish();
    // As if another host had written it, which died with it.
    let lock = std::fs::read_dir(project.path("shared")).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_file()).unwrap();
    let mut record: serde_json::Value = serde_json::from_slice(&std::fs::read(&lock).unwrap()).unwrap();
    record["process"]["boot"] = "another".into();
    record["who"] = "grace@ops-2".into();
    record["since"] = "2001-01-01T00:00:00+00:00".into();
    std::fs::write(&lock, record.to_string()).unwrap();
    let refused = project.lifeboat(&with(run("b", "standing"), &["--heal"]));
    refused.exits_with(4).says("nothing is healed at ").says("held by grace@ops-2 since 2001-01-01T00:00:00+00:00");
    let mut next = project.start(&with(run("b", "standing"), &["--wait", "60s", "--heal"]));
    next.until("waiting: ").until("taken over: the lock of a drill which was not renewed for as long as its lease: ");
    next.until("environment standing").signal(2);
    next.finish().exits_with(4);
}

const INVENTORY: &str = "\
version: 1
providers:
  first: {dialect: openai, base_url: FIRST}
  second: {dialect: openai, base_url: SECOND}
services:
  chat: &service
    criticality: recoverable
    providers: [first, second]
    objectives: {rto: 2s, slo: {first_token: 1s}, deadline: 2s, success: 95%, stable_for: 5s, lag_max: 1s}
  search: *service
environments:
  one: {control: 'http://ONE', services: {chat: {url: CHAT, key_from: env:CLIENT_KEY}}, allow: {faults_on: [first]}}
  two: {control: 'http://TWO', services: {search: {url: SEARCH, key_from: env:CLIENT_KEY}}, allow: {faults_on: [first]}}
  three: {services: {chat: {url: CHAT, key_from: env:CLIENT_KEY}}, allow: {faults_on: [first]}}
";

#[test]
fn two_drills_on_different_services_of_one_host_run_side_by_side_and_two_on_one_do_not() {
    let (project, runtime) = (Project::quick(), tokio::runtime::Runtime::new().unwrap());
    let within = runtime.enter();
    let providers = ["first", "second"].map(|name| (name, quick_provider(name)));
    let mut inventory = INVENTORY.to_owned();
    let servers = [("ONE", "CHAT", Standing::start(&[])), ("TWO", "SEARCH", Standing::start(&[]))];
    let mut gateways = Vec::new();
    for (control, service, standing) in &servers {
        let listening = providers.each_ref().map(|(name, provider)| {
            inventory = inventory.replace(&name.to_uppercase(), &provider.base_url());
            let upstream = provider.base_url().trim_end_matches("/v1").to_owned();
            let asked = serde_json::json!({"name": name, "upstream": upstream, "dialect": "openai"}).to_string();
            (*name, standing.call("POST", "/proxies", &asked).1["listen"].as_str().unwrap().to_owned())
        });
        let gateway = quick_gateway(&listening, "sk-of-the-clients");
        inventory = inventory.replace(service, &gateway.base_url()).replace(control, &standing.api);
        gateways.push(gateway);
    }
    drop(within);
    project.write("runbooks/inventory.yaml", &inventory);
    let scenario = std::fs::read_to_string(project.path("scenarios/quick.yaml")).unwrap();
    project.write(
        "scenarios/search.yaml",
        &scenario.replace("scenario: quick", "scenario: search").replace("service: chat", "service: search"),
    );
    let env = [("CLIENT_KEY", "sk-of-the-clients")];
    let mut one = project.start_with(&run("a", "one"), &env);
    one.until("blackhole on first active");
    let two = ["run", "scenarios/search.yaml", "--seed", "7", "--env", "two", "--out", "b"];
    let mut two = project.start_with(&two, &env);
    two.until("blackhole on first active");
    let faulty = |place: usize| servers[place].2.call("GET", "/proxies/first", "").1["toxics"].as_array().map_or(0, Vec::len);
    assert_eq!((faulty(0), faulty(1)), (1, 1), "both at once");
    // The same service with proxies of its own: what it measures would be the other's fault.
    let third = project.run(project.command(&run("c", "three")).envs(env));
    third.exits_with(4).says("the service chat at http://127.0.0.1:").says("for quick in one (process ");
    for mut drill in [one, two] {
        drill.signal(2);
        drill.finish().exits_with(4);
    }
    wait_for("both are healed", || (faulty(0) + faulty(1) == 0).then_some(()));
    let mut gateways = gateways.into_iter();
    stop_all(&runtime, gateways.next(), Vec::new());
    stop_all(&runtime, gateways.next(), providers.into_iter().map(|(_, provider)| provider).collect());
}
