//! The first page: what is overdue, loud; what runs and what is due next; how the last drills went; what is missing and what is to be mended.

use super::coverage_facts::coverage_facts;
use super::coverage_page::sums;
use super::form::{address, part};
use super::known_schedule::{KnownSchedule, known_schedules};
use super::last_drills::{LastDrill, last_drills};
use super::moment::{distance, length, minute};
use super::problem::PageProblem;
use super::project::seen;
use super::runbook_page::problems;
use super::schedule_list::address as schedule_address;
use super::shell::{PagePart, shell};
use super::shown::{many, name, short, status};
use crate::coverage::Matrix;
use crate::model::{Criticality, Inventory};
use crate::report::Grade;
use crate::scheduler::RunningDrill;
use crate::serve::App;
use crate::store::{DrillEntry, DrillQuery, DrillState, FindingEntry, FindingQuery};
use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is shown of each list.
const FEW: usize = 8;
/// Services that are shown each.
const SERVICES: usize = 60;
/// How far ahead what is due next is looked for.
const AHEAD: TimeDelta = TimeDelta::days(100);

/// What the page is made of.
struct OverviewFacts {
    now: DateTime<Utc>,
    inventory: Inventory,
    wrong: Vec<String>,
    schedules: Vec<KnownSchedule>,
    running: Vec<Arc<RunningDrill>>,
    elsewhere: Vec<DrillEntry>,
    last: BTreeMap<String, LastDrill>,
    findings: Vec<FindingEntry>,
    matrix: Matrix,
    drilled: bool,
}

/// `GET /`.
pub(super) async fn page(State(app): State<App>) -> Result<Markup, PageProblem> {
    let now = Utc::now();
    let (inventory, mut wrong) = seen(&app, |project| (project.inventory.clone(), project.problems.clone())).await?;
    let known = known_schedules(&app, now).await?;
    wrong.extend(known.problems);
    let running = app.running().all();
    let query = DrillQuery { state: Some(DrillState::Running), limit: Some(20), ..DrillQuery::default() };
    let elsewhere = app.store().drills(&query).await?.into_iter().filter(|drill| app.running().get(&drill.id).is_none()).collect();
    let last = last_drills(&app).await?;
    let findings = app.store().findings(&FindingQuery::default()).await?;
    let covered = coverage_facts(&app).await?;
    let matrix = covered.matrix(now);
    let drilled = !last.is_empty() || !covered.drills.is_empty();
    let facts = OverviewFacts { now, inventory, wrong, schedules: known.all, running, elsewhere, last, findings, matrix, drilled };
    Ok(shell(PagePart::Overview, "Overview", &whole(&facts)))
}

fn whole(facts: &OverviewFacts) -> Markup {
    html! {
        (overdue(facts))
        // What is overdue stands first, whatever else is wrong.
        @if !facts.wrong.is_empty() {
            details { summary { (many(facts.wrong.len(), "problem")) " in the project's files" } (problems(&facts.wrong)) }
        }
        (running(facts))
        @if !facts.drilled { (begin(facts)) }
        div.two { (due_next(facts)) (to_mend(facts)) }
        (services(facts))
        @if !facts.matrix.rows.is_empty() {
            section aria-labelledby="coverage" {
                h2 #coverage { "Coverage" }
                (sums(&facts.matrix))
                p { a href="/coverage" { "Services by failures" } " · " a href="/ledger" { "The control ledger" } }
            }
        }
        p.soft { "As of " (minute(facts.now)) "." }
    }
}

/// What is overdue, first and loud.
fn overdue(facts: &OverviewFacts) -> Markup {
    let mut late: Vec<(&KnownSchedule, DateTime<Utc>)> =
        facts.schedules.iter().filter_map(|each| Some((each, each.standing.overdue?))).collect();
    late.sort_by_key(|(_, since)| *since);
    html! {
        @if late.is_empty() {
            @if !facts.schedules.is_empty() { p.calm { strong { "Nothing is overdue." } " " (many(facts.schedules.len(), "schedule")) " watched." } }
        } @else {
            section.alarm aria-labelledby="overdue" {
                h2 #overdue { @if late.len() == 1 { "One schedule is overdue" } @else { (late.len()) " schedules are overdue" } }
                ul {
                    @for (known, since) in late.iter().take(FEW * 3) {
                        li {
                            span.what {
                                strong { a href=(schedule_address(&known.schedule.name)) { (name(&known.schedule.name)) } }
                                " has been overdue for " (length(facts.now - *since))
                                @if known.standing.never { ", and was never drilled" }
                                ". " span.soft { "In " (name(&known.schedule.environment)) @if let Some(next) = known.standing.next { "; due again " (distance(next, facts.now)) } }
                            }
                            @if let Some(file) = known.schedule.scenarios.first() {
                                a.button href=(address("/drills/new", [("scenario", file.as_str()), ("environment", &known.schedule.environment)])) {
                                    "Drill it now" span.quiet { ": " (short(&known.schedule.name, 60)) }
                                }
                            }
                        }
                    }
                    @if late.len() > FEW * 3 { li { a href="/schedules" { "and " (many(late.len() - FEW * 3, "more schedule")) } } }
                }
            }
        }
    }
}

