//! `lifeboat store`: the index of past drills made again, copied, and looked at.

use super::stored::StoreOption;
use super::terminal::{note, put_path};
use super::{Exit, arguments, put, say, until_interrupted};
use crate::project::Project;
use crate::store::DrillStore;
use crate::units::{Problem, counted};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Looks after the store: the index of past drills, and what schedules, approvals and the page have kept.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(subcommand)]
    command: IndexCommand,
}

const EXAMPLES: &str = "Examples:
  lifeboat store rebuild
  lifeboat store backup before-the-upgrade.db
  lifeboat store check

The drills' folders are the truth, and the store is an index of them. What is in no folder (occurrences of schedules, who may call, who did what)
is also written to records.jsonl beside a store on SQLite, so that a file that is lost or damaged loses nothing.";

#[derive(Debug, clap::Subcommand)]
enum IndexCommand {
    /// Make the index again from the drills' folders; a damaged file is set aside, and nothing is lost
    Rebuild {
        /// Drills' folders elsewhere, or folders of such: those of drills with `--out`
        folders: Vec<PathBuf>,
        #[command(flatten)]
        store: StoreOption,
    },
    /// Make a copy while others use it
    Backup {
        /// Where the copy goes; without it, beside the store with the moment in its name
        file: Option<PathBuf>,
        #[command(flatten)]
        store: StoreOption,
    },
    /// Say whether it is well, and change nothing
    Check {
        #[command(flatten)]
        store: StoreOption,
    },
}

pub(super) fn index(args: &Args) -> anyhow::Result<Exit> {
    let root = Project::find(Path::new("."))?;
    until_interrupted("stopping", async |_| match &args.command {
        IndexCommand::Rebuild { folders, store } => rebuild(&root, folders, store).await,
        IndexCommand::Backup { file, store } => backup(&root, file.as_deref(), store).await,
        IndexCommand::Check { store } => check(&root, store).await,
    })
}

async fn rebuild(root: &Path, folders: &[PathBuf], store: &StoreOption) -> anyhow::Result<Exit> {
    if let Some(missing) = folders.iter().find(|folder| !folder.is_dir()) {
        return Err(Problem::new(format!("{} is no folder", missing.display())).hint("name a drill's folder, or a folder of such").into());
    }
    let began = Instant::now();
    let (store, rebuilt) = DrillStore::rebuild(store.address(root)?, root, folders).await?;
    if let Some(path) = &rebuilt.set_aside {
        put_path("set aside", &arguments::relative(path))?;
    }
    if let Some(put_back) = rebuilt.put_back.filter(|put_back| put_back.lines + put_back.left_out > 0) {
        put(&format!("{} of records.jsonl put back\n", counted(put_back.lines, "line")))?;
        if put_back.left_out > 0 {
            say(&format!("warning: {} of records.jsonl could not be put back", counted(put_back.left_out, "line")));
        }
    }
    for problem in &rebuilt.synced.problems {
        say(&format!("warning: {problem}"));
    }
    let health = store.check().await?;
    let folders = counted(rebuilt.synced.folders, "folder");
    put(&format!("{folders}: {} and {}\n", counted(health.drills, "drill"), counted(health.findings, "finding")))?;
    let seconds = began.elapsed().as_secs_f64();
    note(&format!("in {seconds:.1} s, {:.0} folders a second", rebuilt.synced.folders as f64 / seconds));
    Ok(Exit::Met)
}

async fn backup(root: &Path, file: Option<&Path>, store: &StoreOption) -> anyhow::Result<Exit> {
    let store = store.open(root).await?;
    let beside = store.backup_file(chrono::Utc::now());
    let to = file.map(Path::to_owned).or(beside).unwrap_or_else(|| PathBuf::from("lifeboat.db"));
    store.back_up(&to).await?;
    put_path("copy", &arguments::relative(&to))?;
    Ok(Exit::Met)
}

async fn check(root: &Path, store: &StoreOption) -> anyhow::Result<Exit> {
    let store = store.open(root).await?;
    let health = store.check().await?;
    put(&format!("{}: version {} of the tables\n", store.address().place(), health.version))?;
    put(&format!("{} and {}\n", counted(health.drills, "drill"), counted(health.findings, "finding")))?;
    if let Some(lines) = health.lines {
        put(&format!("{} in records.jsonl\n", counted(lines, "line")))?;
    }
    for problem in &health.problems {
        say(&format!("error: {problem}"));
    }
    if health.problems.is_empty() {
        return Ok(Exit::Met);
    }
    say("hint: `lifeboat store rebuild` makes it again, and loses nothing");
    Ok(Exit::Usage)
}
