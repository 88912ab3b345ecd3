//! The traffic beside other generators: the highest rate that is paced with every request recorded, how late requests are, what a blackhole
//! of ten seconds costs, and what it costs to record.
//!
//! `cargo bench -- traffic` runs all of it in about ten minutes, `cargo bench -- traffic PART` one part in five rounds and `cargo bench --
//! traffic PART 1` in one; the parts are `paced`, `chats`, `seen`, `recording` and `blackhole`. It needs nginx and wrk; k6 (on the path or under
//! `target/k6/bin`), oha and Vegeta (under `target/tools/bin`) are what it is compared with, and who is absent is told and left out. All
//! traffic stays on loopback. The figures are of a machine that does other things too: read the ratios, which compare runs of the same round.

mod highest;
mod once;
mod others;
mod paced;
pub(crate) mod seen;

use crate::proxy::contenders::upstream;
use highest::highest;
use once::{Kind, Once};
use std::path::Path;

pub(crate) use once::once;

/// Lateness beyond this, the 99th percentile of it, is a rate that is not paced: the drill's own bound where none is given, in ms.
const LAG_MAX: f64 = 20.0;
/// How long each rate is tried.
const SECONDS: u64 = 2;
/// From a rate of chats to the next that is tried.
const STEP: u64 = 1_000;

/// Which part is measured.
pub(crate) const PARTS: [&str; 5] = ["paced", "chats", "seen", "recording", "blackhole"];

pub(crate) fn bench(parts: &[&str], rounds: usize) {
    let folder = tempfile::tempdir().unwrap();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("\ntraffic: load average before: {}", load.trim());
    for part in parts {
        match *part {
            "paced" => paced(folder.path(), rounds),
            "chats" => chats(rounds),
            "seen" => seen::bench(folder.path(), rounds),
            "recording" => recording(rounds),
            "blackhole" => blackhole(rounds),
            other => println!("there is no part {other}: it is one of {}", PARTS.join(", ")),
        }
    }
}

fn paced(folder: &Path, rounds: usize) {
    match upstream(folder) {
        Some((_nginx, port)) => paced::bench(folder, port, rounds),
        None => println!("traffic: nginx is not installed, so there is nobody to ask"),
    }
}

fn chats(rounds: usize) {
    println!("\nchat completions against the lab in the same process: the highest rate that is paced at p99 <= {LAG_MAX} ms");
    let rates: Vec<u64> = (1..=60).map(|place| place * STEP).collect();
    for kind in [Kind::Chat, Kind::ChatStream] {
        let (mut runs, mut begin) = (Vec::new(), 4);
        for _ in 0..rounds {
            let is_paced = |run: &Once| run.late_p99 <= LAG_MAX && run.bad == 0.0;
            let found = highest(&rates, begin, |rate| once::measure(kind, "", rate, SECONDS), is_paced);
            begin = found.map_or(0, |(place, _)| place);
            runs.push(found.map(|(_, run)| run).unwrap_or_default());
        }
        let word = kind.word();
        crate::baseline::told(&format!("{word} with the lab in one process, paced"), "requests/s", runs.iter().map(|run| run.rate));
        crate::baseline::told(&format!("{word}, paced: CPU a request"), "µs", runs.iter().map(|run| run.cpu_us));
    }
}

fn blackhole(rounds: usize) {
    println!("\nten seconds of a gateway that accepts and never answers, at 2,000/s");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    // Connections wait in the kernel; a long queue of them is all that is needed.
    let hold = seen::hold(listener);
    let runs: Vec<Once> = (0..rounds).map(|_| once::measure(Kind::Blackhole, &url, 2_000, 10)).collect();
    runs.iter().for_each(|run| println!("{:>26}: {run}", "ours"));
    crate::baseline::told("blackhole at 2,000/s: late p99", "ms", runs.iter().map(|run| run.late_p99));
    crate::baseline::told("blackhole at 2,000/s: memory at most", "MB", runs.iter().map(|run| run.peak_mb));
    drop(hold);
}

fn recording(rounds: usize) {
    println!("\nrecording a million requests, processor time of all threads");
    let runs = (0..rounds).map(|_| once::measure(Kind::Recording, "", 1_000_000, 0).cpu_us);
    crate::baseline::told("recording a request: CPU", "µs", runs);
}
