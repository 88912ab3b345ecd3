//! Prometheus, as Debian's `prometheus` installs it, which watches nothing but itself.

use super::{Project, wait_for};
use serde_json::json;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

/// Dropping it ends it.
pub(crate) struct Prometheus {
    process: Child,
    address: String,
}

impl Prometheus {
    /// It scrapes itself four times a second, as the job `self`.
    pub(crate) fn start(project: &Project) -> Self {
        Self::watching(project, &[])
    }

    /// The same, and others beside itself; their `/metrics` keep the labels that they have.
    pub(crate) fn watching(project: &Project, others: &[String]) -> Self {
        Self::alerting(project, others, &[])
    }

    /// The same, with files of rules that it goes by four times a second.
    pub(crate) fn alerting(project: &Project, others: &[String], rules: &[&str]) -> Self {
        // A port that was free a moment ago is almost surely free now. It must be known before, for it stands in what is scraped.
        let address = format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
        let job = |name: &str, targets: &[String]| {
            let targets = json!([{"targets": targets}]);
            json!({"job_name": name, "scrape_interval": "250ms", "scrape_timeout": "250ms", "honor_labels": true, "static_configs": targets})
        };
        let jobs = [job("self", std::slice::from_ref(&address)), job("others", others)];
        let config = json!({"global": {"evaluation_interval": "250ms"}, "rule_files": rules, "scrape_configs": jobs});
        project.write("prometheus/prometheus.yml", &config.to_string());
        let mut command = Command::new("prometheus");
        command.args(["--config.file=prometheus.yml", "--storage.tsdb.path=data", &format!("--web.listen-address={address}")]);
        command.current_dir(project.path("prometheus"));
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let started = Self { process: process.expect("this test needs Prometheus: apt-get install prometheus"), address };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let ready = format!("{}/-/ready", started.url());
        wait_for("Prometheus", || runtime.block_on(http.get(&ready).send()).ok().filter(|answer| answer.status().is_success()).map(drop));
        started
    }

    /// Its base URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
