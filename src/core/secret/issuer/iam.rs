//! AWS's IAM, as far as issuers ask it about one user. It answers forms with XML.
//!
//! Source: docs.aws.amazon.com/IAM/latest/APIReference.

use super::super::SecretError;
use super::super::call::{ApiClient, ApiRequest, ApiResponse, refused};
use super::super::signer::Signer;
use crate::units::AccessKey;
use reqwest::Method;
use zeroize::Zeroizing;

/// One IAM user, by the access key of somebody who manages it.
#[derive(Debug)]
pub(super) struct IamUser {
    place: String,
    api: ApiClient,
    user: String,
    signer: Signer,
}

impl IamUser {
    /// At IAM's address, which is signed for as one region's of its partition of AWS.
    ///
    /// # Errors
    /// Where the address is none.
    pub(super) fn new(address: &str, region: &str, user: &str, manager: AccessKey) -> Result<Self, SecretError> {
        let place = format!("the IAM user {user}");
        let api = ApiClient::to(address, None, &place)?;
        Ok(Self { api, place, user: user.to_owned(), signer: signer("iam", region, manager) })
    }

    /// Who it is, for messages.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// One action on this user; what came, where it was done.
    pub(super) async fn call(&self, action: &str, more: &[(&str, &str)]) -> Result<Zeroizing<String>, SecretError> {
        let fields = [&[("UserName", self.user.as_str())], more].concat();
        let answer = ask(&self.api, &self.signer, action, "2010-05-08", &fields, &self.place).await?;
        if answer.is_good() {
            return Ok(answer.text);
        }
        let hint = format!("allow `iam:{action}` on this user; it may have two keys of a kind, so one must be deleted before a third");
        Err(refused(&self.place, answer.status, &said(&answer), &self.signer.secrets(), &hint))
    }
}

/// Asks AWS's token service who an access key belongs to, which everybody may ask and no policy forbids.
pub(super) async fn whose(api: &ApiClient, region: &str, key: AccessKey) -> Result<ApiResponse, SecretError> {
    ask(api, &signer("sts", region, key), "GetCallerIdentity", "2011-06-15", &[], "AWS's token service").await
}

/// The text of the first element of this name. Keys and identifiers have no characters that XML escapes.
pub(super) fn element<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, after) = text.split_once(&format!("<{name}>"))?;
    Some(after.split_once(&format!("</{name}>"))?.0)
}

/// The reason for a refusal: its short name, then a sentence.
pub(super) fn said(answer: &ApiResponse) -> String {
    ["Code", "Message"].map(|name| element(&answer.text, name).unwrap_or_default()).join(": ")
}

fn signer(service: &'static str, region: &str, key: AccessKey) -> Signer {
    Signer {
        region: region.to_owned(),
        service,
        access_key_id: key.id.into(),
        secret_access_key: key.secret,
        session_token: key.session_token,
    }
}

async fn ask(
    api: &ApiClient,
    signer: &Signer,
    action: &str,
    version: &str,
    fields: &[(&str, &str)],
    place: &str,
) -> Result<ApiResponse, SecretError> {
    let named = [("Action", action), ("Version", version)];
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(named).extend_pairs(fields).finish();
    let body = Some(Zeroizing::new(form.into_bytes()));
    let request = ApiRequest { method: Method::POST, path: "/", headers: Vec::new(), body };
    let request = request.header("content-type", "application/x-www-form-urlencoded".to_owned());
    let request = signer.signed(request, &api.url("/")).map_err(|problem| SecretError::Malformed {
        place: place.to_owned(),
        problem: format!("the request cannot be signed: {problem}"),
        hint: "check the access key".to_owned(),
    })?;
    api.ask(request, place).await
}
