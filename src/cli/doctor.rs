//! `lifeboat doctor`: whatever a drill needs, tried without the drill. What is wrong is told by name, with what to type.

use super::terminal::show_wait;
use super::{Exit, bill, put, say, until_interrupted};
use crate::drill::{Examined, Order, PreflightCheck, examine};
use crate::exercise::{drawn_seed, priced};
use crate::history::RunOrigin;
use crate::host::private;
use crate::model::{DrillPlan, SecretSource};
use crate::project::Project;
use crate::step::Attendance;
use crate::units::explained;
use std::io::IsTerminal;
use std::path::PathBuf;

/// Tries everything that a drill needs, and breaks nothing: keys, files, programs, ports, proxies, the gateway. Each service is asked a few
/// times, which a real provider bills; then it asks first.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A scenario file
    scenario: PathBuf,
    /// Where the drill would run: an environment of the inventory
    #[arg(long, default_value = "lab")]
    env: String,
    /// Agree to what real providers bill
    #[arg(long)]
    yes: bool,
}

pub(super) fn doctor(args: Args) -> anyhow::Result<Exit> {
    let Args { scenario, env, yes } = args;
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
    if let Some(end) = (!yes).then(|| refused(&plan)).flatten() {
        return Ok(end);
    }
    let secrets = SecretSource::of_inventory(&project.inventory);
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
            attendance: Attendance::Unattended,
            stop,
        };
        let waiting = show_wait("trying what the drill needs");
        let examined = examine(order).await?;
        drop(waiting);
        told(&examined, &args_of(&scenario, &env))
    });
    let _ = std::fs::remove_dir_all(kept);
    done
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
            bill::most_before(plan)
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
