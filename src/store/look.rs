//! What a folder says of its drill, read quickly: the first line of its history and the end of it, `verdict.json`, the manifest, `findings.yaml`.
//!
//! What this file does not do: read a history, judge, or keep anything. What others wrote is read up to a bound; what cannot be read is as if it
//! were not there, but for a file of findings that people have broken, which is told of.

use super::entry::{DrillEntry, DrillState, RunKind};
use super::sources::DrillSources;
use crate::evidence::Manifest;
use crate::history::{Event, ExecutionStarted, Reader, Stamped, Started};
use crate::host;
use crate::model::{FailureMode, FindingState, KeptFindings};
use crate::project::ReviewFile;
use crate::run_folder::{HistoryInput, RunFile, history_in, holds_history, is_running, last_lines as lines_at_end};
use crate::verdict::VerdictRecord;
use crate::verdict::record::RepeatsRecord;
use chrono::{DateTime, TimeDelta, Utc};
use std::io::{BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The largest file, and the longest first line, that is read.
const LARGEST: u64 = 4 << 20;
/// So much of a history's end is looked at: its last events are short.
const END: u64 = 16 << 10;

/// Of what was changed so short a time ago a later change may have the same time, as file systems keep it.
const FRESH: Duration = Duration::from_millis(50);

/// What was found in a folder.
#[derive(Debug, Default)]
pub(super) struct FolderLook {
    /// What it holds; `None` where that is no drill, or none that this build can read.
    pub(super) entry: Option<DrillEntry>,
    /// What it was made from.
    pub(super) sources: DrillSources,
    /// Its findings.
    pub(super) findings: Option<KeptFindings>,
    /// The folders of a series' trials that are there.
    pub(super) trials: Vec<PathBuf>,
    /// What could not be read, in words.
    pub(super) problem: Option<String>,
}

/// When a folder and its file of findings were changed last. A file of its own that is replaced changes the folder; people write into the file
/// of findings where it stands. Empty where there is no such folder.
pub(super) fn stamp(folder: &Path) -> String {
    let Ok(own) = folder.metadata() else { return String::new() };
    let findings = RunFile::Findings.within(folder).metadata();
    let (seconds, nanos, size) = findings.map_or((0, 0, 0), |about| (about.ctime(), about.ctime_nsec(), about.size()));
    format!("{}.{}:{seconds}.{nanos}:{size}", own.ctime(), own.ctime_nsec())
}

/// True where a folder or its file of findings was changed so short a time ago that another change may not show.
pub(super) fn is_fresh(folder: &Path) -> bool {
    let files = [folder.to_owned(), RunFile::Findings.within(folder)];
    let changed = files.iter().filter_map(|file| file.metadata().ok()).map(|about| (about.ctime(), about.ctime_nsec())).max();
    let now = Utc::now().timestamp_nanos_opt().unwrap_or_default();
    changed.is_some_and(|(seconds, nanos)| now - seconds.saturating_mul(1_000_000_000) - nanos < FRESH.as_nanos() as i64)
}

/// Looks at a folder; `series` names the one that it is a trial of.
pub(super) fn look(folder: &Path, series: Option<&str>) -> FolderLook {
    if series.is_none() && RunFile::Repeats.within(folder).is_file() {
        return series_in(folder);
    }
    let Some(first) = first_event(folder) else { return FolderLook::default() };
    let mut seen = FolderLook::default();
    let mut entry = match &first.event {
        // A copy that was broken on purpose shows nothing of the system.
        Event::Started(started) if started.plan.sabotage.is_some() => return seen,
        Event::Started(started) => of_drill(folder, started),
        Event::ExecutionStarted(started) => of_execution(folder, started),
        _ => return seen,
    };
    entry.series = series.map(str::to_owned);
    let (state, after) = end_of(folder);
    entry.state = state;
    entry.ended = after.map(|after| entry.started + TimeDelta::nanoseconds(i64::try_from(after).unwrap_or(0)));
    if let Ok(read) = Manifest::read(folder) {
        entry.plan = read.manifest.plan_sha256.unwrap_or_default();
        let files = read.manifest.inputs.into_iter().map(|file| (file.path, file.sha256)).collect();
        seen.sources = DrillSources { evidence: Some(read.sha256), files };
    }
    judged(folder, &mut entry);
    reviewed(folder, &mut entry, &mut seen);
    seen.entry = Some(entry);
    seen
}

fn first_event(folder: &Path) -> Option<Stamped> {
    let file = host::regular(&history_in(folder)).ok()?;
    Reader::new(BufReader::new(HistoryInput::new(file).take(LARGEST))).next_event().ok()?
}

/// One of which no more is known than this.
fn blank(folder: &Path, kind: RunKind, id: &str, wall_clock: &str) -> DrillEntry {
    DrillEntry {
        id: id.to_owned(),
        kind,
        series: None,
        folder: folder.to_owned(),
        host: String::new(),
        service: String::new(),
        services: Vec::new(),
        scenario: String::new(),
        title: String::new(),
        environment: String::new(),
        started: moment(wall_clock),
        ended: None,
        state: DrillState::Interrupted,
        verdict: None,
        because: None,
        cutover: None,
        objective: None,
        plan: String::new(),
        modes: Vec::new(),
        findings: 0,
        who: String::new(),
        reason: String::new(),
        trials: 1,
    }
}

fn of_drill(folder: &Path, started: &Started) -> DrillEntry {
    let plan = &started.plan;
    let leading = plan.workloads.leading();
    let mut services: Vec<String> = plan.workloads.iter().map(|each| each.service_name.clone()).collect();
    services.sort();
    services.dedup();
    DrillEntry {
        host: started.origin.host.clone().unwrap_or_default(),
        service: leading.service_name.clone(),
        services,
        scenario: plan.scenario.name.clone(),
        title: plan.scenario.title.clone(),
        environment: plan.environment_name.clone(),
        objective: Some(leading.objectives.rto),
        modes: FailureMode::of_plan(plan),
        who: started.origin.user.clone().unwrap_or_default(),
        reason: started.origin.reason.clone().unwrap_or_default(),
        ..blank(folder, RunKind::Drill, &started.drill, &started.wall_clock)
    }
}

fn of_execution(folder: &Path, started: &ExecutionStarted) -> DrillEntry {
    let plan = &started.plan;
    DrillEntry {
        host: started.origin.host.clone().unwrap_or_default(),
        services: plan.service_name.iter().cloned().collect(),
        service: plan.service_name.clone().unwrap_or_default(),
        scenario: plan.runbook.name.clone(),
        environment: plan.environment_name.clone().unwrap_or_default(),
        who: started.origin.user.clone().unwrap_or_default(),
        reason: started.origin.reason.clone().unwrap_or_default(),
        ..blank(folder, RunKind::Execution, &started.execution, &started.wall_clock)
    }
}

/// How far a run is, by the lock and the last events of its history; and when it was over, in nanoseconds from its beginning.
pub(super) fn end_of(folder: &Path) -> (DrillState, Option<u64>) {
    if is_running(folder) {
        return (DrillState::Running, None);
    }
    let last = last_lines(folder).unwrap_or_default();
    let whole = last.rfind('\n').map_or("", |end| &last[..end]);
    // Seals are no events, and neither is the first of these lines, of which only the end is here.
    let ended = whole
        .lines()
        .rev()
        .filter_map(|line| serde_json::from_str::<Stamped>(line).ok())
        .take(3)
        .find(|stamped| matches!(stamped.event, Event::Finished(_) | Event::ExecutionFinished(_)));
    ended.map_or((DrillState::Interrupted, None), |stamped| (DrillState::Over, Some(stamped.t)))
}

fn last_lines(folder: &Path) -> Option<String> {
    let bytes = lines_at_end(host::regular(&history_in(folder)).ok()?, END).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn bytes(path: &Path) -> Option<Vec<u8>> {
    host::bytes_of(path, LARGEST as usize).ok()
}

/// What `verdict.json` says.
fn judged(folder: &Path, entry: &mut DrillEntry) {
    let record = bytes(&RunFile::Verdict.within(folder)).and_then(|bytes| VerdictRecord::read(&bytes).ok());
    let Some(record) = record else { return };
    entry.verdict = Some(record.verdict);
    entry.because = record.because;
    entry.cutover = record.measures.filter(|_| !record.only_rotates).map(|measures| measures.cutover.into());
}

/// What `findings.yaml` says.
fn reviewed(folder: &Path, entry: &mut DrillEntry, seen: &mut FolderLook) {
    let path = RunFile::Findings.within(folder);
    if !path.metadata().is_ok_and(|about| about.is_file() && about.len() <= LARGEST) {
        return;
    }
    match ReviewFile::read(&path) {
        Ok(file) => {
            let is_open = |state: FindingState| matches!(state, FindingState::New | FindingState::StillThere);
            entry.findings = file.kept().entries.iter().filter(|entry| is_open(entry.state)).count() as u64;
            seen.findings = Some(file.kept().clone());
        }
        Err(findings) => seen.problem = Some(findings.to_string().trim().to_owned()),
    }
}

/// A series: what was planned, how it ended, and what its first trial says of all of them.
fn series_in(folder: &Path) -> FolderLook {
    let Some(bytes) = bytes(&RunFile::Repeats.within(folder)) else { return FolderLook::default() };
    let Ok(record) = RepeatsRecord::read(&bytes) else { return FolderLook::default() };
    let trials: Vec<PathBuf> = record.trials.iter().map(|trial| folder.join(&trial.folder)).collect();
    let trials: Vec<PathBuf> = trials.into_iter().filter(|trial| holds_history(trial)).collect();
    let first = trials.first().and_then(|trial| look(trial, Some(&record.campaign)).entry);
    let last = trials.last().and_then(|trial| look(trial, Some(&record.campaign)).entry);
    let is_running = last.as_ref().is_some_and(|last| last.state == DrillState::Running);
    let state = match (&record.ended, is_running) {
        (Some(_), _) => DrillState::Over,
        (None, true) => DrillState::Running,
        (None, false) => DrillState::Interrupted,
    };
    let statement = record.statement.as_ref();
    let blank = || blank(folder, RunKind::Series, &record.campaign, &record.planned_at);
    let first = first.unwrap_or_else(blank);
    let entry = DrillEntry {
        id: record.campaign.clone(),
        kind: RunKind::Series,
        series: None,
        folder: folder.to_owned(),
        scenario: record.scenario.clone(),
        title: record.title.clone(),
        environment: record.environment.clone(),
        started: moment(&record.planned_at),
        ended: last.and_then(|last| last.ended).filter(|_| state == DrillState::Over),
        state,
        verdict: statement.map(|statement| statement.verdict),
        because: None,
        cutover: statement.and_then(|statement| statement.worst).map(Into::into),
        findings: 0,
        trials: trials.len() as u64,
        ..first
    };
    FolderLook { entry: Some(entry), trials, ..FolderLook::default() }
}

fn moment(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).map_or(DateTime::UNIX_EPOCH, |moment| moment.with_timezone(&Utc))
}
