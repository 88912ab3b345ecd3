//! The proxy as its users meet it: over its control API, with a provider behind it and connections that are already open.

mod afar;
mod api;
mod asking;
mod authority;
mod bodies;
mod chaos;
mod dialects;
mod faults;
mod guards;
mod hangup;
mod hostile;
mod limited;
mod passage;
mod places;
mod shapes;
mod sight;
mod straight;
mod toxics;

use super::*;
use crate::dialect::{MARK_HEADER, Mark};
use crate::fault::{RawToxic, Toxic};
use crate::journal::HostTime;
use crate::units::{Fingerprint, explained};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use bytes::Bytes;
use hyper::body::Frame;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::future::Future;
use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Tells a hang from a busy machine; nothing here needs a tenth of it.
const LONG: Duration = Duration::from_secs(20);
/// Long enough for bytes on loopback to arrive a thousand times over.
const SILENCE: Duration = Duration::from_millis(150);

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(LONG, what).await.expect("this should not take twenty seconds")
}

/// More than any buffer or window on the way holds.
const LARGE: usize = 16 << 20;

/// A provider: `/echo` tells what it got, `/stream` sends what the test says, `/large` sends much, `/never` does not
/// answer.
#[derive(Debug, Clone, Default)]
struct Provider {
    asked: Arc<AtomicU64>,
    streams: Arc<Mutex<Vec<mpsc::Sender<Bytes>>>>,
}

struct Chunks(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }
}

