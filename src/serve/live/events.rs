//! The stream that keeps the page of a live drill up to date: server-sent events, each with everything that changed since the one before. Whoever comes
//! back says what they have by `Last-Event-ID`, or `?after=`.

use super::super::{AccessRole, App, Caller};
use super::frame::LiveFrame;
use super::hub::{LiveHub, Watching};
use super::watched::WatchedDrill;
use crate::listen::Reached;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// So often something is sent, whatever happens: what stands between may close what is silent.
const BEAT: Duration = Duration::from_secs(15);

/// What somebody has already.
#[derive(Debug, Default, Deserialize)]
pub(super) struct EventsQuery {
    after: Option<String>,
}

/// Someone's stream.
struct LiveStream {
    watching: Watching,
    seen: Option<u64>,
    is_new: bool,
}

/// `GET /drills/{id}/events`
pub(super) async fn stream(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<EventsQuery>,
    headers: HeaderMap,
    Extension(hub): Extension<LiveHub>,
    reached: Option<Extension<Reached>>,
) -> Result<Response, StatusCode> {
    caller.must(AccessRole::Read)?;
    let drill = WatchedDrill::find(&app, &id).ok_or(StatusCode::NOT_FOUND)?;
    let reached = reached.map(|Extension(reached)| reached);
    let Some(watching) = hub.watch(&drill, reached.clone()) else {
        let words = "as many pages as this server has places for watch drills already; look again in a moment\n";
        return Ok((StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "10")], words).into_response());
    };
    if let Some(reached) = &reached {
        reached.engage().await;
        reached.go_on_forever();
    }
    let id = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned).or(query.after);
    let seen = id.and_then(|id| watching.frames.borrow().seen(&id));
    let stream = LiveStream { watching, seen, is_new: true };
    let body = Body::from_stream(unfold(stream, async |mut stream| Some((Ok::<_, Infallible>(stream.next().await?), stream))));
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
    Ok((headers, [("x-accel-buffering", "no")], body).into_response())
}

impl LiveStream {
    /// What is sent next; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        self.watching.pulse.taken();
        let chunk = self.chunk().await;
        self.watching.pulse.hands();
        chunk
    }

    async fn chunk(&mut self) -> Option<Bytes> {
        if std::mem::take(&mut self.is_new) {
            return Some(Bytes::from_static(b"retry: 2000\n\n"));
        }
        let frame: Arc<LiveFrame> = Arc::clone(&self.watching.frames.borrow_and_update());
        if self.seen != Some(frame.number) {
            let chunk = frame.since(self.seen);
            self.seen = Some(frame.number);
            return Some(chunk);
        }
        if frame.is_last {
            return None;
        }
        tokio::select! {
            changed = self.watching.frames.changed() => {
                changed.ok()?;
                let frame = Arc::clone(&self.watching.frames.borrow_and_update());
                let chunk = frame.since(self.seen);
                self.seen = Some(frame.number);
                Some(chunk)
            }
            _ = self.watching.closing.wait_for(|closing| *closing) => None,
            () = tokio::time::sleep(BEAT) => Some(Bytes::from_static(b":\n\n")),
        }
    }
}
