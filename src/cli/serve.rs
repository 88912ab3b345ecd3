//! `lifeboat serve`: schedules, the page, the HTTP API and metrics, until Ctrl-C or SIGTERM.

use super::stored::StoreOption;
use super::{Exit, put, until_interrupted};
use crate::project::Project;
use crate::scheduler::RunningDrills;
use crate::serve::{App, OutgoingNotices, ServeSettings, Server};
use std::net::SocketAddr;
use std::path::Path;

/// Begins what schedules say, and serves the page, the HTTP API and metrics. Stops with Ctrl-C or SIGTERM.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where it listens; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8480")]
    listen: SocketAddr,
    #[command(flatten)]
    store: StoreOption,
}

pub(super) fn serve(args: Args) -> anyhow::Result<Exit> {
    let root = Project::find(Path::new("."))?;
    let supervisor = std::env::current_exe()?;
    until_interrupted("stopping: drills are healed and recorded first (press Ctrl-C again to leave at once)", async |stop| {
        let store = args.store.open(&root).await?;
        let running = RunningDrills::new(root.clone(), supervisor);
        let holder = format!("{}/{}", crate::host::host_name().unwrap_or_default(), std::process::id());
        let outgoing = OutgoingNotices::start(&store, &running, holder)?;
        let server = Server::listen(&ServeSettings { listen: args.listen }, App::new(root, store, running.clone())).await?;
        put(&format!("http://{}\n", server.address()))?;
        server.serve(stop).await;
        running.stop_all().await;
        outgoing.finish().await;
        Ok(Exit::Met)
    })
}
