//! What `lifeboat report` sets beside a drill: another drill, those before it, an incident.

use super::record::{RecordOptions, tell_of};
use crate::console::WorkProgress;
use crate::exercise::{DrillFilter, Judged, earlier_drills};
use crate::history::{Event, Reader};
use crate::report::{ComparedDrill, Digest, DrillContext, Report, comparison};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// What stands beside a report's drill.
#[derive(Debug, clap::Args)]
pub(super) struct BesideOptions {
    /// Another drill's folder or history: what differs between the two, and whether that is more than noise
    #[arg(long, value_name = "DRILL")]
    pub(super) against: Option<PathBuf>,
    /// The last drills of the same scenario and environment before it, from the folders beside it
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "8", value_parser = clap::value_parser!(u16).range(1..=1000), conflicts_with = "against")]
    pub(super) trend: Option<u16>,
    #[command(flatten)]
    pub(super) record: RecordOptions,
}

/// The report of a drill against another; or in words why there is none.
pub(super) fn compared(drill: &Path, other: &Path, record: &RecordOptions, work: &WorkProgress) -> anyhow::Result<Result<Report, String>> {
    for folder in [drill, other] {
        if is_execution(folder) {
            let problem = format!("{} is a runbook that was walked, and no drill", folder.display());
            return Ok(Err(format!("{problem}\n\nhint: `lifeboat report {}` shows its report", folder.display())));
        }
    }
    let mut both: Vec<(Judged, String)> = Vec::new();
    for path in [drill, other] {
        let source = record.source(path)?;
        // What is said of records is said of those of the two that are records.
        let judged = match source {
            Some(_) => record.judged(path, source, work)?,
            None => Ok(crate::exercise::judge_counting(path, work)?),
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
    let empty = Digest::default();
    let each: Vec<ComparedDrill<'_>> = both
        .iter()
        .map(|(judged, name)| ComparedDrill {
            name,
            verdict: &judged.verdict,
            digest: judged.digest.as_ref().unwrap_or(&empty),
            hash: &judged.hash,
            findings: &[],
        })
        .collect();
    Ok(Ok(comparison(&each[0], &each[1])))
}

impl BesideOptions {
    /// What stands beside the report of this drill, as far as it was asked for.
    pub(super) fn context(&self, drill: &Path, digest: &Digest) -> DrillContext {
        let mut context = DrillContext::default();
        if let Some((count, started)) = self.trend.zip(digest.started()) {
            let filter = DrillFilter {
                scenario: started.plan.scenario.name.clone(),
                environment: Some(started.plan.environment_name.clone()),
                before: Some(started.wall_clock.clone()),
                except: Some(started.drill.clone()),
            };
            context.earlier = Some(earlier_drills(&above(drill), &filter, usize::from(count)));
        }
        context
    }
}

/// The folder that a drill's folder lies in.
fn above(drill: &Path) -> PathBuf {
    let whole = drill.canonicalize().unwrap_or_else(|_| drill.to_owned());
    let folder = if whole.is_dir() { Some(whole.as_path()) } else { whole.parent() };
    folder.and_then(Path::parent).map_or_else(|| PathBuf::from("/"), Path::to_owned)
}

/// A folder's or a file's own name; that of the folder for its `history.jsonl`.
pub(super) fn called(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let own = if whole.file_name().is_some_and(|name| name == "history.jsonl") { whole.parent().unwrap_or(&whole) } else { &whole };
    own.file_name().map_or_else(|| own.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// True for the folder or the history of a runbook that was walked for real.
pub(super) fn is_execution(folder: &Path) -> bool {
    let file = if folder.is_dir() { folder.join("history.jsonl") } else { folder.to_owned() };
    // What is no file can be read only once.
    if !file.is_file() {
        return false;
    }
    let Ok(opened) = File::open(&file) else { return false };
    let first = Reader::new(BufReader::new(opened)).next_event();
    matches!(first, Ok(Some(stamped)) if matches!(stamped.event, Event::ExecutionStarted(_)))
}
