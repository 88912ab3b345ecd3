//! Objects of a Kubernetes cluster that are no Secrets: read, and changed in one value only where nobody else has changed them meanwhile.
//!
//! A change is a JSON merge patch (RFC 7386) that names the `resourceVersion` which was read, so that the API server itself refuses it with a
//! conflict where the object is another by then. A list stands in such a patch as a whole.
//! Source: kubernetes.io/docs/reference/using-api/api-concepts (resource versions, dry run, patches).

use super::SecretError;
use super::call::ApiRequest;
use super::kubernetes::Cluster;
use crate::model::KubernetesObject;
use crate::units::Secret;
use serde_json::{Map, Value, json};

/// What becomes of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patch {
    /// It is done.
    Real,
    /// The API server only says whether it would be: rights, admission and validation included.
    Dry,
}

impl Cluster {
    /// The object as it is now.
    ///
    /// # Errors
    /// See [`SecretError`].
    pub async fn object(&self, object: &KubernetesObject) -> Result<Value, SecretError> {
        let place = object.to_string();
        let answer = self.call(ApiRequest::get(&object.path()), &place).await?;
        if answer.is_good() && answer.body["metadata"]["resourceVersion"].is_string() {
            return Ok(answer.body);
        }
        Err(self.refused(&place, &answer, None))
    }

    /// Lets the object have the value that `changed` has at a path of keys and places, if it still is what `read` says. Returns false where it
    /// is not: then nothing was done. What the server says of a failure is shown without `value`.
    ///
    /// # Errors
    /// See [`SecretError`].
    pub async fn patch_object(
        &self,
        object: &KubernetesObject,
        read: &Value,
        changed: &Value,
        path: &[String],
        value: &Secret,
        patch: Patch,
    ) -> Result<bool, SecretError> {
        let place = object.to_string();
        let mut body = merge(changed, path);
        if !body["metadata"].is_object() {
            body["metadata"] = json!({});
        }
        body["metadata"]["resourceVersion"] = read["metadata"]["resourceVersion"].clone();
        let at = match patch {
            Patch::Real => object.path(),
            Patch::Dry => format!("{}?dryRun=All", object.path()),
        };
        let answer = self.call(Self::patch(&at, "application/merge-patch+json", &body), &place).await?;
        match answer.status {
            409 => Ok(false),
            _ if answer.is_good() => Ok(true),
            _ => Err(self.refused(&place, &answer, Some(value))),
        }
    }
}

/// The part of an object along a path, down to the value or to the first list on the way.
fn merge(object: &Value, path: &[String]) -> Value {
    match (object, path.split_first()) {
        (Value::Object(entries), Some((key, rest))) => {
            let inner = entries.get(key).map_or(Value::Null, |inner| merge(inner, rest));
            Value::Object(Map::from_iter([(key.clone(), inner)]))
        }
        _ => object.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_names_only_what_is_on_the_way() {
        let object = json!({"spec": {"replicas": 3, "rules": [{"weight": 1}, {"weight": 9}], "x": 1}, "data": {"A": "a"}});
        let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(merge(&object, &path("spec.replicas")), json!({"spec": {"replicas": 3}}));
        assert_eq!(merge(&object, &path("data.A")), json!({"data": {"A": "a"}}));
        assert_eq!(merge(&object, &path("spec.rules.1.weight")), json!({"spec": {"rules": [{"weight": 1}, {"weight": 9}]}}));
    }
}
