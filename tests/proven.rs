//! Negative controls: each copy that is broken on purpose goes red for its own reason, and a scenario whose objectives cannot fail is found out.

use crate::support::{Project, Run, python};
use lifeboat::gateway::sabotage::sabotaged;
use lifeboat::model::{GatewayKind, SabotageKind};
use serde_json::Value;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

/// Fewer requests, so that several drills at once leave the machine room.
fn quick() -> Project {
    let project = Project::quick();
    project.edit("scenarios/quick.yaml", "rate: 50/s", "rate: 20/s");
    // And more patience with each: users with an answer, the gateway with a provider.
    project.edit("runbooks/inventory.yaml", "first_token: 250ms", "first_token: 600ms");
    project.edit("runbooks/inventory.yaml", "lag_max: 200ms", "lag_max: 500ms");
    project.edit("runbooks/inventory.yaml", "try_timeout: 300ms", "try_timeout: 800ms");
    project
}

/// Its inventory, with addresses for the providers: outside the lab they have some.
fn elsewhere(project: &Project) -> String {
    let inventory = std::fs::read_to_string(project.path("runbooks/inventory.yaml")).unwrap();
    let inventory = inventory.replace("dialect: azure-openai", "dialect: azure-openai\n    base_url: \"http://127.0.0.1:9\"");
    inventory.replace("dialect: openai,", "dialect: openai, base_url: \"http://127.0.0.1:9/v1\",")
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
    let run = project.lifeboat(&["prove", "scenarios/quick.yaml", "--at-once", "4", "--format", "json"]);
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
    assert!(coverage.exits_with(0).stdout.contains("outage             never!"), "{coverage:?}");

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
        "  watch: 1s\nobjectives: {success: 50%, gate: restore, rescued: {at_most: 100%}, lead_in: 1, max_consecutive_bad: 100}\n",
    );
    let args = ["prove", "scenarios/quick.yaml", "--at-once", "4", "--seed", "7", "--only", "fallback-removed", "--only", "standby-dead"];
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
    let inventory = elsewhere(&project);
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

#[test]
fn a_real_nginx_is_broken_by_a_copy_of_its_configuration_and_the_original_is_not_touched() {
    let project = quick();
    // Neither blanks nor quotes are taken in the names of nginx's sockets.
    let folder = tempfile::Builder::new().prefix("gateway").tempdir().unwrap();
    let start = "run: [sh, gateway/start.sh, \"${port}\"], ready: \"http://127.0.0.1:${port}/ready\", env: {FIRST: \"${proxy.first.url}\", \
                 FIRST_KEY: \"${credential.first}\", SECOND: \"${proxy.second.url}\", SECOND_KEY: \"${credential.second}\", BASE: \"FOLDER\"}";
    let start = start.replace("FOLDER", folder.path().to_str().unwrap());
    // What a command breaks is put back whatever becomes of the drill: here it cannot even begin.
    let own = "sabotage: [{name: no-gateway, run: [mv, gateway/start.sh, gateway/away.sh], undo: [mv, gateway/away.sh, gateway/start.sh]}]";
    let rest = "configuration: {nginx: gateway/nginx.conf}, services: {chat: {url: \"http://127.0.0.1:${port}/v1\"}}";
    project.environment("nginx", &format!("start: {{{start}}}, {rest}, {own}")).edit("runbooks/inventory.yaml", "azure-openai", "openai");
    let original = include_str!("proven/nginx.conf");
    project.write("gateway/nginx.conf", original).write("gateway/start.sh", include_str!("proven/start.sh"));
    let args = ["prove", "scenarios/quick.yaml", "--env", "nginx", "--trusted", "--at-once", "4", "--format", "json"];
    let only = ["--only", "fallback-removed", "--only", "timeout-x10", "--only", "breaker-off", "--only", "no-gateway"];
    let run = project.lifeboat(&[&args[..], &only].concat());
    let outcome = outcome(&run);
    let ends = ends(&outcome);
    assert!(ends.len() == 4 && ends[..3].iter().all(|(_, end, _)| end == "red"), "{ends:#?}\n{run:?}");
    assert_eq!((ends[3].0.as_str(), ends[3].1.as_str(), run.code), ("no-gateway", "could not tell", Some(3)), "{ends:#?}");
    assert!(project.path("gateway/start.sh").is_file() && !project.path("drills/proofs/broken-on-purpose.json").exists());
    assert_eq!(std::fs::read_to_string(project.path("gateway/nginx.conf")).unwrap(), original);
    let left = std::fs::read_dir(project.path("drills/proofs")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!left.into_iter().any(|name| name.ends_with(".project")), "a copy was left behind");
    assert_eq!(outcome["proven"], false, "three more apply, and were not asked for");
}

