//! What could not be taken back is named, and can be taken back later: nothing is called undone that is not.

use crate::execute::{EXECUTE, RESUME, UNDO, log, of_kind, project, typing};
use crate::support::Project;

fn end(project: &Project) -> String {
    of_kind(&project.events("x"), "execution_finished").last().unwrap()["end"].as_str().unwrap().to_owned()
}

fn report(project: &Project) -> String {
    std::fs::read_to_string(project.path("x/report.md")).unwrap()
}

#[test]
fn what_could_not_be_undone_is_named_and_only_that_is_tried_again() {
    let project = project(&[
        "name: One, run: [sh, -c, \"echo one >> log\"], timeout: 20s, undo: {run: [sh, -c, \"echo undo one >> log\"]}",
        "name: Two, run: [sh, -c, \"echo two >> log\"], timeout: 20s, undo: {run: [sh, -c, \"echo undo two >> log; test -e mended\"]}",
        "name: Fails, run: [\"false\"], timeout: 20s, undo: none",
    ]);
    project.lifeboat(&EXECUTE).exits_with(1).says("partly undone; not undone: Two").says("lifeboat execute --resume x --undo");
    assert_eq!((log(&project).as_str(), end(&project).as_str()), ("one\ntwo\nundo two\nundo one\n", "partly-undone"));
    assert!(report(&project).starts_with("# real: partly-undone\n") && report(&project).contains("Two: not undone, failed"));
    project.lifeboat(&RESUME).exits_with(2).says("not everything that it did could be undone").says("--undo");
    project.lifeboat(&UNDO).exits_with(1).says("partly undone; not undone: Two");
    project.write("mended", "");
    project.lifeboat(&UNDO).exits_with(0);
    assert_eq!((log(&project).as_str(), end(&project).as_str()), ("one\ntwo\nundo two\nundo one\nundo two\nundo two\n", "undone"));
    assert!(!report(&project).contains("not undone"), "what is back in the end is no finding: {}", report(&project));
    project.lifeboat(&UNDO).exits_with(2).says("what it did was undone");
}

#[test]
fn an_undo_that_timed_out_is_asked_about_unless_it_may_be_done_twice() {
    let slow = |word: &str| format!("undo: {{run: [sh, -c, \"echo undo {word} >> log; test -e go || exec sleep 600\"]}}");
    let project = project(&[
        &format!("name: Safe, run: [sh, -c, \"echo safe >> log\"], timeout: 700ms, repeat: safe, {}", slow("safe")),
        &format!("name: Two, run: [sh, -c, \"echo two >> log\"], timeout: 700ms, {}", slow("two")),
        "name: Fails, run: [\"false\"], timeout: 20s, undo: none",
    ]);
    project.lifeboat(&EXECUTE).exits_with(1).says("partly undone; not undone: Two, Safe");
    assert_eq!(log(&project), "safe\ntwo\nundo two\nundo safe\n");
    project.write("go", "");
    project.lifeboat(&[&UNDO[..], &["--yes"]].concat()).exits_with(3).says("it is not known whether `undoing Two` was done");
    project.lifeboat(&[&UNDO[..], &["--done", "Nothing"]].concat()).exits_with(2).says("name one of these: Two, Safe");
    let by_hand = ["--done", "Two", "--by", "alice", "--note", "put back by hand"];
    project.lifeboat(&[&UNDO[..], &by_hand].concat()).exits_with(0);
    assert_eq!(log(&project), "safe\ntwo\nundo two\nundo safe\nundo safe\n", "what may be done twice is, and the other is not");
    let settled = of_kind(&project.events("x"), "step_settled");
    assert_eq!((&settled[0]["step"], &settled[0]["becomes"], &settled[0]["undo"]), (&1.into(), &"done".into(), &true.into()));
    assert!(settled[0]["by"].as_str().unwrap().starts_with("alice (as typed by the user "), "{settled:?}");
    assert!(report(&project).contains("put back by hand"), "{}", report(&project));
}

#[test]
fn a_failed_step_is_said_to_be_there_or_its_own_undo_runs() {
    let half = "name: Half, run: [sh, -c, \"echo half >> log; exit 1\"], timeout: 20s, undo: {run: [sh, -c, \"echo undo half >> log\"]}";
    let one = "name: One, run: [sh, -c, \"echo one >> log\"], timeout: 20s, undo: {run: [sh, -c, \"echo undo one >> log\"]}";
    let plain = project(&[one, half]);
    plain.lifeboat(&EXECUTE).exits_with(1).says("`Half` failed and was not taken back").says("undo_on_failure: true");
    assert_eq!(log(&plain), "one\nhalf\nundo one\n");
    assert!(report(&plain).contains("Half: failed and was not taken back"), "{}", report(&plain));
    let taken_back = project(&[one, &format!("{half}, undo_on_failure: true")]);
    let run = taken_back.lifeboat(&EXECUTE);
    assert!(run.exits_with(1).stderr.lines().all(|line| !line.contains("not taken back")), "{run:?}");
    assert_eq!(log(&taken_back), "one\nhalf\nundo half\nundo one\n");
    assert!(!report(&taken_back).contains("not taken back"));
}

#[test]
fn a_wait_that_timed_out_has_nothing_to_take_back_and_nobody_is_asked_about_it() {
    let wait = "name: Wait, wait_until: {request: {to: \"http://127.0.0.1:1/\"}, succeeds: 1 in a row}, timeout: 400ms, undo: {run: [sh, -c, \"echo undo wait >> log\"]}";
    let one = "name: One, run: [sh, -c, \"echo one >> log\"], timeout: 20s, undo: {run: [sh, -c, \"echo undo one >> log\"]}";
    let back = project(&[one, wait]);
    back.lifeboat(&EXECUTE).exits_with(1);
    assert_eq!(log(&back), "one\nundo one\n");
    let stopping = project(&[one, &format!("{wait}, on_failure: stop")]);
    stopping.lifeboat(&EXECUTE).exits_with(1);
    let run = typing(&stopping, &RESUME, &[]);
    assert!(!run.exits_with(1).stderr.contains("Repeat it"), "{run:?}");
    stopping.lifeboat(&UNDO).exits_with(0);
    assert_eq!(log(&stopping), "one\nundo one\n");
}

#[test]
fn a_drill_says_what_it_could_not_undo_and_that_is_undone_later() {
    let project = Project::quick();
    project.runbook(
        "with-the-fault",
        &[
            "name: One, run: [sh, -c, \"echo one >> log\"], timeout: 20s, undo: {run: [sh, -c, \"echo undo one >> log\"]}",
            "name: Two, run: [sh, -c, \"echo two >> log\"], timeout: 20s, undo: {run: [sh, -c, \"echo undo two >> log; test -e mended\"]}",
        ],
    );
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"]);
    run.says("partly undone; not undone: Two").says("lifeboat run --undo drill");
    let undo = ["run", "--undo", "drill"];
    project.lifeboat(&undo).exits_with(1).says("partly undone; not undone: Two").says("lifeboat run --undo drill");
    project.write("mended", "");
    project.lifeboat(&undo).exits_with(0);
    assert_eq!(log(&project), "one\ntwo\nundo two\nundo one\nundo two\nundo two\n");
    project.lifeboat(&undo).exits_with(2).says("there is nothing to undo");
}
