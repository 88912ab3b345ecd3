//! Which projects' commands this user has agreed to: a project may be anybody's, and a drill of it starts programs.
//!
//! What is trusted is not a folder as such but each command that its files name, with what it is given and with every file of the project that
//! it names. Whoever changes one of those is asked again, and told which. A command that names no file (`make drill`) is known by its words
//! alone: what a program reads by itself nobody can tell.
//!
//! The book of it is this user's (`trust.json` in the [state folder](crate::host::state_folder)), and nobody else may write it. One that cannot
//! be read trusts nothing.
//!
//! What this file does not do: ask anybody (`cli`), or run anything.

use crate::host::{private, regular, state_folder};
use crate::model::Executable;
use crate::units::{Explained, sha256_hex};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The variable that trusts every project, for continuous integration.
pub const TRUSTED: &str = "LIFEBOAT_TRUSTED";
/// Whether the environment of this process says so.
pub fn is_everything_trusted() -> bool {
    std::env::var(TRUSTED).is_ok_and(|value| !matches!(value.trim(), "" | "0" | "false" | "no"))
}

/// The book's name.
const BOOK: &str = "trust.json";
/// The form of the book that is written.
const VERSION: &str = "1.0";
/// The largest file whose content is looked at; a larger one that a command names is trusted with `--trusted` only.
const LARGEST: u64 = 64 << 20;

/// Why trust cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// There is no folder to keep it in.
    #[error("this user has no home folder, so nothing can be remembered")]
    Homeless,
    /// The book cannot be read, so that nothing is trusted.
    #[error("{} cannot be read, so nothing is trusted: {why}", path.display())]
    Unreadable {
        /// The book.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The book cannot be written.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// The book.
        path: PathBuf,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// A command names a file that cannot be known again.
    #[error("`{command}` names {file}, {why}")]
    Unknowable {
        /// The command.
        command: String,
        /// The file, from the project's root.
        file: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Explained for TrustError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Homeless => "name a folder of yours in LIFEBOAT_STATE, or trust this project for once with `--trusted`".into(),
            Self::Unreadable { path, .. } => {
                format!("see what happened to it; then take {} away and trust your projects again", path.display()).into()
            }
            Self::Write { .. } => "name another folder of yours in LIFEBOAT_STATE, or trust this project for once with `--trusted`".into(),
            Self::Unknowable { .. } => "trust it for once with `--trusted`, if you know what it does".into(),
        })
    }
}

/// A command as it was trusted, or as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownCommand {
    /// Where a file of the project says so.
    pub place: String,
    /// As one would type it.
    pub line: String,
    /// SHA-256 of all that is given to it.
    pub sha256: String,
    /// Of each file of the project that it names, by its path from the root, the SHA-256 of what stands in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
}

/// Whether a project's commands are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustStanding {
    /// It can start nothing, or nothing but what is trusted.
    Trusted,
    /// These have not been trusted, each with what is different from what was.
    Untrusted(Vec<(KnownCommand, Novelty)>),
}

/// How a command is different from those that are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Novelty {
    /// None of that project was ever trusted in its place.
    New,
    /// In its place stood another.
    Other(String),
    /// Its words are the same, and what it is given is not.
    Given,
    /// These files of the project that it names have changed.
    Files(Vec<String>),
}

impl Novelty {
    /// In words that follow the command; nothing of a new one.
    pub fn told(&self) -> Option<String> {
        match self {
            Self::New => None,
            Self::Other(line) => Some(format!("was `{line}`")),
            Self::Given => Some("the variables or the folder that it is given have changed".to_owned()),
            Self::Files(files) => Some(format!("changed since: {}", files.join(", "))),
        }
    }
}

/// What this user trusts.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct TrustBook {
    trust: String,
    #[serde(default)]
    projects: BTreeMap<PathBuf, TrustedProject>,
    #[serde(skip)]
    path: PathBuf,
}

/// What of one project is trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedProject {
    /// Since when, RFC 3339.
    pub since: String,
    /// Which commands.
    pub commands: Vec<KnownCommand>,
}

