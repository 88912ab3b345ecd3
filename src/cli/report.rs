//! `lifeboat report`: a stored drill's report, computed again from its history, in any of its formats.

use super::beside::{BesideOptions, compared, is_execution};
use super::record::tell_of;
use super::terminal::show_work;
use super::{Exit, put, say};
use crate::console::WorkProgress;
use crate::history::{History, read};
use crate::report::{Report, drill, html, markdown, report_json, verdict_json};
use crate::verdict::VerdictRecord;
use anyhow::Context;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Renders the report of a drill or of an execution again from its history, to stdout or into a file.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of a drill or an execution, or its `history.jsonl`
    drill: PathBuf,
    /// As what it is written
    #[arg(long, value_enum, default_value_t = ReportFormat::Md)]
    format: ReportFormat,
    /// A file to write it into, instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    beside: BesideOptions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ReportFormat {
    /// Markdown, as in `report.md`
    Md,
    /// The report and the verdict as JSON; `lifeboat schema report` tells its form
    Json,
    /// A page, as in `report.html`
    Html,
    /// The verdict, as in `verdict.json`
    Verdict,
}

/// What is told of a run: its report, and what `verdict.json` says where it was a drill.
struct Told {
    report: Report,
    verdict: Option<VerdictRecord>,
}

impl Told {
    /// As it is written in a format.
    fn rendered(&self, format: ReportFormat) -> anyhow::Result<String> {
        let Self { report, verdict } = self;
        Ok(match format {
            ReportFormat::Html => html(report),
            ReportFormat::Md => markdown(report),
            ReportFormat::Json => report_json(report, verdict.as_ref()),
            ReportFormat::Verdict => match verdict {
                Some(record) => verdict_json(record),
                None => anyhow::bail!("this has no verdict of its own\n\nhint: `--format json` has its report for machines"),
            },
        })
    }
}

pub(super) fn report(args: &Args) -> anyhow::Result<Exit> {
    let work = Arc::default();
    let showing = show_work(&work);
    let told = told(args, &work)?;
    drop(showing);
    match told {
        Ok(told) => out(args, &told.rendered(args.format)?),
        Err(problem) => {
            say(&format!("error: {problem}"));
            Ok(Exit::Usage)
        }
    }
}

/// What is told of what was named, and of what was to stand beside it; or in words why nothing is.
fn told(args: &Args, work: &WorkProgress) -> anyhow::Result<Result<Told, String>> {
    let (drill_path, beside) = (&args.drill, &args.beside);
    if let Some(other) = &beside.against {
        return Ok(compared(drill_path, other, &beside.record, work)?.map(|report| Told { report, verdict: None }));
    }
    if let Some(history) = executed(drill_path) {
        return Ok(beside.walked(drill_path, &history)?.map(|report| Told { report, verdict: None }));
    }
    let source = beside.record.source(drill_path)?;
    let judged = match beside.record.judged(drill_path, source, work)? {
        Ok(judged) => judged,
        Err(problem) => return Ok(Err(problem)),
    };
    tell_of(&judged, drill_path);
    work.begin("writing the report", 0);
    let verdict = Some(judged.record());
    Ok(match judged.digest.started() {
        Some(_) if beside.incident.is_some() => Err(NO_INCIDENT.to_owned()),
        Some(_) => {
            let context = beside.context(drill_path, &judged.digest);
            Ok(Told { report: drill(&judged.verdict, &judged.digest, &judged.hash, &context), verdict })
        }
        None => beside.recorded(drill_path, &judged)?.map(|report| Told { report, verdict }),
    })
}

const NO_INCIDENT: &str = "a drill is no incident\n\nhint: leave `--incident` out, or name what was recorded on the day: a bare history, an access log, an execution";

/// To stdout, or into the file.
fn out(args: &Args, text: &str) -> anyhow::Result<Exit> {
    match &args.out {
        None => put(text)?,
        Some(file) => std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?,
    }
    Ok(Exit::Met)
}

/// The history of a runbook that was walked for real, where that is what the folder holds.
fn executed(folder: &Path) -> Option<History> {
    let file = if folder.is_dir() { folder.join("history.jsonl") } else { folder.to_owned() };
    // Judging tells what is wrong with anything else.
    is_execution(folder).then_some(())?;
    read(File::open(&file).ok().map(BufReader::new)?).ok()
}
