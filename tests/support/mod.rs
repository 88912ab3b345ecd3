//! What tests of the binary share: a project in a temporary folder, a way to write its files, and a way to run `lifeboat` in it.

mod alertmanager;
mod arguments;
mod daemon;
mod desks;
mod go;
mod k6;
mod lab;
mod leaks;
mod mail;
mod moto;
mod nginx;
mod node;
mod past_drills;
mod postgres;
mod prometheus;
mod python;
pub(crate) mod reports;
mod rig;
mod screen;
mod search;
mod secrets;
mod served;
pub(crate) mod soak;
mod standing;
mod vault;

pub(crate) use alertmanager::Alertmanager;
pub(crate) use arguments::{arguments, below};
pub(crate) use daemon::{Daemon, OCCURRENCES, OccurrenceRow, drilled_by_itself, minutes_ago, occurrence_rows, schedule, seen, sqlite};
pub(crate) use desks::Desks;
pub(crate) use go::go;
pub(crate) use k6::k6;
pub(crate) use lab::{LAB, Lab};
use leaks::files_below;
pub(crate) use leaks::{Leak, Leaks};
pub(crate) use mail::MailServer;
pub(crate) use moto::Moto;
pub(crate) use nginx::{Nginx, certificates};
pub(crate) use node::node;
pub(crate) use past_drills::{ENVIRONMENTS, PastDrills, SCENARIOS, VERDICTS};
pub(crate) use postgres::Postgres;
pub(crate) use prometheus::Prometheus;
pub(crate) use python::{client, clients, python};
pub(crate) use rig::{gateway_within, quick_gateway, quick_provider, stop_all};
pub(crate) use screen::Screen;
pub(crate) use search::loose;
use search::{Followed, KEYLOG, Search};
pub(crate) use served::{Answered, Served};
pub(crate) use standing::{SHOPIFYS, Standing, echo, echo_http};
pub(crate) use vault::Vault;

use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// A project in a temporary folder, removed when it is dropped.
pub(crate) struct Project {
    /// Before the folder, so that it is searched before it is removed.
    search: Arc<Search>,
    folder: tempfile::TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Project {
    /// With the inventory, runbooks and scenarios that this repository ships.
    pub(crate) fn shipped() -> Self {
        let project = Self::empty();
        for folder in ["runbooks", "scenarios"] {
            copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &project.path(folder));
        }
        project
    }

    /// With a lab whose gateway gives up after 300 ms and whose objectives are as small as the rules allow, and a scenario `quick.yaml`
    /// of 10 s that meets them: the breaker opens some 0.4 s after the fault.
    pub(crate) fn quick() -> Self {
        let project = Self::empty();
        project.write("runbooks/inventory.yaml", QUICK_INVENTORY);
        project.write("scenarios/quick.yaml", QUICK_SCENARIO);
        project
    }

