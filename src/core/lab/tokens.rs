//! Short-lived tokens that are minted from a long-lived key, as clouds want them.
//!
//! Google's: `POST /token` with a signed assertion (RFC 7523). The key is a service account's, known by its identifier (`kid` in the assertion's
//! head). The signature is not verified, since no public key is known here; nor are the claims.
//!
//! Microsoft Entra's, for Azure OpenAI: `POST /TENANT/oauth2/v2.0/token` with a client's secret (RFC 6749, 4.4). The real one stands on a
//! host of its own; here it is the provider's. Source: learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow.
//!
//! What is minted is a bearer that is taken until its time is over, whatever becomes of the key meanwhile: that is the trap in revoking such keys.

use super::keys::Keys;
use crate::dialect::WireAnswer;
use crate::journal::HostTime;
use crate::model::{CredentialKind, Dialect};
use crate::units::{Fingerprint, Secret};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Where Google's clients ask.
const GOOGLE: &str = "/token";
/// What they ask for (RFC 7523, 2.1).
const ASSERTION: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How the paths end at which Entra's clients ask.
const ENTRA: &str = "/oauth2/v2.0/token";
/// What they ask for (RFC 6749, 4.4.2).
const CLIENT: &str = "client_credentials";

/// Where the lab's gateway asks a provider of Azure's for tokens.
pub(super) const ENTRA_PATH: &str = "/lifeboat.onmicrosoft.com/oauth2/v2.0/token";

/// Tokens that may wait for who listens.
const WAITING: usize = 1_024;

/// A provider minted a token from a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MintedToken {
    /// When: never after the token was first taken.
    pub at: HostTime,
    /// The token.
    pub token: Fingerprint,
    /// The key.
    pub from: Fingerprint,
    /// How long the token is taken.
    pub life: Duration,
}

/// Which token was minted from which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lent {
    token: Fingerprint,
    from: Fingerprint,
}

/// Where one provider mints tokens, and who is told of them.
#[derive(Debug)]
pub(super) struct TokenMint {
    dialect: Dialect,
    life: Duration,
    is_the_only_way: AtomicBool,
    listeners: Mutex<Vec<mpsc::Sender<MintedToken>>>,
}

impl TokenMint {
    /// Of tokens that live this long.
    pub(super) fn new(dialect: Dialect, life: Duration) -> Self {
        Self { dialect, life, is_the_only_way: AtomicBool::new(false), listeners: Mutex::default() }
    }

    /// Says what the provider's keys are.
    pub(super) fn takes(&self, kind: CredentialKind) {
        self.is_the_only_way.store(are_borne(self.dialect, kind), Ordering::Relaxed);
    }

    /// True where a key mints tokens and is no key of a request.
    pub(super) fn is_the_only_way(&self) -> bool {
        self.is_the_only_way.load(Ordering::Relaxed)
    }

    /// Every token that is minted from now on. A token is handed out only once all who listen have room for it.
    pub(super) fn listen(&self) -> mpsc::Receiver<MintedToken> {
        let (sender, receiver) = mpsc::channel(WAITING);
        self.listeners().push(sender);
        receiver
    }

    /// Answers a form that asks for a token. `number` tells it from every other.
    pub(super) async fn answer(&self, keys: &Keys, form: &[u8], number: u64) -> WireAnswer {
        let at = HostTime::now();
        let (answer, lent) = mint(self.dialect, keys, form, number, self.life);
        if let Some(Lent { token, from }) = lent {
            let minted = MintedToken { at, token, from, life: self.life };
            let listeners = {
                let mut listeners = self.listeners();
                listeners.retain(|listener| !listener.is_closed());
                listeners.clone()
            };
            for listener in listeners {
                // One that has gone meanwhile need not be told.
                let _ = listener.try_send(minted);
            }
        }
        answer
    }

    fn listeners(&self) -> MutexGuard<'_, Vec<mpsc::Sender<MintedToken>>> {
        self.listeners.lock().expect("nothing panics while it holds the listeners")
    }
}

/// True where requests to a provider of this dialect carry tokens that are minted from a key of this kind, and never the key: Azure's only, of
/// those whom the reference gateway asks.
pub(super) fn are_borne(dialect: Dialect, kind: CredentialKind) -> bool {
    kind == CredentialKind::OauthToken && dialect == Dialect::AzureOpenAi
}

