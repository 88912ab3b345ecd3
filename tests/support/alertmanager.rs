//! Prometheus' Alertmanager, as Debian's `prometheus-alertmanager` installs it. It is told of alerts as Prometheus would tell it, and tells a
//! webhook of them.

use super::Project;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Dropping it ends it.
pub(crate) struct Alertmanager {
    process: Child,
    address: String,
}

impl Alertmanager {
    /// It tells `url` of every alert at once, and bears this token.
    pub(crate) fn telling(project: &Project, url: &str, token: &str) -> Self {
        let webhook = json!({"url": url, "send_resolved": true, "http_config": {"authorization": {"credentials": token}}});
        let route = json!({"receiver": "lifeboat", "group_wait": "0s", "group_interval": "1s", "repeat_interval": "1h"});
        let config = json!({"route": route, "receivers": [{"name": "lifeboat", "webhook_configs": [webhook]}]});
        project.write("alertmanager.yml", &config.to_string());
        let mut command = Command::new("prometheus-alertmanager");
        command.args(["--config.file=alertmanager.yml", "--storage.path=alertmanager", "--cluster.listen-address="]);
        command.arg("--web.listen-address=127.0.0.1:0").current_dir(project.path("."));
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut process = process.expect("this test needs Alertmanager: apt-get install prometheus-alertmanager");
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            let line = line.unwrap();
            line.contains("Listening on").then(|| line.rsplit_once("address=").unwrap().1.trim().to_owned())
        });
        // What it says further on must be read, or it would wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address: address.expect("it says where it answers") }
    }

    /// Its base URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Tells it of an alert, and until when that lasts: `None` while it fires.
    pub(crate) async fn hear(&self, name: &str, until: Option<&str>) {
        let mut alert = json!({"labels": {"alertname": name, "service": "chat"}, "startsAt": "2026-01-01T00:00:00Z"});
        if let Some(until) = until {
            alert["endsAt"] = Value::from(until);
        }
        self.told(&alert).await;
    }

    /// Tells it of one that fires since then, apart from others of its name by `which`.
    pub(crate) async fn fires(&self, name: &str, which: &str, since: chrono::DateTime<chrono::Utc>) {
        let labels = json!({"alertname": name, "service": "chat", "which": which});
        let alert = json!({"labels": labels, "startsAt": since.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)});
        self.told(&alert).await;
    }

    async fn told(&self, alert: &Value) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = http.post(format!("http://{}/api/v2/alerts", self.address)).json(&json!([alert])).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Returns once the webhook has turned it away, by its own count.
    pub(crate) async fn is_turned_away(&self) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let metrics = http.get(format!("http://{}/metrics", self.address)).send().await.unwrap().text().await.unwrap();
            // Later versions name a reason as well.
            let failed = "alertmanager_notifications_failed_total{integration=\"webhook\"";
            if metrics.lines().any(|line| line.starts_with(failed) && !line.ends_with(" 0")) {
                return;
            }
            assert!(Instant::now() < end, "it was not turned away within 60 s\n{metrics}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
