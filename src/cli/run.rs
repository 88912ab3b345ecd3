//! `lifeboat run`: drills, shown live, each ending with its verdict and the paths of what it leaves behind.

use super::arguments::{relative, seed, word};
use super::desk::{TypedLines, desk};
use super::end::{exit_of, say_early, say_left};
use super::leftovers::{HealPolicy, before_drills};
use super::series::Series;
use super::terminal::{is_quiet, note, put_path, put_verdict, shape, show_wait, show_work, width};
use super::trials::ShownTrials;
use super::trust::{self, TrustArgs};
use super::{Exit, bill, execute, leases, outline, permit, say, stored, stores, until_interrupted};
use crate::console::{self, LiveDisplay, Showing, WorkProgress};
use crate::exercise::{
    self, Consent, DrillOrders, DrillTurn, Exercise, ExerciseError, FinishedDrill, FinishedRepeats, Observer, PlannedDrill, ReadScenario,
    Refusal, drawn_seed, keys_written,
};
use crate::model::{DrillPlan, Executable, HistoryForm};
use crate::report::summary_with;
use crate::run_folder::RunFile;
use crate::step::{Attendance, Prompt};
use crate::units::{Duration, Seed, explained};
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
    /// How the history is kept: as text (plain), or compressed while it is written, some 50 bytes a request, for `zstd -dc`; without it,
    /// compressed where more than 200,000 requests are planned
    #[arg(long, value_name = "plain|compressed", conflicts_with = "undo",
        value_parser = |text: &str| word(text, HistoryForm::WORDS, HistoryForm::from_word))]
    history: Option<HistoryForm>,
    /// Why: kept in the history, so that it is known later
    #[arg(long, value_name = "TEXT", conflicts_with = "undo")]
    reason: Option<String>,
    /// The file of a private key that signs the drill, as `lifeboat key` makes it; instead of the inventory's `evidence: {key: …}`
    #[arg(long, value_name = "KEY.pem", conflicts_with = "undo")]
    sign: Option<PathBuf>,
    /// Only show what would happen
    #[arg(long, conflicts_with = "undo")]
    dry_run: bool,
    /// Answer every question with yes: those of a runbook, whether to spend money, to write into stores of keys, and to heal what killed drills left
    #[arg(long)]
    yes: bool,
    /// Wait so long for a service or a standing proxy that another drill holds; without it, that is an error at once
    #[arg(long, value_name = "TIME", conflicts_with_all = ["undo", "dry_run"])]
    wait: Option<Duration>,
    /// Heal what killed drills have left at standing proxies, without asking, before the first drill begins
    #[arg(long, conflicts_with_all = ["undo", "dry_run"])]
    heal: bool,
    /// With --dry-run: text, or json
    #[arg(long, value_name = "FORMAT", value_enum, requires = "dry_run", default_value_t)]
    format: outline::OutlineFormat,
    #[command(flatten)]
    trust: TrustArgs,
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
        if let Some(end) = trust::refused_recorded(args.trust, &folder)? {
            return Ok(end);
        }
        return execute::take_back(folder, args.recorded, args.yes);
    }
    let Some(mut drills) = planned(&args)? else { return Ok(Exit::Usage) };
    let repeat = args.repeat.unwrap_or(if args.until_known { REPEATS } else { 1 });
    if args.dry_run {
        return outline::shown(&drills, repeat, args.format);
    }
    for drill in &drills {
        if let Some(end) = trust::refused(args.trust, &drill.root, &Executable::of_drill(&drill.plan, &drill.evidence))? {
            return Ok(end);
        }
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
        history: args.history,
        sign: args.sign,
        supervisor: std::env::current_exe()?,
        wait: args.wait,
        locks: stored::shared_locks()?,
        stop: watch::channel(false).1,
    };
    if let Some(end) = before_drills(&orders, HealPolicy::of(args.heal || args.yes))? {
        return Ok(end);
    }
    if let Some(end) = (!args.yes).then(|| refused(&orders)).flatten() {
        return Ok(end);
    }
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

    fn holds(&mut self, what: &str) {
        say(what);
    }

    async fn begins(&mut self, turn: DrillTurn, plan: &DrillPlan) -> anyhow::Result<()> {
        note(&self.trials.as_ref().map_or_else(|| self.series.title(turn.number, plan), |trials| trials.title(turn)));
        let control = plan.environment.control.as_ref();
        let waiting = control.and_then(|control| show_wait(format!("asking {} what it is", control.url)));
        let leases: String = leases::said(plan).await.lines.iter().map(|said| format!("{said}\n")).collect();
        drop(waiting);
        let writes = keys_written(plan).map(|writes| format!("writes {writes}\n")).unwrap_or_default();
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
    let history = RunFile::of_history(finish.judged.digest.form());
    let files = [("history", history), ("verdict.json", RunFile::Verdict), ("report", RunFile::Page), ("signed", RunFile::TestResult)];
    for (label, file) in files {
        let path = file.within(&finish.folder);
        if path.is_file() && !is_quiet() {
            put_path(label, &relative(&path))?;
        }
    }
    for kept in &finish.attested.kept {
        if !is_quiet() {
            put_path("kept", kept)?;
        }
    }
    say_left(finish);
    Ok(exit_of(finish))
}
