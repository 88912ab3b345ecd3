//! Canaries by the binary, with nginx as the router: a share of a drill's traffic stays where it is served well, and is taken back where not.

use crate::support::Project;
use serde_json::Value;

const CTRL_C: i32 = 2;

/// A drill whose runbook gives half of the traffic to the second provider while this fault is on that one. Its events until the step after
/// the canary has ended, as `until` says, and the shares that were routed.
fn tried(fault: &str, at_least: &str, price: &str, until: &str) -> (Vec<Value>, String) {
    let project = Project::quick();
    // nginx takes no blanks in the names of sockets.
    let folder = tempfile::Builder::new().prefix("router").tempdir().unwrap();
    let at = folder.path().display().to_string();
    project.edit("runbooks/inventory.yaml", "azure-openai", "openai");
    project.edit("scenarios/quick.yaml", "on: first, fault: blackhole, for: 7500ms", &format!("on: second, {fault}, for: 20s"));
    // Both have the same list price but for the canary's.
    let (first, second) = ("    dialect: openai\n", "second: {dialect: openai, ");
    project.edit("runbooks/inventory.yaml", first, &format!("{first}    price: {{input: 1 USD, output: 1 USD}}\n"));
    project.edit("runbooks/inventory.yaml", second, &format!("{second}price: {{input: {price}, output: {price}}}, "));
    project.write("router.sh", include_str!("canaries/router.sh")).write("route.sh", include_str!("canaries/route.sh"));
    project.environment(
        "nginx",
        &format!(
            "start: {{run: [sh, router.sh, \"${{port}}\"], env: {{FOLDER: \"{at}\", FIRST: \"${{proxy.first.url}}\", FIRST_KEY: \
             \"${{credential.first}}\", SECOND: \"${{proxy.second.url}}\", SECOND_KEY: \"${{credential.second}}\"}}, ready: \
             \"http://127.0.0.1:${{port}}/ready\"}}, services: {{chat: {{url: \"http://127.0.0.1:${{port}}/v1\"}}}}"
        ),
    );
    let route = |share: u32| format!("{{run: {{command: [sh, route.sh, \"{share}\"], env: {{FOLDER: \"{at}\"}}}}}}");
    let canary = format!(
        "name: Try it, output: seen, on_failure: continue, timeout: 20s, canary: {{shift: {}, back: {}, of: standby, hold: 5s, {at_least} \
         worse_by: {{errors: 8%, latency: 100%, cost: 10%}}}}",
        route(50),
        route(0)
    );
    let last = format!(
        "name: Last, run: {{command: [sh, -c, 'cat \"$FOLDER/routed\"; echo \"$1\"', sh, \"${{steps.seen.json.canary.exchanges}}\"], env: {{FOLDER: \
         \"{at}\"}}}}, timeout: 20s, when: {{step: Try it, ended: done}}, undo: none"
    );
    project.runbook("with-the-fault", &[&canary, &last]);
    let mut drill = project.start(&["run", "scenarios/quick.yaml", "--env", "nginx", "--seed", "7", "--out", "drill", "--yes"]);
    drill.until(until).signal(CTRL_C);
    drill.finish().exits_with(4);
    let events = project.stopped_cleanly("drill", "person");
    (events, std::fs::read_to_string(folder.path().join("routed")).unwrap())
}

fn finished(events: &[Value]) -> Vec<(&str, &str)> {
    let finished = events.iter().filter_map(|event| event.get("step_finished"));
    finished.map(|step| (step["end"].as_str().unwrap(), step.get("output").map_or("", |output| output.as_str().unwrap()))).collect()
}

#[test]
fn a_canary_that_is_served_well_keeps_its_share_until_the_runbook_is_taken_back() {
    let (events, routed) = tried("fault: {latency: {latency: 1ms}}", "at_least: 60 requests,", "1 USD", "2/2 done");
    let finished = finished(&events);
    let (end, output) = finished[0];
    assert!(
        end == "done"
            && output.starts_with("went on\nstandby: ")
            && output.contains("an answer costs at most ")
            && output.ends_with(", cost 10%"),
        "{output}"
    );
    // What the next step was told is what the proxies saw.
    let (share, told) = finished[1].1.split_once('\n').unwrap();
    let told: usize = told.parse().unwrap();
    assert_eq!((share, routed.as_str()), ("50", "50\n0\n"), "it has its share until the drill takes back what was done");
    let place = |step: u64, kind: &str| events.iter().position(|event| event.get(kind).is_some_and(|of| of["step"] == step)).unwrap();
    let hold = &events[place(0, "step_started")..place(0, "step_finished")];
    let seen = hold.iter().filter_map(|event| event.get("served")).filter(|served| served["by"] == "second").count();
    assert!(told >= 60 && seen.abs_diff(told) <= 5, "{told} were told, {seen} were seen");
}

#[test]
fn a_canary_that_does_worse_or_cannot_be_told_apart_is_rolled_back() {
    for (fault, at_least, price, why) in [
        ("fault: {status: {code: 503, probability: 40%}}", "", "1 USD", "failed exchanges: "),
        ("fault: corrupt", "", "1 USD", "wrong answers: "),
        ("fault: {latency: {latency: 400ms}}", "", "1 USD", "its p95 of "),
        ("fault: {latency: {latency: 1ms}}", "at_least: 100000 requests,", "1 USD", "standby had "),
        ("fault: {latency: {latency: 1ms}}", "at_least: 60 requests,", "3 USD", "an answer costs "),
    ] {
        let (events, routed) = tried(fault, at_least, price, "2/2 skipped");
        let finished = finished(&events);
        assert!(finished[0].0 == "failed" && finished[0].1.starts_with(&format!("rolled back: {why}")), "{fault}: {finished:?}");
        assert_eq!((finished[1].0, routed.as_str()), ("skipped", "50\n0\n"), "{fault}");
    }
}
