//! How long the binary takes to say its version: what every call of the command line pays.

use super::quantile;
use std::process::{Command, Stdio};
use std::time::Instant;

pub(crate) fn bench() {
    let took = |program: &str, argument: &str| {
        let begin = Instant::now();
        let status = Command::new(program).arg(argument).stdout(Stdio::null()).status().unwrap();
        assert!(status.success());
        begin.elapsed().as_secs_f64() * 1e3
    };
    let mut ours: Vec<f64> = (0..200).map(|_| took(env!("CARGO_BIN_EXE_lifeboat"), "--version")).collect();
    let mut empty: Vec<f64> = (0..200).map(|_| took("true", "--version")).collect();
    // Of four parts in the order in which they ran, for they show how far runs lie apart.
    let parts: Vec<f64> = ours
        .chunks_mut(50)
        .map(|part| {
            part.sort_by(f64::total_cmp);
            quantile(part, 0.5)
        })
        .collect();
    ours.sort_by(f64::total_cmp);
    empty.sort_by(f64::total_cmp);
    println!("\nstart: `lifeboat --version` against `true`, in ms, 200 runs each");
    for (name, times) in [("lifeboat", &ours), ("true", &empty)] {
        println!("{name:>18} p5 {:>6.2}   p50 {:>6.2}   p95 {:>6.2}", quantile(times, 0.05), quantile(times, 0.5), quantile(times, 0.95));
    }
    crate::baseline::told("start, lifeboat's median", "ms", parts);
}
