//! Callers by what they say of themselves, and connections that stop half-way.

use super::*;
use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(20);

fn refusal(listen: &str, names: &[&str], uri: &str, headers: &[(&str, &str)]) -> Option<CallerRefusal> {
    let listen: SocketAddr = listen.parse().unwrap();
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(name.parse::<hyper::header::HeaderName>().unwrap(), value.parse().unwrap());
    }
    let callers = Callers::of(listen, names.iter().map(|name| (*name).to_owned()), "--api-host NAME");
    callers.refuse(&uri.parse().unwrap(), &map, "192.0.2.7".parse().unwrap())
}

#[test]
fn a_server_is_called_by_its_addresses_as_localhost_and_by_names_it_was_told() {
    let refused = |host: &str| refusal("10.1.2.3:80", &["Drills.Example.", "fd00::7"], "/", &[("host", host)]);
    for host in [
        "127.0.0.1",
        "127.0.0.1:8474",
        "127.9.8.7:1",
        "[::1]:8474",
        "[::ffff:127.0.0.1]:1",
        "localhost",
        "LOCALHOST.:99",
        "10.1.2.3:5",
        "192.0.2.7:80",
        "[::ffff:192.0.2.7]:80",
        "drills.example:80",
        "DRILLS.example",
        "[fd00:0::7]:80",
    ] {
        assert_eq!(refused(host), None, "{host}");
    }
    for host in [
        "",
        "evil.example",
        "evil.example:8474",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "x@127.0.0.1",
        "127.0.0.1@evil.example",
        "0.0.0.0:80",
        "[::]:80",
        "10.1.2.4",
        "2130706433",
        "0x7f.1",
        "127.1",
        "local host",
        "localhost/x",
        "drills.example.evil",
    ] {
        let refusal = refused(host).unwrap_or_else(|| panic!("`{host}` was let in"));
        assert!(refusal.error.contains(&format!("`{host}`")) && refusal.hint.contains("--api-host NAME"), "{refusal:?}");
    }
    assert_eq!(refusal("0.0.0.0:80", &[], "/", &[("host", "192.0.2.7")]), None, "the connection's own address");
    for nobody in ["0.0.0.0", "[::]", "[::ffff:0.0.0.0]", "0.0.0.0.", "", "."] {
        for host in ["0.0.0.0:80", "0.0.0.0", "[::]:80", "[::ffff:0.0.0.0]", ":80", "."] {
            assert!(refusal("0.0.0.0:80", &[nobody], "/", &[("host", host)]).is_some(), "`{host}` of one that is told `{nobody}`");
        }
    }
    assert!(refusal("127.0.0.1:80", &[], "/", &[]).is_some(), "no host");
    assert!(refusal("127.0.0.1:80", &[], "/", &[("host", "localhost"), ("host", "localhost")]).is_some(), "two hosts");
    assert!(refusal("127.0.0.1:80", &[], "http://evil.example/", &[("host", "localhost")]).is_some(), "the target's own authority");
    assert_eq!(refusal("127.0.0.1:80", &[], "http://localhost:9/", &[("host", "localhost")]), None);
}

#[test]
fn what_a_browser_says_with_a_page_s_request_gives_it_away() {
    for (name, value) in [
        ("origin", "http://localhost"),
        ("Origin", "null"),
        ("origin", ""),
        ("sec-fetch-site", "same-origin"),
        ("Sec-Fetch-Mode", "no-cors"),
        ("sec-fetch-dest", "empty"),
        ("sec-fetch-user", "?1"),
    ] {
        let refusal = refusal("127.0.0.1:80", &[], "/", &[("host", "localhost"), (name, value)]).unwrap();
        assert!(refusal.error.contains(&name.to_ascii_lowercase()), "{refusal:?}");
    }
}

#[test]
fn what_node_s_fetch_says_is_no_page_unless_a_browser_said_the_rest() {
    let node = [("host", "localhost"), ("sec-fetch-mode", "cors"), ("user-agent", "node")];
    assert_eq!(refusal("127.0.0.1:80", &[], "/", &node), None);
    for more in [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "empty"), ("origin", "null")] {
        let page = [node[0], node[1], more];
        assert!(refusal("127.0.0.1:80", &[], "/", &page).is_some(), "{more:?}");
    }
}

/// A server that answers every request with `well`, once its body is whole. Dropping the sender ends it.
async fn well(head: Duration, most: usize) -> (SocketAddr, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let service = service_fn(async |request: Request<hyper::body::Incoming>| {
        let reached = request.extensions().get::<Reached>().unwrap().clone();
        let whole = whole(request.into_body(), 1 << 20, LONG).await;
        reached.engage().await;
        let told = whole.map_or("cut", |_| "well");
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(told.as_bytes()))))
    });
    tokio::spawn(serve(listener, service, ServerLimits { head, most, stall: None }, async { drop(stopped.await) }));
    (address, stop)
}

