//! What people read: pages, made here and whole, that need no script.
//!
//! ```text
//!  around        asked once for each page: who calls, whether a lever is pulled; errors as pages
//!  shell         what every page has around its own
//!  asset         the style sheet, page.css
//!  problem       what cannot be shown, as a page
//!  project       looking into the project's files, which seen_project reads again when they change
//!  shown, moment, facts, form, contact    texts, moments, lists and tables, forms, people: the parts that pages are made of
//!  runbook_list, runbook_page with runbook_step
//! ```
//!
//! A page is a function of the store and of the project's files as they are; it keeps nothing. What others wrote goes through `shown`, so that it is
//! no markup, turns no line around and ends somewhere.
//!
//! What this room does not do: decide anything about drills, or show one while it runs (`live`).

mod around;
mod asset;
mod contact;
mod facts;
mod form;
mod moment;
mod problem;
mod project;
mod runbook_list;
mod runbook_page;
mod runbook_step;
mod seen_project;
mod shell;
mod shown;

use super::App;
use axum::Router;
use axum::routing::get;

pub(super) use around::around;
pub(super) use seen_project::SeenProjects;
pub(super) use shell::{PagePart, shell};

/// All pages but those of live drills.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .merge(asset::routes())
        .route("/", get(async || shell(PagePart::Overview, "Overview", &maud::html! { p { "Lifeboat" } })))
        .route("/runbooks", get(runbook_list::page))
        .route("/runbooks/{*path}", get(runbook_page::page))
}
