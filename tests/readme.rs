//! Every block of the README is true: its YAML is a project that validates, its JSON can be judged, its commands run or at least parse, and what
//! they are said to print is what they print.

use crate::support::Project;
use std::collections::BTreeSet;
use std::process::Command;

const README: &str = include_str!("../README.md");

/// The fenced blocks of one language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    README.match_indices(&fence).map(|(place, _)| README[place + fence.len()..].split("```").next().unwrap()).collect()
}

/// Commands of the console blocks, each with what is shown under it.
fn commands() -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in blocks("console").iter().flat_map(|block| block.lines()) {
        if let Some(command) = line.strip_prefix("$ ") {
            found.push((command.to_owned(), String::new()));
        } else {
            let shown = &mut found.last_mut().expect("a console block begins with a command").1;
            shown.push_str(line);
            shown.push('\n');
        }
    }
    found
}

#[test]
fn its_yaml_is_a_project_that_validates_and_can_be_planned() {
    let project = Project::empty();
    let (several, rest): (Vec<&str>, Vec<&str>) = blocks("yaml").into_iter().partition(|block| block.starts_with("traffic:"));
    let (steps, files): (Vec<&str>, Vec<&str>) = rest.into_iter().partition(|block| block.starts_with("- name:"));
    assert_eq!((several.len(), steps.len(), files.len()), (1, 1, 3));
    for file in files {
        let name = file.lines().next().and_then(|line| line.strip_prefix("# ")).expect("each block names its file");
        project.write(name, file);
    }
    project.lifeboat(&["check"]).exits_with(0).says("1 runbook, 1 scenario");
    project.lifeboat(&["run", "scenarios/outage.yaml", "--env", "staging", "--yes", "--dry-run"]).exits_with(0);
    // A step stands at the end of the runbook's.
    let runbook = std::fs::read_to_string(project.path("runbooks/fail-over.yaml")).unwrap();
    let step: String = steps[0].lines().map(|line| format!("  {line}\n")).collect();
    project.write("runbooks/fail-over.yaml", &(runbook + &step));
    project.lifeboat(&["run", "scenarios/outage.yaml", "--env", "staging", "--yes", "--dry-run"]).exits_with(0).says("5 steps");
    // Traffic of several workloads stands in the place of the scenario's one.
    let batch = "services:\n  batch: {criticality: recoverable, providers: [azure-swedencentral, openai-eu]}\n";
    project.edit("runbooks/inventory.yaml", "services:\n", batch);
    project.write("traces/conversations.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n0,374,44\n1,396,109\n");
    let scenario = std::fs::read_to_string(project.path("scenarios/outage.yaml")).unwrap();
    let one = scenario.lines().find(|line| line.starts_with("traffic:")).unwrap();
    project.write("scenarios/outage.yaml", &scenario.replace(one, several[0]));
    project.lifeboat(&["run", "scenarios/outage.yaml", "--dry-run"]).exits_with(0).says("crowd: none, it is pure load");
}

#[test]
fn its_bare_history_can_be_judged() {
    let project = Project::empty();
    let documents = blocks("json");
    assert_eq!(documents.len(), 1);
    project.write("bare.json", documents[0]);
    project.lifeboat(&["judge", "bare.json"]).exits_with(3).says("void");
}

#[test]
fn its_commands_run_and_print_what_it_shows() {
    let commands = commands();
    assert!(commands.len() >= 8, "{commands:?}");
    for (command, shown) in &commands {
        let status = Command::new("bash").args(["-n", "-c", command]).status().unwrap();
        assert!(status.success(), "the shell cannot parse: {command}");
        let ours = command.split_once("cargo run --release -- ").map(|(_, rest)| rest).or_else(|| command.strip_prefix("lifeboat "));
        let Some(ours) = ours else { continue };
        let mut arguments: Vec<&str> = ours.split_whitespace().collect();
        // Whole drills are other tests' business; that the words are right is this one's.
        if arguments[0] == "run" && !arguments.contains(&"--dry-run") {
            arguments.push("--dry-run");
        }
        if arguments[0] == "execute" || arguments[0] == "proxy" && arguments[1] != "ca" {
            // The one does what it says to a system that is not there; the other would stand until it is told to end.
            arguments.push("--help");
        }
        let run = Project::shipped().lifeboat(&arguments);
        run.exits_with(0);
        if !shown.is_empty() {
            assert_eq!(&run.stdout, shown, "{command}");
        }
    }
}

#[test]
fn its_picture_has_the_lines_that_a_drill_prints() {
    let picture = blocks("text").concat();
    for label in
        ["fault ", "runbook ", "verdict ", "cutover ", "restore ", "failback ", "requests ", "history ", "verdict.json ", "report "]
    {
        assert!(picture.lines().any(|line| line.trim_start().starts_with(label)), "the picture has no line {label:?}");
    }
}

#[test]
fn its_commands_for_other_tools_records_are_understood() {
    let project = Project::shipped();
    let commands = blocks("sh").concat().replace("\\\n", " ");
    assert!(commands.lines().count() >= 2);
    for command in commands.lines() {
        let mut shell = Command::new("bash");
        shell.args(["-c", &format!("lifeboat() {{ \"$LIFEBOAT\" \"$@\"; }}; {command}")]).current_dir(project.path("."));
        // Everything was understood, down to the scenario and its providers: only the record is not there.
        project.run(shell.env("LIFEBOAT", env!("CARGO_BIN_EXE_lifeboat"))).exits_with(2).says("cannot read ").says("No such file");
    }
}

#[test]
fn its_listener_for_locust_can_be_compiled() {
    let status = Command::new("python3").args(["-c", "import sys; compile(sys.argv[1], 'listener', 'exec')", blocks("python")[0]]).status();
    assert!(status.unwrap().success());
}

#[test]
fn each_of_its_commands_and_only_these_are_in_its_table() {
    let help = Project::empty().lifeboat(&["--help"]);
    let (_, listed) = help.exits_with(0).stdout.split_once("Commands:\n").unwrap();
    let listed: BTreeSet<&str> = listed.lines().map_while(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect();
    let rows = README.lines().filter_map(|line| line.strip_prefix("| `lifeboat "));
    let rows: BTreeSet<&str> = rows.map(|row| row.split(['`', ' ']).next().unwrap()).collect();
    assert_eq!(rows, listed);
}
