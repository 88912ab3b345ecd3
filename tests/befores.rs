//! A lab drill writes its keys where a team's real ones are only where that is allowed and agreed to, and puts back what it found there: when
//! it ends, when it is stopped, when somebody leaves at once, and, by `lifeboat run --undo`, when it was killed.

use crate::support::{Project, Started};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// The file of keys, with a real one in it.
const KEYS: &str = "# of the gateway\nexport KEY=\"sk-the-team-s-real-key\"\nOTHER=sk-another-real-key # stays\n";
const RUN: [&str; 6] = ["run", "scenarios/quick.yaml", "--env", "stores", "--out", "drill"];

/// A quick drill whose runbook replaces the primary's key in `.env` as soon as the fault is there.
fn rotating(allow: &str) -> Project {
    let project = Project::quick();
    let inventory = "runbooks/inventory.yaml";
    let credentials =
        "credentials:\n  key: {kind: api-key, from: \"dotenv:.env#KEY\"}\n  other: {kind: api-key, from: \"dotenv:.env#OTHER\"}\n";
    project.edit(inventory, "providers:\n  first:\n", &format!("{credentials}providers:\n  first:\n    credential: key\n"));
    project.edit(inventory, "second: {dialect: openai,", "second: {dialect: openai, credential: other,");
    project.edit(inventory, "idle: {dialect: openai,", "idle: {dialect: openai, credential: other,");
    project.environment("stores", &format!("keys: stores, gateway: {{try_timeout: 300ms, breaker: {{cooldown: 2s}}}}{allow}"));
    project.runbook(
        "with-the-fault",
        &[
            "name: Mint, rotate: {mint: key}, timeout: 10s",
            "name: Store, rotate: {store: key}, timeout: 10s",
            "name: Reload, http: {post: \"${gateway.url}/reload\"}, timeout: 10s, undo: none, repeat: safe",
            "name: Watch, pause: 30s",
        ],
    );
    // How well users are served is not asked here, and the machine may have other things to do.
    project.edit(
        inventory,
        "slo: {first_token: 250ms}, deadline: 2s, success: 95%",
        "slo: {first_token: 1500ms}, deadline: 2s, success: 50%",
    );
    project.edit(inventory, "lag_max: 200ms", "lag_max: 2s");
    project.write(".env", KEYS);
    project
}

const ALLOWED: &str = ", allow: {stores: [\"dotenv:.env\"]}";

fn keys(project: &Project) -> String {
    std::fs::read_to_string(project.path(".env")).unwrap()
}

fn kept(project: &Project) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(project.path("drill")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("before-store-")).collect()
}

/// A drill that has just replaced the key.
fn replaced(project: &Project) -> Started {
    let mut drill = project.start(&[&RUN[..], &["--yes"]].concat());
    drill.until("is current in dotenv:.env#KEY");
    assert!(!keys(project).contains("sk-the-team-s-real-key") && keys(project).contains("OTHER=sk-another-real-key # stays\n"));
    let file = kept(project).pop().expect("the old key is kept before it is replaced");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    drill
}

#[test]
fn nothing_is_written_into_a_store_that_the_environment_does_not_name() {
    let project = rotating("");
    let run = project.lifeboat(&[&RUN[..], &["--yes"]].concat());
    run.exits_with(2)
        .says("the environment `stores` does not allow a drill to write into `dotenv:.env#KEY`")
        .says("allow: {stores: [\"dotenv:.env\"]}");
    assert!(keys(&project) == KEYS && !project.path("drill").exists());
}

#[test]
fn the_stores_are_named_and_asked_about_first() {
    let project = rotating(ALLOWED);
    let place = "dotenv:.env#KEY (what is there now is saved, and restored at the end)";
    project.lifeboat(&[&RUN[..], &["--dry-run"]].concat()).exits_with(0).says(&format!("writes      {place}"));
    let run = project.lifeboat(&RUN);
    run.exits_with(2)
        .says("this drill writes keys into stores of the inventory, and there is no terminal to ask on")
        .says("hint: see which with --dry-run");
    assert!(keys(&project) == KEYS && !project.path("drill").exists());
    // One that writes nowhere asks nobody.
    project.lifeboat(&["run", "scenarios/quick.yaml", "--dry-run"]).exits_with(0);
}

#[test]
fn a_drill_that_ends_has_put_back_what_it_found() {
    let project = rotating(ALLOWED);
    let run = project.lifeboat(&[&RUN[..], &["--yes"]].concat());
    assert!(matches!(run.code, Some(0 | 1 | 3)), "{run:?}");
    run.says("writes dotenv:.env#KEY (what is there now").says("dotenv:.env#KEY was restored to what it held before the drill");
    assert_eq!((keys(&project).as_str(), kept(&project)), (KEYS, vec![]));
    let events = project.events("drill");
    assert!(events.iter().any(|event| event.get("key_stored").is_some()), "it was another key in between");
    let report = std::fs::read_to_string(project.path("drill/report.md")).unwrap();
    assert!(report.contains("#KEY was restored to what it held before the drill."), "{report}");
    assert!(!events.iter().any(|event| event.to_string().contains("real-key")) && !report.contains("real-key"));
}

