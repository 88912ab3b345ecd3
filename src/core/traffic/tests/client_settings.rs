//! Connections, HTTP/2, TLS, forward proxies, keys and timeouts.

use super::*;
use crate::model::{Connections, HttpVersion, Timeouts, Wire};
use crate::units;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc";

fn wired(wire: Wire) -> ClientSettings {
    ClientSettings { wire, ..plain_http() }
}

fn connections(connections: Connections) -> ClientSettings {
    wired(Wire { connections, ..Wire::default() })
}

/// Counts connections; answers each request after `pause`.
async fn counting(pause: Duration) -> (SocketAddr, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let address = serve(move |mut stream| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move {
            while !head(&mut stream).await.is_empty() {
                tokio::time::sleep(pause).await;
                if stream.write_all(OK).await.is_err() {
                    break;
                }
            }
        }
    })
    .await;
    (address, count)
}

#[tokio::test]
async fn connections_are_kept_or_made_anew_or_waited_for() {
    for (policy, expected) in [(Connections::Pooled, 1), (Connections::PerRequest, 4), (Connections::AtMost(2), 1)] {
        let (address, count) = counting(Duration::ZERO).await;
        let asking = client(&http(address), connections(policy));
        for id in 0..4 {
            assert_eq!(told(&ask(&asking, id).await), (Outcome::Ok, ""), "{policy:?}");
        }
        assert_eq!(count.load(Ordering::SeqCst), expected, "{policy:?}");
    }
    let (address, count) = counting(Duration::from_millis(20)).await;
    let asking = client(&http(address), connections(Connections::AtMost(2)));
    let all = futures_util::future::join_all((0..8).map(|id| ask(&asking, id))).await;
    assert!(all.iter().all(|answer| answer.outcome == Outcome::Ok), "{all:?}");
    assert_eq!(count.load(Ordering::SeqCst), 2);
    // Four turns of 20 ms each on two connections.
    assert!(all.iter().map(|answer| answer.done).max().unwrap() >= 80_000_000);
    let silent = serve(|mut stream| async move { while stream.read_u8().await.is_ok() {} }).await;
    let asking = client(&http(silent), connections(Connections::AtMost(1)));
    let (longer, shorter) = (Duration::from_secs(1), Duration::from_millis(200));
    let (first, second) = tokio::join!(ask_within(&asking, 0, longer), ask_within(&asking, 1, shorter));
    assert_eq!([told(&first).1, told(&second).1], ["no-answer", "no-free-connection"]);
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_harms_nobody() {
    let (closed, mut closes) = tokio::sync::mpsc::unbounded_channel();
    let address = serve(move |mut stream| {
        let closed = closed.clone();
        async move {
            head(&mut stream).await;
            let _ = stream.write_all(OK).await;
            drop(stream);
            let _ = closed.send(());
        }
    })
    .await;
    let asking = client(&http(address), plain_http());
    for id in 0..5 {
        assert_eq!(told(&ask(&asking, id).await), (Outcome::Ok, ""));
        closes.recv().await.unwrap();
    }
}

/// Serves HTTP/2 on a stream.
async fn serve_http2(stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static) {
    let answer = hyper::service::service_fn(|request: hyper::Request<hyper::body::Incoming>| async move {
        assert_eq!(request.version(), hyper::Version::HTTP_2);
        Ok::<_, std::convert::Infallible>(hyper::Response::new(http_body_util::Full::new(bytes::Bytes::from_static(b"abc"))))
    });
    let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer).await;
}

fn two() -> Wire {
    Wire { http: HttpVersion::Two, ..Wire::default() }
}

