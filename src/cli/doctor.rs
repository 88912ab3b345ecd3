//! `lifeboat doctor`: whatever a drill needs, tried without the drill. What is wrong is told by name, with what to type. Without a scenario, whatever
//! would keep any drill of the project from beginning.

use super::arguments::relative;
use super::terminal::show_wait;
use super::trust::{self, TrustArgs};
use super::{Exit, bill, environment, put, say, until_interrupted};
use crate::drill::{AskedFor, Examined, Order, PreflightCheck, Trouble, examine, surroundings_of, surroundings_of_host};
use crate::execution::leftovers;
use crate::exercise::{drawn_seed, lock_wishes_of, most_spent_before, priced, unheard};
use crate::history::RunOrigin;
use crate::host::private;
use crate::model::{DrillPlan, Environment, EvidencePolicy, Executable, SecretSource};
use crate::permission::{Levers, Permit, held_by};
use crate::project::Project;
use crate::step::Attendance;
use crate::units::{Explained, explained, with_causes};
use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// Tries everything that a drill needs, and breaks nothing: keys, files, programs, ports, proxies, the gateway. Each service is asked a few
/// times, which a real provider bills; then it asks first.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A scenario file; without one, this host and the project's environments are looked at
    scenario: Option<PathBuf>,
    /// Where the drill would run: an environment of the inventory [default: lab; without a scenario, each of them]
    #[arg(long)]
    env: Option<String>,
    /// Agree to what real providers bill
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    trust: TrustArgs,
}

pub(super) fn doctor(args: Args) -> anyhow::Result<Exit> {
    let Args { scenario, env, yes, trust } = args;
    let Some(scenario) = scenario else { return project(env.as_deref()) };
    let env = env.unwrap_or_else(|| "lab".to_owned());
    let root = Project::find(&scenario)?;
    let (project, _) = Project::open(&root);
    let (mut plan, findings) = match project.plan(&scenario, &env) {
        Ok((plan, findings)) => (Some(plan), findings),
        Err(findings) => (None, findings),
    };
    for finding in &findings {
        say(&finding.to_string());
    }
    if let Some(Err(problem)) = plan.as_mut().map(priced) {
        say(&format!("error: {}", explained(&problem)));
        return Ok(Exit::Usage);
    }
    let Some(plan) = plan.filter(|_| !findings.has_errors()) else { return Ok(Exit::Usage) };
    let mut before = surroundings_of_host(&root);
    let in_the_way = ways_in(&root, &[(env.as_str(), &plan.environment)])?;
    before.extend(in_the_way.checks);
    if in_the_way.others_drill {
        // What it would try is somebody else's just now.
        let examined = Examined { tried: before, stopped: None };
        return told(&examined, &args_of(&scenario, &env));
    }
    if let Some(end) = trust::refused(trust, &root, &Executable::of_drill(&plan, &EvidencePolicy::default()))? {
        return Ok(end);
    }
    if let Some(end) = (!yes).then(|| refused(&plan)).flatten() {
        return Ok(end);
    }
    let secrets = SecretSource::of_inventory(&project.inventory);
    tried(plan, root, secrets, before, &args_of(&scenario, &env))
}

/// Tries what the drill needs in a folder that is removed afterwards, and tells it behind what was looked at before.
fn tried(
    plan: DrillPlan,
    root: PathBuf,
    secrets: BTreeSet<SecretSource>,
    before: Vec<PreflightCheck>,
    drill: &str,
) -> anyhow::Result<Exit> {
    let (supervisor, seed) = (std::env::current_exe()?, drawn_seed());
    let folder = std::env::temp_dir().join(format!("lifeboat-doctor-{seed}"));
    private::new_folder(&folder)?;
    let kept = folder.clone();
    let done = until_interrupted("stopping: what was started is ended", async |stop| {
        let order = Order {
            approvals: Vec::new(),
            plan,
            seed,
            id: "doctor".to_owned(),
            origin: RunOrigin::default(),
            root,
            supervisor,
            secrets,
            folder,
            witness: None,
            attendance: Attendance::Unattended,
            stop,
            permit: Permit::default(),
        };
        let waiting = show_wait("trying what the drill needs");
        let mut examined = examine(order).await?;
        drop(waiting);
        examined.tried.splice(0..0, before);
        told(&examined, drill)
    });
    let _ = std::fs::remove_dir_all(kept);
    done
}

/// What stands in the way of drills, and whether one runs that must be left alone.
struct InTheWay {
    checks: Vec<PreflightCheck>,
    others_drill: bool,
}

