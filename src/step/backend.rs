//! From an inventory to who keeps each credential and who makes it, where providers are real.

use super::CredentialBackend;
use super::error::problem_of;
use crate::model::{Credential, Provider, SecretStore};
use crate::secret::issuer::open_issuer;
use crate::secret::{SecretContext, open};
use crate::units::Problem;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Of every credential here. What cannot be opened says why when it is needed, and not before.
pub fn declared(
    credentials: &BTreeMap<String, Credential>,
    providers: &BTreeMap<String, Provider>,
    stores: &BTreeMap<String, SecretStore>,
    root: &Path,
) -> BTreeMap<String, CredentialBackend> {
    let site = SecretContext { stores, root };
    let keeping = |(name, credential): (&String, &Credential)| {
        // One that can be asked, where several take it.
        let mut takers: Vec<&Provider> = providers.values().filter(|provider| provider.credential.as_ref() == Some(name)).collect();
        takers.sort_by_key(|provider| provider.base_url.is_none());
        let provider = takers.first().copied();
        let issuer = match (&credential.issuer, provider) {
            (Some(issuer), Some(provider)) => open_issuer(name, issuer, provider, site).map_err(|error| problem_of(&error)),
            (None, _) => Err(Problem::new(format!("it is not known who issues and revokes {name}"))
                .hint("add `issuer: {kind: …}` to the credential in the inventory")),
            (_, None) => Err(Problem::new(format!("no provider here accepts {name}, so none can be asked whether it is valid"))),
        };
        let store = open(&credential.from, site).map(Arc::from).map_err(|error| problem_of(&error));
        (name.clone(), CredentialBackend { store, issuer, held: None, key_id: credential.key_id.clone() })
    };
    credentials.iter().map(keeping).collect()
}
