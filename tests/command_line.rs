//! What every command takes, and what is made from the description of the command line: completions and manual pages.

use crate::support::Project;
use std::process::Command;

#[test]
fn quiet_says_the_verdict_alone_and_colours_are_there_where_they_are_asked_for() {
    let project = Project::quick();
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill", "--quiet", "--color", "always"]);
    assert_eq!(run.stderr, "", "{run:?}");
    assert!(run.stdout.starts_with("verdict       \u{1b}[1;3"), "{run:?}");
    assert!(run.stdout.lines().skip(1).all(|line| line.starts_with(' ')), "{run:?}");
    let judged = |args: &[&str], env: &[(&str, &str)]| {
        let mut command = project.command(&[&["judge", "drill"], args].concat());
        project.run(command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").envs(env.iter().copied()))
    };
    let plain = judged(&[], &[]);
    assert!(
        plain.stdout.starts_with("verdict       ") && !plain.stdout.contains('\u{1b}') && plain.stdout.lines().count() > 4,
        "{plain:?}"
    );
    assert_eq!(plain.code, run.code, "{plain:?}");
    assert!(judged(&["-q"], &[]).stdout.lines().count() < plain.stdout.lines().count());
    assert!(judged(&["--color", "always"], &[("NO_COLOR", "1")]).stdout.contains('\u{1b}'));
    assert!(judged(&[], &[("CLICOLOR_FORCE", "1")]).stdout.contains('\u{1b}'));
    assert!(!judged(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]).stdout.contains('\u{1b}'));
    assert!(!judged(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).stdout.contains('\u{1b}'));
    // What is data stays as it is.
    let json = judged(&["--format", "json", "--quiet", "--color", "always"], &[]);
    assert!(serde_json::from_str::<serde_json::Value>(&json.stdout).unwrap().is_object());
    project.lifeboat(&["check", "--quiet"]).exits_with(0);
    assert_eq!(project.lifeboat(&["check", "--quiet"]).stderr, "");
    assert!(project.lifeboat(&["run", "nowhere.yaml", "-q"]).exits_with(2).stderr.contains("error: "), "errors are said all the same");
}

#[test]
fn a_real_bash_completes_commands_and_options() {
    let project = Project::empty();
    let script = project.lifeboat(&["completions", "bash"]);
    project.write("completions", &script.exits_with(0).stdout);
    let bash = |text: &str| {
        let done = Command::new("bash").args(["--norc", "-c", text]).current_dir(project.path("")).output().unwrap();
        assert!(done.status.success(), "{text}: {done:?}");
        String::from_utf8(done.stdout).unwrap()
    };
    bash("bash -n completions");
    assert!(bash("source ./completions; complete -p lifeboat").contains("_lifeboat"));
    let completed = |words: &str, place: usize| {
        let last = words.split(' ').next_back().unwrap().to_owned();
        let reply = bash(&format!(
            "source ./completions; COMP_WORDS=({words}); COMP_CWORD={place}; _lifeboat lifeboat '{last}' ''; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        ));
        reply.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(completed("lifeboat ru", 1), ["run"]);
    assert_eq!(completed("lifeboat run --dry", 2), ["--dry-run"]);
    assert!(completed("lifeboat --col", 1).contains(&"--color".to_owned()));
    // Those that are not for people.
    assert!(!script.stdout.contains("watchdog"));
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        assert!(project.lifeboat(&["completions", shell]).exits_with(0).stdout.contains("judge"), "{shell}");
    }
    project.lifeboat(&["completions", "cmd"]).exits_with(2).says("bash");
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let project = Project::empty();
    project.lifeboat(&["man", "man1"]).exits_with(0);
    let mut pages: Vec<String> =
        std::fs::read_dir(project.path("man1")).unwrap().map(|page| page.unwrap().file_name().into_string().unwrap()).collect();
    pages.sort();
    for page in ["lifeboat.1", "lifeboat-run.1", "lifeboat-judge.1", "lifeboat-proxy-ca.1"] {
        assert!(pages.contains(&page.to_owned()), "{pages:?}");
    }
    assert!(!pages.iter().any(|page| page.contains("watchdog") || page.contains("keep")), "{pages:?}");
    for page in &pages {
        let text = std::fs::read_to_string(project.path("man1").join(page)).unwrap();
        assert!(text.contains("\n.TH ") && text.contains("\n.SH NAME") && text.contains("\n.SH SYNOPSIS"), "{page}: {text}");
    }
    let printed = project.lifeboat(&["man"]);
    assert!(printed.exits_with(0).stdout.contains("lifeboat\\-run(1)"), "{printed:?}");
    // Where there is a reader of manual pages, it finds nothing to complain about.
    let run = project.path("man1/lifeboat-run.1");
    if let Ok(read) = Command::new("man").args(["--warnings", "-l"]).arg(&run).env("MANPAGER", "cat").env("LC_ALL", "C.UTF-8").output()
        && read.status.success()
    {
        let (said, warned) = (String::from_utf8_lossy(&read.stdout), String::from_utf8_lossy(&read.stderr));
        assert!(said.contains("--dry-run") && said.contains("SYNOPSIS"), "{said}");
        assert_eq!(warned, "");
    }
}
