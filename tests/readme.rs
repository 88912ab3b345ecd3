//! Every block of the README is true: its YAML is a project that validates, its JSON can be judged, its commands run, and what they are said to
//! print is what they print.
//!
//! Whole drills take their time, so of those that another test plays in full only the plan is made here, and that other test must be there.

use crate::support::{Project, Run};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

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
    project.lifeboat(&["run", "scenarios/outage.yaml", "--dry-run"]).exits_with(0).says("crowd: none, it is only load");
}

#[test]
fn its_bare_history_can_be_judged() {
    let project = Project::empty();
    let documents = blocks("json");
    assert_eq!(documents.len(), 1);
    project.write("bare.json", documents[0]);
    project.lifeboat(&["judge", "bare.json"]).exits_with(3).says("void");
}

/// The arguments of a command that is ours.
fn ours(command: &str) -> Option<Vec<&str>> {
    let (_, ours) = command
        .split_once("cargo run --release -- ")
        .or_else(|| command.split_once("lifeboat ").filter(|(before, _)| before.is_empty()))?;
    Some(ours.split_whitespace().collect())
}

/// The arguments of all of them that begin with this word.
fn all_of(word: &str) -> Vec<Vec<String>> {
    let commands = commands();
    let ours = commands.iter().filter_map(|(command, _)| ours(command)).filter(|arguments| arguments[0] == word);
    let found: Vec<Vec<String>> = ours.map(|arguments| arguments.into_iter().map(str::to_owned).collect()).collect();
    assert!(!found.is_empty(), "the README has no command `{word}`");
    found
}

fn run(project: &Project, arguments: &[String]) -> Run {
    project.lifeboat(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn its_commands_are_words_of_the_shell_and_all_of_ours_are_run_by_a_test() {
    let commands = commands();
    assert!(commands.len() >= 8, "{commands:?}");
    for (command, _) in &commands {
        let status = Command::new("bash").args(["-n", "-c", command]).status().unwrap();
        assert!(status.success(), "the shell cannot parse: {command}");
    }
    // Each of these has a test of its own below.
    let words: BTreeSet<&str> = commands.iter().filter_map(|(command, _)| ours(command)).map(|arguments| arguments[0]).collect();
    assert_eq!(words, BTreeSet::from(["execute", "proxy", "run"]));
}

/// Whether a test of another file plays this scenario in this environment: both are named in it.
fn is_drilled(scenario: &str, environment: &str) -> bool {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let name = Path::new(scenario).file_stem().unwrap().to_str().unwrap();
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut sources = files.filter(|path| path.extension().is_some_and(|end| end == "rs") && !path.ends_with("readme.rs"));
    sources.any(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        let named = |word: &str| text.contains(&format!("\"{word}\"")) || text.contains(&format!("/{word}.yaml\""));
        named(name) && (environment == "lab" || text.contains(&format!("\"{environment}\"")))
    })
}

#[test]
fn its_drills_can_be_planned_and_each_is_played_in_full_by_a_test() {
    for ((command, shown), arguments) in commands().iter().filter_map(|both| Some((both, ours(&both.0)?))) {
        if arguments[0] != "run" {
            continue;
        }
        let mut plan = arguments.clone();
        if !plan.contains(&"--dry-run") {
            let environment = plan.iter().position(|word| *word == "--env").map_or("lab", |place| plan[place + 1]);
            assert!(is_drilled(plan[1], environment), "no test plays `{command}`");
            plan.push("--dry-run");
        }
        let run = Project::shipped().lifeboat(&plan);
        run.exits_with(0);
        if !shown.is_empty() {
            assert_eq!(&run.stdout, shown, "{command}");
        }
    }
}

#[test]
fn its_executions_walk_a_runbook_and_go_on_with_it() {
    let project = Project::shipped();
    // What the README takes for granted: a runbook of the reader's, here one that fails the first time.
    let steps = "  - {name: Look, run: [echo, here], timeout: 20s, reads: true}\n  - {name: Switch, run: [sh, -c, 'echo switched >> log; test -e ready'], \
                 timeout: 20s, on_failure: stop, undo: none}\n";
    let head = "version: 1\nrunbook: switch-to-standby\nstart: by-hand\nsteps:\n";
    project.write("runbooks/switch-to-standby.yaml", &format!("{head}{steps}"));
    let log = || std::fs::read_to_string(project.path("log")).unwrap_or_default();
    let [rehearsal, real, resumed, rotation, rotated] = &all_of("execute")[..] else { panic!("there are others: {:?}", all_of("execute")) };
    run(&project, rehearsal).exits_with(0).says("done     step 1 Look: here").says("skipped  step 2 Switch");
    assert!(rehearsal.contains(&"--rehearse".to_owned()) && log().is_empty(), "a rehearsal changes nothing");
    run(&project, real).exits_with(1).says("lifeboat execute --resume executions/");
    assert_eq!(log(), "switched\n");
    // The folder bears the moment at which it began.
    let (before, folder) = resumed.split_at(2);
    assert_eq!((before.join(" ").as_str(), folder.len()), ("execute --resume", 1));
    let shape = |name: &str| name.chars().map(|letter| if letter.is_ascii_hexdigit() { '0' } else { letter }).collect::<String>();
    let made: Vec<String> =
        std::fs::read_dir(project.path("executions")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(made.len(), 1, "{made:?}");
    let made = format!("executions/{}", made[0]);
    assert_eq!(shape(&made), shape(&folder[0]), "the README names folders as they are named");
    project.write("ready", "");
    project.lifeboat(&["execute", "--resume", &made]).exits_with(0).says("2/2 done");
    assert_eq!(log(), "switched\nswitched\n");
    // Here nobody's key is rotated: the rehearsal finds what is missing, and without it nothing begins.
    run(&project, rotation).exits_with(1).says("missing  step 2 Mint a new key").says(" missing");
    run(&project, rotated).exits_with(2).says("has no value here").says("`--rehearse` finds everything that is missing");
}

#[test]
fn its_proxies_stand_and_end() {
    let project = Project::shipped();
    let [authority, forward] = &all_of("proxy")[..] else { panic!("there are others: {:?}", all_of("proxy")) };
    run(&project, authority).exits_with(0);
    assert!(project.path("authority/ca.pem").exists());
    // On ports that are free.
    let arguments: Vec<String> = forward.iter().map(|word| word.replace(":8475", ":0")).collect();
    assert_ne!(&arguments, forward);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(["--api", "127.0.0.1:0"]).collect();
    let mut child = project.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut said).unwrap();
    let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    let ended = child.wait().unwrap();
    assert!(said.contains("http://") && ended.success(), "{said:?} {ended}");
}

/// The label that a line of a summary begins with.
fn label(line: &str) -> Option<&str> {
    let (label, rest) = line.split_once("  ")?;
    (!label.is_empty() && !label.starts_with(' ') && !rest.trim().is_empty()).then_some(label)
}

/// A text without what moves the cursor and colours letters.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' => {
                letters.by_ref().skip(1).find(char::is_ascii_alphabetic);
            }
            '\r' => {}
            _ => plain.push(letter),
        }
    }
    plain
}

