//! What people read: pages, made here and whole, that need no script.

mod shell;

use super::App;
use axum::Router;
use axum::routing::get;

pub(super) use shell::{PagePart, shell};

/// All pages but those of live drills.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/", get(async || shell(PagePart::Overview, "Overview", &maud::html! { p { "Lifeboat" } })))
}
