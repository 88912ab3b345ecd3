//! Plots of what is measured, as SVG files in `target/bench/`: how late requests come against their rate, for ours and the other generators,
//! and what proxies let through against the number of connections.
//!
//! `cargo bench -- plots` draws both, in three rounds and some eight minutes; `cargo bench -- plots lateness 1` one of them in one round.

mod chart;
mod scale;

use crate::baseline;
use crate::proxy::contenders::{Lifeboat, upstream};
use crate::proxy::load::{Ask, Manner, asked};
use crate::proxy::{beside, contenders, spread};
use crate::traffic::seen::{GENERATORS, Watcher};
use chart::{Chart, ChartPoint, Series};
use scale::Spacing;
use std::path::Path;

/// Requests a second.
const RATES: [u64; 10] = [500, 1_000, 2_000, 5_000, 10_000, 20_000, 40_000, 60_000, 80_000, 100_000];
const SECONDS: u64 = 3;
/// Fewer of its requests than this: the generator did not send at this rate at all.
const CAME: f64 = 0.99;
const CONNECTIONS: [u32; 6] = [1, 4, 16, 32, 64, 256];

pub(crate) const ALL: [&str; 2] = ["lateness", "throughput"];

pub(crate) fn bench(plots: &[&str], rounds: usize) {
    for plot in plots {
        match *plot {
            "lateness" => lateness(rounds),
            "throughput" => throughput(rounds),
            other => println!("there is no plot {other}: it is one of {}", ALL.join(", ")),
        }
    }
}

fn lateness(rounds: usize) {
    let (folder, watcher) = (tempfile::tempdir().unwrap(), Watcher::start());
    println!("\nlateness against rate: p99 in ms as the server sees it, {rounds} rounds; ( ) where fewer than {:.0} % came", CAME * 100.0);
    let mut series: Vec<Series> = Vec::new();
    for generator in GENERATORS {
        let mut points = Vec::new();
        for rate in RATES {
            let runs: Vec<_> = (0..rounds).filter_map(|_| watcher.run(folder.path(), generator, rate, SECONDS)).collect();
            if runs.is_empty() {
                println!("{generator:>12}: not installed, left out");
                break;
            }
            let [low, middle, high] = spread(runs.iter().map(|run| run.p99));
            let is_reached = spread(runs.iter().map(|run| run.share))[1] >= CAME;
            let shown = baseline::short(middle);
            println!("{generator:>12} {rate:>8}/s {:>10}", if is_reached { shown } else { format!("({shown})") });
            points.push(ChartPoint { x: rate as f64, y: middle, low, high, is_reached });
            // Beyond it there is nothing to see.
            if !is_reached {
                break;
            }
        }
        if !points.is_empty() {
            series.push(Series { name: generator.to_owned(), points });
        }
    }
    written(&Chart {
        name: "lateness",
        title: "How late requests come: plain HTTP at a constant rate",
        note: format!(
            "99th percentile as the server sees it; {}; {}. \
             Hollow: fewer than 99 % of the requests came, the rate was not reached.",
            told(rounds),
            machine()
        ),
        x: ("rate, requests/s", Spacing::Logarithmic),
        y: ("lateness p99, ms", Spacing::Logarithmic),
        series,
    });
}

fn throughput(rounds: usize) {
    let folder = tempfile::tempdir().unwrap();
    let Some((_nginx, port)) = upstream(folder.path()) else {
        println!("plots: nginx is not installed, so there is nothing to stand before");
        return;
    };
    let ours = Lifeboat::start();
    let others = beside(folder.path(), port);
    let all = contenders(port, &others, &ours, ours.proxy("http", "openai", port));
    println!("\nthroughput against connections: requests/s over HTTP, 3 bytes, {rounds} rounds");
    let mut series: Vec<Series> = all.iter().map(|who| Series { name: who.name.to_owned(), points: Vec::new() }).collect();
    for connections in CONNECTIONS {
        let ask = Ask { path: "/small", connections, manner: Manner::Kept, seconds: 2 };
        let mut runs = vec![Vec::new(); all.len()];
        for round in 0..rounds {
            for place in 0..all.len() {
                let place = (place + round) % all.len();
                runs[place].push(asked(folder.path(), all[place], ask).requests);
            }
        }
        for (series, runs) in series.iter_mut().zip(runs) {
            let [low, middle, high] = spread(runs.into_iter());
            println!("{:>12} {connections:>5} connections {middle:>10.0}", series.name);
            series.points.push(ChartPoint { x: f64::from(connections), y: middle, low, high, is_reached: true });
        }
    }
    written(&Chart {
        name: "throughput",
        title: "What HTTP proxies let through: 3 bytes of nginx, connections kept",
        note: format!("By wrk with one thread; nginx, HAProxy and Envoy with one worker each; {}; {}.", told(rounds), machine()),
        x: ("connections", Spacing::Logarithmic),
        y: ("requests/s", Spacing::Even),
        series,
    });
}

fn told(rounds: usize) -> String {
    if rounds == 1 { "one round".to_owned() } else { format!("medians of {rounds} rounds, lines from the least to the most") }
}

fn machine() -> String {
    format!("{} cores", std::thread::available_parallelism().map_or(1, usize::from))
}

fn written(chart: &Chart) {
    if chart.series.is_empty() {
        return;
    }
    let path: &Path = &baseline::folder().join(format!("{}.svg", chart.name));
    std::fs::write(path, chart.svg()).unwrap();
    println!("drawn in {}", path.display());
}
