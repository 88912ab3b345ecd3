//! HTTP exchanges: one request from the gateway, one answer, from the provider or from a fault in its place.
//!
//! Bodies pass as they come. A request's body is read ahead up to 1 MB only to find the traffic's mark in it. Headers pass unchanged
//! but for those that belong to a single connection (RFC 9110, 7.6.1), and for `host`, which names the provider; where the gateway asked for
//! the provider by name, through a forward proxy, it stays as it was, so that signatures over it hold.

use super::arrival::Host;
use super::asked::Asked;
use super::delivery::{Delivery, Underway};
use super::flow::{Flow, Ticket};
use super::hold::{Active, Hold};
use super::link::Shared;
use super::shaped::{Kind, Shaped};
use super::sight::Exchange;
use super::streams::Streams;
use super::upgrade;
use super::upstream::HttpUpstream;
use crate::dialect::{MARK_HEADER, Speech, WireAnswer, credential, find_mark, is_stream};
use crate::fault::{Effect, Stall};
use crate::journal::HostTime;
use crate::units::Fingerprint;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;
use hyper::upgrade::OnUpgrade;
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
/// How much of a path is told of a request that bears no mark.
const PATH: usize = 120;

/// Makes the exchanges of one connection.
#[derive(Debug)]
pub(super) struct Exchanger {
    shared: Arc<Shared>,
    upstream: HttpUpstream,
    flow: Arc<Flow>,
    /// Only looked at, never kept: a hold that is kept here would delay its end.
    holds: watch::Receiver<Arc<Hold>>,
    streams: Streams,
    host: Host,
}

impl Exchanger {
    pub(super) const fn new(
        shared: Arc<Shared>,
        upstream: HttpUpstream,
        flow: Arc<Flow>,
        holds: watch::Receiver<Arc<Hold>>,
        streams: Streams,
        host: Host,
    ) -> Self {
        Self { shared, upstream, flow, holds, streams, host }
    }

    /// Answers one request.
    pub(super) async fn exchange(&self, mut request: Request<Incoming>) -> Result<Response<Delivery>, Infallible> {
        let number = self.shared.requests.fetch_add(1, Ordering::Relaxed);
        let upgrade = upgrade::is_asked(&request).then(|| hyper::upgrade::on(&mut request));
        let (parts, body) = request.into_parts();
        let at = HostTime::now();
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let (proxy, key) = (self.shared.proxy.clone(), credential(self.upstream.dialect, text).map(Fingerprint::of));
        let head_mark = text(MARK_HEADER);
        let mark = find_mark(head_mark, b"");
        let line = mark.is_none().then(|| line(&parts));
        let began = Exchange { proxy, mark, at, status: 0, key, touched: false, stream: false, request: line };
        let underway = Underway::new(self.flow.begin(began));
        let ticket = underway.ticket().clone();

        let Ok(body) = RequestBody::read_ahead(body).await else {
            return Ok(reply(underway, &plain_error(400, "the request's body ended early")));
        };
        ticket.learn(|exchange| exchange.mark = exchange.mark.or_else(|| find_mark(None, body.ahead())));

        let asked = Arc::new(Asked::new(self.upstream.dialect, number, at, &parts, body.whole.clone()));
        let ruled = self.holds.borrow().rule(&asked);
        if let Some((active, answer)) = &ruled.instead {
            ticket.touch(active);
            let mut response = reply(underway, answer);
            ruled.tell(response.headers_mut());
            return Ok(response);
        }

        let bodyless = parts.method == Method::HEAD;
        let is_shaped = !self.holds.borrow().shaping(&asked).is_empty();
        let Some(mut request) = self.forwarded(parts, body, upgrade.is_some()) else {
            return Ok(reply(underway, &plain_error(405, "CONNECT is not known here")));
        };
        if is_shaped {
            // Compressed, its events could not be told apart.
            request.headers_mut().remove(header::ACCEPT_ENCODING);
        }
        // An upgrade is one of HTTP/1.1, and over HTTP/2 an authority beside another `host` would be a contradiction.
        let has_own_host = request.headers().contains_key(header::HOST);
        let client = if has_own_host || upgrade.is_some() { &self.upstream.http1 } else { &self.upstream.client };
        let mut answer = match client.request(request).await {
            Ok(answer) => answer,
            Err(error) => {
                let cause = innermost(&error);
                tracing::debug!(proxy = %self.shared.proxy, %cause, "the upstream gave no answer");
                drop(underway);
                return Ok(respond(None, &plain_error(502, &format!("no answer came from the upstream: {cause}"))));
            }
        };
        if let Some(gateway) = upgrade
            && answer.status() == StatusCode::SWITCHING_PROTOCOLS
        {
            return Ok(self.switch(underway, gateway, &mut answer));
        }
        self.stall(&asked, &ticket).await;
        let (mut head, body) = answer.into_parts();
        strip_connection(&mut head.headers);
        head.version = Version::HTTP_11;
        let stream = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(is_stream);
        ticket.learn(|exchange| {
            exchange.status = head.status.as_u16();
            exchange.stream = stream;
        });
        let is_open = !bodyless && head.status.is_success() && head.status != StatusCode::NO_CONTENT;
        let speech = Speech { dialect: self.upstream.dialect, operation: asked.operation(), streamed: stream };
        let kind = Kind { speech, is_open };
        let is_fixed = head.headers.contains_key(header::CONTENT_LENGTH);
        let body = Shaped::new(body, kind, asked, is_fixed, ticket, self.holds.clone());
        if body.is_loosened() {
            head.headers.remove(header::CONTENT_LENGTH);
        }
        ruled.tell(&mut head.headers);
        Ok(Response::from_parts(head, Delivery::of_provider(body, underway, bodyless)))
    }

