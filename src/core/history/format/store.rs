//! Where secrets are kept, and who issues them.

use super::record::record;
use crate::model::{AzureSlot, CredentialSource, Issuer, SecretStore, VaultLogin};

record! {
    #[serde(rename_all = "kebab-case")]
    enum CredentialSourceRecord of CredentialSource {
        Env(inner: String),
        File(inner: String),
        Dotenv {
            path: String,
            name: String,
        },
        Vault {
            store: String,
            path: String,
            field: String,
        },
        AwsSecretsManager {
            store: String,
            name: String,
            field: Option<String>,
        },
        Kubernetes {
            store: String,
            namespace: String,
            name: String,
            key: String,
        },
        Command {
            store: String,
        },
    }
}

record! {
    #[serde(rename_all = "kebab-case", tag = "kind")]
    enum SecretStoreRecord of SecretStore {
        Vault {
            address: String,
            namespace: Option<String>,
            login: VaultLoginRecord,
            authority: Option<String>,
        },
        AwsSecretsManager {
            region: String,
            address: Option<String>,
            access_key_id: CredentialSourceRecord,
            secret_access_key: CredentialSourceRecord,
            session_token: Option<CredentialSourceRecord>,
        },
        Kubernetes {
            address: String,
            token: CredentialSourceRecord,
            authority: Option<String>,
        },
        Command {
            read: Vec<String>,
            write: Option<Vec<String>>,
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pass: Vec<String>,
        },
    }
}

record! {
    #[serde(rename_all = "kebab-case")]
    enum VaultLoginRecord of VaultLogin {
        Token(inner: CredentialSourceRecord),
        Approle {
            role_id: String,
            secret_id: CredentialSourceRecord,
            mount: String,
        },
        Kubernetes {
            role: String,
            token: CredentialSourceRecord,
            mount: String,
        },
    }
}

record! {
    #[serde(rename_all = "kebab-case", tag = "kind")]
    enum IssuerRecord of Issuer {
        Openai {
            project: String,
            admin: CredentialSourceRecord,
            address: Option<String>,
        },
        Azure {
            resource: String,
            token: CredentialSourceRecord,
            idle: AzureSlot,
            address: Option<String>,
        },
        Bedrock {
            user: String,
            access_key_id: CredentialSourceRecord,
            secret_access_key: CredentialSourceRecord,
            address: Option<String>,
        },
        Iam {
            user: String,
            access_key_id: CredentialSourceRecord,
            secret_access_key: CredentialSourceRecord,
            address: Option<String>,
            token_service: Option<String>,
            region: Option<String>,
        },
        Google {
            account: String,
            token: CredentialSourceRecord,
            address: Option<String>,
        },
        Command {
            mint: Vec<String>,
            revoke: Vec<String>,
            probe: Vec<String>,
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pass: Vec<String>,
        },
    }
}
