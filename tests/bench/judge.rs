//! Judging stored histories that grow: each is written to a temporary file, and judged in a process of its own whose peak memory is read. For scale,
//! what `wc -l` takes for the same file, and `jq` for the smallest.

use lifeboat::history::{
    Event, FORMAT, FaultConfirmed, FaultHealed, Finished, Outcome, Phase, PhaseEntered, RequestDone, RunOrigin, Served, Stamped, Started,
};
use lifeboat::project::Project;
use lifeboat::units::{Fingerprint, Rate, Seed};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const SECOND: u64 = 1_000_000_000;

/// Writes a drill of `count` requests: the shipped outage at a higher rate, with a cutover after three seconds.
pub(crate) fn write(path: &Path, count: u64) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (project, _) = Project::open(root);
    let (mut plan, _) = project.plan(&root.join("scenarios/azure-outage.yaml"), "lab").unwrap();
    let total = plan.scenario.timeline.total().as_nanos();
    plan.workloads[0].workload.rate = Rate::per_second(count as f64 / (total as f64 / 1e9)).unwrap();
    let fault = plan.scenario.timeline.baseline.as_nanos();
    let heal = fault + plan.scenario.timeline.disruption().as_nanos();
    let mut file = BufWriter::with_capacity(1 << 20, std::fs::File::create(path).unwrap());
    let mut put = |t: u64, event: Event| {
        serde_json::to_writer(&mut file, &Stamped { t, event }).unwrap();
        file.write_all(b"\n").unwrap();
    };
    let started = Started {
        format: FORMAT,
        origin: RunOrigin::default(),
        lifeboat: "bench".into(),
        drill: "bench".into(),
        seed: Seed(1),
        wall_clock: "2026-01-01T00:00:00Z".into(),
        wall_clock_error: 0,
        gaps: vec![total / count + 1],
        drawn: false,
        plan,
    };
    put(0, Event::Started(Box::new(started)));
    put(0, Event::Phase(PhaseEntered { name: Phase::Baseline }));
    for id in 0..count {
        let due = total / count * id;
        let in_fault = (fault..heal).contains(&due);
        let lost = in_fault && due < fault + 3 * SECOND;
        let by = if in_fault { "openai-eu" } else { "azure-swedencentral" };
        let took = 160_000_000 + id % 977 * 100_000;
        if due >= fault && due < fault + total / count {
            put(due, Event::FaultConfirmed(FaultConfirmed { fault: 0, on: "azure-swedencentral".into(), lo: fault, hi: fault }));
        }
        if due >= heal && due < heal + total / count {
            put(
                due,
                Event::FaultHealed(FaultHealed {
                    fault: 0,
                    on: "azure-swedencentral".into(),
                    lo: heal,
                    hi: heal,
                    touched: Some(9),
                    expired: false,
                }),
            );
        }
        if !lost {
            let key = Some(Fingerprint(0x3fa9_c1d2));
            put(
                due,
                Event::Served(Served {
                    id: Some(id),
                    by: by.into(),
                    at: due + 40_000,
                    took,
                    status: 200,
                    key,
                    cut: false,
                    touched: false,
                    request: None,
                    tenant: None,
                    tokens: None,
                }),
            );
        }
        let (outcome, why) = if lost { (Outcome::Error, Some("status-503".into())) } else { (Outcome::Ok, None) };
        let proof = (!lost).then_some(took);
        put(due, Event::Request(RequestDone { id, due, lag: 31_000, proof, done: took + 90_000_000, outcome, why }));
    }
    put(total, Event::Finished(Finished { observed_until: total, requests: count, by_workload: Vec::new() }));
}

/// In a process of its own: judges, and says how long it took and how much memory it held at most.
pub(crate) fn once(path: &str) {
    let begin = Instant::now();
    let judged = lifeboat::exercise::judge(Path::new(path)).unwrap();
    let seconds = begin.elapsed().as_secs_f64();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    println!("{seconds} {} {}", peak.trim().trim_end_matches(" kB"), judged.verdict.verdict);
}

/// Seconds that a program takes for a file; `None` where it is not installed.
fn beside(program: &str, arguments: &[&str], path: &Path) -> Option<f64> {
    let begin = Instant::now();
    let done = Command::new(program).args(arguments).arg(path).stdout(Stdio::null()).status().ok()?;
    done.success().then(|| begin.elapsed().as_secs_f64())
}

pub(crate) fn bench() {
    println!("judge: a stored history, from the file to the verdict");
    println!("{:>12} {:>10} {:>10} {:>14} {:>12}  {:<14} for scale", "requests", "file", "time", "a request", "peak memory", "verdict");
    let folder = tempfile::tempdir().unwrap();
    let mut each = Vec::new();
    for millions in [1, 3, 10] {
        let count = millions * 1_000_000;
        let path = folder.path().join("history.jsonl");
        write(&path, count);
        let size = std::fs::metadata(&path).unwrap().len();
        let output = Command::new(std::env::current_exe().unwrap()).arg("judge-once").arg(&path).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut words = text.split_whitespace();
        let seconds: f64 = words.next().unwrap().parse().unwrap();
        let peak: f64 = words.next().unwrap().parse().unwrap();
        let verdict = words.next().unwrap();
        let jq = (millions == 1).then(|| beside("jq", &["-c", ".t"], &path)).flatten();
        let scale = [("wc -l", beside("wc", &["-l"], &path)), ("jq -c .t", jq)];
        let scale = scale.iter().filter_map(|(what, seconds)| Some(format!("{what} {:.2} s", (*seconds)?))).collect::<Vec<_>>().join(", ");
        println!(
            "{count:>12} {:>7} MB {seconds:>8.2} s {:>11.0} ns {:>9.0} MB  {verdict:<14} {scale}",
            size / 1_000_000,
            seconds * 1e9 / count as f64,
            peak / 1024.0
        );
        each.push(seconds * 1e9 / count as f64);
        std::fs::remove_file(path).unwrap();
    }
    crate::baseline::told("judge, a request", "ns", each);
}
