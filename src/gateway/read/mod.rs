//! From the text of a gateway's configuration to [`GatewaySetup`]: a file each gateway.

mod address;
mod blocks;
mod envoy;
mod envoy_bootstrap;
mod envoy_timing;
mod haproxy;
mod litellm;
mod nginx;
mod place;
mod portkey;
mod sections;
mod span;
mod tree;

use super::setup::GatewaySetup;
use crate::model::GatewayKind;
use crate::units::Problem;

/// The gateways whose configuration can be read.
pub const READ: [GatewayKind; 5] =
    [GatewayKind::LiteLlm, GatewayKind::Portkey, GatewayKind::Envoy, GatewayKind::HaProxy, GatewayKind::Nginx];

/// Which gateway a configuration is for, by what stands in it, and by its name where that leaves a doubt; `None` for something else.
pub fn kind_of(file_name: &str, text: &str) -> Option<GatewayKind> {
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name).to_ascii_lowercase();
    if let Ok(root) = tree::parse(text)
        && !root.entries().is_empty()
    {
        let has = |key: &str| root.some(&[key]).is_some();
        let inner = root.some(&["config"]).filter(|inner| !inner.entries().is_empty()).unwrap_or(&root);
        let (litellm, envoy) =
            (has("model_list") || has("litellm_settings") || has("router_settings"), has("static_resources") || has("dynamic_resources"));
        let target = ["provider", "virtual_key", "custom_host"].iter().any(|key| inner.some(&[key]).is_some());
        let portkey = inner.some(&["targets"]).is_some() || (inner.some(&["strategy"]).is_some()) || target;
        return match () {
            () if litellm => Some(GatewayKind::LiteLlm),
            () if envoy => Some(GatewayKind::Envoy),
            () if portkey => Some(GatewayKind::Portkey),
            () => None,
        };
    }
    let lines = || text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let begins = |words: &[&str]| lines().any(|line| words.iter().any(|word| line.split_whitespace().next() == Some(word)));
    let braces = lines().any(|line| line.ends_with('{')) && lines().any(|line| line.ends_with(';'));
    if braces && begins(&["http", "server", "upstream", "events", "location"]) {
        return Some(GatewayKind::Nginx);
    }
    if begins(&["frontend", "backend", "listen"]) && !braces {
        return Some(GatewayKind::HaProxy);
    }
    match () {
        () if name.contains("haproxy") => Some(GatewayKind::HaProxy),
        () if name.contains("nginx") => Some(GatewayKind::Nginx),
        () => None,
    }
}

/// What a configuration says.
///
/// # Errors
/// Where it cannot be parsed, or nothing in it asks a provider; and for a gateway whose configuration is not known here.
pub fn read(kind: GatewayKind, text: &str) -> Result<GatewaySetup, Problem> {
    match kind {
        GatewayKind::LiteLlm => litellm::read(&tree::parse(text)?),
        GatewayKind::Portkey => portkey::read(&tree::parse(text)?),
        GatewayKind::Envoy => envoy::read(&tree::parse(text)?),
        GatewayKind::HaProxy => haproxy::read(text),
        GatewayKind::Nginx => nginx::read(text),
        GatewayKind::Kong | GatewayKind::Bifrost | GatewayKind::Reference | GatewayKind::Other => {
            let known: Vec<&str> = READ.iter().map(|kind| kind.word()).collect();
            Err(Problem::new(format!("the configuration of {} cannot be read", kind.name()))
                .hint(format!("those of {} can", known.join(", "))))
        }
    }
}

#[cfg(test)]
mod tests;
