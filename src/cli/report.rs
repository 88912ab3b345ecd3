//! `lifeboat report`: a stored drill's report, computed again from its history, in any of its formats.

use super::terminal::show_work;
use super::{Exit, put, say};
use crate::exercise;
use crate::history::{Event, Reader, read};
use crate::report::{DrillContext, Report, drill, execution, html, markdown, repeats, report_json};
use crate::verdict::VerdictRecord;
use anyhow::Context;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Renders the report of a drill or of an execution again from its history, to stdout or into a file.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of a drill, of repeated drills or of an execution, or its `history.jsonl`
    drill: PathBuf,
    /// As what it is written
    #[arg(long, value_enum, default_value_t = ReportFormat::Md)]
    format: ReportFormat,
    /// A file to write it into, instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
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
            // That of a drill is written without its report.
            ReportFormat::Verdict => anyhow::bail!("an execution has no verdict\n\nhint: `--format json` has its report for machines"),
        })
    }
}

pub(super) fn report(args: &Args) -> anyhow::Result<Exit> {
    if exercise::holds_repeats(&args.drill) {
        let work = Arc::default();
        let showing = show_work(&work);
        let drills = exercise::judge_repeats(&args.drill, &work)?;
        drop(showing);
        return match args.format {
            ReportFormat::Verdict => out(args, &drills.record.json()),
            format => out(args, &Told { report: repeats(&drills), verdict: None }.rendered(format)?),
        };
    }
    let told = match executed(&args.drill) {
        Some(report) => Told { report, verdict: None },
        None => {
            let work = Arc::default();
            let showing = show_work(&work);
            let judged = exercise::judge_counting(&args.drill, &work)?;
            if args.format == ReportFormat::Verdict {
                drop(showing);
                return out(args, &judged.json());
            }
            work.begin("writing the report", 0);
            let Some(digest) = &judged.digest else {
                say(
                    "error: a bare history is not about a drill, so there is no report to render\n\nhint: `lifeboat judge` shows its verdict",
                );
                return Ok(Exit::Usage);
            };
            Told { report: drill(&judged.verdict, digest, &judged.hash, &DrillContext::default()), verdict: Some(judged.record()) }
        }
    };
    out(args, &told.rendered(args.format)?)
}

/// To stdout, or into the file.
fn out(args: &Args, text: &str) -> anyhow::Result<Exit> {
    match &args.out {
        None => put(text)?,
        Some(file) => std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?,
    }
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
