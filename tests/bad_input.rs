//! What is typed wrong, and files that are not what they should be: the exit code, and a message that says what to type instead.

use crate::support::{Project, Run};
use std::io::Read;
use std::process::Stdio;

/// Exit code 2, and exactly this on stderr; nothing on stdout.
fn refused(run: &Run, stderr: &str) {
    run.exits_with(2);
    assert_eq!((run.stdout.as_str(), run.stderr.trim_end()), ("", stderr));
}

#[test]
fn commands_that_cannot_be_meant() {
    let project = Project::quick();
    let run = project.lifeboat(&[]);
    run.exits_with(2).says("Usage: lifeboat [OPTIONS] <COMMAND>").says("Exit codes: 0 every objective met");
    project.lifeboat(&["rum"]).exits_with(2).says("similar subcommands exist: 'run', 'resume'");
    project.lifeboat(&["rnu"]).exits_with(2).says("unrecognized subcommand 'rnu'").says("hint: did you mean `lifeboat run`?");
    assert!(!project.lifeboat(&["xyzzy"]).exits_with(2).stderr.contains("did you mean"));
    project.lifeboat(&["run"]).exits_with(2).says("<SCENARIO>");
    project.lifeboat(&["run", "scenarios/quick.yaml", "--repeat", "0"]).exits_with(2).says("--repeat");
    for command in [&["run", "scenarios/quick.yaml", "--seed", "zz"][..], &["lab", "--seed", "zz"]] {
        project.lifeboat(command).exits_with(2).says("`zz` is not a seed").says("hint: write up to 16 hexadecimal digits, for example 2a");
    }
    project.lifeboat(&["lab", "--service", "chat2"]).exits_with(2).says("error: no such service in the inventory\n\nhint: it has chat");
    assert!(!project.path("drills").exists(), "a drill was begun");
}

#[test]
fn scenarios_and_environments_that_are_not_there() {
    let project = Project::quick();
    let run = |args: &[&str]| project.lifeboat(&[&["run"], args].concat());
    refused(
        &run(&["scenarios/quick.yaml", "--env", "lap"]),
        "error: `lap` is not an environment of this inventory\n  --> runbooks/inventory.yaml\n   = hint: did you mean `lab`?",
    );
    refused(
        &run(&["scenarios/quack.yaml"]),
        "error: there is no such file\n  --> scenarios/quack.yaml\n   = hint: did you mean `scenarios/quick.yaml`?",
    );
    for typed in ["quick", "quick.yaml", "scenarios/quick", "scenarios/quick.yml"] {
        run(&[typed]).exits_with(2).says("hint: did you mean `scenarios/quick.yaml`?");
    }
    refused(
        &run(&["scenarios"]),
        "error: this is a folder, and a file is expected here\n  --> scenarios\n   = hint: name a file, for example `scenarios/quick.yaml`",
    );
    project.edit("scenarios/quick.yaml", "service: chat\n", "service: chat\nrunbook: runbooks/ghost.yaml\n");
    run(&["scenarios/quick.yaml"]).exits_with(2).says("the runbook `runbooks/ghost.yaml` does not exist").says("hint: ");
    // Nobody answers there, and the plan says so.
    for said in ["", "runbook: none\n"] {
        project.edit("scenarios/quick.yaml", "runbook: runbooks/ghost.yaml\n", said);
        run(&["scenarios/quick.yaml", "--dry-run"]).exits_with(0).says("  runbook     none\n");
        project.edit("scenarios/quick.yaml", &format!("service: chat\n{said}"), "service: chat\nrunbook: runbooks/ghost.yaml\n");
    }
    let nowhere = Project::empty();
    refused(
        &nowhere.lifeboat(&["run", "x.yaml"]),
        "error: no project here: neither `x.yaml` nor a folder above it holds `runbooks/inventory.yaml` or `runbooks/inventory.csv`\n\nhint: run it in a project's folder, or name a scenario that lies in one; `lifeboat help gateway` shows a first project",
    );
}

