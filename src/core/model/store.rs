//! Secret stores: where credentials' values are kept, as the inventory declares them. Values never stand here.

use super::words;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a credential's value is found. Its text form is what stands after `from:` in an inventory; no part of it is a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialSource {
    /// The environment variable of this name (`env:NAME`).
    Env(String),
    /// The first line of this file (`file:PATH`).
    File(String),
    /// One variable of a .env file (`dotenv:PATH#NAME`).
    Dotenv {
        /// The file.
        path: String,
        /// The variable.
        name: String,
    },
    /// One field of a secret in HashiCorp Vault or OpenBao (`vault:PATH#FIELD`), by its path in the HTTP API after `/v1/`.
    Vault {
        /// The store's name under `stores:`.
        store: String,
        /// Mount and path; of KV version 2 with `data` after the mount, as the API writes it.
        path: String,
        /// The field.
        field: String,
    },
    /// A secret of AWS Secrets Manager, or one field of it where it is a JSON object (`aws-secretsmanager:NAME#FIELD`).
    AwsSecretsManager {
        /// The store's name under `stores:`.
        store: String,
        /// The secret's name or ARN.
        name: String,
        /// The field; `None` where the secret is the value.
        field: Option<String>,
    },
    /// One key of a Kubernetes Secret (`kubernetes:NAMESPACE/NAME#KEY`).
    Kubernetes {
        /// The store's name under `stores:`.
        store: String,
        /// The namespace.
        namespace: String,
        /// The Secret.
        name: String,
        /// The key in its data.
        key: String,
    },
    /// What the commands of a store say (`command:STORE`).
    Command {
        /// The store's name under `stores:`.
        store: String,
    },
}

impl CredentialSource {
    /// Every form, for hints.
    pub const FORMS: &'static str = "`env:NAME`, `file:PATH`, `dotenv:PATH#NAME`, `vault:MOUNT/PATH#FIELD`, `aws-secretsmanager:NAME#FIELD`, \
                                     `kubernetes:NAMESPACE/NAME#KEY` or `command:STORE`";

    /// Reads the text form. `vault@STORE:…` names one of several stores of a kind; without `@` the store has the kind's name. `None` for any
    /// other text, which may be a key that somebody wrote here: it must not be shown.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        let (kind, store) = scheme.split_once('@').map_or((scheme, None), |(kind, store)| (kind, Some(store)));
        let filled = |part: &str| (!part.trim().is_empty()).then(|| part.to_owned());
        let last = || rest.rsplit_once('#').and_then(|(place, part)| Some((filled(place)?, filled(part)?)));
        let named = || filled(store.unwrap_or(kind));
        match (kind, store) {
            ("env", None) => is_variable(rest).then(|| Self::Env(rest.to_owned())),
            ("file", None) => filled(rest).map(Self::File),
            ("dotenv", None) => {
                let (path, name) = last()?;
                is_variable(&name).then_some(Self::Dotenv { path, name })
            }
            ("vault", _) => {
                let (path, field) = last()?;
                let path = path.trim_matches('/').to_owned();
                path.contains('/').then_some(Self::Vault { store: named()?, path, field })
            }
            ("aws-secretsmanager", _) => {
                let (name, field) = match rest.contains('#') {
                    true => last().map(|(name, field)| (name, Some(field)))?,
                    false => (filled(rest)?, None),
                };
                Some(Self::AwsSecretsManager { store: named()?, name, field })
            }
            ("kubernetes", _) => {
                let (place, key) = last()?;
                let (namespace, name) = place.split_once('/')?;
                let plain = |part: &str| filled(part).filter(|part| !part.contains('/'));
                Some(Self::Kubernetes { store: named()?, namespace: plain(namespace)?, name: plain(name)?, key })
            }
            ("command", None) => filled(rest).map(|store| Self::Command { store }),
            _ => None,
        }
    }

    /// The store that it needs under `stores:`, and of which kind that must be.
    pub fn store(&self) -> Option<(&str, StoreKind)> {
        match self {
            Self::Env(_) | Self::File(_) | Self::Dotenv { .. } => None,
            Self::Vault { store, .. } => Some((store, StoreKind::Vault)),
            Self::AwsSecretsManager { store, .. } => Some((store, StoreKind::AwsSecretsManager)),
            Self::Kubernetes { store, .. } => Some((store, StoreKind::Kubernetes)),
            Self::Command { store } => Some((store, StoreKind::Command)),
        }
    }
}

