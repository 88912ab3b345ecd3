//! The body of a provider's answer on its way to the gateway, under whatever toxics are on answers.
//!
//! ```text
//!  the provider ──► events ──► station ──► station ──► the gateway
//!                              (toxic)     (toxic)
//! ```
//!
//! Without one its chunks pass as they came; all that is remembered is whether the last one ended an event. A toxic that comes takes hold
//! of streams that are underway, at the next event. One that goes lets what it held back pass at once, on to those behind it. A piece is
//! taken in only when the one before it has left the last station, so no more than one is ever held.
//!
//! A whole answer is read to its end first, up to 1 MB, but only where a toxic was there before its head went out: its length is said
//! there.

use super::connection_flow::ExchangeHandle;
use super::deadline::Deadline;
use super::fault_set::{ActiveToxic, FaultSet};
use super::gateway_request::GatewayRequest;
use super::straight_body::{BadBody, StraightBody};
use crate::dialect::{AnswerFormat, Boundary, EventSplitter, StreamEvent, UsageReader};
use crate::fault::{Matched, NEVER, Play, Tamper, Then};
use crate::journal::HostTime;
use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::sync::watch;

/// The longest whole answer that is read before it passes.
const LONGEST: usize = 1 << 20;

/// Error of an answer's body that was cut off.
#[derive(Debug, thiserror::Error)]
pub(super) enum AnswerBodyError {
    /// The provider's connection broke.
    #[error(transparent)]
    Upstream(#[from] hyper::Error),
    /// The same of one that its exchange drives.
    #[error(transparent)]
    Link(#[from] BadBody),
    /// A toxic cut it.
    #[error("a fault has cut the answer")]
    Cut,
}

/// A toxic on an answer, with its state for this answer.
#[derive(Debug)]
struct AnswerToxic {
    active: Arc<ActiveToxic>,
    tamper: Tamper,
}

/// The toxics at work on an answer, and what they have not decided about yet. Never without a toxic.
#[derive(Debug)]
struct AnswerWork {
    stations: Vec<AnswerToxic>,
    events: EventSplitter,
    /// What came and was not looked at yet.
    chunk: Bytes,
    /// What came of a whole answer.
    whole: BytesMut,
}

/// A piece of an answer that a toxic holds until it is due.
#[derive(Debug)]
struct HeldPiece {
    station: usize,
    play: Play,
}

/// How an answer ends, once that is known.
#[derive(Debug)]
enum AnswerEnding {
    /// The provider's own, with its trailers.
    Natural(Option<Frame<Bytes>>),
    Polite,
    /// Whatever was written before shall go out first: true once it had the time.
    Cut(bool),
}

/// Kind of an answer: how it is encoded, and whether toxics may change its length.
#[derive(Debug, Clone, Copy)]
pub(super) struct AnswerKind {
    pub(super) format: AnswerFormat,
    /// False where its shape must not be touched.
    pub(super) is_open: bool,
}

/// Where the body of an answer comes from.
#[derive(Debug)]
pub(super) enum ProviderBody {
    /// A connection that hyper drives.
    Hyper(Incoming),
    /// One that its exchange drives.
    Straight(StraightBody),
}

impl ProviderBody {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnswerBodyError>>> {
        match self {
            Self::Hyper(body) => Pin::new(body).poll_frame(cx).map_err(AnswerBodyError::from),
            Self::Straight(body) => body.poll_frame(cx).map_err(AnswerBodyError::from),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Hyper(body) => body.is_end_stream(),
            Self::Straight(body) => body.is_over(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Hyper(body) => body.size_hint(),
            Self::Straight(body) => body.size_hint(),
        }
    }
}

/// Body of a provider's answer, shaped by the toxics on answers.
#[derive(Debug)]
pub(super) struct AnswerBody {
    body: ProviderBody,
    handle: ExchangeHandle,
    fault_sets: watch::Receiver<Arc<FaultSet>>,
    kind: AnswerKind,
    request: Arc<GatewayRequest>,
    boundary: Boundary,
    has_begun: bool,
    work: Option<AnswerWork>,
    held: Option<HeldPiece>,
    timer: Deadline,
    /// When the next sign of life is due.
    ping_at: u64,
    /// What has left the last station.
    ready: Bytes,
    /// What was let go, and passes behind that.
    loose: Bytes,
    ending: Option<AnswerEnding>,
    is_spoilt: bool,
    /// What it reports to have used, as it goes out; `None` where nobody bills it.
    usage: Option<UsageReader>,
}

impl AnswerBody {
    /// `is_fixed` where the head says how long the body is: then it is left alone, unless it turns out that a toxic is in force now, which
    /// [`AnswerBody::is_loosened`] tells, so that the head can be changed.
    pub(super) fn new(
        body: ProviderBody,
        kind: AnswerKind,
        request: Arc<GatewayRequest>,
        is_fixed: bool,
        handle: ExchangeHandle,
        fault_sets: watch::Receiver<Arc<FaultSet>>,
    ) -> Self {
        let mut shaped = Self {
            body,
            handle,
            fault_sets,
            kind,
            request,
            boundary: Boundary::of(kind.format.dialect),
            has_begun: false,
            work: None,
            held: None,
            timer: Deadline::default(),
            ping_at: 0,
            ready: Bytes::new(),
            loose: Bytes::new(),
            ending: None,
            is_spoilt: false,
            usage: None,
        };
        if shaped.kind.is_open {
            shaped.usage = (shaped.request.method() == "POST").then(UsageReader::default);
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

    /// The connection on which it comes, where its exchange drives it.
    pub(super) const fn straight(&mut self) -> Option<&mut StraightBody> {
        match &mut self.body {
            ProviderBody::Straight(body) => Some(body),
            ProviderBody::Hyper(_) => None,
        }
    }

    /// Takes notice of the fault set that is in force.
    fn heed(&mut self) {
        // What was let go passes first. An error means that the proxy is ending; the connection will see to that.
        if self.kind.is_open && self.loose.is_empty() && self.fault_sets.has_changed().unwrap_or(false) {
            self.look();
        }
    }

    fn look(&mut self) {
        let wanted = self.fault_sets.borrow_and_update().shaping(&self.request);
        let mut before = self.work.as_mut().map(|work| std::mem::take(&mut work.stations)).unwrap_or_default();
        let may_begin = self.ending.is_none() && (self.kind.format.streamed || !self.has_begun);
        let held_by = self.held.as_ref().map(|held| held.station);
        // Where what is held goes on: at its station, else behind the last of those before it that are still there.
        let (mut resume, mut is_kept) = (0, held_by.is_none());
        let mut stations: Vec<AnswerToxic> = Vec::new();
        let places: Vec<Arc<ActiveToxic>> = before.iter().map(|station| station.active.clone()).collect();
        for active in wanted {
            let place = places.iter().position(|other| Arc::ptr_eq(other, &active));
            if let (Some(place), Some(held_by)) = (place, held_by)
                && place <= held_by
            {
                is_kept |= place == held_by;
                resume = stations.len() + usize::from(place < held_by);
            }
            match before.iter().position(|station| Arc::ptr_eq(&station.active, &active)) {
                Some(old) => stations.push(before.swap_remove(old)),
                None if may_begin => {
                    let tamper = Tamper::new(active.toxic.effect.clone(), self.kind.format, !self.has_begun).to(self.request.number);
                    stations.push(AnswerToxic { active, tamper });
                }
                None => {}
            }
        }
        if stations.is_empty() {
            return self.let_go();
        }
        match &mut self.work {
            Some(work) => work.stations = stations,
            None => {
                let events = EventSplitter::after(self.boundary);
                self.work = Some(AnswerWork { stations, events, chunk: Bytes::new(), whole: BytesMut::new() });
            }
        }
        match &mut self.held {
            Some(held) if is_kept => held.station = resume,
            Some(_) => self.release(resume),
            None => {}
        }
    }

    /// Ends the work: what was held, and what was kept for it, passes.
    fn let_go(&mut self) {
        let held = self.held.take().map(|held| held.play);
        self.timer.clear();
        let Some(mut work) = self.work.take() else { return };
        self.boundary = work.events.boundary();
        self.boundary.follow(&work.chunk);
        let then = held.as_ref().map_or(Then::GoOn, |held| held.then);
        let mut loose = BytesMut::from(&held.map(|held| held.bytes).unwrap_or_default()[..]);
        if then == Then::GoOn {
            for part in [&work.events.rest()[..], &work.whole, &work.chunk] {
                loose.extend_from_slice(part);
            }
        }
        self.loose = loose.freeze();
        self.end(then);
    }

    /// What is held goes on at this station.
    fn release(&mut self, station: usize) {
        self.timer.clear();
        if let Some(HeldPiece { play, .. }) = self.held.take() {
            self.judge(station, StreamEvent { bytes: play.bytes, is_whole: true }, play.then);
        }
    }

    /// The toxics from this station on decide about a piece, until one of them holds it.
    fn judge(&mut self, mut station: usize, mut event: StreamEvent, mut then: Then) {
        let now = HostTime::now().0;
        while let Some(AnswerToxic { active, tamper }) = self.work.as_mut().and_then(|work| work.stations.get_mut(station)) {
            let is_whole = event.is_whole;
            let play = tamper.piece(now, event);
            if play.touched {
                self.handle.touch(active, &self.request);
            }
            self.is_spoilt |= play.spoilt;
            then = then.max(play.then);
            if play.due > now {
                self.ping_at = play.meanwhile.as_ref().map_or(NEVER, |_| now);
                self.held = Some(HeldPiece { station, play: Play { then, ..play } });
                return;
            }
            event = StreamEvent { bytes: play.bytes, is_whole };
            if event.bytes.is_empty() && then != Then::GoOn {
                break;
            }
            station += 1;
        }
        self.ready = event.bytes;
        self.end(then);
    }

    fn end(&mut self, then: Then) {
        match then {
            Then::GoOn => {}
            Then::End => self.ending = Some(AnswerEnding::Polite),
            Then::Cut => self.ending = Some(AnswerEnding::Cut(false)),
        }
    }

    /// Waits until the piece that is held is due, and lets it go on then; signs of life before.
    fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        loop {
            let Some(HeldPiece { station, play }) = &self.held else { return Poll::Ready(Bytes::new()) };
            let now = HostTime::now().0;
            if play.due <= now {
                self.release(station + 1);
                return Poll::Ready(Bytes::new());
            }
            if let Some((sign, every)) = &play.meanwhile
                && self.ping_at <= now
            {
                self.ping_at = now.saturating_add(*every);
                return Poll::Ready(sign.clone());
            }
            let next = play.due.min(self.ping_at);
            if next == NEVER {
                return Poll::Pending;
            }
            ready!(self.timer.poll(next, cx));
        }
    }

    /// Takes what the provider sent next to the toxics at work, or hands it out where there is none.
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnswerBodyError>>> {
        let came = ready!(self.body.poll_frame(cx)?);
        let Some(work) = &mut self.work else {
            if let Some(data) = came.as_ref().and_then(Frame::data_ref)
                && self.kind.is_open
                && self.kind.format.streamed
            {
                self.boundary.follow(data);
            }
            self.has_begun = true;
            return Poll::Ready(came.map(Ok));
        };
        match came.map(Frame::into_data) {
            Some(Ok(data)) if self.kind.format.streamed => work.chunk = data,
            Some(Ok(data)) => {
                work.whole.extend_from_slice(&data);
                if work.whole.len() > LONGEST {
                    self.let_go();
                    self.kind.is_open = false;
                }
            }
            ended => {
                let trailers = ended.and_then(Result::err);
                let rest = if self.kind.format.streamed { work.events.rest() } else { work.whole.split().freeze() };
                self.ending = Some(AnswerEnding::Natural(trailers));
                if !rest.is_empty() || !self.has_begun {
                    self.judge(0, StreamEvent { bytes: rest, is_whole: true }, Then::GoOn);
                }
            }
        }
        // There is something to do before the provider is asked again.
        Poll::Ready(Some(Ok(Frame::data(Bytes::new()))))
    }

    pub(super) fn is_over(&self) -> bool {
        let idle = self.held.is_none() && self.ready.is_empty() && self.loose.is_empty();
        match &self.ending {
            Some(AnswerEnding::Natural(trailers)) => idle && trailers.is_none(),
            Some(AnswerEnding::Polite) => idle,
            Some(AnswerEnding::Cut(_)) => false,
            None => idle && self.work.is_none() && self.body.is_end_stream(),
        }
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        if self.kind.is_open { SizeHint::default() } else { self.body.size_hint() }
    }

    /// The next frame as it goes out, after a look at the tokens that it reports.
    pub(super) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnswerBodyError>>> {
        let came = self.poll_shaped(cx);
        if let (Some(usage), Poll::Ready(Some(Ok(frame)))) = (&mut self.usage, &came)
            && let Some(tokens) = frame.data_ref().and_then(|data| usage.feed(data))
        {
            self.handle.learn(|exchange| exchange.tokens = Some(tokens));
        }
        came
    }

    fn poll_shaped(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnswerBodyError>>> {
        loop {
            self.heed();
            let passing = if self.ready.is_empty() { &mut self.loose } else { &mut self.ready };
            if !passing.is_empty() {
                self.has_begun = true;
                return Poll::Ready(Some(Ok(Frame::data(std::mem::take(passing)))));
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
                Some(AnswerEnding::Natural(trailers)) => return Poll::Ready(trailers.take().map(Ok)),
                Some(AnswerEnding::Polite) => return Poll::Ready(None),
                Some(AnswerEnding::Cut(true)) => return Poll::Ready(Some(Err(AnswerBodyError::Cut))),
                Some(AnswerEnding::Cut(flushed)) => {
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
                    self.judge(0, event, Then::GoOn);
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

impl Drop for AnswerBody {
    fn drop(&mut self) {
        // However far it came: the provider has done the work.
        if let Some(usage) = &self.usage {
            self.fault_sets.borrow().billed(&self.request, usage.found());
        }
    }
}
