//! `manifest.json` of a run's folder: what is in it, by SHA-256, what it was made of, by whom, where, and with what.
//!
//! | key | what |
//! |---|---|
//! | `manifest` | the form: a major and a minor number. A newer minor one has more keys, a newer major one is not read |
//! | `lifeboat` | the version, and the SHA-256 of the program that ran |
//! | `drill` | what the drill, the execution or the series is called |
//! | `host`, `user`, `clock` | where, by whom, and by which clock |
//! | `plan_sha256` | the hash of the plan, as it is approved and as a dry run shows it |
//! | `history` | its lines, the head of its seals, whether it was written to its end |
//! | `inputs` | the files that the plan was read from, with the hash of what was read, and their copies |
//! | `files` | every other file of the folder, with its hash, its size and its role |
//! | `sealed` | the SHA-256 of every byte before the comma that stands before this key, so that a change of the manifest itself shows |
//!
//! The last is no signature: whoever can write the folder can write a manifest that fits it. What makes that impossible is a signature or a
//! witness, and both are over this file.
//!
//! Of a file's metadata its name, its size and that it is a file count. Its mode, owner and times do not: they change whenever a folder is copied,
//! and nothing in a verdict depends on them. It lists no file that holds a key or is of use only while a run is not over, none that is made from
//! this one (signatures, the time stamp of the head), and not itself.
//!
//! What this file does not do: say whether a folder is still as it was (`verify`), or sign.

use super::chain;
use super::clock::ClockState;
use super::listing::{self, ListedKind, Listing};
use super::program::program_sha256;
use crate::host::private;
use crate::model::words;
use crate::run_folder::{FileNature, RunFile, form_in};
use crate::units::{Explained, sha256_hex};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// The major number of the form that is written and read.
const MAJOR: u32 = 1;
/// The minor number of the form that is written.
const MINOR: u32 = 0;
/// A manifest is not larger: some ten thousand files.
const BYTES_MAX: u64 = 4 << 20;
/// What stands before the last hash, and after it.
const SEAL: (&str, &str) = (",\n  \"sealed\": \"", "\"\n}\n");
const DIGITS: usize = 64;

/// Files of a folder that are made from its manifest, so that it cannot list them: signatures, and the time stamp of the history's end.
pub const LATER: [&str; 3] = ["test-result.sigstore.json", "measurement.sigstore.json", "head.tsr"];

words! {
    /// What a file is to whoever checks a folder.
    FileRole {
        /// What happened, and what it was made of.
        Record = "record",
        /// It is computed from the record, and can be made again.
        Derived = "derived",
        /// People write in it after the run.
        People = "people",
    }
}

/// What a folder holds, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form, as in `1.0`.
    pub manifest: String,
    /// What made it.
    pub lifeboat: Build,
    /// What the drill, the execution or the series is called.
    pub drill: String,
    /// The host's name, where it was known.
    pub host: Option<String>,
    /// The user.
    pub user: Option<String>,
    /// The host's clocks.
    pub clock: ClockState,
    /// The hash of the plan; of a series that of each of its drills.
    pub plan_sha256: Option<String>,
    /// The history; `None` for a series, whose drills have one each.
    pub history: Option<HistoryFacts>,
    /// What the plan was read from.
    pub inputs: Vec<InputFile>,
    /// Every file, in the order of their names.
    pub files: Vec<ListedFile>,
}

/// Which Lifeboat it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// Its version.
    pub version: String,
    /// SHA-256 of the program that ran; `None` where it could not be read.
    pub build: Option<String>,
}

/// A history in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryFacts {
    /// Its lines, seals among them.
    pub lines: u64,
    /// SHA-256 of its last seal's line.
    pub head: Option<String>,
    /// Whether it was written to its end: its last event says so, and nothing follows the last seal.
    pub complete: bool,
}

/// A file that the plan was read from, or that what it starts reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// From the project's root, or whole where it lies elsewhere.
    pub path: String,
    /// SHA-256 of what was read.
    pub sha256: String,
    /// Where its copy is in the folder; `None` where there is none: it is no text, or too large.
    pub copy: Option<String>,
    /// Whether secrets were taken out of the copy, so that its hash is another.
    pub redacted: bool,
}

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedFile {
    /// Its path within the folder, with `/` between.
    pub name: String,
    /// SHA-256 of it.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// What it is.
    pub role: FileRole,
}

/// What a manifest says besides what stands in the folder.
#[derive(Debug, Clone)]
pub struct ManifestFacts {
    /// What the run is called.
    pub drill: String,
    /// Where it ran.
    pub host: Option<String>,
    /// Who started it.
    pub user: Option<String>,
    /// By which clocks.
    pub clock: ClockState,
    /// The hash of its plan.
    pub plan_sha256: Option<String>,
    /// What that was read from.
    pub inputs: Vec<InputFile>,
}