#[tokio::test]
async fn http_2_with_prior_knowledge_shares_a_connection() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let address = serve(move |stream| {
        counted.fetch_add(1, Ordering::SeqCst);
        serve_http2(stream)
    })
    .await;
    let asking = client(&http(address), wired(two()));
    let all = futures_util::future::join_all((0..20).map(|id| ask(&asking, id))).await;
    assert!(all.iter().all(|answer| answer.outcome == Outcome::Ok), "{all:?}");
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_server_that_refuses_the_beginning_of_http_2_in_its_own_words_is_not_http_2() {
    for refusal in
        ["HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n", "HTTP/1.1 505 HTTP Version Not Supported\r\n\r\n", "no\r\n\r\n"]
    {
        for connections in [Connections::Pooled, Connections::PerRequest] {
            let address = serve(move |mut stream| async move {
                // The beginning and the settings behind it, so that closing takes nothing back.
                let _ = stream.read_exact(&mut [0; 24 + 9]).await;
                let _ = stream.write_all(refusal.as_bytes()).await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            })
            .await;
            let asking = client(&http(address), wired(Wire { connections, ..two() }));
            for id in 0..3 {
                assert_eq!(told(&ask(&asking, id).await), (Outcome::Error, "not-http-2"), "{refusal}");
            }
        }
    }
    // A server that closes without a word has not shown its protocol; one that spoke HTTP/2 before it closed has.
    for settings in [&b""[..], b"\0\0\0\x04\0\0\0\0\0"] {
        let address = serve(move |mut stream| async move {
            let _ = stream.read_exact(&mut [0; 24 + 9]).await;
            let _ = stream.write_all(settings).await;
        })
        .await;
        assert_eq!(told(&ask(&client(&http(address), wired(two())), 0).await), (Outcome::Error, "cut-before-headers"));
    }
}

/// An authority's PEM in a file, and what accepts handshakes with a certificate of its making.
struct Certified {
    file: tempfile::NamedTempFile,
    acceptor: tokio_rustls::TlsAcceptor,
}

