//! All runbooks of the project.

use super::contact::called;
use super::facts::{cell, table};
use super::form::part;
use super::problem::PageProblem;
use super::project::seen;
use super::shell::{PagePart, shell};
use super::shown::{many, name, short, status};
use crate::report::Grade;
use crate::scheduler::{SeenProject, SeenRunbook};
use crate::serve::App;
use axum::extract::State;
use maud::{Markup, html};

/// `GET /runbooks`.
pub(super) async fn page(State(app): State<App>) -> Result<Markup, PageProblem> {
    let body = seen(&app, list).await?;
    Ok(shell(PagePart::Runbooks, "Runbooks", &body))
}

/// Where a runbook's page is.
pub(super) fn address(path: &str) -> String {
    let parts: Vec<String> = path.trim_start_matches("runbooks/").split('/').map(part).collect();
    format!("/runbooks/{}", parts.join("/"))
}

fn list(project: &SeenProject) -> Markup {
    let runbooks = project.runbooks();
    let rows = html! { @for each in runbooks { (row(project, each)) } };
    html! {
        @if runbooks.is_empty() {
            p.lead { "This project has no runbook yet." }
            p { "A runbook says who does what when a provider is down. Write one as a file below " code { "runbooks/" } "; " code { "lifeboat help runbook" } " shows how." }
        } @else {
            p.lead { "What is done, and who does it, when something breaks. Each page reads on a phone, and prints." }
            (table("Runbooks", &["Runbook", "Steps", "Owner", "Reviewed", "Answers for"], &rows))
        }
    }
}

fn row(project: &SeenProject, seen: &SeenRunbook) -> Markup {
    let used = used_by(project, &seen.path);
    let Some(runbook) = &seen.runbook else {
        return html! {
            tr {
                th scope="row" { a href=(address(&seen.path)) { (name(&seen.path)) } " " (status("cannot be read", Grade::Bad)) }
                (cell("Steps", &html! {})) (cell("Owner", &html! {})) (cell("Reviewed", &html! {})) (cell("Answers for", &used))
            }
        };
    };
    html! {
        tr {
            th scope="row" { a href=(address(&seen.path)) { (name(&runbook.name)) } span.soft { " " (short(&seen.path, 100)) } }
            (cell("Steps", &html! { (many(runbook.steps.len(), "step")) }))
            (cell("Owner", &html! { @match &runbook.owner { Some(owner) => (called(&project.inventory, owner)), None => "nobody" } }))
            (cell("Reviewed", &html! { @match &runbook.reviewed { Some(day) => (name(day)), None => "never" } }))
            (cell("Answers for", &used))
        }
    }
}

/// The services and credentials that name it.
pub(super) fn used_by(project: &SeenProject, path: &str) -> Markup {
    let inventory = &project.inventory;
    let is_it = |named: &Option<String>| named.as_deref() == Some(path);
    let services = inventory.services.iter().filter(|(_, service)| is_it(&service.runbook)).map(|(id, _)| id);
    let credentials = inventory.credentials.iter().filter(|(_, credential)| is_it(&credential.rotates_in)).map(|(id, _)| id);
    html! {
        @for (place, id) in services.take(20).enumerate() { @if place > 0 { ", " } (name(id)) }
        @for id in credentials.take(20) { span.soft { "rotates " (name(id)) } }
    }
}