/// True where a provider of this dialect mints tokens at this path.
pub(super) fn are_minted_at(dialect: Dialect, method: &str, path: &str) -> bool {
    method == "POST"
        && match dialect {
            Dialect::Vertex => path == GOOGLE,
            Dialect::AzureOpenAi => path.ends_with(ENTRA),
            _ => false,
        }
}

/// Mints a token that is taken for `life`, from what a form asks. `number` tells it from every other.
fn mint(dialect: Dialect, keys: &Keys, form: &[u8], number: u64, life: Duration) -> (WireAnswer, Option<Lent>) {
    let field = |name: &str| form_urlencoded::parse(form).find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let asked = if dialect == Dialect::Vertex { by_assertion(keys, field) } else { by_secret(keys, field) };
    let key = match asked {
        Ok(key) => key,
        Err(refused) => return (refused, None),
    };
    let token = Secret::new(match dialect {
        Dialect::Vertex => format!("ya29.lab-{number:016x}"),
        _ => format!("eyJ0eXAiOiJKV1QifQ.lab-{number:016x}"),
    });
    let mut said = json!({"access_token": token.expose(), "expires_in": life.as_secs(), "token_type": "Bearer"});
    if dialect != Dialect::Vertex {
        said["ext_expires_in"] = life.as_secs().into();
    }
    let lent = Lent { token: token.fingerprint(), from: key.fingerprint() };
    keys.lend(token, Instant::now() + life);
    (WireAnswer::json(200, &said), Some(lent))
}

/// The key that Google's client says it signed with.
fn by_assertion(keys: &Keys, field: impl Fn(&str) -> Option<String>) -> Result<Secret, WireAnswer> {
    let refused = |error: &str, why: &str| WireAnswer::json(400, &json!({"error": error, "error_description": why}));
    if field("grant_type").as_deref() != Some(ASSERTION) {
        return Err(refused("unsupported_grant_type", "Invalid grant_type"));
    }
    let Some(kid) = field("assertion").and_then(|assertion| key_of(&assertion)) else {
        return Err(refused("invalid_grant", "Invalid JWT: it must have three parts, and a head that names its key"));
    };
    let key = Secret::new(kid);
    if keys.may_mint(&key) { Ok(key) } else { Err(refused("invalid_grant", "Invalid JWT Signature.")) }
}

/// The secret that Entra's client shows.
fn by_secret(keys: &Keys, field: impl Fn(&str) -> Option<String>) -> Result<Secret, WireAnswer> {
    let refused = |status: u16, error: &str, code: u32, why: &str| {
        let description = format!("AADSTS{code}: {why}");
        WireAnswer::json(status, &json!({"error": error, "error_description": description, "error_codes": [code]}))
    };
    for needed in ["grant_type", "client_id", "scope"] {
        if field(needed).is_none_or(|value| value.is_empty()) {
            let why = format!("The request body must contain the following parameter: '{needed}'.");
            return Err(refused(400, "invalid_request", 900_144, &why));
        }
    }
    if field("grant_type").as_deref() != Some(CLIENT) {
        return Err(refused(400, "unsupported_grant_type", 70_003, "The app requested an unsupported grant type."));
    }
    let Some(key) = field("client_secret").map(Secret::new) else {
        let why = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        return Err(refused(401, "invalid_client", 7_000_218, why));
    };
    if keys.may_mint(&key) { Ok(key) } else { Err(refused(401, "invalid_client", 7_000_215, "Invalid client secret provided.")) }
}

/// The identifier of the key that an assertion says it is signed with.
fn key_of(assertion: &str) -> Option<String> {
    let mut parts = assertion.split('.');
    let (head, _claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    let head: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(head.trim_end_matches('=')).ok()?).ok()?;
    Some(head["kid"].as_str()?.to_owned())
}

