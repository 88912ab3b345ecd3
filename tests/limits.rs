//! What a drill is told of limits and helpers that it depends on: open files, leases, the watchdog.

use crate::support::{Project, Run, Standing, wait_for};
use std::process::Command;

/// A drill where no more than so many files may be open.
fn within(project: &Project, files: u32, environment: &str) -> Run {
    let script = format!("ulimit -n {files}; exec \"$0\" run scenarios/quick.yaml --seed 7 --env {environment} --out drill");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_lifeboat")]).current_dir(project.path(""));
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn too_few_files_are_told_of_before_the_fault() {
    let project = Project::quick();
    let run = within(&project, 128, "lab");
    run.exits_with(3).says("this drill needs some 154 open files, and 128 are allowed").says("hint: raise it with `ulimit -n 154`");
    let events = project.stopped_cleanly("drill", "environment");
    assert!(!events.iter().any(|event| event.get("request").is_some() || event.get("fault_requested").is_some()));
}

#[test]
fn a_wait_for_a_seat_at_the_proxy_ends_the_drill() {
    // Six seats, three of them for whoever comes next to each of three proxies.
    let standing = Standing::start_within(140, &[]);
    let project = Project::quick();
    project.environment("tight", &format!("control: \"http://{}\"", standing.api));
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--env", "tight", "--out", "drill"]);
    run.exits_with(3).says("connections waited at the fault proxy, which may open no more files").says("ulimit -n 65536");
    project.stopped_cleanly("drill", "environment");
    let (_, metrics) = standing.raw("GET", "/metrics", "", "");
    let waited = metrics.lines().find_map(|line| line.strip_prefix("lifeboat_connections_waited_total "));
    assert!(waited.is_some_and(|count| count.parse::<u64>().unwrap() > 0), "{metrics}");
}

/// The process of this name among another's children.
fn child_of(parent: u32, word: &str) -> Option<u32> {
    std::fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
        let id: u32 = entry.file_name().to_str()?.parse().ok()?;
        let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
        let is_child = status.lines().any(|line| line.split_once("PPid:").is_some_and(|(_, id)| id.trim() == parent.to_string()));
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        (is_child && line.split(|byte| *byte == 0).any(|argument| argument == word.as_bytes())).then_some(id)
    })
}

#[test]
fn where_there_are_no_leases_it_is_said_and_a_watchdog_that_goes_away_is_missed() {
    let standing = Standing::start(&["--plain"]);
    let project = Project::quick();
    project.environment("plain", &format!("control: \"http://{}\"", standing.api));
    let drill = ["run", "scenarios/quick.yaml", "--seed", "7", "--env", "plain"];
    let told = "a plain Toxiproxy: a watchdog heals them if this process dies";
    let mut run = project.start(&[&drill[..], &["--out", "drill"]].concat());
    run.until(told).until("blackhole on first active");
    let watchdog = wait_for("the watchdog", || child_of(run.id(), "watchdog"));
    rustix::process::kill_process(rustix::process::Pid::from_raw(watchdog as i32).unwrap(), rustix::process::Signal::KILL).unwrap();
    run.finish().exits_with(3).says("the watchdog has stopped (signal: 9").says("hint: ");
    let events = project.stopped_cleanly("drill", "environment");
    assert!(events.iter().any(|event| event.get("fault_healed").is_some()));
    assert_eq!(standing.call("GET", "/proxies", "").1, serde_json::json!({}), "nothing is left");
}
