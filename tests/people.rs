//! People in a runbook that is walked for real: who is asked what, what is kept of what they say, and who may answer from elsewhere.

use crate::support::{Project, Run, wait_for};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

const EXECUTE: [&str; 4] = ["execute", "runbooks/real.yaml", "--out", "x"];
const RESUME: [&str; 3] = ["execute", "--resume", "x"];

fn project(head: &str, steps: &[&str]) -> Project {
    let project = Project::quick();
    let steps: String = steps.iter().map(|step| format!("  - {{{step}}}\n")).collect();
    project.write("runbooks/real.yaml", &format!("version: 1\nrunbook: real\nstart: by-hand\n{head}steps:\n{steps}"));
    let people = "contacts:\n  alice: {name: Alice, token_from: \"env:ALICE_TOKEN\"}\n  bob: {name: Bob, token_from: \"env:BOB_TOKEN\"}\nproviders:\n";
    project.edit("runbooks/inventory.yaml", "providers:\n", people);
    project
}

fn log(project: &Project) -> String {
    std::fs::read_to_string(project.path("log")).unwrap_or_default()
}

fn of_kind(project: &Project, kind: &str) -> Vec<Value> {
    project.events("x").iter().filter_map(|event| event.get(kind).cloned()).collect()
}

/// The binary with somebody at its stdin, and what it says line by line.
struct Talk {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: std::sync::mpsc::Receiver<String>,
    said: String,
}

