//! What the proxy saw, as JSON lines for any number of readers.
//!
//! Each line is an object with one key that names its kind: `hello` (the first a reader gets), `exchange`, `connection` (where only bytes are seen), `fault`, `gap` (how many
//! events a slow reader missed), `full` (how many connections have waited because no more files may be open). Moments are `HostTime` nanoseconds. A credential appears as its fingerprint.

use crate::dialect::Mark;
use crate::journal::{HostTime, boot_id};
use crate::units::Fingerprint;
use bytes::Bytes;
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::broadcast;

/// Events kept for readers that are behind.
const KEPT: usize = 65_536;

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum EventLine<'e> {
    Hello { boot_id: String, now: HostTime },
    Exchange(ExchangeLine<'e>),
    Connection(&'e ConnectionLine<'e>),
    Fault(&'e FaultChangeLine<'e>),
    Gap { missed: u64 },
    Full { waited: u64 },
}

#[derive(Serialize)]
struct ExchangeLine<'e> {
    proxy: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    drill: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    at: HostTime,
    took: u64,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Fingerprint>,
    cut: bool,
    touched: bool,
    stream: bool,
    posts: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<&'e str>,
}

/// A connection of which only bytes were seen has ended.
#[derive(Debug, Serialize)]
pub(super) struct ConnectionLine<'e> {
    pub(super) proxy: &'e str,
    pub(super) at: HostTime,
    /// Nanoseconds.
    pub(super) took: u64,
    /// Bytes that reached the provider.
    pub(super) up: u64,
    /// Bytes that reached the gateway.
    pub(super) down: u64,
    /// True where it did not end by itself.
    pub(super) cut: bool,
    pub(super) touched: bool,
}

/// A toxic came or went.
#[derive(Debug, Serialize)]
pub(super) struct FaultChangeLine<'e> {
    pub(super) proxy: &'e str,
    pub(super) toxic: &'e str,
    pub(super) change: &'static str,
    pub(super) lo: HostTime,
    pub(super) hi: HostTime,
    pub(super) touched: u64,
}

/// Record of an exchange of a request and its answer, while it lasts.
#[derive(Debug)]
pub(super) struct OpenExchange {
    pub(super) proxy: Arc<str>,
    pub(super) mark: Option<Mark>,
    /// When the head of the request reached the proxy.
    pub(super) at: HostTime,
    /// 0 while no answer has come.
    pub(super) status: u16,
    pub(super) key: Option<Fingerprint>,
    pub(super) touched: bool,
    /// True where the answer is a stream of events.
    pub(super) stream: bool,
    /// True of a POST, as every request to a model is.
    pub(super) posts: bool,
    /// Method and path. Told only of a request without a mark.
    pub(super) request: Option<String>,
}

/// How an exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExchangeEnd {
    /// Every byte of the answer went out to the gateway.
    Whole,
    /// Before that.
    Cut,
}

/// Feed of what the proxies see, to any number of readers. Costs next to nothing while nobody reads.
#[derive(Debug)]
pub(super) struct EventFeed {
    lines: broadcast::Sender<Bytes>,
}

impl EventFeed {
    pub(super) fn new() -> Self {
        Self { lines: broadcast::Sender::new(KEPT) }
    }

    /// A reader that sees all events from now on, and its first line.
    pub(super) fn subscribe(&self) -> (Bytes, broadcast::Receiver<Bytes>) {
        let reader = self.lines.subscribe();
        (line(&EventLine::Hello { boot_id: boot_id(), now: HostTime::now() }), reader)
    }

    pub(super) fn exchange(&self, exchange: &OpenExchange, end: ExchangeEnd) {
        if self.lines.receiver_count() == 0 {
            return;
        }
        let now = HostTime::now();
        self.send(&EventLine::Exchange(ExchangeLine {
            proxy: &exchange.proxy,
            drill: exchange.mark.map(|mark| mark.drill),
            id: exchange.mark.map(|mark| mark.id),
            at: exchange.at,
            took: now.since(exchange.at),
            status: exchange.status,
            key: exchange.key,
            cut: end == ExchangeEnd::Cut,
            touched: exchange.touched,
            stream: exchange.stream,
            posts: exchange.posts,
            request: exchange.request.as_deref().filter(|_| exchange.mark.is_none()),
        }));
    }

    pub(super) fn connection(&self, connection: &ConnectionLine<'_>) {
        if self.lines.receiver_count() > 0 {
            self.send(&EventLine::Connection(connection));
        }
    }

    pub(super) fn fault(&self, change: &FaultChangeLine<'_>) {
        self.send(&EventLine::Fault(change));
    }

    fn send(&self, event: &EventLine<'_>) {
        // Nobody reading is not an error: the feed is for those who read it.
        let _ = self.lines.send(line(event));
    }
}

/// The line that tells a reader how many events it missed.
pub(super) fn gap(missed: u64) -> Bytes {
    line(&EventLine::Gap { missed })
}

/// The line that tells how many connections have waited for a seat since the proxy began.
pub(super) fn full(waited: u64) -> Bytes {
    line(&EventLine::Full { waited })
}

fn line(event: &EventLine<'_>) -> Bytes {
    let mut bytes = serde_json::to_vec(event).expect("these types have only text keys and finite numbers");
    bytes.push(b'\n');
    bytes.into()
}
