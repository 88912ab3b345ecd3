//! HashiCorp Vault and OpenBao: one field of a secret in the key-value engine, version 1 or 2.
//!
//! Version 2 has `data` after the mount in its path, as the HTTP API writes it; any other path is version 1. Both engines write a secret
//! whole, so the other fields are read and written back; version 2 writes only over the version that was read (`cas`), and keeps older ones,
//! which [`Store::rollback`] writes again as new ones. Version 1 forgets: there it is only looked just before writing.
//! Destroying a version revokes nothing at the provider.
//! Sources: developer.hashicorp.com/vault/api-docs/secret/kv.

use super::call::{ApiClient, ApiRequest, ApiResponse, escaped, refused};
use super::login::{Login, said};
use super::{Ability, NO_STAGES, Pending, SecretError, Store, Version, VersionedSecret, cannot};
use crate::units::Secret;
use serde_json::{Map, Value, json};

/// One field of one secret.
#[derive(Debug)]
pub(super) struct Vault {
    pub(super) place: String,
    pub(super) api: ApiClient,
    pub(super) namespace: Option<String>,
    pub(super) login: Login,
    pub(super) path: String,
    pub(super) field: String,
}

/// A secret as it was read: its fields, and its number where it has one.
struct VaultVersion {
    fields: Map<String, Value>,
    number: u64,
}

impl Vault {
    fn numbers(&self) -> bool {
        self.path.split('/').nth(1) == Some("data")
    }

    /// One call, with a new token where an old one is refused.
    async fn call(&self, query: &str, body: Option<&Value>) -> Result<ApiResponse, SecretError> {
        let path = format!("/v1/{}{query}", escaped(&self.path));
        let mut last = None;
        for again in [false, true] {
            let Some(token) = self.login.token(&self.api, self.namespace.as_deref(), &self.place, again).await? else { break };
            let request = body.map_or_else(|| ApiRequest::get(&path), |body| ApiRequest::post(&path, body));
            let mut request = request.header("x-vault-token", token.expose().to_owned()).header("x-vault-request", "true".to_owned());
            if let Some(namespace) = &self.namespace {
                request = request.header("x-vault-namespace", namespace.clone());
            }
            let answer = self.api.ask(request, &self.place).await?;
            if answer.status != 403 {
                return Ok(answer);
            }
            last = Some((answer, token));
        }
        let (answer, token) = last.ok_or_else(|| self.malformed("it needs no login"))?;
        Err(self.refused(&answer, &[&token]))
    }

    /// `None` where there is no such secret (or, of version 2, where that version is deleted).
    async fn whole(&self, number: Option<u64>) -> Result<Option<VaultVersion>, SecretError> {
        let query = number.map_or_else(String::new, |number| format!("?version={number}"));
        let answer = self.call(&query, None).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        if !answer.is_good() {
            return Err(self.refused(&answer, &[]));
        }
        let data = &answer.body["data"];
        let (fields, number) = if self.numbers() { (&data["data"], data["metadata"]["version"].as_u64()) } else { (data, Some(0)) };
        let problem = "its answer does not look like the key-value engine's";
        let (Some(fields), Some(number)) = (fields.as_object(), number) else { return Err(self.malformed(problem)) };
        Ok(Some(VaultVersion { fields: fields.clone(), number }))
    }

    fn held(&self, whole: &VaultVersion) -> Result<VersionedSecret, SecretError> {
        let value = whole.fields.get(&self.field).and_then(Value::as_str).filter(|value| !value.trim().is_empty());
        let value = value.map(|value| Secret::new(value.to_owned())).ok_or_else(|| self.absent("the secret has no such text field"))?;
        Ok(if self.numbers() { VersionedSecret::new(value, Version(whole.number.to_string())) } else { VersionedSecret::unnumbered(value) })
    }

