//! Tokens that no provider's credential is: the inventory says where they are kept, runbooks name them, and nobody sees them.

use crate::support::Project;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// Answers every request with its own head and body, until the test's process ends; what came.
fn serve() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let came = Arc::new(Mutex::new(Vec::new()));
    let all = came.clone();
    std::thread::spawn(move || {
        for mut wire in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(wire.try_clone().unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).is_err() || line.trim().is_empty() {
                    break;
                }
                length = line.to_lowercase().strip_prefix("content-length:").map_or(length, |said| said.trim().parse().unwrap());
                head += &line;
            }
            let mut body = vec![0; length];
            let _ = reader.read_exact(&mut body);
            let seen = format!("{head}{}", String::from_utf8_lossy(&body));
            let _ = write!(wire, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{seen}", seen.len());
            all.lock().unwrap().push(seen);
        }
    });
    (address, came)
}

const SECRETS: &str = "\
secrets:
  status-token: {from: \"env:STATUS_TOKEN\"}
  hook-path: {from: \"file:hook\"}
  from-command: {from: \"command:teller\"}
stores:
  teller: {kind: command, read: [cat, told]}
contacts:
  on-call: {name: On call, reach: \"webhook:${secret.hook-path}\"}
providers:
";
const VALUES: [&str; 3] = ["st-9f8e7d6c5b4a3f2e", "T0/B1/hook-8a7b6c5d4e3f", "told-5d4c3b2a19080706"];

fn project(server: &str, steps: &[String]) -> Project {
    let project = Project::quick();
    project.edit("runbooks/inventory.yaml", "providers:\n", SECRETS);
    project.write("hook", &format!("http://{server}/{}\n", VALUES[1])).write("told", &format!("{}\n", VALUES[2]));
    let steps = steps.iter().map(|step| format!("  - {{{step}}}\n")).collect::<String>();
    project.write("runbooks/real.yaml", &format!("version: 1\nrunbook: real\nstart: by-hand\nsteps:\n{steps}"));
    project
}

#[test]
fn a_runbook_uses_tokens_by_reference_and_nobody_sees_them() {
    let (server, came) = serve();
    let steps = [
        format!("name: Call, http: {{post: 'http://{server}/v1', headers: {{authorization: 'Bearer ${{secret.status-token}}'}}, body: '{{\"t\": \"${{secret.from-command}}\"}}'}}, timeout: 20s, undo: none"),
        "name: Run, run: {command: [sh, -c, 'printf \"%s\\n\" \"$TOKEN\"; test \"$TOKEN\" = \"$(cat told)\"'], env: {TOKEN: '${secret.from-command}'}}, timeout: 20s, undo: none".to_owned(),
        "name: Hook, notify: {webhook: '${secret.hook-path}', message: 'the token is ${secret.status-token}'}, timeout: 20s".to_owned(),
        "name: Contact, notify: {contact: on-call, message: hello}, timeout: 20s".to_owned(),
    ];
    let project = project(&server, &steps);
    let mut command = project.command(&["execute", "runbooks/real.yaml", "--out", "x"]);
    let run = project.run(command.env("STATUS_TOKEN", VALUES[0]));
    run.exits_with(0);
    let came = came.lock().unwrap();
    assert!(came[0].to_lowercase().contains(&format!("authorization: bearer {}", VALUES[0])) && came[0].contains(VALUES[2]), "{came:?}");
    assert!(came[1].starts_with(&format!("POST /{} ", VALUES[1])) && !came[1].contains(VALUES[0]), "{came:?}");
    assert!(came[2].starts_with(&format!("POST /{} ", VALUES[1])), "{came:?}");
    let mut texts = vec![run.stdout.clone(), run.stderr.clone()];
    texts.extend(["history.jsonl", "report.md", "report.html"].map(|file| std::fs::read_to_string(project.path("x").join(file)).unwrap()));
    for value in VALUES {
        assert!(texts.iter().all(|text| !text.contains(value)), "{value}");
    }
    let history = &texts[2];
    assert!(history.contains("STATUS_TOKEN") && history.contains("[the credential of from-command"), "{history}");
}

#[test]
fn what_cannot_be_read_or_is_not_named_is_told_beforehand() {
    let steps = [
        "name: Call, http: {get: 'https://gw.example/', headers: {authorization: 'Bearer ${secret.status-token}'}}, timeout: 20s"
            .to_owned(),
        "name: Shown, run: [deploy, '--token', '${secret.status-token}'], timeout: 20s, undo: none".to_owned(),
    ];
    let project = project("127.0.0.1:1", &steps);
    // Its contact is named by the inventory, and so is what it needs.
    project.lifeboat(&["check"]).says("`${secret.status-token}` is among the arguments of a program");
    project
        .lifeboat(&["execute", "runbooks/real.yaml", "--out", "x"])
        .exits_with(2)
        .says("error: the step `Call` needs secret.status-token, which cannot be read: ")
        .says("STATUS_TOKEN");
    project
        .lifeboat(&["execute", "runbooks/real.yaml", "--rehearse"])
        .exits_with(1)
        .says("missing  step 1 Call: no value for secret.status-token: ")
        .says("STATUS_TOKEN");
    project.edit("runbooks/real.yaml", "Bearer ${secret.status-token}", "Bearer ${secret.status-tokn}");
    project
        .lifeboat(&["check"])
        .exits_with(2)
        .says("`${secret.status-tokn}` names no secret of this inventory")
        .says("did you mean `status-token`?");
    project.edit("runbooks/real.yaml", "status-tokn", "status-token");
    project.edit("runbooks/inventory.yaml", "command:teller", "vault:secret/a#b");
    project.lifeboat(&["check"]).exits_with(2).says("the store `vault` is not declared");
    project.edit("runbooks/inventory.yaml", "vault:secret/a#b", "command:teller");
    project.edit("runbooks/inventory.yaml", "webhook:${secret.hook-path}", "webhook:${secret.hook}");
    project.lifeboat(&["check"]).exits_with(2).says("`${secret.hook}` names no secret of this inventory");
}

#[test]
fn a_drill_says_beforehand_which_token_its_runbook_misses() {
    let project = project("127.0.0.1:1", &[]);
    let step =
        "name: Call, http: {get: 'http://127.0.0.1:1/', headers: {x-token: '${secret.status-token}'}}, timeout: 1s, on_failure: continue";
    project.runbook("on-detection", &[step]);
    let doctor = ["doctor", "scenarios/quick.yaml"];
    project.lifeboat(&doctor).says("STATUS_TOKEN");
    let mut command = project.command(&doctor);
    let run = project.run(command.env("STATUS_TOKEN", VALUES[0]));
    run.says("env:STATUS_TOKEN holds the secret status-token");
    assert!(!run.stdout.contains(VALUES[0]) && !run.stderr.contains(VALUES[0]));
}
