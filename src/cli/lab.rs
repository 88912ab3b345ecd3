//! `lifeboat lab`: the lab by hand, until Ctrl-C.

use super::{Exit, put, say, until_interrupted};
use crate::dialect::{WireRequest, plain_request};
use crate::lab::{KeyState, ReferenceGateway, SimulatedProvider, Upstream};
use crate::model::{Dialect, Inventory, Operation, Provider, Service};
use crate::project::Project;
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
    /// The first provider's port; the others take the next ones: the service's in their order of preference, then the rest by name. Without it
    /// every provider takes a free one
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    providers_port: Option<u16>,
    /// One key that every provider and the gateway accept, instead of one each
    #[arg(long, value_name = "KEY", value_parser = key)]
    key: Option<String>,
    /// The seed of latencies and keys, up to 16 hexadecimal digits
    #[arg(long, default_value = "1", value_parser = super::arguments::seed)]
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

impl Args {
    /// The key of a provider, or of the gateway (`service`).
    fn key_of(&self, name: &str) -> Secret {
        Secret::new(self.key.clone().unwrap_or_else(|| format!("sk-lab-{}", self.seed.derive(name))))
    }

    /// Where so many providers listen; `None` where there are not so many ports.
    fn ports(&self, providers: usize) -> Option<Vec<u16>> {
        let Some(first) = self.providers_port else { return Some(vec![0; providers]) };
        (0..providers).map(|place| first.checked_add(u16::try_from(place).ok()?)).collect()
    }
}

/// A key, which is sent in a header.
fn key(text: &str) -> Result<String, String> {
    let is_fit = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\'');
    if is_fit { Ok(text.to_owned()) } else { Err("a key has visible ASCII characters only, and no quote".to_owned()) }
}

/// The providers that the lab can imitate: those of the service in their order, then the rest by name.
fn imitated<'i>(inventory: &'i Inventory, service: &'i Service) -> Vec<(&'i str, &'i Provider)> {
    let first = service.providers.iter().filter_map(|name| inventory.providers.get_key_value(name));
    let rest = inventory.providers.iter().filter(|(name, _)| !service.providers.contains(name));
    let (left_out, imitated): (Vec<_>, Vec<_>) =
        first.chain(rest).partition(|(_, provider)| matches!(provider.dialect, Dialect::Http | Dialect::Tcp));
    for (name, provider) in left_out {
        say(&format!("{name} is left out: nothing is known of what it answers but that it speaks {}", provider.dialect));
    }
    imitated.into_iter().map(|(name, provider)| (name.as_str(), provider)).collect()
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
    let imitated = imitated(inventory, service);
    let Some(ports) = args.ports(imitated.len()) else {
        say(&format!(
            "error: the ports after --providers-port are too few for {} providers\n\nhint: begin at 9101, for example",
            imitated.len()
        ));
        return Ok(Exit::Usage);
    };
    for ((provider_name, provider), port) in imitated.into_iter().zip(ports) {
        let key = args.key_of(provider_name);
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let simulated = SimulatedProvider::start(provider_name, provider, key.clone(), args.seed.derive(provider_name), listen)?;
        for (word, state) in KeyState::REFUSED {
            simulated.set_key(format!("{}-{word}", key.expose()), state);
        }
        let (base_url, model, dialect) = (simulated.base_url(), provider.chat_model().to_owned(), provider.dialect);
        put(&format!("{provider_name} ({dialect}) answers at {base_url}\n{}", curl(dialect, &base_url, &model, &key)))?;
        let embedding_model = provider.model_for(Operation::Embeddings).to_owned();
        upstreams.push(Upstream {
            name: provider_name.to_owned(),
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
    put(&format!("with one of these words after its key, a provider answers as it would to such a key: {refused}\n\n"))?;
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
        say("the reference gateway speaks only OpenAI's dialect, and uses no provider of another dialect");
    }
    let sharing = service.primaries().iter().filter_map(asked).count();
    let Some(model) = upstreams.first().map(|upstream| upstream.model.clone()) else { return Ok(None) };
    let settings = inventory.environments.get("lab").map(|lab| lab.gateway).unwrap_or_default();
    let key = args.key_of("service");
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
