//! `lifeboat run`: drills, shown live, each ending with its verdict and the paths of what it leaves behind.

use super::arguments::{relative, seed};
use super::desk::{TypedLines, desk};
use super::end::{exit_of, say_early, say_left};
use super::series::Series;
use super::terminal::{is_quiet, note, put_path, put_verdict, shape, show_wait, show_work, width};
use super::trials::ShownTrials;
use super::{Exit, bill, execute, leases, outline, permit, say, stores, until_interrupted};
use crate::console::{self, LiveDisplay, Showing, WorkProgress};
use crate::execution::left_over;
use crate::exercise::{
    self, Consent, DrillOrders, DrillTurn, Exercise, ExerciseError, FinishedDrill, FinishedRepeats, Observer, PlannedDrill, ReadScenario,
    Refusal, drawn_seed,
};
use crate::model::DrillPlan;
use crate::report::summary_with;
use crate::step::{Attendance, Prompt};
use crate::units::{Seed, explained};
use crate::verdict::record::RepeatsRecord;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// After so many trials a sequential test ends in any case.
const REPEATS: u32 = 20;

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
    /// How often each scenario is run, each time with a seed and a phase of the fault of its own; they have one folder and one report
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    repeat: Option<u32>,
    /// Repeat until a sequential test knows the answer: --repeat times at the most, or 20
    #[arg(long, conflicts_with = "undo")]
    until_known: bool,
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
    /// A file of an approval, as `lifeboat approve` makes them; once for each
    #[arg(long, value_name = "FILE", conflicts_with = "undo")]
    approval: Vec<PathBuf>,
    /// Undo what a killed drill has left behind, by its folder: what its runbook did, last first, and old values
    #[arg(long, value_name = "DIR", conflicts_with_all = ["seed", "out", "repeat"])]
    undo: Option<PathBuf>,
    /// With --undo: undo what was recorded, although the runbook has changed since
    #[arg(long, requires = "undo")]
    recorded: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    if let Some(folder) = args.undo {
        return execute::take_back(folder, args.recorded, args.yes);
    }
    let Some(mut drills) = planned(&args)? else { return Ok(Exit::Usage) };
    let repeat = args.repeat.unwrap_or(if args.until_known { REPEATS } else { 1 });
    if args.dry_run {
        return outline::shown(drills.iter().map(|each| &each.plan), repeat);
    }
    if let Some(end) = permit::refused(&mut drills, &args.approval)? {
        return Ok(end);
    }
    let mut orders = DrillOrders {
        drills,
        repeat,
        until_known: args.until_known,
        seed: args.seed.unwrap_or_else(drawn_seed),
        reason: args.reason,
        out: args.out,
        supervisor: std::env::current_exe()?,
        stop: watch::channel(false).1,
    };
    if let Some(end) = (!args.yes).then(|| refused(&orders)).flatten() {
        return Ok(end);
    }
    remind(orders.drills.iter().map(|each| &*each.root), orders.out.as_deref());
    until_interrupted("stopping: every fault is healed, then the drill ends (press Ctrl-C again to leave at once)", async |stop| {
        orders.stop = stop;
        let mut observer = TerminalObserver::new(args.yes || !std::io::stdin().is_terminal(), orders.drills.len());
        exercise::run(&orders, &mut observer).await?;
        observer.series.end()
    })
}

/// The drills of all scenarios; `None` where one does not validate, which was said.
fn planned(args: &Args) -> anyhow::Result<Option<Vec<PlannedDrill>>> {
    let (mut planned, mut invalid) = (Vec::new(), false);
    for scenario in &args.scenarios {
        let read = ReadScenario::of(scenario, &args.env)?;
        invalid |= !read.is_valid();
        if let Some(problem) = &read.unaffordable {
            say(&format!("error: {}", explained(problem)));
        }
        for finding in &read.findings {
            say(&finding.to_string());
        }
        planned.extend(read.planned);
    }
    Ok((!invalid).then_some(planned))
}

