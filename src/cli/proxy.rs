//! `lifeboat proxy`: the fault proxy by itself, until Ctrl-C or SIGTERM.

use super::{Exit, put, say, until_interrupted};
use crate::proxy::{Manner, Proxy, ProxyError, Settings};
use crate::units::Duration;
use anyhow::Context;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::sync::watch;

/// Starts a standing fault proxy that any Toxiproxy client can drive. It ends with Ctrl-C or SIGTERM, letting open connections finish.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the control API listens; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8474")]
    api: SocketAddr,
    /// Proxies to begin with: a JSON file as `toxiproxy-server -config` reads it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The token that callers of the control API must send as `Authorization: Bearer`; needed wherever it is not on loopback
    #[arg(long, value_name = "env:NAME")]
    token_from: Option<TokenSource>,
    /// How long open connections may go on when the proxy is told to end
    #[arg(long, value_name = "TIME", default_value = "10s")]
    drain: Duration,
    /// Answer as Shopify's server does, without leases, dialects and our own toxics
    #[arg(long, hide = true)]
    plain: bool,
}

/// Where a token is kept. Never on the command line, where everybody could read it.
#[derive(Debug, Clone)]
pub(super) struct TokenSource(String);

impl std::str::FromStr for TokenSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("env:") {
            Some(name) if !name.is_empty() => Ok(Self(name.to_owned())),
            _ => Err("write env:NAME, the environment variable that holds the token".into()),
        }
    }
}

impl TokenSource {
    /// The token; an error where there is none.
    pub(super) fn token(&self) -> Result<String, String> {
        let name = &self.0;
        let token = std::env::var(name).ok().map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        token.ok_or_else(|| format!("the environment variable {name} holds no token\n\nhint: export {name}=…"))
    }
}

pub(super) fn proxy(args: &Args) -> anyhow::Result<Exit> {
    let token = match args.token_from.as_ref().map(TokenSource::token).transpose() {
        Ok(token) => token,
        Err(problem) => {
            say(&format!("error: {problem}"));
            return Ok(Exit::Usage);
        }
    };
    let manner = if args.plain { Manner::Plain } else { Manner::Lifeboat };
    let settings = Settings { api: args.api, token, manner };
    until_interrupted("draining: open connections may finish (once more to leave at once)", |stop| serve(args, settings, stop))
}

async fn serve(args: &Args, settings: Settings, mut stop: watch::Receiver<bool>) -> anyhow::Result<Exit> {
    let config = args.config.as_ref().map(|path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display())));
    let config = match config.transpose() {
        Ok(config) => config,
        Err(error) => return usage(&format!("{error:#}")),
    };
    let proxy = match Proxy::start_with(settings).await {
        Ok(proxy) => proxy,
        Err(error @ ProxyError::Open { .. }) => return usage(&error.to_string()),
        Err(error) => {
            say(&format!("error: {error}"));
            return Ok(Exit::Inconclusive);
        }
    };
    put(&format!("the control API answers at http://{}\n", proxy.api()))?;
    if let Some(config) = config {
        match proxy.populate(&config).await {
            Ok(proxies) => {
                for [name, listen, upstream] in proxies {
                    put(&format!("{name} listens on {listen} and leads to {upstream}\n"))?;
                }
            }
            // Half of what was asked for would be taken for all of it.
            Err(error) => return usage(&error.to_string()),
        }
    }
    let _ = stop.wait_for(|stop| *stop).await;
    proxy.drain(args.drain.std()).await;
    Ok(Exit::Met)
}

fn usage(problem: &str) -> anyhow::Result<Exit> {
    say(&format!("error: {problem}"));
    Ok(Exit::Usage)
}
