//! The control ledger: four quarters by services and schedules, each cell done, late, deferred or missed, as an auditor samples it.

use super::coverage_facts::{ledger_facts, saved};
use super::form::part;
use super::moment::day;
use super::problem::PageProblem;
use super::project::apart;
use super::shell::{PagePart, shell};
use super::shown::{many, name, short, status};
use crate::coverage::{Ledger, LedgerCell, LedgerDrill, LedgerRow, LedgerState};
use crate::report::{Grade, badge};
use crate::schedule::{Deferral, DeferredSubject, Quarter};
use crate::serve::App;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Datelike, Utc};
use maud::{Markup, html};
use serde::Deserialize;

/// Rows of one page.
const ROWS: usize = 400;
/// Drills of one cell.
const DRILLS: usize = 4;

/// Which year, and as what.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct LedgerAddress {
    year: String,
    format: String,
}

/// `GET /ledger?year=`.
pub(super) async fn page(State(app): State<App>, Query(asked): Query<LedgerAddress>) -> Result<Response, PageProblem> {
    let now = Utc::now();
    let year = chosen(&asked.year, now)?;
    let quarters = quarters(year, now);
    let facts = ledger_facts(&app, &quarters).await?;
    let ledger = apart(move || facts.ledger(&quarters, now)).await?;
    let named = |ending: &str| format!("ledger{}.{ending}", year.map_or_else(String::new, |year| format!("-{year}")));
    match asked.format.as_str() {
        "" => Ok(shell(PagePart::Coverage, "Control ledger", &whole(&ledger, year, now)).into_response()),
        "csv" => Ok(saved(&named("csv"), "text/csv; charset=utf-8", ledger.to_csv())),
        "md" => Ok(saved(&named("md"), "text/markdown; charset=utf-8", ledger.to_markdown())),
        "json" => Ok(saved(&named("json"), "application/json", ledger.to_json())),
        "oscal" => Ok(saved(&named("oscal.json"), "application/json", ledger.to_oscal())),
        other => Err(PageProblem::Asked(format!("`{}` is no format: csv, md, json and oscal are.", short(other, 20)))),
    }
}

/// A year; `None` for the last four quarters.
fn chosen(text: &str, now: DateTime<Utc>) -> Result<Option<i32>, PageProblem> {
    if text.is_empty() {
        return Ok(None);
    }
    let known = text.parse().ok().filter(|year| (2020..=now.year() + 1).contains(year));
    known.map(Some).ok_or_else(|| PageProblem::Asked(format!("`{}` is no year of this ledger.", short(text, 20))))
}

/// Those of a year, or the last four, this one included.
fn quarters(year: Option<i32>, now: DateTime<Utc>) -> Vec<Quarter> {
    match year {
        Some(year) => Quarter::of_year(year),
        None => {
            let last = Quarter::of(now);
            let first = Quarter::of(now - chrono::TimeDelta::days(274));
            let all = Quarter::between(first, last);
            all[all.len().saturating_sub(4)..].to_vec()
        }
    }
}

fn whole(ledger: &Ledger, year: Option<i32>, now: DateTime<Utc>) -> Markup {
    let shown = year.unwrap_or_else(|| now.year());
    let query = |format: &str| {
        super::form::address("/ledger", [("year", year.map_or_else(String::new, |year| year.to_string()).as_str()), ("format", format)])
    };
    html! {
        p.lead { "What was to be drilled in each quarter, and what became of it: done, late, deferred with a name and a reason, or missed." }
        nav aria-label="Years" {
            ul.links {
                li { a href="/ledger" aria-current=[year.is_none().then_some("true")] { "The last four quarters" } }
                @for each in (shown - 2)..=(now.year() + 1) { li { a href={ "/ledger?year=" (each) } aria-current=[(year == Some(each)).then_some("true")] { (each) } } }
            }
        }
        @for (kind, title) in [(DeferredSubject::Service, "Services"), (DeferredSubject::Schedule, "Schedules")] {
            @let rows: Vec<&LedgerRow> = ledger.rows.iter().filter(|row| row.kind == kind).collect();
            section {
                h2 { (title) }
                @if rows.is_empty() { p { "There are none yet." } } @else { (table(title, &ledger.quarters, &rows)) }
            }
        }
        ul.links {
            li { "Save as " a href=(query("csv")) { "CSV" } } li { a href=(query("md")) { "Markdown" } }
            li { a href=(query("oscal")) { "OSCAL" } } li { a href=(query("json")) { "JSON" } }
            li { "Defer with " code { "lifeboat schedule defer" } }
        }
    }
}

fn table(title: &str, quarters: &[Quarter], rows: &[&LedgerRow]) -> Markup {
    html! {
        div.scroll role="group" tabindex="0" aria-label=(title) {
            table.matrix {
                caption.quiet { (title) " by quarters" }
                thead { tr { th scope="col" { "Name" } @for quarter in quarters { th scope="col" { (quarter) } } } }
                tbody {
                    @for row in rows.iter().take(ROWS) {
                        tr {
                            th scope="row" { a href=(about(row)) { (name(&row.name)) } @if let Some(criticality) = row.criticality { br; span.soft { (criticality) } } }
                            @for each in &row.cells { (cell(each)) }
                        }
                    }
                }
            }
        }
        @if rows.len() > ROWS { p.soft { "and " (many(rows.len() - ROWS, "more row")) "; the files below have all." } }
    }
}

/// Where more is told of it.
fn about(row: &LedgerRow) -> String {
    match row.kind {
        DeferredSubject::Service => super::form::address("/drills", [("service", row.name.as_str())]),
        DeferredSubject::Schedule => super::schedule_list::address(&row.name),
    }
}

fn cell(cell: &LedgerCell) -> Markup {
    let (grade, class) = match cell.state {
        LedgerState::Done => (Grade::Good, Some("done")),
        LedgerState::Late | LedgerState::Deferred => (Grade::Open, Some("stale")),
        LedgerState::Missed => (Grade::Bad, Some("wanting")),
        LedgerState::Open | LedgerState::NotDue | LedgerState::Unrecorded => (Grade::Neutral, None),
    };
    html! {
        td class=[class] {
            (status(cell.state.word(), grade))
            @if !cell.told.is_empty() { span.soft { (short(&cell.told, 200)) } }
            @if let Some(deferral) = &cell.deferral { (deferred(deferral)) }
            @for drill in cell.drills.iter().take(DRILLS) { (drilled(drill)) }
            @if cell.drills.len() > DRILLS { span.soft { "and " (many(cell.drills.len() - DRILLS, "more drill")) } }
        }
    }
}

fn deferred(deferral: &Deferral) -> Markup {
    html! { span.soft { "by " (name(&deferral.by)) " until " (deferral.until) ": " bdi { (short(&deferral.why, 200)) } } }
}

fn drilled(drill: &LedgerDrill) -> Markup {
    html! {
        span.soft {
            a href={ "/drills/" (part(&drill.id)) } { (day(drill.started)) } " "
            @if let Some(verdict) = drill.verdict { (badge(&verdict.into())) }
        }
    }
}
