//! LiteLLM's `config.yaml`. What is not said there holds by the defaults of LiteLLM 1.106.2, read in its source (`router.py`, `constants.py`,
//! `router_utils/cooldown_handlers.py`).
//!
//! What this file does not do: settings that come from a database, from keys and teams, or from the environment of the proxy.

use super::place::{self, HopNames};
use super::tree::{ConfigNode, ConfigValue};
use crate::gateway::failure_shape::FailureKinds;
use crate::gateway::setting_name::{
    LITELLM_ALLOWED_FAILS, LITELLM_COOLDOWN, LITELLM_FALLBACKS, LITELLM_POLICY, LITELLM_RETRIES, LITELLM_STREAM_TIMEOUT, LITELLM_TIMEOUT,
};
use crate::gateway::setup::{GatewayHop, GatewaySetup, GatewayTiming, KeyReference, LastWait, NamedSetting};
use crate::model::{Dialect, GatewayKind};
use crate::units::{Duration, Problem};

/// The failures that an error of a policy is about.
type FailuresOf = fn() -> FailureKinds;

/// Errors of the policies, with what they are about.
const POLICIES: [(&str, FailuresOf); 6] = [
    ("TimeoutError", || FailureKinds { timeout: true, statuses: vec![(408, 408)], ..FailureKinds::default() }),
    ("InternalServerError", || FailureKinds {
        connect: true,
        cut: true,
        statuses: vec![(500, 501), (504, 599)],
        ..FailureKinds::default()
    }),
    ("BadGatewayError", || status(502)),
    ("ServiceUnavailableError", || status(503)),
    ("RateLimitError", || status(429)),
    ("AuthenticationError", || status(401)),
];

/// In a group of several deployments one is put aside once more than half of a minute's requests, five at least, have failed.
const SHARE_FAILS: u32 = 5;
/// So many of its waits are reckoned with: all from the fifth on are as long.
const WAITS: u32 = 20;

fn status(code: u16) -> FailureKinds {
    FailureKinds { statuses: vec![(code, code)], ..FailureKinds::default() }
}

/// Reads it.
///
/// # Errors
/// Where there is no `model_list`.
pub(super) fn read(root: &ConfigNode) -> Result<GatewaySetup, Problem> {
    let list = root.items_at(&["model_list"]);
    if list.is_empty() {
        return Err(Problem::new("this configuration of LiteLLM has no `model_list`")
            .hint("name the file that `litellm --config` is given; models in a database cannot be read here"));
    }
    let mut setup = GatewaySetup::new(GatewayKind::LiteLlm);
    let fallbacks = Fallbacks::of(root);
    let mut groups: Vec<String> = Vec::new();
    for item in list {
        let name = item.text_at(&["model_name"]).unwrap_or_default().to_owned();
        if !name.is_empty() && !groups.contains(&name) {
            groups.push(name);
        }
    }
    setup.models = groups.iter().filter(|group| !fallbacks.is_target(group) || fallbacks.of_group(group).is_some()).cloned().collect();
    if setup.models.is_empty() {
        setup.models.clone_from(&groups);
    }
    // Whose users are read: the first group that has something to fall back on, else the first.
    let several = |group: &&String| list.iter().filter(|item| item.text_at(&["model_name"]) == Some(group)).count() > 1;
    let models = &setup.models;
    let has_fallback = |group: &&String| fallbacks.of_group(group).is_some_and(|targets| !targets.is_empty());
    let chosen = models.iter().find(has_fallback).or_else(|| models.iter().find(several)).or_else(|| models.first());
    let chosen = chosen.cloned().unwrap_or_default();
    // The group whose chain is read comes first.
    setup.models.sort_by_key(|group| *group != chosen);
    let mut names = HopNames::default();
    let order =
        |item: &&ConfigNode| item.at(&["litellm_params", "order"]).and_then(ConfigNode::number).map_or(u64::MAX, |order| order as u64);
    let of_group = |group: &str| {
        let mut items: Vec<&ConfigNode> = list.iter().filter(|item| item.text_at(&["model_name"]) == Some(group)).collect();
        items.sort_by_key(order);
        items
    };
    let own = of_group(&chosen);
    let first = own.first().map_or(u64::MAX, order);
    setup.sharing = own.iter().filter(|item| order(item) == first).count().max(1);
    let targets = fallbacks.of_group(&chosen).unwrap_or_default();
    let mut read = own.clone();
    for target in &targets {
        let there = of_group(target);
        if there.is_empty() {
            setup.doubts.push(format!("the fallback `{target}` of `{chosen}` is no group of the model list"));
        }
        read.extend(there);
    }
    for item in read {
        let hop = hop(item, &mut names, &mut setup.doubts);
        setup.hops.push(hop);
    }
    setup.client_key = root.at(&["general_settings", "master_key"]).and_then(key);
    let falls_back = fallbacks.line.filter(|_| !targets.is_empty());
    setup.timing = timing(root, own.first().copied().unwrap_or(root), own.len(), falls_back);
    doubts(root, &chosen, &mut setup);
    Ok(setup)
}

