//! `lifeboat run`: drills, shown live, each ending with its verdict and the paths of what it leaves behind.

use super::desk::{TypedLines, desk};
use super::series::Series;
use super::terminal::{is_quiet, note, put_path, put_verdict, shape, show_wait, show_work, width};
use super::{Exit, bill, leases, outline, say, stores, until_interrupted};
use crate::console;
use crate::execution::left_over;
use crate::exercise::{DrillRequest, Exercise, FinishedDrill};
use crate::history::StopReason;
use crate::model::{Action, DrillPlan, SecretSource, SourceFile, StartMode};
use crate::project::Project;
use crate::report::summary;
use crate::step::{Attendance, Before, Prompt};
use crate::units::{ParseError, Seed};
use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// Runs drills one after the other. The exit code is the worst of theirs.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Scenario files
    #[arg(required_unless_present = "undo", conflicts_with = "undo", value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
    /// Where the drill runs: an environment of the inventory
    #[arg(long, default_value = "lab")]
    env: String,
    /// The seed of all randomness, up to 16 hexadecimal digits; drawn and printed where it is not given
    #[arg(long, value_parser = seed)]
    seed: Option<Seed>,
    /// How often each scenario is run, each time with a seed of its own
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// The drill's folder, instead of a new one under `drills/`; numbered where there are several drills
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Why: kept in the history, so that it is known later
    #[arg(long, value_name = "TEXT", conflicts_with = "undo")]
    reason: Option<String>,
    /// Only show what would happen
    #[arg(long, conflicts_with = "undo")]
    dry_run: bool,
    /// Answer every question with yes: those of a runbook, whether to spend money, and whether to write into stores of keys
    #[arg(long)]
    yes: bool,
    /// Undo what a killed drill has left behind, by its folder: what its runbook did, last first, and old values
    #[arg(long, value_name = "DIR", conflicts_with_all = ["seed", "out", "repeat"])]
    undo: Option<PathBuf>,
    /// With --undo: undo what was recorded, although the runbook has changed since
    #[arg(long, requires = "undo")]
    recorded: bool,
}

/// A drill that is to be run.
struct Planned {
    root: PathBuf,
    plan: DrillPlan,
    files: Vec<SourceFile>,
    secrets: BTreeSet<SecretSource>,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    if let Some(folder) = args.undo {
        return super::execute::take_back(folder, args.recorded, args.yes);
    }
    let Some(planned) = planned(&args)? else { return Ok(Exit::Usage) };
    let plans = || planned.iter().map(|each| &each.plan);
    if args.dry_run {
        return outline::shown(plans());
    }
    if let Some(end) = refused(&args, &planned) {
        return Ok(end);
    }
    remind(planned.iter().map(|each| &*each.root), args.out.as_deref());
    until_interrupted("stopping: every fault is healed, then the drill ends (press Ctrl-C again to leave at once)", async |stop| {
        let total = planned.len() * args.repeat as usize;
        let mut series = Series::of(total);
        drills(&args, planned, &mut series, stop).await?;
        series.end()
    })
}

/// The plans of all scenarios; `None` where one does not validate, which was said.
fn planned(args: &Args) -> anyhow::Result<Option<Vec<Planned>>> {
    let (mut planned, mut invalid) = (Vec::new(), false);
    for scenario in &args.scenarios {
        let root = Project::find(scenario)?;
        let (project, _) = Project::open(&root);
        let findings = match project.plan(scenario, &args.env) {
            Ok((mut plan, findings)) => {
                if let Err(problem) = bill::priced(&mut plan) {
                    say(&format!("error: {problem}"));
                    invalid = true;
                }
                let secrets = SecretSource::of_inventory(&project.inventory);
                let files = project.files_of(scenario);
                planned.push(Planned { root, plan, files, secrets });
                findings
            }
            Err(findings) => findings,
        };
        invalid |= findings.has_errors();
        for finding in &findings {
            say(&finding.to_string());
        }
    }
    Ok((!invalid).then_some(planned))
}

