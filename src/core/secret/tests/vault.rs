//! Vault's key-value engine of version 2 and its logins, **against recorded shapes**: no server that these tests can start speaks version 2.
//! The shapes are those of Vault's API documentation (secret/kv/kv-v2, auth/approle, auth/kubernetes). Version 1 meets a real server in the
//! integration tests.

use super::super::{Ability, SecretError, Version};
use super::{Recorded, key_file, secret, store};
use crate::model::{SecretStore, VaultLogin};
use crate::units::explained;
use serde_json::{Value, json};
use std::path::Path;

/// A secret of version 2 with the versions that were written, for whoever sends one of these tokens.
fn engine(tokens: &'static [&'static str]) -> Recorded {
    let mut versions: Vec<Value> = vec![json!({"key": "sk-one", "user": "somebody"})];
    let mut logins = 0;
    Recorded::start(move |asked| {
        if let Some(mount) = asked.path.strip_prefix("/v1/auth/").and_then(|path| path.strip_suffix("/login")) {
            let right = match mount {
                "approle" => asked.body == json!({"role_id": "r", "secret_id": "proof"}),
                _ => asked.body == json!({"role": "r", "jwt": "proof"}),
            };
            logins += 1;
            return match right {
                true => (200, json!({"auth": {"client_token": format!("t{logins}"), "lease_duration": 3600, "renewable": true}})),
                false => (400, json!({"errors": [format!("invalid proof {}", asked.text)]})),
            };
        }
        if !tokens.contains(&asked.headers["x-vault-token"].as_str()) {
            return (403, json!({"errors": ["permission denied"]}));
        }
        let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
        if path != "/v1/secret/data/chat/openai" {
            return (404, json!({"errors": []}));
        }
        if asked.method == "POST" {
            if asked.body["options"]["cas"] != versions.len() {
                let said = "check-and-set parameter did not match the current version";
                return (400, json!({"errors": [said]}));
            }
            versions.push(asked.body["data"].clone());
            return (
                200,
                json!({"data": {"created_time": "2026-01-01T00:00:00Z", "deletion_time": "", "destroyed": false, "version": versions.len()}}),
            );
        }
        let number = query.strip_prefix("version=").map_or(versions.len(), |number| number.parse().unwrap());
        match versions.get(number.wrapping_sub(1)) {
            Some(data) => (200, json!({"data": {"data": data, "metadata": {"version": number, "destroyed": false}}})),
            None => (404, json!({"errors": []})),
        }
    })
}

fn vault(server: &Recorded, login: VaultLogin, root: &Path) -> Box<dyn super::Store> {
    let declared = SecretStore::Vault { address: server.address.clone(), namespace: Some("team".into()), login, authority: None };
    store("vault:secret/data/chat/openai#key", Some(("vault", declared)), root)
}

#[tokio::test]
async fn version_2_writes_over_what_was_read_and_keeps_the_other_fields() {
    let (server, folder) = (engine(&["t"]), tempfile::tempdir().unwrap());
    let vault = vault(&server, VaultLogin::Token(key_file(folder.path(), "token", "t")), folder.path());
    assert_eq!(vault.abilities(), [Ability::Write, Ability::Compare, Ability::Rollback]);
    let first = vault.read().await.unwrap();
    assert_eq!((first.value, first.version.0.as_str()), (secret("sk-one"), "1"));
    let second = vault.write(&secret("sk-two"), Some(&first.version)).await.unwrap();
    assert_eq!(second, Version("2".into()));
    let late = vault.write(&secret("sk-three"), Some(&first.version)).await.unwrap_err();
    assert!(matches!(late, SecretError::Changed { .. }), "{late}");
    assert_eq!(vault.rollback(&first.version).await.unwrap(), Version("3".into()));
    assert_eq!(vault.read().await.unwrap().value, secret("sk-one"));
    assert!(matches!(vault.rollback(&Version("9".into())).await, Err(SecretError::Absent { .. })));
    assert!(matches!(vault.stage(&secret("x")).await, Err(SecretError::Cannot { .. })));
    let asked = server.asked();
    let writes: Vec<_> = asked.iter().filter(|asked| asked.method == "POST").map(|asked| &asked.body).collect();
    assert_eq!(*writes[0], json!({"options": {"cas": 1}, "data": {"key": "sk-two", "user": "somebody"}}));
    assert!(asked.iter().all(|asked| asked.headers["x-vault-namespace"] == "team" && asked.headers["x-vault-request"] == "true"));
}

#[tokio::test]
async fn a_token_is_got_once_and_again_when_it_is_refused() {
    let (server, folder) = (engine(&["t2"]), tempfile::tempdir().unwrap());
    let proof = key_file(folder.path(), "proof", "proof");
    let login = VaultLogin::Approle { role_id: "r".into(), secret_id: proof.clone(), mount: "approle".into() };
    let approle = vault(&server, login, folder.path());
    // The first token is one that has expired meanwhile.
    assert_eq!(approle.read().await.unwrap().value, secret("sk-one"));
    assert_eq!(approle.read().await.unwrap().version, Version("1".into()));
    let paths: Vec<_> = server.asked().into_iter().map(|asked| asked.path).collect();
    let (login, data) = ("/v1/auth/approle/login", "/v1/secret/data/chat/openai");
    assert_eq!(paths, [login, data, login, data, data]);
    let kubernetes = VaultLogin::Kubernetes { role: "r".into(), token: proof, mount: "eu".into() };
    let refused = vault(&server, kubernetes, folder.path()).read().await.unwrap_err();
    assert!(matches!(refused, SecretError::Refused { .. }), "a third and a fourth token are refused: {refused}");
}

#[tokio::test]
async fn refusals_say_what_to_do_and_no_secret() {
    let (server, folder) = (engine(&[]), tempfile::tempdir().unwrap());
    let token = vault(&server, VaultLogin::Token(key_file(folder.path(), "token", "a-token")), folder.path());
    let refused = explained(&token.read().await.unwrap_err());
    assert!(refused.contains("status 403, permission denied\n\nhint: check that the token is still valid"), "{refused}");
    let wrong = key_file(folder.path(), "wrong", "a-wrong-proof");
    let login = VaultLogin::Approle { role_id: "r".into(), secret_id: wrong, mount: "approle".into() };
    let refused = vault(&server, login, folder.path()).read().await.unwrap_err();
    assert!(refused.to_string().contains("invalid proof"), "{refused}");
    assert!(!format!("{refused} {refused:?}").contains("a-wrong-proof"), "{refused:?}");
}
