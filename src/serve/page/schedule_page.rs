//! A schedule: what is next, what it says, its year, and each time that it was due with what became of it.

use super::contact::called;
use super::facts::{cell, facts, table};
use super::form::{address, csrf, part};
use super::known_schedule::{KnownSchedule, known_schedules};
use super::moment::{distance, length};
use super::problem::PageProblem;
use super::project::seen;
use super::schedule_list::state;
use super::schedule_year::{ScheduleYear, freezes_of};
use super::shell::{PagePart, shell};
use super::shown::{many, name, short, status};
use super::year::year as months;
use crate::model::{DrillSchedule, Inventory};
use crate::report::Grade;
use crate::schedule::{Occurrence, OccurrenceEnd, OccurrenceState, jitter_of};
use crate::serve::{AccessRole, App, Caller};
use crate::units::Duration;
use axum::extract::{Path, Query, State};
use chrono::{DateTime, Datelike, Utc};
use maud::{Markup, html};
use serde::Deserialize;

/// Rows of the year's table.
const ROWS: usize = 400;

/// More rows than these are folded up.
const FOLDED: usize = 40;

/// Which year.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct YearQuery {
    year: String,
}

/// `GET /schedules/{name}?year=`.
pub(super) async fn page(
    State(app): State<App>,
    caller: Caller,
    Path(wanted): Path<String>,
    Query(asked): Query<YearQuery>,
) -> Result<Markup, PageProblem> {
    let now = Utc::now();
    let year = chosen(&asked.year, now)?;
    let known = known_schedules(&app, now).await?.all.into_iter().find(|each| each.schedule.name == wanted);
    let known =
        known.ok_or_else(|| PageProblem::absent(format!("There is no schedule `{}` in this project any more.", short(&wanted, 120))))?;
    let told = ScheduleYear::of(&app, &known.schedule, year, now).await?;
    let schedule = known.schedule.clone();
    let (inventory, (frozen, unread)) =
        seen(&app, move |project| (project.inventory.clone(), freezes_of(&project.inventory, &project.root, &schedule, year))).await?;
    let body = html! {
        (standing(&known, now))
        (questions(&known, &caller, now))
        (about(&known.schedule, &inventory))
        section aria-labelledby="year" {
            h2 #year { "The year " (year) }
            nav aria-label="Years" {
                ul.links { @for each in (year - 1)..=(year + 1) { li { a href={ "?year=" (each) } aria-current=[(each == year).then_some("true")] { (each) } } } }
            }
            (months(year, &told.days(), &frozen, told.day_of(now)))
            @for each in &unread { p.soft { "The calendar " (name(each)) " is not read for this page; the drill itself asks it." } }
            @if !frozen.is_empty() {
                p.soft { "Freezes: " @for (place, each) in frozen.iter().take(12).enumerate() { @if place > 0 { "; " } (name(&each.name)) " " (each.from) " to " (each.until) } }
            }
            (told.more())
            (rows(&told, &known, now))
        }
    };
    Ok(shell(PagePart::Schedules, &known.schedule.name, &body))
}

fn chosen(text: &str, now: DateTime<Utc>) -> Result<i32, PageProblem> {
    if text.is_empty() {
        return Ok(now.year());
    }
    let known = text.parse().ok().filter(|year| (2000..=2100).contains(year));
    known.ok_or_else(|| PageProblem::Asked(format!("`{}` is no year that can be shown.", short(text, 20))))
}

fn standing(known: &KnownSchedule, now: DateTime<Utc>) -> Markup {
    let standing = &known.standing;
    let files: Vec<&String> = known.schedule.scenarios.iter().collect();
    html! {
        ul.cards {
            li class=(if standing.overdue.is_some() { "bad" } else { "good" }) {
                p.soft { "State" } p { (state(known, now)) }
                @if let Some(file) = files.first() {
                    p { a.button href=(address("/drills/new", [("scenario", file.as_str()), ("environment", &known.schedule.environment)])) { "Drill it now" } }
                }
            }
            li {
                p.soft { "Next" }
                @match standing.next {
                    Some(next) => { p.value { (distance(next, now)) } p { (known.told(next)) } },
                    None => p.value { "never again" },
                }
            }
            li {
                p.soft { "Last kept" }
                @match standing.last_kept {
                    Some(last) => { p.value { (distance(last, now)) } p { (known.told(last)) } },
                    None => p.value { "never" },
                }
            }
        }
    }
}

/// Occurrences of which somebody is asked whether they are to run late.
fn questions(known: &KnownSchedule, caller: &Caller, now: DateTime<Utc>) -> Markup {
    let asked: Vec<&Occurrence> = known.occurrences.iter().filter(|each| each.state == OccurrenceState::Asked).collect();
    html! {
        @for each in asked {
            section.alarm aria-label="A question" {
                h2 { "Is it to run late?" }
                p { "It was due " (distance(each.due, now)) ", " (known.told(each.due)) ", and could not begin: " bdi { (short(&each.told, 300)) } }
                @if caller.may(AccessRole::Run) {
                    form method="post" action={ "/occurrences/" (part(&each.schedule)) "/" (each.due.timestamp_millis()) } {
                        (csrf(caller))
                        div.buttons {
                            button type="submit" name="answer" value="run" { "Run it late" }
                            button.second type="submit" name="answer" value="decline" { "Leave it out" }
                        }
                    }
                } @else { p.soft { "Somebody with the role run can answer." } }
            }
        }
    }
}

