//! Past drills and those that run: filtered by a form that needs no script, a page at a time.

use super::facts::{cell, table};
use super::form::{address, choice, part};
use super::last_drills::ended;
use super::moment::{brief, took};
use super::problem::PageProblem;
use super::project::seen;
use super::shell::{PagePart, shell};
use super::shown::{against, cutover, name, short};
use crate::serve::App;
use crate::store::{DrillEntry, DrillQuery, DrillState, RunKind};
use crate::verdict::Decision;
use axum::extract::{Query, State};
use chrono::{DateTime, NaiveDate, Utc};
use maud::{Markup, html};
use serde::Deserialize;

/// Drills of one page.
const PAGE: u64 = 50;
/// The last page that is counted to.
const LAST: u64 = 100_000;

/// What a list is asked for, as its address has it; an empty text asks nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct ListQuery {
    service: String,
    scenario: String,
    environment: String,
    verdict: String,
    state: String,
    since: String,
    until: String,
    page: String,
}

/// `GET /drills`.
pub(super) async fn page(State(app): State<App>, Query(asked): Query<ListQuery>) -> Result<Markup, PageProblem> {
    let (query, page) = asked.understood()?;
    let mut drills = app.store().drills(&query).await?;
    let more = drills.len() as u64 > PAGE;
    drills.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
    let (services, environments) = seen(&app, |project| {
        let names = |names: Vec<&String>| names.into_iter().take(500).cloned().collect::<Vec<String>>();
        (names(project.inventory.services.keys().collect()), names(project.inventory.environments.keys().collect()))
    })
    .await?;
    let body = html! {
        div.buttons { a.button href="/drills/new" { "Start a drill" } a.button.second href="/trends" { "Trends" } }
        (filters(&asked, &services, &environments))
        @if drills.is_empty() { (nothing(&asked)) } @else { (list(&drills)) (pages(&asked, page, drills.len(), more)) }
    };
    Ok(shell(PagePart::Drills, "Drills", &body))
}

impl ListQuery {
    /// What the store is asked for, one drill more than a page holds; and which page that is, from 0.
    fn understood(&self) -> Result<(DrillQuery, u64), PageProblem> {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let page = text(&self.page).map_or(Ok(1), |page| page.parse::<u64>()).map_err(|_| wrong("page", &self.page))?.clamp(1, LAST) - 1;
        let verdict = match text(&self.verdict) {
            Some(word) => Some(verdicts().find(|verdict| verdict.to_string() == word).ok_or_else(|| wrong("verdict", &word))?),
            None => None,
        };
        let state = text(&self.state).map(|word| DrillState::from_word(&word).ok_or_else(|| wrong("state", &word))).transpose()?;
        let query = DrillQuery {
            service: text(&self.service),
            scenario: text(&self.scenario),
            environment: text(&self.environment),
            verdict,
            state,
            since: day(&self.since, false)?,
            until: day(&self.until, true)?,
            limit: Some(PAGE + 1),
            offset: page * PAGE,
            ..DrillQuery::default()
        };
        Ok((query, page))
    }

    /// The address of another page of the same list.
    fn page(&self, page: u64) -> String {
        let number = (page + 1).to_string();
        let pairs = [
            ("service", self.service.as_str()),
            ("scenario", &self.scenario),
            ("environment", &self.environment),
            ("verdict", &self.verdict),
            ("state", &self.state),
            ("since", &self.since),
            ("until", &self.until),
        ];
        address("/drills", pairs.into_iter().chain((page > 0).then_some(("page", number.as_str()))))
    }

    fn asks(&self) -> bool {
        self.page(0) != "/drills"
    }
}

/// Every verdict.
fn verdicts() -> impl Iterator<Item = Decision> {
    [Decision::Met, Decision::Missed, Decision::Inconclusive, Decision::Void, Decision::InvalidPlan].into_iter()
}

fn wrong(what: &str, said: &str) -> PageProblem {
    PageProblem::Asked(format!("`{}` is no {what} of drills.", short(said, 80)))
}

/// The beginning or the end of a day, UTC.
fn day(text: &str, its_end: bool) -> Result<Option<DateTime<Utc>>, PageProblem> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let day: NaiveDate =
        text.parse().map_err(|_| PageProblem::Asked(format!("`{}` is no day: write it as 2026-11-20.", short(text, 40))))?;
    let day = if its_end { day.succ_opt().unwrap_or(day) } else { day };
    Ok(day.and_hms_opt(0, 0, 0).map(|at| at.and_utc()))
}

