//! Google: the keys of a service account. A key is the JSON file that Google's clients read, here in one line, which every store can hold.
//!
//! Traps: tokens that were minted from a key outlive it by up to an hour, so that a deleted key is not a dead one yet; an account may have ten
//! keys. Whether a key is taken is asked where it is used: at the address in its own file, for a token, by an assertion that it signs (RFC
//! 7523). A refusal there is `invalid_grant` with a 400, which also says other things than that the key is dead: only words that can mean
//! nothing else count.
//! Source: cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys; developers.google.com/identity/protocols/oauth2/service-account.

use super::super::call::{ApiClient, ApiRequest, ApiResponse, escaped, refused};
use super::super::{Pending, SecretError};
use super::openai::no_key;
use super::{KeyId, KeyIssuer, Minted, Standing};
use crate::model::origin_and_path;
use crate::units::{Secret, explained};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use reqwest::Method;
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// What asks for a token with an assertion (RFC 7523, 2.1).
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Words of a refusal that mean the key or its account, and not the clock or the request.
const DEAD: [&str; 3] = ["Invalid JWT Signature", "account not found", "disabled"];

/// One service account.
#[derive(Debug)]
pub struct GoogleKeys {
    place: String,
    api: ApiClient,
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
        Ok(Self { api: ApiClient::to(address, None, &place)?, place, account: account.to_owned(), token })
    }

    async fn call(&self, request: ApiRequest<'_>) -> Result<Value, SecretError> {
        let answer = self.api.ask(request.header("authorization", format!("Bearer {}", self.token.expose())), &self.place).await?;
        if answer.is_good() {
            return Ok(answer.body);
        }
        let said = answer.body["error"]["message"].as_str().unwrap_or_default();
        let hint = "get a new token of a user with the role `iam.serviceAccountKeyAdmin`; an account has ten keys at most";
        Err(refused(&self.place, answer.status, said, &[&self.token], hint))
    }
}

impl KeyIssuer for GoogleKeys {
    fn place(&self) -> &str {
        &self.place
    }

    fn mint(&self) -> Pending<'_, Minted> {
        Box::pin(async {
            let path = format!("/v1/projects/-/serviceAccounts/{}/keys", escaped(&self.account));
            let made = self.call(ApiRequest::post(&path, &json!({"privateKeyType": "TYPE_GOOGLE_CREDENTIALS_FILE"}))).await?;
            let file = made["privateKeyData"].as_str().and_then(|data| BASE64_STANDARD.decode(data).ok()).and_then(Secret::from_bytes);
            match (made["name"].as_str(), file) {
                (Some(name), Some(value)) => Ok(Minted { id: KeyId(name.to_owned()), value: in_one_line(&value) }),
                _ => Err(no_key(&self.place)),
            }
        })
    }

    fn revoke<'a>(&'a self, id: &'a KeyId) -> Pending<'a, ()> {
        Box::pin(async move {
            let path = format!("/v1/{}", escaped(&id.0));
            self.call(ApiRequest { method: Method::DELETE, ..ApiRequest::get(&path) }).await.map(drop)
        })
    }

    fn probe<'a>(&'a self, value: &'a Secret) -> Pending<'a, Standing> {
        Box::pin(async move { Ok(token_for(value, &self.place).await.unwrap_or_else(Standing::Unknown)) })
    }
}

/// A token of the account whose key's file this is, which its holder may use for an hour; in words, why there is none. `None` where it is not such a
/// file.
pub async fn google_token(file: &Secret, place: &str) -> Option<Result<Secret, String>> {
    let is_file = serde_json::from_str::<Value>(file.expose()).is_ok_and(|key| key["private_key"].is_string());
    if !is_file {
        return None;
    }
    Some(match answer_for(file, place).await {
        Ok(answer) if answer.is_good() => answer.body["access_token"].as_str().map(Secret::from).ok_or_else(|| "no token came".to_owned()),
        Ok(answer) => Err(format!("status {} where tokens are minted", answer.status)),
        Err(why) => Err(why),
    })
}

/// What is said to a key that asks for a token; in words, why it could not be asked.
async fn token_for(file: &Secret, place: &str) -> Result<Standing, String> {
    let answer = answer_for(file, place).await?;
    let said = answer.body["error_description"].as_str().unwrap_or_default();
    Ok(if answer.is_good() {
        Standing::Accepted
    } else if matches!(answer.status, 400 | 401 | 403) && DEAD.iter().any(|words| said.contains(words)) {
        Standing::Refused(answer.status)
    } else {
        Standing::Unknown(format!("status {}, which says nothing about the key", answer.status))
    })
}

/// The answer to a question for a token, at the address in the key's own file.
async fn answer_for(file: &Secret, place: &str) -> Result<ApiResponse, String> {
    let key: Value = serde_json::from_str(file.expose()).map_err(|_| "it is not the JSON file of a service account's key".to_owned())?;
    let field = |name: &str| key[name].as_str().ok_or_else(|| format!("its file has no `{name}`"));
    let (address, path) = origin_and_path(field("token_uri")?);
    let assertion = assertion(field("client_email")?, field("private_key_id")?, field("private_key")?, field("token_uri")?)?;
    let form =
        form_urlencoded::Serializer::new(String::new()).append_pair("grant_type", GRANT).append_pair("assertion", &assertion).finish();
    let body = Some(Zeroizing::new(form.into_bytes()));
    let request = ApiRequest { method: Method::POST, path, headers: Vec::new(), body };
    let request = request.header("content-type", "application/x-www-form-urlencoded".to_owned());
    let api = ApiClient::to(address, None, place).map_err(|error| explained(&error))?;
    api.ask(request, place).await.map_err(|error| explained(&error))
}

/// A JSON Web Token that the key signs (RS256): whoever holds it may have a token for the next five minutes.
fn assertion(email: &str, key_id: &str, pem: &str, token_uri: &str) -> Result<Zeroizing<String>, String> {
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| "its private key cannot be read".to_owned())?;
    let key = any_supported_type(&key).map_err(|_| "its private key cannot sign".to_owned())?;
    let signer = key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]).ok_or("its private key is not an RSA key")?;
    let now = chrono::Utc::now().timestamp();
    let head = json!({"alg": "RS256", "typ": "JWT", "kid": key_id});
    let scope = "https://www.googleapis.com/auth/cloud-platform";
    let claims = json!({"iss": email, "scope": scope, "aud": token_uri, "iat": now, "exp": now + 300});
    let [head, claims] = [head, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
    let mut token = Zeroizing::new(format!("{head}.{claims}"));
    let signature = signer.sign(token.as_bytes()).map_err(|_| "its private key cannot sign".to_owned())?;
    token.push('.');
    token.push_str(&BASE64_URL_SAFE_NO_PAD.encode(signature));
    Ok(token)
}

/// The same JSON: in its texts ends of lines are escaped, so those that stand here mean nothing.
fn in_one_line(file: &Secret) -> Secret {
    Secret::new(file.expose().replace(['\r', '\n'], ""))
}
