//! Changes the rate of traffic that is running.
//!
//! What this file does not do: decide at which rate (`drill::climb`).

use crate::units::Rate;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// From now on requests are due at this rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PaceOrder {
    /// Nanoseconds since the drill's origin: when it was given.
    pub at: u64,
    /// How often.
    pub rate: Rate,
    /// Which step of a climb it is, from 0; `None` where the climb is over.
    pub step: Option<u32>,
}

/// The order that a pacer has not taken yet. A newer one takes its place.
#[derive(Debug, Clone, Default)]
pub struct Throttle(Arc<ThrottleState>);

#[derive(Debug, Default)]
struct ThrottleState {
    /// Looked at before each request, so it costs no lock.
    is_waiting: AtomicBool,
    order: Mutex<Option<PaceOrder>>,
}

impl Throttle {
    /// Gives an order; the pacer takes it within 50 ms.
    pub fn set(&self, order: PaceOrder) {
        *self.0.order.lock().unwrap_or_else(PoisonError::into_inner) = Some(order);
        self.0.is_waiting.store(true, Ordering::Release);
    }

    pub(super) fn take(&self) -> Option<PaceOrder> {
        if !self.0.is_waiting.swap(false, Ordering::Acquire) {
            return None;
        }
        self.0.order.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
