//! The calls of a doorbell: what each reads, who may make it, and how it is answered.

use super::acknowledging::Acknowledgement;
use super::answer_page;
use super::approvers::{Approvers, AuthRefusal};
use crate::history::{AnswerWay, Event, ExecutionStarted, Live, Note, Speaker};
use crate::journal::Recorder;
use crate::listen::{self, Callers, HEAD_WITHIN, Reached, Unfinished};
use crate::model::AcknowledgementWay;
use crate::redact::Redactor;
use crate::step::{AnswerRefusal, Board, LONGEST_SAID, LinkPurpose, Reply};
use crate::units::Secret;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// The longest body.
const LONGEST: usize = 16 << 10;

/// What the calls of a doorbell share.
#[derive(Debug, Clone)]
pub(super) struct DoorbellContext {
    pub(super) board: Board,
    pub(super) started: Arc<ExecutionStarted>,
    pub(super) live: watch::Receiver<Arc<Live>>,
    pub(super) recorder: Recorder,
    pub(super) redactor: Redactor,
    pub(super) approvers: Arc<Approvers>,
    acknowledge: mpsc::Sender<Acknowledgement>,
    callers: Option<Arc<Callers>>,
}

impl DoorbellContext {
    pub(super) fn new(
        board: Board,
        started: Arc<ExecutionStarted>,
        live: watch::Receiver<Arc<Live>>,
        recorder: Recorder,
        redactor: Redactor,
        (approvers, acknowledge): (Arc<Approvers>, mpsc::Sender<Acknowledgement>),
    ) -> Self {
        Self { board, started, live, recorder, redactor, approvers, acknowledge, callers: None }
    }

    /// It listens there and is called so; readers must send the token, where there is one.
    pub(super) fn guarded(&mut self, address: SocketAddr, host: String, token: Option<Secret>) {
        self.callers = Some(Arc::new(Callers::of(address, [host], "`--public-url URL`")));
        self.approvers = Arc::new(self.approvers.with_readers(token));
    }

    /// What somebody wrote, as it may be kept.
    fn kept(&self, text: &str) -> String {
        self.redactor.redact(&text.trim().chars().take(LONGEST_SAID).collect::<String>())
    }
}

pub(super) fn routes(context: DoorbellContext) -> Router {
    let programs = Router::new()
        .route("/v1/execution", get(execution))
        .route("/v1/questions/{id}", post(answer))
        .route("/v1/notes", post(note))
        .route("/v1/acknowledge", post(acknowledge))
        .fallback(async || refused(StatusCode::NOT_FOUND, "there is no such call"))
        .layer(from_fn_with_state(context.clone(), refuse_pages));
    // The link itself says who may: a browser must get there, from wherever it was clicked.
    let people = Router::new().route("/a/{token}", get(page).post(answer_by_link)).layer(from_fn(private));
    programs.merge(people).layer(from_fn(read_whole)).with_state(context)
}

/// A refusal as programs read it.
fn refused(status: StatusCode, why: impl Into<String>) -> Response {
    (status, axum::Json(json!({"error": why.into()}))).into_response()
}

