//! What trouble gets before and during a drill: an environment that does not start, a baseline that is not steady, a disk that is full, a
//! guard that trips. Each ends with its exit code, a message that says what to do, nothing left behind, and a history that can be judged.

use crate::support::{Project, Run, pid_in, wait_gone};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

/// A server that reads a request and answers with these bytes; with none it reads on and says nothing. It ends with the test's process.
fn server(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                while let Ok(1..) = socket.read(&mut request) {
                    if !answer.is_empty() {
                        let _ = socket.write_all(answer.as_bytes());
                        return;
                    }
                }
            });
        }
    });
    address
}

/// Runs the quick scenario in an environment that cannot start. No request was sent, and the history says so.
fn cannot_start(project: &Project, environment: &str, detail: &str, hint: &str) -> Run {
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--env", environment, "--out", environment]);
    run.exits_with(3).says(detail).says(hint).says("the drill ended before its traffic began");
    let events = project.stopped_cleanly(environment, "environment");
    assert!(!events.iter().any(|event| event.get("request").is_some() || event.get("fault_requested").is_some()));
    run
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let project = Project::quick();
    project.environment("taken", &format!("proxies: {{first: {{listen: \"{address}\"}}}}"));
    cannot_start(&project, "taken", &format!("listen tcp {address}: bind: address already in use"), "hint: choose another port");
    let run = project.lifeboat(&["lab", "--port", &address.port().to_string()]);
    run.exits_with(3).says(&format!("error: the reference gateway cannot listen on {address}: Address already in use"));
    run.says("\n\nhint: choose another port, or 0 for any free one\n");
}

#[test]
fn a_standing_proxy_that_is_none() {
    let project = Project::quick();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cases = [
        ("closed", closed, "cannot be reached: Connection refused", "hint: start the fault proxy there"),
        ("garbage", server("what?\r\n\r\n"), "is not a fault proxy's control API", "hint: `control:` of the environment"),
        (
            "another",
            server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"),
            "is not a fault proxy's control API: status 200 and no version",
            "hint: `control:` of the environment",
        ),
        ("silent", server(""), "is not a fault proxy's control API: no answer within 5 s", "hint: `control:` of the environment"),
    ];
    for (name, address, detail, hint) in cases {
        project.environment(name, &format!("control: \"http://{address}\""));
        cannot_start(&project, name, detail, hint);
    }
}

/// An environment that starts its gateway with a shell.
fn started(project: &Project, name: &str, script: &str, within: &str) {
    project.write("gateway.sh", script);
    let start = format!(
        "start: {{run: [sh, gateway.sh], env: {{KEY: \"${{credential.first}}\"}}, ready: \"http://127.0.0.1:${{port}}/\", within: {within}}}"
    );
    project.environment(name, &format!("services: {{chat: {{url: \"http://127.0.0.1:${{port}}/v1\"}}}}, {start}"));
}

#[test]
fn a_gateway_that_never_becomes_ready_is_ended() {
    let project = Project::quick();
    started(&project, "never", "echo $$ > pid\nexec sleep 600\n", "700ms");
    cannot_start(
        &project,
        "never",
        "within 700 ms: nobody listens there yet; it printed nothing",
        "hint: give it longer with `start: within`",
    );
    wait_gone(pid_in(&project.path("pid")));
}

#[test]
fn a_gateway_that_ends_at_once_shows_the_end_of_its_output_and_no_key() {
    let project = Project::quick();
    started(&project, "broken", "echo using key $KEY\necho no such model: gpt-5o >&2\nexit 3\n", "20s");
    let run = cannot_start(&project, "broken", "ended before it was ready (exit status: 3)", "hint: correct `start:` of this environment");
    run.says("  using key [the credential of first, ").says("  no such model: gpt-5o\n");
    let history = std::fs::read_to_string(project.path("broken/history.jsonl")).unwrap();
    assert!(!run.stderr.contains("sk-lab-") && !history.contains("sk-lab-"), "a key was shown");
}

#[test]
fn a_gateway_that_does_not_exist() {
    let project = Project::quick();
    started(&project, "absent", "", "20s");
    project.edit("runbooks/inventory.yaml", "run: [sh,", "run: [no-such-gateway,");
    cannot_start(&project, "absent", "there is no program `no-such-gateway`", "hint: install it, or put its folder into PATH");
}

