//! Short-lived tokens that are minted from a long-lived key, as Google's clouds want them: `POST /token` (RFC 7523).
//!
//! The key is a service account's, known by its identifier (`kid` in the assertion's head). What is minted is a bearer that is taken until
//! its time is over, whatever becomes of the key meanwhile: that is the trap in revoking such keys. The signature is not verified, since no
//! public key is known here; nor are the claims.

use super::keys::Keys;
use crate::dialect::WireAnswer;
use crate::units::Secret;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Where tokens are minted.
pub(super) const PATH: &str = "/token";
/// What asks for one (RFC 7523, 2.1).
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Mints a token that is taken for `life`. `number` tells it from every other.
pub(super) fn mint(keys: &Keys, form: &[u8], number: u64, life: Duration) -> WireAnswer {
    let field = |name: &str| form_urlencoded::parse(form).find(|(key, _)| key == name).map(|(_, value)| value);
    if field("grant_type").as_deref() != Some(GRANT) {
        return refused("unsupported_grant_type", "Invalid grant_type");
    }
    let Some(kid) = field("assertion").and_then(|assertion| key_of(&assertion)) else {
        return refused("invalid_grant", "Invalid JWT: it must have three parts, and a head that names its key");
    };
    if keys.refusal(&kid).is_some() {
        return refused("invalid_grant", "Invalid JWT Signature.");
    }
    let token = Secret::new(format!("ya29.lab-{number:016x}"));
    let answer = WireAnswer::json(200, &json!({"access_token": token.expose(), "expires_in": life.as_secs(), "token_type": "Bearer"}));
    keys.lend(token, Instant::now() + life);
    answer
}

fn refused(error: &str, description: &str) -> WireAnswer {
    WireAnswer::json(400, &json!({"error": error, "error_description": description}))
}

/// The identifier of the key that an assertion says it is signed with.
fn key_of(assertion: &str) -> Option<String> {
    let mut parts = assertion.split('.');
    let (head, _claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    let head: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(head.trim_end_matches('=')).ok()?).ok()?;
    Some(head["kid"].as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::keys::KeyState;
    use super::*;

    fn form(grant: &str, head: &str) -> Vec<u8> {
        let assertion = format!("{}.e30.c2ln", BASE64_URL_SAFE_NO_PAD.encode(head));
        form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", grant)
            .append_pair("assertion", &assertion)
            .finish()
            .into()
    }

    fn minted(answer: &WireAnswer) -> Value {
        serde_json::from_slice(&answer.body).unwrap()
    }

    #[test]
    fn a_token_outlives_its_key_and_not_its_time() {
        let keys = Keys::new("key-1".into());
        let asked = form(GRANT, r#"{"alg":"RS256","kid":"key-1"}"#);
        let long = minted(&mint(&keys, &asked, 1, Duration::from_secs(3600)));
        let short = minted(&mint(&keys, &asked, 2, Duration::ZERO));
        assert_eq!(long["expires_in"], 3600);
        keys.set("key-1".into(), KeyState::Revoked);
        assert_eq!(keys.refusal(long["access_token"].as_str().unwrap()), None);
        assert_eq!(keys.refusal(short["access_token"].as_str().unwrap()), Some(crate::dialect::ProviderFault::ExpiredToken));
        let late = mint(&keys, &asked, 3, Duration::from_secs(3600));
        assert_eq!((late.status, minted(&late)["error"].as_str()), (400, Some("invalid_grant")));
    }

    #[test]
    fn nonsense_is_refused() {
        let keys = Keys::new("key-1".into());
        for asked in [
            &b""[..],
            b"\xff&&==",
            &form("password", "{}"),
            &form(GRANT, "{}"),
            &form(GRANT, "nonsense"),
            &form(GRANT, r#"{"kid":"key-2"}"#),
        ] {
            assert_eq!(mint(&keys, asked, 1, Duration::from_secs(1)).status, 400);
        }
        assert_eq!(
            mint(&keys, b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=%2E%2E", 1, Duration::ZERO).status,
            400
        );
    }
}
