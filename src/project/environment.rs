//! Environments: what is embedded, what is started, which addresses stand for which names, what a drill may do.

use super::address;
use super::reader::TreeReader;
use super::tree::{Node, NodeKind};
use super::{secretive, variable};
use crate::model::{
    AlertsBinding, BreakerSettings, ControlBinding, Environment, GatewaySettings, KeySource, PrometheusBinding, ProxyBinding, StartCommand,
    TokenCache,
};
use crate::units::{Duration, Rate};
// The forms of addresses; no sockets.
use core::net::IpAddr;

/// More replicas of the reference gateway than anybody needs on one machine.
const REPLICAS_MAX: u64 = 64;

/// Reads one environment.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<Environment> {
    let fields = reader.fields(node, "an environment")?;
    let environment = Environment {
        embedded: fields.optional("embedded", &|reader, node| reader.truth(node)).unwrap_or(false),
        keys: fields.optional("keys", &|reader, node| reader.word(node, KeySource::WORDS, KeySource::from_word)).unwrap_or_default(),
        gateway: fields.optional("gateway", &gateway).unwrap_or_default(),
        start: fields.optional("start", &start),
        carries: fields.optional("carries", &|reader, node| reader.quantity::<Rate>(node)),
        services: fields.optional("services", &|reader, node| reader.named(node, &super::service::read)).unwrap_or_default(),
        proxies: fields.optional("proxies", &|reader, node| reader.named(node, &proxy)).unwrap_or_default(),
        control: fields.optional("control", &control),
        lever: fields.optional("lever", &super::lever::lever),
        locks: fields.optional("locks", &super::lever::locks),
        alerts: fields.optional("alerts", &alerts),
        prometheus: fields.optional("prometheus", &prometheus),
        allow: fields.optional("allow", &super::allow::read).unwrap_or_default(),
        protected: fields.optional("protected", &|reader, node| reader.truth(node)).unwrap_or(false),
        approvals: fields.optional("approvals", &super::allow::approvals),
        configuration: fields.optional("configuration", &super::configuration::read),
        sabotage: fields.optional("sabotage", &|reader, node| reader.list(node, &super::sabotage::read)).unwrap_or_default(),
    };
    if let Some((key, _)) = fields.raw("approvals").filter(|_| !environment.protected) {
        reader.error(key.spot, "nobody is asked for an approval here", "add `protected: true`, or take `approvals` away");
    }
    fields.finish();
    Some(environment)
}

fn gateway(reader: &TreeReader<'_>, node: &Node) -> Option<GatewaySettings> {
    let fields = reader.fields(node, "a gateway's settings")?;
    let usual = GatewaySettings::default();
    let gateway = GatewaySettings {
        try_timeout: fields.optional("try_timeout", &|reader, node| reader.time(node)).unwrap_or(usual.try_timeout),
        retries: fields.optional("retries", &|reader, node| reader.count(node, 0)).unwrap_or(usual.retries),
        breaker: fields.optional("breaker", &breaker).unwrap_or(usual.breaker),
        replicas: fields
            .optional("replicas", &|reader, node| reader.number(node, 1, REPLICAS_MAX))
            .map_or(usual.replicas, |count| count as u32),
        token_cache: fields
            .optional("token_cache", &|reader, node| reader.word(node, TokenCache::WORDS, TokenCache::from_word))
            .unwrap_or(usual.token_cache),
    };
    fields.finish();
    Some(gateway)
}

fn breaker(reader: &TreeReader<'_>, node: &Node) -> Option<BreakerSettings> {
    let fields = reader.fields(node, "a circuit breaker")?;
    let usual = BreakerSettings::default();
    let breaker = BreakerSettings {
        failures: fields.optional("failures", &|reader, node| reader.count(node, 1)).unwrap_or(usual.failures),
        cooldown: fields.optional("cooldown", &|reader, node| reader.time(node)).unwrap_or(usual.cooldown),
        probes: fields.optional("probes", &|reader, node| reader.count(node, 1)).unwrap_or(usual.probes),
    };
    fields.finish();
    Some(breaker)
}

