//! The highest rate of plain HTTP that is paced, as a share of what wrk reaches in the same round, and the processor time of a request as a multiple
//! of wrk's; beside it what oha, k6, Vegeta and the kernel alone reach with as many connections.

use super::highest::highest;
use super::once::{self, Kind, Once};
use super::others::{self, CONNECTIONS, Reached};
use crate::baseline::told;
use crate::kernel;
use crate::proxy::load::{Ask, Manner, wrk};
use crate::proxy::spread;
use std::path::Path;
use std::time::Duration;

/// Lateness beyond this, the 99th percentile of it in ms, is a rate that is not paced.
const LATE_MAX: f64 = 5.0;
/// How long each rate is tried.
const SECONDS: u64 = 2;
/// Rates that are tried, as shares of wrk's.
const SHARES: u32 = 40;
/// At this rate the cost of a request is told whoever is how fast.
const FIXED: u64 = 20_000;

fn is_paced(run: &Once) -> bool {
    run.late_p99 <= LATE_MAX && run.bad == 0.0
}

pub(crate) fn bench(folder: &Path, port: u16, count: usize) {
    println!("\n3 bytes of nginx over plain HTTP, {count} rounds: ours is open and records each request, the others are closed");
    let url = format!("http://127.0.0.1:{port}/small");
    let (mut ours, mut fixed, mut begin) = (Vec::new(), Vec::new(), (SHARES / 4) as usize);
    let mut others: [(&str, Vec<Reached>); 5] = [("wrk", vec![]), ("kernel", vec![]), ("oha", vec![]), ("k6", vec![]), ("vegeta", vec![])];
    for _ in 0..count {
        let ask = Ask { path: "/small", connections: CONNECTIONS, manner: Manner::Kept, seconds: SECONDS as u32 };
        let run = wrk(folder, port, ask);
        let floor = kernel::floor(port, CONNECTIONS as usize, Duration::from_secs(1));
        others[0].1.push(Reached { rate: run.requests, cpu_us: run.wrk_cpu_us });
        others[1].1.push(Reached { rate: floor.rate, cpu_us: floor.cpu_us });
        let rates: Vec<u64> = (1..=SHARES).map(|share| (run.requests * f64::from(share) / f64::from(SHARES)) as u64).collect();
        let found = highest(&rates, begin, |rate| once::measure(Kind::Http, &url, rate, SECONDS), is_paced);
        begin = found.map_or(0, |(place, _)| place);
        ours.push(found.map(|(_, run)| run).unwrap_or_default());
        println!("{:>26}: {}", "ours", ours[ours.len() - 1]);
        fixed.push(once::measure(Kind::Http, &url, FIXED, SECONDS));
        others[2].1.extend(others::oha_closed(&url));
        others[3].1.extend(others::k6_closed(folder, &url));
        others[4].1.extend(others::vegeta_closed(folder, &url));
    }
    for (name, _) in others.iter().filter(|(_, runs)| runs.is_empty()) {
        println!("{name:>26}: not installed, left out");
    }
    told("http, paced at p99 <= 5 ms", "requests/s", ours.iter().map(|run| run.rate));
    told("http, paced: CPU a request", "µs", ours.iter().map(|run| run.cpu_us));
    told("http, paced: late p99", "ms", ours.iter().map(|run| run.late_p99));
    told("http, 20,000/s: CPU a request", "µs", fixed.iter().map(|run| run.cpu_us));
    told("http, 20,000/s: late p50", "ms", fixed.iter().map(|run| run.late_p50));
    told("http, 20,000/s: late p99", "ms", fixed.iter().map(|run| run.late_p99));
    for (name, runs) in others.iter().filter(|(_, runs)| !runs.is_empty()) {
        println!(
            "{name:>26}: {:.0}/s, {:.2} µs CPU a request",
            spread(runs.iter().map(|run| run.rate))[1],
            spread(runs.iter().map(|run| run.cpu_us))[1]
        );
        told(&format!("{name}, closed: rate"), "requests/s", runs.iter().map(|run| run.rate));
        told(&format!("{name}, closed: CPU a request"), "µs", runs.iter().map(|run| run.cpu_us));
        let each = || ours.iter().zip(runs);
        told(&format!("http, paced: rate, {name} closed = 1"), "×", each().map(|(ours, other)| ours.rate / other.rate));
        told(&format!("http, paced: CPU a request, {name} = 1"), "×", each().map(|(ours, other)| ours.cpu_us / other.cpu_us));
    }
}