/// Who is asked after whom.
struct Fallbacks {
    pairs: Vec<(String, Vec<String>)>,
    usual: Vec<String>,
    line: Option<usize>,
}

impl Fallbacks {
    fn of(root: &ConfigNode) -> Self {
        let place = |key: &str| ["router_settings", "litellm_settings"].iter().find_map(|part| root.some(&[part, key]));
        let texts = |node: &ConfigNode| node.items().iter().filter_map(ConfigNode::text).map(str::to_owned).collect::<Vec<_>>();
        let (named, usual) = (place("fallbacks"), place("default_fallbacks"));
        let pairs = named.map_or(&[][..], ConfigNode::items).iter().flat_map(ConfigNode::entries);
        Self {
            pairs: pairs.map(|(group, targets)| (group.clone(), texts(targets))).collect(),
            usual: usual.map(texts).unwrap_or_default(),
            line: named.or(usual).map(|node| node.line),
        }
    }

    fn is_target(&self, group: &str) -> bool {
        self.pairs.iter().any(|(_, targets)| targets.iter().any(|target| target == group))
            || self.usual.iter().any(|target| target == group)
    }

    fn of_group(&self, group: &str) -> Option<Vec<String>> {
        let own = self.pairs.iter().find(|(name, _)| name == group).or_else(|| self.pairs.iter().find(|(name, _)| name == "*"));
        let usual = || self.usual.iter().filter(|target| *target != group).cloned().collect::<Vec<_>>();
        let targets = own.map_or_else(usual, |(_, targets)| targets.clone());
        (!targets.is_empty()).then_some(targets)
    }
}

fn hop(item: &ConfigNode, names: &mut HopNames, doubts: &mut Vec<String>) -> GatewayHop {
    let params = |name: &str| item.at(&["litellm_params", name]);
    let text = |name: &str| params(name).and_then(ConfigNode::text);
    let whole = text("model").unwrap_or_default();
    let (prefix, model) = whole.split_once('/').unwrap_or_else(|| {
        (text("custom_llm_provider").unwrap_or(if whole.starts_with("claude") { "anthropic" } else { "openai" }), whole)
    });
    let said =
        |names: &[&str]| names.iter().find_map(|name| text(name)).filter(|value| !value.starts_with("os.environ/")).map(str::to_owned);
    let region = said(&["aws_region_name", "vertex_location", "region_name"]);
    let (dialect, usual) = place::known(prefix, region.as_deref()).unwrap_or_else(|| {
        doubts.push(format!("`{prefix}` on line {} is a provider whose API is not known here; OpenAI's is assumed", item.line));
        (Dialect::OpenAi, None)
    });
    let vertex = || {
        let (region, project) = (region.as_deref()?, said(&["vertex_project"])?);
        let path = format!("v1/projects/{project}/locations/{region}/publishers/google");
        (dialect == Dialect::Vertex && prefix != "gemini").then(|| format!("https://{region}-aiplatform.googleapis.com/{path}"))
    };
    let address = params("api_base").or_else(|| params("base_url"));
    let variable = address.and_then(ConfigNode::text).and_then(|text| text.strip_prefix("os.environ/"));
    if let (Some(name), Some(node)) = (variable, address) {
        doubts.push(format!("`api_base` on line {} is the variable `{name}`, whose value is not known here", node.line));
    }
    let base_url = if variable.is_some() { None } else { said(&["api_base", "base_url"]).or_else(vertex).or(usual) };
    let key_names = ["api_key", "aws_secret_access_key", "aws_bedrock_runtime_endpoint_key", "vertex_credentials"];
    let model = model.strip_prefix("converse/").or_else(|| model.strip_prefix("invoke/")).unwrap_or(model);
    if whole.contains('*') {
        doubts.push(format!("the model `{whole}` on line {} stands for many", item.line));
    }
    let words = [Some(prefix), Some(model)].into_iter().flatten().collect::<Vec<_>>().join("-");
    GatewayHop {
        name: names.next(&words),
        dialect,
        base_url: base_url.map(|url| url.trim_end_matches('/').to_owned()),
        model: Some(model.to_owned()).filter(|model| !model.is_empty() && !model.contains('*')),
        region,
        key: key_names.iter().find_map(|name| params(name)).and_then(key),
        line: item.line,
    }
}

