//! What `lifeboat check` found, as SARIF 2.1.0 (OASIS), which code hosts show beside the lines, or as plain JSON.

use crate::project::{Finding, Severity};
use serde_json::{Value, json};

/// The schema that it follows.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// A finding with the name of its rule.
#[derive(Debug)]
pub(super) struct CheckedFinding {
    /// What kind of finding.
    pub(super) rule: CheckRule,
    /// What was found.
    pub(super) finding: Finding,
}

/// The kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CheckRule {
    /// Something is wrong or doubtful in a file of the project.
    Project,
    /// By a gateway's configuration a cutover can take longer than was promised.
    SlowCutover,
    /// No drill could begin: a calendar, or a schedule that freezes hold.
    Permission,
}

impl CheckRule {
    const ALL: [Self; 3] = [Self::Project, Self::SlowCutover, Self::Permission];

    /// Its name, which stays the same.
    const fn id(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::SlowCutover => "slow-cutover",
            Self::Permission => "permission",
        }
    }

    const fn told(self) -> &'static str {
        match self {
            Self::Project => "A file of the project is wrong, or probably not meant as it stands",
            Self::SlowCutover => "By the gateway's configuration a cutover can take longer than the service's RTO",
            Self::Permission => "A calendar cannot be read, or holds every time of a schedule",
        }
    }
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// All of it as one run.
pub(super) fn sarif(found: &[CheckedFinding]) -> Value {
    let rules: Vec<Value> = CheckRule::ALL
        .iter()
        .map(|rule| json!({"id": rule.id(), "shortDescription": {"text": rule.told()}, "defaultConfiguration": {"level": "warning"}}))
        .collect();
    let results: Vec<Value> = found.iter().map(result).collect();
    let driver = json!({"name": "lifeboat", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules});
    json!({"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}]})
}

fn result(found: &CheckedFinding) -> Value {
    let CheckedFinding { rule, finding } = found;
    let text = finding.hint.as_ref().map_or_else(|| finding.message.clone(), |hint| format!("{}. Hint: {hint}", finding.message));
    let place = CheckRule::ALL.iter().position(|each| each == rule).unwrap_or_default();
    let mut location = json!({"artifactLocation": {"uri": uri(&finding.path)}});
    if finding.line > 0 {
        let mut region = json!({"startLine": finding.line, "startColumn": finding.column.max(1)});
        if finding.length > 0 {
            region["endColumn"] = (finding.column.max(1) + finding.length).into();
        }
        location["region"] = region;
    }
    let mut result = json!({"ruleId": rule.id(), "ruleIndex": place, "level": level(finding.severity), "message": {"text": text}});
    if !finding.path.is_empty() {
        result["locations"] = json!([{"physicalLocation": location}]);
    }
    result
}

/// A path as a relative reference: what has a meaning there is escaped.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The same for programs that know nothing of SARIF.
pub(super) fn plain(found: &[CheckedFinding], counts: &Value) -> Value {
    let each = found.iter().map(|CheckedFinding { rule, finding }| {
        json!({
            "rule": rule.id(), "severity": level(finding.severity), "path": finding.path, "line": finding.line, "column": finding.column,
            "message": finding.message, "hint": finding.hint,
        })
    });
    json!({"checked": counts, "findings": each.collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_point_at_lines_and_name_rules_that_are_there() {
        let slow = Finding::of_configuration("gate way/config.yaml", "a: 1\n  b: 2\n", 2, "too slow", "set `b` to `1`");
        let whole = Finding::unreadable_configuration("x.yaml", "this cannot be read", "name another");
        let found =
            [CheckedFinding { rule: CheckRule::SlowCutover, finding: slow }, CheckedFinding { rule: CheckRule::Project, finding: whole }];
        let told = sarif(&found);
        let run = &told["runs"][0];
        assert_eq!((&told["version"], &run["tool"]["driver"]["name"]), (&json!("2.1.0"), &json!("lifeboat")));
        for result in run["results"].as_array().unwrap() {
            let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
            assert_eq!(rule["id"], result["ruleId"]);
        }
        let place = &run["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "gate%20way/config.yaml");
        assert_eq!(place["region"], json!({"startLine": 2, "startColumn": 3, "endColumn": 7}));
        assert_eq!((&run["results"][0]["level"], &run["results"][1]["level"]), (&json!("warning"), &json!("error")));
        assert!(run["results"][1]["locations"][0]["physicalLocation"].get("region").is_none());
        assert_eq!(plain(&found, &json!({}))["findings"][0]["line"], 2);
    }
}