fn is_variable(name: &str) -> bool {
    let first = name.chars().next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    first && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

impl fmt::Display for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = |store: &str, kind: StoreKind| if store == kind.word() { store.to_owned() } else { format!("{kind}@{store}") };
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Dotenv { path, name } => write!(f, "dotenv:{path}#{name}"),
            Self::Vault { store, path, field } => write!(f, "{}:{path}#{field}", scheme(store, StoreKind::Vault)),
            Self::AwsSecretsManager { store, name, field } => {
                write!(f, "{}:{name}", scheme(store, StoreKind::AwsSecretsManager))?;
                field.as_ref().map_or(Ok(()), |field| write!(f, "#{field}"))
            }
            Self::Kubernetes { store, namespace, name, key } => {
                write!(f, "{}:{namespace}/{name}#{key}", scheme(store, StoreKind::Kubernetes))
            }
            Self::Command { store } => write!(f, "command:{store}"),
        }
    }
}

words! {
    /// What a secret store is.
    StoreKind {
        /// HashiCorp Vault or OpenBao, its key-value engine of either version.
        Vault = "vault",
        /// AWS Secrets Manager.
        AwsSecretsManager = "aws-secretsmanager",
        /// Secrets of a Kubernetes cluster.
        Kubernetes = "kubernetes",
        /// Commands that read and write one secret.
        Command = "command",
    }
}

/// A secret store: where it answers and how to log in, keys by reference only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum SecretStore {
    /// HashiCorp Vault or OpenBao.
    Vault {
        /// Scheme, host, port.
        address: String,
        /// The namespace (Vault Enterprise, OpenBao).
        namespace: Option<String>,
        /// Who is asking.
        login: VaultLogin,
        /// A PEM file of the authority that signed for it, where that is a private one.
        authority: Option<String>,
    },
    /// AWS Secrets Manager.
    AwsSecretsManager {
        /// The region.
        region: String,
        /// Where it answers, where that is not AWS's own address.
        address: Option<String>,
        /// The access key's identifier.
        access_key_id: CredentialSource,
        /// The access key.
        secret_access_key: CredentialSource,
        /// The session's token, of temporary credentials.
        session_token: Option<CredentialSource>,
    },
    /// The API server of a Kubernetes cluster.
    Kubernetes {
        /// Scheme, host, port.
        address: String,
        /// A service account's token.
        token: CredentialSource,
        /// A PEM file of the authority that signed for it.
        authority: Option<String>,
    },
    /// Commands as lists of arguments; a value goes through their standard input and output.
    Command {
        /// Prints the value.
        read: Vec<String>,
        /// Takes a new value from its standard input; `None` where it cannot be written.
        write: Option<Vec<String>>,
        /// The variables of Lifeboat's own environment that they are given besides.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pass: Vec<String>,
    },
}

impl SecretStore {
    /// What it is.
    pub const fn kind(&self) -> StoreKind {
        match self {
            Self::Vault { .. } => StoreKind::Vault,
            Self::AwsSecretsManager { .. } => StoreKind::AwsSecretsManager,
            Self::Kubernetes { .. } => StoreKind::Kubernetes,
            Self::Command { .. } => StoreKind::Command,
        }
    }
}

/// How to log in to a Vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VaultLogin {
    /// With a token.
    Token(CredentialSource),
    /// As an application.
    Approle {
        /// Which; not a secret.
        role_id: String,
        /// Its proof.
        secret_id: CredentialSource,
        /// Where the method is mounted.
        mount: String,
    },
    /// As a service account of a Kubernetes cluster.
    Kubernetes {
        /// Vault's role for it.
        role: String,
        /// The service account's token.
        token: CredentialSource,
        /// Where the method is mounted.
        mount: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_and_written_alike() {
        for text in [
            "env:OPENAI_API_KEY",
            "file:/run/secrets/a key",
            "dotenv:.env#OPENAI_API_KEY",
            "vault:secret/data/openai#key",
            "vault@prod:kv/openai#key",
            "aws-secretsmanager:chat/openai",
            "aws-secretsmanager@eu:arn:aws:secretsmanager:eu-central-1:1:secret:openai-AbC#key",
            "kubernetes:chat/gateway#OPENAI_API_KEY",
            "command:pass",
        ] {
            assert_eq!(CredentialSource::parse(text).map(|source| source.to_string()).as_deref(), Some(text));
        }
        let vault = CredentialSource::parse("vault@prod:kv/openai#key").unwrap();
        assert_eq!(vault.store(), Some(("prod", StoreKind::Vault)));
    }

    #[test]
    fn what_does_not_say_where_is_refused() {
        for text in [
            "sk-a-key",
            "env:",
            "env:A B",
            "env@x:A",
            "file: ",
            "dotenv:.env",
            "dotenv:.env#9",
            "vault:secret#key",
            "vault:secret/openai",
            "vault@:a/b#c",
            "aws-secretsmanager:#key",
            "kubernetes:gateway#key",
            "kubernetes:a/b/c#key",
            "kubernetes:a/b",
            "command:",
            "s3:bucket/key",
        ] {
            assert_eq!(CredentialSource::parse(text), None, "{text}");
        }
    }
}
