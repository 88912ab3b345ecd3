//! What the tests of this room share: a client, a quick provider, and an answer with what it took. Compiled for tests only.

use crate::dialect::{AnswerReader, ClientRequest, Flaw, Mark, error_code, wire_request};
use crate::model::{Dialect, Operation, Provider, Simulation};
use crate::units;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Any free port on loopback.
pub(super) fn loopback() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// A provider that answers within some milliseconds.
pub(super) fn quick(dialect: Dialect) -> Provider {
    Provider {
        dialect,
        cloud: None,
        region: Some("swedencentral".into()),
        residency: None,
        base_url: None,
        credential: None,
        models: BTreeMap::from([("chat".to_owned(), "gpt-4o".to_owned())]),
        price: None,
        simulation: Simulation {
            first_token_p50: units::Duration::from_millis(5),
            first_token_p95: units::Duration::from_millis(8),
            tail_share: units::Ratio::new(0.0).unwrap(),
            tail_p50: units::Duration::from_millis(20),
            token_gap: units::Duration::from_millis(1),
            ..Simulation::default()
        },
        contract: None,
        retires: BTreeMap::new(),
    }
}

/// A client with a pool of its own for each test: a pool must not outlive its test's runtime.
pub(super) fn client() -> reqwest::Client {
    static PROVIDER: OnceLock<()> = OnceLock::new();
    PROVIDER.get_or_init(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// An answer as it came.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) headers: reqwest::header::HeaderMap,
    pub(super) body: Vec<u8>,
    /// True where the connection was cut before the body's end.
    pub(super) cut: bool,
    pub(super) headers_after: Duration,
    pub(super) took: Duration,
    dialect: Dialect,
    ask: ClientRequest,
}

impl Got {
    pub(super) async fn read(response: reqwest::Response, id: u64, streamed: bool) -> Self {
        Self::since(Instant::now(), response, Dialect::OpenAi, asked(id, streamed)).await
    }

    async fn since(started: Instant, mut response: reqwest::Response, dialect: Dialect, ask: ClientRequest) -> Self {
        let (status, headers, headers_after) = (response.status().as_u16(), response.headers().clone(), started.elapsed());
        let mut body = Vec::new();
        let cut = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        Self { status, headers, body, cut, headers_after, took: started.elapsed(), dialect, ask }
    }

    /// What the traffic would say of it.
    pub(super) fn judgement(&self) -> Result<(), Flaw> {
        let mut reader = AnswerReader::new(self.dialect, &self.ask);
        reader.feed(&self.body);
        reader.finish()
    }

    /// The code of a refusal.
    pub(super) fn code(&self) -> Option<String> {
        error_code(|name| self.headers.get(name)?.to_str().ok(), &self.body)
    }

    /// Who answered, by the gateway's word.
    pub(super) fn provider(&self) -> &str {
        self.headers.get("x-lifeboat-provider").map_or("nobody", |name| name.to_str().unwrap())
    }
}

fn asked(id: u64, streamed: bool) -> ClientRequest {
    ClientRequest::chat(Mark { drill: 1, id }, "gpt-4o", streamed)
}

/// Sends one chat completion of the traffic.
pub(super) async fn ask(dialect: Dialect, base_url: &str, key: &str, id: u64, streamed: bool) -> Got {
    ask_with(&client(), dialect, base_url, key, id, streamed).await
}

/// The same over a client's open connections.
pub(super) async fn ask_with(client: &reqwest::Client, dialect: Dialect, base_url: &str, key: &str, id: u64, streamed: bool) -> Got {
    send(client, dialect, base_url, key, asked(id, streamed)).await
}

/// The same of whatever can be asked for.
pub(super) async fn ask_for(dialect: Dialect, operation: Operation, base_url: &str, key: &str, streamed: bool) -> Got {
    send(&client(), dialect, base_url, key, ClientRequest { operation, ..asked(1, streamed) }).await
}

async fn send(client: &reqwest::Client, dialect: Dialect, base_url: &str, key: &str, ask: ClientRequest) -> Got {
    let wire = wire_request(dialect, &ask, key);
    let mut request = client.post(format!("{base_url}{}", wire.path)).body(wire.body);
    for (name, value) in wire.headers {
        request = request.header(name, value);
    }
    let started = Instant::now();
    Got::since(started, request.send().await.unwrap(), dialect, ask).await
}
