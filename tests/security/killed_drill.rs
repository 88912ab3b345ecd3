//! A drill that is killed (`kill -9`) at seeded random moments, with a fault on a standing proxy, a value switched, a step's program that has
//! a child of its own, or a system under test that it started. What it began ends by itself within a bounded time, and what it changed can
//! be taken back by whoever comes after.

use super::bounds::patient;
use crate::support::{Project, Standing, pid_in, wait_for, wait_gone};
use rand::{RngExt, SeedableRng};
use std::path::Path;
use std::time::Duration;

const SEED: u64 = 2026;
/// Kills, each of a drill of its own; so many at once.
const KILLS: u64 = 6;
const AT_ONCE: u64 = 3;
/// From the fault on. Both steps have begun within the first of it.
const WINDOW: Duration = Duration::from_millis(2500);

const ROUTE: &str = "{\"primary\": \"first\", \"other\": [1, 2]}\n";

/// Processes whose folder is a project's, whoever their parent is by now.
fn in_folder(folder: &Path) -> Vec<(u32, String)> {
    let is_there = |pid: &u32| {
        let lives = std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .is_ok_and(|stat| !stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z')));
        lives && std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
    };
    let all = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let line = |pid: u32| {
        std::fs::read(format!("/proc/{pid}/cmdline")).map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " ")).unwrap_or_default()
    };
    all.filter(is_there).map(|pid| (pid, line(pid))).collect()
}

fn nobody_is_left(project: &Project) {
    let folder = project.path("").canonicalize().unwrap();
    let mut left = Vec::new();
    for _ in 0..300 {
        left = in_folder(&folder);
        if left.is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    for (pid, _) in &left {
        // What is left over from this drill must not go on into the next.
        let _ = rustix::process::kill_process(rustix::process::Pid::from_raw(*pid as i32).unwrap(), rustix::process::Signal::KILL);
    }
    panic!("30 s after the drill was killed, these of it live: {left:#?}");
}

/// One drill over a standing proxy, killed so long after its fault is in force. True where the value had been switched by then.
fn killed_after(moment: Duration) -> bool {
    let standing = Standing::start(&[]);
    let project = Project::quick();
    patient(&project);
    let gateway = "gateway: {try_timeout: 300ms, breaker: {failures: 5, cooldown: 2s, probes: 1}}";
    project.environment("standing", &format!("{gateway}, control: \"http://{}\"", standing.api)).write("route.json", ROUTE);
    project.runbook(
        "with-the-fault",
        &[
            "name: Lead, switch: {file: route.json, key: primary, to: second}, timeout: 20s",
            "name: Hold, run: [sh, -c, 'sleep 601 & echo $! > child; echo $$ > pid; wait'], timeout: 60s, undo: none",
        ],
    );
    let mut drill = project.start(&["run", "scenarios/quick.yaml", "--seed", "7", "--env", "standing", "--out", "drill", "--yes"]);
    drill.until("blackhole on first active");
    std::thread::sleep(moment);
    drill.signal(9);
    assert_eq!(drill.finish().code, None);
    nobody_is_left(&project);
    wait_for("the end of every fault", || {
        let (_, proxies) = standing.call("GET", "/proxies", "");
        let calm = |proxy: &serde_json::Value| proxy["enabled"] == true && proxy["toxics"].as_array().is_some_and(Vec::is_empty);
        proxies.as_object()?.values().all(calm).then_some(())
    });
    let route = || std::fs::read_to_string(project.path("route.json")).unwrap();
    let was_switched = route() != ROUTE;
    if was_switched {
        let taken_back = project.lifeboat(&["run", "--undo", "drill"]);
        assert_eq!(route(), ROUTE, "byte for byte; {taken_back:?}");
    }
    was_switched
}

#[test]
fn nothing_of_a_killed_drill_stays() {
    let mut switched = 0;
    for round in 0..KILLS / AT_ONCE {
        let drills: Vec<_> = (0..AT_ONCE)
            .map(|number| {
                let mut random = rand::rngs::ChaCha8Rng::seed_from_u64(SEED + round * AT_ONCE + number);
                let moment = WINDOW.mul_f64(random.random_range(0.0..1.0));
                std::thread::spawn(move || killed_after(moment))
            })
            .collect();
        switched += drills.into_iter().map(|drill| u32::from(drill.join().unwrap())).sum::<u32>();
    }
    println!(
        "seed {SEED}: {KILLS} drills were killed, {switched} of them after a value was switched: every one was taken back, and nothing else stayed"
    );
    assert!(switched > 0, "no kill came after the switch");
}

/// A drill whose system under test never becomes ready, with a child of its own.
fn preparing(project: &Project) {
    let start = "lab: {embedded: true, start: {run: [sh, -c, 'sleep 602 & echo $! > child; echo $$ > pid; wait'], \
                 ready: 'http://127.0.0.1:${port}/', within: 60s}, services: {chat: {url: 'http://127.0.0.1:${port}/v1'}},";
    project.edit("runbooks/inventory.yaml", "lab: {embedded: true,", start);
}

fn kill(process: u32) {
    let process = rustix::process::Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn a_started_gateway_ends_with_its_keeper_and_with_its_drill() {
    for with_the_drill in [false, true] {
        let project = Project::quick();
        preparing(&project);
        let mut drill = project.start(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill", "--yes"]);
        let (gateway, _) = (pid_in(&project.path("pid")), pid_in(&project.path("child")));
        let stat = std::fs::read_to_string(format!("/proc/{gateway}/stat")).unwrap();
        let keeper: u32 = stat.rsplit_once(") ").unwrap().1.split(' ').nth(1).unwrap().parse().unwrap();
        // Where the drill keeps it by itself, there is no keeper to kill.
        if keeper != drill.id() {
            kill(keeper);
        }
        if with_the_drill {
            drill.signal(9);
        }
        wait_gone(gateway);
        drill.signal(9);
        drill.finish();
        nobody_is_left(&project);
    }
}
