//! What it takes to say something to people elsewhere, and to write down that it was said.

use crate::history::ExecutionStarted;
use crate::journal::Recorder;
use crate::step::Context;
use std::sync::Arc;

/// What it takes to say something and to write it down.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    pub(super) started: Arc<ExecutionStarted>,
    pub(super) context: Context,
    pub(super) recorder: Recorder,
}
