//! Two people, one outage: whoever wants to go on with an execution that still runs asks its process to stop, and waits for its history.
//!
//! What is asked for lies as a file in the folder, locked by whoever asks for as long as they wait: nobody is handed to who is gone. The
//! other process looks for it. No step is ended that changes something, unless that is asked for.

use super::folder::ExecutionError;
use crate::history::{Event, HandedOver};
use crate::host::{self, private};
use crate::journal::Recorder;
use crate::run_folder::{RunFile, RunFolderError, open_history};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch;

/// How often both sides look.
const LOOK: Duration = Duration::from_millis(100);

/// What somebody asks of the process that walks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct TakeOverRequest {
    by: String,
    at_once: bool,
}

/// As people and processes are named here: `alice@ops-1`.
pub(super) fn me() -> String {
    host::host_name().map_or_else(host::user, |host| format!("{}@{host}", host::user()))
}

/// Asks the process that walks in this folder to stop, and waits until it has. True where it has; false where `stop` came first.
///
/// # Errors
/// Where the folder is not this user's, or nothing can be written there.
pub async fn ask_to_stop(folder: &Path, at_once: bool, mut stop: watch::Receiver<bool>) -> Result<bool, ExecutionError> {
    let path = RunFile::TakeOver.within(folder);
    let wrong = |source| ExecutionError::Folder { path: path.clone(), source, hint: "see that the folder is yours and its disk has room" };
    private::own_folder(folder).map_err(wrong)?;
    let mut asked = PendingTakeOver::begin(path.clone()).map_err(wrong)?;
    asked.write(&TakeOverRequest { by: me(), at_once }).map_err(wrong)?;
    loop {
        match open_history(folder) {
            Ok(_) => return Ok(true),
            Err(RunFolderError::Locked { .. }) => {}
            Err(other) => return Err(other.into()),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.wait_for(|stop| *stop) => return Ok(false),
        }
    }
}

/// The request in its file, for as long as somebody waits.
struct PendingTakeOver {
    file: File,
    path: PathBuf,
}

impl PendingTakeOver {
    fn begin(path: PathBuf) -> std::io::Result<Self> {
        let _ = std::fs::remove_file(&path);
        let file = private::create_new(&path)?;
        // The other process may just be looking whether somebody waits.
        file.lock()?;
        Ok(Self { file, path })
    }

    fn write(&mut self, request: &TakeOverRequest) -> std::io::Result<()> {
        self.file.write_all(&serde_json::to_vec(request)?)?;
        self.file.flush()
    }
}

impl Drop for PendingTakeOver {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// What is asked for in this folder by somebody who still waits.
fn asked(folder: &Path) -> Option<TakeOverRequest> {
    let file = private::open_own(&RunFile::TakeOver.within(folder)).ok()?;
    // Whoever asked and is gone holds no lock any more.
    if file.try_lock_shared().is_ok() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(4096).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// What a walk is stopped by: a person here, or one who takes over.
pub(super) struct Listening {
    pub(super) folder: PathBuf,
    pub(super) recorder: Recorder,
    /// Becomes true when a person here stops it.
    pub(super) stop: watch::Receiver<bool>,
    pub(super) at_once: watch::Sender<bool>,
    pub(super) after_step: watch::Sender<bool>,
    /// Who takes over.
    pub(super) by: watch::Sender<Option<String>>,
}

impl Listening {
    /// Listens until the walk is stopped at once; whoever drops this listens no more.
    pub(super) async fn listen(mut self) {
        loop {
            let stopped = tokio::select! {
                biased;
                stopped = self.stop.wait_for(|stop| *stop) => Some(stopped.is_ok()),
                () = tokio::time::sleep(LOOK) => None,
            };
            match stopped {
                Some(true) => {
                    self.at_once.send_replace(true);
                    return;
                }
                Some(false) => return std::future::pending().await,
                None => {}
            }
            let Some(TakeOverRequest { by, at_once }) = asked(&self.folder) else { continue };
            if self.by.borrow().as_ref() == Some(&by) && !at_once {
                continue;
            }
            self.by.send_replace(Some(by.clone()));
            // It is handed over also where that cannot be written down.
            let _ = self.recorder.record_durably(Event::HandedOver(HandedOver { to: by, at_once })).await;
            self.after_step.send_replace(true);
            if at_once {
                self.at_once.send_replace(true);
                return;
            }
        }
    }
}
