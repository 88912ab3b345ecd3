//! The session's cookie, and the one that a sign-in by a provider leaves until it is over.

use super::site::Site;
use crate::units::Secret;
use axum::http::HeaderMap;
use axum::http::header::{COOKIE, HeaderValue};
use cookie::{Cookie, SameSite};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CookieKind {
    /// Whoever has it is signed in.
    Session,
    /// The sign-in that this browser began.
    SignIn,
}

impl CookieKind {
    /// With https the prefix makes browsers refuse one that another host or a page without TLS has set.
    const fn name(self, is_https: bool) -> &'static str {
        match (self, is_https) {
            (Self::Session, true) => "__Host-lifeboat",
            (Self::Session, false) => "lifeboat",
            (Self::SignIn, true) => "__Host-lifeboat-sign-in",
            (Self::SignIn, false) => "lifeboat-sign-in",
        }
    }

    /// Its value in a request; `None` where there is none, or several.
    pub(super) fn of(self, site: &Site, headers: &HeaderMap) -> Option<Secret> {
        let texts = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let cookies = texts.flat_map(Cookie::split_parse).filter_map(Result::ok);
        let mut found = cookies.filter(|cookie| cookie.name() == self.name(site.is_https())).map(|cookie| Secret::from(cookie.value()));
        found.next().filter(|value| !value.is_empty() && found.next().is_none())
    }

    /// As an answer sets it. No script sees it, and no other site's form or script sends it along; a link from elsewhere does.
    pub(super) fn set(self, site: &Site, value: &Secret, seconds: i64) -> Option<HeaderValue> {
        self.written(site, value.expose(), seconds)
    }

    /// As an answer takes it away.
    pub(super) fn remove(self, site: &Site) -> Option<HeaderValue> {
        self.written(site, "", 0)
    }

    fn written(self, site: &Site, value: &str, seconds: i64) -> Option<HeaderValue> {
        let cookie = Cookie::build((self.name(site.is_https()), value))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(site.is_https())
            .max_age(cookie::time::Duration::seconds(seconds));
        HeaderValue::from_str(&cookie.build().to_string()).ok()
    }
}
