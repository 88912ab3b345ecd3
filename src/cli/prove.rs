//! `lifeboat prove`: negative controls of a scenario.

use super::Exit;
use crate::units::Problem;

/// Runs a scenario again on copies of the system that are broken on purpose.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The scenario
    scenario: String,
}

pub(super) fn prove(args: Args) -> anyhow::Result<Exit> {
    Err(Problem::new(format!("`lifeboat prove` is not built yet ({:?})", args.scenario)).into())
}
