//! HAProxy's configuration. What is not said there holds by the defaults of HAProxy 2.6.
//!
//! The way of a request is followed from the first `frontend` or `listen` that is bound to an address, through those of the same configuration
//! that are bound to sockets, to the providers. What this file does not do: follow conditions, maps or Lua.

use super::address::{self, Place};
use super::place::{self, HopNames};
use super::sections::{Line, NamedSection, option, sections};
use super::span::span;
use crate::gateway::failure_shape::FailureKinds;
use crate::gateway::setting_name::{HAPROXY_ERROR_LIMIT, HAPROXY_RETRIES, HAPROXY_RETRY_ON, HAPROXY_RISE, HAPROXY_TIMEOUT};
use crate::gateway::setup::{Comeback, GatewayHop, GatewaySetup, GatewayTiming, KeyReference, NamedSetting};
use crate::model::GatewayKind;
use crate::units::{Duration, Problem};

/// HAProxy counts in milliseconds where nothing is said.
const MILLI: f64 = 1e-3;
/// Parts of this configuration that are passed through on the way to one provider, at most.
const PASSED_MAX: usize = 4;

/// The whole file.
struct Config {
    sections: Vec<NamedSection>,
}

impl Config {
    /// The first line in a section, else in the defaults that hold for it, that begins with these words; the last one counts.
    fn holds(&self, section: &NamedSection, words: &[&str]) -> Option<&Line> {
        let of = |lines: &'_ [Line]| lines.iter().rposition(|line| line.begins(words));
        let own = self.sections.iter().find(|other| other.line == section.line)?;
        if let Some(place) = of(&own.lines) {
            return own.lines.get(place);
        }
        // `from NAME` names its defaults, else the last before it hold.
        let named = section.from.as_deref();
        let mut defaults = self.sections.iter().filter(|other| other.kind == "defaults" && other.line < section.line);
        let defaults = defaults.rfind(|other| named.is_none_or(|name| other.name == name))?;
        of(&defaults.lines).and_then(|place| defaults.lines.get(place))
    }

    fn backend(&self, name: &str) -> Option<&NamedSection> {
        self.sections.iter().find(|section| matches!(section.kind.as_str(), "backend" | "listen") && section.name == name)
    }

    /// Where a frontend sends what no condition sends elsewhere.
    fn target<'c>(&'c self, front: &'c NamedSection) -> Option<&'c NamedSection> {
        if servers(front).next().is_some() {
            return Some(front);
        }
        let named = self.holds(front, &["default_backend"]).or_else(|| self.holds(front, &["use_backend"]))?;
        self.backend(named.words.get(1)?)
    }

    /// The part of this configuration that listens where a server is.
    fn listening(&self, address: &str) -> Option<&NamedSection> {
        self.sections.iter().find(|section| {
            binds(section).any(|bind| {
                let clean = |text: &str| text.trim_start_matches("unix@").trim_start_matches("abns@").to_owned();
                clean(bind) == clean(address) || address::same_port_here(bind, address)
            })
        })
    }

    /// Whether a server is used: its options, and those of `default-server`.
    fn parameter<'c>(&'c self, section: &'c NamedSection, server: &'c Line, name: &str) -> Option<(&'c str, usize)> {
        let own = option(server, name).map(|value| (value, server.line));
        own.or_else(|| self.holds(section, &["default-server"]).and_then(|line| option(line, name).map(|value| (value, line.line))))
    }
}

fn servers(section: &NamedSection) -> impl Iterator<Item = &Line> {
    section.lines.iter().filter(|line| line.begins(&["server"]) && line.words.len() > 2 && !line.has("disabled"))
}

fn binds(section: &NamedSection) -> impl Iterator<Item = &str> {
    section.lines.iter().filter(|line| line.begins(&["bind"])).filter_map(|line| line.words.get(1)).map(String::as_str)
}

