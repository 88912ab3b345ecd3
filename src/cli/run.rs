//! `lifeboat run`: drills, shown live, each ending with its verdict and the paths of what it leaves behind.

use super::{Exit, ask, bill, leases, put, say, stores, until_interrupted};
use crate::console::{self, Shape};
use crate::execution::left_over;
use crate::exercise::{Exercise, Finish, Orders};
use crate::fault::unsaid;
use crate::history::StopReason;
use crate::model::{Action, DrillPlan, SecretSource, StartMode, Workload};
use crate::report::summary;
use crate::spec::Project;
use crate::step::{Attendance, Before, Question};
use crate::units::{ParseError, Seed};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Runs drills one after the other. The exit code is the gravest of theirs.
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
    /// Only show what would happen
    #[arg(long, conflicts_with = "undo")]
    dry_run: bool,
    /// Answer every question with yes: those of a runbook, whether to spend money, and whether to write into stores of keys
    #[arg(long)]
    yes: bool,
    /// Take back what a drill that was killed has left behind, by its folder: what its runbook did, last first, and old values
    #[arg(long, value_name = "DIR", conflicts_with_all = ["seed", "out", "repeat"])]
    undo: Option<PathBuf>,
    /// With --undo: take back what was recorded, though the runbook has changed since
    #[arg(long, requires = "undo")]
    recorded: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    if let Some(folder) = args.undo {
        return super::execute::take_back(folder, args.recorded, args.yes);
    }
    let mut plans = Vec::new();
    let mut invalid = false;
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
                plans.push((root, plan, secrets));
                findings
            }
            Err(findings) => findings,
        };
        invalid |= findings.has_errors();
        for finding in &findings {
            say(&finding.to_string());
        }
    }
    if invalid {
        return Ok(Exit::Usage);
    }
    if args.dry_run {
        return shown(plans.iter().map(|(_, plan, _)| plan));
    }
    if !args.yes && !std::io::stdin().is_terminal() && plans.iter().any(|(_, plan, _)| asks(plan)) {
        say(
            "error: the runbook asks a person, and there is no terminal\n\nhint: run it on a terminal, or answer every question beforehand with --yes",
        );
        return Ok(Exit::Usage);
    }
    if !args.yes && plans.iter().any(|(_, plan, _)| plan.is_paid()) {
        if !std::io::stdin().is_terminal() {
            say(
                "error: this drill asks real providers, who will send a bill, and there is no terminal to ask on\n\nhint: see what it may \
                 cost with --dry-run, then agree beforehand with --yes",
            );
            return Ok(Exit::Usage);
        }
        if !bill::agreed(plans.iter().map(|(_, plan, _)| plan), args.repeat) {
            return Ok(Exit::Safety);
        }
    }
    if !args.yes && plans.iter().any(|(_, plan, _)| !plan.written().is_empty()) {
        if !std::io::stdin().is_terminal() {
            say("error: this drill writes keys into stores of the inventory, and there is no terminal to ask on\n\nhint: see which with \
                 --dry-run, then agree beforehand with --yes");
            return Ok(Exit::Usage);
        }
        if !stores::agreed(plans.iter().map(|(_, plan, _)| plan)) {
            return Ok(Exit::Safety);
        }
    }
    remind(plans.iter().map(|(root, ..)| &**root), args.out.as_deref());
    let first = args.seed.unwrap_or_else(drawn);
    let keeper = std::env::current_exe()?;
    until_interrupted("stopping: every fault is healed, then the drill ends (once more to leave at once)", async |stop| {
        let mut gravest = Exit::Met;
        let total = plans.len() * args.repeat as usize;
        let mut number = 0;
        for (root, plan, secrets) in plans {
            for _ in 0..args.repeat {
                number += 1;
                let seed = if number == 1 { first } else { first.derive(&number.to_string()) };
                let out = args.out.clone().map(|out| if total == 1 { out } else { out.join(number.to_string()) });
                let (attendance, questions) = attendance(args.yes || !std::io::stdin().is_terminal());
                let (root, keeper, secrets) = (root.clone(), keeper.clone(), secrets.clone());
                let orders = Orders { plan: plan.clone(), seed, root, keeper, secrets, out, attendance, stop: stop.clone() };
                gravest = gravest.max(one(orders, questions).await?);
                if *stop.borrow() && number < total {
                    return Ok(gravest.max(Exit::Safety));
                }
            }
        }
        Ok(gravest)
    })
}

