//! What good files become: the shipped ones, every form that may be written, and what is filled in.

use super::super::{Project, check};
use super::{Files, INVENTORY_PATH, RUNBOOK, RUNBOOK_PATH, SCENARIO, SCENARIO_PATH, TODAY};
use crate::model::{Action, Arrivals, Goal, KeySource, OnFailure, SloOn, TokenCache};
use crate::units::Duration;
use std::path::Path;

#[test]
fn good_files_get_nothing() {
    let files = Files::new();
    files.write("scenarios/gateways/litellm/config.yaml", "model_list: []\n");
    assert_eq!(files.check(), "", "the configurations of gateways are not scenarios");
}

/// These warnings are meant: one scenario shows what a drill says that proves nothing, another that a provider is not asked which is not permitted.
#[test]
fn shipped_files_are_good() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A day on which each of them was reviewed already.
    let checked = check(root, &[], "2026-11-30");
    let said: Vec<String> =
        checked.findings.iter().map(|finding| format!("{}: {}: {}", finding.path, finding.severity, finding.message)).collect();
    let idle = "scenarios/fault-on-idle-provider.yaml: warning: `support-chat` does not use `openai-us`, so this fault will touch nobody";
    let abroad = "scenarios/residency/non-eu-route-refused.yaml: warning: the provider `openai-us` stands in `us`, outside this objective";
    assert_eq!(said, [idle, abroad]);
    assert!(checked.scenarios >= 2 && checked.runbooks >= 1, "{checked:?}");
    let (project, _) = Project::open(root);
    for environment in ["lab", "lab-slow-breaker", "staging"] {
        let (plan, findings) = project.plan(&root.join("scenarios/azure-outage.yaml"), environment).unwrap();
        assert!(findings.is_empty(), "{environment}: {findings}");
        assert_eq!(crate::history::drill_as_recorded(&plan).unwrap(), plan, "a history carries the plan as it is");
        assert!(plan.scenario.timeline.total() <= Duration::from_secs(45), "a newcomer waits no longer");
    }
}

#[test]
fn a_project_is_found_from_within() {
    let files = Files::new();
    assert_eq!(Project::find(&files.scenario()).unwrap(), files.root());
    files.write("elsewhere/deep/x.yaml", "");
    assert_eq!(Project::find(&files.root().join("elsewhere/deep")).unwrap(), files.root());
}

#[test]
fn named_files_are_checked_alone_and_the_inventory_with_them() {
    let files = Files::new();
    files.spoil(RUNBOOK_PATH, "owner: oncall", "owner: nobody").write("elsewhere.yaml", SCENARIO.replace("rate: 50/s", "rate: 50"));
    let checked = check(files.root(), &[files.root().join("elsewhere.yaml")], TODAY);
    assert_eq!((checked.runbooks, checked.scenarios), (0, 1));
    let paths: Vec<&str> = checked.findings.iter().map(|finding| finding.path.as_str()).collect();
    assert_eq!(paths, ["elsewhere.yaml", "runbooks/switch.yaml"], "the scenario, and the runbook that it needs");
}

#[test]
fn an_inventory_that_cannot_be_read_is_the_only_thing_to_mend() {
    let files = Files::new();
    files.write(INVENTORY_PATH, "version: [1\n");
    let checked = check(files.root(), &[], TODAY);
    assert_eq!(checked.findings.iter().map(|finding| finding.path.as_str()).collect::<Vec<_>>(), [INVENTORY_PATH]);
    assert_eq!(files.plan("lab"), checked.findings.to_string());
}

#[test]
fn gaps_in_cover_are_shown() {
    let files = Files::new();
    files.spoil(INVENTORY_PATH, "    runbook: runbooks/switch.yaml\n", "");
    std::fs::remove_file(files.scenario()).unwrap();
    let said: Vec<String> = check(files.root(), &[], TODAY).findings.iter().map(|finding| finding.message.clone()).collect();
    let point = "`support-chat` is a single point of failure";
    assert_eq!(said, [format!("{point} that no scenario drills"), format!("{point} without a runbook")]);
}

