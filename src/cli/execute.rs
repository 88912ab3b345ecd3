//! `lifeboat execute`: a runbook walked for real, with the clock running; what is typed in between becomes a note.

use super::desk::{TypedLines, desk};
use super::terminal::{is_quiet, note, put_path};
use super::{Exit, put, say, stores, until_interrupted};
use crate::console;
use crate::execution::{
    Execution, ExecutionError, ExecutionOrder, ExecutionOutcome, MissingValues, Participants, RehearsalOutcome, ResumePolicy, flags_for,
    hold, missing, rehearse,
};
use crate::history::{ExecutionEnd, read};
use crate::host::private;
use crate::model::{Action, Ask, Confirm, ExecutionPlan, RoleHolder, Step};
use crate::project::Project;
use crate::report::{self, Report};
use crate::run_folder::RunFile;
use crate::secret::left_in;
use crate::step::{Attendance, Before};
use crate::units::Seed;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Walks a runbook for real. Whatever is typed while no question is open becomes a note in the history. Exit code 0 where it came to its
/// end, 1 where a step failed, 3 where nobody said what becomes of a step whose outcome is unknown, 4 where it was stopped.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The runbook
    #[arg(required_unless_present = "resume", conflicts_with = "resume")]
    runbook: Option<PathBuf>,
    /// Where: an environment of the inventory, whose addresses the runbook's variables are
    #[arg(long, value_name = "NAME", conflicts_with = "resume")]
    env: Option<String>,
    /// For which service; not needed where one service names this runbook
    #[arg(long, value_name = "NAME", conflicts_with = "resume")]
    service: Option<String>,
    /// Its folder, instead of a new one under `executions/`
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    out: Option<PathBuf>,
    /// What the runbook is told: the value of one of its parameters. May be given several times
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = super::parameters::parse, conflicts_with = "resume")]
    params: Vec<(String, String)>,
    /// The seed of the jitter between tries
    #[arg(long, value_parser = super::arguments::seed, conflicts_with = "resume")]
    seed: Option<Seed>,
    /// Why: kept in the history, so that it is known later
    #[arg(long, value_name = "TEXT", conflicts_with = "resume")]
    reason: Option<String>,
    /// Continue an interrupted execution; steps that are done are not repeated
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,
    /// With --resume: undo what was done, last first
    #[arg(long, requires = "resume")]
    undo: bool,
    /// With --resume: run what was recorded, although the runbook or the inventory has changed since
    #[arg(long, requires = "resume")]
    recorded: bool,
    /// Change nothing: only read, and find what is missing
    #[arg(long, conflicts_with_all = ["resume", "out"])]
    rehearse: bool,
    /// Answer every question of the runbook with its `default`, or with yes where it has none
    #[arg(long)]
    yes: bool,
}

const STOPPING: &str = "stopping: the running step is ended, and nothing is undone (press Ctrl-C again to leave at once)";

