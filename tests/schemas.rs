//! `lifeboat schema`: what Lifeboat writes and what it ships is of the form that it publishes, by a validator of others; and mistakes are not.

use crate::support::reports::{DRILLS, hostile, said, stored, understood, walked, written};
use crate::support::{Project, python};
use lifeboat::report::report_json;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A schema, as the binary prints it.
fn schema(project: &Project, of: &str) -> PathBuf {
    let printed = project.lifeboat(&["schema", of]);
    printed.exits_with(0);
    let path = project.path(&format!("{of}.schema.json"));
    std::fs::write(&path, &printed.stdout).unwrap();
    path
}

/// How many values were looked at in each file, and what is wrong with them.
fn held_to(schema: &Path, files: &[PathBuf]) -> Vec<(u64, Value)> {
    let all: Vec<PathBuf> = [schema.to_owned()].into_iter().chain(files.iter().cloned()).collect();
    understood("schema", &all).into_iter().map(|told| (told["values"].as_u64().unwrap(), told["wrong"].clone())).collect()
}

fn is_right(of: &str, schema: &Path, files: &[PathBuf]) {
    for ((values, wrong), file) in held_to(schema, files).into_iter().zip(files) {
        assert!(values > 0 && wrong == Value::Array(Vec::new()), "{of}: {}: {wrong:#}", file.display());
    }
}

/// Copies of a JSON file, each with one value changed at a place.
fn spoiled(folder: &Path, file: &Path, changes: &[(&str, Value)]) -> Vec<PathBuf> {
    let whole: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let texts = changes.iter().map(|(place, value)| {
        let mut whole = whole.clone();
        let (above, key) = place.rsplit_once('/').unwrap();
        let parent = whole.pointer_mut(above).unwrap_or_else(|| panic!("{place} is not there")).as_object_mut().unwrap();
        // A misspelt key stands in the place of the right one.
        match key.strip_suffix('~') {
            Some(key) => {
                let old = parent.remove(key).unwrap();
                parent.insert(format!("{key}x"), old);
            }
            None => drop(parent.insert(key.to_owned(), value.clone())),
        }
        whole.to_string()
    });
    written(folder, "spoiled.json", texts)
}

fn is_wrong(schema: &Path, files: &[PathBuf], changes: &[(&str, Value)]) {
    for ((_, wrong), change) in held_to(schema, files).into_iter().zip(changes) {
        assert!(!wrong.as_array().unwrap().is_empty(), "{change:?} is taken for right");
    }
}

#[test]
fn histories_verdicts_and_reports_are_of_the_form_that_is_published() {
    let project = Project::empty();
    // Drills of others, whose keys nobody here knows.
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = elsewhere.path().to_owned();
    let drills = stored(&folder);
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let histories: Vec<PathBuf> =
        DRILLS.iter().filter(|name| name.starts_with("format-2")).map(|name| folder.join(name).join("history.jsonl")).collect();
    let every = std::fs::read_dir(data.join("formats")).unwrap().map(|entry| entry.unwrap().path());
    let every = every.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("every-line-2"));
    let lines: Vec<PathBuf> = histories.iter().cloned().chain(every).collect();
    let of_history = schema(&project, "history");
    is_right("history", &of_history, &lines);
    let first = std::fs::read_to_string(&histories[0]).unwrap().lines().next().unwrap().to_owned();
    let first = &written(&folder, "first.json", [first])[0];
    let changes = [
        ("/t", "soon".into()),
        ("/started~", Value::Null),
        ("/started/seed~", Value::Null),
        ("/started/plan/workloads/each", 3.into()),
        ("/started/plan/scenario/timeline/faults~", Value::Null),
        ("/started/plan/scenario/timeline/baseline", "for ever".into()),
    ];
    is_wrong(&of_history, &spoiled(&folder, first, &changes), &changes);

    let of_verdict = schema(&project, "verdict");
    let old = DRILLS.iter().map(|name| data.join("drills").join(name).join("verdict.json"));
    let verdicts: Vec<PathBuf> =
        written(&folder, "verdict.json", drills.iter().map(|(_, judged, _)| judged.json())).into_iter().chain(old).collect();
    is_right("verdict", &of_verdict, &verdicts);
    let changes = [
        ("/verdict", "passed".into()),
        ("/objectives~", Value::Null),
        ("/terms/rto_ms", "10s".into()),
        ("/evidence/requests~", Value::Null),
    ];
    is_wrong(&of_verdict, &spoiled(&folder, &verdicts[0], &changes), &changes);

    let of_report = schema(&project, "report");
    let texts = drills.iter().map(|(_, judged, report)| report_json(report, Some(&judged.record())));
    let walk = walked(&folder);
    let texts: Vec<String> = texts.chain([report_json(&walk, None), report_json(&hostile(), None)]).collect();
    let reports = written(&folder, "report.json", texts);
    is_right("report", &of_report, &reports);
    let changes = [
        ("/report/kind", "fire".into()),
        ("/report/identity~", Value::Null),
        ("/report/status/grade", "fine".into()),
        ("/report/sections", "none".into()),
        ("/format", 1.into()),
    ];
    is_wrong(&of_report, &spoiled(&folder, &reports[0], &changes), &changes);
}

