//! HTTP exchanges: one request from the gateway, one answer, from the provider or from a fault in its place.
//!
//! Bodies pass as they come. A request's body is read ahead up to 1 MB only to find the traffic's mark in it. Headers pass unchanged
//! but for `host` and those that belong to a single connection (RFC 9110, 7.6.1).

use super::asked::Asked;
use super::flow::Flow;
use super::hold::{Active, Hold};
use super::link::Shared;
use super::shaped::{Broken, Kind, Shaped};
use super::sight::Exchange;
use super::upstream::HttpUpstream;
use crate::dialect::{MARK_HEADER, WireAnswer, credential, find_mark, is_stream};
use crate::fault::{Effect, Stall, instead};
use crate::journal::HostTime;
use crate::units::Fingerprint;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version, header};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use tokio::sync::watch;

/// How much of a request's body is read ahead to find the mark.
const READ_AHEAD: usize = 1 << 20;

/// Makes the exchanges of one connection.
#[derive(Debug)]
pub(super) struct Exchanger {
    shared: Arc<Shared>,
    upstream: HttpUpstream,
    flow: Arc<Flow>,
    /// Only looked at, never kept: a hold that is kept here would delay its end.
    holds: watch::Receiver<Arc<Hold>>,
}

impl Exchanger {
    pub(super) const fn new(shared: Arc<Shared>, upstream: HttpUpstream, flow: Arc<Flow>, holds: watch::Receiver<Arc<Hold>>) -> Self {
        Self { shared, upstream, flow, holds }
    }

    /// Answers one request.
    pub(super) async fn exchange(&self, request: Request<Incoming>) -> Result<Response<AnswerBody>, Infallible> {
        let number = self.shared.requests.fetch_add(1, Ordering::Relaxed);
        let (parts, body) = request.into_parts();
        let at = HostTime::now();
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let (proxy, key) = (self.shared.proxy.clone(), credential(self.upstream.dialect, text).map(Fingerprint::of));
        let head_mark = text(MARK_HEADER);
        self.flow.begin(Exchange { proxy, mark: find_mark(head_mark, b""), at, status: 0, key, touched: false, stream: false });
        let underway = Underway { flow: Some(self.flow.clone()) };

        let Ok(body) = RequestBody::read_ahead(body).await else {
            return Ok(self.reply(underway, &plain_error(400, "the request's body ended early")));
        };
        self.flow.learn(|exchange| exchange.mark = exchange.mark.or_else(|| find_mark(None, body.ahead())));

        let asked = Arc::new(Asked::new(self.upstream.dialect, number, &parts, body.whole.clone()));
        let answering = self.holds.borrow().answering(&asked);
        if let Some((active, answer)) =
            answering.and_then(|active| instead(&active.toxic.effect, self.upstream.dialect).map(|answer| (active, answer)))
        {
            self.flow.touch(&active);
            return Ok(self.reply(underway, &answer));
        }

        let bodyless = parts.method == Method::HEAD;
        let is_shaped = self.holds.borrow().shaping(&asked).is_some();
        let Some(mut request) = self.forwarded(parts, body) else {
            return Ok(self.reply(underway, &plain_error(405, "CONNECT is not known here")));
        };
        if is_shaped {
            // Compressed, its events could not be told apart.
            request.headers_mut().remove(header::ACCEPT_ENCODING);
        }
        let answer = match self.upstream.client.request(request).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::debug!(proxy = %self.shared.proxy, %error, "the upstream gave no answer");
                return Ok(self.unreachable(underway));
            }
        };
        self.stall(&asked).await;
        let (mut head, body) = answer.into_parts();
        strip_connection(&mut head.headers);
        head.version = Version::HTTP_11;
        let stream = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(is_stream);
        self.flow.learn(|exchange| {
            exchange.status = head.status.as_u16();
            exchange.stream = stream;
        });
        let is_open = !bodyless && head.status.is_success() && head.status != StatusCode::NO_CONTENT;
        let kind = Kind { dialect: self.upstream.dialect, streamed: stream, is_open };
        let is_fixed = head.headers.contains_key(header::CONTENT_LENGTH);
        let body = Shaped::new(body, kind, asked, is_fixed, self.flow.clone(), self.holds.clone());
        if body.is_loosened() {
            head.headers.remove(header::CONTENT_LENGTH);
        }
        Ok(Response::from_parts(head, AnswerBody { source: Source::Provider(Box::new(body)), underway: Some(underway), bodyless }))
    }

    /// The request as it goes to the provider; `None` for one that names no path.
    fn forwarded(&self, mut parts: Parts, body: RequestBody) -> Option<Request<RequestBody>> {
        if parts.method == Method::CONNECT {
            return None;
        }
        let path = parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let uri = Uri::builder().scheme(self.upstream.scheme.clone()).authority(self.upstream.authority.clone()).path_and_query(path);
        parts.uri = uri.build().ok()?;
        strip_connection(&mut parts.headers);
        parts.headers.remove(header::EXPECT);
        parts.headers.insert(header::HOST, self.upstream.authority.as_str().parse().ok()?);
        parts.version = Version::HTTP_11;
        parts.extensions.clear();
        Some(Request::from_parts(parts, body))
    }

    /// Holds the answer back for as long as a stall says.
    async fn stall(&self, asked: &Asked) {
        let Some(active) = self.holds.borrow().stalling(asked) else { return };
        let Effect::Stall(Stall { hold }) = active.toxic.effect else { return };
        self.flow.touch(&active);
        tokio::select! {
            () = gone(self.holds.clone(), &active) => {}
            () = async { match hold { Some(hold) => tokio::time::sleep(hold.std()).await, None => pending().await } } => {}
        }
    }

    /// An answer that did not come from the provider.
    fn reply(&self, underway: Underway, answer: &WireAnswer) -> Response<AnswerBody> {
        self.flow.learn(|exchange| exchange.status = answer.status);
        respond(underway, answer)
    }

    /// The provider gave no answer. The gateway is told so; the record says that none came.
    fn unreachable(&self, underway: Underway) -> Response<AnswerBody> {
        drop(underway);
        respond(Underway { flow: None }, &plain_error(502, "the proxy got no answer from its upstream"))
    }
}

