//! HTTP exchanges: one request from the gateway, one answer, from the provider or from a fault in its place.
//!
//! Heads and bodies pass as they come, trailers with them (`upload` tells when a body is waited for). Headers pass unchanged but for those
//! that belong to a single connection (RFC 9110, 7.6.1), and for `host`, which names the provider; where the gateway asked for the provider
//! by name, through a forward proxy, it stays as it was, so that signatures over it hold. Of `te` only `trailers` passes, which gRPC needs.
//! Answers before the answer (103) pass where both sides speak HTTP/1.1.

use super::answer_body::{AnswerBody, AnswerKind, ProviderBody};
use super::answer_delivery::{AnswerDelivery, ExchangeGuard};
use super::arrival::HostHeader;
use super::connection_flow::{ConnectionFlow, ExchangeHandle};
use super::connection_tasks::ConnectionExecutor;
use super::event_feed::OpenExchange;
use super::fault_set::{ActiveToxic, FaultSet, RequestRuling};
use super::gateway_request::GatewayRequest;
use super::interim::{InterimAnswer, InterimQueue, InterimWriter};
use super::proxy_context::ProxyContext;
use super::straight_request::is_plain_host;
use super::upgrade;
use super::upload::{BodyPlan, Intake, Upload, UpstreamBody, Withheld};
use super::upstream::HttpUpstream;
use crate::dialect::{AnswerFormat, MARK_HEADER, Mark, WireAnswer, find_mark, is_stream};
use crate::fault::{Effect, Stall};
use crate::journal::HostTime;
use crate::listen::strip_connection;
use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::http::request::Parts;
use hyper::http::uri::{Authority, PathAndQuery};
use hyper::rt::Executor;
use hyper::upgrade::OnUpgrade;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version, header};
use hyper_util::client::legacy::connect::{Connected, capture_connection};
use hyper_util::client::legacy::{Error, ResponseFuture};
use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;

/// How long a body whose sender waits for leave waits for the provider's (RFC 9110, 10.1.1: not for ever).
const LEAVE: Duration = Duration::from_secs(1);
/// How long the word that no answer came waits for the rest of a body, which may carry the traffic's mark.
pub(super) const REST: Duration = Duration::from_secs(1);

/// Makes the exchanges of one connection.
#[derive(Debug)]
pub(super) struct Exchanger {
    pub(super) shared: Arc<ProxyContext>,
    pub(super) upstream: HttpUpstream,
    pub(super) flow: Arc<ConnectionFlow>,
    /// Only looked at, never kept: a fault set that is kept here would delay its end.
    pub(super) fault_sets: watch::Receiver<Arc<FaultSet>>,
    pub(super) executor: ConnectionExecutor,
    pub(super) interim: InterimWriter,
    pub(super) host: HostHeader,
    /// Where the connection comes from.
    pub(super) from: Option<Arc<str>>,
}

/// Traits of a request that decide how it is forwarded: protocol, method, whether it upgrades.
#[derive(Debug, Clone, Copy)]
struct RequestTraits {
    is_head: bool,
    upgrades: bool,
    /// It takes HTTP/2 and nothing else.
    is_grpc: bool,
    /// It comes over HTTP/1.1, where answers before the answer can be written.
    hears_interim: bool,
    /// Its body waits for leave.
    is_expected: bool,
}

impl RequestTraits {
    fn of(parts: &Parts, upgrades: bool, plan: BodyPlan) -> Self {
        Self {
            is_head: parts.method == Method::HEAD,
            upgrades,
            is_grpc: plan.is_grpc,
            hears_interim: parts.version == Version::HTTP_11,
            is_expected: plan.is_expected,
        }
    }
}

