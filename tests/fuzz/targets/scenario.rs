//! Any text as a scenario, and any bytes as the trace that it plays: findings or a plan, and a plan's schedule is in order.
//!
//! The two are divided by the line `----`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lifeboat::project::Project;
use lifeboat::traffic::Schedule;
use lifeboat::units::Seed;
use std::path::PathBuf;
use std::sync::LazyLock;

const DIVISION: &[u8] = b"\n----\n";
const INVENTORY: &str = "\
version: 1
providers:
  first: {dialect: azure-openai, simulation: {first_token_p50: 20ms, first_token_p95: 30ms, tokens: 200/s}}
  second: {dialect: openai}
services:
  chat: {criticality: recoverable, providers: [first, second], objectives: {rto: 2s, slo: {complete: 250ms}}}
environments:
  lab: {embedded: true}
";

/// A project of this process alone.
static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
    let root = std::env::temp_dir().join(format!("lifeboat-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(root.join("runbooks")).unwrap();
    std::fs::create_dir_all(root.join("scenarios")).unwrap();
    std::fs::write(root.join("runbooks/inventory.yaml"), INVENTORY).unwrap();
    root
});

fuzz_target!(|data: &[u8]| {
    let place = data.windows(DIVISION.len()).position(|part| part == DIVISION);
    let (scenario, trace) = place.map_or((data, &b""[..]), |place| (&data[..place], &data[place + DIVISION.len()..]));
    std::fs::write(ROOT.join("scenarios/any.yaml"), scenario).unwrap();
    std::fs::write(ROOT.join("trace.csv"), trace).unwrap();
    let (project, findings) = Project::open(&ROOT);
    assert!(!findings.has_errors(), "the inventory is good");
    match project.plan(&ROOT.join("scenarios/any.yaml"), "lab") {
        Ok((plan, warnings)) => {
            let _ = warnings.to_string();
            for named in &plan.workloads {
                let due: Vec<u64> = Schedule::new(&named.workload, Seed(7)).take(1000).collect();
                assert!(due.is_sorted(), "{:?}", named.workload);
            }
        }
        Err(findings) => {
            let _ = findings.to_string();
        }
    }
});
