//! What is to be mended: findings of the newest drills, overdue ones first; forms to assign, accept and close them.

use super::finding_form::form as change_form;
use super::form::{address, choice, part};
use super::problem::PageProblem;
use super::shell::{PagePart, shell};
use super::shown::{many, name, prose, short, status};
use crate::model::{FindingSeverity, FindingState};
use crate::report::Grade;
use crate::serve::{App, Caller};
use crate::store::{FindingEntry, FindingQuery};
use axum::extract::{Query, State};
use chrono::{NaiveDate, Utc};
use maud::{Markup, html};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Findings of one page.
const PAGE: usize = 50;

/// Which findings, as the address has it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct FindingsAddress {
    drill: String,
    owner: String,
    service: String,
    show: String,
    page: String,
}

impl FindingsAddress {
    fn page(&self, page: usize) -> String {
        let number = (page + 1).to_string();
        let pairs = [("drill", self.drill.as_str()), ("owner", &self.owner), ("service", &self.service), ("show", &self.show)];
        address("/findings", pairs.into_iter().chain((page > 0).then_some(("page", number.as_str()))))
    }

    /// Whether it is one of those that are asked for.
    fn takes(&self, entry: &FindingEntry, today: NaiveDate) -> bool {
        let owner = match self.owner.as_str() {
            "" => true,
            NOBODY => entry.owner.as_deref().is_none_or(str::is_empty),
            owner => entry.owner.as_deref() == Some(owner),
        };
        owner && (self.service.is_empty() || entry.service == self.service) && (self.show != "overdue" || entry.is_overdue(today))
    }
}

/// Those that nobody has taken.
const NOBODY: &str = "(nobody)";

/// `GET /findings`.
pub(super) async fn page(State(app): State<App>, caller: Caller, Query(asked): Query<FindingsAddress>) -> Result<Markup, PageProblem> {
    let drill = Some(asked.drill.clone()).filter(|drill| !drill.is_empty());
    let query = FindingQuery { drill, all: asked.show == "all", ..FindingQuery::default() };
    let all = app.store().findings(&query).await?;
    let today = Utc::now().date_naive();
    let names = |of: &dyn Fn(&FindingEntry) -> Option<String>| {
        all.iter().filter_map(of).filter(|name| !name.is_empty()).collect::<BTreeSet<String>>()
    };
    let owners: Vec<String> = [NOBODY.to_owned()].into_iter().chain(names(&|entry| entry.owner.clone())).collect();
    let services: Vec<String> = names(&|entry| Some(entry.service.clone())).into_iter().collect();
    let mut found: Vec<&FindingEntry> = all.iter().filter(|entry| asked.takes(entry, today)).collect();
    found.sort_by_key(|entry| (!entry.is_overdue(today), entry.due_day().unwrap_or(NaiveDate::MAX), std::cmp::Reverse(entry.severity)));
    let at = asked.page.parse::<usize>().unwrap_or(1).clamp(1, 100_000) - 1;
    let shown: Vec<&FindingEntry> = found.iter().skip(at * PAGE).take(PAGE).copied().collect();
    let body = html! {
        (sums(&all, today))
        (filters(&asked, &owners, &services))
        @if found.is_empty() { (nothing(&asked)) } @else {
            ul.findings { @for entry in &shown { (card(entry, &caller, today)) } }
            (pages(&asked, at, shown.len(), found.len()))
        }
    };
    Ok(shell(PagePart::Findings, "Findings", &body))
}

fn sums(all: &[FindingEntry], today: NaiveDate) -> Markup {
    let open: Vec<&FindingEntry> = all.iter().filter(|entry| entry.is_open()).collect();
    let overdue = open.iter().filter(|entry| entry.is_overdue(today)).count();
    let free = open.iter().filter(|entry| entry.owner.as_deref().is_none_or(str::is_empty)).count();
    html! {
        p.lead { "What drills showed, and who mends it until when." }
        ul.sums {
            li { strong { (open.len()) } "open" }
            @if overdue > 0 { li.bad { strong { (overdue) } a href="/findings?show=overdue" { "overdue" } } }
            @if free > 0 { li.open { strong { (free) } a href=(address("/findings", [("owner", NOBODY)])) { "without an owner" } } }
        }
    }
}

