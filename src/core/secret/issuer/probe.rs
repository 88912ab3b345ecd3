//! Whether a provider takes a key: one small chat completion that bears it, as a client would send it, or a token that is minted from it first.

use super::super::SecretError;
use super::super::call::{ApiClient, ApiRequest, ApiResponse};
use super::Standing;
use crate::dialect::{credential_header, plain_request};
use crate::model::Dialect;
use crate::units::Secret;
use reqwest::Method;
use zeroize::Zeroizing;

/// The form that is posted to have a token minted from a key.
type TokenForm = fn(&Secret) -> Vec<u8>;

/// A probe of one provider: whether it takes a key. Costs one short answer where the key is taken.
#[derive(Debug, Clone)]
pub struct KeyProbe {
    api: ApiClient,
    dialect: Dialect,
    model: String,
    /// Where tokens are minted, and what is posted there, where the key is not borne itself.
    minting: Option<(&'static str, TokenForm)>,
}

impl KeyProbe {
    /// At a base URL, for this model.
    ///
    /// # Errors
    /// Where the URL is none.
    pub fn of(dialect: Dialect, base_url: &str, model: &str, place: &str) -> Result<Self, SecretError> {
        Ok(Self { api: ApiClient::to(base_url, None, place)?, dialect, model: model.to_owned(), minting: None })
    }

    /// The same where a key is only shown to have a token minted: at this path, by this form.
    #[must_use]
    pub fn by_token(self, path: &'static str, form: TokenForm) -> Self {
        Self { minting: Some((path, form)), ..self }
    }

    /// What is said to this key. One from which no token is minted is refused; one whose token is refused is not a key of this provider.
    pub async fn ask(&self, value: &Secret, place: &str) -> Standing {
        let Some((path, form)) = self.minting else {
            let (name, text) = credential_header(self.dialect, value.expose());
            return standing(&self.put(name, text, place).await);
        };
        let body = Some(Zeroizing::new(form(value)));
        let request = ApiRequest { method: Method::POST, path, headers: Vec::new(), body };
        let request = request.header("content-type", "application/x-www-form-urlencoded".to_owned());
        match self.api.ask(request, place).await {
            Ok(answer) if answer.is_good() => match answer.body["access_token"].as_str() {
                Some(token) => standing(&self.put("authorization", format!("Bearer {token}"), place).await),
                None => Standing::Unknown("no token came".to_owned()),
            },
            other => standing(&other),
        }
    }

    /// Asks for a chat completion with this header in the place of the one that carries a key.
    async fn put(&self, name: &'static str, text: String, place: &str) -> Result<ApiResponse, SecretError> {
        let wire = plain_request(self.dialect, &self.model, "hi", false, "");
        let mut request = ApiRequest { method: Method::POST, path: &wire.path, headers: Vec::new(), body: Some(Zeroizing::new(wire.body)) };
        let usual = credential_header(self.dialect, "").0;
        for (name, text) in wire.headers.into_iter().filter(|(name, _)| *name != usual) {
            request = request.header(name, text);
        }
        self.api.ask(request.header(name, text), place).await
    }
}

/// What an answer says of the key.
fn standing(answer: &Result<ApiResponse, SecretError>) -> Standing {
    match answer {
        Ok(answer) if answer.is_good() => Standing::Accepted,
        Ok(answer) if matches!(answer.status, 401 | 403) => Standing::Refused(answer.status),
        Ok(answer) => Standing::Unknown(format!("status {}, which says nothing about the key", answer.status)),
        Err(error) => unknown(error),
    }
}

/// What a question that was not answered says of the key.
pub(super) fn unknown(error: &SecretError) -> Standing {
    Standing::Unknown(match error {
        SecretError::Unreachable { problem, .. } | SecretError::Unknown { problem, .. } | SecretError::Malformed { problem, .. } => {
            problem.clone()
        }
        _ => "no answer".to_owned(),
    })
}
