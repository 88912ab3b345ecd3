//! Two people at two terminals, one outage: the second is told of the first, and watches, takes over, or begins all the same.

use crate::execute::{log, of_kind, project, typing};
use crate::support::{Project, Started, wait_for};
use std::path::PathBuf;

const BEGIN: [&str; 4] = ["execute", "runbooks/real.yaml", "--service", "chat"];

/// Three steps, the second of which waits for a file.
fn waiting() -> Project {
    project(&[
        "name: One, run: [sh, -c, 'echo one >> log'], timeout: 20s, undo: none",
        "name: Work, run: [sh, -c, 'echo work >> log; until test -e go; do sleep 0.02; done; echo worked >> log'], timeout: 60s, undo: none",
        "name: Last, run: [sh, -c, 'echo last >> log'], timeout: 20s, undo: none",
    ])
}

/// Somebody walks it, and is at its second step; in which folder.
fn alice(project: &Project) -> (Started, String) {
    let mut alice = project.start(&BEGIN);
    alice.until("2/3 Work");
    wait_for("its effect", || log(project).ends_with("work\n").then_some(()));
    (alice, newest(project))
}

fn newest(project: &Project) -> String {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(project.path("executions")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort_by_key(|folder| folder.metadata().unwrap().modified().unwrap());
    format!("executions/{}", folders.last().unwrap().file_name().unwrap().to_str().unwrap())
}

#[test]
fn the_second_is_told_of_the_first_and_watches_while_a_third_takes_over() {
    let project = waiting();
    let (mut alice, folder) = alice(&project);
    let bob = project.lifeboat(&BEGIN);
    bob.exits_with(2).says("walks real for chat: since ").says("at step 2/3, Work").says(&folder);
    bob.says(&format!("lifeboat execute --watch {folder}")).says(&format!("lifeboat execute --take-over {folder}")).says("--alongside");
    let resumed = project.lifeboat(&["execute", "--resume", &folder]);
    resumed.exits_with(2).says("another lifeboat process is running this runbook").says("--take-over");
    let mut watcher = project.start(&["execute", "--watch", &folder]);
    watcher.until("real begins").until("2/3 Work");
    let carol = std::thread::scope(|scope| {
        let taking = scope.spawn(|| typing(&project, &BEGIN, &[("Watch it, take it over", "take-over")]));
        // Alice's step is not ended: it goes on to its end.
        alice.until("handover  to ");
        assert_eq!(log(&project), "one\nwork\n");
        project.write("go", "");
        taking.join().unwrap()
    });
    carol.exits_with(0).says(&format!("taking over {folder}")).says("takes over from another terminal of ").says("3/3 done");
    alice.finish().exits_with(4).says("goes on with it; to watch: lifeboat execute --watch");
    watcher.until("handover  to ").until("takes over from").until("3/3 done");
    watcher.finish().exits_with(0);
    assert_eq!(log(&project), "one\nwork\nworked\nlast\n", "nothing is done twice");
    let events = project.events(&folder);
    let (handed, taken) = (of_kind(&events, "handed_over"), of_kind(&events, "taken_over"));
    assert_eq!((handed.len(), taken.len()), (1, 1));
    assert_eq!(handed[0]["to"], taken[0]["by"]);
    assert!(!project.path(&folder).join("take-over.json").exists());
    let report = std::fs::read_to_string(project.path(&folder).join("report.md")).unwrap();
    assert!(report.contains("handed over to ") && report.contains(" takes over"), "{report}");
}

#[test]
fn who_takes_over_at_once_is_asked_about_the_step_that_was_ended() {
    let project = waiting();
    let (alice, folder) = alice(&project);
    let carol = typing(&project, &["execute", "--take-over", &folder, "--now"], &[("Repeat it, is it done", "done")]);
    carol.exits_with(0);
    alice.finish().exits_with(4);
    assert_eq!(log(&project), "one\nwork\nlast\n");
}

#[test]
fn an_interrupted_one_is_named_and_another_may_begin_beside_one_that_runs() {
    let project = waiting();
    let (first, folder) = alice(&project);
    project.write("go", "");
    let beside = project.lifeboat(&[&BEGIN[..], &["--alongside", "--out", "y"]].concat());
    beside.exits_with(0).says("walks real for chat: since");
    std::fs::remove_file(project.path("go")).unwrap();
    first.finish();
    let (mut killed, folder_of_killed) = alice(&project);
    assert_ne!(folder, folder_of_killed);
    killed.signal(9);
    killed.finish();
    project.write("go", "");
    let next = project.lifeboat(&[&BEGIN[..], &["--out", "z"]].concat());
    next.exits_with(0).says("was interrupted walking real for chat: since").says(&format!("lifeboat execute --resume {folder_of_killed}"));
    // Who took nothing over is not stopped by a request that somebody left behind.
    project.write(&format!("{folder_of_killed}/take-over.json"), "{\"by\":\"nobody@nowhere\",\"at_once\":true}");
    typing(&project, &["execute", "--resume", &folder_of_killed], &[("Repeat it", "done")]).exits_with(0);
}
