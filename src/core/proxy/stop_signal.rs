//! How a running proxy is told to end.

use std::time::Duration;
use tokio::sync::watch;

/// Signal that the server shall end: how long open connections may go on, once it is given.
pub(super) type StopSignal = watch::Receiver<Option<Duration>>;
