//! The drills of one scenario in one environment after each other: what became of the cutover, and what was changed in between.

use super::drill_file::as_report;
use super::facts::{cell, table};
use super::form::{address, choice, part};
use super::last_drills::ended;
use super::moment::brief;
use super::problem::PageProblem;
use super::reports::made;
use super::shell::{PagePart, shell};
use super::shown::{against, interval, many, name};
use super::stored_drill::{FRAMING, folder_of};
use crate::exercise::{DrillFilter, earlier_among, judge};
use crate::report::{DrillContext, SectionKind, drill, html as report_page};
use crate::serve::App;
use crate::store::{DrillEntry, DrillQuery, DrillState};
use crate::units::explained;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Drills of a trend.
const DRILLS: u64 = 60;
/// Those that the report's own picture shows, as `lifeboat report --trend` does.
const PLOTTED: usize = 16;
/// Drills from whose names is chosen.
const CHOICE: u64 = 1_000;

/// Which drills.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct TrendQuery {
    scenario: String,
    env: String,
}

impl TrendQuery {
    fn query(&self) -> DrillQuery {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        DrillQuery {
            scenario: text(&self.scenario),
            environment: text(&self.env),
            state: Some(DrillState::Over),
            limit: Some(DRILLS),
            ..DrillQuery::default()
        }
    }
}

/// `GET /trends?scenario=&env=`.
pub(super) async fn page(State(app): State<App>, Query(asked): Query<TrendQuery>) -> Result<Response, PageProblem> {
    let recent = app.store().drills(&DrillQuery { state: Some(DrillState::Over), limit: Some(CHOICE), ..DrillQuery::default() }).await?;
    let names =
        |of: &dyn Fn(&DrillEntry) -> &String| recent.iter().map(of).cloned().collect::<BTreeSet<String>>().into_iter().collect::<Vec<_>>();
    let drills = if asked.scenario.is_empty() { Vec::new() } else { app.store().drills(&asked.query()).await? };
    let report = address("/trends/report", [("scenario", asked.scenario.as_str()), ("env", &asked.env)]);
    let body = html! {
        p.lead { "The drills of one scenario after each other. They show what happened, and nothing of what the next will be like." }
        form.filters method="get" action="/trends" aria-label="Which scenario" {
            (choice("scenario", "Scenario", "Choose a scenario", &names(&|drill| &drill.scenario), Some(&asked.scenario)))
            (choice("env", "Environment", "All environments", &names(&|drill| &drill.environment), Some(&asked.env)))
            div.buttons { button type="submit" { "Show" } }
        }
        @if recent.is_empty() { p { "There is no drill yet that is over." } }
        @if !asked.scenario.is_empty() && drills.is_empty() { p { "No drill of this scenario is over." } }
        @if !drills.is_empty() {
            (list(&drills))
            @if drills.len() > 1 {
                div.row { h2 { "What was changed in between" } a href=(report) { "Open it on a page of its own" } }
                iframe.report src=(report) title="The trend of this scenario" sandbox="" {}
            }
        }
    };
    Ok(([(CONTENT_SECURITY_POLICY, FRAMING)], shell(PagePart::Drills, "Trends", &body)).into_response())
}

/// The newest first, each with its cutover against what was allowed.
fn list(drills: &[DrillEntry]) -> Markup {
    let rows = html! {
        @for drill in drills {
            tr {
                th scope="row" { a href={ "/drills/" (part(&drill.id)) } { (brief(drill.started)) } }
                (cell("Verdict", &ended(drill.state, drill.verdict)))
                (cell("Environment", &html! { (name(&drill.environment)) }))
                (cell("Cutover", &html! { @match drill.cutover { Some(measured) => (interval(measured)), None => "not measured" } }))
                (cell("Against", &html! { @if let Some((measured, promised)) = drill.cutover.zip(drill.objective) { (against(measured, promised, drill.verdict)) } }))
                (cell("Allowed", &html! { @if let Some(objective) = drill.objective { (objective) } }))
            }
        }
    };
    html! {
        h2 { (many(drills.len(), "drill")) ", the newest first" }
        (table("Drills of this scenario", &["Began (UTC)", "Verdict", "Environment", "Cutover", "Against", "Allowed"], &rows))
    }
}

/// `GET /trends/report?scenario=&env=`: of the newest drill's report the part about those before it.
pub(super) async fn report(State(app): State<App>, Query(asked): Query<TrendQuery>) -> Result<Response, PageProblem> {
    let mut drills = app.store().drills(&asked.query()).await?.into_iter();
    let newest = drills.next().ok_or_else(|| PageProblem::absent("No drill of this scenario is over."))?;
    let folder = folder_of(&app, &newest);
    let others: Vec<PathBuf> = drills.map(|drill| folder_of(&app, &drill)).collect();
    let page = made(move || {
        let judged = judge(&folder).map_err(|error| explained(&error))?;
        let started = judged.digest.started().ok_or_else(|| "this is no drill".to_owned())?;
        let filter = DrillFilter {
            scenario: Some(started.plan.scenario.name.clone()),
            environment: Some(started.plan.environment_name.clone()),
            before: Some(started.wall_clock.clone()),
            except: Some(started.drill.clone()),
            ..DrillFilter::default()
        };
        let earlier = Some(earlier_among(others.into_iter(), &filter, PLOTTED - 1));
        let context = DrillContext { earlier, ..DrillContext::default() };
        let mut report = drill(&judged.verdict, &judged.digest, &judged.hash, &context);
        report.opening.clear();
        report.sections.retain(|section| section.kind == SectionKind::Trend);
        Ok(report_page(&report))
    });
    Ok((as_report(), page.await?).into_response())
}
