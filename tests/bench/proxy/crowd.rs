//! A thousand streams at once, 50 tokens a second each: what is added to the first chunk and to each that follows, and at what cost.

use super::contenders::{Lifeboat, proxy_pass};
use crate::quantile;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Streams at once.
const STREAMS: u64 = 1_000;
/// Between two tokens of a stream.
const GAP: Duration = Duration::from_millis(20);
/// Tokens of one answer; then the same connection asks for the next.
const TOKENS: usize = 100;
/// How long they go on, and how much of that is not counted: they begin one after another.
const LASTS: Duration = Duration::from_secs(7);
const WARM: Duration = Duration::from_millis(2_500);
/// What stands before the moment at which a token was sent.
const STAMP: &[u8] = b"\"t\":";
const END: &[u8] = b"0\r\n\r\n";

/// Milliseconds: until the first chunk of each answer, and on the way of each chunk.
#[derive(Default)]
struct Waits {
    firsts: Vec<f64>,
    chunks: Vec<f64>,
}

fn nanos(origin: Instant) -> u64 {
    u64::try_from(origin.elapsed().as_nanos()).unwrap()
}

/// A provider on a thread of its own; its port.
fn provider(origin: Instant) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((wire, _)) = listener.accept().await {
                tokio::spawn(answer(wire, origin));
            }
        });
    });
    port
}

async fn answer(mut wire: TcpStream, origin: Instant) {
    let _ = wire.set_nodelay(true);
    let mut came = vec![0; 4096];
    while let Ok(1..) = wire.read(&mut came).await {
        let mut out = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        let mut ticks = tokio::time::interval(GAP);
        for token in 0..TOKENS {
            ticks.tick().await;
            let data = format!("data: {{\"t\":{:020},\"delta\":\"{}\"}}\n\n", nanos(origin), "x".repeat(120));
            out.extend_from_slice(format!("{:x}\r\n{data}\r\n", data.len()).as_bytes());
            if token + 1 == TOKENS {
                out.extend_from_slice(END);
            }
            if wire.write_all(&out).await.is_err() {
                return;
            }
            out.clear();
        }
    }
}

/// Asks for one stream after another.
async fn ask(port: u16, origin: Instant, began: Instant) -> Waits {
    let mut wire = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    wire.set_nodelay(true).unwrap();
    let (mut waits, mut came) = (Waits::default(), vec![0; 8192]);
    while began.elapsed() < LASTS {
        let (sent, mut is_first, mut tail) = (nanos(origin), true, Vec::new());
        wire.write_all(b"POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
            .await
            .unwrap();
        while !tail.ends_with(END) {
            let count = wire.read(&mut came).await.unwrap();
            assert_ne!(count, 0, "a stream was cut");
            let now = nanos(origin);
            let mut rest = &came[..count];
            while let Some(place) = rest.windows(STAMP.len()).position(|part| part == STAMP) {
                let stamp: u64 = std::str::from_utf8(&rest[place + 4..place + 24]).unwrap().parse().unwrap();
                if began.elapsed() > WARM {
                    if is_first {
                        waits.firsts.push((now - sent) as f64 / 1e6);
                    }
                    waits.chunks.push((now - stamp) as f64 / 1e6);
                }
                is_first = false;
                rest = &rest[place + 24..];
            }
            tail.extend_from_slice(&came[count.saturating_sub(END.len())..count]);
            tail.drain(..tail.len().saturating_sub(END.len()));
        }
    }
    waits
}

fn streams(port: u16, origin: Instant) -> Waits {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let began = Instant::now();
        let asking = (0..STREAMS).map(|place| {
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(2 * place)).await;
                ask(port, origin, began).await
            })
        });
        let mut all = Waits::default();
        for asking in asking.collect::<Vec<_>>() {
            let waits = asking.await.unwrap();
            all.firsts.extend(waits.firsts);
            all.chunks.extend(waits.chunks);
        }
        all.firsts.sort_by(f64::total_cmp);
        all.chunks.sort_by(f64::total_cmp);
        all
    })
}

/// Seconds of processor time of a process and its children.
fn processor(process: u32) -> f64 {
    let ticks = |process: u32| {
        let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let fields: Vec<&str> = text.rsplit_once(')').map_or_else(Vec::new, |(_, rest)| rest.split_whitespace().collect());
        fields.get(11..13).map_or(0.0, |both| both.iter().filter_map(|number| number.parse::<f64>().ok()).sum())
    };
    let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    let children: f64 = children.split_whitespace().filter_map(|child| child.parse().ok()).map(ticks).sum();
    (ticks(process) + children) / 100.0
}

pub(crate) fn bench(folder: &Path, ours: &Lifeboat, count: usize) {
    let origin = Instant::now();
    let port = provider(origin);
    let passing = proxy_pass(&folder.join("crowd"), port);
    let mut contenders = vec![("direct", port, None), ("lifeboat", ours.proxy("crowd", "openai", port), Some(ours.running.0.id()))];
    contenders.extend(passing.as_ref().map(|(running, port)| ("nginx", *port, Some(running.0.id()))));
    println!(
        "\n{STREAMS} streams at once, a token every {GAP:?} each: ms until the first chunk, on the way of each chunk; processor time in s"
    );
    println!("{:>10} {:>9} {:>9} {:>14} {:>9} {:>9} {:>10}", "", "p50", "p99", "added at p50", "chunk p50", "chunk p99", "processor");
    for _ in 0..count {
        let mut direct = f64::NAN;
        for (name, port, process) in &contenders {
            let before = process.map_or(0.0, processor);
            let Waits { firsts, chunks } = streams(*port, origin);
            let used = process.map_or(0.0, processor) - before;
            let p50 = quantile(&firsts, 0.5);
            direct = if process.is_none() { p50 } else { direct };
            println!(
                "{name:>10} {p50:>9.3} {:>9.3} {:>14.3} {:>9.3} {:>9.3} {used:>10.2}",
                quantile(&firsts, 0.99),
                p50 - direct,
                quantile(&chunks, 0.5),
                quantile(&chunks, 0.99),
            );
        }
    }
}