/// Levers, locks, what killed drills left, and listeners that nobody sends to.
fn ways_in(root: &Path, environments: &[(&str, &Environment)]) -> anyhow::Result<InTheWay> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut checks, mut others_drill) = (Vec::new(), false);
    let wrong = |problem: &(dyn Explained + 'static), usual: &str| {
        let hint = problem.hint().map_or_else(|| usual.to_owned(), Into::into);
        Err(Trouble::new(with_causes(problem), hint))
    };
    let mut levers = Vec::new();
    for (name, environment) in environments {
        if let Some(pulled) = runtime.block_on(Levers::of(root, name, environment).pulled()) {
            others_drill = true;
            levers.push(Err(Trouble::new(format!("drills are stopped: {pulled}"), pulled.hint().unwrap_or_default())));
        }
    }
    checks.extend(if levers.is_empty() { vec![Ok("no lever is pulled".to_owned())] } else { levers });
    let holders = environments.iter().flat_map(|(_, environment)| lock_wishes_of(environment, root)).filter_map(|wish| held_by(&wish));
    let held: Vec<PreflightCheck> = holders
        .map(|holder| Err(Trouble::new(holder.to_string(), "run it when that drill has ended, or let it wait: lifeboat run --wait 10m")))
        .collect();
    others_drill |= !held.is_empty();
    checks.extend(if held.is_empty() { vec![Ok("no other drill holds what these would use".to_owned())] } else { held });
    let left = leftovers(&[root.join("drills")], &[root.to_owned()]);
    let left: Vec<PreflightCheck> = left
        .iter()
        .map(|left| {
            let folder = relative(&left.folder);
            let undo = if left.undo { format!("; lifeboat run --undo {folder}") } else { String::new() };
            Err(Trouble::new(format!("{folder}: this drill was killed; {}", left.history.told()), format!("lifeboat heal{undo}")))
        })
        .collect();
    checks.extend(if left.is_empty() { vec![Ok("nothing is left of a drill that was killed".to_owned())] } else { left });
    let drills = root.join("drills");
    let unheard = environments.iter().filter_map(|(name, environment)| unheard(name, environment, &drills));
    checks.extend(unheard.map(|problem| wrong(&problem, "see who sends alerts")));
    Ok(InTheWay { checks: once(checks), others_drill })
}

/// What several environments share is told once.
fn once(tried: Vec<PreflightCheck>) -> Vec<PreflightCheck> {
    let mut once: Vec<PreflightCheck> = Vec::new();
    for tried in tried {
        if !once.contains(&tried) {
            once.push(tried);
        }
    }
    once
}

/// Everything that would keep a drill of the project around this folder from beginning, in one environment or in any.
fn project(env: Option<&str>) -> anyhow::Result<Exit> {
    let (project, chosen) = match env {
        Some(name) => match environment::named(name)? {
            Ok((project, _)) => (project, AskedFor::ByName),
            Err(problem) => {
                say(&format!("error: {problem}"));
                return Ok(Exit::Usage);
            }
        },
        None => (Project::open(&Project::find(Path::new("."))?).0, AskedFor::Listed),
    };
    let all = project.inventory.environments.iter().map(|(name, environment)| (name.as_str(), environment));
    let environments: Vec<(&str, &Environment)> = all.filter(|(name, _)| env.is_none_or(|env| env == *name)).collect();
    let mut tried = surroundings_of_host(&project.root);
    tried.extend(ways_in(&project.root, &environments)?.checks);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for (name, environment) in environments {
        tried.extend(runtime.block_on(surroundings_of(name, environment, chosen)));
    }
    told(&Examined { tried: once(tried), stopped: None }, "lifeboat doctor SCENARIO tries what a drill needs")
}

/// How it ends where it would cost something, and nobody can be asked or somebody who was asked does not want it.
fn refused(plan: &DrillPlan) -> Option<Exit> {
    if !plan.is_paid() || plan.rehearsed().is_empty() {
        return None;
    }
    if !std::io::stdin().is_terminal() {
        say(&format!(
            "error: each service is asked a few times, and real providers will send a bill; there is no terminal to ask on\n\nhint: agree to up \
             to {} beforehand with --yes",
            most_spent_before(plan)
        ));
        return Some(Exit::Usage);
    }
    (!bill::agreed_before(plan)).then_some(Exit::Safety)
}

/// What is typed to run the drill.
fn args_of(scenario: &std::path::Path, env: &str) -> String {
    let env = if env == "lab" { String::new() } else { format!(" --env {env}") };
    format!("lifeboat run {}{env}", scenario.display())
}

fn told(examined: &Examined, drill: &str) -> anyhow::Result<Exit> {
    let wrong = examined.tried.iter().filter(|tried| tried.is_err()).count();
    for tried in &examined.tried {
        put(&line(tried))?;
    }
    if let Some(stop) = &examined.stopped {
        say(&format!("stopped: {}", explained(stop)));
        return Ok(Exit::Safety);
    }
    if wrong > 0 {
        put(&format!("\n{wrong} of {} {} wrong\n", examined.tried.len(), if wrong == 1 { "is" } else { "are" }))?;
        return Ok(Exit::Inconclusive);
    }
    put(&format!("\neverything that was tried is well: {drill}\n"))?;
    Ok(Exit::Met)
}

fn line(tried: &PreflightCheck) -> String {
    match tried {
        Ok(what) => format!("ok     {what}\n"),
        Err(trouble) => {
            format!("wrong  {}\n       hint: {}\n", trouble.problem.replace('\n', "\n       "), trouble.hint.replace('\n', "\n       "))
        }
    }
}
