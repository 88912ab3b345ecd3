//! Errors as the control API answers with them.

use super::ExpiredToxic;
use crate::units::Explained;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// Error of the control API, as Shopify's server writes it. Clients of that server know its words, so the hint is a field of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ApiError {
    /// What is wrong.
    pub error: String,
    /// The HTTP status.
    #[serde(default)]
    pub status: u16,
    /// What to do instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The toxic that was asked for, where it has ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expired: Option<ExpiredToxic>,
}

impl ApiError {
    fn new(status: u16, error: impl Into<String>) -> Self {
        Self { error: error.into(), status, hint: None, expired: None }
    }

    pub(crate) fn bad_request(error: impl Into<String>) -> Self {
        Self::new(400, error)
    }

    pub(crate) fn missing(field: &str) -> Self {
        Self::new(400, format!("missing required field: {field}"))
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "this control API requires a token").with_hint("send `Authorization: Bearer TOKEN`")
    }

    pub(crate) fn forbidden(error: impl Into<String>) -> Self {
        Self::new(403, error)
    }

    pub(crate) fn not_found(error: impl Into<String>) -> Self {
        Self::new(404, error)
    }

    pub(crate) fn late(error: impl Into<String>) -> Self {
        Self::new(408, error)
    }

    pub(crate) fn conflict(error: impl Into<String>) -> Self {
        Self::new(409, error)
    }

    pub(crate) fn too_long(error: impl Into<String>) -> Self {
        Self::new(413, error)
    }

    pub(crate) fn internal(error: impl Into<String>) -> Self {
        Self::new(500, error)
    }

    pub(crate) fn locked(error: impl Into<String>) -> Self {
        Self::new(423, error)
    }

    pub(crate) fn unavailable(error: impl Into<String>) -> Self {
        Self::new(503, error)
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}

impl std::error::Error for ApiError {}

impl Explained for ApiError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        self.hint.as_deref().map(Cow::Borrowed)
    }
}
