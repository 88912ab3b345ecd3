//! `lifeboat trust`: which projects' commands may be started in this user's name; and the question itself, before a drill or a runbook of one
//! that was not trusted, or has changed since.
//!
//! Whoever is asked and says no gets 4, as with everything that somebody who was asked does not want; where nobody can be asked it is 2, with
//! what to type, as with money and stores.

use super::arguments::relative;
use super::prompts::scoring_below;
use super::terminal::note;
use super::{Exit, ask, put, say};
use crate::history::{Event, Reader};
use crate::host::regular;
use crate::model::{Executable, ExecutionPlan};
use crate::permission::trust::{KnownCommand, Novelty, TRUSTED, TrustBook, TrustError, TrustStanding, is_everything_trusted, known};
use crate::project::{Project, check as check_files, runbooks_of};
use crate::run_folder::{HistoryInput, history_in};
use crate::units::{counted, explained};
use std::collections::BTreeMap;
use std::io::{BufReader, IsTerminal};
use std::path::{Path, PathBuf};

/// Agrees to what a project's drills and runbooks start on this host: each command as its files say it now, with what stands in the project's
/// files that it names. Where one of them changes, you are asked again. Nothing is started by this.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The project's folder, or any file in it
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// List what is trusted, of every project
    #[arg(long, conflicts_with_all = ["remove", "folder"])]
    list: bool,
    /// Trust nothing of this project any more
    #[arg(long)]
    remove: bool,
}

/// What a command is told that would start something.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct TrustArgs {
    /// Start this project's commands without asking: for continuous integration; `LIFEBOAT_TRUSTED=1` says the same
    #[arg(long)]
    trusted: bool,
}

pub(super) fn trust(args: &Args) -> anyhow::Result<Exit> {
    let mut book = TrustBook::open()?;
    if args.list {
        return listed(&book);
    }
    if args.remove && !args.folder.exists() {
        // One that is gone is named as the list has it.
        let was_there = book.remove(&std::path::absolute(&args.folder)?);
        return removed(&mut book, &args.folder, was_there);
    }
    let root = Project::find(&args.folder)?;
    if args.remove {
        let was_there = book.remove(&root);
        return removed(&mut book, &root, was_there);
    }
    let commands = known(&root, &all_of(&root))?;
    let name = shown(&root);
    if commands.is_empty() {
        note(&format!("{name} starts no commands, so it needs no trust"));
        return Ok(Exit::Met);
    }
    for command in &commands {
        put(&format!("{}\n", told(command, &Novelty::New)))?;
    }
    let count = counted(commands.len() as u64, "command");
    book.trust(&root, commands, &now(), true);
    book.keep()?;
    note(&format!("trusted: {count} of {name}, until they or the files that they name change"));
    Ok(Exit::Met)
}

fn removed(book: &mut TrustBook, root: &Path, was_there: bool) -> anyhow::Result<Exit> {
    let name = shown(root);
    if was_there {
        book.keep()?;
        note(&format!("nothing of {name} is trusted any more"));
    } else {
        note(&format!("nothing of {name} was trusted"));
    }
    Ok(Exit::Met)
}

fn listed(book: &TrustBook) -> anyhow::Result<Exit> {
    for (root, project) in book.projects() {
        put(&format!("{}  since {}\n", root.display(), project.since))?;
        for command in &project.commands {
            put(&format!("{}\n", told(command, &Novelty::New)))?;
        }
    }
    if book.projects().next().is_none() {
        note("no project is trusted");
    }
    Ok(Exit::Met)
}

