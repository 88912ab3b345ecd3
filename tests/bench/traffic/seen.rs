//! How late requests come, as who is asked sees it: the same way for every generator. A server notes when each request is there, and holds
//! that against the even schedule that fits it best.

use super::once::{self, Kind};
use super::{ROUNDS, others};
use crate::proxy::spread;
use crate::quantile;
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const RATE: u64 = 2_000;
const SECONDS: u64 = 5;

pub(crate) fn bench(folder: &Path) {
    println!(
        "\nhow late {RATE} requests/s come, as the server sees it, in ms; medians of {ROUNDS} interleaved rounds, with least and most"
    );
    let (url, seen) = server();
    let mut own = Vec::new();
    let mut rows: Vec<(&str, Vec<[f64; 2]>)> = vec![("ours", Vec::new()), ("k6", Vec::new()), ("oha", Vec::new())];
    for _ in 0..ROUNDS {
        for (name, runs) in &mut rows {
            seen.lock().unwrap().clear();
            let is_there = match *name {
                "k6" => others::k6_open(folder, &url, RATE, SECONDS),
                "oha" => others::oha_open(&url, RATE, SECONDS),
                _ => {
                    own.push(once::measure(Kind::Http, &url, RATE, SECONDS));
                    true
                }
            };
            if is_there {
                runs.push(late(&seen.lock().unwrap(), RATE));
            }
        }
    }
    for (name, runs) in rows {
        if runs.is_empty() {
            println!("{name:>26}: not installed, left out");
            continue;
        }
        let of = |place: usize| spread(runs.iter().map(|run| run[place]));
        let ([least50, p50, most50], [least99, p99, most99]) = (of(0), of(1));
        println!("{name:>26} p50 {p50:>8.3} ({least50:.3} to {most50:.3})   p99 {p99:>8.3} ({least99:.3} to {most99:.3})");
    }
    for run in own {
        println!("{:>26}: {run}", "ours, by its own history");
    }
}

/// The median and the 99th percentile against the even schedule that begins as late as no request allows it to be earlier; without the
/// first second, in which programs still load themselves.
pub(crate) fn late(seen: &[Instant], rate: u64) -> [f64; 2] {
    let mut seen = seen.to_vec();
    seen.sort();
    let seen = &seen[(rate as usize).min(seen.len() / 2)..];
    let off: Vec<f64> = seen
        .iter()
        .enumerate()
        .map(|(place, at)| at.duration_since(seen[0]).as_secs_f64() * 1e3 - place as f64 * 1e3 / rate as f64)
        .collect();
    let least = off.iter().copied().fold(f64::INFINITY, f64::min);
    let mut late: Vec<f64> = off.into_iter().map(|off| off - least).collect();
    late.sort_by(f64::total_cmp);
    [quantile(&late, 0.5), quantile(&late, 0.99)]
}

/// Answers 3 bytes to every request and notes when it came.
pub(crate) fn server() -> (String, Arc<Mutex<Vec<Instant>>>) {
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
                        if head.ends_with(b"\r\n\r\n") {
                            noted.lock().unwrap().push(Instant::now());
                            head.clear();
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
