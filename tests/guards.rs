//! Guards that stop a drill: one test for each kind, in real drills. Each trips with its message, heals, and leaves its evidence in the history and
//! the report; and what cannot be asked, or says stop already, lets no drill begin.

use crate::support::{Alertmanager, Project, Prometheus, Run};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

/// Answers every request by how long it is since the first one, until the test's process ends.
fn server(answer: impl Fn(Duration) -> (u16, String) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut first = None;
        for mut wire in listener.incoming().map_while(Result::ok) {
            let lines = BufReader::new(&wire).lines().map_while(Result::ok);
            if lines.take_while(|line| !line.is_empty()).count() == 0 {
                continue;
            }
            let (status, body) = answer(first.get_or_insert_with(Instant::now).elapsed());
            let _ = write!(wire, "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        }
    });
    address
}

/// After the baseline of the quick scenario, and before its fault is over.
const LATER: Duration = Duration::from_millis(2_500);

/// The quick project with this guard.
fn guarded(guards: &str) -> Project {
    let project = Project::quick();
    project.edit("runbooks/inventory.yaml", "environments:\n", "  checkout: {providers: [idle]}\nenvironments:\n");
    project.edit("scenarios/quick.yaml", "  watch: 1s\n", &format!("  watch: 1s\nabort_when: {guards}\n"));
    project
}

fn run(project: &Project, environment: &str) -> Run {
    project.lifeboat(&["run", "scenarios/quick.yaml", "--env", environment, "--seed", "7", "--out", "drill"])
}

/// The drill was stopped under the fault by a guard that says this; its evidence.
fn tripped(project: &Project, environment: &str, says: &str) -> Value {
    let run = run(project, environment);
    run.exits_with(4).says(&format!("stopped: {says}"));
    let events = project.stopped_cleanly("drill", "guard");
    let all = |kind: &str| events.iter().filter_map(|event| event.get(kind).cloned()).collect::<Vec<_>>();
    assert_eq!(all("fault_healed").len(), 1, "it came under the fault");
    let tripped = &all("guard_tripped")[..];
    let [tripped] = tripped else { panic!("{tripped:?}") };
    assert!(tripped["guard"].as_str().unwrap().starts_with(says), "{tripped}");
    let report = std::fs::read_to_string(project.path("drill/report.md")).unwrap();
    assert!(report.contains("## Guards") && report.contains("| stopped the drill |"), "{report}");
    // It is well again, and that was shown.
    let health = all("health");
    assert!(health.iter().all(|seen| seen["state"] != "unproven"), "{health:?}");
    let evidence = tripped["evidence"].clone();
    assert!(evidence["since"].as_u64() <= evidence["at"].as_u64(), "{evidence}");
    evidence
}

#[test]
fn a_percentile_that_is_too_high_stops_the_drill() {
    let project = guarded("[{success_below: 1%, for: 5s}, {latency: {p50: 200ms}, for: 1s}]");
    // Slower than the service level, and quicker than the gateway gives up.
    project.edit("scenarios/quick.yaml", "fault: blackhole", "fault: {latency: {latency: 220ms}}");
    let evidence = tripped(&project, "lab", "p50 was above 200 ms for 1 s");
    assert_eq!(
        (&evidence["place"], &evidence["threshold"], &evidence["from"]),
        (&1.into(), &"50% in less than 200 ms".into(), &"requests of chat".into())
    );
    assert!(evidence["value"].as_str().unwrap().contains(" in less than 200 ms"), "{evidence}");
}

