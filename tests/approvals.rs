//! Protected environments: no drill begins that nobody approved, what runs is what was approved, and `--yes` approves nothing.

use crate::support::{Project, Run, Screen};
use lifeboat::signing::SigningKey;
use std::io::Write;
use std::process::Stdio;

const WANTED: &str = "approvals: {of: [{contact: ada, key: keys/ada.pub.pem}, {contact: grace, key: GRACE}, lin], needed: 2}";

/// A quick project whose environment `staging` is protected; keys of ada and grace in `keys`. A script of the project runs in its runbook.
fn project(approvals: &str) -> Project {
    let project = Project::quick();
    let mut approvals = approvals.to_owned();
    for who in ["ada", "grace"] {
        let key = SigningKey::generate().unwrap();
        project.write(&format!("keys/{who}.pem"), &key.to_pem());
        project.write(&format!("keys/{who}.pub.pem"), &key.public().to_pem());
        if who == "grace" {
            approvals = approvals.replace("GRACE", &key.public().name().to_string());
        }
    }
    project.write("note.sh", "exit 0\n");
    project.runbook("on-detection", &["name: Note, run: [sh, note.sh], timeout: 20s, undo: none"]);
    let gateway = "gateway: {try_timeout: 300ms, breaker: {failures: 5, cooldown: 2s, probes: 1}}";
    project.environment("staging", &format!("protected: true, {gateway}{}{approvals}", if approvals.is_empty() { "" } else { ", " }));
    let contacts = "contacts: {ada: {name: Ada}, grace: {name: Grace}, lin: {name: Lin}, eve: {name: Eve}}\nproviders:";
    let inventory = std::fs::read_to_string(project.path("runbooks/inventory.yaml")).unwrap();
    project.write("runbooks/inventory.yaml", &inventory.replacen("providers:", contacts, 1));
    project
}

fn approve(project: &Project, who: &str, key: &str, until: &str, out: &str) -> Run {
    let key = format!("keys/{key}.pem");
    project.lifeboat(&["approve", "scenarios/quick.yaml", "--env", "staging", "--as", who, "--until", until, "--key", &key, "--out", out])
}

fn drill(project: &Project, approvals: &[&str]) -> Run {
    let mut args = vec!["run", "scenarios/quick.yaml", "--env", "staging", "--seed", "7", "--out", "drill", "--yes"];
    args.extend(approvals.iter().flat_map(|file| ["--approval", *file]));
    project.lifeboat(&args)
}

fn refused<'r>(project: &Project, run: &'r Run) -> &'r Run {
    run.exits_with(4);
    assert!(!project.path("drill").exists() && run.stderr.starts_with("error: "), "{run:?}");
    run
}

/// It was permitted, and ran to its end; how it went is not what is looked at here.
fn permitted<'r>(project: &Project, run: &'r Run) -> &'r Run {
    let began = project.path("drill").exists() && project.events("drill").last().is_some_and(|event| event.get("finished").is_some());
    assert!(began && matches!(run.code, Some(0 | 1 | 3)), "{run:?}");
    run
}

#[test]
fn two_of_three_approve_beforehand_and_the_drill_runs_unattended() {
    let project = project(WANTED);
    refused(&project, &drill(&project, &[]))
        .says("the environment `staging` is protected, and 0 of 2 approvals are there")
        .says("`--yes` does not approve");
    approve(&project, "ada", "ada", "2d", "a.json").exits_with(0).says("ada approves quick in staging until ").says("note.sh");
    approve(&project, "grace", "grace", "2d", "g.json").exits_with(0);
    refused(&project, &drill(&project, &["a.json"])).says("1 of 2 approvals are there; grace, lin can give the other");
    let run = drill(&project, &["a.json", "g.json"]);
    permitted(&project, &run).says("quick: approved by ada (signed with the key ").says("quick: approved by grace (signed");
    let events = project.events("drill");
    let approved: Vec<_> = events.iter().filter_map(|event| event.get("approved")).collect();
    assert_eq!(approved.len(), 2);
    assert_eq!(
        (approved[0]["who"].as_str(), approved[0]["how"].as_str(), approved[1]["who"].as_str()),
        (Some("ada"), Some("signed"), Some("grace"))
    );
    let plan = project.json("a.json")["payload"].as_str().unwrap().to_owned();
    assert!(!plan.is_empty() && approved[0]["plan"].as_str().unwrap().len() == 64 && approved[0]["until"].as_str().unwrap().ends_with('Z'));
    let report = std::fs::read_to_string(project.path("drill/report.md")).unwrap();
    assert!(report.contains("approved by") && report.contains("ada (signed with the key"), "{report}");
}

