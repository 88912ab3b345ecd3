//! What a terminal shows. Nothing that others chose drives it: what steps print, what servers answer, names in files and names of files, and
//! histories that are judged; and nothing of it stands in a report. What Lifeboat itself draws there fits it, and leaves nothing behind.

use crate::support::{Project, Run, Screen, pid_in, signal, wait_for, wait_gone};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

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
    // What was done before it was asked is told before the question.
    let asked = said.find("[yes/no]").unwrap();
    assert!(said.find("step      1/3 done").is_some_and(|done| done < asked), "{said}");
    assert!(said.find("step      2/3 Ask").is_some_and(|begun| begun < asked), "{said}");
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

/// A command on a terminal of its own, which util-linux's `script` makes.
struct OnTerminal {
    child: Child,
    keys: ChildStdin,
    written: Arc<Mutex<Vec<u8>>>,
    columns: usize,
}

impl OnTerminal {
    /// Its process stands in `pid`, and its terminal in `tty`. `log`: what `LIFEBOAT_LOG` asks for.
    fn start(project: &Project, columns: usize, log: &str, args: &[&str]) -> Self {
        let within = format!("stty cols {columns} rows 24; tty > tty; echo $$ > pid; LIFEBOAT_LOG={log} exec \"$BIN\" $ARGS");
        let begin = format!("export BIN=\"$0\" ARGS=\"$*\"; exec script -qec '{within}' /dev/null");
        let mut script = project.after(&["sh", "-c", &begin], args);
        let mut child = script
            .env("TERM", "xterm")
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (keys, mut out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let written = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&written);
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = out.read(&mut piece) {
                into.lock().unwrap().extend_from_slice(&piece[..count]);
            }
        });
        Self { child, keys, written, columns }
    }

    fn shown(&self) -> Vec<String> {
        Screen::of(&self.written.lock().unwrap(), self.columns)
    }

    fn until(&self, text: &str) -> Vec<String> {
        wait_for(text, || Some(self.shown()).filter(|shown| shown.iter().any(|line| line.contains(text))))
    }

    fn types(&mut self, keys: &[u8]) {
        self.keys.write_all(keys).and_then(|()| self.keys.flush()).unwrap();
    }

    /// The exit code, and what the terminal shows then.
    fn ends(mut self) -> (Option<i32>, Vec<String>) {
        let code = self.child.wait().unwrap().code();
        // Whatever `script` has read is there before it ends; the thread may take a moment.
        let shown = wait_for("the end of what was written", || {
            let before = self.shown();
            std::thread::sleep(std::time::Duration::from_millis(100));
            Some(self.shown()).filter(|shown| *shown == before)
        });
        (code, shown)
    }
}

impl Drop for OnTerminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Three drills on a narrow terminal, of which a person stops the first: each line that is drawn is there once.
#[test]
fn a_panel_that_is_stopped_leaves_nothing_behind_and_breaks_no_path() {
    let project = Project::quick();
    project.edit("scenarios/quick.yaml", "baseline: 1500ms", "baseline: 60s");
    let quick = "scenarios/quick.yaml";
    let mut drill = OnTerminal::start(&project, 60, "off", &["run", quick, quick, quick, "--seed", "7"]);
    // With the row of its first provider, the picture is whole.
    let shown = drill.until("  fault    blackhole on first");
    assert!(shown.iter().any(|line| line.starts_with("1 of 3  The first provider stops answering")), "{shown:#?}");
    assert!(shown.iter().any(|line| line.contains(" 60/s ") && line.contains("last 10 s")), "{shown:#?}");
    // Killed or stopped, it could not put back what it had changed there.
    let settings = Command::new("stty").arg("-a").stdin(std::fs::File::open(tty(&project)).unwrap()).output().unwrap();
    let settings = String::from_utf8(settings.stdout).unwrap();
    assert!(settings.split_whitespace().any(|word| word == "echo"), "{settings}");
    // What is typed stands below, and is drawn over.
    drill.types(b"what is this\x03");
    let (code, shown) = drill.ends();
    let text = shown.join("\n");
    assert_eq!(code, Some(4), "{text}");
    for once in
        ["baseline  ", "ended  after", " 60/s ", "  first   ", "  second  ", "errors 0/s", "  fault    blackhole on first", "  stopped  "]
    {
        let times = shown.iter().filter(|line| line.contains(once)).count();
        assert_eq!(times, usize::from(once != "baseline  "), "{once:?}: {text}");
    }
    assert!(text.contains("\nstopping: every fault is healed, then the drill ends (press\nCtrl-C again to leave at once)\n"), "{text}");
    assert!(!text.contains("^C") && !text.contains("what is this"), "{text}");
    // Where a drill's files are is told whole.
    let folder = std::fs::read_dir(project.path("drills")).unwrap().next().unwrap().unwrap().file_name().into_string().unwrap();
    for file in ["", "/history.jsonl", "/verdict.json", "/report.html"] {
        let path = format!("drills/{folder}{file}");
        assert!(shown.iter().any(|line| line.trim() == path || line.ends_with(&format!("  {path}"))), "{path}: {text}");
    }
    assert!(shown.iter().all(|line| line.chars().count() <= 60), "{text}");
    // One table of them all.
    let table = &text[text.find("    scenario  environment").unwrap_or_else(|| panic!("{text}"))..];
    assert_eq!(table.matches("not run").count(), 2, "{text}");
    assert!(table.contains("\nexit code 4, the worst of 3"), "{text}");
}

fn tty(project: &Project) -> String {
    std::fs::read_to_string(project.path("tty")).unwrap().trim().to_owned()
}

/// As with Ctrl-S, or a connection that hangs: the fault is healed all the same when somebody asks for it, and the process ends.
#[test]
fn a_terminal_that_nobody_reads_holds_up_neither_the_heal_nor_the_end() {
    const STOP: i32 = 19;
    const TERMINATE: i32 = 15;
    let project = Project::quick();
    project.edit("scenarios/quick.yaml", "for: 7500ms", "for: 5m");
    // Everything that it does is said, so that the terminal is full after a few requests.
    let drill = OnTerminal::start(&project, 80, "trace", &["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"]);
    let pid = pid_in(&project.path("pid"));
    signal(drill.child.id(), STOP);
    let history = || std::fs::read_to_string(project.path("drill/history.jsonl")).unwrap_or_default();
    wait_for("answers under the fault", || {
        Some(history().split_once("\"fault_confirmed\"")?.1.matches("\"request\"").count()).filter(|count| *count > 20)
    });
    signal(pid, TERMINATE);
    wait_gone(pid);
    project.stopped_cleanly("drill", "person");
}
