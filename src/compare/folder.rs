//! What a comparison leaves: `drills/comparisons/TIME-compare-NAMES-SEED/`, with `comparison.json` and `answers.jsonl`; reports are put beside them.
//!
//! Only its owner may read it. Prompts and answers stand in it as salted hashes, unless somebody asked for more.

use crate::evaluation::{AnswerSample, Comparison};
use crate::host::private;
use crate::units::Problem;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The file that makes a folder a comparison's.
pub const COMPARISON: &str = "comparison.json";
/// The file with every answer.
const ANSWERS: &str = "answers.jsonl";
/// The largest file that is read, in bytes.
const LARGEST: usize = 256 << 20;

/// A comparison's folder, new.
#[derive(Debug)]
pub struct ComparisonFolder(PathBuf);

/// A comparison that was read back.
#[derive(Debug)]
pub struct StoredComparison {
    /// Where it lies.
    pub folder: PathBuf,
    /// What it says.
    pub comparison: Comparison,
    /// What it was computed from.
    pub answers: Vec<AnswerSample>,
}

impl ComparisonFolder {
    /// Makes it: this one, or one of this name below the project's `drills/comparisons/`.
    ///
    /// # Errors
    /// Where it cannot be made, or holds a comparison already.
    pub fn new(root: &Path, out: Option<&Path>, name: &str) -> Result<Self, Problem> {
        // Two that begin within a second have names of their own.
        let free = || {
            let names = std::iter::once(name.to_owned()).chain((2..).map(|number| format!("{name}-{number}")));
            let mut folders = names.map(|name| comparisons(root).join(name));
            folders.find(|folder| !folder.exists()).unwrap_or_else(|| comparisons(root).join(name))
        };
        let folder = out.map_or_else(free, Path::to_owned);
        let problem = |error| {
            Problem::new(format!("cannot make the folder {}", folder.display())).caused_by(error).hint("choose another with `--out`")
        };
        if folder.join(COMPARISON).exists() {
            return Err(Problem::new(format!("{} already holds a comparison", folder.display())).hint("choose another folder with `--out`"));
        }
        private::folder(&folder).map_err(problem)?;
        Ok(Self(folder))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes the comparison and its answers.
    ///
    /// # Errors
    /// Where the disk is full or the folder gone.
    pub fn keep(&self, comparison: &Comparison, answers: &[AnswerSample]) -> Result<(), Problem> {
        let text = serde_json::to_string_pretty(comparison).expect("a comparison has text keys only") + "\n";
        let line = |answer: &AnswerSample| serde_json::to_string(answer).expect("an answer has text keys only") + "\n";
        self.write(ANSWERS, answers.iter().map(line).collect::<String>().as_bytes())?;
        self.write(COMPARISON, text.as_bytes())
    }

    /// Writes a file into it.
    ///
    /// # Errors
    /// As [`ComparisonFolder::keep`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Problem> {
        let path = self.0.join(name);
        private::write(&path, bytes).map_err(|error| {
            Problem::new(format!("cannot write {}", path.display()))
                .caused_by(error)
                .hint("make room on the disk, or choose another folder with `--out`")
        })
    }
}

fn comparisons(root: &Path) -> PathBuf {
    root.join("drills/comparisons")
}

/// Reads a comparison back.
///
/// # Errors
/// Where the folder holds none, or one that cannot be read.
pub fn read_comparison(folder: &Path) -> Result<StoredComparison, Problem> {
    let read = |name: &str| {
        let path = folder.join(name);
        let problem =
            || Problem::new(format!("{} cannot be read", path.display())).hint("name the folder of a comparison, as drills/comparisons/…");
        let bytes = crate::host::bytes_of(&path, LARGEST).map_err(|error| problem().caused_by(error))?;
        String::from_utf8(bytes).map_err(|error| problem().caused_by(error))
    };
    let wrong = |name: &str, line: usize, error: serde_json::Error| {
        let place = if line > 0 { format!("{name}:{line}") } else { name.to_owned() };
        Problem::new(format!("{} is no comparison", folder.join(place).display())).caused_by(error).hint("`lifeboat compare` makes another")
    };
    let comparison = serde_json::from_str(&read(COMPARISON)?).map_err(|error| wrong(COMPARISON, 0, error))?;
    let text = read(ANSWERS)?;
    let lines = (1..).zip(text.lines()).map(|(line, text)| serde_json::from_str(text).map_err(|error| wrong(ANSWERS, line, error)));
    Ok(StoredComparison { folder: folder.to_owned(), comparison, answers: lines.collect::<Result<_, _>>()? })
}

/// The last comparison of the project in which one of these candidates was asked; `None` where there is none.
///
/// # Errors
/// Where the last one cannot be read.
pub fn last_comparison(root: &Path, candidates: &[String]) -> Result<Option<StoredComparison>, Problem> {
    let entries = std::fs::read_dir(comparisons(root)).into_iter().flatten().flatten();
    let made = |path: &PathBuf| path.join(COMPARISON).metadata().and_then(|about| about.modified()).ok();
    let mut folders: Vec<(SystemTime, PathBuf)> = entries.map(|entry| entry.path()).filter_map(|path| Some((made(&path)?, path))).collect();
    folders.sort();
    for (_, folder) in folders.iter().rev() {
        let stored = read_comparison(folder)?;
        if stored.comparison.candidates.iter().any(|candidate| candidates.contains(&candidate.who.name)) {
            return Ok(Some(stored));
        }
    }
    Ok(None)
}
