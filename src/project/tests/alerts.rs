//! Alerts and latencies that a runbook waits for, and environments that listen for none.

use super::super::{Project, check};
use super::{Files, INVENTORY_PATH, RUNBOOK_PATH, TODAY, gets};

#[test]
fn a_runbook_that_waits_for_an_alert_needs_an_environment_that_listens() {
    let files = Files::new();
    files.spoil(RUNBOOK_PATH, "start: on-detection\n", "start: on-detection\ndetect: {alert: Provider down}\n");
    assert_eq!(files.check(), "", "where it runs is not known there");
    let said = files.plan("lab");
    assert!(said.contains("the runbook waits for the alert `Provider down`, and the environment `lab` listens for none"), "{said}");
    let staging = "  staging:\n    alerts: {listen: \"127.0.0.1:9099\"}\n";
    let said = files.spoil(INVENTORY_PATH, "  staging:\n", staging).plan("staging");
    assert!(!said.contains("listens for none"), "{said}");
    let step = "wait_until: {resolved: Provider down}";
    files.spoil(RUNBOOK_PATH, "detect: {alert: Provider down}\n", "").spoil(RUNBOOK_PATH, "wait_until: {success: \"99% over 5s\"}", step);
    assert!(files.plan("lab").contains("listens for none"));
}

#[test]
fn an_alert_is_not_asked_for_and_an_address_has_a_port() {
    gets(
        RUNBOOK_PATH,
        "wait_until: {success: \"99% over 5s\"}",
        "wait_until: {request: {to: \"http://h\"}, alert: Down}",
        r#"
error: an alert arrives by itself, and no request asks for it
   --> runbooks/switch.yaml:12:18
    |
 12 |     wait_until: {request: {to: "http://h"}, alert: Down}
    |                  ^^^^^^^
    = hint: take `request` away
"#,
    );
    let files = Files::new();
    let said = files.spoil(INVENTORY_PATH, "  staging:\n", "  staging:\n    alerts: {listen: localhost}\n").check();
    assert!(said.starts_with("error: `localhost` is not an address to listen on"), "{said}");
}

#[test]
fn whoever_listens_for_more_than_this_host_asks_for_a_token() {
    let alerts = |binding: &str, said: &str| gets(INVENTORY_PATH, "  staging:\n", &format!("  staging:\n    alerts: {binding}\n"), said);
    alerts(
        "{listen: \"0.0.0.0:9099\"}",
        r#"
error: alerts would be taken from everybody who can reach `0.0.0.0:9099`
   --> runbooks/inventory.yaml:19:22
    |
 19 |     alerts: {listen: "0.0.0.0:9099"}
    |                      ^^^^^^^^^^^^^^
    = hint: ask for a token with `token_from: "env:NAME"`, or listen on 127.0.0.1
"#,
    );
    alerts(
        "{listen: \"0.0.0.0:9099\", token_from: hunter2}",
        r#"
error: this does not name an environment variable
   --> runbooks/inventory.yaml:19:50
    |
 19 |     alerts: {listen: "0.0.0.0:9099", token_from: •••••••}
    |                                                  ^^^^^^^
    = hint: write `env:NAME`; the key itself never stands in a file
"#,
    );
    for open in ["10.1.2.3:1", "[::]:1", "[2001:db8::1]:1", "[::ffff:10.1.2.3]:1", ":::1"] {
        let files = Files::new();
        let said = files.spoil(INVENTORY_PATH, "  staging:\n", &format!("  staging:\n    alerts: {{listen: \"{open}\"}}\n")).check();
        assert!(said.starts_with(&format!("error: alerts would be taken from everybody who can reach `{open}`\n")), "{said}");
        alerts(&format!("{{listen: \"{open}\", token_from: \"env:ALERTS_TOKEN\"}}"), "");
    }
    // What a name stands for is known only where somebody listens.
    for near in ["127.0.0.1:1", "127.8.9.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "localhost:1", "drills.example:1"] {
        alerts(&format!("{{listen: \"{near}\"}}"), "");
    }
}

#[test]
fn a_receiver_is_known_by_names_of_hosts() {
    let alerts = |binding: &str, said: &str| gets(INVENTORY_PATH, "  staging:\n", &format!("  staging:\n    alerts: {binding}\n"), said);
    alerts("{listen: \"127.0.0.1:9099\", hosts: [drills.example, drills_2, 192.0.2.7, \"[fd00::1]\"]}", "");
    alerts(
        "{listen: \"127.0.0.1:9099\", hosts: [\"http://drills.example:9099\"]}",
        r#"
error: `http://drills.example:9099` is not the name of a host
   --> runbooks/inventory.yaml:19:48
    |
 19 |     alerts: {listen: "127.0.0.1:9099", hosts: ["http://drills.example:9099"]}
    |                                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    = hint: write what stands in the URL between `http://` and the port
"#,
    );
}

