//! One run of our own traffic in a process of its own, so that its memory and its processor time are known.

use crate::quantile;
use lifeboat::history::{Event, Outcome, RequestDone};
use lifeboat::journal::{Clock, Journal};
use lifeboat::lab::SimulatedProvider;
use lifeboat::model::{Arrivals, Dialect, PlainRequest, Provider, RequestKind, Simulation, Workload};
use lifeboat::traffic::{Budget, Client, ClientSettings, Levels, LoadProfile, Prices, Schedule, Target, Traffic};
use lifeboat::units::{Duration, Rate, Ratio, Seed};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Http,
    Chat,
    ChatStream,
    Blackhole,
    Recording,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Http, Self::Chat, Self::ChatStream, Self::Blackhole, Self::Recording];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Chat => "chat",
            Self::ChatStream => "chat-stream",
            Self::Blackhole => "blackhole",
            Self::Recording => "recording",
        }
    }
}

/// What it measured: milliseconds, unless the name says otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Once {
    pub(crate) rate: f64,
    pub(crate) late_p50: f64,
    pub(crate) late_p99: f64,
    pub(crate) late_most: f64,
    pub(crate) done_p50: f64,
    /// Requests that did not end as they should.
    pub(crate) bad: f64,
    pub(crate) shed: f64,
    pub(crate) cpu_us: f64,
    pub(crate) peak_mb: f64,
}

impl fmt::Display for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.0}/s, late p50 {:.3} p99 {:.3} most {:.1} ms, done p50 {:.2} ms, {:.0} bad, {:.0} shed, {:.1} µs CPU a request, {:.0} MB at most",
            self.rate, self.late_p50, self.late_p99, self.late_most, self.done_p50, self.bad, self.shed, self.cpu_us, self.peak_mb
        )
    }
}

/// Runs [`once`] in a process of its own, as soon as most ports are free again: those of connections that have ended are so after a minute, and
/// a rate that is too high opens many.
pub(crate) fn measure(kind: Kind, url: &str, rate: u64, seconds: u64) -> Once {
    let patience = Instant::now() + std::time::Duration::from_secs(65);
    while ended_connections() > 15_000 && Instant::now() < patience {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["traffic-once", kind.word(), url, &rate.to_string(), &seconds.to_string()])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("MEASURED ")).unwrap_or_else(|| {
        panic!("the run of {} at {rate}/s said {text}{}", kind.word(), String::from_utf8_lossy(&output.stderr));
    });
    let n: Vec<f64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
    Once { rate: n[0], late_p50: n[1], late_p99: n[2], late_most: n[3], done_p50: n[4], bad: n[5], shed: n[6], cpu_us: n[7], peak_mb: n[8] }
}

/// Connections of this host that have ended and still hold their port; none where the system does not tell.
fn ended_connections() -> u64 {
    let told = std::fs::read_to_string("/proc/net/sockstat").unwrap_or_default();
    let waiting = told.lines().find_map(|line| line.strip_prefix("TCP:")?.split_once(" tw "));
    waiting.and_then(|(_, rest)| rest.split(' ').next()?.parse().ok()).unwrap_or(0)
}