/// Where a key is; `None` where nothing stands there.
fn key(node: &ConfigNode) -> Option<KeyReference> {
    let text = node.text()?;
    Some(match text.strip_prefix("os.environ/") {
        Some(name) => KeyReference::Env(name.to_owned()),
        None if text.starts_with('/') || text.ends_with(".json") => KeyReference::File(text.to_owned()),
        None => KeyReference::Literal,
    })
}

/// A length of time, in seconds; none where nothing or zero is said.
fn length(name: &str, node: Option<&ConfigNode>) -> Option<NamedSetting<Duration>> {
    let node = node?;
    let seconds = node.number().filter(|number| *number > 0.0)?.min(1e9);
    Some(NamedSetting::said(name, Duration::from(std::time::Duration::from_secs_f64(seconds)), node.line))
}

fn count(name: &str, node: Option<&ConfigNode>) -> Option<NamedSetting<u32>> {
    let node = node?;
    Some(NamedSetting::said(name, node.number()? as u32, node.line))
}

/// What is said of single errors, each with one more: in the file it is how often it is tried again, or what is allowed.
fn policy(root: &ConfigNode, part: &str, end: &str) -> Vec<(FailureKinds, NamedSetting<u32>)> {
    let of = |(word, kinds): &(&str, fn() -> FailureKinds)| {
        let key = format!("{word}{end}");
        let setting = count(&format!("router_settings.{part}.{key}"), root.some(&["router_settings", part, &key]))?;
        Some((kinds(), plus_one(setting)))
    };
    POLICIES.iter().filter_map(of).collect()
}

fn plus_one(setting: NamedSetting<u32>) -> NamedSetting<u32> {
    NamedSetting { value: setting.value.saturating_add(1), ..setting }
}

fn timing(root: &ConfigNode, first: &ConfigNode, own: usize, falls_back: Option<usize>) -> GatewayTiming {
    let (params, router) = (|name: &str| first.some(&["litellm_params", name]), |name: &str| root.some(&["router_settings", name]));
    let whole = |name: &str| root.some(&["litellm_settings", name]);
    // Where both are set, the one of `litellm_settings` comes first.
    let asked = || length("litellm_settings.request_timeout", whole("request_timeout"));
    let timeout = length("litellm_params.timeout", params("timeout"))
        .or_else(|| length("litellm_params.request_timeout", params("request_timeout")))
        .or_else(asked)
        .or_else(|| length(LITELLM_TIMEOUT, router("timeout")))
        .unwrap_or_else(|| NamedSetting::usual(LITELLM_TIMEOUT, Duration::from_secs(600)));
    let stream_timeout = length("litellm_params.stream_timeout", params("stream_timeout"))
        .or_else(|| length(LITELLM_STREAM_TIMEOUT, router("stream_timeout")))
        .or_else(|| router("timeout").and_then(|_| asked()));
    let retries = count(LITELLM_RETRIES, router("num_retries"))
        .or_else(|| count("litellm_settings.num_retries", whole("num_retries")))
        .unwrap_or_else(|| NamedSetting::usual(LITELLM_RETRIES, 2));
    // It waits before the first retry, and after each retry that failed, the last one as well; not where the group has somebody else.
    let waits = (0..WAITS).map(|place| Duration::from_millis((500 << place.min(5)).min(8000) + 750));
    let retried: &[(u16, u16)] =
        if own > 1 { &[(401, 401), (403, 403), (408, 409), (429, 429), (500, 599)] } else { &[(408, 409), (429, 429), (500, 599)] };
    let mut timing = GatewayTiming {
        attempts: Some(plus_one(retries.clone())),
        attempts_for: policy(root, "retry_policy", "Retries"),
        timeout: Some(timeout),
        stream_timeout,
        backoff: (own == 1).then(|| NamedSetting::usual("INITIAL_RETRY_DELAY", Duration::from_millis(500))),
        waits: if own == 1 { waits.collect() } else { Vec::new() },
        last_wait: LastWait::AfterRetries,
        retries_on: Some(NamedSetting::usual(LITELLM_RETRIES, FailureKinds::network_and(retried))),
        passes_on: falls_back.map(|line| NamedSetting::said(LITELLM_FALLBACKS, FailureKinds::all(), line)),
        ..GatewayTiming::default()
    };
    if !router("disable_cooldowns").is_some_and(ConfigNode::is_true) {
        cool(root, first, own, &mut timing);
    }
    timing
}