impl IntoResponse for AuthRefusal {
    fn into_response(self) -> Response {
        let status = if self == Self::Repeated { StatusCode::CONFLICT } else { StatusCode::UNAUTHORIZED };
        let mut response = refused(status, self.to_string());
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

const fn status_of(refusal: &AnswerRefusal) -> StatusCode {
    match refusal {
        AnswerRefusal::Unknown => StatusCode::NOT_FOUND,
        AnswerRefusal::Over(_) | AnswerRefusal::Used => StatusCode::GONE,
        AnswerRefusal::NotAsked(_) => StatusCode::FORBIDDEN,
        AnswerRefusal::NotAnAnswer(_) => StatusCode::UNPROCESSABLE_ENTITY,
        AnswerRefusal::TooLate(_) => StatusCode::CONFLICT,
    }
}

/// A web page must not answer through the browser of a visitor.
async fn refuse_pages(State(context): State<DoorbellContext>, request: Request, next: Next) -> Response {
    let reached = request.extensions().get::<Reached>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |reached| reached.address.ip());
    let refusal = context.callers.as_ref().and_then(|callers| callers.refuse(request.uri(), request.headers(), reached));
    match refusal {
        Some(refusal) => refused(StatusCode::FORBIDDEN, format!("{}; {}", refusal.error, refusal.hint)),
        None => next.run(request).await,
    }
}

/// What is behind a link is for one person: nothing keeps it, and nothing else may be loaded by it.
async fn private(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

/// Takes nothing that is not whole.
async fn read_whole(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = match listen::whole(body, LONGEST, HEAD_WITHIN).await {
        Ok(body) => body,
        Err(Unfinished::TooLong) => return refused(StatusCode::PAYLOAD_TOO_LARGE, "this is more than 16 KiB"),
        Err(Unfinished::Late | Unfinished::Cut) => return refused(StatusCode::REQUEST_TIMEOUT, "the request's body ended early"),
    };
    if let Some(reached) = parts.extensions.get::<Reached>().cloned() {
        reached.engage().await;
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// What a program sends. A signature covers the texts.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AnswerCall {
    answer: String,
    comment: String,
    text: String,
    by: String,
    time: u64,
    signature: String,
}

fn read(headers: &HeaderMap, body: &Bytes) -> Result<AnswerCall, Box<Response>> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err(Box::new(refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send JSON with `content-type: application/json`")));
    }
    serde_json::from_slice(body).map_err(|error| Box::new(refused(StatusCode::BAD_REQUEST, format!("this cannot be read: {error}"))))
}

impl DoorbellContext {
    /// Who calls; `None` for a reader.
    fn caller(&self, headers: &HeaderMap, about: &str, body: &AnswerCall) -> Result<Option<Speaker>, AuthRefusal> {
        if body.signature.is_empty() {
            return self.approvers.by_token(listen::bearer(headers).as_ref());
        }
        let text = [about, &body.by, &body.time.to_string(), &body.answer, &body.comment].join("\n");
        self.approvers.by_signature(&body.by, body.time, &text, &body.signature).map(Some)
    }
}

async fn execution(State(context): State<DoorbellContext>, headers: HeaderMap) -> Response {
    if let Err(refusal) = context.approvers.by_token(listen::bearer(&headers).as_ref()) {
        return refusal.into_response();
    }
    let live = context.live.borrow().clone();
    let plan = &context.started.plan;
    let step = live.step.as_ref().map(|step| json!({"number": step.step + 1, "of": live.steps, "name": step.name, "try": step.attempt}));
    let questions: Vec<Value> = context.board.open().into_iter().map(|open| told(&open.id, &open.question)).collect();
    let state = json!({
        "execution": context.started.execution,
        "runbook": plan.runbook.name,
        "severity": plan.runbook.severity.map(crate::model::NotifySeverity::word),
        "service": plan.service_name,
        "environment": plan.environment_name,
        "started": context.started.wall_clock,
        "elapsed_s": context.recorder.clock().now() / 1_000_000_000,
        "step": step,
        "finished": live.finished,
        "questions": questions,
    });
    axum::Json(state).into_response()
}

fn told(id: &str, question: &crate::step::Question) -> Value {
    let mut value = json!({
        "id": id,
        "step": question.step.map(|step| step + 1),
        "question": question.text,
        "so_far": question.so_far,
        "who": question.names,
        "answer": question.reply.wanted(),
    });
    match &question.reply {
        Reply::Word(words) => value["answers"] = json!(words),
        Reply::Text { pattern, default } => {
            value["pattern"] = json!(pattern);
            value["default"] = json!(default);
        }
        Reply::Ticks(left) => {
            let left: Vec<Value> = left.iter().map(|(item, text)| json!({"number": item + 1, "text": text})).collect();
            value["left"] = json!(left);
        }
    }
    value
}

async fn answer(State(context): State<DoorbellContext>, Path(id): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let body = match read(&headers, &body) {
        Ok(body) => body,
        Err(refusal) => return *refusal,
    };
    let speaker = match context.caller(&headers, &id, &body) {
        Ok(Some(speaker)) => speaker,
        Ok(None) => return AuthRefusal::Reader.into_response(),
        Err(refusal) => return refusal.into_response(),
    };
    let words = speaker.to_string();
    match say(&context, &id, &body.answer, speaker, &body.comment).await {
        Ok(()) => axum::Json(json!({"recorded": format!("{}, {words}", context.kept(&body.answer))})).into_response(),
        Err(refusal) => refused(status_of(&refusal), refusal.to_string()),
    }
}

async fn say(context: &DoorbellContext, id: &str, text: &str, speaker: Speaker, comment: &str) -> Result<(), AnswerRefusal> {
    let open = context.board.open().into_iter().find(|open| open.id == id);
    // Of one that is over the board says how it ended.
    let reply = open.map_or_else(|| Reply::Word(Vec::new()), |open| open.question.reply);
    context.board.answer(id, reply.meant(text), speaker, context.kept(comment)).await
}

async fn note(State(context): State<DoorbellContext>, headers: HeaderMap, body: Bytes) -> Response {
    let body = match read(&headers, &body) {
        Ok(body) if body.text.trim().is_empty() => return refused(StatusCode::UNPROCESSABLE_ENTITY, "a note has a `text`"),
        Ok(body) => body,
        Err(refusal) => return *refusal,
    };
    let speaker = match context.approvers.by_token(listen::bearer(&headers).as_ref()) {
        Ok(speaker) => speaker.map_or_else(|| "from elsewhere".to_owned(), |speaker| speaker.to_string()),
        Err(refusal) => return refusal.into_response(),
    };
    written(&context, format!("{speaker}: {}", context.kept(&body.text))).await
}

async fn written(context: &DoorbellContext, text: String) -> Response {
    match context.recorder.record_durably(Event::Note(Note { text: text.clone() })).await {
        Ok(()) => axum::Json(json!({"recorded": text})).into_response(),
        Err(error) => refused(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
    }
}

async fn acknowledge(State(context): State<DoorbellContext>, headers: HeaderMap, body: Bytes) -> Response {
    let body = match read(&headers, &body) {
        Ok(body) => body,
        Err(refusal) => return *refusal,
    };
    match context.caller(&headers, "acknowledge", &body) {
        Ok(Some(speaker)) => acknowledged(&context, speaker, &body.comment).await,
        Ok(None) => AuthRefusal::Reader.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn acknowledged(context: &DoorbellContext, speaker: Speaker, comment: &str) -> Response {
    let how = match speaker.way {
        AnswerWay::Terminal => AcknowledgementWay::Terminal,
        AnswerWay::Link => AcknowledgementWay::Link,
        AnswerWay::Token => AcknowledgementWay::Token,
        AnswerWay::Signature => AcknowledgementWay::Signature,
    };
    let by = speaker.by.clone().unwrap_or_else(|| "somebody".to_owned());
    if context.acknowledge.send(Acknowledgement { by, how }).await.is_err() {
        return refused(StatusCode::SERVICE_UNAVAILABLE, "the runbook has ended");
    }
    if comment.trim().is_empty() {
        return axum::Json(json!({"recorded": format!("acknowledged {speaker}")})).into_response();
    }
    written(context, format!("acknowledged {speaker}: {}", context.kept(comment))).await
}

/// The page behind a link. Whoever only looks (as what shows a preview of a link does) changes nothing.
async fn page(State(context): State<DoorbellContext>, Path(token): Path<String>) -> Response {
    match context.board.followed(&token) {
        Ok((contact, purpose, question)) => {
            let acknowledges = purpose == LinkPurpose::Acknowledge;
            html(StatusCode::OK, answer_page::form(&context.started.plan.runbook.name, contact.as_deref(), question.as_ref(), acknowledges))
        }
        Err(refusal) => html(status_of(&refusal), answer_page::words(&refusal.to_string())),
    }
}

fn html(status: StatusCode, page: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

async fn answer_by_link(State(context): State<DoorbellContext>, Path(token): Path<String>, body: Bytes) -> Response {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(&body) {
        fields.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    let field = |name: &str| fields.get(name).map(|values| values.join(" ")).unwrap_or_default();
    let refuse = |refusal: AnswerRefusal| html(status_of(&refusal), answer_page::words(&refusal.to_string()));
    let (contact, purpose, _) = match context.board.followed(&token) {
        Ok(found) => found,
        Err(refusal) => return refuse(refusal),
    };
    // Of two who use it at the same moment, one does.
    if !context.board.use_link(&token, true) {
        return refuse(AnswerRefusal::Used);
    }
    let speaker = Speaker { by: contact, way: AnswerWay::Link, user: None };
    if purpose == LinkPurpose::Acknowledge {
        let done = acknowledged(&context, speaker, &field("comment")).await;
        return html(done.status(), answer_page::words("Thank you. It is written down that you have taken this on."));
    }
    let id = if let LinkPurpose::Answer(Some(id)) = purpose { id } else { field("question") };
    match say(&context, &id, &field("answer"), speaker, &field("comment")).await {
        Ok(()) => html(StatusCode::OK, answer_page::words("Thank you. Your answer is written down.")),
        Err(refusal) => {
            // What did not count uses nothing up.
            context.board.use_link(&token, false);
            refuse(refusal)
        }
    }
}
