//! A hostile project folder: somebody's repository, checked and dry-run before it is trusted. Its files lead elsewhere (other files of the
//! project, links, devices, other folders), never end, or have names and texts that would drive a terminal.

use super::bounds::{ESCAPES, bounded, drives};
use crate::support::Project;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// In every line of every file that is none of the project's business.
const CANARY: &str = "canary-of-a-foreign-file";
/// So that the canary is in the environment too, and nothing else that matters.
const ENVIRONMENT: &str = "SOMEBODYS_HOST=canary-of-a-foreign-file";
/// What stands there: lines that no parser takes, and such as it takes and finds odd, so that whatever is shown of them is seen.
const FOREIGN: [&str; 2] =
    ["DB_HOST=canary-of-a-foreign-file\nFOO_BAR: canary-of-a-foreign-file\n", "canary-of-a-foreign-file: canary-of-a-foreign-file\n"];

const COMMANDS: [&[&str]; 2] = [&["check"], &["run", "scenarios/quick.yaml", "--dry-run", "--out", "drill"]];

/// Every file that a path of a project can be led to, by what it is called in the test: the path to write.
fn foreign_paths(project: &Project, outside: &Path, text: &str) -> Vec<(&'static str, String)> {
    project.write(".env", text);
    std::fs::write(outside.join("secret.yaml"), text).unwrap();
    let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, project.path(name)).unwrap();
    link(&outside.join("secret.yaml"), "runbooks/link.yaml");
    link(outside, "runbooks/folder");
    link(Path::new("/proc/self/environ"), "runbooks/environ.yaml");
    link(Path::new("../.env"), "runbooks/inner.yaml");
    let up = "../".repeat(project.path("").components().count());
    vec![
        ("another file of the project", ".env".to_owned()),
        ("the same with steps in between", "runbooks/../.env".to_owned()),
        ("the environment", "/proc/self/environ".to_owned()),
        ("an absolute path", outside.join("secret.yaml").display().to_string()),
        ("a path upwards", format!("{up}{}", outside.join("secret.yaml").display())),
        ("a link", "runbooks/link.yaml".to_owned()),
        ("a folder that is a link", "runbooks/folder/secret.yaml".to_owned()),
        ("a link to the environment", "runbooks/environ.yaml".to_owned()),
        ("a link to another file of the project", "runbooks/inner.yaml".to_owned()),
    ]
}

