//! Bytes that passed through one proxy, by direction, as `GET /metrics` tells them.

use crate::fault::Stream;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is counted. Received is what came from a sender, sent is what went on to the receiver of that direction.
#[derive(Debug, Clone, Copy)]
pub(super) enum Counter {
    ReceivedUpstream,
    SentUpstream,
    ReceivedDownstream,
    SentDownstream,
}

impl Counter {
    pub(super) const fn received(stream: Stream) -> Self {
        match stream {
            Stream::Upstream => Self::ReceivedUpstream,
            Stream::Downstream => Self::ReceivedDownstream,
        }
    }

    pub(super) const fn sent(stream: Stream) -> Self {
        match stream {
            Stream::Upstream => Self::SentUpstream,
            Stream::Downstream => Self::SentDownstream,
        }
    }
}

/// Counters of the bytes of one proxy, by direction.
#[derive(Debug, Default)]
pub(super) struct Counters([AtomicU64; 4]);

impl Counters {
    pub(super) fn add(&self, counter: Counter, bytes: usize) {
        self.0[counter as usize].fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn get(&self, counter: Counter) -> u64 {
        self.0[counter as usize].load(Ordering::Relaxed)
    }
}
