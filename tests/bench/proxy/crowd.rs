//! A thousand streams at once, 50 tokens a second each: when the first chunk of an answer is there while all the others go on, direct and
//! through each proxy, and the processor time that a chunk takes there.
//!
//! Every stream lasts two seconds, then its connection asks for the next; they began one after the other, so that at any moment as many begin
//! as end. The provider is one thread that writes what is due every millisecond, so that it is the same for all.

use super::contenders::{Lifeboat, proxy_pass};
use super::load::Contender;
use super::{OURS, spread};
use crate::{processor, quantile};
use std::io::Write;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const STREAMS: usize = 1_000;
/// From a token to the next.
const GAP: Duration = Duration::from_millis(20);
/// Tokens of one answer.
const TOKENS: usize = 100;
/// Not counted: until all have begun.
const BEGINNING: Duration = Duration::from_millis(2_200);
const COUNTED: Duration = Duration::from_secs(4);

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const CHUNK: &[u8] = b"3a\r\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" a\"}}]}\n\n\r\n";
const REQUEST: &[u8] = b"POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\ncontent-length: 58\r\n\r\n\
                         {\"model\":\"gpt-4o\",\"stream\":true,\"messages\":[{\"role\":\"u\"}]}";

/// A stream that the provider has begun to answer.
struct Begun {
    wire: Arc<std::net::TcpStream>,
    next: Instant,
    left: usize,
}

/// A provider whose first chunk comes at once and the others one by one.
fn provider() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (begin, begun) = channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((wire, _)) = listener.accept().await {
                let begin = begin.clone();
                tokio::spawn(async move {
                    let _ = wire.set_nodelay(true);
                    // The thread that writes has a handle of its own on the same socket.
                    let writes = Arc::new(std::net::TcpStream::from(wire.as_fd().try_clone_to_owned().unwrap()));
                    let (mut reads, mut came, mut head) = (wire, [0; 4096], Vec::new());
                    while let Ok(count @ 1..) = reads.read(&mut came).await {
                        head.extend_from_slice(&came[..count]);
                        if head.ends_with(b"]}") {
                            head.clear();
                            let _ = (&*writes).write_all(&[HEAD, CHUNK].concat());
                            let _ = begin.send(Begun { wire: writes.clone(), next: Instant::now() + GAP, left: TOKENS - 1 });
                        }
                    }
                });
            }
        });
    });
    std::thread::spawn(move || writes(&begun));
    port
}

/// Writes what is due, every millisecond.
fn writes(begun: &Receiver<Begun>) {
    let mut streams: Vec<Begun> = Vec::new();
    loop {
        std::thread::sleep(Duration::from_millis(1));
        streams.extend(begun.try_iter());
        let now = Instant::now();
        streams.retain_mut(|stream| {
            if stream.next > now {
                return true;
            }
            stream.next += GAP;
            stream.left -= 1;
            let is_last = stream.left == 0;
            let end: &[u8] = if is_last { b"0\r\n\r\n" } else { b"" };
            // A reader that is gone, or that does not keep up, is the end of its stream.
            (&*stream.wire).write_all(&[CHUNK, end].concat()).is_ok() && !is_last
        });
    }
}

/// What the readers have seen in the time that counts.
#[derive(Default)]
struct Sight {
    firsts: Mutex<Vec<f64>>,
    chunks: AtomicU64,
    cut: AtomicU64,
}

