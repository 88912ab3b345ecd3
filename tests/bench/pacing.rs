//! How late requests are sent at 1,000 a second: a whole drill by the binary, beside its embedded lab, read from its own history.

use super::quantile;
use serde_json::Value;
use std::io::BufRead;
use std::path::Path;
use std::process::Command;

pub(crate) fn bench() {
    let folder = tempfile::tempdir().unwrap();
    let (root, drill) = (env!("CARGO_MANIFEST_DIR"), folder.path().join("drill"));
    std::fs::create_dir(folder.path().join("runbooks")).unwrap();
    std::fs::copy(format!("{root}/runbooks/inventory.yaml"), folder.path().join("runbooks/inventory.yaml")).unwrap();
    let scenario = std::fs::read_to_string(format!("{root}/scenarios/azure-outage.yaml")).unwrap();
    let busy = scenario.replace("rate: 50/s", "rate: 1000/s\n  max_in_flight: 20000");
    assert_ne!(scenario, busy);
    let busy: String = busy.lines().filter(|line| !line.starts_with("runbook:")).map(|line| format!("{line}\n")).collect();
    std::fs::write(folder.path().join("busy.yaml"), busy).unwrap();
    let output =
        crate::lifeboat().args(["run", "busy.yaml", "--seed", "2a", "--out"]).arg(&drill).current_dir(folder.path()).output().unwrap();
    let mut parts: [Vec<f64>; 3] = Default::default();
    let mut part = 0;
    for line in crate::soak::history(&drill).lines().map_while(Result::ok) {
        let event: Value = serde_json::from_str(&line).unwrap();
        if event.get("fault_confirmed").is_some() {
            part = 1;
        } else if event.get("fault_healed").is_some() {
            part = 2;
        } else if let Some(late) = event["request"]["late"].as_f64() {
            parts[part].push(late / 1e6);
        }
    }
    println!(
        "\npacing: how late requests are sent at 1,000 a second, in ms, beside the embedded lab (exit code {:?})",
        output.status.code()
    );
    println!("{:>18} {:>9} {:>8} {:>8} {:>8} {:>8}", "", "requests", "p50", "p99", "p99.9", "most");
    for (name, late) in ["before the fault", "during the fault", "after the heal"].iter().zip(&mut parts) {
        late.sort_by(f64::total_cmp);
        let at = |share| quantile(late, share);
        println!("{name:>18} {:>9} {:>8.3} {:>8.3} {:>8.3} {:>8.3}", late.len(), at(0.5), at(0.99), at(0.999), at(1.0));
    }
    let requests: usize = parts.iter().map(Vec::len).sum();
    written(&drill, requests);
    crate::baseline::told("pacing, late p50", "ms", parts.iter().map(|late| quantile(late, 0.5)));
    crate::baseline::told("pacing, late p99", "ms", parts.iter().map(|late| quantile(late, 0.99)));
}

/// What the history takes on disk, and what others would make of its lines.
fn written(drill: &Path, requests: usize) {
    let name = if drill.join("history.jsonl.zst").exists() { "history.jsonl.zst" } else { "history.jsonl" };
    let bytes = std::fs::metadata(drill.join(name)).unwrap().len() as f64;
    crate::baseline::told("history on disk, a request", "bytes", [bytes / requests as f64]);
    let plain = drill.join("plain");
    std::io::copy(&mut crate::soak::history(drill), &mut std::fs::File::create(&plain).unwrap()).unwrap();
    let bytes = std::fs::metadata(&plain).unwrap().len() as f64;
    crate::baseline::told("history in plain text, a request", "bytes", [bytes / requests as f64]);
    for (program, arguments) in [("gzip", ["-c", "-6"]), ("zstd", ["-qc", "-3"])] {
        let output = Command::new(program).args(arguments).arg(&plain).output();
        let sizes = output.ok().filter(|output| output.status.success()).map(|output| output.stdout.len() as f64 / requests as f64);
        crate::baseline::told(&format!("the same by {program} {}, a request", arguments[1]), "bytes", sizes);
    }
}
