//! The files that begin a project, as they are written down: a changed word shows here.
//!
//! Where the change is meant: `INSTA_UPDATE=always cargo test --lib init::`, and read the difference.

use super::{Answers, BegunProject, InitQuestion, files, from_gateway, from_variables};
use crate::gateway::{kind_of, read};
use insta::assert_snapshot;

/// All files but the schemas, which have a test of their own.
fn told(begun: &BegunProject) -> String {
    let warnings: String = begun.warnings.iter().map(|warning| format!("warning: {warning}\n")).collect();
    let files = files(begun).into_iter().filter(|file| !file.path.ends_with(".json"));
    warnings + &files.map(|file| format!("--- {}\n{}", file.path, file.text)).collect::<String>()
}

fn of_configuration(path: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/gateway-configurations/");
    let text = std::fs::read_to_string(format!("{root}{path}")).unwrap();
    let kind = kind_of(path, &text).unwrap_or_else(|| panic!("{path} is of no kind"));
    let name = format!("gateway/{}", path.rsplit('/').next().unwrap());
    told(&from_gateway(&read(kind, &text).unwrap(), Some(&name), &name))
}

#[test]
fn a_project_from_litellm() {
    assert_snapshot!("litellm", of_configuration("litellm/several-deployments.yaml"));
}

#[test]
fn a_project_from_portkey() {
    assert_snapshot!("portkey", of_configuration("portkey/fallback.json"));
}

#[test]
fn a_project_from_envoy() {
    assert_snapshot!("envoy", of_configuration("envoy/aggregate-tls.yaml"));
}

#[test]
fn a_project_from_haproxy() {
    assert_snapshot!("haproxy", of_configuration("haproxy/backup.cfg"));
}

#[test]
fn a_project_from_nginx() {
    assert_snapshot!("nginx", of_configuration("nginx/chained-tls.conf"));
}

#[test]
fn a_project_from_variables() {
    let text = "OPENAI_API_KEY=sk-made-up\nANTHROPIC_API_KEY=made-up\nGOOGLE_APPLICATION_CREDENTIALS=/made/up.json\nGATEWAY_KEY=made-up\n";
    assert_snapshot!("variables", told(&from_variables(text, Some(".env"), ".env").unwrap()));
}

#[test]
fn a_project_from_answers() {
    let mut answers = Answers::default();
    for (question, text) in [
        (InitQuestion::Service, "support-chat"),
        (InitQuestion::Primary, "bedrock"),
        (InitQuestion::Standby, "https://models.acme.example/v1"),
        (InitQuestion::Gateway, "gw.acme.example:8080"),
        (InitQuestion::Rto, "4s"),
        (InitQuestion::Owner, "oncall@acme.example"),
    ] {
        answers.take(question, text).unwrap();
    }
    assert_snapshot!("answers", told(&answers.beginning()));
}