/// What puts a deployment aside.
fn cool(root: &ConfigNode, first: &ConfigNode, own: usize, timing: &mut GatewayTiming) {
    let router = |name: &str| root.some(&["router_settings", name]);
    let usual = root.some(&["litellm_settings", "allowed_fails"]).and_then(ConfigNode::number).unwrap_or(3.0);
    // The router takes a number that is also the library's own for one that nobody set.
    let fails = count(LITELLM_ALLOWED_FAILS, router("allowed_fails")).filter(|setting| f64::from(setting.value) != usual);
    let has_policy = router("allowed_fails_policy").is_some();
    let failures = match fails {
        Some(setting) => plus_one(setting),
        None if has_policy => NamedSetting::usual(LITELLM_ALLOWED_FAILS, usual as u32 + 1),
        None if own > 1 => NamedSetting::usual(LITELLM_ALLOWED_FAILS, SHARE_FAILS),
        None => return,
    };
    let statuses = vec![(401, 402), (404, 404), (408, 408), (429, 429), (500, 599)];
    let counted = FailureKinds { timeout: true, statuses, ..FailureKinds::default() };
    timing.counts_share = failures.line.is_none() && !has_policy;
    timing.failures = Some(failures);
    timing.failures_for = policy(root, "allowed_fails_policy", "AllowedFails");
    timing.counts = Some(NamedSetting::usual(if has_policy { LITELLM_POLICY } else { LITELLM_ALLOWED_FAILS }, counted));
    timing.cooldown = length("litellm_params.cooldown_time", first.some(&["litellm_params", "cooldown_time"]))
        .or_else(|| length(LITELLM_COOLDOWN, router("cooldown_time")))
        .or_else(|| Some(NamedSetting::usual(LITELLM_COOLDOWN, Duration::from_secs(5))));
}

/// What stands there and is not followed.
fn doubts(root: &ConfigNode, chosen: &str, setup: &mut GatewaySetup) {
    for (key, node) in root.entries() {
        if key == "include" {
            setup.doubts.push(format!("`include` on line {} names other files, which are not read", node.line));
        }
    }
    for path in [
        &["general_settings", "store_model_in_db"][..],
        &["router_settings", "model_group_retry_policy"],
        &["router_settings", "routing_groups"],
        &["litellm_params", "max_retries"],
    ] {
        if let Some(node) = root.some(path) {
            setup.doubts.push(format!("`{}` on line {} is not followed", path.join("."), node.line));
        }
    }
    if setup.models.len() > 1 {
        let others: Vec<String> = setup.models.iter().filter(|model| *model != chosen).map(|model| format!("`{model}`")).collect();
        setup.doubts.push(format!("only the way of `{chosen}` is read; {} go their own", others.join(", ")));
    }
    for node in root.items_at(&["model_list"]) {
        if let Some(ConfigNode { value: ConfigValue::Text(_), line }) = node.at(&["litellm_params", "max_retries"]) {
            setup.doubts.push(format!("`max_retries` on line {line} lets the client library retry by itself, which is not counted"));
        }
    }
}