/// How it ends where nobody can be asked, or somebody who was asked does not want it. All of it is asked before the first drill begins.
fn refused(args: &Args, planned: &[Planned]) -> Option<Exit> {
    let plans = || planned.iter().map(|each| &each.plan);
    if args.yes {
        return None;
    }
    let nobody = !std::io::stdin().is_terminal();
    let usage = |problem: &str| {
        say(problem);
        Some(Exit::Usage)
    };
    if nobody && plans().any(asks) {
        return usage(
            "error: the runbook asks a person, and there is no terminal\n\nhint: run it on a terminal, or answer every question with `--yes`",
        );
    }
    if plans().any(DrillPlan::is_paid) {
        if nobody {
            return usage(
                "error: this drill uses real providers, which will send a bill, and there is no terminal to ask on\n\nhint: see what it may \
                 cost with --dry-run, then agree beforehand with --yes",
            );
        }
        if !bill::agreed(plans(), args.repeat) {
            return Some(Exit::Safety);
        }
    }
    if plans().any(|plan| !plan.written().is_empty()) {
        if nobody {
            return usage(
                "error: this drill writes keys into stores of the inventory, and there is no terminal to ask on\n\nhint: see which with \
                 --dry-run, then agree beforehand with --yes",
            );
        }
        if !stores::agreed(plans()) {
            return Some(Exit::Safety);
        }
    }
    None
}

