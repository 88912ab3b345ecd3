//! `lifeboat execute` by the binary: a runbook walked for real, what people type meanwhile, and how it goes on after an interruption.

use crate::support::{Project, Run};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

/// A project with a runbook of these steps, one a line, called `real`.
pub(crate) fn project(steps: &[&str]) -> Project {
    with(steps, "")
}

pub(crate) fn with(steps: &[&str], head: &str) -> Project {
    let project = Project::quick();
    let steps: String = steps.iter().map(|step| format!("  - {{{step}}}\n")).collect();
    project.write("runbooks/real.yaml", &format!("version: 1\nrunbook: real\nstart: by-hand\n{head}steps:\n{steps}"));
    project
}

pub(crate) const EXECUTE: [&str; 4] = ["execute", "runbooks/real.yaml", "--out", "x"];

/// Runs the binary with somebody who types each line once its first text was said.
pub(crate) fn typing(project: &Project, args: &[&str], script: &[(&str, &str)]) -> Run {
    let mut command = project.command(args);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut said = String::new();
    let mut script = script.iter().peekable();
    for line in BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok) {
        if let Some((_, typed)) = script.next_if(|(wanted, _)| line.contains(wanted)) {
            writeln!(stdin, "{typed}").unwrap();
        }
        said += &format!("{line}\n");
    }
    let output = child.wait_with_output().unwrap();
    Run { code: output.status.code(), stdout: String::from_utf8(output.stdout).unwrap(), stderr: said }
}

pub(crate) fn of_kind(events: &[Value], kind: &str) -> Vec<Value> {
    events.iter().filter_map(|event| event.get(kind).cloned()).collect()
}

/// How each step ended, in the order of the history.
pub(crate) fn ends(project: &Project) -> Vec<(u64, String)> {
    let end = |event: &Value| (event["step"].as_u64().unwrap(), event["end"].as_str().unwrap().to_owned());
    of_kind(&project.events("x"), "step_finished").iter().map(end).collect()
}

pub(crate) fn log(project: &Project) -> String {
    std::fs::read_to_string(project.path("log")).unwrap_or_default()
}

#[test]
fn it_walks_and_reports_and_a_failed_step_is_tried_again_when_it_is_resumed() {
    let project = project(&[
        "name: One, run: [sh, -c, \"echo one >> log; echo '{\\\"at\\\": [\\\"eu west\\\"]}'\"], timeout: 20s, output: place, undo: {run: [sh, -c, \"echo undo one >> log\"]}",
        "name: Two, run: [sh, -c, 'echo \"$1\" >> log', sh, \"${steps.place.json.at.0}\"], timeout: 20s, undo: none",
        "name: Not here, run: [sh, -c, \"echo never >> log\"], timeout: 20s, when: {value: \"${steps.place.json.at.0}\", is: us}, undo: none",
        "name: Needs a file, run: [test, -e, ready], timeout: 20s, on_failure: stop, undo: none",
    ]);
    project.lifeboat(&EXECUTE).exits_with(1).says("lifeboat execute --resume x");
    assert_eq!(log(&project), "one\neu west\n");
    project.lifeboat(&EXECUTE).exits_with(2).says("already holds an execution or a drill");
    project.write("ready", "");
    project.lifeboat(&["execute", "--resume", "x"]).exits_with(0).says("4/4 done");
    assert_eq!(log(&project), "one\neu west\n", "what was done is not done again");
    let wanted = [(0, "done"), (1, "done"), (2, "skipped"), (3, "failed"), (3, "done")];
    assert_eq!(ends(&project), wanted.map(|(step, end)| (step, end.to_owned())));
    project.lifeboat(&["execute", "--resume", "x"]).exits_with(2).says("it has ended");
    project.lifeboat(&["execute", "--resume", "x", "--undo"]).exits_with(0).says("1/4 done");
    assert_eq!(log(&project), "one\neu west\nundo one\n");
    let report = std::fs::read_to_string(project.path("x/report.md")).unwrap();
    assert!(report.starts_with("# real: undone\n") && report.contains("| 3. Not here |"), "{report}");
    assert_eq!(project.lifeboat(&["report", "x"]).exits_with(0).stdout, report, "the report is the history's alone");
    project.lifeboat(&["judge", "x"]).exits_with(2);
}

