//! `lifeboat prove`: negative controls of scenarios. It says what will be run and how long that takes, then shows a table of what came of it.

use super::arguments::{relative, seed};
use super::leftovers::{HealPolicy, before_drills};
use super::terminal::note;
use super::trust::{self, TrustArgs};
use super::{Exit, ask, bill, permit, put, say, stored, stores, until_interrupted};
use crate::exercise::{Consent, DrillOrders, PlannedDrill, ReadScenario, Refusal, drawn_seed, read_proof, write_proof};
use crate::model::{Executable, ProofFile};
use crate::proof::{ProofNews, ProofOrder, ProofOutcome, ProofPlan, controls, prove as run_controls};
use crate::units::{Duration, Problem, Seed, closest, counted, explained};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;

/// What a drill takes besides its timeline: the lab and its preflight, the last answers, the report.
const BESIDES: Duration = Duration::from_secs(3);
/// More at once disturb each other on any machine.
const AT_ONCE_MAX: i64 = 16;

/// Runs scenarios again on copies of the system that are broken on purpose. Each copy must go red, for its own reason.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Scenario files
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
    /// Where: an environment of the inventory
    #[arg(long, default_value = "lab")]
    env: String,
    /// Only this control; once for each
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Only list the controls that apply, and why others do not
    #[arg(long)]
    list: bool,
    /// Run so many drills of copies at once: they mostly wait, and disturb each other a little
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..=AT_ONCE_MAX))]
    at_once: i64,
    /// The seed of every drill, up to 16 hexadecimal digits; drawn where it is not given
    #[arg(long, value_parser = seed)]
    seed: Option<Seed>,
    /// Answer every question with yes
    #[arg(long)]
    yes: bool,
    /// Wait so long for what another drill holds
    #[arg(long, value_name = "TIME")]
    wait: Option<Duration>,
    /// As what it is written
    #[arg(long, value_enum, default_value_t = ProofFormat::Table)]
    format: ProofFormat,
    #[command(flatten)]
    trust: TrustArgs,
}

const EXAMPLES: &str = "Examples:
  lifeboat prove scenarios/outage.yaml --list
  lifeboat prove scenarios/outage.yaml --at-once 3
  lifeboat prove scenarios/outage.yaml --env litellm --only fallback-removed

The drills of copies are kept in drills/proofs/ and count nowhere. What was proven stands in drills/proofs/SCENARIO.json.
Exit codes: 0 each copy went red for its reason, 1 one stayed green or went red for another, 3 it could not be told.";

/// As what the outcome is written.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ProofFormat {
    /// Lines for people
    Table,
    /// An array of objects
    Json,
    /// Markdown
    Md,
}

pub(super) fn prove(args: Args) -> anyhow::Result<Exit> {
    let Some(plans) = planned(&args)? else { return Ok(Exit::Usage) };
    if let Err(problem) = known_names(&args.only, &plans) {
        say(&format!("error: {}", explained(&problem)));
        return Ok(Exit::Usage);
    }
    if args.list {
        put(&plans.iter().map(listed).collect::<Vec<_>>().join("\n"))?;
        return Ok(Exit::Met);
    }
    let mut orders = asked_of(&args, &plans)?;
    if let Some(end) = refused(&args, &mut orders)? {
        return Ok(end);
    }
    note(&announced(&args, &plans));
    until_interrupted("stopping: every fault is healed, what was broken is put back (press Ctrl-C again to leave at once)", async |stop| {
        proven(&args, plans, &orders, stop).await
    })
}

