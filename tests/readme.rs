//! The documentation is true: every block of every README is run or parsed, every file that one names is there, and what is told twice is told alike.
//!
//! Whole drills take their time, so of those that another test plays in full only the plan is made here, and that other test must be there. The drill
//! of one's own gateway is played here, with the very files that the README shows, before a real nginx.

use crate::support::{Project, Run, wait_for};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const README: &str = include_str!("../README.md");
const SCENARIOS: &str = include_str!("../scenarios/README.md");
const RUNBOOKS: &str = include_str!("../runbooks/README.md");
const PROXY: &str = include_str!("../src/core/proxy/README.md");
const RECORDS: &str = include_str!("../src/core/import/README.md");
const SCHEDULES: &str = include_str!("../src/schedule/README.md");
const COMPARISONS: &str = include_str!("../src/compare/README.md");
const TESTS: &str = include_str!("README.md");

/// Each with the folder that it stands in.
const ALL: [(&str, &str); 14] = [
    ("", README),
    ("scenarios", SCENARIOS),
    ("runbooks", RUNBOOKS),
    ("src/core/proxy", PROXY),
    ("src/core/verdict", include_str!("../src/core/verdict/README.md")),
    ("src/core/import", RECORDS),
    ("src/evidence", include_str!("../src/evidence/README.md")),
    ("src/schedule", SCHEDULES),
    ("src/serve", include_str!("../src/serve/README.md")),
    ("src/compare", COMPARISONS),
    ("src/readiness", include_str!("../src/readiness/README.md")),
    ("src/proof", include_str!("../src/proof/README.md")),
    ("src/gateway", include_str!("../src/gateway/README.md")),
    ("tests", TESTS),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The fenced blocks of a text, each with its language.
fn fenced(text: &'static str) -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (language, after) = after.split_once('\n').unwrap();
        let (block, after) = after.split_once("```").expect("a block is closed");
        found.push((language, block));
        rest = after;
    }
    found
}