#[test]
fn a_runbook_that_no_scenario_walks_is_doubted_once() {
    let files = Files::new();
    files.spoil(SCENARIO_PATH, "runbook: runbooks/switch.yaml\n", "");
    let said = r#"
warning: `support-chat` has a runbook, and `outage` walks none
  --> scenarios/outage.yaml:3:10
   |
 3 | service: support-chat
   |          ^^^^^^^^^^^^
   = hint: add `runbook: runbooks/switch.yaml` to the scenario, or `runbook: none` if that is meant
"#;
    assert_eq!(files.check(), said.trim_start());
    let silent = std::fs::read_to_string(files.scenario()).unwrap();
    files.write("scenarios/silent.yaml", silent.replace("outage", "silent"));
    assert_eq!(files.check(), said.trim_start(), "once, whichever scenario it is");
    // One that means it, or one that walks some runbook, is enough.
    files.write("scenarios/silent.yaml", SCENARIO.replace("runbook: runbooks/switch.yaml", "runbook: none"));
    assert_eq!(files.check(), "");
    files.write("scenarios/silent.yaml", SCENARIO);
    assert_eq!(files.check(), "");
}

#[test]
fn no_hint_holds_a_url_that_is_none() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/project");
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        // Those of tests that are refused stand in `address`.
        let text = std::fs::read_to_string(&entry).unwrap();
        let wrong = ["https://…", "http://…", "url: …"].into_iter().find(|wrong| text.contains(wrong));
        assert!(wrong.is_none() || entry.ends_with("address.rs"), "{}: {wrong:?}", entry.display());
    }
}

#[test]
fn an_environment_starts_its_gateway_and_thins_what_it_cannot_carry() {
    let files = Files::new();
    let start = r#"environments:
  small:
    embedded: true
    carries: 10/s
    start: {run: [gateway, "--port", "${port}"], env: {KEY: "${service.key}"}, ready: "http://127.0.0.1:${port}/", warm_up: 20}
    services: {support-chat: {url: "http://127.0.0.1:${port}/v1"}}
  large: {embedded: true, carries: 100/s}
"#;
    files.spoil(INVENTORY_PATH, "environments:\n", start);
    let (project, _) = Project::open(files.root());
    let rate = |environment: &str| project.plan(&files.scenario(), environment).unwrap().0.workloads.leading().workload.rate;
    assert_eq!(rate("small"), "10/s".parse().unwrap());
    assert_eq!([rate("large"), rate("lab")], ["50/s".parse().unwrap(); 2], "never more than the scenario asks for");
    let start = project.inventory.environments["small"].start.clone().unwrap();
    assert_eq!((start.warm_up, start.env["KEY"].as_str(), start.within), (20, "${service.key}", Duration::from_secs(60)));
}

#[test]
fn an_environment_says_how_its_gateways_keep_keys() {
    let files = Files::new();
    let places = "environments:\n  sealed: {embedded: true, keys: sealed}\n  \
                  three: {embedded: true, gateway: {replicas: 3, token_cache: until-expiry}}\n";
    files.spoil(INVENTORY_PATH, "environments:\n", places);
    let environments = Project::open(files.root()).0.inventory.environments;
    let said = |name: &str| (environments[name].keys, environments[name].gateway.replicas, environments[name].gateway.token_cache);
    assert_eq!(said("lab"), (KeySource::Lab, 1, TokenCache::UntilReload));
    assert_eq!(said("sealed"), (KeySource::Sealed, 1, TokenCache::UntilReload));
    assert_eq!(said("three"), (KeySource::Lab, 3, TokenCache::UntilExpiry));
}

#[test]
fn defaults_are_filled_in_where_files_are_silent() {
    let (project, _) = Project::open(Files::new().root());
    assert!(project.inventory.environments["lab"].embedded, "the lab exists even if no file names it");
    let files = Files::new();
    let (project, _) = Project::open(files.root());
    let (plan, _) = project.plan(&files.scenario(), "lab").unwrap();
    assert_eq!(plan.workloads.leading().workload.arrivals, Arrivals::Jittered);
    assert_eq!(plan.workloads.leading().workload.max_in_flight, 1000);
    assert_eq!(plan.workloads.leading().objectives.slo_on, SloOn::Proof);
    assert_eq!(plan.workloads.leading().objectives.deadline, Duration::from_secs(4));
    assert_eq!(plan.workloads.leading().objectives.failback, Some(Duration::from_secs(10)), "the scenario's own");
    assert_eq!(plan.workloads.leading().objectives.rto, Duration::from_secs(10), "the service's");
    let runbook = plan.runbook.unwrap();
    assert_eq!(runbook.detect.goal, Goal::Fails(3));
    assert_eq!(runbook.steps[0].retries, 0);
    assert_eq!(runbook.steps[0].on_failure, OnFailure::Undo);
    assert!(plan.contacts.contains_key("oncall") && plan.credentials.contains_key("azure-key"));
}

