//! Every kind of step, killed with SIGKILL at a hundred places of the journal, on the way there and on the way back, and gone on with: what is
//! counted on the other side (lines in files, requests at a server, the value in a file) happened exactly once, or a person was asked, who
//! looked there first.

use crate::killed::nothing_works_in;
use crate::support::{Project, wait_for};
use rand::{RngExt, SeedableRng};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const KILLS: usize = 100;
const THREADS: u64 = 4;
const SEED: u64 = 1616;

/// Appends a line to a file of its own, after a wait or before one.
const PROGRAM: &str = "sleep 0.0$2; echo did >> effect-$1; sleep 0.0$3\n";

/// Counts requests by their paths, some at once and some after a wait, and answers after another.
#[derive(Clone)]
struct Counterpart {
    address: SocketAddr,
    counts: Arc<Mutex<BTreeMap<String, usize>>>,
    open: Arc<AtomicUsize>,
}

impl Counterpart {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let all = Self { address: listener.local_addr().unwrap(), counts: Arc::default(), open: Arc::default() };
        let served = all.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                served.open.fetch_add(1, Ordering::SeqCst);
                let served = served.clone();
                std::thread::spawn(move || {
                    let _ = served.serve(stream);
                    served.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        all
    }

    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        let (mut first, mut line, mut length) = (String::new(), String::new(), 0);
        reader.read_line(&mut first)?;
        while reader.read_line(&mut line)? > 2 {
            if let Some(count) = line.to_lowercase().strip_prefix("content-length:") {
                length = count.trim().parse().unwrap();
            }
            line.clear();
        }
        reader.read_exact(&mut vec![0; length])?;
        let Some(path) = first.split(' ').nth(1) else { return Ok(()) };
        let wait = Duration::from_millis(path.len() as u64 % 3 * 8);
        std::thread::sleep(wait);
        *self.counts.lock().unwrap().entry(path.to_owned()).or_default() += 1;
        std::thread::sleep(wait);
        reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
    }

    fn count(&self, path: &str) -> usize {
        self.counts.lock().unwrap().get(path).copied().unwrap_or(0)
    }
}

/// A project with a runbook of all kinds of steps, and what its steps do to the world.
struct Walk {
    project: Project,
    counterpart: Counterpart,
    /// Names it at the counterpart.
    number: usize,
    asked: BTreeSet<String>,
    killed: usize,
}

/// Steps whose effects are counted, each with what takes it back.
const COUNTED: [&str; 8] = ["Run", "Post", "Tell", "Left", "Right", "Both ways", "Slow", "Half"];

impl Walk {
    fn new(counterpart: &Counterpart, number: usize) -> Self {
        let project = Project::quick();
        project.write("step.sh", PROGRAM).write("gateway.yaml", "route: first # now\n");
        let run = |name: &str, effect: &str, before: u32, after: u32, undo: &str| {
            format!(
                "{{name: {name}, run: [sh, step.sh, {effect}, \"{before}\", \"{after}\"], timeout: 20s, undo: {{run: [sh, step.sh, {undo}, \"{after}\", \"{before}\"]}}}}"
            )
        };
        let url = format!("http://{}/{number}", counterpart.address);
        let steps = [
            run("Run", "run", 0, 3, "undo-run"),
            format!("{{name: Post, http: {{post: \"{url}/post\"}}, timeout: 20s, undo: {{http: {{post: \"{url}/undo-post\"}}}}}}"),
            "{name: Switch, switch: {file: gateway.yaml, key: route, to: second}, timeout: 20s}".to_owned(),
            format!(
                "{{name: Tell, notify: {{webhook: \"{url}/tell\", message: hello}}, timeout: 20s, undo: {{notify: {{webhook: \"{url}/undo-tell\", message: bye}}}}}}"
            ),
            "{name: Ask, confirm: \"Go on?\", timeout: 20s}".to_owned(),
            "{name: By hand, manual: {do: Press it, checklist: [first, second]}, timeout: 20s}".to_owned(),
            "{name: Who, ask: {question: \"Who is there?\"}, timeout: 20s, output: who}".to_owned(),
            "{name: Wait a little, pause: 10ms}".to_owned(),
            format!("{{name: See, wait_until: {{request: {{to: \"{url}/see\"}}, succeeds: 1 in a row}}, timeout: 20s}}"),
            format!(
                "{{name: Together, parallel: [{}, {{name: Right, http: {{post: \"{url}/right\"}}, timeout: 20s, undo: {{run: [sh, step.sh, undo-right, \"1\", \"1\"]}}}}]}}",
                run("Left", "left", 2, 0, "undo-left"),
            ),
            format!("{{name: Both ways, http: {{put: \"{url}/both\"}}, timeout: 20s, undo: {{http: {{put: \"{url}/undo-both\"}}}}}}"),
            run("Slow", "slow", 3, 3, "undo-slow"),
            "{name: Again, run: [sh, -c, 'echo safe > safe'], timeout: 20s, repeat: safe, undo: none}".to_owned(),
            "{name: Half, run: [sh, -c, 'sh step.sh half 1 1; exit 1'], timeout: 20s, on_failure: continue, undo_on_failure: true, undo: {run: [sh, step.sh, undo-half, \"1\", \"1\"]}}"
                .to_owned(),
        ];
        let steps: String = steps.iter().map(|step| format!("  - {step}\n")).collect();
        project.write("runbooks/real.yaml", &format!("version: 1\nrunbook: real\nstart: by-hand\nsteps:\n{steps}"));
        Self { project, counterpart: counterpart.clone(), number, asked: BTreeSet::new(), killed: 0 }
    }

