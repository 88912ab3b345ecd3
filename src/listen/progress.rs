//! How far a connection is with its request, so that one that stops half-way does not stay.
//!
//! ```text
//!  fresh ──first byte──► partly ──head──► asking ──body──► busy ──answer──► idle ──byte──► partly …
//! ```
//!
//! Fresh and partly last only so long. Idle connections may stay, and go when others need the place; so do those whose body is not whole.

use crate::peer::Talk;
use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
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

/// See the head of this file.
#[derive(Debug)]
pub struct Progress {
    stage: Mutex<(Stage, Instant)>,
    patience: Duration,
    changed: Notify,
    talk: Talk,
}

impl Progress {
    /// Of a connection that begins now, whose heads may take so long.
    pub fn new(patience: Duration) -> Self {
        Self { stage: Mutex::new((Stage::Fresh, Instant::now())), patience, changed: Notify::new(), talk: Talk::default() }
    }

    fn stage(&self) -> MutexGuard<'_, (Stage, Instant)> {
        // A panic while the lock was held leaves a stage that was.
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on, unless others have its place.
    fn go(&self, next: Stage) -> bool {
        let mut stage = self.stage();
        if stage.0 != Stage::Gone {
            *stage = (next, Instant::now());
        }
        stage.0 != Stage::Gone
    }

    /// Bytes came.
    pub(super) fn came(&self) {
        if self.stage().0 == Stage::Idle {
            self.go(Stage::Partly);
            self.changed.notify_one();
        }
    }

    /// The head of a request is whole. False where it must not be looked at any more.
    pub(super) fn asked(&self) -> bool {
        self.talk.asked();
        self.go(Stage::Asking)
    }

    /// Its body is whole too. False where it must not be looked at any more.
    pub(super) fn engage(&self) -> bool {
        self.go(Stage::Busy)
    }

    /// The answer has left, or is given up.
    pub(super) fn answered(&self) {
        self.go(Stage::Idle);
    }

    pub(super) const fn talk(&self) -> &Talk {
        &self.talk
    }

    /// True where nothing is being answered.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.stage().0, Stage::Fresh | Stage::Partly | Stage::Idle)
    }

    /// Who goes first where places are short: the smallest. `None` for one that is being answered.
    pub(super) fn rank(&self) -> Option<(bool, Instant)> {
        let (stage, since) = *self.stage();
        match stage {
            Stage::Fresh | Stage::Partly | Stage::Asking => Some((false, since)),
            Stage::Idle => Some((true, since)),
            Stage::Busy | Stage::Gone => None,
        }
    }

    /// Gives its place to others; false where it is being answered meanwhile.
    pub(super) fn leave(&self) -> bool {
        let mut stage = self.stage();
        if stage.0 == Stage::Busy {
            return false;
        }
        stage.0 = Stage::Gone;
        true
    }

    /// Returns once a head has taken too long.
    pub(super) async fn overdue(&self) {
        loop {
            let due = self.due();
            if due.is_some_and(|due| due <= Instant::now()) {
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
        matches!(stage, Stage::Fresh | Stage::Partly).then(|| since + self.patience)
    }
}
