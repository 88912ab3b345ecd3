//! People sign in, by a token or by a provider, and out.

use super::caller::{Caller, CallerVia, csrf_field};
use super::cookies::CookieKind;
use super::known::{IDLE, LONGEST};
use super::rates::Counted;
use super::site::Site;
use super::token::{hash, random};
use crate::model::AccessRole;
use crate::serve::App;
use crate::serve::page::{PagePart, shell};
use crate::serve::problem::CallProblem;
use crate::store::{SessionEntry, StoreError};
use crate::units::Secret;
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderMap, HeaderValue, LOCATION, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};
use maud::html;
use serde::Deserialize;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/sign-in", get(ask).post(by_token)).route("/sign-out", get(ask_out).post(out))
}

/// Where somebody wanted to go.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    next: Option<String>,
}

impl Wanted {
    /// A page of ours; the overview where another place was named.
    pub(super) fn page(&self) -> String {
        let next = self.next.as_deref().unwrap_or("/");
        let is_ours = next.starts_with('/')
            && !next[1..].starts_with(['/', '\\'])
            && next.len() <= 1_000
            && next.chars().all(|c| c.is_ascii_graphic());
        if is_ours && !next.starts_with("/sign-") { next.to_owned() } else { "/".to_owned() }
    }
}

/// What the form holds.
#[derive(Deserialize)]
struct SignInForm {
    token: String,
    next: Option<String>,
}

async fn ask(State(app): State<App>, caller: Caller, Query(wanted): Query<Wanted>) -> Response {
    if matches!(caller.via, CallerVia::Loopback | CallerVia::Session) {
        return sent_on(&wanted.page());
    }
    form(&app, &wanted.page(), None).into_response()
}

fn form(app: &App, next: &str, problem: Option<&str>) -> maud::Markup {
    let has_provider = app.access().site().is_some_and(|site| site.oidc.is_some());
    let query: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
    let body = html! {
        @if let Some(problem) = problem { p role="alert" { (problem) } }
        @if has_provider {
            p { a href={ "/sign-in/oidc?next=" (query) } { "Sign in with your organisation's account" } }
        }
        form method="post" action="/sign-in" {
            input type="hidden" name="next" value=(next);
            p {
                label for="token" { "Token" }
                input #token type="password" name="token" autocomplete="current-password" required maxlength="200";
            }
            p { button type="submit" { "Sign in" } }
        }
        p { "The person who runs this server makes a token with " code { "lifeboat token create NAME --role read" } "." }
    };
    shell(PagePart::Overview, "Sign in", &body)
}

async fn by_token(State(app): State<App>, caller: Caller, headers: HeaderMap, Form(given): Form<SignInForm>) -> Response {
    let Some(site) = app.access().site() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    if let Err(problem) = may_try(&app, &caller) {
        return problem.page();
    }
    let next = Wanted { next: given.next }.page();
    let token = Secret::new(given.token).trimmed();
    let hash = hash(&token);
    let now = Utc::now();
    let entry = match app.store().token(&hash).await {
        Ok(entry) => entry.filter(|entry| entry.is_valid(now)),
        Err(error) => return CallProblem::from(error).page(),
    };
    let Some(entry) = entry else {
        app.audit(&caller, "sign-in", "token", "refused: this token is not known").await;
        return (StatusCode::UNAUTHORIZED, form(&app, &next, Some("This token is not known, or it has ended."))).into_response();
    };
    let person = SignedIn { name: entry.name, roles: entry.roles, token: Some(hash), until: entry.expires };
    signed_in(&app, site, &headers, &caller, person, &next).await
}

/// Counts a try.
///
/// # Errors
/// Where there were too many from there.
pub(super) fn may_try(app: &App, caller: &Caller) -> Result<(), CallProblem> {
    app.access().rates.count(Counted::SignIn, &caller.address).map_err(|seconds| {
        CallProblem::new(StatusCode::TOO_MANY_REQUESTS, "too many sign-ins were tried from here")
            .retry_after(seconds)
            .hint(format!("wait {seconds} s"))
    })
}

