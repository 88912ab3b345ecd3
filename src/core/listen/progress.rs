//! How far a connection is with its request, so that one that stops half-way does not stay.
//!
//! ```text
//!  fresh ──first byte──► partly ──head──► asking ──body──► busy ──answer──► idle ──byte──► partly …
//! ```
//!
//! Fresh and partly last only so long. Idle connections may stay, and go when others need the place; so do those whose body is not whole.

use crate::peer::Talk;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Stage of a connection between two requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ConnectionStage {
    /// Nothing was asked yet.
    Fresh,
    /// A head has begun.
    Partly,
    /// A head is whole, its body perhaps not.
    Asking,
    /// Its request is being answered.
    Busy,
    /// Between two requests.
    Idle,
    /// Others have its place.
    Gone,
}

/// Progress of a connection with its request. One that stops half-way loses its place.
#[derive(Debug)]
pub struct ConnectionProgress {
    stage: Mutex<(ConnectionStage, Instant)>,
    patience: Duration,
    changed: Notify,
    is_cut: AtomicBool,
    talk: Talk,
    stall: Option<Duration>,
    /// Since when the client takes nothing of what is written.
    full: Mutex<Option<Instant>>,
    filled: Notify,
}

impl ConnectionProgress {
    /// Of a connection that begins now, whose heads may take so long.
    pub fn new(patience: Duration) -> Self {
        Self {
            stage: Mutex::new((ConnectionStage::Fresh, Instant::now())),
            patience,
            changed: Notify::new(),
            is_cut: AtomicBool::new(false),
            talk: Talk::default(),
            stall: None,
            full: Mutex::default(),
            filled: Notify::new(),
        }
    }

    /// The same, for a connection whose client must take something of its answer within this time.
    #[must_use]
    pub fn with_stall(mut self, stall: Option<Duration>) -> Self {
        self.stall = stall;
        self
    }

    /// Hears how a write went: one that waits for the client begins a stall, one that goes through ends it.
    pub(super) fn written<T>(&self, poll: Poll<T>) -> Poll<T> {
        let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        match (&poll, *full) {
            (Poll::Pending, None) => {
                *full = Some(Instant::now());
                self.filled.notify_one();
            }
            (Poll::Ready(_), Some(_)) => *full = None,
            _ => {}
        }
        poll
    }

    /// Returns once the client has taken nothing for too long.
    pub(super) async fn stalled(&self) {
        let Some(stall) = self.stall else { return pending().await };
        loop {
            let since = *self.full.lock().unwrap_or_else(PoisonError::into_inner);
            match since {
                None => self.filled.notified().await,
                Some(since) if since + stall <= Instant::now() => return,
                Some(since) => sleep_until(since + stall).await,
            }
        }
    }

    fn stage(&self) -> MutexGuard<'_, (ConnectionStage, Instant)> {
        // A panic while the lock was held leaves a stage that was.
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on, unless others have its place.
    fn go(&self, next: ConnectionStage) -> bool {
        let mut stage = self.stage();
        if stage.0 != ConnectionStage::Gone {
            *stage = (next, Instant::now());
        }
        stage.0 != ConnectionStage::Gone
    }

    /// Bytes came.
    pub(super) fn came(&self) {
        if self.stage().0 == ConnectionStage::Idle {
            self.go(ConnectionStage::Partly);
            self.changed.notify_one();
        }
    }

    /// The head of a request is whole. False where it must not be looked at any more.
    pub(super) fn asked(&self) -> bool {
        self.talk.asked();
        self.go(ConnectionStage::Asking)
    }

    /// Its body is whole too. False where it must not be looked at any more.
    pub(super) fn engage(&self) -> bool {
        self.go(ConnectionStage::Busy)
    }

    /// The answer has left, or is given up.
    pub(super) fn answered(&self) {
        self.go(ConnectionStage::Idle);
    }

    pub(super) const fn talk(&self) -> &Talk {
        &self.talk
    }

    /// True where nothing is being answered.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.stage().0, ConnectionStage::Fresh | ConnectionStage::Partly | ConnectionStage::Idle)
    }

    /// Who goes first where places are short: the smallest. `None` for one that is being answered.
    pub(super) fn rank(&self) -> Option<(bool, Instant)> {
        let (stage, since) = *self.stage();
        match stage {
            ConnectionStage::Fresh | ConnectionStage::Partly | ConnectionStage::Asking => Some((false, since)),
            ConnectionStage::Idle => Some((true, since)),
            ConnectionStage::Busy | ConnectionStage::Gone => None,
        }
    }

    /// Gives its place to others; false where it is being answered meanwhile.
    pub(super) fn leave(&self) -> bool {
        let mut stage = self.stage();
        if stage.0 == ConnectionStage::Busy {
            return false;
        }
        stage.0 = ConnectionStage::Gone;
        true
    }

    /// It ends now, whatever is on its way.
    pub(super) fn cut(&self) {
        self.is_cut.store(true, Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// Returns once a head has taken too long, or the connection is cut.
    pub(super) async fn overdue(&self) {
        loop {
            let due = self.due();
            if self.is_cut.load(Ordering::Relaxed) || due.is_some_and(|due| due <= Instant::now()) {
                return;
            }
            tokio::select! {
                () = self.changed.notified() => {}
                () = async { match due { Some(due) => sleep_until(due).await, None => pending().await } } => {}
            }
        }
    }

    fn due(&self) -> Option<Instant> {
        let (stage, since) = *self.stage();
        matches!(stage, ConnectionStage::Fresh | ConnectionStage::Partly).then(|| since + self.patience)
    }
}
