//! OpenAI: the service accounts of a project, each with a key of its own.
//!
//! Traps: the administrator's key that does this is another than the project's keys; a deleted account's key is refused within seconds,
//! other changes of authorisation take up to a quarter of an hour or longer.
//! Source: platform.openai.com/docs/api-reference/project-service-accounts.

use super::super::call::{ApiClient, ApiRequest, escaped, refused};
use super::super::{Pending, SecretError};
use super::{KeyId, KeyIssuer, KeyProbe, Minted, Standing};
use crate::units::Secret;
use reqwest::Method;
use serde_json::json;

/// One project.
#[derive(Debug)]
pub struct OpenAiKeys {
    place: String,
    api: ApiClient,
    project: String,
    admin: Secret,
    probe: KeyProbe,
}

impl OpenAiKeys {
    /// At OpenAI's address with `/v1`, for one project, by an administrator's key.
    ///
    /// # Errors
    /// Where the address is none.
    pub fn new(address: &str, project: &str, admin: Secret, probe: KeyProbe) -> Result<Self, SecretError> {
        let place = format!("the OpenAI project {project}");
        Ok(Self { api: ApiClient::to(address, None, &place)?, place, project: project.to_owned(), admin, probe })
    }

    fn accounts(&self) -> String {
        format!("/organization/projects/{}/service_accounts", escaped(&self.project))
    }

    async fn call(&self, request: ApiRequest<'_>) -> Result<serde_json::Value, SecretError> {
        let answer = self.api.ask(request.header("authorization", format!("Bearer {}", self.admin.expose())), &self.place).await?;
        if answer.is_good() {
            return Ok(answer.body);
        }
        let said = answer.body["error"]["message"].as_str().unwrap_or_default();
        let hint = "check that the administrator's key is valid and may manage this project; it is not one of the project's own keys";
        Err(refused(&self.place, answer.status, said, &[&self.admin], hint))
    }
}

impl KeyIssuer for OpenAiKeys {
    fn place(&self) -> &str {
        &self.place
    }

    fn mint(&self) -> Pending<'_, Minted> {
        Box::pin(async {
            let name = format!("lifeboat {}", chrono::Utc::now().format("%Y-%m-%d %H:%M:%S"));
            let made = self.call(ApiRequest::post(&self.accounts(), &json!({"name": name}))).await?;
            match (made["id"].as_str(), made["api_key"]["value"].as_str()) {
                (Some(id), Some(value)) => Ok(Minted { id: KeyId(id.to_owned()), value: Secret::new(value.to_owned()) }),
                _ => Err(no_key(&self.place)),
            }
        })
    }

    fn revoke<'a>(&'a self, id: &'a KeyId) -> Pending<'a, ()> {
        Box::pin(async move {
            let path = format!("{}/{}", self.accounts(), escaped(&id.0));
            self.call(ApiRequest { method: Method::DELETE, ..ApiRequest::get(&path) }).await.map(drop)
        })
    }

    fn probe<'a>(&'a self, value: &'a Secret) -> Pending<'a, Standing> {
        Box::pin(async move { Ok(self.probe.ask(value, &self.place).await) })
    }
}

/// An answer to a mint without a key. There may be one all the same.
pub(super) fn no_key(place: &str) -> SecretError {
    SecretError::Unknown { place: place.to_owned(), problem: "its answer has no new key in it".to_owned() }
}
