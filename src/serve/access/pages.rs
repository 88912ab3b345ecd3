//! `/tokens` and `/audit`, for admins.

use super::caller::{Caller, csrf_field};
use super::token::{TokenName, make_token};
use crate::model::AccessRole;
use crate::serve::App;
use crate::serve::page::{PagePart, shell};
use crate::serve::problem::CallProblem;
use crate::store::{AuditEntry, TokenEntry};
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::{DateTime, TimeDelta, Utc};
use maud::{Markup, html};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Entries of the audit log on one page.
const ON_A_PAGE: u64 = 100;
/// Days that a token of the page is good for, as they are offered.
const DAYS: [(&str, &str); 4] = [("30", "30 days"), ("90", "90 days"), ("365", "a year"), ("", "until it is revoked")];

pub(super) fn routes() -> Router<App> {
    Router::new().route("/tokens", get(list).post(make)).route("/tokens/{name}/revoke", post(revoke)).route("/audit", get(log))
}

async fn list(State(app): State<App>, caller: Caller) -> Result<Response, StatusCode> {
    caller.must(AccessRole::Admin)?;
    Ok(tokens(&app, &caller, None).await)
}

async fn tokens(app: &App, caller: &Caller, news: Option<Markup>) -> Response {
    let tokens = match app.store().tokens().await {
        Ok(tokens) => tokens,
        Err(error) => return CallProblem::from(error).page(),
    };
    let now = Utc::now();
    let body = html! {
        @if let Some(news) = news { (news) }
        @if tokens.is_empty() {
            p { "No token was made. As long as that is so, anyone who can use this host may do everything here; the first token ends that." }
        } @else {
            table {
                caption { "Tokens. Of each only a hash is kept." }
                (head(&["Name", "Begins with", "May", "Made", "Last used", "Ends", "Do"]))
                tbody { @for token in &tokens { (row(token, caller, now)) } }
            }
        }
        h2 { "A new token" }
        form method="post" action="/tokens" {
            (csrf_field(caller))
            p { label for="name" { "Name" } input #name name="name" required maxlength="64" autocomplete="off"; }
            fieldset {
                legend { "May" }
                @for role in AccessRole::WORDS { label { input type="checkbox" name=(role) value="on"; " " (role) } " " }
            }
            p { label for="days" { "Good for" } select #days name="days" { @for (days, words) in DAYS { option value=(days) { (words) } } } }
            p { button type="submit" { "Make it" } }
        }
    };
    shell(PagePart::Overview, "Tokens", &body).into_response()
}

fn head(columns: &[&str]) -> Markup {
    html! { thead { tr { @for column in columns { th scope="col" { (column) } } } } }
}

fn row(token: &TokenEntry, caller: &Caller, now: DateTime<Utc>) -> Markup {
    let day = |at: &DateTime<Utc>| at.format("%Y-%m-%d").to_string();
    let roles: Vec<&str> = token.roles.iter().map(|role| role.word()).collect();
    html! {
        tr {
            th scope="row" { (token.name) }
            td { code { (token.shown) "…" } }
            td { (roles.join(", ")) }
            td { (day(&token.made)) " by " (token.made_by) }
            td { (token.used.as_ref().map_or_else(|| "never".to_owned(), day)) }
            td {
                @if let Some(revoked) = &token.revoked { "revoked " (day(revoked)) }
                @else if !token.is_valid(now) { "expired" }
                @else { (token.expires.as_ref().map_or_else(|| "never".to_owned(), day)) }
            }
            td {
                @if token.is_valid(now) {
                    form method="post" action={ "/tokens/" (token.name) "/revoke" } {
                        (csrf_field(caller))
                        button type="submit" aria-label={ "Revoke " (token.name) } { "Revoke" }
                    }
                }
            }
        }
    }
}

async fn make(State(app): State<App>, caller: Caller, Form(given): Form<BTreeMap<String, String>>) -> Result<Response, StatusCode> {
    caller.must(AccessRole::Admin)?;
    let text = |key: &str| given.get(key).map(String::as_str).unwrap_or_default();
    let wrong = |problem: &str| html! { p role="alert" { (problem) } };
    let name: TokenName = match text("name").trim().parse() {
        Ok(name) => name,
        Err(problem) => return Ok(tokens(&app, &caller, Some(wrong(&format!("This is no name: {problem}.")))).await),
    };
    let roles: Vec<AccessRole> = given.keys().filter_map(|key| AccessRole::from_word(key)).collect();
    let days = text("days").parse::<i64>().ok().filter(|days| (1..=3_650).contains(days));
    let expires = days.map(|days| Utc::now() + TimeDelta::days(days));
    Ok(match make_token(app.store(), &name, &roles, expires, &caller.name).await {
        Ok(made) => {
            app.audit(&caller, "token.create", name.as_str(), "done").await;
            let news = html! {
                p role="status" { "This is the token " b { (name.as_str()) } ". Copy it now: it cannot be shown again." }
                p { code #made { (made.text.expose()) } }
            };
            tokens(&app, &caller, Some(news)).await
        }
        Err(error) => tokens(&app, &caller, Some(wrong(&crate::units::explained(&error)))).await,
    })
}

async fn revoke(State(app): State<App>, caller: Caller, Path(name): Path<String>) -> Result<Response, StatusCode> {
    caller.must(AccessRole::Admin)?;
    Ok(match app.store().revoke_token(&name, Utc::now()).await {
        Ok(true) => {
            app.audit(&caller, "token.revoke", &name, "done").await;
            super::sign_in::sent_on("/tokens")
        }
        Ok(false) => CallProblem::absent(format!("no token `{name}` is open")).page(),
        Err(error) => CallProblem::from(error).page(),
    })
}

/// From where the log is shown.
#[derive(Debug, Deserialize)]
struct LogPlace {
    before: Option<String>,
}

async fn log(State(app): State<App>, caller: Caller, Query(place): Query<LogPlace>) -> Result<Response, StatusCode> {
    caller.must(AccessRole::Admin)?;
    let entries = match app.store().audit(place.before.as_deref(), ON_A_PAGE).await {
        Ok(entries) => entries,
        Err(error) => return Ok(CallProblem::from(error).page()),
    };
    let earlier = entries.last().filter(|_| entries.len() as u64 == ON_A_PAGE).map(|last| last.id.clone());
    let body = html! {
        @if entries.is_empty() { p { "Nothing was done." } } @else {
            table {
                caption { "Who did what, the newest first. What only looks is not here." }
                (head(&["When (UTC)", "Who", "From", "Did", "With", "Outcome"]))
                tbody { @for entry in &entries { (line(entry)) } }
            }
        }
        @if let Some(before) = earlier { p { a href={ "/audit?before=" (before) } { "Earlier" } } }
    };
    Ok(shell(PagePart::Overview, "Audit log", &body).into_response())
}

fn line(entry: &AuditEntry) -> Markup {
    let who = if entry.who.is_empty() { "somebody" } else { &entry.who };
    html! {
        tr {
            td { (entry.at.format("%Y-%m-%d %H:%M:%S")) }
            td { (who) " (" (entry.via) ")" }
            td { (entry.address) }
            td { (entry.action) }
            td { (entry.object) }
            td { (entry.outcome) }
        }
    }
}