#[test]
fn a_key_that_is_not_there() {
    let project = Project::quick();
    project.environment("keyless", "services: {chat: {url: \"http://127.0.0.1:1/v1\", key_from: \"env:LIFEBOAT_TEST_NO_KEY\"}}");
    cannot_start(&project, "keyless", "LIFEBOAT_TEST_NO_KEY is not set", "export LIFEBOAT_TEST_NO_KEY=… with the key");
}

#[test]
fn a_token_that_is_not_there() {
    let project = Project::quick();
    project.environment("tokenless", "alerts: {listen: \"0.0.0.0:0\", token_from: \"env:LIFEBOAT_TEST_NO_TOKEN\"}");
    let hint = "hint: export LIFEBOAT_TEST_NO_TOKEN=… with the token of the senders of alerts";
    cannot_start(&project, "tokenless", "LIFEBOAT_TEST_NO_TOKEN holds no token", hint);
}

#[test]
fn a_receiver_of_alerts_that_anybody_could_reach() {
    let project = Project::quick();
    // Not an address, but a name of all of them to whoever looks names up.
    project.environment("open", "alerts: {listen: \"0:0\"}");
    cannot_start(&project, "open", "everybody who can reach 0.0.0.0:", "hint: require a token with `token_from:");
}

#[test]
fn a_service_that_refuses_gets_no_fault() {
    let project = Project::quick();
    let refuses = server("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    project.environment("refusing", &format!("services: {{chat: {{url: \"http://{refuses}/v1\"}}}}"));
    cannot_start(&project, "refusing", "chat: refused the key with status 401", "hint: write `key_from: 'env:NAME'` to `chat`");
}

#[test]
fn a_rate_that_this_machine_does_not_pace_gets_no_fault() {
    let project = Project::quick();
    // No machine sends within a microsecond.
    project.edit("runbooks/inventory.yaml", "lag_max: 200ms", "lag_max: 1us");
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--out", "drill"]);
    run.exits_with(3).says("the traffic before the fault is not steady: a request was sent ").says("late, and 1 µs is allowed");
    let events = project.stopped_cleanly("drill", "baseline-unsteady");
    assert!(!events.iter().any(|event| event.get("fault_requested").is_some()));
}

/// Under a limit of the size of files, which a write beyond it is told of as if the disk were full.
fn with_room(project: &Project, blocks: u32, drill: &str) -> Run {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    project.run(&mut project.after(&["sh", "-c", &script], &["run", "scenarios/quick.yaml", "--seed", "7", "--out", drill]))
}

#[test]
fn a_full_disk_heals_and_stops_the_drill() {
    let project = Project::quick();
    // Some 40 KB: the fault comes after 20 and the end after 130.
    let run = with_room(&project, 80, "drill");
    run.exits_with(4).says("blackhole on first active").says("blackhole on first healed");
    run.says("error: the history cannot be written: ").says("hint: make room on the disk, or choose another folder with `--out`");
    assert!(!run.stderr.contains("phase     watch"), "it went on without a history");
    assert!(project.events("drill").iter().any(|event| event.get("fault_confirmed").is_some()), "what could be written is whole");
    project.lifeboat(&["judge", "drill"]).exits_with(3).says("record breaks off before the drill's end");
    let run = with_room(&project, 0, "nothing");
    run.exits_with(4)
        .says("error: the history cannot be written: ")
        .says("\n\nhint: make room on the disk, or choose another folder with `--out`");
    project.lifeboat(&["judge", "nothing"]).exits_with(2).says("the file is empty").says("hint: ");
}

#[test]
fn a_full_disk_leaves_no_empty_file() {
    let project = Project::quick();
    std::fs::create_dir(project.path("disk")).unwrap();
    let binary = env!("CARGO_BIN_EXE_lifeboat");
    let script = format!(
        "mount -t tmpfs -o size=48k none disk && echo mounted && {{ {binary} run scenarios/quick.yaml --seed 7 --out disk/drill; \
         find disk -type f -printf '%f has %s bytes\\n'; }}"
    );
    // A file system of its own, which nobody else sees, and which goes with the process.
    let output = std::process::Command::new("unshare").args(["-rm", "sh", "-c", &script]).current_dir(project.path("")).output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    if said.starts_with("mounted") {
        assert!(said.contains("history.jsonl has ") && !said.contains(" has 0 bytes"), "{said}");
        return;
    }
    // Where nobody may mount anything, every file is bounded instead.
    with_room(&project, 80, "drill").exits_with(4);
    for entry in std::fs::read_dir(project.path("drill")).unwrap() {
        assert!(entry.as_ref().unwrap().metadata().unwrap().len() > 0, "{entry:?}");
    }
}

#[test]
fn a_guard_that_trips_heals_and_stops_the_drill() {
    let project = Project::quick();
    project.edit("scenarios/quick.yaml", "for: 7500ms}]", "for: 7500ms}, {at: 0s, on: second, fault: refuse, for: 7500ms}]");
    project.edit("scenarios/quick.yaml", "  watch: 1s\n", "  watch: 1s\nabort_when: {success_below: 50%, for: 1s}\n");
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"]);
    run.exits_with(4).says("stopped: fewer than 50% of requests were good for 1 s");
    let verdict = project.json("drill/verdict.json");
    assert_eq!((&verdict["reason"], &verdict["stopped"]["reason"]), (&"stopped".into(), &"guard".into()), "{verdict}");
    run.says("hint          see why it went so badly; raise this limit only");
    let report = std::fs::read_to_string(project.path("drill/report.md")).unwrap();
    assert!(report.contains(" s after the fault: fewer than 50% of requests were good for 1 s"), "{report}");
    let events = project.stopped_cleanly("drill", "guard");
    let count = |kind: &str| events.iter().filter(|event| event.get(kind).is_some()).count();
    assert_eq!((count("guard_tripped"), count("fault_confirmed"), count("fault_healed")), (1, 2, 2));
    let phases: Vec<&Value> = events.iter().filter_map(|event| event.get("phase")).map(|phase| &phase["name"]).collect();
    assert_eq!(phases, ["preparing", "baseline", "fault", "draining"]);
}

#[test]
fn a_guard_trips_although_no_request_has_ended() {
    let project = Project::quick();
    project.edit("runbooks/inventory.yaml", "deadline: 2s", "deadline: 30s");
    project.edit("runbooks/inventory.yaml", "try_timeout: 300ms", "try_timeout: 60s");
    project.edit("scenarios/quick.yaml", "for: 7500ms}]", "for: 12s}, {at: 0s, on: second, fault: blackhole, for: 12s}]");
    project.edit("scenarios/quick.yaml", "  watch: 1s\n", "  watch: 1s\nabort_when: {success_below: 50%, for: 3s}\n");
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"]);
    run.exits_with(4).says("stopped: fewer than 50% of requests were good for 3 s");
    let events = project.stopped_cleanly("drill", "guard");
    let at = |kind: &str| events.iter().find(|event| event.get(kind).is_some()).unwrap()["t"].as_u64().unwrap();
    let stood = at("guard_tripped") - at("fault_confirmed");
    // It trips when half of the last 3 s was beyond the service level of 250 ms. Before, nothing ended for 12 s.
    assert!(stood < 6_000_000_000, "the fault stood for {stood} ns");
    let before =
        |kind: &str| events.iter().filter(|event| event.get(kind).is_some() && event["t"].as_u64().unwrap() < at("guard_tripped")).count();
    assert!(before("overdue") > 50, "{} requests were seen to be open too long", before("overdue"));
}

/// A port is what was asked for, or the lab does not start: its providers stand at the ports from the first on, the service's own before the others.
#[test]
fn ports_that_the_lab_is_told() {
    let project = Project::quick();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let run = project.lifeboat(&["lab", "--providers-port", &port]);
    run.exits_with(3)
        .says(&format!("error: first cannot listen on 127.0.0.1:{port}: Address already in use"))
        .says("hint: choose another port");
    project
        .lifeboat(&["lab", "--providers-port", "65535"])
        .exits_with(2)
        .says("the ports after --providers-port are too few for 3 providers");
    project.lifeboat(&["lab", "--key", "it's"]).exits_with(2).says("a key has visible ASCII characters only");
}
