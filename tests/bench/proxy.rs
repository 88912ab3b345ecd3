//! The fault proxy beside others: rates, latencies, processor time, what it adds to streams, what an open connection costs, and how soon a fault
//! takes hold.
//!
//! `cargo bench -- proxy` runs all of it in about fifteen minutes, `cargo bench -- proxy PART` one part in five rounds, `cargo bench -- proxy PART 1`
//! in one; the parts are `tcp`, `http`, `armed`, `streams`, `crowd` and `held`. It needs nginx and wrk, and HAProxy and Envoy (`$ENVOY`, on the
//! path, or under `target/envoy`) for what they are compared with; who is absent is told and left out. All traffic stays on loopback. The
//! figures are of a machine that does other things too: read the ratios, which compare runs of the same round.

pub(crate) mod contenders;
mod crowd;
mod held;
pub(crate) mod load;
mod streams;

use contenders::{Lifeboat, Running, envoy, haproxy, proxy_pass, upstream};
use load::{Ask, Contender, Manner, Measured, rounds};
use serde_json::json;
use std::path::Path;
use std::time::Duration;

pub(crate) const OURS: &str = "lifeboat";
/// Each asked by 32 connections, for two seconds a round.
const SMALL: Ask = Ask { path: "/small", connections: 32, manner: Manner::Kept, seconds: 2 };
/// How long the kernel's own cost is measured, a round.
const FLOOR: Duration = Duration::from_millis(300);

/// Which part is measured.
pub(crate) const PARTS: [&str; 6] = ["tcp", "http", "armed", "streams", "crowd", "held"];

pub(crate) fn bench(parts: &[&str], count: usize) {
    let folder = tempfile::tempdir().unwrap();
    let Some((_nginx, port)) = upstream(folder.path()) else {
        println!("proxy: nginx is not installed, so there is nothing to stand before");
        return;
    };
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("\nproxy: medians of {count} interleaved rounds, with the least and the most; load average before: {}", load.trim());
    for part in parts {
        match *part {
            "tcp" => tcp(folder.path(), port, count),
            "http" => http(folder.path(), port, count),
            "armed" => armed(folder.path(), port, count),
            "streams" => streams::bench(folder.path(), count),
            "crowd" => crowd::bench(folder.path(), count),
            "held" => held::bench(count),
            other => println!("there is no part {other}: it is one of {}", PARTS.join(", ")),
        }
    }
}

fn tcp(folder: &Path, port: u16, count: usize) {
    let ours = Lifeboat::start();
    let others = [("haproxy", haproxy(folder, "tcp", port)), ("envoy", envoy(folder, "tcp", port))];
    let contenders = contenders(port, &others, &ours, ours.proxy("tcp", "tcp", port));
    let (requests, bytes): (Rate, Rate) = (|run| run.requests, |run| run.bytes / 1e6);
    for (title, ask, rate, unit) in [
        ("tcp, 3 bytes, kept connections", SMALL, requests, "requests/s"),
        ("tcp, 10 MB", Ask { path: "/large", ..SMALL }, bytes, "MB/s"),
        ("tcp, a new connection each", Ask { manner: Manner::Closing, ..SMALL }, requests, "requests/s"),
    ] {
        compared(folder, title, &contenders, &["haproxy", "envoy"], ask, (rate, unit), count);
    }
}

fn http(folder: &Path, port: u16, count: usize) {
    let ours = Lifeboat::start();
    let others = beside(folder, port);
    let contenders = contenders(port, &others, &ours, ours.proxy("http", "openai", port));
    for (title, ask) in [
        ("http, 3 bytes, kept connections", SMALL),
        ("http, 2 KB, one request at a time", Ask { path: "/chat", connections: 1, ..SMALL }),
        ("http, a new connection each", Ask { manner: Manner::Closing, ..SMALL }),
    ] {
        compared(folder, title, &contenders, &["nginx", "envoy", "haproxy"], ask, (|run| run.requests, "requests/s"), count);
    }
}

