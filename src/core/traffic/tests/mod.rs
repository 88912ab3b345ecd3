//! One request against sockets that answer well or badly, all on loopback.
//!
//! These tests are compiled twice: each request is a task of its own, on hyper, or it is driven by an event loop where that can be
//! ([`crate::traffic`]'s `tests_evented`). What becomes of it must be the same.

mod bad;
mod by_events;
mod client_settings;
mod ends;
mod served;

use super::client::Client;
use super::progress::{RequestProgress, RequestResult};
use super::target::{ClientSettings, Target};
use crate::dialect::{ClientRequest, Mark};
use crate::history::Outcome;
use crate::journal::Clock;
use crate::model::{Dialect, Operation, PlainRequest};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Long enough for anything on loopback, short enough to wait for.
const DEADLINE: std::time::Duration = std::time::Duration::from_secs(20);

fn target(url: &str) -> Target {
    Target { base_url: url.into(), dialect: Dialect::OpenAi, model: "m".into(), key: "k".into(), replicas: Vec::new() }
}

/// Asks for `/` and expects 200.
pub(super) fn plain_http() -> ClientSettings {
    ClientSettings { plain: Some(PlainRequest::default()), ..ClientSettings::default() }
}

pub(super) fn bytes(send: &str, expect: &str) -> ClientSettings {
    let plain = PlainRequest { send: Some(send.into()), contains: Some(expect.into()), ..PlainRequest::default() };
    ClientSettings { plain: Some(plain), bytes: true, ..ClientSettings::default() }
}

pub(super) fn client(url: &str, manner: ClientSettings) -> Client {
    Client::with(target(url), manner).unwrap()
}

/// Request number `id`, given up after `within`.
async fn ask_within(client: &Client, id: u64, within: std::time::Duration) -> RequestResult {
    let mark = Mark { drill: 1, id };
    let ask = ClientRequest { mark, model: "m".into(), operation: Operation::Chat, streamed: true, expect: Arc::default() };
    if module_path!().ends_with("tests_evented")
        && let Some(answer) = by_events::ask(client, &ask, within).await
    {
        return answer;
    }
    let (clock, progress) = (Clock::start(), RequestProgress::default());
    let asked = tokio::time::timeout(within, client.ask(&ask, None, clock, &progress)).await;
    asked.unwrap_or_else(|_| progress.timed_out(clock.now()))
}

async fn ask(client: &Client, id: u64) -> RequestResult {
    ask_within(client, id, DEADLINE).await
}

/// Its outcome, and the word for it.
fn told(answer: &RequestResult) -> (Outcome, &str) {
    (answer.outcome, answer.why.as_deref().unwrap_or(""))
}

/// Listens, and does this with every connection.
pub(super) async fn serve<F: Future<Output = ()> + Send + 'static>(with: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(with(stream));
        }
    });
    address
}

/// Reads the head of a request; empty where the connection ended.
async fn head(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => text.push(byte),
            Err(_) => return String::new(),
        }
    }
    String::from_utf8(text).unwrap()
}

/// Answers every request on every connection with these bytes; then closes where `closing`.
pub(super) async fn answering(bytes: impl Into<Vec<u8>>, closing: bool) -> SocketAddr {
    let bytes: std::sync::Arc<[u8]> = bytes.into().into();
    serve(move |mut stream| {
        let bytes = bytes.clone();
        async move { while !head(&mut stream).await.is_empty() && stream.write_all(&bytes).await.is_ok() && !closing {} }
    })
    .await
}

pub(super) fn http(address: SocketAddr) -> String {
    format!("http://{address}")
}
