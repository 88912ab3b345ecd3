//! The state of one connection that its task, its gate and its exchanges share: what waits to be sent, and what is underway.
//!
//! All three run in the connection's own task, so the lock is never waited for.

use super::hold::Active;
use super::sight::{End, Exchange, Sight};
use crate::fault::Shape;
use crate::journal::HostTime;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes for the gateway that may not pass yet.
#[derive(Debug)]
pub(super) struct Piece {
    arrived: u64,
    /// When it may pass, in nanoseconds of the host's clock.
    pub(super) due: u64,
    pub(super) bytes: Bytes,
}

#[derive(Debug)]
pub(super) struct State {
    shape: Option<Shape>,
    shaping: Vec<Arc<Active>>,
    /// In the order of their dues.
    pub(super) waiting: VecDeque<Piece>,
    pub(super) waiting_bytes: usize,
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
            shape: None,
            shaping: Vec::new(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
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

    /// From now on these faults shape what passes. What waits already is planned anew, in its order.
    pub(super) fn reshape(&self, shaping: Vec<Arc<Active>>) {
        let mut state = self.state();
        let same = shaping.len() == state.shaping.len() && shaping.iter().zip(&state.shaping).all(|(one, other)| Arc::ptr_eq(one, other));
        if same {
            return;
        }
        let now = HostTime::now().0;
        let seeded = |active: &Arc<Active>| crate::units::Seed(active.toxic.seed().0 ^ self.link.rotate_left(32));
        let mut shape = Shape::new(shaping.iter().map(|active| (&active.toxic.fault, seeded(active))), now);
        for piece in &mut state.waiting {
            piece.due = shape.as_mut().map_or(0, |shape| shape.due(piece.arrived, piece.bytes.len()));
        }
        state.shape = shape;
        state.shaping = shaping;
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
    /// True where bytes may go straight to the socket.
    pub(super) fn is_clear(&self) -> bool {
        self.shape.is_none() && self.waiting.is_empty()
    }

    /// How many more bytes may wait.
    pub(super) fn room(&self) -> usize {
        self.shape.as_ref().map_or(0, |shape| shape.room().saturating_sub(self.waiting_bytes))
    }

    /// Takes bytes that arrived now; there must be [`State::room`] for them.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let now = HostTime::now().0;
        let Some(shape) = &mut self.shape else { return };
        for piece in bytes.chunks(shape.piece()) {
            let due = shape.due(now, piece.len());
            self.waiting.push_back(Piece { arrived: now, due, bytes: Bytes::copy_from_slice(piece) });
        }
        self.waiting_bytes += bytes.len();
        for active in self.shaping.clone() {
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
