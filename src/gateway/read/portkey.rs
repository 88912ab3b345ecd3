//! Portkey's config: JSON with a strategy and targets. What is not said there holds by the defaults of Portkey's open gateway 1.15 (its source:
//! `handlerUtils.ts`, `retryHandler.ts`).
//!
//! What this file does not do: look up virtual keys or configs that Portkey's own service keeps.

use super::place::{self, HopNames};
use super::tree::{ConfigNode, ConfigValue};
use crate::gateway::failure_shape::FailureKinds;
use crate::gateway::setting_name::{PORTKEY_CODES, PORTKEY_RETRIES, PORTKEY_TIMEOUT};
use crate::gateway::setup::{GatewayHop, GatewaySetup, GatewayTiming, KeyReference, NamedSetting};
use crate::model::{Dialect, GatewayKind};
use crate::units::{Duration, Problem};

/// The statuses after which a target is asked again.
const RETRIED: [u16; 5] = [429, 500, 502, 503, 504];
/// More retries than these are not made.
const RETRIES_MAX: u32 = 5;

/// A target with what it inherits.
struct PortkeyTarget<'t> {
    node: &'t ConfigNode,
    retry: Option<&'t ConfigNode>,
    timeout: Option<&'t ConfigNode>,
}

/// Reads it.
///
/// # Errors
/// Where it names no target.
pub(super) fn read(root: &ConfigNode) -> Result<GatewaySetup, Problem> {
    let mut setup = GatewaySetup::new(GatewayKind::Portkey);
    // A config may be kept with what is around it.
    let root = root.some(&["config"]).filter(|inner| !inner.entries().is_empty()).unwrap_or(root);
    let mut targets = Vec::new();
    flatten(root, None, None, &mut targets, &mut setup.doubts);
    if targets.is_empty() {
        return Err(Problem::new("this config of Portkey names no target").hint("write `targets: [{provider: …}, …]` with a strategy"));
    }
    let mut names = HopNames::default();
    for target in &targets {
        let hop = hop(target.node, &mut names, &mut setup.doubts);
        setup.hops.push(hop);
    }
    setup.sharing = sharing(root);
    setup.models = setup.hops.iter().take(1).filter_map(|hop| hop.model.clone()).collect();
    setup.timing = timing(&targets[0], fallback(root));
    if let Some(node) = root.some(&["strategy", "mode"]).filter(|node| node.text() == Some("conditional")) {
        setup.doubts.push(format!("the strategy on line {} chooses by conditions, which are not followed", node.line));
    }
    Ok(setup)
}

/// Either spelling of a key.
fn either<'n>(node: &'n ConfigNode, snake: &str, camel: &str) -> Option<&'n ConfigNode> {
    node.some(&[snake]).or_else(|| node.some(&[camel]))
}

fn flatten<'t>(
    node: &'t ConfigNode,
    retry: Option<&'t ConfigNode>,
    timeout: Option<&'t ConfigNode>,
    found: &mut Vec<PortkeyTarget<'t>>,
    doubts: &mut Vec<String>,
) {
    let mut waiting = vec![(node, retry, timeout)];
    while let Some((node, retry, timeout)) = waiting.pop() {
        let retry = node.some(&["retry"]).or(retry);
        let timeout = either(node, "request_timeout", "requestTimeout").or(timeout);
        let inner = node.items_at(&["targets"]);
        if inner.is_empty() {
            let is_target =
                ["provider", "virtual_key", "virtualKey", "custom_host", "customHost"].iter().any(|key| node.some(&[key]).is_some());
            if is_target {
                found.push(PortkeyTarget { node, retry, timeout });
            } else if node.entries().iter().all(|(key, _)| key == "override_params") || !node.entries().is_empty() {
                doubts.push(format!("what begins on line {} names no provider", node.line));
            }
        } else {
            waiting.extend(inner.iter().rev().map(|target| (target, retry, timeout)));
        }
    }
}

/// How many targets share the load at first.
fn sharing(root: &ConfigNode) -> usize {
    let mut node = root;
    loop {
        let targets = node.items_at(&["targets"]);
        if node.text_at(&["strategy", "mode"]) == Some("loadbalance") {
            let drawn = |target: &&ConfigNode| target.at(&["weight"]).and_then(ConfigNode::number) != Some(0.0);
            return targets.iter().filter(drawn).count().max(1);
        }
        match targets.first() {
            Some(first) => node = first,
            None => return 1,
        }
    }
}

/// Where one target is asked after the other, and after which statuses if not after all that are not 2xx.
fn fallback(root: &ConfigNode) -> Option<(&ConfigNode, Option<Vec<u16>>)> {
    let mut node = root;
    while node.text_at(&["strategy", "mode"]) != Some("fallback") {
        node = node.items_at(&["targets"]).first()?;
    }
    let codes = node.at(&["strategy"]).and_then(|strategy| either(strategy, "on_status_codes", "onStatusCodes"));
    let listed = codes.map(|codes| codes.items().iter().filter_map(ConfigNode::number).map(|code| code as u16).collect());
    Some((codes.or_else(|| node.at(&["strategy"]))?, listed))
}

