//! Kubernetes: one key of a Secret, and workloads that are restarted to take it up.
//!
//! A mounted Secret reaches its programs when the kubelet gets to it, an environment variable never: so a write is followed by a restart
//! ([`Cluster::restart`]), which is an annotation on the pod template as `kubectl rollout restart` sets it, and by waiting until the
//! workload's status says that every pod is new and available ([`Cluster::rolled_out`]).
//! Sources: kubernetes.io/docs/reference/kubernetes-api (Secret, Deployment, StatefulSet, DaemonSet), kubectl's `rollout status`.

use super::call::{ApiClient, ApiRequest, ApiResponse, escaped, refused};
use super::{Ability, Pending, SecretError, Store, Version, VersionedSecret};
use crate::units::Secret;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use std::fmt;
use std::time::Duration;
use tokio::time::Instant;

/// How often a rollout's status is asked for.
const LOOK: Duration = Duration::from_millis(500);

/// A cluster's API server and who asks it.
#[derive(Debug, Clone)]
pub struct Cluster {
    pub(super) api: ApiClient,
    pub(super) token: Secret,
}

/// What runs pods: `deployment/NAME`, `statefulset/NAME` or `daemonset/NAME` in a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesWorkload {
    namespace: String,
    kind: &'static str,
    name: String,
}

impl KubernetesWorkload {
    /// Reads `deployment/NAME`; `None` for anything else.
    pub fn parse(namespace: &str, text: &str) -> Option<Self> {
        let (kind, name) = text.split_once('/')?;
        let kind = ["deployment", "statefulset", "daemonset"].into_iter().find(|known| *known == kind)?;
        (!name.is_empty() && !name.contains('/')).then(|| Self { namespace: namespace.to_owned(), kind, name: name.to_owned() })
    }

    fn path(&self) -> String {
        format!("/apis/apps/v1/namespaces/{}/{}s/{}", escaped(&self.namespace), self.kind, escaped(&self.name))
    }
}

impl fmt::Display for KubernetesWorkload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} in {}", self.kind, self.name, self.namespace)
    }
}

impl Cluster {
    pub(super) async fn call(&self, request: ApiRequest<'_>, place: &str) -> Result<ApiResponse, SecretError> {
        let bearer = format!("Bearer {}", self.token.expose());
        self.api.ask(request.header("authorization", bearer).header("accept", "application/json".to_owned()), place).await
    }

