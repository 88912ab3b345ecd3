//! Keys that are files of JSON: of AWS an access key, which is an identifier with a secret that signs, and of Google the file of a service
//! account's key, with a private key that signs. Both are kept and replaced as one value.
//!
//! What it does not do: say whether such a key is complete, or taken by anybody.

use super::Secret;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// What stands around a private key in a PEM file.
const PEM_EDGE: &str = "-----";

/// An access key of AWS: which it is, and the secret that signs with it.
///
/// As one value it is what AWS's clients take from a `credential_process`:
/// `{"Version": 1, "AccessKeyId": "AKIA…", "SecretAccessKey": "…"}`.
/// Source: docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// Stands in every request that it signs, so it is no secret.
    pub id: String,
    /// Signs, and is never sent.
    pub secret: Secret,
}

impl AccessKey {
    /// As it is kept; `None` where this is no access key.
    pub fn read(value: &Secret) -> Option<Self> {
        let file = fields(value)?;
        let text = |name: &str| file.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        Some(Self { id: text("AccessKeyId")?.to_owned(), secret: Secret::from(text("SecretAccessKey")?) })
    }

    /// The one value that is kept.
    pub fn write(&self) -> Secret {
        let [id, secret] = [&self.id, self.secret.expose()].map(|text| Zeroizing::new(Value::from(text).to_string()));
        Secret::new(format!(r#"{{"Version": 1, "AccessKeyId": {}, "SecretAccessKey": {}}}"#, *id, *secret))
    }
}

impl Secret {
    /// Secrets within this one, where it is a key file: a program may print them without what stands around them.
    pub fn parts(&self) -> Vec<Self> {
        let Some(file) = fields(self) else { return Vec::new() };
        let text = |name: &str| file.get(name).and_then(Value::as_str);
        let signs = text("private_key").map(|pem| {
            let lines: Vec<&str> = pem.lines().filter(|line| !line.starts_with(PEM_EDGE)).collect();
            Self::new(lines.join("\n"))
        });
        let parts = ["SecretAccessKey", "SessionToken"].into_iter().filter_map(text).map(Self::from).chain(signs);
        parts.filter(|part| !part.is_empty()).collect()
    }
}

fn fields(value: &Secret) -> Option<Map<String, Value>> {
    // Most keys are no JSON, and this is asked of each.
    value.expose().trim_start().starts_with('{').then(|| serde_json::from_str(value.expose()).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Fingerprint;

    #[test]
    fn an_access_key_is_one_value_and_named_as_proxies_see_it() {
        let key = AccessKey { id: "AKIAEXAMPLE".into(), secret: "an/example+of\"a secret".into() };
        let value = key.write();
        assert_eq!(AccessKey::read(&value), Some(key));
        assert_eq!(value.fingerprint(), Fingerprint::of("AKIAEXAMPLE"));
        assert_eq!(value.parts(), [Secret::from("an/example+of\"a secret")]);
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
