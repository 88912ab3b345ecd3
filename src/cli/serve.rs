//! `lifeboat serve`: schedules, the page, the HTTP API and metrics, until Ctrl-C or SIGTERM.

use super::stored::StoreOption;
use super::{Exit, put, say, until_interrupted};
use crate::project::Project;
use crate::scheduler::RunningDrills;
use crate::serve::{App, PublicUrl, ServeSettings, Server, SiteSettings};
use std::net::SocketAddr;
use std::path::Path;

/// Begins what schedules say, and serves the page, the HTTP API and metrics. Stops with Ctrl-C or SIGTERM.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where it listens; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8480")]
    listen: SocketAddr,
    /// How people reach it, where a proxy with TLS stands before it: https://lifeboat.example
    #[arg(long, value_name = "URL")]
    public_url: Option<PublicUrl>,
    /// Believe the last address in `X-Forwarded-For`, which a proxy before it must set: limits and the audit log go by it
    #[arg(long)]
    behind_proxy: bool,
    #[command(flatten)]
    store: StoreOption,
}

const OVERHEARD: &str = "warning: tokens and sessions travel as plain text, and anyone between can take them\n\nhint: put a proxy with TLS \
                         before it, let it listen on loopback, and give `--public-url https://NAME`\n";

pub(super) fn serve(args: Args) -> anyhow::Result<Exit> {
    let root = Project::find(Path::new("."))?;
    let supervisor = std::env::current_exe()?;
    until_interrupted("stopping: drills are healed and recorded first (press Ctrl-C again to leave at once)", async |stop| {
        let store = args.store.open(&root).await?;
        let running = RunningDrills::new(root.clone(), supervisor);
        let site = SiteSettings { public_url: args.public_url.clone(), behind_proxy: args.behind_proxy };
        let settings = ServeSettings { listen: args.listen, site };
        let server = Server::listen(&settings, App::new(root, store, running.clone())).await?;
        if server.is_overheard(&settings) {
            say(OVERHEARD);
        }
        put(&format!("http://{}\n", server.address()))?;
        server.serve(stop).await;
        running.stop_all().await;
        Ok(Exit::Met)
    })
}