#[test]
fn an_approval_of_anything_else_is_refused() {
    let project = project(&WANTED.replace("needed: 2", "needed: 1"));
    approve(&project, "ada", "ada", "2d", "a.json").exits_with(0);
    // Another plan: one second more of the fault.
    project.edit("scenarios/quick.yaml", "for: 7500ms", "for: 8500ms");
    refused(&project, &drill(&project, &["a.json"])).says("a.json approves another plan: `").says("let them approve what is to run now");
    project.edit("scenarios/quick.yaml", "for: 8500ms", "for: 7500ms");
    // The same plan with another script.
    project.write("note.sh", "rm -rf /tmp/nothing-of-value\n");
    refused(&project, &drill(&project, &["a.json"])).says("a.json approves this plan with another file: note.sh has changed since");
    project.write("note.sh", "exit 0\n");
    // Another environment, which is protected alike.
    let inventory = std::fs::read_to_string(project.path("runbooks/inventory.yaml")).unwrap();
    let line = inventory.lines().find(|line| line.starts_with("  staging:")).unwrap().replace("staging:", "europe:");
    project.write("runbooks/inventory.yaml", &format!("{inventory}{line}\n"));
    let elsewhere = project.lifeboat(&["run", "scenarios/quick.yaml", "--env", "europe", "--out", "drill", "--approval", "a.json"]);
    refused(&project, &elsewhere).says("a.json approves another environment: `staging`, and this is `europe`");
    permitted(&project, &drill(&project, &["a.json"])).says("approved by ada");
}

#[test]
fn an_approval_counts_once_from_whom_it_is_and_until_its_end() {
    let project = project(WANTED);
    approve(&project, "ada", "ada", "2d", "a.json").exits_with(0);
    approve(&project, "ada", "ada", "3d", "again.json").exits_with(0);
    refused(&project, &drill(&project, &["a.json", "again.json"])).says("`ada` approves twice, and counts once");
    approve(&project, "grace", "grace", "1s", "g.json").exits_with(0);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    refused(&project, &drill(&project, &["a.json", "g.json"])).says("the approval by grace held until ").says(", and it is ");
    // Changed after it was signed; and somebody else's words.
    let text = std::fs::read_to_string(project.path("a.json")).unwrap();
    project.write("changed.json", &text.replacen("\"sig\": \"", "\"sig\": \"AAAA", 1));
    refused(&project, &drill(&project, &["changed.json"]))
        .says("changed.json is not signed with the key of `ada`, or was changed after it was signed");
    project.write("words.json", "{\"who\": \"ada\"}");
    refused(&project, &drill(&project, &["words.json"])).says("words.json is no approval that can be read: it is no DSSE envelope");
    refused(&project, &drill(&project, &["none.json"])).says("none.json is no approval that can be read: ");
}

#[test]
fn nobody_approves_who_is_no_approver_or_has_another_key() {
    let project = project(WANTED);
    approve(&project, "eve", "ada", "2d", "e.json")
        .exits_with(2)
        .says("the approval is by `eve`, who is no approver of the environment `staging`");
    approve(&project, "ada", "grace", "2d", "e.json").exits_with(2).says("the key `keys/ada.pub.pem` of `ada` cannot be used: it is ");
    approve(&project, "lin", "ada", "2d", "e.json").exits_with(2).says("the inventory names no key of `lin`");
    approve(&project, "ada", "ada", "2026-12-24", "e.json").exits_with(2).says("`2026-12-24` is no time that an approval can end at");
    assert!(!project.path("e.json").exists());
    let lab = ["approve", "scenarios/quick.yaml", "--env", "lab", "--as", "ada", "--until", "2d", "--key", "keys/ada.pem"];
    project.lifeboat(&lab).exits_with(2).says("the environment `lab` is not protected, so that nothing is to be approved");
    // Forged: ada's name over grace's key. What an approval says of itself proves nothing.
    approve(&project, "grace", "grace", "2d", "g.json").exits_with(0);
    let key = SigningKey::from_pem(&std::fs::read_to_string(project.path("keys/grace.pem")).unwrap()).unwrap();
    let mut envelope: lifeboat::signing::Envelope = serde_json::from_value(project.json("g.json")).unwrap();
    let payload = String::from_utf8(envelope.unverified().unwrap()).unwrap().replace("\"who\":\"grace\"", "\"who\":\"ada\"");
    envelope = lifeboat::signing::Envelope::sign(&envelope.payload_type, payload.as_bytes(), &key);
    project.write("forged.json", &serde_json::to_string(&envelope).unwrap());
    refused(&project, &drill(&project, &["forged.json"])).says("forged.json is not signed with the key of `ada`");
    // In an environment that names nobody, files approve nothing.
    let nobody = self::project("");
    refused(&nobody, &drill(&nobody, &["g.json"])).says("the environment `staging` names no approvers");
    refused(&nobody, &drill(&nobody, &[]))
        .says("the environment `staging` is protected, and nobody has approved this drill")
        .says("type the environment's name, `staging`, in full");
}

