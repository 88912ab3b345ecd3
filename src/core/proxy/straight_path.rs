//! Exchanges over HTTP/1.1 that pass straight between a gateway and a provider without TLS: the connection's own task reads and writes both
//! sides, and passes heads line by line and bodies piece by piece.
//!
//! ```text
//!  StraightGateway ──► StraightRequest, StraightUpload ──► ProviderLink
//!        ▲                                                      │
//!        └────────── AnswerBody (toxics) ◄── StraightBody ◄─────┘
//! ```
//!
//! What the faults in force make of an exchange is decided as in `exchange`, and what is told of it is the same. The first request that is
//! more than common hands the connection over to hyper, with all that came of it.
//!
//! What this file does not do: HTTP/2, upgrades, or whatever else `straight_request` leaves to others.

use super::answer_body::{AnswerBody, AnswerKind, ProviderBody};
use super::arrival::HostHeader;
use super::connection_flow::ExchangeHandle;
use super::exchange::{Exchanger, REST, broken_off, innermost, learn_mark, plain_error};
use super::fault_set::RequestRuling;
use super::gateway_request::GatewayRequest;
use super::interim::{InterimAnswer, LAST_CHUNK};
use super::provider_link::{LinkError, ProviderLink, StraightProvider};
use super::straight_answer::{AnswerLength, StraightAnswer, first_line};
use super::straight_body::StraightBody;
use super::straight_gateway::StraightGateway;
use super::straight_request::{RequestReading, StraightRequest, line};
use super::straight_upload::{StraightUpload, UploadBreak};
use super::upload::{BodyPlan, Upload};
use crate::dialect::{AnswerFormat, MARK_HEADER, WireAnswer, find_mark, is_stream};
use crate::journal::HostTime;
use bytes::{Bytes, BytesMut};
use hyper::StatusCode;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};

/// So much waits for the gateway before no more is taken from the provider.
const WINDOW: usize = 64 << 10;

/// Path of the exchanges of one connection.
pub(super) struct StraightPath<I> {
    gateway: StraightGateway<I>,
    exchanger: Arc<Exchanger>,
    provider: Arc<StraightProvider>,
    /// It ends as soon as it carries nothing, once this is true.
    draining: Arc<AtomicBool>,
    /// How much of what came was looked through for the end of a head.
    seen: usize,
}

/// How it ends.
pub(super) enum PathEnd<I> {
    /// With the connection.
    Over,
    /// The rest is hyper's, with what came of it.
    Handed(I, BytesMut),
}

/// What is next on a connection.
enum NextRequest {
    Over,
    Straight(StraightRequest),
    Other,
}

/// Why there is no answer of the provider.
enum NoAnswer {
    /// The gateway has broken its request off.
    BrokenOff,
    Provider(LinkError),
}

/// What is known of an exchange.
struct StraightExchange {
    asked: Arc<GatewayRequest>,
    handle: ExchangeHandle,
    upload: StraightUpload,
    /// The connection ends with it.
    closes: bool,
}

impl<I: AsyncRead + AsyncWrite + Unpin> StraightPath<I> {
    pub(super) fn new(
        io: I,
        came: BytesMut,
        exchanger: Arc<Exchanger>,
        provider: Arc<StraightProvider>,
        draining: Arc<AtomicBool>,
    ) -> Self {
        Self { gateway: StraightGateway::new(io, came), exchanger, provider, draining, seen: 0 }
    }

