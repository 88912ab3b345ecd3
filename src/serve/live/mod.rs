//! A drill while it runs: begun, watched, its questions answered, stopped.
//!
//! ```text
//!  begin          the page that begins drills: choose, see the plan, agree
//!  begin_page     its words
//!  live_page      the page of one drill, whole without a script
//!  answers        its questions answered, and the stop button
//!  events         the stream that keeps the page up to date
//!  hub            one computation for each drill, however many watch; who may watch
//!  frame          what is computed: the parts of the page, and what changed
//!  watched        a drill of this process or of another, as it is watched
//!  sight          what is known of it at one moment
//!  headline       how it stands, in a sentence, and what to do next
//!  parts          each part, but for the larger ones:
//!  steps_part     the runbook, step by step
//!  form_fields    what is in a form for whoever sends it
//!  question_part  open questions, as forms
//!  live_picture   the picture, as far as it has come
//!  assets         the script and the style sheet
//! ```
//!
//! What this room does not do: run drills (`scheduler`), or show those that are over (`page`).

mod answers;
mod assets;
mod begin;
mod begin_page;
mod events;
mod form_fields;
mod frame;
mod headline;
mod hub;
mod live_page;
mod live_picture;
mod parts;
mod question_part;
mod sight;
mod steps_part;
mod watched;

use super::App;
use axum::routing::{get, post};
use axum::{Extension, Router};

pub(super) use hub::LiveHub;

/// Pages and event streams below `/drills/`, and who watches.
pub(super) fn routes(hub: LiveHub) -> Router<App> {
    Router::new()
        .route("/drills/new", get(begin::choose).post(begin::begin))
        .route("/drills/{id}/live", get(live_page::show))
        .route("/drills/{id}/events", get(events::stream))
        .route("/drills/{id}/answer", post(answers::answer))
        .route("/drills/{id}/stop", post(answers::stop))
        .merge(assets::routes())
        .layer(Extension(hub))
}