/// A place of a project where a path may stand: lets it be this one.
type Place = (&'static str, fn(&Project, &str));

const PLACES: [Place; 5] = [
    ("a scenario's runbook", |project, path| {
        project.edit("scenarios/quick.yaml", "service: chat\n", &format!("service: chat\nrunbook: {path:?}\n"));
    }),
    ("a service's runbook", |project, path| {
        project.edit("runbooks/inventory.yaml", "    criticality:", &format!("    runbook: {path:?}\n    criticality:"));
    }),
    ("where a key is rotated", |project, path| {
        let credentials = format!("credentials:\n  key: {{kind: api-key, from: \"env:KEY\", rotates_in: {path:?}}}\nproviders:\n");
        project.edit("runbooks/inventory.yaml", "providers:\n", &credentials);
        project.edit("runbooks/inventory.yaml", "second: {dialect: openai,", "second: {dialect: openai, credential: key,");
    }),
    ("an included runbook", |project, path| {
        project.runbook("with-the-fault", &[&format!("include: {path:?}")]);
    }),
    ("a trace", |project, path| {
        project.edit("scenarios/quick.yaml", "rate: 50/s", &format!("trace: {path:?}"));
    }),
];

#[test]
fn no_line_of_a_foreign_file_is_shown() {
    let outside = tempfile::Builder::new().prefix("outside").tempdir().unwrap();
    let targets = foreign_paths(&Project::quick(), outside.path(), "").len();
    let mut shown = Vec::new();
    for ((place, lead), (text, number)) in PLACES
        .iter()
        .flat_map(|place| FOREIGN.iter().flat_map(|text| (0..targets).map(move |number| (text, number))).map(move |what| (place, what)))
    {
        let project = Project::quick();
        let (target, path) = foreign_paths(&project, outside.path(), text).swap_remove(number);
        lead(&project, &path);
        for command in COMMANDS {
            let run = bounded(&project, &[ENVIRONMENT], command);
            let said = run.stdout + &run.stderr;
            shown.extend(said.lines().find(|line| line.contains(CANARY)).map(|line| format!("{place}, {target}, {}: {line}", command[0])));
        }
    }
    assert!(shown.is_empty(), "{} of foreign files were shown:\n{}", shown.len(), shown.join("\n"));
}

#[test]
fn an_inventory_that_is_a_link_is_not_shown_either() {
    let outside = tempfile::Builder::new().prefix("outside").tempdir().unwrap();
    let inventories = [("runbooks/inventory.yaml", None), ("runbooks/inventory.csv", Some("runbooks/inventory.yaml"))];
    for (text, (kept, other)) in FOREIGN.iter().flat_map(|text| inventories.map(|inventory| (text, inventory))) {
        std::fs::write(outside.path().join("secret.yaml"), text).unwrap();
        let project = Project::quick();
        std::fs::remove_file(project.path(other.unwrap_or(kept))).unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret.yaml"), project.path(kept)).unwrap();
        for command in COMMANDS {
            let run = bounded(&project, &[ENVIRONMENT], command);
            assert!(!(run.stdout.contains(CANARY) || run.stderr.contains(CANARY)), "{kept}, {command:?}: {run:?}");
        }
    }
}

#[test]
fn what_never_ends_is_given_up() {
    for (place, lead) in PLACES {
        for (what, path) in [("a pipe", "runbooks/pipe.yaml"), ("a device", "runbooks/zero.yaml"), ("a huge file", "runbooks/huge.yaml")] {
            let project = Project::quick();
            lead(&project, path);
            let name = project.path(path);
            match what {
                "a pipe" => {
                    let made = std::process::Command::new("mkfifo").arg(&name).status().unwrap();
                    assert!(made.success());
                }
                "a device" => std::os::unix::fs::symlink("/dev/zero", &name).unwrap(),
                // Most of it is a hole.
                _ => std::fs::File::create(&name).unwrap().set_len(20 << 30).unwrap(),
            }
            for command in COMMANDS {
                let run = bounded(&project, &[ENVIRONMENT], command);
                assert!(run.code == Some(2) || run.code == Some(0), "{place}, {what}: {run:?}");
            }
        }
    }
}

#[test]
fn names_and_texts_do_not_drive_the_terminal() {
    let name = |folder: &str, end: &str| {
        Path::new(folder).join(std::ffi::OsStr::from_bytes(format!("{ESCAPES}{end}").replace('/', "").as_bytes()))
    };
    let quoted = serde_json::to_string(ESCAPES).unwrap().replace('\u{9b}', "\\u009b");
    type Plant<'a> = &'a dyn Fn(&Project);
    let cases: [(&str, Plant<'_>); 6] = [
        ("the name of a scenario", &|project| {
            std::fs::write(project.path("").join(name("scenarios", ".yaml")), "version: 1\nscenario: [\n").unwrap();
        }),
        ("the name of a runbook that is a folder", &|project| {
            std::fs::create_dir(project.path("").join(name("runbooks", ".yaml"))).unwrap();
        }),
        ("a path in a scenario", &|project| {
            project.edit("scenarios/quick.yaml", "service: chat\n", &format!("service: chat\nrunbook: {quoted}\n"));
        }),
        ("a title", &|project| {
            project.edit("scenarios/quick.yaml", "title: The first provider stops answering", &format!("title: {quoted}"));
        }),
        ("the name of a provider", &|project| {
            project.edit("runbooks/inventory.yaml", "  idle:", &format!("  {quoted}:"));
        }),
        ("a field that is none", &|project| {
            project.edit("scenarios/quick.yaml", "service: chat\n", &format!("service: chat\n{quoted}: 1\n"));
        }),
    ];
    let mut drove = Vec::new();
    for (what, spoil) in cases {
        for command in COMMANDS {
            let project = Project::quick();
            spoil(&project);
            let run = bounded(&project, &[ENVIRONMENT], command);
            if drives(&run.stdout) || drives(&run.stderr) {
                drove.push(format!("{what}, {}: {:?}", command[0], run.stdout + &run.stderr));
            }
        }
    }
    assert!(drove.is_empty(), "{}", drove.join("\n"));
}