    /// With nothing in it. Its path has a space and a quote in it, as paths of real people do.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("somebody's project ").tempdir().unwrap();
        Self { search: Arc::new(Search::of(folder.path())), folder }
    }

    /// Adds an environment to the quick project's inventory: what stands in its braces.
    pub(crate) fn environment(&self, name: &str, settings: &str) -> &Self {
        let file = "runbooks/inventory.yaml";
        let text = std::fs::read_to_string(self.path(file)).unwrap();
        self.write(file, &format!("{text}  {name}: {{embedded: true, {settings}}}\n"))
    }

    /// Lets the quick scenario be answered by a runbook of these steps, one a line.
    pub(crate) fn runbook(&self, start: &str, steps: &[&str]) -> &Self {
        let head = format!("version: 1\nrunbook: answer\nstart: {start}\ndetect: {{fails: 3 in a row}}\nsteps:\n");
        let steps: String = steps.iter().map(|step| format!("  - {{{step}}}\n")).collect();
        self.write("runbooks/answer.yaml", &(head + &steps));
        self.edit("scenarios/quick.yaml", "service: chat\n", "service: chat\nrunbook: runbooks/answer.yaml\n")
    }

    /// Asserts what holds however a drill of this project was stopped: its history is whole, says why, left no fault behind, and can be
    /// judged and reported. Returns its events.
    pub(crate) fn stopped_cleanly(&self, drill: &str, reason: &str) -> Vec<Value> {
        let events = self.events(drill);
        let all = |kind: &str| events.iter().filter_map(|event| event.get(kind).cloned()).collect::<Vec<_>>();
        assert_eq!(all("cancelled").iter().map(|event| event["reason"].as_str().unwrap()).collect::<Vec<_>>(), [reason]);
        assert!(events.last().unwrap().get("finished").is_some(), "the last event is another");
        let places = |kind: &str| all(kind).iter().map(|event| event["fault"].as_u64().unwrap()).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(places("fault_confirmed"), places("fault_healed"), "a fault was left behind");
        let judged = self.lifeboat(&["judge", drill]);
        assert!(matches!(judged.code, Some(0 | 1 | 3)), "{judged:?}");
        self.lifeboat(&["report", drill]).exits_with(0).says("stopped early");
        events
    }

    /// For a test that leaks secrets on purpose: nothing is searched by itself.
    pub(crate) fn unsearched(self) -> Self {
        self.search.leave();
        self
    }

    /// Every secret that is known to have been around this project's drills so far, to search for it elsewhere.
    pub(crate) fn leaks(&self) -> Leaks {
        self.search.leaks()
    }

    /// The secret of this owner: a provider, or `service`.
    pub(crate) fn secret(&self, whose: &str) -> String {
        self.search.secret(whose)
    }

    /// Has a store of others asked for what it holds and held, around each run from now on.
    pub(crate) fn keeps_secrets_in(&self, store: impl Fn() -> Vec<(String, String)> + Send + 'static) -> &Self {
        self.search.ask(Box::new(store));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Replaces text in a file; the text must be there.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) -> &Self {
        let text = std::fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "{name} does not hold {from:?}");
        self.write(name, &text.replace(from, to))
    }

    /// Whether a file is there and holds this text.
    pub(crate) fn holds(&self, name: &str, text: &str) -> bool {
        std::fs::read_to_string(self.path(name)).is_ok_and(|whole| whole.contains(text))
    }

    /// The binary, in this project.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
        command.args(args).current_dir(self.folder.path()).stdin(Stdio::null()).env_remove("LIFEBOAT_LOG");
        // What a test writes into its own folder it may run.
        command.env("LIFEBOAT_STATE", self.path(".state")).env("LIFEBOAT_TRUSTED", "1");
        // A lab that is started by hand prints its simulated keys, for that is what it is for.
        if args.first() != Some(&"lab") {
            command.env(KEYLOG, self.search.keylog());
        }
        command
    }

    /// The binary, in this project, started by another program.
    pub(crate) fn after(&self, before: &[&str], args: &[&str]) -> Command {
        let Some((program, more)) = before.split_first() else { return self.command(args) };
        let mut command = Command::new(program);
        command.args(more).arg(env!("CARGO_BIN_EXE_lifeboat")).args(args).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("LIFEBOAT_STATE", self.path(".state")).env("LIFEBOAT_TRUSTED", "1").env(KEYLOG, self.search.keylog());
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn lifeboat(&self, args: &[&str]) -> Run {
        self.run(&mut self.command(args))
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, command: &mut Command) -> Run {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let followed = self.search.begin(child.id());
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let run = Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
        self.search.after(command, &[&run.stdout, &run.stderr], Some(followed));
        run
    }

    /// Starts the binary and follows what it says on stderr.
    pub(crate) fn start(&self, args: &[&str]) -> Started {
        self.start_with(args, &[])
    }

    /// The same with these environment variables.
    pub(crate) fn start_with(&self, args: &[&str], env: &[(&str, &str)]) -> Started {
        let mut command = self.command(args);
        let mut child = command.envs(env.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let followed = Some(self.search.begin(child.id()));
        Started { child, lines, said: String::new(), command, search: self.search.clone(), followed }
    }

    /// A JSON file of this project.
    pub(crate) fn json(&self, name: &str) -> Value {
        let path = self.path(name);
        serde_json::from_slice(&std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
    }

    /// The events of a drill's history, each as JSON, without seals and a torn last line.
    pub(crate) fn events(&self, drill: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path(drill).join("history.jsonl")).unwrap();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).filter(|event: &Value| event.get("sealed").is_none()).collect()
    }
}

