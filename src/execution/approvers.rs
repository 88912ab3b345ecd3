//! Who somebody is that answers from elsewhere: by a token of their own, or by a signature with it.

use crate::history::{AnswerWay, Speaker};
use crate::journal::{HostTime, Wall};
use crate::model::Contact;
use crate::secret::{self, SecretContext, Unread};
use crate::units::{Secret, TokenHash, is_signed};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// For so many seconds a signature is good, before and after its time.
const GOOD_FOR: u64 = 300;

/// Why it is not known who calls, or that it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum AuthRefusal {
    #[error("a token is required here; send `Authorization: Bearer TOKEN`")]
    NoToken,
    #[error("nobody here has this token")]
    WrongToken,
    #[error("this token reads and takes notes; to answer, send your own, which `token_from:` of your contact names, or sign the answer")]
    Reader,
    #[error("this signature is not right")]
    WrongSignature,
    #[error("this signature is older than 5 minutes, or one of the two clocks is wrong")]
    OldSignature,
    #[error("this signature was used already")]
    Repeated,
}

/// The tokens by which people are known.
#[derive(Debug, Clone, Default)]
pub(super) struct Approvers {
    /// By contact: signatures are made with the token itself.
    tokens: BTreeMap<String, Secret>,
    by_hash: BTreeMap<TokenHash, String>,
    readers: Option<TokenHash>,
    used: Arc<Mutex<BTreeSet<String>>>,
}

impl Approvers {
    /// Those of these contacts that have a token, and which could not be read.
    pub(super) async fn of(contacts: &BTreeMap<String, Contact>, site: SecretContext<'_>) -> (Self, Vec<Unread>) {
        let (mut known, mut unread) = (Self::default(), Vec::new());
        for (name, contact) in contacts {
            let Some(source) = &contact.token_from else { continue };
            match secret::current(source, site).await {
                Ok(Some(token)) if !token.is_empty() => {
                    known.by_hash.insert(TokenHash::of(token.expose()), name.clone());
                    known.tokens.insert(name.clone(), token);
                }
                Ok(_) => {}
                Err(error) => unread.push(Unread::of(format!("the token of {name}"), &error)),
            }
        }
        (known, unread)
    }

    /// The same, and whoever has this token may read.
    pub(super) fn with_readers(&self, token: Option<Secret>) -> Self {
        Self { readers: token.map(|token| TokenHash::of(token.expose())), ..self.clone() }
    }

    /// Who has this token; `None` for a reader.
    pub(super) fn by_token(&self, token: Option<&Secret>) -> Result<Option<Speaker>, AuthRefusal> {
        let Some(token) = token else {
            return if self.readers.is_none() { Ok(None) } else { Err(AuthRefusal::NoToken) };
        };
        let hash = TokenHash::of(token.expose());
        match self.by_hash.get(&hash) {
            Some(name) => Ok(Some(Speaker { by: Some(name.clone()), way: AnswerWay::Token, user: None })),
            None if self.readers == Some(hash) => Ok(None),
            None => Err(AuthRefusal::WrongToken),
        }
    }

    /// The contact that signed a text, at `time` in seconds since 1970.
    pub(super) fn by_signature(&self, by: &str, time: u64, text: &str, signature: &str) -> Result<Speaker, AuthRefusal> {
        let now = Wall::read().at(HostTime::now()) / 1_000_000_000;
        self.signed(by, (time, u64::try_from(now).unwrap_or(0)), text, signature)
    }

    fn signed(&self, by: &str, (time, now): (u64, u64), text: &str, signature: &str) -> Result<Speaker, AuthRefusal> {
        // Who is not known and whose signature is wrong are told the same.
        let token = self.tokens.get(by).ok_or(AuthRefusal::WrongSignature)?;
        if !is_signed(token, text, signature) {
            return Err(AuthRefusal::WrongSignature);
        }
        if time.abs_diff(now) > GOOD_FOR {
            return Err(AuthRefusal::OldSignature);
        }
        let mut used = self.used.lock().expect("nothing panics while it holds this");
        if !used.insert(signature.to_ascii_lowercase()) {
            return Err(AuthRefusal::Repeated);
        }
        Ok(Speaker { by: Some(by.to_owned()), way: AnswerWay::Signature, user: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::signature;

    #[test]
    fn people_are_known_by_their_own_token_or_by_one_new_signature_with_it() {
        let token = Secret::from("alice's");
        let known = Approvers {
            tokens: [("alice".to_owned(), token.clone())].into(),
            by_hash: [(TokenHash::of("alice's"), "alice".to_owned())].into(),
            ..Approvers::default()
        };
        let name = |known: &Approvers, token: &str| known.by_token(Some(&Secret::from(token))).map(|who| who.and_then(|who| who.by));
        assert_eq!(name(&known, "alice's"), Ok(Some("alice".to_owned())));
        assert_eq!(name(&known, "mallory's"), Err(AuthRefusal::WrongToken));
        assert_eq!(known.by_token(None), Ok(None), "on this host anybody may read");
        let guarded = known.with_readers(Some(Secret::from("watch")));
        assert_eq!((name(&guarded, "watch"), guarded.by_token(None)), (Ok(None), Err(AuthRefusal::NoToken)));
        let good = signature(&token, "text");
        let signed = |by: &str, time, text: &str, signature: &str| known.signed(by, (time, 1_000), text, signature);
        assert_eq!(signed("bob", 1_000, "text", &good), Err(AuthRefusal::WrongSignature));
        assert_eq!(signed("alice", 1_000, "other", &good), Err(AuthRefusal::WrongSignature));
        assert_eq!(signed("alice", 699, "text", &good), Err(AuthRefusal::OldSignature));
        assert_eq!(signed("alice", 1_301, "text", &good), Err(AuthRefusal::OldSignature));
        assert_eq!(signed("alice", 1_300, "text", &good).unwrap().to_string(), "by alice (signature verified)");
        assert_eq!(signed("alice", 1_300, "text", &good.to_uppercase()), Err(AuthRefusal::Repeated), "once");
    }
}