/// How it ends where a project would start what this user has not agreed to; `None` where it may. What would be started is told first.
pub(super) fn refused(args: TrustArgs, root: &Path, executables: &[Executable]) -> anyhow::Result<Option<Exit>> {
    let is_told = args.trusted || is_everything_trusted();
    if executables.is_empty() || is_told {
        return Ok(None);
    }
    let opened = TrustBook::open();
    if let Err(problem @ TrustError::Unreadable { .. }) = &opened {
        say(&format!("warning: {}\n", explained(problem)));
    }
    let commands = known(root, executables)?;
    let new = match opened.as_ref().map(|book| book.standing(root, &commands)) {
        Ok(TrustStanding::Trusted) => return Ok(None),
        Ok(TrustStanding::Untrusted(new)) => new,
        Err(_) => commands.iter().map(|command| (command.clone(), Novelty::New)).collect(),
    };
    let (name, has_changed) = (shown(root), new.iter().any(|(_, novelty)| *novelty != Novelty::New));
    let lines: String = new.iter().map(|(command, novelty)| told(command, novelty) + "\n").collect();
    let since = if has_changed { "not as you trusted them" } else { "not trusted before" };
    let what = format!("{name} starts commands on this host that you have {since}:\n{lines}");
    if !std::io::stdin().is_terminal() {
        say(&format!(
            "error: {}\n\nhint: see that they do what you want, then type `lifeboat trust {}`; in continuous integration say `--trusted`, or set \
             {TRUSTED}=1",
            what.trim_end(),
            shown(root)
        ));
        return Ok(Some(Exit::Usage));
    }
    say(&what);
    if !ask::yes_or_no("Trust them?") {
        return Ok(Some(Exit::Safety));
    }
    // Without a book, which was told, it holds for this time.
    if let Ok(mut book) = opened {
        book.trust(root, commands, &now(), false);
        book.keep()?;
    }
    Ok(None)
}

/// The same for what the history in a folder says that was begun: who goes on with it or takes it back starts what stands there, and a folder may
/// be anybody's too. What cannot be read of it is told by the command that reads it whole.
pub(super) fn refused_recorded(args: TrustArgs, folder: &Path) -> anyhow::Result<Option<Exit>> {
    match recorded(folder) {
        Some((root, plan)) => refused(args, &root, &Executable::of_execution(&plan)),
        None => Ok(None),
    }
}

/// What a history says that is to be gone on with, and the project that it was of.
fn recorded(folder: &Path) -> Option<(PathBuf, ExecutionPlan)> {
    let file = regular(&history_in(folder)).ok()?;
    let mut reader = Reader::new(BufReader::new(HistoryInput::new(file)));
    let mut found = None;
    while let Ok(Some(stamped)) = reader.next_event() {
        match stamped.event {
            Event::Started(started) => {
                let root = Project::find(folder).unwrap_or_else(|_| folder.to_owned());
                found = Some((root, ExecutionPlan::of_drill(&started.plan)));
            }
            Event::ExecutionStarted(started) => found = Some((PathBuf::from(started.root), started.plan)),
            Event::Mended(mended) => found = found.map(|(root, _)| (root, mended.plan)),
            _ => {}
        }
    }
    found
}

/// Everything that the project's drills and runbooks could start, in every environment. What has errors is left out: it cannot be run.
fn all_of(root: &Path) -> Vec<Executable> {
    let (project, _) = Project::open(root);
    let mut found: Vec<Executable> = Vec::new();
    let mut add = |more: Vec<Executable>| {
        for each in more {
            if !found.contains(&each) {
                found.push(each);
            }
        }
    };
    let environments: Vec<&String> = project.inventory.environments.keys().collect();
    let today = chrono::Local::now().format("%Y-%m-%d").to_string();
    for scenario in check_files(root, &[], &today).drills {
        for environment in &environments {
            if let Ok((plan, _)) = project.plan(&scenario, environment) {
                add(Executable::of_drill(&plan, &project.inventory.evidence));
            }
        }
    }
    // What scores answers of prompts that lie where they belong.
    add(scoring_below(&root.join("prompts")));
    for runbook in runbooks_of(root) {
        for environment in environments.iter().map(|name| Some(name.as_str())).chain([None]) {
            if let Ok((plan, _)) = project.execution(&runbook, environment, None, &BTreeMap::new()) {
                add(Executable::of_execution(&plan));
            }
        }
    }
    found
}

/// A folder as somebody would type it here.
fn shown(root: &Path) -> String {
    let typed = relative(root);
    match typed.as_str() {
        "" => ".".to_owned(),
        typed if typed.contains(|letter: char| letter.is_whitespace() || "'\"\\".contains(letter)) => {
            format!("'{}'", typed.replace('\'', "'\\''"))
        }
        _ => typed,
    }
}

/// A command on a line of its own, and what is different about it on the next.
fn told(command: &KnownCommand, novelty: &Novelty) -> String {
    let change = novelty.told().map(|change| format!("\n      {change}")).unwrap_or_default();
    format!("  {}: {}{change}", command.place, command.line)
}

fn now() -> String {
    chrono::Local::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}
