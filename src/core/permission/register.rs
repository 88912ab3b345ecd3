//! The drills of this user that run on this host: a file each in the user's folder, taken away at the end. One whose process is gone belongs to a
//! drill that was killed, wherever its folder is: that is how the next start knows.
//!
//! What this file does not do: say what such a drill left (`execution`), or know drills of other users and hosts; what those leave shows at the
//! proxies, and in locks.

use super::who::{me, now};
use crate::host::{self, ProcessIdentity, ProcessState, private};
use crate::units::sha256_hex;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The folder below the user's.
const FOLDER: &str = "running";
/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 << 10;

/// What is noted of a drill that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterEntry {
    /// What it is called.
    pub drill: String,
    /// Where its folder is.
    pub folder: PathBuf,
    /// The project's root.
    pub root: PathBuf,
    /// Where it runs.
    pub environment: String,
    /// Who began it.
    pub who: String,
    /// When, RFC 3339.
    pub since: String,
    /// Its process.
    pub process: ProcessIdentity,
}

/// A drill that is noted as running, until [`Registered::ended`]. Dropped without that the note stays: whoever left in a hurry left something.
#[derive(Debug)]
#[must_use]
pub struct Registered(PathBuf);

impl RegisterEntry {
    /// A drill of this process that begins now.
    pub fn now(drill: &str, folder: &Path, root: &Path, environment: &str) -> Self {
        let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self {
            drill: drill.to_owned(),
            folder: whole(folder),
            root: whole(root),
            environment: environment.to_owned(),
            who: me(),
            since: now(),
            process: ProcessIdentity::own(),
        }
    }

    /// Whether it still runs. One of an earlier boot does not.
    pub fn runs(&self) -> bool {
        match self.process.state() {
            ProcessState::Runs => true,
            ProcessState::Gone => false,
            // A container with this user's folder has numbers of its own; of another boot nothing runs.
            ProcessState::Elsewhere => self.process.boot == ProcessIdentity::own().boot,
        }
    }
}

impl Registered {
    /// It has ended, and said itself what is to be said of it.
    pub fn ended(self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Notes a drill. Where that cannot be written it runs all the same: nothing depends on it but how soon somebody learns that it was killed.
pub fn enter(entry: &RegisterEntry) -> Option<Registered> {
    let folder = host::state_folder()?.join(FOLDER);
    let place = &sha256_hex(entry.folder.as_os_str().as_encoded_bytes())[..8];
    let path = folder.join(format!("{}-{}-{place}.json", entry.drill, entry.process.pid));
    let text = serde_json::to_vec_pretty(entry).ok()?;
    match private::folder(&folder).and_then(|()| private::write(&path, &text)) {
        Ok(()) => Some(Registered(path)),
        Err(error) => {
            tracing::debug!(%error, "the drill is not noted as running");
            None
        }
    }
}

/// All that are noted, the oldest first, each with the file that notes it.
pub fn registered() -> Vec<(PathBuf, RegisterEntry)> {
    let Some(folder) = host::state_folder() else { return Vec::new() };
    let files = std::fs::read_dir(folder.join(FOLDER)).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<(PathBuf, RegisterEntry)> = files
        .filter(|path| path.extension().is_some_and(|end| end == "json") && path.metadata().is_ok_and(|about| about.len() <= LARGEST))
        .filter_map(|path| Some((path.clone(), serde_json::from_slice(&private::read_own(&path).ok()?).ok()?)))
        .collect();
    found.sort_by(|(_, left), (_, right)| (&left.since, &left.drill).cmp(&(&right.since, &right.drill)));
    found
}