/// A manifest that was read, and whether it is as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadManifest {
    /// What it says.
    pub manifest: Manifest,
    /// Whether it fits its own last hash.
    pub is_sealed: bool,
    /// SHA-256 of the whole file: what signatures are over.
    pub sha256: String,
}

/// Why there is no manifest that could be held against a folder.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// There is none.
    #[error("there is no {} in {}", RunFile::Manifest.name(), folder.display())]
    Absent {
        /// The folder.
        folder: PathBuf,
    },
    /// It cannot be read, or is too large, or is no file.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// It is something else.
    #[error("{} is no manifest: {problem}", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A newer Lifeboat wrote it in a form of which nothing is known here.
    #[error("{} is a manifest of form {form}, and this Lifeboat reads {MAJOR}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its form.
        form: String,
    },
    /// A file of the folder cannot be read, so that none can be made.
    #[error("cannot read {} for the manifest: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// It cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        source: std::io::Error,
    },
}

impl Explained for ManifestError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match self {
            Self::Absent { .. } => "name the folder of a drill that Lifeboat 0.2 or later has run to its end",
            Self::Unreadable { .. } | Self::File { .. } => "see who may read it, and that nothing else was put in its place",
            Self::Other { .. } => "it was changed, or never was one: get the folder again from wherever it is kept",
            Self::Newer { .. } => "verify it with the version of Lifeboat that made it, or a newer one",
            Self::Write { .. } => "make room on the disk, or see who may write there",
        }))
    }
}

impl Manifest {
    /// Its file's text.
    pub fn text(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("a manifest has text keys only");
        sealed(text.strip_suffix("\n}").unwrap_or(&text))
    }

    /// Reads that of a folder.
    ///
    /// # Errors
    /// Where there is none, or it cannot be made sense of.
    pub fn read(folder: &Path) -> Result<ReadManifest, ManifestError> {
        let path = RunFile::Manifest.within(folder);
        let bytes = match listing::bytes_of(&path, BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(ManifestError::Absent { folder: folder.to_owned() }),
            Err(_) if listing::entry(folder, &RunFile::Manifest.name()) == Some(ListedKind::Link) => {
                let source = std::io::Error::other("it is a link, which is not followed");
                return Err(ManifestError::Unreadable { path, source });
            }
            Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
                return Err(ManifestError::Other { path, problem: error.to_string() });
            }
            Err(source) => return Err(ManifestError::Unreadable { path, source }),
        };
        Self::of_bytes(&bytes, &path)
    }

    /// The manifest in these bytes of a file.
    ///
    /// # Errors
    /// As [`Manifest::read`].
    pub fn of_bytes(bytes: &[u8], path: &Path) -> Result<ReadManifest, ManifestError> {
        let other = |problem: String| ManifestError::Other { path: path.to_owned(), problem };
        #[derive(Deserialize)]
        struct Form {
            manifest: String,
        }
        // Only then is anything else of it known to have a meaning that is known here.
        let Form { manifest: form } = serde_json::from_slice(bytes).map_err(|error| other(error.to_string()))?;
        let number = form.split_once('.').and_then(|(major, minor)| Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?)));
        match number {
            Some((MAJOR, _)) => {}
            // One that is as long as this form has it, and does not fit, was changed to say so.
            Some((major, _)) if major > MAJOR && seal_of(bytes).is_some() && !is_sealed(bytes) => {
                return Err(other(format!("it says that its form is {form}, and its last line does not fit the rest of it")));
            }
            Some((major, _)) if major > MAJOR => return Err(ManifestError::Newer { path: path.to_owned(), form }),
            _ => return Err(other("its form is none that ever was".into())),
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| other(error.to_string()))?;
        let names = manifest.files.iter().map(|file| &file.name).chain(manifest.inputs.iter().filter_map(|input| input.copy.as_ref()));
        if let Some(name) = names.into_iter().find(|name| !is_within(name)) {
            return Err(other(format!("`{}` is no path within the folder", name.escape_debug())));
        }
        Ok(ReadManifest { manifest, is_sealed: is_sealed(bytes), sha256: sha256_hex(bytes) })
    }

    /// The hash of a file that it lists.
    pub fn file(&self, name: &str) -> Option<&ListedFile> {
        self.files.iter().find(|file| file.name == name)
    }
}

/// A manifest without its end, with it.
fn sealed(text: &str) -> String {
    format!("{text}{}{}{}", SEAL.0, sha256_hex(text.as_bytes()), SEAL.1)
}

/// What is sealed of a manifest, and its seal; `None` where its end has another form.
fn seal_of(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.len().checked_sub(SEAL.0.len() + DIGITS + SEAL.1.len())?;
    let (text, seal) = bytes.split_at_checked(at)?;
    (seal.starts_with(SEAL.0.as_bytes()) && seal.ends_with(SEAL.1.as_bytes())).then_some((text, seal))
}

