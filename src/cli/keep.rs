//! `lifeboat keep`: what a drill starts other programs through. For drills, not for people.

use crate::process::{SupervisionOrder, SupervisionScope, SupervisorRole};
use std::process::ExitCode;
use std::time::Duration;

/// Runs a program until it ends or stdin does.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What it writes is its owner's alone: a umask of 077
    #[arg(long)]
    private: bool,
    /// Which of the processes between a drill and the program this is
    #[arg(long, value_enum, default_value_t = RoleArgument::Outer)]
    part: RoleArgument,
    /// With the program ends everything that it started, not its process group alone
    #[arg(long)]
    all: bool,
    /// With the program ends nothing else
    #[arg(long, conflicts_with = "all")]
    leave: bool,
    /// How long it may take to end when it is asked to
    #[arg(long, default_value_t = 10_000)]
    grace_ms: u64,
    /// Reads stdin to its end and keeps nothing: for what programs print that outlive the step that started them
    #[arg(long)]
    drain: bool,
    /// The program
    #[arg(required_unless_present = "drain", default_value = "")]
    program: String,
    /// Its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
/// [`SupervisorRole`] as an argument.
enum RoleArgument {
    Outer,
    Inner,
    Program,
}

pub(super) fn keep(args: &Args) -> ExitCode {
    if args.drain {
        crate::process::drain();
        return ExitCode::SUCCESS;
    }
    if args.private {
        rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    }
    let role = match args.part {
        RoleArgument::Outer => SupervisorRole::Outer,
        RoleArgument::Inner => SupervisorRole::Inner,
        RoleArgument::Program => SupervisorRole::Program,
    };
    let scope = match (args.all, args.leave) {
        (true, _) => SupervisionScope::All,
        (false, true) => SupervisionScope::Alone,
        (false, false) => SupervisionScope::Group,
    };
    let how = SupervisionOrder { scope, grace: Duration::from_millis(args.grace_ms) };
    crate::process::supervise(role, how, &args.program, &args.arguments).into()
}