impl Exchanger {
    /// Answers one request.
    pub(super) async fn exchange(&self, mut request: Request<Incoming>) -> Result<Response<AnswerDelivery>, Infallible> {
        if let Err(problem) = check_host(&request) {
            return Ok(refuse(&request, problem));
        }
        let number = self.shared.requests.fetch_add(1, Ordering::Relaxed);
        let upgrade = upgrade::is_asked(&request).then(|| hyper::upgrade::on(&mut request));
        let (parts, body) = request.into_parts();
        let at = HostTime::now();
        let mark = find_mark(parts.headers.get(MARK_HEADER).and_then(|value| value.to_str().ok()), b"");
        let plan = BodyPlan::of(&parts, &body, mark.is_some());
        let traits = RequestTraits::of(&parts, upgrade.is_some(), plan);
        let mut intake = Intake::new(body, plan);
        let upload = intake.upload().clone();
        let asked = Arc::new(GatewayRequest::new(self.upstream.dialect, (number, at), self.from.clone(), &parts, upload.clone()));
        let handle = self.begin(&asked, mark);
        let guard = ExchangeGuard::new(handle.clone());
        let ruling = self.rule(&asked, &mut intake, plan).await;
        learn_mark(&upload, &handle);
        if upload.is_broken() {
            return Ok(reply(guard, &broken_off()));
        }
        if let Some((active, answer)) = &ruling.instead {
            handle.touch(active, &asked);
            if !intake.is_over() && !plan.is_expected && !traits.is_grpc {
                upload.abandon();
                self.executor.execute(take_in(intake, handle));
            }
            let mut response = reply(guard, answer);
            ruling.tell(response.headers_mut());
            return Ok(response);
        }

        let Some(mut request) = self.forwarded(parts, upload.body(), traits) else {
            return Ok(reply(guard, &plain_error(405, "CONNECT is not known here")));
        };
        if !self.fault_sets.borrow().shaping(&asked).is_empty() {
            // Compressed, its events could not be told apart.
            request.headers_mut().remove(header::ACCEPT_ENCODING);
        }
        if !intake.is_over() {
            self.executor.execute(take_in(intake, handle.clone()));
        }
        let mut answer = match self.ask(request, traits, &upload, &asked).await {
            Ok(answer) => answer,
            Err(error) => {
                let _ = tokio::time::timeout(REST, upload.settled()).await;
                learn_mark(&upload, &handle);
                return Ok(self.no_answer(&error, &upload, guard));
            }
        };
        // It may have come before the end of what was asked.
        learn_mark(&upload, &handle);
        if let Some(gateway) = upgrade
            && answer.status() == StatusCode::SWITCHING_PROTOCOLS
        {
            return Ok(self.switch(guard, gateway, &mut answer));
        }
        self.stall(&asked, &handle).await;
        Ok(self.deliver(answer, &ruling, asked, guard, traits).map(|delivery| delivery.with(Withheld::of(&upload))))
    }

    /// Begins the record of an exchange, and counts its request for the faults that are limited to others.
    pub(super) fn begin(&self, asked: &Arc<GatewayRequest>, mark: Option<Mark>) -> ExchangeHandle {
        let in_reach = self.fault_sets.borrow().see(asked);
        let (proxy, asked) = (self.shared.proxy.clone(), asked.clone());
        self.flow.begin(OpenExchange { proxy, asked, mark, status: 0, touched: false, stream: false, in_reach, tokens: None })
    }

    /// What is said where the provider said nothing.
    fn no_answer(&self, error: &Error, upload: &Upload, guard: Arc<ExchangeGuard>) -> Response<AnswerDelivery> {
        if upload.is_broken() {
            return reply(guard, &broken_off());
        }
        let cause = innermost(error);
        tracing::debug!(proxy = %self.shared.proxy, %cause, "the upstream did not answer");
        drop(guard);
        respond(None, &plain_error(502, &format!("the upstream did not answer: {cause}")))
    }

    /// What the faults in force say to a request, of which as much is read as they ask for and may be read.
    async fn rule(&self, asked: &GatewayRequest, intake: &mut Intake, plan: BodyPlan) -> RequestRuling {
        if !plan.is_expected {
            intake.glance().await;
        }
        let mut may_read = plan.may_read_ahead() && !intake.is_over();
        let ruling = loop {
            {
                let fault_set = self.fault_sets.borrow();
                if !may_read || !fault_set.asks_for_body(asked) {
                    break fault_set.rule(asked);
                }
            }
            intake.read_ahead().await;
            may_read = false;
        };
        if ruling.instead.is_some() && may_read {
            // As a provider that refuses does, so that the connection can go on.
            intake.read_ahead().await;
        }
        ruling
    }

    /// Asks the provider, and tells the gateway what comes before the answer.
    async fn ask(
        &self,
        mut request: Request<UpstreamBody>,
        traits: RequestTraits,
        upload: &Upload,
        asked: &GatewayRequest,
    ) -> Result<Response<Incoming>, Error> {
        if !traits.hears_interim {
            return self.send(request, traits).await;
        }
        let heard = InterimQueue::default();
        let hears = heard.clone();
        hyper::ext::on_informational(&mut request, move |answer| {
            hears.push(InterimAnswer { status: answer.status(), headers: answer.headers().clone() });
        });
        let mut connection = traits.is_expected.then(|| capture_connection(&mut request));
        let mut leave = pin!(async {
            let Some(connection) = &mut connection else { return pending().await };
            let is_framed = async {
                // Of HTTP/2 hyper does not tell what comes before the answer.
                if !connection.wait_for_connection_metadata().await.as_ref().is_some_and(Connected::is_negotiated_h2) {
                    pending::<()>().await;
                }
            };
            tokio::select! {
                () = is_framed => {}
                () = tokio::time::sleep(LEAVE) => {}
            }
        });
        let mut answer = pin!(self.send(request, traits));
        loop {
            tokio::select! {
                biased;
                told = heard.next() => {
                    if traits.is_expected && told.status == StatusCode::CONTINUE {
                        // Who waits for it gets it when the body is asked for.
                        upload.release();
                    } else if self.fault_sets.borrow().stalling(asked).is_none() {
                        self.interim.tell(told).await;
                    }
                }
                answer = &mut answer => return answer,
                () = &mut leave, if upload.is_held() => upload.release(),
            }
        }
    }

