//! A switch by one line, by the shipped runbooks and gateways: real nginx and HAProxy that do not change over by themselves. Once the switch is read in
//! time and once nobody lets the gateway read it. And a cold standby that is built while nobody is served.

use crate::support::{Project, Run};
use serde_json::Value;
use std::path::Path;

/// The quick project with both providers behind this gateway, answered by this runbook of the shipped ones.
fn project(gateway: &str, runbook: &str, settings: &str) -> Project {
    let project = Project::quick();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["scenarios/gateways/switch", "runbooks/switch", "runbooks/cold-standby", "runbooks/cold-standby/infrastructure"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            std::fs::create_dir_all(project.path(folder)).unwrap();
            std::fs::copy(entry.path(), project.path(&name)).unwrap();
        }
    }
    project.edit("runbooks/inventory.yaml", "azure-openai", "openai");
    project.edit("runbooks/inventory.yaml", "providers:\n", "contacts: {ai-platform-oncall: {name: On call}}\nproviders:\n");
    project.environment(
        "switched",
        &format!(
            "{settings} start: {{run: [scenarios/gateways/switch/{gateway}.sh, \"${{port}}\"], env: {{PRIMARY: \"${{proxy.first.url}}\", PRIMARY_KEY: \
             \"${{credential.first}}\", STANDBY: \"${{proxy.second.url}}\", STANDBY_KEY: \"${{credential.second}}\", COLD: \"{}\", MIRROR: \"{}\"}}, ready: \
             \"http://127.0.0.1:${{port}}/ready\"}}, services: {{chat: {{url: \"http://127.0.0.1:${{port}}/v1\"}}}}",
            if runbook.contains("cold") { "standby" } else { "" },
            if settings.contains("dual_run") { "standby" } else { "" },
        ),
    );
    project.edit("scenarios/quick.yaml", "service: chat\n", &format!("service: chat\nrunbook: {runbook}\n"));
    project.edit("scenarios/quick.yaml", "rate: 50/s", "rate: 25/s");
    project.edit("scenarios/quick.yaml", "fault: blackhole", "fault: {status: {code: 503}}");
    project
}

fn drilled(project: &Project, pass: &[(&str, &str)]) -> (Run, Value, String) {
    let mut command = project.command(&["run", "scenarios/quick.yaml", "--env", "switched", "--seed", "7", "--out", "drill", "--yes"]);
    command.envs(pass.iter().copied());
    let run = project.run(&mut command);
    let report = std::fs::read_to_string(project.path("drill/report.md")).unwrap_or_default();
    (run, project.json("drill/verdict.json"), report)
}

#[test]
fn one_line_moves_nginx_to_the_standby_in_time_and_both_were_asked_before() {
    let project = project("nginx", "runbooks/switch/nginx.yaml", "gateway: {dual_run: standby},");
    let (run, verdict, report) = drilled(&project, &[]);
    assert_eq!(verdict["verdict"], "met", "{}\n{}\n{report}", run.stdout, run.stderr);
    // Three bad requests at 25 a second, a file and a signal: no more than half a second on a busy machine.
    let cutover = verdict["measures"]["cutover"]["hi_ms"].as_f64().unwrap();
    assert!(cutover < 2_000.0, "{cutover}");
    assert!(report.contains("From the switch to the first answer of the standby it took "), "{report}");
    let line = std::fs::read_to_string(project.path("scenarios/gateways/switch/nginx.env")).unwrap();
    assert!(line.ends_with("ACTIVE=primary\n"), "the drill takes back what it has switched: {line}");
    // nginx mirrors what it asks the primary and hangs up once the head of the answer has come; that is taken neither for an answer nor for a cutover.
    let dual = &verdict["measures"]["dual_run"];
    assert!(dual["shadow"] == "second" && dual["asked"].as_u64().unwrap() >= 30 && dual["failed"] == 0, "{dual}");
}

#[test]
fn a_switch_that_haproxy_is_not_told_of_moves_nobody() {
    let project = project("haproxy", "runbooks/switch/haproxy.yaml", "");
    project.edit(
        "runbooks/switch/haproxy.yaml",
        "run: [\"${param.reload}\", reload, \"${service.url}\"]\n    timeout: 10s\n    repeat: safe",
        "run: [\"true\"]\n    timeout: 10s\n    repeat: safe",
    );
    project.edit("runbooks/switch/haproxy.yaml", "timeout: 1m", "timeout: 2s");
    let (run, verdict, _) = drilled(&project, &[]);
    assert_eq!(verdict["verdict"], "missed", "{}\n{}", run.stdout, run.stderr);
    assert!(verdict["measures"]["cutover"]["hi_ms"].is_null(), "{verdict:#}");
}

#[test]
fn a_cold_standby_is_provisioned_made_ready_served_from_and_taken_down_with_its_cost() {
    let project = project("nginx", "runbooks/cold-standby/opentofu.yaml", "");
    project.edit("scenarios/quick.yaml", "for: 7500ms", "for: 10s");
    project.edit("runbooks/inventory.yaml", "rto: 2s", "rto: 4s");
    // A folder of its own, so that no other drill's machine is taken for this one.
    let folder = tempfile::Builder::new().prefix("cold").tempdir().unwrap();
    let (run, verdict, report) =
        drilled(&project, &[("TOFU", "runbooks/cold-standby/local.sh"), ("TMPDIR", folder.path().to_str().unwrap())]);
    assert_eq!(verdict["verdict"], "met", "{}\n{}\n{report}", run.stdout, run.stderr);
    // Booting alone takes a second.
    let cutover = &verdict["measures"]["cutover"];
    assert!(cutover["lo_ms"].as_f64().unwrap() >= 1_000.0, "{cutover}");
    let events = project.events("drill");
    let undone: Vec<&str> = events.iter().filter_map(|event| event.get("step_undone")?["output"].as_str()).collect();
    assert!(
        undone.iter().any(|said| said.contains("the standby stood for ") && said.contains("at 2.50 USD an hour that cost 0.0")),
        "{undone:?}"
    );
    for part in ["Provision the standby", "See that it is ready", "See that the standby serves", "the standby stood for "] {
        assert!(report.contains(part), "{part}\n{report}");
    }
}
