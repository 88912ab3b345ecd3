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

/// Seconds, the most memory in MB, and the verdict of judging in a process of its own.
fn judged(path: &Path) -> (f64, f64, String) {
    let output = Command::new(std::env::current_exe().unwrap()).arg("judge-once").arg(path).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let words: Vec<&str> = text.split_whitespace().collect();
    assert_eq!(words.len(), 3, "it said {text}{}", String::from_utf8_lossy(&output.stderr));
    (words[0].parse().unwrap(), words[1].parse::<f64>().unwrap() / 1024.0, words[2].to_owned())
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
        let (seconds, peak, verdict) = judged(&path);
        let nanos = seconds * 1e9 / count as f64;
        let jq = (millions == 1).then(|| beside("jq", &["-c", ".t"], &path)).flatten();
        let scale = [("wc -l", beside("wc", &["-l"], &path)), ("jq -c .t", jq)];
        let scale = scale.iter().filter_map(|(what, seconds)| Some(format!("{what} {:.2} s", (*seconds)?))).collect::<Vec<_>>().join(", ");
        println!("{count:>12} {:>7} MB {seconds:>8.2} s {nanos:>11.0} ns {peak:>9.0} MB  {verdict:<14} {scale}", size / 1_000_000);
        each.push(nanos);
        std::fs::remove_file(path).unwrap();
    }
    crate::baseline::told("judge, a request", "ns", each);
}

/// Ten million requests, round after round, with `wc -l` and `jq` for scale; and the same history compressed, where it can be judged so.
pub(crate) fn ten(rounds: usize) {
    println!("\njudge: ten million requests, from the file to the verdict; {rounds} rounds");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl");
    write(&path, 10_000_000);
    told("judge, 10 M requests", &path, rounds);
    for (program, arguments) in [("wc", vec!["-l"]), ("jq", vec!["-c", "select(.never)"])] {
        // One round of jq is enough to see how far it is off.
        let rounds = if program == "jq" { 1 } else { rounds };
        let times = (0..rounds).filter_map(|_| {
            let begin = Instant::now();
            let status = Command::new(program).args(&arguments).arg(&path).stdout(Stdio::null()).status();
            status.is_ok_and(|status| status.success()).then(|| begin.elapsed().as_secs_f64())
        });
        crate::baseline::told(&format!("{program} of the same history"), "s", times);
    }
    let packed = path.with_extension("jsonl.zst");
    let status = Command::new("zstd").args(["-q", "-1", "-T2"]).arg(&path).arg("-o").arg(&packed).status();
    if status.is_ok_and(|status| status.success()) && lifeboat::exercise::judge(&packed).is_ok() {
        std::fs::remove_file(&path).unwrap();
        told("judge, 10 M requests, compressed", &packed, rounds);
    }
}

fn told(name: &str, path: &Path, rounds: usize) {
    let runs: Vec<_> = (0..rounds).map(|_| judged(path)).collect();
    crate::baseline::told(name, "s", runs.iter().map(|(seconds, ..)| *seconds));
    crate::baseline::told(&format!("{name}: memory at most"), "MB", runs.iter().map(|(_, peak, _)| *peak));
}