/// What Entra's client asks with this secret.
pub(super) fn form_of(secret: &Secret) -> Vec<u8> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", CLIENT).append_pair("client_id", "lifeboat-lab").append_pair("client_secret", secret.expose());
    form.append_pair("scope", "https://cognitiveservices.azure.com/.default").finish().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::keys::KeyState;
    use super::*;
    use crate::dialect::RefusalReason;

    fn google(grant: &str, head: &str) -> Vec<u8> {
        let assertion = format!("{}.e30.c2ln", BASE64_URL_SAFE_NO_PAD.encode(head));
        form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", grant)
            .append_pair("assertion", &assertion)
            .finish()
            .into()
    }

    fn said(answer: &WireAnswer) -> Value {
        serde_json::from_slice(&answer.body).unwrap()
    }

    #[test]
    fn a_token_outlives_its_key_and_not_its_time() {
        let of_google = google(ASSERTION, r#"{"alg":"RS256","kid":"key-1"}"#);
        for (dialect, asked, status) in [(Dialect::Vertex, of_google, 400), (Dialect::AzureOpenAi, form_of(&"key-1".into()), 401)] {
            let keys = Keys::new("first", "key-1".into());
            let mint = |number, life| mint(dialect, &keys, &asked, number, Duration::from_secs(life));
            let ((long, lent), (short, _)) = (mint(1, 3600), mint(2, 0));
            let token = said(&long)["access_token"].as_str().unwrap().to_owned();
            assert_eq!(said(&long)["expires_in"], 3600);
            assert_eq!(lent, Some(Lent { token: Fingerprint::of(&token), from: Fingerprint::of("key-1") }), "{dialect}");
            keys.set("key-1".into(), KeyState::Revoked);
            assert_eq!(keys.refusal(&token), None, "{dialect}");
            assert_eq!(keys.refusal(said(&short)["access_token"].as_str().unwrap()), Some(RefusalReason::ExpiredToken), "{dialect}");
            let (late, none) = mint(3, 3600);
            assert_eq!((late.status, none), (status, None), "{dialect}");
        }
    }

    #[test]
    fn a_token_mints_no_other() {
        let keys = Keys::new("first", "key-1".into());
        let (first, _) = mint(Dialect::AzureOpenAi, &keys, &form_of(&"key-1".into()), 1, Duration::from_secs(60));
        let token = Secret::from(said(&first)["access_token"].as_str().unwrap());
        let (second, _) = mint(Dialect::AzureOpenAi, &keys, &form_of(&token), 2, Duration::from_secs(60));
        assert_eq!((second.status, &said(&second)["error"]), (401, &json!("invalid_client")));
    }

    #[test]
    fn nonsense_is_refused() {
        let keys = Keys::new("first", "key-1".into());
        let bare = b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=%2E%2E";
        for asked in [
            &b""[..],
            b"\xff&&==",
            bare,
            &google("password", "{}"),
            &google(ASSERTION, "{}"),
            &google(ASSERTION, "nonsense"),
            &google(ASSERTION, r#"{"kid":"key-2"}"#),
        ] {
            for dialect in [Dialect::Vertex, Dialect::AzureOpenAi] {
                assert_eq!(mint(dialect, &keys, asked, 1, Duration::from_secs(1)).0.status, 400, "{dialect}");
            }
        }
        for (form, status, error) in [
            ("client_id=a&scope=b&client_secret=key-1", 400, "invalid_request"),
            ("grant_type=client_credentials&scope=b&client_secret=key-1", 400, "invalid_request"),
            ("grant_type=password&client_id=a&scope=b", 400, "unsupported_grant_type"),
            ("grant_type=client_credentials&client_id=a&scope=b", 401, "invalid_client"),
            ("grant_type=client_credentials&client_id=a&scope=b&client_secret=key-2", 401, "invalid_client"),
        ] {
            let (answer, _) = mint(Dialect::AzureOpenAi, &keys, form.as_bytes(), 1, Duration::from_secs(1));
            assert_eq!((answer.status, &said(&answer)["error"]), (status, &json!(error)), "{form}");
        }
    }

    #[test]
    fn only_clouds_mint() {
        assert!(are_minted_at(Dialect::Vertex, "POST", "/token"));
        assert!(are_minted_at(Dialect::AzureOpenAi, "POST", ENTRA_PATH));
        assert!(!are_minted_at(Dialect::AzureOpenAi, "GET", ENTRA_PATH));
        assert!(!are_minted_at(Dialect::OpenAi, "POST", "/token"));
    }
}
