//! `lifeboat judge`: the verdict of a stored history, for people or as JSON.

use super::{Exit, put, say};
use crate::exercise;
use crate::report::{json, summary};
use std::path::PathBuf;

/// Judges a drill's folder, a `history.jsonl`, or a bare history in JSON. The exit code is the verdict's.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A drill's folder, its `history.jsonl`, or a bare history
    history: PathBuf,
    /// How the verdict is written to stdout
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// As in `verdict.json`, byte for byte
    Json,
}

pub(super) fn judge(args: &Args) -> anyhow::Result<Exit> {
    let judged = exercise::judge(&args.history)?;
    if judged.torn {
        say("warning: the last line is torn and was left out: the drill was killed while it was written");
    }
    match args.format {
        Format::Text => put(&summary(&judged.verdict, super::run::width()))?,
        Format::Json => put(&json(&judged.verdict))?,
    }
    Ok(judged.verdict.verdict.into())
}