impl Talk {
    fn begin(project: &Project, args: &[&str]) -> Self {
        let mut command = project.command(args);
        command.env("ALICE_TOKEN", "alice-s-own-token").env("BOB_TOKEN", "bob-s-own-token").env("WATCH_TOKEN", "watch-s-own-token");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take().unwrap());
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || BufReader::new(stderr).lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, stdin, lines, said: String::new() }
    }

    /// The first line from here on that holds a text.
    fn until(&mut self, text: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(std::time::Duration::from_secs(60));
            let line = line.unwrap_or_else(|error| panic!("{error}: `{text}` was never said:\n{}", self.said));
            self.said += &format!("{line}\n");
            if line.contains(text) {
                return line;
            }
        }
    }

    fn types(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Waits for its end; nobody is at its stdin any more.
    fn ends(mut self) -> Run {
        drop(self.stdin.take());
        let output = self.child.wait_with_output().unwrap();
        self.said.extend(self.lines.iter().map(|line| format!("{line}\n")));
        Run { code: output.status.code(), stdout: String::from_utf8(output.stdout).unwrap(), stderr: self.said }
    }

    fn dies(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn a_question_that_nobody_answers_takes_nothing_back_and_a_default_counts_at_once() {
    let project = project(
        "",
        &[
            "name: Begin, run: [sh, -c, \"echo begin >> log\"], timeout: 20s, undo: {run: [sh, -c, \"echo undo >> log\"]}",
            "name: Default, confirm: {question: \"Sure?\", default: yes}, timeout: 10m",
            "name: Both, confirm: {question: \"Both?\", approvers: [alice, bob], needed: 2, default: yes}, timeout: 1s",
            "name: Ask, confirm: \"Go on?\", timeout: 300ms",
            "name: After, run: [sh, -c, \"echo after >> log\"], timeout: 20s, undo: none",
        ],
    );
    let mut talk = Talk::begin(&project, &EXECUTE);
    talk.until("Sure?");
    talk.types("y");
    talk.until("Both?");
    talk.types("yes alice");
    let run = talk.ends();
    run.exits_with(3).says("nobody answered `Ask`, so nothing more was done, and nothing was undone").says("execute --resume x");
    assert_eq!(log(&project), "begin\n", "an end of input undoes nothing");
    let both = of_kind(&project, "step_finished")[2]["output"].as_str().unwrap().to_owned();
    assert!(both.starts_with("Both? yes, because 2 were needed, and in time there was only: yes, says alice"), "{both}");
    let mut talk = Talk::begin(&project, &RESUME);
    talk.until("Go on? [yes/no]");
    talk.types("yes: seen it");
    talk.ends().exits_with(0);
    assert_eq!(log(&project), "begin\nafter\n");
    let last = of_kind(&project, "answered").pop().unwrap();
    assert_eq!((&last["step"], &last["answer"], &last["comment"]), (&3.into(), &"yes".into(), &"seen it".into()));
    assert_eq!(last["speaker"]["way"], "terminal");
    // A default needs nobody: ten minutes are not waited for.
    let talk = Talk::begin(&project, &["execute", "runbooks/real.yaml", "--out", "y"]);
    talk.ends().exits_with(3);
    let said = |events: &[Value]| events.iter().filter_map(|event| event.get("step_finished").cloned()).nth(1).unwrap();
    assert_eq!(said(&project.events("y"))["output"], "Sure? yes, because nobody is at the terminal");
    let yes = project.lifeboat(&["execute", "runbooks/real.yaml", "--yes"]);
    yes.exits_with(2).says("must be answered by alice, bob, and --yes does not answer for them");
}

#[test]
fn what_was_said_before_a_crash_is_not_asked_again_and_two_words_are_not_one() {
    let project = project(
        "",
        &[
            "name: When, confirm: {question: \"When?\", answers: [now, later, no], approvers: [alice, bob], needed: 2}, timeout: 1m, output: when",
            "name: Hand, manual: {do: \"Do it\", links: [\"https://example.org/console\"], checklist: [first, second, third]}, timeout: 1m",
            "name: Use, run: [sh, -c, 'echo \"$1\" >> log', sh, \"${steps.when}\"], timeout: 20s, undo: none",
        ],
    );
    let mut talk = Talk::begin(&project, &EXECUTE);
    talk.until("When? (0 of 2 have agreed)");
    talk.types("later alice: after lunch");
    talk.until("and who: bob]");
    talk.dies();
    let mut talk = Talk::begin(&project, &RESUME);
    talk.until("When? (1 of 2 say later) [now/later/no and who: bob]");
    talk.types("now bob");
    talk.until("When? (1 of 2 say later, 1 of 2 say now) [now/later/no and who: alice, bob]");
    talk.types("now alice");
    talk.until("https://example.org/console");
    talk.until("3. third");
    talk.until("[numbers of what is done, all, or failed]");
    talk.types("2 it was red");
    talk.until("3. third");
    talk.dies();
    let mut talk = Talk::begin(&project, &RESUME);
    assert_eq!(talk.until("irst"), "1. first");
    talk.until("3. third");
    talk.types("done");
    talk.until("please write the numbers of what is done (left: 1, 3), or all, or failed");
    talk.types("all");
    talk.ends().exits_with(0);
    assert_eq!(log(&project), "now\n");
    let answers: Vec<String> = of_kind(&project, "answered").iter().map(|said| said["answer"].as_str().unwrap().to_owned()).collect();
    assert_eq!(answers, ["later", "now", "now"]);
    let ticks: Vec<(u64, String)> = of_kind(&project, "ticked")
        .iter()
        .map(|tick| (tick["item"].as_u64().unwrap(), tick["comment"].as_str().unwrap_or_default().to_owned()))
        .collect();
    assert_eq!(ticks, [(1, "it was red".to_owned()), (0, String::new()), (2, String::new())]);
    let report = std::fs::read_to_string(project.path("x/report.md")).unwrap();
    assert!(report.contains("2. second: it was red") && report.contains("later, says alice"), "{report}");
}

#[test]
fn people_write_texts_and_have_roles_and_questions_stand_beside_each_other() {
    let head = "severity: critical\nroles: {commander: alice, scribe: ask}\n";
    let project = project(
        head,
        &[
            "name: Which, description: \"Ask ${role.commander} first.\", ask: {question: \"Which region?\", pattern: \"[a-z]+\", default: eu}, timeout: 1m, output: region",
            "name: Use, run: [sh, -c, 'echo \"$1\" >> log', sh, \"${steps.region} ${role.commander} ${role.scribe} ${severity}\"], timeout: 20s, undo: none",
            "name: Both, parallel: [{name: A, confirm: {question: \"A?\", role: scribe}, timeout: 1m}, {name: B, manual: Look, timeout: 1m}]",
        ],
    );
    project.lifeboat(&["execute", "runbooks/real.yaml", "--rehearse"]).exits_with(0).says("Ask alice first.");
    project.lifeboat(&["execute", "runbooks/real.yaml", "--yes"]).exits_with(2).says("answered by the scribe");
    let mut talk = Talk::begin(&project, &EXECUTE);
    talk.until("Who is scribe? [a text]");
    talk.types("Ann Lee");
    talk.until("Ask alice first.");
    talk.until("Which region? [a text; Enter alone for eu]");
    talk.types("US");
    talk.until("please write a text like `[a-z]+`");
    talk.types("us");
    talk.until("2/4 done");
    for _ in 0..2 {
        // Which of the two comes first is chance.
        let line = talk.until("[");
        talk.types(if line.contains("A?") { "yes ann lee" } else { "done" });
    }
    talk.ends().exits_with(0);
    assert_eq!(log(&project), "us alice Ann Lee critical\n");
    assert_eq!(of_kind(&project, "role_taken")[0]["holder"], "Ann Lee");
    project.edit("runbooks/real.yaml", "role: scribe", "role: nobody");
    project.lifeboat(&["check"]).exits_with(2).says("`nobody` is not a role of this runbook");
    for (step, refused) in [("manual: Look", "is done by hand"), ("ask: \"Who?\"", "has no `default`")] {
        project.write(
            "runbooks/real.yaml",
            &format!("version: 1\nrunbook: real\nstart: by-hand\nsteps: [{{name: S, {step}, timeout: 1m}}]\n"),
        );
        project.lifeboat(&["execute", "runbooks/real.yaml", "--yes"]).exits_with(2).says(refused).says("the step `S`");
    }
}

/// What an independent client was answered.
fn client(project: &Project, url: &str, link: &str, early: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/answer.py");
    let output = Command::new("python3").arg(script).args([url, link, early]).current_dir(project.path(".")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn people_answer_from_elsewhere_by_token_signature_or_link_and_nobody_else_does() {
    let project = project(
        "",
        &[
            "name: Tell, run: [sh, -c, 'echo \"$1\" > link', sh, \"${answer_url.alice}\"], timeout: 20s, undo: none",
            "name: Approve, confirm: {question: \"Fail over?\", approvers: [alice, bob], needed: 2}, timeout: 1m",
            "name: Hand, manual: {do: \"Do it\", checklist: [first, second]}, timeout: 1m",
            "name: Race, confirm: {question: \"Race?\", approvers: [alice, bob]}, timeout: 1m",
            "name: Early, confirm: {question: \"By message?\", approvers: [alice]}, timeout: 1m",
        ],
    );
    project.lifeboat(&["execute", "runbooks/real.yaml", "--listen", "0.0.0.0:0"]).exits_with(2).says("could follow this runbook");
    let args = [&EXECUTE[..], &["--listen", "127.0.0.1:0", "--token-from", "env:WATCH_TOKEN"]].concat();
    let mut talk = Talk::begin(&project, &args);
    let url = talk.until("people can answer at ").rsplit(' ').next().unwrap().to_owned();
    let link = talk.until("bob can answer once at ").rsplit(' ').next().unwrap().to_owned();
    let early = wait_for("the message", || std::fs::read_to_string(project.path("link")).ok().filter(|text| text.ends_with('\n')));
    let told: Value = serde_json::from_str(&std::fs::read_to_string(project.path("x/listening.json")).unwrap()).unwrap();
    assert_eq!(told["url"], url.as_str());
    // Nobody is at the terminal any more: what is asked is answered from elsewhere all the same.
    drop(talk.stdin.take());
    let seen = client(&project, &url, &link, early.trim());
    for (what, status) in [
        ("state without a token", 401),
        ("state with a wrong token", 401),
        ("state", 200),
        ("answer with the reader's token", 401),
        ("not an answer", 422),
        ("too long", 413),
        ("not JSON", 415),
        ("from a page", 403),
        ("no such question", 404),
        ("wrongly signed", 401),
        ("signed long ago", 401),
        ("signed", 200),
        ("signed again", 409),
        ("preview of the link", 200),
        ("by link", 200),
        ("by link again", 410),
        ("page of a used link", 410),
        ("no such link", 404),
        ("first is over", 410),
        ("tick 1", 200),
        ("tick 2", 200),
        ("note", 200),
        ("by the early link", 200),
    ] {
        assert_eq!(seen[what]["status"], status, "{what}: {}", seen[what]);
    }
    // It may be asked of the next by then, or not yet.
    for again in ["alice again", "tick 1 again"] {
        assert!([403, 409, 422].contains(&seen[again]["status"].as_u64().unwrap()), "{again}: {}", seen[again]);
    }
    let mut race: Vec<u64> = seen["race"].as_array().unwrap().iter().map(|each| each["status"].as_u64().unwrap()).collect();
    race.sort_unstable();
    assert!(race == [200, 409] || race == [200, 410], "{}", seen["race"]);
    assert!(seen["first is over"]["body"].as_str().unwrap().contains("yes, by alice (signature verified)"), "{}", seen["first is over"]);
    talk.ends().exits_with(0);
    let outputs: Vec<String> =
        of_kind(&project, "step_finished").iter().map(|step| step["output"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(outputs[1], "Fail over? yes, by alice (signature verified): go; yes, by bob (by one-time link): seen on the telephone");
    assert!(outputs[2].contains("1. first, by alice (token verified)"), "{}", outputs[2]);
    assert_eq!(outputs[4], "By message? yes, by alice (by one-time link)");
    assert!(of_kind(&project, "note")[0]["text"].as_str().unwrap().starts_with("by bob (token verified): "));
    let history = std::fs::read_to_string(project.path("x/history.jsonl")).unwrap();
    for secret in [&link, early.trim(), "alice-s-own-token", "watch-s-own-token"] {
        assert!(!history.contains(secret.rsplit('/').next().unwrap()), "{secret}");
    }
    assert!(!project.path("x/listening.json").exists());
}
