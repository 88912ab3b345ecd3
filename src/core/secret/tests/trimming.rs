//! White space around a value is no part of it, wherever it is kept. (Of the environment this is shown by `lifeboat fingerprint`.)

use super::super::{RestoringStore, SecretContext};
use super::{Recorded, key_file, secret, store};
use crate::model::{CredentialSource, SecretStore, VaultLogin};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// A Vault with a key-value engine of version 1.
fn vault(server: &Recorded, root: &Path) -> SecretStore {
    let login = VaultLogin::Token(key_file(root, "token", "t"));
    SecretStore::Vault { address: server.address.clone(), namespace: None, login, authority: None }
}

#[tokio::test]
async fn a_line_end_behind_a_key_works_alike_in_every_store() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    std::fs::write(root.join("key"), " sk-one\r\n").unwrap();
    std::fs::write(root.join(".env"), "KEY=\" sk-one\\n\"\n").unwrap();
    let kept = Recorded::start(|_| (200, json!({"data": {"key": "sk-one\n"}})));
    let aws = Recorded::start(|_| (200, json!({"SecretString": " sk-one\n", "VersionId": "v"})));
    let encoded = BASE64_STANDARD.encode("sk-one\n");
    let cluster = Recorded::start(move |_| (200, json!({"metadata": {"resourceVersion": "7"}, "data": {"key": encoded}})));
    let key = |name: &str| key_file(root, name, "k");
    let (access_key_id, secret_access_key) = (key("id"), key("secret"));
    let aws = SecretStore::AwsSecretsManager {
        region: "eu".into(),
        address: Some(aws.address.clone()),
        access_key_id,
        secret_access_key,
        session_token: None,
    };
    let cluster = SecretStore::Kubernetes { address: cluster.address.clone(), token: key("token-k"), authority: None };
    let printed = ["printf", " sk-one\\n\\n"].map(str::to_owned).to_vec();
    let command = SecretStore::Command { read: printed, write: None, pass: Vec::new() };
    for (from, declared) in [
        ("file:key", None),
        ("dotenv:.env#KEY", None),
        ("command:pass", Some(("pass", command))),
        ("vault:kv/openai#key", Some(("vault", vault(&kept, root)))),
        ("aws-secretsmanager:chat", Some(("aws-secretsmanager", aws))),
        ("kubernetes:chat/gateway#key", Some(("kubernetes", cluster))),
    ] {
        let held = store(from, declared, root).read().await.unwrap();
        assert_eq!(held.value, secret("sk-one"), "{from}: {:?}", held.value.expose());
    }
}

#[tokio::test]
async fn what_is_put_back_has_its_white_space_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut kept = "sk-one\n".to_owned();
    let server = Recorded::start(move |asked| {
        if asked.method == "POST" {
            kept = asked.body["key"].as_str().unwrap().to_owned();
            return (204, Value::Null);
        }
        (200, json!({"data": {"key": kept}}))
    });
    let stores = BTreeMap::from([("vault".to_owned(), vault(&server, folder.path()))]);
    let source = CredentialSource::parse("vault:kv/openai#key").unwrap();
    let place = SecretContext { stores: &stores, root: folder.path() };
    let store = RestoringStore::new(&source, place, &secret("sk-one"), folder.path(), 1).unwrap();
    super::Store::write(&store, &secret("sk-lab"), None).await.unwrap();
    assert!(store.put_back().await.unwrap());
    let written: Vec<Value> = server.asked().into_iter().filter(|asked| asked.method == "POST").map(|asked| asked.body).collect();
    assert_eq!(written, [json!({"key": "sk-lab"}), json!({"key": "sk-one\n"})]);
}
