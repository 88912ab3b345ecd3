//! The one layer around every route: nothing behind it is reached by another site's page, by somebody who has not said who they are, too often,
//! or with more than a request may hold.

use super::audit::audit_call;
use super::caller::{Caller, CallerVia};
use super::headers;
use super::known::{KnownCaller, known};
use super::rates::{Counted, OpenCall};
use super::site::Site;
use crate::listen::{Reached, Unfinished, whole};
use crate::serve::App;
use crate::serve::problem::CallProblem;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE, HOST, LOCATION, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, SizeHint};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// The most bytes of a request's body.
const BODY: usize = 64 * 1024;
/// How long that may take to arrive.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// How long a handler may take until its answer begins.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Paths that are answered to everybody. What lies below `/assets/` is the same for all and holds nothing of the project.
const PUBLIC: [&str; 4] = ["/sign-in", "/healthz", "/api/v1/openapi.json", "/favicon.ico"];
/// The same with everything below.
const PUBLIC_BELOW: [&str; 2] = ["/assets/", "/sign-in/"];

/// Why a request comes no further.
struct StoppedCall {
    problem: CallProblem,
    caller: Caller,
    /// What the audit log says of it; empty for what is not worth an entry.
    told: &'static str,
}

impl StoppedCall {
    fn new(caller: Caller, problem: CallProblem, told: &'static str) -> Self {
        Self { problem, caller, told }
    }
}

/// The layer.
pub(in crate::serve) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(site) = app.access().site() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let matched = request.extensions().get::<MatchedPath>().map_or_else(|| path.clone(), |matched| matched.as_str().to_owned());
    let action = format!("{method} {matched}");
    let is_page = !path.starts_with("/api/") && accepts_html(request.headers());
    let asked = request.uri().path_and_query().map_or_else(|| path.clone(), ToString::to_string);
    let mut response = match admitted(&app, site, request).await {
        Ok(Admitted { request, caller, open }) => {
            let answered = tokio::time::timeout(ANSWER_WITHIN, next.run(request)).await;
            let late = || CallProblem::new(StatusCode::GATEWAY_TIMEOUT, "this took too long").into_response();
            let response = dressed(answered.unwrap_or_else(|_| late()), is_page);
            let status = response.status();
            if !method.is_safe() || matches!(status, StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED) {
                audit_call(&app, &caller, &action, &path, outcome(status)).await;
            }
            response.map(|body| Body::new(HeldBody { body, _open: open }))
        }
        Err(stopped) => {
            let StoppedCall { problem, caller, told } = *stopped;
            if !told.is_empty() {
                audit_call(&app, &caller, &action, &path, &format!("refused: {told}")).await;
            }
            let is_unknown = problem.status() == StatusCode::UNAUTHORIZED && method.is_safe() && is_page;
            if is_unknown {
                to_sign_in(&asked)
            } else if is_page {
                problem.page()
            } else {
                problem.into_response()
            }
        }
    };
    headers::add(response.headers_mut(), site.is_https());
    response
}

/// A request that may go on.
struct Admitted {
    request: Request,
    caller: Caller,
    open: Option<OpenCall>,
}

