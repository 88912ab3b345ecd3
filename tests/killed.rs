//! A runbook that is killed at random moments and resumed: every step's effect happens exactly once. Where nobody can know, the step asks,
//! and whoever answers looks at the system once nothing that was started still works on it; then it happens exactly once as well.

use crate::support::Project;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const STEPS: usize = 12;
/// Kills in all, shared by two threads of executions.
const KILLS: u32 = 50;
const SEED: u64 = 2026;

/// Appends a line to a file of its own, before or after a wait, or in the middle of one.
const PROGRAM: &str = "\
case $(($1 % 3)) in
  0) echo did >> effect-$1 ;;
  1) sleep 0.03; echo did >> effect-$1 ;;
  2) echo did >> effect-$1; sleep 0.03 ;;
esac
";

fn project() -> Project {
    let project = Project::quick();
    let steps: String =
        (0..STEPS).map(|n| format!("  - {{name: Step {n}, run: [sh, step.sh, \"{n}\"], timeout: 20s, undo: none}}\n")).collect();
    project.write("runbooks/twelve.yaml", &format!("version: 1\nrunbook: twelve\nstart: by-hand\nsteps:\n{steps}"));
    project.write("step.sh", PROGRAM);
    project
}

fn effects(project: &Project, step: usize) -> usize {
    std::fs::read_to_string(project.path(&format!("effect-{step}"))).map_or(0, |text| text.lines().count())
}

fn start(project: &Project, args: &[&str]) -> Child {
    let mut command = project.command(args);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The step that a question is about, where a line is one.
fn asked(line: &str) -> Option<usize> {
    let (_, rest) = line.split_once("Step ")?;
    line.contains("it is not known how it ended").then(|| rest.split(',').next()?.parse::<usize>().ok()).flatten().map(|number| number - 1)
}

/// Waits until no program of a killed execution still works in the project: its effect may be yet to come.
pub(crate) fn nothing_works_in(project: &Project, but: u32) {
    let folder = project.path(".").canonicalize().unwrap();
    let works = || {
        let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
        let mut others = processes.filter(|id| *id != but);
        others.any(|id| std::fs::read_link(format!("/proc/{id}/cwd")).is_ok_and(|place| place == folder))
    };
    crate::support::wait_for("what was started", || (!works()).then_some(()));
}

/// Follows an execution; answers each question by looking at the file. Returns the steps that were asked about and the exit code.
#[expect(clippy::print_stdout, reason = "what a failed test shows")]
fn follow(project: &Project, child: &mut Child) -> (BTreeSet<usize>, Option<i32>) {
    let id = child.id();
    let mut stdin = child.stdin.take().unwrap();
    let mut steps = BTreeSet::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok) {
        // Shown where the test fails.
        println!("{line}");
        if let Some(step) = asked(&line) {
            steps.insert(step);
            nothing_works_in(project, id);
            let answer: &[u8] = if effects(project, step) > 0 { b"done\n" } else { b"repeat\n" };
            // It may have been killed meanwhile.
            let _ = stdin.write_all(answer);
        }
    }
    (steps, child.wait().unwrap().code())
}

/// One execution that is killed so often, each time at a moment of its own: how many kills met it alive, and which steps asked.
fn one(random: &mut rand::rngs::ChaCha8Rng, length: Duration, kills: u32) -> (u32, usize) {
    let project = project();
    let mut asked = BTreeSet::new();
    let mut met = 0;
    for number in 0..=kills {
        let args: &[&str] = if number == 0 { &["execute", "runbooks/twelve.yaml", "--out", "x"] } else { &["execute", "--resume", "x"] };
        if number > 0 && !begun(&project.path("x/history.jsonl")) {
            // It was killed before there was anything to go on with.
            let _ = std::fs::remove_dir_all(project.path("x"));
            let (steps, code) = follow(&project, &mut start(&project, &["execute", "runbooks/twelve.yaml", "--out", "x"]));
            assert_eq!((steps.len(), code), (0, Some(0)));
            break;
        }
        let mut child = start(&project, args);
        if number < kills {
            let id = child.id();
            let moment = Instant::now() + length.mul_f64(random.random_range(0.0..1.0));
            let killer = std::thread::spawn(move || {
                std::thread::sleep(moment.saturating_duration_since(Instant::now()));
                rustix::process::kill_process(rustix::process::Pid::from_raw(id as i32).unwrap(), rustix::process::Signal::KILL).is_ok()
            });
            let (steps, code) = follow(&project, &mut child);
            killer.join().unwrap();
            asked.extend(steps);
            met += u32::from(code.is_none());
            if code == Some(0) || code == Some(2) && said_to_be_over(&project) {
                break;
            }
            assert_eq!(code, None, "neither killed nor done");
        } else {
            let (steps, code) = follow(&project, &mut child);
            asked.extend(steps);
            assert!(code == Some(0) || said_to_be_over(&project), "{code:?}");
        }
    }
    let events = project.events("x");
    for step in 0..STEPS {
        let done = |event: &&serde_json::Value| event.get("step_finished").is_some_and(|end| end["step"] == step && end["end"] == "done");
        assert_eq!(events.iter().filter(done).count(), 1, "step {step} is done once");
        // An answer that was lost with the execution is asked for again, so that there is none that was never given.
        assert_eq!(effects(&project, step), 1, "step {step}, which {} asked about", if asked.contains(&step) { "was" } else { "was not" });
    }
    (met, asked.len())
}

/// The kill may have come after the last event and before the process ended.
fn said_to_be_over(project: &Project) -> bool {
    project.events("x").last().is_some_and(|event| event.get("execution_finished").is_some())
}

fn begun(history: &Path) -> bool {
    std::fs::read_to_string(history).is_ok_and(|text| text.contains('\n'))
}

#[test]
fn at_fifty_random_moments_each_effect_happens_once_or_the_step_asks() {
    let calm = project();
    let begin = Instant::now();
    let (steps, code) = follow(&calm, &mut start(&calm, &["execute", "runbooks/twelve.yaml", "--out", "x"]));
    assert_eq!((steps.len(), code), (0, Some(0)));
    let length = begin.elapsed();
    let threads: Vec<_> = (0..2)
        .map(|thread| {
            std::thread::spawn(move || {
                let mut random = rand::rngs::ChaCha8Rng::seed_from_u64(SEED + thread);
                let (mut met, mut asked, mut executions) = (0, 0, 0);
                while met < KILLS / 2 {
                    let (more, questions) = one(&mut random, length, 2);
                    (met, asked, executions) = (met + more, asked + questions, executions + 1);
                }
                (met, asked, executions)
            })
        })
        .collect();
    let sums =
        threads.into_iter().map(|thread| thread.join().unwrap()).fold((0, 0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1, sum.2 + one.2));
    println!(
        "seed {SEED}: {} executions of {STEPS} steps, killed {} times: {} steps asked, and every effect happened exactly once",
        sums.2, sums.0, sums.1
    );
    assert!(sums.0 >= KILLS && sums.1 > 0, "no kill fell into a step: {sums:?}");
}