/// Drills that run now.
fn running(facts: &OverviewFacts) -> Markup {
    html! {
        @if !facts.running.is_empty() || !facts.elsewhere.is_empty() {
            section aria-labelledby="running" {
                h2 #running { "Running now" }
                ul.cards {
                    @for drill in &facts.running {
                        li.open {
                            p { (status("running", Grade::Neutral)) " " strong { (name(&drill.plan.scenario.name)) } }
                            p.soft { "in " (name(&drill.plan.environment_name)) }
                            p { a.button href={ "/drills/" (part(&drill.id)) "/live" } { "Watch it" span.quiet { ": " (short(&drill.id, 60)) } } }
                        }
                    }
                    @for drill in &facts.elsewhere {
                        li.open {
                            p { (status("running", Grade::Neutral)) " " strong { a href={ "/drills/" (part(&drill.id)) } { (name(&drill.scenario)) } } }
                            p.soft { "in " (name(&drill.environment)) ", begun " (distance(drill.started, facts.now)) " by another process" @if !drill.host.is_empty() { " on " (name(&drill.host)) } }
                        }
                    }
                }
            }
        }
    }
}

/// What a project without drills does next.
fn begin(facts: &OverviewFacts) -> Markup {
    let scenario = "scenarios/NAME.yaml";
    html! {
        section aria-labelledby="begin" {
            h2 #begin { "What to do next" }
            ol.next {
                @if facts.inventory.services.is_empty() {
                    li { h3 { "Name your services" } p { "Say in " code { "runbooks/inventory.yaml" } " which services you run, on which providers, and how long they may be away." } }
                }
                li { h3 { "Run a first drill" } p { "In the lab everything is imitated, and nothing of yours is touched:" } pre tabindex="0" { code { "lifeboat run " (scenario) } } p { a.button href="/drills/new" { "Or start it here" } } }
                @if facts.schedules.is_empty() {
                    li { h3 { "Have it repeated" } p { "Write a schedule, so that nobody has to remember. " a href="/schedules" { "How one looks" } } }
                }
                li { h3 { "See what is missing" } p { a href="/coverage" { "Which failures each service should be drilled for" } } }
            }
        }
    }
}

fn due_next(facts: &OverviewFacts) -> Markup {
    let soon = |each: &&KnownSchedule| each.standing.next.is_some_and(|next| next - facts.now < AHEAD);
    let mut next: Vec<&KnownSchedule> = facts.schedules.iter().filter(soon).collect();
    next.sort_by_key(|each| each.standing.next);
    html! {
        section aria-labelledby="next" {
            h2 #next { "Due next" }
            @if facts.schedules.is_empty() { p { "Nothing is scheduled. " a href="/schedules" { "Write a schedule" } } }
            @else if next.is_empty() { p { "Nothing is due in the next 100 days." } }
            ul.plain {
                @for known in next.iter().take(FEW) {
                    li {
                        a href=(schedule_address(&known.schedule.name)) { (name(&known.schedule.name)) } " "
                        @if let Some(next) = known.standing.next { strong { (distance(next, facts.now)) } span.soft { ", " (known.told(next)) } }
                    }
                }
            }
            @if next.len() > FEW { p { a href="/schedules" { "and " (many(next.len() - FEW, "more schedule")) } } }
        }
    }
}

/// Findings that are overdue, else how many are open.
fn to_mend(facts: &OverviewFacts) -> Markup {
    let today = facts.now.date_naive();
    let late: Vec<&FindingEntry> = facts.findings.iter().filter(|entry| entry.is_overdue(today)).collect();
    html! {
        section aria-labelledby="mend" {
            h2 #mend { "To be mended" }
            @if facts.findings.is_empty() { p { "No finding is open." } }
            @else { p { a href="/findings" { (many(facts.findings.len(), "open finding")) } @if late.is_empty() { ", none of them overdue." } @else { ", " strong { (late.len()) " overdue" } ":" } } }
            ul.plain {
                @for entry in late.iter().take(FEW) {
                    li {
                        bdi { (short(&entry.says, 160)) } " "
                        span.soft {
                            (name(&entry.service)) @if let Some(owner) = &entry.owner { ", with " (name(owner)) } @if let Some(due) = &entry.due { ", until " (name(due)) }
                        }
                    }
                }
            }
            @if late.len() > FEW { p { a href="/findings?show=overdue" { "and " (many(late.len() - FEW, "more finding")) } } }
        }
    }
}

/// The last verdict of each service, the gravest first.
fn services(facts: &OverviewFacts) -> Markup {
    let mut all: Vec<_> = facts.inventory.services.iter().collect();
    let weight = |id: &String, criticality: Criticality| {
        let class = facts.last.get(id).map_or("never", LastDrill::class);
        let gravity = match class {
            "bad" => 0,
            "never" => 1,
            "open" => 2,
            _ => 3,
        };
        (gravity, criticality)
    };
    all.sort_by_key(|(id, service)| weight(id, service.criticality));
    html! {
        @if !all.is_empty() {
            section aria-labelledby="services" {
                h2 #services { "Services" }
                ul.cards {
                    @for (id, service) in all.iter().take(SERVICES) {
                        @let last = facts.last.get(*id);
                        li class=(last.map_or("open", LastDrill::class)) {
                            h3 { a href=(address("/drills", [("service", id.as_str())])) { (name(id)) } }
                            @match last {
                                Some(last) => (last.whole()),
                                None => { p { (status("never drilled", Grade::Open)) } p.soft { (service.criticality) } }
                            }
                        }
                    }
                }
                @if all.len() > SERVICES { p { a href="/inventory" { "and " (many(all.len() - SERVICES, "more service")) } } }
            }
        }
    }
}
