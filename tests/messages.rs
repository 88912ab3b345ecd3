//! What an execution says to people elsewhere: alerts that are opened once and closed, acknowledgements, updates, status pages.

use crate::support::{Desks, Project, Started, wait_for};
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;

const EXECUTE: [&str; 4] = ["execute", "runbooks/real.yaml", "--out", "x"];
const RESUME: [&str; 3] = ["execute", "--resume", "x"];
/// A step that ends once there is a file `go`.
const WAIT: &str = "name: Work, run: [sh, -c, \"until test -e go; do sleep 0.01; done\"], timeout: 60s, undo: none, repeat: safe";

fn project(head: &str, steps: &[&str]) -> (Project, Desks) {
    let project = Project::quick();
    let desks = Desks::start(&project);
    project.edit("runbooks/inventory.yaml", "providers:\n", &format!("{}providers:\n", desks.contacts()));
    let steps: String = steps.iter().map(|step| format!("  - {{{step}}}\n")).collect();
    project.write("runbooks/real.yaml", &format!("version: 1\nrunbook: real\nstart: by-hand\n{head}steps:\n{steps}"));
    (project, desks)
}

fn start(project: &Project, args: &[&str]) -> Started {
    project.start_with(args, &Desks::KEYS)
}

fn killed(mut running: Started) {
    running.signal(9);
    running.finish();
}

fn of_kind(project: &Project, kind: &str) -> Vec<Value> {
    project.events("x").iter().filter_map(|event| event.get(kind).cloned()).collect()
}

/// No request was refused but those that a script refused, and no key stands in what is left.
fn all_in_form(project: &Project, desks: &Desks) {
    let refused: Vec<Value> = desks.log().into_iter().filter(|call| matches!(call["status"].as_u64(), Some(400 | 404 | 422))).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    for file in ["x/history.jsonl", "x/report.md", "x/report.html"] {
        let text = std::fs::read_to_string(project.path(file)).unwrap_or_default();
        for (name, key) in Desks::KEYS {
            assert!(!text.contains(key), "{file} holds the value of {name}");
        }
    }
}

