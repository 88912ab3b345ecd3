//! A hostile server in each of the places where Lifeboat asks one: the control API, a service that a step asks, a contact's webhook, a secret
//! store, a provider. It leads elsewhere, says what would drive a terminal, sends without end, or says nothing at all.

use super::bounds::{ESCAPES, attended, bounded, drives};
use super::capture::{Capture, request};
use crate::support::{Project, Run};
use serde_json::json;
use std::collections::BTreeSet;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A server that answers each request as `answer` does, by the request's text; where it listens. It ends with the test's process.
fn server(answer: impl Fn(&str, &TcpStream) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for wire in listener.incoming().map_while(Result::ok) {
            let answer = answer.clone();
            std::thread::spawn(move || answer(&request(&wire), &wire));
        }
    });
    address
}

fn say(mut wire: &TcpStream, status: u16, headers: &str, body: &str) {
    let length = body.len();
    let _ = write!(wire, "HTTP/1.1 {status} x\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
}

fn path(request: &str) -> &str {
    request.split(' ').nth(1).unwrap_or_default()
}

/// What everybody has in the environment here.
const ENVIRONMENT: [&str; 3] =
    ["FIRST_KEY=sk-the-key-of-the-first-provider", "TOKEN=the-token-of-the-control-api", "VAULT_TOKEN=hvs.the-token-of-the-vault"];

/// A place where a server is asked: its name, and who asks a server at this address there.
type Role = (&'static str, fn(&str) -> (Project, Run));

const ROLES: [Role; 6] = [
    ("the control API, for heal", |address| {
        let project = Project::quick();
        let run = bounded(&project, &ENVIRONMENT, &["heal", "--control", address, "--token-from", "env:TOKEN"]);
        (project, run)
    }),
    ("the control API, for a drill", |address| {
        let project = Project::quick();
        project.environment("standing", &format!("control: {{url: \"http://{address}\", token_from: 'env:TOKEN'}}"));
        let run = bounded(&project, &ENVIRONMENT, &["run", "scenarios/quick.yaml", "--env", "standing", "--out", "x", "--yes"]);
        (project, run)
    }),
    ("a service", |address| {
        let step = format!(
            "name: Ask, http: {{post: 'http://{address}/', headers: {{x-api-key: '${{credential.first}}'}}, \
             body: '${{credential.first}}'}}, timeout: 5s, output: said, on_failure: continue, undo: none"
        );
        // Whoever is asked about what it said sees it too.
        let project = runbook("", &[&step, "name: Look, confirm: {question: 'Is ${steps.said} right?', default: yes}, timeout: 300ms"]);
        let run = walk(&project);
        (project, run)
    }),
    ("a contact's webhook", |address| {
        let project = runbook("owner: on-call\n", &["name: Wait, pause: 100ms"]);
        let contacts = format!("contacts:\n  on-call: {{name: On call, reach: 'webhook:http://{address}/hook'}}\nproviders:\n");
        project.edit("runbooks/inventory.yaml", "providers:\n  first", &contacts.replace("providers:\n", "providers:\n  first"));
        let run = walk(&project);
        (project, run)
    }),
    ("a secret store", |address| {
        let project = runbook("", &["name: Use, run: [sh, -c, 'exit 0', sh, '${credential.second}'], timeout: 5s, undo: none"]);
        let stores = format!(
            "stores:\n  vault: {{kind: vault, address: 'http://{address}', login: {{token: 'env:VAULT_TOKEN'}}}}\nproviders:\n  first"
        );
        project.edit("runbooks/inventory.yaml", "providers:\n  first", &stores);
        project.edit("runbooks/inventory.yaml", "credentials:\n", "credentials:\n  kept: {kind: api-key, from: 'vault:secret/chat#key'}\n");
        project.edit("runbooks/inventory.yaml", "second: {dialect: openai,", "second: {dialect: openai, credential: kept,");
        let run = walk(&project);
        (project, run)
    }),
    ("a provider", |address| {
        let project = runbook("", &[]);
        let asked = "services: {chat: {url: \"${proxy.first.url}\", key_from: 'env:FIRST_KEY'}}";
        let inventory = project.path("runbooks/inventory.yaml");
        let text = std::fs::read_to_string(&inventory).unwrap();
        let provider = format!("    dialect: azure-openai\n    base_url: 'http://{address}'\n");
        let text = text
            .replace("    dialect: azure-openai\n", &provider)
            .replace("second: {dialect", &format!("second: {{base_url: 'http://{address}', dialect"));
        std::fs::write(
            inventory,
            format!(
                "{text}  straight: {{{asked}, allow: {{faults_on: [first], max_rate: 50/s, max_requests: 1000, max_spend: 100 USD}}}}\n"
            ),
        )
        .unwrap();
        let run = bounded(&project, &ENVIRONMENT, &["run", "scenarios/quick.yaml", "--env", "straight", "--out", "x", "--yes"]);
        (project, run)
    }),
];

/// A project whose first provider has a key of the environment, and a runbook with this head and these steps, one a line.
fn runbook(head: &str, steps: &[&str]) -> Project {
    let project = Project::quick();
    project.edit(
        "runbooks/inventory.yaml",
        "providers:\n  first:\n",
        "credentials:\n  key: {kind: api-key, from: 'env:FIRST_KEY'}\nproviders:\n  first:\n    credential: key\n",
    );
    let steps: String = steps.iter().map(|step| format!("  - {{{step}}}\n")).collect();
    project.write("runbooks/real.yaml", &format!("version: 1\nrunbook: real\nstart: by-hand\n{head}steps:\n{steps}"));
    project
}

fn walk(project: &Project) -> Run {
    attended(project, &ENVIRONMENT, &["execute", "runbooks/real.yaml", "--out", "x"])
}

/// Lets each of these servers be asked in one role, all at once: what came of each.
fn ask_all(role: &Role, tongues: &[(&'static str, String)]) -> Vec<(&'static str, Project, Run)> {
    let (name, ask) = *role;
    let asked = tongues.iter().map(|(tongue, address)| {
        let address = address.clone();
        (*tongue, std::thread::spawn(move || ask(&address)))
    });
    let asked: Vec<_> = asked.collect();
    let answers = asked.into_iter().map(|(tongue, asked)| {
        let (project, run) = asked.join().unwrap_or_else(|_| panic!("{name}, {tongue}: see above"));
        let wrong = run.stderr.lines().any(|line| line.starts_with("error: ")) && run.stderr.contains("\n  --> ");
        assert!(!wrong, "{name}: this project is not as it should be: {run:?}");
        (tongue, project, run)
    });
    answers.collect()
}

#[test]
fn a_redirect_takes_no_key_elsewhere() {
    let capture = Capture::start();
    let location = format!("location: http://{}/taken\r\n", capture.address);
    let tongues = [("301", 301), ("302", 302), ("307", 307), ("308", 308)];
    for role in &ROLES {
        let asked: Arc<Mutex<BTreeSet<u16>>> = Arc::default();
        let servers = tongues.map(|(name, status)| {
            let (asked, location) = (asked.clone(), location.clone());
            let answer = move |_: &str, wire: &TcpStream| {
                asked.lock().unwrap().insert(status);
                say(wire, status, &location, "");
            };
            (name, server(answer))
        });
        let said = ask_all(role, &servers);
        let asked = asked.lock().unwrap().len();
        assert_eq!(
            asked,
            tongues.len(),
            "not every server was asked as {}: {:?}",
            role.0,
            said.iter().map(|(_, _, run)| run).collect::<Vec<_>>()
        );
    }
    capture.got_nothing();
}

#[test]
fn what_it_says_does_not_drive_the_terminal() {
    let said = json!({"error": ESCAPES, "hint": ESCAPES, "errors": [ESCAPES], "message": ESCAPES}).to_string();
    let proxies = json!({ESCAPES: {"name": ESCAPES, "listen": ESCAPES, "upstream": ESCAPES, "enabled": false,
        "toxics": [{"name": ESCAPES, "type": ESCAPES, "stream": ESCAPES, "toxicity": 1.0, "attributes": {}}]}});
    let proxies = proxies.to_string();
    let raw = ESCAPES.to_owned();
    let version = json!({"version": format!("2.12.0{ESCAPES}")}).to_string();
    let of_lifeboat = json!({"version": "2.12.0", "lifeboat": ESCAPES, "boot_id": ESCAPES, "now": 1}).to_string();
    // Each is said at every path but those that must be answered rightly to come so far.
    let tongues: Vec<(&'static str, String)> = vec![
        (
            "an error as JSON",
            server({
                let said = said.clone();
                move |_, wire| say(wire, 500, "content-type: application/json\r\n", &said)
            }),
        ),
        (
            "a stranger's refusal",
            server({
                let said = said.clone();
                move |_, wire| say(wire, 401, "content-type: application/json\r\n", &said)
            }),
        ),
        (
            "raw text",
            server({
                let raw = raw.clone();
                move |_, wire| say(wire, 200, "content-type: text/plain\r\n", &raw)
            }),
        ),
        (
            "an error as raw text",
            server({
                let raw = raw.clone();
                move |_, wire| say(wire, 503, "content-type: text/plain\r\n", &raw)
            }),
        ),
        (
            "names of proxies",
            server({
                let (version, proxies) = (version.clone(), proxies.clone());
                move |request, wire| say(wire, 200, "", if path(request) == "/version" { &version } else { &proxies })
            }),
        ),
        (
            "an error after a version",
            server({
                let (version, said) = (version.clone(), said.clone());
                move |request, wire| if path(request) == "/version" { say(wire, 200, "", &version) } else { say(wire, 500, "", &said) }
            }),
        ),
        (
            "an error after our version",
            server(
                move |request, wire| {
                    if path(request) == "/version" { say(wire, 200, "", &of_lifeboat) } else { say(wire, 409, "", &said) }
                },
            ),
        ),
    ];
    let mut drove = Vec::new();
    for role in &ROLES {
        for (tongue, project, run) in ask_all(role, &tongues) {
            let report = project.lifeboat(&["report", "x"]);
            let all =
                [("stdout", &run.stdout), ("stderr", &run.stderr), ("its report", &report.stdout), ("its report's stderr", &report.stderr)];
            for (what, said) in all {
                if let Some(line) = said.lines().find(|line| drives(line)) {
                    drove.push(format!("{}, {tongue}, {what}: {line:?}", role.0));
                }
            }
        }
    }
    assert!(drove.is_empty(), "{}", drove.join("\n"));
}

/// Writes until nobody reads any more.
fn without_end(mut wire: &TcpStream, head: &str, piece: &str, pause: Duration) {
    let mut sent = wire.write_all(head.as_bytes());
    while sent.is_ok() {
        sent = wire.write_all(piece.as_bytes());
        std::thread::sleep(pause);
    }
}

#[test]
fn what_never_ends_is_given_up() {
    let (none, slow) = (Duration::ZERO, Duration::from_millis(200));
    let version = json!({"version": "2.12.0", "lifeboat": "0.1.0", "boot_id": "b", "now": 1}).to_string();
    let long = "x".repeat(1 << 16);
    let tongues: Vec<(&'static str, String)> = vec![
        ("headers without end", server(move |_, wire| without_end(wire, "HTTP/1.1 200 OK\r\n", "x-more: and more\r\n", none))),
        ("a header without end", server(move |_, wire| without_end(wire, "HTTP/1.1 200 OK\r\nx-more: ", "more", none))),
        ("a head that comes slowly", server(move |_, wire| without_end(wire, "HTTP/1.1 200 OK\r\nx-more: ", "m", slow))),
        ("nothing", server(move |_, wire| without_end(wire, "", "", slow))),
        (
            "a body without end",
            server({
                let long = long.clone();
                move |_, wire| without_end(wire, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"version\":\"", &long, none)
            }),
        ),
        (
            "a body that comes slowly",
            server(move |_, wire| without_end(wire, "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n{", " ", slow)),
        ),
        (
            "a body without end after a version",
            server(move |request, wire| match path(request) {
                "/version" => say(wire, 200, "", &version),
                _ => without_end(wire, "HTTP/1.1 200 OK\r\n\r\n{\"x\":\"", &long, none),
            }),
        ),
        (
            "nothing after a version",
            server(|request, wire| match path(request) {
                "/version" => say(wire, 200, "", r#"{"version": "2.12.0", "lifeboat": "0.1.0", "boot_id": "b", "now": 1}"#),
                _ => without_end(wire, "", "", Duration::from_millis(200)),
            }),
        ),
    ];
    for role in &ROLES {
        // Each is held to its bounds by itself.
        ask_all(role, &tongues);
    }
}
