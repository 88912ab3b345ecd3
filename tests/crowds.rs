//! More connections than the proxy may open files for, and clients that stop reading: those beyond wait their turn, none is stuck, and
//! neither memory nor files leak.

use crate::support::{Standing, wait_for};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// What the proxy may open, as a service manager or a shell would limit it.
const FILES: u32 = 4_096;
const CONNECTIONS: u64 = 20_000;
/// Attempts at once: more than the proxy has places for, and no more than the operating system lets wait.
const AT_ONCE: usize = 5_500;
/// Tells a connection that is stuck from a machine that is busy.
const LONG: Duration = Duration::from_secs(120);

fn open_files(standing: &Standing) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", standing.child.id())).unwrap().count()
}

/// Ticks of the processor, a hundredth of a second each.
fn worked(standing: &Standing) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", standing.child.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

fn resident_kb(standing: &Standing) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", standing.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// A service that sends every byte back; its address, and how many connections it holds.
async fn echo() -> (String, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let held = Arc::new(AtomicU64::new(0));
    let counted = held.clone();
    tokio::spawn(async move {
        loop {
            let (mut wire, _) = listener.accept().await.unwrap();
            let counted = counted.clone();
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut came = [0; 16];
                while let Ok(count @ 1..) = wire.read(&mut came).await {
                    let _ = wire.write_all(&came[..count]).await;
                }
                counted.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    (address, held)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_connections_at_four_thousand_files_are_all_served_in_turn() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    let needed = AT_ONCE as u64 + u64::from(FILES);
    assert!(limit.current.is_none_or(|files| files > needed), "this test needs {needed} files of its own, `ulimit -Hn` allows {limit:?}");

    let (upstream, held) = echo().await;
    let standing = Standing::start_within(FILES, &[]);
    let listen = standing.proxy("one", &upstream);
    let idle = open_files(&standing);
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let (gate, opened) = watch::channel(false);
    let mut clients = JoinSet::new();
    for number in 0..CONNECTIONS {
        let (places, listen, mut opened) = (places.clone(), listen.clone(), opened.clone());
        clients.spawn(async move {
            let _place = places.acquire_owned().await.unwrap();
            let mut wire = TcpStream::connect(&listen).await.unwrap();
            wire.write_all(&number.to_be_bytes()).await.unwrap();
            let mut came = [0; 8];
            wire.read_exact(&mut came).await.unwrap();
            assert_eq!(came, number.to_be_bytes());
            // Nobody leaves before the proxy is full.
            opened.wait_for(|opened| *opened).await.unwrap();
        });
    }
    let full = async {
        let (mut before, mut same) = (0, 0);
        while same < 5 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let now = held.load(Ordering::SeqCst);
            same = if now == before && now > 0 { same + 1 } else { 0 };
            before = now;
        }
        before
    };
    let full = tokio::time::timeout(LONG, full).await.unwrap();
    assert!((1_500..2_048).contains(&full), "two files a connection of {FILES}: {full} are served at once");
    // Those that wait cost nothing: a loop that tried in vain to accept them would work all the time.
    let before = worked(&standing);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let spent = worked(&standing) - before;
    assert!(spent < 25, "{spent} hundredths of a second of work while there was nothing to do");
    let (status, _) = tokio::task::block_in_place(|| standing.call("GET", "/proxies", ""));
    assert_eq!(status, 200, "the control API has files of its own");

    gate.send_replace(true);
    let all = async { while clients.join_next().await.transpose().unwrap().is_some() {} };
    tokio::time::timeout(LONG, all).await.expect("a connection is stuck");
    tokio::task::block_in_place(|| wait_for("every file to be closed again", || (open_files(&standing) <= idle + 8).then_some(())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_stop_reading_cost_little_memory_with_and_without_a_fault() {
    // A provider that sends for as long as it is let.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = listener.local_addr().unwrap().to_string();
    let sent = Arc::new(AtomicU64::new(0));
    let counted = sent.clone();
    tokio::spawn(async move {
        loop {
            let (mut wire, _) = listener.accept().await.unwrap();
            let counted = counted.clone();
            tokio::spawn(async move {
                while let Ok(count) = wire.write(&[7; 65536]).await {
                    counted.fetch_add(count as u64, Ordering::SeqCst);
                }
            });
        }
    });
    let standing = Standing::start(&[]);
    let listen = standing.proxy("one", &upstream);
    let before = resident_kb(&standing);
    let mut deaf = Vec::new();
    // Without a toxic it is what was read at once; with one the bytes that it delays, 4 MB of a connection at most.
    let late = r#"{"type": "latency", "name": "t", "attributes": {"latency": 1}}"#;
    for (toxic, most_kb) in [(None, 300), (Some(late), 5_000)] {
        if let Some(toxic) = toxic {
            assert_eq!(tokio::task::block_in_place(|| standing.call("POST", "/proxies/one/toxics", toxic)).0, 200);
        }
        for _ in 0..40 {
            deaf.push(TcpStream::connect(&listen).await.unwrap());
        }
        // Until everything between the provider and its deaf clients is full.
        let (mut last, mut same) = (0, 0);
        while same < 5 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let now = sent.load(Ordering::SeqCst);
            same = if now == last && now > 0 { same + 1 } else { 0 };
            last = now;
        }
        let (grown, count) = (resident_kb(&standing) - before, deaf.len() as u64);
        assert!(grown < count * most_kb, "{grown} KB for {count} clients that do not read, toxic {toxic:?}");
    }
}
