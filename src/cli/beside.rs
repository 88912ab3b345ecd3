//! What `lifeboat report` sets beside a run: another drill, the drills before it, or, beside an incident, the drills of its scenario.

use super::record::{RecordOptions, tell_of};
use crate::console::WorkProgress;
use crate::exercise::{DrillFilter, Judged, earlier_drills, holds_repeats, judge, judge_counting, judge_repeats, keep_findings, review_of};
use crate::history::{Event, ExecutionStarted, Reader, read};
use crate::import::RecordTime;
use crate::project::Project;
use crate::report::{
    ComparedDrill, Digest, DrillContext, EarlierDrills, IncidentFacts, Report, UsersSide, comparison, drill, execution, recorded, repeats,
    walked,
};
use crate::run_folder::{HistoryInput, RunFile, history_in};
use crate::verdict::VerdictRecord;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// So many drills stand beside an incident, and beside a drill where no number is given.
const LAST: u16 = 8;

/// What stands beside a report's drill.
#[derive(Debug, clap::Args)]
pub(super) struct BesideOptions {
    /// Another drill's folder or history: what differs between the two, and whether that is more than noise
    #[arg(long, value_name = "DRILL", conflicts_with_all = ["trend", "incident", "drills"])]
    against: Option<PathBuf>,
    /// The last drills of the same scenario and environment before it, from the folders beside it
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "8", value_parser = clap::value_parser!(u16).range(1..=1000))]
    trend: Option<u16>,
    /// It is the report of an incident with this name: what was recorded on the day, beside the drills of its scenario
    #[arg(long, value_name = "NAME", conflicts_with = "trend")]
    incident: Option<String>,
    /// Where the drills of its scenario are; without it, in `drills` of the project
    #[arg(long, value_name = "FOLDER", conflicts_with = "trend")]
    drills: Option<PathBuf>,
    /// Bring the findings.yaml of the drill's folder up to date as well, and keep what people wrote there
    #[arg(long, conflicts_with_all = ["against", "incident"])]
    keep_findings: bool,
    /// Beside a runbook that was walked: what users saw meanwhile, a bare history or another tool's record
    #[arg(long, value_name = "RECORD", requires = "incident")]
    traffic: Option<PathBuf>,
    #[command(flatten)]
    record: RecordOptions,
}

/// The report of what was named, with what was to stand beside it, and the verdict where it is about one; or in words why there is none.
pub(super) fn reported(
    path: &Path,
    beside: &BesideOptions,
    work: &WorkProgress,
) -> anyhow::Result<Result<(Report, Option<VerdictRecord>), String>> {
    if let Some(other) = &beside.against {
        return Ok(compared(path, other, &beside.record, work)?.map(|report| (report, None)));
    }
    if holds_repeats(path) {
        return Ok(Ok((repeats(&judge_repeats(path, work)?), None)));
    }
    if is_execution(path) {
        return Ok(beside.walked(path)?.map(|report| (report, None)));
    }
    let source = beside.record.source(path)?;
    let judged = match beside.record.judged(path, source, beside.incident.is_some(), work)? {
        Ok(judged) => judged,
        Err(problem) => return Ok(Err(problem)),
    };
    tell_of(&judged, path);
    work.begin("writing the report", 0);
    let verdict = Some(judged.record());
    if judged.digest.started().is_none() {
        return Ok(beside.recorded(path, &judged)?.map(|report| (report, verdict)));
    }
    if beside.incident.is_some() {
        return Ok(Err(NO_INCIDENT.to_owned()));
    }
    let context = beside.context(path, &judged.digest)?;
    if beside.keep_findings {
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new(".")) };
        keep_findings(folder, &judged.verdict, &judged.digest)?;
    }
    Ok(Ok((drill(&judged.verdict, &judged.digest, &judged.hash, &context), verdict)))
}

const NO_INCIDENT: &str = "a drill is no incident\n\nhint: leave `--incident` out, or name what was recorded on the day: a bare history, an access log, an execution";

