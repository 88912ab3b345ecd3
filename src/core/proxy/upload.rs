//! The body of a request on its way to the provider: it passes as it comes, and what passes is remembered for those who ask about it.
//!
//! ```text
//!  the gateway ──► Intake ──► Upload ──► RequestBody ──► the provider
//!            (its connection's task)   (the task of the provider's connection)
//! ```
//!
//! The head of a request never waits for its body, but where a fault in force asks about the body, and then only for one that
//! [may be read ahead](Plan::may_read_ahead). Where the traffic's mark may be in the body it is taken in as fast as it comes, up to
//! [`READ_AHEAD`], whether the provider takes it or not: so the mark is known although nobody answers. In every other case no more is
//! taken from the gateway than the provider asks for.

use crate::dialect::{Mark, find_mark};
use bytes::Bytes;
use hyper::Version;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_TYPE, EXPECT};
use hyper::http::request::Parts;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

/// How much of a body is read ahead or remembered; of a longer one nothing is known.
pub(super) const READ_AHEAD: usize = 1 << 20;
/// How much of a body that nobody wants any more is read and lost over HTTP/1.1: closed with bytes unread, the operating system would take
/// back the answer that came meanwhile.
pub(super) const LOST: usize = 16 << 20;
/// How often a reader may look before what has not come yet is taken to come later.
const GLANCES: u8 = 2;

/// Plan for a request's body: what may be done with it before the provider has asked for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyPlan {
    /// Its length, where the head says it.
    length: Option<u64>,
    is_json: bool,
    /// It takes HTTP/2 and nothing else.
    pub(super) is_grpc: bool,
    /// It comes over HTTP/2, where one request can end without the others.
    is_framed: bool,
    /// The gateway waits for leave before it sends it.
    pub(super) is_expected: bool,
    /// The mark was not in the head.
    seeks_mark: bool,
}

impl BodyPlan {
    pub(super) fn of(parts: &Parts, body: &Incoming, has_mark: bool) -> Self {
        let headers = &parts.headers;
        let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_grpc = is_grpc(kind);
        let kind = kind.split(';').next().unwrap_or_default().trim();
        Self {
            length: body.size_hint().exact(),
            // What only builds on JSON (`application/connect+json`) may be a conversation.
            is_json: kind.eq_ignore_ascii_case("application/json"),
            is_grpc,
            is_framed: parts.version == Version::HTTP_2,
            // Over HTTP/2 hyper's server gives no leave, and anyone who waits for it waits in vain.
            is_expected: parts.version == Version::HTTP_11 && headers.contains_key(EXPECT) && !body.is_end_stream(),
            seeks_mark: !has_mark,
        }
    }

    /// Of a request over HTTP/1.1 whose body has this length, and no fields that say more of it.
    pub(super) const fn of_length(length: u64, has_mark: bool) -> Self {
        Self { length: Some(length), is_json: false, is_grpc: false, is_framed: false, is_expected: false, seeks_mark: !has_mark }
    }

    /// True where all of it may be waited for: a body that is known to end soon, or one document of JSON. Streams of gRPC end when both
    /// sides are done with each other, chunks may be a conversation too, and who waits for leave waits for the provider's.
    pub(super) fn may_read_ahead(self) -> bool {
        let is_short = self.length.is_none_or(|length| length <= READ_AHEAD as u64);
        is_short && !self.is_grpc && !self.is_expected && (self.length.is_some() || self.is_json)
    }

    /// True where it is taken in before the provider asks for it.
    pub(super) fn runs_ahead(self) -> bool {
        self.seeks_mark && self.is_remembered() && !self.is_expected
    }

    fn is_remembered(self) -> bool {
        !self.is_grpc && self.length.is_none_or(|length| length <= READ_AHEAD as u64)
    }
}

/// True for the content type of a call of gRPC, which is HTTP/2 and nothing else. (`application/grpc-web` is made for HTTP/1.1.)
pub(super) fn is_grpc(kind: &str) -> bool {
    let rest = kind.get(..16).filter(|start| start.eq_ignore_ascii_case("application/grpc")).map(|_| &kind[16..]);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', ';', ' ']))
}

