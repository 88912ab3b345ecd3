//! What a drill leaves behind that was killed: no process, whoever of those between was killed with it, and nothing that could not be taken
//! back by its folder.

use crate::support::{Project, Started, pid_in, wait_for, wait_gone};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const KILL: i32 = 9;
const CONFIG: &str = "route:\n  primary: first   # now\n";

/// A drill of a runbook that switches a file, starts something, and hangs with a grandchild in a session of its own.
fn hanging(project: &Project) -> (Started, PathBuf) {
    project.runbook(
        "with-the-fault",
        &[
            "name: Switch, switch: {file: config.yaml, key: route.primary, to: second}, timeout: 20s",
            "name: Begin, run: [sh, -c, 'echo begun >> log'], timeout: 20s, undo: {run: {command: [sh, undo.sh, \"${proxy.first.url}\"], env: {KEY: \"${credential.first}\"}}}",
            "name: Hang, run: [sh, hang.sh], timeout: 5m, undo: {run: [sh, -c, 'echo undo hang >> log']}",
        ],
    );
    project.write("config.yaml", CONFIG);
    // The key that it is given is the lab's, as in the drill.
    project.write("undo.sh", "case \"$KEY $1\" in sk-lab-*' http://127.0.0.1:'*) echo undo begin >> log ;; *) exit 1 ;; esac\n");
    project.write("hang.sh", "setsid sh -c 'echo $$ > far.new; mv far.new far; exec sleep 600' &\necho $$ > pid\nexec sleep 600\n");
    let mut drill = project.start(&["run", "scenarios/quick.yaml", "--seed", "7"]);
    drill.until("if it is killed: lifeboat run --undo drills/").until("step      3/3 Hang");
    let folder = std::fs::read_dir(project.path("drills")).unwrap().next().unwrap().unwrap().path();
    (drill, folder)
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_killed_drill_leaves_no_process_and_is_taken_back_by_its_folder() {
    let project = Project::quick();
    let (mut drill, folder) = hanging(&project);
    let (step, far) = (pid_in(&project.path("pid")), pid_in(&project.path("far")));
    let named = folder.strip_prefix(project.path("")).unwrap().to_str().unwrap().to_owned();
    project.lifeboat(&["run", "--undo", &named]).exits_with(2).says("this drill is still running");
    drill.signal(KILL);
    drill.finish();
    wait_gone(step);
    wait_gone(far);
    assert_eq!(text(&project.path("config.yaml")), CONFIG.replace("first ", "second "));
    for file in ["before-step-1", "undo.json"] {
        assert_eq!(folder.join(file).metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
    let next = project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "next"]);
    next.exits_with(4).says(&format!("warning: {named}: this drill was killed")).says(&format!("hint: lifeboat run --undo {named}"));
    next.says("its history can be read up to the kill (").says("to be done before a drill may begin");
    assert!(!project.path("next").exists(), "it has not begun");
    project.lifeboat(&["heal"]).exits_with(4).says(&format!("still to be done: lifeboat run --undo {named}"));
    let history = text(&folder.join("history.jsonl"));

    project.edit("runbooks/answer.yaml", "echo undo hang", "echo something else");
    let undo = ["run", "--undo", &named];
    project.lifeboat(&undo).exits_with(2).says("the runbook runbooks/answer.yaml has changed since").says("--recorded");
    project.edit("runbooks/answer.yaml", "echo something else", "echo undo hang");
    project.lifeboat(&undo).exits_with(0);
    assert_eq!(text(&project.path("config.yaml")), CONFIG, "byte for byte");
    assert_eq!(text(&project.path("log")), "begun\nundo hang\nundo begin\n", "last first, and what was begun may have been done");
    assert_eq!(text(&folder.join("history.jsonl")), history, "the drill's own history is evidence");
    let left: Vec<String> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!left.iter().any(|name| name.starts_with("before-") || name == "undo.json"), "{left:?}");
    assert_eq!(
        (folder.join("undo").metadata().unwrap().permissions().mode() & 0o777, folder.join("undo/report.md").is_file()),
        (0o700, true)
    );
    project.lifeboat(&undo).exits_with(2).says("there is nothing to undo");
}