    fn send(&self, request: Request<UpstreamBody>, traits: RequestTraits) -> ResponseFuture {
        let upstream = &self.upstream;
        // An upgrade is one of HTTP/1.1, and over HTTP/2 an authority beside another `host` would be a contradiction.
        if upstream.is_http2(traits.is_grpc) {
            upstream.http2.request(request)
        } else if traits.upgrades || request.headers().contains_key(header::HOST) {
            upstream.http1.request(request)
        } else {
            upstream.client.request(request)
        }
    }

    /// The provider's answer, on its way to the gateway.
    fn deliver(
        &self,
        answer: Response<Incoming>,
        ruling: &RequestRuling,
        asked: Arc<GatewayRequest>,
        guard: Arc<ExchangeGuard>,
        traits: RequestTraits,
    ) -> Response<AnswerDelivery> {
        let (mut head, body) = answer.into_parts();
        strip_connection(&mut head.headers);
        head.version = Version::HTTP_11;
        let stream = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(is_stream);
        let handle = guard.handle().clone();
        handle.learn(|exchange| {
            exchange.status = head.status.as_u16();
            exchange.stream = stream;
        });
        let is_open = !traits.is_head && head.status.is_success() && head.status != StatusCode::NO_CONTENT;
        let format = AnswerFormat { dialect: self.upstream.dialect, operation: asked.operation(), streamed: stream };
        let kind = AnswerKind { format, is_open };
        let is_fixed = head.headers.contains_key(header::CONTENT_LENGTH);
        let body = AnswerBody::new(ProviderBody::Hyper(body), kind, asked, is_fixed, handle, self.fault_sets.clone());
        if body.is_loosened() {
            head.headers.remove(header::CONTENT_LENGTH);
        }
        ruling.tell(&mut head.headers);
        // Without a length it goes out in chunks, which trailers may follow.
        let behind = (traits.hears_interim && !head.headers.contains_key(header::CONTENT_LENGTH)).then(|| self.interim.clone());
        Response::from_parts(head, AnswerDelivery::of_provider(body, guard, traits.is_head, behind))
    }