#[test]
fn what_is_typed_answers_the_question_or_is_a_note() {
    let inventory = "contacts:\n  alice: {name: Alice}\n  bob: {name: Bob, reach: \"tel:112\"}\nproviders:\n";
    let project = with(
        &[
            "name: Ask, confirm: {question: \"Go on?\", approvers: [alice, bob], needed: 2}, timeout: 20s",
            "name: Which, confirm: {question: \"Which?\", answers: [left, right]}, timeout: 20s, output: way",
            "name: Left, run: [sh, -c, \"echo left >> log\"], timeout: 20s, when: {value: \"${steps.way}\", is: left}, undo: none",
            "name: Right, run: [sh, -c, \"echo right >> log\"], timeout: 20s, when: {value: \"${steps.way}\", is_not: left}, undo: none",
            "name: Late, confirm: {question: \"Hurry?\", default: yes}, timeout: 300ms",
        ],
        "owner: bob\n",
    );
    project.edit("runbooks/inventory.yaml", "providers:\n", inventory);
    let script = [
        ("real begins", "the status page is red"),
        ("the status page", "yes alice: seen it"),
        ("1 of 2", "yes mallory"),
        ("please write", "yes bob"),
        ("Which?", "right"),
    ];
    let run = typing(&project, &EXECUTE, &script);
    run.exits_with(0).says("Go on? (1 of 2 have agreed) [yes/no and who: bob]").says("TELL bob, the runbook starts: call Bob at 112");
    let events = project.events("x");
    let notes = of_kind(&events, "note");
    assert_eq!(notes, [serde_json::json!({"text": "the status page is red"}), serde_json::json!({"text": "yes mallory"})]);
    let finished = of_kind(&events, "step_finished");
    let output = finished[0]["output"].as_str().unwrap();
    let typed = |name: &str| format!("yes, says {name} (as typed by the user ");
    assert!(output.starts_with(&format!("Go on? {}", typed("alice"))), "{output}");
    assert!(
        output.contains("; not verified): seen it; ") && output.contains(&typed("bob")) && output.ends_with("; not verified)"),
        "{output}"
    );
    assert_eq!(log(&project), "right\n");
    assert_eq!(finished[4]["output"], "Hurry? yes, because nobody answered in time");
    project.lifeboat(&["execute", "runbooks/real.yaml", "--yes"]).exits_with(2).says("--yes does not answer for them");
    project.lifeboat(&["execute", "runbooks/real.yaml"]).exits_with(2).says("there is no terminal");
}

#[test]
fn a_failure_may_lead_elsewhere_so_often_and_then_everything_is_taken_back() {
    let project = project(&[
        "name: Begin, run: [sh, -c, \"echo begin >> log\"], timeout: 20s, undo: {run: [sh, -c, \"echo undo >> log\"]}",
        "name: Again, run: [sh, -c, \"echo again >> log\"], timeout: 20s, undo: none",
        "name: Fails, run: [\"false\"], timeout: 20s, on_failure: {goto: Again, at_most: 2}, undo: none",
    ]);
    project.lifeboat(&EXECUTE).exits_with(1);
    assert_eq!(log(&project), "begin\nagain\nagain\nagain\nundo\n");
}

#[test]
fn steps_in_parallel_run_at_the_same_time_and_all_must_succeed() {
    let project = project(&[]);
    let meet = |mine: &str, other: &str| format!("touch {mine}; while ! test -e {other}; do sleep 0.01; done");
    let steps = format!(
        "  - name: Both\n    on_failure: stop\n    parallel:\n      - {{name: A, run: [sh, -c, \"{}\"], timeout: 20s, undo: none}}\n      - {{name: B, run: [sh, -c, \"{}; exit 3\"], timeout: 20s, undo: none}}\n  - {{name: After, run: [touch, after], timeout: 20s, undo: none}}\n",
        meet("a", "b"),
        meet("b", "a")
    );
    project.write("runbooks/real.yaml", &format!("version: 1\nrunbook: real\nstart: by-hand\nsteps:\n{steps}"));
    project.lifeboat(&EXECUTE).exits_with(1);
    let mut ends = ends(&project);
    ends.sort();
    assert_eq!(ends, [(0, "done".to_owned()), (1, "failed".to_owned())]);
    assert!(!project.path("after").exists());
}

