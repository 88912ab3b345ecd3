//! A drill that is stopped by a person in any of its phases, or killed: what it leaves behind, and what its history still tells.

use crate::support::{Project, Started, pid_in, signal, wait_for, wait_gone};
use lifeboat::exercise::judge;
use lifeboat::history;
use lifeboat::units::explained;
use lifeboat::verdict::{Decision, Reason};
use std::io::Write;
use std::os::unix::net::UnixStream;

const HANG_UP: i32 = 1;
const CTRL_C: i32 = 2;
const KILL: i32 = 9;
const TERMINATE: i32 = 15;

const DRILL: [&str; 6] = ["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"];

/// Stops it, and asserts that it ends as a drill that was stopped by a person does.
fn stop(project: &Project, mut drill: Started, signal: i32) -> Vec<serde_json::Value> {
    drill.signal(signal);
    let run = drill.finish();
    run.exits_with(4)
        .says("stopping: every fault is healed, then the drill ends (press Ctrl-C again to leave at once)")
        .says("stopped by a person");
    // That is the reason, and nothing that a later check would have said.
    let verdict = project.json("drill/verdict.json");
    assert_eq!(verdict["stopped"]["reason"], "person", "{verdict}");
    assert!(verdict["verdict"] == "met" || verdict["reason"] == "stopped" || verdict["stopped"]["phase"] == "watch", "{verdict}");
    assert!(std::fs::read_to_string(project.path("drill/report.md")).unwrap().contains("a person stopped it"));
    project.stopped_cleanly("drill", "person")
}

/// A drill whose gateway never becomes ready.
fn sleepy(project: &Project) -> Started {
    project.write("gateway.sh", "echo $$ > pid\nexec sleep 600\n");
    let start = "start: {run: [sh, gateway.sh], ready: \"http://127.0.0.1:${port}/\"}";
    project.environment("sleepy", &format!("services: {{chat: {{url: \"http://127.0.0.1:${{port}}/v1\"}}}}, {start}"));
    let mut drill = project.start(&[&DRILL[..], &["--env", "sleepy"]].concat());
    drill.until("preparing");
    drill
}

#[test]
fn while_it_prepares_and_what_it_started_is_gone() {
    let project = Project::quick();
    let drill = sleepy(&project);
    let pid = pid_in(&project.path("pid"));
    let events = stop(&project, drill, CTRL_C);
    wait_gone(pid);
    assert!(!events.iter().any(|event| event.get("request").is_some()));
}

#[test]
fn twice_leaves_at_once_and_what_it_started_is_gone() {
    let project = Project::quick();
    project.runbook("with-the-fault", &["name: Hang, run: [sh, hang.sh], timeout: 1m, undo: {run: [sh, hang.sh]}"]);
    project.write("hang.sh", "echo $$ > pid-$(ls pid-* 2>/dev/null | wc -l)\nexec sleep 600\n");
    let mut drill = project.start(&DRILL);
    drill.until("step      1/1 Hang");
    let step = pid_in(&project.path("pid-0"));
    drill.signal(CTRL_C).until("stopping");
    // The first tries to take the step back, which takes a minute.
    wait_gone(step);
    let undo = pid_in(&project.path("pid-1"));
    drill.signal(CTRL_C);
    drill.finish().exits_with(4).says("leaving at once");
    wait_gone(undo);
    project.lifeboat(&["judge", "drill"]).exits_with(3).says("record breaks off before the drill's end");
}

/// As with a pager that shows its first page.
#[test]
fn a_reader_who_takes_nothing_holds_up_neither_the_first_signal_nor_the_second() {
    let project = Project::quick();
    project.edit("scenarios/quick.yaml", "for: 7500ms", "for: 5m");
    let (_reader, mut full) = UnixStream::pair().unwrap();
    full.set_nonblocking(true).unwrap();
    while full.write(&[b'x'; 4096]).is_ok() {}
    full.set_nonblocking(false).unwrap();
    let full = || std::os::fd::OwnedFd::from(full.try_clone().unwrap());
    let mut child = project.command(&DRILL).stdout(full()).stderr(full()).spawn().unwrap();
    let recorded = |what: &str| {
        let file = project.path("drill/history.jsonl");
        wait_for(what, || std::fs::read_to_string(&file).ok()?.contains(&format!("\"{what}\"")).then_some(()));
    };
    recorded("fault_confirmed");
    signal(child.id(), TERMINATE);
    recorded("finished");
    signal(child.id(), CTRL_C);
    assert_eq!(wait_for("its end", || child.try_wait().unwrap()).code(), Some(4));
    project.stopped_cleanly("drill", "person");
}

#[test]
fn in_the_baseline_however_it_is_asked() {
    for signal in [CTRL_C, TERMINATE, HANG_UP] {
        let project = Project::quick();
        let mut drill = project.start(&DRILL);
        drill.until("baseline");
        let events = stop(&project, drill, signal);
        assert!(!events.iter().any(|event| event.get("fault_requested").is_some()));
    }
}

