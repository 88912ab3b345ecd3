//! What the benchmarks measured once, in `baseline.json`, and how what they measure now compares with it.
//!
//! A figure is told as its ratio to the baseline, from the least run to the most, beside how far the baseline's own runs lay apart: a ratio within
//! that spread says nothing. Nothing passes or fails here. `cargo bench -- judge keep` writes what it measures into the file, in the place of
//! what was there; the file names the processor that it was measured on, and on another the ratios compare machines.

use crate::proxy::spread;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/baseline.json");

/// Whether what is measured becomes the baseline.
pub(crate) static KEEP: AtomicBool = AtomicBool::new(false);

#[derive(Serialize, Deserialize)]
struct Figure {
    unit: String,
    /// The processor's name, and how many there are.
    machine: String,
    least: f64,
    median: f64,
    most: f64,
}

/// Tells a figure that was measured a few times, and keeps it where that was asked for.
pub(crate) fn told(name: &str, unit: &str, runs: impl IntoIterator<Item = f64>) {
    let [least, median, most] = spread(runs.into_iter());
    let mut all: BTreeMap<String, Figure> =
        std::fs::read_to_string(FILE).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let machine = machine();
    if KEEP.load(Ordering::Relaxed) {
        all.insert(name.to_owned(), Figure { unit: unit.to_owned(), machine, least, median, most });
        std::fs::write(FILE, serde_json::to_string_pretty(&all).unwrap() + "\n").unwrap();
        println!("{name:>26} kept as the baseline: {median:.3} {unit}, least {least:.3}, most {most:.3}");
        return;
    }
    let Some(before) = all.get(name) else {
        println!("{name:>26} has no baseline: {median:.3} {unit}");
        return;
    };
    let of = |value: f64| value / before.median;
    let other = if before.machine == machine { String::new() } else { format!("; that was another machine: {}", before.machine) };
    println!(
        "{name:>26} {:.2} of the baseline's {:.3} {unit} (now {:.2} to {:.2}, then {:.2} to {:.2}){other}",
        of(median),
        before.median,
        of(least),
        of(most),
        of(before.least),
        of(before.most)
    );
}

fn machine() -> String {
    let told = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = told.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map_or("unknown", |(_, name)| name);
    format!("{name}, {} at a time", std::thread::available_parallelism().map_or(1, usize::from))
}
