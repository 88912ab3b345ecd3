//! A drill that goes on and on under one fault after the other holds as much memory and as many open files at its end as when it had begun.
//!
//! Four and a half minutes of what `tests/soak` does for hours. How late requests are is told, not judged: other tests run beside it.

use crate::support::Project;
use crate::support::soak::{Holding, Soak, Trend};
use std::time::Duration;

#[test]
fn memory_and_open_files_are_flat_while_a_drill_goes_on() {
    let soak = Soak { length: Duration::from_secs(270), rate: 200, every: Duration::from_secs(10) };
    let project = Project::empty();
    for (name, text) in soak.files() {
        project.write(name, &text);
    }
    let drill = project.start(&["run", "scenarios/soak.yaml", "--seed", "50a4", "--out", "drill"]);
    let seen = soak.watch(drill.id(), |seen| println!("{}", told(seen)));
    let run = drill.finish();
    assert!(matches!(run.code, Some(0 | 1 | 3)), "{run:?}");
    assert!(project.events("drill").last().unwrap().get("finished").is_some(), "it was not played to its end");
    println!("{:.0} requests were sent", soak.requests());
    let late = soak.lateness(&project.path("drill"));
    late.iter().for_each(|trend| println!("{}", trend.as_ref().expect("it was long enough")));
    let trends: Vec<_> = soak.trends(&seen).into_iter().map(|trend| trend.expect("it was long enough")).collect();
    trends.iter().for_each(|trend| println!("{trend}"));
    // In so short a time not everything can be shown to be flat: that something grows all the time can.
    assert!(!trends.iter().any(Trend::grows), "{}", trends.iter().map(|trend| format!("{trend}\n")).collect::<String>());
}

fn told(seen: &[Holding]) -> String {
    let last = seen.last().expect("something was seen");
    format!("{:>6} s {:>7.1} MB, {:>6.1} MB of its own, {:>4} files", last.at.as_secs(), last.resident_mb, last.own_mb, last.files)
}
