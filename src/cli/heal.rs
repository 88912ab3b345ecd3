//! `lifeboat heal`: takes every fault away from a control API, and says what it did.

use super::proxy::TokenSource;
use super::{Exit, put, say, until_interrupted};
use crate::spec::Project;
use crate::toxiproxy::{Control, ControlError, Found};
use std::path::Path;

/// Removes every toxic from a fault proxy and enables what was disabled, with whatever a drill that was killed has left there.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The control API
    #[arg(long, value_name = "URL", conflicts_with = "env", required_unless_present = "env")]
    control: Option<String>,
    /// The control API of an environment of the inventory
    #[arg(long, value_name = "ENVIRONMENT")]
    env: Option<String>,
    /// The token that the control API asks for
    #[arg(long, value_name = "env:NAME")]
    token_from: Option<TokenSource>,
}

pub(super) fn heal(args: &Args) -> anyhow::Result<Exit> {
    let token = match args.token_from.as_ref().map(TokenSource::token).transpose() {
        Ok(token) => token,
        Err(problem) => return usage(&problem),
    };
    let url = match (&args.control, &args.env) {
        (Some(url), _) => url.clone(),
        (None, env) => match of_environment(env.as_deref().unwrap_or_default())? {
            Ok(url) => url,
            Err(problem) => return usage(&problem),
        },
    };
    until_interrupted("finishing what was begun", async |_| match everything(&url, token.as_deref()).await {
        Ok(found) => {
            put(&told(&url, &found))?;
            Ok(Exit::Met)
        }
        Err(error) => {
            say(&format!("error: {error}"));
            Ok(Exit::Inconclusive)
        }
    })
}

/// Heals everything; hands back how it was found.
async fn everything(url: &str, token: Option<&str>) -> Result<Vec<Found>, ControlError> {
    let control = Control::connect_with(url, token).await?;
    let found = control.found().await?;
    control.heal_all().await?;
    Ok(found)
}

/// The control API of an environment, or what is wrong with it.
fn of_environment(name: &str) -> anyhow::Result<Result<String, String>> {
    let (project, findings) = Project::open(&Project::find(Path::new("."))?);
    if findings.has_errors() {
        for finding in &findings {
            say(&finding.to_string());
        }
        return Ok(Err("the inventory does not validate".into()));
    }
    let environments = &project.inventory.environments;
    let Some(environment) = environments.get(name) else {
        let names: Vec<&str> = environments.keys().map(String::as_str).collect();
        return Ok(Err(format!("no environment `{name}` in the inventory\n\nhint: it has {}", names.join(", "))));
    };
    Ok(environment.control.clone().ok_or_else(|| {
        format!("the environment `{name}` has no standing fault proxy: its faults end with the drill\n\nhint: name one with --control URL")
    }))
}

fn told(url: &str, found: &[Found]) -> String {
    let mut text = String::new();
    for proxy in found {
        if !proxy.enabled {
            text += &format!("{}: enabled\n", proxy.name);
        }
        for toxic in &proxy.toxics {
            text += &format!("{}: removed {toxic}\n", proxy.name);
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
