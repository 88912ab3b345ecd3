//! The real thing: the shipped scenario against a LiteLLM proxy that the drill starts itself.

use crate::support::{Project, python};
use serde_json::Value;
use std::ffi::OsString;

const REQUIREMENTS: &str = "scenarios/gateways/litellm/requirements.txt";

/// A PATH on which `litellm` is found: as it is, or with a folder under `target/`, where it is installed once for each version that is
/// asked for. It is never left out: a suite that passes without its gateway would claim what it has not seen.
fn path_with_litellm() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join("litellm").is_file()) {
        return path;
    }
    std::env::join_paths(std::env::split_paths(&path).chain([python("litellm", REQUIREMENTS)])).unwrap()
}

/// How many answers of a provider were whole, among those that the proxies saw begin within a span of the history.
fn answers(events: &[Value], by: &str, from: u64, to: u64) -> usize {
    let served = events.iter().filter_map(|event| event.get("served"));
    let whole = served.filter(|seen| seen["by"] == by && seen.get("status").is_none() && seen.get("cut").is_none() && seen["id"].is_u64());
    whole.filter(|seen| (from..to).contains(&seen["at"].as_u64().unwrap())).count()
}

#[test]
fn a_litellm_proxy_survives_the_shipped_outage_and_the_proxies_say_how() {
    let path = path_with_litellm();
    let project = Project::shipped();
    let arguments = ["run", "scenarios/azure-outage.yaml", "--env", "litellm", "--seed", "2a", "--out", "drill"];
    let run = project.run(project.command(&arguments).env("PATH", path));
    let log = std::fs::read_to_string(project.path("drill/system.log")).unwrap_or_default();
    let tail: Vec<&str> = log.lines().rev().take(40).collect();
    assert_eq!(run.code, Some(0), "{}\n{}\nthe end of what LiteLLM said, last line first:\n{}", run.stdout, run.stderr, tail.join("\n"));
    run.says("met").says("cutover").says("failback");

    let (verdict, events) = (project.json("drill/verdict.json"), project.events("drill"));
    assert_eq!(verdict["verdict"], "met");
    let interval = |name: &str| {
        let measured = &verdict["measures"][name];
        (measured["lo_ms"].as_f64().unwrap(), measured["hi_ms"].as_f64().unwrap_or(f64::INFINITY))
    };
    let ((lo, hi), (back_lo, back_hi)) = (interval("cutover"), interval("failback"));
    // What this test is run for: the measured figures, in its output.
    println!("LiteLLM: cutover in ({lo:.0}, {hi:.0}] ms, failback in ({back_lo:.0}, {back_hi:.0}] ms");
    // Nobody is served by the standby before the first request has waited for the primary in vain, 1.5 s; the objective bounds the rest.
    assert!(1500.0 < hi && hi <= 10_000.0, "({lo}, {hi}]");
    assert!(back_hi <= 11_000.0, "({back_lo}, {back_hi}]");

    // By the proxies' own sight: the primary before, the standby while the primary was dead, the primary again.
    let edge = |kind: &str, side: &str| events.iter().find_map(|event| event.get(kind)).unwrap()[side].as_u64().unwrap();
    let (broken, healed, end) = (edge("fault_confirmed", "hi"), edge("fault_healed", "lo"), u64::MAX);
    assert!(answers(&events, "azure-swedencentral", 0, broken) > 40);
    assert_eq!(answers(&events, "azure-swedencentral", broken, healed), 0);
    assert!(answers(&events, "openai-eu", broken, healed) > 150);
    assert!(answers(&events, "azure-swedencentral", healed, end) > 80);

    let again = project.lifeboat(&["judge", "drill", "--format", "json"]);
    again.exits_with(0);
    assert_eq!(again.stdout, std::fs::read_to_string(project.path("drill/verdict.json")).unwrap());
}

#[test]
fn a_gateway_that_is_not_installed_is_named() {
    let project = Project::shipped();
    let arguments = ["run", "scenarios/azure-outage.yaml", "--env", "litellm", "--out", "drill"];
    let run = project.run(project.command(&arguments).env("PATH", "/nowhere"));
    run.exits_with(3).says("there is no program `litellm`, which `start:` runs\n\nhint: install it, or put its folder into PATH");
}

