//! `lifeboat execute`: a runbook walked for real, with the clock running; what is typed in between becomes a note.

use super::another::{self, AnotherArgs, Choice};
use super::desk::{TypedLines, desk};
use super::proxy::TokenSource;
use super::resuming::{self, ResumingArgs};
use super::terminal::{is_quiet, note, put_path};
use super::trust::{self, TrustArgs};
use super::{Exit, put, say, stores, until_interrupted};
use crate::console;
use crate::execution::{
    Doorbell, DoorbellError, Execution, ExecutionError, ExecutionOrder, ExecutionOutcome, MissingValues, Participants, RehearsalOutcome,
    ResumeOrder, ResumePolicy, flags_for, hold, missing, rehearse, write_manifest,
};
use crate::exercise::drills_of;
use crate::history::{Event, ExecutionEnd, History, RunbookDrilled, read};
use crate::host::private;
use crate::model::{Action, Ask, Confirm, EscalationUntil, Executable, ExecutionPlan, RoleHolder, Step, StepEnd};
use crate::project::Project;
use crate::report::{self, Report};
use crate::run_folder::RunFile;
use crate::secret::left_in;
use crate::step::{Attendance, Before};
use crate::units::{Secret, Seed};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Walks a runbook for real. Whatever is typed while no question is open becomes a note in the history. Exit code 0 where it came to its
/// end, 1 where a step failed, 3 where nobody said what becomes of a step whose outcome is unknown, 4 where it was stopped.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The runbook
    #[arg(required_unless_present_any = ["resume", "watch", "take_over"], conflicts_with_all = ["resume", "watch", "take_over"])]
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
    #[command(flatten)]
    resuming: ResumingArgs,
    #[command(flatten)]
    another: AnotherArgs,
    /// Change nothing: only read, and find what is missing
    #[arg(long, conflicts_with_all = ["resume", "out"])]
    rehearse: bool,
    /// Let people answer its questions from elsewhere: listen on HOST:PORT; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "rehearse")]
    listen: Option<String>,
    /// With --listen: the token that whoever reads must send, as `env:NAME`. Needed on an address that others reach
    #[arg(long, value_name = "SOURCE", requires = "listen")]
    token_from: Option<TokenSource>,
    /// With --listen: how others reach it, for links, such as `https://ops.example/lifeboat`
    #[arg(long, value_name = "URL", requires = "listen")]
    public_url: Option<String>,
    /// Answer every question of the runbook with its `default`, or with yes where it has none
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    trust: TrustArgs,
}

const STOPPING: &str = "stopping: the running step is ended, and nothing is undone (press Ctrl-C again to leave at once)";

