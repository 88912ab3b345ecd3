//! `lifeboat keep`: what a drill starts the system under test through. For drills, not for people.

use std::process::ExitCode;

/// Runs a program until it ends or stdin does.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What it writes is its owner's alone: a umask of 077
    #[arg(long)]
    private: bool,
    /// The program
    program: String,
    /// Its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(super) fn keep(args: &Args) -> ExitCode {
    if args.private {
        rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    }
    crate::drill::keep(&args.program, &args.arguments).into()
}