/// Runs the controls of each scenario, keeps what came of them, and writes it.
async fn proven(args: &Args, plans: Vec<ProofPlan>, orders: &DrillOrders, stop: watch::Receiver<bool>) -> anyhow::Result<Exit> {
    let (mut outcomes, mut worst) = (Vec::new(), Exit::Met);
    for plan in plans {
        let root = plan.planned.root.clone();
        let order = ProofOrder {
            plan,
            only: args.only.clone(),
            seed: args.seed.unwrap_or_else(drawn_seed),
            at_once: usize::try_from(args.at_once).unwrap_or(1),
            at: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            supervisor: orders.supervisor.clone(),
            wait: args.wait,
            locks: orders.locks.clone(),
            stop: stop.clone(),
            tell: Arc::new(told),
        };
        let outcome = match run_controls(order).await {
            Ok(outcome) => outcome,
            Err(problem) => {
                say(&format!("error: {}", explained(&problem)));
                return Ok(Exit::Safety);
            }
        };
        if !*stop.borrow() {
            keep(&root, &outcome)?;
        }
        worst = worst.max(exit_of(&outcome, *stop.borrow()));
        if matches!(args.format, ProofFormat::Table) {
            put(&format!("\n{}", outcome.to_text()))?;
        }
        outcomes.push(outcome);
    }
    match args.format {
        ProofFormat::Table => {}
        ProofFormat::Md => put(&outcomes.iter().map(ProofOutcome::to_markdown).collect::<Vec<_>>().join("\n"))?,
        ProofFormat::Json => {
            let all: Vec<_> = outcomes.iter().map(ProofOutcome::to_json).collect();
            put(&(serde_json::to_string_pretty(&all)? + "\n"))?;
        }
    }
    Ok(worst)
}

/// The controls of all scenarios; `None` where a scenario does not validate, which was said.
fn planned(args: &Args) -> anyhow::Result<Option<Vec<ProofPlan>>> {
    let (mut plans, mut invalid) = (Vec::new(), false);
    for scenario in &args.scenarios {
        let read = ReadScenario::of(scenario, &args.env)?;
        invalid |= !read.is_valid();
        if let Some(problem) = &read.unaffordable {
            say(&format!("error: {}", explained(problem)));
        }
        for finding in &read.findings {
            say(&finding.to_string());
        }
        match read.planned.filter(|_| !invalid).map(controls) {
            Some(Ok(plan)) => plans.push(plan),
            Some(Err(problem)) => {
                say(&format!("error: {}", explained(&problem)));
                invalid = true;
            }
            None => {}
        }
    }
    Ok((!invalid).then_some(plans))
}

/// An error where a control was asked for that no scenario has.
fn known_names(only: &[String], plans: &[ProofPlan]) -> Result<(), Problem> {
    let all = || plans.iter().flat_map(|plan| &plan.controls).map(|control| control.sabotage.name.as_str());
    let Some(name) = only.iter().find(|name| !all().any(|known| known == *name)) else { return Ok(()) };
    let left = plans.iter().flat_map(|plan| &plan.left_out).find(|left| left.name == *name);
    let meant = closest(name, all()).map_or_else(|| "`--list` names them".to_owned(), |meant| format!("did you mean `{meant}`?"));
    Err(match left {
        Some(left) => Problem::new(format!("the control `{name}` does not apply: {}", left.why)).hint("`--list` names those that do"),
        None => Problem::new(format!("there is no control `{name}`")).hint(meant),
    })
}

fn listed(plan: &ProofPlan) -> String {
    let mut text = format!("{} in {}\n", plan.planned.plan.scenario.name, plan.planned.plan.environment_name);
    for control in &plan.controls {
        text += &format!("  {:<20} {}; must be red: {}\n", control.sabotage.name, control.sabotage.what, control.expects);
    }
    for left in &plan.left_out {
        text += &format!("  {:<20} left out: {}\n", left.name, left.why);
    }
    text
}

/// How many drills, and how long they take.
fn announced(args: &Args, plans: &[ProofPlan]) -> String {
    let mut text = String::new();
    for plan in plans {
        let asked =
            plan.controls.iter().filter(|control| args.only.is_empty() || args.only.contains(&control.sabotage.name)).count() as u64;
        let each = plan.planned.plan.scenario.timeline.total().plus(BESIDES).as_secs_f64();
        let turns = (1 + asked).div_ceil(args.at_once.unsigned_abs());
        let drills = counted(asked + 1, "drill");
        let name = &plan.planned.plan.scenario.name;
        let broken = format!("one as it is, {asked} on copies that are broken on purpose");
        text += &format!("{name} in {}: {drills} ({broken}), about {}\n", args.env, minutes(each * turns as f64));
    }
    text
}

fn minutes(seconds: f64) -> String {
    if seconds < 90.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", seconds / 60.0) }
}