/// The report of a drill against another; or in words why there is none.
fn compared(drill: &Path, other: &Path, record: &RecordOptions, work: &WorkProgress) -> anyhow::Result<Result<Report, String>> {
    if let Some(walk) = [drill, other].into_iter().find(|path| is_execution(path)) {
        let walk = walk.display();
        let problem = format!("{walk} is a runbook that was walked, and only drills and records can be held against each other");
        return Ok(Err(format!("{problem}\n\nhint: `lifeboat report {walk}` shows its report")));
    }
    let mut both: Vec<(Judged, String)> = Vec::new();
    for path in [drill, other] {
        let source = record.source(path)?;
        // What is said of records is said of that of the two that is one.
        let judged = match source {
            Some(_) => record.judged(path, source, false, work)?,
            None => Ok(judge_counting(path, work)?),
        };
        match judged {
            Ok(judged) => {
                tell_of(&judged, path);
                both.push((judged, called(path)));
            }
            Err(problem) => return Ok(Err(problem)),
        }
    }
    work.begin("writing the report", 0);
    let of = |place: usize| {
        let (judged, name) = &both[place];
        ComparedDrill { name, verdict: &judged.verdict, digest: &judged.digest, hash: &judged.hash }
    };
    Ok(Ok(comparison(&of(0), &of(1))))
}

impl BesideOptions {
    /// What stands beside the report of this drill, as far as it was asked for.
    fn context(&self, drill: &Path, digest: &Digest) -> anyhow::Result<DrillContext> {
        let kept = if drill.is_dir() { review_of(drill, digest)? } else { None };
        let mut context = DrillContext { kept: kept.map(|file| file.kept().clone()), ..DrillContext::default() };
        if let Some((count, started)) = self.trend.zip(digest.started()) {
            let filter = DrillFilter {
                scenario: Some(started.plan.scenario.name.clone()),
                environment: Some(started.plan.environment_name.clone()),
                before: Some(started.wall_clock.clone()),
                except: Some(started.drill.clone()),
                ..DrillFilter::default()
            };
            context.earlier = Some(earlier_drills(&above(drill), &filter, usize::from(count)));
        }
        Ok(context)
    }

    /// The report of what others recorded; or in words why there is none.
    fn recorded(&self, path: &Path, judged: &Judged) -> anyhow::Result<Result<Report, String>> {
        if self.trend.is_some() {
            return Ok(Err(NO_TREND.to_owned()));
        }
        let scenario = self.record.scenario()?;
        let filter = DrillFilter { scenario: scenario.clone(), ..DrillFilter::default() };
        let found = match scenario.is_some().then(|| self.found(&filter)).transpose() {
            Ok(found) => found.flatten(),
            Err(problem) => return Ok(Err(problem)),
        };
        let latest = found.as_ref().and_then(FoundDrills::latest);
        let (name, outline) = (called(path), judged.outline.as_ref().map(ToString::to_string));
        let facts = IncidentFacts {
            number: self.incident.as_deref(),
            name: &name,
            outline: outline.as_deref(),
            scenario: scenario.as_deref(),
            drilled: found.as_ref().map(|found| &found.drills),
            latest: latest.as_ref().map(|judged| (&judged.verdict, &judged.digest)),
            ..IncidentFacts::default()
        };
        Ok(Ok(recorded(&judged.verdict, &judged.digest, &judged.hash, &facts)))
    }

    /// The report of a runbook that was walked for real; or in words why there is none.
    fn walked(&self, path: &Path) -> anyhow::Result<Result<Report, String>> {
        let history = &read(BufReader::new(HistoryInput::new(File::open(history_of(path))?)))?;
        let unread = || anyhow::anyhow!("{}: this is no execution", path.display());
        if self.trend.is_some() {
            return Ok(Err(NO_TREND.to_owned()));
        }
        let Some(number) = &self.incident else { return Ok(Ok(execution(history).ok_or_else(unread)?)) };
        let outage = match self.record.fault_at {
            None => None,
            Some(RecordTime::At(at)) => Some(at),
            Some(RecordTime::After(_)) => return Ok(Err(NO_START.to_owned())),
        };
        let Some(Event::ExecutionStarted(started)) = history.events.first().map(|stamped| &stamped.event) else { return Err(unread()) };
        let filter = DrillFilter { before: Some(started.wall_clock.clone()), ..self.drills_of(started)? };
        let found = match self.found(&filter) {
            Ok(found) => found,
            Err(problem) => return Ok(Err(problem)),
        };
        let latest = found.as_ref().and_then(FoundDrills::latest);
        let users = match self.traffic.as_deref().map(|record| self.users(record)).transpose()?.transpose() {
            Ok(users) => users,
            Err(problem) => return Ok(Err(problem)),
        };
        let name = called(path);
        let facts = IncidentFacts {
            users: users.as_ref().map(|(name, judged)| UsersSide {
                name,
                verdict: &judged.verdict,
                digest: &judged.digest,
                hash: &judged.hash,
            }),
            number: Some(number),
            name: &name,
            outage_unix_ns: outage,
            drilled: found.as_ref().map(|found| &found.drills),
            latest: latest.as_ref().map(|judged| (&judged.verdict, &judged.digest)),
            ..IncidentFacts::default()
        };
        Ok(Ok(walked(history, &facts).ok_or_else(unread)?))
    }

