//! `lifeboat findings assign`, `close` and `accept`: what people decide about a finding, written into the findings.yaml of its drill.

use super::stored::StoreOption;
use super::{Exit, put, until_interrupted};
use crate::model::FindingState;
use crate::project::Project;
use crate::store::{FindingChange, FindingEntry, FindingName};
use std::path::Path;

/// What is decided.
#[derive(Debug, clap::Subcommand)]
pub(super) enum FindingCommand {
    /// Say who looks into a finding, until when, and where it is tracked; an empty text takes away what stands there
    #[command(after_help = "Examples:
  lifeboat findings assign dead-primary-asked --owner ann --due 2026-12-01 --ticket OPS-412
  lifeboat findings assign dead-primary-asked --drill 2026-11-20T14-03-07-azure-outage-2a1f --owner \"\"

It is written into the findings.yaml of the drill, where comments stay, and the next drill of the scenario takes it over.")]
    Assign {
        #[command(flatten)]
        which: WhichFinding,
        /// Who looks into it
        #[arg(long, value_name = "WHO")]
        owner: Option<String>,
        /// Until when, as in 2026-12-01
        #[arg(long, value_name = "DAY")]
        due: Option<String>,
        /// Where it is tracked
        #[arg(long)]
        ticket: Option<String>,
        /// What is to be said about it
        #[arg(long)]
        notes: Option<String>,
    },
    /// Say that a finding is mended; the next drill of the scenario shows whether it is
    Close {
        #[command(flatten)]
        which: WhichFinding,
        /// What was done
        #[arg(long)]
        notes: Option<String>,
    },
    /// Say that you live with a finding
    Accept {
        #[command(flatten)]
        which: WhichFinding,
        /// Why
        #[arg(long)]
        notes: Option<String>,
    },
    /// Open a finding again that was closed or accepted
    Reopen {
        #[command(flatten)]
        which: WhichFinding,
    },
}

/// Which finding is meant.
#[derive(Debug, clap::Args)]
pub(super) struct WhichFinding {
    /// What it is called, as `lifeboat findings` lists it
    finding: String,
    /// The drill in whose file it stands; without it the newest drill in which it is open
    #[arg(long, value_name = "ID")]
    drill: Option<String>,
    /// What it is about, where a drill has several of its kind
    #[arg(long, value_name = "WHAT")]
    about: Option<String>,
    #[command(flatten)]
    store: StoreOption,
}

pub(super) fn decide(command: &FindingCommand) -> anyhow::Result<Exit> {
    let (which, change) = match command {
        FindingCommand::Assign { which, owner, due, ticket, notes } => {
            let (owner, due, ticket, notes) = (owner.clone(), due.clone(), ticket.clone(), notes.clone());
            (which, FindingChange { owner, due, ticket, notes, state: None })
        }
        FindingCommand::Close { which, notes } => (which, state(FindingState::Gone, notes.as_deref())),
        FindingCommand::Accept { which, notes } => (which, state(FindingState::Accepted, notes.as_deref())),
        FindingCommand::Reopen { which } => (which, state(FindingState::StillThere, None)),
    };
    let root = Project::find(Path::new("."))?;
    until_interrupted("stopping", async |_| {
        let store = which.store.index(&root).await?;
        // A drill may be named by its folder as well.
        let drill = which.drill.as_deref().map(|drill| drill.trim_end_matches('/').rsplit('/').next().unwrap_or(drill).to_owned());
        let name = FindingName { id: which.finding.clone(), about: which.about.clone(), drill };
        let finding = store.assign_finding(&root, &name, change).await?;
        put(&told(&finding))?;
        Ok(Exit::Met)
    })
}

fn state(state: FindingState, notes: Option<&str>) -> FindingChange {
    FindingChange { state: Some(state), notes: notes.map(str::to_owned), ..FindingChange::default() }
}

fn told(finding: &FindingEntry) -> String {
    let mut text = format!("{} of {}: {}", finding.id, finding.drill, finding.state);
    for (label, value) in [("owner", &finding.owner), ("due", &finding.due), ("ticket", &finding.ticket)] {
        if let Some(value) = value {
            text += &format!(", {label} {value}");
        }
    }
    text + "\n"
}
