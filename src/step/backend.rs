//! From an inventory to who keeps each credential and who makes it, where providers are real.

use super::CredentialBackend;
use crate::model::{Credential, Provider, SecretStore};
use crate::secret::issuer::open_issuer;
use crate::secret::{SecretContext, open};
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
        let provider = providers.values().find(|provider| provider.credential.as_ref() == Some(name));
        let issuer = match (&credential.issuer, provider) {
            (Some(issuer), Some(provider)) => open_issuer(name, issuer, provider, site).map_err(|error| error.to_string()),
            (None, _) => Err(format!(
                "it is not known who issues and revokes {name}\n\nhint: add `issuer: {{kind: …}}` to the credential in the inventory"
            )),
            (_, None) => Err(format!("no provider here accepts {name}, so none can be asked whether it is valid")),
        };
        let store = open(&credential.from, site).map(Arc::from).map_err(|error| error.to_string());
        (name.clone(), CredentialBackend { store, issuer, held: None, key_id: credential.key_id.clone() })
    };
    credentials.iter().map(keeping).collect()
}
