//! `lifeboat report`: a stored drill's report, computed again from its history.

use super::terminal::show_work;
use super::{Exit, put, say};
use crate::exercise;
use crate::history::{Event, Reader, read};
use crate::report::{DrillContext, Report, drill, execution, markdown, repeats};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Renders a drill's report again from its history, to stdout.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A drill's folder, or its `history.jsonl`
    drill: PathBuf,
    /// Which report
    #[arg(long, value_enum, default_value_t = ReportFormat::Md)]
    format: ReportFormat,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ReportFormat {
    /// Markdown, as in `report.md`
    Md,
    /// The verdict, as in `verdict.json`
    Verdict,
}

/// A report in a format.
fn rendered(report: &Report, format: ReportFormat) -> String {
    match format {
        ReportFormat::Md | ReportFormat::Verdict => markdown(report),
    }
}

pub(super) fn report(args: &Args) -> anyhow::Result<Exit> {
    if let Some(report) = executed(&args.drill) {
        put(&rendered(&report, args.format))?;
        return Ok(Exit::Met);
    }
    if exercise::holds_repeats(&args.drill) {
        let work = Arc::default();
        let showing = show_work(&work);
        let drills = exercise::judge_repeats(&args.drill, &work)?;
        let text = match args.format {
            ReportFormat::Verdict => drills.record.json(),
            format => rendered(&repeats(&drills), format),
        };
        drop(showing);
        put(&text)?;
        return Ok(Exit::Met);
    }
    let work = Arc::default();
    let showing = show_work(&work);
    let judged = exercise::judge_counting(&args.drill, &work)?;
    work.begin("writing the report", 0);
    let text = match (args.format, &judged.digest) {
        (ReportFormat::Verdict, _) => judged.json(),
        (format, Some(digest)) => rendered(&drill(&judged.verdict, digest, &judged.hash, &DrillContext::default()), format),
        (_, None) => {
            say("error: a bare history is not about a drill, so there is no report to render\n\nhint: `lifeboat judge` shows its verdict");
            return Ok(Exit::Usage);
        }
    };
    drop(showing);
    put(&text)?;
    Ok(Exit::Met)
}

/// The report of a runbook that was walked for real, where that is what the folder holds.
fn executed(folder: &Path) -> Option<Report> {
    let file = if folder.is_dir() { folder.join("history.jsonl") } else { folder.to_owned() };
    // Judging tells what is wrong with anything else.
    file.is_file().then_some(())?;
    let open = || File::open(&file).ok().map(BufReader::new);
    // A drill's history may be long; its first line tells what it is.
    let first = Reader::new(open()?).next_event().ok()??;
    matches!(first.event, Event::ExecutionStarted(_)).then_some(())?;
    execution(&read(open()?).ok()?)
}
