//! Gateways that real teams run, each before two providers of the lab, drilled with each kind of fault, while a prober that shares no code
//! with Lifeboat watches the same outage from outside. LiteLLM is in a file of its own.

use crate::support::{Project, interval, python, wait_for};
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const RTO: f64 = 3000.0;

/// What becomes of users by both witnesses' figures.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// Served again within the RTO.
    Met,
    /// Not served again while the fault lasts.
    Missed,
}

/// The prober, until its standard input is closed.
struct Prober {
    process: Child,
}

impl Prober {
    fn start(script: &Path, port: &str, record: &str) -> Self {
        let mut command = Command::new("python3");
        command.arg(script).args(["ask", port, record]).stdin(Stdio::piped()).stdout(Stdio::null());
        Self { process: command.spawn().expect("this test needs Python 3") }
    }

    fn finish(mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// One drill of a gateway, and what the prober says of the same outage.
#[expect(clippy::print_stdout, reason = "the measured figures are what these are run for")]
fn drilled(gateway: &str, fault: &str, wanted: Fate) {
    let project = Project::empty();
    // Neither nginx nor HAProxy takes blanks in the names of sockets.
    let folder = tempfile::Builder::new().prefix("gateway").tempdir().unwrap();
    let (script, text) = match gateway {
        "nginx" => ("nginx.sh", nginx()),
        "haproxy" => ("haproxy.sh", include_str!("gateways/haproxy.sh").to_owned()),
        _ => ("envoy.sh", include_str!("gateways/envoy.sh").to_owned()),
    };
    let envoy = if gateway == "envoy" { python("envoy", "tests/gateways/requirements.txt").join("envoy") } else { "-".into() };
    let inventory = INVENTORY.replace("SCRIPT", script).replace("FOLDER_PATH", folder.path().to_str().unwrap());
    project.write("runbooks/inventory.yaml", &inventory.replace("ENVOY_PATH", envoy.to_str().unwrap()));
    project.write("scenarios/outage.yaml", &SCENARIO.replace("FAULT", fault)).write(script, &text);
    let prober = project.path("prober.py");
    project.write("prober.py", include_str!("gateways/prober.py"));

    let drill = project.start(&["run", "scenarios/outage.yaml", "--env", "gateway", "--seed", "7", "--out", "drill"]);
    let port = wait_for("the gateway's port", || std::fs::read_to_string(folder.path().join("port")).ok());
    let record = project.path("seen.json").display().to_string();
    let watching = Prober::start(&prober, port.trim(), &record);
    let run = drill.finish();
    watching.finish();
    let log = std::fs::read_to_string(project.path("drill/system.log")).unwrap_or_default();
    let (verdict, events) = (project.json("drill/verdict.json"), project.events("drill"));

    let began = chrono::DateTime::parse_from_rfc3339(events[0]["started"]["wall_clock"].as_str().unwrap()).unwrap();
    let moment = |kind: &str, side: &str| {
        let event = events.iter().find_map(|event| event.get(kind)).unwrap_or_else(|| panic!("no {kind}: {}\n{log}", run.stdout));
        format!("{:.4}", began.timestamp_millis() as f64 / 1e3 + event[side].as_u64().unwrap() as f64 / 1e9)
    };
    let mut reckon = Command::new("python3");
    reckon.arg(&prober).args(["reckon", &record, &moment("fault_confirmed", "lo"), &moment("fault_healed", "lo")]);
    let said = project.run(&mut reckon);
    let outside: Value = serde_json::from_str(said.exits_with(0).stdout.trim()).unwrap();

    let ((lo, hi), (low, high)) = (interval(&verdict, "restore"), span(&outside));
    let said_by = verdict["verdict"].as_str().unwrap();
    println!(
        "{gateway:8} {fault:32} {said_by:12} restore ({lo:.0}, {hi:.0}] ms, {} bad; the prober ({low:.0}, {high:.0}] ms, {} of {} bad",
        verdict["measures"]["bad"], outside["bad"], outside["asked"]
    );
    // Both are bounded only by what each happened to ask: a request of one may have met the gateway's last attempt at the primary.
    let slack = 400.0;
    assert!(low <= hi + slack && lo <= high + slack, "the two do not agree: {outside}\n{}\n{log}", run.stdout);
    let fate = |lo: f64, hi: f64| if hi <= RTO { Some(Fate::Met) } else { (lo >= RTO).then_some(Fate::Missed) };
    assert_eq!(fate(low, high), Some(wanted), "by the prober: {outside}\n{}\n{log}", run.stdout);
    let word = if wanted == Fate::Met { "met" } else { "missed" };
    assert_eq!(said_by, word, "{}\n{}\n{log}", run.stdout, run.stderr);
}

/// The nginx of `imported`, which gives up later, remembers for longer than a drill lasts, and asks the second about a 429 too. It knows no way to
/// ask it about a 401.
fn nginx() -> String {
    let changes = [
        ("max_fails=5 fail_timeout=2s", "max_fails=3 fail_timeout=20s"),
        ("proxy_read_timeout 600ms", "proxy_read_timeout 700ms"),
        ("error timeout http_502", "error timeout http_429 http_502"),
    ];
    changes.iter().fold(include_str!("imported/gateway.sh").to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the shared script says no {from:?}");
        text.replace(from, to)
    })
}

fn span(outside: &Value) -> (f64, f64) {
    (outside["lo_ms"].as_f64().unwrap(), outside["hi_ms"].as_f64().unwrap_or(f64::INFINITY))
}

/// A test for each gateway and fault, with what becomes of its users.
macro_rules! drills {
    ($($gateway:ident { $($name:ident: $fault:literal => $fate:ident,)* })*) => {
        $(mod $gateway {
            use super::{Fate, drilled};
            $(#[test]
            fn $name() {
                drilled(stringify!($gateway), $fault, Fate::$fate);
            })*
        })*
    };
}

drills! {
    nginx {
        blackhole: "blackhole" => Met,
        status_503: "{status: {code: 503}}" => Met,
        status_429: "{status: {code: 429, retry_after: 24h}}" => Met,
        stall: "{stall: {for: 30s}}" => Met,
        end_early: "{end-early: {after: 2}}" => Missed,
        revoked: "credential-revoked" => Missed,
    }
    haproxy {
        blackhole: "blackhole" => Met,
        status_503: "{status: {code: 503}}" => Met,
        status_429: "{status: {code: 429, retry_after: 24h}}" => Missed,
        stall: "{stall: {for: 30s}}" => Met,
        end_early: "{end-early: {after: 2}}" => Missed,
        revoked: "credential-revoked" => Missed,
    }
    envoy {
        blackhole: "blackhole" => Met,
        status_503: "{status: {code: 503}}" => Met,
        status_429: "{status: {code: 429, retry_after: 24h}}" => Met,
        stall: "{stall: {for: 30s}}" => Met,
        end_early: "{end-early: {after: 2}}" => Missed,
        revoked: "credential-revoked" => Met,
    }
}

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
    objectives: {rto: 3s, slo: {first_token: 1500ms}, deadline: 3s, success: 95%, stable_for: 5s, lag_max: 500ms, gate: restore}
environments:
  gateway:
    embedded: true
    start:
      run: [sh, SCRIPT, "${port}"]
      env:
        FOLDER: "FOLDER_PATH"
        ENVOY: "ENVOY_PATH"
        FIRST: "${proxy.first.url}"
        FIRST_KEY: "${credential.first}"
        SECOND: "${proxy.second.url}"
        SECOND_KEY: "${credential.second}"
      ready: "http://127.0.0.1:${port}/ready"
    services: {chat: {url: "http://127.0.0.1:${port}/v1"}}
"#;

const SCENARIO: &str = "\
version: 1
scenario: outage
title: The first provider goes wrong
service: chat
traffic: {rate: 20/s, request: chat-stream}
timeline:
  baseline: 2s
  faults: [{at: 0s, on: first, fault: FAULT, for: 9s}]
  watch: 1s
";