/// Tells of earlier drills that were killed and left something to take back.
fn remind<'a>(roots: impl Iterator<Item = &'a Path>, out: Option<&Path>) {
    let beside = out.and_then(Path::parent).map(Path::to_owned);
    let mut folders: Vec<PathBuf> = roots.map(|root| root.join("drills")).chain(beside).collect();
    folders.sort();
    folders.dedup();
    for left in folders.iter().flat_map(|folder| left_over(folder)) {
        let left = relative(&left);
        say(&format!("warning: {left}: this drill was killed, and what it did is not taken back\n\nhint: lifeboat run --undo {left}\n"));
    }
}

/// One drill, from its heading to its verdict.
async fn one(orders: Orders, questions: mpsc::Receiver<Question>) -> anyhow::Result<Exit> {
    let (title, seed, environment) = (orders.plan.scenario.title.clone(), orders.seed, orders.plan.environment_name.clone());
    let leases: String = leases::said(&orders.plan).await.lines.iter().map(|said| format!("{said}\n")).collect();
    let writes = stores::written(&orders.plan).map(|writes| format!("writes {writes}\n")).unwrap_or_default();
    let lasts = orders.plan.runbook.iter().flat_map(|runbook| &runbook.steps).any(|step| step.undo.is_some());
    let lasts = lasts || orders.plan.environment.embedded && !writes.is_empty();
    let exercise = Exercise::begin(orders)?;
    let folder = relative(exercise.folder());
    say(&format!("{title}\nenvironment {environment}, seed {seed}, {folder}\n{writes}{leases}"));
    say(&if lasts { format!("if it is killed: lifeboat run --undo {folder}\n") } else { String::new() });
    let shown = Arc::new(console::watch(exercise.live(), Shape::of_stderr())?);
    let asking = tokio::spawn(ask_each(questions, shown.clone()));
    let finish = exercise.run().await;
    asking.abort();
    let _ = asking.await;
    if let Some(shown) = Arc::into_inner(shown) {
        shown.ended().await;
    }
    conclude(&finish.inspect_err(|_| say(""))?)
}

