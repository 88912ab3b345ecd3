//! Many open connections: what each costs, how exact a delay on them is, and how soon they feel a fault.

use super::contenders::Lifeboat;
use crate::quantile;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Open connections, where the limit on files allows: the proxy and this process each have two sockets for each, and the proxy keeps some files back.
const MOST: u64 = 10_000;
/// So long each message is delayed.
const DELAY: Duration = Duration::from_millis(100);
/// How often a fault is injected to see how soon it takes hold.
const INJECTIONS: usize = 200;

pub(crate) fn bench(rounds: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let limit = crate::open_many_files();
    let count = MOST.min(limit.saturating_sub(200) / 2);
    let ours = Lifeboat::start();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = ours.proxy("held", "tcp", listener.local_addr().unwrap().port());
        tokio::spawn(async move {
            loop {
                let (mut wire, _) = listener.accept().await.unwrap();
                let _ = wire.set_nodelay(true);
                tokio::spawn(async move {
                    let mut came = [0; 64];
                    while let Ok(count @ 1..) = wire.read(&mut came).await {
                        let _ = wire.write_all(&came[..count]).await;
                    }
                });
            }
        });
        let before = resident(&ours);
        let mut wires = Vec::new();
        for _ in 0..count {
            let mut wire = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            wire.set_nodelay(true).unwrap();
            wire.write_all(b"a").await.unwrap();
            wire.read_exact(&mut [0]).await.unwrap();
            wires.push(wire);
        }
        let open = (resident(&ours) - before) / count as f64;
        println!("\n{count} open connections (two files each, of {limit} that may be open): {open:.1} KB resident each");
        crate::baseline::told("an open connection", "KB", [open]);
        ours.call("POST", "/proxies/held/toxics", &json!({"type": "latency", "name": "late", "attributes": {"latency": 100}}));
        delays(&mut wires, &ours, before, rounds).await;
        ours.call("DELETE", "/proxies/held/toxics/late", &json!({}));
        hold(&mut wires, &ours).await;
    });
}

/// KB that the proxy holds in memory.
fn resident(ours: &Lifeboat) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", ours.running.0.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Every connection sends a message, a thousand a second, under 100 ms of latency; round after round.
async fn delays(wires: &mut Vec<TcpStream>, ours: &Lifeboat, before: f64, rounds: usize) {
    let count = wires.len();
    let (mut p50, mut p99, mut each) = (Vec::new(), Vec::new(), 0.0);
    for _ in 0..rounds {
        let began = Instant::now();
        let tasks: Vec<_> = std::mem::take(wires)
            .into_iter()
            .enumerate()
            .map(|(place, mut wire)| {
                let due = began + Duration::from_secs(1) + Duration::from_millis(place as u64);
                tokio::spawn(async move {
                    tokio::time::sleep_until(due.into()).await;
                    let sent = Instant::now();
                    wire.write_all(b"b").await.unwrap();
                    wire.read_exact(&mut [0]).await.unwrap();
                    (sent.elapsed(), wire)
                })
            })
            .collect();
        tokio::time::sleep_until((began + Duration::from_millis(1000 + count as u64 / 2)).into()).await;
        each = (resident(ours) - before) / count as f64;
        let mut errors = Vec::new();
        for task in tasks {
            let (took, wire) = task.await.unwrap();
            errors.push((took.as_secs_f64() - DELAY.as_secs_f64()) * 1e3);
            wires.push(wire);
        }
        errors.sort_by(f64::total_cmp);
        p50.push(quantile(&errors, 0.5));
        p99.push(quantile(&errors, 0.99));
    }
    println!("under a latency of 100 ms, 1,000 messages a second: {each:.1} KB resident each; how much longer the answer takes:");
    crate::baseline::told(&format!("{count} connections late by 100 ms: error, p50"), "ms", p50);
    crate::baseline::told(&format!("{count} connections late by 100 ms: error, p99"), "ms", p99);
}

/// Injects faults on open connections. From the API's answer on nothing may pass unaffected: how long after it did the last byte come that
/// was not late, and how long after it was the last connection closed?
async fn hold(wires: &mut Vec<TcpStream>, ours: &Lifeboat) {
    wires.truncate(32);
    let (mut took, mut late, mut closed) = (Vec::new(), Vec::new(), Vec::new());
    let inject = |toxic: serde_json::Value| {
        tokio::task::block_in_place(|| {
            let began = Instant::now();
            ours.call("POST", "/proxies/held/toxics", &toxic);
            (began.elapsed(), Instant::now())
        })
    };
    let heal = || tokio::task::block_in_place(|| ours.call("DELETE", "/proxies/held/toxics/t", &json!({})));
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    for _ in 0..INJECTIONS {
        let (call, answered) = inject(json!({"type": "latency", "name": "t", "attributes": {"latency": 20}}));
        took.push(millis(call));
        for wire in wires.iter_mut() {
            wire.write_all(b"c").await.unwrap();
        }
        let mut unaffected = Duration::ZERO;
        for wire in wires.iter_mut() {
            wire.read_exact(&mut [0]).await.unwrap();
            let since = answered.elapsed();
            if since < Duration::from_millis(20) {
                unaffected = unaffected.max(since);
            }
        }
        late.push(millis(unaffected));
        heal();
        let port = wires[0].peer_addr().unwrap();
        let (_, answered) = inject(json!({"type": "refuse", "name": "t"}));
        for wire in wires.iter_mut() {
            assert_eq!(wire.read(&mut [0]).await.unwrap_or(0), 0);
        }
        closed.push(millis(answered.elapsed()));
        heal();
        for wire in wires.iter_mut() {
            *wire = TcpStream::connect(port).await.unwrap();
            wire.set_nodelay(true).unwrap();
            wire.write_all(b"a").await.unwrap();
            wire.read_exact(&mut [0]).await.unwrap();
        }
    }
    println!("a fault on 32 open connections, {INJECTIONS} times, in ms:");
    for (what, mut times) in [
        ("the control API answers in", took),
        ("from its answer to the last byte that a latency did not hit", late),
        ("from its answer to the last connection that a refusal closed", closed),
    ] {
        times.sort_by(f64::total_cmp);
        println!("{what:>64}: p50 {:.3}, p99 {:.3}", quantile(&times, 0.5), quantile(&times, 0.99));
        crate::baseline::told(&format!("{what}: p99"), "ms", [quantile(&times, 0.99)]);
    }
}
