//! `lifeboat lab`: the lab by hand, until Ctrl-C.

use super::{Exit, put, say, until_interrupted};
use crate::dialect::{Route, credential_header};
use crate::lab::{ReferenceGateway, SimulatedProvider, Upstream};
use crate::model::Inventory;
use crate::spec::Project;
use crate::units::Seed;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use tokio::sync::watch;

/// Starts every provider of the inventory that the lab can imitate, and the reference gateway before those of a service. Stops with Ctrl-C.
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
    for provider_name in &service.providers {
        let provider = &inventory.providers[provider_name];
        let key = format!("sk-lab-{}", args.seed.derive(provider_name));
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let simulated = SimulatedProvider::start(provider_name, provider, key.clone(), args.seed.derive(provider_name), any)?;
        let (base_url, model) = (simulated.base_url(), provider.chat_model().to_owned());
        let (header, value) = credential_header(provider.dialect, &key);
        let path = Route::chat_path(provider.dialect, &model);
        put(&format!(
            "{provider_name} ({}) answers at {base_url}\n{}\n",
            provider.dialect,
            curl(&format!("{base_url}{path}"), header, &value, &model)
        ))?;
        upstreams.push(Upstream { name: provider_name.clone(), dialect: provider.dialect, base_url, key, model });
        running.push(simulated);
    }
    let settings = inventory.environments.get("lab").map(|lab| lab.gateway).unwrap_or_default();
    let key = format!("sk-lab-{}", args.seed.derive("service"));
    let model = upstreams.first().map_or_else(String::new, |upstream| upstream.model.clone());
    let gateway = ReferenceGateway::start(&settings, upstreams, key.clone(), SocketAddr::from((Ipv4Addr::LOCALHOST, args.port)))?;
    let base_url = gateway.base_url();
    let (header, value) = ("authorization", format!("Bearer {key}"));
    put(&format!(
        "the reference gateway of {name} answers at {base_url}\n{}",
        curl(&format!("{base_url}/chat/completions"), header, &value, &model)
    ))?;
    let origin = base_url.trim_end_matches("/v1");
    put(&format!("  curl -s {origin}/status\n"))?;
    say("\nCtrl-C stops the lab");
    let _ = stop.wait_for(|stop| *stop).await;
    gateway.stop().await;
    for provider in running {
        provider.stop().await;
    }
    Ok(Exit::Met)
}

fn curl(url: &str, header: &str, value: &str, model: &str) -> String {
    let body = format!(r#"{{"model":"{model}","stream":true,"messages":[{{"role":"user","content":"hello"}}]}}"#);
    format!("  curl -sN '{url}' -H 'content-type: application/json' -H '{header}: {value}' -d '{body}'\n")
}
