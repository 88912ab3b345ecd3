//! Faults on requests and answers in every dialect, several at once, and over time.

use super::*;
use crate::dialect::{
    AnswerFormat, AnswerReader, ClientRequest, Flaw, Mark, ProviderAnswer, ProviderRequest, Route, WireRequest, base_path, sign_of_life,
    wire_request,
};
use crate::model::{Dialect, Operation};
use proptest::prelude::{ProptestConfig, any};
use proptest::{prop_assert_eq, proptest};

/// Everything that can be asked, of a provider of whom it can be asked.
fn everything() -> Vec<(Dialect, Operation)> {
    let dialects = [Dialect::OpenAi, Dialect::AzureOpenAi, Dialect::Anthropic, Dialect::Bedrock, Dialect::Vertex];
    let operations = Operation::WORDS.iter().map(|word| Operation::from_word(word).unwrap());
    operations
        .flat_map(|operation| dialects.map(|dialect| (dialect, operation)))
        .filter(|(dialect, operation)| dialect.has(*operation))
        .collect()
}

/// True where there is an answer of this kind: vectors do not come as streams.
fn is_spoken(operation: Operation, streamed: bool) -> bool {
    !(streamed && operation == Operation::Embeddings)
}

fn chat(dialect: Dialect, streamed: bool) -> AnswerFormat {
    AnswerFormat { dialect, operation: Operation::Chat, streamed }
}

/// A proxy before a provider of this dialect, which answers each request in full, in chunks of `size` bytes.
struct Talk {
    rig: Rig,
    dialect: Dialect,
    operation: Operation,
}

/// What came of a request: the head, the bytes, and whether they came to a polite end.
struct Came {
    status: u16,
    headers: reqwest::header::HeaderMap,
    bytes: Vec<u8>,
    politely: bool,
    judgement: Result<(), Flaw>,
}

fn asked(format: AnswerFormat) -> ClientRequest {
    ClientRequest { operation: format.operation, ..ClientRequest::chat(Mark { drill: 3, id: 99 }, "gpt-4o", format.streamed) }
}

fn request(format: AnswerFormat) -> WireRequest {
    let request = wire_request(format.dialect, &asked(format), "sk-one");
    WireRequest { path: format!("{}{}", base_path(format.dialect), request.path), ..request }
}

fn reply(format: AnswerFormat) -> ProviderAnswer {
    let read = ProviderRequest::parse(format.dialect, format.operation, &request(format).body).unwrap();
    ProviderAnswer::new(format.dialect, &ProviderRequest { include_usage: true, ..read }, "gpt-4o", "1", 0)
}

/// What a provider answers, token by token, or in one piece.
fn answer(format: AnswerFormat) -> Vec<Vec<u8>> {
    let reply = reply(format);
    if !format.streamed {
        return vec![reply.whole().body];
    }
    (0..reply.tokens()).map(|place| reply.token_event(place)).chain([reply.end_events()]).collect()
}

fn judge(format: AnswerFormat, bytes: &[u8]) -> Result<(), Flaw> {
    let mut reader = AnswerReader::new(format.dialect, &asked(format));
    reader.feed(bytes);
    // Which code an error has is the dialect's business.
    reader.finish().map_err(|flaw| if matches!(flaw, Flaw::ErrorEvent(Some(_))) { Flaw::ErrorEvent(None) } else { flaw })
}

