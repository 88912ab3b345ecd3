//! From a token or a cookie to who calls.

use super::caller::{Caller, CallerVia};
use super::cookies::CookieKind;
use super::site::Site;
use super::token::hash;
use crate::listen::bearer;
use crate::model::AccessRole;
use crate::serve::App;
use crate::store::StoreError;
use crate::units::{Secret, signature};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use chrono::{DateTime, TimeDelta, Utc};

/// A session ends when nobody was seen for so long …
pub(super) const IDLE: TimeDelta = TimeDelta::hours(2);
/// … and after so long whatever they did.
pub(super) const LONGEST: TimeDelta = TimeDelta::hours(12);
/// When somebody or a token was seen is kept so exactly.
const SEEN: TimeDelta = TimeDelta::minutes(1);

/// What a request says about who sent it.
#[derive(Debug)]
pub(super) enum KnownCaller {
    /// Somebody.
    Caller(Caller),
    /// Nothing.
    Nobody,
    /// Something that is not, or no longer, true: in words.
    Wrong(&'static str),
}

/// Who sent a request.
///
/// # Errors
/// Where the store cannot be asked.
pub(super) async fn known(app: &App, site: &Site, headers: &HeaderMap, address: &str) -> Result<KnownCaller, StoreError> {
    let now = Utc::now();
    if headers.contains_key(AUTHORIZATION) {
        return by_token(app, bearer(headers), address, now).await;
    }
    let is_closed = app.access().is_closed(app.store()).await?;
    if let Some(cookie) = CookieKind::Session.of(site, headers).filter(|_| is_closed) {
        return by_session(app, &cookie, address, now).await;
    }
    if is_closed {
        return Ok(KnownCaller::Nobody);
    }
    // A proxy before it would make everybody in the world call from this host.
    if headers.contains_key("x-forwarded-for") || headers.contains_key("forwarded") {
        return Ok(KnownCaller::Wrong(
            "a proxy forwards this, and nobody has to say who they are: make a token with `lifeboat token create` first",
        ));
    }
    let csrf = Secret::new(signature(&app.access().key, "form"));
    Ok(KnownCaller::Caller(Caller::new("loopback", vec![AccessRole::Admin], CallerVia::Loopback, address, csrf)))
}

async fn by_token(app: &App, token: Option<Secret>, address: &str, now: DateTime<Utc>) -> Result<KnownCaller, StoreError> {
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Ok(KnownCaller::Wrong("`Authorization` holds no bearer's token"));
    };
    let hash = hash(&token);
    match app.store().token(&hash).await? {
        Some(entry) if entry.is_valid(now) => {
            // When it was used is for people who tidy up; a call does not fail for it, nor does each write.
            if entry.used.is_none_or(|used| used + SEEN <= now) {
                let _ = app.store().touch_token(&hash, now).await;
            }
            Ok(KnownCaller::Caller(Caller::new(&entry.name, entry.roles, CallerVia::Token, address, Secret::default())))
        }
        Some(entry) if entry.revoked.is_some() => Ok(KnownCaller::Wrong("this token was revoked")),
        Some(_) => Ok(KnownCaller::Wrong("this token has expired")),
        None => Ok(KnownCaller::Wrong("this token is not known")),
    }
}

async fn by_session(app: &App, cookie: &Secret, address: &str, now: DateTime<Utc>) -> Result<KnownCaller, StoreError> {
    let hash = hash(cookie);
    let Some(session) = app.store().session(&hash).await? else { return Ok(KnownCaller::Nobody) };
    if session.expires <= now || session.seen + IDLE <= now {
        app.store().end_session(&hash).await?;
        return Ok(KnownCaller::Nobody);
    }
    if session.seen + SEEN <= now {
        app.store().touch_session(&hash, now).await?;
    }
    let csrf = Secret::new(signature(cookie, "form"));
    Ok(KnownCaller::Caller(Caller::new(&session.name, session.roles, CallerVia::Session, address, csrf)))
}
