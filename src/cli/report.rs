//! `lifeboat report`: a stored drill's report, computed again from its history.

use super::{Exit, put, say};
use crate::exercise;
use crate::report::{json, markdown};
use std::path::PathBuf;

/// Renders a drill's report again from its history, to stdout.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A drill's folder, or its `history.jsonl`
    drill: PathBuf,
    /// Which report
    #[arg(long, value_enum, default_value_t = Format::Md)]
    format: Format,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    /// Markdown, as in `report.md`
    Md,
    /// The verdict, as in `verdict.json`
    Json,
}

pub(super) fn report(args: &Args) -> anyhow::Result<Exit> {
    let judged = exercise::judge(&args.drill)?;
    match (args.format, &judged.digest) {
        (Format::Json, _) => put(&json(&judged.verdict))?,
        (Format::Md, Some(digest)) => put(&markdown(&judged.verdict, digest, &judged.hash))?,
        (Format::Md, None) => {
            say("error: a bare history tells of no drill, so there is no report to render\n\nhint: lifeboat judge shows its verdict");
            return Ok(Exit::Usage);
        }
    }
    Ok(Exit::Met)
}
