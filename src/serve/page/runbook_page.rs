//! A runbook for whoever has to do it: whom to call, what to do, one step after the other, how to take it back.

use super::contact::contact;
use super::facts::facts;
use super::problem::PageProblem;
use super::project::seen;
use super::runbook_list::used_by;
use super::runbook_step::{condition, step};
use super::shell::{PagePart, shell};
use super::shown::{many, name, short};
use crate::model::{EscalationUntil, RoleHolder, Runbook, StartMode};
use crate::scheduler::{SeenProject, SeenRunbook};
use crate::serve::App;
use axum::extract::{Path, State};
use maud::{Markup, html};

/// `GET /runbooks/{path}`.
pub(super) async fn page(State(app): State<App>, Path(path): Path<String>) -> Result<Markup, PageProblem> {
    // Only what the project's own list names is shown: an address opens no file.
    let told = seen(&app, move |project| {
        let wanted = format!("runbooks/{path}");
        let found = project.runbooks().iter().find(|each| each.path == wanted);
        found.map(|each| (title(each), whole(project, each)))
    });
    let (title, body) = told.await?.ok_or_else(|| PageProblem::absent("There is no runbook at this path any more."))?;
    Ok(shell(PagePart::Runbooks, &title, &body))
}

fn title(seen: &SeenRunbook) -> String {
    seen.runbook.as_ref().map_or_else(|| seen.path.clone(), |runbook| runbook.name.clone())
}

fn whole(project: &SeenProject, seen: &SeenRunbook) -> Markup {
    html! {
        p.kicker { span { (short(&seen.path, 200)) } }
        (problems(&seen.problems))
        @if let Some(runbook) = &seen.runbook {
            div.night {
                (people(project, runbook))
                (about(project, seen, runbook))
                @if runbook.steps.len() > 4 { (contents(runbook)) }
                section aria-labelledby="steps" {
                    h2 #steps { "What to do" }
                    ol.steps { @for (place, each) in runbook.steps.iter().enumerate() { (step(&project.inventory, place + 1, each)) } }
                }
                section {
                    h2 { "With the clock running" }
                    p { "Lifeboat walks this runbook with you, asks, keeps what happened, and takes it back when it fails:" }
                    pre tabindex="0" { code { "lifeboat execute " (short(&seen.path, 300)) } }
                }
            }
        }
    }
}

/// What is wrong with the file.
pub(super) fn problems(problems: &[String]) -> Markup {
    html! {
        @if !problems.is_empty() {
            div.note.bad {
                p { strong { (many(problems.len(), "problem")) "." } " " code { "lifeboat check" } " tells all of them." }
                @for problem in problems.iter().take(10) {
                    pre tabindex="0" { @for (place, line) in problem.lines().take(20).enumerate() { @if place > 0 { "\n" } (short(line, 300)) } }
                }
            }
        }
    }
}

/// Whom to call.
fn people(project: &SeenProject, runbook: &Runbook) -> Markup {
    let inventory = &project.inventory;
    html! {
        @if runbook.owner.is_some() || !runbook.escalate.is_empty() || !runbook.roles.is_empty() {
            section aria-labelledby="people" {
                h2.quiet #people { "Who to call" }
                ul.reach {
                    @if let Some(owner) = &runbook.owner { li { span.soft { "Owner" } br; (contact(inventory, owner)) } }
                    @for escalation in &runbook.escalate {
                        li {
                            span.soft {
                                "After " (escalation.after)
                                @if escalation.until == EscalationUntil::Acknowledged { ", unless somebody has acknowledged" }
                            }
                            br; (contact(inventory, &escalation.to))
                        }
                    }
                    @for (role, holder) in &runbook.roles {
                        li {
                            span.soft { (short(role, 60)) } br;
                            @match holder { RoleHolder::Contact(id) => (contact(inventory, id)), RoleHolder::Asked => "asked at the start" }
                        }
                    }
                }
            }
        }
    }
}

fn about(project: &SeenProject, seen: &SeenRunbook, runbook: &Runbook) -> Markup {
    let starts = match runbook.start {
        StartMode::OnDetection => html! { "when it is detected: " (condition(&runbook.detect)) },
        StartMode::WithTheFault => html! { "in a drill, with the first fault" },
        StartMode::ByHand => html! { "by hand" },
    };
    let used = used_by(project, &seen.path);
    facts([
        ("Begins", Some(starts)),
        ("Answers for", Some(used).filter(|used| !used.0.is_empty())),
        ("Severity", runbook.severity.map(|severity| html! { (severity) })),
        ("Reviewed", Some(html! { @match &runbook.reviewed { Some(day) => (name(day)), None => "never" } })),
    ])
}

fn contents(runbook: &Runbook) -> Markup {
    html! {
        nav aria-labelledby="contents" {
            h2 #contents { "In short" }
            ol.order { @for (place, step) in runbook.steps.iter().enumerate() { li { a href={ "#step-" (place + 1) } { (name(&step.name)) } } } }
        }
    }
}
