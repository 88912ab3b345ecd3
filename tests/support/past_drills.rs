//! Folders of past drills by the thousand, made of the files of one that was run: its first lines and its last, its verdict, a file of findings;
//! each with a name, a moment, a scenario, an environment and a verdict of its own.

use flate2::read::GzDecoder;
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The drill that they are made of.
const DRILL: &str = "2026-11-29T19-35-49-azure-outage-0007";
/// What they go through in turn.
pub(crate) const SCENARIOS: [&str; 5] = ["azure-outage", "key-revoked", "rate-limit", "region-lost", "slow-answers"];
pub(crate) const ENVIRONMENTS: [&str; 2] = ["lab", "staging"];
pub(crate) const VERDICTS: [&str; 3] = ["met", "missed", "inconclusive"];

/// The files of one drill.
pub(crate) struct PastDrills {
    first: String,
    middle: String,
    last: String,
    verdict: Value,
}

impl PastDrills {
    pub(crate) fn of_one() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/drills/format-2.0/azure-outage");
        let mut history = String::new();
        GzDecoder::new(File::open(folder.join("history.jsonl.gz")).unwrap()).read_to_string(&mut history).unwrap();
        let lines: Vec<&str> = history.lines().collect();
        let verdict = serde_json::from_slice(&std::fs::read(folder.join("verdict.json")).unwrap()).unwrap();
        let middle = lines[1..40].iter().map(|line| format!("{line}\n")).collect();
        Self { first: lines[0].to_owned() + "\n", middle, last: lines[lines.len() - 1].to_owned() + "\n", verdict }
    }

    /// What the drill with this number is called: they began six hours apart, from 2020 on.
    pub(crate) fn name(number: usize) -> String {
        format!("{}-{}-{number:04x}", Self::began(number).format("%Y-%m-%dT%H-%M-%S"), SCENARIOS[number % SCENARIOS.len()])
    }

    pub(crate) fn began(number: usize) -> chrono::DateTime<chrono::Utc> {
        let first: chrono::DateTime<chrono::Utc> = "2020-01-01T08:00:00Z".parse().unwrap();
        first + chrono::TimeDelta::hours(6) * i32::try_from(number).unwrap()
    }

    /// Writes the folder of one below another.
    pub(crate) fn write(&self, parent: &Path, number: usize) -> PathBuf {
        let (name, began) = (Self::name(number), Self::began(number).to_rfc3339());
        let (scenario, environment) = (SCENARIOS[number % SCENARIOS.len()], ENVIRONMENTS[number % ENVIRONMENTS.len()]);
        let folder = parent.join(&name);
        std::fs::create_dir_all(&folder).unwrap();
        let mut first = self.first.replace(DRILL, &name).replace("2026-11-29T19:35:49.991+00:00", &began);
        first = first.replace("\"scenario\":{\"name\":\"azure-outage\"", &format!("\"scenario\":{{\"name\":\"{scenario}\""));
        first = first.replace("\"environment_name\":\"lab\"", &format!("\"environment_name\":\"{environment}\""));
        std::fs::write(folder.join("history.jsonl"), first + &self.middle + &self.last).unwrap();
        let mut verdict = self.verdict.clone();
        let facts = [("drill", name.as_str()), ("scenario", scenario), ("environment", environment), ("started_at", &began)];
        for (key, value) in facts {
            verdict[key] = value.into();
        }
        verdict["verdict"] = VERDICTS[number % VERDICTS.len()].into();
        std::fs::write(folder.join("verdict.json"), verdict.to_string()).unwrap();
        if number.is_multiple_of(4) {
            std::fs::write(folder.join("findings.yaml"), findings(&name, scenario, environment, &began)).unwrap();
        }
        folder
    }
}

/// A file of findings, one of them open and one gone.
fn findings(drill: &str, scenario: &str, environment: &str, began: &str) -> String {
    format!(
        "# kept by people\nversion: 1\ndrill: {drill}\nscenario: {scenario}\nenvironment: {environment}\nstarted: {began}\nfindings:\n  \
         - id: dead-primary-asked\n    severity: medium\n    says: \"It was asked 412 times.\"\n    state: still-there\n    owner: ann   # she knows\n    \
         due: 2020-06-01\n\n  - id: relapse\n    severity: low\n    says: Once.\n    state: gone\n"
    )
}
