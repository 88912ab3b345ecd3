//! Streams: when the first chunk of an answer is there, direct and through each mode, where the provider holds the second one back.

use super::contenders::{Lifeboat, proxy_pass};
use crate::quantile;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

/// Answers asked for in one round.
const ANSWERS: usize = 300;
/// So much later comes the second chunk: whoever waits for it is seen.
const PAUSE: Duration = Duration::from_millis(3);

/// A provider that sends its answer in two chunks.
fn provider() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut wire in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let _ = wire.set_nodelay(true);
                let mut came = [0; 4096];
                while matches!(wire.read(&mut came), Ok(1..)) {
                    let head =
                        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\nd\r\ndata: first\n\n\r\n";
                    let _ = wire.write_all(head);
                    std::thread::sleep(PAUSE);
                    let _ = wire.write_all(b"c\r\ndata: last\n\n\r\n0\r\n\r\n");
                }
            });
        }
    });
    port
}

/// Milliseconds until the first chunk of each answer.
fn first_chunks(port: u16, waits: &mut Vec<f64>) {
    let mut wire = TcpStream::connect(("127.0.0.1", port)).unwrap();
    wire.set_nodelay(true).unwrap();
    let mut came = [0; 4096];
    for _ in 0..ANSWERS {
        let began = Instant::now();
        wire.write_all(b"GET /stream HTTP/1.1\r\nhost: h\r\n\r\n").unwrap();
        let mut text = Vec::new();
        let mut first = None;
        while !text.ends_with(b"0\r\n\r\n") {
            let count = wire.read(&mut came).unwrap();
            assert_ne!(count, 0, "the stream was cut");
            text.extend_from_slice(&came[..count]);
            if first.is_none() && text.windows(11).any(|part| part == b"data: first") {
                first = Some(began.elapsed().as_secs_f64() * 1e3);
            }
        }
        waits.push(first.unwrap());
    }
}

pub(crate) fn bench(folder: &Path, count: usize) {
    let (port, ours) = (provider(), Lifeboat::start());
    let passing = proxy_pass(&folder.join("streams"), port);
    let mut contenders =
        vec![("direct", port), ("tcp", ours.proxy("stream-tcp", "tcp", port)), ("http", ours.proxy("stream-http", "openai", port))];
    contenders.extend(passing.as_ref().map(|(_, port)| ("nginx", *port)));
    let mut waits = vec![Vec::new(); contenders.len()];
    for _ in 0..count {
        for ((_, port), waits) in contenders.iter().zip(&mut waits) {
            first_chunks(*port, waits);
        }
    }
    println!("\nstreams: ms until the first chunk, the second coming {PAUSE:?} later");
    println!("{:>10} {:>9} {:>9} {:>14}", "", "p50", "p99", "added at p50");
    waits.iter_mut().for_each(|waits| waits.sort_by(f64::total_cmp));
    let direct = quantile(&waits[0], 0.5);
    for ((name, _), waits) in contenders.iter().zip(&waits) {
        let (p50, p99) = (quantile(waits, 0.5), quantile(waits, 0.99));
        println!("{name:>10} {p50:>9.3} {p99:>9.3} {:>14.3}", p50 - direct);
        if matches!(*name, "tcp" | "http") {
            crate::baseline::told(&format!("one stream by {name}: first chunk added at p50"), "ms", [p50 - direct]);
        }
    }
}