/// Whether a manifest fits the hash at its end. There is one way to write that, to the byte.
fn is_sealed(bytes: &[u8]) -> bool {
    seal_of(bytes).is_some_and(|(text, seal)| seal[SEAL.0.len()..][..DIGITS] == *sha256_hex(text).as_bytes())
}

/// Whether a name that somebody else wrote leads nowhere but into the folder.
pub(super) fn is_within(name: &str) -> bool {
    !name.is_empty() && !name.contains(['\0', '\\']) && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// What a file is, by its path in the folder; `None` for one that no manifest lists.
pub(super) fn role_of(name: &str) -> Option<FileRole> {
    let first = name.split('/').next().unwrap_or_default();
    if first == RunFile::Inputs.name() && first != name {
        return Some(FileRole::Record);
    }
    if LATER.contains(&name) {
        return None;
    }
    let file = RunFile::of_name(name).filter(|file| file.nature() == FileNature::Evidence)?;
    match file {
        RunFile::Manifest | RunFile::Inputs | RunFile::Undo => None,
        RunFile::Verdict | RunFile::Report | RunFile::Page | RunFile::Picture => Some(FileRole::Derived),
        RunFile::Findings | RunFile::Review | RunFile::ReviewDraft | RunFile::RunbookPatch => Some(FileRole::People),
        _ => Some(FileRole::Record),
    }
}

/// Makes the manifest of a folder, and writes it there.
///
/// # Errors
/// Where a file of the folder cannot be read, or the manifest not be written.
pub fn make(folder: &Path, facts: ManifestFacts) -> Result<Manifest, ManifestError> {
    let manifest = made(folder, facts)?;
    let path = RunFile::Manifest.within(folder);
    private::write(&path, manifest.text().as_bytes()).map_err(|source| ManifestError::Write { path, source })?;
    Ok(manifest)
}

/// The manifest of a folder as it is now.
fn made(folder: &Path, facts: ManifestFacts) -> Result<Manifest, ManifestError> {
    let unreadable = |name: &str| {
        let path = folder.join(name);
        move |source| ManifestError::File { path, source }
    };
    let trials = trials_of(folder).map_err(unreadable(""))?;
    let has_own = |name: &str| name == RunFile::Undo.name() || trials.iter().any(|trial| trial == name);
    let listing = Listing::of(folder, &has_own).map_err(unreadable(""))?;
    let own = RunFile::of_history(form_in(folder)).name();
    let mut files = Vec::new();
    let mut history = None;
    for (name, kind) in &listing.entries {
        let (ListedKind::File(_), Some(role)) = (kind, role_of(name)) else { continue };
        // A copy that somebody has packed or unpacked meanwhile is not what was written.
        if *name != own && RunFile::of_name(name).is_some_and(RunFile::is_history) {
            continue;
        }
        let (sha256, bytes) = if *name == own {
            let chain = chain::of_file(&folder.join(name), None).map_err(unreadable(name))?;
            history = Some(HistoryFacts { lines: chain.lines, complete: chain.is_complete(), head: chain.head });
            (chain.sha256, chain.bytes)
        } else {
            listing::hash_of(&folder.join(name)).map_err(unreadable(name))?
        };
        files.push(ListedFile { name: name.clone(), sha256, bytes, role });
    }
    // A series is whole where each of its drills is.
    for trial in &trials {
        let name = format!("{trial}/{}", RunFile::Manifest.name());
        let (sha256, bytes) = listing::hash_of(&folder.join(&name)).map_err(unreadable(&name))?;
        files.push(ListedFile { name, sha256, bytes, role: FileRole::Record });
    }
    files.sort_by(|one, two| one.name.cmp(&two.name));
    let ManifestFacts { drill, host, user, clock, plan_sha256, inputs } = facts;
    let lifeboat = Build { version: env!("CARGO_PKG_VERSION").to_owned(), build: program_sha256() };
    Ok(Manifest { manifest: format!("{MAJOR}.{MINOR}"), lifeboat, drill, host, user, clock, plan_sha256, history, inputs, files })
}

/// Whether a folder of this name in a run's folder can be a drill of a series: those that have another meaning are none.
pub(super) fn is_trial(name: &str) -> bool {
    !name.contains('/') && RunFile::of_name(name).is_none()
}

/// The folders in a folder that have a manifest of their own, in order.
pub(super) fn trials_of(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)?.take(listing::ENTRIES) {
        let entry = entry?;
        let is_folder = entry.path().symlink_metadata().is_ok_and(|about| about.is_dir());
        if is_folder && RunFile::Manifest.within(&entry.path()).is_file() {
            names.extend(entry.file_name().into_string().ok().filter(|name| is_trial(name)));
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::super::clock::ClockReading;
    use super::*;

    fn facts() -> ManifestFacts {
        ManifestFacts {
            drill: "d".into(),
            host: Some("h".into()),
            user: None,
            clock: ClockReading::now().state(),
            plan_sha256: Some("0".repeat(64)),
            inputs: vec![],
        }
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("inputs/runbooks")).unwrap();
        for (name, text) in [
            ("history.jsonl", "{\"t\":0,\"started\":{}}\n"),
            ("verdict.json", "{}"),
            ("findings.yaml", "findings: []\n"),
            ("inputs/runbooks/inventory.yaml", "a: 1\n"),
            ("salt", "secret"),
            ("undo.json", "{}"),
            ("notes.txt", "mine"),
            ("head.tsr", "later"),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn a_manifest_lists_what_is_evidence_and_nothing_else_and_is_read_back() {
        let folder = folder();
        let made = make(folder.path(), facts()).unwrap();
        let told: Vec<(&str, FileRole)> = made.files.iter().map(|file| (file.name.as_str(), file.role)).collect();
        let record = FileRole::Record;
        assert_eq!(
            told,
            [
                ("findings.yaml", FileRole::People),
                ("history.jsonl", record),
                ("inputs/runbooks/inventory.yaml", record),
                ("verdict.json", FileRole::Derived)
            ]
        );
        assert_eq!(made.history, Some(HistoryFacts { lines: 1, head: None, complete: false }));
        assert_eq!(made.file("verdict.json").unwrap().sha256, sha256_hex(b"{}"));
        let read = Manifest::read(folder.path()).unwrap();
        assert_eq!((read.is_sealed, &read.manifest), (true, &made));
        // The same facts make the same bytes, with the manifest that is there already.
        let clock = made.clock.clone();
        let again = make(folder.path(), ManifestFacts { clock, ..facts() }).unwrap();
        assert_eq!(again.text(), made.text());
        assert!(made.text().starts_with("{\n  \"manifest\": \"1.0\",\n  \"lifeboat\": {\n    \"version\": "), "{}", made.text());
    }

    #[test]
    fn a_change_anywhere_in_a_manifest_shows() {
        let text = Manifest { host: Some("h".into()), ..make(folder().path(), facts()).unwrap() }.text();
        for place in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[place] ^= 1;
            let read = Manifest::of_bytes(&bytes, Path::new("manifest.json"));
            assert!(!read.is_ok_and(|read| read.is_sealed), "{place}: {}", String::from_utf8_lossy(&bytes));
        }
        assert!(!is_sealed(b"") && !is_sealed(b"{}\n"));
    }

    #[test]
    fn a_newer_one_and_a_hostile_one_are_refused_with_what_to_do() {
        let text = make(folder().path(), facts()).unwrap().text();
        let (whole, _) = text.rsplit_once(SEAL.0).unwrap();
        let said = |from: &str, to: &str| {
            assert!(text.contains(from), "{text}");
            let read = Manifest::of_bytes(sealed(&whole.replace(from, to)).as_bytes(), Path::new("x/manifest.json"));
            read.map_or_else(|error| crate::units::explained(&error), |_| "fine".into())
        };
        let other = Manifest::of_bytes(text.replace("\"1.0\"", "\"3.0\"").as_bytes(), Path::new("manifest.json")).unwrap_err();
        assert!(other.to_string().contains("its last line does not fit"), "one that was changed to say so: {other}");
        assert_eq!(
            said("\"1.0\"", "\"2.0\""),
            "x/manifest.json is a manifest of form 2.0, and this Lifeboat reads 1\n\nhint: verify it with the version of Lifeboat that made it, or a newer one"
        );
        assert_eq!(said("\"1.0\"", "\"1.7\""), "fine", "what a newer minor form adds is not looked at");
        assert!(said("\"1.0\"", "\"0.9\"").contains("none that ever was"));
        for name in ["../x", "/etc/passwd", "a//b", "", "a/./b", "inputs/..", "a\\\\b", "a\\u0000"] {
            assert!(said("\"verdict.json\"", &format!("\"{name}\"")).contains("is no path within the folder"), "{name}");
        }
        assert!(said("\"files\"", "\"fils\"").contains("missing field `files`"));
    }

    #[test]
    fn what_is_no_manifest_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Manifest::read(folder.path()), Err(ManifestError::Absent { .. })));
        let path = folder.path().join("manifest.json");
        std::os::unix::fs::symlink("/etc/hostname", &path).unwrap();
        assert!(Manifest::read(folder.path()).unwrap_err().to_string().ends_with("it is a link, which is not followed"));
        std::fs::remove_file(&path).unwrap();
        std::fs::File::create(&path).unwrap().set_len(BYTES_MAX + 1).unwrap();
        assert!(Manifest::read(folder.path()).unwrap_err().to_string().contains("larger than"));
    }
}