#[test]
fn what_a_drill_may_spend_of_its_own_stops_it() {
    let project = guarded("{spend_above: 0.10 USD}");
    let run = run(&project, "lab");
    run.exits_with(4).says("one more request could exceed the 0.10 USD that `spend_above` of the scenario allows").says("spend_above:");
    let events = project.stopped_cleanly("drill", "guard");
    let tripped = events.iter().find_map(|event| event.get("guard_tripped")).unwrap();
    assert_eq!((&tripped["evidence"]["place"], &tripped["evidence"]["threshold"]), (&0.into(), &"0.10 USD".into()), "{tripped}");
    assert!(events.iter().any(|event| event.get("fault_confirmed").is_some()), "it came before the fault");
    // Whether what is left is enough to ask, or not, is said.
    let health: Vec<&Value> = events.iter().filter_map(|event| event.get("health")).collect();
    assert!(health.len() == 1 && health[0]["state"] != "unproven", "{health:?}");
    project.edit("scenarios/quick.yaml", "0.10 USD", "0.0001 USD");
    project.lifeboat(&["run", "scenarios/quick.yaml", "--dry-run"]).exits_with(2).says("so the drill would stop as it begins");
}

#[test]
fn errors_of_another_service_stop_the_drill() {
    let checkout = server(|since| if since < LATER { (200, "well".to_owned()) } else { (500, "broken".to_owned()) });
    let project = guarded("[{service: checkout, success_below: 90%, every: 100ms, for: 1s, request: http, path: /health}]");
    project.environment("beside", &format!("gateway: {{try_timeout: 300ms}}, services: {{checkout: {{url: \"http://{checkout}\"}}}}"));
    let evidence = tripped(&project, "beside", "fewer than 90% of the probes of checkout were good for 1 s");
    assert_eq!((&evidence["from"], &evidence["threshold"]), (&"probes of checkout".into(), &"90%".into()));
    let seen: Vec<Value> = project.events("drill").iter().filter_map(|event| event.get("guard_seen").cloned()).collect();
    assert_eq!(
        seen.iter().map(|seen| seen["says"].as_str().unwrap()).collect::<Vec<_>>(),
        ["go", "stop"],
        "a change, and no more: {seen:?}"
    );
    assert!(seen[1]["detail"].as_str().unwrap().contains("status-500"), "{seen:?}");
    // It is not well any more: the next drill does not begin. The lab has one of its own, whose models are asked.
    let again = project.lifeboat(&["run", "scenarios/quick.yaml", "--env", "beside", "--out", "again"]);
    again.exits_with(4).says("checkout answered none of 3 probes well, the last with status-500");
    project.edit("scenarios/quick.yaml", ", request: http, path: /health", "");
    let lab = project.lifeboat(&["doctor", "scenarios/quick.yaml"]);
    lab.exits_with(0).says("checkout answers well; a guard watches it");
}

#[test]
fn a_url_that_says_stop_stops_the_drill() {
    let says = |since| (200, if since < LATER { "go on" } else { "please STOP" }.to_owned());
    let status = server(says);
    let url = format!("http://{status}/stop?of=checkout");
    let project = guarded(&format!("[{{url: \"{url}\", matches: \"(?i)stop\", every: 200ms, for: 600ms}}]"));
    let evidence = tripped(&project, "lab", &format!("http://{status}/stop answered like `(?i)stop` for 600 ms"));
    assert_eq!(evidence["from"], format!("http://{status}/stop"), "without its query");
    let again = project.lifeboat(&["run", "scenarios/quick.yaml", "--out", "again"]);
    again.exits_with(4).says("a guard says stop before anything is broken: ").says("please STOP");
    let events = project.events("again");
    assert!(events.iter().any(|event| event.get("guard_tripped").is_some()) && !events.iter().any(|event| event.get("request").is_some()));
}

