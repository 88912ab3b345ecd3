//! Keys that are files of JSON: of AWS an access key, which is an identifier with a secret that signs, and of Google the file of a service
//! account's key, with a private key that signs. Both are kept and replaced as one value.
//!
//! What it does not do: say whether such a key is complete, or taken by anybody.

use super::{Fingerprint, Secret};
use serde::Deserialize;
use zeroize::Zeroizing;

/// What stands around a private key in a PEM file.
const PEM_EDGE: &str = "-----";

/// An access key of AWS: which it is, and the secret that signs with it.
///
/// As one value it is what AWS's clients take from a `credential_process`:
/// `{"Version": 1, "AccessKeyId": "AKIA…", "SecretAccessKey": "…"}`, of a session with its `SessionToken`.
/// Source: docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// Stands in every request that it signs, so it is no secret.
    pub id: String,
    /// Signs, and is never sent.
    pub secret: Secret,
    /// Of a session's key, which is refused without it as if it were dead.
    pub session_token: Option<Secret>,
}

impl Secret {
    /// How it is named in histories and messages: by what a request shows of it, which is all of it, or of an access key of AWS its identifier.
    pub fn fingerprint(&self) -> Fingerprint {
        AccessKey::read(self).map_or_else(|| Fingerprint::of(self.expose()), |key| Fingerprint::of(&key.id))
    }
}

impl AccessKey {
    /// Of a user, which lives until it is deleted.
    pub const fn lasting(id: String, secret: Secret) -> Self {
        Self { id, secret, session_token: None }
    }

    /// As it is kept; `None` where this is no access key.
    pub fn read(value: &Secret) -> Option<Self> {
        let file = KeyFile::read(value)?;
        let (id, secret) = file.id.zip(file.secret)?;
        (!id.is_empty() && !secret.is_empty()).then_some(Self { id, secret, session_token: file.session_token })
    }

    /// The one value that is kept.
    pub fn write(&self) -> Secret {
        let quoted = |text: &str| Zeroizing::new(serde_json::to_string(text).expect("a text can be written as JSON"));
        let token = self.session_token.as_ref().map(|token| Zeroizing::new(format!(r#", "SessionToken": {}"#, *quoted(token.expose()))));
        let (id, secret, token) = (quoted(&self.id), quoted(self.secret.expose()), token.unwrap_or_default());
        Secret::new(format!(r#"{{"Version": 1, "AccessKeyId": {}, "SecretAccessKey": {}{}}}"#, *id, *secret, *token))
    }
}

impl Secret {
    /// Secrets within this one, where it is a key file: a program may print them without what stands around them.
    pub fn parts(&self) -> Vec<Self> {
        let Some(KeyFile { secret, session_token, private_key, .. }) = KeyFile::read(self) else { return Vec::new() };
        let signs = private_key.map(|pem| {
            let lines: Vec<&str> = pem.expose().lines().filter(|line| !line.starts_with(PEM_EDGE)).collect();
            Self::new(lines.join("\n"))
        });
        [secret, session_token, signs].into_iter().flatten().filter(|part| !part.is_empty()).collect()
    }
}

/// What is read of a key file.
struct KeyFile {
    id: Option<String>,
    secret: Option<Secret>,
    session_token: Option<Secret>,
    private_key: Option<Secret>,
}

impl KeyFile {
    fn read(value: &Secret) -> Option<Self> {
        #[derive(Deserialize)]
        struct Raw {
            #[serde(rename = "AccessKeyId")]
            id: Option<String>,
            #[serde(rename = "SecretAccessKey")]
            secret: Option<String>,
            #[serde(rename = "SessionToken")]
            session_token: Option<String>,
            private_key: Option<String>,
        }
        // Most keys are no JSON, and this is asked of each.
        let text = value.expose();
        let raw: Raw = text.trim_start().starts_with('{').then(|| serde_json::from_str(text).ok())??;
        let [secret, session_token, private_key] = [raw.secret, raw.session_token, raw.private_key].map(|text| text.map(Secret::new));
        Some(Self { id: raw.id, secret, session_token, private_key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Fingerprint;

    #[test]
    fn an_access_key_is_one_value_and_named_as_proxies_see_it() {
        let key = AccessKey::lasting("AKIAEXAMPLE".into(), "an/example+of\"a secret".into());
        let value = key.write();
        assert_eq!(AccessKey::read(&value), Some(key));
        assert_eq!(value.fingerprint(), Fingerprint::of("AKIAEXAMPLE"));
        assert_eq!(value.parts(), [Secret::from("an/example+of\"a secret")]);
        let session = AccessKey { session_token: Some("a/token=".into()), ..AccessKey::read(&value).unwrap() };
        assert_eq!(AccessKey::read(&session.write()), Some(session.clone()));
        assert_eq!(session.write().parts()[1], Secret::from("a/token="));
        for other in ["", "sk-one", "{", "[]", "{}", r#"{"AccessKeyId": "AKIAEXAMPLE"}"#, r#"{"AccessKeyId": "A", "SecretAccessKey": ""}"#]
        {
            let other = Secret::from(other);
            assert_eq!((AccessKey::read(&other), other.fingerprint()), (None, Fingerprint::of(other.expose())));
            assert!(other.parts().is_empty());
        }
    }

    #[test]
    fn a_private_key_is_a_secret_without_its_edges_too() {
        let file = Secret::from(
            r#"{"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----\nMIIE\nAAA=\n-----END PRIVATE KEY-----\n"}"#,
        );
        assert_eq!(file.parts(), [Secret::from("MIIE\nAAA=")]);
    }
}
