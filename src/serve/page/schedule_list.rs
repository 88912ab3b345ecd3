//! All schedules: what is overdue first, then what is due next.

use super::facts::{cell, table};
use super::form::part;
use super::known_schedule::{KnownSchedule, known_schedules};
use super::moment::{distance, length};
use super::problem::PageProblem;
use super::runbook_page::problems;
use super::shell::{PagePart, shell};
use super::shown::{name, short, status};
use crate::report::Grade;
use crate::serve::App;
use axum::extract::State;
use chrono::{DateTime, Utc};
use maud::{Markup, html};

/// Schedules of one page.
const MOST: usize = 500;

/// `GET /schedules`.
pub(super) async fn page(State(app): State<App>) -> Result<Markup, PageProblem> {
    let now = Utc::now();
    let known = known_schedules(&app, now).await?;
    let mut all: Vec<&KnownSchedule> = known.all.iter().collect();
    // What never comes again stands last.
    all.sort_by_key(|each| {
        (each.standing.overdue.unwrap_or(DateTime::<Utc>::MAX_UTC), each.standing.next.unwrap_or(DateTime::<Utc>::MAX_UTC))
    });
    Ok(shell(PagePart::Schedules, "Schedules", &whole(&all, &known.problems, now)))
}

fn whole(all: &[&KnownSchedule], wrong: &[String], now: DateTime<Utc>) -> Markup {
    let rows = html! { @for each in all.iter().take(MOST) { (row(each, now)) } };
    html! {
        (problems(wrong))
        @if all.is_empty() {
            p.lead { "Nothing is scheduled yet." }
            p { "A schedule says which drills are due when, so that nobody has to remember. Write one as a file below " code { "schedules/" } ":" }
            pre tabindex="0" { code { (EXAMPLE) } }
            p { "Then " code { "lifeboat schedule" } " and this page show what is due next." }
        } @else {
            p.lead { "Which drills are due when. A schedule never disables itself; what could not begin is told here with its reason." }
            (table("Schedules", &["Schedule", "State", "Next", "Last kept", "Rule", "Where"], &rows))
        }
    }
}

const EXAMPLE: &str = "version: 1
schedule: chat-quarterly
scenarios: [scenarios/azure-outage.yaml]
environment: staging
when: second Tuesday of every quarter, 10:00 Europe/Berlin
window: 2h
if_missed: run-late
cadence: 100d";

fn row(known: &KnownSchedule, now: DateTime<Utc>) -> Markup {
    let (schedule, standing) = (&known.schedule, &known.standing);
    html! {
        tr {
            th scope="row" { a href=(address(&schedule.name)) { (name(&schedule.name)) } }
            (cell("State", &state(known, now)))
            (cell("Next", &html! {
                @match standing.next { Some(next) => { (distance(next, now)) span.soft { (known.told(next)) } }, None => "never again" }
            }))
            (cell("Last kept", &html! {
                @match standing.last_kept { Some(last) => { (distance(last, now)) span.soft { (known.told(last)) } }, None => "never" }
            }))
            (cell("Rule", &html! { bdi { (short(&schedule.when.text, 120)) } span.soft { (schedule.when.zone.as_str()) } }))
            (cell("Where", &name(&schedule.environment)))
        }
    }
}

/// Where a schedule's page is.
pub(super) fn address(name: &str) -> String {
    format!("/schedules/{}", part(name))
}

/// Whether it is overdue.
pub(super) fn state(known: &KnownSchedule, now: DateTime<Utc>) -> Markup {
    let standing = &known.standing;
    match standing.overdue {
        Some(since) => {
            html! { (status("overdue", Grade::Bad)) " " span.soft { "for " (length(now - since)) @if standing.never { ", never drilled" } } }
        }
        None if standing.never => status("never drilled", Grade::Open),
        None => status("kept", Grade::Good),
    }
}