fn certified(name: &str, expired: bool, protocols: &[&[u8]]) -> Certified {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), authority.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(authority, key);
    let mut leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
    if expired {
        leaf.not_after = date_time_ymd(2001, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = leaf.signed_by(&key, &issuer).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let secret = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = config.with_single_cert(vec![certificate.der().clone()], secret).unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Certified { file, acceptor: tokio_rustls::TlsAcceptor::from(Arc::new(config)) }
}

/// Serves HTTP/1.1 or HTTP/2 over TLS, as was negotiated.
async fn over_tls(acceptor: &tokio_rustls::TlsAcceptor) -> String {
    let acceptor = acceptor.clone();
    let address = serve(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                return serve_http2(stream).await;
            }
            let _ = stream.read_u8().await;
            let _ = stream.write_all(OK).await;
            // Until the client is done with it.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    })
    .await;
    format!("https://{address}")
}

#[tokio::test]
async fn certificates_are_verified_against_the_authority_that_was_named() {
    let good = certified("127.0.0.1", false, &[b"h2", b"http/1.1"]);
    let trusting = |certified: &Certified, wire: Wire| ClientSettings { authority: Some(certified.file.path().into()), ..wired(wire) };
    let url = over_tls(&good.acceptor).await;
    assert_eq!(told(&ask(&client(&url, trusting(&good, Wire::default())), 0).await), (Outcome::Ok, ""));
    assert_eq!(told(&ask(&client(&url, trusting(&good, two())), 0).await), (Outcome::Ok, ""));
    assert_eq!(told(&ask(&client(&url, plain_http()), 0).await), (Outcome::Error, "certificate-untrusted"));
    let other = certified("other.example", false, &[]);
    let elsewhere = over_tls(&other.acceptor).await;
    assert_eq!(told(&ask(&client(&elsewhere, trusting(&other, Wire::default())), 0).await), (Outcome::Error, "certificate-wrong-name"));
    let old = certified("127.0.0.1", true, &[]);
    let expired = over_tls(&old.acceptor).await;
    assert_eq!(told(&ask(&client(&expired, trusting(&old, Wire::default())), 0).await), (Outcome::Error, "certificate-expired"));
    let first = certified("127.0.0.1", false, &[]);
    let without = over_tls(&first.acceptor).await;
    assert_eq!(told(&ask(&client(&without, trusting(&first, two())), 0).await), (Outcome::Error, "not-http-2"));
    // What does not know HTTP/2 either refuses the handshake with alert 120, or chooses what was not offered.
    let older = certified("127.0.0.1", false, &[b"http/1.1"]);
    let refusing = over_tls(&older.acceptor).await;
    assert_eq!(told(&ask(&client(&refusing, trusting(&older, two())), 0).await), (Outcome::Error, "not-http-2"));
    let address = answering(OK, true).await;
    let bare = client(&format!("https://{address}"), plain_http());
    assert_eq!(ask_within(&bare, 0, Duration::from_millis(300)).await.outcome, Outcome::Timeout, "it waits for a line that never ends");
    let talking = serve(|mut stream| async move {
        let _ = stream.write_all(OK).await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    assert_eq!(told(&ask(&client(&format!("https://{talking}"), plain_http()), 0).await), (Outcome::Error, "tls-refused"));
    let missing = ClientSettings { authority: Some("/no/such/file.pem".into()), ..plain_http() };
    assert!(Client::with(target(&url), missing).unwrap_err().to_string().contains("/no/such/file.pem"));
}

#[tokio::test]
async fn a_forward_proxy_is_asked_in_full_or_opens_a_tunnel() {
    let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let address = serve(move |mut stream| {
        let heard = heard.clone();
        async move {
            let asked = head(&mut stream).await;
            let line = asked.lines().next().unwrap_or_default().to_owned();
            heard.send(line.clone()).unwrap();
            let answer = match line.as_str() {
                line if line.starts_with("CONNECT forbidden") => &b"HTTP/1.1 403 Forbidden\r\n\r\n"[..],
                line if line.starts_with("CONNECT") => b"HTTP/1.1 200 Connection established\r\n\r\nPONG",
                _ => OK,
            };
            let _ = stream.write_all(answer).await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    })
    .await;
    let through = |manner: ClientSettings| ClientSettings { proxy: Some(http(address)), ..manner };
    assert_eq!(told(&ask(&client("http://gw.invalid:81/v1", through(plain_http())), 0).await), (Outcome::Ok, ""));
    assert_eq!(hears.recv().await.unwrap(), "GET http://gw.invalid:81/v1 HTTP/1.1");
    assert_eq!(told(&ask(&client("tcp://gw.invalid:6379", through(bytes("PING", "PONG"))), 0).await), (Outcome::Ok, ""));
    assert_eq!(hears.recv().await.unwrap(), "CONNECT gw.invalid:6379 HTTP/1.1");
    assert_eq!(told(&ask(&client("https://forbidden.invalid", through(plain_http())), 0).await), (Outcome::Error, "proxy-refused"));
    assert_eq!(hears.recv().await.unwrap(), "CONNECT forbidden.invalid:443 HTTP/1.1");
}

#[tokio::test]
async fn each_key_has_its_turn_and_the_seed_says_which() {
    let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let address = serve(move |mut stream| {
        let heard = heard.clone();
        async move {
            let asked = head(&mut stream).await;
            let key = asked.lines().find_map(|line| line.strip_prefix("authorization: Bearer ")).unwrap().to_owned();
            heard.send(key).unwrap();
            let _ = stream.write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
        }
    })
    .await;
    let asking = client(&http(address), ClientSettings { keys: vec!["a".into(), "b".into()], ..ClientSettings::default() });
    let mut seen = Vec::new();
    for id in 0..40 {
        assert_eq!(told(&ask(&asking, id).await), (Outcome::Error, "status-401"));
        seen.push(hears.recv().await.unwrap());
    }
    assert!(seen.chunks(2).all(|pair| pair[0] != pair[1]), "each in every round: {seen:?}");
    assert!(seen.chunks(2).any(|pair| pair[0] == "b") && seen.chunks(2).any(|pair| pair[0] == "a"), "in no fixed order: {seen:?}");
}

#[tokio::test]
async fn each_part_has_a_timeout_of_its_own() {
    let little = Some(units::Duration::from_millis(50));
    let limited = |timeouts| wired(Wire { timeouts, ..Wire::default() });
    let silent = serve(|mut stream| async move { while stream.read_u8().await.is_ok() {} }).await;
    let first_byte = limited(Timeouts { first_byte: little, ..Timeouts::default() });
    assert_eq!(told(&ask(&client(&http(silent), first_byte), 0).await), (Outcome::Timeout, "no-answer"));
    let connect = limited(Timeouts { connect: little, ..Timeouts::default() });
    assert_eq!(told(&ask(&client(&format!("https://{silent}"), connect), 0).await), (Outcome::Timeout, "connect-timed-out"));
    let idle = limited(Timeouts { idle: little, ..Timeouts::default() });
    let begun = answering("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", false).await;
    let answer = ask(&client(&http(begun), idle), 0).await;
    assert_eq!(told(&answer), (Outcome::Timeout, "stalled-in-stream"));
    // Long before the deadline, which is what the timeout is for.
    assert!(answer.done < 10_000_000_000);
}
