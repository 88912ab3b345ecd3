//! Azure OpenAI: the two keys of a resource. A new key is made by making one of the two anew.
//!
//! Traps: the old value of a slot is refused at once when it is renewed, so the slot that programs use must not be the one that is minted:
//! move them to the idle slot first. Nothing is revoked but by making it anew.
//! Source: learn.microsoft.com/rest/api/aiservices/accountmanagement/accounts/regenerate-key.

use super::super::call::{ApiClient, ApiRequest, escaped, refused};
use super::super::{Pending, SecretError};
use super::openai::no_key;
use super::{KeyId, KeyIssuer, KeyProbe, Minted, Standing};
use crate::units::Secret;
use serde_json::{Value, json};

/// One of the two keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// `Key1`.
    Key1,
    /// `Key2`.
    Key2,
}

impl Slot {
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Key1 => ("Key1", "key1"),
            Self::Key2 => ("Key2", "key2"),
        }
    }
}

/// One resource.
#[derive(Debug)]
pub struct AzureKeys {
    place: String,
    api: ApiClient,
    resource: String,
    token: Secret,
    idle: Slot,
    probe: KeyProbe,
}

impl AzureKeys {
    /// At the management API's address, for a resource (`/subscriptions/…/accounts/NAME`), by a bearer token; `idle` is the slot that nobody
    /// uses.
    ///
    /// # Errors
    /// Where the address is none.
    pub fn new(address: &str, resource: &str, token: Secret, idle: Slot, probe: KeyProbe) -> Result<Self, SecretError> {
        let resource = format!("/{}", resource.trim_matches('/'));
        let place = format!("the Azure resource {}", resource.rsplit('/').next().unwrap_or_default());
        Ok(Self { api: ApiClient::to(address, None, &place)?, place, resource, token, idle, probe })
    }

    async fn anew(&self, slot: Slot) -> Result<Value, SecretError> {
        let path = format!("{}/regenerateKey?api-version=2023-05-01", escaped(&self.resource));
        let request = ApiRequest::post(&path, &json!({"keyName": slot.names().0}));
        let answer = self.api.ask(request.header("authorization", format!("Bearer {}", self.token.expose())), &self.place).await?;
        if answer.is_good() {
            return Ok(answer.body);
        }
        let said = answer.body["error"]["message"].as_str().unwrap_or_default();
        let hint =
            "get a new token (`az account get-access-token`) of a user who may `Microsoft.CognitiveServices/accounts/regenerateKey/action`";
        Err(refused(&self.place, answer.status, said, &[&self.token], hint))
    }
}

impl KeyIssuer for AzureKeys {
    fn place(&self) -> &str {
        &self.place
    }

    fn mint(&self) -> Pending<'_, Minted> {
        Box::pin(async {
            let (id, field) = self.idle.names();
            let made = self.anew(self.idle).await?;
            let value = made[field].as_str().map(|value| Secret::new(value.to_owned())).ok_or_else(|| no_key(&self.place))?;
            Ok(Minted { id: KeyId(id.to_owned()), value })
        })
    }

    fn revoke<'a>(&'a self, id: &'a KeyId) -> Pending<'a, ()> {
        Box::pin(async move {
            let slot = [Slot::Key1, Slot::Key2].into_iter().find(|slot| slot.names().0 == id.0);
            let slot = slot.ok_or_else(|| SecretError::Absent {
                place: self.place.clone(),
                problem: format!("there is no key `{id}`"),
                hint: "write `Key1` or `Key2`".to_owned(),
            })?;
            self.anew(slot).await.map(drop)
        })
    }

    fn probe<'a>(&'a self, value: &'a Secret) -> Pending<'a, Standing> {
        Box::pin(async move { Ok(self.probe.ask(value, &self.place).await) })
    }
}
