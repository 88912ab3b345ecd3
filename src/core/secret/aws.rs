//! AWS Secrets Manager: a secret, or one field of it, and the labels of its versions.
//!
//! A rotation has four steps there: *create* a version labelled AWSPENDING ([`Store::stage`]), *set* it at whoever takes the key, *test* it
//! ([`Store::staged`] gives its value), *finish* by moving AWSCURRENT to it ([`Store::commit`]); what was current is then AWSPREVIOUS. A
//! rotation that dies half-way leaves AWSPENDING on a version that is not current, and the next one is refused until somebody decides:
//! [`Store::rollback`] takes the label away, or, of AWSPREVIOUS, moves AWSCURRENT back.
//! There is no writing over a known version only; it is looked just before.
//! Sources: docs.aws.amazon.com/secretsmanager/latest/apireference, and its user guide's rotation function.

use super::call::{ApiClient, ApiRequest, refused};
use super::once::once;
use super::signer::Signer;
use super::{Ability, Pending, SecretError, Store, Version, VersionedSecret, still};
use crate::units::Secret;
use serde_json::{Map, Value, json};

const CURRENT: &str = "AWSCURRENT";
const STAGED: &str = "AWSPENDING";
const PREVIOUS: &str = "AWSPREVIOUS";

/// A secret or one field of it.
#[derive(Debug)]
pub(super) struct SecretsManager {
    pub(super) place: String,
    pub(super) api: ApiClient,
    pub(super) signer: Signer,
    pub(super) name: String,
    pub(super) field: Option<String>,
}

/// A version as it was read: the whole text, and its identifier.
struct AwsVersion {
    text: Secret,
    version: Version,
}

impl SecretsManager {
    /// One call, which repeats nothing. The error's type is AWS's short name, for example `ResourceNotFoundException`.
    async fn call(
        &self,
        operation: &str,
        mut input: Value,
        value: Option<&Secret>,
    ) -> Result<Result<Value, (String, SecretError)>, SecretError> {
        input["SecretId"] = Value::String(self.name.clone());
        let request = ApiRequest::post("/", &input)
            .header("content-type", "application/x-amz-json-1.1".to_owned())
            .header("x-amz-target", format!("secretsmanager.{operation}"));
        let request = self.signer.signed(request, &self.api.url("/")).map_err(|problem| SecretError::Malformed {
            place: self.place.clone(),
            problem: format!("the request cannot be signed: {problem}"),
            hint: "check the store's region and keys in the inventory".to_owned(),
        })?;
        let answer = self.api.ask(request, &self.place).await?;
        if answer.is_good() {
            return Ok(Ok(answer.body));
        }
        let kind = answer.body["__type"].as_str().unwrap_or_default();
        let kind = kind.rsplit('#').next().unwrap_or_default().to_owned();
        let text = answer.body["message"].as_str().or_else(|| answer.body["Message"].as_str()).unwrap_or_default();
        let hint = match kind.as_str() {
            "AccessDeniedException" => format!("allow `secretsmanager:{operation}` on this secret to the access key of the store"),
            "UnrecognizedClientException" | "InvalidSignatureException" | "ExpiredTokenException" | "IncompleteSignatureException" => {
                "check the store's access key, secret and session token, and this host's clock".to_owned()
            }
            _ => format!("look at the secret with `aws secretsmanager describe-secret --secret-id {}`", self.name),
        };
        let mut secrets = self.signer.secrets();
        secrets.extend(value);
        let error = refused(&self.place, answer.status, &format!("{kind}: {text}"), &secrets, &hint);
        Ok(Err((kind, error)))
    }

    /// `None` where there is no such version.
    async fn whole(&self, which: Value) -> Result<Option<AwsVersion>, SecretError> {
        match self.call("GetSecretValue", which, None).await? {
            Err((kind, _)) if kind == "ResourceNotFoundException" => Ok(None),
            Err((_, error)) => Err(error),
            Ok(body) => {
                let (text, version) = (body["SecretString"].as_str(), body["VersionId"].as_str());
                let (Some(text), Some(version)) = (text, version) else {
                    return Err(self.malformed("it holds bytes, not text", "store the key as text"));
                };
                Ok(Some(AwsVersion { text: Secret::new(text.to_owned()), version: Version(version.to_owned()) }))
            }
        }
    }

    async fn current(&self) -> Result<AwsVersion, SecretError> {
        self.whole(json!({"VersionStage": CURRENT})).await?.ok_or_else(|| SecretError::Absent {
            place: self.place.clone(),
            problem: "there is no such secret, or it has no current version".to_owned(),
            hint: format!("aws secretsmanager create-secret --name {} --secret-string file://…", self.name),
        })
    }

    fn fields(&self, whole: &AwsVersion) -> Result<Map<String, Value>, SecretError> {
        serde_json::from_str(whole.text.expose()).map_err(|_| self.malformed("it is not a JSON object", "remove `#FIELD` from `from:`"))
    }

    fn held(&self, whole: AwsVersion) -> Result<VersionedSecret, SecretError> {
        let value = match &self.field {
            None => whole.text,
            Some(field) => {
                let fields = self.fields(&whole)?;
                let value = fields.get(field).and_then(Value::as_str).map(|value| Secret::new(value.to_owned()));
                value.ok_or_else(|| self.malformed("it has no such text field", "name one of its fields after `#`"))?
            }
        };
        Ok(VersionedSecret::new(value, whole.version))
    }

