//! The state of one connection that its task, its gate and its exchanges share: the lanes of both directions, and what is underway.
//!
//! All three run in the connection's own task, so the lock is never waited for.

use super::hold::{Active, Hold};
use super::lane::{Doom, Lane};
use super::sight::{End, Exchange, Sight};
use crate::fault::{NEVER, Stream};
use crate::journal::HostTime;
use bytes::Bytes;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// A timer that is set further away than this is set again when it has run.
const FAR: u64 = 3_600_000_000_000;

/// What is shared.
#[derive(Debug)]
pub(super) struct State {
    /// Towards the gateway.
    pub(super) down: Lane,
    /// Towards the provider.
    pub(super) up: Lane,
    /// True once a byte came from the gateway.
    pub(super) carried: bool,
    underway: Option<Exchange>,
    /// Ended for HTTP, but not yet flushed to the gateway.
    unflushed: Vec<Exchange>,
    /// Toxics that have counted what is underway.
    counted: Vec<Arc<Active>>,
    seized: bool,
}

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Flow {
    state: Mutex<State>,
    sight: Arc<Sight>,
    link: u64,
}

impl Flow {
    pub(super) fn new(link: u64, sight: Arc<Sight>) -> Arc<Self> {
        let state = State {
            down: Lane::default(),
            up: Lane::default(),
            carried: false,
            underway: None,
            unflushed: Vec::new(),
            counted: Vec::new(),
            seized: false,
        };
        Arc::new(Self { state: Mutex::new(state), sight, link })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held leaves counts and queues that are still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the toxics of this hold act on what passes.
    pub(super) fn reshape(&self, hold: &Hold) {
        let mut state = self.state();
        let now = HostTime::now().0;
        state.down.reshape(&hold.chain(Stream::Downstream, self.link), self.link, now);
        state.up.reshape(&hold.chain(Stream::Upstream, self.link), self.link, now);
    }

    /// Ready where a toxic on bytes ends the connection. Sees to it that this task is woken when anything is due; so it must be polled
    /// after whatever moves bytes.
    pub(super) fn poll_doom(&self, timer: &mut Option<Pin<Box<Sleep>>>, cx: &mut Context<'_>) -> Poll<Doom> {
        let mut state = self.state();
        if state.down.next() == NEVER && state.up.next() == NEVER && state.down.doom().is_none() && state.up.doom().is_none() {
            *timer = None;
            return Poll::Pending;
        }
        let now = HostTime::now().0;
        let shown = |state: &State| [&state.down, &state.up].map(|lane| (lane.front().is_some(), lane.is_over()));
        let before = shown(&state);
        state.down.advance(now);
        state.up.advance(now);
        state.count();
        if let Some(doom) = state.down.doom().or_else(|| state.up.doom()) {
            return Poll::Ready(doom);
        }
        if before != shown(&state) {
            // Became due between the two polls: whoever moves bytes shall look again.
            cx.waker().wake_by_ref();
        }
        let next = state.down.next().min(state.up.next());
        if next == NEVER {
            return Poll::Pending;
        }
        let deadline = Instant::now() + Duration::from_nanos(next.saturating_sub(now).min(FAR));
        let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        timer.as_mut().reset(deadline);
        if timer.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// An exchange began.
    pub(super) fn begin(&self, exchange: Exchange) {
        let mut state = self.state();
        state.counted.clear();
        state.underway = Some(exchange);
    }

    /// Learns something about the exchange underway.
    pub(super) fn learn(&self, what: impl FnOnce(&mut Exchange)) {
        if let Some(exchange) = &mut self.state().underway {
            what(exchange);
        }
    }

    /// The exchange underway was touched by a fault; counted once a fault.
    pub(super) fn touch(&self, active: &Arc<Active>) {
        self.state().touch(active);
    }

    /// The answer is whole; it counts as such once it was flushed.
    pub(super) fn finish(&self) {
        let mut state = self.state();
        if let Some(exchange) = state.underway.take() {
            state.unflushed.push(exchange);
        }
    }

    /// The exchange underway ended before its answer was whole.
    pub(super) fn cut(&self) {
        let mut state = self.state();
        let seized = state.seized;
        if let Some(mut exchange) = state.underway.take() {
            exchange.touched |= seized;
            self.sight.exchange(&exchange, End::Cut);
        }
    }

    /// Everything written so far was taken by the operating system.
    pub(super) fn flushed(&self) {
        let mut state = self.state();
        for exchange in state.unflushed.drain(..) {
            self.sight.exchange(&exchange, End::Whole);
        }
    }

    /// A fault takes the connection: what is underway will end touched. True where something was.
    pub(super) fn seize(&self) -> bool {
        let mut state = self.state();
        state.seized = true;
        state.underway.is_some() || !state.unflushed.is_empty()
    }

    /// The connection ended; what was not flushed was cut.
    pub(super) fn close(&self) {
        self.cut();
        let mut state = self.state();
        let seized = state.seized;
        for mut exchange in std::mem::take(&mut state.unflushed) {
            exchange.touched |= seized;
            self.sight.exchange(&exchange, End::Cut);
        }
    }
}

impl State {
    /// Takes bytes for one direction that arrived now.
    pub(super) fn push(&mut self, stream: Stream, bytes: Bytes) {
        let now = HostTime::now().0;
        self.lane(stream).push(bytes, now);
        self.count();
    }

    /// Takes the end of one direction.
    pub(super) fn push_end(&mut self, stream: Stream) {
        let now = HostTime::now().0;
        self.lane(stream).push_end(now);
    }

    /// Lets go what is due.
    pub(super) fn advance(&mut self, stream: Stream) {
        if self.lane(stream).is_waiting() {
            let now = HostTime::now().0;
            self.lane(stream).advance(now);
        }
    }

    pub(super) const fn lane(&mut self, stream: Stream) -> &mut Lane {
        match stream {
            Stream::Downstream => &mut self.down,
            Stream::Upstream => &mut self.up,
        }
    }

    /// Counts what the toxics on bytes have touched.
    fn count(&mut self) {
        let acted: Vec<Arc<Active>> = self.down.acted().chain(self.up.acted()).cloned().collect();
        for active in acted {
            self.touch(&active);
        }
    }

    fn touch(&mut self, active: &Arc<Active>) {
        if !self.counted.iter().any(|counted| Arc::ptr_eq(counted, active)) {
            self.counted.push(active.clone());
            active.touch();
        }
        if let Some(exchange) = self.underway.as_mut().or(self.unflushed.last_mut()) {
            exchange.touched = true;
        }
    }
}