    /// Writes all fields with this one changed, over what was read.
    async fn put(&self, old: Option<VaultVersion>, value: &Secret) -> Result<Version, SecretError> {
        let (mut fields, number) = old.map_or_else(|| (Map::new(), 0), |whole| (whole.fields, whole.number));
        fields.insert(self.field.clone(), Value::String(value.expose().to_owned()));
        let body = if self.numbers() { json!({"options": {"cas": number}, "data": fields}) } else { Value::Object(fields) };
        let answer = self.call("", Some(&body)).await?;
        if answer.is_good() {
            return match answer.body["data"]["version"].as_u64().filter(|_| self.numbers()) {
                Some(number) => Ok(Version(number.to_string())),
                None if self.numbers() => Err(self.malformed("its answer to a write has no version")),
                None => Ok(VersionedSecret::unnumbered(value.clone()).version),
            };
        }
        if answer.status == 400 && said(&answer.body).contains("check-and-set") {
            return Err(SecretError::Changed { place: self.place.clone(), expected: Version(number.to_string()), found: None });
        }
        Err(self.refused(&answer, &[value]))
    }

    fn expect(&self, whole: Option<&VaultVersion>, over: Option<&Version>) -> Result<(), SecretError> {
        let Some(expected) = over else { return Ok(()) };
        let found = whole.map(|whole| self.held(whole)).transpose()?.map(|held| held.version);
        if found.as_ref() == Some(expected) {
            return Ok(());
        }
        Err(SecretError::Changed { place: self.place.clone(), expected: expected.clone(), found })
    }

    fn refused(&self, answer: &ApiResponse, secrets: &[&Secret]) -> SecretError {
        let hint = match answer.status {
            503 => "unseal it: `vault operator unseal`",
            403 => "check that the token is still valid, and that its policy allows `read` and `update` on this path",
            _ => "check that the mount and its key-value version are right: version 2 has `data` after the mount",
        };
        let status = answer.status;
        if status == 503 {
            // A sealed Vault has done nothing.
            return SecretError::Refused {
                place: self.place.clone(),
                why: "status 503, it is sealed or in standby".into(),
                hint: hint.into(),
            };
        }
        refused(&self.place, status, &said(&answer.body), secrets, hint)
    }

    fn absent(&self, problem: &str) -> SecretError {
        let hint = format!("vault kv put … {}=-  # reads the value from standard input", self.field);
        SecretError::Absent { place: self.place.clone(), problem: problem.to_owned(), hint }
    }

    fn malformed(&self, problem: &str) -> SecretError {
        let hint = "check what answers at the store's address, and that a path of version 2 has `data` after the mount".to_owned();
        SecretError::Malformed { place: self.place.clone(), problem: problem.to_owned(), hint }
    }
}

impl Store for Vault {
    fn place(&self) -> &str {
        &self.place
    }

    fn abilities(&self) -> &'static [Ability] {
        if self.numbers() { &[Ability::Write, Ability::Compare, Ability::Rollback] } else { &[Ability::Write] }
    }

    fn read(&self) -> Pending<'_, VersionedSecret> {
        Box::pin(async {
            let whole = self.whole(None).await?;
            self.held(&whole.ok_or_else(|| self.absent("there is no secret at this path"))?)
        })
    }

    fn write<'a>(&'a self, value: &'a Secret, over: Option<&'a Version>) -> Pending<'a, Version> {
        Box::pin(async move {
            let whole = self.whole(None).await?;
            self.expect(whole.as_ref(), over)?;
            self.put(whole, value).await
        })
    }

    fn rollback<'a>(&'a self, version: &'a Version) -> Pending<'a, Version> {
        let Some(number) = version.0.parse().ok().filter(|_| self.numbers()) else {
            return cannot(&self.place, "go back to an older version", NO_STAGES.1);
        };
        Box::pin(async move {
            let old = self.whole(Some(number)).await?.ok_or_else(|| self.absent("this version was deleted or never existed"))?;
            let value = self.held(&old)?.stored().clone();
            self.put(self.whole(None).await?, &value).await
        })
    }
}
