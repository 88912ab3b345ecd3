//! The document, and what schemathesis makes of it.

use super::token;
use crate::support::{Project, Served, python};
use std::io::Read;
use std::path::Path;
use std::process::Command;

/// A drill of `tests/data/drills`, by its folder there and by its name.
const DRILL: (&str, &str) = ("format-2.0/several-workloads", "2026-11-29T19-37-06-several-workloads-0007");

#[test]
fn schemathesis_finds_nothing_to_say_about_the_document_or_the_server() {
    let project = Project::quick().unsearched();
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/drills").join(DRILL.0);
    let mut history = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(kept.join("history.jsonl.gz")).unwrap()).read_to_string(&mut history).unwrap();
    project.write("drills/kept/history.jsonl", &history);
    for file in ["verdict.json", "report.md"] {
        project.write(&format!("drills/kept/{file}"), &std::fs::read_to_string(kept.join(file)).unwrap());
    }
    // So that what is below a drill is not only asked of drills that there are not.
    let known = format!("[[operations]]\ninclude-path-regex = \"/drills/\"\nparameters = {{ \"path.id\" = \"{}\" }}\n", DRILL.1);
    project.write("schemathesis.toml", &known);
    let admin = token(&project, "ada", &["admin"]);
    let served = Served::start(&project, &[]);
    assert_eq!(served.call(&admin, "GET", &format!("/api/v1/drills/{}/verdict", DRILL.1), "").json()["verdict"], "missed");
    let program = python("served_api", "tests/served_api/requirements.txt").join("schemathesis");
    let mut command = Command::new(program);
    command.arg("run").arg(format!("http://{}/api/v1/openapi.json", served.address)).current_dir(project.path("."));
    command.args(["--header", &format!("Authorization: Bearer {admin}"), "--checks", "all", "--seed", "20261130", "--max-examples", "8"]);
    // One thread: Python's own parser of its code fails at random where two use it at once ("AST constructor recursion depth mismatch").
    command.args(["--workers", "1", "--phases", "coverage,fuzzing,stateful", "--no-color", "--request-timeout", "20"]);
    let done = command.env("NO_PROXY", "*").output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
}

#[test]
fn the_document_that_is_served_is_the_one_that_the_command_prints() {
    let project = Project::quick();
    let printed = project.lifeboat(&["schema", "openapi"]);
    printed.exits_with(0);
    let printed: serde_json::Value = serde_json::from_str(&printed.stdout).unwrap();
    let served = Served::start(&project, &[]).ask("GET", "/api/v1/openapi.json", &[], "").json();
    assert_eq!(printed, served);
}
