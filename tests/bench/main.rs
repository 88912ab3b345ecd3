//! Figures, not tests: nothing here passes or fails. `cargo bench` prints all of them, `cargo bench -- judge` (or `report`, `pacing`, `start`, `proxy`, `traffic`) one.
//!
//! | figure | what is measured |
//! |---|---|
//! | judge | time and peak memory of judging a stored history of 1, 3 and 10 million requests, and the cost of one request |
//! | report | time, peak memory and size of the report of a stored history of 2,100 requests, 1 and 10 million, a format each |
//! | pacing | how late requests are sent at 1,000 a second, beside the embedded lab and through a fault |
//! | start | how long `lifeboat --version` takes |
//! | store | the index of 10,000 drills: made again, brought up to date, asked; `store URL` does the same on PostgreSQL. Not among all |
//! | pages | each page and list of `lifeboat serve` with 10,000 drills and 200 schedules. Not among all |
//! | idle | memory of `lifeboat serve` while nothing happens, and how often it wakes; a minute |
//! | long | memory, open files, lateness and bytes on disk of a drill of two hours at 200 a second with a fault every minute; `long 5` of five minutes |
//! | proxy | the fault proxy beside HAProxy, nginx and Envoy; see `proxy.rs` for what it needs. Not among all, for it takes minutes |
//! | traffic | the traffic beside wrk, k6 and oha; see `traffic.rs` for what it needs. Not among all either |
//!
//! Each tells its figures as ratios to those in `baseline.json`; `keep` as the last word writes that file anew.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and one that panics has found something out")]

mod baseline;
mod idle;
mod judge;
mod long;
mod pacing;
mod pages;
#[path = "../support/past_drills.rs"]
mod past_drills;
mod proxy;
mod report;
mod start;
mod store;
mod traffic;

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.last().is_some_and(|last| last == "keep") {
        baseline::KEEP.store(true, std::sync::atomic::Ordering::Relaxed);
        arguments.pop();
    }
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["judge-once", path] => judge::once(path),
        ["judge"] => judge::bench(),
        ["report"] => report::bench(),
        ["report", "write", path, count] => judge::write(std::path::Path::new(path), count.parse().unwrap()),
        ["pacing"] => pacing::bench(),
        ["start"] => start::bench(),
        ["store"] => store::bench(None),
        ["store", url] => store::bench(Some(url)),
        ["pages"] => pages::bench(),
        ["idle"] => idle::bench(),
        ["long"] => long::bench(120, 200),
        ["long", minutes] => long::bench(minutes.parse().unwrap(), 200),
        ["long", minutes, rate] => long::bench(minutes.parse().unwrap(), rate.parse().unwrap()),
        ["traffic-once", kind, url, rate, seconds] => traffic::once(kind, url, rate, seconds),
        ["traffic"] => traffic::bench(),
        ["proxy"] => proxy::bench(5),
        ["proxy", "held"] => proxy::held(),
        ["proxy", rounds] => proxy::bench(rounds.parse().unwrap()),
        _ => {
            judge::bench();
            report::bench();
            pacing::bench();
            start::bench();
        }
    }
}

/// A quantile of samples that are sorted.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}
