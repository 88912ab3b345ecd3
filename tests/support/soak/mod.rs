//! A long drill that is watched: a fault again and again, and whether the memory, the open files and the lateness of the drill's own process
//! are at its end what they were when it had begun.
//!
//! Who starts the drill: the test `soak` (a few minutes of it) and `cargo bench -- soak` (as long as one likes). Here is what is drilled, what
//! is looked at, and what follows from it.

mod trend;

pub(crate) use trend::Trend;

use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Undisturbed traffic before the first fault.
const BASELINE: Duration = Duration::from_secs(5);
/// At most so many requests wait for their answers: the first fault brings as many, and each pool of connections has its size from then on. What
/// grows afterwards is no pool that had never been so busy before.
const IN_FLIGHT: u32 = 40;
/// One after the other, on the primary.
const FAULTS: [&str; 6] =
    ["blackhole: {}", "status: {code: 503}", "reset: {}", "latency: {latency: 100ms}", "refuse: {}", "status: {code: 429}"];

const INVENTORY: &str = "\
version: 1
providers:
  first: {dialect: azure-openai, simulation: &quick {first_token_p50: 20ms, first_token_p95: 30ms, tail_share: 0%, tokens: 200/s}}
  second: {dialect: openai, simulation: *quick}
services:
  chat:
    criticality: recoverable
    providers: [first, second]
    objectives: {rto: 2s, slo: {first_token: 1s}, deadline: 2s, success: 95%, stable_for: 5s, lag_max: 200ms}
environments:
  lab: {embedded: true, gateway: {try_timeout: 300ms, breaker: {failures: 5, cooldown: 2s, probes: 1}}}
";

/// What is drilled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Soak {
    pub(crate) length: Duration,
    /// Requests a second.
    pub(crate) rate: u32,
    /// From a fault to the next.
    pub(crate) every: Duration,
}

/// What the process holds at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Holding {
    pub(crate) at: Duration,
    pub(crate) resident_mb: f64,
    /// Without the pages of files, such as the program's own.
    pub(crate) own_mb: f64,
    pub(crate) files: f64,
}

impl Soak {
    /// The files of its project, by name.
    pub(crate) fn files(&self) -> [(&'static str, String); 2] {
        let fault = |place: u32| {
            let (at, kind) = (self.every * place, FAULTS[place as usize % FAULTS.len()]);
            format!("    - {{at: {}ms, on: first, fault: {{{kind}}}, for: {}ms}}\n", at.as_millis(), self.lasts().as_millis())
        };
        let faults: String = (0..self.faults()).map(fault).collect();
        let scenario = format!(
            "version: 1\nscenario: soak\nservice: chat\ntraffic: {{rate: {}/s, request: chat-stream, max_in_flight: {IN_FLIGHT}}}\ntimeline:\n  baseline: {}s\n  \
             watch: {}ms\n  faults:\n{faults}",
            self.rate,
            BASELINE.as_secs(),
            (self.every - self.lasts()).as_millis(),
        );
        [("runbooks/inventory.yaml", INVENTORY.to_owned()), ("scenarios/soak.yaml", scenario)]
    }

    /// How many requests are sent.
    pub(crate) fn requests(&self) -> f64 {
        (BASELINE + self.every * self.faults()).as_secs_f64() * f64::from(self.rate)
    }

    fn faults(&self) -> u32 {
        ((self.length - BASELINE).as_secs_f64() / self.every.as_secs_f64()).floor().max(1.0) as u32
    }

    fn lasts(&self) -> Duration {
        (self.every / 3).min(Duration::from_secs(10))
    }

    /// Looks at the process once a second until its drill is over; `row` is told at the end of each window.
    pub(crate) fn watch(&self, process: u32, mut row: impl FnMut(&[Holding])) -> Vec<Holding> {
        let (began, mut seen, mut windows) = (Instant::now(), Vec::new(), 0);
        let end = BASELINE + self.every * self.faults();
        while began.elapsed() < end {
            std::thread::sleep(Duration::from_secs(1));
            let Some(holding) = holding(process, began.elapsed()) else { break };
            seen.push(holding);
            let over = self.window(holding.at).unwrap_or_default();
            if over > windows {
                row(&seen);
                windows = over;
            }
        }
        seen
    }

    /// In which window a moment lies; a window goes from one fault to the next.
    fn window(&self, at: Duration) -> Option<usize> {
        Some((at.checked_sub(BASELINE)?.as_secs_f64() / self.every.as_secs_f64()) as usize)
    }

    /// Values as the medians of windows, without those in which the process was still filling its pools and caches: until each fault has been
    /// played once, where there are windows enough.
    fn windows(&self, values: impl Iterator<Item = (Duration, f64)>, share: f64) -> Vec<f64> {
        let count = self.faults() as usize;
        let mut windows = vec![Vec::new(); count];
        for (at, value) in values {
            if let Some(window) = self.window(at).and_then(|window| windows.get_mut(window)) {
                window.push(value);
            }
        }
        let middle = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values.get((values.len().max(1) - 1) * (share * 100.0) as usize / 100).copied()
        };
        windows.into_iter().skip((count / 5).max(FAULTS.len().min(count / 2))).filter_map(middle).collect()
    }

    /// What became of memory and open files.
    pub(crate) fn trends(&self, seen: &[Holding]) -> Vec<Option<Trend>> {
        let of = |value: fn(&Holding) -> f64| self.windows(seen.iter().map(|holding| (holding.at, value(holding))), 0.5);
        vec![
            Trend::of("memory of its own", "MB", &of(|holding| holding.own_mb), 1.0),
            Trend::of("open files", "files", &of(|holding| holding.files), 20.0),
        ]
    }

    /// What became of the lateness of requests, by the drill's own history: the median of each window, and its 99th percentile, which one moment
    /// of a busy machine can make anything.
    pub(crate) fn lateness(&self, drill: &Path) -> [Option<Trend>; 2] {
        let mut late = Vec::new();
        for line in history(drill).lines().map_while(Result::ok) {
            let Ok(event) = serde_json::from_str::<Value>(&line) else { continue };
            if let (Some(at), Some(ns)) = (event["t"].as_u64(), event["request"]["late"].as_f64()) {
                late.push((Duration::from_nanos(at), ns / 1e6));
            }
        }
        let windows = |share| self.windows(late.iter().copied(), share);
        [Trend::of("lateness, p50", "ms", &windows(0.5), 0.1), Trend::of("lateness, p99", "ms", &windows(0.99), 1.0)]
    }
}

fn holding(process: u32, at: Duration) -> Option<Holding> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let mb = |name: &str| -> Option<f64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim().trim_end_matches(" kB").parse::<f64>().ok()? / 1024.0)
    };
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).ok()?.count() as f64;
    Some(Holding { at, resident_mb: mb("VmRSS:")?, own_mb: mb("RssAnon:")?, files })
}

/// The lines of a drill's history, however it is kept.
pub(crate) fn history(drill: &Path) -> Box<dyn BufRead> {
    let plain = drill.join("history.jsonl");
    let reader: Box<dyn Read> = match std::fs::File::open(&plain) {
        Ok(file) => Box::new(file),
        Err(_) => {
            let mut unpack = Command::new("zstd");
            unpack.args(["-dcq"]).arg(plain.with_extension("jsonl.zst")).stdin(Stdio::null()).stdout(Stdio::piped());
            Box::new(unpack.spawn().expect("`zstd` is installed").stdout.take().expect("its output is piped"))
        }
    };
    Box::new(BufReader::with_capacity(1 << 20, reader))
}
