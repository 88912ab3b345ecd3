//! A clean release build, as a newcomer's first command makes it, beside that of oha on the same machine; and the size of the program.
//!
//! Both are built into folders of their own under `target/bench/`, which are removed afterwards. What is fetched is fetched before the clock
//! starts. `cargo install` needs a registry for oha; without one it is left out.

use crate::baseline::{folder, told};
use crate::processor;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Seconds by the clock and of processor time of one build; `None` where it fails.
fn timed(command: &mut Command) -> Option<[f64; 2]> {
    let (begin, before) = (Instant::now(), processor::of_the_ended());
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status().ok()?;
    status.success().then(|| [begin.elapsed().as_secs_f64(), processor::of_the_ended() - before])
}

pub(crate) fn bench() {
    println!("\nbuild: clean, in release; another build at the same time makes both figures worse");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = folder().join("build");
    let _ = std::fs::remove_dir_all(&target);
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new("cargo");
        // Not what `cargo bench` said to its own child.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
        command.args(arguments).arg("--locked").current_dir(root).env("CARGO_TARGET_DIR", &target);
        command
    };
    let _ = cargo(&["fetch"]).status();
    let ours = timed(&mut cargo(&["build", "--release", "--quiet", "--bin", "lifeboat"]));
    let size = std::fs::metadata(target.join("release/lifeboat")).map_or(f64::NAN, |file| file.len() as f64 / 1e6);
    let mut drill = Command::new(target.join("release/lifeboat"));
    drill.args(["run", "scenarios/azure-outage.yaml", "--out"]).arg(target.join("drill")).env("LIFEBOAT_STATE", target.join("state"));
    let verdict = ours.and_then(|ours| Some(ours[0] + timed(drill.current_dir(root).stderr(Stdio::null()))?[0]));
    let _ = std::fs::remove_dir_all(&target);
    let installed = target.join("installed");
    let oha = timed(&mut cargo(&["install", "oha", "--quiet", "--root", installed.to_str().unwrap()]));
    let _ = std::fs::remove_dir_all(&target);
    told("program", "MB", [size]);
    told("from a clean build's begin to the first verdict", "s", verdict);
    for (name, times) in [("lifeboat", ours), ("oha", oha)] {
        told(&format!("clean build of {name}"), "s", times.map(|times| times[0]));
        told(&format!("clean build of {name}: processor time"), "s", times.map(|times| times[1]));
    }
}