    /// How often a step has had its effect, or has been taken back.
    fn effects(&self, step: &str, undo: bool) -> usize {
        let word = match step {
            "Both ways" => "both".to_owned(),
            other => other.to_lowercase(),
        };
        let word = if undo { format!("undo-{word}") } else { word };
        let file = std::fs::read_to_string(self.project.path(&format!("effect-{word}"))).map_or(0, |text| text.lines().count());
        file + self.counterpart.count(&format!("/{}/{word}", self.number))
    }

    fn lines(&self) -> usize {
        std::fs::read(self.project.path("x/history.jsonl")).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count())
    }

    /// Runs it, and kills it once its journal has so many lines, and a moment later. Its exit code; `None` where it was killed.
    fn run(&mut self, args: &[&str], kill: Option<(usize, Duration)>) -> Option<i32> {
        let mut command = self.project.command(args);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let id = child.id();
        let history = self.project.path("x/history.jsonl");
        let killer = kill.map(|(lines, moment)| {
            std::thread::spawn(move || {
                let count = || std::fs::read(&history).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count());
                let pid = Pid::from_raw(id as i32).unwrap();
                // Until it has ended by itself: then there is nothing to be killed.
                while count() < lines && std::fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z ")) {
                    std::thread::sleep(Duration::from_millis(1));
                }
                std::thread::sleep(moment);
                let _ = kill_process(pid, Signal::KILL);
            })
        });
        self.answer(&mut child);
        // It is not waited for before the killer is through: its number stays its own.
        killer.map(std::thread::JoinHandle::join).transpose().unwrap();
        let code = child.wait().unwrap().code();
        self.killed += usize::from(code.is_none());
        code
    }

    /// Answers each question, by looking at the other side where it is about what became of a step.
    fn answer(&mut self, child: &mut Child) {
        let id = child.id();
        let mut stdin = child.stdin.take().unwrap();
        for line in BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok) {
            let undo = line.starts_with("Undoing step ");
            let answer = if line.contains("Go on? [yes/no]") {
                "yes"
            } else if line.ends_with("[numbers of what is done, all, or failed]") {
                "all"
            } else if line.ends_with("Who is there? [a text]") {
                "alice"
            } else if line.starts_with("Step ") && line.contains("not known how it ended") || undo {
                // Of a parallel step `Together: Left`.
                let step = line.split(", ").nth(1).unwrap().split(": ").last().unwrap().to_owned();
                nothing_works_in(&self.project, id);
                wait_for("the end of what was sent", || (self.counterpart.open.load(Ordering::SeqCst) == 0).then_some(()));
                let answer = if self.effects(&step, undo) > 0 { "done" } else { "repeat" };
                self.asked.insert(format!("{step}{}", if undo { ", undo" } else { "" }));
                answer
            } else {
                continue;
            };
            // It may have been killed meanwhile.
            let _ = writeln!(stdin, "{answer}");
        }
    }

    /// Whether the killed process had already written that it is over.
    fn is_over(&self) -> bool {
        self.project.events("x").last().is_some_and(|event| event.get("execution_finished").is_some())
    }
}