/// The blocks of one language.
fn blocks(text: &'static str, language: &str) -> Vec<&'static str> {
    fenced(text).into_iter().filter(|(of, _)| *of == language).map(|(_, block)| block).collect()
}

/// Writes the files that blocks show, each named in its first line.
fn write_files(project: &Project, text: &'static str) -> usize {
    let files = fenced(text).into_iter().filter_map(|(_, block)| Some((block.lines().next()?.strip_prefix("# ")?, block)));
    let files: Vec<_> = files.filter(|(name, _)| !name.contains(' ')).collect();
    for (name, block) in &files {
        project.write(name, block);
    }
    files.len()
}

#[test]
fn no_block_is_left_out_by_these_tests() {
    let mut count: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (folder, text) in ALL {
        for (language, _) in fenced(text) {
            *count.entry((folder, language)).or_default() += 1;
        }
    }
    // What is looked at below: a block of another language, or one more, must be given a test.
    let wanted = [
        (("", "console"), 5),
        (("", "nginx"), 1),
        (("", "text"), 2),
        (("", "yaml"), 4),
        (("runbooks", "console"), 4),
        (("runbooks", "csv"), 1),
        (("runbooks", "text"), 1),
        (("runbooks", "yaml"), 9),
        (("scenarios", "console"), 3),
        (("scenarios", "yaml"), 3),
        (("src/compare", "jsonl"), 1),
        (("src/evidence", "python"), 1),
        (("src/evidence", "text"), 1),
        // A part of an inventory, as `predicted` has it.
        (("src/gateway", "yaml"), 1),
        (("src/core/import", "json"), 1),
        (("src/core/import", "python"), 1),
        (("src/core/import", "sh"), 1),
        // Played by `proven`.
        (("src/proof", "console"), 1),
        (("src/proof", "yaml"), 1),
        (("src/core/proxy", "console"), 1),
        (("src/readiness", "text"), 2),
        (("src/schedule", "console"), 1),
        (("src/schedule", "yaml"), 1),
        (("src/serve", "console"), 3),
        (("src/serve", "yaml"), 3),
        (("src/core/verdict", "console"), 1),
        (("tests", "console"), 1),
    ];
    assert_eq!(count, BTreeMap::from(wanted));
}

#[test]
fn it_is_short() {
    let lines = README.lines().count();
    assert!(lines <= 200, "{lines} lines");
    for (folder, text) in ALL {
        let long = text.lines().find(|line| line.chars().count() > 180 && !line.starts_with('|') && !line.starts_with("  - "));
        assert_eq!(long, None, "{folder}");
    }
}

/// What is written in a text as code, and the targets of its links.
fn quoted(text: &str) -> Vec<&str> {
    let code = text.split('`').skip(1).step_by(2);
    let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    code.chain(links).collect()
}

#[test]
fn every_file_that_a_readme_names_is_there() {
    let ends = [".rs", ".md", ".yaml", ".toml", ".js", ".py", ".html", ".png"];
    // What the reader's own project has, or a drill makes.
    let readers = "runbooks/fail-over.yaml runbooks/tell.yaml runbooks/inventory.yaml inventory.yaml \
        report.md report.html findings.yaml config.yaml";
    let readers: Vec<&str> = readers.split(' ').collect();
    let mut named = 0;
    for (folder, text) in ALL {
        for word in quoted(text) {
            let is_file = ends.iter().any(|end| word.ends_with(end)) && !word.contains([' ', '…', '*', '{', '$', '#']);
            if !is_file || readers.contains(&word) {
                continue;
            }
            named += 1;
            let there = [root().join(folder).join(word), root().join(word), root().join("src/core/verdict").join(word)];
            assert!(there.iter().any(|path| path.exists()), "{folder}/README.md names {word}");
        }
        for target in quoted(text).into_iter().filter(|word| word.starts_with('#') && !word.contains(' ')) {
            let slug = |heading: &str| heading.trim_start_matches(['#', ' ']).to_lowercase().replace(' ', "-");
            assert!(text.lines().any(|line| line.starts_with('#') && slug(line) == target[1..]), "{folder}/README.md: {target}");
        }
    }
    assert!(named > 20, "{named}");
}

/// Puts a fragment's entries under the inventory's keys of the same name.
fn add_to(inventory: &str, fragment: &str) -> String {
    let mut whole = inventory.to_owned();
    let starts: Vec<usize> =
        fragment.match_indices('\n').map(|(place, _)| place + 1).filter(|place| starts_a_key(&fragment[*place..])).collect();
    for (place, start) in starts.iter().enumerate() {
        let part = &fragment[*start..starts.get(place + 1).copied().unwrap_or(fragment.len())];
        let (key, entries) = part.split_once('\n').unwrap();
        if key.ends_with(':') && whole.contains(&format!("\n{key}\n")) {
            whole = whole.replace(&format!("\n{key}\n"), &format!("\n{key}\n{entries}"));
        } else {
            whole.push_str(part);
        }
    }
    whole
}

fn starts_a_key(line: &str) -> bool {
    line.starts_with(|letter: char| letter.is_ascii_lowercase())
}

#[test]
fn the_references_yaml_is_a_project_that_validates_and_can_be_planned() {
    let project = Project::empty();
    assert_eq!((write_files(&project, SCENARIOS), write_files(&project, RUNBOOKS)), (1, 2));
    project.lifeboat(&["check"]).exits_with(0).says("1 runbook, 1 scenario");
    let plan = || project.lifeboat(&["run", "scenarios/outage.yaml", "--env", "staging", "--yes", "--dry-run"]);
    plan().exits_with(0);
    // A step stands at the end of the runbook's.
    let [step] = blocks(RUNBOOKS, "yaml").into_iter().filter(|block| block.starts_with("- name:")).collect::<Vec<_>>()[..] else {
        panic!()
    };
    let runbook = std::fs::read_to_string(project.path("runbooks/fail-over.yaml")).unwrap();
    let indented: String = step.lines().map(|line| format!("  {line}\n")).collect();
    project.write("runbooks/fail-over.yaml", &(runbook + &indented));
    plan().exits_with(0).says("5 steps");
    // Stores, issuers and a mail server with all that they can have.
    let parts: Vec<&str> =
        blocks(RUNBOOKS, "yaml").into_iter().filter(|block| block.starts_with("# in runbooks/inventory.yaml\n")).collect();
    assert_eq!(parts.len(), 4);
    let inventory = std::fs::read_to_string(project.path("runbooks/inventory.yaml")).unwrap();
    project.write("runbooks/inventory.yaml", &parts.iter().fold(inventory, |whole, part| add_to(&whole, part)));
    project.lifeboat(&["check"]).exits_with(0);
    // Traffic of several workloads stands in the place of the scenario's one.
    let [several] = blocks(SCENARIOS, "yaml").into_iter().filter(|block| block.starts_with("traffic:")).collect::<Vec<_>>()[..] else {
        panic!()
    };
    let batch = "services:\n  batch: {criticality: recoverable, providers: [azure-swedencentral, openai-eu]}\n";
    project.edit("runbooks/inventory.yaml", "\nservices:\n", &format!("\n{batch}"));
    project.write("traces/conversations.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n0,374,44\n1,396,109\n");
    let scenario = std::fs::read_to_string(project.path("scenarios/outage.yaml")).unwrap();
    let one = scenario.lines().find(|line| line.starts_with("traffic:")).unwrap();
    let [overlay] = blocks(SCENARIOS, "yaml").into_iter().filter(|block| block.starts_with("overlay:")).collect::<Vec<_>>()[..] else {
        panic!()
    };
    project.write("scenarios/outage.yaml", &(scenario.replace(one, several) + overlay));
    project.lifeboat(&["run", "scenarios/outage.yaml", "--dry-run"]).exits_with(0).says("crowd: none, it is only load");
}

#[test]
fn its_schedule_is_one_and_each_of_its_rules_is_understood() {
    let project = Project::empty();
    assert_eq!(write_files(&project, SCENARIOS) + write_files(&project, RUNBOOKS) + write_files(&project, SCHEDULES), 4);
    project.lifeboat(&["check", "schedules/support-chat.yaml"]).exits_with(0).says("1 schedule");
    for arguments in all_of(SCHEDULES, "schedule") {
        project.lifeboat(&arguments).exits_with(0).says("support-chat-quarterly");
    }
    let rows = SCHEDULES.lines().skip_while(|line| !line.starts_with("| days |")).skip(2).take_while(|line| line.starts_with('|'));
    let rules: Vec<&str> = rows.flat_map(|row| row.rsplit('|').nth(1).unwrap().split('`').skip(1).step_by(2)).collect();
    assert!(rules.len() > 10, "{rules:?}");
    for rule in rules {
        lifeboat::schedule::read_rule(rule, None).unwrap_or_else(|error| panic!("{rule}: {error:?}"));
    }
}

/// Every field that a store, an issuer or a login can have is told: those that the reader of the inventory looks for.
#[test]
fn every_field_of_stores_and_issuers_is_told() {
    let sources = [include_str!("../src/project/store.rs"), include_str!("../src/project/rotation.rs")];
    let mut fields = BTreeSet::new();
    for source in sources {
        for call in ["required(\"", "optional(\"", "words(\"", "key(\"", "url(\"", "command(\""] {
            fields.extend(source.split(call).skip(1).filter_map(|rest| rest.split_once('"')).map(|(field, _)| field));
        }
    }
    assert!(fields.len() > 20, "{fields:?}");
    // Of a step of a rotation, which is told with the steps.
    fields.remove("from");
    let untold: Vec<&&str> =
        fields.iter().filter(|field| !RUNBOOKS.contains(&format!("{field}:")) && !RUNBOOKS.contains(&format!("`{field}`"))).collect();
    assert!(untold.is_empty(), "{untold:?}");
}

#[test]
fn the_inventory_as_csv_is_one() {
    let project = Project::empty();
    write_files(&project, RUNBOOKS);
    std::fs::remove_file(project.path("runbooks/inventory.yaml")).unwrap();
    project.write("runbooks/inventory.csv", blocks(RUNBOOKS, "csv")[0]);
    project.edit("runbooks/fail-over.yaml", "owner: on-call\n", "").edit(
        "runbooks/fail-over.yaml",
        "escalate: [{after: 5m, to: on-call}]\n",
        "",
    );
    project.lifeboat(&["check"]).exits_with(0).says("2 providers, 1 service, 1 runbook");
}

/// Commands of the console blocks, each with what is shown under it.
fn commands(text: &'static str) -> Vec<(&'static str, String)> {
    let mut found: Vec<(&str, String)> = Vec::new();
    for line in blocks(text, "console").iter().flat_map(|block| block.lines()) {
        if let Some(command) = line.strip_prefix("$ ") {
            found.push((command, String::new()));
        } else {
            let shown = &mut found.last_mut().expect("a console block begins with a command").1;
            shown.push_str(line);
            shown.push('\n');
        }
    }
    found
}

/// The commands of all files.
fn all_commands() -> Vec<(&'static str, String)> {
    ALL.into_iter().flat_map(|(_, text)| commands(text)).collect()
}

/// The arguments of a command that is ours.
fn ours(command: &str) -> Option<Vec<&str>> {
    let (_, built) = command.split_once("cargo run --").map_or(("", None), |(before, rest)| (before, rest.split_once(" -- ")));
    let (_, ours) =
        built.or_else(|| command.split_once("lifeboat ").filter(|(before, _)| before.is_empty() || before.starts_with("PATH=")))?;
    Some(ours.split_whitespace().collect())
}

/// The arguments of all of them that begin with this word.
fn all_of(text: &'static str, word: &str) -> Vec<Vec<&'static str>> {
    let found: Vec<Vec<&str>> =
        commands(text).iter().filter_map(|(command, _)| ours(command)).filter(|arguments| arguments[0] == word).collect();
    assert!(!found.is_empty(), "there is no command `{word}`");
    found
}

#[test]
fn its_commands_are_words_of_the_shell_and_all_of_ours_are_run_by_a_test() {
    let commands = all_commands();
    assert!(commands.len() >= 20, "{commands:?}");
    for (command, _) in &commands {
        let status = Command::new("bash").args(["-n", "-c", command]).status().unwrap();
        assert!(status.success(), "the shell cannot parse: {command}");
    }
    // Each of these has a test of its own below; `prove` in `proven`.
    let words: BTreeSet<&str> = commands.iter().filter_map(|(command, _)| ours(command)).map(|arguments| arguments[0]).collect();
    assert_eq!(
        words,
        BTreeSet::from(["check", "doctor", "execute", "lab", "list", "prove", "proxy", "report", "run", "schedule", "serve"])
    );
}

#[test]
fn the_command_for_the_tests_is_there() {
    use std::os::unix::fs::PermissionsExt;
    for text in [README, TESTS] {
        assert!(commands(text).iter().any(|(command, _)| *command == "tests/run"));
    }
    let mode = std::fs::metadata(root().join("tests/run")).unwrap().permissions().mode();
    assert!(mode & 0o111 != 0, "tests/run is not executable: {mode:o}");
}

/// Whether a test of another file plays this scenario in this environment: both are named in it.
fn is_drilled(scenario: &str, environment: &str) -> bool {
    let name = Path::new(scenario).file_stem().unwrap().to_str().unwrap();
    let files = std::fs::read_dir(root().join("tests")).unwrap().map(|entry| entry.unwrap().path());
    let mut sources = files.filter(|path| path.extension().is_some_and(|end| end == "rs") && !path.ends_with("readme.rs"));
    sources.any(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        let named = |word: &str| text.contains(&format!("\"{word}\"")) || text.contains(&format!("/{word}.yaml\""));
        named(name) && (environment == "lab" || text.contains(&format!("\"{environment}\"")))
    })
}

#[test]
fn its_drills_can_be_planned_and_each_is_played_in_full_by_a_test() {
    let mut planned = 0;
    for ((command, shown), arguments) in all_commands().iter().filter_map(|both| Some((both, ours(both.0)?))) {
        // The drill of the reader's own gateway is played below.
        if arguments[0] != "run" || arguments[1] == "scenarios/outage.yaml" {
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
            // The hash of a plan is another with each list of prices.
            let hashless =
                |line: &str| line.split_once("sha256 ").map_or_else(|| line.to_owned(), |(before, _)| format!("{before}sha256 …"));
            assert_eq!(run.stdout.lines().map(hashless).collect::<Vec<_>>(), shown.lines().collect::<Vec<_>>(), "{command}");
        }
        planned += 1;
    }
    assert!(planned >= 10, "{planned}");
}

/// The project of the README with drills as short as its promises allow.
fn own_project() -> Project {
    let project = Project::empty();
    assert_eq!(write_files(&project, README), 5);
    project.lifeboat(&["check"]).exits_with(0);
    project.edit("scenarios/outage.yaml", "baseline: 10s", "baseline: 5s").edit("scenarios/outage.yaml", "watch: 15s", "watch: 10s");
    project
}

#[test]
fn its_files_run_in_the_lab_as_they_are_and_ask_nobody() {
    let project = own_project();
    project.lifeboat(&["run", "scenarios/outage.yaml", "--dry-run"]).exits_with(0).says("runbook     fail-over (on-detection), 2 steps");
    let run = project.run(project.command(&["run", "scenarios/outage.yaml", "--out", "drill"]).stdin(Stdio::null()));
    run.exits_with(0).says("verdict ");
    let events = project.events("drill");
    let ends: Vec<&str> = events.iter().filter_map(|event| event.get("step_finished")?["end"].as_str()).collect();
    assert_eq!(ends, ["done"; 2], "its runbook is walked");
}

/// Ends when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn started(command: &mut Command) -> Running {
    Running(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

/// Free ports one after another, below those that the system gives to whoever asks for any: nobody takes one meanwhile by chance.
fn free_ports(count: u16) -> u16 {
    let first = 10_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let is_free = |from: u16| (from..from + count).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok());
    (0..1000).map(|turn| first + turn * 10).find(|from| is_free(*from)).unwrap()
}

/// A text with other ports, each put in the place of its own in one pass.
fn elsewhere(text: &str, ports: &[(u16, u16)]) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some((place, shown, port)) =
        ports.iter().filter_map(|(shown, port)| Some((rest.find(&shown.to_string())?, shown.to_string(), port))).min()
    {
        done += &format!("{}{port}", &rest[..place]);
        rest = &rest[place + shown.len()..];
    }
    done + rest
}

