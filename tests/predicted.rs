//! Predicted against measured: what a gateway's configuration lets expect, and what real drills of that gateway then show.

use crate::support::{Project, interval, python};
use serde_json::Value;
use std::ffi::OsString;
use std::thread;

/// One way to set a gateway up: what is said there, in the words of its configuration, and the time that follows by hand, in milliseconds;
/// `None` where nothing bounds it.
struct Setting {
    name: &'static str,
    said: &'static str,
    fault: &'static str,
    by_hand: Option<f64>,
}

const fn setting(name: &'static str, said: &'static str, by_hand: Option<f64>) -> Setting {
    Setting { name, said, fault: "blackhole", by_hand }
}

/// What both cannot know: the standby takes 30 ms, requests come in jittered slots of 50 ms, and a busy machine is late. LiteLLM takes longer by
/// itself.
const SLACK_MS: f64 = 600.0;
const LITELLM_SLACK_MS: f64 = 1200.0;

/// Predicted and measured, in milliseconds; infinite where nothing bounds it.
struct Shown {
    row: String,
    predicted: f64,
    measured: (f64, f64),
    verdict: String,
    report: String,
}

fn project(kind: &str, configuration: &str, fault: &str) -> (Project, tempfile::TempDir) {
    let project = Project::empty();
    // Neither nginx nor HAProxy takes blanks in the names of sockets.
    let folder = tempfile::Builder::new().prefix("predicted").tempdir().unwrap();
    let run = match kind {
        "litellm" => "[litellm, --config, gateway.conf, --host, 127.0.0.1, --port, \"${port}\"]".to_owned(),
        _ => format!("[sh, start.sh, {kind}, gateway.conf, \"${{port}}\"]"),
    };
    let ready = if kind == "litellm" { "health/liveliness" } else { "ready" };
    let inventory = INVENTORY.replace("KIND", kind).replace("START", &run).replace("READY", ready);
    let inventory = inventory.replace("FOLDER_PATH", folder.path().to_str().unwrap());
    project
        .write("runbooks/inventory.yaml", &inventory)
        .write("gateway.conf", configuration)
        .write("start.sh", include_str!("predicted/start.sh"));
    // One LiteLLM takes some 15 ms for an answer, more for one that is rescued, and there are two beside each other.
    let rate = if kind == "litellm" { "10/s" } else { "20/s" };
    project.write("scenarios/outage.yaml", &SCENARIO.replace("FAULT", fault).replace("20/s", rate));
    (project, folder)
}

/// A drill of one setting.
fn shown(kind: &str, setting: &Setting, configuration: &str, path: Option<&OsString>) -> Shown {
    let (project, _folder) = project(kind, configuration, setting.fault);
    let arguments = ["run", "scenarios/outage.yaml", "--env", "gateway", "--seed", "7", "--out", "drill"];
    let mut command = project.command(&arguments);
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let run = project.run(&mut command);
    let log = std::fs::read_to_string(project.path("drill/system.log")).unwrap_or_default();
    assert!(matches!(run.code, Some(0 | 1)), "{kind}, {}: {}\n{}\n{log}", setting.name, run.stdout, run.stderr);
    let (verdict, events) = (project.json("drill/verdict.json"), project.events("drill"));
    let prediction = &events[0]["started"]["plan"]["prediction"];
    assert_eq!(prediction["file"], "gateway.conf", "{prediction}");
    let predicted = prediction["cutover"].as_str().map_or(f64::INFINITY, millis);
    let measured = interval(&verdict, "cutover");
    let said_by = verdict["verdict"].as_str().unwrap().to_owned();
    let told = |length: f64| if length.is_finite() { format!("{length:.0} ms") } else { "no limit".to_owned() };
    let row = format!(
        "{kind:8} {:44} predicted {:>9}, measured ({:.0} ms, {}] {said_by}; {}",
        setting.name,
        told(predicted),
        measured.0,
        told(measured.1),
        prediction["because"].as_str().unwrap()
    );
    let report = std::fs::read_to_string(project.path("drill/report.md")).unwrap_or_default();
    Shown { row, predicted, measured, verdict: said_by, report }
}

fn millis(text: &str) -> f64 {
    match text.strip_suffix("ms") {
        Some(number) => number.parse().unwrap(),
        None => text.strip_suffix('s').unwrap().parse::<f64>().unwrap() * 1e3,
    }
}

