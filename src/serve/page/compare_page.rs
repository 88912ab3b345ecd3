//! Two drills against each other: what is known of both at a glance, and the report's own comparison, made anew of their histories.

use super::drill_file::as_report;
use super::facts::{cell, table};
use super::form::{address, part};
use super::last_drills::ended;
use super::moment::{brief, took};
use super::problem::PageProblem;
use super::reports::made;
use super::shell::{PagePart, shell};
use super::shown::{interval, name, short};
use super::stored_drill::{FRAMING, entry, folder_of};
use crate::exercise::judge;
use crate::report::{ComparedDrill, comparison, html as report_page};
use crate::serve::App;
use crate::store::{DrillEntry, DrillQuery, DrillState};
use crate::units::explained;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;

/// Drills among which is chosen.
const CHOICE: u64 = 200;

/// Which two.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct CompareQuery {
    a: String,
    b: String,
}

/// `GET /compare?a=&b=`.
pub(super) async fn page(State(app): State<App>, Query(asked): Query<CompareQuery>) -> Result<Response, PageProblem> {
    let query = DrillQuery { state: Some(DrillState::Over), limit: Some(CHOICE), ..DrillQuery::default() };
    let recent = app.store().drills(&query).await?;
    let both =
        if asked.a.is_empty() || asked.b.is_empty() { None } else { Some((entry(&app, &asked.a).await?, entry(&app, &asked.b).await?)) };
    let report = address("/compare/report", [("a", asked.a.as_str()), ("b", asked.b.as_str())]);
    let body = html! {
        p.lead { "What differs between two drills, and whether that is more than noise." }
        form.filters method="get" action="/compare" aria-label="Which drills" {
            (drill("a", "This drill", &recent, &asked.a)) (drill("b", "against this one", &recent, &asked.b))
            div.buttons { button type="submit" { "Compare" } }
        }
        @if recent.is_empty() { p { "There is no drill yet that is over." } }
        @if let Some((one, other)) = &both {
            (side_by_side(one, other))
            div.row { h2 { "In detail" } a href=(report) { "Open it on a page of its own" } }
            iframe.report src=(report) title="The two drills compared" sandbox="" {}
        }
    };
    Ok(([(CONTENT_SECURITY_POLICY, FRAMING)], shell(PagePart::Drills, "Compare drills", &body)).into_response())
}

/// `GET /compare/report?a=&b=`.
pub(super) async fn report(State(app): State<App>, Query(asked): Query<CompareQuery>) -> Result<Response, PageProblem> {
    let (one, other) = (entry(&app, &asked.a).await?, entry(&app, &asked.b).await?);
    let (folder, beside) = (folder_of(&app, &one), folder_of(&app, &other));
    let page = made(move || {
        let first = judge(&folder).map_err(|error| explained(&error))?;
        let second = judge(&beside).map_err(|error| explained(&error))?;
        let first = ComparedDrill { name: &one.id, verdict: &first.verdict, digest: &first.digest, hash: &first.hash };
        let second = ComparedDrill { name: &other.id, verdict: &second.verdict, digest: &second.digest, hash: &second.hash };
        Ok(report_page(&comparison(&first, &second)))
    });
    Ok((as_report(), page.await?).into_response())
}

/// A choice among drills.
fn drill(id: &str, label: &str, recent: &[DrillEntry], chosen: &str) -> Markup {
    html! {
        div.field {
            label for=(id) { (label) }
            select id=(id) name=(id) required {
                option value="" { "Choose a drill" }
                @for each in recent {
                    option value=(each.id) selected[each.id == chosen] {
                        (each.started.format("%Y-%m-%d %H:%M")) " " (short(&each.scenario, 40)) ", " (short(&each.environment, 20))
                        @if let Some(verdict) = each.verdict { ", " (verdict) }
                    }
                }
                @if !chosen.is_empty() && !recent.iter().any(|each| each.id == chosen) { option value=(chosen) selected { (short(chosen, 60)) } }
            }
        }
    }
}

fn side_by_side(one: &DrillEntry, other: &DrillEntry) -> Markup {
    let row = |label: &str, told: &dyn Fn(&DrillEntry) -> Markup| {
        html! { tr { th scope="row" { (label) } (cell("This", &told(one))) (cell("Against", &told(other))) } }
    };
    let alike = if one.plan == other.plan && !one.plan.is_empty() { "the same plan" } else { "another plan" };
    let rows = html! {
        (row("Drill", &|drill| html! { a href={ "/drills/" (part(&drill.id)) } { (brief(drill.started)) } }))
        (row("Verdict", &|drill| ended(drill.state, drill.verdict)))
        (row("Scenario", &|drill| html! { (name(&drill.scenario)) " in " (name(&drill.environment)) }))
        (row("Cutover", &|drill| html! { @match drill.cutover { Some(measured) => (interval(measured)), None => "not measured" } }))
        (row("Allowed", &|drill| html! { @if let Some(objective) = drill.objective { (objective) } }))
        (row("Took", &|drill| html! { @if let Some(over) = drill.ended { (took(over - drill.started)) } }))
        (row("Open findings", &|drill| html! { (drill.findings) }))
        tr { th scope="row" { "Plan" } (cell("This", &html! { code { (short(&one.plan, 12)) } })) (cell("Against", &html! { code { (short(&other.plan, 12)) } " (" (alike) ")" })) }
    };
    table("Both drills", &["Of each", "This", "Against"], &rows)
}