#[test]
fn an_included_runbook_is_told_its_parameters_and_circles_are_refused() {
    let project = project(&["name: Tell, include: runbooks/tell.yaml, with: {whom: \"${primary}\"}"]);
    project.edit(
        "runbooks/inventory.yaml",
        "providers: [first, second]\n",
        "providers: [first, second]\n    runbook: runbooks/real.yaml\n",
    );
    let tell = "version: 1\nrunbook: tell\nstart: by-hand\nparameters: {whom: , how: loudly}\nsteps:\n  - {name: Say, run: [sh, -c, 'echo \"$1\" >> log', sh, \"${param.whom} ${param.how}\"], timeout: 20s, undo: none}\n";
    project.write("runbooks/tell.yaml", tell);
    project.lifeboat(&EXECUTE).exits_with(0).says("Tell: Say");
    assert_eq!(log(&project), "first loudly\n");
    project.lifeboat(&["execute", "runbooks/tell.yaml"]).exits_with(2).says("this runbook must be told `whom`");
    project.edit("runbooks/tell.yaml", "steps:\n", "steps:\n  - {name: Round, include: runbooks/real.yaml}\n");
    project.lifeboat(&["check"]).exits_with(2).says("includes itself");
    project.edit("runbooks/real.yaml", "with: {whom: \"${primary}\"}", "with: {who: x}");
    project.lifeboat(&["check", "runbooks/real.yaml"]).says("has no parameter `who`").says("needs the parameter `whom`");
}

#[test]
fn an_unknown_outcome_is_asked_about_and_a_torn_line_is_cut_off() {
    let steps = [
        "name: Slow, run: [sh, -c, \"echo $$ > pid; echo slow >> log; exec sleep 600\"], timeout: 20m, undo: {run: [sh, -c, \"echo undo >> log\"]}",
    ];
    let project = project(&steps);
    let mut running = project.start(&EXECUTE);
    running.until("1/1 Slow");
    crate::support::wait_for("its effect", || (log(&project) == "slow\n").then_some(()));
    project.lifeboat(&["execute", "--resume", "x"]).exits_with(2).says("another lifeboat process is running this runbook");
    running.signal(9);
    running.finish();
    // Nobody may be asked about a step that still runs.
    crate::support::wait_gone(crate::support::pid_in(&project.path("pid")));
    let history = project.path("x/history.jsonl");
    let whole = std::fs::read(&history).unwrap();
    std::fs::write(&history, [&whole[..], b"{\"t\":99999999999,\"step_fini"].concat()).unwrap();
    project
        .lifeboat(&["execute", "--resume", "x", "--yes"])
        .exits_with(3)
        .says("it is not known whether `Slow` was done")
        .says("--resume x");
    let text = std::fs::read_to_string(&history).unwrap();
    assert!(!text.contains("step_fini\""), "the torn line is gone");
    typing(&project, &["execute", "--resume", "x"], &[("Repeat it", "stop")]).exits_with(3);
    typing(&project, &["execute", "--resume", "x"], &[("Repeat it", "done")]).exits_with(0);
    assert_eq!(log(&project), "slow\n");
    project.lifeboat(&["execute", "--resume", "x", "--undo"]).exits_with(0);
    assert_eq!(log(&project), "slow\nundo\n", "what was done before it was interrupted is taken back");
    let resumed = of_kind(&project.events("x"), "resumed").len();
    assert_eq!(resumed, 4);
}

/// Begins something that hangs once its effect has happened, and kills it together with what it started.
fn killed_in_the_middle(project: &Project, args: &[&str], effect: &str) {
    let _ = std::fs::remove_file(project.path("pid"));
    let mut running = project.start(args);
    crate::support::wait_for("its effect", || log(project).ends_with(effect).then_some(()));
    crate::support::pid_in(&project.path("pid"));
    running.signal(9);
    running.finish();
    // Nobody may be asked about what still runs.
    crate::support::wait_gone(crate::support::pid_in(&project.path("pid")));
}

/// A step, with its undo, each of which hangs unless there is a file `go`.
fn hanging(more: &str) -> Project {
    let hangs = |word: &str| format!("run: [sh, -c, \"echo {word} >> log; test -e go || {{ echo $$ > pid; exec sleep 600; }}\"]");
    project(&[&format!("name: Slow, {}, timeout: 20m, undo: {{{}}}{more}", hangs("did"), hangs("undid"))])
}

pub(crate) const RESUME: [&str; 3] = ["execute", "--resume", "x"];
pub(crate) const UNDO: [&str; 4] = ["execute", "--resume", "x", "--undo"];

