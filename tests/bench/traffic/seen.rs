//! How late requests come, as who is asked sees it: the same way for every generator. A server notes when each request is there, and holds
//! that against the even schedule that fits it best.

use super::once::{self, Kind};
use super::others;
use crate::proxy::spread;
use crate::quantile;
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const RATE: u64 = 2_000;
const SECONDS: u64 = 4;

/// Who sends.
pub(crate) const GENERATORS: [&str; 4] = ["lifeboat", "oha", "k6", "vegeta"];

/// What the server saw of one run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight {
    /// Milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Of the requests that the rate asks for, those that came.
    pub(crate) share: f64,
}

/// A server that watches, and who is to send to it.
pub(crate) struct Watcher {
    url: String,
    seen: Arc<Mutex<Vec<Instant>>>,
}

impl Watcher {
    pub(crate) fn start() -> Self {
        let (url, seen) = server();
        Self { url, seen }
    }

    /// One run of a generator at a rate; `None` where it is not installed.
    pub(crate) fn run(&self, folder: &Path, generator: &str, rate: u64, seconds: u64) -> Option<Sight> {
        self.seen.lock().unwrap().clear();
        let is_there = match generator {
            "k6" => others::k6_open(folder, &self.url, rate, seconds),
            "oha" => others::oha_open(&self.url, rate, seconds),
            "vegeta" => others::vegeta_open(folder, &self.url, rate, seconds),
            _ => {
                once::measure(Kind::Http, &self.url, rate, seconds);
                true
            }
        };
        let seen = self.seen.lock().unwrap();
        is_there.then(|| sight(&seen, rate, seconds))
    }
}

pub(crate) fn bench(folder: &Path, rounds: usize) {
    println!("\nhow late {RATE} requests/s come, as the server sees it");
    let watcher = Watcher::start();
    let mut runs: Vec<Vec<Sight>> = vec![Vec::new(); GENERATORS.len()];
    for _ in 0..rounds {
        for (place, generator) in GENERATORS.into_iter().enumerate() {
            runs[place].extend(watcher.run(folder, generator, RATE, SECONDS));
        }
    }
    for (generator, runs) in GENERATORS.into_iter().zip(&runs) {
        if runs.is_empty() {
            println!("{generator:>26}: not installed, left out");
            continue;
        }
        crate::baseline::told(&format!("{generator} at {RATE}/s, seen by the server: late p50"), "ms", runs.iter().map(|run| run.p50));
        crate::baseline::told(&format!("{generator} at {RATE}/s, seen by the server: late p99"), "ms", runs.iter().map(|run| run.p99));
        println!("{:>26}: {:.1} % of its requests came", "", spread(runs.iter().map(|run| run.share * 100.0))[1]);
    }
}

/// Against the even schedule that begins as late as no request allows it to be earlier; without the first second, in which programs still
/// load themselves.
fn sight(seen: &[Instant], rate: u64, seconds: u64) -> Sight {
    let share = seen.len() as f64 / (rate * seconds) as f64;
    let mut seen = seen.to_vec();
    seen.sort();
    let seen = &seen[(rate as usize).min(seen.len() / 2)..];
    if seen.is_empty() {
        return Sight { p50: f64::NAN, p99: f64::NAN, share };
    }
    let off: Vec<f64> = seen
        .iter()
        .enumerate()
        .map(|(place, at)| at.duration_since(seen[0]).as_secs_f64() * 1e3 - place as f64 * 1e3 / rate as f64)
        .collect();
    let least = off.iter().copied().fold(f64::INFINITY, f64::min);
    let mut late: Vec<f64> = off.into_iter().map(|off| off - least).collect();
    late.sort_by(f64::total_cmp);
    Sight { p50: quantile(&late, 0.5), p99: quantile(&late, 0.99), share }
}

/// Answers 3 bytes to every request and notes when it came.
fn server() -> (String, Arc<Mutex<Vec<Instant>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/small", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = seen.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    std::thread::spawn(move || {
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (mut wire, _) = listener.accept().await.unwrap();
                let noted = noted.clone();
                tokio::spawn(async move {
                    let _ = wire.set_nodelay(true);
                    let (mut piece, mut head) = ([0; 4096], Vec::new());
                    while let Ok(count @ 1..) = wire.read(&mut piece).await {
                        head.extend_from_slice(&piece[..count]);
                        let now = Instant::now();
                        // Several may have come together.
                        while let Some(end) = head.windows(4).position(|part| part == b"\r\n\r\n") {
                            noted.lock().unwrap().push(now);
                            head.drain(..end + 4);
                            let _ = wire.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc").await;
                        }
                    }
                });
            }
        });
    });
    (url, seen)
}

/// Takes connections in and does nothing with them, until this is dropped.
pub(crate) fn hold(listener: TcpListener) -> impl Drop {
    struct Hold(Arc<AtomicBool>);
    impl Drop for Hold {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let over = Arc::new(AtomicBool::new(false));
    let told = over.clone();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        while !told.load(Ordering::Relaxed) {
            // Until the last connection of the run it never waits for long.
            held.extend(listener.accept().ok());
        }
    });
    Hold(over)
}
