//! The words of the page that begins drills.

use super::super::access::csrf_field;
use super::super::page::{PagePart, shell};
use super::super::{AccessRole, Caller};
use super::assets;
use crate::exercise::{OutlineLine, PlannedDrill, ReadScenario, keys_written, most_spent, outline};
use crate::scheduler::RunningDrills;
use crate::units::explained;
use maud::{Markup, html};
use serde::Deserialize;

/// What was chosen.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct BeginQuery {
    pub(super) scenario: String,
    #[serde(alias = "env")]
    pub(super) environment: String,
}

/// For whom it is, and what went wrong.
pub(super) struct BeginPage<'a> {
    pub(super) problem: Option<String>,
    pub(super) caller: &'a Caller,
    pub(super) running: &'a RunningDrills,
    pub(super) is_known: bool,
}

/// A scenario that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ScenarioChoice {
    /// From the project's root.
    pub(super) path: String,
    pub(super) title: Option<String>,
}

impl BeginPage<'_> {
    fn shown(&self, title: &str, body: &Markup) -> Markup {
        let body = html! {
            link rel="stylesheet" href=(assets::style());
            @if let Some(problem) = &self.problem { div.lv-problem role="alert" { (lines(problem)) } }
            (body)
        };
        shell(PagePart::Drills, title, &body)
    }
}

/// A text of several lines.
fn lines(text: &str) -> Markup {
    html! { @for line in text.lines().filter(|line| !line.trim().is_empty()) { p { (line) } } }
}

/// What can be chosen, and what runs now.
pub(super) fn choices(page: &BeginPage<'_>, query: &BeginQuery, scenarios: &[ScenarioChoice], environments: &[String]) -> Markup {
    let body = html! {
        (running(page.running))
        @if scenarios.is_empty() || environments.is_empty() {
            p { "This project has no scenario that can be drilled yet. " code { "lifeboat check" } " tells what is missing." }
        } @else {
            form.lv-begin method="get" action="/drills/new" {
                fieldset {
                    legend { "What goes wrong" }
                    @for (place, scenario) in scenarios.iter().enumerate() {
                        p { label {
                            input type="radio" name="scenario" value=(scenario.path) required checked[is_first(query, place, &scenario.path)];
                            " " (scenario.title.as_deref().unwrap_or("A scenario")) " " span.lv-soft { (scenario.path) }
                        } }
                    }
                }
                p { label { "Where it runs "
                    select name="environment" {
                        @for name in environments { option value=(name) selected[*name == query.environment || query.environment.is_empty() && name == "lab"] { (name) } }
                    }
                } }
                p { button { "Show what it would do" } " " span.lv-soft { "Nothing begins yet." } }
            }
        }
    };
    page.shown("Begin a drill", &body)
}

fn is_first(query: &BeginQuery, place: usize, path: &str) -> bool {
    if query.scenario.is_empty() { place == 0 } else { query.scenario == path }
}

/// What runs now, is about to begin, or did not.
fn running(drills: &RunningDrills) -> Markup {
    let (own, others, starting, not_begun) = (drills.all(), drills.of_others(), drills.on_their_way(), drills.not_begun());
    html! {
        @if !own.is_empty() || !others.is_empty() || !starting.is_empty() {
            h2 { "Running now" }
            ul.lv-list {
                @for drill in &own { li data-state="now" { a href={ "/drills/" (drill.id) "/live" } { (drill.plan.scenario.title) } " " span.lv-state { "in " (drill.plan.environment_name) } } }
                @for other in &others { li data-state="now" { a href={ "/drills/" (other.drill) "/live" } { (other.drill) } " " span.lv-state { "in " (other.environment) ", begun by " (other.who) " in another process" } } }
                @for next in &starting { li data-state="to-come" { (next.scenario.display()) " " span.lv-state { "begins in " (next.environment) @if let Some(holds) = &next.holds { ": " (holds) } } } }
            }
        }
        @if !not_begun.is_empty() {
            details.lv-more {
                summary { "Did not begin lately: " (not_begun.len()) }
                @for each in &not_begun {
                    p { (each.at.format("%Y-%m-%d %H:%M UTC")) ", " (each.scenario.display()) " in " (each.environment) @if let Some(by) = &each.by { ", for " (by) } }
                    (lines(&each.why))
                }
            }
        }
    }
}