#[test]
fn folders_that_cannot_take_a_drill() {
    let project = Project::quick();
    project.write("file", "").write("old/history.jsonl", "");
    let run = |out: &str| project.lifeboat(&["run", "scenarios/quick.yaml", "--out", out]);
    refused(
        &run("file/drill"),
        "The first provider stops answering\nerror: cannot make the drill's folder file/drill: Not a directory (os error 20)\n\nhint: choose another with `--out`",
    );
    refused(
        &run("file"),
        "The first provider stops answering\nerror: cannot make the drill's folder file: File exists (os error 17)\n\nhint: choose another with `--out`",
    );
    refused(
        &run("old"),
        "The first provider stops answering\nerror: old already holds a drill\n\nhint: choose another folder with `--out`; a history is never overwritten",
    );
}

#[test]
fn nothing_is_written_through_a_link_that_stands_where_a_run_goes() {
    let project = Project::quick();
    project.write("victim/precious", "as it was");
    project.write(
        "runbooks/note.yaml",
        "version: 1\nrunbook: note\nstart: by-hand\nsteps:\n  - {name: Say, run: [echo, hello], timeout: 5s, undo: none}\n",
    );
    let link = |to: &str, at: &str| std::os::unix::fs::symlink(project.path(to), project.path(at)).unwrap();
    link("victim", "link");
    for (place, name) in
        ["system.log", "verdict.json", "report.md", "report.html", "history.jsonl", "k6.log", "before-step-1"].iter().enumerate()
    {
        project.write(&format!("planted-{place}/x"), "");
        link(if place % 2 == 0 { "victim/precious" } else { "victim/new" }, &format!("planted-{place}/{name}"));
    }
    let folders: Vec<String> = std::iter::once("link".to_owned()).chain((0..7).map(|place| format!("planted-{place}"))).collect();
    for out in &folders {
        for command in [&["run", "scenarios/quick.yaml"][..], &["execute", "runbooks/note.yaml"]] {
            project.lifeboat(&[command, &["--out", out]].concat()).exits_with(2).says("is a symbolic link").says("hint: choose another");
        }
    }
    let left = std::fs::read_dir(project.path("victim")).unwrap().count();
    assert_eq!((left, std::fs::read_to_string(project.path("victim/precious")).unwrap().as_str()), (1, "as it was"));
}

#[test]
fn a_pipe_where_a_history_should_be_holds_nothing_up() {
    let project = Project::empty();
    project.write("drill/x", "");
    assert!(std::process::Command::new("mkfifo").arg(project.path("drill/history.jsonl")).status().unwrap().success());
    for command in ["judge", "report"] {
        project.lifeboat(&[command, "drill"]).exits_with(2).says("cannot read drill/history.jsonl: it is not a file").says("hint: ");
    }
}

#[test]
fn files_that_are_not_lifeboats_are_not_shown_whoever_names_them() {
    let project = Project::quick();
    let secret = "hunter2-correct-horse";
    project.write(".env", &format!("DATABASE={secret}\n{secret}: x\n"));
    project.write("config.json", &format!("[\"{secret}\", {{\"name\": \"p\", \"toxics\": \"{secret}\"}}]"));
    project.write("account.json", &format!("{{\"private_key\": \"{secret}\", \"{secret}\": 1, \"requests\": \"{secret}\"}}"));
    project.edit("scenarios/quick.yaml", "service: chat\n", "service: chat\nrunbook: .env\n");
    let proxy = ["proxy", "--api", "127.0.0.1:0", "--config"];
    for args in [
        &["check"][..],
        &["check", ".env"],
        &["run", "scenarios/quick.yaml", "--dry-run"],
        &["run", ".env"],
        &["execute", ".env"],
        &["judge", ".env"],
        &["judge", "account.json"],
        &["report", "account.json"],
        &[&proxy[..], &["config.json"]].concat(),
        &[&proxy[..], &[".env"]].concat(),
    ] {
        let run = project.lifeboat(args);
        run.exits_with(2);
        let said = [run.stdout.as_str(), &run.stderr].concat();
        assert!(said.contains("error") && !said.contains("hunter2") && !said.contains("correct-horse"), "{args:?}: {said}");
    }
}

