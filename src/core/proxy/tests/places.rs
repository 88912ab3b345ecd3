//! Where the proxy can stand: with TLS towards the gateway, towards the provider, and as a forward proxy; over HTTP/1.1 and HTTP/2.

use super::*;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::{Request as Ask, Response as Answer};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(super) fn near() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// A proxy `p` before a provider, with these settings and these fields.
pub(super) async fn stand(settings: ProxySettings, more: Value) -> Rig {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let provider = Provider::default();
    let upstream = provider.start().await;
    let proxy = Proxy::start_with(settings).await.unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut rig = Rig { proxy, provider, upstream, listen: String::new(), http };
    let mut asked = json!({"name": "p", "listen": "127.0.0.1:0", "upstream": format!("http://{upstream}"), "dialect": "openai"});
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (status, created) = rig.call("POST", "/proxies", Some(asked)).await;
    assert_eq!(status, 201, "{created}");
    rig.listen = created["listen"].as_str().unwrap().to_owned();
    rig
}

/// A client that trusts this authority and nobody else.
fn trusting(pem: &str, protocol: &str) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let mut config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    TlsConnector::from(Arc::new(config))
}

pub(super) async fn secured(rig: &Rig, socket: TcpStream, name: &str, protocol: &str) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    soon(trusting(&rig.proxy.authority(), protocol).connect(name, socket)).await
}

/// An HTTP/2 connection to the proxy's listener.
pub(super) async fn framed(rig: &Rig) -> SendRequest<Empty<Bytes>> {
    let secured = secured(rig, rig.link().await.0, "localhost", "h2").await.unwrap();
    let (sender, connection) = soon(handshake(TokioExecutor::new(), TokioIo::new(secured))).await.unwrap();
    tokio::spawn(connection);
    sender
}

pub(super) async fn get(sender: &mut SendRequest<Empty<Bytes>>, path: &str, team: &str) -> hyper::Result<Answer<hyper::body::Incoming>> {
    let ask = Ask::get(format!("https://localhost{path}")).header("x-team", team).body(Empty::new()).unwrap();
    soon(sender.send_request(ask)).await
}