async fn ask(wire: &mut TcpStream) -> String {
    wire.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
    let mut said = Vec::new();
    timeout(LONG, async {
        while !said.ends_with(b"well") {
            assert_ne!(wire.read_buf(&mut said).await.unwrap(), 0, "closed after {said:?}");
        }
    })
    .await
    .unwrap();
    String::from_utf8(said).unwrap()
}

/// Until the other side closes, by an end or a reset.
async fn closed(wire: &mut TcpStream) {
    let end = timeout(LONG, async { while matches!(wire.read(&mut [0; 512]).await, Ok(1..)) {} });
    end.await.expect("it stays open");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_does_not_become_whole_ends_its_connection_and_an_idle_one_stays() {
    const PATIENCE: Duration = Duration::from_millis(300);
    let (address, _stop) = well(PATIENCE, 10).await;
    let connect = || async { TcpStream::connect(address).await.unwrap() };
    let mut idle = connect().await;
    ask(&mut idle).await;
    let (mut silent, mut half, mut again) = (connect().await, connect().await, connect().await);
    half.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nx: ").await.unwrap();
    ask(&mut again).await;
    again.write_all(b"G").await.unwrap();
    let began = Instant::now();
    // Bytes that go on coming are no whole head either.
    let (mut read, mut write) = connect().await.into_split();
    let dribble = tokio::spawn(async move {
        while write.write_all(b"x").await.is_ok() {
            tokio::time::sleep(PATIENCE / 10).await;
        }
    });
    for wire in [&mut silent, &mut half, &mut again] {
        closed(wire).await;
    }
    let end = timeout(LONG, async { while matches!(read.read(&mut [0; 512]).await, Ok(1..)) {} });
    end.await.expect("a head that dribbles holds its place for ever");
    timeout(LONG, dribble).await.unwrap().unwrap();
    assert!(began.elapsed() >= PATIENCE * 9 / 10, "{:?}", began.elapsed());
    assert!(ask(&mut idle).await.contains("200"), "it was idle for longer than a head may take");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_sent_requests_keep_nobody_out_and_what_is_answered_keeps_its_place() {
    let (address, _stop) = well(LONG * 10, 8).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    ask(&mut first).await;
    let mut held = Vec::new();
    for place in 0..500 {
        let mut wire = TcpStream::connect(address).await.unwrap();
        let begun: &[u8] = match place % 3 {
            0 => b"",
            1 => b"POST / HTTP/1.1\r\nhost: x\r\n",
            _ => b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf",
        };
        wire.write_all(begun).await.unwrap();
        held.push(wire);
    }
    let mut new = TcpStream::connect(address).await.unwrap();
    ask(&mut new).await;
    for wire in &mut held[..480] {
        closed(wire).await;
    }
    assert!(ask(&mut first).await.contains("200"), "idle connections go last");
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_waits_for_nobody_who_waits_for_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let service = service_fn(async |_: Request<hyper::body::Incoming>| Ok::<_, Infallible>(Response::new(Full::new(Bytes::new()))));
    let server = tokio::spawn(serve(listener, service, ServerLimits { head: LONG, most: 8, stall: None }, async { drop(stopped.await) }));
    let mut half = TcpStream::connect(address).await.unwrap();
    half.write_all(b"GET / HT").await.unwrap();
    stop.send(()).unwrap();
    timeout(LONG / 2, server).await.expect("it waits").unwrap();
    closed(&mut half).await;
}

#[tokio::test]
async fn whoever_vanishes_without_a_word_is_probed_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (served, _) = listener.accept().await.unwrap();
    let seen = socket2::SockRef::from(&served).try_clone().unwrap();
    assert!(!seen.keepalive().unwrap(), "the system does so by itself, so nothing is shown");
    let service =
        service_fn(async |_: Request<hyper::body::Incoming>| Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"well")))));
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    tokio::spawn(converse(served, service, std::sync::Arc::new(ConnectionProgress::new(LONG)), stopped));
    // It has said something, so it serves; and it waits for nothing.
    ask(&mut client).await;
    let seconds = [seen.tcp_keepalive_time(), seen.tcp_keepalive_interval()].map(|time| time.unwrap().as_secs());
    assert_eq!((seen.keepalive().unwrap(), seconds, seen.tcp_keepalive_retries().unwrap()), (true, [10, 10], 3));
}