impl TrustBook {
    /// The book of this user; an empty one where there is none.
    ///
    /// # Errors
    /// Where there is no place for it, and where what is there cannot be relied on: then nothing is trusted.
    pub fn open() -> Result<Self, TrustError> {
        let path = state_folder().ok_or(TrustError::Homeless)?.join(BOOK);
        let unreadable = |why: String| TrustError::Unreadable { path: path.clone(), why };
        let bytes = match private::read_own(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self { path, ..Self::default() }),
            Err(error) => return Err(unreadable(error.to_string())),
        };
        let book: Self = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        if !book.trust.starts_with("1.") {
            return Err(unreadable(format!("it is of version {}, which another build of lifeboat wrote", book.trust)));
        }
        Ok(Self { path, ..book })
    }

    /// The projects of which something is trusted.
    pub fn projects(&self) -> impl Iterator<Item = (&Path, &TrustedProject)> {
        self.projects.iter().map(|(path, project)| (path.as_path(), project))
    }

    /// Whether these commands of a project are trusted.
    pub fn standing(&self, root: &Path, commands: &[KnownCommand]) -> TrustStanding {
        let nothing = Vec::new();
        let trusted = self.projects.get(&real(root)).map_or(&nothing, |project| &project.commands);
        let same = |one: &KnownCommand, other: &KnownCommand| one.sha256 == other.sha256 && one.files == other.files;
        let new: Vec<_> = commands
            .iter()
            .filter(|command| !trusted.iter().any(|known| same(known, command)))
            .map(|command| (command.clone(), novelty(command, trusted)))
            .collect();
        if new.is_empty() { TrustStanding::Trusted } else { TrustStanding::Untrusted(new) }
    }

    /// Trusts these commands of a project from `now` on, in the place of those that were trusted where each stands, or where `whole` of all.
    pub fn trust(&mut self, root: &Path, commands: Vec<KnownCommand>, now: &str, whole: bool) {
        let project = self.projects.entry(real(root)).or_default();
        now.clone_into(&mut project.since);
        let places: BTreeSet<&str> = commands.iter().map(|command| command.place.as_str()).collect();
        project.commands.retain(|known| !whole && !places.contains(known.place.as_str()));
        project.commands.extend(commands);
    }

    /// Trusts nothing of a project any more; true where something was.
    pub fn remove(&mut self, root: &Path) -> bool {
        self.projects.remove(&real(root)).is_some() || self.projects.remove(root).is_some()
    }

    /// Keeps it.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn keep(&mut self) -> Result<(), TrustError> {
        VERSION.clone_into(&mut self.trust);
        let path = self.path.clone();
        let failed = |source| TrustError::Write { path: path.clone(), source };
        if let Some(folder) = path.parent() {
            private::folder(folder).map_err(failed)?;
        }
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| failed(error.into()))?;
        text.push(b'\n');
        private::write(&path, &text).map_err(failed)
    }
}

/// Commands as they are to be known again, each once.
///
/// # Errors
/// Where one names a file that cannot be known again.
pub fn known(root: &Path, executables: &[Executable]) -> Result<Vec<KnownCommand>, TrustError> {
    let root = real(root);
    let mut all: Vec<KnownCommand> = Vec::with_capacity(executables.len());
    for each in executables {
        let Executable { place, argv, env, pass, folder } = each;
        let given = serde_json::to_vec(&(argv, env, pass, folder)).expect("lists and maps of texts are JSON");
        let command = KnownCommand { place: place.clone(), line: each.line(), sha256: sha256_hex(&given), files: files(&root, each)? };
        if !all.contains(&command) {
            all.push(command);
        }
    }
    Ok(all)
}

/// The files of the project that a command names, as they are now. What lies elsewhere is this host's.
fn files(root: &Path, executable: &Executable) -> Result<BTreeMap<String, String>, TrustError> {
    let filled = |text: &str| text.replace("${root}", &root.display().to_string());
    let folder = root.join(executable.folder.as_deref().map(filled).unwrap_or_default());
    let words = executable.argv.iter().chain(executable.env.values());
    // `--config=file` names a file as well.
    let named = words.flat_map(|word| std::iter::once(word.as_str()).chain(word.split_once('=').map(|(_, value)| value)));
    let mut found = BTreeMap::new();
    for name in named.map(filled).filter(|name| !name.is_empty()) {
        for path in [folder.join(&name), root.join(&name)] {
            let Ok(there) = path.canonicalize() else { continue };
            let told = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            let unknowable = |why: &str| TrustError::Unknowable { command: executable.line(), file: told.clone(), why: why.to_owned() };
            if !there.starts_with(root) {
                // Where a link of the project leads is the project's; what lies there is not.
                if path.starts_with(root) && path.components().all(|part| part != std::path::Component::ParentDir) {
                    found.insert(told, format!("leads to {}", there.display()));
                }
                continue;
            }
            let Ok(about) = there.metadata() else { continue };
            if about.is_dir() {
                continue;
            }
            if !about.is_file() {
                return Err(unknowable("which is no file"));
            }
            if about.len() > LARGEST {
                return Err(unknowable("which is too large to be known again"));
            }
            let mut bytes = Vec::new();
            let read = regular(&there).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
            read.map_err(|error| unknowable(&format!("which cannot be read: {error}")))?;
            found.insert(told, sha256_hex(&bytes));
        }
    }
    Ok(found)
}