async fn admitted(app: &App, site: &Site, request: Request) -> Result<Admitted, Box<StoppedCall>> {
    let reached = request.extensions().get::<Reached>().cloned();
    let address = address(site, reached.as_ref(), request.headers());
    let nobody = Caller::nobody(&address);
    let stopped = |problem, told| Box::new(StoppedCall::new(nobody.clone(), problem, told));
    let local = reached.as_ref().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |reached| reached.address.ip());
    if let Some(refusal) = site.callers.refuse_host(request.uri(), request.headers(), local) {
        return Err(failed(
            app,
            stopped(CallProblem::new(StatusCode::MISDIRECTED_REQUEST, refusal.error).hint(refusal.hint), "another host's name"),
        ));
    }
    if let Some(why) = foreign(site, &request) {
        return Err(failed(app, stopped(CallProblem::new(StatusCode::FORBIDDEN, why), "from a page of another site")));
    }
    let (mut parts, body) = request.into_parts();
    let body = whole(body, BODY, BODY_WITHIN).await.map_err(|unfinished| stopped(unfinished_body(unfinished), ""))?;
    if let Some(reached) = reached {
        reached.engage().await;
    }
    let is_public = PUBLIC.contains(&parts.uri.path()) || PUBLIC_BELOW.iter().any(|above| parts.uri.path().starts_with(above));
    let unreadable = |error| stopped(CallProblem::from(error), "");
    let caller = match known(app, site, &parts.headers, &address).await {
        Ok(KnownCaller::Caller(caller)) => caller,
        _ if is_public => nobody.clone(),
        Ok(KnownCaller::Nobody) => {
            let hint = "send `Authorization: Bearer TOKEN`, with a token that `lifeboat token create` has made; people sign in at /sign-in";
            return Err(stopped(CallProblem::new(StatusCode::UNAUTHORIZED, "it is not known who calls").hint(hint), ""));
        }
        Ok(KnownCaller::Wrong(why)) => return Err(failed(app, stopped(CallProblem::new(StatusCode::UNAUTHORIZED, why), why))),
        Err(error) => return Err(unreadable(error)),
    };
    let who = if caller.name.is_empty() { caller.address.clone() } else { format!("by name: {}", caller.name) };
    app.access().rates.count(Counted::Call, &who).map_err(|seconds| stopped(too_many(seconds), ""))?;
    let busy = || CallProblem::new(StatusCode::TOO_MANY_REQUESTS, "too many of your calls are open").retry_after(5);
    // Whoever watches in a hundred windows still gets pages.
    let opens = if parts.uri.path().ends_with("/events") { format!("streams {who}") } else { who };
    let open = app.access().rates.open(&opens).ok_or_else(|| stopped(busy(), ""))?;
    if let Some(problem) = unproven(&caller, &parts.method, parts.uri.path(), &parts.headers, &body) {
        return Err(failed(app, Box::new(StoppedCall::new(caller, problem, "no form of ours"))));
    }
    parts.extensions.insert(caller.clone());
    Ok(Admitted { request: Request::from_parts(parts, Body::from(body)), caller, open: Some(open) })
}

/// Counts a refusal. Where there were too many from one address they are answered shorter, and not kept: a log that anybody can fill serves nobody.
fn failed(app: &App, mut stopped: Box<StoppedCall>) -> Box<StoppedCall> {
    if let Err(seconds) = app.access().rates.count(Counted::Failure, &stopped.caller.address) {
        (stopped.problem, stopped.told) = (too_many(seconds), "");
    }
    stopped
}

fn too_many(seconds: u64) -> CallProblem {
    CallProblem::new(StatusCode::TOO_MANY_REQUESTS, "too many calls").retry_after(seconds).hint(format!("wait {seconds} s"))
}

fn unfinished_body(unfinished: Unfinished) -> CallProblem {
    match unfinished {
        Unfinished::TooLong => CallProblem::new(StatusCode::PAYLOAD_TOO_LARGE, "a request may hold at most 64 KiB"),
        Unfinished::Late => CallProblem::new(StatusCode::REQUEST_TIMEOUT, "the request did not arrive within 10 s"),
        Unfinished::Cut => CallProblem::new(StatusCode::BAD_REQUEST, "the request is not whole"),
    }
}

/// Where a call comes from: the other end of its connection or, where a proxy before it is trusted, what that says. Of IPv6 the network alone:
/// whoever has one address there has as many as they like.
fn address(site: &Site, reached: Option<&Reached>, headers: &HeaderMap) -> String {
    let forwarded = || {
        let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim();
        last.parse::<IpAddr>().ok().or_else(|| last.parse::<SocketAddr>().ok().map(|address| address.ip()))
    };
    let told = site.settings.behind_proxy.then(forwarded).flatten();
    match told.or_else(|| reached.map(|reached| reached.from.ip())).map(|ip| ip.to_canonical()) {
        Some(IpAddr::V6(ip)) if !ip.is_loopback() => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        Some(ip) => ip.to_string(),
        None => String::new(),
    }
}