pub(super) fn execute(args: Args) -> anyhow::Result<Exit> {
    let Args { runbook, env, service, out, params, seed, reason, resume, undo, recorded, rehearse, yes } = args;
    let supervisor = std::env::current_exe()?;
    if let Some(folder) = resume {
        let begin = move |hands| Execution::resume(&folder, undo, walks(recorded), hands);
        return walk(supervisor, yes, begin);
    }
    let runbook = runbook.unwrap_or_default();
    let root = Project::find(&runbook)?;
    let (project, _) = Project::open(&root);
    let told = super::parameters::told(&project, &runbook, params);
    let (plan, findings) = match project.execution(&runbook, env.as_deref(), service.as_deref(), &told) {
        Ok((plan, findings)) => (Some(plan), findings),
        Err(findings) => (None, findings),
    };
    for finding in &findings {
        say(&finding.to_string());
    }
    let Some(plan) = plan else { return Ok(Exit::Usage) };
    if rehearse {
        return rehearsed(&plan, &root, &supervisor);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if let Some(problem) = cannot_begin(&plan, &runtime.block_on(missing(&plan, &root)), yes, false) {
        say(&problem);
        return Ok(Exit::Usage);
    }
    let orders = ExecutionOrder { plan, seed: seed.unwrap_or_else(crate::exercise::drawn_seed), reason, root, out };
    walk(supervisor, yes, move |hands| Execution::begin(orders, hands))
}

/// Takes back what a drill that was killed left behind: keys that it replaced in stores, and what its runbook did.
pub(super) fn take_back(folder: PathBuf, recorded: bool, yes: bool) -> anyhow::Result<Exit> {
    // Nothing in it is believed, and no store written, before it is known whose folder it is and that nobody else is at it.
    let held = hold(&folder)?;
    let has_keys = !left_in(&folder).is_empty();
    if has_keys {
        let put_back = async |_| Ok(if stores::put_back_left(&folder).await { Exit::Met } else { Exit::Inconclusive });
        let end = until_interrupted("finishing what was started", put_back)?;
        if end != Exit::Met || !Before::has_notes(&folder) {
            return Ok(end);
        }
    }
    drop(held);
    match walk(std::env::current_exe()?, yes, move |hands| Execution::take_back(&folder, walks(recorded), hands)) {
        Err(error) if has_keys && matches!(error.downcast_ref(), Some(ExecutionError::Over { .. })) => Ok(Exit::Met),
        other => other,
    }
}

const fn walks(recorded: bool) -> ResumePolicy {
    if recorded { ResumePolicy::Recorded } else { ResumePolicy::Unchanged }
}

/// What would stop it half-way, and is known beforehand.
fn cannot_begin(plan: &ExecutionPlan, missing: &MissingValues, yes: bool, is_heard: bool) -> Option<String> {
    let rotated = |whose: &str| plan.runbook.rotations().any(|rotate| rotate.credential == whose);
    if let Some(unread) = missing.unread.iter().find(|unread| rotated(&unread.whose)) {
        return Some(format!("error: this runbook rotates {}, which cannot be read: {}", unread.whose, crate::units::explained(unread)));
    }
    if let Some((step, names)) = missing.variables.first() {
        let usual =
            if plan.environment_name.is_some() { "see the environment in the inventory" } else { "name the environment with `--env NAME`" };
        let flags = flags_for(plan, names).unwrap_or(usual);
        let hint = format!("{flags}; `--rehearse` finds everything that is missing");
        return Some(format!("error: the step `{step}` needs {}, which has no value here\n\nhint: {hint}", names.join(", ")));
    }
    if yes {
        return for_people(plan).map(|problem| format!("error: {problem}\n\nhint: run it without `--yes`"));
    }
    let asked = plan.runbook.roles.values().any(|holder| *holder == RoleHolder::Asked);
    if (asked || plan.runbook.steps.iter().any(|step| step.action.asks_people())) && !is_heard && !somebody_types() {
        return Some(
            "error: the runbook asks a person, and there is no terminal\n\nhint: run it on a terminal, let people answer from elsewhere \
             with `--listen`, or answer every question with `--yes`"
                .to_owned(),
        );
    }
    None
}

/// What only people can do or say, which `--yes` does not do for them.
fn for_people(plan: &ExecutionPlan) -> Option<String> {
    let by_people = |step: &Step| match &step.action {
        Action::Confirm(Confirm { question, role: Some(role), .. }) => {
            Some(format!("`{question}` must be answered by the {role}, and --yes does not answer for them"))
        }
        Action::Confirm(Confirm { question, approvers, .. }) if !approvers.is_empty() => {
            Some(format!("`{question}` must be answered by {}, and --yes does not answer for them", approvers.join(", ")))
        }
        Action::Manual(_) => Some(format!("the step `{}` is done by hand, and --yes does nothing by hand", step.name)),
        Action::Ask(Ask { default: None, .. }) => {
            Some(format!("the step `{}` asks for a text and has no `default`, so --yes cannot answer it", step.name))
        }
        _ => None,
    };
    let mut open = plan.runbook.roles.iter().filter(|(_, holder)| **holder == RoleHolder::Asked);
    let role = || open.next().map(|(role, _)| format!("the runbook asks who is {role}, and --yes does not know"));
    plan.runbook.steps.iter().find_map(by_people).or_else(role)
}

/// A terminal, or a pipe that somebody holds.
fn somebody_types() -> bool {
    use std::os::unix::fs::FileTypeExt;
    let piped = || std::fs::metadata("/dev/stdin").is_ok_and(|file| file.file_type().is_fifo() || file.file_type().is_socket());
    std::io::stdin().is_terminal() || piped()
}

fn rehearsed(plan: &ExecutionPlan, root: &Path, supervisor: &Path) -> anyhow::Result<Exit> {
    until_interrupted("stopping", async |_| {
        let all = rehearse(plan, root, supervisor).await;
        for one in &all {
            let mut lines = one.detail.lines().filter(|line| !line.trim().is_empty());
            put(&format!("{:<8} {}: {}\n", one.found.word(), one.what, lines.next().unwrap_or_default()))?;
            if let Some(about) = &one.about {
                put(&format!("{:<8} {}\n", "", about.lines().collect::<Vec<_>>().join(" ")))?;
            }
        }
        let count = |found| all.iter().filter(|one| one.found == found).count();
        let missing = count(RehearsalOutcome::Missing);
        note(&format!("{} done, {} skipped, {missing} missing", count(RehearsalOutcome::Done), count(RehearsalOutcome::Skipped)));
        Ok(if missing == 0 { Exit::Met } else { Exit::Missed })
    })
}

fn walk(supervisor: PathBuf, yes: bool, begin: impl FnOnce(Participants) -> Result<Execution, ExecutionError>) -> anyhow::Result<Exit> {
    until_interrupted(STOPPING, async move |stop| {
        let (sender, questions) = mpsc::channel(1);
        let (notes_sender, notes) = mpsc::channel(16);
        let attendance = if yes { Attendance::Unattended } else { Attendance::Attended(sender) };
        // Links and interfaces that people acknowledge by hold the other end.
        let (_acknowledge, acknowledgements) = mpsc::channel(16);
        let execution = begin(Participants { supervisor, attendance, notes, acknowledgements, stop })?.listening().await?;
        note(&heading(&execution));
        let shape = if is_quiet() { console::DisplayMode::Nothing } else { console::DisplayMode::Lines };
        let shown = Arc::new(console::watch(execution.live(), shape)?);
        let desk = tokio::spawn(desk(questions, TypedLines::default(), Some(notes_sender), shown.clone()));
        let finish = execution.run().await;
        desk.abort();
        let _ = desk.await;
        if let Some(shown) = Arc::into_inner(shown) {
            shown.ended().await;
        }
        conclude(&finish)
    })
}

fn heading(execution: &Execution) -> String {
    let plan = &execution.started().plan;
    let folder = super::arguments::relative(execution.folder());
    if let Some(drill) = execution.drill() {
        let drill = super::arguments::relative(drill);
        return format!("{drill}: undoing what this drill did\nif it is interrupted: lifeboat run --undo {drill}\n");
    }
    let mut text = format!("{}, for real: every step takes effect\n", plan.runbook.name);
    let place = plan.environment_name.as_ref().map(|name| format!("environment {name}, ")).unwrap_or_default();
    let service = plan.service_name.as_ref().map(|name| format!("service {name}, ")).unwrap_or_default();
    text += &format!("{place}{service}{folder}\n");
    if let Some(rto) = plan.rto() {
        text += &format!("users must be served again within {rto}\n");
    }
    text += &format!("if it is interrupted: lifeboat execute --resume {folder}\n");
    text
}

fn conclude(finish: &ExecutionOutcome) -> anyhow::Result<Exit> {
    let again = match &finish.drill {
        Some(drill) => format!("lifeboat run --undo {}", super::arguments::relative(drill)),
        None => format!("lifeboat execute --resume {}", super::arguments::relative(&finish.folder)),
    };
    let with_undo = if finish.drill.is_some() { "" } else { " (with `--undo` to undo what was done)" };
    note("");
    if let Err(error) = &finish.journal {
        say(&format!("error: {error}\n\nhint: make room on the disk, then continue with `{again}`"));
        return Ok(Exit::Safety);
    }
    let history = std::fs::read(RunFile::History.within(&finish.folder))?;
    let report = report::execution(&read(&history[..])?);
    for (file, render) in [(RunFile::Report, report::markdown as fn(&Report) -> String), (RunFile::Page, report::html)] {
        private::write(&file.within(&finish.folder), report.as_ref().map(render).unwrap_or_default().as_bytes())?;
    }
    for (label, file) in [("history", "history.jsonl"), ("report", "report.html")] {
        put_path(label, &super::arguments::relative(&finish.folder.join(file)))?;
    }
    if let Some(error) = &finish.salted {
        let file = super::arguments::relative(&finish.folder.join("salt"));
        say(&format!("warning: {file} cannot be removed: {error}\n\nhint: remove it by hand; with it, keys in the history can be guessed"));
    }
    if let Some(step) = &finish.unanswered {
        say(&format!(
            "error: it is not known whether `{step}` was done, so nothing more was done\n\nhint: look for yourself, then answer on a terminal: \
             {again}\n      (without --yes); or write `repeat: safe` at a step that may be done twice"
        ));
        return Ok(Exit::Inconclusive);
    }
    if let Some(step) = &finish.unheard {
        say(&format!(
            "nobody answered `{step}`, so nothing more was done, and nothing was undone\n\nhint: answer it with: {again}{with_undo}"
        ));
        return Ok(Exit::Inconclusive);
    }
    Ok(match finish.end {
        ExecutionEnd::Done => Exit::Met,
        ExecutionEnd::Undone if finish.undo && finish.left == 0 => Exit::Met,
        ExecutionEnd::Undone | ExecutionEnd::Failed => {
            if finish.end == ExecutionEnd::Undone && finish.undo {
                say(&format!(
                    "not everything could be undone; once that is fixed: {again}{}",
                    if finish.drill.is_some() { "" } else { " --undo" }
                ));
            }
            if finish.end == ExecutionEnd::Failed {
                say(&format!("a step failed; once that is fixed: {again}{with_undo}"));
            }
            Exit::Missed
        }
        ExecutionEnd::Stopped => {
            say(&format!("stopped; to continue: {again}{with_undo}"));
            Exit::Safety
        }
    })
}