/// A form by its word, files of it, and what is put into them that must not be of it.
type Kind<'a> = (&'a str, &'a [PathBuf], Vec<(&'a str, Value)>);

#[test]
fn what_is_shipped_is_of_the_form_that_is_published_and_mistakes_are_not() {
    let project = Project::shipped();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut yaml, mut open) = (Vec::new(), vec![root.join("scenarios"), root.join("runbooks")]);
    while let Some(folder) = open.pop() {
        let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = all.partition(|path| path.is_dir());
        open.extend(folders);
        yaml.extend(files.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "yaml")));
    }
    // Each by the key that only its kind has; others' configurations lie there, too.
    let with = |key: &str| {
        let has = |path: &&PathBuf| std::fs::read_to_string(path).unwrap().lines().any(|line| line.starts_with(key));
        yaml.iter().filter(has).cloned().collect::<Vec<_>>()
    };
    let script = r#"
import json, sys, yaml
class Loader(yaml.SafeLoader):
    pass
# As YAML 1.2 has it: a date is a text, and `on` is no truth.
Loader.yaml_implicit_resolvers = {
    first: [(tag, known) for tag, known in all if tag != "tag:yaml.org,2002:timestamp" and not (tag.endswith(":bool") and first not in "tTfF")]
    for first, all in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for name, path in enumerate(sys.argv[2:]):
    with open(path, encoding="utf-8") as text:
        value = yaml.load(text, Loader)
    with open(f"{sys.argv[1]}/{name}.json", "w", encoding="utf-8") as out:
        json.dump(value, out)
print("[]")
"#;
    let as_json = |of: &str, files: &[PathBuf]| {
        let folder = project.path(of);
        std::fs::create_dir_all(&folder).unwrap();
        said(Command::new(python("reports", "tests/clients/reports.txt").join("python")).args(["-c", script]).arg(&folder).args(files));
        files.iter().enumerate().map(|(place, _)| folder.join(format!("{place}.json"))).collect::<Vec<_>>()
    };
    let scenarios = with("scenario:");
    let (inventories, mut runbooks) = (with("providers:"), with("runbook:"));
    runbooks.retain(|path| !scenarios.contains(path));
    assert!(scenarios.len() > 3 && runbooks.len() > 10 && !inventories.is_empty(), "{scenarios:?} {runbooks:?} {inventories:?}");
    let kinds: [Kind<'_>; 3] = [
        (
            "scenario",
            &scenarios,
            vec![
                ("/timeline~", Value::Null),
                ("/service", Value::Array(Vec::new())),
                ("/timeline/fault", 1.into()),
                ("/timeline/baseline", "eight seconds".into()),
                ("/version", 2.into()),
            ],
        ),
        (
            "runbook",
            &runbooks,
            vec![("/steps~", Value::Null), ("/start", "whenever".into()), ("/steps", "none".into()), ("/step", 1.into())],
        ),
        (
            "inventory",
            &inventories,
            vec![("/providers~", Value::Null), ("/services", 3.into()), ("/provider", 1.into()), ("/credentials", true.into())],
        ),
    ];
    for (of, files, changes) in kinds {
        let (schema, files) = (schema(&project, of), as_json(of, files));
        is_right(of, &schema, &files);
        is_wrong(&schema, &spoiled(&project.path(of), &files[0], &changes), &changes);
    }
    let findings = r#"{"version": 1, "drill": "a", "findings": [{"id": "dead-primary-asked", "severity": "low", "says": "…", "state": "new", "owner": null}]}"#;
    let files = written(&project.path("."), "findings.json", [findings.to_owned(), r#"{"version": 1, "findings": []}"#.to_owned()]);
    let of = schema(&project, "findings");
    is_right("findings", &of, &files);
    let changes = [
        ("/findings/0/severity", "awful".into()),
        ("/findings/0/id~", Value::Null),
        ("/findings/0/ovner", "ann".into()),
        ("/findings", 1.into()),
    ];
    is_wrong(&of, &spoiled(&project.path("."), &files[0], &changes), &changes);
    // Mistakes of faults and their settings.
    let scenario = |fault: &str| {
        format!(
            r#"{{"version":1,"scenario":"a","service":"a","traffic":{{"rate":"50/s"}},"timeline":{{"faults":[{{"on":"a","fault":{fault},"for":"20s"}}]}}}}"#
        )
    };
    let right = [
        r#"{"blackhole":{}}"#,
        r#""blackhole""#,
        r#"{"status":{"code":503,"probability":"30%","match":{"model":"gpt-*"}}}"#,
        r#"{"latency":{"latency":"2s"}}"#,
    ];
    let wrong = [
        r#"{"blackhol":{}}"#,
        r#""status""#,
        r#"{"status":{}}"#,
        r#"{"status":{"code":"503 please"}}"#,
        r#"{"latency":{"latency":2000}}"#,
        r#"{"status":{"code":503,"probabilty":"30%"}}"#,
        r#"{"refuse":{},"reset":{}}"#,
    ];
    let file = schema(&project, "scenario");
    is_right("scenario", &file, &written(&project.path("."), "right.json", right.map(&scenario)));
    let changes: Vec<(&str, Value)> = wrong.iter().map(|fault| (*fault, Value::Null)).collect();
    is_wrong(&file, &written(&project.path("."), "wrong.json", wrong.map(&scenario)), &changes);
}
