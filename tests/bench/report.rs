//! Reports of stored histories: of the shipped drill, of a million requests and of ten, each written by a process of its own whose peak memory is
//! read while it runs.

use crate::judge::write;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Formats that are timed.
const FORMATS: [&str; 3] = ["md", "html", "json"];

/// Seconds, the most memory in kilobytes, and bytes of one report.
fn once(history: &Path, format: &str) -> Option<(f64, u64, u64)> {
    let out = history.with_extension("out");
    let begin = Instant::now();
    let mut command = crate::lifeboat();
    command.arg("report").arg(history).args(["--format", format]).stderr(Stdio::null());
    let mut process = command.stdout(std::fs::File::create(&out).unwrap()).spawn().unwrap();
    let mut peak = 0;
    let status = loop {
        let told = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
        let held =
            told.lines().find_map(|line| line.strip_prefix("VmHWM:")).and_then(|held| held.trim().trim_end_matches(" kB").parse().ok());
        peak = held.unwrap_or(0).max(peak);
        if let Some(status) = process.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let seconds = begin.elapsed().as_secs_f64();
    let bytes = std::fs::metadata(&out).unwrap().len();
    status.success().then_some((seconds, peak, bytes))
}

pub(crate) fn bench() {
    println!("report: from a stored history to the page");
    println!("{:>12} {:>8} {:>10} {:>12} {:>10}", "requests", "format", "time", "peak memory", "size");
    let folder = tempfile::tempdir().unwrap();
    for count in [2_100, 1_000_000, 10_000_000] {
        let path = folder.path().join("history.jsonl");
        write(&path, count);
        for format in FORMATS {
            let Some((seconds, peak, bytes)) = once(&path, format) else {
                println!("{count:>12} {format:>8}  not written");
                continue;
            };
            println!("{count:>12} {format:>8} {seconds:>8.2} s {:>9} MB {:>7} kB", peak / 1024, bytes / 1000);
            crate::baseline::told(&format!("report, {count} {format}"), "s", [seconds]);
        }
        std::fs::remove_file(path).unwrap();
    }
}
