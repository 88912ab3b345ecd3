//! The fault proxy beside others: rates, latencies, what it adds, what an open connection costs, and how soon a fault takes hold.
//!
//! `cargo bench -- proxy` runs all of it in about eight minutes, `cargo bench -- proxy 1` one round of each,
//! `cargo bench -- proxy held` only the part about many open connections. It needs nginx and wrk, and
//! HAProxy and Envoy (`$ENVOY`, or on the path) for what they are compared with; who is absent is told and left out. All traffic stays on
//! loopback. The figures are of a machine that does other things too: read the ratios, which compare runs of the same minute.

pub(crate) mod contenders;
mod held;
pub(crate) mod load;
mod streams;

use contenders::{Lifeboat, envoy, haproxy, proxy_pass, upstream};
use load::{Ask, Measured, rounds};

pub(crate) use held::bench as held;

const OURS: &str = "lifeboat";

pub(crate) fn bench(count: usize) {
    let folder = tempfile::tempdir().unwrap();
    let Some((_nginx, port)) = upstream(folder.path()) else {
        println!("proxy: nginx is not installed, so there is nothing to stand before");
        return;
    };
    let ours = Lifeboat::start();
    let (tcp_haproxy, http_haproxy) = (haproxy(folder.path(), "tcp", port), haproxy(folder.path(), "http", port));
    let (tcp_envoy, http_envoy) = (envoy(folder.path(), "tcp", port), envoy(folder.path(), "http", port));
    let passing = proxy_pass(folder.path(), port);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("\nproxy: medians of {count} interleaved rounds, with the least and the most; load average before: {}", load.trim());
    for (name, is_there) in [("haproxy", tcp_haproxy.is_some()), ("envoy", tcp_envoy.is_some()), ("nginx", passing.is_some())] {
        if !is_there {
            println!("{name} is not installed and is left out");
        }
    }
    let port_of = |running: &Option<(contenders::Running, u16)>| running.as_ref().map(|running| running.1);
    let present = |all: [(&'static str, Option<u16>); 5]| -> Vec<(&'static str, u16)> {
        all.into_iter().filter_map(|(name, port)| Some((name, port?))).collect()
    };
    let tcp = present([
        ("direct", Some(port)),
        ("haproxy", port_of(&tcp_haproxy)),
        ("envoy", port_of(&tcp_envoy)),
        (OURS, Some(ours.proxy("tcp", "tcp", port))),
        ("", None),
    ]);
    let http = present([
        ("direct", Some(port)),
        ("nginx", port_of(&passing)),
        ("haproxy", port_of(&http_haproxy)),
        ("envoy", port_of(&http_envoy)),
        (OURS, Some(ours.proxy("http", "openai", port))),
    ]);
    let small = Ask { path: "/small", connections: 32, closing: false, seconds: 2 };
    let requests: fn(&Measured) -> f64 = |run| run.requests;
    for (title, contenders, against, ask, rate, unit) in [
        ("tcp, 3 bytes, kept connections", &tcp, "haproxy", small, requests, "requests/s"),
        ("tcp, 10 MB", &tcp, "haproxy", Ask { path: "/large", ..small }, |run: &Measured| run.bytes / 1e6, "MB/s"),
        ("tcp, a new connection for each request", &tcp, "haproxy", Ask { closing: true, ..small }, requests, "requests/s"),
        ("http, 3 bytes, kept connections", &http, "nginx", small, requests, "requests/s"),
        ("http, 2 KB, one request at a time", &http, "direct", Ask { path: "/chat", connections: 1, ..small }, requests, "requests/s"),
    ] {
        println!("\n{title} (ratios to {against})");
        println!(
            "{:>10} {:>10} {:>8} {:>8} {:>6} {:>9} {:>9} {:>9} {:>7}",
            "", unit, "least", "most", "ratio", "p50 ms", "p99 ms", "p99 ratio", "errors"
        );
        let runs = rounds(folder.path(), contenders, ask, count);
        let other = contenders.iter().position(|(name, _)| *name == against).map(|place| &runs[place]);
        for ((name, _), runs) in contenders.iter().zip(&runs) {
            let [least, middle, most] = spread(runs.iter().map(rate));
            if *name == OURS {
                crate::baseline::told(&format!("proxy, {title}"), unit, runs.iter().map(rate));
            }
            // Round by round, for a round is one state of the machine.
            let ratio = |of: fn(&Measured) -> f64| {
                other.map_or(f64::NAN, |other| spread(runs.iter().zip(other).map(|(run, other)| of(run) / of(other)))[1])
            };
            let median = |of: fn(&Measured) -> f64| spread(runs.iter().map(of))[1];
            println!(
                "{name:>10} {middle:>10.0} {least:>8.0} {most:>8.0} {:>6.2} {:>9.3} {:>9.3} {:>9.2} {:>7}",
                ratio(rate),
                median(|run| run.p50),
                median(|run| run.p99),
                ratio(|run| run.p99),
                runs.iter().map(|run| run.bad).sum::<f64>()
            );
        }
    }
    streams::bench(folder.path(), &ours, count);
    drop((tcp_haproxy, http_haproxy, tcp_envoy, http_envoy, passing, ours));
    held::bench();
}

/// The least, the median and the most.
pub(crate) fn spread(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    [values[0], values[values.len() / 2], values[values.len() - 1]]
}
