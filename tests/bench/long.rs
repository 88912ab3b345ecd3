//! A long drill with a fault every minute: whether memory, open files and lateness stay as they are, and what a request takes on disk.
//!
//! `cargo bench -- long` takes two hours at 200 requests a second; `cargo bench -- long 5` five minutes, `long 480 50` eight hours at 50 a second.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often it is looked at.
const LOOKS: u32 = 10;

const INVENTORY: &str = "\
version: 1
providers:
  first: {dialect: openai, simulation: &quick {first_token_p50: 20ms, first_token_p95: 30ms, tail_share: 0%, tokens: 200/s}}
  second: {dialect: openai, simulation: *quick}
services:
  chat:
    criticality: recoverable
    providers: [first, second]
    objectives: {rto: 2s, slo: {first_token: 250ms}, deadline: 2s, success: 95%, stable_for: 5s, lag_max: 200ms}
environments:
  lab: {embedded: true, gateway: {try_timeout: 300ms, breaker: {failures: 5, cooldown: 2s, probes: 1}}}
";

pub(crate) fn bench(minutes: u32, rate: u32) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("runbooks/inventory.yaml", INVENTORY);
    let mut scenario = format!(
        "version: 1\nscenario: long\ntitle: A fault every minute\nservice: chat\ntraffic: {{rate: {rate}/s, request: chat}}\ntimeline:\n  \
         baseline: 20s\n  faults:\n"
    );
    for minute in 0..minutes {
        writeln!(scenario, "    - {{at: {}s, on: first, fault: blackhole, for: 8s}}", minute * 60).unwrap();
    }
    write("scenarios/long.yaml", &(scenario + "  watch: 32s\n"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
    command.args(["run", "scenarios/long.yaml", "--seed", "7", "--out", "drill", "--quiet"]).current_dir(folder.path());
    let mut process = command.env("LIFEBOAT_STATE", folder.path().join("state")).stdin(Stdio::null()).spawn().unwrap();
    let drill = folder.path().join("drill");
    println!("\nlong: {minutes} minutes at {rate} requests a second, a fault every minute");
    println!("{:>8} {:>10} {:>10} {:>8} {:>14}", "after", "memory", "its own", "files", "on disk");
    let each = Duration::from_secs(u64::from(minutes) * 60 + 45) / LOOKS;
    let begun = Instant::now();
    let mut kept = Vec::new();
    for look in 1..=LOOKS {
        std::thread::sleep((each * look).saturating_sub(begun.elapsed()).saturating_sub(Duration::from_secs(2)));
        let [all, own] = ["VmRSS:", "RssAnon:"].map(|name| megabytes(process.id(), name));
        let files = std::fs::read_dir(format!("/proc/{}/fd", process.id())).map_or(0, Iterator::count);
        println!("{:>6} s {all:>7.1} MB {own:>7.1} MB {files:>8} {:>11.1} MB", begun.elapsed().as_secs(), history(&drill).1 as f64 / 1e6);
        kept.push(all);
    }
    let peak = megabytes(process.id(), "VmHWM:");
    let waited = Instant::now();
    process.wait().unwrap();
    println!(
        "{:>8} after the last look: {:.1} s until everything was judged and written, the peak before it {peak:.1} MB",
        "",
        waited.elapsed().as_secs_f64()
    );
    let (requests, bytes) = lateness(&drill);
    println!("{:>8} {:.1} bytes a request", "", bytes as f64 / requests as f64);
    crate::baseline::told("long, resident memory", "MB", kept);
}

/// The history's file, and its length.
fn history(drill: &Path) -> (std::path::PathBuf, u64) {
    let files = ["history.jsonl.zst", "history.jsonl"].map(|name| drill.join(name));
    let file = files.into_iter().find(|file| file.is_file()).unwrap_or_default();
    let length = file.metadata().map_or(0, |about| about.len());
    (file, length)
}

/// Tells how late requests were sent in each tenth of the drill; how many there were, and what the history takes on disk.
fn lateness(drill: &Path) -> (u64, u64) {
    let (file, bytes) = history(drill);
    let program: &[&str] = if file.extension().is_some_and(|ending| ending == "zst") { &["zstd", "-dcq"] } else { &["cat"] };
    let mut printed = Command::new(program[0]).args(&program[1..]).arg(&file).stdout(Stdio::piped()).spawn().unwrap();
    let mut late: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for line in BufReader::new(printed.stdout.take().unwrap()).lines().map_while(Result::ok).filter(|line| line.contains(",\"request\":{"))
    {
        let number = |key: &str| -> u64 {
            let rest = line.split_once(key).map_or("0", |(_, rest)| rest);
            rest.split(|letter: char| !letter.is_ascii_digit()).next().unwrap().parse().unwrap()
        };
        late.entry(number("\"due\":") / 1_000_000_000).or_default().push(number("\"late\":") as f64 / 1e6);
    }
    printed.wait().unwrap();
    let requests = late.values().map(|all| all.len() as u64).sum();
    let (first, last) = (late.keys().next().copied().unwrap_or(0), late.keys().next_back().copied().unwrap_or(0) + 1);
    for tenth in 0..u64::from(LOOKS) {
        let span = |tenth: u64| first + (last - first) * tenth / u64::from(LOOKS);
        let mut all: Vec<f64> = late.range(span(tenth)..span(tenth + 1)).flat_map(|(_, all)| all.iter().copied()).collect();
        all.sort_by(f64::total_cmp);
        if !all.is_empty() {
            let [half, most] = [0.5, 0.99].map(|share| crate::quantile(&all, share));
            println!("{:>6}/10 of the drill: {half:.2} ms late at the median, {most:.2} ms at the 99th percentile", tenth + 1);
        }
    }
    (requests, bytes)
}

fn megabytes(process: u32, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0.0, |line| line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0)
}