fn filters(asked: &ListQuery, services: &[String], environments: &[String]) -> Markup {
    let verdicts: Vec<String> = verdicts().map(|verdict| verdict.to_string()).collect();
    let states: Vec<String> = DrillState::WORDS.iter().map(|word| (*word).to_owned()).collect();
    let chosen = |text: &'_ str| Some(text.to_owned()).filter(|text| !text.is_empty());
    html! {
        form.filters method="get" action="/drills" role="search" aria-label="Which drills" {
            (choice("service", "Service", "All", services, chosen(&asked.service).as_deref()))
            div.field { label for="scenario" { "Scenario" } input #scenario name="scenario" type="text" maxlength="200" value=(short(&asked.scenario, 200)); }
            (choice("environment", "Environment", "All", environments, chosen(&asked.environment).as_deref()))
            (choice("verdict", "Verdict", "All", &verdicts, chosen(&asked.verdict).as_deref()))
            (choice("state", "State", "All", &states, chosen(&asked.state).as_deref()))
            div.field { label for="since" { "From the day" } input #since name="since" type="date" value=(short(&asked.since, 20)); }
            div.field { label for="until" { "To the day" } input #until name="until" type="date" value=(short(&asked.until, 20)); }
            div.buttons { button type="submit" { "Show" } @if asked.asks() { a.button.second href="/drills" { "All drills" } } }
        }
    }
}

fn nothing(asked: &ListQuery) -> Markup {
    html! {
        @if asked.asks() || !asked.page.is_empty() {
            p.lead { "No drill is like that." }
            p { a href="/drills" { "Show all drills" } }
        } @else {
            p.lead { "There is no drill yet." }
            p { "Start one here, or with " code { "lifeboat run scenarios/NAME.yaml" } ". In the lab everything is imitated: nothing of yours is touched." }
        }
    }
}

fn list(drills: &[DrillEntry]) -> Markup {
    let rows = html! { @for drill in drills { (row(drill)) } };
    table("Drills, the newest first", &["Began (UTC)", "Verdict", "Scenario", "Cutover", "Took", "Findings"], &rows)
}

fn row(drill: &DrillEntry) -> Markup {
    let here = format!("/drills/{}", part(&drill.id));
    let measured = drill.cutover.zip(drill.objective);
    html! {
        tr {
            th scope="row" { a href=(here) { (brief(drill.started)) span.quiet { ": " (short(&drill.scenario, 40)) } } }
            (cell("Verdict", &ended(drill.state, drill.verdict)))
            (cell("Scenario", &html! {
                (name(&drill.scenario))
                span.soft {
                    @if drill.kind != RunKind::Drill { (drill.kind) ": " }
                    (name(&drill.service)) @if !drill.environment.is_empty() { " in " (name(&drill.environment)) }
                }
            }))
            (cell("Cutover", &html! {
                @match measured {
                    Some((measured, promised)) => { (cutover(measured, drill.verdict)) span.soft { "of " (promised) " allowed" } (against(measured, promised, drill.verdict)) }
                    None => span.soft { "not measured" },
                }
            }))
            (cell("Took", &html! { @if let Some(over) = drill.ended { (took(over - drill.started)) } }))
            (cell("Findings", &html! { @if drill.findings > 0 { (drill.findings) " open" } @else { "none" } }))
        }
    }
}

fn pages(asked: &ListQuery, page: u64, count: usize, more: bool) -> Markup {
    let first = page * PAGE + 1;
    html! {
        nav.pages aria-label="Pages" {
            @if page > 0 { a.button.second rel="prev" href=(asked.page(page - 1)) { "Newer" } }
            span { (first) " to " (first - 1 + count as u64) }
            @if more { a.button.second rel="next" href=(asked.page(page + 1)) { "Older" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_which_drills_are_shown() {
        let asked = ListQuery {
            service: "a&b".into(),
            verdict: "missed".into(),
            since: "2026-01-02".into(),
            page: "3".into(),
            ..ListQuery::default()
        };
        let (query, page) = asked.understood().unwrap();
        assert_eq!(
            (query.service.as_deref(), query.verdict, query.offset, query.limit, page),
            (Some("a&b"), Some(Decision::Missed), 100, Some(51), 2)
        );
        assert_eq!(query.since.unwrap().to_rfc3339(), "2026-01-02T00:00:00+00:00");
        assert_eq!(asked.page(3), "/drills?service=a%26b&verdict=missed&since=2026-01-02&page=4");
        for wrong in ["<b>", "-1", "99999999999999999999"] {
            assert!(ListQuery { page: wrong.into(), ..ListQuery::default() }.understood().is_err(), "{wrong}");
        }
        assert!(ListQuery { since: "yesterday".into(), ..ListQuery::default() }.understood().is_err());
        assert!(ListQuery { verdict: "good".into(), ..ListQuery::default() }.understood().is_err());
    }
}
