//! The drills of one scenario that lie in a folder, by their `verdict.json`: nothing is judged again, so that a folder of hundreds is listed at once.
//!
//! What this file does not do: compare them (`report`).

use crate::history::{Event, Reader};
use crate::model::FindingState;
use crate::project::ReviewFile;
use crate::report::{EarlierDrill, EarlierDrills};
use crate::run_folder::{HistoryInput, RunFile, history_in, holds_history};
use crate::verdict::record::MeasuresRecord;
use crate::verdict::{Interval, VerdictRecord};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// The largest `verdict.json` that is read, in bytes. That of sixteen workloads is a hundredth of it.
const LARGEST: u64 = 4 << 20;

/// Which drills are looked for.
#[derive(Debug, Clone, Default)]
pub struct DrillFilter {
    /// The scenario's name; `None` takes any.
    pub scenario: Option<String>,
    /// The name of the runbook that answers; `None` takes any.
    pub runbook: Option<String>,
    /// The environment's name; `None` takes those of any.
    pub environment: Option<String>,
    /// When the others must have begun before, RFC 3339; `None` takes all.
    pub before: Option<String>,
    /// The identifier of a drill that is not one of them.
    pub except: Option<String>,
}

/// The last `count` of those drills in a folder, each in a folder of its own. What cannot be read is counted and left out.
#[must_use]
pub fn earlier_drills(folder: &Path, filter: &DrillFilter, count: usize) -> EarlierDrills {
    let folders = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    earlier_among(folders, filter, count)
}

/// The same of folders that somebody knows.
#[must_use]
pub fn earlier_among(folders: impl Iterator<Item = PathBuf>, filter: &DrillFilter, count: usize) -> EarlierDrills {
    let until = filter.before.as_deref().and_then(moment);
    let mut unread = 0;
    let mut found: Vec<(i64, PathBuf, VerdictRecord)> = Vec::new();
    for folder in folders {
        if !holds_history(&folder) {
            continue;
        }
        let Some((began, record)) = verdict_of(&folder) else {
            unread += u64::from(is_of(&folder, filter));
            continue;
        };
        let wanted = |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        let is_one = wanted(&filter.scenario, &record.scenario)
            && wanted(&filter.environment, &record.environment)
            && (filter.except.is_none() || record.drill != filter.except)
            && until.is_none_or(|until| began < until)
            && (filter.runbook.is_none() || is_of(&folder, filter));
        if is_one {
            found.push((began, folder, record));
        }
    }
    found.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
    let older = found.len().saturating_sub(count);
    let drills = found.drain(..).skip(older).map(|(_, folder, record)| earlier(&folder, record)).collect();
    EarlierDrills { drills, older: older as u64, unread }
}

/// The verdict in a folder, and when its drill began.
fn verdict_of(folder: &Path) -> Option<(i64, VerdictRecord)> {
    let path = RunFile::Verdict.within(folder);
    // What is no file would be waited for.
    let facts = path.metadata().ok().filter(|facts| facts.is_file() && facts.len() <= LARGEST)?;
    let mut text = Vec::with_capacity(usize::try_from(facts.len()).ok()?);
    File::open(&path).ok()?.take(LARGEST).read_to_end(&mut text).ok()?;
    let record = VerdictRecord::read(&text).ok()?;
    let began = moment(record.started_at.as_deref()?)?;
    Some((began, record))
}

/// Whether the folder's history is one of those that are looked for, by its first line.
fn is_of(folder: &Path, filter: &DrillFilter) -> bool {
    let Some(Event::Started(started)) = first_event(folder) else { return false };
    let wanted = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
    wanted(&filter.scenario, &started.plan.scenario.name)
        && wanted(&filter.environment, &started.plan.environment_name)
        && wanted(&filter.runbook, started.plan.runbook.as_ref().map_or("", |runbook| &runbook.name))
        && filter.except.as_ref() != Some(&started.drill)
}

fn first_event(folder: &Path) -> Option<Event> {
    let file = File::open(history_in(folder)).ok()?;
    Some(Reader::new(BufReader::new(HistoryInput::new(file))).next_event().ok()??.event)
}

/// What is told of one.
fn earlier(folder: &Path, record: VerdictRecord) -> EarlierDrill {
    let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let measures = record.measures.filter(|_| !record.only_rotates);
    let started = first_event(folder).and_then(|event| match event {
        Event::Started(started) => Some(started),
        _ => None,
    });
    let interval = |pick: &dyn Fn(&MeasuresRecord) -> Interval| measures.as_ref().map(pick);
    EarlierDrill {
        name,
        started_at: record.started_at.unwrap_or_default(),
        verdict: record.verdict,
        cutover: interval(&|measures| measures.cutover.into()),
        restore: interval(&|measures| measures.restore.into()),
        findings: open_findings(folder),
        started,
    }
}

