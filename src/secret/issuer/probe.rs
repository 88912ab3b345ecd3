//! Whether a provider takes a key: one small chat completion that bears it, as a client would send it.

use super::super::SecretError;
use super::super::call::{Line, Request};
use super::Standing;
use crate::dialect::plain_request;
use crate::model::Dialect;
use crate::units::Secret;
use reqwest::Method;
use zeroize::Zeroizing;

/// Asks one provider. Costs one short answer where the key is taken.
#[derive(Debug, Clone)]
pub struct Probe {
    line: Line,
    dialect: Dialect,
    model: String,
}

impl Probe {
    /// At a base URL, for this model.
    ///
    /// # Errors
    /// Where the URL is none.
    pub fn of(dialect: Dialect, base_url: &str, model: &str, place: &str) -> Result<Self, SecretError> {
        Ok(Self { line: Line::to(base_url, None, place)?, dialect, model: model.to_owned() })
    }

    /// What is said to this key.
    pub async fn ask(&self, value: &Secret, place: &str) -> Standing {
        let wire = plain_request(self.dialect, &self.model, "hi", false, value.expose());
        let mut request = Request { method: Method::POST, path: &wire.path, headers: Vec::new(), body: Some(Zeroizing::new(wire.body)) };
        for (name, text) in wire.headers {
            request = request.header(name, text);
        }
        match self.line.ask(request, place).await {
            Ok(answer) if answer.is_good() => Standing::Accepted,
            Ok(answer) if matches!(answer.status, 401 | 403) => Standing::Refused(answer.status),
            Ok(answer) => Standing::Unknown(format!("status {}, which says nothing of the key", answer.status)),
            Err(
                SecretError::Unreachable { problem, .. } | SecretError::Unknown { problem, .. } | SecretError::Malformed { problem, .. },
            ) => Standing::Unknown(problem),
            Err(_) => Standing::Unknown("no answer".to_owned()),
        }
    }
}
