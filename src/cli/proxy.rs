//! `lifeboat proxy`: the fault proxy by itself, until Ctrl-C or SIGTERM.

use super::{Exit, environment, put, say, until_interrupted};
use crate::api::ProxyRequest;
use crate::model::{Environment, Inventory, Provider, origin_and_path};
use crate::project::bytes_of;
use crate::proxy::{ApiFlavor, Proxy, ProxyError, ProxyPlacement, ProxySettings};
use crate::units::{Duration, Secret, explained};
use anyhow::Context;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::sync::watch;

/// Starts a standing fault proxy that any Toxiproxy client can drive. It ends with Ctrl-C or SIGTERM, letting open connections finish.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<ProxyCommand>,
    /// Where the control API listens; port 0 takes a free one [default: what the environment says, else 127.0.0.1:8474]
    #[arg(long, value_name = "ADDR")]
    api: Option<SocketAddr>,
    /// Start with a proxy in front of each provider of the inventory, for this environment, and break only what it allows
    #[arg(long, value_name = "ENVIRONMENT", conflicts_with_all = ["config", "plain"])]
    env: Option<String>,
    /// Proxies to start with: a JSON file as `toxiproxy-server -config` reads it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The token that callers of the control API must send as `Authorization: Bearer`; needed wherever it is not on loopback
    #[arg(long, value_name = "env:NAME")]
    token_from: Option<TokenSource>,
    /// A name, besides its address and `localhost`, by which callers reach the control API; may be given several times
    #[arg(long, value_name = "NAME")]
    api_host: Vec<String>,
    /// Where the forward proxy listens, for HTTPS_PROXY and HTTP_PROXY; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    forward: Option<SocketAddr>,
    /// Let the forward proxy listen elsewhere than on loopback, open to everybody who can reach it. It then forwards nothing to this host, and the
    /// control API needs a token
    #[arg(long, requires = "forward")]
    forward_open: bool,
    /// The authority that signs the certificates of proxies that speak TLS, as `lifeboat proxy ca` makes it [default: one in memory, shown
    /// at /authority of the control API]
    #[arg(long, value_name = "DIR")]
    authority: Option<PathBuf>,
    /// Certificates to trust for providers besides the public authorities: a PEM file
    #[arg(long, value_name = "FILE")]
    upstream_ca: Option<PathBuf>,
    /// How long open connections may go on when the proxy is told to end
    #[arg(long, value_name = "TIME", default_value = "10s")]
    drain: Duration,
    /// How long the head of a request may take
    #[arg(long, value_name = "TIME", default_value = "10s", hide = true)]
    head_within: Duration,
    /// Answer as Shopify's server does, without leases, dialects and our own toxics
    #[arg(long, hide = true)]
    plain: bool,
}

/// The largest configuration that is read, in bytes.
const CONFIG_MAX: usize = 10_000_000;

#[derive(Debug, clap::Subcommand)]
enum ProxyCommand {
    /// Create the local authority that signs for proxies with TLS, and print how to trust it
    Ca(super::ca::Args),
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
    /// The environment variable of this name.
    pub(super) const fn of(variable: String) -> Self {
        Self(variable)
    }

    /// The token; an error where there is none.
    pub(super) fn token(&self) -> Result<String, String> {
        let name = &self.0;
        let token = std::env::var(name).ok().map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        token.ok_or_else(|| format!("the environment variable {name} holds no token\n\nhint: export {name}=…"))
    }
}

pub(super) fn proxy(args: &Args) -> anyhow::Result<Exit> {
    if let Some(ProxyCommand::Ca(args)) = &args.command {
        return super::ca::ca(args);
    }
    let ground = match &args.env {
        None => Ground::default(),
        Some(name) => match environment::named(name)? {
            Ok((project, environment)) => Ground::of(&project.inventory, environment),
            Err(problem) => return usage(&problem),
        },
    };
    if let Some(name) = args.env.as_ref().filter(|_| ground.proxies.is_empty()) {
        let problem = "no provider of the inventory has a `base_url`, so there is nothing to put a proxy in front of";
        return usage(&format!("{problem} in `{name}`\n\nhint: add `base_url:` to the providers that it uses"));
    }
    let source = args.token_from.clone().or_else(|| ground.token_from.clone().map(TokenSource::of));
    let token = match source.as_ref().map(TokenSource::token).transpose() {
        Ok(token) => token.map(Secret::new),
        Err(problem) => return usage(&problem),
    };
    let api = args.api.or(ground.api).unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8474)));
    if let Some(name) = args.env.as_ref().filter(|_| !ground.is_left_alone) {
        say(&format!(
            "warning: `{name}` has no `control:`, so its drills start proxies of their own and find these addresses taken\n\nhint: add `control: \
             {{url: \"http://{api}\"}}` to it in the inventory\n"
        ));
    }
    let flavor = if args.plain { ApiFlavor::Plain } else { ApiFlavor::Lifeboat };
    let settings = ProxySettings {
        api,
        token,
        flavor,
        breakable: ground.breakable.clone(),
        places: ground.places.clone(),
        api_hosts: args.api_host.iter().chain(&ground.api_host).cloned().collect(),
        head: args.head_within.std(),
        forward: args.forward,
        forward_open: args.forward_open,
        authority: args.authority.clone(),
        upstream_ca: args.upstream_ca.clone(),
    };
    until_interrupted("draining: open connections may finish (press Ctrl-C again to leave at once)", |stop| {
        serve(args, ground, settings, stop)
    })
}

