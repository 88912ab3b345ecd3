//! The report as a page, as others see it: a validator of HTML, a checker of accessibility, a browser on wide and narrow screens and on paper.

use crate::support::{Project, node};
use flate2::read::GzDecoder;
use lifeboat::exercise::judge;
use lifeboat::report::{Block, DrillContext, Fact, Report, Section, SectionKind, Text, drill, execution, html};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The packages that look at pages.
pub(crate) const LOOKERS: [&str; 3] = ["html-validate@10.9.0", "axe-core@4.14.1", "playwright-core@1.65.1"];

/// The history of a stored drill, as `format-1/azure-outage`.
pub(crate) fn stored_history(drill: &str) -> String {
    history(drill)
}

fn history(drill: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/drills").join(drill).join("history.jsonl.gz");
    let mut text = String::new();
    GzDecoder::new(File::open(file).unwrap()).read_to_string(&mut text).unwrap();
    text
}

/// All stored drills, as `format-1/azure-outage`.
fn stored() -> Vec<String> {
    let drills = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/drills");
    let below = |folder: &Path| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut found: Vec<String> = below(&drills)
        .flat_map(|format| below(&format).collect::<Vec<PathBuf>>())
        .map(|path| path.strip_prefix(&drills).unwrap().display().to_string())
        .collect();
    found.sort();
    found
}

/// What is told of a history.
fn report(history: &str) -> Report {
    if history.lines().next().unwrap().contains("execution_started") {
        return execution(&lifeboat::history::read(history.as_bytes()).unwrap()).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("history.jsonl"), history).unwrap();
    let judged = judge(folder.path()).unwrap();
    drill(&judged.verdict, &judged.digest, &judged.hash, &DrillContext::default())
}

/// What somebody from outside would like to see in a page: markup, escapes of terminals, another direction of writing, no end.
fn hostile() -> String {
    let long = "x".repeat(5_000);
    format!(
        "</style></title><script>alert('title')</script><img src=x onerror=alert(1)>\"' \u{1b}[31m שלום עולם \u{202e}drah {long}\nsecond line"
    )
}

/// A drill whose title, reason and steps were written by somebody like that.
fn hostile_drill() -> Report {
    let told = serde_json::to_string(&hostile()).unwrap();
    let mut text = history("format-2.0/azure-outage");
    for name in ["Azure OpenAI stops answering", "third quarter", "ann", "See that users are failing", "staging-1"] {
        let quoted = format!("\"{name}\"");
        assert!(text.contains(&quoted), "{name}");
        text = text.replace(&quoted, &told);
    }
    let mut report = report(&text);
    // Whatever a builder lets through.
    let words = || Text::own(hostile()).then(Text::outside(hostile())).then(Text::outside(format!("`{}`", hostile())));
    let section =
        Section::new(SectionKind::Story, words()).with(Block::List(vec![words()])).with(Block::Facts(vec![Fact::of(words(), words())]));
    report.sections.push(section);
    report
}

/// A drill with as many workloads as nobody can take in at once.
fn forty_workloads() -> Report {
    let mut report = report(&history("format-1/several-workloads"));
    let of = |section: &&Section| section.kind == SectionKind::Workload;
    let (first, one) = (report.sections.iter().position(|section| of(&section)).unwrap(), report.sections.iter().find(of).unwrap().clone());
    for number in 0..38 {
        let named = Section { title: Text::own("Workload ").then(Text::outside(format!("number {number}"))), ..one.clone() };
        report.sections.insert(first + 1, named);
    }
    report
}

/// The first lines of a drill, which broke off there.
fn broken_off(lines: usize) -> Report {
    let whole = history("format-2.0/azure-outage");
    report(&whole.lines().take(lines).map(|line| format!("{line}\n")).collect::<String>())
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    said
}

/// Has a script of `tests/pages` look at these pages.
fn looked_at(script: &str, pages: &[(&str, Report)], arguments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    for (name, report) in pages {
        std::fs::write(folder.path().join(format!("{}.html", name.replace('/', "-"))), html(report)).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages").join(script);
    let mut command = Command::new("node");
    command.arg(script).arg(folder.path()).args(arguments).env("NODE_PATH", node("pages", &LOOKERS));
    let said = run(&mut command);
    assert!(said.contains(&format!("pages: {}\n", pages.len())), "{said}");
}

#[test]
fn every_page_is_valid_html() {
    let stored = stored();
    let mut pages: Vec<(&str, Report)> = stored.iter().map(|name| (name.as_str(), report(&history(name)))).collect();
    assert!(pages.len() >= 23, "{} stored drills", pages.len());
    pages.push(("hostile", hostile_drill()));
    pages.push(("forty-workloads", forty_workloads()));
    pages.push(("no-requests", broken_off(1)));
    pages.push(("broken-off", broken_off(2_000)));
    looked_at("valid.js", &pages, &[]);
}

#[test]
fn a_page_reads_on_every_screen_and_on_paper_and_loads_nothing() {
    let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].into_iter().find(|path| Path::new(path).exists()).unwrap();
    let drills = ["azure-outage", "slow-breaker", "stopped", "one-replica-forgotten-3", "several-workloads", "execution"];
    let mut pages: Vec<(&str, Report)> = drills.iter().map(|name| (*name, report(&history(&format!("format-1/{name}"))))).collect();
    pages.push(("hostile", hostile_drill()));
    pages.push(("no-requests", broken_off(1)));
    looked_at("seen.js", &pages, &[chromium]);
}