/// What a drill would do, and the button that begins it.
pub(super) fn planned(page: &BeginPage<'_>, query: &BeginQuery, read: &ReadScenario, obstacle: Option<&str>) -> Markup {
    let other = html! { p { a href={ "/drills/new?scenario=" (url(&query.scenario)) } { "Choose another scenario or environment" } } };
    let findings: Vec<String> = read.findings.iter().map(ToString::to_string).collect();
    let told = html! {
        @if !findings.is_empty() {
            details.lv-more open[read.planned.is_none()] {
                summary { "What its files say: " (findings.len()) }
                @for finding in &findings { pre { (finding) } }
            }
        }
    };
    let Some(drill) = read.planned.as_ref().filter(|_| !read.findings.has_errors()) else {
        let body = html! { div.lv-problem role="alert" { p { "This scenario cannot be drilled in " strong { (query.environment) } ": its files are not valid." } } (told) (other) };
        return page.shown("Begin a drill", &body);
    };
    let lines_of = outline(drill, 1);
    let body = html! {
        p.lv-facts { "Before you begin: this is all that it would do, in the environment " strong { (query.environment) } "." }
        @if let Some(problem) = &read.unaffordable { div.lv-problem role="alert" { (lines(&explained(problem))) } }
        @if let Some(obstacle) = obstacle { div.lv-problem role="alert" { p { "It would not begin now." } (lines(obstacle)) } }
        (begin_form(page, query, drill))
        h2 { "What it would do" }
        (outlined(&lines_of))
        (told)
        (other)
    };
    page.shown(&drill.plan.scenario.title, &body)
}

/// Lines with one label each; what goes on stands below it.
fn outlined(all: &[OutlineLine]) -> Markup {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in all {
        match groups.last_mut() {
            Some((label, texts)) if *label == line.label || line.label.is_empty() => texts.push(&line.text),
            _ => groups.push((line.label, vec![&line.text])),
        }
    }
    html! {
        dl.lv-outline {
            @for (label, texts) in &groups { div { dt { (label) } @for text in texts { dd { (text) } } } }
        }
    }
}

fn begin_form(page: &BeginPage<'_>, query: &BeginQuery, drill: &PlannedDrill) -> Markup {
    if !page.caller.may(AccessRole::Run) {
        return html! { p { "You may look at drills, and not begin them: that takes the role " code { "run" } "." } };
    }
    let (spends, writes) = (drill.plan.is_paid(), !drill.plan.written().is_empty());
    let asks = drill.plan.runbook.as_ref().is_some_and(|runbook| runbook.steps.iter().any(|step| step.action.asks_people()));
    html! {
        form.lv-begin method="post" action="/drills/new" {
            (csrf_field(page.caller))
            input type="hidden" name="scenario" value=(query.scenario);
            input type="hidden" name="environment" value=(query.environment);
            p { strong { "The most that it can cost: " } (most_spent(&drill.plan)) "." }
            @if let Some(written) = keys_written(&drill.plan) { p { strong { "It writes keys: " } (written) "." } }
            @if !page.is_known { p { label { "Your name " input type="text" name="by" maxlength="100" autocomplete="name"; } } }
            p { label { "Why " input type="text" name="reason" maxlength="1000"; } " " span.lv-soft { "is kept with the drill" } }
            fieldset {
                legend { @if asks { "Its runbook asks people" } @else { "Where its runbook asks people" } }
                p { label { input type="radio" name="attended" value="yes" checked[asks]; " Somebody answers on the page of the drill" } }
                p { label { input type="radio" name="attended" value="no" checked[!asks]; " Every question is answered with yes" } }
            }
            @if spends { p { label { input type="checkbox" name="spend" value="yes" required; " I agree that real providers will send a bill" } } }
            @if writes { p { label { input type="checkbox" name="write" value="yes" required; " I agree that keys are written into these stores" } } }
            details.lv-more { summary { "More" } p { label { "Seed " input type="text" name="seed" maxlength="16" pattern="[0-9a-fA-F]*" autocomplete="off"; } " " span.lv-soft { "of all randomness; drawn where this is empty" } } }
            p { button.lv-button { "Begin the drill" } }
        }
    }
}

/// A path as part of a query.
fn url(path: &str) -> String {
    form_urlencoded::byte_serialize(path.as_bytes()).collect()
}
