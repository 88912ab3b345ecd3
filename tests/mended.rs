//! An execution goes on with a runbook that was mended meanwhile, and with steps that a person did or leaves out.

use crate::execute::{EXECUTE, RESUME, UNDO, ends, log, of_kind, project, typing};
use crate::support::Project;

fn resume<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&RESUME[..], more].concat()
}

fn three(project_of: &str) -> Project {
    project(&[
        "name: One, run: [sh, -c, 'echo one >> log'], timeout: 20s, undo: {run: [sh, -c, 'echo undo one >> log']}",
        "name: Switch, switch: {file: gateway.yaml, key: route, to: second}, timeout: 20s",
        project_of,
    ])
}

#[test]
fn a_mended_runbook_is_shown_and_walked_from_the_first_step_that_is_not_done() {
    let project = three("name: Check, run: [test, -e, raedy], timeout: 20s, on_failure: stop, undo: none");
    project.write("gateway.yaml", "route: first\n").write("ready", "");
    project.lifeboat(&EXECUTE).exits_with(1);
    project.edit("runbooks/real.yaml", "raedy", "ready");
    let first = "  - {name: Before, run: [sh, -c, 'echo before >> log'], timeout: 20s, undo: none}\n";
    project.edit("runbooks/real.yaml", "steps:\n", &format!("steps:\n{first}"));
    let refused = project.lifeboat(&RESUME);
    refused.exits_with(2).says("the runbook runbooks/real.yaml has changed since").says("--mended").says("--recorded");
    for line in ["-  - {name: Check, run: [test, -e, raedy]", "+  - {name: Check, run: [test, -e, ready]", "runbooks/real.yaml (as it was"]
    {
        assert!(refused.stderr.contains(line), "{refused:?}");
    }
    project.lifeboat(&resume(&["--recorded"])).exits_with(1);
    // On a terminal it is asked.
    let typed = typing(&project, &RESUME, &[("Continue with the mended version", "stop")]);
    typed.exits_with(4);
    typing(&project, &RESUME, &[("Continue with the mended version", "mended")]).exits_with(0).says("4/4 done");
    assert_eq!(log(&project), "one\nbefore\n", "what is done is not done again, and what is new is done");
    let mended = of_kind(&project.events("x"), "mended");
    assert_eq!((mended.len(), mended[0]["plan"]["runbook"]["steps"].as_array().unwrap().len()), (1, 4));
    assert!(mended[0]["difference"].as_str().unwrap().contains("+  - {name: Check, run: [test, -e, ready]"));
    let report = std::fs::read_to_string(project.path("x/report.md")).unwrap();
    for row in ["| 2. One |", "| 3. Switch |", "| 4. Check |", "| 1. Before |"] {
        assert!(report.contains(row), "{row}: {report}");
    }
    // What goes on later is the mended one, and the value that was switched is known although its step has another number.
    project.lifeboat(&UNDO).exits_with(0);
    assert_eq!(log(&project), "one\nbefore\nundo one\n");
    assert_eq!(std::fs::read_to_string(project.path("gateway.yaml")).unwrap(), "route: first\n");
}

#[test]
fn a_mended_runbook_that_forgets_what_was_done_is_refused_and_a_mended_undo_is_run() {
    let project = three("name: Check, run: [test, -e, ready], timeout: 20s, on_failure: stop, undo: none");
    project.write("gateway.yaml", "route: first\n");
    project.lifeboat(&EXECUTE).exits_with(1);
    project.edit("runbooks/real.yaml", "name: One", "name: Uno");
    project.lifeboat(&resume(&["--mended"])).exits_with(2).says("`One` was done and can be undone, and the mended runbook has no step");
    project.edit("runbooks/real.yaml", "name: Uno", "name: One").edit("runbooks/real.yaml", "key: route", "key: other");
    project.lifeboat(&resume(&["--mended"])).exits_with(2).says("the mended one switches another value");
    project.edit("runbooks/real.yaml", "key: other", "key: route").edit("runbooks/real.yaml", "echo undo one", "echo mended undo");
    project.lifeboat(&resume(&["--undo", "--mended"])).exits_with(0);
    assert_eq!(log(&project), "one\nmended undo\n");
    project.edit("runbooks/inventory.yaml", "providers:\n", "contacts:\n  alice: {name: Alice}\nproviders:\n");
}

#[test]
fn a_failed_step_is_repeated_done_by_hand_or_left_out_as_a_person_says() {
    let steps = [
        "name: One, run: [sh, -c, 'echo one >> log; test -e ready'], timeout: 20s, on_failure: stop, undo: {run: [sh, -c, 'echo undo one >> log']}",
        "name: Two, run: [sh, -c, 'echo two >> log'], timeout: 20s, undo: none",
    ];
    let finished = |project: &Project| ends(project).into_iter().map(|(_, end)| end).collect::<Vec<_>>().join(" ");
    let failed = || {
        let project = project(&steps);
        project.lifeboat(&EXECUTE).exits_with(1);
        project
    };
    let typed = failed();
    let run = typing(&typed, &RESUME, &[("Step 1, One, failed: repeat, done, or skip?", "stop")]);
    run.exits_with(4).says("to continue: lifeboat execute --resume x");
    typing(&typed, &RESUME, &[("Step 1, One, failed", "repeat")]).exits_with(1);
    typing(&typed, &RESUME, &[("Step 1, One, failed", "done, restarted by hand")]).exits_with(0);
    assert_eq!((log(&typed).as_str(), finished(&typed).as_str()), ("one\none\ntwo\n", "failed failed done done"));
    let settled = of_kind(&typed.events("x"), "step_settled");
    let becomes: Vec<_> = settled.iter().map(|settled| settled["becomes"].as_str().unwrap()).collect();
    assert_eq!((becomes, &settled[1]["note"]), (vec!["repeat", "done"], &"restarted by hand".into()));
    typed.lifeboat(&UNDO).exits_with(0);
    assert_eq!(log(&typed), "one\none\ntwo\nundo one\n", "what was done by hand is undone like the rest");

    let skipped = failed();
    skipped.lifeboat(&resume(&["--skip", "2"])).exits_with(2).says("name one of these: One");
    skipped.lifeboat(&resume(&["--skip", "1", "--note", "not needed tonight"])).exits_with(0);
    assert_eq!((log(&skipped).as_str(), finished(&skipped).as_str()), ("one\ntwo\n", "failed skipped done"));
    let by_flag = failed();
    by_flag.lifeboat(&resume(&["--done", "One", "--by", "alice", "--note", "by hand"])).exits_with(0);
    let output = of_kind(&by_flag.events("x"), "step_finished")[1]["output"].as_str().unwrap().to_owned();
    assert!(output.starts_with("done by hand, says alice (as typed by the user ") && output.ends_with("): by hand"), "{output}");
}

#[test]
fn ctrl_c_ends_the_question_what_becomes_of_a_step() {
    let project = project(&["name: One, run: [\"false\"], timeout: 20s, on_failure: stop, undo: none"]);
    project.lifeboat(&EXECUTE).exits_with(1);
    let mut command = project.command(&RESUME);
    let mut child = command
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    assert!(lines.by_ref().map_while(Result::ok).any(|line| line.contains("failed: repeat, done, or skip?")));
    crate::support::signal(child.id(), 2);
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    assert_eq!(child.wait().unwrap().code(), Some(4), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("to continue: lifeboat execute --resume x")), "{rest:?}");
}
