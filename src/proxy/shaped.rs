//! The body of a provider's answer on its way to the gateway, under whatever toxic is on the shape of answers.
//!
//! Without one its chunks pass as they came; all that is remembered is whether the last one ended an event. A toxic that comes takes hold
//! of streams that are underway, at the next event. One that goes lets what it held back pass at once. Of several, the first that takes
//! the request acts.
//!
//! A whole answer is read to its end first, up to 1 MB, but only where the toxic was there before its head went out: its length is said
//! there.

use super::asked::Asked;
use super::flow::Ticket;
use super::hold::{Active, Hold};
use crate::fault::{Boundary, Effect, Events, NEVER, Play, Tamper, Then};
use crate::journal::HostTime;
use crate::model::Dialect;
use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};

/// The longest whole answer that is read before it passes.
const LONGEST: usize = 1 << 20;
/// A timer that is set further away than this is set again when it has run.
const FAR: u64 = 3_600_000_000_000;

/// Why a body ended that had not ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// The provider's connection broke.
    #[error(transparent)]
    Upstream(#[from] hyper::Error),
    /// A toxic cut it.
    #[error("a fault has cut the answer")]
    Cut,
}

/// A toxic at work.
#[derive(Debug)]
struct Work {
    active: Arc<Active>,
    tamper: Tamper,
    events: Events,
    /// What came and was not looked at yet.
    chunk: Bytes,
    /// What came of a whole answer.
    whole: BytesMut,
}

#[derive(Debug)]
enum Ending {
    /// The provider's own, with its trailers.
    Natural(Option<Frame<Bytes>>),
    Polite,
    /// Whatever was written before shall go out first: true once it had the time.
    Cut(bool),
}

/// What an answer is, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    pub(super) dialect: Dialect,
    pub(super) streamed: bool,
    /// False where its shape must not be touched.
    pub(super) is_open: bool,
}

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Shaped {
    body: Incoming,
    ticket: Ticket,
    holds: watch::Receiver<Arc<Hold>>,
    kind: Kind,
    asked: Arc<Asked>,
    boundary: Boundary,
    has_begun: bool,
    work: Option<Work>,
    held: Option<Play>,
    timer: Option<Pin<Box<Sleep>>>,
    /// When the next sign of life is due.
    ping_at: u64,
    /// What passes before anything else.
    loose: Bytes,
    ending: Option<Ending>,
    is_spoilt: bool,
}

impl Shaped {
    /// `is_fixed` where the head says how long the body is: then it is left alone, unless it turns out that a toxic is in force now, which
    /// [`Shaped::is_loosened`] tells, so that the head can be changed.
    pub(super) fn new(
        body: Incoming,
        kind: Kind,
        asked: Arc<Asked>,
        is_fixed: bool,
        ticket: Ticket,
        holds: watch::Receiver<Arc<Hold>>,
    ) -> Self {
        let mut shaped = Self {
            body,
            ticket,
            holds,
            kind,
            asked,
            boundary: Boundary::default(),
            has_begun: false,
            work: None,
            held: None,
            timer: None,
            ping_at: 0,
            loose: Bytes::new(),
            ending: None,
            is_spoilt: false,
        };
        if shaped.kind.is_open {
            shaped.look();
            shaped.kind.is_open = !is_fixed || shaped.work.is_some();
        }
        shaped
    }

    /// True where the body may come out at another length than the provider said.
    pub(super) const fn is_loosened(&self) -> bool {
        self.work.is_some()
    }

    /// True where a toxic changed what the answer says, so that it must not count as the provider's whole one.
    pub(super) const fn is_spoilt(&self) -> bool {
        self.is_spoilt
    }

    /// Takes notice of the hold that is in force.
    fn heed(&mut self) {
        // An error means that the proxy is ending; the link will see to that.
        if self.kind.is_open && self.holds.has_changed().unwrap_or(false) {
            self.look();
        }
    }

    fn look(&mut self) {
        let active = self.holds.borrow_and_update().shaping(&self.asked);
        match (&self.work, &active) {
            (None, None) => return,
            (Some(work), Some(active)) if Arc::ptr_eq(&work.active, active) => return,
            _ => {}
        }
        self.let_go();
        let Some(active) = active else { return };
        let Effect::Shape(shape) = active.toxic.effect else { return };
        if self.ending.is_none() && (self.kind.streamed || !self.has_begun) {
            let tamper = Tamper::new(shape, self.kind.dialect, self.kind.streamed, !self.has_begun);
            let chunk = std::mem::take(&mut self.loose);
            self.work = Some(Work { active, tamper, events: Events::default(), chunk, whole: BytesMut::new() });
            if let Some(work) = &mut self.work
                && work.chunk.is_empty()
            {
                work.events = Events::after(self.boundary);
            }
        }
    }