/// Who else passes HTTP on.
pub(crate) fn beside(folder: &Path, port: u16) -> [(&'static str, Option<(Running, u16)>); 3] {
    [("nginx", proxy_pass(folder, port)), ("haproxy", haproxy(folder, "http", port)), ("envoy", envoy(folder, "http", port))]
}

/// Our own proxy before a model, with a fault that no request is meant by: first by its path, then by its model, for which every body is read.
fn armed(folder: &Path, port: u16, count: usize) {
    let ours = Lifeboat::start();
    let mut all = Vec::new();
    for (name, matching) in
        [("as it is", None), ("by its path", Some(json!({"path": "/none"}))), ("by its model", Some(json!({"model": "none"})))]
    {
        let proxy = name.replace(' ', "-");
        all.push(Contender { name, port: ours.proxy(&proxy, "openai", port), process: Some(ours.running.id()) });
        if let Some(matching) = matching {
            let toxic = json!({"type": "http_status", "name": "armed", "attributes": {"code": 503, "match": matching}});
            ours.call("POST", &format!("/proxies/{proxy}/toxics"), &toxic);
        }
    }
    let ask = Ask { path: "/v1/chat/completions", manner: Manner::Post, ..SMALL };
    compared_as(folder, "http, a question to a model", &all, &all[1..], &["as it is"], ask, (|run| run.requests, "requests/s"), count);
}

/// The upstream itself, then the others that are installed, then ours.
pub(crate) fn contenders(port: u16, others: &[(&'static str, Option<(Running, u16)>)], ours: &Lifeboat, our_port: u16) -> Vec<Contender> {
    let mut all = vec![Contender { name: "direct", port, process: None }];
    for (name, running) in others {
        match running {
            Some((running, port)) => all.push(Contender { name, port: *port, process: Some(running.id()) }),
            None => println!("{name} is not installed and is left out"),
        }
    }
    all.push(Contender { name: OURS, port: our_port, process: Some(ours.running.id()) });
    all
}

/// What is compared of a run.
type Rate = fn(&Measured) -> f64;

fn compared(folder: &Path, title: &str, all: &[Contender], against: &[&str], ask: Ask, rate: (Rate, &str), count: usize) {
    compared_as(folder, title, all, &all[all.len() - 1..], against, ask, rate, count);
}

/// Asks all of them, and tells those that are `ours` as ratios to each that they are held `against`: round by round, for a round is one
/// state of the machine.
#[allow(clippy::too_many_arguments, reason = "a comparison is all of these")]
fn compared_as(
    folder: &Path,
    title: &str,
    all: &[Contender],
    ours: &[Contender],
    against: &[&str],
    ask: Ask,
    (rate, unit): (Rate, &str),
    count: usize,
) {
    println!("\n{title}");
    println!("{:>12} {unit:>10} {:>8} {:>8} {:>9} {:>9} {:>9} {:>7}", "", "least", "most", "p50 ms", "p99 ms", "CPU µs", "errors");
    let runs = rounds(folder, all, ask, count);
    for (contender, runs) in all.iter().zip(&runs) {
        let [least, middle, most] = spread(runs.iter().map(rate));
        let median = |of: Rate| spread(runs.iter().map(of))[1];
        println!(
            "{:>12} {middle:>10.0} {least:>8.0} {most:>8.0} {:>9.3} {:>9.3} {:>9.1} {:>7}",
            contender.name,
            median(|run| run.p50),
            median(|run| run.p99),
            median(|run| run.cpu_us),
            runs.iter().map(|run| run.bad).sum::<f64>()
        );
    }
    // What the kernel alone takes for what a proxy does: it is asked, and asks.
    let direct = all.iter().find(|contender| contender.name == "direct" && ask.path == SMALL.path && ask.manner == Manner::Kept);
    let floors: Vec<f64> = direct.map_or_else(Vec::new, |direct| {
        let floor = || crate::kernel::floor(direct.port, ask.connections as usize, FLOOR).cpu_us;
        runs[0].iter().map(|_| 2.0 * floor()).collect()
    });
    let of = |name: &str| all.iter().position(|contender| contender.name == name).map(|place| &runs[place]);
    for own in ours {
        let title = if own.name == OURS { title.to_owned() } else { format!("{title}, a fault {}", own.name) };
        let own = of(own.name).unwrap();
        crate::baseline::told(&format!("{title}: rate"), unit, own.iter().map(rate));
        if !floors.is_empty() {
            let ratios = own.iter().zip(&floors).map(|(run, floor)| run.cpu_us / floor);
            crate::baseline::told(&format!("{title}: CPU, two exchanges of the kernel alone = 1"), "×", ratios);
        }
        for name in against {
            let Some(other) = of(name) else { continue };
            let ratio = |of: Rate| own.iter().zip(other).map(|(run, other)| of(run) / of(other)).collect::<Vec<_>>();
            crate::baseline::told(&format!("{title}: rate, {name} = 1"), "×", ratio(rate));
            crate::baseline::told(&format!("{title}: p99, {name} = 1"), "×", ratio(|run| run.p99));
            crate::baseline::told(&format!("{title}: CPU, {name} = 1"), "×", ratio(|run| run.cpu_us));
        }
    }
}

/// The least, the median and the most.
pub(crate) fn spread(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    [values[0], values[values.len() / 2], values[values.len() - 1]]
}