fn novelty(command: &KnownCommand, trusted: &[KnownCommand]) -> Novelty {
    if let Some(same) = trusted.iter().find(|known| known.sha256 == command.sha256) {
        let changed = |(path, sha256): (&String, &String)| (same.files.get(path) != Some(sha256)).then(|| path.clone());
        let gone = same.files.keys().filter(|path| !command.files.contains_key(*path)).cloned();
        return Novelty::Files(command.files.iter().filter_map(changed).chain(gone).collect());
    }
    let mut there = trusted.iter().filter(|known| known.place == command.place);
    match there.clone().find(|known| known.line == command.line).or_else(|| there.next()) {
        None => Novelty::New,
        Some(known) if known.line == command.line => Novelty::Given,
        Some(known) => Novelty::Other(known.line.clone()),
    }
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(place: &str, argv: &[&str]) -> Executable {
        let argv = argv.iter().map(|word| (*word).to_owned()).collect();
        Executable { place: place.to_owned(), argv, env: BTreeMap::new(), pass: Vec::new(), folder: None }
    }

    fn asked(book: &TrustBook, root: &Path, commands: &[Executable]) -> Vec<(String, Novelty)> {
        match book.standing(root, &known(root, commands).unwrap()) {
            TrustStanding::Trusted => Vec::new(),
            TrustStanding::Untrusted(new) => new.into_iter().map(|(command, novelty)| (command.line, novelty)).collect(),
        }
    }

    #[test]
    fn what_was_trusted_is_and_every_change_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::write(root.join("fail-over.sh"), "echo 1").unwrap();
        let (script, plain) = (command("step 1", &["./fail-over.sh", "--to", "b"]), command("step 2", &["make", "drill"]));
        let mut book = TrustBook::default();
        let all = [script.clone(), plain.clone()];
        assert_eq!(asked(&book, root, &all).len(), 2);
        book.trust(root, known(root, &all).unwrap(), "2026-11-30T12:00:00Z", true);
        assert_eq!(asked(&book, root, &all), []);
        assert_eq!(asked(&book, root, &[]), [], "who starts nothing needs no trust");
        // A file that it names, its words, what it is given, and one more.
        std::fs::write(root.join("fail-over.sh"), "rm -rf /").unwrap();
        let changed = Novelty::Files(vec!["fail-over.sh".to_owned()]);
        assert_eq!(asked(&book, root, &all), [("./fail-over.sh --to b".to_owned(), changed.clone())]);
        assert_eq!(changed.told().unwrap(), "changed since: fail-over.sh");
        let other = command("step 2", &["make", "mischief"]);
        assert_eq!(asked(&book, root, &[other]), [("make mischief".to_owned(), Novelty::Other("make drill".to_owned()))]);
        let given = Executable { pass: vec!["AWS_SECRET".to_owned()], ..plain.clone() };
        assert_eq!(asked(&book, root, &[given]), [("make drill".to_owned(), Novelty::Given)]);
        assert_eq!(asked(&book, root, &[command("step 3", &["curl", "http://x"])]), [("curl http://x".to_owned(), Novelty::New)]);
        // A new agreement holds for what it is about.
        book.trust(root, known(root, &[script]).unwrap(), "2026-11-30T13:00:00Z", false);
        assert_eq!(asked(&book, root, &all), []);
        assert!(book.remove(root) && !book.remove(root));
        assert_eq!(asked(&book, root, &[plain]).len(), 1);
    }

    #[test]
    fn where_a_link_leads_is_known_and_what_cannot_be_known_is_told() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = folder.path();
        for name in ["one", "two"] {
            std::fs::write(elsewhere.path().join(name), "").unwrap();
        }
        let link = root.join("tool");
        std::os::unix::fs::symlink(elsewhere.path().join("one"), &link).unwrap();
        let before = known(root, &[command("step 1", &["./tool", "--config=tool"])]).unwrap();
        std::fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(elsewhere.path().join("two"), &link).unwrap();
        let after = known(root, &[command("step 1", &["./tool", "--config=tool"])]).unwrap();
        assert!(before[0].files != after[0].files && before[0].files.contains_key("tool"), "{before:?}");
        let pipe = std::process::Command::new("mkfifo").arg(root.join("pipe")).status().unwrap();
        assert!(pipe.success());
        let told = known(root, &[command("step 1", &["cat", "pipe"])]).unwrap_err();
        assert_eq!(told.to_string(), "`cat pipe` names pipe, which is no file");
    }
}