#[test]
fn under_the_fault_and_the_runbook_is_undone_in_reverse_order() {
    let project = Project::quick();
    project.runbook(
        "with-the-fault",
        &[
            "name: One, run: [sh, -c, \"echo one >> log\"], timeout: 20s, undo: {run: [sh, -c, \"echo undo one >> log\"]}",
            "name: Nothing to undo, run: [sh, -c, \"echo plain >> log\"], timeout: 20s",
            "name: Two, run: [sh, -c, \"echo two >> log\"], timeout: 20s, undo: {run: [sh, -c, \"echo undo two >> log\"]}",
            "name: Hang, run: [sh, hang.sh], timeout: 1m, undo: {run: [sh, -c, \"echo undo hang >> log\"]}",
        ],
    );
    project.write("hang.sh", "echo $$ > pid\nexec sleep 600\n");
    let mut drill = project.start(&DRILL);
    drill.until("4/4 Hang");
    let pid = pid_in(&project.path("pid"));
    let events = stop(&project, drill, CTRL_C);
    wait_gone(pid);
    let log = std::fs::read_to_string(project.path("log")).unwrap();
    assert_eq!(log, "one\nplain\ntwo\nundo hang\nundo two\nundo one\n");
    let undone: Vec<u64> = events.iter().filter_map(|event| event.get("step_undone")?["step"].as_u64()).collect();
    assert_eq!(undone, [3, 2, 0]);
    let ended = events.iter().filter_map(|event| event.get("step_finished")).next_back().unwrap();
    assert_eq!((&ended["step"], &ended["end"]), (&3.into(), &"cancelled".into()));
}

#[test]
fn while_it_watches() {
    let project = Project::quick();
    project.edit("scenarios/quick.yaml", "watch: 1s", "watch: 60s");
    let mut drill = project.start(&DRILL);
    drill.until("phase     watch");
    let events = stop(&project, drill, CTRL_C);
    assert!(events.iter().any(|event| event.get("fault_healed").is_some()));
}

#[test]
fn while_the_last_answers_come() {
    let project = Project::quick();
    // Answers that begin at once and take seconds: those in flight at the end keep it draining for as long.
    project.edit("runbooks/inventory.yaml", "tokens: 200/s", "tokens: 3/s").edit(
        "runbooks/inventory.yaml",
        "deadline: 2s",
        "deadline: 30s",
    );
    project.edit("scenarios/quick.yaml", "baseline: 1500ms", "baseline: 5s");
    let mut drill = project.start(&DRILL);
    drill.until("draining");
    let events = stop(&project, drill, CTRL_C);
    let unknown = events.iter().filter(|event| event["request"]["outcome"] == "unknown").count();
    assert!(unknown > 0, "the answers were waited for");
}

#[test]
fn killed_and_its_history_reads_back_wherever_it_was_cut() {
    let project = Project::quick();
    let mut drill = project.start(&DRILL);
    drill.until("blackhole on first active");
    drill.signal(KILL);
    assert_eq!(drill.finish().code, None);
    // Every line but perhaps the last is an event.
    assert!(project.events("drill").iter().any(|event| event.get("fault_requested").is_some()));
    project.lifeboat(&["judge", "drill"]).exits_with(3).says("record breaks off before the drill's end").says("run it again");
    let verdict = project.lifeboat(&["judge", "drill", "--format", "json"]);
    let verdict: serde_json::Value = serde_json::from_str(&verdict.stdout).unwrap();
    assert_eq!((&verdict["verdict"], &verdict["reason"]), (&"inconclusive".into(), &"schedule_incomplete".into()));
    project.lifeboat(&["report", "drill"]).exits_with(0);

    let whole = std::fs::read(project.path("drill/history.jsonl")).unwrap();
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let cut = project.path("cut.jsonl");
    for place in 0..50 {
        let length = first + (whole.len() - first) * place / 49;
        let read = history::read(&whole[..length]).unwrap();
        assert_eq!(read.torn, whole[length - 1] != b'\n', "cut at {length}");
        std::fs::write(&cut, &whole[..length]).unwrap();
        let judged = judge(&cut).unwrap();
        assert_eq!((judged.verdict.verdict, judged.verdict.reason), (Decision::Inconclusive, Some(Reason::ScheduleIncomplete)));
    }
    // Without a whole first event nothing is known of the drill, not even its objectives.
    for length in [0, 1, 7, first / 2, first - 1] {
        assert!(matches!(history::read(&whole[..length]), Err(history::ReadError::NoStart)), "cut at {length}");
        std::fs::write(&cut, &whole[..length]).unwrap();
        assert!(explained(&judge(&cut).unwrap_err()).contains("\n\nhint: "), "cut at {length}");
    }
}
