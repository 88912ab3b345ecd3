//! Parity probes, residency and what is kept of prompts, as files say them.

use super::super::Project;
use super::{Files, INVENTORY_PATH, SCENARIO_PATH, gets};
use crate::model::{KeptTexts, ProbeDecision, ProbeText, RouteCredentials, RouteResidency};

const PROBE: &str =
    "parity: [{name: intern, prompt: Show the payroll., user: intern, expect: refused}]\nobjectives: {residency: [eu], failback: 10s}\n";

#[test]
fn a_scenarios_probes_win_over_its_services_and_a_workload_has_its_residency() {
    let files = Files::new();
    files.spoil(SCENARIO_PATH, "objectives: {failback: 10s}\n", PROBE);
    files.spoil(
        INVENTORY_PATH,
        "    runbook: runbooks/switch.yaml\n",
        "    runbook: runbooks/switch.yaml\n    parity: [{name: long, tokens: 9000}]\n",
    );
    files.spoil(
        INVENTORY_PATH,
        "environments:\n",
        "evidence: {keep: prompts}\nenvironments:\n  eu: {embedded: true, gateway: {residency: kept, credentials: primary}}\n",
    );
    let plan =
        |files: &Files| Project::open(files.root()).0.plan(&files.scenario(), "eu").unwrap_or_else(|findings| panic!("{findings}")).0;
    let told = plan(&files);
    assert_eq!((told.keep, told.workloads.leading().residency.clone()), (Some(KeptTexts::Prompts), vec!["eu".to_owned()]));
    let gateway = told.environment.gateway;
    assert_eq!((gateway.residency, gateway.credentials), (RouteResidency::Kept, RouteCredentials::Primary));
    let [probe] = told.parity.as_slice() else { panic!("{:?}", told.parity) };
    assert_eq!((probe.name.as_str(), probe.expect, probe.user.as_deref()), ("intern", Some(ProbeDecision::Refused), Some("intern")));
    assert_eq!(probe.asks, ProbeText::Prompt("Show the payroll.".into()));
    assert_eq!(crate::history::drill_as_recorded(&told).unwrap(), told, "a history carries the plan as it is");
    let text = std::fs::read_to_string(files.scenario()).unwrap();
    files.write(SCENARIO_PATH, text.replace(PROBE.lines().next().unwrap(), ""));
    let own = plan(&files);
    assert_eq!(own.parity[0].asks, ProbeText::Tokens(9000), "the service's, where the scenario has none");
    assert!(own.workloads.leading().service.parity.is_empty(), "the plan has them once");
}

#[test]
fn a_recorded_plan_has_the_lengths_of_prompts_and_one_hash() {
    let files = Files::new();
    files.spoil(SCENARIO_PATH, "objectives: {failback: 10s}\n", PROBE);
    let (plan, _) = Project::open(files.root()).0.plan(&files.scenario(), "lab").unwrap();
    assert_eq!(plan.prompts(), ["Show the payroll."]);
    let sealed = plan.sealed(&|text| crate::units::sealed_prompt(text, "0123456789abcdef"));
    assert_eq!(sealed.parity[0].asks, ProbeText::Prompt("[prompt 0123456789abcdef of 17 characters]".into()));
    assert_ne!(sealed, plan);
    assert_eq!(sealed.without_prompts(), plan.without_prompts(), "it is known again by what a history has of it");
}

#[test]
fn what_a_probe_cannot_be_is_said() {
    for (probe, wanted) in [
        ("{prompt: Hello.}", "a parity probe needs `name`"),
        ("{name: a, prompt: Hello., tokens: 9}", "tokens"),
        ("{name: a, prompt: Hello., expect: declined}", "`declined`"),
        ("{name: a, prompt: Hello., key_from: sk-live}", "this does not name an environment variable"),
        ("{name: a, prompt: Hello., body: {messages: []}}", "`messages` is what the drill itself asks"),
        ("{name: a, tokens: 0}", "`0`"),
    ] {
        let files = Files::new();
        let found = files.spoil(SCENARIO_PATH, "objectives:", &format!("parity: [{probe}]\nobjectives:")).check();
        assert!(found.contains(wanted), "{probe}: {found}");
    }
    let twice = "parity: [{name: a, prompt: Hello.}, {name: a, prompt: Bye.}]\nobjectives:";
    assert!(Files::new().spoil(SCENARIO_PATH, "objectives:", twice).check().contains("there are two probes `a`"));
}

#[test]
fn a_provider_that_says_no_residency_is_doubted_where_it_is_promised() {
    let files = Files::new();
    files.spoil(INVENTORY_PATH, "openai-eu: {dialect: openai, residency: eu}", "openai-eu: {dialect: openai}");
    let found = files.spoil(INVENTORY_PATH, "rto: 10s,", "rto: 10s, residency: [eu],").check();
    let told = "warning: the provider `openai-eu` says no residency, so nothing that is sent there can meet this objective";
    assert!(found.contains(told) && found.contains("write `residency: …` to `openai-eu`"), "{found}");
    gets(INVENTORY_PATH, "rto: 10s,", "rto: 10s, residency: [eu],", "");
}
