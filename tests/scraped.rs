//! What `lifeboat serve` tells Prometheus, by Prometheus itself: scraped, alerted on, and shown by a dashboard whose queries are all of it.

use crate::support::reports::unpacked;
use crate::support::{Project, Prometheus, wait_for};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A `lifeboat serve`. Dropping it kills it.
struct ScrapedServe {
    process: Child,
    address: String,
}

impl ScrapedServe {
    fn start(project: &Project) -> Self {
        let mut command = project.command(&["serve", "--listen", "127.0.0.1:0"]);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").expect("it says where it listens").to_owned();
        Self { process, address }
    }

    /// The status, the head and the body.
    fn get(&self, path: &str, headers: &str) -> (u16, String, String) {
        let mut wire = TcpStream::connect(&self.address).unwrap();
        write!(wire, "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}\r\n", self.address).unwrap();
        let mut text = String::new();
        wire.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_ascii_lowercase(), body.to_owned())
    }
}

impl Drop for ScrapedServe {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A project in which a scenario was drilled once, longer ago than its schedule allows.
fn overdue() -> Project {
    let project = Project::shipped().unsearched();
    unpacked("format-2.0/azure-outage", &project.path("stored"));
    std::fs::create_dir_all(project.path("drills")).unwrap();
    std::fs::rename(project.path("stored/format-2.0/azure-outage"), project.path("drills/azure-outage")).unwrap();
    project.lifeboat(&["report", "drills/azure-outage", "--format", "verdict", "--out", "drills/azure-outage/verdict.json"]).exits_with(0);
    let schedule = "version: 1\nschedule: azure-daily\nscenarios: [scenarios/azure-outage.yaml]\nenvironment: lab\n\
                    when: \"every day, 03:00 UTC\"\ncadence: 1h\n";
    project.write("schedules/azure.yaml", schedule);
    project
}

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks/monitoring").join(name)
}

/// Prometheus' own tool; it says what it found.
fn promtool(args: &[&str], input: &str) -> String {
    let mut command = Command::new("promtool");
    let mut tool = command.args(args).current_dir(env!("CARGO_MANIFEST_DIR"));
    tool = tool.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = tool.spawn().expect("this test needs promtool: apt-get install prometheus");
    running.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{args:?}: {said}");
    said
}

/// The names of Lifeboat's metrics in a text.
fn named(text: &str) -> BTreeSet<&str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').filter(|word| word.starts_with("lifeboat_")).collect()
}

#[test]
fn what_is_told_is_read_by_prometheus_and_names_all_that_alerts_and_dashboard_ask_for() {
    let project = overdue();
    // Nobody has the keys of its providers: nothing is sent, and both are dead.
    project.lifeboat(&["ready", "support-chat"]).exits_with(1).says("its key is missing");
    let served = ScrapedServe::start(&project);
    // What is counted by target is told once there is one: the owner hears that it is overdue.
    let (head, text) = wait_for("a notice to the owner", || {
        let (status, head, text) = served.get("/metrics", "");
        assert_eq!(status, 200, "{text}");
        text.contains("lifeboat_notice_deliveries{").then_some((head, text))
    });
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    promtool(&["check", "metrics"], &text);
    let told = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start}\n{text}")).to_owned();
    assert!(told("lifeboat_schedule_overdue{schedule=\"azure-daily\"}").ends_with(" 1.0"));
    assert!(told("lifeboat_hop_ready{service=\"support-chat\"").ends_with(" 0.0"));
    let drill = "scenario=\"azure-outage\",environment=\"lab\",service=\"support-chat\"";
    let verdicts: f64 = ["met", "missed", "inconclusive"]
        .iter()
        .map(|verdict| {
            let line = told(&format!("lifeboat_drill_verdict{{{drill},verdict=\"{verdict}\"}}"));
            line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
        })
        .sum();
    assert!((verdicts - 1.0).abs() < f64::EPSILON, "one of them\n{text}");
    let bound = |bound: &str| -> f64 {
        let line = told(&format!("lifeboat_drill_cutover_seconds{{{drill},bound=\"{bound}\"}}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert!(bound("lower") <= bound("upper"));
    let (_, head, text_of_open) = served.get("/metrics", "accept: application/openmetrics-text; version=1.0.0\r\n");
    assert!(head.contains("application/openmetrics-text") && text_of_open.ends_with("# EOF\n"));
    assert_eq!((served.get("/healthz", "").0, served.get("/readyz", "").0), (200, 200));

    // Alerts and the dashboard ask for nothing that is not told, and everything that they ask is understood.
    let rules = std::fs::read_to_string(shipped("lifeboat.rules.yaml")).unwrap();
    assert!(promtool(&["check", "rules", &shipped("lifeboat.rules.yaml").display().to_string()], "").contains("7 rules found"));
    promtool(&["test", "rules", "tests/scraped/rules.yaml"], "");
    let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(shipped("dashboard.json")).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut queries: Vec<&str> =
        panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap()).map(|target| target["expr"].as_str().unwrap()).collect();
    queries.extend(dashboard["annotations"]["list"].as_array().unwrap().iter().map(|list| list["expr"].as_str().unwrap()));
    assert!(queries.len() > 15);
    let recorded: Vec<Value> =
        queries.iter().enumerate().map(|(place, query)| serde_json::json!({"record": format!("q:{place}"), "expr": query})).collect();
    project.write("queries.yaml", &serde_json::json!({"groups": [{"name": "dashboard", "rules": recorded}]}).to_string());
    promtool(&["check", "rules", &project.path("queries.yaml").display().to_string()], "");
    let known: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    for asked in queries.iter().copied().chain([rules.as_str()]).flat_map(named) {
        assert!(known.contains(asked), "{asked} is asked for and not told");
    }
    // What a reader of the README looks for is there, and nothing is left out of it.
    let readme = std::fs::read_to_string(shipped("README.md")).unwrap();
    assert_eq!(named(&readme), known);
    // None of these files is taken for a runbook.
    assert!(!project.lifeboat(&["check"]).stdout.contains("monitoring"));
}

#[test]
fn alerts_fire_also_when_lifeboat_is_dead() {
    let project = overdue();
    let served = ScrapedServe::start(&project);
    let rules = std::fs::read_to_string(shipped("lifeboat.rules.yaml")).unwrap();
    // Nobody waits for minutes here.
    project.write("prometheus/rules.yaml", &rules.replace("for: 1m", "for: 1s").replace("for: 2m", "for: 1s"));
    let prometheus = Prometheus::alerting(&project, std::slice::from_ref(&served.address), &["rules.yaml"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let firing = || -> BTreeSet<String> {
        let url = format!("{}/api/v1/alerts", prometheus.url());
        let answer = runtime.block_on(async { http.get(url).send().await.unwrap().text().await.unwrap() });
        let alerts: Value = serde_json::from_str(&answer).unwrap();
        let alerts = alerts["data"]["alerts"].as_array().unwrap().iter().filter(|alert| alert["state"] == "firing");
        alerts.map(|alert| alert["labels"]["alertname"].as_str().unwrap().to_owned()).collect()
    };
    wait_for("the overdue drill", || firing().contains("LifeboatDrillOverdue").then_some(()));
    // Before the first scrape nothing was told; since then something is.
    wait_for("a Lifeboat that answers", || (!firing().contains("LifeboatDown")).then_some(()));
    drop(served);
    wait_for("that it is dead", || firing().contains("LifeboatDown").then_some(()));
    assert!(firing().contains("LifeboatDrillOverdue"), "who is dead keeps no schedule: {:?}", firing());
}
