//! Programs, requests and objects of clusters that steps name.

use super::record::record;
use crate::model::{Command, HttpCall, KubernetesObject};
use crate::units::Duration;
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
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        leaves_running: bool,
        #[serde(default = "Command::usual_grace", skip_serializing_if = "Command::is_usual_grace")]
        grace: Duration,
    }
}

record! {
    struct KubernetesObjectRecord of KubernetesObject {
        namespace: String,
        kind: String,
        name: String,
    }
}
