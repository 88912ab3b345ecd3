//! `lifeboat ready`: whether every hop is alive today.

use super::list::moment;
use super::stored::StoreOption;
use super::terminal::{is_quiet, note, show_wait, width};
use super::{Exit, environment, put, say, until_interrupted};
use crate::model::HopState;
use crate::project::Project;
use crate::readiness::{ProbeDepth, ReadinessRound, RoundOrder, TableDepth, junit, round, table};
use crate::scheduler::keep_round;
use crate::secret::SecretContext;
use crate::store::{HopRecord, StoreError};
use crate::units::{Duration, Money, closest, explained};
use chrono::{DateTime, Utc};
use std::path::Path;

/// Asks each provider of each service once, for a few tokens, and names what is dead and why: key, model, region, streaming, tools, JSON, limits,
/// certificate, contract, clock, price, name. Standbys come first. Real providers bill it, a fraction of a cent each.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Only the hops of these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// The environment whose `allow` says who may be asked, and which knows the gateways
    #[arg(long, default_value = "lab")]
    env: String,
    /// Ask each hop for one token alone: not for JSON, nor for a tool's call
    #[arg(long)]
    light: bool,
    /// The most that the round may cost, at known prices
    #[arg(long, value_name = "AMOUNT", default_value = "0.05 USD")]
    max_spend: Money,
    /// How long each answer may take
    #[arg(long, value_name = "TIME", default_value = "15s")]
    within: Duration,
    /// Show each look at each hop, and why something was not looked at
    #[arg(long)]
    all: bool,
    /// As what it is written
    #[arg(long, value_enum, default_value_t = ReadyFormat::Table)]
    format: ReadyFormat,
    /// Ask nobody: show how hops have changed, in the last 90 days
    #[arg(long)]
    history: bool,
    /// The same since a day, a moment (RFC 3339), or so long ago, as in 7d
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    since: Option<DateTime<Utc>>,
    #[command(flatten)]
    store: StoreOption,
}

const EXAMPLES: &str = "Examples:
  lifeboat ready --env production
  lifeboat ready support-chat --env production --all
  lifeboat ready --env production --format junit > ready.xml
  lifeboat ready --since 7d
  */15 * * * *  cd /srv/drills && lifeboat ready --env production --quiet      in a crontab

Exit codes: 0 every hop could take over · 1 a hop is dead · 3 nobody can tell of one · 2 usage.
A hop that the environment does not allow to be asked (`allow: {asks: […]}`) counts for none of these.";

/// As what a round is written.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ReadyFormat {
    /// Lines for people
    Table,
    /// All of it
    Json,
    /// JUnit's XML: a suite a service, a case a hop
    Junit,
}

pub(super) fn ready(args: &Args) -> anyhow::Result<Exit> {
    if args.history || args.since.is_some() {
        return history(args);
    }
    let (project, environment) = match environment::named(&args.env)? {
        Ok(both) => both,
        Err(problem) => {
            say(&format!("error: {problem}"));
            return Ok(Exit::Usage);
        }
    };
    if let Some(problem) = unknown(&project, &args.services) {
        say(&format!("error: {problem}"));
        return Ok(Exit::Usage);
    }
    let order = RoundOrder {
        inventory: &project.inventory,
        environment: &environment,
        environment_name: &args.env,
        services: &args.services,
        depth: if args.light { ProbeDepth::One } else { ProbeDepth::All },
        max_spend: args.max_spend,
        within: args.within.std(),
    };
    until_interrupted("stopping", async |mut stop| {
        let site = SecretContext { stores: &project.inventory.stores, root: &project.root };
        let waiting = show_wait("asking every hop");
        let mut done = tokio::select! {
            done = round(&order, site) => done?,
            _ = stop.wait_for(|stop| *stop) => return Ok(Exit::Safety),
        };
        drop(waiting);
        match kept(args, &project.root, &done).await {
            Ok(records) => done.since(|hop| Some(records.iter().find(|record| record.hop == hop)?.since)),
            Err(error) => say(&format!("warning: this round is not kept: {}", explained(&error))),
        }
        show(args, &done)?;
        Ok(exit(&done))
    })
}

/// What is asked for and not there.
fn unknown(project: &Project, services: &[String]) -> Option<String> {
    let known = &project.inventory.services;
    if known.is_empty() {
        return Some("the inventory has no services\n\nhint: write `services: {NAME: {providers: [PRIMARY, STANDBY]}}`".to_owned());
    }
    let name = services.iter().find(|name| !known.contains_key(*name))?;
    let hint = closest(name, known.keys().map(String::as_str)).map_or_else(
        || format!("there are: {}", known.keys().cloned().collect::<Vec<_>>().join(", ")),
        |meant| format!("did you mean `{meant}`?"),
    );
    Some(format!("there is no service `{name}` in the inventory\n\nhint: {hint}"))
}

/// Keeps the round in the project's store.
async fn kept(args: &Args, root: &Path, round: &ReadinessRound) -> Result<Vec<HopRecord>, StoreError> {
    keep_round(&args.store.open(root).await?, round).await
}

fn show(args: &Args, round: &ReadinessRound) -> anyhow::Result<()> {
    put(&match args.format {
        ReadyFormat::Json => serde_json::to_string_pretty(round)? + "\n",
        ReadyFormat::Junit => junit(round) + "\n",
        ReadyFormat::Table => {
            let depth = match (args.all, is_quiet()) {
                (true, _) => TableDepth::Every,
                (false, true) => TableDepth::Services,
                (false, false) => TableDepth::Usual,
            };
            table(round, depth, width())
        }
    })
}

fn exit(round: &ReadinessRound) -> Exit {
    let is_asked = round.hops.iter().any(|reading| reading.state != HopState::LeftOut);
    if round.has(HopState::Dead) {
        Exit::Missed
    } else if round.has(HopState::Unknown) || !is_asked {
        Exit::Inconclusive
    } else {
        Exit::Met
    }
}

/// How hops have changed, the newest last.
fn history(args: &Args) -> anyhow::Result<Exit> {
    let root = Project::find(Path::new("."))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let since = args.since.unwrap_or_else(|| Utc::now() - chrono::Duration::days(90));
    let changes = runtime.block_on(async {
        let store = args.store.index(&root).await?;
        anyhow::Ok(store.readiness_changes(None, since).await?)
    })?;
    let asked_for = |change: &HopRecord| args.services.is_empty() || change.services.iter().any(|service| args.services.contains(service));
    let changes: Vec<HopRecord> = changes.into_iter().filter(asked_for).collect();
    if matches!(args.format, ReadyFormat::Json) {
        put(&(serde_json::to_string_pretty(&changes)? + "\n"))?;
        return Ok(Exit::Met);
    }
    if changes.is_empty() {
        note("no hop has changed in that time, as far as rounds of `lifeboat ready` tell");
    }
    let mut text = String::new();
    for HopRecord { at, environment, hop, state, told, .. } in &changes {
        let line = format!("{}  {:<8}  {hop} in {environment}: {told}", at.format("%Y-%m-%d %H:%M UTC"), state.word());
        text += &(super::terminal::broken(&line, width()) + "\n");
    }
    put(&text)?;
    Ok(Exit::Met)
}
