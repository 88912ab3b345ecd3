//! Secret stores of an inventory, and where a credential says that it is found.

use super::command::argv;
use super::document::SourceDocument;
use super::finding::Finding;
use super::inventory::name_hint;
use super::reader::TreeReader;
use super::secretive;
use super::tree::Node;
use crate::model::{CredentialSource, Inventory, SecretStore, StoreKind, VaultLogin};
use std::collections::BTreeMap;

/// Where a credential is found. The text is never shown: it may be the key itself.
pub(super) fn source(reader: &TreeReader<'_>, node: &Node) -> Option<CredentialSource> {
    let found = CredentialSource::parse(&reader.text(node)?);
    if found.is_none() {
        let usual = || format!("write {}; the key itself never stands in a file", CredentialSource::FORMS);
        let hint = secretive::variable_meant(&reader.text(node)?).map_or_else(usual, |name| format!("write `env:{name}`"));
        reader.error(node.spot, "this does not say where the credential is found", hint);
    }
    found
}

/// A token of something else than a provider.
pub(super) fn secret(reader: &TreeReader<'_>, node: &Node) -> Option<CredentialSource> {
    let fields = reader.fields(node, "a secret")?;
    fields.looks_like("{from: \"env:NAME\"}");
    let from = fields.required("from", &source);
    fields.finish();
    from
}

/// Those of an inventory that a text names.
pub(super) fn secrets_in(text: &str, inventory: &Inventory) -> BTreeMap<String, CredentialSource> {
    let named = |name: &String| text.contains(&format!("${{secret.{name}}}"));
    inventory.secrets.iter().filter(|(name, _)| named(name)).map(|(name, from)| (name.clone(), from.clone())).collect()
}

/// Where a key is found that opens a store or a mail server. It stands in no store itself.
pub(super) fn key(reader: &TreeReader<'_>, node: &Node) -> Option<CredentialSource> {
    let found = source(reader, node)?;
    if found.store().is_some() {
        reader.error(
            node.spot,
            "this is needed before a store is open, so it cannot be kept in one",
            "write `env:NAME`, `file:PATH` or `dotenv:PATH#NAME`",
        );
        return None;
    }
    Some(found)
}

const VAULT: &str = "{kind: vault, address: \"https://vault.example:8200\", login: {token: \"env:VAULT_TOKEN\"}}";

/// What a store of a kind must say.
fn form(kind: StoreKind) -> &'static str {
    match kind {
        StoreKind::Vault => VAULT,
        StoreKind::AwsSecretsManager => {
            "{kind: aws-secretsmanager, region: eu-west-1, access_key_id: \"env:AWS_ACCESS_KEY_ID\", secret_access_key: \"env:AWS_SECRET_ACCESS_KEY\"}"
        }
        StoreKind::Kubernetes => "{kind: kubernetes, address: \"https://127.0.0.1:6443\", token: \"env:KUBE_TOKEN\"}",
        StoreKind::Command => "{kind: command, read: [./read-key.sh]}",
    }
}

/// Reads one store.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<SecretStore> {
    let fields = reader.fields(node, "a secret store")?;
    fields.looks_like(VAULT);
    let kind = fields.required("kind", &|reader, node| reader.word(node, StoreKind::WORDS, StoreKind::from_word))?;
    fields.looks_like(form(kind));
    let words = |name| fields.optional(name, &|reader, node| reader.words(node));
    let store = match kind {
        StoreKind::Vault => {
            let (address, login) = (fields.required("address", &|reader, node| reader.url(node)), fields.required("login", &login));
            let (namespace, authority) = (words("namespace"), words("authority"));
            address.zip(login).map(|(address, login)| SecretStore::Vault { address, namespace, login, authority })
        }
        StoreKind::AwsSecretsManager => {
            let region = fields.required("region", &|reader, node| reader.name(node));
            let (id, secret) = (fields.required("access_key_id", &key), fields.required("secret_access_key", &key));
            let (address, session_token) =
                (fields.optional("address", &|reader, node| reader.url(node)), fields.optional("session_token", &key));
            region.zip(id).zip(secret).map(|((region, access_key_id), secret_access_key)| SecretStore::AwsSecretsManager {
                region,
                address,
                access_key_id,
                secret_access_key,
                session_token,
            })
        }
        StoreKind::Kubernetes => {
            let (address, token) = (fields.required("address", &|reader, node| reader.url(node)), fields.required("token", &key));
            let authority = words("authority");
            address.zip(token).map(|(address, token)| SecretStore::Kubernetes { address, token, authority })
        }
        StoreKind::Command => {
            let (read, write) = (fields.required("read", &argv), fields.optional("write", &argv));
            let pass = fields.optional("pass", &super::command::pass).unwrap_or_default();
            read.map(|read| SecretStore::Command { read, write, pass })
        }
    };
    fields.finish();
    store
}

/// Who is asking a Vault.
fn login(reader: &TreeReader<'_>, node: &Node) -> Option<VaultLogin> {
    let fields = reader.fields(node, "a login")?;
    let login = match fields.exactly_one(&["token", "approle", "kubernetes"]) {
        Some("token") => fields.required("token", &key).map(VaultLogin::Token),
        Some("approle") => fields.required("approle", &|reader, node| {
            let fields = reader.fields(node, "a login as an application")?;
            let (role_id, secret_id) = (fields.required("role_id", &|reader, node| reader.words(node)), fields.required("secret_id", &key));
            let mount = fields.optional("mount", &|reader, node| reader.words(node)).unwrap_or_else(|| "approle".into());
            fields.finish();
            Some(VaultLogin::Approle { role_id: role_id?, secret_id: secret_id?, mount })
        }),
        Some("kubernetes") => fields.required("kubernetes", &|reader, node| {
            let fields = reader.fields(node, "a login as a service account")?;
            let (role, token) = (fields.required("role", &|reader, node| reader.words(node)), fields.required("token", &key));
            let mount = fields.optional("mount", &|reader, node| reader.words(node)).unwrap_or_else(|| "kubernetes".into());
            fields.finish();
            Some(VaultLogin::Kubernetes { role: role?, token: token?, mount })
        }),
        _ => None,
    };
    fields.finish();
    login
}

/// An error where a credential is kept in a store that nobody declared, or in one of another kind.
pub(super) fn named(
    document: &SourceDocument,
    path: &[&str],
    from: &CredentialSource,
    stores: &BTreeMap<String, SecretStore>,
) -> Option<Finding> {
    let (name, kind) = from.store()?;
    match stores.get(name) {
        None if stores.is_empty() => {
            let hint = format!("add `stores: {{{name}: {}}}` to the inventory", form(kind));
            Some(document.error(path, format!("the store `{name}` is not declared"), hint).about("stores", name))
        }
        None => {
            let hint = name_hint(name, "a store", stores.keys());
            Some(document.error(path, format!("the store `{name}` is not declared"), hint).about("stores", name))
        }
        Some(store) if store.kind() != kind => {
            let hint = format!("write `{kind}@STORE:…` with the name of a store of that kind");
            Some(document.error(path, format!("the store `{name}` is of the kind `{}`, not `{kind}`", store.kind()), hint))
        }
        Some(_) => None,
    }
}