impl Provider {
    async fn start(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = axum::Router::new().fallback(any(Self::answer)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        address
    }

    async fn answer(State(provider): State<Self>, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        // One that breaks off is none.
        let Ok(body) = axum::body::to_bytes(body, 64 << 20).await else { return Response::new(axum::body::Body::empty()) };
        provider.asked.fetch_add(1, Ordering::SeqCst);
        match parts.uri.path() {
            "/never" => std::future::pending().await,
            "/large" => Response::new(vec![b'x'; LARGE].into()),
            "/stream" => {
                let (sender, receiver) = mpsc::channel(64);
                provider.streams.lock().unwrap().push(sender);
                Response::builder().header("content-type", "text/event-stream").body(axum::body::Body::new(Chunks(receiver))).unwrap()
            }
            _ => {
                let host = parts.headers["host"].to_str().unwrap().to_owned();
                let told = json!({"uri": parts.uri.to_string(), "host": host, "length": body.len(), "method": parts.method.as_str()});
                Response::new(told.to_string().into())
            }
        }
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    /// The sender of the newest stream, once there are `count`.
    async fn stream(&self, count: usize) -> mpsc::Sender<Bytes> {
        soon(async {
            loop {
                if let Some(sender) = self.streams.lock().unwrap().get(count - 1) {
                    return sender.clone();
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }
}

/// A proxy `p` in front of a provider, and its control API.
struct Rig {
    proxy: Proxy,
    provider: Provider,
    upstream: SocketAddr,
    listen: String,
    http: reqwest::Client,
}

impl Rig {
    async fn start(dialect: &str) -> Self {
        let provider = Provider::default();
        let upstream = provider.start().await;
        let mut rig = Self::empty().await;
        let scheme = if dialect == "tcp" { "" } else { "http://" };
        let asked = json!({"name": "p", "listen": "127.0.0.1:0", "upstream": format!("{scheme}{upstream}"), "dialect": dialect});
        let (status, created) = rig.call("POST", "/proxies", Some(asked)).await;
        assert_eq!(status, 201, "{created}");
        rig.listen = created["listen"].as_str().unwrap().to_owned();
        Self { provider, upstream, ..rig }
    }

    async fn empty() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let proxy = Proxy::start(([127, 0, 0, 1], 0).into()).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let upstream = proxy.api();
        Self { proxy, provider: Provider::default(), upstream, listen: String::new(), http }
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("http://{}{path}", self.proxy.api());
        let mut request = self.http.request(method.parse().unwrap(), url).header("x-lifeboat", "1");
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = soon(request.send()).await.unwrap();
        (answer.status().as_u16(), soon(answer.bytes()).await.map(|bytes| serde_json::from_slice(&bytes).unwrap_or_default()).unwrap())
    }

    /// Adds a toxic that takes whatever is asked: most of what these tests ask is no inference.
    async fn inject(&self, kind: &str, mut attributes: Value) -> Value {
        let bare = RawToxic { kind: Some(kind.to_owned()), attributes: attributes.as_object().cloned(), ..RawToxic::default() };
        if Toxic::parse(&bare).is_ok_and(|toxic| toxic.effect.needs_http()) {
            attributes["match"]["requests"] = json!("all");
        }
        let toxic = json!({"name": "t", "type": kind, "attributes": attributes, "ttl_ms": 60_000});
        let (status, toxic) = self.call("POST", "/proxies/p/toxics", Some(toxic)).await;
        assert_eq!(status, 200, "{toxic}");
        assert!(toxic["applied"]["lo"].as_u64() <= toxic["applied"]["hi"].as_u64(), "{toxic}");
        toxic
    }

    async fn heal(&self) -> Value {
        let (status, toxic) = self.call("DELETE", "/proxies/p/toxics/t", None).await;
        assert_eq!(status, 200, "{toxic}");
        toxic
    }

    async fn link(&self) -> Wire {
        Wire(soon(TcpStream::connect(&self.listen)).await.unwrap())
    }

    /// One request on a connection of its own.
    async fn ask(&self, path: &str) -> (u16, String) {
        self.link().await.ask(path).await
    }
}

/// A gateway's connection.
struct Wire(TcpStream);

impl Wire {
    async fn send(&mut self, path: &str) {
        let request = format!("GET {path} HTTP/1.1\r\nhost: proxy\r\nauthorization: Bearer sk-secret\r\n\r\n");
        self.0.write_all(request.as_bytes()).await.unwrap();
    }

    /// Reads until `end` was seen; what came is handed back.
    async fn until(&mut self, end: &str) -> String {
        let mut came = Vec::new();
        soon(async {
            while !String::from_utf8_lossy(&came).contains(end) {
                assert_ne!(self.0.read_buf(&mut came).await.unwrap(), 0, "closed after {:?}", String::from_utf8_lossy(&came));
            }
        })
        .await;
        String::from_utf8(came).unwrap()
    }

    /// An answer with a content length.
    async fn answer(&mut self) -> (u16, String) {
        let came = self.until("\r\n\r\n").await;
        let status = came.split(' ').nth(1).unwrap().parse().unwrap();
        let (head, mut body) = came.split_once("\r\n\r\n").map(|(head, body)| (head.to_ascii_lowercase(), body.to_owned())).unwrap();
        let length: usize = head.split("content-length: ").nth(1).expect(&head).lines().next().unwrap().parse().unwrap();
        let mut more = vec![0; length - body.len()];
        soon(self.0.read_exact(&mut more)).await.unwrap();
        body.push_str(std::str::from_utf8(&more).unwrap());
        (status, body)
    }

    async fn ask(&mut self, path: &str) -> (u16, String) {
        self.send(path).await;
        self.answer().await
    }

    /// Nothing comes, and the connection stays open.
    async fn is_silent(&mut self) {
        let mut came = [0; 64];
        let read = timeout(SILENCE, self.0.read(&mut came)).await;
        assert!(read.is_err(), "something came: {read:?}");
    }

    /// The end of the connection: `Ok` where it was closed, an error where it was reset.
    async fn end(&mut self) -> std::io::Result<()> {
        let mut rest = Vec::new();
        soon(self.0.read_to_end(&mut rest)).await.map(|_| ())
    }
}

/// A reader of `GET /events`.
struct Reader {
    response: reqwest::Response,
    read: String,
}

impl Reader {
    async fn open(rig: &Rig) -> Self {
        let response = soon(rig.http.get(format!("http://{}/events", rig.proxy.api())).send()).await.unwrap();
        let mut reader = Self { response, read: String::new() };
        let hello = reader.next().await;
        assert!(hello["hello"]["boot_id"].is_string(), "{hello}");
        reader
    }

    async fn next(&mut self) -> Value {
        loop {
            if let Some((line, rest)) = self.read.split_once('\n') {
                let event = serde_json::from_str(line).unwrap();
                self.read = rest.to_owned();
                return event;
            }
            let chunk = soon(self.response.chunk()).await.unwrap().expect("events do not end");
            self.read.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn exchange(&mut self) -> Value {
        loop {
            let event = self.next().await;
            if event["exchange"].is_object() {
                return event["exchange"].clone();
            }
        }
    }
}