    pub(super) fn patch<'a>(path: &'a str, form: &str, body: &Value) -> ApiRequest<'a> {
        ApiRequest { method: Method::PATCH, ..ApiRequest::get(path) }.json(body).header("content-type", form.to_owned())
    }

    pub(super) fn refused(&self, place: &str, answer: &ApiResponse, value: Option<&Secret>) -> SecretError {
        let hint = match answer.status {
            401 => "check that the service account's token is the current one",
            403 => "allow the service account `get` and `patch` on this object (a Role and its RoleBinding)",
            404 => "check the namespace and the name, for example with `kubectl get secret,deployment -n NAMESPACE`",
            _ => "look into the API server's log",
        };
        let mut secrets = vec![&self.token];
        secrets.extend(value);
        refused(place, answer.status, answer.body["message"].as_str().unwrap_or_default(), &secrets, hint)
    }

    /// Restarts every pod of a workload, in the manner that it declares. Returns the generation to wait for.
    ///
    /// # Errors
    /// See [`SecretError`].
    pub async fn restart(&self, workload: &KubernetesWorkload) -> Result<u64, SecretError> {
        let at = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let annotation = json!({"kubectl.kubernetes.io/restartedAt": at});
        let body = json!({"spec": {"template": {"metadata": {"annotations": annotation}}}});
        let (path, place) = (workload.path(), workload.to_string());
        let answer = self.call(Self::patch(&path, "application/strategic-merge-patch+json", &body), &place).await?;
        match answer.body["metadata"]["generation"].as_u64().filter(|_| answer.is_good()) {
            Some(generation) => Ok(generation),
            None => Err(self.refused(&place, &answer, None)),
        }
    }

    /// Waits until every pod is of this generation or a later one and available. A request that fails on the way is asked again: an API
    /// server may restart meanwhile too.
    ///
    /// # Errors
    /// Where the rollout gave up, was not done in time, or the last look at it failed.
    pub async fn rolled_out(&self, workload: &KubernetesWorkload, generation: u64, within: Duration) -> Result<(), SecretError> {
        let (path, place, end) = (workload.path(), workload.to_string(), Instant::now() + within);
        loop {
            let looked = tokio::time::timeout_at(end, self.call(ApiRequest::get(&path), &place)).await;
            let waiting = match looked {
                Ok(Ok(answer)) if answer.is_good() => match progress(workload.kind, &answer.body, generation) {
                    RolloutProgress::Done => return Ok(()),
                    RolloutProgress::GaveUp(why) => {
                        let hint =
                            "look at the new pods with `kubectl describe pod`; `kubectl rollout undo` brings the old ones back".to_owned();
                        return Err(SecretError::Refused { place, why, hint });
                    }
                    RolloutProgress::Waiting(why) => Ok(why),
                },
                Ok(Ok(answer)) => Err(self.refused(&place, &answer, None)),
                Ok(Err(error)) => Err(error),
                Err(_) => Ok("no status came".to_owned()),
            };
            if Instant::now() + LOOK >= end {
                let problem = format!("not rolled out within {} s: {}", within.as_secs_f32(), waiting?);
                return Err(SecretError::Unknown { place, problem });
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// The progress of a rollout.
#[derive(Debug, PartialEq, Eq)]
enum RolloutProgress {
    Done,
    Waiting(String),
    GaveUp(String),
}

/// What a workload's status says, by the rules of `kubectl rollout status`.
fn progress(kind: &str, body: &Value, generation: u64) -> RolloutProgress {
    let status = |name: &str| body["status"][name].as_u64().unwrap_or(0);
    if status("observedGeneration") < generation {
        return RolloutProgress::Waiting("the restart is not seen yet".to_owned());
    }
    let conditions = body["status"]["conditions"].as_array().into_iter().flatten();
    if let Some(condition) = conditions.clone().find(|condition| condition["reason"] == "ProgressDeadlineExceeded") {
        return RolloutProgress::GaveUp(
            condition["message"].as_str().unwrap_or("it exceeded its progress deadline").chars().take(200).collect(),
        );
    }
    let (wanted, updated, available) = match kind {
        "daemonset" => (status("desiredNumberScheduled"), status("updatedNumberScheduled"), status("numberAvailable")),
        "statefulset" => (body["spec"]["replicas"].as_u64().unwrap_or(1), status("updatedReplicas"), status("readyReplicas")),
        _ => (body["spec"]["replicas"].as_u64().unwrap_or(1), status("updatedReplicas"), status("availableReplicas")),
    };
    let old = if kind == "deployment" { status("replicas").saturating_sub(updated) } else { 0 };
    let unlike = kind == "statefulset" && wanted > 0 && body["status"]["currentRevision"] != body["status"]["updateRevision"];
    if updated < wanted || old > 0 || available < wanted || unlike {
        return RolloutProgress::Waiting(format!("{updated} of {wanted} pods are new, {available} available, {old} old"));
    }
    RolloutProgress::Done
}

/// One key of a Secret.
#[derive(Debug)]
pub(super) struct KubernetesSecret {
    pub(super) place: String,
    pub(super) cluster: Cluster,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) key: String,
}

impl KubernetesSecret {
    fn path(&self) -> String {
        format!("/api/v1/namespaces/{}/secrets/{}", escaped(&self.namespace), escaped(&self.name))
    }

    fn version(&self, body: &Value) -> Result<Version, SecretError> {
        let version = body["metadata"]["resourceVersion"].as_str().map(|version| Version(version.to_owned()));
        version.ok_or_else(|| self.malformed("the answer is not a Secret"))
    }

    fn malformed(&self, problem: &str) -> SecretError {
        let hint = "look at it with `kubectl get secret -o yaml`, and check what answers at the store's address".to_owned();
        SecretError::Malformed { place: self.place.clone(), problem: problem.to_owned(), hint }
    }
}

impl Store for KubernetesSecret {
    fn place(&self) -> &str {
        &self.place
    }

    fn abilities(&self) -> &'static [Ability] {
        &[Ability::Write, Ability::Compare]
    }

    fn read(&self) -> Pending<'_, VersionedSecret> {
        Box::pin(async {
            let answer = self.cluster.call(ApiRequest::get(&self.path()), &self.place).await?;
            if !answer.is_good() {
                return Err(self.cluster.refused(&self.place, &answer, None));
            }
            let Some(encoded) = answer.body["data"][&self.key].as_str() else {
                return Err(SecretError::Absent {
                    place: self.place.clone(),
                    problem: "the Secret has no such key".to_owned(),
                    hint: format!("add `{}` to its data", self.key),
                });
            };
            let value =
                BASE64_STANDARD.decode(encoded).ok().and_then(Secret::from_bytes).ok_or_else(|| self.malformed("its value is not text"))?;
            Ok(VersionedSecret::new(value, self.version(&answer.body)?))
        })
    }

    fn write<'a>(&'a self, value: &'a Secret, over: Option<&'a Version>) -> Pending<'a, Version> {
        Box::pin(async move {
            let mut body = json!({"data": {(&self.key): BASE64_STANDARD.encode(value.expose())}});
            if let Some(over) = over {
                body["metadata"] = json!({"resourceVersion": over.0});
            }
            let path = self.path();
            let answer = self.cluster.call(Cluster::patch(&path, "application/merge-patch+json", &body), &self.place).await?;
            match (answer.status, over) {
                (409, Some(expected)) => Err(SecretError::Changed { place: self.place.clone(), expected: expected.clone(), found: None }),
                _ if answer.is_good() => self.version(&answer.body),
                _ => Err(self.cluster.refused(&self.place, &answer, Some(value))),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollout_is_done_when_every_pod_is_new_and_available() {
        let deployment = |observed: u64, updated: u64, all: u64, available: u64| {
            let status =
                json!({"observedGeneration": observed, "updatedReplicas": updated, "replicas": all, "availableReplicas": available});
            progress("deployment", &json!({"spec": {"replicas": 3}, "status": status}), 7)
        };
        assert_eq!(deployment(7, 3, 3, 3), RolloutProgress::Done);
        for (observed, updated, all, available) in [(6, 3, 3, 3), (7, 2, 3, 3), (7, 3, 4, 3), (7, 3, 3, 2)] {
            assert!(
                matches!(deployment(observed, updated, all, available), RolloutProgress::Waiting(_)),
                "{observed} {updated} {all} {available}"
            );
        }
        let stuck = json!({"status": {"observedGeneration": 7, "conditions": [{"reason": "ProgressDeadlineExceeded", "message": "m"}]}});
        assert_eq!(progress("deployment", &stuck, 7), RolloutProgress::GaveUp("m".to_owned()));
        let daemons =
            json!({"status": {"observedGeneration": 7, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}});
        assert_eq!(progress("daemonset", &daemons, 7), RolloutProgress::Done);
        let set = |now: &str| {
            let status =
                json!({"observedGeneration": 7, "updatedReplicas": 1, "readyReplicas": 1, "currentRevision": now, "updateRevision": "b"});
            progress("statefulset", &json!({"spec": {"replicas": 1}, "status": status}), 7)
        };
        assert_eq!(set("b"), RolloutProgress::Done);
        assert!(matches!(set("a"), RolloutProgress::Waiting(_)));
    }

    #[test]
    fn workloads_are_named_as_kubectl_names_them() {
        assert_eq!(
            KubernetesWorkload::parse("chat", "deployment/gateway").unwrap().path(),
            "/apis/apps/v1/namespaces/chat/deployments/gateway"
        );
        for text in ["gateway", "pod/gateway", "deployment/", "deployment/a/b"] {
            assert_eq!(KubernetesWorkload::parse("chat", text), None, "{text}");
        }
    }
}
