//! How programs that a step runs come to their end, by the binary: what they leave in the background, and what is asked to end in time to take
//! its lock away.

use crate::support::{Project, pid_in, wait_for, wait_gone};

fn project(steps: &[&str]) -> Project {
    let project = Project::quick();
    let steps: String = steps.iter().map(|step| format!("  - {{{step}}}\n")).collect();
    project.write("runbooks/real.yaml", &format!("version: 1\nrunbook: real\nstart: by-hand\nsteps:\n{steps}"));
    project
}

const EXECUTE: [&str; 4] = ["execute", "runbooks/real.yaml", "--out", "x"];

fn outputs(project: &Project) -> Vec<String> {
    let events = project.events("x");
    let finished = events.iter().filter_map(|event| event.get("step_finished"));
    finished.map(|step| step.get("output").map_or("", |text| text.as_str().unwrap()).to_owned()).collect()
}

fn is_there(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn what_a_restart_script_leaves_running_runs_on_where_the_runbook_says_so_and_is_told_of_where_not() {
    let project = project(&[
        "name: Ended, run: [sh, restart.sh, ended], timeout: 20s, undo: none",
        "name: Left, run: {command: [sh, restart.sh, left], leaves_running: true}, timeout: 20s, undo: none",
        "name: Own session, run: [sh, -c, 'setsid -f sh work.sh far > /dev/null 2>&1; until test -e far; do sleep 0.01; done'], timeout: 20s, undo: none",
    ]);
    // As teams write them: nothing is redirected, so what runs on prints into the step's own pipes.
    project.write("restart.sh", "nohup sh work.sh \"$1\" &\nuntil test -e \"$1\"; do sleep 0.01; done\necho restarted\n");
    project.write(
        "work.sh",
        "echo $$ > $1.new; mv $1.new $1\nuntil test -e over; do echo working; echo complaining >&2; touch beat-$1; sleep 0.02; done\n",
    );
    let run = project.lifeboat(&EXECUTE);
    run.exits_with(0).says("1/3 done; note: ").says("that it left running w").says("ended with it: sh").says("; `leaves_running: true`");
    assert_eq!(run.stderr.matches("note: ").count(), 1, "{}", run.stderr);
    let pids = ["ended", "left", "far"].map(|name| pid_in(&project.path(name)));
    wait_gone(pids[0]);
    assert!(outputs(&project)[1].contains("restarted"), "{:?}", outputs(&project));
    // Lifeboat is gone, and nobody has closed the pipes that it prints into.
    for name in ["left", "far"] {
        std::fs::remove_file(project.path(&format!("beat-{name}"))).unwrap();
        wait_for("another beat", || project.path(&format!("beat-{name}")).exists().then_some(()));
    }
    assert!(is_there(pids[1]) && is_there(pids[2]));
    project.write("over", "");
    pids.into_iter().for_each(wait_gone);
}

#[test]
fn a_program_is_asked_to_end_and_has_its_grace_before_the_next_thing_happens() {
    let stubborn = "run: {command: [sh, -c, 'trap \"\" TERM; echo $$ > $0; while :; do sleep 0.05; done', deaf], grace: 300ms}";
    let far = "run: {command: [sh, -c, 'setsid -f sh far.sh; while :; do sleep 0.05; done'], grace: 300ms}";
    let project = project(&[
        "name: Locks, run: [sh, lock.sh], timeout: 1s, on_failure: continue, undo: none",
        "name: Unlocked, run: [test, '!', -e, lock], timeout: 20s, undo: none",
        &format!("name: Deaf, {stubborn}, timeout: 1s, on_failure: continue, undo: none"),
        &format!("name: Far, {far}, timeout: 1s, on_failure: continue, undo: none"),
        "name: Gone, run: [sh, -c, '! kill -0 $(cat deaf) && ! kill -0 $(cat far)'], timeout: 20s, undo: {run: [sh, lock.sh]}",
        "name: Fails, run: ['false'], timeout: 20s, undo: none",
    ]);
    project.write("lock.sh", "touch lock; trap 'sleep 0.3; rm lock; echo unlocked; exit 3' TERM; while :; do sleep 0.05; done\n");
    project.write("far.sh", "trap '' TERM; echo $$ > far; sleep 600; sleep 600\n");
    // The undo of a step has the step's timeout, so one of a second.
    project.edit("runbooks/real.yaml", "cat far)'], timeout: 20s", "cat far)'], timeout: 2s");
    project.lifeboat(&EXECUTE).exits_with(1);
    let outputs = outputs(&project);
    assert_eq!(outputs[0], "not done within 1 s; it was asked to end (SIGTERM) and did; it said last: unlocked");
    assert!(outputs[2].starts_with("not done within 1 s; it was asked to end (SIGTERM), and after 300 ms this was killed (SIGKILL): sh"));
    assert!(outputs[3].contains("after 300 ms this was killed (SIGKILL): ") && outputs[3].contains("look for locks that it left"));
    let events = project.events("x");
    let ends: Vec<&str> = events.iter().filter_map(|event| event.get("step_finished")).map(|step| step["end"].as_str().unwrap()).collect();
    assert_eq!(ends, ["timed-out", "done", "timed-out", "timed-out", "done", "failed"]);
    let undone = events.iter().find_map(|event| event.get("step_undone")).unwrap();
    assert!(undone["output"].as_str().unwrap().contains("it was asked to end (SIGTERM) and did"), "{undone}");
    assert!(!project.path("lock").exists());
}

#[test]
fn a_stop_waits_for_the_grace_and_a_second_one_does_not() {
    let project = project(&["name: Hang, run: {command: [sh, hang.sh], grace: 5m}, timeout: 20m, undo: none"]);
    project.write("hang.sh", "touch lock; trap 'rm lock; exit 3' TERM; echo $$ > pid; while :; do sleep 0.05; done\n");
    let mut running = project.start(&EXECUTE);
    pid_in(&project.path("pid"));
    running.signal(2);
    running.finish().exits_with(4);
    assert!(!project.path("lock").exists());
    assert!(outputs(&project)[0].starts_with("it was asked to end (SIGTERM) and did"), "{:?}", outputs(&project));
    std::fs::remove_file(project.path("pid")).unwrap();
    std::fs::remove_dir_all(project.path("x")).unwrap();
    project.write("hang.sh", "trap 'touch asked' TERM; echo $$ > pid; while :; do sleep 0.05; done\n");
    let mut running = project.start(&EXECUTE);
    let pid = pid_in(&project.path("pid"));
    running.signal(2);
    wait_for("the first signal's end", || project.path("asked").exists().then_some(()));
    running.signal(2);
    running.finish().exits_with(4).says("leaving at once");
    wait_gone(pid);
}

#[test]
fn the_folder_is_looked_for_before_the_program() {
    let project = project(&[
        "name: Absent, run: {command: [no-such-program], folder: no/such}, timeout: 20s, on_failure: continue, undo: none",
        "name: File, run: {command: ['true'], folder: file}, timeout: 20s, on_failure: continue, undo: none",
        "name: Below a file, run: {command: ['true'], folder: file/x}, timeout: 20s, on_failure: continue, undo: none",
        "name: There, run: {command: [no-such-program], folder: there}, timeout: 20s, on_failure: continue, undo: none",
    ]);
    project.write("file", "").write("there/x", "");
    let rehearsed = project.lifeboat(&["execute", "runbooks/real.yaml", "--rehearse"]);
    let run = project.lifeboat(&EXECUTE);
    let told = ["no/such does not exist", "file is not a folder", "file/x cannot be used: Not a directory"];
    for (output, told) in outputs(&project).iter().zip(told) {
        assert!(output.starts_with("the folder ") && output.contains(told), "{output}");
        run.says(told);
        rehearsed.says(told);
    }
    assert_eq!(outputs(&project)[3], "`no-such-program` cannot be started: there is no such program");
}
