//! Levers: whoever pulls one stops the drills that run, keeps new ones from beginning, and is named to everybody whom that concerns.

use crate::support::{Project, Standing, wait_for};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const REASON: &str = "the database is being moved";

fn run<'a>(out: &'a str, env: &'a str) -> [&'a str; 8] {
    ["run", "scenarios/quick.yaml", "--seed", "7", "--env", env, "--out", out]
}

/// What a drill that a lever stopped keeps of it.
fn cancelled(project: &Project, drill: &str) -> String {
    let events = project.stopped_cleanly(drill, "lever");
    events.iter().find_map(|event| event.get("cancelled")).unwrap()["detail"].as_str().unwrap().to_owned()
}

/// When its fault had ended, in milliseconds since 1970.
fn healed(project: &Project, drill: &str) -> i64 {
    let events = project.events(drill);
    let began = chrono::DateTime::parse_from_rfc3339(events[0]["started"]["wall_clock"].as_str().unwrap()).unwrap().timestamp_millis();
    let healed = events.iter().find_map(|event| event.get("fault_healed")).unwrap();
    began + i64::try_from(healed["hi"].as_u64().unwrap() / 1_000_000).unwrap()
}

#[test]
fn a_lever_stops_two_running_drills_and_blocks_a_third_until_it_is_lifted() {
    let project = Project::quick();
    let mut drills = ["a", "b"].map(|out| project.start(&run(out, "lab")));
    for drill in &mut drills {
        drill.until("blackhole on first active");
    }
    let (began, pulled) = (Instant::now(), chrono::Utc::now().timestamp_millis());
    let stop = project.lifeboat(&["stop", "--reason", REASON]);
    stop.exits_with(0).says("drills are stopped by drills/lever.json").says("stopping a\n").says("stopping b\n").says("lifeboat resume");
    let [first, second] = drills.map(|drill| {
        let run = drill.finish();
        (run, began.elapsed())
    });
    for (run, took) in [&first, &second] {
        run.exits_with(4).says("pulled the lever at ").says(REASON).says("hint: lifeboat resume");
        // Four looks a second, a second for the requests in flight, the report; the rest is for a busy machine.
        assert!(*took < Duration::from_secs(20), "{took:?}");
    }
    for drill in ["a", "b"] {
        let detail = cancelled(&project, drill);
        assert!(detail.contains(" pulled the lever at ") && detail.contains(REASON), "{detail}");
        println!("{drill}: {} ms from `lifeboat stop` to the end of the fault", healed(&project, drill) - pulled);
    }
    println!("from `lifeboat stop` to the end of the process, its report written: {:?} and {:?}", first.1, second.1);
    let third = project.lifeboat(&run("c", "lab"));
    third.exits_with(4).says("error: drills are stopped: ").says(" pulled the lever at ").says(REASON).says("hint: lifeboat resume");
    assert!(!project.path("c").exists(), "it has not begun");
    project.lifeboat(&["stop", "--reason", "another"]).exits_with(0).says("drills were stopped already").says(REASON);
    project.lifeboat(&["resume", "--reason", "it is moved"]).exits_with(0).says("lifted: ").says(REASON);
    project.lifeboat(&["resume"]).exits_with(0).says("nothing was stopped here");
    let log = std::fs::read_to_string(project.path("drills/levers.jsonl")).unwrap();
    assert!(log.contains("it is moved") && log.lines().count() == 2, "{log}");
    let mut after = project.start(&run("c", "lab"));
    after.until("preparing").signal(9);
    after.finish();
    // The lever for all projects is another one, and is named by whoever lifts the first.
    project.lifeboat(&["stop", "--all", "--reason", "incident 4711"]).exits_with(0);
    project.lifeboat(&run("d", "lab")).exits_with(4).says("incident 4711").says("hint: lifeboat resume --all");
    project.lifeboat(&["resume"]).says("warning: drills are still stopped").says("lifeboat resume --all");
    project.lifeboat(&["resume", "--all"]).exits_with(0).says("lifted: ");
    project.lifeboat(&["stop", "--reason", " "]).exits_with(2).says("the reason is empty");
    project.lifeboat(&["stop", "--env", "lab", "--reason", "x"]).exits_with(2).says("has no lever of its own");
}

#[test]
fn a_lever_that_cannot_be_read_is_pulled() {
    let project = Project::quick();
    project.write("drills/lever.json", "{\"by\": \"ada");
    let blocked = || project.lifeboat(&run("c", "lab"));
    blocked().exits_with(4).says("does not say who pulled it").says("so it counts as pulled").says("lifeboat resume takes it away");
    project.lifeboat(&["resume"]).exits_with(0).says("lifted: ");
    std::fs::create_dir(project.path("drills/lever.json")).unwrap();
    blocked().exits_with(4).says("is not a file, so it counts as pulled");
    project.lifeboat(&["resume"]).exits_with(3).says("cannot be lifted").says("by hand");
    std::fs::remove_dir(project.path("drills/lever.json")).unwrap();
    // Only root can imitate another user; the pipeline is root.
    if rustix::process::geteuid().is_root() {
        project.lifeboat(&["stop", "--reason", REASON]).exits_with(0);
        std::os::unix::fs::chown(project.path("drills/lever.json"), Some(65_534), None).unwrap();
        blocked().exits_with(4).says(REASON).says("which belongs to another user (number 65534)");
    }
}

