//! The team's own alert starts the runbook: a monitor of its own watches the service and tells Lifeboat what it sees.

use crate::support::{Alertmanager, Project, wait_for};
use lifeboat::alert::Receiver;
use lifeboat::history::{AlertSource, Event};
use lifeboat::journal::{Clock, Journal};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::TcpListener;

/// What the monitor bears.
const TOKEN: &str = "alerts-may-come-in-d1f7";
const RUN: [&str; 6] = ["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"];

fn of_kind<'e>(events: &'e [Value], kind: &'static str) -> Vec<&'e Value> {
    events.iter().filter(|event| event.get(kind).is_some()).collect()
}

fn detecting(project: &Project, alert: &str, steps: &[&str]) {
    project.runbook("on-detection", steps).edit("runbooks/answer.yaml", "{fails: 3 in a row}", &format!("{{alert: {alert}}}"));
}

#[test]
fn an_outage_is_detected_by_the_monitor_that_the_team_runs() {
    let project = Project::quick();
    // nginx takes no blanks in the names of sockets.
    let folder = tempfile::Builder::new().prefix("gateway").tempdir().unwrap();
    project.edit("runbooks/inventory.yaml", "azure-openai", "openai").edit("runbooks/inventory.yaml", "lag_max: 200ms", "lag_max: 1s");
    project.edit("runbooks/inventory.yaml", "first_token: 250ms", "first_token: 500ms");
    // The gateway waits longer for the primary than the monitor is content with.
    let gateway = include_str!("imported/gateway.sh").replace("proxy_read_timeout 600ms", "proxy_read_timeout 1500ms");
    project.write("gateway.sh", &gateway).write("monitor.py", include_str!("alerts/monitor.py"));
    let begin = "python3 monitor.py http://127.0.0.1:$1/v1 $ALERTS & exec sh gateway.sh $1";
    project.environment(
        "watched",
        &format!(
            "alerts: {{listen: \"127.0.0.1:0\", token_from: \"env:ALERTS_TOKEN\"}}, start: {{run: [sh, -c, \"{begin}\", sh, \"${{port}}\"], pass: [ALERTS_TOKEN], env: {{ALERTS: \"${{alerts.url}}\", \
             FOLDER: \"{}\", FIRST: \"${{proxy.first.url}}\", FIRST_KEY: \"${{credential.first}}\", SECOND: \"${{proxy.second.url}}\", SECOND_KEY: \
             \"${{credential.second}}\"}}, ready: \"http://127.0.0.1:${{port}}/ready\"}}, services: {{chat: {{url: \"http://127.0.0.1:${{port}}/v1\"}}}}",
            folder.path().display()
        ),
    );
    detecting(&project, "ServiceSlow", &["name: See that it is over, wait_until: {resolved: ServiceSlow}, timeout: 20s"]);
    let run = project.run(project.command(&[&RUN[..], &["--env", "watched"]].concat()).env("ALERTS_TOKEN", TOKEN));
    run.says("alert     ServiceSlow fires, by alertmanager").says("runbook   answer begins: the alert ServiceSlow: received");
    run.says("1/1 done").says("ServiceSlow is over, by alertmanager");

    let events = project.events("drill");
    assert!(of_kind(&events, "cancelled").is_empty(), "{run:?}");
    let fault = of_kind(&events, "fault_confirmed")[0]["fault_confirmed"]["lo"].as_u64().unwrap();
    // The impostor's was refused, so that this one is the monitor's; what the system printed is without the token.
    let said = std::fs::read_to_string(project.path("drill/system.log")).unwrap();
    assert!(said.contains("the impostor was answered 401 Bearer a token is required here"), "{said}");
    assert!(said.contains("the monitor bears [the credential of env:ALERTS_TOKEN, ") && !said.contains(TOKEN), "{said}");
    let alerts = of_kind(&events, "alert_received");
    assert_eq!(alerts.len(), 2, "one fires and is over: {alerts:?}");
    let alert = &alerts[0]["alert_received"];
    let wanted = json!({"source": "alertmanager", "name": "ServiceSlow", "instance": "1a30ba71cca2921f", "firing": true, "at": alert["at"], "starts_at": alert["starts_at"]});
    assert_eq!(*alert, wanted);
    assert!(alert["starts_at"].is_string());
    let (at, began) = (alert["at"].as_u64().unwrap(), of_kind(&events, "runbook_started")[0]["t"].as_u64().unwrap());
    assert!(fault < at && at < began, "fault {fault}, alert {at}, runbook {began}");
    // The monitor waits a second for an answer to a question that it may have asked just before the fault: answers take a tenth of one. The
    // upper bounds only tell a broken drill from a busy machine.
    let (to_alert, to_runbook) = ((at - fault) as f64 / 1e9, (began - at) as f64 / 1e9);
    assert!((0.5..5.0).contains(&to_alert), "{to_alert} s from the fault to the alert");
    assert!(to_runbook < 1.0, "{to_runbook} s from the alert to the runbook");
    let report = std::fs::read_to_string(project.path("drill/report.md")).unwrap();
    assert!(
        report.contains(&format!("| the alert ServiceSlow arrives | {to_alert:.2} s |"))
            && report.contains("alertmanager, when Lifeboat received it"),
        "{report}"
    );
}