#[test]
fn a_step_that_may_be_repeated_is_done_again_and_nobody_is_asked() {
    let project = hanging(", repeat: safe");
    killed_in_the_middle(&project, &EXECUTE, "did\n");
    project.write("go", "");
    // There is nobody to be asked.
    project.lifeboat(&RESUME).exits_with(0);
    assert_eq!(log(&project), "did\ndid\n");
}

#[test]
fn a_step_whose_end_nobody_knows_is_repeated_or_done_as_a_person_says() {
    for (word, did, undone) in [("repeat", "did\ndid\n", "undid\nundid\n"), ("done", "did\n", "undid\n")] {
        let project = hanging("");
        killed_in_the_middle(&project, &EXECUTE, "did\n");
        project.write("go", "");
        typing(&project, &RESUME, &[("Repeat it", word)]).exits_with(0);
        assert_eq!(log(&project), did, "{word}");
        // Taking it back is asked about like the step itself.
        std::fs::remove_file(project.path("go")).unwrap();
        killed_in_the_middle(&project, &UNDO, "undid\n");
        project.write("go", "");
        typing(&project, &UNDO, &[("Repeat it", word)]).exits_with(0);
        assert_eq!(log(&project), format!("{did}{undone}"), "{word}");
    }
}

#[test]
fn what_cannot_work_outside_a_drill_is_said_before_it_begins() {
    let project = project(&[
        "name: See, wait_until: {success: \"99% over 5s\"}, timeout: 20s",
        "name: Go, http: {get: \"${service.url}\"}, timeout: 20s",
    ]);
    let run = project.lifeboat(&EXECUTE);
    run.exits_with(2).says("runbooks/real.yaml:5:").says("this looks at a drill's traffic").says("`outside: {request: {to:");
    let canary = "canary: {shift: {run: [\"true\"]}, back: {run: [\"true\"]}, of: standby, hold: 1s, worse_by: {errors: 5%, latency: 20%}}";
    project.edit("runbooks/real.yaml", "wait_until: {success: \"99% over 5s\"}", canary);
    project.lifeboat(&EXECUTE).exits_with(2).says("this looks at a drill's traffic").says("`outside: {request: {to:");
    project.edit("runbooks/real.yaml", canary, "wait_until: {success: \"99% over 5s\"}");
    project.edit("runbooks/real.yaml", "  - {name: See, wait_until: {success: \"99% over 5s\"}, timeout: 20s}\n", "");
    project.lifeboat(&EXECUTE).exits_with(2).says("the step `Go` needs service.url, which has no value here").says("--env");
    assert!(!project.path("x").exists(), "nothing was begun");
}

#[test]
fn a_rehearsal_does_only_what_reads_and_finds_what_is_missing() {
    let project = project(&[
        "name: Look, run: [echo, all well], timeout: 20s, reads: true",
        "name: Change, run: [sh, -c, \"touch changed\"], timeout: 20s, undo: none",
        "name: Absent, run: [no-such-program], timeout: 20s, undo: none",
        "name: Nobody, http: {post: \"http://127.0.0.1:1/\"}, timeout: 20s, undo: none",
        "name: No value, run: [echo, \"${service.url}\"], timeout: 20s, undo: none",
    ]);
    let run = project.lifeboat(&["execute", "runbooks/real.yaml", "--rehearse"]);
    run.exits_with(1).says("1 done, 1 skipped, 3 missing");
    for line in [
        "done     step 1 Look: all well",
        "skipped  step 2 Change: it would change something",
        "missing  step 3 Absent: `no-such-program` cannot be started: there is no such program",
        "missing  step 4 Nobody: 127.0.0.1:1 accepts no connections",
        "missing  step 5 No value: no value for service.url: name environment and service with `--env NAME --service NAME`",
    ] {
        run.says(line);
    }
    assert!(!project.path("changed").exists() && !project.path("executions").exists());
}

/// One request: its body. Answers 202.
fn once(listener: std::net::TcpListener) -> Value {
    answered_when(listener, || ())
}

