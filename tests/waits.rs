//! `wait_until` on anything, by the binary: programs, a web server, a real Prometheus, the resolver, ports, an API server (a small one of our
//! own, with the shapes that kubernetes.io documents).

use crate::support::Project;
use crate::support::Prometheus;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

fn project(steps: &[String]) -> Project {
    let project = Project::quick();
    let steps: String = steps.iter().map(|step| format!("  - {{{step}}}\n")).collect();
    project.write("runbooks/real.yaml", &format!("version: 1\nrunbook: real\nstart: by-hand\nsteps:\n{steps}"));
    project
}

/// A step that waits, and goes on whatever comes of it.
fn waits(name: &str, condition: &str, timeout: &str) -> String {
    format!("name: {name}, wait_until: {{{condition}}}, timeout: {timeout}, on_failure: continue")
}

/// How each step ended, with what it said, in the order of the steps.
fn ends(project: &Project) -> Vec<(String, String)> {
    let events = project.events("x");
    let finished = events.iter().filter_map(|event| event.get("step_finished"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    finished.map(|step| (text(&step["end"]), text(&step["output"]))).collect()
}

fn execute(project: &Project) -> Vec<(String, String)> {
    project.lifeboat(&["execute", "runbooks/real.yaml", "--out", "x"]).exits_with(0);
    ends(project)
}

/// Answers GET requests by their path until the test's process ends: its address. What is asked for `/status` is healthy from the third time on.
fn server() -> String {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut wire in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(&wire).lines().map_while(Result::ok);
            let first = lines.next().unwrap_or_default();
            let rest: Vec<String> = lines.take_while(|line| !line.is_empty()).map(|line| line.to_lowercase()).collect();
            let conditions = json!([{"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable"}, {"type": "Progressing", "status": "True"}]);
            let object = json!({"metadata": {"resourceVersion": "7", "generation": 2},
                "status": {"observedGeneration": 2, "readyReplicas": 1, "conditions": conditions}});
            let (status, body) = match first.split(' ').nth(1).unwrap_or_default() {
                "/status" => (200, json!({"status": {"healthy": ASKED.fetch_add(1, Ordering::SeqCst) >= 2, "lag": 7}}).to_string()),
                "/down" => (503, "overloaded".to_owned()),
                "/apis/apps/v1/namespaces/chat/deployments/gateway" if rest.contains(&"authorization: bearer sa-token".to_owned()) => {
                    (200, object.to_string())
                }
                "/apis/apps/v1/namespaces/chat/deployments/gateway" => (401, json!({"message": "Unauthorized"}).to_string()),
                _ => (404, json!({"message": "not found"}).to_string()),
            };
            let _ = write!(wire, "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        }
    });
    address
}

#[test]
fn a_runbook_waits_for_programs_servers_names_ports_and_objects_and_says_what_it_saw_last() {
    let server = server();
    let port = server.trim_start_matches("http://").to_owned();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let project = project(&[
        waits("Exit", "run: [sh, -c, \"echo x >> tried; test $(wc -l < tried) -ge 3\"], succeeds: 2 in a row, every: 20ms", "20s"),
        waits("Code", "run: [sh, -c, \"exit 3\"], exits: 3", "20s"),
        waits("Other code", "run: [sh, -c, \"echo why >&2; exit 4\"], exits: 3, every: 50ms", "400ms"),
        waits("Printed", "run: [echo, \"replica is streaming\"], matches: \"^replica is (streaming|ready)$\"", "20s"),
        waits("Value", "run: [echo, '{\"lag\": 7}'], json: lag, below: 5, every: 50ms", "400ms"),
        waits("No program", "run: [no-such-program], every: 50ms", "400ms"),
        waits("Healthy", &format!("http: {{get: \"{server}/status\"}}, json: status.healthy, is: true, every: 20ms"), "20s"),
        waits("Lag", &format!("http: {{get: \"{server}/status\"}}, json: status.lag, below: 5, every: 50ms"), "400ms"),
        waits("Down", &format!("http: {{get: \"{server}/down\"}}, every: 50ms"), "400ms"),
        waits("Gone", &format!("http: {{get: \"{server}/down\"}}, fails: 2 in a row, every: 20ms"), "20s"),
        waits("Name", "dns: localhost, has: 127.0.0.1", "20s"),
        waits("Other address", "dns: localhost, has: 10.9.8.7, every: 50ms", "400ms"),
        waits("No name", "dns: nothing.invalid, every: 50ms", "900ms"),
        waits("Open", &format!("tcp: \"{port}\", in_a_row: 3, every: 20ms"), "20s"),
        waits("Closed", &format!("tcp: \"{free}\", fails: 2 in a row, every: 20ms"), "20s"),
        waits("Never open", &format!("tcp: \"{free}\", every: 50ms"), "400ms"),
        waits("Progressing", "kubernetes: chat/deployment/gateway, store: eu, condition: Progressing", "20s"),
        waits("Available", "kubernetes: chat/deployment/gateway, store: eu, condition: Available, every: 50ms", "400ms"),
        waits("Ready", "kubernetes: chat/deployment/gateway, store: eu, json: status.readyReplicas, above: 1, every: 50ms", "400ms"),
        waits("Refused", "kubernetes: chat/deployment/gateway, store: us, condition: Available, every: 50ms", "400ms"),
        "name: Uses it, run: [sh, -c, 'echo \"$1\" >> log', sh, \"${steps.lag}\"], timeout: 20s, undo: none".to_owned(),
    ]);
    project.edit("runbooks/real.yaml", "name: Healthy, ", "name: Healthy, output: lag, ");
    let store = |name: &str, token: &str| format!("{name}: {{kind: kubernetes, address: '{server}', token: 'file:{token}'}}");
    let stores = format!("stores: {{{}, {}}}\nservices:\n", store("eu", "token"), store("us", "other"));
    project.edit("runbooks/inventory.yaml", "services:\n", &stores).write("token", "sa-token\n").write("other", "another\n");
    let seen = execute(&project);
    let wanted = [
        ("done", "the last of 4 runs ended as it should"),
        ("done", "the only run ended with exit code 3"),
        ("timed-out", "runs ended with exit code 4: why, not 3"),
        ("done", "the only run printed `replica is streaming`"),
        ("timed-out", "runs printed 7, not below 5"),
        ("timed-out", "there is no such program"),
        ("done", "the last of 3 requests was answered with `true`"),
        ("timed-out", "requests was answered with 7, not below 5"),
        ("timed-out", "requests was answered with 503"),
        ("done", "the last of 2 requests was answered with 503"),
        ("done", "the only look-up found 127.0.0.1"),
        ("timed-out", "not 10.9.8.7"),
        ("timed-out", "look-up"),
        ("done", "the last of 3 connections was accepted"),
        ("done", "the last of 2 connections was not accepted: Connection refused"),
        ("timed-out", "connections was not accepted: Connection refused"),
        ("done", "the only look found Progressing True"),
        ("timed-out", "found Available False (MinimumReplicasUnavailable)"),
        ("timed-out", "looks found 1, not above 1"),
        ("timed-out", "was refused: status 401, Unauthorized"),
        ("done", ""),
    ];
    assert_eq!(seen.len(), wanted.len(), "{seen:?}");
    for ((end, output), (wanted_end, part)) in seen.iter().zip(wanted) {
        assert!(end == wanted_end && output.contains(part), "{end}: {output}\nwanted {wanted_end}: {part}");
    }
    assert!(seen[4].1.starts_with("not done within 400 ms; the last of "), "{}", seen[4].1);
    assert_eq!(std::fs::read_to_string(project.path("log")).unwrap(), "true\n", "what was seen is an output");
}

#[test]
fn a_runbook_waits_for_what_a_prometheus_says() {
    let holder = Project::quick();
    let prometheus = Prometheus::start(&holder);
    let of = |query: &str, more: &str, timeout: &str| {
        waits("Asks", &format!("promql: '{query}', prometheus: \"{}\", every: 100ms{more}", prometheus.url()), timeout)
    };
    let project = project(&[
        of("up{job=\"self\"}", ", above: 0.5, in_a_row: 3", "30s"),
        of("up{job=\"self\"}", ", above: 1", "1s"),
        of("vector(3) > 5", ", returns: nothing", "20s"),
        of("absent_metric", "", "500ms"),
        of("up{", ", above: 0", "20s"),
        of("up[5m]", ", above: 0", "20s"),
        "name: Elsewhere, wait_until: {promql: up, prometheus: \"http://127.0.0.1:1\", every: 50ms}, timeout: 400ms, on_failure: continue"
            .to_owned(),
        "name: Last, wait_until: {promql: up, is: 1, every: 100ms}, timeout: 20s, on_failure: continue".to_owned(),
    ]);
    let missing = project.lifeboat(&["execute", "runbooks/real.yaml", "--out", "x"]);
    missing.exits_with(2).says("the step `Last` needs prometheus.url, which has no value here");
    project.edit("runbooks/real.yaml", "promql: up, is: 1,", &format!("promql: up, prometheus: \"{}\", is: 1,", prometheus.url()));
    let seen = execute(&project);
    let wanted = [
        ("done", "queries returned 1"),
        ("timed-out", "queries returned 1, not above 1"),
        ("done", "the only query returned nothing"),
        ("timed-out", "queries returned nothing"),
        ("failed", "Prometheus cannot read the query `up{`"),
        ("failed", "gives a matrix and not a value now"),
        ("timed-out", "Connection refused"),
        ("done", "returned 1"),
    ];
    for ((end, output), (wanted_end, part)) in seen.iter().zip(wanted) {
        assert!(end == wanted_end && output.contains(part), "{end}: {output}\nwanted {wanted_end}: {part}");
    }
}
