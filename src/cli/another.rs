//! Two people, one outage: whoever begins to walk a runbook is told of one who does already, and may watch, take over, or begin all the same.

use super::arguments::relative;
use super::ask::on_terminal;
use super::terminal::{is_quiet, note};
use super::{Exit, say, until_interrupted};
use crate::console;
use crate::execution::{OtherExecution, WatchedExecution, ask_to_stop, others};
use crate::history::ExecutionEnd;
use crate::model::ExecutionPlan;
use crate::step::{PromptAnswer, Question};
use crate::units::Duration;
use std::path::{Path, PathBuf};

/// What becomes of somebody else's execution.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct AnotherArgs {
    /// Watch an execution that somebody else walks, until it ends; it is not touched
    #[arg(long, value_name = "DIR", conflicts_with_all = ["resume", "take_over"])]
    pub(super) watch: Option<PathBuf>,
    /// Continue an execution that another process still walks: that one stops when its step has ended
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub(super) take_over: Option<PathBuf>,
    /// With --take-over: end its step at once; what it did is then asked about
    #[arg(long, requires = "take_over")]
    pub(super) now: bool,
    /// Start although somebody else walks a runbook for this service
    #[arg(long, conflicts_with_all = ["resume", "watch", "take_over"])]
    pub(super) alongside: bool,
}

/// The choice of one who is told of another.
pub(super) enum Choice {
    /// Their own execution begins.
    Begin,
    /// Nothing begins.
    Leave(Exit),
    Watch(PathBuf),
    TakeOver {
        folder: PathBuf,
        at_once: bool,
    },
}

/// An interrupted one is told of for so long.
const TOLD_FOR: Duration = Duration::from_secs(7 * 24 * 3600);
/// After this, whoever waits is told why.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Tells of others who walk a runbook for the same service, and asks what to do.
pub(super) fn choice(plan: &ExecutionPlan, root: &Path, alongside: bool, asks: bool) -> Choice {
    let found = others(plan, root);
    let Some(running) = found.iter().find(|other| other.is_running) else {
        if let Some(left) = found.first().filter(|left| left.ago < TOLD_FOR) {
            let folder = relative(&left.folder);
            say(&format!("warning: {}\n\nhint: continue it with `lifeboat execute --resume {folder}`\n", told(left, plan)));
        }
        return Choice::Begin;
    };
    let folder = relative(&running.folder);
    let told = told(running, plan);
    if alongside {
        say(&format!("warning: {told}\n"));
        return Choice::Begin;
    }
    let answers = ["watch", "take-over", "now", "alongside", "stop"];
    let question = "Watch it, take it over after its step, take it over now, start your own alongside, or stop?";
    let answer = asks.then(|| {
        say(&format!("{told}\n"));
        on_terminal(&Question::of_words(question, &answers))
    });
    match answer.flatten().as_ref().map(PromptAnswer::word) {
        Some("watch") => Choice::Watch(running.folder.clone()),
        Some("take-over") => Choice::TakeOver { folder: running.folder.clone(), at_once: false },
        Some("now") => Choice::TakeOver { folder: running.folder.clone(), at_once: true },
        Some("alongside") => Choice::Begin,
        Some(_) => Choice::Leave(Exit::Safety),
        None => {
            say(&format!(
                "error: {told}\n\nhint: watch it: lifeboat execute --watch {folder}\n      take it over: lifeboat execute --take-over {folder}\n      \
                 or start another beside it with `--alongside`"
            ));
            Choice::Leave(Exit::Usage)
        }
    }
}

/// Who, on which host, since when, at which step, in which folder.
fn told(other: &OtherExecution, plan: &ExecutionPlan) -> String {
    let OtherExecution { runbook, who, since, ago, step, is_running, folder } = other;
    let at = step.as_ref().map_or_else(|| "before its first step".to_owned(), |step| format!("at step {step}"));
    let service = plan.service_name.as_ref().map(|service| format!(" for {service}")).unwrap_or_default();
    let clock = since.get(11..19).unwrap_or(since);
    let how = if *is_running { "walks" } else { "was interrupted walking" };
    format!("{who} {how} {runbook}{service}: since {clock} ({ago} ago), {at}, in {}", relative(folder))
}

/// Follows somebody else's execution until it ends.
pub(super) fn watch(folder: &Path) -> anyhow::Result<Exit> {
    let folder = folder.to_owned();
    until_interrupted("watching no more; it goes on", async move |stop| {
        let watched = WatchedExecution::open(&folder)?;
        note(&format!("watching {}; what you type changes nothing (Ctrl-C ends the watching)\n", relative(&folder)));
        let shape = if is_quiet() { console::DisplayMode::Nothing } else { console::DisplayMode::Lines };
        let shown = console::watch(watched.live(), shape)?;
        let end = watched.follow(stop.clone()).await?;
        shown.ended().await;
        if *stop.borrow() {
            return Ok(Exit::Met);
        }
        Ok(match end {
            Some(ExecutionEnd::Done) => Exit::Met,
            Some(ExecutionEnd::Failed | ExecutionEnd::Undone | ExecutionEnd::PartlyUndone) => Exit::Missed,
            Some(ExecutionEnd::Stopped) => Exit::Safety,
            None => {
                let folder = relative(&folder);
                say(&format!("its process is gone, and it has not ended\n\nhint: continue it with `lifeboat execute --resume {folder}`"));
                Exit::Inconclusive
            }
        })
    })
}

/// Asks the process that walks in a folder to stop, and waits until it has.
pub(super) fn stopped(folder: &Path, at_once: bool) -> anyhow::Result<Exit> {
    let folder = folder.to_owned();
    until_interrupted("not taken over; it goes on as it was", async move |stop| {
        let what = if at_once { "its step is ended" } else { "its step has ended" };
        note(&format!("taking over {}, once {what}", relative(&folder)));
        let asking = ask_to_stop(&folder, at_once, stop);
        tokio::pin!(asking);
        let stopped = tokio::select! {
            stopped = &mut asking => stopped,
            () = tokio::time::sleep(PATIENCE) => {
                let longer = if at_once { "its process does not answer; end that on its host" } else { "its step takes longer; `--now` ends it" };
                say(&format!("still waiting: {longer}"));
                asking.await
            }
        };
        Ok(if stopped? { Exit::Met } else { Exit::Safety })
    })
}