/// The same, with an answer that comes only once `ready` returns.
fn answered_when(listener: std::net::TcpListener, ready: impl FnOnce()) -> Value {
    let (mut stream, _) = listener.accept().unwrap();
    let mut input = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        input.read_line(&mut line).unwrap();
        if let Some(count) = line.to_lowercase().strip_prefix("content-length:") {
            length = count.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body).unwrap();
    ready();
    stream.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[test]
fn contacts_and_channels_are_told_and_no_address_is_written_down() {
    let listen = || std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (owner, slack, pager) = (listen(), listen(), listen());
    let url = |listener: &std::net::TcpListener| format!("http://{}/hidden-path", listener.local_addr().unwrap());
    let project = with(
        &[
            "name: Chat, notify: {slack: \"env:TEST_SLACK\", message: \"${root} is on fire\"}, timeout: 20s, undo: none",
            &format!(
                "name: Page, notify: {{pagerduty: \"env:TEST_PAGER\", at: \"{}\", message: get up, severity: critical}}, timeout: 20s, undo: none",
                url(&pager)
            ),
            "name: Later, confirm: \"Over?\", timeout: 20s",
        ],
        "owner: on-call\nescalate: [{after: 100ms, to: lead}]\n",
    );
    let contacts = "contacts:\n  on-call: {name: On call, reach: \"webhook:${TEST_HOOK}\"}\n  lead: {name: Lead, reach: \"mailto:lead@acme.example\"}\nproviders:\n";
    project.edit("runbooks/inventory.yaml", "providers:\n", contacts);
    let mut command = project.command(&EXECUTE);
    command.env("TEST_HOOK", url(&owner)).env("TEST_SLACK", url(&slack)).env("TEST_PAGER", "routing-key-1234");
    let [owner, slack, pager] = [owner, slack, pager].map(|listener| std::thread::spawn(move || once(listener)));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The question is answered once both are said, in whichever order a busy machine says them: what is typed before a question is a note.
    let mut awaited = vec!["TELL lead, it takes longer than 100 ms: write to Lead at lead@acme.example", "Over? [yes/no]"];
    for line in BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok) {
        let before = awaited.len();
        awaited.retain(|text| !line.contains(text));
        if awaited.is_empty() && before > 0 {
            writeln!(stdin, "yes").unwrap();
        }
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let [owner, slack, pager] = [owner, slack, pager].map(|thread| thread.join().unwrap());
    assert!(owner["text"].as_str().unwrap().starts_with("real: the runbook starts") && owner["contact"] == "on-call", "{owner}");
    let root = project.path("").canonicalize().unwrap();
    assert_eq!(slack, serde_json::json!({"text": format!("{} is on fire", root.display())}));
    assert_eq!((&pager["routing_key"], &pager["event_action"]), (&"routing-key-1234".into(), &"trigger".into()));
    let payload = &pager["payload"];
    assert_eq!((&payload["summary"], &payload["source"], &payload["severity"]), (&"get up".into(), &"lifeboat".into(), &"critical".into()));
    for file in ["x/history.jsonl", "x/report.md", "x/report.html"] {
        let text = std::fs::read_to_string(project.path(file)).unwrap();
        assert!(!text.contains("routing-key-1234"), "{file}");
        // The one address that stands in the runbook itself is in the plan.
        assert!(text.matches("hidden-path").count() <= 1, "{file}");
    }
}

#[test]
fn a_slow_contact_holds_up_nobody_else_and_what_came_of_it_is_in_the_history() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let project = with(
        &["name: Work, run: [sh, -c, \"until test -e go; do sleep 0.01; done\"], timeout: 60s, undo: none"],
        "owner: on-call\nescalate: [{after: 100ms, to: lead}, {after: 1h, to: head}]\n",
    );
    let contacts = "contacts:\n  on-call: {name: On call, reach: \"webhook:${TEST_HOOK}\"}\n  lead: {name: Lead, reach: \"tel:112\"}\n  \
                    head: {name: Head, reach: \"tel:113\"}\nproviders:\n";
    project.edit("runbooks/inventory.yaml", "providers:\n", contacts);
    let (answer, ready) = std::sync::mpsc::channel();
    let owner = std::thread::spawn(move || answered_when(listener, || ready.recv().unwrap()));
    let mut running = project.start_with(&EXECUTE, &[("TEST_HOOK", &url)]);
    running.until("TELL lead, it takes longer than 100 ms: call Lead at 112");
    project.write("go", "");
    running.until("1/1 done");
    answer.send(()).unwrap();
    let run = running.finish();
    run.exits_with(0).says("told on-call, the runbook starts: On call: the webhook answered 202");
    assert_eq!(owner.join().unwrap()["contact"], "on-call");
    let contacted = of_kind(&project.events("x"), "contacted");
    let told: Vec<_> = contacted.iter().map(|event| (event["contact"].as_str().unwrap(), event["end"].as_str().unwrap())).collect();
    assert_eq!(told, [("lead", "skipped"), ("on-call", "done")], "whose time has not come when it ends is not told");
    // As if it had been killed before its last line, a year ago: nobody is told of an outage that was.
    let history = std::fs::read_to_string(project.path("x/history.jsonl")).unwrap();
    let events: Vec<_> = history.lines().filter(|line| !line.contains("\"sealed\"")).collect();
    let (last, lines) = events.split_last().unwrap();
    assert!(last.contains("execution_finished"), "{last}");
    let lines = lines.join("\n");
    let (before, after) = lines.split_once("\"wall_clock\":\"").unwrap();
    project.write("x/history.jsonl", &format!("{before}\"wall_clock\":\"2025-01-01{}\n", &after["2025-01-01".len()..]));
    project.lifeboat(&["execute", "--resume", "x"]).exits_with(0);
    assert_eq!(of_kind(&project.events("x"), "contacted"), contacted);
}