async fn provider(dialect: Dialect, size: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = axum::Router::new().fallback(async move |request: Request| {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let route = Route::of(dialect, parts.method.as_str(), parts.uri.path(), parts.uri.query());
        let Some(Route::Inference { operation, streamed, .. }) = route else { panic!("{} asks for nothing", parts.uri) };
        let streamed = streamed || ProviderRequest::parse(dialect, operation, &body).unwrap().streamed;
        let format = AnswerFormat { dialect, operation, streamed };
        let whole = answer(format).concat();
        let mut response = Response::builder().header("x-ratelimit-remaining-requests", "123456").header("x-own", "stays");
        if !streamed {
            return response.header("content-type", "application/json").body(whole.into()).unwrap();
        }
        let (sender, receiver) = mpsc::channel(whole.len());
        for chunk in whole.chunks(size) {
            sender.try_send(Bytes::copy_from_slice(chunk)).unwrap();
        }
        for (name, value) in reply(format).stream_headers() {
            response = response.header(name, value);
        }
        response.body(axum::body::Body::new(Chunks(receiver))).unwrap()
    });
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

impl Talk {
    async fn start(dialect: Dialect, size: usize) -> Self {
        Self::about(dialect, Operation::Chat, size).await
    }

    async fn about(dialect: Dialect, operation: Operation, size: usize) -> Self {
        let rig = Rig::empty().await;
        let upstream = format!("http://{}", provider(dialect, size).await);
        let asked = json!({"name": "p", "listen": "127.0.0.1:0", "upstream": upstream, "dialect": dialect.word()});
        let (_, created) = rig.call("POST", "/proxies", Some(asked)).await;
        Self { rig: Rig { listen: created["listen"].as_str().unwrap().to_owned(), ..rig }, dialect, operation }
    }

    fn format(&self, streamed: bool) -> AnswerFormat {
        AnswerFormat { dialect: self.dialect, operation: self.operation, streamed }
    }

    async fn add(&self, name: &str, kind: &str, attributes: Value) {
        let toxic = json!({"name": name, "type": kind, "attributes": attributes});
        let (status, toxic) = self.rig.call("POST", "/proxies/p/toxics", Some(toxic)).await;
        assert_eq!(status, 200, "{toxic}");
    }

    async fn remove(&self, name: &str) -> Value {
        let (status, toxic) = self.rig.call("DELETE", &format!("/proxies/p/toxics/{name}"), None).await;
        assert_eq!(status, 200, "{toxic}");
        toxic["touched"].clone()
    }

    async fn send(&self, streamed: bool) -> reqwest::Response {
        let WireRequest { method, path, headers, body } = request(self.format(streamed));
        let mut sent = self.rig.http.request(method.parse().unwrap(), format!("http://{}{path}", self.rig.listen)).body(body);
        for (name, value) in headers {
            sent = sent.header(name, value);
        }
        soon(sent.send()).await.unwrap()
    }

    async fn receive(&self, mut response: reqwest::Response, mut bytes: Vec<u8>, streamed: bool) -> Came {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let politely = loop {
            match soon(response.chunk()).await {
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        let judgement = judge(self.format(streamed), &bytes);
        Came { status, headers, bytes, politely, judgement }
    }

    async fn chat(&self, streamed: bool) -> Came {
        self.receive(self.send(streamed).await, Vec::new(), streamed).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_on_answers_is_what_the_traffic_calls_it_in_every_dialect() {
    let error = || Err(Flaw::ErrorEvent(None));
    // Type, attributes, the flaw of a stream and of a whole answer, whether they end politely.
    let faults = [
        ("cut", json!({"after": 6}), Err(Flaw::Truncated), Err(Flaw::Malformed), false),
        ("end_early", json!({"after": 6}), Err(Flaw::Truncated), Err(Flaw::Malformed), true),
        ("end_early", json!({"after": 5000}), Err(Flaw::Truncated), Err(Flaw::Malformed), true),
        ("error_event", json!({"after": 6}), error(), error(), true),
        ("malformed", json!({"after": 6}), Err(Flaw::Malformed), Err(Flaw::Malformed), true),
        ("empty_answer", json!({}), Err(Flaw::Truncated), Err(Flaw::Empty), true),
        ("corrupt", json!({}), Err(Flaw::WrongContent), Err(Flaw::WrongContent), true),
        ("wrong_model", json!({}), Ok(()), Ok(()), true),
        ("slow_stream", json!({"rate": 1_000}), Ok(()), Ok(()), true),
        ("stall_midstream", json!({"after": 3, "hold_ms": 5}), Ok(()), Ok(()), true),
    ];
    for ((dialect, operation), size) in everything().into_iter().flat_map(|what| [(what, 7), (what, 100_000)]) {
        let talk = Talk::about(dialect, operation, size).await;
        for (kind, attributes, stream, whole, politely) in &faults {
            for (streamed, wanted) in [(true, stream), (false, whole)] {
                if !is_spoken(operation, streamed) {
                    continue;
                }
                talk.add("t", kind, attributes.clone()).await;
                let came = talk.chat(streamed).await;
                let told = String::from_utf8_lossy(&came.bytes).into_owned();
                let wanted = match (dialect, operation, *kind) {
                    // AWS tells its errors in a header, which has gone out.
                    (Dialect::Bedrock, _, "error_event") if !streamed => &Err(Flaw::Empty),
                    // Nobody can tell a vector from its opposite.
                    (_, Operation::Embeddings, "corrupt") => &Ok(()),
                    // Where the reason for the end comes before the marker, it is the marker that is missing.
                    (Dialect::OpenAi | Dialect::AzureOpenAi | Dialect::Anthropic, Operation::Chat, "end_early")
                    | (Dialect::Bedrock, Operation::Invoke, "end_early")
                        if streamed && attributes["after"] == 5000 =>
                    {
                        &Err(Flaw::NoMarker)
                    }
                    _ => wanted,
                };
                let what = format!("{dialect} {operation} {kind} {streamed} {size}: {told}");
                assert_eq!((&came.judgement, came.politely), (wanted, *politely), "{what}");
                // Of what is framed as base64 the reader tells.
                let is_plain = dialect != Dialect::Bedrock || (operation == Operation::Invoke && !streamed);
                assert_eq!(told.contains("lifeboat-another-model"), is_plain && *kind == "wrong_model", "{what}");
                let touches = !(*kind == "wrong_model" && (dialect, operation) == (Dialect::Bedrock, Operation::Chat));
                let has_events = !matches!(*kind, "slow_stream" | "stall_midstream") || streamed;
                if touches && has_events {
                    assert_eq!(talk.remove("t").await, 1, "{what}");
                } else {
                    talk.remove("t").await;
                }
            }
        }
        for streamed in [true, false] {
            if is_spoken(operation, streamed) {
                assert_eq!(talk.chat(streamed).await.bytes, answer(talk.format(streamed)).concat(), "{dialect} {operation}: healed");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signs_of_life_are_the_dialects_and_nothing_is_lost_when_they_end() {
    for ((dialect, operation), streamed) in everything().into_iter().flat_map(|what| [(what, true), (what, false)]) {
        if !is_spoken(operation, streamed) {
            continue;
        }
        let talk = Talk::about(dialect, operation, 9).await;
        talk.add("t", "keep_alive", json!({"after": 2, "every_ms": 5})).await;
        let mut response = talk.send(streamed).await;
        let (sign, mut bytes) = (sign_of_life(talk.format(streamed)), Vec::new());
        let signs = |bytes: &[u8]| bytes.windows(sign.len()).filter(|window| *window == sign).count();
        while signs(&bytes) < 3 {
            bytes.extend_from_slice(&soon(response.chunk()).await.unwrap().unwrap());
        }
        assert_eq!(talk.remove("t").await, 1, "{dialect} {operation}");
        let came = talk.receive(response, bytes, streamed).await;
        assert_eq!((came.judgement, came.politely), (Ok(()), true), "{dialect} {operation} {streamed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_act_in_their_order_each_on_what_the_one_before_lets_through() {
    let talk = Talk::start(Dialect::OpenAi, 11).await;
    let tokens = answer(chat(Dialect::OpenAi, true));
    talk.add("one", "wrong_model", json!({})).await;
    talk.add("two", "malformed", json!({"after": 1})).await;
    talk.add("three", "cut", json!({"after": 3})).await;
    let came = talk.chat(true).await;
    let text = String::from_utf8(came.bytes).unwrap();
    let events: Vec<&str> = text.split_terminator("\n\n").collect();
    assert_eq!((events.len(), came.politely, events[1]), (3, false, "data: {\"oops"), "{text}");
    assert_eq!(text.matches("lifeboat-another-model").count(), 2, "{text}");
    for name in ["one", "two", "three"] {
        assert_eq!(talk.remove(name).await, 1, "{name} has acted");
    }
    // What ends the answer before a piece comes to the next toxic leaves it nothing to act on.
    talk.add("one", "end_early", json!({"after": 2})).await;
    talk.add("two", "error_event", json!({"after": 2})).await;
    assert_eq!(talk.chat(true).await.bytes, tokens[..2].concat());
    assert_eq!((talk.remove("two").await, talk.remove("one").await), (json!(0), json!(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_several_that_goes_lets_what_it_held_on_to_those_behind_it() {
    for dialect in [Dialect::OpenAi, Dialect::Bedrock] {
        let talk = Talk::start(dialect, 13).await;
        // The first of these counts `messageStart` too, which comes with the first token.
        let (after, tokens) = (2 + u64::from(dialect == Dialect::Bedrock), answer(chat(dialect, true)));
        talk.add("stall", "stall_midstream", json!({"after": after})).await;
        talk.add("end", "end_early", json!({"after": after + 1})).await;
        let mut response = talk.send(true).await;
        let mut bytes = Vec::new();
        while bytes.len() < tokens[..2].concat().len() {
            bytes.extend_from_slice(&soon(response.chunk()).await.unwrap().unwrap());
        }
        assert!(timeout(SILENCE, response.chunk()).await.is_err(), "{dialect}: something came behind the stall");
        // A third that comes while a piece is held takes hold of what comes behind it; it sees one event before the end.
        talk.add("corrupt", "corrupt", json!({})).await;
        talk.remove("stall").await;
        let came = talk.receive(response, bytes, true).await;
        let (before, behind) = came.bytes.split_at(tokens[..2].concat().len());
        assert_eq!((before, came.politely), (&tokens[..2].concat()[..], true), "{dialect}");
        assert_eq!(behind.len(), tokens[2].len(), "{dialect}: one token more, then the end");
        assert_ne!(behind, tokens[2], "{dialect}: its letters are others");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Toxics that only delay, or whose time never comes, are put in force and taken away while an answer passes.
    #[test]
    fn nothing_is_lost_changed_or_reordered_that_no_toxic_declares(
        size in 1usize..300, is_binary in any::<bool>(), plan in proptest::collection::vec((0usize..4, any::<bool>(), 0u64..3), 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let dialect = if is_binary { Dialect::Bedrock } else { Dialect::OpenAi };
        let came = runtime.block_on(async {
            let talk = Talk::start(dialect, size).await;
            let kinds = [
                ("stall_midstream", json!({"after": 2})),
                ("slow_stream", json!({"rate": 1000})),
                ("malformed", json!({"after": 10_000})),
                ("keep_alive", json!({"after": 10_000, "every_ms": 1})),
            ];
            talk.add("0", kinds[0].0, kinds[0].1.clone()).await;
            let mut in_force = [true, false, false, false];
            let changes = async {
                for (place, wanted, pause) in plan {
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    match (in_force[place], wanted) {
                        (false, true) => talk.add(&place.to_string(), kinds[place].0, kinds[place].1.clone()).await,
                        (true, false) => drop(talk.remove(&place.to_string()).await),
                        _ => {}
                    }
                    in_force[place] = wanted;
                }
                assert_eq!(talk.rig.call("POST", "/reset", None).await.0, 204);
            };
            tokio::join!(talk.chat(true), changes).0
        });
        prop_assert_eq!((came.bytes, came.politely), (answer(chat(dialect, true)).concat(), true));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_limit_counts_honestly_and_tells_how_long_to_wait() {
    let talk = Talk::start(Dialect::OpenAi, 1000).await;
    let fingerprint = Fingerprint::of("sk-one").to_string();
    talk.add("t", "rate_limit", json!({"requests": 3, "tokens": 100_000, "match": {"key": fingerprint}})).await;
    talk.add("other", "rate_limit", json!({"requests": 1, "match": {"key": "00000000"}})).await;
    let header = |came: &Came, name: &str| came.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    for left in ["2", "1", "0"] {
        let came = talk.chat(true).await;
        assert_eq!((came.status, came.judgement.clone()), (200, Ok(())));
        assert_eq!(came.headers.get_all("x-ratelimit-remaining-requests").iter().count(), 1, "the provider's own is gone");
        assert_eq!(header(&came, "x-ratelimit-remaining-requests").as_deref(), Some(left));
        assert_eq!(header(&came, "x-ratelimit-limit-tokens").as_deref(), Some("100000"));
        assert_eq!(header(&came, "x-own").as_deref(), Some("stays"));
    }
    let over = talk.chat(true).await;
    let wait: u64 = header(&over, "retry-after").unwrap().parse().unwrap();
    assert!(over.status == 429 && (1..=20).contains(&wait), "one every 20 s: {wait}");
    assert!(String::from_utf8(over.bytes.clone()).unwrap().contains("rate_limit_exceeded"));
    assert_eq!(header(&over, "x-ratelimit-remaining-requests").as_deref(), Some("0"));
    assert_eq!((talk.remove("t").await, talk.remove("other").await), (json!(1), json!(0)), "what passes is not touched");
    assert_eq!(header(&talk.chat(true).await, "x-ratelimit-remaining-requests").as_deref(), Some("123456"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_withheld_from_a_stream_is_a_stream_and_a_date_is_a_date() {
    let talk = Talk::start(Dialect::Anthropic, 1000).await;
    talk.add("t", "http_error", json!({"error": "content-filter"})).await;
    let came = talk.chat(true).await;
    let text = String::from_utf8(came.bytes).unwrap();
    assert!(came.status == 200 && text.contains("\"stop_reason\":\"refusal\"") && text.ends_with("\n\n"), "{text}");
    assert!(came.headers["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    assert!(talk.chat(false).await.bytes.starts_with(b"{"));
    talk.remove("t").await;
    talk.add("t", "http_status", json!({"code": 529, "retry_after": 86_400, "retry_form": "date"})).await;
    let came = talk.chat(true).await;
    let date = came.headers["retry-after"].to_str().unwrap();
    assert!(came.status == 529 && date.ends_with(" GMT") && date.len() == 29, "{date}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shape_over_time_is_drawn_at_each_requests_moment() {
    let talk = Talk::start(Dialect::OpenAi, 1000).await;
    // Each begins again when it is put in force; by the next request more than a millisecond has passed, and far less than an hour.
    let hour = 3_600_000;
    for (shape, taken) in [
        (json!({"form": "step"}), true),
        (json!({"form": "grey"}), true),
        (json!({"form": "pulse", "for_ms": hour}), true),
        (json!({"form": "pulse", "for_ms": 0.001}), false),
        (json!({"form": "flap", "on_ms": hour, "off_ms": 1}), true),
        (json!({"form": "flap", "on_ms": 0.001, "off_ms": hour}), false),
        (json!({"form": "ramp", "over_ms": 0.001}), true),
        (json!({"form": "ramp", "over_ms": 24 * hour}), false),
    ] {
        talk.add("t", "http_status", json!({"code": 503, "shape": shape, "seed": 5})).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert_eq!(talk.chat(true).await.status == 503, taken, "{shape}");
        talk.remove("t").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_binary_stream_is_taken_at_its_next_frame_and_let_go_in_the_middle_of_one() {
    let rig = Rig::start("bedrock").await;
    let tokens = answer(chat(Dialect::Bedrock, true));
    let mut response = soon(rig.http.get(format!("http://{}/stream", rig.listen)).send()).await.unwrap();
    let stream = rig.provider.stream(1).await;
    let mut came = Vec::new();
    let mut until = async |came: &mut Vec<u8>, length: usize| {
        while came.len() < length {
            came.extend_from_slice(&soon(response.chunk()).await.unwrap().expect("it has not ended"));
        }
        assert_eq!(came.len(), length);
    };
    let (first, second) = tokens[1].split_at(tokens[1].len() / 2);
    stream.send([&tokens[0][..], first].concat().into()).await.unwrap();
    until(&mut came, tokens[0].len() + first.len()).await;
    rig.inject("stall_midstream", json!({})).await;
    stream.send([second, &tokens[2][..], &tokens[3][..20]].concat().into()).await.unwrap();
    // The rest of the frame that had begun passes, the next is held.
    until(&mut came, tokens[..2].concat().len()).await;
    let touched = async {
        while rig.call("GET", "/proxies/p/toxics/t", None).await.1["touched"] != 1 {
            tokio::task::yield_now().await;
        }
    };
    soon(touched).await;
    assert_eq!(rig.heal().await["touched"], 1);
    until(&mut came, tokens[..3].concat().len() + 20).await;
    stream.send([&tokens[3][20..], &tokens[4..].concat()].concat().into()).await.unwrap();
    until(&mut came, tokens.concat().len()).await;
    assert_eq!(came, tokens.concat(), "nothing is lost");
}
