//! What all threads of a workload share: where they record, the limits of its requests, and whether they are given up.

use super::{Budget, FirstLines, Levels};
use crate::journal::Recorder;
use crate::units::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The context of the requests of one workload. Cheap to clone.
#[derive(Clone)]
pub(super) struct RunContext {
    pub(super) recorder: Recorder,
    pub(super) deadline: Duration,
    pub(super) levels: Arc<Levels>,
    pub(super) budget: Arc<Budget>,
    pub(super) said: Arc<FirstLines>,
    pub(super) abandon: Arc<AtomicBool>,
}

impl RunContext {
    /// True once whatever is on its way is given up.
    pub(super) fn is_abandoned(&self) -> bool {
        self.abandon.load(Ordering::Relaxed)
    }
}
