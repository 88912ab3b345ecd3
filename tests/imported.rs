//! What others recorded, judged by the same code: a drill that k6 and nginx watched too, and records that real tools wrote.

use crate::support::{Project, interval, k6, overlap, wait_for};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn verdict(project: &Project, args: &[&str]) -> Value {
    let mut all = vec!["judge", "--format", "json"];
    all.extend(args);
    let run = project.lifeboat(&all);
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

/// One outage, three witnesses: the drill's own traffic and proxies, k6 beside it, and the log of the gateway between them.
#[test]
fn an_outage_that_k6_and_nginx_saw_too_is_measured_alike_by_all_three() {
    let (k6, project) = (k6(), Project::quick());
    // nginx takes no blanks in the names of sockets.
    let folder = tempfile::Builder::new().prefix("gateway").tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    project.edit("runbooks/inventory.yaml", "azure-openai", "openai").edit(
        "runbooks/inventory.yaml",
        "first_token: 250ms",
        "first_token: 500ms",
    );
    // Three programs measure at once. A machine that starves one of them for a moment makes intervals wider, and not wrong.
    project.edit("runbooks/inventory.yaml", "lag_max: 200ms", "lag_max: 1s");
    project.edit("scenarios/quick.yaml", "baseline: 1500ms", "baseline: 6s");
    project.write("gateway.sh", include_str!("imported/gateway.sh")).write("traffic.js", include_str!("imported/traffic.js"));
    project.environment(
        "nginx",
        &format!(
            "start: {{run: [sh, gateway.sh, \"${{port}}\"], env: {{FOLDER: \"{}\", FIRST: \"${{proxy.first.url}}\", FIRST_KEY: \
             \"${{credential.first}}\", SECOND: \"${{proxy.second.url}}\", SECOND_KEY: \"${{credential.second}}\"}}, ready: \
             \"http://127.0.0.1:${{port}}/ready\"}}, services: {{chat: {{url: \"http://127.0.0.1:${{port}}/v1\"}}}}",
            folder.path().display()
        ),
    );
    let drill = project.start(&["run", "scenarios/quick.yaml", "--env", "nginx", "--seed", "7", "--out", "drill"]);
    let port = wait_for("the gateway's port", || std::fs::read_to_string(folder.path().join("port")).ok());
    let mut generator = Command::new(&k6);
    generator.args(["run", "--quiet", "--no-usage-report", "--out"]).arg(format!("json={}", at("k6.json"))).arg("traffic.js");
    generator.env("GATEWAY", format!("http://127.0.0.1:{}", port.trim())).current_dir(project.path("."));
    // The drill takes its gateway with it, so whatever k6 asks after that fails; the drill's end is the end of what is judged.
    let mut generator = generator.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    drill.finish().exits_with(0).says("met");
    generator.wait().unwrap();

    let ours = project.json("drill/verdict.json");
    let events = project.events("drill");
    let began = events[0]["started"]["wall_clock"].as_str().unwrap();
    let began = chrono::DateTime::parse_from_rfc3339(began).unwrap().timestamp_millis() as f64 / 1e3;
    let moment = |kind: &str, side: &str| {
        let event = events.iter().find_map(|event| event.get(kind)).unwrap();
        format!("{:.4}", began + event[side].as_u64().unwrap() as f64 / 1e9)
    };
    let (fault, heal) = (moment("fault_confirmed", "lo"), moment("fault_healed", "lo"));
    // The drill's history tells the wall clock to a millisecond, read a moment after its origin.
    let told =
        ["--objectives", "scenarios/quick.yaml", "--env", "nginx", "--fault-at", &fault, "--heal-at", &heal, "--fault-uncertainty", "10ms"];
    let judge = |record: &str, more: &[&str]| verdict(&project, &[&[record], more, &told].concat());
    let record = at("k6.json");
    let generators = judge(&record, &["--from", "k6", "--model", "open", "--until", &heal]);
    let (first, second) = (format!("unix:{}=first", at("first.sock")), format!("unix:{}=second", at("second.sock")));
    let format = "$msec $request_time $status \"$upstream_addr\" \"$upstream_header_time\" \"$upstream_response_time\"";
    let log = at("access.log");
    let gateways = judge(&log, &["--from", "nginx", "--log-format", format, "--map", &first, "--map", &second, "--until", &heal]);

    for name in ["restore", "cutover"] {
        println!(
            "{name}: drill {:?}, k6 {:?}, nginx {:?} ms",
            interval(&ours, name),
            interval(&generators, name),
            interval(&gateways, name)
        );
    }
    assert!(overlap(interval(&ours, "restore"), interval(&generators, "restore")), "{generators:#}");
    assert!(overlap(interval(&ours, "cutover"), interval(&gateways, "cutover")), "{gateways:#}");
    // Nobody is well served before the gateway has waited for the dead primary once, and the objective is 2 s.
    for verdict in [&ours, &generators, &gateways] {
        let (lo, hi) = interval(verdict, "restore");
        assert!(lo <= 2000.0 && (400.0..2000.0).contains(&hi), "({lo}, {hi}]: {verdict:#}");
    }
    assert!(ours.get("caveats").is_none(), "a drill sees everything itself");
    let lost = |verdict: &Value| {
        let names = verdict["caveats"].as_array().unwrap().iter().map(|caveat| caveat["name"].as_str().unwrap().to_owned());
        // A generator that was starved for a moment says so.
        names.filter(|name| name != "spacing").collect::<Vec<_>>()
    };
    assert_eq!(lost(&generators), ["due_times", "completeness", "fault_seen", "who_served"]);
    assert!(lost(&gateways).starts_with(&["unreached".to_owned()]) && !lost(&gateways).contains(&"who_served".to_owned()));
    assert_eq!((&generators["terms"]["gate"], &gateways["terms"]["gate"]), (&"restore".into(), &"cutover".into()));
}

const FAULT: &str = "2026-11-20T19:33:24.209Z";
const HEAL: &str = "2026-11-20T19:33:31.621Z";

/// A project whose service is what stood behind the gateways of `tests/records`.
fn recorded() -> Project {
    let project = Project::empty();
    let objectives = "{rto: 3s, slo: {complete: 500ms}, deadline: 2s, success: 95%, stable_for: 5s}";
    project.write(
        "runbooks/inventory.yaml",
        &format!(
            "version: 1\nproviders:\n  first: {{dialect: openai, base_url: 'http://127.0.0.1:18811'}}\n  second: {{dialect: openai, base_url: \
             'http://127.0.0.1:18812'}}\nservices:\n  chat: {{criticality: recoverable, providers: [first, second], objectives: {objectives}}}\n"
        ),
    );
    project.write(
        "scenarios/outage.yaml",
        "version: 1\nscenario: outage\nservice: chat\ntraffic: {rate: 10/s}\ntimeline: {baseline: 5s, faults: [{at: 0s, on: first, fault: refuse, \
         for: 9s}]}\n",
    );
    project
}

/// The arguments that judge one of the records.
fn of<'a>(record: &'a str, tool: &'a str) -> Vec<&'a str> {
    let told = ["--objectives", "scenarios/outage.yaml", "--fault-at", FAULT, "--heal-at", HEAL, "--fault-uncertainty", "50ms"];
    [&[record, "--from", tool][..], &told].concat()
}

#[test]
fn real_records_are_judged_and_agree_where_they_saw_the_same() {
    let project = recorded();
    let record = |name: &str| root().join("tests/records").join(name).display().to_string();
    let judged = |name: &str, tool: &str| verdict(&project, &of(&record(name), tool));
    let (text, json) = (judged("envoy.log", "envoy"), judged("envoy.jsonl", "envoy"));
    assert_eq!((&text["verdict"], &text["terms"]["gate"]), (&"met".into(), &"cutover".into()), "{text:#}");
    // Addresses are those of the inventory, so nobody had to say who is who. The two logs tell of the same requests.
    assert_eq!(text["measures"], json["measures"]);
    let haproxy = judged("haproxy.log", "haproxy");
    assert_eq!((&haproxy["verdict"], &haproxy["terms"]["gate"]), (&"met".into(), &"cutover".into()), "servers are named as providers are");
    // Two witnesses of one recovery: the gateway, and Locust in front of it, which never meets what needs every request.
    let locust = judged("locust.csv", "locust");
    assert!(overlap(interval(&haproxy, "restore"), interval(&locust, "restore")), "{locust:#}");
    assert_eq!((&locust["verdict"], &locust["reason"]), (&"inconclusive".into(), &"record_cannot_tell".into()));
    // Whole seconds resolve no objective of three.
    let combined = judged("nginx-combined.log", "nginx");
    assert_eq!((&combined["verdict"], &combined["reason"]), (&"inconclusive".into(), &"resolution_exceeds_rto".into()));
    let lost: Vec<&str> = combined["caveats"].as_array().unwrap().iter().map(|caveat| caveat["name"].as_str().unwrap()).collect();
    assert_eq!(lost, ["unreached", "due_times", "completeness", "fine_times", "answer_times", "fault_seen", "who_served"]);
    let sums = record("locust_stats_history.csv");
    project.lifeboat(&[&["judge"], &of(&sums, "locust")[..]].concat()).exits_with(2).says("has totals, not requests");
}

#[test]
fn a_record_says_what_to_type_next() {
    let project = recorded();
    let log = root().join("tests/records/envoy.log").display().to_string();
    let judge = |more: &[&str]| project.lifeboat(&[&["judge", &log, "--from", "envoy"], more].concat());
    let objectives = ["--objectives", "scenarios/outage.yaml"];
    judge(&objectives)
        .exits_with(3)
        .says("the moment of the fault was not given")
        .says("--fault-at")
        .says("7 failed, all of them from 2026-11-20T19:33:24");
    judge(&["--fault-at", FAULT]).exits_with(3).says("--objectives SCENARIO").says("restore ");
    judge(&[&objectives[..], &["--fault-at", "+2h"]].concat()).exits_with(2).says("is outside the record");
    judge(&["--fault-at", "noon"]).exits_with(2).says("as +42s from its start");
    judge(&[&objectives[..], &["--map", "a=b"]].concat()).exits_with(2).says("hint: they are first, second");
    judge(&["--model", "open"]).exits_with(2).says("--model has no meaning");
    let wrong = project.lifeboat(&["judge", &log, "--from", "k6"]);
    wrong.exits_with(2).says("lines cannot be read as k6").says("line 1").says("hint: record with `k6 run --out json=run.json");
    project.lifeboat(&["judge", "nothing.json", "--from", "k6"]).exits_with(2).says("cannot read nothing.json");
    project.lifeboat(&["judge", &log, "--from", "apache"]).exits_with(2).says("k6, oha, vegeta, locust, nginx, haproxy, envoy");
}

/// Each real record, and the field's own, are known by their first lines; what two may have written, and what nobody did, is not guessed.
#[test]
fn whose_record_it_is_shows_in_its_first_lines_and_is_said() {
    let project = recorded();
    let told = ["--objectives", "scenarios/outage.yaml", "--fault-at", FAULT, "--heal-at", HEAL, "--fault-uncertainty", "50ms"];
    for (name, tool) in [
        ("envoy.log", "envoy"),
        ("envoy.jsonl", "envoy"),
        ("haproxy.log", "haproxy"),
        ("nginx-combined.log", "nginx"),
        ("locust.csv", "locust"),
    ] {
        let record = root().join("tests/records").join(name).display().to_string();
        let guessed = project.lifeboat(&[&["judge", &record, "--format", "json"][..], &told].concat());
        let said = project.lifeboat(&[&["judge"][..], &of(&record, tool), &["--format", "json"]].concat());
        assert_eq!((guessed.code, &guessed.stdout), (said.code, &said.stdout), "{name}: {}", guessed.stderr);
        assert!(guessed.stderr.contains(&format!("looks like {tool}'s record")), "{name}: {}", guessed.stderr);
        assert!(!said.stderr.contains("looks like"), "{}", said.stderr);
    }
    let sums = root().join("tests/records/locust_stats_history.csv").display().to_string();
    project.lifeboat(&["judge", &sums]).exits_with(2).says("no record that is known by its first lines").says("--from k6|oha|");
    let combined = root().join("tests/records/nginx-combined.log").display().to_string();
    project.lifeboat(&["judge", &combined]).says("looks like nginx's record (or another server's `combined`); use --from");
    // nginx in a format of its own: the line says enough, and without it nobody can tell.
    let lines: String = (0..300).map(|second| format!("17636473{:02}.000 0.010 200 \"127.0.0.1:18811\"\n", second % 100)).collect();
    project.write("own.log", &lines);
    project.lifeboat(&["judge", "own.log"]).exits_with(2).says("--log-format");
    let format = "$msec $request_time $status \"$upstream_addr\"";
    project.lifeboat(&["judge", "own.log", "--log-format", format]).exits_with(3).says("looks like nginx's record; use --from");
    // Our own are told apart, and what is said of records says nothing of them.
    let bare = root().join("tests/records/late-neighbours.json").display().to_string();
    let run = project.lifeboat(&["judge", &bare]);
    assert!(matches!(run.code, Some(0 | 1 | 3)) && !run.stderr.contains("looks like"), "{run:?}");
    project
        .lifeboat(&["judge", &bare, "--fault-at", FAULT])
        .exits_with(2)
        .says("--fault-at is for another tool's record")
        .says("hint: leave it out");
}