#[test]
fn an_alert_is_opened_once_however_often_it_is_sent_and_resolved_at_the_end() {
    let page = |at: &str| {
        format!(
            "name: Page, notify: {{pagerduty: \"env:TEST_ROUTING\", at: \"{at}/v2/enqueue\", message: get up}}, timeout: 20s, undo: none, \
             retries: 1, retry_after: 10ms"
        )
    };
    let (project, desks) = project("", &["name: Stand-in, pause: 1ms", WAIT]);
    project.edit("runbooks/real.yaml", "name: Stand-in, pause: 1ms", &page(&desks.url));
    // It is taken, and nobody is told so: the step tries again. Then it is killed, and goes on.
    desks.script(&json!([{"taken": 500}]));
    let mut running = start(&project, &EXECUTE);
    running.until("2/2 Work");
    killed(running);
    project.write("go", "");
    start(&project, &RESUME).finish().exits_with(0);
    let events = desks.calls("POST /v2/enqueue");
    let actions: Vec<&str> = events.iter().map(|event| event["body"]["event_action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["trigger", "trigger", "resolve"], "{events:#?}");
    let names: Vec<&Value> = events.iter().map(|event| &event["body"]["dedup_key"]).collect();
    assert!(names[0].as_str().is_some_and(|name| name.contains("step-1")) && names.iter().all(|name| *name == names[0]), "{names:?}");
    let alerts = events.last().unwrap()["alerts"].as_object().unwrap().clone();
    assert_eq!((alerts.len(), &alerts.values().next().unwrap()["state"]), (1, &json!("resolved")), "nobody was paged twice");
    assert_eq!(events[0]["body"]["client"], "Lifeboat");
    let report = std::fs::read_to_string(project.path("x/report.md")).unwrap();
    assert!(report.contains("the alert at PagerDuty is resolved"), "{report}");
    all_in_form(&project, &desks);
}

#[test]
fn an_alert_is_resolved_when_all_is_undone_and_stays_open_where_a_step_failed() {
    let fails = "name: Fails, run: [test, -e, ready], timeout: 20s, on_failure: stop, undo: none";
    let page = "name: Page, notify: {contact: pager, message: get up}, timeout: 20s, undo: {run: [\"true\"]}";
    let (project, desks) = project("owner: genie\n", &[page, fails]);
    let run = start(&project, &EXECUTE).finish();
    run.exits_with(1).says("the alert at PagerDuty (pager) stays open, because the runbook ended so: failed");
    run.says("the alert at Opsgenie (genie) stays open");
    assert!(desks.calls("POST /v2/alerts/").is_empty(), "nothing is closed");
    let report = std::fs::read_to_string(project.path("x/report.md")).unwrap();
    assert!(report.contains("stays open, because the runbook ended so: failed"), "{report}");
    // What was open before it was interrupted is known afterwards.
    start(&project, &["execute", "--resume", "x", "--undo"]).finish().exits_with(0);
    let last = desks.log().pop().unwrap();
    let states: Vec<&Value> = last["alerts"].as_object().unwrap().values().map(|alert| &alert["state"]).collect();
    assert_eq!(states, ["resolved", "resolved"], "{last:#}");
    all_in_form(&project, &desks);
}

#[test]
fn who_acknowledges_stops_what_would_have_come_later_and_is_known_after_a_crash() {
    let escalate = "owner: pager\nescalate: [{after: 20s, to: genie, until: acknowledged}, {after: 100ms, to: boss}]\n";
    let (project, desks) = project(escalate, &["name: Ask, confirm: \"Ready?\", timeout: 60s", WAIT]);
    let mut command = project.command(&EXECUTE);
    let mut child = command.envs(Desks::KEYS).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for("the owner's alert", || desks.calls("POST /v2/enqueue").pop());
    // Typed while a question is open: it is no answer, and no note.
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "ack alice: on my way").unwrap();
    wait_for("the acknowledgement", || of_kind(&project, "acknowledged").pop());
    wait_for("the one who is told all the same", || of_kind(&project, "contacted").into_iter().find(|told| told["contact"] == "boss"));
    wait_for("PagerDuty is told", || {
        desks.calls("POST /v2/enqueue").into_iter().find(|call| call["body"]["event_action"] == "acknowledge")
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let acknowledged = of_kind(&project, "acknowledged");
    assert_eq!(acknowledged, [json!({"by": "alice", "how": "terminal", "spared": ["genie"]})]);
    assert!(of_kind(&project, "note").is_empty());
    // As if that had been a year ago, so that everybody's time has come.
    let history = std::fs::read_to_string(project.path("x/history.jsonl")).unwrap();
    let (before, after) = history.split_once("\"wall_clock\":\"").unwrap();
    project.write("x/history.jsonl", &format!("{before}\"wall_clock\":\"2025-01-01{}", &after["2025-01-01".len()..]));
    project.write("go", "");
    let run = project.run(project.command(&["execute", "--resume", "x", "--yes"]).envs(Desks::KEYS));
    run.exits_with(0);
    assert!(desks.calls("POST /v2/alerts").is_empty(), "its time had come before it went on");
    let report = std::fs::read_to_string(project.path("x/report.md")).unwrap();
    assert!(report.contains("alice acknowledged") && report.contains("not told any more: genie"), "{report}");
    all_in_form(&project, &desks);
}

#[test]
fn an_acknowledgement_in_pagerduty_or_opsgenie_is_seen() {
    for (owner, how, later) in [("pager", "pagerduty", "genie"), ("genie", "opsgenie", "pager")] {
        let head = format!("owner: {owner}\nescalate: [{{after: 1h, to: {later}, until: acknowledged}}]\n");
        let (project, desks) = project(&head, &[WAIT]);
        let mut running = start(&project, &EXECUTE);
        running.until("told ");
        desks.acknowledge("Alice B.");
        running.until("Alice B. acknowledged");
        project.write("go", "");
        running.finish().exits_with(0);
        assert_eq!(of_kind(&project, "acknowledged"), [json!({"by": "Alice B.", "how": how, "spared": [later]})]);
        all_in_form(&project, &desks);
    }
}

/// Of an incident on a page its status and what it says.
fn incident(desks: &Desks, page: &str) -> (String, Vec<String>) {
    let pages = desks.log().pop().unwrap()["pages"].clone();
    let incidents = pages[page].as_object().unwrap().clone();
    assert_eq!(incidents.len(), 1, "one incident, and no other: {incidents:#?}");
    let incident = incidents.values().next().unwrap().clone();
    let said = incident["said"].as_array().unwrap().iter().map(|said| said.as_str().unwrap().to_owned()).collect();
    (incident["status"].as_str().unwrap().to_owned(), said)
}

const UPDATES: &str = "templates:\n  customer: \"We look into it: ${steps.cause}. Last: ${updates.last}\"\n  over: \"It is ${end} after \
                       ${since}.\"\nupdates:\n  - {every: 1h, start_after: 0s, to: customers, template: customer}\n  - {every: 1h, start_after: \
                       0s, to: partners, message: Hello}\n  - {at_end: true, to: customers, template: over}\n  - {at_end: [failed], to: boss, \
                       message: \"It failed\"}\n";

#[test]
fn a_page_has_one_incident_with_its_updates_even_where_it_crashes_right_after_it_was_opened() {
    let (project, desks) =
        project(UPDATES, &["name: Find, run: [echo, a full disk], timeout: 20s, output: cause, undo: none, repeat: safe", WAIT]);
    project.edit("runbooks/real.yaml", "  - {every: 1h, start_after: 0s, to: partners, message: Hello}\n", "");
    project.edit("runbooks/real.yaml", "every: 1h, start_after: 0s", "every: 1500ms, start_after: 300ms");
    // The page takes it, and nobody hears of it.
    desks.script(&json!([{"hang": true}]));
    let running = start(&project, &EXECUTE);
    wait_for("the incident", || desks.calls("POST /v1/pages/kctbh9vrtdwd/incidents").pop());
    killed(running);
    assert_eq!((of_kind(&project, "update_begun").len(), of_kind(&project, "page_incident_opened").len()), (1, 0));
    let mut running = start(&project, &RESUME);
    running.until("an update to customers may have been sent before the interruption");
    wait_for("the next update", || desks.calls("PATCH ").pop());
    // Killed once more, with the incident in the history; then it is not asked for again.
    wait_for("what came of it", || of_kind(&project, "contacted").pop());
    killed(running);
    let asked = desks.calls("GET /v1/pages").len();
    project.write("go", "");
    start(&project, &RESUME).finish().exits_with(0);
    assert_eq!((asked, desks.calls("GET /v1/pages").len()), (1, 1));
    let (status, said) = incident(&desks, "kctbh9vrtdwd");
    assert_eq!(status, "resolved");
    assert!(said[0] == "We look into it: a full disk. Last: (not known yet)" || said[0].contains("(not known yet). Last"), "{said:?}");
    assert!(said.last().unwrap().starts_with("It is done after "), "{said:?}");
    let keys: Vec<Value> = of_kind(&project, "update_begun").into_iter().map(|begun| begun["key"].clone()).collect();
    let mut once = keys.clone();
    once.dedup();
    assert_eq!(keys, once, "no turn was used twice");
    let opened = desks.calls("POST /v1/pages")[0]["body"]["incident"].clone();
    assert_eq!((&opened["name"], &opened["status"]), (&json!("Chat is slow"), &json!("investigating")));
    assert_eq!(opened["components"], json!({"8kbf7d35c070": "major_outage"}));
    let closed = desks.calls("PATCH ").pop().unwrap()["body"]["incident"].clone();
    assert_eq!(closed["components"], json!({"8kbf7d35c070": "operational"}));
    let report = std::fs::read_to_string(project.path("x/report.md")).unwrap();
    assert!(report.contains("an update every 1.5 s") && report.contains("It is done after"), "{report}");
    all_in_form(&project, &desks);
}

#[test]
fn what_a_page_refuses_is_said_and_what_it_asks_for_is_waited_for() {
    let (project, desks) =
        project(UPDATES, &["name: Find, run: [echo, a full disk], timeout: 20s, output: cause, undo: none, repeat: safe", WAIT]);
    project.edit("runbooks/real.yaml", "to: customers, template: over", "to: boss, template: over");
    project.edit("runbooks/real.yaml", "  - {every: 1h, start_after: 0s, to: customers, template: customer}\n", "");
    // Too busy at first; then it is open, and nobody says any more that it is over: that is done without words of the runbook's own.
    desks.script(&json!([{"status": 429, "retry_after": 1}]));
    project.write("go", "");
    let run = start(&project, &EXECUTE).finish();
    run.exits_with(0).says("told partners, an update every 1 h: Partners: Instatus: the incident cl0 is open");
    run.says("TELL boss, the runbook ends: done: call Boss at 112");
    let (status, said) = incident(&desks, "cl1");
    assert_eq!((status.as_str(), said), ("RESOLVED", vec!["Hello".to_owned(), "This incident is over.".to_owned()]));
    let calls = desks.calls("POST /v1/cl1");
    assert_eq!(calls[0]["status"], 429);
    assert_eq!(calls[1]["body"]["statuses"], json!([{"id": "ck1", "status": "PARTIALOUTAGE"}]));
    all_in_form(&project, &desks);
    for (turns, keys, said) in [
        (json!([{"status": 422}]), Desks::KEYS, "Statuspage does not take it (422): {\"error\": \"as the script says\"}"),
        (json!([{"status": 429, "retry_after": 99}]), Desks::KEYS, "Statuspage is asked too often (429), and wants 99 s of rest"),
        (json!([]), [("TEST_PAGE", "another-token-altogether"); 4], "Statuspage refuses the key (401)"),
    ] {
        desks.script(&turns);
        project.write(
            "runbooks/real.yaml",
            "version: 1\nrunbook: real\nstart: by-hand\nsteps:\n  - {name: Say, notify: {contact: customers, message: Sorry}, timeout: 20s}\n",
        );
        let _ = std::fs::remove_dir_all(project.path("x"));
        let run = project.run(project.command(&EXECUTE).envs(keys));
        run.exits_with(1).says(said);
        assert!(!run.stderr.contains("another-token"), "{}", run.stderr);
    }
}

#[test]
fn a_rehearsal_and_a_drill_publish_nothing_and_check_finds_what_is_missing() {
    let (project, desks) = project(UPDATES, &["name: Say, notify: {contact: customers, message: Sorry}, timeout: 20s, undo: none"]);
    project.edit("runbooks/real.yaml", "${steps.cause}", "the disk");
    let run = project.run(project.command(&["execute", "runbooks/real.yaml", "--rehearse"]).envs(Desks::KEYS));
    run.exits_with(0).says("skipped  contact customers: the host for its messages accepts connections; nothing was sent");
    let run = project.lifeboat(&["execute", "runbooks/real.yaml", "--rehearse"]);
    run.exits_with(1).says("missing  contact customers: the environment variable TEST_PAGE is not set");
    for (from, to, said) in [
        ("template: over", "template: ovr", "there is no template `ovr`"),
        ("${since}", "${sinse}", "`${sinse}` is not a variable"),
        ("to: partners", "to: partner", "`partner` is not a contact"),
        ("at_end: [failed]", "at_end: [broken]", "`broken` is not allowed here"),
    ] {
        project.edit("runbooks/real.yaml", from, to);
        project.lifeboat(&["check", "runbooks/real.yaml"]).exits_with(2).says(said);
        project.edit("runbooks/real.yaml", to, from);
    }
    project.edit("runbooks/inventory.yaml", "token: \"env:TEST_PAGE\"", "token: \"sk-live-token-1234567890\"");
    let run = project.lifeboat(&["check"]);
    run.exits_with(2).says("this does not say where the key is found");
    assert!(!format!("{}{}", run.stdout, run.stderr).contains("sk-live"), "{}", run.stderr);
    project.edit("runbooks/inventory.yaml", "token: \"sk-live-token-1234567890\"", "token: \"env:TEST_PAGE\"");
    assert!(desks.log().is_empty(), "{:?}", desks.log());
    project.runbook("with-the-fault", &["name: Say, notify: {contact: customers, message: Sorry}, timeout: 20s"]);
    let mut drill = project.start_with(&["run", "scenarios/quick.yaml", "--out", "drill", "--yes"], &Desks::KEYS);
    drill.until("1/1 skipped: a drill publishes nothing").signal(2);
    drill.finish().exits_with(4);
    assert!(desks.log().is_empty(), "{:?}", desks.log());
}
