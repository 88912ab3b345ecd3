//! Who calls, as handlers see it.

use crate::model::{AccessRole, words};
use crate::units::Secret;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use maud::{Markup, html};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

words! {
    /// How somebody is known.
    CallerVia {
        /// By a token in `Authorization`.
        Token = "token",
        /// By the cookie of a session.
        Session = "session",
        /// By nothing: they call from this host, where nobody has to say who they are.
        Loopback = "loopback",
        /// Not at all.
        Nobody = "nobody",
    }
}

/// Who calls: a name, and what that may do. Taken by handlers as an argument; the routes are guarded before.
#[derive(Debug, Clone)]
pub struct Caller {
    /// A person or a token by name.
    pub name: String,
    /// What they may do.
    pub roles: Vec<AccessRole>,
    /// How they are known.
    pub via: CallerVia,
    /// The address that they call from.
    pub address: String,
    /// What a form of theirs must repeat; empty for programs.
    csrf: Secret,
    /// Whether the audit log holds this call already.
    told: Arc<AtomicBool>,
}

impl Caller {
    /// Somebody.
    pub(super) fn new(name: &str, roles: Vec<AccessRole>, via: CallerVia, address: &str, csrf: Secret) -> Self {
        Self { name: name.to_owned(), roles, via, address: address.to_owned(), csrf, told: Arc::default() }
    }

    /// Somebody who has not said who they are.
    pub(super) fn nobody(address: &str) -> Self {
        Self::new("", Vec::new(), CallerVia::Nobody, address, Secret::default())
    }

    /// Whether they may.
    pub fn may(&self, role: AccessRole) -> bool {
        role.is_held(&self.roles)
    }

    /// Whether they may.
    ///
    /// # Errors
    /// 403 where not.
    pub fn must(&self, role: AccessRole) -> Result<(), StatusCode> {
        if self.may(role) { Ok(()) } else { Err(StatusCode::FORBIDDEN) }
    }

    /// True where this is what a form of theirs must repeat.
    pub(super) fn wrote(&self, csrf: &str) -> bool {
        !self.csrf.is_empty() && self.csrf == Secret::from(csrf)
    }

    /// Notes that the audit log holds this call; true where it did so before.
    pub(super) fn tell(&self) -> bool {
        self.told.swap(true, Ordering::Relaxed)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, StatusCode> {
        parts.extensions.get::<Self>().cloned().ok_or(StatusCode::UNAUTHORIZED)
    }
}

/// The field that each form which changes something must have: it proves that the form is one of ours, and theirs.
pub(in crate::serve) fn csrf_field(caller: &Caller) -> Markup {
    html! { @if !caller.csrf.is_empty() { input type="hidden" name="csrf" value=(caller.csrf.expose()); } }
}
