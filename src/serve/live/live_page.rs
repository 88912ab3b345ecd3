//! The page of one live drill. It is whole without a script, and then refreshes itself slowly, except while a question is open: nothing that somebody
//! types may be lost. With the script it is kept up to date in place.

use super::super::access::{CallerVia, csrf_field};
use super::super::page::{PagePart, shell};
use super::super::{AccessRole, App, Caller};
use super::assets;
use super::form_fields::FormFields;
use super::parts::PARTS;
use super::sight::DrillSight;
use super::watched::WatchedDrill;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

/// Seconds after which a page without a script loads itself again.
const REFRESH: u64 = 5;

/// `GET /drills/{id}/live`
pub(super) async fn show(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Result<Response, StatusCode> {
    caller.must(AccessRole::Read)?;
    Ok(match WatchedDrill::find(&app, &id) {
        Some(drill) => page(&drill, &caller, None).into_response(),
        None => not_live(&app, &id),
    })
}

/// One that is over has a report; of another nothing is known.
fn not_live(app: &App, id: &str) -> Response {
    let is_name = !id.is_empty() && !id.starts_with('.') && !id.contains(['/', '\\', '\0']);
    if is_name && app.root().join("drills").join(id).is_dir() {
        return Redirect::to(&format!("/drills/{id}")).into_response();
    }
    let body = html! {
        p { "No drill of this name runs here, and none ended lately." }
        p { a href="/drills" { "All drills" } " · " a href="/drills/new" { "Begin a drill" } }
    };
    (StatusCode::NOT_FOUND, shell(PagePart::Drills, "No such drill", &body)).into_response()
}

/// Whether it is known who somebody is: on loopback without a token it is not.
pub(super) fn is_known(caller: &Caller) -> bool {
    !matches!(caller.via, CallerVia::Loopback | CallerVia::Nobody)
}

/// The page, with what went wrong where something did.
pub(super) fn page(drill: &WatchedDrill, caller: &Caller, problem: Option<&str>) -> Markup {
    let sight = DrillSight::of(drill, 0);
    let fields = FormFields { csrf: Some(csrf_field(caller)), is_known: is_known(caller) };
    let may: Vec<&str> = [(AccessRole::Run, "run"), (AccessRole::Stop, "stop")]
        .iter()
        .filter(|(role, _)| caller.may(*role))
        .map(|(_, word)| *word)
        .collect();
    let is_refreshed = sight.end.is_none() && sight.questions.is_empty();
    let body = html! {
        link rel="stylesheet" href=(assets::style());
        noscript {
            @if is_refreshed { meta http-equiv="refresh" content=(REFRESH); }
            @else if sight.end.is_none() { p { "This page does not load itself again while a question is open. " a href={ "/drills/" (sight.id) "/live" } { "Look again" } } }
        }
        @if let Some(problem) = problem { p.lv-problem role="alert" { (problem) } }
        (facts(&sight, drill))
        div.lv #lv data-events={ "/drills/" (sight.id) "/events" } data-may=(may.join(" ")) data-known=[fields.is_known.then_some("yes")] {
            p.lv-lost #lv-lost role="status" {}
            @for part in &PARTS {
                div.lv-part id={ "lv-" (part.name) } aria-live=[part.is_spoken.then_some("polite")] { ((part.made)(&sight, &fields)) }
            }
        }
        template #lv-csrf { (csrf_field(caller)) }
        script src=(assets::script()) defer {}
    };
    shell(PagePart::Drills, &sight.plan.scenario.title, &body)
}

/// What stays the same.
fn facts(sight: &DrillSight, drill: &WatchedDrill) -> Markup {
    let (by, reason) = match drill {
        WatchedDrill::Own(own) => (own.by.clone(), own.reason.clone()),
        WatchedDrill::Other(_) => (None, None),
    };
    html! {
        p.lv-facts {
            "Live drill " code { (sight.id) } " of " strong { (sight.plan.workloads.leading().service_name) }
            " in the environment " strong { (sight.plan.environment_name) }
            @if let Some(by) = by { ", begun by " (by) }
            @if let Some(reason) = reason { ": " (reason) }
        }
    }
}
