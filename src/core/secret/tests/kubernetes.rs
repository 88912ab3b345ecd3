//! A Kubernetes API server **against recorded shapes** of the objects that are read and patched: a cluster is not for a test to start.

use super::super::{KubernetesWorkload, SecretContext, SecretError, Version, cluster};
use super::{Recorded, key_file, secret, store};
use crate::model::SecretStore;
use crate::units::explained;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// One Secret, and a Deployment that takes two looks to roll out.
fn api() -> Recorded {
    let (mut data, mut version) = (json!({"KEY": BASE64_STANDARD.encode("sk-one\n"), "OTHER": "eA=="}), 7);
    let (mut generation, mut looks) = (1, 0);
    Recorded::start(move |asked| {
        let status = |code: u16, message: &str| (code, json!({"kind": "Status", "status": "Failure", "code": code, "message": message}));
        if asked.headers.get("authorization").map(String::as_str) != Some("Bearer sa-token") {
            return status(401, "Unauthorized");
        }
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/api/v1/namespaces/chat/secrets/gateway") => {}
            ("PATCH", "/api/v1/namespaces/chat/secrets/gateway") => {
                assert_eq!(asked.headers["content-type"], "application/merge-patch+json");
                let over = &asked.body["metadata"]["resourceVersion"];
                if !over.is_null() && over.as_str() != Some(version.to_string().as_str()) {
                    return status(409, "the object has been modified; please apply your changes to the latest version");
                }
                for (key, value) in asked.body["data"].as_object().unwrap() {
                    data[key] = value.clone();
                }
                version += 1;
            }
            ("PATCH", "/apis/apps/v1/namespaces/chat/deployments/gateway") => {
                assert_eq!(asked.headers["content-type"], "application/strategic-merge-patch+json");
                let annotations = &asked.body["spec"]["template"]["metadata"]["annotations"];
                assert!(annotations["kubectl.kubernetes.io/restartedAt"].is_string(), "{}", asked.body);
                (generation, looks) = (generation + 1, 0);
                return (200, deployment(generation, generation - 1, 0));
            }
            ("GET", "/apis/apps/v1/namespaces/chat/deployments/gateway") => {
                looks += 1;
                return (200, deployment(generation, generation, looks));
            }
            _ => return status(404, "not found"),
        }
        (200, json!({"kind": "Secret", "metadata": {"resourceVersion": version.to_string()}, "data": data, "type": "Opaque"}))
    })
}

fn deployment(generation: u64, observed: u64, updated: u64) -> Value {
    let status = json!({"observedGeneration": observed, "replicas": 2, "updatedReplicas": updated, "availableReplicas": 2});
    json!({"kind": "Deployment", "metadata": {"generation": generation}, "spec": {"replicas": 2}, "status": status})
}

fn declared(server: &Recorded, token: crate::model::CredentialSource) -> SecretStore {
    SecretStore::Kubernetes { address: server.address.clone(), token, authority: None }
}

#[tokio::test]
async fn one_key_of_a_secret_is_written_over_the_version_that_was_read() {
    let (server, folder) = (api(), tempfile::tempdir().unwrap());
    let token = key_file(folder.path(), "token", "sa-token");
    let kubernetes = store("kubernetes:chat/gateway#KEY", Some(("kubernetes", declared(&server, token))), folder.path());
    let held = kubernetes.read().await.unwrap();
    assert_eq!((held.value, held.version.0.as_str()), (secret("sk-one"), "7"));
    assert_eq!(kubernetes.write(&secret("sk-two"), Some(&held.version)).await.unwrap(), Version("8".into()));
    assert_eq!(kubernetes.read().await.unwrap().value, secret("sk-two"));
    let late = kubernetes.write(&secret("sk-three"), Some(&held.version)).await.unwrap_err();
    assert!(matches!(late, SecretError::Changed { .. }), "{late}");
    let patch = server.asked().into_iter().find(|asked| asked.method == "PATCH").unwrap();
    assert_eq!(patch.body, json!({"metadata": {"resourceVersion": "7"}, "data": {"KEY": BASE64_STANDARD.encode("sk-two")}}));
}

#[tokio::test]
async fn a_restart_is_waited_for_until_every_pod_is_new() {
    let (server, folder) = (api(), tempfile::tempdir().unwrap());
    let stores = BTreeMap::from([("eu".to_owned(), declared(&server, key_file(folder.path(), "token", "sa-token")))]);
    let cluster = cluster("eu", SecretContext { stores: &stores, root: folder.path() }).unwrap();
    let gateway = KubernetesWorkload::parse("chat", "deployment/gateway").unwrap();
    let generation = cluster.restart(&gateway).await.unwrap();
    assert_eq!(generation, 2);
    cluster.rolled_out(&gateway, generation, Duration::from_secs(60)).await.unwrap();
    assert_eq!(server.asked().len(), 3);
    let late = cluster.rolled_out(&gateway, 99, Duration::from_millis(1)).await.unwrap_err().to_string();
    assert!(late.contains("deployment/gateway in chat") && late.contains("not rolled out within"), "{late}");
}

#[tokio::test]
async fn refusals_name_the_right_that_is_missing() {
    let (server, folder) = (api(), tempfile::tempdir().unwrap());
    let token = key_file(folder.path(), "token", "old-token");
    let kubernetes = store("kubernetes:chat/gateway#KEY", Some(("kubernetes", declared(&server, token))), folder.path());
    let refused = explained(&kubernetes.read().await.unwrap_err());
    assert!(refused.contains("status 401, Unauthorized\n\nhint: check that the service account's token"), "{refused}");
    assert!(!refused.contains("old-token"), "{refused}");
}