/// All drills, one after the other, until somebody stops them or one cannot begin.
async fn drills(args: &Args, planned: Vec<Planned>, series: &mut Series, stop: watch::Receiver<bool>) -> anyhow::Result<()> {
    let first = args.seed.unwrap_or_else(drawn);
    let supervisor = std::env::current_exe()?;
    let (lines, total) = (TypedLines::default(), series.total());
    let mut number = 0;
    for Planned { root, plan, files, secrets } in planned {
        for _ in 0..args.repeat {
            number += 1;
            if *stop.borrow() {
                series.left_out(&plan);
                continue;
            }
            let seed = if number == 1 { first } else { first.derive(&number.to_string()) };
            let out = args.out.clone().map(|out| if total == 1 { out } else { out.join(number.to_string()) });
            let (attendance, questions) = attendance(args.yes || !std::io::stdin().is_terminal());
            let (root, supervisor, secrets) = (root.clone(), supervisor.clone(), secrets.clone());
            let (reason, files) = (args.reason.clone(), files.clone());
            let orders =
                DrillRequest { plan: plan.clone(), seed, reason, files, root, supervisor, secrets, out, attendance, stop: stop.clone() };
            note(&series.title(number, &plan));
            match one(orders, questions, &lines, total > 1).await {
                Ok((finish, exit)) => series.add(&plan, &finish, exit),
                Err(error) if total > 1 => series.failed(&plan, &error),
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// Tells of earlier drills that were killed and left something to take back.
fn remind<'a>(roots: impl Iterator<Item = &'a Path>, out: Option<&Path>) {
    let beside = out.and_then(Path::parent).map(Path::to_owned);
    let mut folders: Vec<PathBuf> = roots.map(|root| root.join("drills")).chain(beside).collect();
    folders.sort();
    folders.dedup();
    for left in folders.iter().flat_map(|folder| left_over(folder)) {
        let left = relative(&left);
        say(&format!("warning: {left}: this drill was killed, and what it did has not been undone\n\nhint: lifeboat run --undo {left}\n"));
    }
}

/// One drill, from its heading to its verdict.
async fn one(
    orders: DrillRequest,
    questions: mpsc::Receiver<Prompt>,
    lines: &TypedLines,
    has_others: bool,
) -> anyhow::Result<(FinishedDrill, Exit)> {
    let (seed, environment) = (orders.seed, orders.plan.environment_name.clone());
    let control = orders.plan.environment.control.as_ref();
    let waiting = control.and_then(|control| show_wait(format!("asking {} what it is", control.url)));
    let leases: String = leases::said(&orders.plan).await.lines.iter().map(|said| format!("{said}\n")).collect();
    drop(waiting);
    let writes = stores::written(&orders.plan).map(|writes| format!("writes {writes}\n")).unwrap_or_default();
    let lasts = orders.plan.runbook.iter().flat_map(|runbook| &runbook.steps).any(|step| step.undo.is_some());
    let lasts = lasts || orders.plan.environment.embedded && !writes.is_empty();
    let exercise = Exercise::begin(orders)?;
    let folder = relative(exercise.folder());
    note(&format!("environment {environment}, seed {seed}\n{folder}\n{writes}{leases}"));
    if lasts {
        note(&format!("if it is killed: lifeboat run --undo {folder}\n"));
    }
    let work = exercise.work();
    let shown = Arc::new(console::watch(exercise.live(), shape())?);
    let asking = tokio::spawn(desk(questions, lines.clone(), None, shown.clone()));
    let showing = show_work(&work);
    let finish = exercise.run().await;
    drop(showing);
    asking.abort();
    let _ = asking.await;
    if let Some(shown) = Arc::into_inner(shown) {
        shown.ended().await;
    }
    let finish = finish.inspect_err(|_| note(""))?;
    let exit = conclude(&finish, has_others)?;
    Ok((finish, exit))
}

/// `has_others`: a table of them all follows, which is enough where only that was asked for.
fn conclude(finish: &FinishedDrill, has_others: bool) -> anyhow::Result<Exit> {
    note("");
    // On a terminal the panel and the verdict's block say it already.
    let on_terminal = std::io::stderr().is_terminal() && std::io::stdout().is_terminal() && !is_quiet();
    if let Some(stop) = finish.stopped.as_ref().filter(|stop| stop.reason != StopReason::Journal && !on_terminal) {
        let told = stop.to_string();
        say(&format!("{}{told}\n", if told.starts_with("stopped ") { "" } else { "stopped: " }));
    }
    if let Err(error) = &finish.journal {
        say(&format!(
            "error: {error}\n\nhint: make room on the disk, or choose another folder with `--out`; what could be written is in {}\n",
            finish.folder.display()
        ));
    }
    if !(has_others && is_quiet()) {
        put_verdict(&summary(&finish.judged.verdict, width()))?;
    }
    for (label, file) in [("history", "history.jsonl"), ("verdict.json", "verdict.json"), ("report", "report.md")] {
        let path = finish.folder.join(file);
        if path.is_file() && !is_quiet() {
            put_path(label, &relative(&path))?;
        }
    }
    if Before::has_notes(&finish.folder) {
        say(&format!(
            "warning: something that the drill did could not be undone\n\nhint: see why in the report, then `lifeboat run --undo {}`",
            relative(&finish.folder)
        ));
    }
    let verdict = Exit::from(finish.judged.verdict.verdict);
    if stores::left(&finish.folder) {
        return Ok(Exit::Safety);
    }
    Ok(match (&finish.stopped, &finish.journal) {
        (_, Err(_)) => Exit::Safety,
        (None, Ok(())) => verdict,
        (Some(stop), Ok(())) => match stop.reason {
            StopReason::Person | StopReason::Guard | StopReason::Journal => Exit::Safety,
            StopReason::BaselineUnsteady | StopReason::Environment | StopReason::Fault => Exit::Inconclusive,
        },
    })
}

/// A seed on the command line.
pub(super) fn seed(text: &str) -> Result<Seed, String> {
    text.parse().map_err(|ParseError { problem, hint }| format!("{problem}\n\nhint: {hint}"))
}

/// A seed that nobody chose, from what the standard library seeds its hash tables with.
pub(super) fn drawn() -> Seed {
    Seed(RandomState::new().build_hasher().finish())
}

/// Whether a drill would ask somebody.
fn asks(plan: &DrillPlan) -> bool {
    let confirms = |action: &Action| matches!(action, Action::Confirm(_));
    plan.runbook.as_ref().is_some_and(|runbook| {
        runbook.start == StartMode::ByHand
            || runbook.steps.iter().any(|step| confirms(&step.action) || step.undo.as_ref().is_some_and(confirms))
    })
}

/// A plan that asks somebody does not come this far without a terminal, unless everything was answered beforehand.
fn attendance(nobody: bool) -> (Attendance, mpsc::Receiver<Prompt>) {
    let (sender, questions) = mpsc::channel(1);
    (if nobody { Attendance::Unattended } else { Attendance::Attended(sender) }, questions)
}

/// A path as somebody would type it here.
pub(super) fn relative(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}
