//! The pages and lists of `lifeboat serve` with ten thousand drills, two hundred schedules and sixty services: how long each takes.

use super::quantile;
use crate::past_drills::{PastDrills, SCENARIOS};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

const DRILLS: usize = 10_000;
const SCHEDULES: usize = 200;
const SERVICES: usize = 60;
/// How often each is asked for, after the first time.
const TIMES: usize = 9;

/// What is asked for.
const PATHS: [&str; 17] = [
    "/",
    "/drills",
    "/drills?page=150",
    "/trends",
    "/inventory",
    "/coverage",
    "/ledger",
    "/schedules",
    "/schedules/daily-0",
    "/findings",
    "/runbooks",
    "/metrics",
    "/api/v1/drills",
    "/api/v1/findings",
    "/api/v1/schedules",
    "/api/v1/coverage",
    "/api/v1/ledger?year=2026",
];

pub(crate) fn bench() {
    let root = tempfile::tempdir().unwrap();
    project(root.path());
    let lifeboat = |arguments: &[&str]| {
        let mut command = crate::lifeboat();
        command.args(arguments).current_dir(root.path()).env("LIFEBOAT_STATE", root.path().join("state")).stdin(Stdio::null());
        command
    };
    println!("\npages: {DRILLS} drills, {SCHEDULES} schedules, {SERVICES} services; ms, of {TIMES} times");
    let began = Instant::now();
    assert!(lifeboat(&["store", "rebuild"]).stdout(Stdio::null()).status().unwrap().success());
    println!("{:>28} {:>9.0} folders/s", "store rebuild", DRILLS as f64 / began.elapsed().as_secs_f64());
    told("list --limit 3", || assert!(lifeboat(&["list", "--limit", "3"]).stdout(Stdio::null()).status().unwrap().success()));
    let mut process = lifeboat(&["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("http://").unwrap().to_owned();
    for path in PATHS {
        told(path, || get(&address, path));
    }
    process.kill().unwrap();
    process.wait().unwrap();
}

fn told(what: &str, work: impl Fn()) {
    let took = || {
        let began = Instant::now();
        work();
        began.elapsed().as_secs_f64() * 1e3
    };
    let first = took();
    let mut times: Vec<f64> = (0..TIMES).map(|_| took()).collect();
    times.sort_by(f64::total_cmp);
    println!("{what:>28} {:>9.1}   most {:>8.1}   first {first:>8.1}", quantile(&times, 0.5), times[times.len() - 1]);
}

fn get(address: &str, path: &str) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nhost: {address}\r\naccept: */*\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.0 200"), "{path}: {}", String::from_utf8_lossy(&answer[..answer.len().min(300)]));
}

/// A project whose services were all drilled in the lab and in staging, by schedules of each day, week and quarter.
fn project(root: &Path) {
    for folder in ["runbooks", "scenarios", "schedules"] {
        std::fs::create_dir(root.join(folder)).unwrap();
    }
    let mut inventory = "version: 1\nproviders:\n  a: {dialect: openai}\n  b: {dialect: openai}\nservices:\n".to_owned();
    for service in std::iter::once("support-chat".to_owned()).chain((1..SERVICES).map(|number| format!("service-{number}"))) {
        let _ = writeln!(
            inventory,
            "  {service}: {{criticality: recoverable, providers: [a, b], objectives: {{rto: 30s, slo: {{first_token: 2s}}}}}}"
        );
    }
    inventory += "environments:\n  lab: {embedded: true}\n";
    std::fs::write(root.join("runbooks/inventory.yaml"), inventory).unwrap();
    for name in SCENARIOS {
        let text = format!(
            "version: 1\nscenario: {name}\nservice: support-chat\ntraffic: {{rate: 20/s, arrivals: jittered}}\ntimeline:\n  baseline: 6s\n  \
             faults:\n    - {{at: 0s, on: a, fault: {{blackhole: {{}}}}, for: 40s}}\n  watch: 17s\n"
        );
        std::fs::write(root.join(format!("scenarios/{name}.yaml")), text).unwrap();
    }
    for number in 0..SCHEDULES {
        let (name, when) = match number % 3 {
            0 => ("daily", "every day 03:00 Europe/Berlin"),
            1 => ("weekly", "every Tuesday 10:00 America/New_York"),
            _ => ("quarterly", "second Tuesday of every quarter, 10:00 UTC"),
        };
        let scenario = SCENARIOS[number % SCENARIOS.len()];
        let text = format!(
            "version: 1\nschedule: {name}-{number}\nscenarios: [scenarios/{scenario}.yaml]\nenvironment: lab\nwhen: {when}\ncadence: 100d\n"
        );
        std::fs::write(root.join(format!("schedules/{number}.yaml")), text).unwrap();
    }
    let past = PastDrills::of_one();
    for number in 0..DRILLS {
        past.write(&root.join("drills"), number);
    }
}