#[test]
fn histories_that_are_none() {
    let project = Project::quick();
    let judge = |name: &str| project.lifeboat(&["judge", name]);
    refused(
        &judge("absent"),
        "error: cannot read absent: No such file or directory (os error 2)\n\nhint: name a drill's folder, its history.jsonl, or a bare history",
    );
    judge("runbooks").exits_with(2).says("error: cannot read runbooks/history.jsonl: No such file").says("hint: name a drill's folder");
    project.write("empty", "");
    refused(
        &judge("empty"),
        "error: empty: the file is empty\n\nhint: a drill that was killed right at its start leaves nothing to judge; run it again",
    );
    let neither = "this is no history of a drill, no bare history, and no record that is known by its first lines\n\nhint: say whose record it is, \
                   --from k6|oha|vegeta|locust|nginx|haproxy|envoy; an access log in a format of its own needs that too, --log-format '…'";
    std::fs::write(project.path("binary"), [0, 159, 146, 150, b'\n', 255].repeat(1000)).unwrap();
    for name in ["binary", "scenarios/quick.yaml"] {
        refused(&judge(name), &format!("error: {name}: {neither}"));
    }
    project.write("extra.json", "{\"bare_history\": 1, \"requets\": []}");
    judge("extra.json")
        .exits_with(2)
        .says("error: extra.json: not a bare history: unknown field `requets`")
        .says("hint: `lifeboat help bare-history` shows");
    project.write("two.json", "{\"bare_history\": 2, \"primary\": [], \"standbys\": [], \"requests\": []}");
    judge("two.json").exits_with(2).says("bare_history is 2, this build reads 1");
    project.write("bare.json", "{\"bare_history\": 1, \"primary\": [\"a\"], \"standbys\": [\"b\"], \"requests\": []}");
    judge("bare.json").exits_with(3).says("void");
    project.lifeboat(&["report", "bare.json"]).exits_with(0).says("# bare.json: void");
}

#[test]
fn histories_that_were_changed_and_readers_that_go_away() {
    let project = Project::quick();
    project.environment("absent", "control: \"http://127.0.0.1:1\"");
    project.lifeboat(&["run", "scenarios/quick.yaml", "--env", "absent", "--out", "drill"]).exits_with(3);
    let whole = std::fs::read_to_string(project.path("drill/history.jsonl")).unwrap();
    let judge = |name: &str, text: &str| {
        project.write(name, text);
        project.lifeboat(&["judge", name])
    };
    refused(
        &judge("newer", &whole.replacen("\"format\":\"2.4\"", "\"format\":\"99.0\"", 1)),
        "error: newer: written by lifeboat 0.1.0 in format 99.0; this build (0.1.0) reads formats 1 to 2.x\n\nhint: update lifeboat",
    );
    judge("added", &whole.replacen("\"format\":\"2.4\"", "\"format\":\"2.7\"", 1))
        .exits_with(3)
        .says("warning: this history was written by lifeboat 0.1.0 in format 2.7; this build (0.1.0) knows format 2.4");
    let restore = "hint: only its last line may be incomplete; copy the file again from where it came";
    let lines: Vec<&str> = whole.lines().collect();
    judge("damaged", &whole.replacen(lines[1], "{\"t\":5,\"ph", 1))
        .exits_with(2)
        .says("error: damaged: line 2 is not an event")
        .says(restore);
    judge("mixed", &format!("{whole}{}\n", lines[1])).exits_with(2).says("is earlier than the line before it").says(restore);
    judge("headless", &lines[1..].join("\n")).exits_with(2).says("does not begin with the event `started`");

    for command in [&["report", "drill"][..], &["judge", "drill"], &["run", "scenarios/quick.yaml", "--dry-run"]] {
        let mut child = project.command(command).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // The reader goes away before anything was written, as `head` may.
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let code = child.wait().unwrap().code().unwrap();
        assert!((code == 0 || code == 3) && !stderr.contains("error"), "{command:?}: {code}\n{stderr}");
    }
}
