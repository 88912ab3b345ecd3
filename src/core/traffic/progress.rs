//! How far a request has come, and what became of it.

use super::first_lines::first_line;
use super::{Spent, word};
use crate::history::Outcome;
use crate::journal::Clock;
use crate::model::Tokens;
use crate::units::Duration;
use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// The result of one request; moments in nanoseconds since the drill's origin.
#[derive(Debug, Clone)]
pub(super) struct RequestResult {
    pub(super) proof: Option<u64>,
    pub(super) done: u64,
    pub(super) outcome: Outcome,
    pub(super) why: Option<Cow<'static, str>>,
    /// What it costs, as far as its client knows.
    pub(super) spent: Spent,
}

/// The progress of a request, so that its deadline can say where it stood. It can be looked at while its answer is waited for.
#[derive(Debug, Default)]
pub(super) struct RequestProgress {
    state: Mutex<ProgressState>,
    /// When it is given up; `None` where somebody else sees to that.
    limit: Option<u64>,
    /// What the answer says, where it will not do.
    said: OnceLock<String>,
}

/// What is known of a request so far.
#[derive(Debug, Default)]
struct ProgressState {
    stage: RequestStage,
    proof: Option<u64>,
    /// The word for a status that is no service, with what was read of its body.
    refusal: Option<Cow<'static, str>>,
    /// The tokens that the answer reports.
    tokens: Option<Tokens>,
    /// The answer, where it is known and what follows it is only waited for.
    answer: Option<RequestResult>,
}

/// The stage that a request has reached.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum RequestStage {
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

impl RequestProgress {
    /// Of a request that is given up at this moment.
    pub(super) fn until(limit: u64) -> Self {
        Self { limit: Some(limit), ..Self::default() }
    }

    fn state(&self) -> MutexGuard<'_, ProgressState> {
        // Nothing that holds it can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True once it should have been given up: a request that has waited until then is not begun any more.
    pub(super) fn is_late(&self, now: u64) -> bool {
        self.limit.is_some_and(|limit| limit <= now)
    }

    /// What the answer says, where it will not do.
    pub(super) fn says(&self, body: &[u8]) {
        if let Some(line) = first_line(body) {
            let _ = self.said.set(line);
        }
    }

    /// The same, in a line.
    pub(super) fn said(&self) -> Option<&str> {
        self.said.get().map(String::as_str)
    }

    pub(super) fn has_turn(&self) {
        self.state().stage = RequestStage::Connecting;
    }

    pub(super) fn is_sent(&self) {
        self.state().stage = RequestStage::Sent;
    }

    pub(super) fn has_head(&self) {
        self.state().stage = RequestStage::Headed;
    }

    /// The head of its answer is no service, in this word. It stands, whatever becomes of the body.
    pub(super) fn is_refused(&self, why: String) {
        self.state().refusal = Some(why.into());
    }

    /// Content is there; the first time counts.
    pub(super) fn is_proven(&self, clock: Clock) {
        self.state().proof.get_or_insert_with(|| clock.now());
    }

    /// The same, at a moment that was noted.
    pub(super) fn was_proven(&self, at: u64) {
        self.state().proof.get_or_insert(at);
    }

    /// The answer reports so many tokens.
    pub(super) fn has_used(&self, tokens: Option<Tokens>) {
        self.state().tokens = tokens;
    }

    /// The answer is known, and this is it, whatever becomes of its connection.
    pub(super) fn is_over(&self, answer: &RequestResult) {
        self.state().answer = Some(answer.clone());
    }

    /// Whether nobody has to wait for it any more: its answer is known, or its content is there where that is enough.
    pub(super) fn is_settled(&self, until_proof: bool) -> bool {
        let state = self.state();
        state.answer.is_some() || (until_proof && state.proof.is_some())
    }

    /// Whether content is there.
    fn has_proof(&self) -> bool {
        self.state().proof.is_some()
    }

    /// The answer of a request that was given up, at its deadline or at the timeout of a part.
    pub(super) fn timed_out(&self, at: u64) -> RequestResult {
        let Some((stage, proof)) = self.stood() else { return self.known(at) };
        let why = match (stage, proof) {
            (_, Some(_)) => word::STALLED_IN_STREAM,
            (RequestStage::Headed, None) => word::STALLED_AFTER_HEADERS,
            (RequestStage::Sent, None) => word::NO_ANSWER,
            (RequestStage::Connecting, None) => word::CONNECT_TIMED_OUT,
            (RequestStage::Waiting, None) => word::NO_FREE_CONNECTION,
        };
        self.answer(at, Outcome::Timeout, Some(why.into()))
    }

    /// The answer of a request that was in flight when the drill ended.
    pub(super) fn abandoned(&self, at: u64) -> RequestResult {
        if self.stood().is_none() { self.known(at) } else { self.answer(at, Outcome::Unknown, None) }
    }

    /// Where it stands, as long as nothing is known of how it ends.
    fn stood(&self) -> Option<(RequestStage, Option<u64>)> {
        let state = self.state();
        (state.answer.is_none() && state.refusal.is_none()).then_some((state.stage, state.proof))
    }

    /// What is already known of how it ends: all of it, or its status.
    fn known(&self, at: u64) -> RequestResult {
        let (answer, refusal) = {
            let state = self.state();
            (state.answer.clone(), state.refusal.clone())
        };
        answer.unwrap_or_else(|| self.answer(at, Outcome::Error, refusal))
    }

    fn answer(&self, done: u64, outcome: Outcome, why: Option<Cow<'static, str>>) -> RequestResult {
        let state = self.state();
        let spent = match (&state.refusal, state.stage) {
            (_, RequestStage::Waiting | RequestStage::Connecting) => Spent::Nothing,
            (Some(_), _) => Spent::Refused,
            (None, _) => Spent::Something(state.tokens),
        };
        RequestResult { proof: state.proof, done, outcome, why, spent }
    }

    pub(super) fn served(&self, at: u64) -> RequestResult {
        self.answer(at, Outcome::Ok, None)
    }

    pub(super) fn flawed(&self, at: u64, outcome: Outcome, why: Cow<'static, str>) -> RequestResult {
        self.answer(at, outcome, Some(why))
    }

    pub(super) fn failed(&self, clock: Clock, outcome: Outcome, why: Cow<'static, str>) -> RequestResult {
        self.flawed(clock.now(), outcome, why)
    }

    /// The connection ended within the body.
    pub(super) fn cut(&self, clock: Clock) -> RequestResult {
        self.was_cut(clock.now())
    }

    /// The same, at a moment that was noted.
    pub(super) fn was_cut(&self, at: u64) -> RequestResult {
        let outcome = if self.has_proof() { Outcome::Truncated } else { Outcome::Error };
        self.flawed(at, outcome, word::CUT.into())
    }
}

/// Does something, `None` where it takes longer than it may.
pub(super) async fn within<T>(limit: Option<Duration>, work: impl Future<Output = T>) -> Option<T> {
    match limit {
        Some(limit) => tokio::time::timeout(limit.std(), work).await.ok(),
        None => Some(work.await),
    }
}