#[test]
fn a_drill_that_is_stopped_puts_back_what_it_found() {
    for times in [1, 2] {
        let project = rotating(ALLOWED);
        let mut drill = replaced(&project);
        drill.signal(2).until("stopping: every fault is healed");
        if times == 2 {
            // To leave at once.
            drill.signal(2);
        }
        assert_eq!(drill.finish().code, Some(4));
        assert_eq!((keys(&project).as_str(), kept(&project)), (KEYS, vec![]), "stopped by {times}");
    }
}

#[test]
fn what_a_killed_drill_replaced_is_put_back_by_heal() {
    let project = rotating(ALLOWED);
    let mut drill = replaced(&project);
    drill.signal(9);
    drill.finish();
    assert!(!keys(&project).contains("sk-the-team-s-real-key"), "nobody could put it back yet");
    project.lifeboat(&["run", "--undo", "drill"]).exits_with(0).says("dotenv:.env#KEY was restored to what it held before the drill");
    assert_eq!((keys(&project).as_str(), kept(&project)), (KEYS, vec![]));
    project.lifeboat(&["run", "--undo", "drill"]).exits_with(2).says("there is nothing to undo");
}

#[test]
fn what_somebody_else_wrote_meanwhile_is_left_and_told() {
    let project = rotating(ALLOWED);
    let drill = replaced(&project);
    let theirs = "KEY=sk-somebody-rotated-it-for-real\nOTHER=sk-another-real-key\n";
    project.write(".env", theirs);
    let run = drill.finish();
    run.exits_with(4).says("a key that the drill replaced in a store was not restored; it is kept in drill/before-store-1.json");
    assert_eq!((keys(&project).as_str(), kept(&project).len()), (theirs, 1));
    project.lifeboat(&["run", "--undo", "drill"]).exits_with(3).says("dotenv:.env#KEY has changed");
}

#[test]
fn a_key_that_somebody_made_current_before_the_first_write_stays() {
    let project = rotating(ALLOWED);
    let mut drill = project.start(&[&RUN[..], &["--yes"]].concat());
    drill.until("baseline");
    let theirs = KEYS.replace("sk-the-team-s-real-key", "sk-somebody-rotated-it-for-real");
    project.write(".env", &theirs);
    let run = drill.finish();
    assert!(matches!(run.code, Some(0 | 1 | 3)), "{run:?}");
    assert_eq!((keys(&project), kept(&project)), (theirs, vec![]));
    let events = project.events("drill");
    let failed = events.iter().filter_map(|event| event.get("step_finished")).find(|step| step["end"] == "failed").expect("a step fails");
    assert!(failed["output"].as_str().unwrap().contains("dotenv:.env#KEY has changed"), "{failed}");
    assert!(!events.iter().any(|event| event.get("key_stored").is_some() || event.to_string().contains("for-real")));
}

/// An issuer that writes down what it is asked, and makes nothing.
fn issuer() -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(String::new()));
    let hears = heard.clone();
    std::thread::spawn(move || {
        for mut wire in listener.incoming().map_while(Result::ok) {
            let mut bytes = [0; 4096];
            let length = wire.read(&mut bytes).unwrap_or(0);
            hears.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..length]));
            let _ = wire.write_all(b"HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    (address, heard)
}

#[test]
fn no_real_issuer_is_asked_for_what_the_lab_made() {
    let project = rotating(ALLOWED);
    let (address, heard) = issuer();
    let issued = format!(
        "from: \"dotenv:.env#KEY\", key_id: Key1, issuer: {{kind: azure, resource: /r, token: \"env:MANAGEMENT_TOKEN\", idle: key2, address: \"{address}\"}}}}"
    );
    project.edit("runbooks/inventory.yaml", "from: \"dotenv:.env#KEY\"}", &issued);
    project.edit("runbooks/inventory.yaml", "    credential: key\n", &format!("    credential: key\n    base_url: {address}\n"));
    let store = "rotate: {store: key}, timeout: 10s";
    let undone = "run: ['true'], timeout: 10s, undo: {run: [sh, -c, 'echo undone >> log']}";
    project.edit(
        "runbooks/answer.yaml",
        &format!("  - {{name: Store, {store}}}"),
        &format!("  - {{name: Say, {undone}}}\n  - {{name: Store, {store}, undo: {{rotate: {{revoke: key}}}}}}"),
    );
    let token = [("MANAGEMENT_TOKEN", "management-token-of-the-team-0f3b")];
    let mut drill = project.start_with(&[&RUN[..], &["--yes"]].concat(), &token);
    drill.until("is current in dotenv:.env#KEY");
    drill.signal(9);
    drill.finish();
    project.run(project.command(&["run", "--undo", "drill", "--yes"]).envs(token)).exits_with(0);
    assert_eq!((keys(&project).as_str(), kept(&project)), (KEYS, vec![]));
    assert_eq!(std::fs::read_to_string(project.path("log")).unwrap(), "undone\n", "what else was done is taken back");
    assert_eq!(*heard.lock().unwrap(), "");
}
