//! `lifeboat init`: a project to begin with.

use super::Exit;
use crate::units::Problem;

/// Writes an inventory, three scenarios and a runbook.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A configuration of LiteLLM, Portkey, Envoy, HAProxy or nginx, or a .env file
    from: Option<String>,
}

pub(super) fn init(args: &Args) -> anyhow::Result<Exit> {
    Err(Problem::new(format!("`lifeboat init` is not built yet ({:?})", args.from)).into())
}
