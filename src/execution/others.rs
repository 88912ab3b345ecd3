//! Who else walks a runbook for the same service: found by the lock on its history.
//!
//! Looked for below `executions/` of the project and in the folders beside it. What this file does not do: see what another user of this host
//! has begun in a folder that only they can read.

use super::hand_over::me;
use crate::history::{Event, ExecutionStarted, Reader, Stamped, StepEnd};
use crate::host::private;
use crate::journal::{HostTime, Wall};
use crate::model::ExecutionPlan;
use crate::run_folder::{HistoryInput, history_in, is_running};
use crate::units::Duration;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// An execution that somebody has begun and not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherExecution {
    /// Its folder.
    pub folder: PathBuf,
    /// The runbook's name.
    pub runbook: String,
    /// Who walks it: `alice@ops-1`.
    pub who: String,
    /// When it began, RFC 3339.
    pub since: String,
    /// How long ago that was.
    pub ago: Duration,
    /// The step at which it is, as `2/5, Shift traffic`; `None` before the first.
    pub step: Option<String>,
    /// False where its process is gone: it was interrupted.
    pub is_running: bool,
}

/// Others for the service of a plan, or for the same runbook where no service is named; those that run first, the newest first.
pub fn others(plan: &ExecutionPlan, root: &Path) -> Vec<OtherExecution> {
    let below = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let folders = below(&root.join("executions")).chain(below(root));
    let mut found: Vec<OtherExecution> = folders.filter_map(|folder| other(plan, folder)).collect();
    found.sort_by(|left, right| (right.is_running, &right.since).cmp(&(left.is_running, &left.since)));
    found
}

/// What is at this folder; `None` where it is none of these.
fn other(plan: &ExecutionPlan, folder: PathBuf) -> Option<OtherExecution> {
    let events = events(&folder)?;
    let Some(Event::ExecutionStarted(started)) = events.first().map(|first| &first.event) else { return None };
    let same = match &plan.service_name {
        Some(service) => started.plan.service_name.as_ref() == Some(service),
        None => started.plan.service_name.is_none() && started.plan.runbook.name == plan.runbook.name,
    };
    // What has ended may be gone on with by somebody else just now.
    let is_over = events.last().is_some_and(|last| matches!(last.event, Event::ExecutionFinished(_)));
    let is_running = same && is_running(&folder);
    (same && (is_running || !is_over)).then(|| OtherExecution {
        runbook: started.plan.runbook.name.clone(),
        who: who(started, &events),
        since: started.wall_clock.clone(),
        ago: ago(&started.wall_clock),
        step: step(started, &events),
        is_running,
        folder,
    })
}

/// What can be read of a history, from its beginning to the last whole line.
fn events(folder: &Path) -> Option<Vec<Stamped>> {
    let file = private::open_own(&history_in(folder)).ok()?;
    let mut reader = Reader::new(BufReader::new(HistoryInput::new(file)));
    let mut events = Vec::new();
    while let Ok(Some(stamped)) = reader.next_event() {
        events.push(stamped);
        // A drill's is long, and none of these.
        if !matches!(events[0].event, Event::ExecutionStarted(_)) {
            return None;
        }
    }
    Some(events)
}

fn who(started: &ExecutionStarted, events: &[Stamped]) -> String {
    let taken = events.iter().rev().find_map(|stamped| match &stamped.event {
        Event::TakenOver(taken) => Some(taken.by.clone()),
        _ => None,
    });
    taken.unwrap_or_else(|| named(started))
}

/// Who began it.
pub(super) fn named(started: &ExecutionStarted) -> String {
    match (&started.origin.user, &started.origin.host) {
        (Some(user), Some(host)) => format!("{user}@{host}"),
        (Some(name), None) | (None, Some(name)) => name.clone(),
        (None, None) => "somebody".to_owned(),
    }
}

/// From whom it is taken over by this user; `None` where it is theirs, from this host.
pub(super) fn taken_from(started: &ExecutionStarted, events: &[Stamped]) -> String {
    let who = who(started, events);
    if who == me() { format!("another terminal of {who}") } else { who }
}

fn step(started: &ExecutionStarted, events: &[Stamped]) -> Option<String> {
    let mut count = started.plan.runbook.steps.len();
    let mut at = None;
    for stamped in events {
        match &stamped.event {
            Event::Mended(mended) => count = mended.plan.runbook.steps.len(),
            Event::StepStarted(step) => at = Some((step.step, step.name.clone(), None)),
            Event::StepFinished(finished) => match &mut at {
                Some((step, _, end)) if *step == finished.step => *end = Some(finished.end),
                _ => {}
            },
            _ => {}
        }
    }
    let (step, name, end) = at?;
    let ended = end.map_or_else(String::new, |end: StepEnd| format!(" ({end})"));
    Some(format!("{}/{count}, {name}{ended}", step + 1))
}

fn ago(wall_clock: &str) -> Duration {
    let began = chrono::DateTime::parse_from_rfc3339(wall_clock).ok().and_then(|began| began.timestamp_nanos_opt());
    let passed = began.and_then(|began| u64::try_from(Wall::read().at(HostTime::now()) - began).ok()).unwrap_or(0);
    Duration::from_secs(passed / 1_000_000_000)
}
