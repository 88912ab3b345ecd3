//! The document, and what schemathesis makes of it.

use super::token;
use crate::support::{Project, Served, python};
use std::process::Command;

#[test]
fn schemathesis_finds_nothing_to_say_about_the_document_or_the_server() {
    let project = Project::quick();
    let admin = token(&project, "ada", &["admin"]);
    let served = Served::start(&project, &[]);
    let program = python("served_api", "tests/served_api/requirements.txt").join("schemathesis");
    let mut command = Command::new(program);
    command.arg("run").arg(format!("http://{}/api/v1/openapi.json", served.address)).current_dir(project.path("."));
    command.args(["--header", &format!("Authorization: Bearer {admin}"), "--checks", "all", "--seed", "20261130", "--max-examples", "12"]);
    command.args(["--workers", "2", "--phases", "examples,coverage,fuzzing,stateful", "--no-color", "--request-timeout", "20"]);
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