/// Runs the drill on a terminal of its own, where this is typed; the exit code and what was shown.
fn on_terminal(project: &Project, typed: &str, more: &[&str]) -> (Option<i32>, String) {
    let begin = "export BIN=\"$0\" ARGS=\"$*\"; exec script -qec 'stty -echo; exec \"$BIN\" $ARGS' /dev/null";
    let mut args = vec!["run", "scenarios/quick.yaml", "--env", "staging", "--seed", "7", "--out", "drill", "--yes"];
    args.extend(more);
    let mut command = project.after(&["sh", "-c", begin], &args);
    let mut child = command
        .env("TERM", "xterm")
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut keys = child.stdin.take().unwrap();
    keys.write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    drop(keys);
    (output.status.code(), Screen::of(&output.stdout, 200).join("\n"))
}

#[test]
fn on_a_terminal_the_environments_name_is_typed_in_full_whatever_else_is_agreed_to() {
    let project = project("");
    let (code, shown) = on_terminal(&project, "yes\n", &[]);
    assert!(code == Some(4) && shown.contains("what was typed is not the name of the environment `staging`"), "{code:?} {shown}");
    assert!(!project.path("drill").exists());
    let (code, shown) = on_terminal(&project, "staging\n", &[]);
    assert!(matches!(code, Some(0 | 1 | 3)) && shown.contains("To approve it, type the environment's name in full."), "{code:?} {shown}");
    let approved = project.events("drill").into_iter().find_map(|event| event.get("approved").cloned()).unwrap();
    assert!(approved["how"] == "typed" && approved.get("key").is_none(), "{approved}");
}

#[test]
fn who_has_no_key_approves_on_the_terminal_and_files_do_the_rest() {
    let project = project(WANTED);
    approve(&project, "ada", "ada", "2d", "a.json").exits_with(0);
    // Whoever has a key signs with it, and cannot just be typed.
    let (code, shown) = on_terminal(&project, "grace\nstaging\n", &["--approval", "a.json"]);
    assert!(code == Some(4) && shown.contains("`grace` has a key, and approves with a signed file alone"), "{code:?} {shown}");
    let (code, shown) = on_terminal(&project, "lin\nstaging\n", &["--approval", "a.json"]);
    assert!(matches!(code, Some(0 | 1 | 3)) && shown.contains("approved by lin (typed at the terminal; not verified)"), "{code:?} {shown}");
}

#[test]
fn the_references_example_is_approved_and_run_as_it_says() {
    let (_, section) = include_str!("../runbooks/README.md").split_once("\n## Permission\n").unwrap();
    let block = |language: &str| section.split_once(&format!("```{language}\n")).unwrap().1.split_once("```").unwrap().0;
    let project = Project::quick();
    let here = "gateway: {try_timeout: 300ms, breaker: {failures: 5, cooldown: 2s, probes: 1}}\n    embedded: true\n    allow:\n";
    // Neither the calendar of the example nor its hours are anybody's.
    let lines = block("yaml").lines().filter(|line| !line.contains("hours:")).map(|line| format!("{line}\n")).collect::<String>();
    let staging = lines.strip_prefix("environments:\n").unwrap().replace("allow:\n", here);
    let staging = staging.replace(", \"https://calendar.example/freezes.ics\", \"env:FREEZES\"", "");
    let inventory = std::fs::read_to_string(project.path("runbooks/inventory.yaml")).unwrap();
    let contacts = "contacts: {ada: {name: Ada}, grace: {name: Grace}, lin: {name: Lin}}\nproviders:";
    project.write("runbooks/inventory.yaml", &(inventory.replacen("providers:", contacts, 1) + &staging));
    project.write("freezes.ics", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n");
    for who in ["ada", "grace"] {
        let key = SigningKey::generate().unwrap();
        project.write(&format!("{who}.pem"), &key.to_pem());
        project.write(&format!("keys/{who}.pem"), &key.public().to_pem());
    }
    project.lifeboat(&["check"]).exits_with(0);
    let commands: Vec<String> = block("text").lines().map(|line| line.replace("lifeboat ", "").replace("azure-outage", "quick")).collect();
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let lifeboat = |command: &str| project.lifeboat(&words(command).iter().map(String::as_str).collect::<Vec<_>>());
    for command in [commands[0].clone(), commands[0].replace("ada", "grace")] {
        lifeboat(&command).exits_with(0);
    }
    let run = lifeboat(&(commands[1].clone() + " --out drill"));
    permitted(&project, &run).says("approved by ada").says("approved by grace");
}
