//! The other generators, where they are installed: k6, oha and Vegeta. What each reaches when it is closed, what that takes, and how each sends at a
//! rate.

use crate::processor;
use crate::proxy::contenders::program;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Connections of each that is closed.
pub(crate) const CONNECTIONS: u32 = 32;
const SECONDS: f64 = 2.0;

/// What a closed generator reached.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reached {
    /// Requests a second.
    pub(crate) rate: f64,
    /// Microseconds of processor time a request.
    pub(crate) cpu_us: f64,
}

fn k6() -> Option<PathBuf> {
    program("k6", "k6/bin")
}

fn oha() -> Option<PathBuf> {
    program("oha", "tools/bin")
}

fn vegeta() -> Option<PathBuf> {
    program("vegeta", "tools/bin")
}

/// What k6 reaches with users that wait for no time between two requests.
pub(crate) fn k6_closed(folder: &Path, url: &str) -> Option<Reached> {
    let (script, summary) = (folder.join("closed.js"), folder.join("closed.json"));
    let text = format!(
        "import http from 'k6/http';\nexport const options = {{vus: {CONNECTIONS}, duration: '{SECONDS}s', discardResponseBodies: true}};\n\
         export default function () {{ http.get('{url}'); }}\n"
    );
    std::fs::write(&script, text).unwrap();
    let mut command = Command::new(k6()?);
    command.args(["run", "--quiet", "--no-usage-report", "--summary-export"]).arg(&summary).arg(&script);
    let before = processor::of_the_ended();
    quiet(&mut command);
    let used = processor::of_the_ended() - before;
    let summary: Value = serde_json::from_slice(&std::fs::read(summary).unwrap()).unwrap();
    let requests = &summary["metrics"]["http_reqs"];
    Some(Reached { rate: requests["rate"].as_f64()?, cpu_us: used * 1e6 / requests["count"].as_f64()? })
}

/// What oha reaches.
pub(crate) fn oha_closed(url: &str) -> Option<Reached> {
    let mut command = Command::new(oha()?);
    command.args(["-z", &format!("{SECONDS}s"), "-c", &CONNECTIONS.to_string(), "--no-tui", "--output-format", "json", url]);
    let before = processor::of_the_ended();
    let output = command.output().unwrap();
    let used = processor::of_the_ended() - before;
    let rate = serde_json::from_slice::<Value>(&output.stdout).unwrap()["summary"]["requestsPerSec"].as_f64()?;
    Some(Reached { rate, cpu_us: used * 1e6 / (rate * SECONDS) })
}

/// What Vegeta reaches when it is told to go as fast as it can.
pub(crate) fn vegeta_closed(folder: &Path, url: &str) -> Option<Reached> {
    let program = vegeta()?;
    let (targets, results) = (folder.join("targets"), folder.join("results"));
    std::fs::write(&targets, format!("GET {url}\n")).unwrap();
    let mut command = Command::new(&program);
    let workers = CONNECTIONS.to_string();
    command.args(["attack", "-rate=0", "-max-workers", &workers, "-workers", &workers, "-connections", &workers]);
    command.arg(format!("-duration={SECONDS}s")).arg("-targets").arg(&targets).arg("-output").arg(&results);
    let before = processor::of_the_ended();
    quiet(&mut command);
    let used = processor::of_the_ended() - before;
    let output = Command::new(program).args(["report", "-type=json"]).arg(&results).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    Some(Reached { rate: report["rate"].as_f64()?, cpu_us: used * 1e6 / report["requests"].as_f64()? })
}

/// An open model of k6's; false where it is not installed.
pub(crate) fn k6_open(folder: &Path, url: &str, rate: u64, seconds: u64) -> bool {
    let Some(program) = k6() else { return false };
    let script = folder.join("open.js");
    let text = format!(
        "import http from 'k6/http';\nexport const options = {{discardResponseBodies: true, scenarios: {{open: {{executor: 'constant-arrival-rate', \
         rate: {rate}, timeUnit: '1s', duration: '{seconds}s', preAllocatedVUs: 200, maxVUs: 2000}}}}}};\n\
         export default function () {{ http.get('{url}'); }}\n"
    );
    std::fs::write(&script, text).unwrap();
    quiet(Command::new(program).args(["run", "--quiet", "--no-usage-report"]).arg(&script));
    true
}

/// A rate of oha's; false where it is not installed.
pub(crate) fn oha_open(url: &str, rate: u64, seconds: u64) -> bool {
    let Some(program) = oha() else { return false };
    quiet(Command::new(program).args(["-q", &rate.to_string(), "-z", &format!("{seconds}s"), "-c", "64", "--no-tui", url]));
    true
}

/// A rate of Vegeta's; false where it is not installed.
pub(crate) fn vegeta_open(folder: &Path, url: &str, rate: u64, seconds: u64) -> bool {
    let Some(program) = vegeta() else { return false };
    let targets = folder.join("targets");
    std::fs::write(&targets, format!("GET {url}\n")).unwrap();
    let mut command = Command::new(program);
    command.arg("attack").arg(format!("-rate={rate}/1s")).arg(format!("-duration={seconds}s"));
    quiet(command.arg("-targets").arg(&targets).args(["-output", "/dev/null"]));
    true
}

fn quiet(command: &mut Command) {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}");
}
