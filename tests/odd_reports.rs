//! Reports of histories that are odd or broken, in every format: a report that says what is known, or an error with what to do; never a panic, and
//! never markup that a name brought along.

mod stories;

use crate::pages::LOOKERS;
use crate::support::{Project, Run, node};
use serde_json::Value;
use std::time::{Duration, Instant};
use stories::Story;

/// Every format that `lifeboat report` writes, by its word.
const FORMATS: [&str; 11] = ["md", "html", "svg", "json", "junit", "oscal", "slack", "teams", "otlp", "grafana", "verdict"];

/// A report or an error, and never anything else; its text.
fn answered(run: &Run) -> String {
    match run.code {
        Some(0) => assert!(!run.stdout.trim().is_empty(), "it says nothing: {run:?}"),
        Some(2) => assert!(run.stderr.contains("error: ") && run.stderr.contains("hint: "), "an error has a hint: {run:?}"),
        code => panic!("it ended with {code:?}: {run:?}"),
    }
    run.stdout.clone()
}

/// The same in every format, and in the terminal. The page, where there is one, is kept for the validator.
fn in_every_format(project: &Project, drill: &str) {
    for format in FORMATS {
        let told = answered(&project.lifeboat(&["report", drill, "--format", format]));
        if !told.is_empty() {
            is_well_formed(format, &told, drill);
            let kept = match format {
                "html" => Some(format!("pages/{drill}.html")),
                "junit" | "svg" => Some(format!("suites/{drill}-{format}.xml")),
                _ => None,
            };
            if let Some(file) = kept {
                project.write(&file, &told);
            }
        }
    }
    let shown = answered(&project.lifeboat(&["show", drill]));
    let longest = shown.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(longest <= 80, "{drill}: a line of {longest} columns: {shown}");
    assert!(!drives(&shown), "{drill}: {shown}");
}

/// What a reader of this format relies on, and that nothing in it drives a terminal.
fn is_well_formed(format: &str, told: &str, drill: &str) {
    match format {
        "md" => assert!(!spoken(told).contains("<script"), "{drill}: a name became markup"),
        "html" => assert!(!told.contains("<script>alert"), "{drill}: a name became markup"),
        "junit" | "svg" => assert!(told.starts_with('<') && !told.contains("<script"), "{drill}: a name became markup"),
        _ => drop(serde_json::from_str::<Value>(told).unwrap_or_else(|error| panic!("{drill} {format}: {error}"))),
    }
    assert!(!drives(told), "{drill} {format}: something drives a terminal");
}

/// True for what drives a terminal, or turns the direction of writing.
fn drives(told: &str) -> bool {
    told.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{2066}'])
}

/// Markdown without what is quoted as it is, and without what a backslash keeps from being markup.
fn spoken(told: &str) -> String {
    let prose: String = told.split("```").step_by(2).collect();
    prose.split('`').step_by(2).collect::<String>().replace("\\<", "")
}

#[test]
fn a_history_that_breaks_off_anywhere_is_reported_as_far_as_it_goes() {
    let project = Project::empty().unsearched();
    let story = Story::recorded();
    let kinds = story.kinds();
    assert!(kinds.len() >= 12, "{kinds:?}");
    for (place, kind) in kinds.iter().enumerate() {
        let folder = format!("torn-{place}");
        project.write(&format!("{folder}/history.jsonl"), &story.broken_off(kind, true));
        project.write(&format!("whole-{place}/history.jsonl"), &story.broken_off(kind, false));
        let told = answered(&project.lifeboat(&["report", &folder]));
        assert!(told.is_empty() == (kind == "started"), "{kind}: {told}");
        answered(&project.lifeboat(&["report", &format!("whole-{place}")]));
        if ["started", "request", "finished"].contains(&kind.as_str()) {
            in_every_format(&project, &folder);
        }
    }
}

#[test]
fn odd_drills_are_reported_in_every_format() {
    let project = Project::empty().unsearched();
    let story = Story::recorded();
    let long = "wide".repeat(1_250);
    let stories: [(&str, Story); 9] = [
        ("no-requests", story.clone().without_requests()),
        ("one-provider", story.clone().alone()),
        ("forty-workloads", story.clone().crowded(40)),
        ("markup", story.clone().named("<script>alert(1)</script>\"'&|`*_[x](y)")),
        ("escapes", story.clone().named("\u{1b}[31m\u{1b}]52;c;eA==\u{7}")),
        ("right-to-left", story.clone().named("\u{202e}שלום\u{2066}مرحبا")),
        ("long", story.clone().named(&long)),
        ("three-seconds", story.clone().lasting(3_000_000_000, 60)),
        ("three-days", story.lasting(3 * 86_400_000_000_000, 4_320)),
    ];
    for (name, story) in stories {
        project.write(&format!("{name}/history.jsonl"), &story.text());
        let begun = Instant::now();
        in_every_format(&project, name);
        assert_eq!(project.lifeboat(&["report", name]).code, Some(0), "{name} can be reported");
        assert!(begun.elapsed() < Duration::from_secs(60), "{name} took {:?}", begun.elapsed());
    }
    // A parser of XML that is not ours.
    let read = "import os,sys,xml.dom.minidom as m\nn=[m.parse(e.path) for e in os.scandir(sys.argv[1])]\nassert len(n)>=9,len(n)";
    let parsed = std::process::Command::new("python3").args(["-c", read]).arg(project.path("suites")).output().unwrap();
    assert!(parsed.status.success(), "{}", String::from_utf8_lossy(&parsed.stderr));
    let mut validator = std::process::Command::new("node");
    validator.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/valid.js")).arg(project.path("pages"));
    let output = validator.env("NODE_PATH", node("pages", &LOOKERS)).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("pages: 9"), "{said}");
}

#[test]
fn what_is_no_drill_gets_an_error_with_what_to_do() {
    let project = Project::empty().unsearched();
    let story = Story::recorded();
    let newer = story.text().replacen("\"format\":\"2.0\"", "\"format\":\"99.0\"", 1);
    project.write("newer/history.jsonl", &newer).write("empty/keep", "").write("a-file", "words\n").write("nothing/history.jsonl", "");
    project.write("no-verdict/history.jsonl", &story.text());
    std::fs::create_dir(project.path("pipe")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(project.path("pipe/history.jsonl")).status().unwrap();
    assert!(made.success());
    for (name, says) in [
        ("newer", "update lifeboat"),
        ("empty", "name a drill's folder"),
        ("a-file", "no history of a drill"),
        ("nothing", "the file is empty"),
        ("pipe", "it is not a file"),
        ("absent", "name a drill's folder"),
    ] {
        in_every_format(&project, name);
        project.lifeboat(&["report", name]).exits_with(2).says(says);
        project.lifeboat(&["show", name]).exits_with(2).says(says);
    }
    // A verdict is computed again and not read: a folder without one has its report.
    project.lifeboat(&["report", "no-verdict"]).exits_with(0);
    let minor = story.text().replacen("\"format\":\"2.0\"", "\"format\":\"2.9\"", 1);
    project.write("minor/history.jsonl", &minor);
    project.lifeboat(&["report", "minor"]).exits_with(0).says("knows format 2.4, and left out what was added since");
    project.lifeboat(&["show"]).exits_with(2).says("no project here");
}
