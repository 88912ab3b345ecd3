//! What people read: pages, made here and whole, that need no script.
//!
//! ```text
//!  around        asked once for each page: who calls, whether a lever is pulled; errors as pages
//!  shell         what every page has around its own
//!  asset         the style sheet, page.css
//!  problem       what cannot be shown, as a page
//!  fresh_index   the index kept up with the folders while people look
//!  project       looking into the project's files, which `scheduler` reads again when they change
//!  shown, moment, facts, form, contact    texts, moments, lists and tables, forms, people: the parts that pages are made of
//!  overview
//!  drill_list, drill_page with drill_file and stored_drill; compare_page, trend_page with reports; last_drills
//!  schedule_list, schedule_page with schedule_year and year; known_schedule, occurrences
//!  coverage_page, ledger_page with coverage_facts
//!  ready_page    hops as they were found last
//!  inventory_page with inventory_tables and contract_table; runbook_list, runbook_page with runbook_step
//!  finding_list with finding_form
//! ```
//!
//! A page is a function of the store and of the project's files as they are; it keeps nothing. What others wrote goes through `shown`, so that it is
//! no markup, turns no line around and ends somewhere.
//!
//! What this room does not do: decide anything about drills, or show one while it runs (`live`).

mod around;
mod asset;
mod compare_page;
mod contact;
mod contract_table;
mod coverage_facts;
mod coverage_page;
mod drill_file;
mod drill_list;
mod drill_page;
mod facts;
mod finding_form;
mod finding_list;
mod form;
mod fresh_index;
mod inventory_page;
mod inventory_tables;
mod known_schedule;
mod last_drills;
mod ledger_page;
mod moment;
mod occurrences;
mod overview;
mod problem;
mod project;
mod ready_page;
mod reports;
mod runbook_list;
mod runbook_page;
mod runbook_step;
mod schedule_list;
mod schedule_page;
mod schedule_year;
mod shell;
mod shown;
mod stored_drill;
#[cfg(test)]
mod tests;
mod trend_page;
mod year;

use super::App;
use axum::Router;
use axum::routing::{get, post};

pub(super) use around::around;
pub(super) use coverage_facts::{coverage_facts, ledger_facts};
pub(super) use fresh_index::FreshIndex;
pub(super) use problem::PageProblem;
pub(super) use project::looked;
pub(super) use ready_page::known_hops;
pub(super) use shell::{PagePart, shell};

/// All pages but those of live drills.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .merge(asset::routes())
        .route("/", get(overview::page))
        .route("/drills", get(drill_list::page))
        .route("/drills/{id}", get(drill_page::page))
        .route("/drills/{id}/report", get(drill_file::report))
        .route("/drills/{id}/files/{name}", get(drill_file::download))
        .route("/compare", get(compare_page::page))
        .route("/compare/report", get(compare_page::report))
        .route("/trends", get(trend_page::page))
        .route("/trends/report", get(trend_page::report))
        .route("/schedules", get(schedule_list::page))
        .route("/schedules/{name}", get(schedule_page::page))
        .route("/occurrences/{schedule}/{due}", post(occurrences::answer))
        .route("/coverage", get(coverage_page::page))
        .route("/ledger", get(ledger_page::page))
        .route("/inventory", get(inventory_page::page))
        .route("/ready", get(ready_page::page))
        .route("/runbooks", get(runbook_list::page))
        .route("/runbooks/{*path}", get(runbook_page::page))
        .route("/findings", get(finding_list::page))
        .route("/findings/{drill}/{id}", post(finding_form::change))
}