fn filters(asked: &FindingsAddress, owners: &[String], services: &[String]) -> Markup {
    html! {
        form.filters method="get" action="/findings" role="search" aria-label="Which findings" {
            @if !asked.drill.is_empty() { input type="hidden" name="drill" value=(asked.drill); }
            (choice("owner", "Owner", "All", owners, Some(&asked.owner)))
            (choice("service", "Service", "All", services, Some(&asked.service)))
            div.field {
                label for="show" { "Show" }
                select #show name="show" {
                    @for (value, label) in [("", "Open ones"), ("overdue", "Overdue ones"), ("all", "All, mended and accepted too")] {
                        option value=(value) selected[asked.show == value] { (label) }
                    }
                }
            }
            div.buttons { button type="submit" { "Show" } @if asked.page(0) != "/findings" { a.button.second href="/findings" { "All open ones" } } }
        }
    }
}

fn nothing(asked: &FindingsAddress) -> Markup {
    html! {
        @if asked.page(0) == "/findings" { p.calm { "Nothing is open. Drills put here what they find." } }
        @else { p.lead { "No finding is like that." } }
    }
}

/// What is to be said of one.
fn card(entry: &FindingEntry, caller: &Caller, today: NaiveDate) -> Markup {
    let class = match (entry.severity, entry.is_open()) {
        (FindingSeverity::High, true) => "bad",
        (FindingSeverity::Medium, true) => "open",
        _ => "",
    };
    let mark = |state| match state {
        FindingState::New => status("new", Grade::Open),
        FindingState::StillThere => status("still there", Grade::Bad),
        FindingState::Gone => status("gone", Grade::Good),
        FindingState::Accepted => status("accepted", Grade::Neutral),
    };
    html! {
        li class=(class) {
            p.marks {
                span.severity { (entry.severity) } (mark(entry.state))
                @if entry.is_overdue(today) { (status("overdue", Grade::Bad)) }
                span { (name(&entry.service)) } span { (name(&entry.scenario)) " in " (name(&entry.environment)) }
                a href={ "/drills/" (part(&entry.drill)) } { "the drill" span.quiet { " " (short(&entry.drill, 60)) } }
            }
            p.says { (prose(&entry.says)) @if let Some(about) = &entry.about { " " span.soft { "(" (name(about)) ")" } } }
            @if let Some(suggestion) = &entry.suggestion { p { (prose(suggestion)) } }
            p {
                @match entry.owner.as_deref().filter(|owner| !owner.is_empty()) { Some(owner) => { "With " strong { (name(owner)) } }, None => "With nobody yet" }
                @if let Some(due) = entry.due.as_deref().filter(|due| !due.is_empty()) { ", until " strong { (name(due)) } }
                @if let Some(ticket) = entry.ticket.as_deref().filter(|ticket| !ticket.is_empty()) { ", " (tracked(ticket)) }
                "."
            }
            @if let Some(notes) = entry.notes.as_deref().filter(|notes| !notes.is_empty()) { p.soft { (prose(notes)) } }
            (change_form(entry, caller))
        }
    }
}

/// Where it is tracked: a link where it is one.
fn tracked(ticket: &str) -> Markup {
    let is_page = (ticket.starts_with("https://") || ticket.starts_with("http://")) && !ticket.contains(char::is_whitespace);
    html! { @if is_page { a href=(ticket) rel="noreferrer" { (name(ticket)) } } @else { (name(ticket)) } }
}

fn pages(asked: &FindingsAddress, page: usize, count: usize, all: usize) -> Markup {
    html! {
        nav.pages aria-label="Pages" {
            @if page > 0 { a.button.second rel="prev" href=(asked.page(page - 1)) { "Before" } }
            span { (page * PAGE + 1) " to " (page * PAGE + count) " of " (many(all, "finding")) }
            @if (page + 1) * PAGE < all { a.button.second rel="next" href=(asked.page(page + 1)) { "After" } }
        }
    }
}
