//! What the proxy saw, as JSON lines for any number of readers. `api` tells what stands in them.

use super::gateway_request::GatewayRequest;
use crate::api::{ConnectionRecord, ExchangeRecord, ProxyEvent, ServerTime, ToxicChangeRecord};
use crate::dialect::Mark;
use crate::fault::Matched;
use crate::journal::{HostTime, boot_id};
use crate::model::Tokens;
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::broadcast;

/// Events kept for readers that are behind.
const KEPT: usize = 65_536;

/// Record of an exchange of a request and its answer, while it lasts.
#[derive(Debug)]
pub(super) struct OpenExchange {
    pub(super) proxy: Arc<str>,
    /// What was asked. What is told of it is read out of it only where somebody reads.
    pub(super) asked: Arc<GatewayRequest>,
    pub(super) mark: Option<Mark>,
    /// 0 while no answer has come.
    pub(super) status: u16,
    pub(super) touched: bool,
    /// True where the answer is a stream of events.
    pub(super) stream: bool,
    /// Whether each fault in force that is limited to some requests might touch it; `None` where none is.
    pub(super) in_reach: Option<bool>,
    /// What the answer reports so far.
    pub(super) tokens: Option<Tokens>,
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
        (line(&ProxyEvent::Hello { boot_id: boot_id(), now: HostTime::now().into() }), reader)
    }

    pub(super) fn exchange(&self, exchange: &OpenExchange, end: ExchangeEnd) {
        if self.lines.receiver_count() == 0 {
            return;
        }
        let (now, asked) = (HostTime::now(), &exchange.asked);
        // Told only of a request without a mark.
        let request = exchange.mark.is_none().then(|| asked.line());
        self.send(&ProxyEvent::Exchange(ExchangeRecord {
            proxy: &*exchange.proxy,
            drill: exchange.mark.map(|mark| mark.drill),
            id: exchange.mark.map(|mark| mark.id),
            at: asked.at.into(),
            took: now.since(asked.at),
            status: exchange.status,
            key: asked.key(),
            cut: end == ExchangeEnd::Cut,
            touched: exchange.touched,
            stream: exchange.stream,
            // As every request to a model is.
            posts: asked.method() == "POST",
            request: request.as_deref(),
            in_reach: exchange.in_reach,
            tenant: asked.tenant(),
            tokens: exchange.tokens,
        }));
    }

    pub(super) fn connection(&self, connection: ConnectionRecord<&str>) {
        if self.lines.receiver_count() > 0 {
            self.send(&ProxyEvent::Connection(connection));
        }
    }

    pub(super) fn toxic(&self, change: ToxicChangeRecord<&str>) {
        self.send(&ProxyEvent::Fault(change));
    }

    fn send(&self, event: &ProxyEvent<&str>) {
        // Nobody reading is not an error: the feed is for those who read it.
        let _ = self.lines.send(line(event));
    }
}

impl From<HostTime> for ServerTime {
    fn from(time: HostTime) -> Self {
        Self(time.0)
    }
}

/// The line that tells a reader how many events it missed.
pub(super) fn gap(missed: u64) -> Bytes {
    line(&ProxyEvent::Gap { missed })
}

/// The line that tells how many connections have waited for a seat since the proxy began.
pub(super) fn full(waited: u64) -> Bytes {
    line(&ProxyEvent::Full { waited })
}

fn line(event: &ProxyEvent<&str>) -> Bytes {
    let mut bytes = serde_json::to_vec(event).expect("these types have only text keys and finite numbers");
    bytes.push(b'\n');
    bytes.into()
}