#[test]
fn every_form_of_step_and_fault_is_read() {
    let files = Files::new();
    let steps = r#"
  - {name: a, confirm: "Sure?", timeout: 5m}
  - {name: b, pause: 5s}
  - {name: c, http: {post: "${gateway.url}/switch", headers: {x: "${credential.openai-eu}"}, body: "{}", expect: {status: 204, contains: ok}}, timeout: 2s, retries: 2, retry_after: 3s, on_failure: stop}
  - {name: d, run: {command: [sh], env: {TO: "${proxy.openai-eu.url}"}}, timeout: 2s}
  - {name: e, wait_until: {request: {to: "${service.url}"}, succeeds: 3 in a row}, timeout: 9s}
  - {name: f, wait_until: {served_by: openai-eu over 2s}, timeout: 9s}
"#;
    files.write(RUNBOOK_PATH, format!("{}steps:{steps}", RUNBOOK.split("steps:").next().unwrap()));
    let faults = r#"
    - {at: 0s, on: azure-swedencentral, fault: {latency: {latency: 2s, jitter: 500ms}}, for: 1s}
    - {at: 1s, on: azure-swedencentral, fault: {bandwidth: {rate: 64KB/s}}, for: 1s}
    - {at: 9s, on: azure-swedencentral, fault: {blackhole: }, for: 20s}
    - {at: 2s, on: azure-swedencentral, fault: stall, for: 1s}
    - {at: 3s, on: azure-swedencentral, fault: {stall: {for: 30s}}, for: 1s}
    - {at: 4s, on: azure-swedencentral, fault: {status: {code: 503, retry_after: 24h}}, for: 1s}
"#;
    files.spoil(SCENARIO_PATH, "\n    - {at: 0s, on: azure-swedencentral, fault: {blackhole: {}}, for: 20s}\n", faults);
    let (project, _) = Project::open(files.root());
    let (plan, _) = project.plan(&files.scenario(), "lab").unwrap_or_else(|findings| panic!("{findings}"));
    let words: Vec<String> = plan.scenario.timeline.faults.iter().map(|fault| fault.fault.to_string()).collect();
    assert_eq!(
        words,
        ["latency 2 s ± 500 ms", "bandwidth 64 KB/s", "stall", "stall 30 s", "status 503, Retry-After 24 h", "blackhole"],
        "in order of time"
    );
    let steps = plan.runbook.unwrap().steps;
    assert_eq!(
        steps.iter().map(|step| step.action.word()).collect::<Vec<_>>(),
        ["confirm", "pause", "http", "run", "wait_until", "wait_until"]
    );
    let Action::Http(call) = &steps[2].action else { panic!("{:?}", steps[2]) };
    assert_eq!((call.method.as_str(), call.expect_status, call.expect_text.as_deref()), ("POST", Some(204), Some("ok")));
    assert_eq!(steps[1].timeout, Duration::from_secs(6), "a pause needs no timeout");
}

#[test]
fn what_is_expected_of_answers_and_how_the_lab_imitates_models_is_read() {
    let files = Files::new();
    files.spoil(SCENARIO_PATH, "rate: 50/s", "rate: 50/s, request: responses-stream, expect: {model: gpt-4o, tool: look_up}");
    let simulation = "simulation: {first_token_p50: 1s, models: {'gpt-4o:mini': {tokens: 100/s}}, limits: {requests: 600/min, tokens: 10/s}, \
                      retired: [gpt-4], right: 92%}, dialect: azure-openai";
    files.spoil(INVENTORY_PATH, "dialect: azure-openai", simulation);
    let (project, _) = Project::open(files.root());
    let (plan, _) = project.plan(&files.scenario(), "lab").unwrap_or_else(|findings| panic!("{findings}"));
    let traffic = plan.workloads.leading().workload.clone();
    assert_eq!((traffic.request.word(), traffic.expect.tool.as_deref()), ("responses-stream", Some("look_up")));
    assert_eq!((traffic.expect.model.as_deref(), traffic.expect.json), (Some("gpt-4o"), false));
    let simulation = &plan.providers["azure-swedencentral"].simulation;
    let mini = simulation.models["gpt-4o:mini"];
    assert_eq!(
        (mini.first_token_p50, mini.token_gap),
        (Duration::from_secs(1), Duration::from_millis(10)),
        "what is not said is everybody's"
    );
    assert_eq!((simulation.limits.requests, simulation.limits.tokens), (Some(600), Some(600)));
    assert_eq!(simulation.retired, ["gpt-4"]);
    assert_eq!(simulation.right.to_string(), "92%");
}