/// Reads it.
///
/// # Errors
/// Where no part of it listens on an address and has servers behind it.
pub(super) fn read(text: &str) -> Result<GatewaySetup, Problem> {
    let config = Config { sections: sections(text) };
    let mut setup = GatewaySetup::new(GatewayKind::HaProxy);
    let is_outside = |bind: &&str| !bind.starts_with(['u', 'a', '/']) || bind.starts_with("abc");
    let fronts = config.sections.iter().filter(|section| matches!(section.kind.as_str(), "frontend" | "listen"));
    let fronts = fronts.filter_map(|front| Some((front, binds(front).find(is_outside)?, config.target(front)?)));
    let (front, bind, target) =
        fronts.max_by_key(|(front, _, target)| (servers(target).count().min(2), std::cmp::Reverse(front.line))).ok_or_else(|| {
            Problem::new("nothing in this configuration of HAProxy listens on an address and has servers behind it")
                .hint("a `frontend` with `bind` and `default_backend`, or a `listen`, is looked for")
        })?;
    setup.listens = Some(listens(bind));
    let mut list: Vec<&Line> = servers(target).collect();
    if list.is_empty() {
        return Err(Problem::new(format!("the backend `{}` on line {} has no servers", target.name, target.line))
            .hint("name the file that says them"));
    }
    list.sort_by_key(|server| server.has("backup"));
    setup.sharing = list.iter().filter(|server| !server.has("backup")).count().max(1);
    let mut names = HopNames::default();
    for server in &list {
        let hop = hop(&config, target, server, &mut names);
        setup.hops.push(hop);
    }
    setup.timing = timing(&config, target, list[0], setup.sharing, list.len());
    doubts(&config, front, target, list[0], &mut setup);
    Ok(setup)
}

/// `host:port` of a `bind`.
fn listens(bind: &str) -> String {
    let address = bind.trim_start_matches("ipv4@").trim_start_matches("tcp@");
    match address.strip_prefix("*:").or_else(|| address.strip_prefix(':')) {
        Some(port) => format!("0.0.0.0:{port}"),
        None => address.to_owned(),
    }
}

fn hop(config: &Config, section: &NamedSection, server: &Line, names: &mut HopNames) -> GatewayHop {
    let (mut section, mut last) = (section, server);
    for _ in 0..PASSED_MAX {
        let next = config.listening(&last.words[2]).filter(|next| next.line != section.line).and_then(|next| config.target(next));
        let Some((next, server)) = next.and_then(|next| Some((next, servers(next).next()?))) else { break };
        (section, last) = (next, server);
    }
    let address = last.words[2].trim_start_matches("ipv4@");
    // What is set on the way: here, where its own part listens.
    let header = |name: &str| {
        let sets = section.lines.iter().filter(|line| line.begins(&["http-request"]) || line.begins(&["http-send-name-header"]));
        sets.filter(|line| line.words.get(1).is_some_and(|word| word == "set-header" || word == "add-header"))
            .find(|line| line.words.get(2).is_some_and(|word| word.eq_ignore_ascii_case(name)))
            .and_then(|line| line.words.get(3))
    };
    let host = header("host").map(String::as_str).filter(|host| !host.contains('%'));
    let scheme = if last.has("ssl") { "https" } else { "http" };
    let place = Place { scheme, address, host, path: None };
    let key = ["authorization", "api-key", "x-api-key", "x-goog-api-key"].iter().find_map(|name| header(name)).map(|value| {
        let rest = value.strip_prefix("Bearer ").unwrap_or(value);
        let name = rest.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        let called = || rest.strip_prefix("%[env(").and_then(|rest| rest.strip_suffix(")]"));
        name.or_else(called).map_or(KeyReference::Literal, |name| KeyReference::Env(name.trim_matches('"').to_owned()))
    });
    let told = place.told_host();
    GatewayHop {
        name: names.next(&server.words[1]),
        dialect: place::dialect_of_host(told.as_deref().unwrap_or_default()),
        base_url: place.url(),
        model: None,
        region: told.as_deref().and_then(place::region_of_host),
        key,
        line: server.line,
    }
}

