//! Who is asking a Vault: a token as it stands, or one that is got for an application's proof or a service account's token.
//!
//! A token that was got is kept until the store refuses it. Wire: `POST /v1/auth/MOUNT/login`, `auth.client_token` in the answer.

use super::SecretError;
use super::call::{ApiClient, ApiRequest, escaped, refused};
use crate::units::Secret;
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// How a token is come by.
#[derive(Debug)]
pub(super) enum Login {
    /// It is there.
    Token(Secret),
    /// For these fields at this mount; the last of them is a secret.
    Got { mount: String, name: (&'static str, String), proof: (&'static str, Secret), kept: Mutex<Option<Secret>> },
}

impl Login {
    pub(super) fn got(mount: &str, name: (&'static str, String), proof: (&'static str, Secret)) -> Self {
        Self::Got { mount: mount.to_owned(), name, proof, kept: Mutex::new(None) }
    }

    /// The token. `after_refusal` gets another, where that is possible: `None` where it is not.
    pub(super) async fn token(
        &self,
        api: &ApiClient,
        namespace: Option<&str>,
        place: &str,
        after_refusal: bool,
    ) -> Result<Option<Secret>, SecretError> {
        let (mount, name, proof, kept) = match self {
            Self::Token(token) => return Ok((!after_refusal).then(|| token.clone())),
            Self::Got { mount, name, proof, kept } => (mount, name, proof, kept),
        };
        let mut kept = kept.lock().await;
        if let Some(token) = kept.as_ref().filter(|_| !after_refusal) {
            return Ok(Some(token.clone()));
        }
        let path = format!("/v1/auth/{}/login", escaped(mount));
        let mut request = ApiRequest::post(&path, &json!({name.0: name.1, proof.0: proof.1.expose()}));
        if let Some(namespace) = namespace {
            request = request.header("x-vault-namespace", namespace.to_owned());
        }
        let answer = api.ask(request, place).await?;
        let token = answer.body["auth"]["client_token"].as_str().filter(|_| answer.is_good());
        let Some(token) = token else {
            let hint = format!("check that the login at auth/{mount} is enabled, and that its credentials are current");
            return Err(refused(place, answer.status, &format!("login: {}", said(&answer.body)), &[&proof.1], &hint));
        };
        let token = Secret::new(token.to_owned());
        *kept = Some(token.clone());
        Ok(Some(token))
    }
}

/// The reasons that a Vault gives (`errors`, or `error` with some).
pub(super) fn said(body: &Value) -> String {
    let list = body["errors"].as_array().map(|errors| errors.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "));
    list.or_else(|| body["error"].as_str().map(str::to_owned)).unwrap_or_default()
}
