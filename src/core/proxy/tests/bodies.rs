//! Heads that wait for no body, answers that come before it has ended, what stands behind bodies (trailers) and before answers (103).

use super::*;
use tokio::net::TcpListener;

/// A proxy before a provider that is written by hand.
struct Hand {
    rig: Rig,
    provider: TcpListener,
}

impl Hand {
    async fn start() -> Self {
        let provider = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut rig = Rig::empty().await;
        let asked = json!({"name": "p", "upstream": format!("http://{}", provider.local_addr().unwrap()), "dialect": "openai"});
        let (status, created) = rig.call("POST", "/proxies", Some(asked)).await;
        assert_eq!(status, 201, "{created}");
        rig.listen = created["listen"].as_str().unwrap().to_owned();
        Self { rig, provider }
    }

    /// The gateway says this first, on a connection of its own.
    async fn gateway(&self, text: &str) -> Wire {
        let mut wire = self.rig.link().await;
        wire.0.write_all(text.as_bytes()).await.unwrap();
        wire
    }

    async fn accepted(&self) -> Wire {
        Wire(soon(self.provider.accept()).await.unwrap().0)
    }
}

impl Wire {
    async fn write(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }
}

const HEAD: &str = "POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_waits_for_no_body_and_an_early_answer_passes() {
    let hand = Hand::start().await;
    for body in ["content-type: application/json\r\ncontent-length: 900000", "transfer-encoding: chunked", "content-length: 9"] {
        let mut gateway = hand.gateway(&format!("{HEAD}te: trailers, deflate;q=0.5\r\n{body}\r\n\r\n")).await;
        let mut provider = hand.accepted().await;
        let head = provider.until("\r\n\r\n").await;
        assert!(head.contains("\r\nte: trailers\r\n"), "{head}");
        gateway.write(if body.starts_with("transfer") { "5\r\nfirst\r\n" } else { "first" }).await;
        provider.until("first").await;
        provider.write("HTTP/1.1 413 Payload Too Large\r\ncontent-length: 3\r\n\r\nbig").await;
        let (status, said) = gateway.answer().await;
        assert_eq!((status, said.as_str()), (413, "big"), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_may_talk_in_turn_for_as_long_as_they_like() {
    let hand = Hand::start().await;
    let mut gateway = hand.gateway(&format!("{HEAD}transfer-encoding: chunked\r\n\r\n")).await;
    let mut provider = hand.accepted().await;
    provider.until("\r\n\r\n").await;
    provider.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
    gateway.until("\r\n\r\n").await;
    for turn in 0..20 {
        gateway.write(&format!("6\r\nask {turn:02}\r\n")).await;
        provider.until(&format!("ask {turn:02}")).await;
        provider.write(&format!("6\r\nsay {turn:02}\r\n")).await;
        gateway.until(&format!("say {turn:02}")).await;
    }
    gateway.write("0\r\n\r\n").await;
    provider.until("0\r\n\r\n").await;
    provider.write("0\r\n\r\n").await;
    gateway.until("0\r\n\r\n").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_match_that_asks_for_the_body_holds_the_head_back() {
    let hand = Hand::start().await;
    let toxic =
        json!({"name": "t", "type": "http_status", "attributes": {"code": 503, "match": {"model": "gpt-4o", "path": "/v1/chat/*"}}});
    assert_eq!(hand.rig.call("POST", "/proxies/p/toxics", Some(toxic)).await.0, 200);
    for (body, status) in [(r#"{"model": "gpt-4o"}"#, 503), (r#"{"model": "other!"}"#, 200)] {
        for framed in [
            format!("content-length: {}\r\n\r\n{body}", body.len()),
            format!("transfer-encoding: chunked\r\n\r\n13\r\n{body}\r\n0\r\n\r\n"),
        ] {
            let (now, later) = framed.split_at(framed.len() - 8);
            let mut gateway = hand.gateway(&format!("{HEAD}content-type: Application/JSON; charset=utf-8\r\n{now}")).await;
            assert!(timeout(SILENCE, hand.provider.accept()).await.is_err(), "the fault cannot know yet: {body}");
            gateway.write(later).await;
            if status == 200 {
                let mut provider = hand.accepted().await;
                provider.until("other!").await;
                provider.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
            }
            assert_eq!(gateway.answer().await.0, status, "{body}");
            // The connection goes on.
            gateway.write("GET /health HTTP/1.1\r\nhost: h\r\n\r\n").await;
            let mut provider = hand.accepted().await;
            provider.until("GET /health").await;
            provider.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
            assert_eq!(gateway.answer().await.0, 200);
        }
    }
    // Another path, a call of gRPC, who waits for leave, and chunks that are no document.
    for (path, head) in [
        ("/v1/embeddings", "content-type: application/json\r\ncontent-length: 9"),
        ("/v1/chat/x", "content-type: application/grpc-web\r\ntransfer-encoding: chunked"),
        ("/v1/chat/x", "content-type: application/connect+json\r\ntransfer-encoding: chunked"),
        ("/v1/chat/x", "content-type: application/json\r\nexpect: 100-continue\r\ncontent-length: 9"),
    ] {
        let _gateway = hand.gateway(&format!("POST {path} HTTP/1.1\r\nhost: h\r\n{head}\r\n\r\n")).await;
        hand.accepted().await.until("\r\n\r\n").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_leave_gets_the_providers_word() {
    let hand = Hand::start().await;
    let head = format!("{HEAD}expect: 100-continue\r\ncontent-length: 4\r\n\r\n");
    let mut gateway = hand.gateway(&head).await;
    let mut provider = hand.accepted().await;
    assert!(provider.until("\r\n\r\n").await.contains("\r\nexpect: 100-continue\r\n"));
    provider.write("HTTP/1.1 100 Continue\r\n\r\n").await;
    assert_eq!(gateway.until("\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    gateway.write("body").await;
    provider.until("body").await;
    provider.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    assert_eq!(gateway.answer().await, (200, "ok".to_owned()));
    // No leave, but an answer.
    let mut gateway = hand.gateway(&head).await;
    provider.until("\r\n\r\n").await;
    provider.write("HTTP/1.1 417 Expectation Failed\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(gateway.answer().await.0, 417);
    // Nobody can tell now whether the body will come: both connections end.
    gateway.end().await.unwrap();
    provider.end().await.unwrap();
    // A provider that knows nothing of it.
    let mut gateway = hand.gateway(&head).await;
    let mut provider = hand.accepted().await;
    provider.until("\r\n\r\n").await;
    assert_eq!(gateway.until("\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    // A fault answers without asking for the body.
    hand.rig.inject("http_status", json!({"code": 503})).await;
    let mut gateway = hand.gateway(&head).await;
    assert_eq!(gateway.answer().await.0, 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_in_a_body_is_known_whatever_becomes_of_the_request() {
    let hand = Hand::start().await;
    let mut reader = Reader::open(&hand.rig).await;
    let mark = |id| Mark { drill: 7, id };
    let ask = |id| {
        let body = format!(r#"{{"messages": "{}"}}"#, mark(id).in_body());
        format!("{HEAD}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    };
    // Never answered, and given up.
    let gateway = hand.gateway(&ask(1)).await;
    let mut provider = hand.accepted().await;
    provider.until("messages").await;
    drop(gateway);
    assert_eq!(reader.exchange().await["id"], 1);
    // Answered before its body has come.
    let text = ask(2);
    let (head, body) = text.split_at(text.find("{").unwrap());
    let mut gateway = hand.gateway(head).await;
    let mut provider = hand.accepted().await;
    provider.until("\r\n\r\n").await;
    provider.write("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\n12").await;
    gateway.until("\r\n\r\n12").await;
    gateway.write(body).await;
    provider.until("messages").await;
    provider.write("34").await;
    gateway.until("34").await;
    assert_eq!(reader.exchange().await["id"], 2);
    // Refused by a fault.
    hand.rig.inject("http_status", json!({"code": 503})).await;
    let (head, body) = (ask(3)[..head.len()].to_owned(), ask(3)[head.len()..].to_owned());
    let mut gateway = hand.gateway(&head).await;
    gateway.is_silent().await;
    gateway.write(&body).await;
    assert_eq!(gateway.answer().await.0, 503);
    assert_eq!(reader.exchange().await["id"], 3);
    hand.rig.heal().await;
    // Nobody is there.
    let Hand { rig, provider } = hand;
    drop(provider);
    let mut gateway = Wire(soon(TcpStream::connect(&rig.listen)).await.unwrap());
    gateway.write(&head).await;
    gateway.is_silent().await;
    gateway.write(&body).await;
    assert_eq!(gateway.answer().await.0, 502);
    assert_eq!(reader.exchange().await["id"], 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_nobody_is_there_is_said_although_the_body_goes_on() {
    let Hand { rig, provider } = Hand::start().await;
    drop(provider);
    for (body, rest) in [
        ("transfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n", "0\r\n\r\n"),
        ("content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n", "1\r\n}\r\n0\r\n\r\n"),
        ("content-type: application/json\r\ncontent-length: 2\r\n\r\n{", "}"),
    ] {
        let mut gateway = rig.link().await;
        gateway.write(&format!("{HEAD}{body}")).await;
        assert_eq!(gateway.answer().await.0, 502, "{body}");
        // The connection goes on.
        gateway.write(rest).await;
        assert_eq!(gateway.ask("/health").await.0, 502, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_of_any_method_reaches_the_provider_although_nobody_told_its_length() {
    let hand = Hand::start().await;
    let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    for method in ["GET", "HEAD", "DELETE", "POST"] {
        let head = format!("{method} /v1/files HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n");
        for body in ["5\r\nhello\r\n0\r\n\r\n", ""] {
            let mut gateway = hand.gateway(&format!("{head}{body}")).await;
            let mut provider = hand.accepted().await;
            if body.is_empty() {
                let came = provider.until("\r\n\r\n").await;
                assert!(came.contains("\r\ntransfer-encoding: chunked\r\n") && !came.contains("content-length"), "{came}");
                gateway.write("5\r\nhello\r\n0\r\n\r\n").await;
            }
            provider.until("hello\r\n0\r\n\r\n").await;
            provider.write(answer).await;
            assert_eq!(gateway.answer().await.0, 200, "{head}{body}");
        }
    }
    // `GET / http` of `a` over HTTP/2, and its body.
    let mut gateway = hand.rig.link().await.0;
    let asked = [PREFACE, &frame(4, 0, 0, b""), &frame(1, 4, 1, b"\x82\x84\x86\x41\x01a"), &frame(0, 1, 1, b"hello")].concat();
    gateway.write_all(&asked).await.unwrap();
    hand.accepted().await.until("hello").await;
    // Where there is no body none is told of.
    let mut gateway = hand.gateway("GET /v1/files HTTP/1.1\r\nhost: h\r\n\r\n").await;
    let mut provider = hand.accepted().await;
    let came = provider.until("\r\n\r\n").await;
    assert!(!came.contains("transfer-encoding") && !came.contains("content-length"), "{came}");
    provider.write(answer).await;
    assert_eq!(gateway.answer().await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trailers_and_early_hints_pass_over_http1() {
    let hand = Hand::start().await;
    for takes in ["te: trailers\r\nconnection: te\r\n", ""] {
        let mut gateway = hand
            .gateway(&format!("{HEAD}{takes}trailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nx-sum: 1\r\n\r\n"))
            .await;
        let mut provider = hand.accepted().await;
        let asked = provider.until("0\r\nx-sum: 1\r\n\r\n").await;
        assert!(asked.contains("\r\ntrailer: x-sum\r\n"), "{asked}");
        provider.write("HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\nconnection: x-own\r\nx-own: 1\r\n\r\n").await;
        let hint = gateway.until("\r\n\r\n").await;
        assert_eq!(hint, "HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n");
        provider
            .write("HTTP/1.1 103 Early Hints\r\nlink: </b>\r\n\r\nHTTP/1.1 200 OK\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n")
            .await;
        provider.write("6\r\nanswer\r\n0\r\nx-sum: 2\r\nx-late: 3\r\n\r\n").await;
        let answer = gateway.until("x-late: 3\r\n\r\n").await;
        let (hint, answer) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(hint, "HTTP/1.1 103 Early Hints\r\nlink: </b>");
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("6\r\nanswer\r\n0\r\nx-sum: 2\r\nx-late: 3\r\n\r\n"),
            "{answer}"
        );
    }
    // HTTP/1.0 knows neither.
    let mut gateway = hand.gateway("GET / HTTP/1.0\r\n\r\n").await;
    let mut provider = hand.accepted().await;
    provider.until("\r\n\r\n").await;
    provider
        .write("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-sum: 2\r\n\r\n")
        .await;
    let mut came = String::new();
    soon(gateway.0.read_to_string(&mut came)).await.unwrap();
    assert!(came.starts_with("HTTP/1.0 200 OK\r\n") && came.ends_with("\r\n\r\nok"), "{came}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_names_one_host() {
    let rig = Rig::start("openai").await;
    for (head, wanted) in [
        ("GET /echo HTTP/1.1\r\n", 400),
        ("GET /echo HTTP/1.1\r\nhost: a\r\nhost: a\r\n", 400),
        ("GET http://a/echo HTTP/1.1\r\n", 400),
        ("GET /echo HTTP/1.1\r\nhost: a b\r\n", 400),
        ("GET /echo HTTP/1.1\r\nhost: u@a\r\n", 400),
        ("GET /echo HTTP/1.0\r\nhost: a\r\nhost: b\r\n", 400),
        ("GET /echo HTTP/1.1\r\nhost:\r\n", 200),
        ("GET /echo HTTP/1.1\r\nhost: [::1]:80\r\n", 200),
        ("GET /echo HTTP/1.0\r\n", 200),
    ] {
        let before = rig.provider.asked();
        let mut wire = rig.link().await;
        wire.write(&format!("{head}\r\n")).await;
        assert_eq!(wire.answer().await.0, wanted, "{head}");
        assert_eq!(rig.provider.asked() - before, u64::from(wanted == 200), "{head}");
    }
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// The kinds of the frames that came.
fn kinds(mut came: &[u8]) -> Vec<u8> {
    let mut kinds = Vec::new();
    while let [a, b, c, kind, _, _, _, _, _, rest @ ..] = came
        && let Some(next) = rest.get(u32::from_be_bytes([0, *a, *b, *c]) as usize..)
    {
        kinds.push(*kind);
        came = next;
    }
    kinds
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const GOAWAY: u8 = 7;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalid_preface_gets_its_goaway() {
    let rig = Rig::start("openai").await;
    for bytes in [b"INVALID CONNECTION PREFACE\r\n\r\n".as_slice(), b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"] {
        let mut wire = rig.link().await.0;
        wire.write_all(bytes).await.unwrap();
        let mut came = Vec::new();
        soon(wire.read_to_end(&mut came)).await.unwrap();
        assert_eq!(kinds(&came), [4, GOAWAY], "{came:?}");
    }
    assert_eq!(rig.ask("/echo").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_end_in_time_and_idle_connections_stay() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let head = Duration::from_millis(400);
    let proxy = Proxy::start_with(ProxySettings { head, ..ProxySettings::at(([127, 0, 0, 1], 0).into()) }).await.unwrap();
    let provider = Provider::default();
    let upstream = provider.start().await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut rig = Rig { proxy, provider, upstream, listen: String::new(), http };
    let asked = json!({"name": "p", "upstream": format!("http://{upstream}"), "dialect": "openai"});
    rig.listen = rig.call("POST", "/proxies", Some(asked)).await.1["listen"].as_str().unwrap().to_owned();

    let settings = [PREFACE, &frame(4, 0, 0, b"")].concat();
    // `:method: GET`, and the block is not over.
    let open = [settings.clone(), frame(1, 1, 1, b"\x82")].concat();
    for bytes in [
        b"GET /echo HT".as_slice(),
        b"GET /echo HTTP/1.1\r\nhost: a\r\nx: ",
        b"PRI * HTTP/2.0\r\n",
        &[PREFACE, b"\0\0"].concat(),
        &[settings.clone(), b"\0\0\x05\x01\x05\0\0\0\x01\x82".to_vec()].concat(),
        &open,
    ] {
        let mut wire = rig.link().await.0;
        wire.write_all(bytes).await.unwrap();
        let mut came = Vec::new();
        let _ = soon(wire.read_to_end(&mut came)).await;
        // Each further piece is no new beginning.
    }
    let mut dribbled = rig.link().await.0;
    let began = Instant::now();
    for byte in b"GET /echo HTTP/1.1\r\nhost: a\r\nx-slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaa".chunks(1) {
        tokio::time::sleep(head / 8).await;
        if dribbled.write_all(byte).await.is_err() {
            break;
        }
    }
    let _ = soon(dribbled.read_to_end(&mut Vec::new())).await;
    assert!(began.elapsed() < head * 8, "{:?}", began.elapsed());

    // An idle one stays, however its preface came.
    let mut fresh = rig.link().await;
    let mut kept = rig.link().await;
    assert_eq!(kept.ask("/echo").await.0, 200);
    let mut framed = rig.link().await.0;
    framed.write_all(&settings[..10]).await.unwrap();
    tokio::time::sleep(head / 4).await;
    framed.write_all(&settings[10..]).await.unwrap();
    // `GET / http` of `a`, whole.
    framed.write_all(&frame(1, 5, 1, b"\x82\x84\x86\x41\x01a")).await.unwrap();
    tokio::time::sleep(head * 2).await;
    framed.write_all(&frame(6, 0, 0, b"12345678")).await.unwrap();
    tokio::time::sleep(head * 2).await;
    assert_eq!((kept.ask("/echo").await.0, fresh.ask("/echo").await.0), (200, 200));
    framed.write_all(&frame(1, 5, 3, b"\x82\x84\x86\x41\x01a")).await.unwrap();
    let mut came = Vec::new();
    soon(async {
        while kinds(&came).iter().filter(|kind| **kind == 1).count() < 2 {
            assert_ne!(framed.read_buf(&mut came).await.unwrap(), 0, "closed after {:?}", kinds(&came));
        }
    })
    .await;
}
