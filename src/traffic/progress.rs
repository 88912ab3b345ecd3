//! How far a request has come, and what became of it.

use super::said::first_line;
use super::word;
use crate::history::Outcome;
use crate::journal::Clock;
use crate::units::Duration;
use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// What became of one request; moments in nanoseconds since the drill's origin.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) proof: Option<u64>,
    pub(super) done: u64,
    pub(super) outcome: Outcome,
    pub(super) why: Option<Cow<'static, str>>,
}

/// How far a request has come, so that its deadline can say where it stood. Whoever waits for its answer may look at it meanwhile.
#[derive(Debug, Default)]
pub(super) struct Progress(Mutex<Way>, OnceLock<String>);

#[derive(Debug, Default, Clone, Copy)]
struct Way {
    stage: Stage,
    proof: Option<u64>,
}

#[derive(Debug, Default, Clone, Copy)]
enum Stage {
    /// It waits for its turn.
    #[default]
    Waiting,
    /// It has no connection yet.
    Connecting,
    /// It was sent on one.
    Sent,
    /// The head of its answer is there.
    Headed,
}

impl Progress {
    fn way(&self) -> MutexGuard<'_, Way> {
        // Nothing that holds it can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the answer says, where it will not do.
    pub(super) fn says(&self, body: &[u8]) {
        if let Some(line) = first_line(body) {
            let _ = self.1.set(line);
        }
    }

    /// The same, in a line.
    pub(super) fn said(&self) -> Option<&str> {
        self.1.get().map(String::as_str)
    }

    pub(super) fn has_turn(&self) {
        self.way().stage = Stage::Connecting;
    }

    pub(super) fn is_sent(&self) {
        self.way().stage = Stage::Sent;
    }

    pub(super) fn has_head(&self) {
        self.way().stage = Stage::Headed;
    }

    /// Content is there; the first time counts.
    pub(super) fn is_proven(&self, clock: Clock) {
        self.way().proof.get_or_insert_with(|| clock.now());
    }

    /// The same, at a moment that was noted.
    pub(super) fn was_proven(&self, at: u64) {
        self.way().proof.get_or_insert(at);
    }

    /// Whether content is there.
    pub(super) fn has_proof(&self) -> bool {
        self.way().proof.is_some()
    }

    /// The answer of a request that was given up, at its deadline or at the timeout of a part.
    pub(super) fn timed_out(&self, at: u64) -> Answer {
        let Way { stage, proof } = *self.way();
        let why = match (stage, proof) {
            (_, Some(_)) => word::STALLED_IN_STREAM,
            (Stage::Headed, None) => word::STALLED_AFTER_HEADERS,
            (Stage::Sent, None) => word::NO_ANSWER,
            (Stage::Connecting, None) => word::CONNECT_TIMED_OUT,
            (Stage::Waiting, None) => word::NO_FREE_CONNECTION,
        };
        Answer { proof, done: at, outcome: Outcome::Timeout, why: Some(why.into()) }
    }

    /// The answer of a request that was in flight when the drill ended.
    pub(super) fn abandoned(&self, at: u64) -> Answer {
        Answer { proof: self.way().proof, done: at, outcome: Outcome::Unknown, why: None }
    }

    pub(super) fn served(&self, at: u64) -> Answer {
        Answer { proof: self.way().proof, done: at, outcome: Outcome::Ok, why: None }
    }

    pub(super) fn flawed(&self, at: u64, outcome: Outcome, why: Cow<'static, str>) -> Answer {
        Answer { proof: self.way().proof, done: at, outcome, why: Some(why) }
    }

    pub(super) fn failed(&self, clock: Clock, outcome: Outcome, why: Cow<'static, str>) -> Answer {
        self.flawed(clock.now(), outcome, why)
    }

    /// The connection ended within the body.
    pub(super) fn cut(&self, clock: Clock) -> Answer {
        let outcome = if self.has_proof() { Outcome::Truncated } else { Outcome::Error };
        self.failed(clock, outcome, word::CUT.into())
    }
}

/// Does something, `None` where it takes longer than it may.
pub(super) async fn within<T>(limit: Option<Duration>, work: impl Future<Output = T>) -> Option<T> {
    match limit {
        Some(limit) => tokio::time::timeout(limit.std(), work).await.ok(),
        None => Some(work.await),
    }
}
