//! Where an answer ends: at a status that is no service, at a stream's terminal marker, at the limit of a head; and requests that wait in vain.

use super::*;
use crate::dialect::{ProviderAnswer, ProviderRequest, canary, wire_request};
use crate::history::{Event, Stamped};
use crate::journal::Journal;
use crate::model::{Bursts, Complete, Connections, RequestKind, StreamEnd, Timeouts, UsageReport, Wire, Workload};
use crate::traffic::{Budget, Levels, LoadProfile, Schedule, Traffic};
use crate::units::{self, Seed};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const LITTLE: Duration = Duration::from_millis(300);
/// Far beyond what is waited for here, far below the deadline.
const SOON: u64 = 10_000_000_000;

fn idle(after: u64) -> Wire {
    Wire { timeouts: Timeouts { idle: Some(units::Duration::from_millis(after)), ..Timeouts::default() }, ..Wire::default() }
}

#[tokio::test]
async fn a_status_stands_whatever_becomes_of_its_body() {
    let head = "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 1000\r\n\r\n";
    let told_code = r#"{"error": {"code": "rate_limit_exceeded", "message": "slow down"}}"#;
    for (sent, word) in [(head.to_owned(), "status-429"), (format!("{head}{told_code}"), "status-429 rate_limit_exceeded")] {
        for manner in [ClientSettings::default(), plain_http()] {
            let stalled = answering(sent.clone(), false).await;
            let answer = ask(&client(&http(stalled), ClientSettings { wire: idle(50), ..manner.clone() }), 0).await;
            assert_eq!(told(&answer), (Outcome::Error, word));
            assert!(answer.done < SOON, "its own timeout ends it");
            // Without one the deadline does.
            assert_eq!(told(&ask_within(&client(&http(stalled), manner.clone()), 0, LITTLE).await), (Outcome::Error, word));
            let cut = answering(sent.clone(), true).await;
            assert_eq!(told(&ask(&client(&http(cut), manner), 0).await), (Outcome::Error, word));
        }
    }
}