#[test]
fn a_standing_proxy_has_a_lever_which_stops_the_drills_that_use_it() {
    let (standing, project) = (Standing::start(&["--token-from", "env:PATH"]), Project::quick());
    let token = std::env::var("PATH").unwrap();
    let gateway = "gateway: {try_timeout: 300ms, breaker: {failures: 5, cooldown: 2s, probes: 1}}";
    project.environment("standing", &format!("{gateway}, control: {{url: 'http://{}', token_from: env:PATH}}", standing.api));
    assert_eq!(standing.call("GET", "/lever", "").0, 401);
    let call = |method: &str, path: &str, body: &str| standing.authorized(&token, method, path, body);
    assert_eq!(call("GET", "/lever", ""), (200, json!({"stopped": false})));
    assert_eq!(call("POST", "/lever", "{}").0, 400);
    let mut drill = project.start(&run("a", "standing"));
    drill.until("blackhole on first active");
    let began = Instant::now();
    assert_eq!(call("POST", "/lever", &json!({"reason": REASON, "by": "grace@desk"}).to_string()).0, 200);
    drill.finish().exits_with(4).says("grace@desk pulled the lever at ").says(REASON);
    println!("from the call to the end of the process, its report written: {:?}", began.elapsed());
    assert!(cancelled(&project, "a").contains("grace@desk pulled the lever"));
    assert_eq!(call("GET", "/proxies", "").1, json!({}), "its way out was open");
    project.lifeboat(&run("b", "standing")).exits_with(4).says("drills are stopped: grace@desk").says("lifeboat resume --env standing");
    assert_eq!(call("POST", "/proxies", r#"{"name": "x", "upstream": "h:1"}"#).0, 201);
    let (status, refused) = call("POST", "/proxies/x/toxics", r#"{"type": "latency"}"#);
    assert!(status == 423 && refused["error"].as_str().unwrap().contains(REASON), "{status} {refused}");
    assert_eq!(call("POST", "/proxies/x", r#"{"enabled": false}"#).0, 423);
    project.lifeboat(&["resume", "--env", "standing"]).exits_with(0).says("lifted: grace@desk pulled the lever at ");
    assert_eq!(call("POST", "/proxies/x/toxics", r#"{"type": "latency"}"#).0, 200);
    project.lifeboat(&["stop", "--env", "standing", "--reason", "again"]).exits_with(0).says("drills are stopped by http://");
    assert_eq!(call("GET", "/lever", "").1["reason"], "again");
}

#[test]
fn an_address_says_whether_a_lever_is_pulled_and_one_that_does_not_answer_is() {
    let project = Project::quick();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let stopped = Arc::new(AtomicBool::new(false));
    let says = stopped.clone();
    std::thread::spawn(move || {
        for mut caller in listener.incoming().map_while(Result::ok) {
            let mut asked = [0; 4096];
            let _ = caller.read(&mut asked);
            let body = if says.load(Ordering::SeqCst) { format!("stopped: {REASON}") } else { "running".to_owned() };
            let _ = write!(caller, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        }
    });
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    project.environment("asked", &format!("lever: {{url: 'http://{address}/x?token=t'}}"));
    project.environment("silent", &format!("lever: {{url: 'http://{closed}/'}}"));
    project.environment("shared", "lever: {file: shared/lever.json}");
    project
        .lifeboat(&run("x", "silent"))
        .exits_with(4)
        .says(&format!("the lever http://{closed} cannot be asked"))
        .says("counts as pulled");
    let mut drill = project.start(&run("a", "asked"));
    drill.until("blackhole on first active");
    stopped.store(true, Ordering::SeqCst);
    let ended = drill.finish();
    ended.exits_with(4).says(REASON).says(&format!("(http://{address})"));
    assert!(!ended.stderr.contains("token=t"), "{}", ended.stderr);
    assert!(cancelled(&project, "a").contains(REASON));
    project.lifeboat(&run("b", "asked")).exits_with(4).says(REASON);
    project.lifeboat(&["stop", "--env", "shared", "--reason", REASON]).exits_with(0).says("shared/lever.json");
    project.lifeboat(&run("c", "shared")).exits_with(4).says(REASON).says("lifeboat resume --env shared");
    let mut other = project.start(&run("d", "lab"));
    other.until("preparing").signal(9);
    other.finish();
    wait_for("the end of its lever", || project.lifeboat(&["resume", "--env", "shared"]).stdout.contains("lifted: ").then_some(()));
}
