//! Who may sign in to `lifeboat serve`, and what they may do there.
//!
//! What this file does not do: ask anybody who they are (`serve`).

use super::{CredentialSource, words};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

words! {
    /// What somebody may do. Roles are a set and no ladder: whoever approves drills need not be able to begin them, and on-call people can
    /// stop drills without that. Two rules hold for all: anybody with a role may look, and `admin` holds every other.
    AccessRole {
        /// Look.
        Read = "read",
        /// Begin drills, answer their questions, decide about late ones, give findings to people.
        Run = "run",
        /// Approve drills.
        Approve = "approve",
        /// Stop drills, block new ones, and lift that again.
        Stop = "stop",
        /// Everything, tokens and the audit log included.
        Admin = "admin",
    }
}

impl AccessRole {
    /// Whether somebody who has these roles may do what this one is for.
    pub fn is_held(self, roles: &[Self]) -> bool {
        roles.contains(&Self::Admin) || roles.contains(&self) || (self == Self::Read && !roles.is_empty())
    }
}

/// Sign-in by OpenID Connect: who is asked, and what the answer is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OidcProvider {
    /// The issuer's address, as its own documents say it.
    pub issuer: String,
    /// How Lifeboat is called there.
    pub client_id: String,
    /// Where its secret is found; a client that has none is a public one, which PKCE guards alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<CredentialSource>,
    /// What a group, or a person by their verified e-mail address, may do.
    pub roles: BTreeMap<String, Vec<AccessRole>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_a_set_in_which_anybody_reads_and_an_admin_does_everything() {
        let all = [AccessRole::Read, AccessRole::Run, AccessRole::Approve, AccessRole::Stop, AccessRole::Admin];
        let held = |roles: &[AccessRole]| all.into_iter().filter(|role| role.is_held(roles)).map(AccessRole::word).collect::<Vec<_>>();
        assert!(held(&[]).is_empty());
        assert_eq!(held(&[AccessRole::Read]), ["read"]);
        assert_eq!(held(&[AccessRole::Run]), ["read", "run"]);
        assert_eq!(held(&[AccessRole::Approve, AccessRole::Stop]), ["read", "approve", "stop"]);
        assert_eq!(held(&[AccessRole::Admin]), AccessRole::WORDS);
    }
}
