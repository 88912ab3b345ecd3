//! What the providers' own Python clients make of each fault on requests and answers: each asks for a whole answer and for a stream, with
//! retries off and a second of patience, through the fault proxy.
//!
//! A row of these tables is a fault: the text that the client's user was given and what followed, whole and streamed. What stands there
//! was observed, and is the clients' business; a new version of one of them may change it, and then it is worth a look.

use crate::clients::{INVENTORY, Lab, python};
use crate::support::{Project, Standing};
use std::path::Path;
use std::process::Command;

/// Runs a script through a proxy of this dialect before the lab's provider of this name; it must tell this and nothing else.
fn meets(script: &str, provider: &str, dialect: &str, wanted: &str) {
    let (python, project, standing) = (python(), Project::empty(), Standing::start(&[]));
    project.write("runbooks/inventory.yaml", INVENTORY);
    let lab = Lab::start(&project);
    let (url, key) = lab.provider(provider);
    let rest = url.strip_prefix("http://").unwrap();
    let (upstream, path) = rest.find('/').map_or((rest, ""), |place| rest.split_at(place));
    let asked = format!(r#"{{"name": "{provider}", "listen": "127.0.0.1:0", "upstream": "http://{upstream}", "dialect": "{dialect}"}}"#);
    let (status, made) = standing.call("POST", "/proxies", &asked);
    assert_eq!(status, 201, "{made}");
    let through = format!("http://{}{path}", made["listen"].as_str().unwrap());
    let mut command = Command::new(&python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script));
    command.args([&through, key, &standing.api, provider]).args((provider == "azure").then_some("azure"));
    command.env("NO_PROXY", "127.0.0.1").env("PYTHONDONTWRITEBYTECODE", "1");
    // Nobody's own credentials are looked for, on this host or in its cloud.
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_CONFIG_FILE", "/dev/null").env("HOME", project.path("."));
    let run = project.run(&mut command);
    run.exits_with(0);
    assert_eq!(run.stdout, wanted, "{}", run.stderr);
}

#[test]
fn openai_meets_each_fault_at_openai() {
    meets("faulty_openai.py", "openai", "openai", OPENAI);
}

#[test]
fn openai_meets_each_fault_at_azure() {
    meets("faulty_openai.py", "azure", "azure-openai", AZURE);
}

#[test]
fn anthropic_meets_each_fault() {
    meets("faulty_anthropic.py", "anthropic", "anthropic", ANTHROPIC);
}

#[test]
fn boto3_meets_each_fault() {
    meets("faulty_boto3.py", "bedrock", "bedrock", BEDROCK);
}

#[test]
fn google_genai_meets_each_fault() {
    meets("faulty_genai.py", "vertex", "vertex", VERTEX);
}

const OPENAI: &str = "";
const AZURE: &str = "";
const ANTHROPIC: &str = "";
const BEDROCK: &str = "";
const VERTEX: &str = "";
