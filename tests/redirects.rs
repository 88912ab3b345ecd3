//! Nothing goes on to where an answer says: a server that is asked with a key, a body or a token answers 307, and nobody comes to the other
//! address. And of keys that go in clear text, `check` warns.

use crate::support::Project;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Answers every request so, until the test's process ends; counts them.
fn serve(answer: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    std::thread::spawn(move || {
        for mut wire in listener.incoming().map_while(Result::ok) {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut reader = BufReader::new(wire.try_clone().unwrap());
            let mut length = 0;
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).is_err() || line.trim().is_empty() {
                    break;
                }
                if let Some(said) = line.to_lowercase().strip_prefix("content-length:") {
                    length = said.trim().parse().unwrap();
                }
            }
            let _ = reader.read_exact(&mut vec![0; length]);
            let _ = wire.write_all(answer.as_bytes());
        }
    });
    (address, count)
}

/// A server that sends everything on to another, which nobody may come to.
fn thief() -> (String, String, Arc<AtomicUsize>) {
    let (other, came) = serve("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}".to_owned());
    let on = format!("HTTP/1.1 307 On\r\nlocation: http://{other}/token-in-path\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    (serve(on).0, other, came)
}

#[test]
fn no_key_body_or_token_follows_an_answer_to_another_host() {
    let (first, other, came) = thief();
    let told = format!("it redirects to http://{other}, and nothing was sent there");
    let project = Project::quick();
    let step = |name: &str, what: &str| format!("  - {{name: {name}, {what}, timeout: 20s, on_failure: continue, undo: none}}\n");
    let steps = [
        step("Call", &format!("http: {{post: 'http://{first}/v1', headers: {{x-note: my-own-note}}, body: my-own-body}}")),
        step("Hook", &format!("notify: {{webhook: 'http://{first}/hook', message: hello}}")),
        step("Page", &format!("notify: {{pagerduty: 'env:PAGER', at: 'http://{first}/page', message: hello}}")),
        step("Owner", "notify: {contact: on-call, message: hello}"),
        step("Probe", &format!("wait_until: {{request: {{to: 'http://{first}/?key=1', every: 1s}}, fails: 1 in a row}}")),
        step("Wanted", &format!("http: {{get: 'http://{first}/v1', expect: {{status: 307}}}}")),
    ];
    project.write("runbooks/real.yaml", &format!("version: 1\nrunbook: real\nstart: by-hand\nsteps:\n{}", steps.concat()));
    let contact = format!("contacts: {{on-call: {{name: On call, reach: 'webhook:http://{first}/me'}}}}\nservices:\n");
    project.edit("runbooks/inventory.yaml", "services:\n", &contact);
    let mut command = project.command(&["execute", "runbooks/real.yaml", "--out", "x"]);
    // Whoever is on this host is asked directly.
    let proxy = format!("http://{other}");
    project.run(command.env("PAGER", "routing-key-of-pager").env("HTTP_PROXY", &proxy).env("ALL_PROXY", &proxy));
    let events = project.events("x");
    let ended: Vec<(String, String)> = events
        .iter()
        .filter_map(|event| event.get("step_finished"))
        .map(|step| (step["end"].as_str().unwrap().to_owned(), step.get("output").map_or("", |text| text.as_str().unwrap()).to_owned()))
        .collect();
    for (end, output) in &ended[..4] {
        assert!(end == "failed" && output.contains(&told) && !output.contains("token-in-path"), "{ended:?}");
    }
    assert_eq!((ended[4].0.as_str(), ended[5].0.as_str()), ("done", "done"), "{ended:?}");
    let mut heal = project.command(&["heal", "--control", &format!("http://{first}"), "--token-from", "env:TOKEN"]);
    project.run(heal.env("TOKEN", "token-of-control")).exits_with(3);
    assert_eq!(came.load(Ordering::SeqCst), 0, "somebody went on to the other address");
}

#[test]
fn a_check_warns_of_keys_in_clear_text() {
    let project = Project::quick();
    let steps = [
        "name: Far, http: {post: 'http://gw.example/v1', headers: {x-api-key: '${credential.first}'}}, timeout: 20s, undo: none",
        "name: Near, http: {post: 'http://127.0.0.1:1/v1', headers: {x-api-key: '${credential.first}'}}, timeout: 20s, undo: none",
        "name: Open, http: {get: 'http://gw.example/health'}, timeout: 20s, reads: true",
        "name: Hook, notify: {slack: 'http://hooks.example/T0', message: x}, timeout: 20s",
        "name: Back, run: ['true'], timeout: 20s, undo: {http: {post: 'http://undo.example/', body: '${service.key}'}}",
    ];
    let steps = steps.map(|step| format!("  - {{{step}}}\n")).concat();
    project.write("runbooks/real.yaml", &format!("version: 1\nrunbook: real\nstart: by-hand\nsteps:\n{steps}"));
    let more = "contacts: {on-call: {name: On call, reach: 'webhook:http://pager.example/me'}}\nstores: {vault: {kind: vault, address: 'http://vault.example:8200', login: {token: 'env:T'}}}\nservices:\n";
    project.edit("runbooks/inventory.yaml", "services:\n", more);
    let place = "services: {chat: {url: 'http://far.example/v1', key_from: 'env:K'}}, control: {url: 'http://control.example:8474', token_from: 'env:T'}";
    let inventory = std::fs::read_to_string(project.path("runbooks/inventory.yaml")).unwrap();
    project.write("runbooks/inventory.yaml", &format!("{inventory}  staging: {{{place}}}\n"));
    let run = project.lifeboat(&["check"]);
    for host in ["gw.example", "hooks.example", "undo.example", "pager.example", "vault.example", "far.example", "control.example"] {
        run.says(&format!("goes to {host} in clear text, and everybody on the way can read it"));
    }
    assert_eq!(run.stdout.matches("in clear text").count(), 7, "{}", run.stdout);
}

/// What the fault `redirect` does to a gateway: it must not go on to the other address, and serves by the standby.
#[test]
fn a_provider_that_sends_requests_on_is_given_up_and_nobody_goes_there() {
    let (other, came) = serve("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}".to_owned());
    let project = Project::quick();
    let fault = format!("fault: {{redirect: {{to: 'http://{other}/v1?key=own', status: 308}}}}");
    project.edit("scenarios/quick.yaml", "fault: blackhole", &fault);
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"]);
    run.exits_with(0).says(&format!("redirect 308 to http://{other}/v1"));
    assert!(!run.stdout.contains("key=own"), "{}", run.stdout);
    let events = project.events("drill");
    let healed = events.iter().find_map(|event| event.get("fault_healed")).unwrap();
    assert!(healed["touched"].as_u64().unwrap() > 0, "{healed}");
    let redirected = events.iter().filter_map(|event| event.get("served")).filter(|served| served["status"] == 308).count();
    assert!(redirected > 0, "the history does not tell of any redirect");
    assert_eq!(came.load(Ordering::SeqCst), 0, "somebody went on to the other address");
}