#[test]
fn its_own_gateway_is_drilled_before_a_real_nginx() {
    let project = own_project();
    // On ports that are free, and nothing else is another than in the README.
    let free = free_ports(5);
    let ports: Vec<(u16, u16)> = [9101, 9102, 9201, 9202, 8080].into_iter().zip(free..).collect();
    let elsewhere = |text: &str| elsewhere(text, &ports);
    for file in ["runbooks/inventory.yaml", "gateway/nginx.conf"] {
        let text = std::fs::read_to_string(project.path(file)).unwrap();
        project.write(file, &elsewhere(&text));
    }
    let shown = commands(README);
    let line = |word: &str| elsewhere(shown.iter().find(|(command, _)| command.starts_with(word)).unwrap_or_else(|| panic!("no {word}")).0);
    let words = |line: &str| line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>();
    let arguments = words(&line("lifeboat lab"));
    let _lab = started(&mut project.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>()));
    let program = if Path::new("/usr/sbin/nginx").exists() { "/usr/sbin/nginx" } else { "nginx" };
    let mut nginx = Command::new(program);
    let _nginx = started(nginx.args(words(&line("nginx "))).args(["-g", "daemon off;"]).current_dir(project.path(".")));
    for port in [free, free + 1, free + 4] {
        wait_for("the providers and nginx", || TcpStream::connect(("127.0.0.1", port)).ok());
    }
    let (name, key) = shown.iter().find_map(|(command, _)| command.strip_prefix("export ")?.split_once('=')).unwrap();
    for (command, more) in [("lifeboat doctor", &[][..]), ("lifeboat run scenarios/outage.yaml --env", &["--out", "drill"])] {
        let arguments = words(&line(command));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
        project.run(project.command(&arguments).stdin(Stdio::null()).env(name, key)).exits_with(0);
    }
    let verdict = project.json("drill/verdict.json");
    assert_eq!(verdict["verdict"], "met", "{verdict:#}");
}

