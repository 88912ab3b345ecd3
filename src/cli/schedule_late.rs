//! `lifeboat schedule late`: what becomes of an occurrence whose window has passed, where its schedule asks.

use super::Exit;
use super::stored::StoreOption;
use super::terminal::note;
use crate::host::user;
use crate::project::Project;
use crate::scheduler::{LateAnswer, answer_late};
use chrono::{DateTime, SecondsFormat, Utc};
use std::path::Path;

/// Says whether a drill whose window has passed is to run though it is late, where its schedule says `if_missed: ask`. `lifeboat serve` begins it as
/// soon as nothing stands in its way.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The schedule
    #[arg(value_name = "SCHEDULE")]
    name: String,
    /// When it was due, as `lifeboat schedule` shows it
    #[arg(long, value_name = "TIME")]
    due: DateTime<Utc>,
    /// It is not to run: it stays missed
    #[arg(long)]
    decline: bool,
    #[command(flatten)]
    store: StoreOption,
}

pub(super) fn late(args: &Args) -> anyhow::Result<Exit> {
    let root = Project::find(Path::new("."))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = if args.decline { LateAnswer::Decline } else { LateAnswer::Run };
    runtime.block_on(async {
        let store = args.store.open(&root).await?;
        answer_late(&store, &args.name, args.due, answer, &user()).await?;
        anyhow::Ok(())
    })?;
    let due = args.due.to_rfc3339_opts(SecondsFormat::Secs, true);
    note(&match answer {
        LateAnswer::Run => format!("{}, due {due}: runs late, as soon as `lifeboat serve` looks", args.name),
        LateAnswer::Decline => format!("{}, due {due}: missed (declined)", args.name),
    });
    Ok(Exit::Met)
}