/// Error of a request's body that was broken off.
#[derive(Debug, thiserror::Error)]
#[error("the request's body ended early")]
pub(super) struct BodyEndedEarly(#[source] Option<hyper::Error>);

/// Body of a request on its way to the provider, shared by who takes it in and who passes it on.
#[derive(Debug)]
pub(super) struct Upload {
    plan: BodyPlan,
    state: Mutex<UploadState>,
    /// All of it in one piece, for those who ask.
    whole: OnceLock<Bytes>,
}

/// What came of a body, and who waits for more.
#[derive(Debug, Default)]
struct UploadState {
    /// What came and was not passed on yet.
    waiting: VecDeque<Frame<Bytes>>,
    /// What came, as long as it is not too long.
    pieces: Option<Vec<Bytes>>,
    length: usize,
    /// How much of it was searched for the mark.
    searched: usize,
    end: Option<BodyEnd>,
    /// The provider has asked for more than there is.
    is_wanted: bool,
    /// The provider wants no more of it, of which so much had come.
    abandoned: Option<usize>,
    /// It must not pass before the provider gives leave.
    is_held: bool,
    /// The answer came without leave, so nobody can tell whether the body will.
    is_withheld: bool,
    intake: Option<Waker>,
    reader: Option<Waker>,
    /// Who waits until it is settled.
    settling: Option<Waker>,
}

/// How a body ended.
#[derive(Debug)]
enum BodyEnd {
    Whole,
    Early(Option<hyper::Error>),
}

impl UploadState {
    fn remember(&mut self, data: &Bytes) {
        self.length += data.len();
        let is_short = self.length <= READ_AHEAD;
        self.pieces = self.pieces.take().filter(|_| is_short);
        if let Some(pieces) = &mut self.pieces {
            pieces.push(data.clone());
        }
    }

    fn wake(&mut self) {
        [self.reader.take(), self.settling.take()].into_iter().flatten().for_each(Waker::wake);
    }
}

impl Upload {
    /// Of a body that somebody else takes in and passes on, who says here what came.
    pub(super) fn told(plan: BodyPlan) -> Arc<Self> {
        let end = (plan.length == Some(0)).then_some(BodyEnd::Whole);
        let pieces = plan.is_remembered().then(Vec::new);
        let state = UploadState { end, pieces, ..UploadState::default() };
        Arc::new(Self { plan, state: Mutex::new(state), whole: OnceLock::new() })
    }

    /// This came.
    pub(super) fn came(&self, data: &Bytes, is_last: bool) {
        let mut state = self.state();
        state.remember(data);
        if is_last {
            state.end = Some(BodyEnd::Whole);
        }
    }

    /// No more of it will come.
    pub(super) fn break_off(&self) {
        self.state().end.get_or_insert(BodyEnd::Early(None));
    }

    fn state(&self) -> MutexGuard<'_, UploadState> {
        // A panic while the lock was held leaves pieces that are still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of it; empty where it is too long, or not all here.
    pub(super) fn whole(&self) -> &[u8] {
        if let Some(whole) = self.whole.get() {
            return whole;
        }
        let state = self.state();
        let (Some(pieces), Some(BodyEnd::Whole)) = (&state.pieces, &state.end) else { return &[] };
        let whole = joined(pieces, state.length);
        drop(state);
        self.whole.get_or_init(|| whole)
    }

    /// The traffic's mark, where the head had none and what has come since the last look has one.
    pub(super) fn new_mark(&self) -> Option<Mark> {
        if !self.plan.seeks_mark {
            return None;
        }
        let mut state = self.state();
        let length = state.length;
        let pieces = state.pieces.as_ref().filter(|_| state.searched < length)?;
        let came = joined(pieces, length);
        state.searched = length;
        drop(state);
        find_mark(None, &came)
    }

    /// True where the gateway broke it off.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self.state().end, Some(BodyEnd::Early(_)))
    }

    /// True where the provider's leave is waited for.
    pub(super) fn is_held(&self) -> bool {
        self.state().is_held
    }

    /// The provider wants it, or has not said otherwise in time.
    pub(super) fn release(&self) {
        let mut state = self.state();
        state.is_held = false;
        state.wake();
    }

    /// Nobody wants what is still to come.
    pub(super) fn abandon(&self) {
        let mut state = self.state();
        state.abandoned = state.abandoned.or(Some(state.length));
        state.waiting.clear();
        if let Some(intake) = state.intake.take() {
            intake.wake();
        }
    }

    /// Whether more of it must be taken in now, else later; `None` where never.
    fn goes_on(&self, cx: &Context<'_>) -> Option<bool> {
        let mut state = self.state();
        let runs_ahead = state.pieces.is_some() && self.plan.runs_ahead();
        let is_of_use = match state.abandoned {
            None => true,
            Some(_) if state.is_held || state.is_withheld || self.plan.is_framed => runs_ahead,
            Some(length) => state.length - length <= LOST,
        };
        if state.end.is_some() || !is_of_use {
            return None;
        }
        state.intake = Some(cx.waker().clone());
        Some(runs_ahead || state.is_wanted || state.abandoned.is_some())
    }

    /// Returns once nothing more will be learned of it; at once for one that may be a conversation, which need not end.
    pub(super) async fn settled(&self) {
        poll_fn(|cx| {
            let mut state = self.state();
            if state.end.is_some() || state.pieces.is_none() || !self.plan.runs_ahead() || !self.plan.may_read_ahead() {
                return Poll::Ready(());
            }
            state.settling = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// What the provider gets.
    pub(super) fn body(self: &Arc<Self>) -> UpstreamBody {
        UpstreamBody { upload: self.clone(), left: self.plan.length }
    }
}

/// All pieces as one; most bodies come in one and are not copied.
fn joined(pieces: &[Bytes], length: usize) -> Bytes {
    if let [only] = pieces {
        return only.clone();
    }
    let mut all = Vec::with_capacity(length);
    pieces.iter().for_each(|piece| all.extend_from_slice(piece));
    all.into()
}

/// A body without leave to come, although its answer has: the provider is told that it will not once that has passed, for then its
/// connection ends.
#[derive(Debug)]
pub(super) struct Withheld(Arc<Upload>);

impl Withheld {
    pub(super) fn of(upload: &Arc<Upload>) -> Option<Self> {
        upload.is_held().then(|| {
            upload.state().is_withheld = true;
            upload.abandon();
            Self(upload.clone())
        })
    }
}

impl Drop for Withheld {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// Takes a body in.
#[derive(Debug)]
pub(super) struct Intake {
    body: Incoming,
    upload: Arc<Upload>,
}

impl Intake {
    pub(super) fn new(body: Incoming, plan: BodyPlan) -> Self {
        let end = body.is_end_stream().then_some(BodyEnd::Whole);
        let pieces = plan.is_remembered().then(Vec::new);
        let state = UploadState { end, pieces, is_held: plan.is_expected, ..UploadState::default() };
        Self { body, upload: Arc::new(Upload { plan, state: Mutex::new(state), whole: OnceLock::new() }) }
    }

    pub(super) const fn upload(&self) -> &Arc<Upload> {
        &self.upload
    }

    /// True where there is nothing more to take in.
    pub(super) fn is_over(&self) -> bool {
        self.upload.state().end.is_some()
    }

    /// Takes in the next piece; true at the end.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
        let mut state = self.upload.state();
        match frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    state.remember(data);
                }
                if state.abandoned.is_none() {
                    state.waiting.push_back(frame);
                }
                if self.body.is_end_stream() {
                    state.end = Some(BodyEnd::Whole);
                }
            }
            Some(Err(error)) => state.end = Some(BodyEnd::Early(Some(error))),
            None => state.end = Some(BodyEnd::Whole),
        }
        state.is_wanted = false;
        state.wake();
        Poll::Ready(state.end.is_some())
    }

    /// Takes in what has come already.
    pub(super) async fn glance(&mut self) {
        let mut looks = 0;
        poll_fn(|cx| {
            while !self.is_over() && self.upload.state().length <= READ_AHEAD {
                if self.poll_next(cx).is_pending() {
                    if looks == GLANCES {
                        return Poll::Ready(());
                    }
                    // Anyone who reads the connection looks for more of it only now.
                    looks += 1;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
            Poll::Ready(())
        })
        .await;
    }

    /// Takes in all of it, unless it turns out to be too long.
    pub(super) async fn read_ahead(&mut self) {
        while !self.is_over() && self.upload.state().length <= READ_AHEAD {
            poll_fn(|cx| self.poll_next(cx)).await;
        }
    }

    /// Takes in the rest, as fast as is planned.
    pub(super) async fn run(mut self) {
        poll_fn(|cx| {
            loop {
                let Some(goes_on) = self.upload.goes_on(cx) else { return Poll::Ready(()) };
                if !goes_on {
                    return Poll::Pending;
                }
                if std::task::ready!(self.poll_next(cx)) {
                    return Poll::Ready(());
                }
            }
        })
        .await;
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        let mut state = self.upload.state();
        if state.end.is_none() {
            state.end = Some(BodyEnd::Early(None));
        }
        state.wake();
    }
}

/// Body of a request as the provider's connection reads it.
#[derive(Debug)]
pub(super) struct UpstreamBody {
    upload: Arc<Upload>,
    /// What is still to come, where its length is known.
    left: Option<u64>,
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = BodyEndedEarly;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyEndedEarly>>> {
        let this = self.get_mut();
        let mut state = this.upload.state();
        if !state.is_held {
            if let Some(frame) = state.waiting.pop_front() {
                let length = frame.data_ref().map_or(0, Bytes::len);
                this.left = this.left.map(|left| left.saturating_sub(length as u64));
                return Poll::Ready(Some(Ok(frame)));
            }
            match &mut state.end {
                Some(BodyEnd::Whole) => return Poll::Ready(None),
                Some(BodyEnd::Early(error)) => return Poll::Ready(Some(Err(BodyEndedEarly(error.take())))),
                None => {}
            }
            state.is_wanted = true;
            if let Some(intake) = state.intake.take() {
                intake.wake();
            }
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        let state = self.upload.state();
        state.waiting.is_empty() && matches!(state.end, Some(BodyEnd::Whole))
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for UpstreamBody {
    fn drop(&mut self) {
        self.upload.abandon();
    }
}