#[test]
fn a_page_is_the_same_whenever_and_wherever_it_is_written() {
    let project = Project::empty();
    for name in ["format-2.0/several-workloads", "format-1/execution"] {
        let text = history(name);
        let told = html(&report(&text));
        assert_eq!(told, html(&report(&text)), "{name}");
        project.write("drill/history.jsonl", &text);
        let mut command = project.command(&["report", "drill", "--format", "html"]);
        let run = project.run(command.env("TZ", "Asia/Kathmandu").env("LANG", "ar_EG.UTF-8").env("COLUMNS", "33"));
        run.exits_with(0);
        assert!(run.stdout == told, "{name} differs in another time zone");
    }
}

/// A program in a folder of the project's, which is all that its `PATH` leads to: it writes down what it is given, and ends so.
fn program(project: &Project, name: &str, code: i32) {
    project.write(&format!("bin/{name}"), &format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > \"${{0%/*}}/shown-by-{name}\"\nexit {code}\n"));
    std::fs::set_permissions(project.path(&format!("bin/{name}")), std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// `lifeboat report drill --open` where there are no other programs.
fn opening(project: &Project, browser: Option<&str>) -> Command {
    let mut command = project.command(&["report", "drill", "--open"]);
    command.env("PATH", project.path("bin")).env("TMPDIR", project.path("tmp"));
    for name in ["BROWSER", "DISPLAY", "WAYLAND_DISPLAY"] {
        command.env_remove(name);
    }
    if let Some(browser) = browser {
        command.env("BROWSER", browser);
    }
    command
}

#[test]
fn the_page_is_opened_from_the_drill_s_folder_or_from_a_file_of_the_user_s_own() {
    let project = Project::empty();
    project.write("drill/history.jsonl", &history("format-1/execution")).write("tmp/x", "");
    let told = html(&report(&history("format-1/execution")));
    let (page, shown) =
        (project.path("drill/report.html"), |name: &str| std::fs::read_to_string(project.path(&format!("bin/shown-by-{name}"))));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    // The user's choice, although it fails, and then the system's.
    program(&project, "chosen", 1);
    program(&project, "xdg-open", 0);
    project.run(&mut opening(&project, Some("nothing-there:chosen --new %s --wait"))).exits_with(0).says("drill/report.html");
    assert_eq!((std::fs::read_to_string(&page).unwrap() == told, mode(&page)), (true, 0o600));
    let real = |path: &str| PathBuf::from(path).canonicalize().unwrap();
    let chosen = shown("chosen").unwrap();
    let lines: Vec<&str> = chosen.lines().collect();
    assert_eq!((lines[0], real(lines[1]), lines[2]), ("--new", page.canonicalize().unwrap(), "--wait"));
    assert_eq!(real(shown("xdg-open").unwrap().trim_end()), page.canonicalize().unwrap());
    // On a screen it goes on by itself.
    program(&project, "window", 0);
    let said = project.run(opening(&project, Some("window")).env("DISPLAY", ":7"));
    assert!(said.exits_with(0).stderr.is_empty() && shown("window").is_ok(), "{}", said.stderr);
    // A link in its place is not written through; the page is somewhere else then.
    std::fs::remove_file(&page).unwrap();
    symlink(project.path("tmp/x"), &page).unwrap();
    project.run(&mut opening(&project, Some("window"))).exits_with(0).says("tmp/lifeboat-report-");
    let temporary = PathBuf::from(shown("window").unwrap().trim_end());
    assert_eq!((std::fs::read_to_string(&temporary).unwrap() == told, mode(&temporary)), (true, 0o600));
    assert_eq!(std::fs::read_to_string(project.path("tmp/x")).unwrap(), "");
    // Where nothing can open it, its path is said.
    std::fs::remove_file(&page).unwrap();
    std::fs::remove_file(project.path("bin/xdg-open")).unwrap();
    project.run(&mut opening(&project, None)).exits_with(0).says("drill/report.html").says("nothing here opens a page").says("hint: ");
}