/// What the words of `retry-on` stand for.
fn retried(words: &[String]) -> FailureKinds {
    let mut kinds = FailureKinds::default();
    for word in words {
        match word.as_str() {
            "conn-failure" => kinds.connect = true,
            "empty-response" => kinds.cut = true,
            "response-timeout" => kinds.timeout = true,
            "all-retryable-errors" => {
                kinds = FailureKinds { statuses: kinds.statuses, ..FailureKinds::network_and(&[]) };
                kinds.statuses.extend([(500, 500), (502, 504)]);
            }
            word => kinds.statuses.extend(word.parse::<u16>().ok().map(|code| (code, code))),
        }
    }
    kinds
}

fn timing(config: &Config, section: &NamedSection, server: &Line, sharing: usize, all: usize) -> GatewayTiming {
    let length = |name: &'static str, words: &[&str]| {
        let line = config.holds(section, words)?;
        Some(NamedSetting::said(name, span(line.words.get(words.len())?, MILLI)?, line.line))
    };
    let retries = config
        .holds(section, &["retries"])
        .and_then(|line| Some(NamedSetting::said(HAPROXY_RETRIES, line.words.get(1)?.parse::<u32>().ok()?, line.line)));
    let retries = retries.unwrap_or_else(|| NamedSetting::usual(HAPROXY_RETRIES, 3));
    let retry_on = config.holds(section, &["retry-on"]).map_or_else(
        || NamedSetting::usual(HAPROXY_RETRY_ON, retried(&["conn-failure".into()])),
        |line| NamedSetting::said(HAPROXY_RETRY_ON, retried(&line.words[1..]), line.line),
    );
    // A server that stands by is only asked once all others are down: what is dispatched again goes to one that shares the load.
    let redispatch = config.holds(section, &["option", "redispatch"]).filter(|_| sharing > 1);
    let every = redispatch.map(|line| line.words.get(2).and_then(|word| word.parse::<i64>().ok()).unwrap_or(-1));
    let at_first = match every {
        Some(every) if every > 0 => (every as u32).min(retries.value + 1),
        Some(every) if every < 0 => (i64::from(retries.value) + 1 + every).max(1) as u32,
        _ => retries.value + 1,
    };
    let connect = length("timeout connect", &["timeout", "connect"]);
    let pause = connect.as_ref().map_or(Duration::from_secs(1), |connect| connect.value.min(Duration::from_secs(1)));
    let passes_on =
        redispatch.filter(|_| retries.value > 0).map(|line| NamedSetting::said("option redispatch", retry_on.value.clone(), line.line));
    let mut timing = GatewayTiming {
        attempts: Some(NamedSetting { value: at_first, ..retries }),
        timeout: length(HAPROXY_TIMEOUT, &["timeout", "server"]),
        backoff: (at_first > 1).then(|| NamedSetting::usual("timeout connect", pause)),
        waits: vec![pause; at_first.saturating_sub(1) as usize],
        waits_on: Some(FailureKinds { connect: true, ..FailureKinds::default() }),
        passes_on,
        retries_on: Some(retry_on),
        connect,
        comeback: Comeback::Health,
        ..GatewayTiming::default()
    };
    if all > 1 {
        watched(config, section, server, &mut timing);
    }
    timing
}

