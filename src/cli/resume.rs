//! `lifeboat resume`: lifts a lever that `lifeboat stop` pulled, and says what it said.

use super::stop::{MeantLever, Which, at_control, usage};
use super::{Exit, put, say};
use crate::permission::LeverFile;
use crate::units::explained;

/// Lifts the lever that keeps the drills of this project from beginning.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Why: kept beside the lever, with who lifted it
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    #[command(flatten)]
    which: Which,
}

const EXAMPLES: &str = "Examples:
  lifeboat resume --reason 'the database is moved'
  lifeboat resume --all";

pub(super) fn resume(args: &Args) -> anyhow::Result<Exit> {
    let levers = match args.which.levers()? {
        Ok(levers) => levers,
        Err(problem) => return usage(&problem),
    };
    let mut end = Exit::Met;
    for lever in &levers {
        let lifted = match lever {
            MeantLever::File(file) => file.lift(args.reason.trim())?.map(|pulled| pulled.to_string()),
            MeantLever::Control(binding, source) => match at_control(binding, source.as_ref(), async |control| control.lift_lever().await)?
            {
                Ok(before) => before.stopped.then(|| {
                    let said = |text: Option<String>| text.unwrap_or_default();
                    format!("{} pulled the lever at {}: {} ({})", said(before.by), said(before.since), said(before.reason), binding.url)
                }),
                Err(problem) => {
                    say(&format!("error: {}", explained(&problem)));
                    end = Exit::Inconclusive;
                    continue;
                }
            },
        };
        put(&lifted.map_or_else(|| "nothing was stopped here\n".to_owned(), |lifted| format!("lifted: {lifted}\n")))?;
    }
    // Who lifts one should know of the other.
    let of_user =
        LeverFile::of_user().filter(|file| !levers.iter().any(|lever| matches!(lever, MeantLever::File(lifted) if lifted == file)));
    if let Some((file, pulled)) = of_user.and_then(|file| Some((file.clone(), file.pulled()?))) {
        say(&format!("warning: drills are still stopped: {pulled}\n\nhint: {}", file.lifted_by));
    }
    Ok(end)
}