/// Somebody who has shown who they are.
pub(super) struct SignedIn {
    pub(super) name: String,
    pub(super) roles: Vec<AccessRole>,
    pub(super) token: Option<String>,
    pub(super) until: Option<DateTime<Utc>>,
}

/// Begins a session, a new one whatever the browser had before, and sends them to their page.
pub(super) async fn signed_in(app: &App, site: &Site, headers: &HeaderMap, caller: &Caller, person: SignedIn, next: &str) -> Response {
    let via = if person.token.is_some() { "token" } else { "oidc" };
    match begun(app, site, headers, &person).await {
        Ok(Some(cookie)) => {
            let known = Caller::new(&person.name, person.roles, CallerVia::Session, &caller.address, Secret::default());
            caller.tell();
            app.audit(&known, "sign-in", via, "done").await;
            let mut response = sent_on(next);
            response.headers_mut().append(SET_COOKIE, cookie);
            response
        }
        Ok(None) => CallProblem::new(StatusCode::SERVICE_UNAVAILABLE, "no randomness could be had").page(),
        Err(error) => CallProblem::from(error).page(),
    }
}

async fn begun(app: &App, site: &Site, headers: &HeaderMap, person: &SignedIn) -> Result<Option<HeaderValue>, StoreError> {
    if let Some(before) = CookieKind::Session.of(site, headers) {
        app.store().end_session(&hash(&before)).await?;
    }
    let Some(value) = random("") else { return Ok(None) };
    let now = Utc::now();
    let expires = person.until.map_or(now + LONGEST, |until| until.min(now + LONGEST));
    let session = SessionEntry { name: person.name.clone(), roles: person.roles.clone(), token: person.token.clone(), seen: now, expires };
    app.store().begin_session(&hash(&value), &session).await?;
    Ok(CookieKind::Session.set(site, &value, (expires - now).num_seconds()))
}

async fn ask_out(caller: Caller) -> Response {
    let body = html! {
        p { "You are " b { (caller.name) } ", and may: " (caller.roles.iter().map(|role| role.word()).collect::<Vec<_>>().join(", ")) "." }
        @if caller.via == CallerVia::Session {
            p {
                "A session ends by itself after " (IDLE.num_hours()) " hours without a visit, and " (LONGEST.num_hours())
                " hours after the sign-in."
            }
            form method="post" action="/sign-out" { (csrf_field(&caller)) button type="submit" { "Sign out" } }
        } @else {
            p { "Nobody has to sign in here: the server listens on this host alone, and no token was made." }
        }
    };
    shell(PagePart::Overview, "Sign out", &body).into_response()
}

async fn out(State(app): State<App>, caller: Caller, headers: HeaderMap) -> Response {
    let Some(site) = app.access().site() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    if let Some(cookie) = CookieKind::Session.of(site, &headers)
        && let Err(error) = app.store().end_session(&hash(&cookie)).await
    {
        return CallProblem::from(error).page();
    }
    app.audit(&caller, "sign-out", "", "done").await;
    let mut response = sent_on("/sign-in");
    if let Some(cookie) = CookieKind::Session.remove(site) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

pub(super) fn sent_on(there: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(LOCATION, HeaderValue::from_str(there).unwrap_or(HeaderValue::from_static("/")));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_to_pages_of_ours_alone() {
        let page = |next: &str| Wanted { next: Some(next.to_owned()) }.page();
        assert_eq!(page("/drills/a?b=c"), "/drills/a?b=c");
        for elsewhere in ["//evil.example", "/\\evil.example", "https://evil.example", "", "drills", "/sign-out", "/a\r\nx: y", "/\tx"] {
            assert_eq!(page(elsewhere), "/", "{elsewhere}");
        }
        assert_eq!(Wanted { next: None }.page(), "/");
    }
}
