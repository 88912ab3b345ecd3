//! `lifeboat compare`: candidate providers side by side.

use super::Exit;
use crate::units::Problem;

/// Asks several providers the same prompts in turn, and says which is better, or that no difference is shown.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The candidates, by their names in the inventory
    #[arg(required = true)]
    providers: Vec<String>,
}

pub(super) fn compare(args: &Args) -> anyhow::Result<Exit> {
    Err(Problem::new(format!("`lifeboat compare` is not built yet ({:?})", args.providers)).into())
}
