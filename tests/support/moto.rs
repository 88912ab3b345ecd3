//! AWS Secrets Manager as `moto` plays it. It checks no signature, but what is not signed at all it does not understand.

use super::python;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Dropping it ends it.
pub(crate) struct Moto {
    process: Child,
    pub(crate) address: String,
}

impl Moto {
    pub(crate) fn start() -> Self {
        let mut command = Command::new(python("secret_stores", "tests/secret_stores/requirements.txt").join("moto_server"));
        command.args(["-H", "127.0.0.1", "-p", "0"]).env("PYTHONUNBUFFERED", "1");
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| Some(line.unwrap().split_once("Running on ")?.1.trim().to_owned()));
        // What it says of each request must be read, or it would wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address: address.expect("it says where it answers") }
    }

    /// One call, as AWS's own client makes it.
    pub(crate) async fn call(&self, operation: &str, input: &Value) -> Value {
        let http = reqwest::Client::builder().no_proxy().build().unwrap().post(&self.address);
        let scope = "AKIAEXAMPLE/20260101/eu-central-1/secretsmanager/aws4_request";
        let http = http.header("authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"));
        let http = http.header("x-amz-target", format!("secretsmanager.{operation}")).header("content-type", "application/x-amz-json-1.1");
        let answer = http.body(input.to_string()).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{operation}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