/// One reader: asks, reads to the end, asks again.
async fn reads(port: u16, counts: (Instant, Instant), sight: Arc<Sight>) {
    let Ok(mut wire) = TcpStream::connect(("127.0.0.1", port)).await else {
        sight.cut.fetch_add(1, Ordering::Relaxed);
        return;
    };
    let _ = wire.set_nodelay(true);
    let mut came = [0; 4096];
    loop {
        let asked = Instant::now();
        if asked > counts.1 {
            return;
        }
        if wire.write_all(REQUEST).await.is_err() {
            sight.cut.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut is_first = true;
        loop {
            let count = wire.read(&mut came).await.unwrap_or(0);
            if count == 0 {
                sight.cut.fetch_add(1, Ordering::Relaxed);
                return;
            }
            let (text, now) = (&came[..count], Instant::now());
            let chunks = text.windows(6).filter(|part| *part == b"data: ").count() as u64;
            if is_first && chunks > 0 {
                is_first = false;
                if asked >= counts.0 {
                    sight.firsts.lock().unwrap().push(asked.elapsed().as_secs_f64() * 1e3);
                }
            }
            if (counts.0..counts.1).contains(&now) {
                sight.chunks.fetch_add(chunks, Ordering::Relaxed);
            }
            if text.ends_with(b"\n0\r\n\r\n") || now > counts.1 {
                break;
            }
        }
    }
}

/// One round through one of them: first chunks in ms, p50 and p99; chunks a second; processor time of the proxy, in µs a chunk.
fn round(runtime: &tokio::runtime::Runtime, contender: Contender) -> [f64; 4] {
    let sight = Arc::new(Sight::default());
    let began = Instant::now();
    let counts = (began + BEGINNING, began + BEGINNING + COUNTED);
    let used = || contender.process.map_or(0.0, processor::of_process);
    let cpu = runtime.block_on(async {
        let every = GAP * TOKENS as u32 / STREAMS as u32;
        let mut readers = tokio::task::JoinSet::new();
        for place in 0..STREAMS {
            tokio::time::sleep_until((began + every * place as u32).into()).await;
            readers.spawn(reads(contender.port, counts, sight.clone()));
        }
        tokio::time::sleep_until(counts.0.into()).await;
        let before = used();
        tokio::time::sleep_until(counts.1.into()).await;
        let cpu = used() - before;
        readers.shutdown().await;
        cpu
    });
    let cut = sight.cut.load(Ordering::Relaxed);
    if cut > 0 {
        println!("{:>12}: {cut} streams were cut", contender.name);
    }
    let mut firsts = std::mem::take(&mut *sight.firsts.lock().unwrap());
    firsts.sort_by(f64::total_cmp);
    let chunks = sight.chunks.load(Ordering::Relaxed) as f64;
    [quantile(&firsts, 0.5), quantile(&firsts, 0.99), chunks / COUNTED.as_secs_f64(), cpu * 1e6 / chunks]
}

pub(crate) fn bench(folder: &Path, count: usize) {
    crate::open_many_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (port, ours) = (provider(), Lifeboat::start());
    let passing = proxy_pass(&folder.join("crowd"), port);
    let mut all = vec![Contender { name: "direct", port, process: None }];
    all.extend(passing.as_ref().map(|(running, port)| Contender { name: "nginx", port: *port, process: Some(running.id()) }));
    let process = Some(ours.running.id());
    all.push(Contender { name: "tcp", port: ours.proxy("crowd-tcp", "tcp", port), process });
    all.push(Contender { name: OURS, port: ours.proxy("crowd-http", "openai", port), process });
    let mut runs = vec![Vec::new(); all.len()];
    for turn in 0..count {
        for place in 0..all.len() {
            let place = (place + turn) % all.len();
            runs[place].push(round(&runtime, all[place]));
        }
    }
    println!("\n{STREAMS} streams of {} tokens/s at once", 1_000 / GAP.as_millis());
    println!("{:>12} {:>10} {:>10} {:>12} {:>16}", "", "first p50", "p99 ms", "chunks/s", "CPU µs a chunk");
    for (contender, runs) in all.iter().zip(&runs) {
        let [p50, p99, chunks, cpu] = [0, 1, 2, 3].map(|column| spread(runs.iter().map(|run| run[column]))[1]);
        println!("{:>12} {p50:>10.3} {p99:>10.3} {chunks:>12.0} {cpu:>16.2}", contender.name);
    }
    let of = |name: &str, column: usize| -> Option<Vec<f64>> {
        let place = all.iter().position(|contender| contender.name == name)?;
        Some(runs[place].iter().map(|run| run[column]).collect())
    };
    let direct = of("direct", 0).unwrap();
    for name in ["nginx", "tcp", OURS] {
        let Some(firsts) = of(name, 0) else { continue };
        let added = firsts.iter().zip(&direct).map(|(through, direct)| through - direct);
        crate::baseline::told(&format!("{STREAMS} streams by {name}: first chunk added at p50"), "ms", added);
        if let Some(nginx) = of("nginx", 3).filter(|_| name != "nginx") {
            let ratio = of(name, 3).unwrap().into_iter().zip(nginx).map(|(ours, nginx)| ours / nginx);
            crate::baseline::told(&format!("{STREAMS} streams by {name}: CPU, nginx = 1"), "×", ratio);
        }
    }
}