/// Why a request that a browser sent is none of ours. Links to pages from elsewhere are followed, nothing else.
fn foreign(site: &Site, request: &Request) -> Option<&'static str> {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if let Some(origin) = request.headers().get(ORIGIN)
        && !origin.to_str().is_ok_and(|origin| site.is_ours(origin, host))
    {
        return Some("this comes from a page of another site");
    }
    match header("sec-fetch-site") {
        None | Some("same-origin" | "none") => None,
        Some(_) => {
            let is_link = request.method() == Method::GET
                && header("sec-fetch-mode") == Some("navigate")
                && header("sec-fetch-dest") == Some("document");
            let is_page = !request.uri().path().starts_with("/api/");
            (!(is_link && is_page)).then_some("this was made by a page of another site")
        }
    }
}

/// Why a call that changes something does not show that a page of ours made it. Programs show it by their token.
fn unproven(caller: &Caller, method: &Method, path: &str, headers: &HeaderMap, body: &Bytes) -> Option<CallProblem> {
    // Whoever signs in has no form of their session yet; that no other site's page does it is seen by `Origin`.
    if method.is_safe() || path == "/sign-in" || matches!(caller.via, CallerVia::Token | CallerVia::Nobody) {
        return None;
    }
    let of_browser = headers.contains_key(ORIGIN) || headers.keys().any(|name| name.as_str().starts_with("sec-fetch-"));
    // A program on this host, where nobody has to say who they are.
    if caller.via == CallerVia::Loopback && path.starts_with("/api/") && !of_browser {
        return None;
    }
    let said = headers.get("x-csrf-token").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let is_form = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    let field = || form_urlencoded::parse(body).find(|(name, _)| name == "csrf").map(|(_, value)| value.into_owned());
    if said.or_else(|| is_form.then(field).flatten()).is_some_and(|csrf| caller.wrote(&csrf)) {
        return None;
    }
    Some(
        CallProblem::new(StatusCode::FORBIDDEN, "this form is not, or no longer, one of ours")
            .hint("go back, load the page again, and try once more"),
    )
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).iter().any(|value| value.to_str().is_ok_and(|value| value.contains("text/html")))
}

fn to_sign_in(asked: &str) -> Response {
    let next: String = form_urlencoded::byte_serialize(asked.as_bytes()).collect();
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(there) = HeaderValue::from_str(&format!("/sign-in?next={next}")) {
        response.headers_mut().insert(LOCATION, there);
    }
    response
}

/// A refusal that is a bare status, with what people and programs need to understand it.
fn dressed(response: Response, is_page: bool) -> Response {
    let status = response.status();
    let is_bare = (status.is_client_error() || status.is_server_error()) && response.body().size_hint().exact() == Some(0);
    if !is_bare {
        return response;
    }
    let problem = match status {
        StatusCode::FORBIDDEN => {
            CallProblem::new(status, "your role does not allow this").hint("ask somebody with the role `admin` for it")
        }
        StatusCode::NOT_FOUND => CallProblem::new(status, "there is nothing here"),
        StatusCode::METHOD_NOT_ALLOWED => CallProblem::new(status, "this is not done with such a request"),
        _ => CallProblem::new(status, status.canonical_reason().unwrap_or("it failed").to_ascii_lowercase()),
    };
    let mut dressed = if is_page { problem.page() } else { problem.into_response() };
    for (name, value) in response.headers() {
        if !dressed.headers().contains_key(name) && name != "content-length" {
            dressed.headers_mut().insert(name.clone(), value.clone());
        }
    }
    dressed
}

fn outcome(status: StatusCode) -> &'static str {
    match status {
        StatusCode::FORBIDDEN => "refused: the role does not allow it",
        StatusCode::UNAUTHORIZED => "refused: it is not known who calls",
        status if status.is_client_error() => "refused: it could not be done so",
        status if status.is_server_error() => "failed",
        _ => "done",
    }
}

/// The body of an answer, with the place that its call holds.
struct HeldBody {
    body: Body,
    _open: Option<OpenCall>,
}

impl HttpBody for HeldBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
