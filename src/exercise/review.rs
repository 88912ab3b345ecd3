//! A drill's `findings.yaml`: read, compared with that of the newest drill of its scenario before it, and written, so that what people wrote beside
//! findings goes on from drill to drill.
//!
//! What this file does not do: say what became of a finding (`report`), or know how the file is written (`project`).

use crate::history::Started;
use crate::host::private;
use crate::model::KeptFindings;
use crate::project::{Findings, ReviewError, ReviewFile};
use crate::report::{Digest, kept_findings};
use crate::run_folder::RunFile;
use crate::units::Explained;
use crate::verdict::Verdict;
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// So many folders beside a drill's are looked at.
const FOLDERS: usize = 20_000;
/// So much of a file is looked at to see whose it is.
const HEAD: u64 = 8_192;

/// Why findings cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum ReviewProblem {
    /// A file of findings cannot be read. It may be that of the drill before.
    #[error("what was kept of findings cannot be read\n\n{0}")]
    Broken(Findings),
    /// It can, and cannot be changed without touching what people wrote.
    #[error(transparent)]
    Form(#[from] ReviewError),
    /// It cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        source: std::io::Error,
    },
}

impl Explained for ReviewProblem {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            // Each finding has a hint of its own.
            Self::Broken(_) => None,
            Self::Form(error) => error.hint(),
            Self::Unwritable { .. } => Some("make room on the disk, or see who may write there".into()),
        }
    }
}

/// What was kept of findings before this drill's report: its own file, else that of the newest drill of its scenario and environment before it.
///
/// # Errors
/// Where that file is there and cannot be read.
pub fn review_of(folder: &Path, digest: &Digest) -> Result<Option<ReviewFile>, ReviewProblem> {
    let own = RunFile::Findings.within(folder);
    let path = if own.is_file() { Some(own) } else { digest.started().and_then(|started| before(folder, started)) };
    path.map(|path| ReviewFile::read(&path)).transpose().map_err(ReviewProblem::Broken)
}

/// Writes what this drill showed into its `findings.yaml`, and changes nothing there that people wrote.
///
/// # Errors
/// Where what was kept cannot be read, or the file not be written.
pub fn keep_findings(folder: &Path, verdict: &Verdict, digest: &Digest) -> Result<(), ReviewProblem> {
    let before = review_of(folder, digest)?;
    let new = kept_findings(verdict, digest, before.as_ref().map(ReviewFile::kept));
    let text = before.map_or_else(|| Ok(ReviewFile::fresh(&new)), |before| before.updated(&new))?;
    let path = RunFile::Findings.within(folder);
    private::write(&path, text.as_bytes()).map_err(|source| ReviewProblem::Unwritable { path, source })
}

/// All files of findings in a folder of drills, or that of one drill, the oldest first; of each drill the folder's name.
///
/// # Errors
/// Where one of them cannot be read.
pub fn reviews_in(folder: &Path) -> Result<Vec<(String, KeptFindings)>, ReviewProblem> {
    let own = RunFile::Findings.within(folder);
    let mut files: Vec<PathBuf> = if own.is_file() { vec![own] } else { beside(folder) };
    files.sort();
    let mut read = Vec::new();
    for path in files {
        let name = path.parent().and_then(Path::file_name).map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let file = ReviewFile::read(&path).map_err(ReviewProblem::Broken)?;
        read.push((name, file.kept().clone()));
    }
    read.sort_by_key(|(_, kept)| kept.started.as_deref().and_then(moment));
    Ok(read)
}

/// The files of findings in the folders of this folder.
fn beside(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(FOLDERS);
    entries.map(|entry| RunFile::Findings.within(&entry.path())).filter(|path| path.is_file()).collect()
}

/// The file of the newest drill of this scenario and environment that began before this one.
fn before(folder: &Path, started: &Started) -> Option<PathBuf> {
    let whole = folder.canonicalize().ok()?;
    let until = moment(&started.wall_clock)?;
    let newest = beside(whole.parent()?).into_iter().filter(|path| path.parent() != Some(&whole)).filter_map(|path| {
        let head = Head::of(&path)?;
        let is_one = head.scenario == started.plan.scenario.name && head.environment == started.plan.environment_name;
        let began = moment(&head.started).filter(|began| is_one && *began < until)?;
        Some((began, path))
    });
    newest.max().map(|(_, path)| path)
}

/// Whose file it is, by its first lines: a file that somebody broke further down is still that of its drill.
struct Head {
    scenario: String,
    environment: String,
    started: String,
}

impl Head {
    fn of(path: &Path) -> Option<Self> {
        let lines = BufReader::new(File::open(path).ok()?.take(HEAD)).lines().map_while(Result::ok);
        let mut head = Self { scenario: String::new(), environment: String::new(), started: String::new() };
        for line in lines {
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim().trim_matches(['"', '\'']).to_owned();
            match key {
                "scenario" => head.scenario = value,
                "environment" => head.environment = value,
                "started" => head.started = value,
                "findings" => break,
                _ => {}
            }
        }
        Some(head)
    }
}

/// Nanoseconds since 1970.
fn moment(text: &str) -> Option<i64> {
    chrono::DateTime::parse_from_rfc3339(text).ok()?.timestamp_nanos_opt()
}
