//! Toxics on the shape of answers, as the traffic's own reader judges what comes of them.

use super::*;
use crate::dialect::{AnswerReader, ClientRequest, Flaw, Mark, ProviderAnswer, ProviderRequest, wire_request};
use crate::model::{Dialect, Operation};
use proptest::prelude::ProptestConfig;
use proptest::{prop_assert_eq, proptest};

fn asked(streamed: bool) -> ClientRequest {
    ClientRequest::chat(Mark { drill: 3, id: 99 }, "gpt-4o", streamed)
}

/// What a provider answers, event by event, or in one piece.
fn answer(streamed: bool) -> Vec<Vec<u8>> {
    let read =
        ProviderRequest::parse(Dialect::OpenAi, Operation::Chat, &wire_request(Dialect::OpenAi, &asked(streamed), "k").body).unwrap();
    let reply = ProviderAnswer::new(Dialect::OpenAi, &read, "gpt-4o", "chatcmpl-1", 0);
    if !streamed {
        return vec![reply.whole().body];
    }
    (0..reply.tokens()).map(|place| reply.token_event(place)).chain([reply.end_events()]).collect()
}

/// A provider that answers each chat in full, cut into chunks of `size` bytes.
async fn chatty(size: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = axum::Router::new().fallback(async move |request: Request| {
        let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
        let streamed = ProviderRequest::parse(Dialect::OpenAi, Operation::Chat, &body).is_ok_and(|ask| ask.streamed);
        let whole = answer(streamed).concat();
        if !streamed {
            return Response::builder().header("content-type", "application/json").body(whole.into()).unwrap();
        }
        let (sender, receiver) = mpsc::channel(whole.len());
        for chunk in whole.chunks(size) {
            sender.try_send(Bytes::copy_from_slice(chunk)).unwrap();
        }
        Response::builder().header("content-type", "text/event-stream").body(axum::body::Body::new(Chunks(receiver))).unwrap()
    });
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

async fn rig(size: usize) -> Rig {
    let rig = Rig::empty().await;
    let asked = json!({"name": "p", "listen": "127.0.0.1:0", "upstream": format!("http://{}", chatty(size).await), "dialect": "openai"});
    let (_, created) = rig.call("POST", "/proxies", Some(asked)).await;
    Rig { listen: created["listen"].as_str().unwrap().to_owned(), ..rig }
}

/// What came of a chat: the bytes, and whether they came to a polite end.
struct Came {
    bytes: Vec<u8>,
    politely: bool,
    streamed: bool,
}

impl Came {
    fn judgement(&self) -> Result<(), Flaw> {
        let mut reader = AnswerReader::new(Dialect::OpenAi, &asked(self.streamed));
        reader.feed(&self.bytes);
        reader.finish()
    }
}

impl Rig {
    async fn send_chat(&self, streamed: bool) -> reqwest::Response {
        let request = wire_request(Dialect::OpenAi, &asked(streamed), "k");
        let sent = self.http.post(format!("http://{}/v1/chat/completions", self.listen)).body(request.body);
        soon(sent.send()).await.unwrap()
    }

    async fn chat(&self, streamed: bool) -> Came {
        let mut response = self.send_chat(streamed).await;
        let mut bytes = Vec::new();
        let politely = loop {
            match soon(response.chunk()).await {
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        Came { bytes, politely, streamed }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_shape_is_what_the_traffic_calls_it_and_none_of_them_counts_as_whole() {
    let error = || Flaw::ErrorEvent(Some("server_error".into()));
    // Type, attributes, the flaw of a stream and of a whole answer, whether they end politely.
    let shapes = [
        ("cut", json!({"after": 5}), Flaw::Truncated, Flaw::Malformed, false),
        ("end_early", json!({"after": 5}), Flaw::Truncated, Flaw::Malformed, true),
        ("end_early", json!({"after": 5000}), Flaw::NoMarker, Flaw::Malformed, true),
        ("error_event", json!({"after": 5}), error(), error(), true),
        ("malformed", json!({"after": 5}), Flaw::Malformed, Flaw::Malformed, true),
        ("empty_answer", json!({}), Flaw::Truncated, Flaw::Empty, true),
        ("corrupt", json!({}), Flaw::WrongContent, Flaw::WrongContent, true),
    ];
    for size in [7, 100_000] {
        let rig = rig(size).await;
        let mut reader = Reader::open(&rig).await;
        for (kind, attributes, stream, whole, politely) in &shapes {
            for (streamed, flaw) in [(true, stream), (false, whole)] {
                rig.inject(kind, attributes.clone()).await;
                let came = rig.chat(streamed).await;
                let told = String::from_utf8_lossy(&came.bytes).into_owned();
                assert_eq!((came.judgement(), came.politely), (Err(flaw.clone()), *politely), "{kind} {streamed} {size}: {told}");
                let seen = reader.exchange().await;
                assert_eq!((&seen["cut"], &seen["touched"], &seen["status"]), (&json!(true), &json!(true), &json!(200)), "{kind}: {seen}");
                assert_eq!(rig.heal().await["touched"], 1, "{kind}");
                let after = rig.chat(streamed).await;
                assert_eq!((after.judgement(), after.politely), (Ok(()), true), "{kind}: healed");
                let seen = reader.exchange().await;
                assert_eq!((&seen["cut"], &seen["touched"]), (&json!(false), &json!(false)), "{kind}: {seen}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_events_pass_before_and_not_one_more() {
    let rig = rig(13).await;
    for kind in ["cut", "end_early", "error_event"] {
        rig.inject(kind, json!({"after": 3})).await;
        let came = rig.chat(true).await;
        let before = answer(true)[..3].concat();
        assert!(came.bytes.starts_with(&before), "{kind}");
        let behind = &came.bytes[before.len()..];
        assert_eq!(behind.is_empty(), kind != "error_event", "{kind}: {}", String::from_utf8_lossy(behind));
        rig.heal().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_model_is_named_and_the_answer_is_whole_all_the_same() {
    let rig = rig(50).await;
    let mut reader = Reader::open(&rig).await;
    rig.inject("wrong_model", json!({})).await;
    for streamed in [true, false] {
        let came = rig.chat(streamed).await;
        assert_eq!(came.judgement(), Ok(()));
        let text = String::from_utf8(came.bytes).unwrap();
        assert!(text.contains("\"lifeboat-another-model\"") && !text.contains("gpt-4o"), "{text}");
        let seen = reader.exchange().await;
        assert_eq!((&seen["cut"], &seen["touched"]), (&json!(false), &json!(true)));
    }
    assert_eq!(rig.heal().await["touched"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stall_lets_the_head_and_some_events_through_and_the_rest_when_it_is_healed() {
    let rig = rig(9).await;
    for after in [0, 4] {
        rig.inject("stall_midstream", json!({"after": after})).await;
        let mut response = rig.send_chat(true).await;
        assert_eq!(response.status(), 200, "the head is not held back");
        let before = answer(true)[..after].concat();
        let mut bytes = Vec::new();
        while bytes.len() < before.len() {
            bytes.extend_from_slice(&soon(response.chunk()).await.unwrap().unwrap());
        }
        assert!(timeout(SILENCE, response.chunk()).await.is_err(), "something came behind {after} events");
        assert_eq!(bytes, before);
        assert_eq!(rig.heal().await["touched"], 1);
        while let Some(chunk) = soon(response.chunk()).await.unwrap() {
            bytes.extend_from_slice(&chunk);
        }
        assert_eq!(bytes, answer(true).concat(), "nothing is lost");
    }
    rig.inject("stall_midstream", json!({"after": 2, "hold_ms": 120})).await;
    for streamed in [true, false] {
        let began = Instant::now();
        assert_eq!(rig.chat(streamed).await.judgement(), Ok(()));
        assert!(began.elapsed() >= Duration::from_millis(120));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_stream_takes_its_time_and_loses_nothing() {
    let rig = rig(9).await;
    rig.inject("slow_stream", json!({"rate": 50})).await;
    let began = Instant::now();
    let came = rig.chat(true).await;
    assert_eq!(came.bytes, answer(true).concat());
    // Eight tokens, a reason, the usage and the marker: ten gaps of 20 ms, and a timer is never early.
    assert!(began.elapsed() >= Duration::from_millis(200), "{:?}", began.elapsed());
    assert_eq!(rig.chat(false).await.judgement(), Ok(()));
    assert_eq!(rig.heal().await["touched"], 1, "a whole answer has no events");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signs_of_life_come_without_tokens_until_it_is_healed() {
    let rig = rig(9).await;
    for streamed in [true, false] {
        rig.inject("keep_alive", json!({"after": 2, "every_ms": 5})).await;
        let mut response = rig.send_chat(streamed).await;
        let (sign, before) = if streamed { (": keep-alive\n\n", answer(true)[..2].concat()) } else { ("\n", Vec::new()) };
        let mut bytes = Vec::new();
        while bytes.len() < before.len() + 3 * sign.len() {
            bytes.extend_from_slice(&soon(response.chunk()).await.unwrap().unwrap());
        }
        let signs = String::from_utf8(bytes[before.len()..].to_vec()).unwrap();
        assert!(bytes.starts_with(&before) && signs.replace(sign, "").is_empty(), "{signs}");
        assert_eq!(rig.heal().await["touched"], 1);
        while let Some(chunk) = soon(response.chunk()).await.unwrap() {
            bytes.extend_from_slice(&chunk);
        }
        assert_eq!(Came { bytes, politely: true, streamed }.judgement(), Ok(()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_open_is_taken_at_its_next_event_and_let_go_in_the_middle_of_one() {
    let rig = Rig::start("openai").await;
    let mut wire = rig.link().await;
    wire.send("/stream").await;
    let stream = rig.provider.stream(1).await;
    stream.send("data: 1\n\ndata: t".into()).await.unwrap();
    wire.until("data: t").await;
    rig.inject("stall_midstream", json!({})).await;
    stream.send("wo\n\ndata: 3\n\nda".into()).await.unwrap();
    wire.until("wo\n\n").await;
    wire.is_silent().await;
    assert_eq!(rig.heal().await["touched"], 1);
    wire.until("data: 3\n\nda").await;
    stream.send("ta: 4\n\n".into()).await.unwrap();
    wire.until("ta: 4\n\n").await;
    rig.inject("cut", json!({})).await;
    stream.send("data: 5\n\n".into()).await.unwrap();
    let mut rest = String::new();
    soon(wire.0.read_to_string(&mut rest)).await.unwrap();
    assert!(!rest.contains('5') && !rest.contains("0\r\n\r\n"), "it has no polite end: {rest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_of_the_requests_are_touched_and_the_others_are_not() {
    let rig = rig(1000).await;
    let toxic = json!({"name": "t", "type": "end_early", "toxicity": 0.5, "attributes": {"after": 2, "seed": 5}});
    rig.call("POST", "/proxies/p/toxics", Some(toxic)).await;
    let mut short = 0;
    for _ in 0..100 {
        let came = rig.chat(true).await;
        short += u64::from(came.judgement().is_err());
        assert!(came.judgement().is_err() || came.bytes == answer(true).concat());
    }
    // Over four standard deviations of a binomial; the seed is fixed.
    assert!((30..=70).contains(&short), "{short}");
    assert_eq!(rig.heal().await["touched"], short);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_match_takes_only_the_requests_that_it_names() {
    let rig = rig(100).await;
    let fingerprint = crate::units::Fingerprint::of("sk-one").to_string();
    // What is asked is a POST, streamed, for gpt-4o, without a credential.
    let matches = [
        (json!({"stream": true}), true),
        (json!({"stream": false}), false),
        (json!({"model": "gpt-4*", "method": "post"}), true),
        (json!({"model": "gpt-5"}), false),
        (json!({"path": "/v1/*"}), true),
        (json!({"path": "/v1/models"}), false),
        (json!({"header": "host"}), true),
        (json!({"header": "x-team: blue"}), false),
        (json!({"key": fingerprint}), false),
    ];
    for (matching, hit) in matches {
        rig.inject("end_early", json!({"after": 2, "match": matching})).await;
        assert_eq!(rig.chat(true).await.judgement().is_err(), hit, "{matching}");
        assert_eq!(rig.heal().await["touched"], u64::from(hit), "{matching}");
    }
    rig.inject("end_early", json!({"probability": 0})).await;
    assert_eq!(rig.chat(true).await.judgement(), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn without_a_fault_and_with_one_that_changes_nothing_bytes_pass_identical(size in 1usize..400) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (plain, idle) = runtime.block_on(async {
            let rig = rig(size).await;
            let plain = rig.chat(true).await;
            rig.inject("cut", json!({"after": 1000})).await;
            (plain.bytes, rig.chat(true).await.bytes)
        });
        prop_assert_eq!(&plain, &answer(true).concat());
        prop_assert_eq!(&plain, &idle);
    }
}
