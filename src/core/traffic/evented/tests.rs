//! Whole runs: what is due is sent, recorded once, and given up when it must be.

use super::super::tests::{answering, bytes, client, http, plain_http, serve};
use super::super::{Budget, FirstLines, Levels, LoadProfile, Schedule, Traffic};
use super::*;
use crate::history::{Event, Outcome, Overdue, RequestDone, Stamped};
use crate::journal::Journal;
use crate::model::{RequestKind, Workload};
use crate::traffic::ClientSettings;
use crate::units::{self, Seed};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What one run is of.
struct Run {
    client: Client,
    rate: &'static str,
    bound: u32,
    deadline: Duration,
    levels: Levels,
    /// How long it is sent, and how long what is in flight is waited for.
    times: (Duration, Duration),
}

impl Run {
    fn new(client: Client, rate: &'static str) -> Self {
        let times = (Duration::from_millis(300), Duration::from_secs(20));
        Self { client, rate, bound: 1000, deadline: Duration::from_secs(20), levels: Levels::default(), times }
    }

    async fn events(self) -> (Observed, Vec<Event>, Arc<FirstLines>) {
        let workload = Workload { request: RequestKind::Http, ..Workload::steady(self.rate.parse().unwrap()) };
        let file = tempfile::NamedTempFile::new().unwrap();
        let journal = Journal::start(file.reopen().unwrap(), Clock::start()).unwrap();
        let said = Arc::new(FirstLines::default());
        let load = LoadProfile {
            schedule: Schedule::new(&workload, Seed(7)),
            request: RequestKind::Http,
            expect: Arc::default(),
            drill: 1,
            workload: 0,
            bound: self.bound,
            deadline: self.deadline.into(),
            levels: self.levels,
            said: said.clone(),
            budget: Arc::new(Budget::new(None, None, Vec::new())),
        };
        let traffic = Traffic::start(self.client, load, journal.recorder()).unwrap();
        tokio::time::sleep(self.times.0).await;
        let observed = traffic.finish(tokio::time::sleep(self.times.1)).await;
        journal.close().await.unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        let lines = text.lines().filter(|line| !line.contains("\"sealed\""));
        (observed, lines.map(|line| serde_json::from_str::<Stamped>(line).unwrap().event).collect(), said)
    }
}

/// The ends of requests, each of which is there once: by their numbers.
fn ended(events: &[Event]) -> BTreeMap<u64, RequestDone> {
    let mut all = BTreeMap::new();
    for event in events {
        if let Event::Request(done) = event {
            assert!(all.insert(done.id, done.clone()).is_none(), "{done:?} ended twice");
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_that_is_due_is_sent_and_recorded_once() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc", false).await;
    for url in [http(address), format!("http://localhost:{}", address.port())] {
        let (observed, events, _) = Run::new(client(&url, plain_http()), "2000/s").events().await;
        let all = ended(&events);
        assert!(observed.requests > 100, "{observed:?}");
        assert_eq!(all.keys().copied().collect::<Vec<_>>(), (0..observed.requests).collect::<Vec<_>>());
        assert!(all.values().all(|done| done.outcome == Outcome::Ok && done.proof.is_some_and(|proof| proof >= done.lag)), "{all:?}");
        assert!(all.values().all(|done| done.due <= observed.until && done.lag <= done.done), "{observed:?} {all:?}");
    }
}

/// What runs as tasks shares the count of connections that may be opened.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_needs_a_connection_of_its_own_for_each_request_has_one() {
    let echo = serve(|mut stream| async move {
        if stream.read_exact(&mut [0; 4]).await.is_ok() {
            let _ = stream.write_all(b"PONG").await;
        }
    })
    .await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (tcp, tls) = (format!("tcp://{echo}"), format!("https://{closed}"));
    for (asking, outcome) in [(client(&tcp, bytes("PING", "PONG")), Outcome::Ok), (client(&tls, plain_http()), Outcome::Error)] {
        let (observed, events, _) = Run::new(asking, "400/s").events().await;
        let all = ended(&events);
        assert_eq!(all.len() as u64, observed.requests);
        assert!(all.len() > 50 && all.values().all(|done| done.outcome == outcome), "{all:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_answered_is_overdue_and_then_unknown() {
    let silent = serve(|mut stream| async move { while stream.read_u8().await.is_ok() {} }).await;
    let level = units::Duration::from_millis(50);
    let levels = Levels::at(&[level]);
    let times = (Duration::from_millis(300), Duration::ZERO);
    let (observed, events, _) = Run { levels, times, ..Run::new(client(&http(silent), plain_http()), "200/s") }.events().await;
    let all = ended(&events);
    assert!(all.len() as u64 == observed.requests && all.len() > 10, "{observed:?} {all:?}");
    assert!(all.values().all(|done| done.outcome == Outcome::Unknown && done.why.is_none()), "{all:?}");
    // Whatever was open for as long is told so, once, and before it ended.
    let mut overdue: Vec<u64> = Vec::new();
    for event in &events {
        if let Event::Overdue(Overdue { id, due, after }) = event {
            assert_eq!((*due, *after), (all[id].due, level.as_nanos()));
            overdue.push(*id);
        }
    }
    let wanted: Vec<u64> = all.values().filter(|done| done.done > level.as_nanos() + 20_000_000).map(|done| done.id).collect();
    assert!(overdue.is_sorted_by(|one, next| one < next) && wanted.iter().all(|id| overdue.contains(id)), "{overdue:?} {wanted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn deadlines_count_from_when_a_request_was_due_and_what_is_too_much_is_shed() {
    let silent = serve(|mut stream| async move { while stream.read_u8().await.is_ok() {} }).await;
    let deadline = Duration::from_millis(60);
    let (observed, events, _) = Run { deadline, bound: 5, ..Run::new(client(&http(silent), plain_http()), "500/s") }.events().await;
    let all = ended(&events);
    assert!(all.values().all(|done| done.outcome == Outcome::Timeout && done.why.as_deref() == Some("no-answer")), "{all:?}");
    assert!(all.values().all(|done| done.done >= 60_000_000), "{all:?}");
    let shed = events.iter().filter(|event| matches!(event, Event::Shed(_))).count();
    assert!(shed > 0 && shed as u64 + all.len() as u64 == observed.requests, "{shed} of {observed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_refusal_said_is_noted_and_a_long_request_is_written_to_its_end() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let body = "x".repeat(4 << 20);
    let length = body.len();
    let address = serve(move |mut stream| {
        let counted = counted.clone();
        async move {
            let (mut piece, mut read) = (vec![0; 1 << 16], 0);
            // Slower than it is written.
            while let Ok(some @ 1..) = stream.read(&mut piece).await {
                read += some;
                if read >= length {
                    counted.fetch_add(1, Ordering::SeqCst);
                    break;
                }
            }
            let _ = stream.write_all(b"HTTP/1.1 503 No\r\nconnection: close\r\ncontent-length: 9\r\n\r\nmaintain!").await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    })
    .await;
    let plain = crate::model::PlainRequest { send: Some(body), ..Default::default() };
    let asking = client(&http(address), ClientSettings { plain: Some(plain), ..ClientSettings::default() });
    let (observed, events, said) = Run::new(asking, "20/s").events().await;
    let all = ended(&events);
    assert!(!all.is_empty() && all.values().all(|done| done.why.as_deref() == Some("status-503")), "{all:?}");
    assert_eq!((all.len() as u64, count.load(Ordering::SeqCst) as u64), (observed.requests, observed.requests));
    assert_eq!(said.of(0, "status-503").as_deref(), Some("maintain!"));
}