/// How many findings its file holds that are still there; `None` where there is none that can be read.
fn open_findings(folder: &Path) -> Option<u64> {
    let path = RunFile::Findings.within(folder);
    path.metadata().ok().filter(|facts| facts.is_file() && facts.len() <= LARGEST)?;
    let file = ReviewFile::read(&path).ok()?;
    Some(file.kept().entries.iter().filter(|entry| entry.state != FindingState::Gone).count() as u64)
}

/// Nanoseconds since 1970.
fn moment(text: &str) -> Option<i64> {
    chrono::DateTime::parse_from_rfc3339(text).ok()?.timestamp_nanos_opt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with a history's first line and this `verdict.json`.
    fn drill(drills: &Path, name: &str, verdict: &str) {
        let folder = drills.join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("history.jsonl"), "").unwrap();
        std::fs::write(folder.join("verdict.json"), verdict).unwrap();
    }

    fn verdict(drill: &str, scenario: &str, started_at: &str) -> String {
        let empty = br#"{"bare_history": 1, "primary": ["a"], "standbys": ["b"], "requests": []}"#;
        let judged = crate::verdict::judge(&crate::history::bare(empty).unwrap());
        let mut record = serde_json::to_value(VerdictRecord::new(&judged, None)).unwrap();
        for (key, value) in [("drill", drill), ("scenario", scenario), ("environment", "lab"), ("started_at", started_at)] {
            record[key] = value.into();
        }
        record.to_string()
    }

    #[test]
    fn drills_are_listed_by_when_they_began_and_what_is_not_theirs_is_left_out() {
        let drills = tempfile::tempdir().unwrap();
        let drills = drills.path();
        drill(drills, "c", &verdict("c", "outage", "2026-03-01T10:00:00.000+00:00"));
        // Earlier than `c` though its clock shows more.
        drill(drills, "b", &verdict("b", "outage", "2026-03-01T11:30:00.000+02:00"));
        drill(drills, "a", &verdict("a", "outage", "2026-01-01T10:00:00.000+00:00"));
        drill(drills, "other", &verdict("other", "key-revoked", "2026-02-01T10:00:00.000+00:00"));
        drill(drills, "later", &verdict("later", "outage", "2026-09-01T10:00:00.000+00:00"));
        drill(drills, "damaged", "{");
        drill(drills, "newer", r#"{"format": "9.0"}"#);
        std::fs::create_dir(drills.join("empty")).unwrap();
        std::fs::write(drills.join("notes.txt"), "").unwrap();
        let filter = DrillFilter {
            scenario: Some("outage".into()),
            runbook: None,
            environment: Some("lab".into()),
            before: Some("2026-06-01T00:00:00Z".into()),
            except: Some("x".into()),
        };
        let names = |filter: &DrillFilter, count: usize| {
            let found = earlier_drills(drills, filter, count);
            (found.drills.iter().map(|drill| drill.name.clone()).collect::<Vec<_>>().join(" "), found.older)
        };
        assert_eq!(names(&filter, 8), ("a b c".into(), 0));
        assert_eq!(names(&filter, 2), ("b c".into(), 1));
        assert_eq!(names(&DrillFilter { except: Some("b".into()), ..filter.clone() }, 8), ("a c".into(), 0));
        assert_eq!(names(&DrillFilter { environment: Some("staging".into()), ..filter.clone() }, 8), (String::new(), 0));
        assert_eq!(names(&DrillFilter { before: None, ..filter.clone() }, 8), ("a b c later".into(), 0));
        assert_eq!(earlier_drills(Path::new("/nowhere"), &filter, 8).drills.len(), 0);
    }

    #[test]
    fn what_has_a_history_of_the_scenario_and_no_verdict_is_counted() {
        let drills = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/drills/format-2.0/azure-outage/history.jsonl.gz");
        let mut text = String::new();
        flate2::read::GzDecoder::new(File::open(root).unwrap()).read_to_string(&mut text).unwrap();
        drill(drills.path(), "killed", "");
        std::fs::write(drills.path().join("killed/history.jsonl"), text.lines().next().unwrap().to_owned() + "\n").unwrap();
        let of = |scenario: &str| {
            let filter = DrillFilter { scenario: Some(scenario.into()), ..DrillFilter::default() };
            earlier_drills(drills.path(), &filter, 8).unread
        };
        assert_eq!((of("azure-outage"), of("key-revoked")), (1, 0));
    }
}
