//! Hours of a drill under one fault after the other: whether memory, open files and lateness are at its end what they were when it had begun.
//! The one benchmark that can fail: it ends with 1 where one of them is not shown to be flat.
//!
//! `tests/soak` runs it: `tests/soak 2h 200 60s` is two hours at 200 requests a second with a fault every minute. A row for each fault tells how it
//! stands. What counts as flat is in `tests/support/soak/mod.rs`, how growth is bounded in `trend.rs` beside it.

#[path = "../support/soak/mod.rs"]
mod watched;

pub(crate) use watched::history;

use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};
use watched::{Soak, Trend};

/// `2h`, `5m`, `90s`.
fn time(text: &str) -> Duration {
    let (number, unit) = text.split_at(text.len().saturating_sub(1));
    let seconds = match unit {
        "h" => 3_600.0,
        "m" => 60.0,
        "s" => 1.0,
        _ => panic!("`{text}` is no time: write 2h, 5m or 90s"),
    };
    Duration::from_secs_f64(number.parse::<f64>().unwrap() * seconds)
}

pub(crate) fn bench(length: &str, rate: &str, every: &str) -> ExitCode {
    let soak = Soak { length: time(length), rate: rate.parse().unwrap(), every: time(every) };
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in soak.files() {
        std::fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    println!("\nsoak: {length} of a drill at {rate}/s with a fault every {every}, in {}", folder.path().display());
    let mut command = crate::lifeboat();
    command.args(["run", "scenarios/soak.yaml", "--seed", "50a4", "--out", "drill"]).current_dir(folder.path());
    command.env("LIFEBOAT_STATE", folder.path().join(".state")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = command.spawn().unwrap();
    let drill = folder.path().join("drill");
    println!("{:>8} {:>12} {:>15} {:>12} {:>14}", "minutes", "resident MB", "of its own MB", "open files", "on disk MB");
    let seen = soak.watch(process.id(), |seen| {
        let last = seen[seen.len() - 1];
        println!(
            "{:>8.2} {:>12.1} {:>15.1} {:>12} {:>14.2}",
            last.at.as_secs_f64() / 60.0,
            last.resident_mb,
            last.own_mb,
            last.files,
            on_disk(&drill) as f64 / 1e6
        );
    });
    let status = process.wait().unwrap();
    println!("the drill ended with {status}");
    let begin = Instant::now();
    let mut report = crate::lifeboat();
    report.arg("report").arg(&drill).env("LIFEBOAT_STATE", folder.path().join(".state")).stdout(Stdio::null());
    assert!(report.status().unwrap().success(), "the report was not written");
    let seconds = begin.elapsed().as_secs_f64();
    println!("its report takes {seconds:.2} s, its history {:.1} bytes a request", on_disk(&drill) as f64 / soak.requests());
    crate::baseline::told("soak, memory at the end", "MB", seen.last().map(|last| last.resident_mb));
    crate::baseline::told("soak, report", "s", [seconds]);
    let ([late, latest], mut trends) = (soak.lateness(&drill), soak.trends(&seen));
    trends.push(late);
    for trend in trends.iter().chain([&latest]) {
        trend.as_ref().map_or_else(|| println!("too short to say anything of one thing"), |trend| println!("{trend}"));
    }
    let is_flat = trends.iter().all(|trend| trend.as_ref().is_some_and(Trend::is_flat)) && !latest.is_some_and(|latest| latest.grows());
    if status.code().is_none_or(|code| code == 2) || !is_flat {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Bytes of the history so far.
fn on_disk(drill: &std::path::Path) -> u64 {
    let sizes = ["history.jsonl", "history.jsonl.zst"].map(|name| std::fs::metadata(drill.join(name)).map_or(0, |file| file.len()));
    sizes.into_iter().sum()
}