    /// The request as it goes to the provider; `None` for one that names no path.
    fn forwarded(&self, mut parts: Parts, body: UpstreamBody, traits: RequestTraits) -> Option<Request<UpstreamBody>> {
        if parts.method == Method::CONNECT {
            return None;
        }
        let path = parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let asked_of = parts.uri.authority().cloned();
        let protocol = parts.headers.get(header::UPGRADE).cloned().filter(|_| traits.upgrades);
        strip_connection(&mut parts.headers);
        if let Some(protocol) = protocol {
            upgrade::mark(&mut parts.headers, protocol);
        }
        if !traits.is_expected {
            parts.headers.remove(header::EXPECT);
        }
        join_cookies(&mut parts.headers);
        let is_http2 = self.upstream.is_http2(traits.is_grpc);
        if !is_http2 && !body.is_end_stream() && body.size_hint().exact().is_none() {
            // Unasked, hyper sends no body with GET or HEAD whose length is not known. Where TLS agrees on HTTP/2 it removes this.
            parts.headers.insert(header::TRANSFER_ENCODING, header::HeaderValue::from_static("chunked"));
        }
        if let (HostHeader::AsAsked, Some(asked_of)) = (self.host, &asked_of) {
            parts.headers.insert(header::HOST, asked_of.as_str().parse().ok()?);
        }
        let mut authority = self.upstream.authority.clone();
        if is_http2 && self.host == HostHeader::AsAsked {
            let named = parts.headers.get(header::HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
            authority = named.unwrap_or(authority);
        }
        if is_http2
            || self.host == HostHeader::OfUpstream
            || parts.headers.get(header::HOST).is_some_and(|host| *host == authority.as_str())
        {
            // It is said with the request's address: HTTP/2 says it there only, and nginx refuses both.
            parts.headers.remove(header::HOST);
        }
        parts.uri = Uri::builder().scheme(self.upstream.scheme.clone()).authority(authority).path_and_query(path).build().ok()?;
        parts.version = Version::HTTP_11;
        parts.extensions.clear();
        Some(Request::from_parts(parts, body))
    }

    /// The provider speaks another protocol from here on, which passes untouched.
    fn switch(&self, guard: Arc<ExchangeGuard>, gateway: OnUpgrade, answer: &mut Response<Incoming>) -> Response<AnswerDelivery> {
        self.executor.tunnel(upgrade::carry(gateway, hyper::upgrade::on(&mut *answer)));
        guard.handle().learn(|exchange| exchange.status = answer.status().as_u16());
        let mut response = Response::new(AnswerDelivery::instead(Bytes::new(), Some(guard)));
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
    pub(super) async fn stall(&self, asked: &GatewayRequest, handle: &ExchangeHandle) {
        let Some(active) = self.fault_sets.borrow().stalling(asked) else { return };
        let Effect::Stall(Stall { hold }) = active.toxic.effect else { return };
        handle.touch(&active, asked);
        tokio::select! {
            () = gone(self.fault_sets.clone(), &active) => {}
            () = async { match hold { Some(hold) => tokio::time::sleep(hold.std()).await, None => pending().await } } => {}
        }
    }
}

/// Looks for the traffic's mark in what has come of a request's body, where the head had none.
pub(super) fn learn_mark(upload: &Upload, handle: &ExchangeHandle) {
    if let Some(mark) = upload.new_mark() {
        handle.learn(|exchange| exchange.mark = exchange.mark.or(Some(mark)));
    }
}

/// Takes in the rest of a request's body, which may carry the mark.
async fn take_in(intake: Intake, handle: ExchangeHandle) {
    let upload = intake.upload().clone();
    intake.run().await;
    learn_mark(&upload, &handle);
}

/// Waits until this toxic is no longer in force.
async fn gone(mut fault_sets: watch::Receiver<Arc<FaultSet>>, active: &Arc<ActiveToxic>) {
    // An error means that the proxy is ending, and with it the fault.
    let _ = fault_sets.wait_for(|fault_set| !fault_set.contains(active)).await;
}

/// An answer that did not come from the provider.
fn reply(guard: Arc<ExchangeGuard>, answer: &WireAnswer) -> Response<AnswerDelivery> {
    guard.handle().learn(|exchange| exchange.status = answer.status);
    respond(Some(guard), answer)
}

/// Without a record where it gave no answer: the gateway is told so; the record says that none came.
fn respond(guard: Option<Arc<ExchangeGuard>>, answer: &WireAnswer) -> Response<AnswerDelivery> {
    let body = AnswerDelivery::instead(answer.body.clone().into(), guard);
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &answer.headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().append(*name, value);
        }
    }
    response
}

pub(super) fn plain_error(status: u16, message: &str) -> WireAnswer {
    let body = serde_json::json!({"error": {"message": format!("lifeboat proxy: {message}"), "type": "proxy_error", "code": status}});
    WireAnswer { status, headers: vec![("content-type", "application/json".to_owned())], body: body.to_string().into_bytes() }
}

/// What the operating system or TLS said, without the layers around it.
pub(super) fn innermost(error: &dyn std::error::Error) -> String {
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

/// A request of HTTP/1.1 names one host, and nobody may be left to guess which (RFC 9112, 3.2). Over HTTP/2 `:authority` may be all.
///
/// # Errors
/// What is wrong with it, in words.
fn check_host(request: &Request<Incoming>) -> Result<(), &'static str> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (host, is_double) = (hosts.next(), hosts.next().is_some());
    let is_host = |host: &header::HeaderValue| {
        is_plain_host(host.as_bytes())
            || host.is_empty()
            || Authority::try_from(host.as_bytes()).is_ok_and(|authority| !authority.as_str().contains('@'))
    };
    match host {
        _ if is_double => Err("a request must have one `host`, and this one has several"),
        None if request.version() == Version::HTTP_11 => Err("a request of HTTP/1.1 must have a `host`, and this one has none"),
        Some(host) if !is_host(host) => Err("this request's `host` is not valid"),
        _ => Ok(()),
    }
}

/// A request that is not looked into.
fn refuse(request: &Request<Incoming>, problem: &str) -> Response<AnswerDelivery> {
    let mut refused = respond(None, &plain_error(400, problem));
    if request.version() < Version::HTTP_2 {
        // What comes next is as doubtful.
        refused.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    }
    refused
}

pub(super) fn broken_off() -> WireAnswer {
    plain_error(400, "the request's body ended early")
}