/// The run itself: drives, then reads its own history.
pub(crate) fn once(kind: &str, url: &str, rate: &str, seconds: &str) {
    let kind = Kind::ALL.into_iter().find(|known| known.word() == kind).unwrap();
    let (rate, seconds): (f64, u64) = (rate.parse().unwrap(), seconds.parse().unwrap());
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
    let _ = rustix::process::setrlimit(rustix::process::Resource::Nofile, rustix::process::Rlimit { current: limit, maximum: limit });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl");
    let journal = Journal::start(std::fs::File::create(&path).unwrap(), Clock::start()).unwrap();
    let before = cpu();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    match kind {
        Kind::Recording => record(&journal, rate as u64),
        _ => runtime.block_on(drive(kind, url, rate, seconds, &journal)),
    }
    runtime.block_on(journal.close()).unwrap();
    let (used, peak) = (cpu() - before, peak());
    let (mut late, mut done, mut bad, mut shed) = (Vec::new(), Vec::new(), 0, 0);
    for line in std::fs::read_to_string(&path).unwrap().lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        if let Some(request) = event.get("request") {
            late.push(request["late"].as_f64().unwrap() / 1e6);
            done.push(request["done"].as_f64().unwrap() / 1e6);
            let wanted = if kind == Kind::Blackhole { "no-answer" } else { "" };
            bad += u64::from(request["why"].as_str().unwrap_or_default() != wanted);
        } else {
            shed += u64::from(event.get("shed").is_some());
        }
    }
    late.sort_by(f64::total_cmp);
    done.sort_by(f64::total_cmp);
    let per_request = used * 1e6 / late.len() as f64;
    println!(
        "MEASURED {rate} {} {} {} {} {} {shed} {per_request} {}",
        quantile(&late, 0.5),
        quantile(&late, 0.99),
        quantile(&late, 1.0),
        quantile(&done, 0.5),
        bad + shed,
        peak
    );
}

async fn drive(kind: Kind, url: &str, rate: f64, seconds: u64, journal: &Journal) {
    let mut target =
        Target { base_url: url.to_owned(), dialect: Dialect::OpenAi, model: "gpt-4o".into(), key: "sk-bench".into(), replicas: Vec::new() };
    let mut manner = ClientSettings::default();
    if kind == Kind::Http {
        manner.plain = Some(PlainRequest::default());
    }
    let lab = matches!(kind, Kind::Chat | Kind::ChatStream).then(provider);
    if let Some(lab) = &lab {
        target.base_url = lab.base_url();
    }
    let request = if kind == Kind::ChatStream { RequestKind::ChatStream } else { RequestKind::Chat };
    let deadline = if kind == Kind::Blackhole { Duration::from_secs(9) } else { Duration::from_secs(5) };
    let rate = Rate::per_second(rate).unwrap();
    let workload = Workload { arrivals: Arrivals::Constant, request, max_in_flight: 20_000, ..Workload::steady(rate) };
    let load = LoadProfile {
        schedule: Schedule::new(&workload, Seed(1)),
        request,
        expect: Arc::default(),
        drill: 1,
        workload: 0,
        bound: workload.max_in_flight,
        deadline,
        levels: Levels::default(),
        said: Arc::default(),
        budget: Arc::new(Budget::new(None, None, vec![Prices::default()])),
    };
    let traffic = Traffic::start(Client::with(target, manner).unwrap(), load, journal.recorder()).unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
    traffic.finish(tokio::time::sleep(deadline.std() + std::time::Duration::from_secs(1))).await;
    if let Some(lab) = lab {
        lab.stop().await;
    }
}

/// Answers within a millisecond or two.
fn provider() -> SimulatedProvider {
    let simulation = Simulation {
        first_token_p50: Duration::from_millis(1),
        first_token_p95: Duration::from_millis(2),
        tail_share: Ratio::new(0.0).unwrap(),
        token_gap: Duration::ZERO,
        ..Simulation::default()
    };
    let provider = Provider {
        dialect: Dialect::OpenAi,
        cloud: None,
        region: None,
        residency: None,
        base_url: None,
        credential: None,
        models: BTreeMap::from([("chat".to_owned(), "gpt-4o".to_owned())]),
        price: None,
        simulation,
        contract: None,
        retires: BTreeMap::new(),
    };
    SimulatedProvider::start("bench", &provider, "sk-bench".into(), Seed(1), "127.0.0.1:0".parse().unwrap()).unwrap()
}

fn record(journal: &Journal, count: u64) {
    let recorder = journal.recorder();
    for id in 0..count {
        let (due, proof) = (id * 16_000, Some(160_123_456));
        let done = RequestDone { id, due, lag: 41_210, proof, done: 267_123_456, outcome: Outcome::Ok, why: None };
        recorder.record_blocking(Event::Request(done));
    }
}

/// Seconds of processor time that this process has had.
fn cpu() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Megabytes that this process held at most.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1e3
}
