//! Services by failure modes: what was drilled, what is stale, and what nobody ever drilled though it is demanded.

use super::coverage_facts::{coverage_facts, saved};
use super::form::{address, part};
use super::moment::day;
use super::problem::PageProblem;
use super::shell::{PagePart, shell};
use super::shown::{interval, many, name, short, status};
use crate::coverage::{Cell, CellState, Matrix, MatrixRow};
use crate::report::Grade;
use crate::serve::App;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use maud::{Markup, html};
use serde::Deserialize;

/// Services of one page.
const SERVICES: usize = 200;
/// Of what is wanting, so many are told in a list.
const WANTING: usize = 60;

/// As what it is wanted: a page where nothing is said.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct CoverageQuery {
    format: String,
}

/// `GET /coverage`.
pub(super) async fn page(State(app): State<App>, Query(asked): Query<CoverageQuery>) -> Result<Response, PageProblem> {
    let facts = coverage_facts(&app).await?;
    let matrix = facts.matrix(Utc::now());
    match asked.format.as_str() {
        "" => Ok(shell(PagePart::Coverage, "Coverage", &whole(&matrix)).into_response()),
        "csv" => Ok(saved("coverage.csv", "text/csv; charset=utf-8", matrix.to_csv())),
        "md" => Ok(saved("coverage.md", "text/markdown; charset=utf-8", matrix.to_markdown())),
        "json" => Ok(saved("coverage.json", "application/json", matrix.to_json())),
        other => Err(PageProblem::Asked(format!("`{}` is no format: csv, md and json are.", short(other, 20)))),
    }
}

fn whole(matrix: &Matrix) -> Markup {
    html! {
        p.lead { "Which failures of a provider each service was drilled for, and which it should be. A drill counts until its plan, or the gateway's configuration, has changed." }
        @if matrix.rows.is_empty() {
            p { "The inventory names no service yet." }
        } @else {
            (sums(matrix))
            (wanting(matrix))
            section aria-labelledby="matrix" {
                h2 #matrix { "Services by failures" }
                (table(matrix))
                ul.links {
                    li { "Save as " a href="/coverage?format=csv" { "CSV" } }
                    li { a href="/coverage?format=md" { "Markdown" } }
                    li { a href="/coverage?format=json" { "JSON" } }
                    li { a href="/ledger" { "The control ledger, by quarters" } }
                }
            }
        }
    }
}

/// What is demanded, in numbers.
pub(super) fn sums(matrix: &Matrix) -> Markup {
    let demanded = matrix.demanded();
    let of = |state: CellState| matrix.rows.iter().flat_map(|row| &row.cells).filter(|cell| cell.demanded && cell.state == state).count();
    let (met, missed, stale, unclear, never) =
        (of(CellState::Met), of(CellState::Missed), of(CellState::Stale), of(CellState::Unclear), of(CellState::Never));
    html! {
        ul.sums {
            li { strong { (met) " of " (demanded) } "demanded and met" }
            @if missed > 0 { li.bad { strong { (missed) } "missed" } }
            @if never > 0 { li.bad { strong { (never) } "never drilled" } }
            @if stale > 0 { li.open { strong { (stale) } "stale" } }
            @if unclear > 0 { li.open { strong { (unclear) } "unclear" } }
        }
    }
}

/// What is demanded and not met, with what to do.
fn wanting(matrix: &Matrix) -> Markup {
    let all: Vec<(&MatrixRow, &Cell)> = matrix.wanting().collect();
    html! {
        @if all.is_empty() {
            p.calm { "Everything that is demanded was drilled, and met." }
        } @else {
            section aria-labelledby="wanting" {
                h2 #wanting { "What is missing" }
                ul.plain {
                    @for (row, cell) in all.iter().take(WANTING) {
                        li {
                            strong { (name(&row.service)) } ": " (cell.mode) " " (state(cell.state))
                            @if !cell.why.is_empty() { " " (short(&cell.why, 200)) }
                            @if let Some(drill) = &cell.drill { " " a href={ "/drills/" (part(drill)) } { "its last drill" span.quiet { ", " (cell.mode) " of " (short(&row.service, 40)) } } }
                            @if let Some(file) = cell.not_run.first() {
                                ". " a href=(address("/drills/new", [("scenario", file.as_str())])) { "Drill " (name(file)) }
                            }
                        }
                    }
                }
                @if all.len() > WANTING { p.soft { "and " (many(all.len() - WANTING, "more failure")) "; the table below has all." } }
            }
        }
    }
}

fn table(matrix: &Matrix) -> Markup {
    html! {
        div.scroll role="group" tabindex="0" aria-label="Services by failures" {
            table.matrix {
                caption.quiet { "Services by failures" }
                thead { tr { th scope="col" { "Service" } @for mode in Matrix::MODES { th scope="col" { (mode) } } } }
                tbody { @for row in matrix.rows.iter().take(SERVICES) { (service(row)) } }
            }
        }
        @if matrix.rows.len() > SERVICES { p.soft { "and " (many(matrix.rows.len() - SERVICES, "more service")) "; the files below have all." } }
    }
}

fn service(row: &MatrixRow) -> Markup {
    html! {
        tr {
            th scope="row" { a href=(address("/drills", [("service", row.service.as_str())])) { (name(&row.service)) } br; span.soft { (row.criticality) } }
            @for each in &row.cells { (cell(each)) }
        }
    }
}

fn cell(cell: &Cell) -> Markup {
    let class = match cell.state {
        CellState::Met => Some("done"),
        CellState::Missed => Some("wanting"),
        CellState::Stale | CellState::Unclear => Some("stale"),
        CellState::Never => cell.demanded.then_some("wanting"),
        CellState::Impossible => None,
    };
    html! {
        td class=[class] {
            @match &cell.drill {
                Some(drill) => {
                    (state(cell.state)) " "
                    @if let Some(drilled) = cell.drilled { a href={ "/drills/" (part(drill)) } { (day(drilled)) } }
                    @if let Some(cutover) = cell.cutover { span.soft { (interval(cutover)) } }
                    @if let Some(environment) = &cell.environment { span.soft { "in " (short(environment, 30)) } }
                    @if !cell.why.is_empty() { span.soft { (short(&cell.why, 120)) } }
                    @if cell.unproven { span.soft { "unproven" } }
                    @if let Some(plan) = &cell.plan { span.soft { "plan " code { (short(plan, 8)) } } }
                }
                None if cell.state == CellState::Impossible => span.soft { (cell.state) },
                None if cell.demanded => { (state(cell.state)) span.soft { "demanded" } },
                None => span.soft { (cell.state) },
            }
        }
    }
}

/// A state with its mark.
pub(super) fn state(state: CellState) -> Markup {
    let grade = match state {
        CellState::Met => Grade::Good,
        CellState::Missed | CellState::Never => Grade::Bad,
        CellState::Stale | CellState::Unclear => Grade::Open,
        CellState::Impossible => Grade::Neutral,
    };
    status(state.word(), grade)
}
