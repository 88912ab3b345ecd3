//! How late requests are sent at 1,000 a second: a whole drill by the binary, beside its embedded lab, read from its own history.

use super::quantile;
use serde_json::Value;
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
    let output = Command::new(env!("CARGO_BIN_EXE_lifeboat"))
        .args(["run", "busy.yaml", "--seed", "2a", "--out"])
        .arg(&drill)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let history = std::fs::read_to_string(drill.join("history.jsonl")).unwrap();
    let mut parts: [Vec<f64>; 3] = Default::default();
    let mut part = 0;
    for line in history.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
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
    crate::baseline::told("pacing, late p50", "ms", parts.iter().map(|late| quantile(late, 0.5)));
    crate::baseline::told("pacing, late p99", "ms", parts.iter().map(|late| quantile(late, 0.99)));
}