#[test]
fn what_cannot_be_taken_back_is_tried_again_and_a_drill_that_ends_leaves_nothing() {
    let project = Project::quick();
    let (mut drill, folder) = hanging(&project);
    drill.signal(KILL);
    drill.finish();
    let named = folder.strip_prefix(project.path("")).unwrap().to_str().unwrap().to_owned();
    // Somebody else has switched it meanwhile.
    project.write("config.yaml", &CONFIG.replace("first ", "third "));
    project.lifeboat(&["run", "--undo", &named]).exits_with(1).says("partly undone; not undone: ").says(&format!("--undo {named}"));
    project.write("config.yaml", &CONFIG.replace("first ", "second "));
    // Either way leads there.
    project.lifeboat(&["execute", "--resume", &format!("{named}/undo"), "--undo"]).exits_with(0);
    assert_eq!(text(&project.path("config.yaml")), CONFIG);
    assert_eq!(text(&project.path("log")).matches("undo").count(), 2, "what is back is not taken back twice");
    project.lifeboat(&["heal"]).exits_with(0).says("this drill was killed").says("nothing else is left of it");
    project.lifeboat(&["heal"]).exits_with(0).says("nothing was left by any drill of this project");

    project.edit("runbooks/answer.yaml", "[sh, hang.sh]", "['true']");
    project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "calm"]);
    assert_eq!(text(&project.path("config.yaml")), CONFIG);
    for gone in ["before-step-1", "undo.json", "undo"] {
        assert!(!project.path("calm").join(gone).exists(), "{gone}");
    }
}

/// The only child of a process.
fn child(parent: u32) -> u32 {
    wait_for(&format!("a child of process {parent}"), || {
        std::fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
            let process: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            let of: u32 = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
            (of == parent).then_some(process)
        })
    })
}