fn about(schedule: &DrillSchedule, inventory: &Inventory) -> Markup {
    let people =
        |ids: &[String]| html! { @for (place, id) in ids.iter().take(30).enumerate() { @if place > 0 { ", " } (called(inventory, id)) } };
    let notify = &schedule.notify;
    html! {
        section aria-labelledby="says" {
            h2 #says { "What it says" }
            (facts([
                ("Rule", Some(html! { bdi { (short(&schedule.when.text, 300)) } " " (schedule.when.zone.as_str()) })),
                ("Scenarios", Some(html! { ul.plain { @for file in schedule.scenarios.iter().take(100) { li { code { (short(file, 200)) } } } } })),
                ("Environment", Some(name(&schedule.environment))),
                ("Window", Some(html! { "may begin until " (schedule.window) " after it is due" })),
                ("Jitter", (schedule.jitter != Duration::ZERO).then(|| html! { "begins " (jitter_of(schedule)) " after it is due" })),
                ("If missed", Some(html! { (schedule.if_missed) })),
                ("If drills still run", Some(html! { (schedule.overlap) })),
                ("Cadence", schedule.cadence.map(|cadence| html! { "overdue when nothing counted for " (cadence) "; a drill by hand counts" })),
                ("Approval", schedule.approval.as_ref().map(|wish| html! { (people(&wish.by)) ", asked " (wish.before) " before" })),
                ("Told before", (!notify.to.is_empty()).then(|| html! { (people(&notify.to)) @if let Some(before) = notify.before { ", " (before) " before" } })),
                ("Told after", (!notify.after.is_empty()).then(|| people(&notify.after))),
            ]))
        }
    }
}

/// Each start of the year in words.
fn rows(told: &ScheduleYear, known: &KnownSchedule, now: DateTime<Utc>) -> Markup {
    let rows = html! {
        @for (due, occurrence) in told.starts().filter(|(due, occurrence)| occurrence.is_some() || *due > now).take(ROWS) {
            tr {
                th scope="row" { (known.told(due)) }
                (cell("What became of it", &became(occurrence, due, now)))
                (cell("Why", &html! { @if let Some(each) = occurrence { (why(each)) } }))
                (cell("Drills", &html! {
                    @if let Some(each) = occurrence {
                        @for (place, drill) in each.drills.iter().take(20).enumerate() { @if place > 0 { br; } a href={ "/drills/" (part(drill)) } { (short(drill, 60)) } }
                    }
                }))
            }
        }
    };
    html! {
        @if told.is_empty() { p { "It is not due in this year." } } @else {
            @let unrecorded = told.starts().filter(|(due, occurrence)| occurrence.is_none() && *due <= now).count();
            @let shown = table("Each time that it is due in this year", &["Due", "What became of it", "Why", "Drills"], &rows);
            @if unrecorded > 0 { p.soft { "Of " (many(unrecorded, "earlier start")) " of this year nothing was recorded: nobody watched this schedule then." } }
            @if told.len() - unrecorded > FOLDED { details { summary { "Each of its " (many(told.len() - unrecorded, "start")) " in words" } (shown) } } @else if told.len() > unrecorded { (shown) }
            @if told.len() > ROWS { p.soft { "and " (many(told.len() - ROWS, "more start")) "; " code { "lifeboat schedule preview" } " lists them." } }
        }
    }
}

/// As what it ended, or how far it is.
fn became(occurrence: Option<&Occurrence>, due: DateTime<Utc>, now: DateTime<Utc>) -> Markup {
    let Some(each) = occurrence else {
        return if due > now {
            html! { "planned, " (distance(due, now)) }
        } else {
            status("not recorded", Grade::Neutral)
        };
    };
    let ended = match (each.state, each.end) {
        (OccurrenceState::Due, _) => status("due", Grade::Open),
        (OccurrenceState::Asked, _) => status("asked", Grade::Open),
        (OccurrenceState::Running, _) => status("running", Grade::Neutral),
        (OccurrenceState::Over, Some(OccurrenceEnd::Started)) => status("started", Grade::Good),
        (OccurrenceState::Over, Some(OccurrenceEnd::Kept)) => status("kept by a manual run", Grade::Good),
        (OccurrenceState::Over, Some(OccurrenceEnd::Late)) => status("late", Grade::Open),
        (OccurrenceState::Over, Some(OccurrenceEnd::Missed) | None) => status("missed", Grade::Bad),
    };
    let delay = each.began.map(|began| began - each.due).filter(|delay| delay.num_minutes() > 0);
    html! {
        (ended) @if each.interrupted { " " (status("interrupted", Grade::Open)) }
        @if let Some(delay) = delay { span.soft { (length(delay)) " after it was due" } }
    }
}

fn why(occurrence: &Occurrence) -> Markup {
    html! {
        @if let Some(reason) = occurrence.reason { (reason) @if !occurrence.told.is_empty() { ": " } }
        bdi { (short(&occurrence.told, 300)) }
    }
}
