//! Negative controls: each copy that is broken on purpose goes red for its own reason, and a scenario whose objectives cannot fail is found out.

use crate::support::{Project, Run};
use serde_json::Value;

/// Fewer requests, so that seven drills at once leave the machine room.
fn quick() -> Project {
    let project = Project::quick();
    project.edit("scenarios/quick.yaml", "rate: 50/s", "rate: 20/s");
    project
}

fn outcome(run: &Run) -> Value {
    let all: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"));
    all[0].clone()
}

/// Of each control what became of it, and what was seen.
fn ends(outcome: &Value) -> Vec<(String, String, String)> {
    let text = |control: &Value, key: &str| control[key].as_str().unwrap().to_owned();
    outcome["controls"].as_array().unwrap().iter().map(|each| (text(each, "name"), text(each, "end"), text(each, "seen"))).collect()
}

#[test]
fn each_broken_copy_goes_red_for_its_own_reason_and_counts_nowhere_else() {
    let project = quick();
    let run = project.lifeboat(&["prove", "scenarios/quick.yaml", "--at-once", "7", "--format", "json"]);
    let outcome = outcome(&run);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(
        run.stderr.contains("quick in lab: 7 drills (one as it is, 6 on copies that are broken on purpose), about 26 s"),
        "{}",
        run.stderr
    );
    let ends = ends(&outcome);
    let names: Vec<&str> = ends.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["fallback-removed", "standby-key-wrong", "standby-dead", "standby-slow", "timeout-x10", "breaker-off"]);
    assert!(ends.iter().all(|(_, end, _)| end == "red"), "{ends:#?}");
    let seen = |place: usize| ends[place].2.as_str();
    assert!(seen(0).starts_with("no standby was asked ("), "{ends:#?}");
    assert!(seen(1).contains("refused") && seen(1).contains("401"), "{ends:#?}");
    assert!(seen(2).starts_with("second answered 0 of"), "{ends:#?}");
    assert_eq!((outcome["as_it_is"].as_str(), outcome["proven"].as_bool()), (Some("met"), Some(true)));

    // What was proven is kept, and the drills of copies count nowhere.
    let kept = project.json("drills/proofs/quick.json");
    assert_eq!((kept["of"][0]["environment"].as_str(), kept["of"][0]["controls"].as_array().unwrap().len()), (Some("lab"), 6));
    let drill = outcome["controls"][0]["drill"].as_str().unwrap();
    let started = project.events(drill).remove(0);
    assert_eq!(started["started"]["plan"]["sabotage"]["kind"], "fallback-removed");
    assert!(started["started"]["origin"].get("proof").is_none(), "{started}");
    project.lifeboat(&["report", drill]).exits_with(0).says("A negative control: this copy of the system was broken on purpose");
    let usual = outcome["drill"].as_str().unwrap();
    project.lifeboat(&["report", usual]).exits_with(0).says("This drill was never seen red").says("unproven");
    let listed = project.lifeboat(&["list"]);
    assert!(listed.exits_with(0).stdout.contains("no drill here is as asked for"), "{listed:?}");
    let coverage = project.lifeboat(&["coverage"]);
    assert!(!coverage.exits_with(0).stdout.contains("met"), "{coverage:?}");

    // Asked again for one alone, what is known of the others stays; it is no drill more than that.
    let listed = project.lifeboat(&["prove", "scenarios/quick.yaml", "--list"]);
    listed.exits_with(0).says("timeout-x10").says("must be red: waits-longer");
    let wrong = project.lifeboat(&["prove", "scenarios/quick.yaml", "--only", "timeout-x11"]);
    assert!(wrong.code == Some(2) && wrong.stderr.contains("did you mean `timeout-x10`?"), "{wrong:?}");
}

#[test]
fn a_scenario_whose_objectives_cannot_fail_is_found_out() {
    let project = quick();
    // One request in twenty fails, and every second may.
    let (fault, few) = ("fault: blackhole", "fault: {status: {code: 503, probability: 5%}}");
    project.edit("scenarios/quick.yaml", fault, few);
    project.edit(
        "scenarios/quick.yaml",
        "  watch: 1s\n",
        "  watch: 1s\nobjectives: {success: 50%, gate: restore, rescued: {at_most: 100%}}\n",
    );
    let args = ["prove", "scenarios/quick.yaml", "--at-once", "4", "--only", "fallback-removed", "--only", "standby-dead"];
    let run = project.lifeboat(&[&args[..], &["--only", "timeout-x10"]].concat());
    assert_eq!(run.code, Some(1), "{run:?}");
    for line in [
        "quick in lab is not proven: 0 of 3 went red for their reason; 3 green",
        "no, it stayed green",
        "nothing in its objectives needs a standby",
    ] {
        assert!(run.stdout.contains(line), "{line}: {run:?}");
    }
    assert_eq!(project.json("drills/proofs/quick.json")["of"][0]["controls"][0]["red"], false);
}

#[test]
fn nothing_is_broken_on_purpose_where_that_is_not_allowed() {
    let project = quick();
    let inventory = std::fs::read_to_string(project.path("runbooks/inventory.yaml")).unwrap();
    let staging = "  staging: {services: {chat: {url: \"http://127.0.0.1:9/v1\"}}}\n  live: {services: {chat: {url: \"http://127.0.0.1:9/v1\"}}, protected: true}\n";
    project.write("runbooks/inventory.yaml", &(inventory + staging));
    let refused = |environment: &str| {
        let run = project.lifeboat(&["prove", "scenarios/quick.yaml", "--env", environment]);
        assert!(run.code == Some(2) && !project.path("drills").exists(), "{run:?}");
        run.stderr
    };
    assert!(refused("staging").contains("hint: where no user is on it, add `allow: {sabotage: true}` to `staging`"));
    assert!(refused("live").contains("the environment `live` is protected"));
}