#[test]
fn whoever_is_killed_the_system_under_test_ends_with_all_that_it_started() {
    let victims: [(&str, &[usize]); 6] = [
        ("the drill", &[0]),
        ("the outer keeper", &[1]),
        ("the inner keeper", &[2]),
        ("drill and outer keeper", &[0, 1]),
        ("drill and inner keeper", &[0, 2]),
        ("the group of the system", &[]),
    ];
    let threads = victims.map(|(what, killed)| {
        std::thread::spawn(move || {
            let project = Project::quick();
            let script =
                "setsid sh -c 'echo $$ > far.new; mv far.new far; exec sleep 600' &\nsleep 600 &\necho $! > near\necho $$ > pid\nwait\n";
            project.write("gateway.sh", script);
            let start = "start: {run: [sh, gateway.sh], ready: \"http://127.0.0.1:${port}/\", within: 5m}";
            project.environment("slow", &format!("services: {{chat: {{url: \"http://127.0.0.1:${{port}}/v1\"}}}}, {start}"));
            let mut drill = project.start(&["run", "scenarios/quick.yaml", "--env", "slow", "--out", "drill"]);
            drill.until("preparing");
            let all = ["pid", "near", "far"].map(|file| pid_in(&project.path(file)));
            let outer = child(drill.id());
            let chain = [drill.id(), outer, child(outer)];
            let pid = |process: u32| Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
            for place in killed {
                kill_process(pid(chain[*place]), Signal::KILL).unwrap();
            }
            if killed.is_empty() {
                kill_process_group(pid(all[0]), Signal::KILL).unwrap();
            }
            for process in all {
                eprintln!("{what}: waiting for {process}");
                wait_gone(process);
            }
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn where_every_process_of_lifeboat_is_killed_at_once_the_system_itself_still_ends_and_the_next_start_ends_the_rest() {
    let project = Project::quick();
    project.write("gateway.sh", "setsid sh -c 'echo $$ > far.new; mv far.new far; exec sleep 600' &\necho $$ > pid\nexec sleep 600\n");
    let start = "start: {run: [sh, gateway.sh], ready: \"http://127.0.0.1:${port}/\", within: 5m}";
    project.environment("slow", &format!("services: {{chat: {{url: \"http://127.0.0.1:${{port}}/v1\"}}}}, {start}"));
    let drill = project.start(&["run", "scenarios/quick.yaml", "--env", "slow", "--out", "drill"]);
    let (system, far) = (pid_in(&project.path("pid")), pid_in(&project.path("far")));
    let outer = child(drill.id());
    for process in [drill.id(), outer, child(outer)] {
        kill_process(Pid::from_raw(i32::try_from(process).unwrap()).unwrap(), Signal::KILL).unwrap();
    }
    wait_gone(system);
    let told = project.lifeboat(&["run", "scenarios/quick.yaml", "--env", "slow", "--out", "next"]);
    told.exits_with(4).says(&format!("a process of the system that it started still runs: {far} (sleep 600)")).says("hint: lifeboat heal");
    project.lifeboat(&["heal"]).exits_with(0).says(&format!("ended process {far} (sleep 600)"));
    wait_gone(far);
}

/// A folder like one that a killed drill left, which would have a program run and a file made.
fn planted(project: &Project, name: &str) -> PathBuf {
    let (folder, ran) = (project.path(&format!("drills/{name}")), project.path("ran"));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    let stores = serde_json::json!({"evil": {"kind": "command", "read": ["touch", ran]}});
    let note = serde_json::json!({"from": {"command": {"store": "evil"}}, "root": "/", "stores": stores, "value": "x", "version": null, "written": ["0"]});
    write("before-store-1.json", &note.to_string());
    write("undo.json", "{\"root\": \"/\", \"variables\": {}}");
    write("history.jsonl", "");
    folder
}

#[test]
fn what_somebody_else_may_have_put_there_is_not_taken_back_and_not_recommended() {
    let project = Project::quick();
    let (open, theirs, note) = (planted(&project, "open"), planted(&project, "theirs"), planted(&project, "note"));
    let mode = |path: &Path, mode: u32| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(&open, 0o777);
    mode(&note.join("before-store-1.json"), 0o666);
    let mut refused = vec![("open", "can be written by others")];
    // Only root can imitate another user; the pipeline is root.
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&theirs, Some(65_534), None).unwrap();
        refused.push(("theirs", "belongs to another user"));
    } else {
        mode(&theirs, 0o777);
    }
    for (name, why) in refused {
        let folder = format!("drills/{name}");
        project.lifeboat(&["run", "--undo", &folder, "--yes"]).exits_with(2).says(why).says("would be done in your name");
        project.lifeboat(&["execute", "--resume", &folder, "--undo", "--yes"]).exits_with(2).says(why);
    }
    project.lifeboat(&["run", "--undo", "drills/note", "--yes"]).exits_with(3).says("can be written by others");
    let next = project.lifeboat(&["run", "scenarios/quick.yaml", "--out", "next"]);
    next.exits_with(4).says("drills/note: this drill was killed").says("hint: lifeboat run --undo drills/note");
    let said = next.stderr;
    assert!(!said.contains("drills/open") && !said.contains("drills/theirs"), "{said}");
    assert!(!project.path("ran").exists());
}

#[test]
fn no_pipe_in_a_folder_is_waited_for() {
    let project = Project::quick();
    let bounded = |args: &[&str]| project.run(&mut project.after(&["timeout", "30"], args));
    let pipe = |path: PathBuf| {
        let _ = std::fs::remove_file(&path);
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    };
    pipe(planted(&project, "history").join("history.jsonl"));
    pipe(planted(&project, "store").join("before-store-1.json"));
    bounded(&["run", "--undo", "drills/history"]).exits_with(2).says("is not a file");
    bounded(&["run", "--undo", "drills/store"]).exits_with(3).says("is not a file");
    bounded(&["run", "scenarios/quick.yaml", "--out", "next"]).exits_with(4).says("drills/history: this drill was killed");
}

#[test]
fn a_drill_is_held_while_its_stores_are_put_back() {
    let project = Project::quick();
    let folder = planted(&project, "own");
    std::fs::remove_file(folder.join("undo.json")).unwrap();
    let note = folder.join("before-store-1.json");
    // As the store is read, somebody else tries to take the same drill back.
    let tries = "if flock -n \"$1\" true; then echo free; else echo held; fi > \"$2\"; echo x";
    let read = serde_json::json!(["sh", "-c", tries, "sh", folder.join("history.jsonl"), project.path("ran")]).to_string();
    let touch = serde_json::json!(["touch", project.path("ran")]).to_string();
    std::fs::write(&note, text(&note).replace(&touch, &read)).unwrap();
    project.lifeboat(&["run", "--undo", "drills/own"]).exits_with(0).says("the store command:evil was restored to what it held");
    assert_eq!((text(&project.path("ran")).as_str(), note.exists()), ("held\n", false));
}
