//! AWS's Secrets Manager, IAM and token service as `moto` plays them. It asks nobody who they are until it is told to; then it checks every
//! signature and every policy.

use super::python;
use super::secrets::{ask, fields};
use serde_json::{Value, json};
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

    /// One call of Secrets Manager, as AWS's own client makes it.
    pub(crate) async fn call(&self, operation: &str, input: &Value) -> Value {
        let headers = [("x-amz-target", format!("secretsmanager.{operation}")), ("content-type", "application/x-amz-json-1.1".into())];
        serde_json::from_str(&self.ask("eu-central-1/secretsmanager", &headers, input.to_string()).await).unwrap()
    }

    /// A new access key of a new IAM user, who may do everything to `service`, by its identifier and its secret.
    pub(crate) async fn user(&self, name: &str, service: &str) -> (String, String) {
        let allow = json!({"Effect": "Allow", "Action": service, "Resource": "*"});
        let policy = json!({"Version": "2012-10-17", "Statement": [allow]}).to_string();
        self.iam("CreateUser", &[("UserName", name)]).await;
        self.iam("PutUserPolicy", &[("UserName", name), ("PolicyName", "all"), ("PolicyDocument", &policy)]).await;
        let made = self.iam("CreateAccessKey", &[("UserName", name)]).await;
        let field = |tag: &str| {
            let after = made.split_once(&format!("<{tag}>")).unwrap().1;
            after.split_once('<').unwrap().0.to_owned()
        };
        (field("AccessKeyId"), field("SecretAccessKey"))
    }

    /// One call of IAM, as long as nobody is asked who they are; what it answers in XML.
    pub(crate) async fn iam(&self, action: &str, fields: &[(&str, &str)]) -> String {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("Action", action), ("Version", "2010-05-08")])
            .extend_pairs(fields)
            .finish();
        self.ask("us-east-1/iam", &[("content-type", "application/x-www-form-urlencoded".into())], form).await
    }

    /// Makes a bucket, which can lock what it holds or not; as long as nobody is asked who they are.
    pub(crate) async fn bucket(&self, name: &str, locks: bool) {
        let call = Self::http().put(format!("{}/{name}", self.address)).header("x-amz-bucket-object-lock-enabled", locks.to_string());
        let status = call.send().await.unwrap().status();
        assert!(status.is_success(), "{name}: {status}");
    }

    /// One call for an object, by its bucket and its key, as long as nobody is asked who they are: the status, the headers, the body.
    pub(crate) async fn object(&self, method: &str, place: &str) -> (u16, Vec<(String, String)>, Vec<u8>) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        // Whoever says who they are is believed; to anybody else an object is closed.
        let call = Self::http().request(method, format!("{}/{place}", self.address)).header("authorization", signed("us-east-1/s3"));
        let answer = call.send().await.unwrap();
        let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        (answer.status().as_u16(), headers, answer.bytes().await.unwrap().to_vec())
    }

    /// Asks it for every secret that it holds and held: versions of secrets, and access keys. A key that was deleted it knows no more.
    pub(crate) fn secrets(&self) -> impl Fn() -> Vec<(String, String)> + Send + 'static {
        let address = self.address.clone();
        move || {
            let mut found = Vec::new();
            held(&ask(&address, "GET", "/moto-api/data.json", ""), &mut found);
            found.into_iter().map(|secret| ("store:moto".to_owned(), secret)).collect()
        }
    }

    /// From now on it asks everybody who they are, or nobody.
    pub(crate) async fn asks_who_they_are(&self, asks: bool) {
        let count = if asks { "0" } else { "inf" };
        let call = Self::http().post(format!("{}/moto-api/reset-auth", self.address)).header("content-type", "text/plain");
        assert!(call.body(count).send().await.unwrap().status().is_success());
    }

    async fn ask(&self, scope: &str, headers: &[(&str, String)], body: String) -> String {
        let call = Self::http().post(&self.address).header("authorization", signed(scope));
        let call = headers.iter().fold(call, |call, (name, value)| call.header(*name, value));
        let answer = call.body(body.clone()).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{body}: {status} {text}");
        text
    }

    fn http() -> reqwest::Client {
        reqwest::Client::builder().no_proxy().build().unwrap()
    }
}

/// What says who somebody is to a server that asks nobody.
fn signed(scope: &str) -> String {
    format!("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/{scope}/aws4_request, SignedHeaders=host, Signature=00")
}

/// Secrets anywhere in what it tells of itself.
fn held(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(entries) => entries.iter().for_each(|(name, value)| match (name.as_str(), value.as_str()) {
            ("secret_string", Some(text)) => into.extend(fields(text)),
            ("secret_access_key", Some(key)) => into.push(key.to_owned()),
            _ => held(value, into),
        }),
        Value::Array(items) => items.iter().for_each(|item| held(item, into)),
        _ => {}
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
