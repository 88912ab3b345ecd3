//! `lifeboat heal`: takes every fault away from a control API, and says what it did.

use super::proxy::TokenSource;
use super::terminal::show_wait;
use super::{Exit, environment, put, say, until_interrupted};
use crate::control::{Control, ControlError, FoundProxy};
use crate::model::ControlBinding;
use crate::units::{explained, one_line};

/// Removes every toxic from a fault proxy and enables what was disabled, with whatever a drill that was killed has left there.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The control API
    #[arg(long, value_name = "URL", conflicts_with = "env", required_unless_present = "env")]
    control: Option<String>,
    /// The control API of an environment of the inventory
    #[arg(long, value_name = "ENVIRONMENT")]
    env: Option<String>,
    /// The token that the control API requires
    #[arg(long, value_name = "env:NAME")]
    token_from: Option<TokenSource>,
}

pub(super) fn heal(args: &Args) -> anyhow::Result<Exit> {
    let ControlBinding { url, token_from } = match (&args.control, &args.env) {
        (Some(url), _) => ControlBinding { url: url.clone(), token_from: None },
        (None, env) => match of_environment(env.as_deref().unwrap_or_default())? {
            Ok(control) => control,
            Err(problem) => return usage(&problem),
        },
    };
    let source = args.token_from.clone().or_else(|| token_from.map(TokenSource::of));
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
