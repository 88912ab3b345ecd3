//! What all connections of one proxy share.

use super::counters::Counters;
use super::event_feed::EventFeed;
use super::trust::Trust;
use super::upstream::ProxyUpstream;
use super::upstream_route::UpstreamRoute;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Context of the connections of one proxy. A change of the proxy makes another one, which new connections get.
#[derive(Debug)]
pub(super) struct ProxyContext {
    pub(super) proxy: Arc<str>,
    pub(super) upstream: ProxyUpstream,
    pub(super) feed: Arc<EventFeed>,
    pub(super) counters: Arc<Counters>,
    /// Numbers requests, so that partial faults can be drawn for each.
    pub(super) requests: AtomicU64,
    pub(super) trust: Arc<Trust>,
    pub(super) route: Arc<UpstreamRoute>,
    /// How long the head of a request may take.
    pub(super) head: Duration,
    /// For whom its own listener stands with a certificate, where it speaks TLS.
    pub(super) names: Option<Vec<String>>,
}

impl ProxyContext {
    /// The same proxy with another upstream and these names. Requests are counted on.
    pub(super) fn led_to(&self, upstream: ProxyUpstream, names: Option<Vec<String>>) -> Self {
        Self {
            proxy: self.proxy.clone(),
            upstream,
            feed: self.feed.clone(),
            counters: self.counters.clone(),
            requests: AtomicU64::new(self.requests.load(Ordering::Relaxed)),
            trust: self.trust.clone(),
            route: self.route.clone(),
            head: self.head,
            names,
        }
    }
}
