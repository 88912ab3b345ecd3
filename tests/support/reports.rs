//! Stored drills with their reports, one report of names that somebody chose to do harm, and the readers of others that are asked what they
//! understand.

use super::python;
use flate2::read::GzDecoder;
use lifeboat::exercise::{Judged, judge};
use lifeboat::history::read;
use lifeboat::report::{
    Block, DrillContext, Fact, Grade, Paragraph, Report, ReportIdentity, ReportKind, ReportStatus, ReportTable, Section, SectionKind,
    TableCell, TableRow, Text, drill, execution,
};
use serde_json::Value;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Drills that were met, missed, left open and stopped, with several workloads, with keys, with names of others.
pub(crate) const DRILLS: [&str; 8] = [
    "format-2.0/azure-outage",
    "format-2.0/key-revoked",
    "format-2.0/several-workloads",
    "format-1/slow-breaker",
    "format-1/one-replica-forgotten",
    "format-1/fault-on-idle-provider",
    "format-1/planned-rotation",
    "format-1/stopped",
];

/// A stored history, unpacked.
pub(crate) fn unpacked(name: &str, folder: &Path) -> PathBuf {
    let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/drills").join(name).join("history.jsonl.gz");
    let (folder, mut history) = (folder.join(name), Vec::new());
    std::fs::create_dir_all(&folder).unwrap();
    GzDecoder::new(File::open(stored).unwrap()).read_to_end(&mut history).unwrap();
    let path = folder.join("history.jsonl");
    std::fs::write(&path, history).unwrap();
    path
}

pub(crate) fn of(judged: &Judged) -> Report {
    drill(&judged.verdict, &judged.digest, &judged.hash, &DrillContext::default())
}

/// The stored drills with their reports.
pub(crate) fn stored(folder: &Path) -> Vec<(&'static str, Judged, Report)> {
    let judged = DRILLS.map(|name| (name, judge(&unpacked(name, folder)).unwrap()));
    judged.into_iter().map(|(name, judged)| (name, of(&judged), judged)).map(|(name, report, judged)| (name, judged, report)).collect()
}

/// That of a runbook that was walked for real.
pub(crate) fn walked(folder: &Path) -> Report {
    execution(&read(BufReader::new(File::open(unpacked("format-1/execution", folder)).unwrap())).unwrap()).unwrap()
}

/// Files of these texts.
pub(crate) fn written(folder: &Path, ending: &str, texts: impl IntoIterator<Item = String>) -> Vec<PathBuf> {
    let write = |(place, text): (usize, String)| {
        let path = folder.join(format!("{place}.{ending}"));
        std::fs::write(&path, text).unwrap();
        path
    };
    texts.into_iter().enumerate().map(write).collect()
}

pub(crate) fn said(command: &mut Command) -> Vec<Value> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice::<Vec<Value>>(&output.stdout).unwrap()
}

/// What a reader of others' understood.
pub(crate) fn understood(kind: &str, files: &[PathBuf]) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/reports.py");
    said(Command::new(python("reports", "tests/clients/reports.txt").join("python")).arg(script).arg(kind).args(files))
}

/// Names and reasons that somebody chose to do harm, or without a thought.
pub(crate) const HOSTILE: [&str; 9] = [
    "<script>alert(1)</script>",
    "a|b",
    "`x` ``` y",
    "![x](https://evil.example/x.png)",
    "<!-- ",
    "\u{1b}[31mred\u{1b}[0m \u{202e}txet",
    "&lt;b&gt; </td></table>",
    "- *list* _of_ ~~things~~",
    "<!channel> <https://evil.example|here>",
];

pub(crate) fn hostile() -> Report {
    let text = |place: usize| Text::outside(HOSTILE[place % HOSTILE.len()]);
    let status = ReportStatus { word: "missed".into(), grade: Grade::Bad };
    let row = |place: usize| TableRow {
        key: Some(HOSTILE[place].to_owned()),
        status: Some(status.clone()),
        cells: vec![text(place).into(), text(place + 1).into(), text(place + 2).into(), TableCell::BLANK],
    };
    let columns = vec!["objective", "promised", "measured", "verdict"];
    let table = ReportTable { columns, rows: (0..HOSTILE.len()).map(row).collect() };
    let facts: Vec<Fact> = HOSTILE.iter().map(|words| Fact::of("label", Text::outside(*words))).collect();
    let list = Block::List(HOSTILE.iter().map(|words| Text::outside(*words)).collect());
    let own = HOSTILE.map(|words| Paragraph::plain(format!("A sentence about {words}, of ours.")).into());
    let section = |place: usize| {
        let section = Section::new(SectionKind::Workload, text(place)).with(Paragraph::key(text(place)));
        let objectives = Section::new(SectionKind::Objectives, "Objectives").with(table.clone());
        let about = Some(HOSTILE[place].to_owned());
        Section { about, ..section.with(Block::Facts(facts.clone())).with(list.clone()).with(Block::Section(objectives)) }
    };
    let identity = ReportIdentity {
        run: Some(HOSTILE[0].into()),
        scenario: Some(HOSTILE[5].into()),
        environment: Some(HOSTILE[1].into()),
        started_at: Some("2026-11-20T14:03:07.250+01:00".into()),
        traffic_unix_ns: Some(1_795_179_788_250_000_000),
        ended_unix_ns: Some(1_795_179_858_250_000_000),
        history_sha256: Some("0".repeat(64)),
        ..ReportIdentity::default()
    };
    let opening = [Paragraph::key(text(0)).into(), Paragraph::advice(text(7)).into()].into_iter().chain(own).collect();
    Report { kind: ReportKind::Drill, identity, title: text(3), status, opening, sections: (0..HOSTILE.len()).map(section).collect() }
}
