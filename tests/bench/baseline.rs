//! What the benchmarks measure, kept by name in `target/bench/LABEL.json`, so that before and after a change stand side by side.
//!
//! `cargo bench -- traffic as before` keeps what it measures under the label `before`; without `as` it is `now`. `cargo bench -- table before now`
//! prints everything that is kept under these labels as a table in Markdown. A figure is told as its median, from the least round to the
//! most, and, where the label `before` has it, as its ratio to that: a ratio within the rounds' own spread says nothing. Nothing passes or
//! fails here.

use crate::proxy::spread;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Under which label this run is kept.
pub(crate) static LABEL: OnceLock<String> = OnceLock::new();

#[derive(Serialize, Deserialize)]
struct Figure {
    unit: String,
    /// Cores of the machine.
    cores: usize,
    rounds: usize,
    least: f64,
    median: f64,
    most: f64,
}

type Figures = BTreeMap<String, Figure>;

/// Where what benchmarks make is kept.
pub(crate) fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn kept(label: &str) -> Figures {
    std::fs::read_to_string(folder().join(format!("{label}.json")))
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

/// Tells a figure that was measured in rounds, and keeps it under this run's label.
pub(crate) fn told(name: &str, unit: &str, runs: impl IntoIterator<Item = f64>) {
    let runs: Vec<f64> = runs.into_iter().filter(|run| run.is_finite()).collect();
    if runs.is_empty() {
        println!("{name:>50} was not measured");
        return;
    }
    let [least, median, most] = spread(runs.iter().copied());
    let label = LABEL.get().map_or("now", String::as_str);
    let to_before = kept("before").get(name).map_or(String::new(), |before| format!(", {:.2} of before", median / before.median));
    println!("{name:>50} {} {unit} ({} to {}){to_before}", short(median), short(least), short(most));
    let mut all = kept(label);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    all.insert(name.to_owned(), Figure { unit: unit.to_owned(), cores, rounds: runs.len(), least, median, most });
    std::fs::write(folder().join(format!("{label}.json")), serde_json::to_string_pretty(&all).unwrap() + "\n").unwrap();
}

/// Everything that is kept under these labels, a row a figure.
pub(crate) fn table(labels: &[&str]) {
    let all: Vec<Figures> = labels.iter().map(|label| kept(label)).collect();
    let names: BTreeMap<&String, &str> = all.iter().flatten().map(|(name, figure)| (name, figure.unit.as_str())).collect();
    let cores = all.iter().flat_map(BTreeMap::values).next().map_or(0, |figure| figure.cores);
    println!("Medians of rounds, with the least and the most; on {cores} cores.\n");
    println!("| figure | unit | {} |", labels.join(" | "));
    println!("|---|---|{}", "--:|".repeat(labels.len()));
    for (name, unit) in names {
        let cells = all.iter().map(|figures| {
            figures.get(name).map_or("–".to_owned(), |figure| match figure.rounds {
                1 => short(figure.median),
                _ => format!("{} ({} to {})", short(figure.median), short(figure.least), short(figure.most)),
            })
        });
        println!("| {name} | {unit} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
}

/// Three digits that count.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
