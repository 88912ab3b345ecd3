//! The files that a drill was made of, as they were used: their hashes, and copies of them in its folder, without secrets.
//!
//! | what | its hash is of | its copy |
//! |---|---|---|
//! | inventory, scenario, runbook, included runbooks | the text that was parsed, without a byte order mark: the file itself may be another by now | of that text |
//! | the programs and settings that the command of `start:` names, such as a gateway's configuration; a workload's script or recording | what stood there right before the drill began; the program reads it by itself a little later | where it is a text of the project of at most 1 MB; of a script only with `keep: prompts` |
//!
//! What secrets are known goes out of every copy; out of the second kind also whatever looks like a key, and what stands behind a name that says a
//! secret, for nobody has checked those files. A copy that lacks something is marked as redacted, and its hash is another than that of its original,
//! which only its owner can hold against it. Of a file that may be a secret as a whole (a private key, `.env`, a password's file) nothing is kept,
//! and no hash either: what is short can be guessed by it.
//!
//! What this file does not do: read the files of the first kind (`project` has), or look into what programs read besides.

use super::listing::hash_through;
use super::manifest::{InputFile, is_within};
use crate::host::{private, regular};
use crate::model::{DrillPlan, ReadFile};
use crate::redact::{Redactor, is_secret, without_key_like};
use crate::run_folder::RunFile;
use crate::units::sha256_hex;
use std::collections::BTreeSet;
use std::io::{Read, Result};
use std::path::{Component, Path, PathBuf};

/// A text that is copied is not larger: no file of a project is.
const COPIED_MAX: u64 = 1_000_000;
/// What is hashed is not larger: a program, a recording.
const HASHED_MAX: u64 = 256 << 20;
/// How the names of settings and scripts end. Any other text may be a secret as a whole.
const SETTINGS: [&str; 18] =
    ["yaml", "yml", "json", "toml", "conf", "cfg", "ini", "properties", "xml", "hcl", "js", "mjs", "cjs", "ts", "py", "lua", "sh", "csv"];
/// So many files of a command are looked at.
const FILES: usize = 50;
/// In the place of a path that lies outside of the project.
const OUTSIDE: &str = "outside";

/// The files that what a drill starts is given: right before the drill begins.
#[derive(Debug, Default)]
pub struct StartedFiles(Vec<StartedFile>);

#[derive(Debug)]
struct StartedFile {
    path: String,
    sha256: String,
    /// What is copied.
    text: Option<String>,
}

impl StartedFiles {
    /// Those that the plan names; what cannot be read is left out, for whoever needs it says so.
    pub fn of(plan: &DrillPlan, root: &Path) -> Self {
        let started = plan.environment.start.iter().flat_map(|start| start.run.iter().chain(start.env.values()));
        let command = started.filter_map(|word| named(word, root));
        let workloads = plan.workloads.iter().map(|named| &named.workload);
        let driven = workloads.flat_map(|workload| [workload.script.clone(), workload.trace.as_ref().map(|trace| trace.file.clone())]);
        let mut paths = BTreeSet::new();
        paths.extend(command.chain(driven.flatten().map(PathBuf::from)).take(FILES));
        let mut found: Vec<StartedFile> = paths.iter().filter_map(|path| StartedFile::read(path, root)).collect();
        // What a script asks are the team's own texts.
        let scripts = plan.workloads.iter().filter_map(|named| named.workload.script.as_ref());
        let scripts: BTreeSet<String> =
            scripts.map(|script| relative(&root.join(script), root).unwrap_or_else(|| script.clone())).collect();
        for each in found.iter_mut().filter(|each| plan.keep.is_none() && scripts.contains(&each.path)) {
            each.text = None;
        }
        Self(found)
    }
}

impl StartedFiles {
    /// Their paths, from the project's root where they lie below it, and their SHA-256.
    pub fn hashes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|each| (each.path.as_str(), each.sha256.as_str()))
    }
}

/// The file that a word of a command names, if it names one: the whole word, or what follows `=`.
fn named(word: &str, root: &Path) -> Option<PathBuf> {
    let word = word.replace("${root}", &root.to_string_lossy());
    let values = [Some(word.as_str()), word.split_once('=').map(|(_, value)| value)];
    values.into_iter().flatten().find(|value| !value.is_empty() && root.join(value).is_file()).map(PathBuf::from)
}

