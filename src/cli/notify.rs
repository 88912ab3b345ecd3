//! `lifeboat notify`: whether a webhook of the inventory can be reached, and takes what it gets.

use super::{Exit, put, until_interrupted};
use crate::project::Project;
use crate::serve::try_webhook;
use crate::units::explained;
use std::path::Path;

/// Posts a notice of the kind `drill.test` to a webhook of the inventory at once, signed as all others are, and prints what it answered.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The webhook's name under `serve: {webhooks: […]}`; its URL's host where it has none
    webhook: String,
}

pub(super) fn notify(args: &Args) -> anyhow::Result<Exit> {
    let root = Project::find(Path::new("."))?;
    let (project, findings) = Project::open(&root);
    if findings.has_errors() {
        super::say(&findings.to_string());
        return Ok(Exit::Usage);
    }
    until_interrupted("stopping", async |_| match try_webhook(&args.webhook, &project.inventory, &root).await {
        Ok(told) => {
            put(&format!("{told}\n"))?;
            Ok(Exit::Met)
        }
        Err(problem) => {
            super::say(&format!("error: {}", explained(&problem)));
            Ok(Exit::Usage)
        }
    })
}
