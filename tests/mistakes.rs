//! More than fifty mistakes that people make, and exactly what `check` says of each: `tests/mistakes/README.md` tells them all, as what is
//! changed in the project beside it and what is printed then.
//!
//! With `LIFEBOAT_BLESS=1` what is printed is written into that file; it is then read by a person before it is committed.

use crate::support::Project;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes")
}

const FILES: [&str; 3] = ["runbooks/inventory.yaml", "runbooks/fail-over.yaml", "scenarios/outage.yaml"];

/// A project without a mistake in it.
fn good() -> Project {
    let project = Project::empty();
    for name in FILES {
        project.write(name, &std::fs::read_to_string(folder().join("project").join(name)).unwrap());
    }
    project
}

/// What stands in a block for letters that nobody sees.
fn letters(text: &str) -> String {
    let mut parts = text.split("\\u{");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('}').unwrap();
        whole.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        whole.push_str(rest);
    }
    whole.replace("\\t", "\t").replace("\\r", "\r")
}

/// Does what a block says: `diff FILE`, `yaml new FILE`, `text remove FILE`.
fn change(project: &Project, info: &str, block: &str) {
    match info.split(' ').collect::<Vec<_>>().as_slice() {
        ["diff", file] => {
            let side = |mark: char| -> String {
                let lines = block.lines().filter(|line| line.starts_with([' ', mark]));
                letters(&lines.map(|line| format!("{}\n", &line[1..])).collect::<String>())
            };
            project.edit(file, &side('-'), &side('+'));
        }
        [_, "new", file] => _ = project.write(file, &letters(block)),
        [_, "remove", file] => std::fs::remove_file(project.path(file)).unwrap(),
        other => panic!("{other:?} says nothing that can be done"),
    }
}

/// What a command prints in a changed project, as the document has it.
fn printed(project: &Project, command: &str) -> String {
    let run = project.lifeboat(&command.split(' ').skip(1).collect::<Vec<_>>());
    let today = chrono::Local::now().format("%Y-%m-%d").to_string();
    let code = run.code.unwrap();
    format!("$ {command}   # exit code {code}\n{}{}", run.stdout, run.stderr).trim_end().replace(&today, "TODAY") + "\n"
}

#[test]
fn fifty_mistakes_are_told_in_these_words() {
    let path = folder().join("README.md");
    let document = std::fs::read_to_string(&path).unwrap();
    assert_eq!(good().lifeboat(&["check"]).exits_with(0).stdout, "", "the project is good as it is");
    let (mut now, mut wrong, mut count) = (String::new(), String::new(), 0);
    for (place, section) in document.split_inclusive("\n## ").enumerate() {
        let mut project = (place > 0).then(good);
        let mut parts = section.split("```");
        now.push_str(parts.next().unwrap());
        while let (Some(block), Some(after)) = (parts.next(), parts.next()) {
            let (info, block) = block.split_once('\n').unwrap();
            let mut block = block.to_owned();
            match project.take_if(|_| info == "console") {
                Some(project) => {
                    let command = block.lines().next().unwrap()[2..].split("   #").next().unwrap().to_owned();
                    let printed = printed(&project, &command);
                    if printed != block {
                        let title = section.lines().next().unwrap_or_default();
                        writeln!(wrong, "# {title}\n{printed}").unwrap();
                    }
                    (block, count) = (printed, count + 1);
                }
                None => project.iter().for_each(|project| change(project, info, &block)),
            }
            write!(now, "```{info}\n{block}```{after}").unwrap();
        }
    }
    if std::env::var_os("LIFEBOAT_BLESS").is_some() {
        std::fs::write(&path, now).unwrap();
    }
    assert!(count >= 50, "{count} mistakes");
    assert!(wrong.is_empty(), "these are told in other words now (LIFEBOAT_BLESS=1 writes them into {}):\n{wrong}", path.display());
}