/// The events of a whole stream, each a chunk, without the end of the body.
fn stream(id: u64) -> String {
    let words = canary(Mark { drill: 1, id });
    let events = [
        format!(r#"{{"choices": [{{"index": 0, "delta": {{"content": "{words}"}}}}]}}"#),
        r#"{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}"#.into(),
        r#"{"choices": [], "usage": {"prompt_tokens": 40, "completion_tokens": 12}}"#.into(),
        "[DONE]".into(),
    ];
    let chunk = |event: String| format!("{:x}\r\ndata: {event}\n\n\r\n", event.len() + 8);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    head.to_owned() + &events.map(chunk).concat()
}

#[tokio::test]
async fn a_stream_ends_with_its_marker_though_its_connection_does_not() {
    let open = serve(|mut stream| async move {
        for id in 0.. {
            if head(&mut stream).await.is_empty() || stream.write_all(super::ends::stream(id).as_bytes()).await.is_err() {
                break;
            }
        }
    })
    .await;
    let asking = client(&http(open), ClientSettings::default());
    let answer = ask(&asking, 0).await;
    assert_eq!(told(&answer), (Outcome::Ok, ""));
    assert!(answer.done < SOON && answer.proof.unwrap() <= answer.done);
    // It counts as it was, also where its deadline comes while the connection's end is waited for.
    let progress = RequestProgress::default();
    progress.is_over(&answer);
    assert_eq!((progress.timed_out(9).done, progress.abandoned(9).outcome), (answer.done, Outcome::Ok));
    assert!(progress.is_settled(false));
    // The next one takes another connection: the server may still write on this one.
    assert_eq!(told(&ask(&asking, 0).await), (Outcome::Ok, ""));
}

/// The stream of a dialect that answers request 0, event by event.
fn told_in(dialect: Dialect, operation: Operation) -> Vec<Vec<u8>> {
    let ask = ClientRequest { operation, ..ClientRequest::chat(Mark { drill: 1, id: 0 }, "m", true) };
    let read = ProviderRequest::parse(dialect, operation, &wire_request(dialect, &ask, "k").body).unwrap();
    let reply = ProviderAnswer::new(dialect, &read, "m", "1", 0);
    (0..reply.tokens()).map(|place| reply.token_event(place)).chain([reply.end_events()]).collect()
}

/// How a request in this dialect is answered by this stream, whose body never ends.
async fn left_open(dialect: Dialect, operation: Operation, events: Vec<Vec<u8>>, complete: Complete) -> RequestResult {
    let chunks = events.iter().flat_map(|event| [format!("{:x}\r\n", event.len()).as_bytes(), event, b"\r\n"].concat());
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let address = answering(head.iter().copied().chain(chunks).collect::<Vec<u8>>(), false).await;
    let asking =
        Client::with(Target { dialect, ..target(&http(address)) }, ClientSettings { complete, ..ClientSettings::default() }).unwrap();
    let (clock, progress) = (Clock::start(), RequestProgress::default());
    let ask = ClientRequest { operation, ..ClientRequest::chat(Mark { drill: 1, id: 0 }, "m", true) };
    let asked = tokio::time::timeout(DEADLINE, asking.ask(&ask, None, clock, &progress)).await;
    asked.unwrap_or_else(|_| progress.timed_out(clock.now()))
}

#[tokio::test]
async fn a_stream_of_every_dialect_ends_at_its_end_though_its_connection_does_not() {
    let dialects = [Dialect::OpenAi, Dialect::AzureOpenAi, Dialect::Anthropic, Dialect::Bedrock, Dialect::Vertex];
    for (dialect, operation) in
        dialects.into_iter().flat_map(|dialect| Operation::WORDS.iter().map(move |word| (dialect, Operation::from_word(word).unwrap())))
    {
        if !dialect.has(operation) || operation == Operation::Embeddings {
            continue;
        }
        let events = told_in(dialect, operation);
        let answer = left_open(dialect, operation, events.clone(), Complete::default()).await;
        assert_eq!(told(&answer), (Outcome::Ok, ""), "{dialect:?} {operation:?}");
        assert!(answer.done < SOON, "{dialect:?} {operation:?}");
        // The same of one that says too little: its end is none the less, where nothing may follow.
        if dialect != Dialect::Vertex {
            let early = [&events[..3], &events[events.len() - 1..]].concat();
            let answer = left_open(dialect, operation, early, Complete::default()).await;
            assert_eq!(told(&answer), (Outcome::Truncated, "silently-truncated"), "{dialect:?} {operation:?}");
            assert!(answer.done < SOON, "{dialect:?} {operation:?}");
        }
    }
}

#[tokio::test]
async fn a_stream_whose_service_leaves_out_its_marker_or_its_usage_ends_without_them() {
    let event = |data: &str| format!("data: {data}\n\n").into_bytes();
    let words = canary(Mark { drill: 1, id: 0 });
    let said = event(&format!(r#"{{"choices": [{{"index": 0, "delta": {{"content": "{words}"}}}}]}}"#));
    let end = event(r#"{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}"#);
    let usage = event(r#"{"choices": [], "usage": {"prompt_tokens": 40, "completion_tokens": 12}}"#);
    let candidates = format!(r#"{{"candidates": [{{"content": {{"parts": [{{"text": "{words}"}}]}}, "finishReason": "STOP"}}]}}"#);
    let without_marker = Complete { stream_ends_with: StreamEnd::FinishReason, ..Complete::default() };
    let without_usage = Complete { usage: UsageReport::Absent, ..Complete::default() };
    let without_both = Complete { usage: UsageReport::Absent, ..without_marker };
    for (dialect, events, complete) in [
        (Dialect::OpenAi, vec![said.clone(), end.clone(), usage], without_marker),
        (Dialect::OpenAi, vec![said, end], without_both),
        (Dialect::Vertex, vec![event(&candidates)], without_usage),
    ] {
        let answer = left_open(dialect, Operation::Chat, events, complete).await;
        assert_eq!(told(&answer), (Outcome::Ok, ""), "{dialect:?} {complete:?}");
        assert!(answer.done < SOON, "{dialect:?} {complete:?}");
    }
}

#[tokio::test]
async fn a_connection_whose_body_ends_after_the_marker_is_used_again() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let address = serve(move |mut stream| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move {
            for id in 0.. {
                if head(&mut stream).await.is_empty() || stream.write_all(super::ends::stream(id).as_bytes()).await.is_err() {
                    break;
                }
                // In a packet of its own.
                tokio::time::sleep(Duration::from_millis(5)).await;
                let _ = stream.write_all(b"0\r\n\r\n").await;
            }
        }
    })
    .await;
    let asking = client(&http(address), ClientSettings::default());
    for id in 0..4 {
        assert_eq!(told(&ask(&asking, id).await), (Outcome::Ok, ""));
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_longest_head_is_exact() {
    let of_length = |length: usize| {
        let (before, after) = ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\nx-long: ", "\r\n\r\n");
        let filler = "x".repeat(length - before.len() - after.len());
        format!("{before}{filler}{after}abc")
    };
    for (length, word) in [(65_535, ""), (65_536, ""), (65_537, "head-too-long"), (131_000, "head-too-long"), (200_000, "head-too-long")] {
        let address = answering(of_length(length), true).await;
        let answer = ask(&client(&http(address), plain_http()), 0).await;
        assert_eq!(told(&answer).1, word, "{length}");
    }
    let of_lines = |lines: usize| {
        let more = "a: b\r\n".repeat(lines - 1);
        format!("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n{more}\r\nabc")
    };
    for (lines, word) in [(2_048, ""), (2_049, "head-too-long")] {
        let address = answering(of_lines(lines), true).await;
        assert_eq!(told(&ask(&client(&http(address), plain_http()), 0).await).1, word, "{lines}");
    }
}

/// Runs a workload with one connection against a server that never answers, until `end`; the requests in their order of numbers, and how many
/// connections were opened.
async fn waiting(workload: Workload, deadline: Duration, end: Duration) -> (Vec<(Outcome, String)>, usize) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let address = serve(move |mut stream| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move { while stream.read_u8().await.is_ok() {} }
    })
    .await;
    let wire = Wire { connections: Connections::AtMost(1), ..Wire::default() };
    let client = client(&http(address), ClientSettings { wire, ..plain_http() });
    let file = tempfile::NamedTempFile::new().unwrap();
    let journal = Journal::start(file.reopen().unwrap(), Clock::start()).unwrap();
    let load = LoadProfile {
        schedule: Schedule::new(&workload, Seed(7)),
        request: RequestKind::Http,
        expect: Arc::default(),
        drill: 1,
        workload: 0,
        bound: 1000,
        deadline: deadline.into(),
        levels: Levels::default(),
        said: Arc::default(),
        budget: Arc::new(Budget::new(None, None, Vec::new())),
    };
    let traffic = Traffic::start(client, load, journal.recorder()).unwrap();
    tokio::time::sleep(end).await;
    traffic.finish(async {}).await;
    journal.close().await.unwrap();
    // Connections are accepted in their order: this one comes after all of them.
    let before = count.load(Ordering::SeqCst);
    let _last = TcpStream::connect(address).await.unwrap();
    while count.load(Ordering::SeqCst) == before {
        tokio::task::yield_now().await;
    }
    let text = std::fs::read_to_string(file.path()).unwrap();
    let mut ended: Vec<(u64, Outcome, String)> = text
        .lines()
        .filter(|line| !line.contains("\"sealed\""))
        .filter_map(|line| match serde_json::from_str::<Stamped>(line).unwrap().event {
            Event::Request(done) => Some((done.id, done.outcome, done.why.unwrap_or_default().into_owned())),
            _ => None,
        })
        .collect();
    ended.sort_by_key(|(id, ..)| *id);
    let opened = count.load(Ordering::SeqCst) - 1;
    (ended.into_iter().map(|(_, outcome, why)| (outcome, why)).collect(), opened)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_a_turn_and_is_abandoned_opens_no_connection() {
    let workload = Workload { request: RequestKind::Http, ..Workload::steady("100/s".parse().unwrap()) };
    let (ended, opened) = waiting(workload, DEADLINE, LITTLE).await;
    assert!(ended.len() >= 10, "{ended:?}");
    assert!(ended.iter().all(|(outcome, _)| *outcome == Outcome::Unknown), "{ended:?}");
    assert_eq!(opened, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_a_turn_only_at_its_deadline_opens_no_connection() {
    // All are due in one moment, and so given up in one.
    let bursts = Some(Bursts { every: units::Duration::from_millis(100), of: 20, within: units::Duration::ZERO });
    let workload = Workload { request: RequestKind::Http, bursts, ..Workload::steady("0.001/s".parse().unwrap()) };
    let (ended, opened) = waiting(workload, Duration::from_millis(60), Duration::from_millis(190)).await;
    let count = |word: &str| ended.iter().filter(|(_, why)| why == word).count();
    assert!(count("no-answer") >= 1, "{ended:?}");
    assert_eq!(count("no-answer") + count("no-free-connection"), ended.len(), "{ended:?}");
    assert_eq!(opened, count("no-answer"), "{ended:?}");
}
