//! Any bytes from a gateway and any bytes from its provider, through a real proxy on loopback: nothing panics or hangs, what reaches the
//! provider is one well-formed request at a time, and what comes back is HTTP.
//!
//! The two are divided by the line `----`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lifeboat::proxy::Proxy;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::time::timeout;

const DIVISION: &[u8] = b"\n----\n";
/// How HTTP/2 begins (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Nothing here takes a hundredth of it.
const LONG: Duration = Duration::from_secs(4);

/// What stands for all rounds.
struct Stand {
    runtime: Runtime,
    _proxy: Proxy,
    listen: String,
    upstream: String,
    answer: Arc<Mutex<Vec<u8>>>,
    came: Arc<Mutex<Vec<Vec<u8>>>>,
}

static STAND: LazyLock<Stand> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (answer, came) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let (answering, coming) = (answer.clone(), came.clone());
    let (proxy, listen, upstream) = runtime.block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            loop {
                let (mut wire, _) = listener.accept().await.unwrap();
                let (answering, coming) = (answering.clone(), coming.clone());
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                        if !matches!(wire.read_buf(&mut head).await, Ok(1..)) {
                            break;
                        }
                    }
                    coming.lock().unwrap().push(head);
                    let answer = answering.lock().unwrap().clone();
                    let _ = wire.write_all(&answer).await;
                    let _ = wire.shutdown().await;
                    // To the end, so that the answer is not taken back by a reset.
                    let mut rest = [0; 4096];
                    while matches!(wire.read(&mut rest).await, Ok(1..)) {}
                });
            }
        });
        let proxy = Proxy::start(([127, 0, 0, 1], 0).into()).await.unwrap();
        let config = format!(r#"[{{"name": "p", "listen": "127.0.0.1:0", "upstream": "http://{upstream}", "dialect": "openai"}}]"#);
        let made = proxy.populate(config.as_bytes()).await.unwrap();
        (proxy, made[0][1].clone(), upstream)
    });
    Stand { runtime, _proxy: proxy, listen, upstream, answer, came }
});

fuzz_target!(|data: &[u8]| {
    let place = data.windows(DIVISION.len()).position(|part| part == DIVISION);
    let (asked, answer) = place.map_or((data, &b""[..]), |place| (&data[..place], &data[place + DIVISION.len()..]));
    let stand = &*STAND;
    *stand.answer.lock().unwrap() = answer.to_vec();
    stand.came.lock().unwrap().clear();
    let told = stand.runtime.block_on(async {
        let mut wire = TcpStream::connect(&stand.listen).await.unwrap();
        let _ = wire.write_all(asked).await;
        let mut told = Vec::new();
        // A request that is not whole is waited for: then the gateway gives up.
        if timeout(Duration::from_millis(3), wire.read_to_end(&mut told)).await.is_err() {
            let _ = wire.shutdown().await;
            let _ = timeout(LONG, wire.read_to_end(&mut told)).await.expect("a connection is stuck");
        }
        told
    });
    // Who begins as HTTP/2 does is answered in it, which begins with the length of a frame and its type, SETTINGS. Who begins as neither does is
    // sent away in it: behind its SETTINGS, which are empty, there is GOAWAY.
    let is_framed = told.get(3) == Some(&4) && (asked.starts_with(PREFACE) || told.get(12) == Some(&7));
    let is_http = told.starts_with(b"HTTP/1.") || is_framed;
    assert!(told.is_empty() || is_http, "{:?}", String::from_utf8_lossy(&told));
    assert!(told.len() <= 64 * (data.len() + 1024), "{} bytes of {}", told.len(), data.len());
    for head in stand.came.lock().unwrap().iter().filter(|head| !head.is_empty()) {
        let text = String::from_utf8_lossy(head);
        let (head, _) = text.split_once("\r\n\r\n").expect("a whole head");
        let mut lines = head.split("\r\n");
        assert!(lines.next().is_some_and(|first| first.ends_with(" HTTP/1.1") && first.split(' ').count() == 3), "{head}");
        let lines: Vec<String> = lines.map(str::to_ascii_lowercase).collect();
        let count = |name: &str| lines.iter().filter(|line| line.starts_with(name)).count();
        assert!(lines.contains(&format!("host: {}", stand.upstream)) && count("host:") == 1, "{head}");
        assert!(count("content-length:") + count("transfer-encoding:") <= 1, "it has two lengths: {head}");
    }
});
