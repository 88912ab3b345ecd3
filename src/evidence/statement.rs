//! What is signed of a drill: two statements of in-toto (Statement v1), both about its manifest.
//!
//! ```text
//!  test-result.sigstore.json   predicate https://in-toto.io/attestation/test-result/v0.1: did it pass, in words that other tools know
//!  measurement.sigstore.json   predicate of our own: what was measured, as intervals in milliseconds, and which time stamps there are
//! ```
//!
//! What this file does not do: judge, or sign.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The media type of a statement in an envelope.
pub(super) const PAYLOAD: &str = "application/vnd.in-toto+json";
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";
/// The type of our own predicate: lengths of time are milliseconds with a fraction, as in `verdict.json`.
pub const CUTOVER: &str = "https://lifeboat.dev/attestation/cutover/v1";

/// The result of a test, in the words of the predicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TestOutcome {
    /// Every objective was met.
    Passed,
    /// One was missed.
    Failed,
    /// It cannot be told.
    Warned,
}

/// How a drill ended, for its statements.
#[derive(Debug, Clone, PartialEq)]
pub struct DrillOutcome {
    /// In all.
    pub result: TestOutcome,
    /// Each objective by its name.
    pub tests: Vec<(String, TestOutcome)>,
    /// What it was planned from: names and SHA-256.
    pub configuration: Vec<(String, String)>,
    /// The fields of our own predicate, whatever they are.
    pub measured: serde_json::Map<String, Value>,
}

/// Something by its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Resource {
    pub(super) name: String,
    pub(super) digest: BTreeMap<String, String>,
}

impl Resource {
    pub(super) fn new(name: impl Into<String>, sha256: impl Into<String>) -> Self {
        Self { name: name.into(), digest: BTreeMap::from([("sha256".to_owned(), sha256.into())]) }
    }
}

/// A statement, whatever it says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    pub(super) subject: Vec<Resource>,
    #[serde(rename = "predicateType")]
    pub(super) predicate_type: String,
    pub(super) predicate: Value,
}

/// The predicate of in-toto's, version 0.1.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TestResult {
    result: TestOutcome,
    configuration: Vec<Resource>,
    passed_tests: Vec<String>,
    warned_tests: Vec<String>,
    failed_tests: Vec<String>,
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Predicate {
    TestResult,
    Cutover,
}

impl Predicate {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::TestResult => TEST_RESULT,
            Self::Cutover => CUTOVER,
        }
    }
}

impl Statement {
    /// One about this file. `stamps` are the time stamps that there are: names and SHA-256.
    pub(super) fn new(predicate: Predicate, subject: Resource, outcome: &DrillOutcome, stamps: &[(String, String)]) -> Self {
        let told = match predicate {
            Predicate::TestResult => test_result(outcome),
            Predicate::Cutover => {
                let mut fields = outcome.measured.clone();
                fields.insert("stamps".to_owned(), stamps.iter().cloned().collect::<BTreeMap<_, _>>().into_iter().collect());
                Value::Object(fields)
            }
        };
        Self { kind: STATEMENT.to_owned(), subject: vec![subject], predicate_type: predicate.word().to_owned(), predicate: told }
    }

    /// The statement in a payload; `None` where it is something else.
    pub(super) fn read(payload: &[u8], predicate: Predicate) -> Option<Self> {
        let read: Self = serde_json::from_slice(payload).ok()?;
        (read.kind == STATEMENT && read.predicate_type == predicate.word()).then_some(read)
    }

    /// The time stamps that it names.
    pub(super) fn stamps(&self) -> impl Iterator<Item = (&str, &str)> {
        let named = self.predicate.get("stamps").and_then(Value::as_object);
        named.into_iter().flatten().filter_map(|(name, hash)| Some((name.as_str(), hash.as_str()?)))
    }
}

fn test_result(outcome: &DrillOutcome) -> Value {
    let ended =
        |wanted| outcome.tests.iter().filter(|(_, result)| *result == wanted).map(|(name, _)| name.clone()).collect::<Vec<String>>();
    let told = TestResult {
        result: outcome.result,
        configuration: outcome.configuration.iter().map(|(name, hash)| Resource::new(name, hash)).collect(),
        passed_tests: ended(TestOutcome::Passed),
        warned_tests: ended(TestOutcome::Warned),
        failed_tests: ended(TestOutcome::Failed),
    };
    serde_json::to_value(told).expect("plain data can be written as JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_statement_is_as_in_toto_has_it() {
        let outcome = DrillOutcome {
            result: TestOutcome::Failed,
            tests: vec![("rto".into(), TestOutcome::Failed), ("lost".into(), TestOutcome::Passed), ("rpo".into(), TestOutcome::Warned)],
            configuration: vec![("scenarios/x.yaml".into(), "ab".into())],
            measured: serde_json::Map::from_iter([("verdict".to_owned(), json!("missed"))]),
        };
        let of = |predicate| Statement::new(predicate, Resource::new("manifest.json", "cd"), &outcome, &[("head.tsr".into(), "ef".into())]);
        let subject = json!([{"name": "manifest.json", "digest": {"sha256": "cd"}}]);
        let told = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": subject,
            "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
            "predicate": {
                "result": "FAILED",
                "configuration": [{"name": "scenarios/x.yaml", "digest": {"sha256": "ab"}}],
                "passedTests": ["lost"], "warnedTests": ["rpo"], "failedTests": ["rto"],
            },
        });
        assert_eq!(serde_json::to_value(of(Predicate::TestResult)).unwrap(), told);
        let own = serde_json::to_vec(&of(Predicate::Cutover)).unwrap();
        let read = Statement::read(&own, Predicate::Cutover).unwrap();
        assert_eq!((read.predicate["verdict"].as_str(), read.stamps().collect::<Vec<_>>()), (Some("missed"), vec![("head.tsr", "ef")]));
        assert!(Statement::read(&own, Predicate::TestResult).is_none() && Statement::read(b"{}", Predicate::Cutover).is_none());
    }
}
