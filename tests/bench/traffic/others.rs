//! The other generators, where they are installed: k6 and oha.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// On the path, or under `target/`.
fn program(name: &str, under: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target").join(under);
    std::env::split_paths(&path).chain([target]).map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn k6() -> Option<PathBuf> {
    program("k6", "k6/bin")
}

fn oha() -> Option<PathBuf> {
    program("oha", "tools/bin")
}

/// What k6 reaches with 64 users that wait for no time between two requests.
pub(crate) fn k6_rate(folder: &Path, url: &str) -> Option<f64> {
    let (script, summary) = (folder.join("closed.js"), folder.join("closed.json"));
    let text = format!(
        "import http from 'k6/http';\nexport const options = {{vus: 64, duration: '3s', discardResponseBodies: true}};\n\
         export default function () {{ http.get('{url}'); }}\n"
    );
    std::fs::write(&script, text).unwrap();
    let mut command = Command::new(k6()?);
    command.args(["run", "--quiet", "--no-usage-report", "--summary-export"]).arg(&summary).arg(&script);
    quiet(&mut command);
    let summary: Value = serde_json::from_slice(&std::fs::read(summary).unwrap()).unwrap();
    summary["metrics"]["http_reqs"]["rate"].as_f64()
}

/// What oha reaches with 64 connections.
pub(crate) fn oha_rate(url: &str) -> Option<f64> {
    let output = Command::new(oha()?).args(["-z", "2s", "-c", "64", "--no-tui", "--output-format", "json", url]).output().unwrap();
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    summary["summary"]["requestsPerSec"].as_f64()
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

fn quiet(command: &mut Command) {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}");
}
