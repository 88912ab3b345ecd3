//! An HTTP request that a step sends.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One HTTP request and what its answer must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpCall {
    /// `GET`, `POST`, …
    pub method: String,
    /// May contain variables such as `${service.url}`.
    pub url: String,
    /// Sent with it.
    pub headers: BTreeMap<String, String>,
    /// Sent with it, as it stands.
    pub body: Option<String>,
    /// The status that it must have; `None` takes any from 200 to 299.
    pub expect_status: Option<u16>,
    /// A text that the answer must contain.
    pub expect_text: Option<String>,
}

impl HttpCall {
    /// Every text in it that may hold variables.
    pub fn texts(&self) -> Vec<&str> {
        let body = self.body.iter().chain(&self.expect_text);
        std::iter::once(&self.url).chain(self.headers.values()).chain(body).map(String::as_str).collect()
    }
}