    /// The request as it goes to the provider; `None` for one that names no path.
    fn forwarded(&self, mut parts: Parts, body: RequestBody, upgrades: bool) -> Option<Request<RequestBody>> {
        if parts.method == Method::CONNECT {
            return None;
        }
        let path = parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let asked_of = parts.uri.authority().map(|authority| authority.as_str().parse());
        let uri = Uri::builder().scheme(self.upstream.scheme.clone()).authority(self.upstream.authority.clone()).path_and_query(path);
        parts.uri = uri.build().ok()?;
        let protocol = parts.headers.get(header::UPGRADE).cloned().filter(|_| upgrades);
        strip_connection(&mut parts.headers);
        if let Some(protocol) = protocol {
            upgrade::mark(&mut parts.headers, protocol);
        }
        parts.headers.remove(header::EXPECT);
        join_cookies(&mut parts.headers);
        if let (Host::AsAsked, Some(asked_of)) = (self.host, asked_of) {
            parts.headers.insert(header::HOST, asked_of.ok()?);
        }
        let authority = self.upstream.authority.as_str();
        if self.host == Host::OfUpstream || parts.headers.get(header::HOST).is_some_and(|host| host == authority) {
            // It is said with the request's address: HTTP/2 says it there only, and nginx refuses both.
            parts.headers.remove(header::HOST);
        }
        parts.version = Version::HTTP_11;
        parts.extensions.clear();
        Some(Request::from_parts(parts, body))
    }

    /// The provider speaks another protocol from here on, which passes untouched.
    fn switch(&self, underway: Arc<Underway>, gateway: OnUpgrade, answer: &mut Response<Incoming>) -> Response<Delivery> {
        self.streams.tunnel(upgrade::carry(gateway, hyper::upgrade::on(&mut *answer)));
        underway.ticket().learn(|exchange| exchange.status = answer.status().as_u16());
        let mut response = Response::new(Delivery::instead(Bytes::new(), Some(underway)));
        *response.status_mut() = answer.status();
        let mut headers = std::mem::take(answer.headers_mut());
        let protocol = headers.get(header::UPGRADE).cloned();
        strip_connection(&mut headers);
        if let Some(protocol) = protocol {
            upgrade::mark(&mut headers, protocol);
        }
        *response.headers_mut() = headers;
        response
    }

    /// Holds the answer back for as long as a stall says.
    async fn stall(&self, asked: &Asked, ticket: &Ticket) {
        let Some(active) = self.holds.borrow().stalling(asked) else { return };
        let Effect::Stall(Stall { hold }) = active.toxic.effect else { return };
        ticket.touch(&active);
        tokio::select! {
            () = gone(self.holds.clone(), &active) => {}
            () = async { match hold { Some(hold) => tokio::time::sleep(hold.std()).await, None => pending().await } } => {}
        }
    }
}

/// Waits until this toxic is no longer in force.
async fn gone(mut holds: watch::Receiver<Arc<Hold>>, active: &Arc<Active>) {
    // An error means that the proxy is ending, and with it the fault.
    let _ = holds.wait_for(|hold| !hold.contains(active)).await;
}

/// Method and path, for whoever asks what those requests are that are nobody's. What stands behind `?` may be a secret.
fn line(parts: &Parts) -> String {
    let path = parts.uri.path();
    format!("{} {}", parts.method, path.char_indices().nth(PATH).map_or(path, |(end, _)| &path[..end]))
}

/// An answer that did not come from the provider.
fn reply(underway: Arc<Underway>, answer: &WireAnswer) -> Response<Delivery> {
    underway.ticket().learn(|exchange| exchange.status = answer.status);
    respond(Some(underway), answer)
}

/// Without a record where it gave no answer: the gateway is told so; the record says that none came.
fn respond(underway: Option<Arc<Underway>>, answer: &WireAnswer) -> Response<Delivery> {
    let body = Delivery::instead(answer.body.clone().into(), underway);
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

/// What the operating system or TLS said, without the layers around it.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// HTTP/2 may send cookies apart, HTTP/1.1 may not (RFC 9113, 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(header::COOKIE).iter().nth(1).is_some() {
        let all: Vec<&[u8]> = headers.get_all(header::COOKIE).iter().map(header::HeaderValue::as_bytes).collect();
        if let Ok(joined) = header::HeaderValue::from_bytes(&all.join(&b"; "[..])) {
            headers.insert(header::COOKIE, joined);
        }
    }
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
