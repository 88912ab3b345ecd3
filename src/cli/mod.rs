//! The command line: one file a command, and the exit codes.
//!
//! Data goes to stdout, everything else to stderr. What this room does not do: anything that a library's user would miss.

mod check;
mod exit;
mod judge;
mod lab;
mod logging;
mod report;
mod run;

pub use exit::Exit;

use clap::{Parser, Subcommand};

/// Failover drills for services that depend on AI models: break a provider, time the cutover, prove it.
#[derive(Debug, Parser)]
#[command(name = "lifeboat", version, max_term_width = 100, after_help = exit::TABLE)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run drills: break a provider, drive traffic, walk the runbook, time the cutover
    Run(run::Args),
    /// Validate inventory, runbooks and scenarios, and show gaps in cover
    Check(check::Args),
    /// Judge a stored drill again, or a history that something else recorded
    Judge(judge::Args),
    /// Render a stored drill's report again
    Report(report::Args),
    /// Start simulated providers and a reference gateway, to try things by hand
    Lab(lab::Args),
}

/// Reads the command line, does what it says, returns the exit code.
pub fn main() -> std::process::ExitCode {
    exit::own_faults_exit_with_70();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap writes help and version to stdout and everything else to stderr.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Met }.into();
        }
    };
    logging::start();
    let done = match cli.command {
        Command::Run(args) => run::run(args),
        Command::Check(args) => check::check(&args),
        Command::Judge(args) => judge::judge(&args),
        Command::Report(args) => report::report(&args),
        Command::Lab(args) => lab::lab(&args),
    };
    done.unwrap_or_else(|error| {
        say(&format!("error: {error:#}"));
        Exit::of(&error)
    })
    .into()
}

/// A line for people, on stderr. A stderr that is closed is nobody's loss.
fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Data, on stdout. A reader that has gone away (`| head`) ends the command quietly.
fn put(text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// The runtime of commands that serve or drive traffic; TLS is set up once with it.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    // Fails only where it was done before, and then it is done.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// Becomes true at the first Ctrl-C or SIGTERM; at the second the process leaves at once, and leases heal what it leaves behind.
fn interrupted(what: &'static str) -> tokio::sync::watch::Receiver<bool> {
    use tokio::signal::unix::{SignalKind, signal};
    let (sender, receiver) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else { return };
        for count in 0.. {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if count > 0 {
                say("leaving at once");
                std::process::exit(i32::from(Exit::Safety.code()));
            }
            say(what);
            sender.send_replace(true);
        }
    });
    receiver
}
