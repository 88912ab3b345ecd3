//! From what an inventory says to a store.

use super::aws::SecretsManager;
use super::call::ApiClient;
use super::command::Commands;
use super::kubernetes::{Cluster, KubernetesSecret};
use super::local::{Local, LocalSource};
use super::login::Login;
use super::signer::Signer;
use super::vault::Vault;
use super::{SecretError, Store};
use crate::model::{CredentialSource, SecretStore, StoreKind, VaultLogin};
use crate::units::Secret;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The context in which a reference to a secret is resolved: the declared stores, and the folder that paths begin at.
#[derive(Debug, Clone, Copy)]
pub struct SecretContext<'a> {
    /// The inventory's stores.
    pub stores: &'a BTreeMap<String, SecretStore>,
    /// The project's root, from which paths are read and where commands run.
    pub root: &'a Path,
}

impl SecretContext<'_> {
    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}

/// The store of one credential. Keys that open it are read now; nothing is asked yet.
///
/// # Errors
/// Where the store is not declared, or a key that opens it is missing.
pub fn open(source: &CredentialSource, site: SecretContext<'_>) -> Result<Box<dyn Store>, SecretError> {
    let place = source.to_string();
    if let Some(local) = local(source, site) {
        return Ok(Box::new(local));
    }
    let store = source.store().and_then(|(name, _)| site.stores.get(name));
    match (source, store) {
        (CredentialSource::Vault { path, field, .. }, Some(SecretStore::Vault { address, namespace, login, authority })) => {
            let authority = authority.as_ref().map(|path| site.path(path));
            let login = match login {
                VaultLogin::Token(token) => Login::Token(login_of(token, site, &place)?),
                VaultLogin::Approle { role_id, secret_id, mount } => {
                    Login::got(mount, ("role_id", role_id.clone()), ("secret_id", login_of(secret_id, site, &place)?))
                }
                VaultLogin::Kubernetes { role, token, mount } => {
                    Login::got(mount, ("role", role.clone()), ("jwt", login_of(token, site, &place)?))
                }
            };
            let api = ApiClient::to(address, authority.as_deref(), &place)?;
            Ok(Box::new(Vault { place, api, namespace: namespace.clone(), login, path: path.clone(), field: field.clone() }))
        }
        (
            CredentialSource::AwsSecretsManager { name, field, .. },
            Some(SecretStore::AwsSecretsManager { region, address, access_key_id, secret_access_key, session_token }),
        ) => {
            let own = format!("https://secretsmanager.{region}.amazonaws.com");
            let signer = Signer {
                region: region.clone(),
                service: "secretsmanager",
                access_key_id: login_of(access_key_id, site, &place)?,
                secret_access_key: login_of(secret_access_key, site, &place)?,
                session_token: session_token.as_ref().map(|token| login_of(token, site, &place)).transpose()?,
            };
            let api = ApiClient::to(address.as_ref().unwrap_or(&own), None, &place)?;
            Ok(Box::new(SecretsManager { place, api, signer, name: name.clone(), field: field.clone() }))
        }
        (CredentialSource::Kubernetes { store, namespace, name, key }, _) => {
            let cluster = cluster(store, site)?;
            Ok(Box::new(KubernetesSecret { place, cluster, namespace: namespace.clone(), name: name.clone(), key: key.clone() }))
        }
        (CredentialSource::Command { .. }, Some(SecretStore::Command { read, write, pass })) => {
            let (read, write, pass) = (read.clone(), write.clone(), pass.clone());
            Ok(Box::new(Commands { place, read, write, pass, folder: site.root.to_owned() }))
        }
        _ => Err(undeclared(place, source.store())),
    }
}

/// A Kubernetes cluster that is declared as a store, to restart what runs in it.
///
/// # Errors
/// As [`open`].
pub fn cluster(store: &str, site: SecretContext<'_>) -> Result<Cluster, SecretError> {
    let Some(SecretStore::Kubernetes { address, token, authority }) = site.stores.get(store) else {
        return Err(undeclared(format!("kubernetes@{store}"), Some((store, StoreKind::Kubernetes))));
    };
    let authority = authority.as_ref().map(|path| site.path(path));
    Ok(Cluster { api: ApiClient::to(address, authority.as_deref(), store)?, token: login_of(token, site, &format!("kubernetes@{store}"))? })
}

/// A key that opens a store.
fn login_of(source: &CredentialSource, site: SecretContext<'_>, place: &str) -> Result<Secret, SecretError> {
    key(source, site).map_err(|error| match error {
        SecretError::Absent { problem, hint, .. } => SecretError::NoLogin { place: place.to_owned(), problem, hint },
        other => other,
    })
}

/// The value that a source has now.
///
/// # Errors
/// Where there is none ([`SecretError::Absent`]), or nobody can tell.
pub async fn held(source: &CredentialSource, site: SecretContext<'_>) -> Result<Secret, SecretError> {
    Ok(open(source, site)?.read().await?.value)
}

/// The value that a source has now; `None` where it is known to have none. Many a drill and runbook needs no key of a provider, so that is no
/// error; but a key that is there and cannot be read here may be printed by somebody else, and nobody would know it again.
///
/// # Errors
/// Where nobody can tell what the source holds.
pub async fn current(source: &CredentialSource, site: SecretContext<'_>) -> Result<Option<Secret>, SecretError> {
    match open(source, site)?.read().await {
        Ok(held) => Ok(Some(held.value)),
        Err(SecretError::Absent { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A key from the environment, a file or a .env file, at once.
///
/// # Errors
/// Where it is not there, or the source is a store, which takes time to ask.
pub fn key(source: &CredentialSource, site: SecretContext<'_>) -> Result<Secret, SecretError> {
    let place = source.to_string();
    local(source, site)
        .ok_or(SecretError::Cannot {
            place,
            what: "be read before a store is open",
            hint: "keep the keys of stores in the environment or a file",
        })?
        .value()
}

fn local(source: &CredentialSource, site: SecretContext<'_>) -> Option<Local> {
    let from = match source {
        CredentialSource::Env(name) => LocalSource::Env(name.clone()),
        CredentialSource::File(path) => LocalSource::File(site.path(path)),
        CredentialSource::Dotenv { path, name } => LocalSource::Dotenv(site.path(path), name.clone()),
        _ => return None,
    };
    Some(Local::new(source.to_string(), from))
}

fn undeclared(place: String, store: Option<(&str, StoreKind)>) -> SecretError {
    let (name, kind) = store.map_or(("", "store"), |(name, kind)| (name, kind.word()));
    SecretError::Absent {
        place,
        problem: format!("the store `{name}` is not declared"),
        hint: format!("add `stores: {{{name}: {{kind: {kind}, …}}}}` to the inventory"),
    }
}
