//! `lifeboat man`: manual pages, made from the same description as the help.

use super::terminal::note;
use super::{Exit, groups, put};
use anyhow::Context;
use std::path::PathBuf;

/// Prints the manual page of Lifeboat, or writes one for it and for each command into a folder.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Where to; it is made where there is none
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples:
  lifeboat man | man -l -
  lifeboat man ~/.local/share/man/man1      (then `man lifeboat`, `man lifeboat-run`)";

pub(super) fn man(args: &Args) -> anyhow::Result<Exit> {
    let Some(folder) = &args.folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(groups::visible().disable_help_subcommand(true)).render(&mut page)?;
        put(&String::from_utf8_lossy(&page))?;
        return Ok(Exit::Met);
    };
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(groups::visible(), folder))
        .with_context(|| format!("cannot write manual pages into {}", folder.display()))?;
    note(&format!("manual pages are in {}", folder.display()));
    Ok(Exit::Met)
}