/// How it ends where nobody can be asked, or somebody who was asked does not want it.
fn refused(orders: &DrillOrders) -> Option<Exit> {
    let ask = |consent| {
        std::io::stdin().is_terminal().then(|| match consent {
            // Whoever sits there is asked when it comes to that.
            Consent::Presence => true,
            Consent::Spending => bill::agreed(orders.plans(), orders.repeat),
            Consent::Writing => stores::agreed(orders.plans()),
        })
    };
    match orders.agree(ask).err()? {
        Refusal::Declined(_) => Some(Exit::Safety),
        refusal @ Refusal::Unasked(_) => {
            say(&format!("error: {}", explained(&refusal)));
            Some(Exit::Usage)
        }
    }
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

/// The terminal while drills run: headings, the panel, the questions of runbooks, and what each drill leaves behind.
struct TerminalObserver {
    /// Whether nobody answers.
    is_unattended: bool,
    lines: TypedLines,
    series: Series,
    /// Those of the next drill.
    questions: Option<mpsc::Receiver<Prompt>>,
    /// Of the next drill, until its folder is known.
    heading: Heading,
    shown: Option<ShownDrill>,
    /// Where the drills are trials of one scenario: how they went so far.
    trials: Option<ShownTrials>,
    work: Arc<WorkProgress>,
}

/// What is said of a drill when it begins.
#[derive(Default)]
struct Heading {
    before: String,
    after: String,
    lasts: bool,
}

/// A drill that is shown while it runs.
struct ShownDrill {
    display: Arc<LiveDisplay>,
    asking: JoinHandle<()>,
    work: Option<Showing>,
}

impl TerminalObserver {
    fn new(is_unattended: bool, total: usize) -> Self {
        let (lines, series) = (TypedLines::default(), Series::of(total));
        let (trials, work) = (None, Arc::default());
        Self { is_unattended, lines, series, questions: None, heading: Heading::default(), shown: None, trials, work }
    }
}

impl Observer for TerminalObserver {
    type Error = anyhow::Error;

    /// A plan that asks somebody does not come this far without a terminal, unless everything was answered beforehand.
    fn attendance(&mut self) -> Attendance {
        let (sender, questions) = mpsc::channel(1);
        self.questions = Some(questions);
        if self.is_unattended { Attendance::Unattended } else { Attendance::Attended(sender) }
    }

    async fn begins(&mut self, turn: DrillTurn, plan: &DrillPlan) -> anyhow::Result<()> {
        note(&self.trials.as_ref().map_or_else(|| self.series.title(turn.number, plan), |trials| trials.title(turn)));
        let control = plan.environment.control.as_ref();
        let waiting = control.and_then(|control| show_wait(format!("asking {} what it is", control.url)));
        let leases: String = leases::said(plan).await.lines.iter().map(|said| format!("{said}\n")).collect();
        drop(waiting);
        let writes = stores::written(plan).map(|writes| format!("writes {writes}\n")).unwrap_or_default();
        let undone = plan.runbook.iter().flat_map(|runbook| &runbook.steps).any(|step| step.undo.is_some());
        self.heading = Heading {
            lasts: undone || plan.environment.embedded && !writes.is_empty(),
            before: format!("environment {}, seed {}", plan.environment_name, turn.seed),
            after: writes + &leases,
        };
        Ok(())
    }

    fn begun(&mut self, exercise: &Exercise) -> anyhow::Result<()> {
        let (Heading { before, after, lasts }, folder) = (std::mem::take(&mut self.heading), relative(exercise.folder()));
        note(&format!("{before}\n{folder}\n{after}"));
        if lasts {
            note(&format!("if it is killed: lifeboat run --undo {folder}\n"));
        }
        let display = Arc::new(console::watch(exercise.live(), shape())?);
        // Without questions nobody is asked anything.
        let questions = self.questions.take().unwrap_or_else(|| mpsc::channel(1).1);
        let asking = tokio::spawn(desk(questions, self.lines.clone(), None, display.clone()));
        self.shown = Some(ShownDrill { display, asking, work: show_work(&exercise.work()) });
        Ok(())
    }

    async fn ended(&mut self, plan: &DrillPlan, finished: Result<FinishedDrill, ExerciseError>) -> anyhow::Result<()> {
        if let Some(ShownDrill { display, asking, work }) = self.shown.take() {
            drop(work);
            asking.abort();
            let _ = asking.await;
            if let Some(display) = Arc::into_inner(display) {
                display.ended().await;
            }
        }
        let finished = finished.inspect_err(|_| note(""))?;
        if let Some(trials) = &mut self.trials {
            trials.add(&finished);
            return Ok(());
        }
        let exit = conclude(&finished, self.series.total() > 1)?;
        self.series.add(plan, &finished, exit);
        Ok(())
    }

    fn repeats(&mut self, plan: &DrillPlan, record: &RepeatsRecord, folder: &Path) -> anyhow::Result<()> {
        self.trials = Some(ShownTrials::begin(self.series.title(self.series.next(), plan), record, folder));
        Ok(())
    }

    fn work(&mut self) -> Arc<WorkProgress> {
        Arc::clone(&self.work)
    }

    async fn repeated(&mut self, plan: &DrillPlan, finished: FinishedRepeats) -> anyhow::Result<()> {
        if let Some(trials) = self.trials.take() {
            let exit = trials.end(&finished)?;
            self.series.add_repeats(plan, &finished, exit);
        }
        Ok(())
    }

    fn failed(&mut self, plan: &DrillPlan, error: anyhow::Error) {
        self.trials = None;
        self.series.failed(plan, &error);
    }

    fn left_out(&mut self, plan: &DrillPlan) {
        self.series.left_out(plan);
    }
}

/// `has_others`: a table of them all follows, which is enough where only that was asked for.
fn conclude(finish: &FinishedDrill, has_others: bool) -> anyhow::Result<Exit> {
    note("");
    say_early(finish);
    if !(has_others && is_quiet()) {
        put_verdict(&summary_with(&finish.judged.verdict, Some(&finish.judged.digest), width()))?;
    }
    for (label, file) in [("history", "history.jsonl"), ("verdict.json", "verdict.json"), ("report", "report.html")] {
        let path = finish.folder.join(file);
        if path.is_file() && !is_quiet() {
            put_path(label, &relative(&path))?;
        }
    }
    say_left(finish);
    Ok(exit_of(finish))
}