    /// Carries exchanges for as long as they pass straight.
    ///
    /// # Errors
    /// The gateway's connection's, and where an answer was not whole.
    pub(super) async fn run(mut self) -> io::Result<PathEnd<I>> {
        loop {
            let request = match poll_fn(|cx| self.poll_next(cx)).await? {
                NextRequest::Straight(request) => request,
                NextRequest::Other => {
                    let (io, came) = self.gateway.into_parts();
                    return Ok(PathEnd::Handed(io, came));
                }
                NextRequest::Over => break,
            };
            if !self.exchange(request).await? {
                break;
            }
        }
        poll_fn(|cx| self.gateway.poll_end(cx)).await?;
        Ok(PathEnd::Over)
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<NextRequest>> {
        loop {
            let _ = self.gateway.poll_flush(cx)?;
            if self.gateway.held() > 0 {
                return Poll::Pending;
            }
            if !self.gateway.came.is_empty() {
                match RequestReading::take(&mut self.gateway.came, &mut self.seen) {
                    RequestReading::Straight(request) => return Poll::Ready(Ok(NextRequest::Straight(request))),
                    RequestReading::Other => return Poll::Ready(Ok(NextRequest::Other)),
                    RequestReading::Unfinished => {}
                }
            } else if self.draining.load(Ordering::Relaxed) {
                return Poll::Ready(Ok(NextRequest::Over));
            }
            if ready!(self.gateway.poll_read(0, cx))? == 0 {
                let is_over = self.gateway.came.is_empty();
                return Poll::Ready(Ok(if is_over { NextRequest::Over } else { NextRequest::Other }));
            }
        }
    }

    /// One exchange; true where the connection goes on after it.
    async fn exchange(&mut self, request: StraightRequest) -> io::Result<bool> {
        let exchanger = self.exchanger.clone();
        let (number, at) = (exchanger.shared.requests.fetch_add(1, Ordering::Relaxed), HostTime::now());
        let mark = find_mark(request.header(MARK_HEADER), b"");
        let (length, closes) = (request.length, request.closes);
        let plan = BodyPlan::of_length(length, mark.is_some());
        let told = Upload::told(plan);
        let dialect = exchanger.upstream.dialect;
        let asked = Arc::new(GatewayRequest::straight(dialect, (number, at), exchanger.from.clone(), request, told.clone()));
        let handle = exchanger.begin(&asked, mark);
        let mut exchange = StraightExchange { asked, handle, upload: StraightUpload::new(told, plan, length), closes };
        exchange.upload.take(&mut self.gateway.came);

        let ruling = self.rule(&mut exchange).await;
        exchange.learn_mark();
        if exchange.upload.told().is_broken() {
            return self.reply(&broken_off(), &[], true, &mut exchange).await;
        }
        if let Some((active, answer)) = &ruling.instead {
            exchange.handle.touch(active, &exchange.asked);
            return self.reply(answer, ruling.headers(), true, &mut exchange).await;
        }
        match self.ask(&mut exchange).await {
            Ok((link, answer)) => {
                exchange.learn_mark();
                self.deliver(link, answer, &ruling, exchange).await
            }
            Err(problem) => self.no_answer(problem, exchange).await,
        }
    }

    /// What the faults in force say to a request, of whose body as much is read as they ask for.
    async fn rule(&mut self, exchange: &mut StraightExchange) -> RequestRuling {
        let exchanger = self.exchanger.clone();
        let mut may_read = !exchange.upload.is_here() && exchange.upload.may_read_ahead();
        let ruling = loop {
            {
                let fault_set = exchanger.fault_sets.borrow();
                if !may_read || !fault_set.asks_for_body(&exchange.asked) {
                    break fault_set.rule(&exchange.asked);
                }
            }
            self.read_ahead(&mut exchange.upload).await;
            may_read = false;
        };
        if ruling.instead.is_some() && may_read {
            // As a provider that refuses does, so that the connection can go on.
            self.read_ahead(&mut exchange.upload).await;
        }
        ruling
    }

    /// Takes all of a body in. Where it is broken off, that is known of it.
    async fn read_ahead(&mut self, upload: &mut StraightUpload) {
        let was_hurried = std::mem::replace(&mut upload.is_hurried, true);
        let _ = poll_fn(|cx| upload.poll(&mut self.gateway, None, cx)).await;
        upload.is_hurried = was_hurried;
    }

    /// Asks the provider, and tells the gateway what comes before the answer.
    async fn ask(&mut self, exchange: &mut StraightExchange) -> Result<(ProviderLink, StraightAnswer), NoAnswer> {
        let exchanger = self.exchanger.clone();
        let StraightExchange { asked, upload, .. } = exchange;
        // Compressed, its events could not be told apart.
        let is_readable = !exchanger.fault_sets.borrow().shaping(asked).is_empty();
        let host = (exchanger.host == HostHeader::OfUpstream).then_some(self.provider.host.as_str());
        let mut head = BytesMut::new();
        if let Some(request) = asked.lines() {
            request.write(host, is_readable, &mut head);
        }
        head.extend_from_slice(&upload.waiting);
        upload.waiting = head;
        loop {
            let mut link = match self.provider.waiting_link() {
                Some(link) => link,
                None => self.connect(upload).await?,
            };
            match self.hear(&mut link, asked, upload).await {
                // Nothing was said on it, so it can be said on another.
                Err(NoAnswer::Provider(_)) if link.is_unused() => {}
                heard => return heard.map(|answer| (link, answer)),
            }
        }
    }

    async fn connect(&mut self, upload: &mut StraightUpload) -> Result<ProviderLink, NoAnswer> {
        let provider = self.provider.clone();
        let mut connecting = pin!(provider.connect());
        poll_fn(|cx| {
            if let Poll::Ready(connected) = connecting.as_mut().poll(cx) {
                return Poll::Ready(connected.map_err(NoAnswer::Provider));
            }
            match upload.poll(&mut self.gateway, None, cx) {
                Poll::Ready(Err(_)) => Poll::Ready(Err(NoAnswer::BrokenOff)),
                Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// Says the request, and hears the head of the answer.
    async fn hear(
        &mut self,
        link: &mut ProviderLink,
        asked: &GatewayRequest,
        upload: &mut StraightUpload,
    ) -> Result<StraightAnswer, NoAnswer> {
        let mut unsaid = None;
        poll_fn(|cx| {
            loop {
                match upload.poll(&mut self.gateway, Some(&mut *link), cx) {
                    Poll::Ready(Err(UploadBreak::Gateway(_))) => return Poll::Ready(Err(NoAnswer::BrokenOff)),
                    Poll::Ready(Err(UploadBreak::Provider(error))) if link.is_unused() => {
                        return Poll::Ready(Err(NoAnswer::Provider(error.into())));
                    }
                    Poll::Ready(Err(UploadBreak::Provider(error))) => {
                        // It may have answered all the same.
                        upload.abandon();
                        unsaid = Some(error);
                    }
                    Poll::Ready(Ok(())) | Poll::Pending => {}
                }
                // An error will be met again when the answer is written.
                let _ = self.gateway.poll_flush(cx);
                let answer = match ready!(link.poll_answer(cx)) {
                    Ok(answer) => answer,
                    Err(error) => return Poll::Ready(Err(NoAnswer::Provider(unsaid.take().map_or(error, LinkError::from)))),
                };
                if !matches!(answer.status, 100 | 102..=199) {
                    return Poll::Ready(Ok(answer));
                }
                if self.gateway.held() < WINDOW && self.exchanger.fault_sets.borrow().stalling(asked).is_none() {
                    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::CONTINUE);
                    self.gateway.say(InterimAnswer { status, headers: answer.head().to_map() }.bytes());
                }
            }
        })
        .await
    }

    /// Holds the answer back for as long as a stall says, while the request goes on.
    async fn stall(&mut self, link: &mut ProviderLink, exchange: &mut StraightExchange) -> io::Result<()> {
        let exchanger = self.exchanger.clone();
        let StraightExchange { asked, handle, upload, .. } = exchange;
        let mut stall = pin!(exchanger.stall(asked, handle));
        poll_fn(|cx| {
            if stall.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            match upload.poll(&mut self.gateway, Some(&mut *link), cx) {
                Poll::Ready(Err(UploadBreak::Gateway(error))) => return Poll::Ready(Err(error)),
                Poll::Ready(Err(UploadBreak::Provider(_))) => upload.abandon(),
                Poll::Ready(Ok(())) | Poll::Pending => {}
            }
            Poll::Pending
        })
        .await
    }

    /// Passes the provider's answer on.
    async fn deliver(
        &mut self,
        mut link: ProviderLink,
        answer: StraightAnswer,
        ruling: &RequestRuling,
        mut exchange: StraightExchange,
    ) -> io::Result<bool> {
        if self.exchanger.fault_sets.borrow().stalling(&exchange.asked).is_some() {
            self.stall(&mut link, &mut exchange).await?;
        }
        let stream = answer.head().text("content-type").is_some_and(is_stream);
        exchange.handle.learn(|exchange| {
            exchange.status = answer.status;
            exchange.stream = stream;
        });
        let is_open = (200..300).contains(&answer.status) && answer.status != 204;
        let format = AnswerFormat { dialect: exchange.asked.dialect, operation: exchange.asked.operation(), streamed: stream };
        let body = ProviderBody::Straight(StraightBody::new(link, answer.length));
        let (asked, handle, fault_sets) = (exchange.asked.clone(), exchange.handle.clone(), self.exchanger.fault_sets.clone());
        let mut body = AnswerBody::new(body, AnswerKind { format, is_open }, asked, answer.is_fixed(), handle, fault_sets);
        // The next request would be one of another protocol.
        exchange.closes |= answer.status == 101;
        let length = match answer.length {
            AnswerLength::Exactly(length) if !body.is_loosened() => Some(length),
            _ => None,
        };
        let length = if answer.is_bodiless() { LengthLine::None } else { length.map_or(LengthLine::Chunks, LengthLine::Exactly) };
        answer.write(ruling.headers(), &mut self.gateway.out);
        exchange.closes |= self.draining.load(Ordering::Relaxed);
        self.end_head(ruling.headers(), length, exchange.closes);
        let is_whole = self.pass(&mut body, &mut exchange.upload, length == LengthLine::Chunks).await?;
        if !is_whole {
            return Err(io::Error::other("an answer was not whole"));
        }
        exchange.learn_mark();
        if body.is_spoilt() {
            exchange.handle.cut();
        } else {
            exchange.handle.finish();
        }
        let link = body.straight().and_then(StraightBody::take_link).filter(|_| answer.keeps);
        drop(body);
        self.finish(link, exchange).await
    }

    /// Writes the end of a head.
    fn end_head(&mut self, more: &[(String, String)], length: LengthLine, closes: bool) {
        let out = &mut self.gateway.out;
        for (name, value) in more {
            line(name.as_bytes(), value.as_bytes(), out);
        }
        match length {
            LengthLine::Exactly(length) => line(b"content-length", length.to_string().as_bytes(), out),
            LengthLine::Chunks => line(b"transfer-encoding", b"chunked", out),
            LengthLine::None => {}
        }
        if closes {
            line(b"connection", b"close", out);
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Passes the body of an answer, while the request goes on; true where it came to its end, and all of it was written.
    async fn pass(&mut self, body: &mut AnswerBody, upload: &mut StraightUpload, is_chunked: bool) -> io::Result<bool> {
        let mut ended = body.is_over().then_some(true);
        if ended.is_some() && is_chunked {
            self.gateway.say(Bytes::from_static(LAST_CHUNK));
        }
        poll_fn(|cx| {
            loop {
                if !upload.is_done() {
                    match upload.poll(&mut self.gateway, body.straight().and_then(StraightBody::link), cx) {
                        Poll::Ready(Err(UploadBreak::Gateway(error))) => return Poll::Ready(Err(error)),
                        Poll::Ready(Err(UploadBreak::Provider(_))) => upload.abandon(),
                        Poll::Ready(Ok(())) | Poll::Pending => {}
                    }
                }
                let mut is_waiting = false;
                while ended.is_none() && self.gateway.held() < WINDOW && !is_waiting {
                    match body.poll_frame(cx) {
                        Poll::Pending => is_waiting = true,
                        Poll::Ready(Some(Err(error))) => {
                            tracing::debug!(%error, "an answer was not whole");
                            ended = Some(false);
                        }
                        Poll::Ready(came) => {
                            let frame = came.and_then(Result::ok);
                            let is_last = frame.is_none() || body.is_over() || frame.as_ref().is_some_and(hyper::body::Frame::is_trailers);
                            self.gateway.say_frame(frame, is_last, is_chunked);
                            ended = is_last.then_some(true);
                        }
                    }
                }
                ready!(self.gateway.poll_out(cx))?;
                if let Some(is_whole) = ended {
                    return Poll::Ready(Ok(is_whole));
                }
                if is_waiting {
                    let _ = self.gateway.poll_flush(cx)?;
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    /// Says that no answer came.
    async fn no_answer(&mut self, problem: NoAnswer, mut exchange: StraightExchange) -> io::Result<bool> {
        exchange.upload.waiting.clear();
        if !exchange.upload.is_here() && !exchange.upload.told().is_broken() && exchange.upload.is_hurried {
            let _ = tokio::time::timeout(REST, self.read_ahead(&mut exchange.upload)).await;
        }
        exchange.learn_mark();
        let NoAnswer::Provider(error) = problem else { return self.reply(&broken_off(), &[], true, &mut exchange).await };
        if exchange.upload.told().is_broken() {
            return self.reply(&broken_off(), &[], true, &mut exchange).await;
        }
        let cause = innermost(&error);
        tracing::debug!(proxy = %self.exchanger.shared.proxy, %cause, "the upstream did not answer");
        exchange.handle.cut();
        self.reply(&plain_error(502, &format!("the upstream did not answer: {cause}")), &[], false, &mut exchange).await
    }

    /// Answers in the provider's place. Where that is no answer it is not recorded as one.
    async fn reply(
        &mut self,
        answer: &WireAnswer,
        more: &[(String, String)],
        is_recorded: bool,
        exchange: &mut StraightExchange,
    ) -> io::Result<bool> {
        exchange.closes |= exchange.upload.told().is_broken() || self.draining.load(Ordering::Relaxed);
        let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if is_recorded {
            exchange.handle.learn(|exchange| exchange.status = answer.status);
        }
        self.gateway.join();
        first_line(status.as_u16(), status.canonical_reason().unwrap_or("<none>").as_bytes(), &mut self.gateway.out);
        for (name, value) in &answer.headers {
            let is_said_elsewhere =
                name.eq_ignore_ascii_case("content-length") || more.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
            if !is_said_elsewhere && hyper::header::HeaderValue::from_str(value).is_ok() {
                line(name.as_bytes(), value.as_bytes(), &mut self.gateway.out);
            }
        }
        let has_body = !(status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED));
        let length = if has_body { LengthLine::Exactly(answer.body.len() as u64) } else { LengthLine::None };
        self.end_head(more, length, exchange.closes);
        if has_body {
            self.gateway.say(Bytes::copy_from_slice(&answer.body));
        }
        poll_fn(|cx| self.gateway.poll_out(cx)).await?;
        if is_recorded {
            exchange.handle.finish();
        }
        exchange.upload.abandon();
        self.lose_rest(&mut exchange.upload).await?;
        Ok(!exchange.closes)
    }

    /// Ends an exchange whose answer is out; true where the connection goes on.
    async fn finish(&mut self, mut link: Option<ProviderLink>, exchange: StraightExchange) -> io::Result<bool> {
        let StraightExchange { mut upload, closes, .. } = exchange;
        if !upload.is_done() {
            if let Some(open) = &mut link {
                // The provider takes the rest of the request, until it says otherwise.
                let goes_on = poll_fn(|cx| {
                    // The gateway may wait for the answer before it sends the rest.
                    let _ = self.gateway.poll_flush(cx).map_err(UploadBreak::Gateway)?;
                    let is_said = upload.poll(&mut self.gateway, Some(&mut *open), cx)?;
                    if open.poll_hear(cx).is_ready() { Poll::Ready(Ok(false)) } else { is_said.map(|()| Ok::<_, UploadBreak>(true)) }
                });
                match goes_on.await {
                    Ok(true) => {}
                    Ok(false) | Err(UploadBreak::Provider(_)) => link = None,
                    Err(UploadBreak::Gateway(error)) => return Err(error),
                }
            }
            if link.is_none() {
                upload.abandon();
                self.lose_rest(&mut upload).await?;
            }
        }
        if let Some(link) = link {
            self.provider.keep(link);
        }
        self.gateway.shrink();
        Ok(!closes)
    }

    /// Reads what still comes of a body that nobody wants, so that the connection can go on.
    async fn lose_rest(&mut self, upload: &mut StraightUpload) -> io::Result<()> {
        if upload.is_here() || upload.told().is_broken() {
            return Ok(());
        }
        let lost = poll_fn(|cx| {
            let _ = self.gateway.poll_flush(cx)?;
            match upload.poll(&mut self.gateway, None, cx) {
                Poll::Ready(Err(UploadBreak::Gateway(error) | UploadBreak::Provider(error))) => Poll::Ready(Err(error)),
                Poll::Pending if upload.is_too_much() => Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
                Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
                Poll::Pending => Poll::Pending,
            }
        });
        lost.await?;
        // What came was no beginning of a request.
        self.exchanger.flow.state().heard = false;
        Ok(())
    }
}

/// What a head says of the length of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LengthLine {
    None,
    Exactly(u64),
    Chunks,
}

impl StraightExchange {
    fn learn_mark(&self) {
        learn_mark(self.upload.told(), &self.handle);
    }
}
