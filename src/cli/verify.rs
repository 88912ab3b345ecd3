//! `lifeboat verify`: whether what a drill left behind is as it was, and where it is not.

use super::terminal::show_work;
use super::{Exit, put, say};
use crate::evidence::witness::{self, authorities};
use crate::evidence::{Check, CheckState, Integrity, Manifest, attestation, opened};
use crate::exercise::{Verified, verified};
use crate::signing::VerifyingKey;
use crate::units::{Explained, Problem, counted, explained, one_line};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The form of what is written with `--format json`.
const FORM: &str = "1.0";
/// Columns of what was looked at, and of its state.
const WHAT: usize = 26;
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
    /// The folder of a drill, of repeated drills or of an execution, or a bundle of one
    #[arg(value_name = "FOLDER|BUNDLE")]
    folder: PathBuf,
    /// The public key of somebody whom you trust to sign drills, as `lifeboat key` writes it: FILE.pub
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// The certificates of the time-stamping authorities that you trust, in PEM
    #[arg(long, value_name = "FILE")]
    witness_ca: Option<PathBuf>,
    /// How it is written to stdout
    #[arg(long, value_enum, default_value_t = VerifyFormat::Text)]
    format: VerifyFormat,
}

const EXAMPLES: &str = "Examples:
  lifeboat verify drills/2026-11-20T14-03-07-azure-outage-2a1f
  lifeboat verify drill.lifeboat.tar.zst --key ada.pub --witness-ca tsa.pem
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
    let keys = args.key.iter().map(|file| key(file)).collect::<Result<Vec<_>, _>>();
    let keys = match keys {
        Ok(keys) => keys,
        Err(problem) => return refused(&problem),
    };
    let trusted = match args.witness_ca.as_deref().map(authorities).transpose() {
        Ok(trusted) => trusted,
        Err(error) => return refused(&error),
    };
    let bundle = match opened::is_bundle(&args.folder).then(|| opened::open(&args.folder)).transpose() {
        Ok(bundle) => bundle,
        // What cannot be opened any more is not what was packed.
        Err(error) => {
            say(&format!("error: {}", explained(&error)));
            return Ok(Exit::Missed);
        }
    };
    let folder = bundle.as_ref().map_or(&*args.folder, |bundle| bundle.folder());
    let work = Arc::default();
    let showing = show_work(&work);
    let mut looked = verified(folder, &work)?;
    drop(showing);
    let signed = attestation::check(folder, &keys);
    looked.checks.extend(vouched(
        signed,
        "signature",
        "nobody has signed this: who can write in this folder could have made all of it again",
    ));
    let stamped = witness::check(folder, trusted.as_ref());
    looked.checks.extend(vouched(stamped, "witness", "nobody has stamped it, so when it was there is what it says itself"));
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

/// What was found of those who vouch for it, in one line where there is nobody.
fn vouched(found: Vec<Check>, who: &str, nobody: &str) -> Vec<Check> {
    let is_bare = found.iter().all(|check| check.state == CheckState::Unsigned);
    if is_bare { vec![Check::new(who, CheckState::Unsigned, nobody)] } else { found }
}

/// The public key in a file.
fn key(file: &Path) -> Result<VerifyingKey, Problem> {
    let name = file.display();
    let text =
        std::fs::read_to_string(file).map_err(|error| Problem::new(format!("{name}: {error}")).hint("name the `.pub` file of a pair"))?;
    VerifyingKey::from_pem(&text).map_err(|error| Problem::new(format!("{name}: {error}")).hint("name the `.pub` file of a pair"))
}

fn refused(error: &(impl Explained + ?Sized)) -> anyhow::Result<Exit> {
    say(&format!("error: {}", explained(error)));
    Ok(Exit::Usage)
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