#[test]
fn a_switch_changes_one_value_and_puts_exactly_that_back_even_after_a_crash() {
    let gateway = "# the gateway\nrouter:\n  primary:  'the old one'   # now\n  other: x\n";
    let project = project(&[
        "name: Switch, switch: {file: gateway.yaml, key: router.primary, to: bedrock}, timeout: 20s",
        "name: Mark, switch: {file: .env, key: MODE, to: standby}, timeout: 20s",
        "name: Hang, run: [sh, -c, \"touch hanging; sleep 600\"], timeout: 20m, undo: none",
    ]);
    project.write("gateway.yaml", gateway).write(".env", "MODE=normal\n");
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(project.path("gateway.yaml"), std::fs::Permissions::from_mode(0o640)).unwrap();
    let mut running = project.start(&EXECUTE);
    running.until("3/3 Hang");
    let text = |file: &str| std::fs::read_to_string(project.path(file)).unwrap();
    assert_eq!(text("gateway.yaml"), gateway.replace("the old one", "bedrock"));
    assert_eq!(text(".env"), "MODE=standby\n");
    let mode = |file: &str| std::fs::metadata(project.path(file)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("gateway.yaml"), 0o640);
    assert_eq!(mode("x/before-step-1"), 0o600, "the old value may be a secret");
    running.signal(9);
    running.finish();
    assert!(!text("x/history.jsonl").contains("the old one"));
    project.write(".env", "MODE=mine\n");
    project.lifeboat(&["execute", "--resume", "x", "--undo"]).exits_with(1).says("somebody else has changed `MODE`");
    assert_eq!((text("gateway.yaml").as_str(), text(".env").as_str()), (gateway, "MODE=mine\n"));
}

#[test]
fn what_goes_on_is_what_the_runbook_still_says_or_somebody_has_read_what_was_recorded() {
    let project = project(&[
        "name: One, run: [sh, -c, 'echo one >> log'], timeout: 20s, undo: {run: [sh, -c, 'echo undo one >> log']}",
        "name: More, include: runbooks/more.yaml",
        "name: Needs a file, run: [test, -e, ready], timeout: 20s, on_failure: stop, undo: none",
    ]);
    let more =
        "version: 1\nrunbook: more\nstart: by-hand\nsteps:\n  - {name: Two, run: [sh, -c, 'echo two >> log'], timeout: 20s, undo: none}\n";
    project.write("runbooks/more.yaml", more);
    project.lifeboat(&EXECUTE).exits_with(1);
    let refused = |args: &[&str], what: &str| {
        project.lifeboat(args).exits_with(2).says(&format!("{what} since this was started")).says("--recorded");
    };
    let resume = ["execute", "--resume", "x"];
    // An included file, the runbook itself, the inventory.
    project.write("runbooks/more.yaml", &more.replace("echo two", "echo other"));
    refused(&resume, "the runbook runbooks/more.yaml has changed");
    refused(&["execute", "--resume", "x", "--undo"], "the runbook runbooks/more.yaml has changed");
    project.write("runbooks/more.yaml", more);
    project.edit("runbooks/real.yaml", "ready", "ready2");
    refused(&resume, "the runbook runbooks/real.yaml has changed");
    project.edit("runbooks/real.yaml", "ready2", "ready");
    let history = std::fs::read_to_string(project.path("x/history.jsonl")).unwrap();
    // What the history holds was changed, and nothing else.
    project.write("x/history.jsonl", &history.replacen("\"test\",\"-e\",\"ready\"", "\"sh\",\"-c\",\"id >> log\"", 1));
    refused(&resume, "the history or runbooks/real.yaml has changed");
    let (before, rest) = history.split_once("\"sources\":[").unwrap();
    project.write("x/history.jsonl", &format!("{before}\"sources\":[]{}", rest.split_once(']').unwrap().1));
    refused(&resume, "it is not known whether the runbook has changed");
    project.write("x/history.jsonl", &history);
    assert_eq!(log(&project), "one\ntwo\n");

    project.write("ready", "").edit("runbooks/real.yaml", "echo one", "echo uno");
    project.lifeboat(&["execute", "--resume", "x", "--recorded"]).exits_with(0);
    assert_eq!(log(&project), "one\ntwo\n", "what is done is not done again");
}

