//! A system under test that the drill starts itself: it ends with the drill, and must serve before anything is measured.

use crate::support::Project;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A drill whose system under test never becomes ready, and leaves its number in `pid`, and that of a child of its own in `child`.
fn never_ready() -> Project {
    let project = Project::quick();
    let start = "lab: {embedded: true, start: {run: [sh, -c, 'sleep 600 & echo $! > child; echo $$ > pid; wait'], \
                 ready: 'http://127.0.0.1:${port}/', within: 60s}, services: {chat: {url: 'http://127.0.0.1:${port}/v1'}},";
    project.edit("runbooks/inventory.yaml", "lab: {embedded: true,", start);
    project
}

fn number(path: &PathBuf) -> Option<String> {
    Some(std::fs::read_to_string(path).ok()?.strip_suffix('\n')?.to_owned())
}

fn lives(process: &str) -> bool {
    // Field 3 of `stat`, after the name in parentheses: a zombie has ended.
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// The bounds only tell a broken drill from a busy machine.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < end, "{what} did not come true in 30 s");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_a_drill_started_ends_with_it_even_where_the_drill_is_killed() {
    for signal in [2, 9] {
        let project = never_ready();
        let (pid, child) = (project.path("pid"), project.path("child"));
        let mut drill = project.start(&["run", "scenarios/quick.yaml", "--out", "drill"]);
        eventually("the system under test", || number(&pid).is_some() && number(&child).is_some());
        let (pid, child) = (number(&pid).unwrap(), number(&child).unwrap());
        drill.until("preparing");
        assert!(lives(&pid) && lives(&child));
        drill.signal(signal);
        let ended = drill.finish();
        assert_eq!(ended.code, (signal == 2).then_some(4), "{}", ended.stderr);
        eventually("the end of what it started", || !lives(&pid) && !lives(&child));
    }
}

#[test]
fn a_gateway_that_is_ready_and_does_not_serve_is_found_before_the_traffic() {
    let project = Project::quick();
    // The lab's own gateway, whose key is not the one that this drill's traffic sends.
    let start = format!(
        "lab: {{embedded: true, start: {{run: ['{}', lab, --port, '${{port}}'], ready: 'http://127.0.0.1:${{port}}/status', warm_up: 3}}, \
         services: {{chat: {{url: 'http://127.0.0.1:${{port}}/v1'}}}},",
        env!("CARGO_BIN_EXE_lifeboat")
    );
    project.edit("runbooks/inventory.yaml", "lab: {embedded: true,", &start);
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--out", "drill"]);
    run.exits_with(3).says("chat: refused the key with status 401: Incorrect API key provided.");
    run.says("hint: give `${service.key}` to what `start:` runs").says("drill/system.log");
    assert!(!project.events("drill").iter().any(|event| event.get("request").is_some() || event.get("served").is_some()));
}
