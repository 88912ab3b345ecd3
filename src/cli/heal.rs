//! `lifeboat heal`: deals with what killed drills of a project have left; or takes every fault away from one control API. It says what it did.

use super::leftovers::{FoundLeft, HealPolicy, of_killed, strays};
use super::proxy::TokenSource;
use super::terminal::show_wait;
use super::{Exit, environment, put, say, until_interrupted};
use crate::control::{Control, ControlError, FoundProxy};
use crate::model::ControlBinding;
use crate::project::Project;
use crate::units::{explained, one_line};
use std::io::IsTerminal;
use std::path::Path;

/// Without options: finds what killed drills of this project have left, heals their faults, and says what else is to be done. With a control API:
/// removes every toxic there and enables what was disabled, whoever did it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The control API
    #[arg(long, value_name = "URL", conflicts_with = "env")]
    control: Option<String>,
    /// The control API of an environment of the inventory
    #[arg(long, value_name = "ENVIRONMENT")]
    env: Option<String>,
    /// The token that the control API requires
    #[arg(long, value_name = "env:NAME")]
    token_from: Option<TokenSource>,
}

pub(super) fn heal(args: Args) -> anyhow::Result<Exit> {
    let ControlBinding { url, token_from, lease: _ } = match (&args.control, &args.env) {
        (None, None) => return project(),
        (Some(url), _) => ControlBinding { url: url.clone(), token_from: None, lease: None },
        (None, Some(env)) => match of_environment(env)? {
            Ok(control) => control,
            Err(problem) => return usage(&problem),
        },
    };
    let source = args.token_from.or_else(|| token_from.map(TokenSource::of));
    let token = match source.as_ref().map(TokenSource::token).transpose() {
        Ok(token) => token,
        Err(problem) => return usage(&problem),
    };
    let waiting = show_wait(format!("healing {url}"));
    until_interrupted("finishing what was started", async |_| match everything(&url, token.as_deref()).await {
        Ok(found) => {
            drop(waiting);
            put(&told(&url, &found))?;
            Ok(Exit::Met)
        }
        Err(error) => {
            say(&format!("error: {}", explained(&error)));
            Ok(Exit::Inconclusive)
        }
    })
}

/// Deals with what drills of the project around this folder have left.
fn project() -> anyhow::Result<Exit> {
    let root = Project::find(Path::new("."))?;
    let (project, _) = Project::open(&root);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let names: Vec<String> = project.inventory.providers.keys().cloned().collect();
    // Whoever types this wants faults healed; what a runbook did is another matter, and somebody must be there for it.
    let policy = if std::io::stdin().is_terminal() { HealPolicy::Asked } else { HealPolicy::Heal };
    let mut found: FoundLeft = of_killed(std::slice::from_ref(&root), None, policy, &runtime)?;
    for environment in project.inventory.environments.values() {
        if let Some(control) = &environment.control {
            strays(&mut found, control, environment, &root, &names, HealPolicy::Heal, &runtime);
        }
    }
    if !found.todo.is_empty() {
        put(&format!("still to be done: {}\n", found.todo.join("; ")))?;
        return Ok(Exit::Safety);
    }
    put(if found.any { "nothing is left to be done\n" } else { "nothing was left by any drill of this project\n" })?;
    Ok(Exit::Met)
}

/// Heals everything; hands back how it was found.
async fn everything(url: &str, token: Option<&str>) -> Result<Vec<FoundProxy>, ControlError> {
    let control = Control::connect_with(url, token).await?;
    let found = control.found().await?;
    control.heal_all().await?;
    Ok(found)
}

/// The control API of an environment, or what is wrong with it.
fn of_environment(name: &str) -> anyhow::Result<Result<ControlBinding, String>> {
    let none = || {
        format!(
            "the environment `{name}` has no standing fault proxy: its faults end with the drill\n\nhint: name one with `--control URL`"
        )
    };
    Ok(environment::named(name)?.and_then(|(_, environment)| environment.control.ok_or_else(none)))
}

fn told(url: &str, found: &[FoundProxy]) -> String {
    let mut text = String::new();
    for proxy in found {
        if !proxy.enabled {
            text += &format!("{}: enabled\n", one_line(&proxy.name));
        }
        for toxic in &proxy.toxics {
            text += &format!("{}: removed {}\n", one_line(&proxy.name), one_line(toxic));
        }
    }
    if text.is_empty() {
        text = format!("nothing to heal: {} proxies at {url}, all enabled and without a toxic\n", found.len());
    }
    text
}

fn usage(problem: &str) -> anyhow::Result<Exit> {
    say(&format!("error: {problem}"));
    Ok(Exit::Usage)
}
