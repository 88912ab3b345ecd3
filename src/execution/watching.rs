//! Somebody else's execution, followed from its history while another process writes it: read only.

use super::folder::ExecutionError;
use crate::history::{Event, ExecutionEnd, ExecutionStarted, Live, Stamped};
use crate::host::private;
use crate::run_folder::{RunFile, is_running};
use std::fs::File;
use std::io::{Error, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often the history is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// So often in a row nobody writes it before it is over: whoever takes over needs a moment.
const GONE: u32 = 20;

/// An execution that is followed.
#[derive(Debug)]
pub struct WatchedExecution {
    folder: PathBuf,
    file: File,
    /// What was read and is no whole line yet.
    rest: Vec<u8>,
    /// What is known of it.
    known: Live,
    end: Option<ExecutionEnd>,
    sender: watch::Sender<Arc<Live>>,
}

impl WatchedExecution {
    /// Opens the history in a folder to be read from its beginning.
    ///
    /// # Errors
    /// Where there is none of this user, or it is of something else.
    pub fn open(folder: &Path) -> Result<Self, ExecutionError> {
        let path = RunFile::History.within(folder);
        let hint = "name the folder that `lifeboat execute` made; it was printed at the start";
        let file = private::open_own(&path).map_err(|source| ExecutionError::Folder { path: path.clone(), source, hint })?;
        let (sender, _) = watch::channel(Arc::default());
        let mut watched = Self { folder: folder.to_owned(), file, rest: Vec::new(), known: Live::default(), end: None, sender };
        watched.read()?;
        match watched.started() {
            Some(_) => Ok(watched),
            None => Err(ExecutionError::Other { path }),
        }
    }

    /// What is followed.
    pub fn started(&self) -> Option<&ExecutionStarted> {
        match &self.known.notable.first()?.event {
            Event::ExecutionStarted(started) => Some(started),
            _ => None,
        }
    }

    /// What is known of it while it runs. It is gone once this is over.
    pub fn live(&self) -> watch::Receiver<Arc<Live>> {
        self.sender.subscribe()
    }

    /// Follows it until it ends, or until `stop`. How it ended; `None` where its process is gone without an end.
    ///
    /// # Errors
    /// Where the history cannot be read.
    pub async fn follow(mut self, mut stop: watch::Receiver<bool>) -> Result<Option<ExecutionEnd>, ExecutionError> {
        let mut gone = 0;
        loop {
            let running = is_running(&self.folder);
            let more = self.read()?;
            gone = if running || more { 0 } else { gone + 1 };
            // Whoever stopped it, or takes over, may go on.
            let may_go_on = matches!(self.end, None | Some(ExecutionEnd::Stopped));
            if gone > 0 && !may_go_on || gone >= GONE {
                return Ok(self.end);
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = stop.wait_for(|stop| *stop) => return Ok(self.end),
            }
        }
    }

    /// Takes in what is new; whether there was something.
    fn read(&mut self) -> Result<bool, ExecutionError> {
        let path = RunFile::History.within(&self.folder);
        let mut bytes = std::mem::take(&mut self.rest);
        let before = bytes.len();
        let unread = |source: Error| ExecutionError::Folder { path: path.clone(), source, hint: "see whether it is still there" };
        self.file.read_to_end(&mut bytes).map_err(unread)?;
        let more = bytes.len() > before;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.rest = bytes.split_off(whole);
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            // What a newer build wrote is left out.
            let Ok(stamped) = serde_json::from_slice::<Stamped>(line) else { continue };
            self.end = match &stamped.event {
                Event::ExecutionFinished(finished) => Some(finished.end),
                Event::Resumed(_) => None,
                _ => self.end,
            };
            self.known.apply(&stamped);
        }
        if more {
            self.known.finished = false;
            self.sender.send_replace(Arc::new(self.known.clone()));
        }
        Ok(more)
    }
}