#[test]
fn an_environment_of_ones_own_names_what_breaks_it_as_the_readme_shows() {
    let project = quick();
    let (_, block) = include_str!("../src/proof/README.md").split_once("```yaml\n").unwrap();
    let block = block.split("```").next().unwrap().replace("support-chat", "chat");
    let inventory = elsewhere(&project).replace("environments:\n", &block);
    project.write("runbooks/inventory.yaml", &inventory);
    let listed = project.lifeboat(&["prove", "scenarios/quick.yaml", "--env", "staging", "--list"]);
    listed.exits_with(0).says("./gateway.sh without standby; must be red: no-standby-asked").says("the providers are not the lab's");
}

#[test]
fn what_is_broken_is_still_a_configuration_to_the_programs_themselves() {
    let folder = tempfile::Builder::new().prefix("gateway").tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    // nginx listens while it looks.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nginx = include_str!("proven/nginx.conf").replace("FOLDER", place).replace("PORT", &free.to_string());
    let nginx = nginx.replace("FIRST_URL", "http://127.0.0.1:1").replace("SECOND_URL", "http://127.0.0.1:2");
    let envoy = python("envoy", "tests/gateways/requirements.txt").join("envoy");
    let envoy = envoy.to_str().unwrap();
    let checks: [(GatewayKind, &str, Vec<&str>); 3] = [
        (GatewayKind::Nginx, &nginx, vec!["nginx", "-t", "-e", "stderr", "-p", place, "-c"]),
        (GatewayKind::HaProxy, include_str!("proven/haproxy.cfg"), vec!["haproxy", "-c", "-f"]),
        (GatewayKind::Envoy, include_str!("proven/envoy.yaml"), vec![envoy, "--mode", "validate", "--log-level", "error", "-c"]),
    ];
    for (gateway, text, command) in checks {
        let kinds = [SabotageKind::FallbackRemoved, SabotageKind::TimeoutTimesTen, SabotageKind::BreakerOff, SabotageKind::StandbyKeyWrong];
        let edited = kinds.iter().filter_map(|kind| Some((kind.word(), sabotaged(gateway, text, *kind).ok()?.text)));
        let all: Vec<(&str, String)> = edited.chain([("as it is", text.to_owned())]).collect();
        assert!(all.len() >= 4, "{gateway}: {}", all.len());
        for (what, text) in all {
            let file = folder.path().join(if gateway == GatewayKind::Envoy { "envoy.yaml" } else { "gateway.conf" });
            std::fs::write(&file, &text).unwrap();
            assert_valid(&command, &file, &format!("{gateway}, {what}: {text}"));
        }
    }
}

fn assert_valid(command: &[&str], file: &Path, what: &str) {
    let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
    let checked = Command::new(command[0]).args(&command[1..]).arg(file).env("PATH", &path).output();
    let checked = checked.unwrap_or_else(|error| panic!("this test needs {}: {error}", command[0]));
    assert!(checked.status.success(), "{what}\n{}", String::from_utf8_lossy(&checked.stderr));
}