#[test]
fn a_latency_is_a_quantile_a_bound_and_a_while_of_the_traffic() {
    let good = "wait_until: {latency: p99.5 below 250ms over 10s}";
    gets(RUNBOOK_PATH, "wait_until: {success: \"99% over 5s\"}", good, "");
    for (bad, said) in [
        ("{latency: p95 below 2s}", "`p95 below 2s` does not say over how long"),
        ("{latency: 95% below 2s over 10s}", "`95% below 2s` is not a latency"),
        ("{latency: p0 below 2s over 10s}", "`p0 below 2s` is not a latency"),
        ("{latency: p95 below 0s over 10s}", "`p95 below 0s` is not a latency"),
        ("{request: {to: \"http://h\"}, latency: p95 below 2s over 10s}", "a latency is that of the drill's traffic, not of a probe"),
    ] {
        let files = Files::new();
        let found = files.spoil(RUNBOOK_PATH, "{success: \"99% over 5s\"}", bad).check();
        assert!(found.starts_with(&format!("error: {said}\n")), "{bad}: {found}");
    }
}

#[test]
fn a_condition_is_written_anew_as_a_whole() {
    for (bad, hint) in [
        ("{success: 0.95 over 5s}", "95% over 5s"),
        ("{success: 95% over 5 s}", "95% over 5s"),
        ("{success: 95 over 5}", "95% over 5s"),
        ("{success: 95%}", "95% over 5s"),
        ("{success: 95% over 0s}", "95% over 5s"),
        ("{success: most over 7s}", "99% over 5s"),
        ("{latency: p90 below 500 ms over 20 s}", "p90 below 500ms over 20s"),
        ("{latency: p0 below 2s over 10s}", "p95 below 2s over 10s"),
        ("{served_by: openai-eu over 3 seconds}", "openai-eu over 3s"),
        ("{served_by: standby for 3s}", "standby over 2s"),
    ] {
        let spoiled = |condition: &str| {
            let files = Files::new();
            files.spoil(RUNBOOK_PATH, "{success: \"99% over 5s\"}", condition).check()
        };
        let found = spoiled(bad);
        assert!(found.contains(&format!("hint: write `{hint}`\n")), "{bad}: {found}");
        let (key, _) = bad.split_once(": ").unwrap();
        assert_eq!(spoiled(&format!("{key}: {hint}}}")), "", "{hint}");
    }
}

#[test]
fn what_counts_outside_a_drill_stands_beside_what_only_its_traffic_shows() {
    let blind = "{success: \"99% over 5s\"}";
    let execution = |files: &Files| {
        let (project, _) = Project::open(files.root());
        project
            .execution(&files.root().join(RUNBOOK_PATH), Some("staging"), None, &std::collections::BTreeMap::new())
            .map_or_else(|found| found.to_string(), |_| String::new())
    };
    let files = Files::new();
    let said = execution(&files);
    assert!(
        said.starts_with("error: this looks at a drill's traffic, and outside a drill there is none\n") && said.contains("`outside: {"),
        "{said}"
    );
    assert_eq!(check(files.root(), &[], TODAY).only_for_drills.len(), 1);
    let good = "{success: \"99% over 5s\", outside: {request: {to: \"${service.url}/models\"}, succeeds: 3 in a row}}";
    files.spoil(RUNBOOK_PATH, blind, good);
    assert_eq!((files.check(), execution(&files)), (String::new(), String::new()));
    assert!(check(files.root(), &[], TODAY).only_for_drills.is_empty());
    // What an environment that listens for none would wait for in vain.
    let files = Files::new();
    files.spoil(RUNBOOK_PATH, blind, "{success: \"99% over 5s\", outside: {alert: Down}}");
    assert!(execution(&files).starts_with("error: this waits for the alert `Down`, and the environment `staging` listens for none\n"));
    files.spoil(INVENTORY_PATH, "  staging:\n", "  staging:\n    alerts: {listen: \"127.0.0.1:9099\"}\n");
    assert_eq!(execution(&files), "");
    for (bad, said) in [
        ("{success: 99% over 5s, outside: {fails: 3 in a row}}", "this looks at a drill's traffic, and outside a drill there is none"),
        ("{alert: A, outside: {alert: B, outside: {alert: C}}}", "this looks at a drill's traffic, and outside a drill there is none"),
        ("{request: {to: \"http://h\"}, succeeds: 1 in a row, outside: {alert: B}}", "this is asked outside a drill as well"),
    ] {
        let files = Files::new();
        let found = files.spoil(RUNBOOK_PATH, blind, bad).check();
        assert!(found.starts_with(&format!("error: {said}\n")), "{bad}: {found}");
    }
}
