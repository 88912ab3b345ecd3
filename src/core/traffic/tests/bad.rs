//! Bad answers and bad addresses: memory stays bounded, each gets its word, and the next request is served.

use super::*;
use std::time::Duration;

const LITTLE: Duration = Duration::from_millis(300);

/// Writes the head, then the same piece over and over until nobody takes it any more.
async fn endless(head: &'static str, piece: Vec<u8>) -> (SocketAddr, std::sync::Arc<std::sync::atomic::AtomicU64>) {
    let written = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let (counted, piece) = (written.clone(), std::sync::Arc::<[u8]>::from(piece));
    let address = serve(move |mut stream| {
        let (written, piece) = (counted.clone(), piece.clone());
        async move {
            super::head(&mut stream).await;
            let _ = stream.write_all(head.as_bytes()).await;
            while stream.write_all(&piece).await.is_ok() {
                written.fetch_add(piece.len() as u64, std::sync::atomic::Ordering::Relaxed);
            }
        }
    })
    .await;
    (address, written)
}

#[tokio::test]
async fn an_address_that_nobody_is_at_is_told() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for manner in [plain_http(), bytes("PING", "PONG"), ClientSettings::default()] {
        assert_eq!(told(&ask(&client(&http(free), manner.clone()), 0).await), (Outcome::Error, "refused"));
        let nowhere = client("http://no-such-host.invalid:80", manner);
        assert_eq!(told(&ask(&nowhere, 0).await), (Outcome::Error, "not-resolved"));
    }
}

#[tokio::test]
async fn ten_gigabytes_are_not_read() {
    let (address, written) = endless("HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n", vec![b'x'; 1 << 16]).await;
    for (manner, outcome) in [(plain_http(), "too-long"), (ClientSettings::default(), "too-long")] {
        assert_eq!(told(&ask(&client(&http(address), manner), 0).await), (Outcome::Error, outcome));
    }
    assert_eq!(told(&ask(&client(&http(address), bytes("GET / HTTP/1.1\r\n\r\n", "never")), 0).await), (Outcome::Error, "too-long"));
    // Three answers of at most 16 MB, and what sockets hold.
    assert!(written.load(std::sync::atomic::Ordering::Relaxed) < 100_000_000);
    let (address, _) = endless(
        "HTTP/1.1 503 Service Unavailable\r\ntransfer-encoding: chunked\r\n\r\n",
        b"8000\r\n".iter().copied().chain(vec![b'x'; 0x8000]).chain(*b"\r\n").collect(),
    )
    .await;
    assert_eq!(told(&ask(&client(&http(address), plain_http()), 0).await), (Outcome::Error, "status-503"));
}

#[tokio::test]
async fn headers_without_end_are_not_read() {
    let (address, written) = endless("HTTP/1.1 200 OK\r\n", vec![b'x'; 1 << 12]).await;
    assert_eq!(told(&ask(&client(&http(address), plain_http()), 0).await), (Outcome::Error, "head-too-long"));
    assert!(written.load(std::sync::atomic::Ordering::Relaxed) < 20_000_000, "a head of 64 KB, and what sockets hold");
    let (address, _) = endless("HTTP/1.1 200 OK\r\n", b"x-more: of this\r\n".repeat(64)).await;
    assert_eq!(told(&ask(&client(&http(address), plain_http()), 0).await), (Outcome::Error, "head-too-long"));
    // Any number of interim answers is allowed; the deadline ends them.
    let (address, _) = endless("", b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()).await;
    assert_eq!(ask_within(&client(&http(address), plain_http()), 0, LITTLE).await.outcome, Outcome::Timeout);
}

#[tokio::test]
async fn what_is_no_http_and_no_text_is_told() {
    for (answer, word) in [
        ("SSH-2.0-OpenSSH_9.9\r\n", "malformed-head"),
        ("HTTP/1.1 abc\r\n\r\n", "malformed-head"),
        ("", "cut-before-headers"),
        ("HTTP/1.1 200 OK\r\ncontent-le", "cut-before-headers"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", "cut"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "cut"),
    ] {
        let address = answering(answer, true).await;
        assert_eq!(told(&ask(&client(&http(address), plain_http()), 0).await), (Outcome::Error, word), "{answer}");
    }
    let cut = answering("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", true).await;
    assert_eq!(told(&ask(&client(&http(cut), plain_http()), 0).await), (Outcome::Truncated, "cut"));
    let mut garbage = b"HTTP/1.1 200 OK\r\nx-name: \xff\xfe\r\ncontent-length: 12\r\n\r\n".to_vec();
    garbage.extend_from_slice(b"data: \xff\xfe\xfd\x80\n\n");
    let address = answering(garbage, true).await;
    assert_eq!(told(&ask(&client(&http(address), ClientSettings::default()), 0).await), (Outcome::Error, "malformed"));
    assert_eq!(told(&ask(&client(&http(address), plain_http()), 0).await), (Outcome::Ok, ""), "bytes are bytes");
}

#[tokio::test]
async fn a_stream_that_never_ends_is_given_up() {
    let event = "data: {\"choices\":[{\"delta\":{\"content\":\"anchor \"}}]}\n\n";
    let chunk = format!("{:x}\r\n{event}\r\n", event.len());
    let (address, _) = endless("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", chunk.clone().into_bytes()).await;
    assert_eq!(told(&ask(&client(&http(address), ClientSettings::default()), 0).await), (Outcome::Error, "too-long"));
    let slow = serve(move |mut stream| {
        let chunk = chunk.clone();
        async move {
            head(&mut stream).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
            while stream.write_all(chunk.as_bytes()).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    })
    .await;
    let answer = ask_within(&client(&http(slow), ClientSettings::default()), 0, LITTLE).await;
    assert_eq!(told(&answer), (Outcome::Timeout, "stalled-in-stream"));
    assert!(answer.proof.is_some());
}

#[tokio::test]
async fn after_anything_bad_the_next_request_is_served() {
    let turn = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let address = serve(move |mut stream| {
        let turn = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        async move {
            head(&mut stream).await;
            let bad: &[u8] = match turn {
                0 => b"nonsense\r\n\r\n",
                1 => b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
                2 => b"",
                _ => b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc",
            };
            let _ = stream.write_all(bad).await;
        }
    })
    .await;
    let asking = client(&http(address), plain_http());
    let mut seen = Vec::new();
    for id in 0..5 {
        seen.push(told(&ask(&asking, id).await).1.to_owned());
    }
    assert_eq!(seen, ["malformed-head", "cut", "cut-before-headers", "", ""]);
}

#[tokio::test]
async fn where_a_request_stood_at_its_deadline_is_told() {
    let silent = serve(|mut stream| async move { while stream.read_u8().await.is_ok() {} }).await;
    assert_eq!(told(&ask_within(&client(&http(silent), plain_http()), 0, LITTLE).await), (Outcome::Timeout, "no-answer"));
    let headed = answering("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", false).await;
    assert_eq!(told(&ask_within(&client(&http(headed), plain_http()), 0, LITTLE).await), (Outcome::Timeout, "stalled-after-headers"));
    let begun = answering("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", false).await;
    assert_eq!(told(&ask_within(&client(&http(begun), plain_http()), 0, LITTLE).await), (Outcome::Timeout, "stalled-in-stream"));
    // A TLS handshake that nobody answers is a connection that is never open.
    let https = client(&format!("https://{silent}"), plain_http());
    assert_eq!(told(&ask_within(&https, 0, LITTLE).await), (Outcome::Timeout, "connect-timed-out"));
}