#[test]
fn a_query_that_returns_something_stops_the_drill() {
    let (scrapes, scraped) = std::sync::mpsc::channel();
    let metrics = server(move |since| {
        let _ = scrapes.send(());
        (200, format!("orders_failed {}\n", if since < Duration::from_millis(3_500) { 0 } else { 5 }))
    });
    let holder = Project::quick();
    let prometheus = Prometheus::watching(&holder, &[metrics.to_string()]);
    let project = guarded("[{query: {promql: \"orders_failed > 2\"}, every: 200ms, for: 400ms}]");
    project.lifeboat(&["run", "scenarios/quick.yaml", "--dry-run"]).exits_with(2).says("names no Prometheus, and this guard asks it");
    project.environment("watched", &format!("gateway: {{try_timeout: 300ms}}, prometheus: \"{}\"", prometheus.url()));
    let dry = project.lifeboat(&["run", "scenarios/quick.yaml", "--env", "watched", "--dry-run"]);
    dry.exits_with(0).says("stops when  the query `orders_failed > 2` of Prometheus returns something for 400 ms (asked every 200 ms)");
    scraped.recv_timeout(Duration::from_secs(60)).expect("Prometheus scrapes it");
    let evidence = tripped(&project, "watched", "the query `orders_failed > 2` of Prometheus returned something for 400 ms");
    assert_eq!((&evidence["value"], &evidence["threshold"]), (&"returned 5".into(), &"something".into()), "{evidence}");
    let again = project.lifeboat(&["run", "scenarios/quick.yaml", "--env", "watched", "--out", "again"]);
    again.exits_with(4).says("a guard says stop before anything is broken: the query `orders_failed > 2` of Prometheus returned 5");
}

#[test]
fn an_alert_that_fires_already_lets_no_drill_begin_and_what_cannot_be_asked_neither() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let holder = Project::quick();
    let alerts = Alertmanager::telling(&holder, "http://127.0.0.1:1", "nobody");
    let url = format!("{}/api/v2/alerts?active=true", alerts.url());
    let project = guarded(&format!("[{{url: \"{url}\", says: CheckoutDown, every: 1s, for: 5s}}]"));
    let doctor = project.lifeboat(&["doctor", "scenarios/quick.yaml"]);
    doctor.exits_with(0).says("does not say stop");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(alerts.hear("CheckoutDown", None));
    let fires = run(&project, "lab");
    fires.exits_with(4).says("a guard says stop before anything is broken: ").says("/api/v2/alerts was answered with");
    project.edit("scenarios/quick.yaml", "says: CheckoutDown", "says: nothing-like-it");
    drop(alerts);
    let gone = project.lifeboat(&["run", "scenarios/quick.yaml", "--out", "gone"]);
    gone.exits_with(3).says("a guard cannot look at ").says("Connection refused");
    project.edit("scenarios/quick.yaml", "every: 1s", "unreachable: stop, every: 1s");
    let stop = project.lifeboat(&["run", "scenarios/quick.yaml", "--out", "stop"]);
    stop.exits_with(4).says("a guard says stop before anything is broken");
}

#[test]
fn what_is_wrong_with_a_guard_is_said_where_it_stands() {
    let project = guarded(
        "\n  - {success_below: 60%, for: 20s, clears_at: 50%}\n  - {latency: {px: 8s}, for: 30s}\n  - {service: chat, success_below: 9%, for: 20s}\n  \
         - {service: checkuot, success_below: 90%, for: 20s}\n  - {url: \"http://127.0.0.1:1/stop\"}\n  \
         - {url: \"http://127.0.0.1:1/stop\", says: x, clears_at: 4s}\n  - {query: {promql: \"up > bool 1\"}}\n  - {spend_above: 3}\n  \
         - {success_below: 60%, for: 20s, every: 2s}\n  - {for: 20s}\n  - {sucess_below: 60%, for: 20s}",
    );
    let checked = project.lifeboat(&["check"]);
    checked.exits_with(2);
    for says in [
        "50% is not more than 60%, below which the guard counts",
        "`px` is not a percentile",
        "`chat` is the service that this drill breaks",
        "`checkuot` is not a service of this inventory",
        "did you mean `checkout`?",
        "a guard with `url` does not say how that says stop",
        "write `clears_after: 30s`: so long without stop, and it is over",
        "with `bool` this query always returns something, and that says stop",
        "write `3 USD`",
        "`every` does not go with `success_below`",
        "a guard needs one of `success_below`, `latency`, `spend_above`, `url` or `query`",
        "did you mean `success_below`?",
    ] {
        checked.says(says);
    }
}