    /// What users saw, with its name; or in words what is wrong with what was said about it.
    fn users(&self, record: &Path) -> anyhow::Result<Result<(String, Judged), String>> {
        let source = self.record.source(record)?;
        let judged = match source {
            Some(_) => self.record.judged(record, source, true, &WorkProgress::default())?,
            None => Ok(judge(record)?),
        };
        Ok(judged.map(|judged| (called(record), judged)))
    }

    /// Which drills are those of a walk: of the scenario that was named, else those with its runbook.
    fn drills_of(&self, started: &ExecutionStarted) -> anyhow::Result<DrillFilter> {
        let scenario = self.record.scenario()?;
        let runbook = scenario.is_none().then(|| started.plan.runbook.name.clone());
        Ok(DrillFilter { scenario, runbook, ..DrillFilter::default() })
    }

    /// The drills beside an incident; `None` where there is no folder of drills and none was named.
    fn found(&self, filter: &DrillFilter) -> Result<Option<FoundDrills>, String> {
        let folder = match &self.drills {
            Some(folder) if !folder.is_dir() => {
                let problem = format!("{} is no folder", folder.display());
                return Err(format!("{problem}\n\nhint: name the folder in which each drill has a folder of its own, `--drills drills`"));
            }
            Some(folder) => folder.clone(),
            None => {
                let start = self.record.objectives.as_deref().unwrap_or(Path::new("."));
                match Project::find(start).map(|root| root.join("drills")) {
                    Ok(folder) if folder.is_dir() => folder,
                    _ => return Ok(None),
                }
            }
        };
        Ok(Some(FoundDrills { drills: earlier_drills(&folder, filter, usize::from(LAST)), folder }))
    }
}

const NO_TREND: &str =
    "only drills have a trend\n\nhint: `--incident NAME` sets the drills of its scenario beside a record or an execution";

const NO_START: &str =
    "an execution has no requests to count from, so `--fault-at` needs a time of day\n\nhint: write it as 2026-11-20T14:03:07.5Z";

/// Drills beside an incident, and where they are.
struct FoundDrills {
    drills: EarlierDrills,
    folder: PathBuf,
}

impl FoundDrills {
    /// The last of them, with all that it recorded.
    fn latest(&self) -> Option<Judged> {
        judge(&self.folder.join(&self.drills.drills.last()?.name)).ok()
    }
}

/// The history of a folder; the file itself where it is one.
fn history_of(path: &Path) -> PathBuf {
    if path.is_dir() { history_in(path) } else { path.to_owned() }
}

/// The folder that a drill's folder lies in.
fn above(drill: &Path) -> PathBuf {
    let whole = drill.canonicalize().unwrap_or_else(|_| drill.to_owned());
    let folder = if whole.is_dir() { Some(whole.as_path()) } else { whole.parent() };
    folder.and_then(Path::parent).map_or_else(|| PathBuf::from("/"), Path::to_owned)
}

/// A folder's or a file's own name; that of the folder for its history.
fn called(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let own = if whole.file_name().and_then(|name| RunFile::of_name(name.to_str()?)).is_some_and(RunFile::is_history) {
        whole.parent().unwrap_or(&whole)
    } else {
        &whole
    };
    own.file_name().map_or_else(|| own.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// True for the folder or the history of a runbook that was walked for real.
fn is_execution(folder: &Path) -> bool {
    let file = history_of(folder);
    // What is no file can be read only once.
    if !file.is_file() {
        return false;
    }
    let Ok(opened) = File::open(&file) else { return false };
    let first = Reader::new(BufReader::new(HistoryInput::new(opened))).next_event();
    matches!(first, Ok(Some(stamped)) if matches!(stamped.event, Event::ExecutionStarted(_)))
}