#[test]
fn its_executions_walk_a_runbook_and_go_on_with_it() {
    let project = Project::shipped();
    project.write("gateway.env", "PROVIDER=azure-swedencentral\n");
    let [rehearsal, real, resumed, rotation, rotated] = &all_of(RUNBOOKS, "execute")[..] else { panic!("there are others") };
    // Nobody's gateway is here: the rehearsal finds what is missing, and without it nothing begins.
    let service = ["--service", "support-chat"];
    project.lifeboat(&[&rehearsal[..], &service].concat()).exits_with(1).says("missing");
    project.lifeboat(&[&real[..], &service, &["--yes"]].concat()).exits_with(2);
    // The folder has the moment at which it began in its name; there is none of this name.
    project.lifeboat(resumed).exits_with(2).says("provider-outage-2a1f");
    project.lifeboat(rotation).exits_with(1).says("missing  step 2 Mint a new key").says(" missing");
    project.lifeboat(rotated).exits_with(2).says("has no value here").says("`--rehearse` finds everything that is missing");
}

#[test]
fn its_proxies_stand_and_end() {
    let project = Project::shipped();
    let [authority, forward] = &all_of(PROXY, "proxy")[..] else { panic!("there are others") };
    project.lifeboat(authority).exits_with(0);
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

/// The README's first command, against what it shows of its end.
#[test]
fn its_picture_of_the_end_has_lines_that_a_drill_prints() {
    let [_, end] = blocks(README, "text")[..] else { panic!("there are others") };
    let first = ours(commands(README)[0].0).unwrap();
    let run = Project::shipped().lifeboat(&first);
    run.exits_with(0);
    // No line is made up, and they come in this order.
    let real: Vec<&str> = run.stdout.lines().filter_map(label).collect();
    let mut rest = real.iter();
    for label in end.lines().filter_map(label) {
        assert!(rest.any(|real| *real == label), "{label:?} is not printed in its place: {real:?}\n{}", run.stdout);
    }
    assert!(run.stdout.contains("report.html"));
}

#[test]
fn its_prompts_can_be_asked() {
    let project = Project::quick();
    let [prompts] = blocks(COMPARISONS, "jsonl")[..] else { panic!("it shows prompts once") };
    project.write("prompts/support.jsonl", prompts);
    project
        .lifeboat(&["compare", "first", "second", "--prompts", "prompts/support.jsonl"])
        .exits_with(0)
        .says("Each of 2 prompts was asked once.");
}

#[test]
fn its_bare_history_can_be_judged() {
    let project = Project::empty();
    project.write("bare.json", blocks(RECORDS, "json")[0]);
    project.lifeboat(&["judge", "bare.json"]).exits_with(3).says("void");
}

#[test]
fn its_commands_for_other_tools_records_are_understood() {
    let project = Project::shipped();
    // Each is a command of several lines in a console too.
    let commands = blocks(RECORDS, "sh").concat().replace("\\\n", " ");
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
    let python = blocks(RECORDS, "python")[0];
    let status = Command::new("python3").args(["-c", "import sys; compile(sys.argv[1], 'listener', 'exec')", python]).status();
    assert!(status.unwrap().success());
}

/// What `lifeboat help` prints of topics: names in their order.
fn topics(help: &Run) -> Vec<String> {
    let (_, listed) = help.stdout.split_once("Topics of `lifeboat help TOPIC`:\n").unwrap();
    listed.lines().map_while(|line| line.strip_prefix("  ")?.split_whitespace().next().map(str::to_owned)).collect()
}

#[test]
fn each_command_of_its_table_is_there_and_none_is_left_out() {
    let project = Project::empty();
    let help = project.lifeboat(&["help"]);
    let (before, _) = help.exits_with(0).stdout.split_once("\nOptions:\n").unwrap();
    let (_, table) = README.split_once("\n## Commands\n").unwrap();
    let table = table.split("\n## ").next().unwrap().lines().filter(|line| line.starts_with("| "));
    let rows: BTreeSet<&str> =
        table.flat_map(|row| row.split("`lifeboat ").skip(1)).map(|rest| rest.split(['`', ' ']).next().unwrap()).collect();
    for name in &rows {
        project.lifeboat(&["help", name]).exits_with(0).says(&format!("lifeboat {name}"));
    }
    // Under whatever heading: a name, two blanks or more, and what it does.
    let listed: BTreeSet<&str> = before
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_once("  ").map(|(name, _)| name))
        .filter(|name| !name.is_empty() && name.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'-'))
        .collect();
    assert_eq!(rows, listed);
}

