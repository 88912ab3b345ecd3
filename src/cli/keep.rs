//! `lifeboat keep`: what a drill starts other programs through. For drills, not for people.

use crate::process::{SupervisionScope, SupervisorRole};
use std::process::ExitCode;

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
    /// The program
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
    if args.private {
        rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    }
    let role = match args.part {
        RoleArgument::Outer => SupervisorRole::Outer,
        RoleArgument::Inner => SupervisorRole::Inner,
        RoleArgument::Program => SupervisorRole::Program,
    };
    let scope = if args.all { SupervisionScope::All } else { SupervisionScope::Group };
    crate::process::supervise(role, scope, &args.program, &args.arguments).into()
}
