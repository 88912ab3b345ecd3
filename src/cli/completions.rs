//! `lifeboat completions`: what a shell needs to complete commands and options, made from the same description as the help.

use super::{Exit, groups, put};
use clap_complete::Shell;

/// Prints a script for a shell, which then completes commands and options.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Which shell
    shell: Shell,
}

const EXAMPLES: &str = "Examples:
  lifeboat completions bash > ~/.local/share/bash-completion/completions/lifeboat
  lifeboat completions zsh > ~/.zfunc/_lifeboat      (with `fpath+=~/.zfunc` before `compinit` in .zshrc)
  lifeboat completions fish > ~/.config/fish/completions/lifeboat.fish";

pub(super) fn completions(args: &Args) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut groups::visible(), "lifeboat", &mut script);
    put(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Met)
}