#[test]
fn help_prints_what_the_files_say_and_suggests_what_was_meant() {
    let project = Project::empty();
    let help = project.lifeboat(&["help"]);
    let topics = topics(&help);
    assert!(topics.len() > 15 && topics.contains(&"faults".to_owned()), "{topics:?}");
    for topic in &topics {
        // What follows it is from the faults' declarations.
        if topic == "faults" {
            continue;
        }
        let said = project.lifeboat(&["help", topic]);
        assert!(ALL.iter().any(|(_, text)| text.contains(said.exits_with(0).stdout.trim_end())), "{topic}: {}", said.stdout);
    }
    let faults = project.lifeboat(&["help", "faults"]).stdout;
    let (section, reference) = faults.split_once("\n\n| fault | settings |").unwrap();
    assert!(SCENARIOS.contains(section), "{section}");
    for word in lifeboat::fault::words() {
        assert!(reference.contains(&format!("\n| `{word}` |")), "{word}: {reference}");
    }
    project.lifeboat(&["help", "run"]).exits_with(0).says("Usage: lifeboat run");
    project.lifeboat(&["help", "proxy", "ca"]).exits_with(0).says("Usage: lifeboat proxy ca");
    project.lifeboat(&["help", "proxy"]).exits_with(0).says("`lifeboat help proxies` says more");
    project.lifeboat(&["help", "fautls"]).exits_with(2).says("there is no topic and no command `fautls`").says("did you mean `faults`?");
    project.lifeboat(&["help", "xyzzy"]).exits_with(2).says("hint: `lifeboat help` lists all of them");
}
