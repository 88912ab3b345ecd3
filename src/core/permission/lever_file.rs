//! A lever that is a file: where it is there, drills are stopped. It works where no program of ours runs, and takes a look a moment.
//!
//! ```json
//! {"lever": 1, "by": "ada@ops-1", "since": "2026-11-30T12:00:00+01:00", "reason": "the database is being moved"}
//! ```
//!
//! Whatever else stands there counts as pulled as well, be it unreadable, cut, another user's or no file at all: a lever is for the moment in which
//! something is wrong, and then no drill runs until somebody has looked. Each pull and each lift is a line in `levers.jsonl` beside it.

use super::pulled_lever::{LeverNote, PulledLever};
use super::who::{me, now};
use crate::host::{self, private};
use crate::units::Explained;
use serde::Serialize;
use std::borrow::Cow;
use std::fs::File;
use std::io::{Error, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// So much of one is read, in bytes.
const LARGEST: u64 = 64 << 10;
/// The name of a lever that nobody named.
const NAME: &str = "lever.json";
/// Who pulled and lifted the levers of a folder.
const LOG: &str = "levers.jsonl";

/// A lever's file, and what lifts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeverFile {
    /// Where it is.
    pub path: PathBuf,
    /// What to type to lift it.
    pub lifted_by: String,
}

/// Why a lever cannot be pulled or lifted.
#[derive(Debug, thiserror::Error)]
#[error("the lever {} cannot be {what}: {source}", path.display())]
pub struct LeverError {
    path: PathBuf,
    what: &'static str,
    source: Error,
}

impl Explained for LeverError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self.what {
            "pulled" => "stop a running drill with Ctrl-C in its terminal; see who may write in that folder".into(),
            _ => format!("ask its owner, or take {} away by hand", self.path.display()).into(),
        })
    }
}

/// A line of the log beside a lever.
#[derive(Debug, Serialize)]
struct LogLine<'a> {
    at: String,
    what: &'static str,
    by: String,
    reason: &'a str,
}

impl LeverFile {
    /// That of a project: it stops the drills of this project.
    pub fn of_project(root: &Path) -> Self {
        Self { path: root.join("drills").join(NAME), lifted_by: "lifeboat resume".to_owned() }
    }

    /// That of this user on this host: it stops the drills of every project. `None` where this user has no place for it.
    pub fn of_user() -> Option<Self> {
        Some(Self { path: host::state_folder()?.join(NAME), lifted_by: "lifeboat resume --all".to_owned() })
    }

    /// That of an environment, which names it.
    pub fn of_environment(root: &Path, file: &str, environment: &str) -> Self {
        Self { path: root.join(file), lifted_by: format!("lifeboat resume --env {environment}") }
    }

    /// Pulls it. One that is pulled already stays as it is, and is handed back.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn pull(&self, note: &LeverNote) -> Result<Option<PulledLever>, LeverError> {
        if let Some(pulled) = self.pulled() {
            return Ok(Some(pulled));
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let text = serde_json::to_vec_pretty(note).unwrap_or_default();
        let written = private::folder(folder).and_then(|()| private::write(&self.path, &[&text[..], b"\n"].concat()));
        written.map_err(|source| self.error("pulled", source))?;
        self.log("pulled", &note.reason);
        Ok(None)
    }

    /// Lifts it; what it said, where it was pulled.
    ///
    /// # Errors
    /// Where it cannot be taken away.
    pub fn lift(&self, reason: &str) -> Result<Option<PulledLever>, LeverError> {
        let Some(pulled) = self.pulled() else { return Ok(None) };
        std::fs::remove_file(&self.path).map_err(|source| self.error("lifted", source))?;
        self.log("lifted", reason);
        Ok(Some(pulled))
    }

    /// What there is to say where it is pulled, `None` where it is not.
    pub fn pulled(&self) -> Option<PulledLever> {
        let whole = |note: Option<LeverNote>, trouble: Option<String>| PulledLever {
            place: self.path.display().to_string(),
            note,
            trouble,
            lifted_by: self.lifted_by.clone(),
        };
        match self.read() {
            Ok(None) => None,
            Ok(Some((note, owner))) => Some(whole(Some(note), strange(owner))),
            Err(why) => Some(whole(None, Some(why))),
        }
    }

