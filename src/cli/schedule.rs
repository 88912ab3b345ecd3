//! `lifeboat schedule`: schedules for what people already run, and what is deferred.

use super::{Exit, schedule_defer, schedule_export};

/// Writes schedules as what people already run, and records what is deferred.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: ScheduleCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ScheduleCommand {
    /// Write schedules for crontab, systemd, Kubernetes, GitHub Actions, GitLab CI, or as a calendar
    Export(schedule_export::Args),
    /// Record that what is due in a quarter is done later: who decided it, why and until when
    Defer(schedule_defer::Args),
}

pub(super) fn schedule(args: &Args) -> anyhow::Result<Exit> {
    match &args.command {
        ScheduleCommand::Export(args) => schedule_export::export(args),
        ScheduleCommand::Defer(args) => schedule_defer::defer(args),
    }
}