fn conclude(finish: &Finish) -> anyhow::Result<Exit> {
    say("");
    if let Some(stop) = finish.stopped.as_ref().filter(|stop| stop.reason != StopReason::Journal) {
        say(&format!("stopped: {stop}\n"));
    }
    if let Err(error) = &finish.journal {
        say(&format!(
            "error: {error}\n\nhint: make room, or choose another folder with --out; what could be written is in {}\n",
            finish.folder.display()
        ));
    }
    put(&summary(&finish.judged.verdict, width()))?;
    for (label, file) in [("history", "history.jsonl"), ("verdict.json", "verdict.json"), ("report", "report.md")] {
        let path = finish.folder.join(file);
        if path.is_file() {
            put(&format!("{label:<14}{}\n", relative(&path)))?;
        }
    }
    if Before::has_notes(&finish.folder) {
        say(&format!(
            "warning: something that the drill did could not be taken back\n\nhint: see why in the report, then lifeboat run --undo {}",
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
fn attendance(nobody: bool) -> (Attendance, mpsc::Receiver<Question>) {
    let (sender, questions) = mpsc::channel(1);
    (if nobody { Attendance::Unattended } else { Attendance::Attended(sender) }, questions)
}

/// Asks on the terminal, one question at a time, with the panel out of the way.
async fn ask_each(mut questions: mpsc::Receiver<Question>, shown: Arc<console::Watch>) {
    while let Some(question) = questions.recv().await {
        shown.hide();
        let (text, answers, names) = (question.text.clone(), question.answers.clone(), question.names.clone());
        // A read that nobody answers ends with the process; it holds nothing up.
        let answer = tokio::task::spawn_blocking(move || ask::on_terminal(&text, &answers, &names)).await.ok().flatten();
        shown.show();
        if let Some(answer) = answer {
            let _ = question.answer.send(answer);
        }
    }
}

/// What drills would do. Their servers of faults are asked what they are, and nothing else.
fn shown<'a>(plans: impl Iterator<Item = &'a DrillPlan>) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut exit = Exit::Met;
    for plan in plans {
        let said = runtime.block_on(leases::shown(plan));
        let labels = ["leases", "shows"].iter().zip(&said.lines).map(|(label, line)| format!("  {label:<11} {line}\n"));
        put(&(outline(plan) + &labels.collect::<String>()))?;
        if let Some(unable) = &said.unable {
            say(&format!("error: {unable}"));
            exit = Exit::Inconclusive;
        }
    }
    Ok(exit)
}

/// What a k6 may send beyond the timeline.
fn longer(plan: &DrillPlan, traffic: &Workload) -> String {
    match plan.requests_of(traffic) - traffic.requests(plan.scenario.timeline.total()).round() as u64 {
        0 => String::new(),
        more => format!(", and up to {more} more before and after, until k6 has ended"),
    }
}

/// What is asked before the baseline to find out how answers end.
fn rehearsed(plan: &DrillPlan) -> String {
    let workloads = plan.workloads();
    let told = |place: usize| format!("{} ({})", workloads[place].service_name, workloads[place].workload.request.word());
    let each: Vec<String> = plan.rehearsed().into_iter().map(told).collect();
    if each.is_empty() {
        return String::new();
    }
    format!("  before it   asks {} once to three times, to see how answers end\n", each.join(", "))
}

/// What a drill would do, without doing it.
fn outline(plan: &DrillPlan) -> String {
    let timeline = &plan.scenario.timeline;
    let workloads = plan.workloads();
    let carries = plan.environment.carries.map(|most| format!(" (carries {most} at most)")).unwrap_or_default();
    let mut text =
        format!("{}\n  environment {}{carries}, service {}\n", plan.scenario.title, plan.environment_name, plan.scenario.service);
    text += &format!("  providers   {}\n", plan.service.order());
    for named in &workloads {
        let traffic = &named.workload;
        let whose = if workloads.len() > 1 { format!("{} to {}: ", named.name, named.service_name) } else { String::new() };
        text += &format!(
            "  traffic     {whose}{} {} at {}, {:.0} requests in {}{}\n",
            traffic.arrivals,
            traffic.script.as_ref().map_or_else(|| traffic.request.to_string(), |script| format!("k6 with {script}")),
            traffic.pace(),
            traffic.requests(timeline.total()).round(),
            timeline.total(),
            longer(plan, traffic)
        );
    }
    text += &rehearsed(plan);
    text += &format!("  spends      {}\n", bill::most(plan));
    if let Some(writes) = stores::written(plan) {
        text += &format!("  writes      {writes}\n");
    }
    text += &format!("  baseline    {}\n", timeline.baseline);
    for fault in &timeline.faults {
        let (what, aim) = (&fault.fault, &fault.aim);
        let besides = what.besides().map(|besides| format!("; {besides}")).unwrap_or_default();
        let (unsaid, on, at, length) = (unsaid(what, aim), &fault.on, fault.at, fault.length);
        text += &format!("  fault       {what}{aim}{unsaid} on {on}, from {at} for {length}{besides}\n");
    }
    text += &format!("  watch       {}\n", timeline.watch);
    if let Some(runbook) = &plan.runbook {
        text += &format!("  runbook     {} ({}), {} steps\n", runbook.name, runbook.start, runbook.steps.len());
    }
    let span = |duration: Option<crate::units::Duration>| duration.map_or_else(|| "none".into(), |duration| duration.to_string());
    for named in &workloads {
        let (objectives, whose) = (&named.objectives, if workloads.len() > 1 { format!("{}: ", named.name) } else { String::new() });
        if !named.judged {
            text += &format!("  objective   {whose}none, it is pure load\n");
            continue;
        }
        text += &format!(
            "  objective   {whose}{} within {}, stable for {}\n",
            objectives.gate.map_or("cutover", crate::model::Gate::word),
            span(objectives.rto),
            span(objectives.stable_for)
        );
    }
    if let Some(guard) = &plan.scenario.abort_when {
        text += &format!("  stops when  fewer than {} of requests are good for {}\n", guard.success_below, guard.length);
    }
    text
}

/// A path as somebody would type it here.
pub(super) fn relative(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}

/// Columns of the terminal that stdout goes to; 80 where it goes elsewhere.
pub(super) fn width() -> usize {
    rustix::termios::tcgetwinsize(std::io::stdout()).map_or(80, |size| if size.ws_col == 0 { 80 } else { usize::from(size.ws_col) })
}
