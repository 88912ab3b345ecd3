//! A server with Vault's HTTP API: `rvault` of the crate `rusty_vault`, from the PATH or from where `.ci/run` installs it.

use super::secrets::{ask, fields};
use super::{Project, wait_for};
use serde_json::{Value, json};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// It is unsealed, with its key-value engine (version 1) at `secret/`. Dropping it ends it.
pub(crate) struct Vault {
    process: Child,
    pub(crate) address: String,
    pub(crate) token: String,
    unseal: String,
}

impl Vault {
    pub(crate) async fn start(project: &Project) -> Self {
        // A port that was free a moment ago is almost surely free now.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listener = json!({"tcp": {"address": format!("127.0.0.1:{port}"), "tls_disable": true}});
        let storage = json!({"file": {"path": project.path("vault")}});
        // It joins names to its folder without a slash.
        let folder = format!("{}/", project.path("work").display());
        let config = json!({"storage": storage, "listener": listener, "work_dir": folder, "log_level": "error"});
        project.write("vault.json", &config.to_string());
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin/rvault");
        let mut command = Command::new(if own.exists() { own.as_os_str() } else { "rvault".as_ref() });
        command.args(["server", "--config"]).arg(project.path("vault.json"));
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let process = process.expect("this test needs rvault: cargo install --locked rusty_vault --root target/tools");
        let mut vault = Self { process, address: format!("http://127.0.0.1:{port}"), token: String::new(), unseal: String::new() };
        wait_for("rvault", || TcpStream::connect(("127.0.0.1", port)).ok());
        let made = vault.call("PUT", "sys/init", &json!({"secret_shares": 1, "secret_threshold": 1})).await;
        vault.token = made["root_token"].as_str().unwrap().to_owned();
        vault.unseal = made["keys"][0].as_str().unwrap().to_owned();
        vault.unseal().await;
        vault
    }

    /// One call as its owner; the answer's body.
    pub(crate) async fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let request = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = request.request(method.parse().unwrap(), format!("{}/v1/{path}", self.address));
        let answer = request.header("x-vault-token", &self.token).json(body).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Asks it for every secret that it holds, with its owner's token and the key that unseals it. What was replaced it knows no more.
    pub(crate) fn secrets(&self) -> impl Fn() -> Vec<(String, String)> + Send + 'static {
        let (address, header) = (self.address.clone(), format!("x-vault-token: {}\r\n", self.token));
        let own = [self.token.clone(), self.unseal.clone()];
        move || {
            let mut found = own.to_vec();
            below(&address, &header, "secret/", &mut found);
            found.into_iter().map(|secret| ("store:vault".to_owned(), secret)).collect()
        }
    }

    pub(crate) async fn seal(&self) {
        self.call("PUT", "sys/seal", &json!({})).await;
    }

    pub(crate) async fn unseal(&self) {
        self.call("PUT", "sys/unseal", &json!({"key": self.unseal})).await;
    }
}

/// Secrets at and below a path.
fn below(address: &str, header: &str, path: &str, into: &mut Vec<String>) {
    let names = ask(address, "LIST", &format!("/v1/{path}"), header);
    for name in names["data"]["keys"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let path = format!("{path}{name}");
        if path.ends_with('/') {
            below(address, header, &path, into);
        } else {
            let secret = ask(address, "GET", &format!("/v1/{path}"), header);
            into.extend(fields(&secret["data"].to_string()));
        }
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
