//! Nothing that others chose drives the terminal: what steps print, what servers answer, names in files and names of files, and histories that
//! are judged. And nothing of it stands in a report.

use crate::support::{Project, Run};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

/// Sets the clipboard, the title, the colour; a sequence in one byte of C1; letters that turn the direction.
const EVIL: &str = "\u{1b}]52;c;ZXZpbA==\u{7}\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[31m\u{9b}31m\u{8}\r\u{7f}\u{202e}\u{2066}";
/// The same in a text of YAML or JSON.
const WRITTEN: &str = "\\u001b]52;c;ZXZpbA==\\u0007\\u001b[2J\\u009b31m\\u202e";

fn is_evil(letter: char) -> bool {
    letter.is_control() && letter != '\n' && letter != '\t'
        || ('\u{202a}'..='\u{202e}').contains(&letter)
        || ('\u{2066}'..='\u{2069}').contains(&letter)
}

fn harmless(text: &str, what: &str) {
    if let Some(letter) = text.chars().find(|letter| is_evil(*letter)) {
        panic!("{what} holds {letter:?}:\n{text:?}");
    }
}

fn calm(run: &Run) -> &Run {
    harmless(&run.stdout, "stdout");
    harmless(&run.stderr, "stderr");
    run
}

#[test]
fn what_steps_print_and_files_say() {
    let project = Project::quick();
    project.write("evil.txt", EVIL);
    let steps = format!(
        "  - {{name: \"Print {WRITTEN}\", run: [cat, evil.txt], timeout: 20s, output: said, undo: none}}\n  \
           - {{name: Ask, confirm: \"Go on {WRITTEN} with ${{steps.said}}?\", timeout: 20s}}\n  \
           - {{name: Fails, run: [sh, -c, 'cat evil.txt; exit 1'], timeout: 20s, on_failure: continue, undo: none}}\n"
    );
    project.write("runbooks/real.yaml", &format!("version: 1\nrunbook: real\nstart: by-hand\nsteps:\n{steps}"));
    let run = project.lifeboat(&["execute", "runbooks/real.yaml", "--out", "x", "--yes"]);
    calm(&run);
    assert_eq!(project.events("x").iter().filter(|event| event.get("step_finished").is_some()).count(), 3, "{run:?}");
    harmless(&std::fs::read_to_string(project.path("x/report.md")).unwrap(), "report.md");
    // On the terminal: the question with the step's output in it.
    let mut command = project.command(&["execute", "runbooks/real.yaml", "--out", "y"]);
    let piped = std::process::Stdio::piped;
    let mut child = command.stdin(piped()).stdout(piped()).stderr(piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok) {
        if line.contains("[yes/no]") {
            writeln!(stdin, "yes").unwrap();
        }
        said += &format!("{line}\n");
    }
    child.wait().unwrap();
    harmless(&said, "a question");
    assert!(said.contains("Go on \\u{1b}]52;c;ZXZpbA==\\u{7}"), "{said}");
    project.write("runbooks/real.yaml", &format!("version: 1\nrunbook: \"real {WRITTEN}\"\nstart: \"{WRITTEN}\"\nsteps: []\n"));
    calm(&project.lifeboat(&["check"])).exits_with(2);
    calm(&project.lifeboat(&["execute", "runbooks/real.yaml"])).exits_with(2);
}

#[test]
fn names_of_files_and_words_of_the_command_line() {
    let project = Project::quick();
    let name = EVIL.replace('\0', "");
    for args in [
        vec!["run", &name],
        vec!["judge", &name],
        vec!["report", &name],
        vec!["run", "--undo", &name],
        vec!["execute", "--resume", &name],
        vec!["check", &name],
        vec![&name],
        vec!["run", "scenarios/quick.yaml", "--seed", &name],
        vec!["run", "scenarios/quick.yaml", "--env", &name],
        vec!["heal", "--control", &name],
        vec!["judge", "x", "--from", &name],
    ] {
        let run = project.lifeboat(&args);
        assert!(run.code != Some(0) && !run.stderr.is_empty(), "{args:?}");
        calm(&run);
    }
    let mut noisy = project.command(&["run", &name]);
    calm(&project.run(noisy.env("LIFEBOAT_LOG", "trace")));
}

#[test]
fn a_history_that_somebody_else_wrote() {
    let project = Project::quick();
    project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"]);
    let history = std::fs::read_to_string(project.path("drill/history.jsonl")).unwrap();
    let evil = history.replace("\"first\"", &format!("\"first {WRITTEN}\""));
    assert_ne!(history, evil);
    // Elsewhere: no server ever took the keys of which it tells.
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("history.jsonl"), &evil).unwrap();
    let drill = elsewhere.path().to_str().unwrap();
    calm(&project.lifeboat(&["judge", drill]));
    let report = project.lifeboat(&["report", drill]);
    assert!(calm(&report).stdout.contains("first"), "{report:?}");
    let json = project.lifeboat(&["judge", drill, "--format", "json"]);
    let verdict: serde_json::Value = serde_json::from_str(&calm(&json).stdout).unwrap();
    assert!(verdict.is_object());
}

#[test]
fn a_control_server_that_is_hostile() {
    let toxic = format!(
        "{{\"name\":\"t {WRITTEN}\\nerror: forged\",\"type\":\"latency\",\"stream\":\"downstream\",\"toxicity\":1,\"attributes\":{{\"latency\":1,\"jitter\":0}}}}"
    );
    let proxy = format!(
        "{{\"name\":\"p {WRITTEN}\",\"listen\":\"127.0.0.1:1\",\"upstream\":\"127.0.0.1:2\",\"enabled\":false,\"toxics\":[{toxic}]}}"
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut wire in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(wire.try_clone().unwrap());
            let mut first = String::new();
            let _ = reader.read_line(&mut first);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|count| count > 2) {
                line.clear();
            }
            let (status, body) = match first.split(' ').nth(1).unwrap_or("") {
                "/version" => (200, "{\"version\":\"2.9.0\"}".to_owned()),
                "/proxies" if first.starts_with("GET") => (200, format!("{{\"p\":{proxy}}}")),
                _ => (500, format!("{{\"error\":\"no {WRITTEN}\"}}")),
            };
            let _ = write!(
                wire,
                "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    let project = Project::empty();
    let run = project.lifeboat(&["heal", "--control", &format!("http://{address}")]);
    calm(&run);
    assert!(run.stderr.contains("error: ") && run.stderr.contains("\\u{1b}]52;c;"), "{run:?}");
}