impl Run {
    /// Panics with everything that was said unless the exit code is this one.
    pub(crate) fn exits_with(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    pub(crate) fn says(&self, text: &str) -> &Self {
        // Sentences are broken between lines, wherever that may be.
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let said = |out: &str| out.contains(text) || words(out).contains(&words(text));
        assert!(said(&self.stdout) || said(&self.stderr), "nobody said {text:?}\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }
}

/// The ends of an interval in milliseconds.
pub(crate) fn interval(verdict: &Value, name: &str) -> (f64, f64) {
    let measured = &verdict["measures"][name];
    (measured["lo_ms"].as_f64().unwrap_or_else(|| panic!("{verdict:#}")), measured["hi_ms"].as_f64().unwrap_or(f64::INFINITY))
}

/// Whether two intervals have a moment in common.
pub(crate) fn overlap(left: (f64, f64), right: (f64, f64)) -> bool {
    left.0 <= right.1 && right.0 <= left.1
}

/// Waits until a condition holds; `what` says which. The bound only tells a broken drill from a busy machine.
pub(crate) fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < end, "{what}: not within 60 s");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A number in a file, once it is there: how a command of a test tells its process.
pub(crate) fn pid_in(path: &Path) -> u32 {
    wait_for(&format!("a process in {}", path.display()), || std::fs::read_to_string(path).ok()?.trim().parse().ok())
}

/// Sends a signal to a process.
pub(crate) fn signal(pid: u32, number: i32) {
    let status = Command::new("kill").args([format!("-{number}"), pid.to_string()]).status().unwrap();
    assert!(status.success());
}

/// Waits until a process has ended, whether or not somebody has asked how.
pub(crate) fn wait_gone(pid: u32) {
    wait_for(&format!("the end of process {pid}"), || match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat.rsplit_once(')')?.1.trim_start().starts_with('Z').then_some(()),
        Err(_) => Some(()),
    });
}

/// A command that runs. Dropping it kills it.
pub(crate) struct Started {
    child: Child,
    lines: Receiver<String>,
    said: String,
    command: Command,
    search: Arc<Search>,
    /// `None` once it is waited for.
    followed: Option<Followed>,
}

impl Started {
    /// Waits until a line of stderr holds `text`. The bound only tells a broken drill from a busy machine.
    pub(crate) fn until(&mut self, text: &str) -> &mut Self {
        let end = Instant::now() + Duration::from_secs(90);
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.said += &line;
                    self.said.push('\n');
                    if line.contains(text) {
                        return self;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("nobody said {text:?} in 90 s\n--- stderr\n{}", self.said),
                Err(RecvTimeoutError::Disconnected) => panic!("it ended without saying {text:?}\n--- stderr\n{}", self.said),
            }
        }
    }

    /// Sends a signal by number: 2 is Ctrl-C, 9 cannot be caught, 15 is the polite one.
    pub(crate) fn signal(&mut self, number: i32) -> &mut Self {
        signal(self.child.id(), number);
        self
    }

    /// Waits for its end.
    pub(crate) fn finish(mut self) -> Run {
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        let code = self.child.wait().unwrap().code();
        let rest: Vec<String> = self.lines.iter().collect();
        let stderr = std::mem::take(&mut self.said) + &rest.join("\n");
        self.search.after(&self.command, &[&stdout, &stderr], self.followed.take());
        Run { code, stdout, stderr }
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            std::fs::copy(path, to.join(name)).unwrap();
        }
    }
}

const QUICK_INVENTORY: &str = "\
version: 1
providers:
  first:
    dialect: azure-openai
    simulation: &quick {first_token_p50: 20ms, first_token_p95: 30ms, tail_share: 0%, tokens: 200/s}
  second: {dialect: openai, simulation: *quick}
  idle: {dialect: openai, simulation: *quick}
services:
  chat:
    criticality: recoverable
    providers: [first, second]
    objectives: {rto: 2s, slo: {first_token: 250ms}, deadline: 2s, success: 95%, stable_for: 5s, lag_max: 200ms}
environments:
  lab: {embedded: true, gateway: {try_timeout: 300ms, breaker: {failures: 5, cooldown: 2s, probes: 1}}}
";

const QUICK_SCENARIO: &str = "\
version: 1
scenario: quick
title: The first provider stops answering
service: chat
traffic: {rate: 50/s, request: chat-stream}
timeline:
  baseline: 1500ms
  faults: [{at: 0s, on: first, fault: blackhole, for: 7500ms}]
  watch: 1s
";
