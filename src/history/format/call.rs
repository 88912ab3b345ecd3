//! Programs, requests and objects of clusters that steps name.

use super::record::record;
use crate::model::{Command, HttpCall, KubernetesObject};
use std::collections::BTreeMap;

record! {
    struct HttpCallRecord of HttpCall {
        method: String,
        url: String,
        headers: BTreeMap<String, String>,
        body: Option<String>,
        expect_status: Option<u16>,
        expect_text: Option<String>,
    }
}

record! {
    struct CommandRecord of Command {
        argv: Vec<String>,
        env: BTreeMap<String, String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pass: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        folder: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        exit_codes: Vec<u8>,
    }
}

record! {
    struct KubernetesObjectRecord of KubernetesObject {
        namespace: String,
        kind: String,
        name: String,
    }
}
