//! `lifeboat show`: a stored run's report in the terminal.

use super::beside::{BesideOptions, reported};
use super::report::refused;
use super::terminal::{put_report, show_work, width};
use super::{Exit, say, stored};
use crate::project::Project;
use crate::report::screen;
use crate::run_folder::holds_history;
use crate::units::Problem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Prints the report of a drill or of an execution in the terminal.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  lifeboat show
  lifeboat show 2026-11-20T14-03-07-azure-outage-2a1f
  lifeboat show drills/2026-11-20T14-03-07-azure-outage-2a1f | less")]
pub(super) struct Args {
    /// The folder of a drill or an execution, its `history.jsonl` or its identifier; the project's newest drill where none is named
    drill: Option<PathBuf>,
    #[command(flatten)]
    beside: BesideOptions,
}

pub(super) fn show(args: &Args) -> anyhow::Result<Exit> {
    let named = args.drill.as_ref().map(|named| stored::folder_of(named).unwrap_or_else(|| named.clone()));
    let folder = match named.map_or_else(newest, Ok) {
        Ok(folder) => folder,
        Err(error) => return refused(error),
    };
    let work = Arc::default();
    let showing = show_work(&work);
    let told = reported(&folder, &args.beside, &work)?;
    drop(showing);
    match told {
        Ok((report, _)) => {
            put_report(&screen(&report, width()))?;
            Ok(Exit::Met)
        }
        Err(problem) => {
            say(&format!("error: {problem}"));
            Ok(Exit::Usage)
        }
    }
}

/// The newest drill of the project that this folder lies in: names of drills begin with when they did.
fn newest() -> anyhow::Result<PathBuf> {
    let root = Project::find(Path::new("."))?;
    let drills = root.join("drills");
    let found = std::fs::read_dir(&drills).into_iter().flatten().flatten().map(|entry| entry.path());
    let newest = found.filter(|path| holds_history(path)).max_by(|one, other| one.file_name().cmp(&other.file_name()));
    let none =
        || Problem::new(format!("there is no drill in {}", drills.display())).hint("run one with `lifeboat run`, or name a drill's folder");
    newest.ok_or_else(|| none().into())
}
