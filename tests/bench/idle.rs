//! What `lifeboat serve` takes while nothing happens: memory, and how often it wakes.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

/// How long it is watched, once it has begun.
const WATCHED: Duration = Duration::from_secs(60);

const INVENTORY: &str = "version: 1\nproviders:\n  a: {dialect: openai}\n  b: {dialect: openai}\nservices:\n  chat: {criticality: recoverable, \
                         providers: [a, b], objectives: {rto: 30s, slo: {first_token: 2s}}}\n";

pub(crate) fn bench() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("runbooks")).unwrap();
    std::fs::write(folder.path().join("runbooks/inventory.yaml"), INVENTORY).unwrap();
    let mut command = crate::lifeboat();
    command.args(["serve", "--listen", "127.0.0.1:0"]).current_dir(folder.path()).env("LIFEBOAT_STATE", folder.path().join("state"));
    let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut address = String::new();
    BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
    std::thread::sleep(Duration::from_secs(3));
    let before = switches(process.id());
    std::thread::sleep(WATCHED);
    let woke = switches(process.id()) - before;
    let [all, own] = ["VmRSS:", "RssAnon:"].map(|name| kilobytes(process.id(), name) / 1024.0);
    process.kill().unwrap();
    process.wait().unwrap();
    println!("\nidle: `lifeboat serve` with nothing to do, watched for {} s", WATCHED.as_secs());
    println!("{:>18} {all:.1} MB, of which {own:.1} MB are its own and the rest is the program's file", "memory");
    println!("{:>18} {woke} times, {:.2} a second", "it woke", woke as f64 / WATCHED.as_secs_f64());
    crate::baseline::told("idle, resident memory", "MB", [all]);
}

/// How often its threads gave the processor back, since they began.
fn switches(process: u32) -> u64 {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).unwrap().map(|entry| entry.unwrap().path().join("status"));
    let of = |path: std::path::PathBuf| {
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.map_or(0, |count| count.trim().parse::<u64>().unwrap())
    };
    threads.map(of).sum()
}

fn kilobytes(process: u32, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
