//! Rotations that could not work: an issuer that nobody named, a store that cannot, a slot that is in use, a runbook that rotates others.

use super::{Files, INVENTORY_PATH, Project, RUNBOOK_PATH, gets};

const KEY: &str = "from: \"env:AZURE_KEY\"";

/// The project with a runbook of these parts, and its credential declared so.
fn rotating(credential: &str, parts: &[&str]) -> Files {
    let files = Files::new();
    files.spoil(INVENTORY_PATH, KEY, credential);
    let steps: String = parts.iter().map(|part| format!("  - {{name: {part}, rotate: {{{part}: azure-key}}, timeout: 10s}}\n")).collect();
    files.write(RUNBOOK_PATH, format!("version: 1\nrunbook: switch\nstart: with-the-fault\nsteps:\n{steps}"));
    files
}

/// What is said where it is executed.
fn executed(files: &Files) -> Vec<String> {
    let (project, _) = Project::open(files.root());
    let found = project
        .execution(&files.root().join(RUNBOOK_PATH), None, None, &std::collections::BTreeMap::new())
        .map_or_else(|found| found, |(_, found)| found);
    found.iter().map(|found| found.message.clone()).collect()
}

const ISSUED: &str = "key_id: k1, issuer: {kind: command, mint: [m], revoke: [r], probe: [p]}";

#[test]
fn who_issues_a_key_is_asked_where_it_is_executed_and_not_in_the_lab() {
    let files = rotating("from: \"dotenv:.env#KEY\"", &["mint", "store", "revoke"]);
    assert_eq!(executed(&files), ["it is not known who issues and revokes `azure-key`"; 2]);
    assert_eq!((files.check(), files.plan("lab")), (String::new(), String::new()), "the lab makes its own");
    assert!(files.plan("staging").contains("it is not known who issues and revokes `azure-key`"), "{}", files.plan("staging"));
    let nameless = rotating(&format!("from: \"dotenv:.env#KEY\", {}", ISSUED.trim_start_matches("key_id: k1, ")), &["mint", "revoke"]);
    assert_eq!(executed(&nameless), ["the issuer's name for the key of `azure-key` that is in use is not known"]);
    let issued = rotating(&format!("from: \"dotenv:.env#KEY\", {ISSUED}"), &["mint", "accepted", "store", "revoke", "refused"]);
    assert_eq!(executed(&issued), [""; 0]);
    issued.spoil(INVENTORY_PATH, ", credential: azure-key", "");
    assert_eq!(executed(&issued), ["no provider takes `azure-key`, so nobody can be asked whether it lives"; 4]);
}

#[test]
fn a_store_is_asked_for_no_more_than_it_can_do() {
    let all = ["store", "stage", "commit", "rollback"];
    let told = |from: &str| executed(&rotating(&format!("from: \"{from}\""), &all));
    assert_eq!(told("env:KEY"), ["`env:KEY` cannot be changed: no program can change another's environment"; 4]);
    let beside = "`dotenv:.env#KEY` cannot hold a key beside the current one";
    assert_eq!(told("dotenv:.env#KEY"), [beside, beside, "`dotenv:.env#KEY` cannot go back to an older key"]);
    let files = rotating("from: \"command:own\"", &["store"]);
    files.spoil(INVENTORY_PATH, "providers:\n", "stores:\n  own: {kind: command, read: [r]}\nproviders:\n");
    assert_eq!(executed(&files), ["`command:own` cannot be written: its store has no command for that"]);
    files.spoil(INVENTORY_PATH, "read: [r]", "read: [r], write: [w]");
    assert_eq!(executed(&files), [""; 0]);
    // Where the lab's keys are in the stores, they can do no more there.
    let drilled = rotating("from: \"dotenv:.env#KEY\"", &["mint", "stage"]);
    drilled.spoil(INVENTORY_PATH, "environments:\n", "environments:\n  kept: {embedded: true, keys: stores}\n");
    assert!(drilled.plan("kept").contains(beside), "{}", drilled.plan("kept"));
    assert_eq!(drilled.plan("lab"), "");
}

#[test]
fn a_lab_drill_writes_only_where_its_environment_says() {
    let files = rotating("from: \"dotenv:.env#KEY\"", &["mint", "store"]);
    files.spoil(INVENTORY_PATH, "environments:\n", "environments:\n  kept: {embedded: true, keys: stores}\n");
    let told = files.plan("kept");
    assert!(told.contains("the environment `kept` does not allow a drill to write into `dotenv:.env#KEY`"), "{told}");
    assert!(told.contains("hint: add `allow: {stores: [\"dotenv:.env\"]}` to the environment"), "{told}");
    let mut before = "keys: stores}".to_owned();
    for (allowed, good) in [("\"dotenv:.env\"", true), ("\"dotenv:.env#KEY\"", true), ("\"dotenv:.env#OTHER\"", false), ("env", false)] {
        let after = format!("keys: stores, allow: {{stores: [{allowed}]}}}}");
        files.spoil(INVENTORY_PATH, &before, &after);
        let told = files.plan("kept");
        assert_eq!(!told.contains("does not allow a drill to write"), good, "{allowed}: {told}");
        assert_eq!(!told.contains("warning: no credential is kept in"), good, "{allowed}: {told}");
        before = after;
    }
    // What only reads asks for nothing, and neither does the lab's own store.
    let reading = rotating("from: \"dotenv:.env#KEY\"", &["mint", "accepted"]);
    reading.spoil(INVENTORY_PATH, "environments:\n", "environments:\n  kept: {embedded: true, keys: stores}\n");
    assert_eq!((reading.plan("kept"), files.plan("lab").contains("does not allow")), (String::new(), false));
}

#[test]
fn the_slot_in_use_is_not_the_idle_one() {
    let issued = "from: \"env:AZURE_KEY\", key_id: Key1, issuer: {kind: azure, resource: /r, token: \"env:T\", idle: key2}";
    gets(INVENTORY_PATH, KEY, issued, "");
    gets(
        INVENTORY_PATH,
        KEY,
        &issued.replace("Key1", "Key2"),
        r#"
error: `Key2` is in use and idle at once: it would be replaced while it is used
  --> runbooks/inventory.yaml:5:125
   |
 5 | …re, resource: /r, token: "env:T", idle: key2}}
   |                                          ^^^^
   = hint: name the other slot here, or in `key_id`
"#,
    );
}

#[test]
fn a_credential_rotates_in_a_runbook_that_rotates_it() {
    let files = rotating("from: \"dotenv:.env#KEY\", rotates_in: runbooks/switch.yaml", &["mint"]);
    assert_eq!(files.check(), "");
    files.spoil(
        INVENTORY_PATH,
        "providers:\n",
        "  other: {kind: api-key, from: \"env:A\", rotates_in: runbooks/switch.yaml}\nproviders:\n",
    );
    let said = files.check();
    assert!(said.starts_with("warning: `runbooks/switch.yaml` rotates other credentials, and not `other`\n"), "{said}");
    // One that rotates nothing by `rotate` may do it by a program.
    let files = Files::new();
    files.spoil(INVENTORY_PATH, KEY, &format!("{KEY}, rotates_in: runbooks/switch.yaml"));
    assert_eq!(files.check(), "");
}
