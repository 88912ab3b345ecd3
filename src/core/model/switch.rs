//! One value of somebody else's configuration, and what it becomes.

use super::words;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// One value of a file or of a Kubernetes object, and what it becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// In what it stands.
    pub within: Within,
    /// The path of keys and places to the value.
    pub key: Vec<String>,
    /// The new value; may contain variables. Empty where the key is taken out.
    pub to: String,
    /// What becomes of the key.
    #[serde(default, skip_serializing_if = "KeyChange::is_usual")]
    pub change: KeyChange,
    /// True where the file itself is written into, which is not done all at once; else another is put in its place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_place: bool,
}

words! {
    /// What becomes of a key.
    #[derive(Default)]
    KeyChange {
        /// It is there, and gets another value.
        #[default]
        Set = "set",
        /// It is not there, and is added.
        Add = "add",
        /// It is taken out.
        Remove = "remove",
    }
}

impl KeyChange {
    /// True of what is usual.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    pub fn is_usual(&self) -> bool {
        *self == Self::Set
    }
}

/// In what a value stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Within {
    /// A YAML, JSON, TOML or `.env` file.
    File {
        /// From the project's root; may contain variables.
        file: String,
        /// In which document, where a YAML file has several.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        document: Option<DocumentSelector>,
    },
    /// An object of a Kubernetes cluster.
    Kubernetes {
        /// The store under `stores:` whose cluster it is.
        store: String,
        /// Which one.
        object: KubernetesObject,
    },
}

/// One document of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentSelector {
    /// The one at this place, from 1.
    Number(u64),
    /// The only one in which the values at these paths are these.
    Where(BTreeMap<String, String>),
}

impl fmt::Display for DocumentSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "document {number}"),
            Self::Where(values) => {
                let all: Vec<String> = values.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                write!(f, "document with {}", all.join(", "))
            }
        }
    }
}

/// Kinds that need no group and version, with the path of their group and their names there; the last are only looked at, never changed.
const KINDS: [(&str, &str, &str); 8] = [
    ("configmap", "api/v1", "configmaps"),
    ("daemonset", "apis/apps/v1", "daemonsets"),
    ("deployment", "apis/apps/v1", "deployments"),
    ("ingress", "apis/networking.k8s.io/v1", "ingresses"),
    ("service", "api/v1", "services"),
    ("statefulset", "apis/apps/v1", "statefulsets"),
    ("job", "apis/batch/v1", "jobs"),
    ("pod", "api/v1", "pods"),
];
/// So many of them are changed.
const CHANGED: usize = 6;

/// An object in a namespace of a Kubernetes cluster. Text form: `NAMESPACE/KIND/NAME`, where another kind than the common ones is written
/// as `kubectl` takes it, `RESOURCE.VERSION.GROUP`: `chat/httproutes.v1.gateway.networking.k8s.io/router`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KubernetesObject {
    /// Where it is.
    pub namespace: String,
    /// What it is.
    pub kind: String,
    /// Its name.
    pub name: String,
}

impl KubernetesObject {
    /// The kinds that need no group and version, of what is changed.
    pub fn kinds() -> impl Iterator<Item = &'static str> {
        KINDS[..CHANGED].iter().map(|(kind, ..)| *kind)
    }

    /// Reads its text form. Secrets are none of these: what they hold would stand in a runbook.
    pub fn parse(text: &str) -> Option<Self> {
        Self::looked_at(text).filter(|object| KINDS[CHANGED..].iter().all(|(kind, ..)| *kind != object.kind))
    }

    /// The same of what is only looked at, which pods and jobs are too.
    pub fn looked_at(text: &str) -> Option<Self> {
        let [namespace, kind, name] = text.split('/').collect::<Vec<_>>().try_into().ok()?;
        let plain = |part: &str| {
            let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
            part.starts_with(|c: char| c.is_ascii_alphanumeric()) && part.chars().all(letter)
        };
        let object = Self { namespace: namespace.to_owned(), kind: kind.to_owned(), name: name.to_owned() };
        ([namespace, kind, name].into_iter().all(plain) && object.resource().is_some()).then_some(object)
    }

    /// Its path at the API server.
    pub fn path(&self) -> String {
        let (group, resource) = self.resource().unwrap_or_default();
        format!("/{group}/namespaces/{}/{resource}/{}", self.namespace, self.name)
    }

    fn resource(&self) -> Option<(String, &str)> {
        if let Some((_, group, resource)) = KINDS.iter().find(|(kind, ..)| *kind == self.kind) {
            return Some(((*group).to_owned(), resource));
        }
        let (resource, rest) = self.kind.split_once('.')?;
        let (version, group) = rest.split_once('.')?;
        (!version.is_empty() && !group.is_empty()).then(|| (format!("apis/{group}/{version}"), resource))
    }
}

impl fmt::Display for KubernetesObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.namespace, self.kind, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::KubernetesObject;

    #[test]
    fn objects_are_found_where_the_api_has_them() {
        let path = |text: &str| KubernetesObject::parse(text).map(|object| object.path());
        for (text, wanted) in [
            ("chat/deployment/gateway", "/apis/apps/v1/namespaces/chat/deployments/gateway"),
            ("chat/configmap/router.conf", "/api/v1/namespaces/chat/configmaps/router.conf"),
            ("chat/httproutes.v1.gateway.networking.k8s.io/r", "/apis/gateway.networking.k8s.io/v1/namespaces/chat/httproutes/r"),
        ] {
            assert_eq!(path(text).as_deref(), Some(wanted), "{text}");
        }
        for text in [
            "gateway",
            "deployment/gateway",
            "chat/secret/keys",
            "chat/pod/x",
            "chat/deployment/",
            "chat/deployment/a?b",
            "a/b/c/d",
            "a/x.v1/c",
        ] {
            assert_eq!(path(text), None, "{text}");
        }
    }
}
