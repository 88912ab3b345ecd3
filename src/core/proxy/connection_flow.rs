//! The state of one connection that its task, its socket and its exchanges share: the lanes of both directions, and what is underway.
//!
//! All three run in the connection's own task, so the lock is never waited for.

use super::connection_lane::{ConnectionLane, ForcedEnd};
use super::deadline::Deadline;
use super::event_feed::{EventFeed, ExchangeEnd, OpenExchange};
use super::fault_set::{ActiveToxic, FaultSet};
use super::gateway_request::GatewayRequest;
use crate::fault::{NEVER, Stream};
use crate::journal::HostTime;
use crate::peer::Talk;
use bytes::Bytes;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

/// What connection, socket and exchanges share, under one lock.
#[derive(Debug, Default)]
pub(super) struct FlowState {
    /// Towards the gateway.
    pub(super) down: ConnectionLane,
    /// Towards the provider.
    pub(super) up: ConnectionLane,
    /// True once a byte came from the gateway.
    pub(super) carried: bool,
    /// True where the gateway said something that belongs to no exchange yet.
    pub(super) heard: bool,
    /// True where the gateway speaks of more than exchanges, as HTTP/2 does: then it is not heard.
    pub(super) is_framed: bool,
    /// True where such a gateway is half-way through a head.
    pub(super) is_in_head: bool,
    pub(super) written: WriteProgress,
    /// Over HTTP/2 these are several.
    underway: Vec<RunningExchange>,
    /// Ended for HTTP, but not yet flushed to the gateway.
    unflushed: Vec<RunningExchange>,
    /// Bytes that went on: towards the gateway, towards the provider. Only counted where nothing else is seen of them.
    pub(super) passed: [u64; 2],
    /// Toxics that have counted what belongs to no exchange.
    counted: Vec<Arc<ActiveToxic>>,
    begun: u64,
    seized: bool,
}

/// How far the bytes are that were written to the gateway's socket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum WriteProgress {
    /// The operating system has all of it.
    #[default]
    Out,
    /// There may be more to come before it is flushed.
    Partly,
    /// All was written and is to be flushed, but something waits in the lane.
    Waiting,
}

/// Record of an exchange that has not ended.
#[derive(Debug)]
struct RunningExchange {
    number: u64,
    exchange: OpenExchange,
    /// Toxics that have counted it.
    counted: Vec<Arc<ActiveToxic>>,
}

/// Handle to the record of one exchange, for those who carry it.
#[derive(Debug, Clone)]
pub(super) struct ExchangeHandle {
    flow: Arc<ConnectionFlow>,
    number: u64,
}

/// Shared state of one connection. Its task, its socket and its exchanges all run in one task, so the lock is never waited for.
#[derive(Debug)]
pub(super) struct ConnectionFlow {
    state: Mutex<FlowState>,
    feed: Arc<EventFeed>,
    connection: u64,
    /// With the gateway.
    pub(super) talk: Talk,
}

