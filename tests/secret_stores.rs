//! Secret stores against servers of others: `rvault` for Vault's key-value engine of version 1 and its logins, `moto` for AWS Secrets
//! Manager. Version 2 and Kubernetes meet recorded shapes in the unit tests of the room `secret`.

use crate::support::{Moto, Project, Vault};
use lifeboat::model::{CredentialSource, SecretStore, VaultLogin};
use lifeboat::secret::{SecretContext, SecretError, Store, Version, open};
use lifeboat::units::{Secret, explained};
use serde_json::{Value, json};

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

/// The store of a source in a project with this one store.
fn store(project: &Project, from: &str, declared: SecretStore) -> Box<dyn Store> {
    let source = CredentialSource::parse(from).unwrap();
    let stores = [(source.store().unwrap().0.to_owned(), declared)].into();
    open(&source, SecretContext { stores: &stores, root: &project.path(".") }).unwrap()
}

fn file(project: &Project, name: &str, key: &str) -> CredentialSource {
    project.write(name, key);
    CredentialSource::File(name.to_owned())
}

fn trust() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[tokio::test]
async fn a_real_vault_keeps_a_key_beside_its_other_fields() {
    trust();
    let project = Project::empty();
    let vault = Vault::start(&project).await;
    let declared = |login| SecretStore::Vault { address: vault.address.clone(), namespace: None, login, authority: None };
    let by_token = VaultLogin::Token(file(&project, "token", &vault.token));
    let key = store(&project, "vault:secret/chat/openai#key", declared(by_token));
    let absent = key.read().await.unwrap_err();
    assert!(matches!(absent, SecretError::Absent { .. }), "{absent}");
    vault.call("POST", "secret/chat/openai", &json!({"key": "sk-one", "user": "somebody"})).await;
    let held = key.read().await.unwrap();
    assert_eq!(held.value, secret("sk-one"));
    let version = key.write(&secret("sk-two"), Some(&held.version)).await.unwrap();
    assert_eq!((key.read().await.unwrap().value, key.read().await.unwrap().version), (secret("sk-two"), version));
    let whole = vault.call("GET", "secret/chat/openai", &Value::Null).await;
    assert_eq!(whole["data"], json!({"key": "sk-two", "user": "somebody"}));
    let late = key.write(&secret("sk-three"), Some(&held.version)).await.unwrap_err();
    assert!(matches!(late, SecretError::Changed { .. }), "{late}");

    let wrong = VaultLogin::Token(file(&project, "wrong", "not-the-token"));
    let refused = explained(&store(&project, "vault:secret/chat/openai#key", declared(wrong)).read().await.unwrap_err());
    assert!(refused.contains("status 403") && refused.contains("hint: check that the token is still valid"), "{refused}");
    vault.seal().await;
    let sealed = key.read().await.unwrap_err();
    assert!(matches!(sealed, SecretError::Refused { .. }) && explained(&sealed).contains("hint: unseal it"), "{sealed}");
    vault.unseal().await;
    assert_eq!(key.read().await.unwrap().value, secret("sk-two"));
    drop(vault);
    let down = key.read().await.unwrap_err();
    assert!(matches!(down, SecretError::Unreachable { .. }), "{down}");
}

#[tokio::test]
async fn a_real_vault_lets_an_application_in_for_its_proof() {
    trust();
    let project = Project::empty();
    let vault = Vault::start(&project).await;
    vault.call("POST", "secret/chat/openai", &json!({"key": "sk-one"})).await;
    vault.call("POST", "sys/auth/approle", &json!({"type": "approle"})).await;
    vault.call("POST", "auth/approle/role/gateway", &json!({"token_policies": "default"})).await;
    let role_id =
        vault.call("GET", "auth/approle/role/gateway/role-id", &Value::Null).await["data"]["role_id"].as_str().unwrap().to_owned();
    let proof =
        vault.call("POST", "auth/approle/role/gateway/secret-id", &json!({})).await["data"]["secret_id"].as_str().unwrap().to_owned();
    let approle = |proof: &str| {
        let login = VaultLogin::Approle { role_id: role_id.clone(), secret_id: file(&project, "proof", proof), mount: "approle".into() };
        let declared = SecretStore::Vault { address: vault.address.clone(), namespace: None, login, authority: None };
        store(&project, "vault:secret/chat/openai#key", declared)
    };
    assert_eq!(approle(&proof).read().await.unwrap().value, secret("sk-one"));
    let refused = approle("00000000-not-the-proof").read().await.unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("not-the-proof"), "{refused:?}");
    assert!(explained(&refused).contains("hint: check that the login at auth/approle is enabled"), "{refused}");
}

