//! `lifeboat verify`: whether what a drill left behind is as it was, and where it is not.

use super::terminal::show_work;
use super::{Exit, put};
use crate::evidence::manifest::LATER;
use crate::evidence::{Check, CheckState, Integrity, Manifest};
use crate::exercise::{Verified, verified};
use crate::units::{counted, one_line};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The form of what is written with `--format json`.
const FORM: &str = "1.0";
/// Columns of what was looked at, and of its state.
const WHAT: usize = 24;
const STATE: usize = 9;

/// Says what of a drill's folder is as it was, and what was changed, cut, added or reordered, and where.
///
/// Every file is held against `manifest.json`, every line of the history against its seals, and the verdict against what the history says now.
/// What people wrote in `findings.yaml` is told, and is nothing bad. Nothing is written, and no link is followed.
///
/// A folder that nobody has signed could have been made again as a whole by whoever can write in it: `lifeboat help evidence`.
///
/// Exit codes here: 0 intact · 1 changed, cut, added, reordered or missing · 2 usage · 3 it cannot be told here, as of a drill that was killed.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The folder of a drill, of repeated drills or of an execution
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// How it is written to stdout
    #[arg(long, value_enum, default_value_t = VerifyFormat::Text)]
    format: VerifyFormat,
}

const EXAMPLES: &str = "Examples:
  lifeboat verify drills/2026-11-20T14-03-07-azure-outage-2a1f
  lifeboat verify DRILL --format json | jq '.checks[] | select(.state != \"intact\")'";

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum VerifyFormat {
    /// For people: what is not intact by itself, the rest counted
    Text,
    /// Every look by itself
    Json,
}

/// What is written for machines.
#[derive(Serialize)]
struct VerifyRecord<'a> {
    verify: &'static str,
    folder: String,
    /// `intact`, `changed` or `unknown`.
    integrity: &'static str,
    /// SHA-256 of the manifest's file: what signatures are over.
    manifest_sha256: Option<&'a str>,
    manifest: Option<&'a Manifest>,
    checks: &'a [Check],
}

pub(super) fn verify(args: &Args) -> anyhow::Result<Exit> {
    let work = Arc::default();
    let showing = show_work(&work);
    let mut looked = verified(&args.folder, &work)?;
    drop(showing);
    looked.checks.extend(vouched(&args.folder));
    let integrity = looked.integrity();
    match args.format {
        VerifyFormat::Text => put(&text(&args.folder, &looked, integrity))?,
        VerifyFormat::Json => {
            let record = VerifyRecord {
                verify: FORM,
                folder: args.folder.display().to_string(),
                integrity: integrity.word(),
                manifest_sha256: looked.manifest.as_ref().map(|read| read.sha256.as_str()),
                manifest: looked.manifest.as_ref().map(|read| &read.manifest),
                checks: &looked.checks,
            };
            put(&format!("{}\n", serde_json::to_string_pretty(&record)?))?;
        }
    }
    Ok(match integrity {
        Integrity::Intact => Exit::Met,
        Integrity::Broken => Exit::Missed,
        Integrity::Unknown => Exit::Inconclusive,
    })
}

/// Who vouches for the manifest.
fn vouched(folder: &Path) -> Vec<Check> {
    let there: Vec<&str> = LATER.into_iter().filter(|name| folder.join(name).exists()).collect();
    if there.is_empty() {
        let detail = "nobody has signed this: who can write in this folder could have made all of it again";
        return vec![Check::new("signature", CheckState::Unsigned, detail)];
    }
    there.into_iter().map(|name| Check::new(name, CheckState::Unknown, "this Lifeboat does not check it")).collect()
}

/// For people: the word, what is not as it was, what was counted, and what people have to know besides.
fn text(folder: &Path, looked: &Verified, integrity: Integrity) -> String {
    let mut text = format!("{}: {}\n", integrity.word(), folder.display());
    let is_file = |check: &&Check| check.state == CheckState::Intact && check.detail.contains("sha256");
    let files = looked.checks.iter().filter(is_file).count();
    let mut line = |what: &str, state: &str, detail: &str| {
        text += &format!("  {:<WHAT$}  {state:<STATE$} {}\n", one_line(what), one_line(detail));
    };
    for check in looked.checks.iter().filter(|check| !is_file(check)) {
        line(&check.what, check.state.word(), &check.detail);
    }
    if files > 0 {
        line(&counted(files as u64, "file"), CheckState::Intact.word(), "each with the hash that the manifest has");
    }
    text
}