/// What an environment says of its standing proxy.
#[derive(Debug, Default)]
struct Ground {
    api: Option<SocketAddr>,
    /// Whether drills use it, or want no address that it takes.
    is_left_alone: bool,
    token_from: Option<String>,
    breakable: Option<BTreeSet<String>>,
    /// By which drills call it.
    api_host: Option<String>,
    /// How the proxies may be, which is as they are at the beginning.
    places: Option<BTreeMap<String, ProxyPlacement>>,
    /// As the configuration file has them.
    proxies: Vec<Value>,
}

impl Ground {
    fn of(inventory: &Inventory, environment: Environment) -> Self {
        let place = |(name, provider): (&String, &Provider)| {
            let upstream = origin_and_path(provider.base_url.as_deref()?).0.to_owned();
            let binding = environment.proxies.get(name).cloned().unwrap_or_default();
            Some((name.clone(), ProxyPlacement { upstream, dialect: provider.dialect, binding }))
        };
        let places: BTreeMap<String, ProxyPlacement> = inventory.providers.iter().filter_map(place).collect();
        let proxies = places.iter().map(|(name, place)| wanted(name, place)).collect();
        let api = environment.control.as_ref().and_then(|control| origin_and_path(&control.url).0.split_once("://")?.1.parse().ok());
        let api_host = environment.control.as_ref().and_then(|control| host(&control.url));
        let is_free = |listen: &String| listen.ends_with(":0");
        let takes_none = environment.proxies.values().all(|binding| binding.listen.as_ref().is_none_or(is_free));
        let is_left_alone = environment.control.is_some() || takes_none;
        let token_from = environment.control.and_then(|control| control.token_from);
        let breakable = environment.allow.faults_on.map(BTreeSet::from_iter);
        Self { api, is_left_alone, token_from, breakable, api_host, places: Some(places), proxies }
    }
}

/// A proxy as the configuration file has it.
fn wanted(name: &str, ProxyPlacement { upstream, dialect, binding }: &ProxyPlacement) -> Value {
    let listen = binding.listen.as_deref().unwrap_or("127.0.0.1:0");
    let request = ProxyRequest {
        name: Some(name.to_owned()),
        listen: Some(listen.to_owned()),
        upstream: Some(upstream.clone()),
        enabled: Some(true),
        dialect: Some(dialect.word().to_owned()),
        tls: binding.tls.then_some(true),
        hosts: Some(binding.hosts.clone()).filter(|hosts| !hosts.is_empty()),
    };
    json!(request)
}

/// The host of a URL.
fn host(url: &str) -> Option<String> {
    let (_, authority) = origin_and_path(url).0.split_once("://")?;
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    let host = authority.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(authority, |(host, _)| host);
    Some(host.to_owned())
}

async fn serve(args: &Args, ground: Ground, settings: ProxySettings, mut stop: watch::Receiver<bool>) -> anyhow::Result<Exit> {
    let config = args.config.as_ref().map(|path| bytes_of(path, CONFIG_MAX).with_context(|| format!("cannot read {}", path.display())));
    let config = match config.transpose() {
        Ok(config) => config.or_else(|| (!ground.proxies.is_empty()).then(|| Value::from(ground.proxies).to_string().into_bytes())),
        Err(error) => return usage(&format!("{error:#}")),
    };
    let proxy = match Proxy::start_with(settings).await {
        Ok(proxy) => proxy,
        Err(
            error @ (ProxyError::Open { .. }
            | ProxyError::Relay { .. }
            | ProxyError::Tokenless
            | ProxyError::Authority(_)
            | ProxyError::Trust(_)),
        ) => {
            return usage(&explained(&error));
        }
        Err(error) => {
            say(&format!("error: {}", explained(&error)));
            return Ok(Exit::Inconclusive);
        }
    };
    put(&format!("the control API answers at http://{}\n", proxy.api()))?;
    if let Some(forward) = proxy.forward() {
        put(&format!("the forward proxy listens on http://{forward}\n"))?;
    }
    if let Some(config) = config {
        match proxy.populate(&config).await {
            Ok(proxies) => {
                for [name, listen, upstream] in proxies {
                    put(&format!("{name} listens on {listen} and forwards to {upstream}\n"))?;
                }
            }
            // Half of what was asked for would be taken for all of it.
            Err(error) => return usage(&explained(&error)),
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
