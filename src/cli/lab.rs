//! `lifeboat lab`: the lab by hand, until Ctrl-C.

use super::{Exit, put, say, until_interrupted};
use crate::dialect::{WireRequest, plain_request};
use crate::lab::{KeyState, ReferenceGateway, SimulatedProvider, Upstream};
use crate::model::{Dialect, Inventory, Operation, Service};
use crate::spec::Project;
use crate::units::{Secret, Seed};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use tokio::sync::watch;

/// Starts every provider of the inventory that the lab can imitate, and the reference gateway before those of a service that it can ask. Stops with Ctrl-C.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The service whose providers the gateway asks; the inventory's only one, or the first, where none is named
    #[arg(long)]
    service: Option<String>,
    /// The gateway's port; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The seed of latencies and keys, up to 16 hexadecimal digits
    #[arg(long, default_value = "1", value_parser = super::run::seed)]
    seed: Seed,
}

pub(super) fn lab(args: &Args) -> anyhow::Result<Exit> {
    let root = Project::find(Path::new("."))?;
    let (project, findings) = Project::open(&root);
    for finding in &findings {
        say(&finding.to_string());
    }
    if findings.has_errors() {
        return Ok(Exit::Usage);
    }
    until_interrupted("stopping", |stop| serve(args, &project.inventory, stop))
}

async fn serve(args: &Args, inventory: &Inventory, mut stop: watch::Receiver<bool>) -> anyhow::Result<Exit> {
    let found = match &args.service {
        Some(name) => inventory.services.get_key_value(name),
        None => inventory.services.first_key_value(),
    };
    let Some((name, service)) = found else {
        let names: Vec<&str> = inventory.services.keys().map(String::as_str).collect();
        say(&format!("error: no such service in the inventory\n\nhint: it has {}", names.join(", ")));
        return Ok(Exit::Usage);
    };
    let mut running = Vec::new();
    let mut upstreams = Vec::new();
    for (provider_name, provider) in &inventory.providers {
        if matches!(provider.dialect, Dialect::Http | Dialect::Tcp) {
            say(&format!("{provider_name} is left out: nothing is known of what it answers but that it speaks {}", provider.dialect));
            continue;
        }
        let key = Secret::new(format!("sk-lab-{}", args.seed.derive(provider_name)));
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let simulated = SimulatedProvider::start(provider_name, provider, key.clone(), args.seed.derive(provider_name), any)?;
        for (word, state) in KeyState::REFUSED {
            simulated.set_key(format!("{}-{word}", key.expose()), state);
        }
        let (base_url, model, dialect) = (simulated.base_url(), provider.chat_model().to_owned(), provider.dialect);
        put(&format!("{provider_name} ({dialect}) answers at {base_url}\n{}", curl(dialect, &base_url, &model, &key)))?;
        let embedding_model = provider.model_for(Operation::Embeddings).to_owned();
        upstreams.push(Upstream {
            name: provider_name.clone(),
            dialect,
            base_url,
            key,
            kind: inventory.kind_of(provider),
            store: None,
            model,
            embedding_model,
        });
        running.push(simulated);
    }
    let refused = KeyState::REFUSED.map(|(word, _)| format!("-{word}")).join(", ");
    put(&format!("a provider refuses its key with one of these after it, as it refuses such a key: {refused}\n\n"))?;
    let gateway = gateway(args, inventory, (name, service), upstreams)?;
    super::terminal::note("\nCtrl-C stops the lab");
    let _ = stop.wait_for(|stop| *stop).await;
    if let Some(gateway) = gateway {
        gateway.stop().await;
    }
    for provider in running {
        provider.stop().await;
    }
    Ok(Exit::Met)
}

/// The gateway before those of a service's providers that it can ask; `None` where there is none.
fn gateway(
    args: &Args,
    inventory: &Inventory,
    (name, service): (&String, &Service),
    running: Vec<Upstream>,
) -> anyhow::Result<Option<ReferenceGateway>> {
    let asked = |provider: &String| running.iter().find(|upstream| upstream.name == *provider && upstream.dialect.has_openai_bodies());
    let upstreams: Vec<Upstream> = service.providers.iter().filter_map(asked).cloned().collect();
    if upstreams.len() < service.providers.len() {
        say("the reference gateway speaks OpenAI's dialect only, and asks no provider of another dialect");
    }
    let sharing = service.primaries().iter().filter_map(asked).count();
    let Some(model) = upstreams.first().map(|upstream| upstream.model.clone()) else { return Ok(None) };
    let settings = inventory.environments.get("lab").map(|lab| lab.gateway).unwrap_or_default();
    let key = Secret::new(format!("sk-lab-{}", args.seed.derive("service")));
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let gateway = ReferenceGateway::start_shared(&settings, upstreams, sharing, key.clone(), listen)?;
    let base_url = gateway.base_url();
    put(&format!("the reference gateway of {name} answers at {base_url}\n{}", curl(Dialect::OpenAi, &base_url, &model, &key)))?;
    put(&format!("  curl -s {}/status\n", base_url.trim_end_matches("/v1")))?;
    Ok(Some(gateway))
}

/// How to ask by hand: for a stream, where a terminal can show it.
fn curl(dialect: Dialect, base_url: &str, model: &str, key: &Secret) -> String {
    let WireRequest { path, headers, body, .. } = plain_request(dialect, model, "hello", dialect != Dialect::Bedrock, key.expose());
    let headers: String = headers.iter().map(|(name, value)| format!(" -H '{name}: {value}'")).collect();
    format!("  curl -sN '{base_url}{path}'{headers} -d '{}'\n", String::from_utf8_lossy(&body))
}
