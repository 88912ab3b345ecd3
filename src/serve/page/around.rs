//! What is asked once for each page: who calls, and whether a lever is pulled. An answer that is an error and no page becomes one.

use super::problem::problem_page;
use super::shell::{FRAME, PageFrame};
use crate::model::Environment;
use crate::permission::Levers;
use crate::serve::{App, Caller};
use axum::body::to_bytes;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Paths whose answers no person reads as a page.
const OTHERS: [&str; 4] = ["/api/", "/assets/", "/metrics", "/healthz"];
/// Letters of an error that is told.
const TOLD: usize = 4_096;

/// Answers with the frame of pages at hand. A layer of all routes, below that which knows who calls.
pub(in crate::serve) async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if OTHERS.iter().any(|other| path.starts_with(other)) || path.ends_with("/events") {
        return next.run(request).await;
    }
    let ended = app.running().lately().first().map(|drill| drill.id.clone());
    app.fresh().keep(app.store(), app.root().to_owned(), ended).await;
    let (mut parts, body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, &app).await.ok().filter(|caller| !caller.name.is_empty());
    let pulled = Levers::of(app.root(), "", &Environment::default()).pulled().await;
    let project = app.root().file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let frame = Arc::new(PageFrame { caller, pulled, project });
    FRAME.scope(frame, async move { as_page(next.run(Request::from_parts(parts, body)).await).await }).await
}

/// An error as a page, where it is none yet.
async fn as_page(response: Response) -> Response {
    let status = response.status();
    let is_page = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let told = to_bytes(body, TOLD).await.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let told = if status == StatusCode::NOT_FOUND { String::new() } else { told };
    let page = problem_page(status, &told).into_response();
    // What was said of it stays, such as when to try again.
    parts.headers.remove(CONTENT_TYPE);
    parts.headers.remove(axum::http::header::CONTENT_LENGTH);
    let (new, body) = page.into_parts();
    parts.headers.extend(new.headers);
    Response::from_parts(parts, body)
}
