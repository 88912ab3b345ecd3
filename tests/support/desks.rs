//! Paging services and status pages, simulated by what their documentation says they take.

use super::{Project, wait_for};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Dropping it ends it.
pub(crate) struct Desks {
    process: Child,
    folder: PathBuf,
    /// Its address.
    pub(crate) url: String,
}

impl Desks {
    /// What stands for its keys in the environment.
    pub(crate) const KEYS: [(&str, &str); 4] = [
        ("TEST_ROUTING", "routing-key-of-thirty-two-letters"),
        ("TEST_READING", "pager-read-token"),
        ("TEST_GENIE", "genie-key-of-many-letters"),
        ("TEST_PAGE", "page-token-of-many-letters"),
    ];

    pub(crate) fn start(project: &Project) -> Self {
        let folder = project.path("desks");
        std::fs::create_dir_all(&folder).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/desks/server.py");
        let mut command = Command::new("python3");
        let process = command.arg(script).arg(&folder).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let port = wait_for("the desks", || std::fs::read_to_string(folder.join("port")).ok());
        Self { process, folder, url: format!("http://127.0.0.1:{port}") }
    }

    /// Contacts that are told there, as an inventory has them.
    pub(crate) fn contacts(&self) -> String {
        let url = &self.url;
        format!(
            "contacts:\n  pager: {{name: Pager, pagerduty: {{key: \"env:TEST_ROUTING\", at: \"{url}/v2/enqueue\", token: \"env:TEST_READING\", \
             api: \"{url}\"}}}}\n  genie: {{name: Genie, opsgenie: {{key: \"env:TEST_GENIE\", at: \"{url}\"}}}}\n  customers: {{name: Customers, \
             statuspage: {{page: kctbh9vrtdwd, token: \"env:TEST_PAGE\", at: \"{url}\", title: \"Chat is slow\", components: {{8kbf7d35c070: \
             major_outage}}}}}}\n  partners: {{name: Partners, instatus: {{page: cl1, token: \"env:TEST_PAGE\", at: \"{url}\", components: \
             {{ck1: partial_outage}}}}}}\n  boss: {{name: Boss, reach: \"tel:112\"}}\n"
        )
    }

    /// What becomes of the next requests that write.
    pub(crate) fn script(&self, turns: &Value) {
        std::fs::write(self.folder.join("script.json"), turns.to_string()).unwrap();
    }

    /// Somebody acknowledges everything there.
    pub(crate) fn acknowledge(&self, by: &str) {
        std::fs::write(self.folder.join("acknowledged"), by).unwrap();
    }

    /// The requests until now.
    pub(crate) fn log(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.join("log.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Those whose method and path begin so.
    pub(crate) fn calls(&self, call: &str) -> Vec<Value> {
        self.log().into_iter().filter(|logged| logged["call"].as_str().unwrap().starts_with(call)).collect()
    }
}

impl Drop for Desks {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
