//! AWS Bedrock: long-term API keys, which are service-specific credentials of an IAM user.
//!
//! Traps: `ResetServiceSpecificCredential` has no overlap, so a new one is created and the old one deleted; a user may have two; all this
//! needs AWS credentials of another kind, which are not revoked with it.
//! Source: docs.aws.amazon.com/IAM/latest/APIReference (CreateServiceSpecificCredential, DeleteServiceSpecificCredential).

use super::super::call::{Line, Request, refused};
use super::super::signer::Signer;
use super::super::{Pending, SecretError};
use super::openai::no_key;
use super::{Issuer, KeyId, Minted, Probe, Standing};
use crate::units::Secret;
use reqwest::Method;
use zeroize::Zeroizing;

/// One IAM user.
#[derive(Debug)]
pub struct BedrockKeys {
    place: String,
    line: Line,
    user: String,
    signer: Signer,
    probe: Probe,
}

impl BedrockKeys {
    /// At IAM's address, for one user, by an access key.
    ///
    /// # Errors
    /// Where the address is none.
    pub fn new(address: &str, user: &str, access_key: (Secret, Secret), probe: Probe) -> Result<Self, SecretError> {
        let place = format!("the IAM user {user}");
        let (access_key_id, secret_access_key) = access_key;
        // IAM is one service for all regions, which is signed for here.
        let signer = Signer { region: "us-east-1".to_owned(), service: "iam", access_key_id, secret_access_key, session_token: None };
        Ok(Self { line: Line::to(address, None, &place)?, place, user: user.to_owned(), signer, probe })
    }

    fn form(&self, action: &str, more: &[(&str, &str)]) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", action).append_pair("Version", "2010-05-08").append_pair("UserName", &self.user).extend_pairs(more);
        form.finish()
    }

    async fn call(&self, action: &str, more: &[(&str, &str)]) -> Result<Zeroizing<String>, SecretError> {
        let body = Some(Zeroizing::new(self.form(action, more).into_bytes()));
        let request = Request { method: Method::POST, path: "/", headers: Vec::new(), body };
        let request = request.header("content-type", "application/x-www-form-urlencoded".to_owned());
        let request = self.signer.signed(request, &self.line.url("/")).map_err(|problem| SecretError::Malformed {
            place: self.place.clone(),
            problem: format!("the request cannot be signed: {problem}"),
            hint: "see the access key of who manages this user".to_owned(),
        })?;
        let answer = self.line.ask(request, &self.place).await?;
        if answer.is_good() {
            return Ok(answer.text);
        }
        let said = ["Code", "Message"].map(|name| element(&answer.text, name).unwrap_or_default()).join(": ");
        let hint = format!("allow `iam:{action}` on this user; of two credentials one must be deleted before a third");
        Err(refused(&self.place, answer.status, &said, &self.signer.secrets(), &hint))
    }
}

impl Issuer for BedrockKeys {
    fn place(&self) -> &str {
        &self.place
    }

    fn mint(&self) -> Pending<'_, Minted> {
        Box::pin(async {
            let made = self.call("CreateServiceSpecificCredential", &[("ServiceName", "bedrock.amazonaws.com")]).await?;
            match (element(&made, "ServiceSpecificCredentialId"), element(&made, "ServiceCredentialSecret")) {
                (Some(id), Some(value)) => Ok(Minted { id: KeyId(id.to_owned()), value: Secret::new(value.to_owned()) }),
                _ => Err(no_key(&self.place)),
            }
        })
    }

    fn revoke<'a>(&'a self, id: &'a KeyId) -> Pending<'a, ()> {
        Box::pin(async move { self.call("DeleteServiceSpecificCredential", &[("ServiceSpecificCredentialId", &id.0)]).await.map(drop) })
    }

    fn probe<'a>(&'a self, value: &'a Secret) -> Pending<'a, Standing> {
        Box::pin(async move { Ok(self.probe.ask(value, &self.place).await) })
    }
}

/// The text of the first element of this name. Keys and identifiers have no characters that XML escapes.
fn element<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, after) = text.split_once(&format!("<{name}>"))?;
    Some(after.split_once(&format!("</{name}>"))?.0)
}
