//! The traffic beside other generators: the highest rate that is paced with every request recorded, how late requests are, what a blackhole
//! of ten seconds costs, and what it costs to record.
//!
//! `cargo bench -- traffic` runs all of it in about four minutes. It needs nginx; wrk, k6 (on the path or under `target/k6/bin`) and oha (on the
//! path or under `target/tools/bin`) are what it is compared with, and who is absent is told and left out. All traffic stays on loopback. The
//! figures are of a machine that does other things too: read the ratios, which compare runs of the same minute.

mod once;
mod others;
mod plot;
mod seen;

use crate::proxy::contenders::upstream;
use crate::proxy::load::{Ask, wrk};
use crate::proxy::spread;
use once::{Kind, Once};
use std::path::Path;

pub(crate) use once::once;

/// Lateness beyond this, the 99th percentile of it, is a rate that is not paced, in ms: a quarter of the drill's own bound where none is given.
const LAG_MAX: f64 = 5.0;
/// How long each rate is tried.
const SECONDS: u64 = 3;
const ROUNDS: usize = 3;

pub(crate) fn bench() {
    let folder = tempfile::tempdir().unwrap();
    let Some((nginx, port)) = upstream(folder.path()) else {
        println!("traffic: nginx is not installed, so there is nobody to ask");
        return;
    };
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("\ntraffic: load average before: {}", load.trim());
    most(folder.path(), port);
    drop(nginx);
    chats();
    seen::bench(folder.path());
    plot::bench(folder.path());
    recording();
    blackhole();
}

/// The highest rate that is paced, beside what closed generators reach, and the processor time of a request beside wrk's.
fn most(folder: &Path, port: u16) {
    println!("\n3 bytes of nginx over plain HTTP, requests/s, {ROUNDS} interleaved rounds");
    let url = format!("http://127.0.0.1:{port}/small");
    let (mut ours, mut wrks, mut k6s, mut ohas) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut own_times, mut wrk_times) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let run = highest(Kind::Http, &url, 10_000);
        ours.push(run.rate);
        own_times.push(run.cpu_us);
        let before = children();
        let rate = wrk(folder, port, Ask { path: "/small", connections: 32, closing: false, seconds: 3 }).requests;
        wrks.push(rate);
        wrk_times.push((children() - before) * 1e6 / (rate * 3.0));
        k6s.extend(others::k6_rate(folder, &url));
        ohas.extend(others::oha_rate(&url));
    }
    let middle = spread(ours.iter().copied())[1];
    crate::baseline::told("traffic, http", "requests/s", ours.iter().copied());
    for (name, rates) in [("ours, open and recorded", ours), ("wrk, closed", wrks), ("k6, closed", k6s), ("oha, closed", ohas)] {
        if rates.is_empty() {
            println!("{name:>26}: not installed, left out");
            continue;
        }
        let [least, median, most] = spread(rates.into_iter());
        println!("{name:>26} {median:>9.0}   least {least:>8.0}, most {most:>8.0}   ours to it {:>5.2}", middle / median);
    }
    crate::baseline::told("traffic, http, CPU a request", "µs", own_times.iter().copied());
    let wrk = spread(wrk_times.into_iter())[1];
    let [least, median, most] = spread(own_times.into_iter());
    println!(
        "{:>26} {median:>9.2} µs   least {least:>6.2}, most {most:>6.2}   wrk's {wrk:.2}, ours to it {:>5.2}",
        "processor time a request",
        median / wrk
    );
}

/// Seconds of processor time that the programs have had which were started from here and have ended.
fn children() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    // Behind the name, which may hold blanks: the 14th and the 15th field, in hundredths of a second.
    let fields: Vec<&str> = text.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[13..15].iter().map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
}

fn chats() {
    println!("\nchat completions against the lab in the same process: the highest rate that is paced");
    for kind in [Kind::Chat, Kind::ChatStream] {
        let runs: Vec<Once> = (0..ROUNDS).map(|_| highest(kind, "", 2_500)).collect();
        let [least, median, most] = spread(runs.iter().map(|run| run.rate));
        crate::baseline::told(&format!("traffic, {}", kind.word()), "requests/s", runs.iter().map(|run| run.rate));
        println!("{:>26} {median:>9.0}   least {least:>8.0}, most {most:>8.0}", kind.word());
    }
}

/// Climbs in steps as long as a rate is paced and every answer is good; the last that was.
fn highest(kind: Kind, url: &str, step: u64) -> Once {
    let mut best = Once::default();
    for rate in (1..).map(|place| place * step) {
        let run = once::measure(kind, url, rate, SECONDS);
        if run.late_p99 > LAG_MAX || run.bad > 0.0 {
            // One bad moment of the machine is not the end.
            let again = once::measure(kind, url, rate, SECONDS);
            if again.late_p99 > LAG_MAX || again.bad > 0.0 {
                println!("{rate:>26}/s not paced: lateness p99 {:.1} ms, {:.0} bad; best: {best}", again.late_p99, again.bad);
                return best;
            }
            best = again;
        } else {
            best = run;
        }
    }
    best
}

fn blackhole() {
    println!("\nten seconds of a gateway that accepts and never answers, at 2,000/s");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    // Connections wait in the kernel; a long queue of them is all that is needed.
    let hold = seen::hold(listener);
    println!("{:>26}: {}", "ours", once::measure(Kind::Blackhole, &url, 2_000, 10));
    drop(hold);
}

fn recording() {
    let runs: Vec<f64> = (0..ROUNDS).map(|_| once::measure(Kind::Recording, "", 1_000_000, 0).cpu_us).collect();
    crate::baseline::told("recording, CPU a request", "µs", runs.iter().copied());
    let [least, median, most] = spread(runs.into_iter());
    println!("\nrecording a request: {median:.2} µs of CPU on all threads, least {least:.2}, most {most:.2}");
}