fn hop(node: &ConfigNode, names: &mut HopNames, doubts: &mut Vec<String>) -> GatewayHop {
    let text = |names: &[&str]| names.iter().find_map(|name| node.text_at(&[name]));
    let provider = text(&["provider"]).unwrap_or("openai").trim_start_matches('@');
    let region = text(&["aws_region", "awsRegion", "vertex_region", "vertexRegion"]).map(str::to_owned);
    let host = text(&["custom_host", "customHost"]).map(|url| url.trim_end_matches('/').to_owned());
    let (dialect, usual) = place::known(provider, region.as_deref()).unwrap_or_else(|| {
        doubts.push(format!("`{provider}` on line {} is a provider whose API is not known here; OpenAI's is assumed", node.line));
        (Dialect::OpenAi, None)
    });
    let azure = || text(&["resource_name", "resourceName"]).map(|name| format!("https://{name}.openai.azure.com"));
    if let Some(key) = text(&["virtual_key", "virtualKey"]) {
        doubts.push(format!("the virtual key `{key}` on line {} is kept by Portkey, and says who the provider is", node.line));
    }
    let model = node.text_at(&["override_params", "model"]).or_else(|| node.text_at(&["overrideParams", "model"]));
    let model = model.or_else(|| text(&["deployment_id", "deploymentId", "azure_model_name"]));
    let words = text(&["name"]).map_or_else(|| [Some(provider), model].into_iter().flatten().collect::<Vec<_>>().join("-"), str::to_owned);
    GatewayHop {
        name: names.next(&words),
        dialect,
        base_url: host.or_else(azure).or(usual),
        model: model.map(str::to_owned),
        region,
        key: node.some(&["api_key"]).or_else(|| node.some(&["apiKey"])).or_else(|| node.some(&["aws_secret_access_key"])).and_then(key),
        line: node.line,
    }
}

/// `${NAME}`, `{{NAME}}`, `$NAME` and `os.environ/NAME` are what people put where a program fills keys in.
fn key(node: &ConfigNode) -> Option<KeyReference> {
    let ConfigValue::Text(text) = &node.value else { return None };
    let inner = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let inner = inner.or_else(|| text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).map(str::trim));
    let inner = inner.or_else(|| text.strip_prefix("env:")).or_else(|| text.strip_prefix("os.environ/")).or_else(|| text.strip_prefix('$'));
    let is_name = |name: &&str| !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    Some(inner.filter(is_name).map_or(KeyReference::Literal, |name| KeyReference::Env(name.to_owned())))
}

fn timing(first: &PortkeyTarget<'_>, fallback: Option<(&ConfigNode, Option<Vec<u16>>)>) -> GatewayTiming {
    let retries = first.retry.and_then(|retry| retry.some(&["attempts"])).and_then(|node| Some((node.number()? as u32, node.line)));
    let attempts = retries.map_or_else(
        || NamedSetting::usual(PORTKEY_RETRIES, 1),
        |(retries, line)| NamedSetting::said(PORTKEY_RETRIES, retries.min(RETRIES_MAX) + 1, line),
    );
    let codes = first.retry.and_then(|retry| either(retry, "on_status_codes", "onStatusCodes"));
    let listed = |codes: &[u16]| FailureKinds {
        // What is not answered in time becomes a 408, and what cannot be reached a 503 or a 500.
        timeout: codes.contains(&408),
        connect: codes.contains(&503) || codes.contains(&500),
        cut: codes.contains(&500),
        statuses: codes.iter().map(|code| (*code, *code)).collect(),
    };
    let retried = codes.map_or_else(
        || NamedSetting::usual("retry.on_status_codes", listed(&RETRIED)),
        |node| {
            let codes: Vec<u16> = node.items().iter().filter_map(ConfigNode::number).map(|code| code as u16).collect();
            NamedSetting::said("retry.on_status_codes", listed(&codes), node.line)
        },
    );
    let count = attempts.value.saturating_sub(1);
    let millis = first.timeout.and_then(|node| Some((Duration::from_millis(node.number()? as u64), node.line)));
    GatewayTiming {
        timeout: millis.map(|(length, line)| NamedSetting::said(PORTKEY_TIMEOUT, length, line)),
        backoff: (count > 0).then(|| NamedSetting::usual("retry.attempts", Duration::from_secs(1))),
        waits: (0..count).map(|place| Duration::from_secs(1 << place.min(8))).collect(),
        retries_on: Some(retried),
        attempts: Some(attempts),
        passes_on: fallback
            .map(|(node, codes)| NamedSetting::said(PORTKEY_CODES, codes.as_deref().map_or_else(FailureKinds::all, listed), node.line)),
        ..GatewayTiming::default()
    }
}