    /// Ends the work of the toxic: what it held, and what was kept for it, passes.
    fn let_go(&mut self) {
        let held = self.held.take().map(|held| held.bytes).unwrap_or_default();
        self.timer = None;
        let Some(mut work) = self.work.take() else { return };
        self.boundary = work.events.boundary();
        self.boundary.follow(&work.chunk);
        self.loose = [&held, &work.events.rest(), &work.whole.freeze(), &work.chunk].map(|part| &part[..]).concat().into();
    }

    /// The toxic decides about a piece.
    fn judge(&mut self, piece: Bytes) {
        let Some(work) = &mut self.work else {
            self.loose = piece;
            return;
        };
        let now = HostTime::now().0;
        let play = work.tamper.piece(now, piece);
        if play.touched {
            self.ticket.touch(&work.active);
        }
        self.is_spoilt |= play.spoilt;
        self.ping_at = play.meanwhile.map_or(NEVER, |_| now);
        self.held = Some(play);
    }

    /// The piece that is held, once it is due; signs of life before.
    fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        loop {
            let Some(held) = &self.held else { return Poll::Ready(Bytes::new()) };
            let now = HostTime::now().0;
            if held.due <= now {
                match held.then {
                    Then::GoOn => {}
                    Then::End => self.ending = Some(Ending::Polite),
                    Then::Cut => self.ending = Some(Ending::Cut(false)),
                }
                self.timer = None;
                return Poll::Ready(self.held.take().map(|held| held.bytes).unwrap_or_default());
            }
            if let Some((sign, every)) = held.meanwhile
                && self.ping_at <= now
            {
                self.ping_at = now.saturating_add(every);
                return Poll::Ready(Bytes::from_static(sign));
            }
            let next = held.due.min(self.ping_at);
            if next == NEVER {
                return Poll::Pending;
            }
            let deadline = Instant::now() + Duration::from_nanos(next.saturating_sub(now).min(FAR));
            let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
            timer.as_mut().reset(deadline);
            ready!(timer.as_mut().poll(cx));
        }
    }

    /// Takes what the provider sent next to the toxic at work, or hands it out where there is none.
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let came = ready!(Pin::new(&mut self.body).poll_frame(cx)?);
        let Some(work) = &mut self.work else {
            if let Some(data) = came.as_ref().and_then(Frame::data_ref)
                && self.kind.is_open
                && self.kind.streamed
            {
                self.boundary.follow(data);
            }
            self.has_begun = true;
            return Poll::Ready(came.map(Ok));
        };
        match came.map(Frame::into_data) {
            Some(Ok(data)) if self.kind.streamed => work.chunk = data,
            Some(Ok(data)) => {
                work.whole.extend_from_slice(&data);
                if work.whole.len() > LONGEST {
                    self.let_go();
                    self.kind.is_open = false;
                }
            }
            ended => {
                let trailers = ended.and_then(Result::err);
                let rest = if self.kind.streamed { work.events.rest() } else { work.whole.split().freeze() };
                self.ending = Some(Ending::Natural(trailers));
                if !rest.is_empty() || !self.has_begun {
                    self.judge(rest);
                }
            }
        }
        // There is something to do before the provider is asked again.
        Poll::Ready(Some(Ok(Frame::data(Bytes::new()))))
    }

    pub(super) fn is_over(&self) -> bool {
        let idle = self.held.is_none() && self.loose.is_empty();
        match &self.ending {
            Some(Ending::Natural(trailers)) => idle && trailers.is_none(),
            Some(Ending::Polite) => idle,
            Some(Ending::Cut(_)) => false,
            None => idle && self.work.is_none() && self.body.is_end_stream(),
        }
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        if self.kind.is_open { SizeHint::default() } else { self.body.size_hint() }
    }

    pub(super) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        loop {
            self.heed();
            if !self.loose.is_empty() {
                self.has_begun = true;
                return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.loose)))));
            }
            if self.held.is_some() {
                let bytes = ready!(self.poll_held(cx));
                if !bytes.is_empty() {
                    self.has_begun = true;
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                continue;
            }
            match &mut self.ending {
                Some(Ending::Natural(trailers)) => return Poll::Ready(trailers.take().map(Ok)),
                Some(Ending::Polite) => return Poll::Ready(None),
                Some(Ending::Cut(true)) => return Poll::Ready(Some(Err(Broken::Cut))),
                Some(Ending::Cut(flushed)) => {
                    // While nothing is ready hyper flushes; an error would lose what it has not flushed.
                    *flushed = true;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                None => {}
            }
            if let Some(work) = &mut self.work
                && !work.chunk.is_empty()
            {
                if let Some(event) = work.events.next(&mut work.chunk) {
                    self.judge(event);
                }
                continue;
            }
            let had_work = self.work.is_some();
            let came = ready!(self.poll_body(cx));
            if !had_work || matches!(came, Some(Err(_))) {
                return Poll::Ready(came);
            }
        }
    }
}