impl StartedFile {
    fn read(path: &Path, root: &Path) -> Option<Self> {
        let whole = root.join(path);
        let file = regular(&whole).ok()?;
        let size = file.metadata().ok()?.len();
        let inside = relative(&whole, root);
        let path = inside.clone().unwrap_or_else(|| whole.to_string_lossy().into_owned());
        let is_settings = whole.extension().is_some_and(|extension| SETTINGS.iter().any(|known| extension == *known));
        if size > COPIED_MAX {
            let is_told = size <= HASHED_MAX;
            return is_told.then(|| hash_through(file).ok()).flatten().map(|(sha256, _)| Self { path, sha256, text: None });
        }
        let mut bytes = Vec::new();
        file.take(COPIED_MAX + 1).read_to_end(&mut bytes).ok()?;
        let sha256 = sha256_hex(&bytes);
        match String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')) {
            // A program.
            None => Some(Self { path, sha256, text: None }),
            Some(text) if !is_settings || text.contains("PRIVATE KEY") => None,
            Some(text) => Some(Self { path, sha256, text: inside.is_some().then_some(text) }),
        }
    }
}

/// Settings of others, without what is secret in them.
fn clean(text: &str, redactor: &Redactor) -> String {
    let text = without_key_like(&redactor.redact(text));
    text.split_inclusive('\n').map(|line| without_named(line).unwrap_or_else(|| line.to_owned())).collect()
}

/// A line without its value, where its name says that this is secret and it is no reference.
fn without_named(line: &str) -> Option<String> {
    let at = line.find([':', '='])?;
    let (name, value) = (line[..at].trim().trim_start_matches("- ").trim_matches(['"', '\'']), line[at + 1..].trim());
    let value_bare = value.trim_matches(['"', '\'', ',']);
    let is_reference =
        value_bare.is_empty() || ["os.environ/", "$", "env:", "file:", "{{", "&", "*"].iter().any(|form| value_bare.starts_with(form));
    let end = if line.ends_with('\n') { "\n" } else { "" };
    (is_secret(name) && !is_reference).then(|| format!("{}: [hidden]{end}", &line[..at]).replacen(": ", &format!("{} ", &line[at..=at]), 1))
}

/// A path from the project's root, where what it leads to lies there.
fn relative(path: &Path, root: &Path) -> Option<String> {
    let (path, root) = (path.canonicalize().ok()?, root.canonicalize().ok()?);
    path.strip_prefix(root).ok().map(|path| path.to_string_lossy().into_owned())
}

/// Copies them into a drill's folder; what the manifest says of them.
///
/// # Errors
/// Where a copy cannot be written.
pub fn keep(folder: &Path, read: &[ReadFile], started: &StartedFiles, redactor: &Redactor) -> Result<Vec<InputFile>> {
    let mut kept: Vec<InputFile> = Vec::new();
    let texts = read.iter().map(|each| (&each.file.path, &each.file.sha256, Some(redactor.redact(&each.text)), Some(&each.text)));
    let others = started.0.iter().map(|each| {
        let clean = each.text.as_ref().map(|text| clean(text, redactor));
        (&each.path, &each.sha256, clean, each.text.as_ref())
    });
    for (path, sha256, clean, text) in texts.chain(others) {
        if kept.iter().any(|known| known.path == *path && known.sha256 == *sha256) {
            continue;
        }
        let is_redacted = clean.as_ref() != text;
        let name = clean.is_some().then(|| copy_name(path, &kept));
        if let Some((name, clean)) = name.as_ref().zip(clean) {
            let place = folder.join(name);
            private::folder(place.parent().unwrap_or(folder))?;
            private::write(&place, clean.as_bytes())?;
        }
        kept.push(InputFile { path: path.clone(), sha256: sha256.clone(), copy: name, redacted: is_redacted });
    }
    Ok(kept)
}