/// Walks there with a kill, goes on with another, to the end; and then back in the same way.
fn one(counterpart: &Counterpart, number: usize, random: &mut rand::rngs::ChaCha8Rng) -> Walk {
    const BEGIN: [&str; 4] = ["execute", "runbooks/real.yaml", "--out", "x"];
    const ON: [&str; 3] = ["execute", "--resume", "x"];
    const BACK: [&str; 4] = ["execute", "--resume", "x", "--undo"];
    let mut walk = Walk::new(counterpart, number);
    let mut moment =
        |from: usize, lines: usize| Some((from + random.random_range(1..=lines), Duration::from_millis(random.random_range(0..25))));
    let mut code = walk.run(&BEGIN, moment(1, 34));
    for kills in [true, true, false] {
        if code.is_none() && !walk.is_over() {
            let kill = if kills { moment(walk.lines(), 14) } else { None };
            code = walk.run(&ON, kill);
        }
    }
    assert!(code == Some(0) || walk.is_over(), "{code:?}");
    for step in COUNTED {
        assert_eq!(walk.effects(step, false), 1, "{step} of {number}; asked: {:?}", walk.asked);
    }
    let text = |file: &str| std::fs::read_to_string(walk.project.path(file)).unwrap();
    assert_eq!((text("gateway.yaml").as_str(), text("safe").as_str()), ("route: second # now\n", "safe\n"));
    let mut code = walk.run(&BACK, moment(walk.lines(), 12));
    for kills in [true, true, false] {
        if code.is_none() && !walk.is_over() {
            let kill = if kills { moment(walk.lines(), 10) } else { None };
            code = walk.run(&BACK, kill);
        }
    }
    assert!(code == Some(0) || walk.is_over(), "{code:?}");
    for step in COUNTED {
        assert_eq!((walk.effects(step, false), walk.effects(step, true)), (1, 1), "{step} of {number}; asked: {:?}", walk.asked);
    }
    assert_eq!(std::fs::read_to_string(walk.project.path("gateway.yaml")).unwrap(), "route: first # now\n");
    walk
}

#[test]
fn at_a_hundred_kills_every_kind_of_step_happens_once_or_somebody_is_asked_there_and_back() {
    let counterpart = Counterpart::start();
    let killed = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (counterpart, killed) = (counterpart.clone(), killed.clone());
            std::thread::spawn(move || {
                let mut random = rand::rngs::ChaCha8Rng::seed_from_u64(SEED + thread);
                let mut asked: BTreeMap<String, usize> = BTreeMap::new();
                let mut walks = 0;
                while killed.load(Ordering::SeqCst) < KILLS {
                    let walk = one(&counterpart, thread as usize * 1000 + walks, &mut random);
                    killed.fetch_add(walk.killed, Ordering::SeqCst);
                    walk.asked.into_iter().for_each(|step| *asked.entry(step).or_default() += 1);
                    walks += 1;
                }
                (walks, asked)
            })
        })
        .collect();
    let (mut walks, mut asked) = (0, BTreeMap::new());
    for thread in threads {
        let (more, steps) = thread.join().unwrap();
        walks += more;
        steps.into_iter().for_each(|(step, count)| *asked.entry(step).or_insert(0) += count);
    }
    let killed = killed.load(Ordering::SeqCst);
    let questions: usize = asked.values().sum();
    println!(
        "seed {SEED}: {walks} walks there and back, killed {killed} times: {} effects and as many undos, each exactly once; {questions} questions: {asked:?}",
        walks * COUNTED.len()
    );
    assert!(killed >= KILLS && questions > 0);
}
