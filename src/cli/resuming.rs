//! `lifeboat execute --resume`: with which version of the runbook an execution goes on, and what becomes of the steps that failed.

use super::ask::on_terminal;
use super::say;
use crate::execution::{ResumeOrder, ResumePolicy, StepOrder, changes};
use crate::history::Settlement;
use crate::step::Question;
use std::path::{Path, PathBuf};

/// How an execution goes on.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ResumingArgs {
    /// Continue an interrupted execution; steps that are done are not repeated
    #[arg(long, value_name = "DIR")]
    pub(super) resume: Option<PathBuf>,
    /// With --resume: undo what was done, last first
    #[arg(long, requires = "resume")]
    undo: bool,
    /// With --resume: run what was recorded, although the runbook or the inventory has changed since
    #[arg(long, requires = "resume")]
    recorded: bool,
    /// With --resume: continue with the runbook as it is now; steps of the same name stay done
    #[arg(long, requires = "resume", conflicts_with = "recorded")]
    mended: bool,
    /// With --resume: repeat this step, by its name or number, although it failed or its end is unknown
    #[arg(long, value_name = "STEP", requires = "resume")]
    repeat: Vec<String>,
    /// With --resume: this step was done by hand (with --undo: it was undone by hand)
    #[arg(long, value_name = "STEP", requires = "resume")]
    done: Vec<String>,
    /// With --resume: leave this step out
    #[arg(long, value_name = "STEP", requires = "resume")]
    skip: Vec<String>,
    /// Who says so, with --repeat, --done or --skip; otherwise the user
    #[arg(long, value_name = "NAME", requires = "resume")]
    by: Option<String>,
    /// What is to be known about it: kept in the history
    #[arg(long, value_name = "TEXT", requires = "resume")]
    note: Option<String>,
}

impl ResumingArgs {
    pub(super) fn order(&self) -> ResumeOrder {
        let said = [(&self.repeat, Settlement::Repeat), (&self.done, Settlement::Done), (&self.skip, Settlement::Skip)];
        let order = |step: &String, becomes| StepOrder {
            step: step.clone(),
            becomes,
            by: self.by.clone(),
            note: self.note.clone().unwrap_or_default(),
        };
        ResumeOrder {
            undo: self.undo,
            walks: match (self.recorded, self.mended) {
                (true, _) => ResumePolicy::Recorded,
                (false, true) => ResumePolicy::Mended,
                (false, false) => ResumePolicy::Unchanged,
            },
            steps: said.into_iter().flat_map(|(steps, becomes)| steps.iter().map(move |step| order(step, becomes))).collect(),
            takes_over: false,
        }
    }
}

/// Asks with which version it goes on, where the runbook has changed and that was not said. False where it is left as it is.
pub(super) fn version(folder: &Path, order: &mut ResumeOrder) -> anyhow::Result<bool> {
    let Some(change) = Some(()).filter(|()| order.walks == ResumePolicy::Unchanged).map(|()| changes(folder)).transpose()?.flatten() else {
        return Ok(true);
    };
    let lines: String = change.difference.lines().map(|line| format!("\n  {line}")).collect();
    say(&format!("{} since this was started{}{lines}\n", change.what, if lines.is_empty() { "" } else { ":" }));
    let question = "Continue with the mended version, or with the recorded one?";
    match on_terminal(&Question::of_words(question, &["mended", "recorded", "stop"])) {
        Some(answer) if answer.word() == "mended" => order.walks = ResumePolicy::Mended,
        Some(answer) if answer.word() == "recorded" => order.walks = ResumePolicy::Recorded,
        Some(_) => return Ok(false),
        // Nobody is there: it is refused with what to type.
        None => {}
    }
    Ok(true)
}
