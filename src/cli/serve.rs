//! `lifeboat serve`: schedules, the page, the HTTP API and metrics, until Ctrl-C or SIGTERM.

use super::stored::StoreOption;
use super::terminal::note;
use super::{Exit, put, say, until_interrupted};
use crate::project::Project;
use crate::scheduler::{ReadinessWatch, RunningDrills, Scheduler, SchedulerPulse, SchedulerSettings, look_once};
use crate::serve::{App, OutgoingNotices, PublicUrl, ServeSettings, Server, SiteSettings};
use crate::store::DrillStore;
use crate::units::Duration;
use chrono::SecondsFormat;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::sync::{broadcast, watch};

/// Begins what schedules say, and serves the page, the HTTP API and metrics. Stops with Ctrl-C or SIGTERM.
///
/// Several of them may run over one PostgreSQL: each drill is begun by one of them, and what one that died had begun is healed and recorded by
/// another.
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
    /// Serve the page, the API and the metrics alone, and begin nothing
    #[arg(long)]
    no_schedules: bool,
    /// Begin what is due now, run it to its end, and leave: for those who let cron or a timer come back
    #[arg(long, conflicts_with = "no_schedules")]
    once: bool,
    /// How many schedules' drills run at once in this process
    #[arg(long, value_name = "COUNT", default_value_t = SchedulerSettings::AT_ONCE)]
    at_once: usize,
    /// How long after it is gone another process deals with what it ran
    #[arg(long, value_name = "DURATION", default_value = "30s")]
    lease: Duration,
    /// Look this often whether every hop is alive, as `lifeboat ready` does, and tell it as metrics; providers bill it
    #[arg(long, value_name = "TIME", requires = "ready_env")]
    ready_every: Option<Duration>,
    /// The environment whose hops are looked at
    #[arg(long, value_name = "ENVIRONMENT", requires = "ready_every")]
    ready_env: Option<String>,
}

const STOPPING: &str = "stopping: drills are healed and recorded first (press Ctrl-C again to leave at once)";

const OVERHEARD: &str = "warning: tokens and sessions travel as plain text, and anyone between can take them\n\nhint: put a proxy with TLS \
                         before it, let it listen on loopback, and give `--public-url https://NAME`\n";

pub(super) fn serve(args: Args) -> anyhow::Result<Exit> {
    let root = Project::find(Path::new("."))?;
    let supervisor = std::env::current_exe()?;
    until_interrupted(STOPPING, async |stop| {
        let store = args.store.open(&root).await?;
        let running = RunningDrills::new(root.clone(), supervisor).with_locks(store.locks()?);
        let settings = SchedulerSettings { lease: args.lease.max(Duration::from_secs(1)), at_once: args.at_once };
        if args.once {
            look_once(&settings, store, running, stop, |line| note(&line)).await?;
            return Ok(Exit::Met);
        }
        both(&args, root, store, running, &settings, stop).await
    })
}

/// The server and the scheduler, until they are to stop.
async fn both(
    args: &Args,
    root: PathBuf,
    store: DrillStore,
    running: RunningDrills,
    settings: &SchedulerSettings,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<Exit> {
    let holder = format!("{}/{}", crate::host::host_name().unwrap_or_default(), std::process::id());
    let readiness = readiness(args, &root, &store, &holder, &stop);
    let outgoing = OutgoingNotices::start(&store, &running, holder)?;
    let mut app = App::new(root, store.clone(), running.clone());
    let scheduler = (!args.no_schedules).then(|| Scheduler::begin(settings, store, running.clone()));
    if let Some(scheduler) = &scheduler {
        app = app.with_pulse(scheduler.pulse());
    }
    let site = SiteSettings { public_url: args.public_url.clone(), behind_proxy: args.behind_proxy };
    let served = ServeSettings { listen: args.listen, site };
    let server = Server::listen(&served, app).await?;
    if server.is_overheard(&served) {
        say(OVERHEARD);
    }
    put(&format!("http://{}\n", server.address()))?;
    let telling = scheduler.as_ref().map(|scheduler| tokio::spawn(tell(scheduler.lines(), scheduler.pulse())));
    // Drills are healed at once, however long a reader of the page takes.
    let mut asked = stop.clone();
    let ending = async {
        let _ = asked.wait_for(|stop| *stop).await;
        running.stop_all().await;
        if let Some(scheduler) = scheduler {
            scheduler.end().await;
        }
    };
    tokio::join!(server.serve(stop), ending);
    outgoing.finish().await;
    if let Some(readiness) = readiness {
        // A round that is on its way is let go: it leaves nothing behind.
        readiness.abort();
        let _ = readiness.await;
    }
    if let Some(telling) = telling {
        // It ends with the scheduler, whose last lines it tells.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), telling).await;
    }
    Ok(Exit::Met)
}

/// Begins rounds of readiness, where they are wanted.
fn readiness(
    args: &Args,
    root: &Path,
    store: &DrillStore,
    holder: &str,
    stop: &watch::Receiver<bool>,
) -> Option<tokio::task::JoinHandle<()>> {
    let (every, environment) = args.ready_every.zip(args.ready_env.clone())?;
    let every = every.max(Duration::from_secs(1)).std();
    let watch = ReadinessWatch { root: root.to_owned(), environment, every, holder: holder.to_owned() };
    Some(tokio::spawn(watch.watch(store.clone(), stop.clone(), |line| note(&line))))
}

/// Tells what the scheduler does, and what begins next.
async fn tell(mut lines: broadcast::Receiver<String>, mut pulse: watch::Receiver<SchedulerPulse>) {
    let mut told = None;
    loop {
        tokio::select! {
            biased;
            line = lines.recv() => match line {
                Ok(line) => note(&line),
                Err(broadcast::error::RecvError::Lagged(missed)) => note(&format!("({missed} lines more)")),
                Err(broadcast::error::RecvError::Closed) => return,
            },
            changed = pulse.changed() => {
                if changed.is_err() {
                    while let Ok(line) = lines.try_recv() {
                        note(&line);
                    }
                    return;
                }
                let pulse = pulse.borrow_and_update().clone();
                if pulse.looked.is_some() && told.as_ref() != Some(&pulse.next) {
                    match &pulse.next {
                        Some((name, at)) => note(&format!("next: {name}, {}", at.to_rfc3339_opts(SecondsFormat::Secs, true))),
                        None => note("next: no schedule is due any more"),
                    }
                    told = Some(pulse.next);
                }
            }
        }
    }
}