/// The README's first command, on a terminal, against its pictures.
#[test]
fn its_pictures_have_the_lines_that_a_drill_prints() {
    let [live, end] = blocks("text")[..] else { panic!("there are others") };
    let commands = commands();
    let first = ours(&commands[0].0).unwrap();
    let project = Project::shipped();
    let on_a_terminal = "exec script -qec \"stty cols 80 rows 40; exec '$0' $*\" /dev/null";
    let run = project.run(&mut project.after(&["sh", "-c", on_a_terminal], &first));
    run.exits_with(0);
    let printed = plain(&run.stdout);
    // In the picture of the end no line is made up, and they come in this order.
    let real: Vec<&str> = printed.lines().filter_map(label).collect();
    let mut rest = real.iter();
    for label in end.lines().filter_map(label) {
        assert!(rest.any(|real| *real == label), "{label:?} is not printed in its place: {real:?}\n{printed}");
    }
    // While it runs: what is written beside the numbers.
    let words = |text: &str| -> BTreeSet<String> {
        text.split_whitespace()
            .filter(|word| word.chars().all(|letter| letter.is_alphabetic() || "-,".contains(letter)))
            .map(str::to_owned)
            .collect()
    };
    let unsaid: Vec<String> = words(live).difference(&words(&printed)).cloned().collect();
    assert!(unsaid.is_empty(), "nothing says {unsaid:?}:\n{printed}");
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
    let (listed, _) = help.exits_with(0).stdout.split_once("\nOptions:\n").unwrap();
    // Under a heading each; what goes on in a second line is indented further.
    let rows = listed.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| line.starts_with(char::is_alphabetic));
    let listed: BTreeSet<&str> = rows.filter_map(|line| line.split(' ').next()).collect();
    let rows = README.lines().filter_map(|line| line.strip_prefix("| `lifeboat "));
    let rows: BTreeSet<&str> = rows.map(|row| row.split(['`', ' ']).next().unwrap()).collect();
    assert_eq!(rows, listed);
}
