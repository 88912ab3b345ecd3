//! `lifeboat watchdog` (hidden): outlives a drill, to heal what the drill leaves on a server without leases.
//!
//! It waits for the end of its stdin. A drill that ends as it should has written `done` there before; the pipe of one that was killed is
//! closed by the operating system, and then the watchdog heals.

use super::{Exit, say, until_interrupted};
use crate::toxiproxy::Control;
use std::io::Read;
use std::time::Duration;

/// How often healing is tried where the server does not answer.
const TRIES: u32 = 30;

/// Heals proxies when the process at the other end of stdin is gone.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The control API
    #[arg(long)]
    control: String,
    /// The proxies that it heals
    #[arg(long = "proxy")]
    proxies: Vec<String>,
}

pub(super) fn watchdog(args: &Args) -> anyhow::Result<Exit> {
    let mut told = Vec::new();
    // A pipe that cannot be read is one whose writer is gone.
    let _ = std::io::stdin().lock().read_to_end(&mut told);
    if told.ends_with(b"done\n") {
        return Ok(Exit::Met);
    }
    until_interrupted("healing first", async |_| {
        for _ in 0..TRIES {
            match heal(args).await {
                Ok(()) => return Ok(Exit::Met),
                Err(error) => say(&format!("error: {error}")),
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Ok(Exit::Inconclusive)
    })
}

async fn heal(args: &Args) -> Result<(), crate::toxiproxy::ControlError> {
    let control = Control::connect(&args.control).await?;
    for proxy in &args.proxies {
        control.heal_proxy(proxy).await?;
    }
    Ok(())
}