    /// The whole text with a new value in it.
    async fn text_with(&self, value: &Secret) -> Result<Secret, SecretError> {
        let Some(field) = &self.field else { return Ok(value.clone()) };
        let mut fields = self.fields(&self.current().await?)?;
        fields.insert(field.clone(), Value::String(value.expose().to_owned()));
        Ok(Secret::new(Value::Object(fields).to_string()))
    }

    async fn put(&self, value: &Secret, label: &str) -> Result<Version, SecretError> {
        let text = self.text_with(value).await?;
        // The identifier of the new version: should the same request arrive twice, there is one version.
        let token = format!("{:016x}{:016x}", once(), once());
        let input = json!({"ClientRequestToken": token, "SecretString": text.expose(), "VersionStages": [label]});
        let body = self.call("PutSecretValue", input, Some(value)).await?.map_err(|(_, error)| error)?;
        let version = body["VersionId"].as_str().map(|version| Version(version.to_owned()));
        version.ok_or_else(|| self.malformed("its answer to a write has no version", "check what answers at the store's address"))
    }

    /// Which version bears which label.
    async fn labels(&self) -> Result<Vec<(Version, Vec<String>)>, SecretError> {
        let body = self.call("DescribeSecret", json!({}), None).await?.map_err(|(_, error)| error)?;
        let versions = body["VersionIdsToStages"].as_object().into_iter().flatten();
        let labels = |stages: &Value| stages.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        Ok(versions.map(|(version, stages)| (Version(version.clone()), labels(stages))).collect())
    }

    async fn holder(&self, label: &str) -> Result<Option<Version>, SecretError> {
        let bears = |(_, labels): &(Version, Vec<String>)| labels.iter().any(|other| other == label);
        Ok(self.labels().await?.into_iter().find(bears).map(|(version, _)| version))
    }

    /// A version with AWSPENDING that is not current. A finished rotation leaves both labels on one version.
    async fn unfinished(&self) -> Result<Option<Version>, SecretError> {
        let bears = |labels: &[String], label: &str| labels.iter().any(|other| other == label);
        let mut versions = self.labels().await?.into_iter();
        Ok(versions.find(|(_, labels)| bears(labels, STAGED) && !bears(labels, CURRENT)).map(|(version, _)| version))
    }

    async fn relabel(&self, label: &str, from: Option<&Version>, to: Option<&Version>) -> Result<(), SecretError> {
        let mut input = json!({"VersionStage": label});
        if let Some(from) = from {
            input["RemoveFromVersionId"] = Value::String(from.0.clone());
        }
        if let Some(to) = to {
            input["MoveToVersionId"] = Value::String(to.0.clone());
        }
        self.call("UpdateSecretVersionStage", input, None).await?.map_err(|(_, error)| error).map(drop)
    }

    fn malformed(&self, problem: &str, hint: &str) -> SecretError {
        SecretError::Malformed { place: self.place.clone(), problem: problem.to_owned(), hint: hint.to_owned() }
    }
}

impl Store for SecretsManager {
    fn place(&self) -> &str {
        &self.place
    }

    fn abilities(&self) -> &'static [Ability] {
        &[Ability::Write, Ability::Stage, Ability::Rollback]
    }

    fn read(&self) -> Pending<'_, VersionedSecret> {
        Box::pin(async { self.held(self.current().await?) })
    }

    fn write<'a>(&'a self, value: &'a Secret, over: Option<&'a Version>) -> Pending<'a, Version> {
        Box::pin(async move {
            still(self, over).await?;
            self.put(value, CURRENT).await
        })
    }

    fn stage<'a>(&'a self, value: &'a Secret) -> Pending<'a, Version> {
        Box::pin(async move {
            if let Some(version) = self.unfinished().await? {
                return Err(SecretError::Staged { place: self.place.clone(), version });
            }
            self.put(value, STAGED).await
        })
    }

    fn staged(&self) -> Pending<'_, Option<VersionedSecret>> {
        Box::pin(async {
            let Some(version) = self.unfinished().await? else { return Ok(None) };
            let whole = self.whole(json!({"VersionId": version.0, "VersionStage": STAGED})).await?;
            whole.map(|whole| self.held(whole)).transpose()
        })
    }

    fn commit<'a>(&'a self, version: &'a Version) -> Pending<'a, ()> {
        Box::pin(async move {
            let current = self.holder(CURRENT).await?;
            if current.as_ref() != Some(version) {
                self.relabel(CURRENT, current.as_ref(), Some(version)).await?;
            }
            // AWS leaves the label where it was; without it nothing looks unfinished.
            if self.holder(STAGED).await?.as_ref() == Some(version) {
                self.relabel(STAGED, Some(version), None).await?;
            }
            Ok(())
        })
    }

    fn rollback<'a>(&'a self, version: &'a Version) -> Pending<'a, Version> {
        Box::pin(async move {
            let current = self.holder(CURRENT).await?;
            if self.unfinished().await?.as_ref() == Some(version) {
                self.relabel(STAGED, Some(version), None).await?;
                return current.ok_or_else(|| self.malformed("it has no current version", "write a new value"));
            }
            if current.as_ref() == Some(version) {
                return Ok(version.clone());
            }
            if self.holder(PREVIOUS).await?.as_ref() != Some(version) {
                return Err(self.malformed("this version has neither the label AWSPENDING nor AWSPREVIOUS", "write the old value again"));
            }
            self.relabel(CURRENT, current.as_ref(), Some(version)).await?;
            Ok(version.clone())
        })
    }
}
