//! `lifeboat schedule defer`: what is due in a quarter is done later. Who, why and until when go into the store, and from there into the control ledger.

use super::ledger::quarter;
use super::stored::StoreOption;
use super::{Exit, put, say};
use crate::host;
use crate::project::Project;
use crate::schedule::{Deferral, DeferredSubject, Quarter};
use crate::units::{closest, explained};
use chrono::{NaiveDate, Utc};
use std::path::Path;

/// Records that what is due in a quarter is done later. The control ledger shows it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A schedule, or with --service a service
    name: String,
    /// The day by which it is to be done, as in 2027-01-15
    #[arg(long, value_name = "DATE", value_parser = day)]
    until: NaiveDate,
    /// Why: auditors of the ledger read it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who decided it; without it whoever types this
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    /// Which quarter's drills; without it this quarter's
    #[arg(long, value_name = "QUARTER", value_parser = quarter)]
    quarter: Option<Quarter>,
    /// The name is a service's
    #[arg(long)]
    service: bool,
    #[command(flatten)]
    store: StoreOption,
}

const EXAMPLES: &str = "Examples:
  lifeboat schedule defer chat-quarterly --until 2027-01-15 --reason 'the gateway moves in December'
  lifeboat schedule defer --service search --quarter 2026-Q3 --until 2026-10-20 --reason 'freeze' --by ana

It stays due: until that day the ledger says deferred, after it missed, and late once it is done.";

fn day(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| format!("`{text}` is not a day; write it like 2027-01-15"))
}

pub(super) fn defer(args: &Args) -> anyhow::Result<Exit> {
    let root = Project::find(Path::new("."))?;
    let (project, _) = Project::open(&root);
    let schedules = project.schedules().0;
    let names: Vec<&str> = match args.service {
        true => project.inventory.services.keys().map(String::as_str).collect(),
        false => schedules.iter().map(|schedule| schedule.name.as_str()).collect(),
    };
    let subject = if args.service { DeferredSubject::Service } else { DeferredSubject::Schedule };
    if !names.contains(&args.name.as_str()) {
        let hint = match closest(&args.name, names.iter().copied()) {
            _ if !args.service && project.inventory.services.contains_key(&args.name) => "it is a service: say `--service`".to_owned(),
            Some(name) => format!("did you mean `{name}`?"),
            None if names.is_empty() => format!("this project has no {subject}"),
            None => format!("write one of {}", names.join(", ")),
        };
        say(&format!("error: there is no {subject} `{}`\n\nhint: {hint}", args.name));
        return Ok(Exit::Usage);
    }
    let now = Utc::now();
    let deferral = Deferral {
        subject,
        name: args.name.clone(),
        quarter: args.quarter.unwrap_or_else(|| Quarter::of(now)),
        by: args.by.clone().unwrap_or_else(host::user),
        why: args.reason.clone(),
        until: args.until,
        made: now,
    };
    let deferral = match deferral.checked() {
        Ok(deferral) => deferral,
        Err(problem) => {
            say(&format!("error: {}", explained(&problem)));
            return Ok(Exit::Usage);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { anyhow::Ok(args.store.open(&root).await?.defer(&deferral).await?) })?;
    put(&format!("{subject} {} in {}: {}\n", deferral.name, deferral.quarter, deferral.told()))?;
    Ok(Exit::Met)
}