/// Where the copy of a file goes: by its path from the project's root, and never out of the folder.
fn copy_name(path: &str, kept: &[InputFile]) -> String {
    let part = |component: Component<'_>| match component {
        Component::Normal(name) => Some(name.to_string_lossy().replace(['\0', '\\'], "_")),
        Component::ParentDir => Some("up".to_owned()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    let parts: Vec<String> = Path::new(path).components().filter_map(part).collect();
    let leads_out = Path::new(path).is_absolute() || path.split('/').any(|part| part == "..");
    let within = if leads_out { format!("{OUTSIDE}/") } else { String::new() };
    let name = format!("{}/{within}{}", RunFile::Inputs.name(), parts.join("/"));
    let name = if is_within(&name) { name } else { format!("{}/{OUTSIDE}/unnamed", RunFile::Inputs.name()) };
    let is_free = |name: &str| kept.iter().all(|known| known.copy.as_deref() != Some(name));
    let free = |number: usize| format!("{name}.{number}");
    if is_free(&name) { name } else { (2..).map(free).find(|name| is_free(name)).unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SourceFile;

    fn read(path: &str, text: &str) -> ReadFile {
        ReadFile { file: SourceFile { path: path.into(), sha256: sha256_hex(text.as_bytes()) }, text: text.into() }
    }

    #[test]
    fn copies_are_of_what_was_read_without_secrets_and_never_lie_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let redactor = Redactor::default();
        redactor.learn("the mail server", &"hunter2-hunter2".into());
        let files = [
            read("runbooks/inventory.yaml", "mail: smtp://me:hunter2-hunter2@mail.example\n"),
            read("scenarios/outage.yaml", "version: 1\n"),
            read("scenarios/outage.yaml", "version: 1\n"),
            read("../else/where.yaml", "version: 2\n"),
            read("/tmp/else/where.yaml", "version: 3\n"),
            read("/tmp/../else/where.yaml", "version: 4\n"),
        ];
        let kept = keep(folder.path(), &files, &StartedFiles::default(), &redactor).unwrap();
        let told: Vec<(Option<&str>, bool)> = kept.iter().map(|each| (each.copy.as_deref(), each.redacted)).collect();
        assert_eq!(
            told,
            [
                (Some("inputs/runbooks/inventory.yaml"), true),
                (Some("inputs/scenarios/outage.yaml"), false),
                (Some("inputs/outside/up/else/where.yaml"), false),
                (Some("inputs/outside/tmp/else/where.yaml"), false),
                (Some("inputs/outside/tmp/up/else/where.yaml"), false),
            ]
        );
        let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(!text("inputs/runbooks/inventory.yaml").contains("hunter2"), "{}", text("inputs/runbooks/inventory.yaml"));
        assert_eq!(kept[0].sha256, files[0].file.sha256, "the hash is that of what was read");
        assert_eq!(sha256_hex(text("inputs/scenarios/outage.yaml").as_bytes()), kept[1].sha256);
    }

    #[test]
    fn the_files_of_a_command_are_found_hashed_and_copied_where_they_are_texts_of_the_project() {
        let (root, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let key = format!("sk-{}", "a1B2c3D4e5F6g7H8");
        std::fs::write(
            root.path().join("gateway.yaml"),
            format!("model: gpt\nkey: {key}\nlist:\n  - api_key: hunter2\n  - api_key: os.environ/KEY\n"),
        )
        .unwrap();
        std::fs::write(root.path().join("program"), [0, 1, 2]).unwrap();
        std::fs::write(root.path().join("password.txt"), "hunter2").unwrap();
        std::fs::write(root.path().join("tls.conf"), "-----BEGIN PRIVATE KEY-----").unwrap();
        let outside = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
        std::fs::write(outside.path(), "theirs").unwrap();
        let words = [
            "./program",
            "--config=gateway.yaml",
            "${root}/gateway.yaml",
            "--port",
            "0",
            "absent.yaml",
            "password.txt",
            "tls.conf",
            outside.path().to_str().unwrap(),
        ];
        let paths: BTreeSet<PathBuf> = words.iter().filter_map(|word| named(word, root.path())).collect();
        let started = StartedFiles(paths.iter().filter_map(|path| StartedFile::read(path, root.path())).collect());
        let kept = keep(folder.path(), &[], &started, &Redactor::default()).unwrap();
        let mut told: Vec<(&str, Option<&str>, bool)> =
            kept.iter().map(|each| (each.path.as_str(), each.copy.as_deref(), each.redacted)).collect();
        told.sort_unstable();
        assert_eq!(
            told,
            [
                (outside.path().to_str().unwrap(), None, false),
                ("gateway.yaml", Some("inputs/gateway.yaml"), true),
                ("program", None, false)
            ]
        );
        let copy = std::fs::read_to_string(folder.path().join("inputs/gateway.yaml")).unwrap();
        assert_eq!(copy, "model: gpt\nkey: [hidden]\nlist:\n  - api_key: [hidden]\n  - api_key: os.environ/KEY\n");
    }
}