#[test]
fn a_litellm_proxy_takes_a_new_key_when_a_runbook_starts_it_again() {
    let path = path_with_litellm();
    let project = Project::shipped();
    let arguments = ["run", "scenarios/key-revoked-litellm.yaml", "--env", "litellm-supervised", "--seed", "2a", "--out", "drill"];
    let run = project.run(project.command(&arguments).env("PATH", path));
    let log = std::fs::read_to_string(project.path("drill/system.log")).unwrap_or_default();
    let tail: Vec<&str> = log.lines().rev().take(40).collect();
    assert_eq!(run.code, Some(0), "{}\n{}\nthe end of what LiteLLM said, last line first:\n{}", run.stdout, run.stderr, tail.join("\n"));
    let (verdict, events) = (project.json("drill/verdict.json"), project.events("drill"));
    let rotation = &verdict["rotations"][0];
    let criteria = rotation["criteria"].as_array().unwrap();
    assert!(criteria.iter().all(|criterion| criterion["verdict"] == "met"), "{rotation:#}");
    // By the proxy's own sight: the old key was refused, the new one is what LiteLLM bears once it is back.
    let (old, new) = (rotation["old"].as_str().unwrap(), rotation["new"].as_str().unwrap());
    let of_azure = events.iter().filter_map(|event| event.get("served")).filter(|seen| seen["by"] == "azure-swedencentral");
    let bearing = |key: &str| of_azure.clone().filter(|seen| seen["key"] == key && seen["id"].is_u64()).collect::<Vec<_>>();
    assert!(bearing(old).iter().any(|seen| seen["status"] == 401));
    let answered = bearing(new).iter().filter(|seen| seen.get("status").is_none() && seen.get("cut").is_none()).count();
    assert!(answered > 100, "only {answered} requests were answered under the new key");
    let moment = |name: &str| (rotation["moments"][name]["lo_ms"].as_f64().unwrap(), rotation["moments"][name]["hi_ms"].as_f64().unwrap());
    let ((lo, hi), restore) = (moment("t6"), &verdict["measures"]["restore"]);
    // What this test is run for: the measured figures, in its output.
    println!("LiteLLM: bears the new key in ({lo:.0}, {hi:.0}] ms after the revocation; restore {restore}");
    assert!(0.0 < lo && hi <= 40_000.0);
    let file = std::fs::read_to_string(project.path("gateway.env")).unwrap();
    assert!(file.starts_with("LIFEBOAT_KEY_AZURE_SWEDENCENTRAL=sk-lab-"), "the key in its environment was switched, and nothing else");
}

/// One group of two deployments, as LiteLLM's documentation shows load balancing, and a policy: without one it asks the dead deployment until
/// the outage ends, by which this drill is missed.
const BALANCED: &str = "\
model_list:
  - model_name: gpt-4o
    litellm_params: {model: azure/gpt-4o, api_base: os.environ/LIFEBOAT_URL_AZURE_SWEDENCENTRAL, api_key: os.environ/LIFEBOAT_KEY_AZURE_SWEDENCENTRAL, api_version: \"2024-10-21\", rpm: 600}
  - model_name: gpt-4o
    litellm_params: {model: openai/gpt-4o, api_base: os.environ/LIFEBOAT_URL_OPENAI_EU, api_key: os.environ/LIFEBOAT_KEY_OPENAI_EU, rpm: 600}
litellm_settings: {num_retries: 3, request_timeout: 2, allowed_fails: 3, telemetry: false}
router_settings: {routing_strategy: simple-shuffle, num_retries: 2, timeout: 2, cooldown_time: 30, allowed_fails_policy: {TimeoutErrorAllowedFails: 3, InternalServerErrorAllowedFails: 3}}
";

#[test]
fn a_balanced_group_is_drilled_through_an_outage_as_what_it_is() {
    let path = path_with_litellm();
    let project = Project::shipped();
    project
        .write("scenarios/gateways/litellm/config.yaml", BALANCED)
        .edit(
            "runbooks/inventory.yaml",
            "    providers: [azure-swedencentral, openai-eu]     #",
            "    providers: {share: [azure-swedencentral, openai-eu]}     #",
        )
        // It takes a deployment that was put aside back after 30 s, which is longer than this drill looks on.
        .edit("scenarios/azure-outage.yaml", "  failback: 9s ", "  gate: cutover ")
        .edit("scenarios/azure-outage.yaml", "  watch: 17s ", "  watch: 2s ")
        // Each request that asks it is seen there: what a gateway on a busy machine does late by itself is then not taken for a wait.
        .edit("scenarios/azure-outage.yaml", "fault: {blackhole: {}}", "fault: stall")
        // A first try at the dead deployment takes 2 s by this configuration.
        .edit("runbooks/inventory.yaml", "slo: {first_token: 2500ms}    # an", "slo: {first_token: 4s}    # an");
    let arguments = ["run", "scenarios/azure-outage.yaml", "--env", "litellm", "--seed", "2a", "--out", "drill"];
    let run = project.run(project.command(&arguments).env("PATH", path));
    let log = std::fs::read_to_string(project.path("drill/system.log")).unwrap_or_default();
    let tail: Vec<&str> = log.lines().rev().take(40).collect();
    let verdict = project.json("drill/verdict.json");
    // What this test is run for: the measured figures, in its output.
    println!("LiteLLM, balanced: {} {} {}", verdict["verdict"], verdict["measures"]["cutover"], verdict["measures"]["share"]);
    assert_eq!(run.code, Some(0), "{}\n{}\nthe end of what LiteLLM said, last line first:\n{}", run.stdout, run.stderr, tail.join("\n"));
    let share = &verdict["measures"]["share"];
    assert_eq!(share["of"], serde_json::json!(["azure-swedencentral"]));
    // Sixty requests are shuffled: less than a fifth for one of two would be one chance in a million.
    assert!((0.2..0.8).contains(&share["before"].as_f64().unwrap()), "{share}");
    // Users wait 2 s for the dead deployment until LiteLLM puts it aside, and for no other.
    assert!(share["waited"].as_u64().unwrap() > 0, "{share}");
    let (cutover, restore) = (&verdict["measures"]["cutover"], &verdict["measures"]["restore"]);
    assert!(restore["hi_ms"].as_f64().unwrap() <= cutover["hi_ms"].as_f64().unwrap(), "{restore} {cutover}");
}
