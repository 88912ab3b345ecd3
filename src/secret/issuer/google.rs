//! Google: the keys of a service account. A key is the JSON file that Google's clients read.
//!
//! Traps: tokens that were minted from a key outlive it by up to an hour, so that a deleted key is not a dead one yet; an account may have ten
//! keys. Whether a key is taken shows where a token is asked for with a signed assertion, which is not done here: a probe is unknown.
//! Source: cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys.

use super::super::call::{Line, Request, escaped, refused};
use super::super::{Pending, SecretError};
use super::openai::no_key;
use super::{Issuer, KeyId, Minted, Standing};
use crate::units::Secret;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

/// One service account.
#[derive(Debug)]
pub struct GoogleKeys {
    place: String,
    line: Line,
    account: String,
    token: Secret,
}

impl GoogleKeys {
    /// At IAM's address, for the account of this e-mail address, by a bearer token.
    ///
    /// # Errors
    /// Where the address is none.
    pub fn new(address: &str, account: &str, token: Secret) -> Result<Self, SecretError> {
        let place = format!("the service account {account}");
        Ok(Self { line: Line::to(address, None, &place)?, place, account: account.to_owned(), token })
    }

    async fn call(&self, request: Request<'_>) -> Result<Value, SecretError> {
        let answer = self.line.ask(request.header("authorization", format!("Bearer {}", self.token.expose())), &self.place).await?;
        if answer.is_good() {
            return Ok(answer.body);
        }
        let said = answer.body["error"]["message"].as_str().unwrap_or_default();
        let hint = "get a new token, for somebody with the role `iam.serviceAccountKeyAdmin`; an account has ten keys at most";
        Err(refused(&self.place, answer.status, said, &[&self.token], hint))
    }
}

impl Issuer for GoogleKeys {
    fn place(&self) -> &str {
        &self.place
    }

    fn mint(&self) -> Pending<'_, Minted> {
        Box::pin(async {
            let path = format!("/v1/projects/-/serviceAccounts/{}/keys", escaped(&self.account));
            let made = self.call(Request::post(&path, &json!({"privateKeyType": "TYPE_GOOGLE_CREDENTIALS_FILE"}))).await?;
            let file = made["privateKeyData"].as_str().and_then(|data| BASE64_STANDARD.decode(data).ok()).and_then(Secret::from_bytes);
            match (made["name"].as_str(), file) {
                (Some(name), Some(value)) => Ok(Minted { id: KeyId(name.to_owned()), value }),
                _ => Err(no_key(&self.place)),
            }
        })
    }

    fn revoke<'a>(&'a self, id: &'a KeyId) -> Pending<'a, ()> {
        Box::pin(async move {
            let path = format!("/v1/{}", escaped(&id.0));
            self.call(Request { method: Method::DELETE, ..Request::get(&path) }).await.map(drop)
        })
    }

    fn probe<'a>(&'a self, _value: &'a Secret) -> Pending<'a, Standing> {
        Box::pin(async { Ok(Standing::Unknown("a service account's key is only seen where it signs for a token".to_owned())) })
    }
}