    /// What stands in it, and whose it is; `None` where there is none.
    fn read(&self) -> Result<Option<(LeverNote, u32)>, String> {
        let about = match self.path.symlink_metadata() {
            Ok(about) => about,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(format!("cannot be looked at ({error})")),
        };
        if !about.is_file() {
            return Err("is not a file".to_owned());
        }
        let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits().cast_signed();
        let opened = File::options().read(true).custom_flags(flags).open(&self.path);
        let mut bytes = Vec::new();
        match opened.and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)) {
            Ok(_) => {}
            // It was lifted in this moment.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("cannot be read ({error}){}", owned(about.uid()))),
        }
        if bytes.len() as u64 > LARGEST {
            return Err(format!("holds more than {LARGEST} bytes, which is no lever{}", owned(about.uid())));
        }
        match serde_json::from_slice::<LeverNote>(&bytes) {
            Ok(note) => Ok(Some((note, about.uid()))),
            Err(error) => Err(format!("does not say who pulled it ({error}){}", owned(about.uid()))),
        }
    }

    /// Notes who did what, where that can be written: a lever works without it.
    fn log(&self, what: &'static str, reason: &str) {
        let line = serde_json::to_string(&LogLine { at: now(), what, by: me(), reason }).unwrap_or_default();
        let opened = private::open(&self.path.with_file_name(LOG), File::options().append(true).create(true));
        if let Err(error) = opened.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes())) {
            tracing::debug!(%error, "who pulled or lifted the lever is not noted");
        }
    }

    fn error(&self, what: &'static str, source: Error) -> LeverError {
        LeverError { path: self.path.clone(), what, source }
    }
}

/// What is to be said of a lever that this user has not made.
fn strange(owner: u32) -> Option<String> {
    (!is_own(owner)).then(|| format!("belongs to another user (number {owner})"))
}

fn owned(owner: u32) -> String {
    strange(owner).map(|what| format!(", and {what}")).unwrap_or_default()
}

fn is_own(owner: u32) -> bool {
    owner == rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_pulled_once_and_lifted_and_both_are_noted() {
        let folder = tempfile::tempdir().unwrap();
        let lever = LeverFile::of_project(folder.path());
        assert_eq!(lever.pulled(), None);
        assert_eq!(lever.lift("nothing").unwrap(), None);
        assert_eq!(lever.pull(&LeverNote::now("the database is being moved")).unwrap(), None);
        let first = lever.pulled().unwrap();
        assert_eq!(first.note.as_ref().unwrap().reason, "the database is being moved");
        assert_eq!(lever.pull(&LeverNote::now("another")).unwrap(), Some(first.clone()), "the first stays");
        assert_eq!(lever.lift("it is moved").unwrap(), Some(first));
        assert_eq!(lever.pulled(), None);
        let log = std::fs::read_to_string(folder.path().join("drills/levers.jsonl")).unwrap();
        let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.iter().map(|line| line["what"].as_str().unwrap()).collect::<Vec<_>>(), ["pulled", "lifted"]);
        assert_eq!(lines[1]["reason"], "it is moved");
    }

    #[test]
    fn whatever_else_is_there_counts_as_pulled() {
        let folder = tempfile::tempdir().unwrap();
        let lever = LeverFile { path: folder.path().join("lever.json"), lifted_by: "lifeboat resume".into() };
        let said = || lever.pulled().map(|pulled| pulled.to_string()).unwrap_or_default();
        for (text, why) in [
            ("", "does not say who pulled it"),
            ("{\"by\": \"ada\"", "does not say who pulled it"),
            ("{\"lever\": 1}", "does not say who pulled it"),
            (&"x".repeat(70_000), "holds more than 65536 bytes"),
        ] {
            std::fs::write(&lever.path, text).unwrap();
            assert!(said().contains(why), "{text:.20}: {}", said());
        }
        // A newer form says more; who and why is read all the same.
        std::fs::write(&lever.path, r#"{"lever": 2, "by": "ada", "since": "today", "reason": "why", "until": "later"}"#).unwrap();
        assert!(said().contains("ada pulled the lever"), "{}", said());
        // Only root can imitate another user; the pipeline is root.
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&lever.path, Some(65_534), None).unwrap();
            assert!(said().contains("belongs to another user (number 65534)") && said().contains("ada"), "{}", said());
        }
        std::fs::remove_file(&lever.path).unwrap();
        std::fs::create_dir(&lever.path).unwrap();
        assert!(said().contains("is not a file"), "{}", said());
        std::fs::remove_dir(&lever.path).unwrap();
        std::os::unix::fs::symlink("nowhere", &lever.path).unwrap();
        assert!(said().contains("is not a file"), "{}", said());
    }
}
