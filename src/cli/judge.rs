//! `lifeboat judge`: the verdict of a stored history or of somebody else's record, for people or as JSON.

use super::record::{RecordOptions, tell_of};
use super::terminal::{put_verdict, show_work, width};
use super::{Exit, put, say};
use crate::exercise;
use crate::report::{repeats_summary, summary_with};
use std::path::PathBuf;
use std::sync::Arc;

/// Judges a drill's folder, a `history.jsonl`, a bare history in JSON, or what another tool recorded. The exit code is the verdict's.
///
/// Whose record a file is shows in its first lines and is said; --from says it where that is not so.
///
/// A record of another tool says neither what was promised nor when the outage began: --objectives and --fault-at do. What it cannot tell
/// is said with the verdict, and nothing is met that was not seen.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A drill's folder, its `history.jsonl`, a bare history, or another tool's record
    history: PathBuf,
    /// How the verdict is written to stdout
    #[arg(long, value_enum, default_value_t = VerdictFormat::Text)]
    format: VerdictFormat,
    #[command(flatten)]
    record: RecordOptions,
}

const EXAMPLES: &str = "Examples:
  lifeboat judge drills/2026-11-20T14-03-07-azure-outage-2a1f
  lifeboat judge run.json --from k6 --model open --objectives scenarios/outage.yaml --fault-at 2026-11-20T14:03:07.5Z
  lifeboat judge access.log --from nginx --log-format '$msec $request_time $status $upstream_addr' \\
      --map 10.0.0.1:443=azure-swedencentral --map 10.0.0.2:443=openai-eu \\
      --objectives scenarios/outage.yaml --fault-at 1763647387 --heal-at +10m --fault-uncertainty 500ms";

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum VerdictFormat {
    /// For people
    Text,
    /// As in `verdict.json`, byte for byte
    Json,
}

pub(super) fn judge(args: &Args) -> anyhow::Result<Exit> {
    if exercise::holds_repeats(&args.history) {
        return repeats(args);
    }
    let source = args.record.source(&args.history)?;
    let work = Arc::default();
    let showing = show_work(&work);
    let judged = match args.record.judged(&args.history, source, false, &work)? {
        Ok(judged) => judged,
        Err(problem) => {
            say(&format!("error: {problem}"));
            return Ok(Exit::Usage);
        }
    };
    drop(showing);
    tell_of(&judged, &args.history);
    match args.format {
        VerdictFormat::Text => put_verdict(&summary_with(&judged.verdict, Some(&judged.digest), width()))?,
        VerdictFormat::Json => put(&judged.json())?,
    }
    Ok(judged.verdict.verdict.into())
}

/// Several drills of one scenario, together.
fn repeats(args: &Args) -> anyhow::Result<Exit> {
    let work = Arc::default();
    let showing = show_work(&work);
    let drills = exercise::judge_repeats(&args.history, &work)?;
    drop(showing);
    match args.format {
        VerdictFormat::Text => put_verdict(&repeats_summary(&drills, width()))?,
        VerdictFormat::Json => put(&drills.record.json())?,
    }
    Ok(drills.verdict().into())
}
