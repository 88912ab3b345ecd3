//! The manager's story, as `src/serve/README.md` tells it: from an empty folder to a quarterly schedule, a drill that ran by itself, a report in the
//! review, and an alarm in May. Each file and each command is that of the text, at the time that it names.

use crate::support::{Project, Run};
use std::path::PathBuf;

const STORY: &str = include_str!("../src/serve/README.md");

/// The blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let begin = format!("\n```{language}\n");
    STORY.split(begin.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// Runs a command of the text as if it were then (UTC). Only the calendar is another: lengths of time are real.
fn at(project: &Project, moment: &str, line: &str) -> Run {
    let words: Vec<&str> = line.strip_prefix("$ lifeboat ").unwrap_or_else(|| panic!("{line}")).split(' ').collect();
    let mut command = project.after(&["faketime", "-f", &format!("@{moment}")], &words);
    project.run(command.env("TZ", "UTC").env("FAKETIME_DONT_FAKE_MONOTONIC", "1"))
}

/// The one drill of the project.
fn drill(project: &Project) -> PathBuf {
    let mut found = std::fs::read_dir(project.path("drills"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("verdict.json").is_file());
    let one = found.next().expect("a drill began by itself");
    assert!(found.next().is_none(), "one drill, and no more");
    one
}

#[test]
fn a_drill_runs_every_quarter_and_an_alarm_sounds_when_it_did_not() {
    let project = Project::empty().unsearched();
    for block in blocks("yaml") {
        project.write(block.lines().next().unwrap().strip_prefix("# ").unwrap(), block);
    }
    let told: Vec<Vec<&str>> = blocks("console").into_iter().map(|block| block.lines().collect()).collect();
    let [first, tuesday, may] = &told[..] else { panic!("{told:?}") };
    // A week before: everything is fine, and nothing begins.
    for line in first {
        at(&project, "2027-01-05 08:00:00", line).exits_with(0);
    }
    assert!(at(&project, "2027-01-05 08:00:00", "$ lifeboat schedule").stdout.contains("2027-01-12 10:00"));
    assert!(
        !project.path("drills").is_dir() || std::fs::read_dir(project.path("drills")).unwrap().all(|entry| !entry.unwrap().path().is_dir())
    );
    // Ten in Berlin is nine in UTC.
    let [serve, list, report] = &tuesday[..] else { panic!("{tuesday:?}") };
    at(&project, "2027-01-12 09:00:05", serve).exits_with(0);
    let folder = drill(&project);
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    at(&project, "2027-01-12 09:05:00", list).exits_with(0).says("outage");
    let words: Vec<&str> = report.split(' ').collect();
    assert!(words[3].starts_with("drills/2027-01-12T") && words[3].contains("-outage-"), "{report}");
    let line = report.replace(words[3], &format!("drills/{name}"));
    at(&project, "2027-01-12 09:05:00", &line).exits_with(0).says("RTO");
    // It counts until it is a hundred days old.
    at(&project, "2027-01-13 09:00:00", "$ lifeboat schedule").exits_with(0);
    let [line] = &may[..] else { panic!("{may:?}") };
    at(&project, "2027-05-20 09:00:00", line).exits_with(1).says("overdue");
}