/// The runbook that is shipped for a provider's outage, as it is: rehearsed, walked against a gateway that answers and one that does not, taken back.
#[test]
fn the_shipped_runbook_for_an_outage_is_walked_and_says_whether_it_met_the_rto() {
    let project = Project::shipped();
    let gateway = server();
    let environment =
        format!("environments:\n  own: {{services: {{support-chat: {{url: \"http://{gateway}/v1\", key_from: \"env:OWN_KEY\"}}}}}}\n");
    project.edit("runbooks/inventory.yaml", "environments:\n", &environment);
    project.write("gateway.env", "PROVIDER=azure-swedencentral\n");
    let contacts = format!("http://{gateway}/hooks/T0Q7Z1XW9");
    let execute = |more: &[&str]| {
        let args = [&["execute", "runbooks/provider-outage.yaml", "--env", "own", "--service", "support-chat"], more].concat();
        project.run(project.command(&args).stdin(Stdio::null()).env("OWN_KEY", "sk-own").env("ONCALL_WEBHOOK", &contacts))
    };
    let provider = || std::fs::read_to_string(project.path("gateway.env")).unwrap();
    execute(&["--rehearse"]).says("See that users are served: ");
    assert_eq!(provider(), "PROVIDER=azure-swedencentral\n", "a rehearsal changes nothing");
    execute(&["--yes", "--out", "x"]).exits_with(0);
    assert_eq!(provider(), "PROVIDER=openai-eu\n");
    let report = std::fs::read_to_string(project.path("x/report.md")).unwrap();
    assert!(report.contains("A step saw users served again after ") && report.contains("the RTO is 10 s: met."), "{report}");
    project
        .run(project.command(&["execute", "--resume", "x", "--undo", "--yes"]).env("OWN_KEY", "sk-own").env("ONCALL_WEBHOOK", &contacts));
    assert_eq!(provider(), "PROVIDER=azure-swedencentral\n");
    // Nobody answers, and the RTO is over.
    project.edit("runbooks/inventory.yaml", "rto: 10s ", "rto: 1s ");
    project.edit("runbooks/provider-outage.yaml", "    timeout: 5m\n    on_failure: stop\n", "    timeout: 2s\n    on_failure: stop\n");
    project.edit("runbooks/inventory.yaml", &format!("http://{gateway}/v1"), &format!("http://{gateway}/nothing"));
    execute(&["--yes", "--out", "y"]).exits_with(1);
    let report = std::fs::read_to_string(project.path("y/report.md")).unwrap();
    assert!(report.contains("No step saw users served again; the RTO is 1 s: missed."), "{report}");
    let history = std::fs::read_to_string(project.path("y/history.jsonl")).unwrap();
    assert!(history.contains("not done within 2 s; the last of ") && history.contains(" was answered with 401"), "{history}");
}

/// A gateway that lists its models for whoever has its key, and takes messages to people.
fn server() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|read| read > 0) {}
                let is_good = head.starts_with("POST /hooks/")
                    || head.starts_with("GET /v1/models ") && head.to_lowercase().contains("authorization: bearer sk-own\r\n");
                let status = if is_good { "200 OK" } else { "401 Unauthorized" };
                let _ = write!(reader.get_mut(), "HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
            });
        }
    });
    address
}