/// What takes a server out: its health checks, and errors in the traffic.
fn watched(config: &Config, section: &NamedSection, server: &Line, timing: &mut GatewayTiming) {
    let parameter = |name: &str| config.parameter(section, server, name);
    if parameter("check").is_none() {
        return;
    }
    let length = |name: &str| {
        parameter(name).and_then(|(text, line)| Some(NamedSetting::said(format!("server … {name}"), span(text, MILLI)?, line)))
    };
    let count = |name: &str| {
        parameter(name).and_then(|(text, line)| Some(NamedSetting::said(format!("server … {name}"), text.parse::<u32>().ok()?, line)))
    };
    let inter = length("inter").unwrap_or_else(|| NamedSetting::usual("server … inter", Duration::from_secs(2)));
    let fall = count("fall").unwrap_or_else(|| NamedSetting::usual("server … fall", 3));
    let rise = count("rise").unwrap_or_else(|| NamedSetting::usual("server … rise", 2));
    let fast = length("fastinter").unwrap_or_else(|| inter.clone());
    let down = length("downinter").unwrap_or_else(|| inter.clone());
    let asks = config.holds(section, &["option", "httpchk"]).is_some();
    timing.health_notices = FailureKinds { connect: true, timeout: asks, cut: asks, statuses: Vec::new() };
    let said = config
        .holds(section, &["timeout", "check"])
        .and_then(|line| Some(NamedSetting::said("timeout check", span(line.words.get(2)?, MILLI)?, line.line)));
    // A check that is not answered takes the time between two, or what `timeout check` says after the connection.
    timing.health_timeout = said.or_else(|| Some(NamedSetting { name: "server … inter".into(), ..inter.clone() }));
    if let Some((layer, line)) = parameter("observe") {
        let limit = count("error-limit").unwrap_or_else(|| NamedSetting::usual("server … error-limit", 10));
        let act = parameter("on-error").map_or("fastinter", |(act, _)| act);
        let sees = if layer == "layer7" {
            FailureKinds::network_and(&[(500, 500), (502, 504), (506, 599)])
        } else {
            FailureKinds { connect: true, ..FailureKinds::default() }
        };
        timing.counts = Some(NamedSetting::said(HAPROXY_ERROR_LIMIT, sees, line));
        match act {
            "mark-down" => timing.failures = Some(NamedSetting { name: "server … error-limit".into(), ..limit }),
            // Each limit that is reached counts as one failed check, or as all but the last.
            "fail-check" => timing.failures = Some(NamedSetting { value: limit.value.saturating_mul(fall.value), ..limit }),
            // One more check must then fail.
            "sudden-death" if asks => timing.failures = Some(limit),
            _ => timing.counts = None,
        }
    }
    timing.cooldown = Some(NamedSetting { name: HAPROXY_RISE.into(), value: down.value.times(rise.value), line: rise.line.or(down.line) });
    let usual_fast = timing.health_timeout.as_ref().is_some_and(|_| fast.value < inter.value);
    timing.health_every = Some(if usual_fast { fast } else { inter });
    timing.health_failures = Some(fall);
}

fn doubts(config: &Config, front: &NamedSection, target: &NamedSection, server: &Line, setup: &mut GatewaySetup) {
    for section in &config.sections {
        for line in &section.lines {
            if line.words.iter().any(|word| word.starts_with("lua.") || word.starts_with("lua-load")) {
                setup.doubts.push(format!("line {} calls a program in Lua, which is not followed", line.line));
            }
        }
    }
    let chosen: Vec<String> =
        front.lines.iter().filter(|line| line.begins(&["use_backend"])).map(|line| format!("line {}", line.line)).collect();
    if !chosen.is_empty() && config.holds(front, &["default_backend"]).is_some() {
        setup.doubts.push(format!("only the way of `default_backend` is read; conditions on {} choose others", chosen.join(", ")));
    }
    if setup.timing.health_every.is_some() && config.listening(&server.words[2]).is_some() {
        setup.doubts.push(format!(
            "the health checks of the server on line {} ask another part of this configuration, which is well whatever its provider is",
            server.line
        ));
        setup.timing.health_notices = FailureKinds::default();
    }
    if server
        .words
        .iter()
        .chain(&target.lines.iter().flat_map(|line| line.words.clone()).collect::<Vec<_>>())
        .any(|word| word == "resolvers")
    {
        setup.doubts.push(format!("the addresses of the server on line {} come from `resolvers`", server.line));
    }
}