/// All settings of one gateway, at once; `fill` puts what they say into its configuration.
#[expect(clippy::print_stdout, reason = "the measured figures are what these are run for")]
fn hold(kind: &'static str, settings: &[Setting], fill: impl Fn(&Setting) -> String, path: Option<&OsString>, slack: f64) {
    let all: Vec<Shown> = thread::scope(|scope| {
        let each: Vec<_> = settings.iter().map(|setting| (setting, fill(setting))).collect();
        let each: Vec<_> = each.into_iter().map(|(setting, text)| scope.spawn(move || shown(kind, setting, &text, path))).collect();
        each.into_iter().map(|handle| handle.join().unwrap()).collect()
    });
    all.iter().for_each(|shown| println!("{}", shown.row));
    for (shown, setting) in all.iter().zip(settings) {
        let (lo, hi) = shown.measured;
        assert_eq!(shown.predicted, setting.by_hand.unwrap_or(f64::INFINITY), "reckoned by hand: {}", shown.row);
        assert!(shown.report.contains("Predicted and measured"), "{}", shown.report);
        if shown.predicted.is_finite() {
            assert!(hi <= shown.predicted + slack, "longer than predicted: {}", shown.row);
            // These settings play the worst case itself, so that a prediction that is far too long is wrong too.
            assert!(hi >= shown.predicted - slack, "much sooner than predicted: {}", shown.row);
            assert_eq!(shown.verdict, "met", "{}", shown.row);
        } else {
            // Not within the RTO, and as far as the drill saw, never.
            assert!(lo >= 3000.0 && hi.is_infinite() && shown.verdict == "missed", "{}", shown.row);
            assert!(shown.report.contains("slow-by-configuration") || shown.report.contains("By its configuration"), "{}", shown.report);
        }
    }
}

#[test]
fn of_nginx_four_settings_hold() {
    let settings = [
        setting(
            "passed on in time",
            "max_fails=3 fail_timeout=20s | proxy_read_timeout 700ms; proxy_next_upstream error timeout non_idempotent;",
            Some(750.0),
        ),
        setting("lost until three have failed", "max_fails=3 fail_timeout=20s | proxy_read_timeout 500ms;", Some(650.0)),
        setting(
            "passed on too late, one failure",
            "max_fails=1 fail_timeout=20s | proxy_read_timeout 2s; proxy_next_upstream error timeout non_idempotent;",
            Some(2050.0),
        ),
        setting(
            "passed on too late, never left alone",
            "max_fails=0 | proxy_read_timeout 2s; proxy_next_upstream error timeout non_idempotent;",
            None,
        ),
    ];
    let fill = |setting: &Setting| {
        let (server, location) = setting.said.split_once(" | ").unwrap();
        include_str!("predicted/nginx.conf").replace("SERVER", server).replace("SETTINGS", location)
    };
    hold("nginx", &settings, fill, None, SLACK_MS);
}

#[test]
fn of_haproxy_four_settings_hold() {
    let observed = "default-server check inter 5s rise 4 observe layer7 on-error";
    let settings = [
        setting("three errors mark it down", "timeout server 700ms | OBSERVED mark-down error-limit 3", Some(850.0)),
        setting("six errors mark it down", "timeout server 400ms | OBSERVED mark-down error-limit 6", Some(700.0)),
        setting(
            "asked twice, four errors mark it down",
            "timeout server 500ms | retries 1 | retry-on response-timeout | OBSERVED mark-down error-limit 4",
            Some(700.0),
        ),
        setting("checked, not observed", "timeout server 500ms | default-server check inter 1s fall 2", None),
    ];
    let fill = |setting: &Setting| {
        let said = setting.said.replace("OBSERVED", observed).replace(" | ", "\n  ");
        include_str!("predicted/haproxy.cfg").replace("SETTINGS", &said)
    };
    hold("haproxy", &settings, fill, None, SLACK_MS);
}