/// Waits until this toxic is no longer in force.
async fn gone(mut holds: watch::Receiver<Arc<Hold>>, active: &Arc<Active>) {
    // An error means that the proxy is ending, and with it the fault.
    let _ = holds.wait_for(|hold| !hold.contains(active)).await;
}

fn respond(underway: Underway, answer: &WireAnswer) -> Response<AnswerBody> {
    let body = AnswerBody { source: Source::Fault(Full::new(answer.body.clone().into())), underway: Some(underway), bodyless: true };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &answer.headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().append(*name, value);
        }
    }
    response
}

fn plain_error(status: u16, message: &str) -> WireAnswer {
    let body = serde_json::json!({"error": {"message": format!("lifeboat proxy: {message}"), "type": "proxy_error", "code": status}});
    WireAnswer { status, headers: vec![("content-type", "application/json".to_owned())], body: body.to_string().into_bytes() }
}

/// Removes the headers that belong to one connection, not to the exchange.
fn strip_connection(headers: &mut HeaderMap) {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !matches!(name.as_str(), "" | "content-length" | "host"))
        .collect();
    for name in named {
        headers.remove(name.as_str());
    }
    for name in ["connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade"] {
        headers.remove(name);
    }
}

/// Ends the record of an exchange exactly once: whole where it says so, cut where it is dropped before.
#[derive(Debug)]
struct Underway {
    flow: Option<Arc<Flow>>,
}

impl Underway {
    fn finish(mut self) {
        if let Some(flow) = self.flow.take() {
            flow.finish();
        }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        if let Some(flow) = self.flow.take() {
            flow.cut();
        }
    }
}

#[derive(Debug)]
enum Source {
    Provider(Box<Shaped>),
    Fault(Full<Bytes>),
}

/// The body of an answer on its way to the gateway.
#[derive(Debug)]
pub(super) struct AnswerBody {
    source: Source,
    underway: Option<Underway>,
    /// True where not reading the body does not make the answer less whole: answers to HEAD, and our own.
    bodyless: bool,
}

impl AnswerBody {
    fn is_over(&self) -> bool {
        match &self.source {
            Source::Provider(body) => body.is_over(),
            Source::Fault(body) => body.is_end_stream(),
        }
    }

    /// The record ends: as whole, unless a fault has made another answer of it.
    fn finish(&mut self) {
        let is_spoilt = matches!(&self.source, Source::Provider(body) if body.is_spoilt());
        if let Some(underway) = self.underway.take()
            && !is_spoilt
        {
            underway.finish();
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = self.get_mut();
        let polled = match &mut this.source {
            Source::Provider(body) => body.poll_frame(cx),
            Source::Fault(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
        };
        match &polled {
            Poll::Ready(None) => this.finish(),
            Poll::Ready(Some(Ok(_))) if this.is_over() => this.finish(),
            Poll::Ready(Some(Err(_))) => this.underway = None,
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.is_over()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Provider(body) => body.size_hint(),
            Source::Fault(body) => body.size_hint(),
        }
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        if self.bodyless || self.is_over() {
            self.finish();
        }
    }
}

/// The body of a request on its way to the provider: what was read ahead, then the rest as it comes.
#[derive(Debug)]
pub(super) struct RequestBody {
    ahead: VecDeque<Frame<Bytes>>,
    rest: Option<Incoming>,
    /// What was read ahead in one piece, where all of it was.
    whole: Bytes,
}

impl RequestBody {
    async fn read_ahead(mut body: Incoming) -> Result<Self, hyper::Error> {
        let mut ahead: VecDeque<Frame<Bytes>> = VecDeque::new();
        let declared = body.size_hint().lower();
        let mut read = 0;
        while declared <= READ_AHEAD as u64 && read <= READ_AHEAD {
            let Some(frame) = body.frame().await else {
                let whole = joined(&ahead, read);
                return Ok(Self { ahead, rest: None, whole });
            };
            let frame = frame?;
            read += frame.data_ref().map_or(0, Bytes::len);
            ahead.push_back(frame);
        }
        Ok(Self { ahead, rest: Some(body), whole: Bytes::new() })
    }

    /// What can be searched for a mark; empty for a body that is too long.
    fn ahead(&self) -> &[u8] {
        &self.whole
    }
}

/// All data in one piece; most bodies come in one and are not copied.
fn joined(frames: &VecDeque<Frame<Bytes>>, length: usize) -> Bytes {
    let mut data = frames.iter().filter_map(Frame::data_ref);
    match (data.next(), data.next()) {
        (Some(only), None) => only.clone(),
        _ => {
            let mut all = Vec::with_capacity(length);
            frames.iter().filter_map(Frame::data_ref).for_each(|piece| all.extend_from_slice(piece));
            all.into()
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        if let Some(frame) = this.ahead.pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        this.rest.as_mut().map_or(Poll::Ready(None), |rest| Pin::new(rest).poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.ahead.is_empty() && self.rest.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let ahead: u64 = self.ahead.iter().filter_map(Frame::data_ref).map(|data| data.len() as u64).sum();
        let rest = self.rest.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint);
        let mut hint = SizeHint::new();
        hint.set_lower(ahead + rest.lower());
        if let Some(upper) = rest.upper() {
            hint.set_upper(ahead + upper);
        }
        hint
    }
}
