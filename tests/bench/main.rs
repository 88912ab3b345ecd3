//! Figures, not tests: nothing here passes or fails, but for `soak`. `cargo bench` prints those that take no other program, `cargo bench -- FIGURE`
//! one.
//!
//! | figure | what is measured |
//! |---|---|
//! | judge | time and peak memory of judging a stored history of 1, 3 and 10 million requests, and the cost of one request; `judge ten` 10 million in five rounds beside `wc` and `jq` |
//! | report | time, peak memory and size of the report of a stored history of 2,100 requests, 1 and 10 million, a format each |
//! | pacing | how late requests are sent at 1,000 a second, beside the embedded lab and through a fault; what the history takes on disk |
//! | start | how long `lifeboat --version` takes |
//! | store | the index of 10,000 drills: made again, brought up to date, asked; `store URL` does the same on PostgreSQL. Not among all |
//! | pages | each page and list of `lifeboat serve` with 10,000 drills and 200 schedules. Not among all |
//! | idle | memory of `lifeboat serve` while nothing happens, and how often it wakes; a minute |
//! | kernel | what the kernel alone takes for one exchange on loopback. Needs nginx |
//! | proxy | the fault proxy beside HAProxy, nginx and Envoy; `proxy.rs` says which parts it has and what they need. Not among all, for it takes minutes |
//! | traffic | the traffic beside wrk, k6, oha and Vegeta; see `traffic.rs`. Not among all either |
//! | plots | lateness against rate and throughput against connections, as pictures; see `plots.rs`. Not among all |
//! | build | a clean release build beside oha's, and the size of the program; a quarter of an hour. Not among all |
//! | soak | hours of a drill, watched; see `soak.rs` and `tests/soak`. Not among all |
//! | table | what was kept, before and after, as a table in Markdown |
//!
//! `LIFEBOAT` names another program than the one of this source, such as one that was built before a change; what is measured within this process
//! (`judge`, `traffic`) is always of this source.
//!
//! What is measured is kept in `target/bench/now.json`, or under another label: `cargo bench -- traffic as before`. `baseline.rs` says more.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a benchmark prints, and one that panics has found something out"
)]

mod baseline;
mod build;
mod idle;
mod judge;
mod kernel;
mod pacing;
mod pages;
#[path = "../support/past_drills.rs"]
mod past_drills;
mod plots;
mod processor;
mod proxy;
mod report;
mod soak;
mod start;
mod store;
mod traffic;

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let Some(place) = arguments.iter().rposition(|argument| argument == "as") {
        let label = arguments.drain(place..).nth(1).expect("`as` names a label");
        baseline::LABEL.set(label).unwrap();
    }
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["judge-once", path] => judge::once(path),
        ["judge"] => judge::bench(),
        ["judge", "ten"] => judge::ten(ROUNDS),
        ["judge", "ten", rounds] => judge::ten(rounds.parse().expect("a number of rounds")),
        ["report"] => report::bench(),
        ["report", "write", path, count] => judge::write(std::path::Path::new(path), count.parse().unwrap()),
        ["pacing"] => pacing::bench(),
        ["start"] => start::bench(),
        ["store"] => store::bench(None),
        ["store", url] => store::bench(Some(url)),
        ["pages"] => pages::bench(),
        ["idle"] => idle::bench(),
        ["build"] => build::bench(),
        ["table", ref labels @ ..] => baseline::table(labels),
        ["soak", length, rate, every] => return soak::bench(length, rate, every),
        ["traffic-once", kind, url, rate, seconds] => traffic::once(kind, url, rate, seconds),
        ["kernel" | "traffic" | "proxy" | "plots", ..] => in_parts(words[0], &words[1..]),
        [] => {
            judge::bench();
            report::bench();
            pacing::bench();
            start::bench();
        }
        _ => {
            eprintln!("there is no figure `{}`: the head of tests/bench/main.rs names all", words.join(" "));
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// How often each is measured where nobody says otherwise.
const ROUNDS: usize = 5;

/// `proxy http 3`: parts, and the number of rounds; all parts where none is named.
fn in_parts(figure: &str, words: &[&str]) {
    let rounds = words.last().and_then(|word| word.parse::<usize>().ok());
    let parts = &words[..words.len() - usize::from(rounds.is_some())];
    let or = |all: &'static [&'static str]| if parts.is_empty() { all.to_vec() } else { parts.to_vec() };
    match figure {
        "kernel" => kernel::bench(rounds.unwrap_or(ROUNDS)),
        "traffic" => traffic::bench(&or(&traffic::PARTS), rounds.unwrap_or(ROUNDS)),
        "proxy" => proxy::bench(&or(&proxy::PARTS), rounds.unwrap_or(ROUNDS)),
        _ => plots::bench(&or(&plots::ALL), rounds.unwrap_or(3)),
    }
}

/// The program that is measured, to be given its arguments.
fn lifeboat() -> Command {
    Command::new(std::env::var_os("LIFEBOAT").unwrap_or_else(|| env!("CARGO_BIN_EXE_lifeboat").into()))
}

/// Lets this process open as many files as it may; how many that are.
fn open_many_files() -> u64 {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
    rustix::process::setrlimit(rustix::process::Resource::Nofile, rustix::process::Rlimit { current: limit, maximum: limit }).unwrap();
    limit.unwrap_or(u64::MAX)
}

/// A quantile of samples that are sorted.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}
