//! A drill that another process runs in the same project: `lifeboat run` in a terminal, or another replica on a shared folder. It is looked at only, by
//! reading its history as that grows; whoever wants to stop it pulls its lever.
//!
//! Its file is read in pieces, so that however long it is already, nobody waits for all of it at once.

use super::drill_curve::DrillCurve;
use super::whole_lines::WholeLines;
use crate::history::{Event, Live, Reader};
use crate::host::private;
use crate::model::DrillPlan;
use crate::run_folder::{HistoryInput, RunFile, history_in, is_running};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Between two looks at the file.
const LOOK: Duration = Duration::from_millis(250);
/// Events that are read at once: a busy drill writes as many in ten seconds.
const AT_ONCE: usize = 50_000;
/// After so many nanoseconds of the drill the requests over time are taken down: its fold has them for a minute.
const TAKE: u64 = 20_000_000_000;
/// The largest verdict that is read.
const LARGEST: u64 = 4 << 20;
/// How many looks a judgement may take after the last event.
const JUDGED_WITHIN: u32 = 240;

/// How a drill of another process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FollowedEnd {
    /// It was judged: the word of its verdict.
    Judged(String),
    /// Its process is gone, or its history cannot be read further: in words.
    Lost(String),
}

/// A drill that another process runs.
#[derive(Debug)]
pub struct FollowedDrill {
    /// What it is called.
    pub id: String,
    /// Where its folder is.
    pub folder: PathBuf,
    /// What is done.
    pub plan: Arc<DrillPlan>,
    /// What is known of it so far.
    pub live: watch::Receiver<Arc<Live>>,
    /// Becomes `Some` once it has ended.
    pub ended: watch::Receiver<Option<FollowedEnd>>,
    curve: Arc<Mutex<DrillCurve>>,
}

/// What is read, and what is known from it.
struct Following {
    folder: PathBuf,
    reader: Reader<WholeLines<HistoryInput<File>>>,
    live: Live,
    curve: Arc<Mutex<DrillCurve>>,
    looks_after: u32,
}

impl FollowedDrill {
    /// Begins to follow; `None` where no drill runs there.
    pub(super) fn begin(id: &str, folder: PathBuf) -> Option<Self> {
        if !is_running(&folder) {
            return None;
        }
        let file = private::open_own(&history_in(&folder)).ok()?;
        let mut reader = Reader::new(WholeLines::new(HistoryInput::new(file)));
        let mut live = Live::default();
        // Without its first event it is none yet; an execution is none.
        let first = reader.next_event().ok()??;
        let Event::Started(_) = &first.event else { return None };
        live.apply(&first);
        let plan = live.plan.clone()?;
        let (curve, known) = (Arc::default(), Arc::new(live.clone()));
        let (sender, receiver) = watch::channel(known);
        let (end, ended) = watch::channel(None);
        let following = Following { folder: folder.clone(), reader, live, curve: Arc::clone(&curve), looks_after: 0 };
        tokio::spawn(following.follow(sender, end));
        Some(Self { id: id.to_owned(), folder, plan, live: receiver, ended, curve })
    }

    /// Its requests over time, up to now.
    pub fn curve(&self) -> DrillCurve {
        let now = Arc::clone(&self.live.borrow());
        let mut curve = self.curve.lock().unwrap_or_else(PoisonError::into_inner);
        curve.take(&now);
        curve.clone()
    }
}

impl Following {
    /// Until the drill has ended, or nobody looks any more.
    async fn follow(self, live: watch::Sender<Arc<Live>>, ended: watch::Sender<Option<FollowedEnd>>) {
        let mut following = self;
        loop {
            // Reading a file waits, and folding takes time, which is nobody else's.
            let Ok((back, end)) = tokio::task::spawn_blocking(move || following.look()).await else { return };
            following = back;
            if following.live.now != live.borrow().now || following.live.finished != live.borrow().finished {
                live.send_replace(Arc::new(following.live.clone()));
            }
            if let Some(end) = end {
                ended.send_replace(Some(end));
                return;
            }
            tokio::select! {
                () = live.closed() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    fn look(mut self) -> (Self, Option<FollowedEnd>) {
        // Asked before the file is read, so that the last of it is read.
        let runs = is_running(&self.folder);
        let read = self.read();
        let end = match read {
            Err(problem) => Some(FollowedEnd::Lost(problem)),
            Ok(AT_ONCE) => None,
            Ok(_) if self.live.finished => {
                self.looks_after += 1;
                judged(&self.folder).or_else(|| {
                    let is_late = !runs && self.looks_after > JUDGED_WITHIN;
                    is_late.then(|| FollowedEnd::Lost("it has ended, and nobody has judged it".to_owned()))
                })
            }
            Ok(_) => (!runs).then(|| FollowedEnd::Lost("its process is gone: it was killed".to_owned())),
        };
        (self, end)
    }

    /// Takes in what the file has; how many events that were.
    fn read(&mut self) -> Result<usize, String> {
        let mut taken = 0;
        for count in 0..AT_ONCE {
            if self.live.now >= taken + TAKE {
                taken = self.live.now;
                self.curve.lock().unwrap_or_else(PoisonError::into_inner).take(&self.live);
            }
            match self.reader.next_event() {
                Ok(Some(event)) => self.live.apply(&event),
                Ok(None) => return Ok(count),
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(AT_ONCE)
    }
}

/// The word of the verdict beside a history, where it is there.
fn judged(folder: &Path) -> Option<FollowedEnd> {
    let path = RunFile::Verdict.within(folder);
    if path.metadata().ok()?.len() > LARGEST {
        return None;
    }
    let verdict: serde_json::Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    Some(FollowedEnd::Judged(verdict.get("verdict")?.as_str()?.to_owned()))
}