impl ConnectionFlow {
    pub(super) fn new(connection: u64, feed: Arc<EventFeed>) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), feed, connection, talk: Talk::default() })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, FlowState> {
        // A panic while the lock was held leaves counts and queues that are still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the toxics of this set act on what passes.
    pub(super) fn reshape(&self, fault_set: &FaultSet) {
        let mut state = self.state();
        let now = HostTime::now().0;
        state.down.reshape(&fault_set.chain(Stream::Downstream, self.connection), self.connection, now);
        state.up.reshape(&fault_set.chain(Stream::Upstream, self.connection), self.connection, now);
    }

    /// Ready where a toxic on bytes ends the connection. Sees to it that this task is woken when anything is due; so it must be polled
    /// after whatever moves bytes.
    pub(super) fn poll_doom(&self, timer: &mut Deadline, cx: &mut Context<'_>) -> Poll<ForcedEnd> {
        let mut state = self.state();
        if state.down.next() == NEVER && state.up.next() == NEVER && state.down.doom().is_none() && state.up.doom().is_none() {
            timer.clear();
            return Poll::Pending;
        }
        let now = HostTime::now().0;
        let shown = |state: &FlowState| [&state.down, &state.up].map(|lane| (lane.front().is_some(), lane.is_over()));
        let before = shown(&state);
        state.down.advance(now);
        state.up.advance(now);
        state.count();
        if let Some(doom) = state.down.doom().or_else(|| state.up.doom()) {
            return Poll::Ready(doom);
        }
        if before != shown(&state) {
            // Became due between the two polls: the task that moves bytes shall look again.
            cx.waker().wake_by_ref();
        }
        let next = state.down.next().min(state.up.next());
        if next == NEVER {
            timer.clear();
            return Poll::Pending;
        }
        if timer.poll(next, cx).is_ready() {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// True where the gateway has begun to say something that is no request yet, and no toxic holds it up.
    pub(super) fn is_halfway(&self) -> bool {
        let state = self.state();
        let is_alone = state.underway.is_empty() && state.unflushed.is_empty();
        let is_partly = if state.is_framed { state.is_in_head } else { state.heard && is_alone };
        is_partly && state.up.is_clear()
    }

    /// An exchange began.
    pub(super) fn begin(self: &Arc<Self>, mut exchange: OpenExchange) -> ExchangeHandle {
        let mut state = self.state();
        state.begun += 1;
        state.heard = false;
        self.talk.asked();
        let number = state.begun;
        // What its head met on the way here.
        let counted = std::mem::take(&mut state.counted);
        exchange.touched |= !counted.is_empty();
        state.underway.push(RunningExchange { number, exchange, counted });
        ExchangeHandle { flow: self.clone(), number }
    }

    /// True while a request has no whole answer.
    pub(super) fn is_underway(&self) -> bool {
        !self.state().underway.is_empty()
    }

    /// All that was written to the gateway's socket has left.
    pub(super) fn flushed(&self) {
        let mut state = self.state();
        state.written = WriteProgress::Out;
        for ended in state.unflushed.drain(..) {
            self.feed.exchange(&ended.exchange, ExchangeEnd::Whole);
        }
    }

    /// A fault takes the connection: what is underway will end touched. True where something was.
    pub(super) fn seize(&self) -> bool {
        let mut state = self.state();
        state.seized = true;
        (state.heard && !state.is_framed) || !state.underway.is_empty() || !state.unflushed.is_empty()
    }

    /// The connection ended; what was not flushed was cut.
    pub(super) fn close(&self) {
        let mut state = self.state();
        let seized = state.seized;
        for ended in [std::mem::take(&mut state.unflushed), std::mem::take(&mut state.underway)].into_iter().flatten() {
            self.tell_cut(ended, seized);
        }
    }

    fn tell_cut(&self, mut ended: RunningExchange, seized: bool) {
        ended.exchange.touched |= seized;
        self.feed.exchange(&ended.exchange, ExchangeEnd::Cut);
    }
}

impl ExchangeHandle {
    /// Learns something about the exchange.
    pub(super) fn learn(&self, what: impl FnOnce(&mut OpenExchange)) {
        if let Some(underway) = self.flow.state().underway.iter_mut().find(|underway| underway.number == self.number) {
            what(&mut underway.exchange);
        }
    }

    /// The exchange of this request was touched by a fault; counted once a fault.
    pub(super) fn touch(&self, active: &Arc<ActiveToxic>, asked: &GatewayRequest) {
        if let Some(underway) = self.flow.state().underway.iter_mut().find(|underway| underway.number == self.number)
            && underway.touch(active)
        {
            active.touches(asked);
        }
    }

    /// The answer is whole; it counts as such once it was flushed.
    pub(super) fn finish(&self) {
        let mut state = self.flow.state();
        if let Some(ended) = state.take(self.number) {
            state.heard = false;
            state.unflushed.push(ended);
        }
    }

    /// The exchange ended before its answer was whole.
    pub(super) fn cut(&self) {
        let mut state = self.flow.state();
        let seized = state.seized;
        if let Some(ended) = state.take(self.number) {
            // What came with it was its own.
            state.heard = false;
            self.flow.tell_cut(ended, seized);
        }
    }
}

impl RunningExchange {
    /// True where this toxic had not touched it before.
    fn touch(&mut self, active: &Arc<ActiveToxic>) -> bool {
        self.exchange.touched = true;
        count(&mut self.counted, active)
    }
}

/// Counts once a toxic. True where it had not counted before.
fn count(counted: &mut Vec<Arc<ActiveToxic>>, active: &Arc<ActiveToxic>) -> bool {
    let is_new = !counted.iter().any(|counted| Arc::ptr_eq(counted, active));
    if is_new {
        counted.push(active.clone());
        active.touch();
    }
    is_new
}

impl FlowState {
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

    pub(super) const fn lane(&mut self, stream: Stream) -> &mut ConnectionLane {
        match stream {
            Stream::Downstream => &mut self.down,
            Stream::Upstream => &mut self.up,
        }
    }

    /// Counts what the toxics on bytes have touched.
    fn count(&mut self) {
        let acted: Vec<Arc<ActiveToxic>> = self.down.acted().chain(self.up.acted()).cloned().collect();
        for active in acted {
            self.touch(&active);
        }
    }

    /// A toxic acted on bytes, which belong to whatever is underway.
    fn touch(&mut self, active: &Arc<ActiveToxic>) {
        if self.underway.is_empty() && self.unflushed.is_empty() {
            count(&mut self.counted, active);
        } else if self.underway.is_empty() {
            self.unflushed.iter_mut().for_each(|ended| _ = ended.touch(active));
        } else {
            self.underway.iter_mut().for_each(|underway| _ = underway.touch(active));
        }
    }

    /// True where a toxic acted on bytes that belong to no exchange.
    pub(super) fn is_touched(&self) -> bool {
        !self.counted.is_empty()
    }

    /// So many bytes of one direction went on.
    pub(super) const fn pass(&mut self, stream: Stream, count: usize) {
        let place = match stream {
            Stream::Downstream => 0,
            Stream::Upstream => 1,
        };
        self.passed[place] += count as u64;
    }

    fn take(&mut self, number: u64) -> Option<RunningExchange> {
        let place = self.underway.iter().position(|underway| underway.number == number)?;
        Some(self.underway.swap_remove(place))
    }
}