#[test]
fn an_alert_that_never_comes_starts_no_runbook_and_the_report_says_so() {
    let project = Project::quick();
    project.environment("deaf", "gateway: {try_timeout: 300ms}, alerts: {listen: \"127.0.0.1:0\"}");
    detecting(&project, "ServiceSlow", &["name: Never, run: [touch, never], timeout: 20s, undo: none"]);
    project.lifeboat(&RUN).exits_with(2).says("the environment `lab` listens for none").says("add `alerts: {listen:");
    project.lifeboat(&[&RUN[..], &["--env", "deaf"]].concat());
    let events = project.events("drill");
    assert!(of_kind(&events, "runbook_started").is_empty() && !project.path("never").exists());
    let report = std::fs::read_to_string(project.path("drill/report.md")).unwrap();
    assert!(report.contains("the runbook was never started: the alert ServiceSlow did not come"), "{report}");
    assert!(report.contains("| The alert ServiceSlow never came, so the runbook answer was never started. |"), "{report}");
}

#[test]
fn an_alert_that_fires_before_the_fault_cannot_tell_of_it() {
    let project = Project::quick();
    // A port that was free a moment ago is almost surely free now.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    project.environment("noisy", &format!("alerts: {{listen: \"127.0.0.1:{port}\"}}"));
    detecting(&project, "ServiceSlow", &["name: Never, run: [touch, never], timeout: 20s, undo: none"]);
    let drill = project.start(&[&RUN[..], &["--env", "noisy"]].concat());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let alert = json!({"alert": "ServiceSlow", "status": "firing"});
    wait_for("the receiver", || {
        let sent = http.post(format!("http://127.0.0.1:{port}/")).json(&alert).send();
        runtime.block_on(sent).ok().filter(|answer| answer.status().is_success()).map(drop)
    });
    drill.finish().exits_with(3).says("the alert ServiceSlow fires before the fault, so it cannot tell of it");
    let events = project.events("drill");
    assert_eq!((of_kind(&events, "alert_received").len(), of_kind(&events, "fault_requested").len()), (1, 0));
}

#[tokio::test]
async fn prometheus_own_alertmanager_is_understood_and_let_in_by_its_token() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (theirs, ours) = (Project::empty(), Project::empty());
    let journal = Journal::start(std::io::sink(), Clock::start()).unwrap();
    let receiver = Receiver::start("127.0.0.1:0", Some("a token of its own".into()), BTreeSet::new(), journal.recorder()).await.unwrap();
    let stranger = Alertmanager::telling(&theirs, &receiver.url(), "another token");
    stranger.hear("Forged", None).await;
    stranger.is_turned_away().await;
    let team = Alertmanager::telling(&ours, &receiver.url(), "a token of its own");
    team.hear("ServiceSlow", None).await;
    let mut live = journal.live();
    live.wait_for(|live| live.fires("ServiceSlow")).await.unwrap();
    team.hear("ServiceSlow", Some("2026-01-01T00:01:00Z")).await;
    live.wait_for(|live| live.alerts["ServiceSlow"].firing.is_empty()).await.unwrap();
    receiver.stop().await;
    journal.close().await.unwrap();
    let live = live.borrow();
    let told = live.notable.iter().filter_map(|stamped| match &stamped.event {
        Event::AlertReceived(alert) => Some((alert.source, alert.name.as_str(), alert.firing)),
        _ => None,
    });
    let from = AlertSource::Alertmanager;
    assert_eq!(told.collect::<Vec<_>>(), [(from, "ServiceSlow", true), (from, "ServiceSlow", false)]);
}
