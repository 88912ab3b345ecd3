//! A drill: its facts, its report within the page, its files, and what it can be held against.

use super::drill_file::{Belonging, belongings};
use super::facts::facts;
use super::form::{address, part};
use super::last_drills::ended;
use super::moment::{distance, minute, took};
use super::problem::PageProblem;
use super::project::apart;
use super::shell::{PagePart, shell};
use super::shown::{against, cutover, many, name, prose, short};
use super::stored_drill::{FRAMING, entry, folder_of};
use crate::run_folder::RunFile;
use crate::serve::App;
use crate::store::{DrillEntry, DrillQuery, DrillState};
use axum::extract::{Path, State};
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use maud::{Markup, html};

/// `GET /drills/{id}`.
pub(super) async fn page(State(app): State<App>, Path(id): Path<String>) -> Result<Response, PageProblem> {
    let drill = entry(&app, &id).await?;
    let folder = folder_of(&app, &drill);
    let there = apart(move || belongings(&folder)).await?;
    let before = before(&app, &drill).await?;
    let body = whole(&drill, &there, before.as_ref(), Utc::now());
    let title = if drill.scenario.is_empty() { drill.id.clone() } else { drill.scenario.clone() };
    Ok(([(CONTENT_SECURITY_POLICY, FRAMING)], shell(PagePart::Drills, &title, &body)).into_response())
}

/// The drill of the same scenario and environment before it.
async fn before(app: &App, drill: &DrillEntry) -> Result<Option<DrillEntry>, PageProblem> {
    let query = DrillQuery {
        scenario: Some(drill.scenario.clone()),
        environment: Some(drill.environment.clone()),
        state: Some(DrillState::Over),
        until: Some(drill.started),
        limit: Some(2),
        ..DrillQuery::default()
    };
    Ok(app.store().drills(&query).await?.into_iter().find(|other| other.id != drill.id))
}

fn whole(drill: &DrillEntry, there: &[Belonging], before: Option<&DrillEntry>, now: DateTime<Utc>) -> Markup {
    let here = format!("/drills/{}", part(&drill.id));
    let has = |file: RunFile| there.iter().any(|each| each.name == file.name());
    html! {
        p.kicker {
            span { (short(&drill.kind.to_string(), 20)) } span { "environment " (name(&drill.environment)) } span { (minute(drill.started)) }
            span { (distance(drill.started, now)) }
        }
        @if !drill.title.is_empty() { p.lead { bdi { (short(&drill.title, 300)) } } }
        (head(drill, &here))
        nav aria-label="Beside others" {
            ul.links {
                @if let Some(before) = before {
                    li { a href=(address("/compare", [("a", drill.id.as_str()), ("b", before.id.as_str())])) { "Compare with the drill before" } }
                }
                li { a href=(address("/compare", [("a", drill.id.as_str())])) { "Compare with another" } }
                li { a href=(address("/trends", [("scenario", drill.scenario.as_str()), ("env", &drill.environment)])) { "Trend of this scenario" } }
                @if drill.findings > 0 {
                    li {
                        a href=(address("/findings", [("drill", drill.id.as_str())])) {
                            (many(usize::try_from(drill.findings).unwrap_or(usize::MAX), "open finding"))
                        }
                    }
                }
            }
        }
        section aria-labelledby="report" {
            div.row { h2 #report { "Report" } @if has(RunFile::Page) { a href={ (here) "/report" } { "Open it on a page of its own" } } }
            @if has(RunFile::Page) {
                iframe.report src={ (here) "/report" } title="The drill's report" sandbox="" {}
            } @else if drill.state == DrillState::Running {
                p { "The report is written when the drill is over. " a href={ (here) "/live" } { "Watch it now" } "." }
            } @else {
                p { "There is no report in its folder. " code { "lifeboat report " (shown_folder(drill)) " --open" } " writes it again from the history." }
            }
        }
        (files(drill, there, &here))
    }
}

/// What is to be known at once.
fn head(drill: &DrillEntry, here: &str) -> Markup {
    html! {
        @if drill.state == DrillState::Running { p.note { "This drill runs now. " a.button href={ (here) "/live" } { "Watch it" } } }
        div.two {
            section.card aria-label="Verdict" {
                p { (ended(drill.state, drill.verdict)) }
                @match drill.cutover.zip(drill.objective) {
                    Some((measured, promised)) => {
                        p { "Cutover: " strong { (cutover(measured, drill.verdict)) } ", of " (promised) " allowed." }
                        (against(measured, promised, drill.verdict))
                    }
                    None => p { "No cutover was measured." },
                }
            }
            (facts([
                ("Service", Some(html! { (name(&drill.service)) })),
                ("Failures", (!drill.modes.is_empty()).then(|| html! { ul.tags { @for mode in &drill.modes { li { (mode) } } } })),
                ("Took", drill.ended.map(|over| html! { (took(over - drill.started)) })),
                ("Started by", (!drill.who.is_empty()).then(|| name(&drill.who))),
                ("Reason", (!drill.reason.is_empty()).then(|| prose(&drill.reason))),
                ("Ran on", (!drill.host.is_empty()).then(|| name(&drill.host))),
                ("Plan", (!drill.plan.is_empty()).then(|| html! { code { (short(&drill.plan, 16)) } })),
                ("Drill", Some(html! { code.whole { (short(&drill.id, 200)) } })),
            ]))
        }
    }
}

fn shown_folder(drill: &DrillEntry) -> String {
    short(&drill.folder.to_string_lossy(), 300)
}

fn files(drill: &DrillEntry, there: &[Belonging], here: &str) -> Markup {
    html! {
        section aria-labelledby="files" {
            h2 #files { "Files" }
            @if there.is_empty() {
                p { "Its folder is not here: " code.whole { (shown_folder(drill)) } @if !drill.host.is_empty() { " on " (name(&drill.host)) } "." }
            } @else {
                p.soft { "Evidence alone: keys and notes of the running drill are never given out." }
                ul.links {
                    @for each in there { li { a href={ (here) "/files/" (part(&each.name)) } download { (short(&each.name, 80)) } span.soft { " " (each.size()) } } }
                }
                p.soft { "Check the whole folder with " code { "lifeboat verify " (shown_folder(drill)) } "." }
            }
        }
    }
}