pub(super) fn execute(args: Args) -> anyhow::Result<Exit> {
    let Args { runbook, env, service, out, params, seed, reason, resuming, another, rehearse, listen, token_from, public_url, yes, trust } =
        args;
    let bell = || doorbell(listen.as_deref(), token_from.as_ref(), public_url.clone());
    let supervisor = std::env::current_exe()?;
    if let Some(folder) = &another.watch {
        return another::watch(folder);
    }
    if let Some(folder) = another.take_over.as_ref().or(resuming.resume.as_ref())
        && let Some(end) = trust::refused_recorded(trust, folder)?
    {
        return Ok(end);
    }
    if let Some(folder) = &another.take_over {
        return take_over(folder, another.now, yes, bell()?);
    }
    if let Some(folder) = &resuming.resume {
        return resume(folder, resuming.order(), yes, bell()?);
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
    if let Some(end) = trust::refused(trust, &root, &Executable::of_execution(&plan))? {
        return Ok(end);
    }
    if rehearse {
        return rehearsed(&plan, &root, &supervisor);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if let Some(problem) = cannot_begin(&plan, &runtime.block_on(missing(&plan, &root)), yes, listen.is_some()) {
        say(&problem);
        return Ok(Exit::Usage);
    }
    match another::choice(&plan, &root, another.alongside, !yes && somebody_types()) {
        Choice::Begin => {}
        Choice::Leave(exit) => return Ok(exit),
        Choice::Watch(folder) => return another::watch(&folder),
        Choice::TakeOver { folder, at_once } => return take_over(&folder, at_once, yes, bell()?),
    }
    let drilled = drills_of(&plan.runbook, &root.join("drills"));
    note(&proven(&drilled));
    let orders = ExecutionOrder { plan, seed: seed.unwrap_or_else(crate::exercise::drawn_seed), reason, root, out, drilled };
    walk(supervisor, yes, bell()?, move |hands| Execution::begin(orders, hands))
}

/// Goes on where an execution was interrupted.
fn resume(folder: &Path, mut order: ResumeOrder, yes: bool, bell: Option<Doorbell>) -> anyhow::Result<Exit> {
    if !yes && somebody_types() && !resuming::version(folder, &mut order)? {
        return Ok(Exit::Safety);
    }
    let folder = folder.to_owned();
    walk(std::env::current_exe()?, yes, bell, move |hands| Execution::resume(&folder, order, hands))
}

/// Goes on in the place of another process, once that has stopped.
fn take_over(folder: &Path, at_once: bool, yes: bool, bell: Option<Doorbell>) -> anyhow::Result<Exit> {
    match another::stopped(folder, at_once)? {
        Exit::Met => resume(folder, ResumeOrder { takes_over: true, ..ResumeOrder::default() }, yes, bell),
        other => Ok(other),
    }
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
    let policy = if recorded { ResumePolicy::Recorded } else { ResumePolicy::Unchanged };
    match walk(std::env::current_exe()?, yes, None, move |hands| Execution::take_back(&folder, policy, hands)) {
        Err(error) if has_keys && matches!(error.downcast_ref(), Some(ExecutionError::Over { .. })) => Ok(Exit::Met),
        other => other,
    }
}

/// Where people answer from elsewhere, where that was asked for.
fn doorbell(listen: Option<&str>, token: Option<&TokenSource>, base: Option<String>) -> anyhow::Result<Option<Doorbell>> {
    let Some(listen) = listen else { return Ok(None) };
    let token = token.map(TokenSource::token).transpose().map_err(|problem| DoorbellError::NoToken { problem })?;
    Ok(Some(Doorbell::bind(listen, token.map(Secret::new), base)?))
}

/// What would stop it half-way, and is known beforehand.
fn cannot_begin(plan: &ExecutionPlan, missing: &MissingValues, yes: bool, is_heard: bool) -> Option<String> {
    let rotated = |whose: &str| plan.runbook.rotations().any(|rotate| rotate.credential == whose);
    if let Some(unread) = missing.unread.iter().find(|unread| rotated(&unread.whose)) {
        return Some(format!("error: this runbook rotates {}, which cannot be read: {}", unread.whose, crate::units::explained(unread)));
    }
    if let Some((step, names)) = missing.variables.first() {
        // Why a secret is not there is known.
        if let Some(unread) = missing.unread.iter().find(|unread| names.contains(&unread.whose)) {
            return Some(format!(
                "error: the step `{step}` needs {}, which cannot be read: {}",
                unread.whose,
                crate::units::explained(unread)
            ));
        }
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

fn walk(
    supervisor: PathBuf,
    yes: bool,
    doorbell: Option<Doorbell>,
    begin: impl FnOnce(Participants) -> Result<Execution, ExecutionError>,
) -> anyhow::Result<Exit> {
    until_interrupted(STOPPING, async move |stop| {
        let (sender, questions) = mpsc::channel(1);
        let (notes_sender, notes) = mpsc::channel(16);
        let attendance = if yes { Attendance::Unattended } else { Attendance::Attended(sender) };
        let base = doorbell.as_ref().map(|doorbell| doorbell.base().to_owned());
        let execution = begin(Participants { supervisor, attendance, doorbell, notes, stop })?.listening().await?;
        note(&heading(&execution));
        if let Some(base) = base {
            note(&format!("people can answer at {base}"));
        }
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

/// Which drills have walked what is walked now: whoever walks it wants to know before the first step.
fn proven(drilled: &[RunbookDrilled]) -> String {
    let Some((last, drill)) = drilled.last().and_then(|last| Some((last, last.drill.as_ref()?))) else {
        return "no drill has walked this runbook".to_owned();
    };
    let day = last.started.as_deref().and_then(|started| started.get(..10)).unwrap_or("a day that is not known");
    let verdict = last.verdict.as_deref().unwrap_or("not judged");
    if !last.same {
        return format!("no drill has walked this version of the runbook; the last, on {day}, walked an older one: {verdict} ({drill})");
    }
    let count = drilled.len() as u64 + last.more;
    format!("{} walked this version of the runbook; the last, on {day}: {verdict} ({drill})", crate::units::counted(count, "drill"))
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
    if plan.runbook.escalate.iter().any(|escalation| escalation.until == EscalationUntil::Acknowledged) {
        text += "to acknowledge, type: ack NAME\n";
    }
    text += &format!("if it is interrupted: lifeboat execute --resume {folder}\n");
    text
}

/// What was said by the step that ended the walk early (`stop_here`).
fn last_words(history: &History) -> Option<String> {
    let history = history.as_mended();
    let Event::ExecutionStarted(started) = &history.events.first()?.event else { return None };
    let ended = |event: &Event| match event {
        Event::StepFinished(step) if step.end != StepEnd::Skipped => Some((step.step as usize, step.output.clone())),
        _ => None,
    };
    let (step, output) = history.events.iter().rev().find_map(|stamped| ended(&stamped.event))?;
    let stops = matches!(started.plan.runbook.steps.get(step)?.action, Action::StopHere(_));
    Some(output).filter(|output| stops && !output.is_empty())
}

fn conclude(finish: &ExecutionOutcome) -> anyhow::Result<Exit> {
    let folder = super::arguments::relative(&finish.folder);
    let again = match &finish.drill {
        Some(drill) => format!("lifeboat run --undo {}", super::arguments::relative(drill)),
        None => format!("lifeboat execute --resume {folder}"),
    };
    note("");
    if let Err(error) = &finish.journal {
        say(&format!("error: {error}\n\nhint: make room on the disk, then continue with `{again}`"));
        return Ok(Exit::Safety);
    }
    if let Some(by) = finish.handed_over.as_ref().filter(|_| finish.end == ExecutionEnd::Stopped) {
        // What is in the folder is theirs from here on.
        say(&format!("{by} goes on with it; to watch: lifeboat execute --watch {folder}"));
        return Ok(Exit::Safety);
    }
    let history = read(&std::fs::read(RunFile::History.within(&finish.folder))?[..])?;
    if let Some(words) = last_words(&history) {
        note(&format!("{words}\n"));
    }
    let report = report::execution(&history);
    for (file, render) in [(RunFile::Report, report::markdown as fn(&Report) -> String), (RunFile::Page, report::html)] {
        private::write(&file.within(&finish.folder), report.as_ref().map(render).unwrap_or_default().as_bytes())?;
    }
    write_manifest(&finish.folder, &history)?;
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
            "nobody answered `{step}`, so nothing more was done, and nothing was undone\n\nhint: answer it with: {again}{}",
            with_undo(finish)
        ));
        return Ok(Exit::Inconclusive);
    }
    Ok(end(finish, &again))
}

/// What else may be typed after something went wrong.
const fn with_undo(finish: &ExecutionOutcome) -> &'static str {
    if finish.drill.is_some() { "" } else { " (with `--undo` to undo what was done)" }
}

/// How it ended, what is left, and what to type.
fn end(finish: &ExecutionOutcome, again: &str) -> Exit {
    let undo = if finish.drill.is_some() { "" } else { " --undo" };
    let with_undo = with_undo(finish);
    for step in &finish.not_taken_back {
        say(&format!(
            "`{step}` failed and was not taken back: see what it left behind (`undo_on_failure: true` there runs its undo as well)"
        ));
    }
    match finish.end {
        ExecutionEnd::Done => Exit::Met,
        ExecutionEnd::Undone if finish.undo => Exit::Met,
        ExecutionEnd::Undone => Exit::Missed,
        ExecutionEnd::PartlyUndone => {
            say(&format!("partly undone; not undone: {}\nonce that is fixed: {again}{undo}", finish.left.join(", ")));
            Exit::Missed
        }
        ExecutionEnd::Failed => {
            say(&format!("a step failed; once that is fixed: {again}{with_undo}"));
            Exit::Missed
        }
        ExecutionEnd::Stopped => {
            say(&format!("stopped; to continue: {again}{with_undo}"));
            Exit::Safety
        }
    }
}