fn start(reader: &TreeReader<'_>, node: &Node) -> Option<StartCommand> {
    let fields = reader.fields(node, "a start command")?;
    let run = fields.required("run", &super::command::argv);
    let env = fields.optional("env", &|reader, node| reader.texts(node)).unwrap_or_default();
    let pass = fields.optional("pass", &super::command::pass).unwrap_or_default();
    let ready = fields.required("ready", &|reader, node| reader.url(node));
    let within = fields.optional("within", &|reader, node| reader.time(node)).unwrap_or(Duration::from_secs(60));
    let warm_up = fields.optional("warm_up", &|reader, node| reader.count(node, 0)).unwrap_or(0);
    fields.finish();
    Some(StartCommand { run: run?, env, pass, ready: ready?, within, warm_up })
}

/// `env:NAME`. The value is never shown: it may be the key itself.
pub(super) fn key_from(reader: &TreeReader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node)?;
    let name = text.strip_prefix("env:").filter(|name| variable::is_environment_name(name));
    if name.is_none() {
        let usual = || "write `env:NAME`; the key itself never stands in a file".into();
        let hint = secretive::variable_meant(&text).map_or_else(usual, |name| format!("write `env:{name}`"));
        reader.error(node.spot, "this does not name an environment variable", hint);
    }
    name.map(str::to_owned)
}

/// `HOST:PORT`.
fn listen(reader: &TreeReader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node)?;
    match address::wrong_to_listen(&text) {
        None => Some(text),
        Some((message, hint)) => {
            reader.error(node.spot, message, hint);
            None
        }
    }
}

fn alerts(reader: &TreeReader<'_>, node: &Node) -> Option<AlertsBinding> {
    let fields = reader.fields(node, "where alerts are posted to")?;
    let listen = fields.required("listen", &listen);
    let token_from = fields.optional("token_from", &key_from);
    let hosts = fields.optional("hosts", &|reader, node| reader.list(node, &host)).unwrap_or_default();
    if let (Some(address), Some((_, node)), None) = (&listen, fields.raw("listen"), fields.raw("token_from"))
        && is_elsewhere(address)
    {
        let hint = "ask for a token with `token_from: \"env:NAME\"`, or listen on 127.0.0.1";
        reader.error(node.spot, format!("alerts would be taken from everybody who can reach `{address}`"), hint);
    }
    fields.finish();
    Some(AlertsBinding { listen: listen?, token_from, hosts })
}

/// A name by which a server is called: what stands in a URL before the port.
fn host(reader: &TreeReader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node)?;
    let is_name = !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-._".contains(letter));
    let good = is_name || text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    if !good {
        reader.error(
            node.spot,
            format!("`{text}` is not the name of a host"),
            "write what stands in the URL between `http://` and the port",
        );
    }
    good.then_some(text)
}

/// True where a host that is written as an address is not this one alone. What a name stands for is known only where somebody listens.
fn is_elsewhere(listen: &str) -> bool {
    let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host).trim_matches(['[', ']']);
    host.parse::<IpAddr>().is_ok_and(|address| !address.to_canonical().is_loopback())
}

fn proxy(reader: &TreeReader<'_>, node: &Node) -> Option<ProxyBinding> {
    let fields = reader.fields(node, "a proxy's address")?;
    let listen = fields.optional("listen", &listen);
    let tls = fields.optional("tls", &|reader, node| reader.truth(node)).unwrap_or(false);
    let hosts = fields.optional("hosts", &|reader, node| reader.list(node, &|reader, node| reader.words(node))).unwrap_or_default();
    fields.finish();
    Some(ProxyBinding { listen, tls, hosts })
}

/// A URL, or a map of a URL and where its token is found.
fn control(reader: &TreeReader<'_>, node: &Node) -> Option<ControlBinding> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        return Some(ControlBinding { url: reader.url(node)?, token_from: None, lease: None });
    }
    let fields = reader.fields(node, "a control API")?;
    let url = fields.required("url", &|reader, node| reader.url(node));
    let token_from = fields.optional("token_from", &key_from);
    let lease = fields.optional("lease", &super::lever::lease);
    fields.finish();
    Some(ControlBinding { url: url?, token_from, lease })
}

/// A Prometheus: a URL, or a map of a URL and where its token is found.
fn prometheus(reader: &TreeReader<'_>, node: &Node) -> Option<PrometheusBinding> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        return Some(PrometheusBinding { url: reader.url(node)?, token_from: None });
    }
    let fields = reader.fields(node, "a Prometheus")?;
    let url = fields.required("url", &|reader, node| reader.url(node));
    let token_from = fields.optional("token_from", &key_from);
    fields.finish();
    Some(PrometheusBinding { url: url?, token_from })
}
