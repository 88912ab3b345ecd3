//! `lifeboat watchdog` (hidden): outlives a drill, to heal what the drill leaves on a server without leases.
//!
//! It waits for the end of its stdin. A drill that ends as it should has written `done` there before; the pipe of one that was killed is
//! closed by the operating system, and then the watchdog heals. It goes only when all is confirmed healed, the server itself is gone (one that hangs
//! may come back with its faults), or a signal asks it to, and then after a last try.

use super::{Exit, say, until_interrupted};
use crate::control::{Control, ControlError};
use crate::units::explained;
use std::io::Read;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// After a try that failed the next comes this soon, then ever later.
const SOON: Duration = Duration::from_secs(1);
/// The longest time from one try to the next.
const LATE: Duration = Duration::from_secs(15);
/// Where no control API has listened for this long, the server has ended, and its faults with it.
const GONE: Duration = Duration::from_secs(300);

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
    until_interrupted("trying to heal again", |stopped| until_healed(args, stopped))
}

/// Tries until all is healed, the server is gone, or somebody asks for the end, which comes after a last try.
async fn until_healed(args: &Args, mut stopped: watch::Receiver<bool>) -> anyhow::Result<Exit> {
    let (mut pause, mut gone_since) = (SOON, None);
    loop {
        let is_last = *stopped.borrow_and_update();
        let Err(error) = heal(args).await else { return Ok(Exit::Met) };
        say(&format!("error: {}", explained(&error)));
        gone_since = if error.is_of_nobody() { gone_since.or_else(|| Some(Instant::now())) } else { None };
        if is_last || gone_since.is_some_and(|since: Instant| since.elapsed() >= GONE) {
            return Ok(Exit::Inconclusive);
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // Its sender lives as long as this does.
            _ = stopped.changed() => {}
        }
        pause = (pause * 2).min(LATE);
    }
}

/// Tries every proxy, whatever becomes of the others; the first error is kept.
async fn heal(args: &Args) -> Result<(), ControlError> {
    let control = Control::connect(&args.control).await?;
    let mut healed = Ok(());
    for proxy in &args.proxies {
        let tried = control.heal_proxy(proxy).await;
        healed = healed.and(tried);
    }
    healed
}
