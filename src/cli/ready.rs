//! `lifeboat ready`: whether every hop is alive today.

use super::Exit;
use crate::units::Problem;

/// Asks each provider of each service for one token, and names what is dead and why.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The environment whose `allow` says who may be asked
    #[arg(long, default_value = "lab")]
    env: String,
}

pub(super) fn ready(args: &Args) -> anyhow::Result<Exit> {
    Err(Problem::new(format!("`lifeboat ready` is not built yet ({:?})", args.env)).into())
}
