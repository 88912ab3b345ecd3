//! What people decide about a finding, written into the `findings.yaml` of its drill, where comments and whatever else stands there stay, and then
//! into the index. The command line, the page and the API all do it here.
//!
//! What this file does not do: ask who may (`serve`), or know how the file is written (`project`).

use super::drill_store::DrillStore;
use super::error::StoreError;
use super::finding::{FindingEntry, FindingQuery};
use crate::host::private;
use crate::model::{FindingState, KeptFinding};
use crate::project::{Findings, ReviewError, ReviewFile};
use crate::run_folder::RunFile;
use crate::units::Explained;
use chrono::NaiveDate;
use std::borrow::Cow;
use std::fs::File;
use std::path::{Path, PathBuf};

/// The longest text that somebody writes about a finding, in letters.
const LONGEST: usize = 2000;

/// What is decided about a finding. What is `None` stays as it is; an empty text takes away what stands there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FindingChange {
    /// Who looks into it.
    pub owner: Option<String>,
    /// Until when: a day such as `2026-12-01`.
    pub due: Option<String>,
    /// Where it is tracked.
    pub ticket: Option<String>,
    /// What is to be said about it.
    pub notes: Option<String>,
    /// What became of it: `gone` closes it, `accepted` is for what you live with, `still-there` opens it again.
    pub state: Option<FindingState>,
}

/// Which finding is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FindingName {
    /// What it is called.
    pub id: String,
    /// What it is about, where there are several of its kind in one drill.
    pub about: Option<String>,
    /// The drill in whose file it stands; without one the newest drill in which it is open.
    pub drill: Option<String>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AssignError {
    /// No drill has it.
    #[error("there is no finding `{id}`{}", drill.as_ref().map_or_else(String::new, |drill| format!(" in {drill}")))]
    Unknown {
        /// What was asked for.
        id: String,
        /// The drill, where one was named.
        drill: Option<String>,
    },
    /// Several are meant.
    #[error("`{id}` is open in several places: {}", places.join(", "))]
    Several {
        /// What was asked for.
        id: String,
        /// The drills, or what each is about.
        places: Vec<String>,
    },
    /// Such a day there is not.
    #[error("`{0}` is no day")]
    Day(String),
    /// Longer than anybody reads.
    #[error("a text of {0} letters is too long for a finding")]
    Long(usize),
    /// Nothing was to be changed.
    #[error("nothing was to be changed")]
    Nothing,
    /// The file of findings cannot be read.
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
    /// The index cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Explained for AssignError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Unknown { .. } => Some("`lifeboat findings --all` lists them all, with their drills".into()),
            Self::Several { .. } => Some("say which with `--drill DRILL` or `--about WHAT`".into()),
            Self::Day(_) => Some("write it as in `2026-12-01`".into()),
            Self::Long(_) => Some("write the rest where it is tracked, and name that as its ticket".into()),
            Self::Nothing => Some("name an owner, a due day, a ticket or notes".into()),
            // Each finding has a hint of its own.
            Self::Broken(_) => None,
            Self::Form(error) => error.hint(),
            Self::Unwritable { .. } => Some("make room on the disk, or see who may write there".into()),
            Self::Store(error) => error.hint(),
        }
    }
}

impl DrillStore {
    /// Writes what was decided about a finding: into the file of its drill, then into the index. Returns the finding as it is then.
    ///
    /// # Errors
    /// Where there is no such finding or several, or its file cannot be read or written. The file is changed whole or not at all.
    pub async fn assign_finding(&self, root: &Path, name: &FindingName, change: FindingChange) -> Result<FindingEntry, AssignError> {
        let change = change.checked()?;
        let found = self.meant(name).await?;
        let unknown = || AssignError::Unknown { id: name.id.clone(), drill: name.drill.clone() };
        let drill = self.drill(&found.drill).await?.ok_or_else(unknown)?;
        let path = RunFile::Findings.within(&drill.folder);
        let (id, about) = (found.id.clone(), found.about.clone());
        let written = tokio::task::spawn_blocking(move || written(&path, &id, about.as_deref(), &change)).await;
        let kept = written.map_err(|_| self.failed(sqlx::Error::WorkerCrashed))??.ok_or_else(unknown)?;
        self.sync(root).await?;
        Ok(FindingEntry::of(&drill, &kept))
    }

    /// The finding that a name means.
    async fn meant(&self, name: &FindingName) -> Result<FindingEntry, AssignError> {
        let query = FindingQuery { id: Some(name.id.clone()), drill: name.drill.clone(), all: true, ..FindingQuery::default() };
        let mut found = self.findings(&query).await?;
        found.retain(|finding| name.about.is_none() || finding.about == name.about);
        // What is open comes before what is not.
        if name.drill.is_none() && found.iter().any(FindingEntry::is_open) {
            found.retain(FindingEntry::is_open);
        }
        match found.len() {
            0 => Err(AssignError::Unknown { id: name.id.clone(), drill: name.drill.clone() }),
            1 => Ok(found.remove(0)),
            _ => {
                let place = |finding: &FindingEntry| match &finding.about {
                    Some(about) => format!("{} about {about}", finding.drill),
                    None => finding.drill.clone(),
                };
                Err(AssignError::Several { id: name.id.clone(), places: found.iter().map(place).collect() })
            }
        }
    }
}

impl FindingChange {
    fn checked(self) -> Result<Self, AssignError> {
        if self == Self::default() {
            return Err(AssignError::Nothing);
        }
        let texts = [&self.owner, &self.ticket, &self.notes];
        if let Some(long) = texts.into_iter().flatten().map(|text| text.chars().count()).find(|count| *count > LONGEST) {
            return Err(AssignError::Long(long));
        }
        match self.due.as_deref().map(str::trim) {
            Some(day) if !day.is_empty() && NaiveDate::parse_from_str(day, "%Y-%m-%d").is_err() => Err(AssignError::Day(day.to_owned())),
            _ => Ok(self),
        }
    }

    fn apply(&self, finding: &mut KeptFinding) {
        let put = |place: &mut Option<String>, new: &Option<String>| {
            if let Some(new) = new {
                *place = Some(new.trim().to_owned()).filter(|new| !new.is_empty());
            }
        };
        put(&mut finding.owner, &self.owner);
        put(&mut finding.due, &self.due);
        put(&mut finding.ticket, &self.ticket);
        put(&mut finding.notes, &self.notes);
        finding.state = self.state.unwrap_or(finding.state);
    }
}

/// Changes the file; `None` where the finding is not in it any more. The folder is locked meanwhile, so that of two people who decide at once
/// neither overwrites the other.
fn written(path: &Path, id: &str, about: Option<&str>, change: &FindingChange) -> Result<Option<KeptFinding>, AssignError> {
    let unwritable = |source| AssignError::Unwritable { path: path.to_owned(), source };
    let folder = File::open(path.parent().unwrap_or(Path::new("."))).map_err(unwritable)?;
    folder.lock().map_err(unwritable)?;
    let file = ReviewFile::read(path).map_err(AssignError::Broken)?;
    let mut kept = file.kept().clone();
    let Some(finding) = kept.entries.iter_mut().find(|finding| finding.id == id && finding.about.as_deref() == about) else {
        return Ok(None);
    };
    change.apply(finding);
    let finding = finding.clone();
    let text = file.decided(&kept)?;
    private::write(path, text.as_bytes()).map_err(unwritable)?;
    Ok(Some(finding))
}