fn aws(project: &Project, moto: &Moto, from: &str) -> Box<dyn Store> {
    let (id, secret) = (file(project, "id", "AKIAEXAMPLE"), file(project, "secret", "an-example-of-a-secret-key"));
    let region = "eu-central-1".to_owned();
    let address = Some(moto.address.clone());
    store(
        project,
        from,
        SecretStore::AwsSecretsManager { region, address, access_key_id: id, secret_access_key: secret, session_token: None },
    )
}

#[tokio::test]
async fn aws_rotates_in_four_steps_and_back() {
    trust();
    let (project, moto) = (Project::empty(), Moto::start());
    let key = aws(&project, &moto, "aws-secretsmanager:chat/openai#key");
    let absent = key.read().await.unwrap_err();
    assert!(matches!(absent, SecretError::Absent { .. }), "{absent}");
    moto.call("CreateSecret", &json!({"Name": "chat/openai", "SecretString": r#"{"key":"sk-one","user":"somebody"}"#})).await;
    let first = key.read().await.unwrap();
    assert_eq!(first.value, secret("sk-one"));
    assert_eq!(key.staged().await.unwrap(), None);

    // Create, (set,) test, finish: until the last one, programs get the old key.
    let second = key.stage(&secret("sk-two")).await.unwrap();
    assert_eq!(key.read().await.unwrap(), first);
    let staged = key.staged().await.unwrap().unwrap();
    assert_eq!((staged.value, &staged.version), (secret("sk-two"), &second));
    key.commit(&second).await.unwrap();
    let now = key.read().await.unwrap();
    assert_eq!((now.value, &now.version), (secret("sk-two"), &second));
    assert_eq!(key.staged().await.unwrap(), None);
    // Without the label, moto gives what was current at first.
    let whole = moto.call("GetSecretValue", &json!({"SecretId": "chat/openai", "VersionStage": "AWSCURRENT"})).await;
    let whole: Value = serde_json::from_str(whole["SecretString"].as_str().unwrap()).unwrap();
    assert_eq!(whole, json!({"key": "sk-two", "user": "somebody"}));

    // And back to what was current before.
    assert_eq!(key.rollback(&first.version).await.unwrap(), first.version);
    assert_eq!(key.read().await.unwrap().value, secret("sk-one"));
    let third = key.write(&secret("sk-three"), Some(&first.version)).await.unwrap();
    assert_eq!(key.read().await.unwrap().version, third);
    let late = key.write(&secret("sk-four"), Some(&first.version)).await.unwrap_err();
    assert!(matches!(late, SecretError::Changed { .. }), "{late}");
    let unknown = key.rollback(&Version("0".repeat(32))).await.unwrap_err();
    assert!(matches!(unknown, SecretError::Malformed { .. }), "{unknown}");
}

#[tokio::test]
async fn a_rotation_that_died_half_way_holds_up_the_next_until_somebody_decides() {
    trust();
    let (project, moto) = (Project::empty(), Moto::start());
    let key = aws(&project, &moto, "aws-secretsmanager:plain");
    moto.call("CreateSecret", &json!({"Name": "plain", "SecretString": "sk-one"})).await;
    let current = key.read().await.unwrap();
    let stuck = key.stage(&secret("sk-two")).await.unwrap();
    let next = key.stage(&secret("sk-three")).await.unwrap_err();
    assert!(matches!(&next, SecretError::Staged { version, .. } if *version == stuck), "{next}");
    assert!(explained(&next).contains("hint: find out whether its key works"), "{next}");
    assert_eq!(key.rollback(&stuck).await.unwrap(), current.version);
    assert_eq!((key.read().await.unwrap(), key.staged().await.unwrap()), (current, None));
    let again = key.stage(&secret("sk-three")).await.unwrap();
    key.commit(&again).await.unwrap();
    assert_eq!(key.read().await.unwrap().value, secret("sk-three"));
}