/// Two settings; all four where `LIFEBOAT_SETTINGS` is 4: each starts a LiteLLM of its own, which keeps a machine busy for some seconds.
#[test]
fn of_litellm_settings_hold() {
    let policy = "  allowed_fails_policy: {TimeoutErrorAllowedFails: 2, InternalServerErrorAllowedFails: 2}\n  cooldown_time: 30\n";
    let settings = [
        setting("rescued in time", "stream_timeout: 1 | num_retries: 0", Some(1100.0)),
        setting("rescued too late, put aside by a policy", "stream_timeout: 0.7 | num_retries: 2 | POLICY", Some(1000.0)),
        setting("one try, too long, put aside by a policy", "stream_timeout: 2 | num_retries: 0 | POLICY", Some(2300.0)),
        setting("one try, too long, no policy", "stream_timeout: 2 | num_retries: 0", None),
    ];
    let count = std::env::var("LIFEBOAT_SETTINGS").ok().and_then(|count| count.parse().ok()).unwrap_or(2_usize);
    let fill = |setting: &Setting| {
        let mut parts = setting.said.split(" | ");
        let (timeout, retries) = (parts.next().unwrap(), parts.next().unwrap());
        let rest = if parts.next().is_some() { policy } else { "" };
        LITELLM.replace("TIMEOUT", timeout).replace("RETRIES", retries) + rest
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = python("litellm", "scenarios/gateways/litellm/requirements.txt");
    let path = std::env::join_paths([own].into_iter().chain(std::env::split_paths(&path))).unwrap();
    for pair in settings[..count.min(4)].chunks(2) {
        hold("litellm", pair, fill, Some(&path), LITELLM_SLACK_MS);
    }
}

#[test]
fn a_slow_configuration_is_found_before_any_drill() {
    let text = include_str!("predicted/nginx.conf").replace("SERVER", "max_fails=0").replace("SETTINGS", "proxy_read_timeout 10s;");
    let (project, _folder) = project("nginx", &text, "blackhole");
    let run = project.lifeboat(&["check"]);
    run.exits_with(0).says("a cutover of `chat` takes no limit, and 3 s are promised").says("gateway.conf:").says("`proxy_read_timeout`");
    let line = 1 + text.lines().position(|line| line.contains("proxy_read_timeout")).unwrap();

    let told: Value = serde_json::from_str(&project.lifeboat(&["check", "--format", "sarif"]).stdout).unwrap();
    let run = &told["runs"][0];
    assert_eq!((told["version"].as_str(), run["tool"]["driver"]["name"].as_str()), (Some("2.1.0"), Some("lifeboat")));
    let results = run["results"].as_array().unwrap();
    let slow = results.iter().find(|result| result["ruleId"] == "slow-cutover").unwrap_or_else(|| panic!("{told:#}"));
    let place = &slow["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "gateway.conf");
    assert_eq!(slow["level"], "warning");
    assert_eq!(place["region"]["startLine"].as_u64(), Some(line as u64));
    let told: Value = serde_json::from_str(&project.lifeboat(&["check", "--format", "json"]).stdout).unwrap();
    assert!(told["findings"].as_array().unwrap().iter().any(|finding| finding["rule"] == "slow-cutover"));

    // What is stated before a drill, with the sum.
    let quick = include_str!("predicted/nginx.conf")
        .replace("SERVER", "max_fails=3 fail_timeout=20s")
        .replace("SETTINGS", "proxy_read_timeout 700ms; proxy_next_upstream error timeout http_503 non_idempotent;");
    project.write("gateway.conf", &quick);
    let dry = project.lifeboat(&["run", "scenarios/outage.yaml", "--env", "gateway", "--dry-run"]);
    dry.exits_with(0).says("cutover at most 750 ms by gateway.conf, after no answer: 700 ms + 50 ms until the next request = 750 ms");
    assert!(!project.lifeboat(&["check"]).stdout.contains("a cutover of"), "within the RTO there is nothing to say");

    project.write("gateway.conf", "http {");
    project.lifeboat(&["check"]).exits_with(2).says("this ends within what began on line 1");
    project.edit("runbooks/inventory.yaml", "nginx: gateway.conf", "nginx: nowhere.conf");
    project.lifeboat(&["check"]).exits_with(2).says("there is no configuration `nowhere.conf`");
}

const LITELLM: &str = "\
model_list:
  - model_name: gpt-4o
    litellm_params: {model: openai/gpt-4o, api_base: os.environ/FIRST, api_key: os.environ/FIRST_KEY, timeout: 8, TIMEOUT}
  - model_name: standby
    litellm_params: {model: openai/gpt-4o, api_base: os.environ/SECOND, api_key: os.environ/SECOND_KEY, timeout: 8}
litellm_settings: {telemetry: false}
router_settings:
  fallbacks: [{gpt-4o: [standby]}]
  RETRIES
";

const INVENTORY: &str = r#"version: 1
providers:
  first:
    dialect: openai
    models: {chat: gpt-4o}
    simulation: &quick {first_token_p50: 20ms, first_token_p95: 30ms, tail_share: 0%, tokens: 400/s}
  second: {dialect: openai, models: {chat: gpt-4o}, simulation: *quick}
services:
  chat:
    criticality: recoverable
    providers: [first, second]
    objectives: {rto: 3s, slo: {first_token: 1500ms}, deadline: 3s, success: 95%, stable_for: 5s, lag_max: 500ms}
environments:
  gateway:
    embedded: true
    configuration: {KIND: gateway.conf}
    start:
      run: START
      env:
        FOLDER: "FOLDER_PATH"
        FIRST: "${proxy.first.url}"
        FIRST_KEY: "${credential.first}"
        SECOND: "${proxy.second.url}"
        SECOND_KEY: "${credential.second}"
        LITELLM_MASTER_KEY: "${service.key}"
        LITELLM_LOCAL_MODEL_COST_MAP: "True"
        LITELLM_LOG: ERROR
      ready: "http://127.0.0.1:${port}/READY"
      within: 90s
      warm_up: 5
    services: {chat: {url: "http://127.0.0.1:${port}/v1"}}
"#;

const SCENARIO: &str = "\
version: 1
scenario: outage
title: The first provider goes wrong
service: chat
traffic: {rate: 20/s, request: chat-stream}
timeline:
  baseline: 3s
  faults: [{at: 0s, on: first, fault: FAULT, for: 8500ms}]
  watch: 500ms
";
