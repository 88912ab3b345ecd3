//! Tokens: how they look, and how they are made.
//!
//! A token is `lifeboat_` and 64 hexadecimal digits of randomness. The beginning lets scanners of repositories and logs find one that has leaked;
//! the rest cannot be guessed, so that its plain SHA-256 is all that the store has to keep.

use crate::model::AccessRole;
use crate::store::{DrillStore, StoreError, TokenEntry};
use crate::units::{Explained, Secret, hexadecimal, sha256_hex};
use chrono::{DateTime, Utc};
use std::borrow::Cow;
use std::str::FromStr;

/// How every token begins.
const BEGINNING: &str = "lifeboat_";
/// So many letters of a token are kept, so that its owner knows it again.
const SHOWN: usize = BEGINNING.len() + 6;

/// The name of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenName(String);

impl TokenName {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
        let is_good = text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.len() <= 64 && text.chars().all(letter);
        if is_good {
            Ok(Self(text.to_owned()))
        } else {
            Err("use at most 64 letters, digits, `-`, `_`, `.` and `@`, with a letter or digit first".to_owned())
        }
    }
}

/// Why a token was not made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// There was one of this name.
    #[error("there is or was a token `{name}`")]
    Taken {
        /// The name.
        name: String,
    },
    /// It would have ended already.
    #[error("a token that expires at {} is over already", expires.format("%Y-%m-%d %H:%M UTC"))]
    Over {
        /// When.
        expires: DateTime<Utc>,
    },
    /// It would open nothing.
    #[error("a token without a role opens nothing")]
    Useless,
    /// The operating system gave no randomness.
    #[error("no randomness could be had")]
    NoRandomness,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Explained for TokenError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Taken { .. } => Some("choose another name: the audit log must not take one for the other".into()),
            Self::Over { .. } => Some("give a later moment, or a length of time such as `90d`".into()),
            Self::Useless => Some("give `--role read`, `run`, `approve`, `stop` or `admin`".into()),
            Self::NoRandomness => None,
            Self::Store(error) => error.hint(),
        }
    }
}

/// A token that was just made. Nobody can have its text again.
#[derive(Debug)]
pub struct MadeToken {
    /// The token itself.
    pub text: Secret,
    /// What is known of it from now on.
    pub entry: TokenEntry,
}

/// Makes a token.
///
/// # Errors
/// Why not.
pub async fn make_token(
    store: &DrillStore,
    name: &TokenName,
    roles: &[AccessRole],
    expires: Option<DateTime<Utc>>,
    by: &str,
) -> Result<MadeToken, TokenError> {
    let made = Utc::now();
    if let Some(expires) = expires.filter(|expires| *expires <= made) {
        return Err(TokenError::Over { expires });
    }
    if roles.is_empty() {
        return Err(TokenError::Useless);
    }
    let mut roles = roles.to_vec();
    roles.sort();
    roles.dedup();
    let text = random(BEGINNING).ok_or(TokenError::NoRandomness)?;
    let entry = TokenEntry {
        name: name.0.clone(),
        shown: text.expose().chars().take(SHOWN).collect(),
        roles,
        made,
        made_by: by.to_owned(),
        expires,
        revoked: None,
        used: None,
    };
    if !store.add_token(&entry, &hash(&text)).await? {
        return Err(TokenError::Taken { name: name.0.clone() });
    }
    Ok(MadeToken { text, entry })
}

/// As tokens and sessions are kept.
pub(super) fn hash(secret: &Secret) -> String {
    sha256_hex(secret.expose().as_bytes())
}

/// 256 bits that nobody can guess, after a beginning.
pub(super) fn random(beginning: &str) -> Option<Secret> {
    let mut bytes = [0; 32];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()).ok()?;
    Some(Secret::new(format!("{beginning}{}", hexadecimal(&bytes))))
}