/// One request over HTTP/1.1 within TLS; the whole answer.
async fn ask(secured: &mut TlsStream<TcpStream>, host: &str, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    secured.write_all(request.as_bytes()).await.unwrap();
    let mut came = Vec::new();
    let _ = soon(secured.read_to_end(&mut came)).await;
    String::from_utf8(came).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_faults_take_new_handshakes_and_end_open_connections_once_they_carry_nothing() {
    let rig = stand(ProxySettings::at(near()), json!({"tls": true})).await;
    for (problem, told) in [("expired", "expired"), ("wrong-name", "not valid for name"), ("untrusted", "UnknownIssuer"), ("cut", "eof")] {
        let (mut idle, mut busy) = (framed(&rig).await, framed(&rig).await);
        assert_eq!(get(&mut idle, "/echo", "").await.unwrap().status(), 200);
        let underway = get(&mut busy, "/stream", "").await.unwrap();
        let stream = rig.provider.stream(1).await;
        rig.inject("tls", json!({"problem": problem})).await;
        // A request may still pass while the end of the connection is on its way.
        soon(async { while get(&mut idle, "/echo", "").await.is_ok() {} }).await;
        let refused = secured(&rig, rig.link().await.0, "localhost", "http/1.1").await.unwrap_err();
        assert!(refused.to_string().contains(told), "{problem}: {refused}");
        stream.send("data: one\n\n".into()).await.unwrap();
        drop(stream);
        rig.provider.streams.lock().unwrap().clear();
        let whole = soon(underway.into_body().collect()).await.unwrap().to_bytes();
        assert_eq!(whole, "data: one\n\n", "{problem}: what is underway comes to its end");
        soon(async { while get(&mut busy, "/echo", "").await.is_ok() {} }).await;
        assert_eq!(rig.heal().await["touched"], 1, "{problem}");
    }
    // By name and by address, which is asked for without one.
    for name in ["localhost", "127.0.0.1"] {
        let mut secured = secured(&rig, rig.link().await.0, name, "http/1.1").await.unwrap();
        assert!(ask(&mut secured, "localhost", "/echo").await.contains(&rig.upstream.to_string()), "{name}");
    }
    let (status, body) = rig.call("POST", "/proxies", Some(json!({"name": "q", "upstream": "h:1", "tls": true}))).await;
    assert_eq!(status, 400, "{body}");
    let plain = Rig::start("openai").await;
    let tls = json!({"name": "t", "type": "tls", "attributes": {"problem": "cut"}});
    for toxic in [tls, json!({"name": "t", "type": "dns_failure"})] {
        let (status, body) = plain.call("POST", "/proxies/p/toxics", Some(toxic)).await;
        assert_eq!((status, body["hint"].is_string()), (400, true), "{body}");
    }
    rig.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exchanges_of_one_http2_connection_are_faulted_and_recorded_each_for_itself() {
    let rig = stand(ProxySettings::at(near()), json!({"tls": true})).await;
    let mut events = Reader::open(&rig).await;
    let mut sender = framed(&rig).await;
    let mut blue = get(&mut sender, "/stream", "blue").await.unwrap();
    let first = rig.provider.stream(1).await;
    let mut red = get(&mut sender, "/stream", "red").await.unwrap();
    let second = rig.provider.stream(2).await;
    rig.inject("cut", json!({"after": 1, "match": {"header": "x-team: blue"}})).await;
    for stream in [&first, &second] {
        stream.send("data: one\n\n".into()).await.unwrap();
    }
    assert_eq!(soon(blue.frame()).await.unwrap().unwrap().into_data().unwrap(), "data: one\n\n", "what came before the cut comes");
    first.send("data: two\n\n".into()).await.unwrap();
    assert!(soon(blue.frame()).await.unwrap().is_err(), "its stream is reset");
    let cut = events.exchange().await;
    assert_eq!((&cut["cut"], &cut["touched"], &cut["status"]), (&json!(true), &json!(true), &json!(200)), "{cut}");
    assert_eq!(soon(red.frame()).await.unwrap().unwrap().into_data().unwrap(), "data: one\n\n");
    second.send("data: two\n\n".into()).await.unwrap();
    assert_eq!(soon(red.frame()).await.unwrap().unwrap().into_data().unwrap(), "data: two\n\n");
    drop(second);
    rig.provider.streams.lock().unwrap().clear();
    assert!(soon(red.into_body().collect()).await.unwrap().to_bytes().is_empty());
    let whole = events.exchange().await;
    assert_eq!((&whole["cut"], &whole["touched"]), (&json!(false), &json!(false)), "{whole}");
    assert_eq!(rig.heal().await["touched"], 1);

    // A whole answer larger than any window is whole only when the gateway has it.
    let mut large = get(&mut sender, "/large", "").await.unwrap();
    let began = soon(large.frame()).await.unwrap().unwrap().into_data().unwrap().len();
    rig.inject("blackhole", json!({})).await;
    rig.heal().await;
    let rest = soon(large.into_body().collect()).await;
    assert!(rest.is_err() && began < LARGE, "the blackhole took the connection");
    let cut = events.exchange().await;
    assert_eq!((&cut["cut"], &cut["touched"]), (&json!(true), &json!(true)), "{cut}");
    let mut sender = framed(&rig).await;
    let large = get(&mut sender, "/large", "").await.unwrap();
    assert_eq!(soon(large.into_body().collect()).await.unwrap().to_bytes().len(), LARGE);
    assert_eq!(events.exchange().await["cut"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_takes_an_http2_connection_with_all_that_is_underway_and_lets_go_of_what_it_held() {
    let rig = stand(ProxySettings::at(near()), json!({"tls": true})).await;
    let mut sender = framed(&rig).await;
    let mut events = Reader::open(&rig).await;
    rig.inject("stall_midstream", json!({"after": 0})).await;
    let mut held = get(&mut sender, "/stream", "").await.unwrap();
    rig.provider.stream(1).await.send("data: one\n\n".into()).await.unwrap();
    assert!(timeout(SILENCE, held.frame()).await.is_err());
    rig.heal().await;
    assert_eq!(soon(held.frame()).await.unwrap().unwrap().into_data().unwrap(), "data: one\n\n", "healed, it passes at once");
    let never = tokio::spawn({
        let mut sender = sender.clone();
        async move { get(&mut sender, "/never", "").await.map(|_| ()) }
    });
    soon(async {
        while rig.provider.asked() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    rig.inject("reset", json!({})).await;
    assert!(soon(never).await.unwrap().is_err());
    assert!(soon(held.frame()).await.unwrap().is_err());
    for _ in 0..2 {
        let cut = events.exchange().await;
        assert_eq!((&cut["cut"], &cut["touched"]), (&json!(true), &json!(true)), "{cut}");
    }
    assert_eq!(rig.heal().await["touched"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn providers_are_verified_and_a_private_authority_is_trusted_where_it_is_named() {
    let provider = stand(ProxySettings::at(near()), json!({"tls": true})).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("private.pem");
    std::fs::write(&file, provider.proxy.authority()).unwrap();
    let port = provider.listen.rsplit_once(':').unwrap().1;
    let upstream = json!({"upstream": format!("https://localhost:{port}")});
    let strict = stand(ProxySettings::at(near()), upstream.clone()).await;
    let (status, body) = strict.ask("/echo").await;
    assert!(status == 502 && body.contains("UnknownIssuer"), "{status} {body}");
    let trusting = ProxySettings { upstream_ca: Some(file.clone()), ..ProxySettings::at(near()) };
    let rig = stand(trusting, upstream).await;
    for _ in 0..2 {
        assert_eq!(rig.ask("/echo").await.0, 200);
    }
    std::fs::write(&file, "nothing").unwrap();
    let refused = Proxy::start_with(ProxySettings { upstream_ca: Some(file), ..ProxySettings::at(near()) }).await.unwrap_err();
    assert!(refused.to_string().contains("no certificate in PEM"), "{refused}");
}

/// What the forward proxy says to a request head, and the connection.
async fn through(rig: &Rig, head: &str) -> (Wire, String) {
    let mut wire = Wire(soon(TcpStream::connect(rig.proxy.forward().unwrap())).await.unwrap());
    wire.0.write_all(format!("{head}\r\n\r\n").as_bytes()).await.unwrap();
    let said = wire.until("\r\n\r\n").await;
    (wire, said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forward_proxy_hands_each_host_to_the_proxy_that_answers_for_it() {
    let forward = ProxySettings { forward: Some(near()), ..ProxySettings::at(near()) };
    let rig = stand(forward, json!({"hosts": ["api.example"]})).await;
    let bytes = json!({"name": "bytes", "upstream": rig.upstream.to_string(), "hosts": ["bytes.example:80"]});
    assert_eq!(rig.call("POST", "/proxies", Some(bytes)).await.0, 201);
    let mut events = Reader::open(&rig).await;
    let tunnel = "CONNECT api.example:443 HTTP/1.1\r\nhost: api.example:443";

    let (wire, said) = through(&rig, tunnel).await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    let mut inside = secured(&rig, wire.0, "api.example", "http/1.1").await.unwrap();
    let answer = ask(&mut inside, "api.example", "/echo").await;
    assert!(answer.contains(r#""host":"api.example""#), "the host stays as it was asked for: {answer}");
    assert_eq!(events.exchange().await["status"], 200);
    // Plain HTTP in a tunnel, and as an absolute URI: one request a connection.
    let (mut wire, _) = through(&rig, "CONNECT api.example:80 HTTP/1.1").await;
    assert_eq!(wire.ask("/echo").await.0, 200);
    drop(wire);
    let (mut wire, said) = through(&rig, "GET http://api.example/echo HTTP/1.1\r\nhost: api.example").await;
    assert!(said.starts_with("HTTP/1.1 200 ") && said.to_ascii_lowercase().contains("connection: close"), "{said}");
    wire.end().await.unwrap();
    for _ in 0..2 {
        assert_eq!(events.exchange().await["proxy"], "p");
    }
    // Bytes only, and a host that nobody answers for.
    for target in ["bytes.example:80".to_owned(), rig.upstream.to_string()] {
        let (mut wire, said) = through(&rig, &format!("CONNECT {target} HTTP/1.1")).await;
        assert!(said.starts_with("HTTP/1.1 200 "), "{target}: {said}");
        assert_eq!(wire.ask("/echo").await.0, 200, "{target}");
    }
    let (mut wire, said) = through(&rig, &format!("GET http://{}/echo HTTP/1.1\r\nhost: x", rig.upstream)).await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    wire.end().await.unwrap();
    for (head, status) in [("GET / HTTP/1.1", "400"), ("CONNECT api.example HTTP/1.1", "400"), ("CONNECT no.invalid:1 HTTP/1.1", "502")] {
        let (_, said) = through(&rig, head).await;
        assert!(said.contains(status), "{head}: {said}");
    }

    for (kind, error) in [("refuse", "connection_refused"), ("dns_failure", "dns_error")] {
        rig.inject(kind, json!({})).await;
        for head in [tunnel, "GET http://api.example/echo HTTP/1.1\r\nhost: api.example"] {
            let (_, said) = through(&rig, head).await;
            assert!(said.starts_with("HTTP/1.1 502 ") && said.contains(&format!("error={error}")), "{kind}: {said}");
        }
        assert_eq!(rig.heal().await["touched"], 2, "{kind}");
    }
    rig.inject("tls", json!({"problem": "untrusted"})).await;
    let (wire, _) = through(&rig, tunnel).await;
    assert!(secured(&rig, wire.0, "api.example", "http/1.1").await.is_err());
    rig.heal().await;
    // An open tunnel obeys as any connection does, and a new one gets no answer.
    let (wire, _) = through(&rig, tunnel).await;
    let mut inside = secured(&rig, wire.0, "api.example", "http/1.1").await.unwrap();
    rig.inject("blackhole", json!({})).await;
    inside.write_all(b"GET /echo HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(timeout(SILENCE, inside.read(&mut [0])).await.is_err());
    let mut late = Wire(soon(TcpStream::connect(rig.proxy.forward().unwrap())).await.unwrap());
    late.0.write_all(format!("{tunnel}\r\n\r\n").as_bytes()).await.unwrap();
    late.is_silent().await;
    assert_eq!(rig.heal().await["touched"], 2);

    let open = ProxySettings { forward: Some(([0, 0, 0, 0], 0).into()), ..ProxySettings::at(near()) };
    assert!(matches!(Proxy::start_with(open).await, Err(ProxyError::Relay { .. })));
    rig.proxy.stop().await;
}

/// A provider that goes on in another protocol, in which it says everything back.
async fn switching() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut wire = Wire(socket);
                let head = wire.until("\r\n\r\n").await.to_ascii_lowercase();
                assert!(head.contains("upgrade: websocket") && head.contains("connection: upgrade"), "{head}");
                let (mut read, mut write) = wire.0.split();
                let _ =
                    write.write_all(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nhello").await;
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgraded_connection_passes_untouched_and_obeys() {
    let upstream = format!("http://{}", switching().await);
    let rig = stand(ProxySettings::at(near()), json!({"upstream": upstream})).await;
    let mut events = Reader::open(&rig).await;
    let mut wire = rig.link().await;
    wire.0.write_all(b"GET /chat HTTP/1.1\r\nhost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n").await.unwrap();
    let said = wire.until("hello").await;
    assert!(said.starts_with("HTTP/1.1 101 ") && said.contains("upgrade: websocket"), "{said}");
    let seen = events.exchange().await;
    assert_eq!((&seen["status"], &seen["cut"]), (&json!(101), &json!(false)), "{seen}");
    wire.0.write_all(b"\x00one").await.unwrap();
    wire.until("one").await;
    rig.inject("latency", json!({"latency": 200})).await;
    let began = Instant::now();
    wire.0.write_all(b"two").await.unwrap();
    wire.until("two").await;
    assert!(began.elapsed() >= Duration::from_millis(200), "{:?}", began.elapsed());
    assert_eq!(rig.heal().await["touched"], 1);
    rig.inject("blackhole", json!({})).await;
    wire.0.write_all(b"three").await.unwrap();
    wire.is_silent().await;
    rig.heal().await;
    wire.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn within_tls_a_gateway_that_ends_its_direction_gets_its_answer_too() {
    let rig = stand(ProxySettings::at(near()), json!({"tls": true})).await;
    for held in [false, true] {
        if held {
            rig.inject("http_stall", json!({"hold_ms": 300})).await;
        }
        let mut secured = secured(&rig, rig.link().await.0, "localhost", "http/1.1").await.unwrap();
        secured.write_all(b"GET /echo HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        // Says so within TLS, and ends the connection's direction.
        secured.shutdown().await.unwrap();
        let mut came = Vec::new();
        let _ = soon(secured.read_to_end(&mut came)).await;
        let came = String::from_utf8(came).unwrap();
        assert!(came.starts_with("HTTP/1.1 200 OK") && came.ends_with('}'), "{held}: {came}");
    }
}
