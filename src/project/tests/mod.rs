//! What good and bad files get: a project of three good files, of which each test spoils what it wants to see reported.

use super::{Project, check};
use std::path::{Path, PathBuf};

mod across;
mod alerts;
mod canary;
mod contracts;
mod doubts;
mod elsewhere;
mod faults;
mod good;
mod hostile;
mod parity;
mod people;
mod rotations;
mod schedules;
mod sheet;
mod wire;
mod within;
mod workloads;

/// The day on which the files of these tests are checked.
const TODAY: &str = "2026-11-20";

const INVENTORY: &str = r#"version: 1
contacts:
  oncall: {name: On call, reach: "webhook:${ONCALL_WEBHOOK}"}
credentials:
  azure-key: {kind: api-key, from: "env:AZURE_KEY"}
providers:
  azure-swedencentral: {dialect: azure-openai, residency: eu, base_url: "https://a.example", credential: azure-key}
  openai-eu: {dialect: openai, residency: eu}
  bytes-only: {dialect: tcp, residency: us}
services:
  support-chat:
    owner: oncall
    criticality: single-point-of-failure
    providers: [azure-swedencentral, openai-eu]
    runbook: runbooks/switch.yaml
    objectives: {rto: 10s, slo: {first_token: 2s}, stable_for: 8s}
environments:
  staging:
    services: {support-chat: {url: "https://gw.example/v1"}}
    allow: {faults_on: [openai-eu], max_rate: 20/s}
"#;

const SCENARIO: &str = r#"version: 1
scenario: outage
service: support-chat
runbook: runbooks/switch.yaml
traffic: {rate: 50/s}
timeline:
  baseline: 8s
  faults:
    - {at: 0s, on: azure-swedencentral, fault: {blackhole: {}}, for: 20s}
  watch: 20s
objectives: {failback: 10s}
"#;

const RUNBOOK: &str = r#"version: 1
runbook: switch
owner: oncall
start: on-detection
escalate: [{after: 5s, to: oncall}]
steps:
  - name: Switch
    run: ["./switch.sh", "${standby}"]
    timeout: 10s
    undo: {run: ["./switch.sh", "${primary}"]}
  - name: Confirm
    wait_until: {success: "99% over 5s"}
    timeout: 1m
"#;

/// A project in a folder of its own: three good files, of which a test spoils what it wants to see reported.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap() };
        files.write("runbooks/inventory.yaml", INVENTORY).write("runbooks/switch.yaml", RUNBOOK).write("scenarios/outage.yaml", SCENARIO);
        files
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    fn scenario(&self) -> PathBuf {
        self.root().join("scenarios/outage.yaml")
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Replaces text that must be there.
    fn spoil(&self, path: &str, good: &str, bad: &str) -> &Self {
        let text = std::fs::read_to_string(self.root().join(path)).unwrap();
        assert!(text.contains(good), "{path} holds no `{good}`");
        self.write(path, text.replacen(good, bad, 1))
    }

    fn check(&self) -> String {
        check(self.root(), &[], TODAY).findings.to_string()
    }

    fn plan(&self, environment: &str) -> String {
        let (project, _) = Project::open(self.root());
        project.plan(&self.scenario(), environment).map_or_else(|findings| findings, |(_, findings)| findings).to_string()
    }
}

/// A project with one text spoiled, and what `check` says.
#[track_caller]
fn gets(path: &str, good: &str, bad: &str, said: &str) {
    assert_eq!(Files::new().spoil(path, good, bad).check(), said.trim_start());
}

const INVENTORY_PATH: &str = "runbooks/inventory.yaml";
const SCENARIO_PATH: &str = "scenarios/outage.yaml";
const RUNBOOK_PATH: &str = "runbooks/switch.yaml";