/// All drills, as far as somebody must agree to them.
fn asked_of(args: &Args, plans: &[ProofPlan]) -> anyhow::Result<DrillOrders> {
    let asked = |plan: &ProofPlan| {
        let copies = plan.controls.iter().filter(|control| args.only.is_empty() || args.only.contains(&control.sabotage.name));
        let copies: Vec<PlannedDrill> = copies.map(|control| control.planned.clone()).collect();
        std::iter::once(plan.planned.clone()).chain(copies).collect::<Vec<_>>()
    };
    Ok(DrillOrders {
        drills: plans.iter().flat_map(asked).collect(),
        repeat: 1,
        until_known: false,
        seed: drawn_seed(),
        reason: None,
        out: None,
        history: None,
        sign: None,
        supervisor: std::env::current_exe()?,
        wait: args.wait,
        locks: stored::shared_locks()?,
        stop: watch::channel(false).1,
    })
}

/// How it ends where something stands in the way, or somebody does not want it.
fn refused(args: &Args, orders: &mut DrillOrders) -> anyhow::Result<Option<Exit>> {
    for drill in &orders.drills {
        if let Some(end) = trust::refused(args.trust, &drill.root, &Executable::of_drill(&drill.plan, &drill.evidence))? {
            return Ok(Some(end));
        }
    }
    if let Some(end) = permit::refused(&mut orders.drills, &[])? {
        return Ok(Some(end));
    }
    if let Some(end) = before_drills(orders, HealPolicy::of(args.yes))? {
        return Ok(Some(end));
    }
    if args.yes {
        return Ok(None);
    }
    let elsewhere = orders.plans().find(|plan| !plan.environment.embedded).map(|plan| plan.environment_name.clone());
    if let Some(name) = elsewhere {
        if !std::io::stdin().is_terminal() {
            say(&format!(
                "error: what is in `{name}` is broken on purpose, and there is no terminal to ask on\n\nhint: agree with `--yes`"
            ));
            return Ok(Some(Exit::Usage));
        }
        if !ask::yes_or_no(&format!("Break what is in `{name}` on purpose?")) {
            return Ok(Some(Exit::Safety));
        }
    }
    let ask = |consent| {
        std::io::stdin().is_terminal().then(|| match consent {
            // Nobody sits through so many drills: the runbook's questions are answered as `--yes` answers them.
            Consent::Presence => ask::yes_or_no("Its runbook asks people. Answer every question with yes?"),
            Consent::Spending => bill::agreed(orders.plans(), 1),
            Consent::Writing => stores::agreed(orders.plans()),
        })
    };
    Ok(match orders.agree(ask).err() {
        None => None,
        Some(Refusal::Declined(_)) => Some(Exit::Safety),
        Some(refusal @ Refusal::Unasked(_)) => {
            say(&format!("error: {}", explained(&refusal)));
            Some(Exit::Usage)
        }
    })
}

fn told(news: ProofNews) {
    let name = |control: Option<String>| control.unwrap_or_else(|| "as it is".to_owned());
    match news {
        ProofNews::Begins(control, folder) => note(&format!("  {:<20} {}", name(control), relative(&folder))),
        ProofNews::Ended(control, verdict) => note(&format!("  {:<20} {verdict}", name(control))),
        ProofNews::Said(what) => say(&what),
    }
}

/// Keeps what was proven. A drill as it is that tells nothing changes nothing.
fn keep(root: &std::path::Path, outcome: &ProofOutcome) -> anyhow::Result<()> {
    if outcome.untold.is_some() || outcome.controls.is_empty() {
        return Ok(());
    }
    let mut file = read_proof(root, &outcome.scenario)?.unwrap_or_else(|| ProofFile::new(outcome.scenario.clone()));
    let proven = outcome.kept(file.in_environment(&outcome.environment));
    file.take(proven);
    write_proof(root, &file)?;
    Ok(())
}

fn exit_of(outcome: &ProofOutcome, is_stopped: bool) -> Exit {
    if is_stopped {
        Exit::Safety
    } else if outcome.is_blind() {
        Exit::Missed
    } else if outcome.is_red() {
        Exit::Met
    } else {
        Exit::Inconclusive
    }
}
